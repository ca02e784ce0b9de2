"""Checks of input data that methods share."""
from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..io import ranges
from ..io.inputs import KINDS
from ..io.maps import Map

_SLACK = 0.1                                     # what resampling a mask may leave beyond 0 and 1
_LEAST_MASK = 0.01                               # a mask that stays below lets nothing through


def check_data(map_: Map, kind: str) -> None:
    """Raise :class:`InputError` when a map holds NaN or infinity, or one value only.

    Parameters
    ----------
    map_
        The map.
    kind
        Its kind of input (``half1``, ``full_map``, ...), which names it in the sentence.

    Raises
    ------
    InputError
        A voxel is NaN or infinite, or all voxels have the same value.
    """
    low, high = float(map_.data.min()), float(map_.data.max())
    label, file = KINDS[kind].label, f" ({map_.path})" if map_.path else ""
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(map_.data.size - np.count_nonzero(np.isfinite(map_.data)))
        raise InputError(f"{label} has {bad} voxels that are NaN or infinite out of {map_.data.size}{file}. "
                         "Write it again from the program that made it, or replace these voxels.")
    if low == high:
        raise InputError(f"{label} has the same value, {low:g}, in all its {map_.data.size} voxels{file}. "
                         "Check that this is the right file and that it was written to the end.")


def check_voxel_size(map_: Map, kind: str) -> None:
    """Raise :class:`InputError` when the voxels of a map are of a size that no electron microscope gives.

    Parameters
    ----------
    map_
        The map.
    kind
        Its kind of input, which names it in the sentence.

    Raises
    ------
    InputError
        A voxel is out of :data:`cryoqa_plugin.io.ranges.VOXEL_SIZE`.
    """
    if not all(ranges.within(v, ranges.VOXEL_SIZE) for v in map_.voxel_size):
        file, size = f" ({map_.path})" if map_.path else "", " x ".join(f"{v:.4g}" for v in map_.voxel_size)
        raise InputError(f"{KINDS[kind].label} has voxels of {size} Å{file}; a voxel is {ranges.shown(ranges.VOXEL_SIZE)}. Give the "
                         "voxel size in Å.")


def check_mask(mask: Map, kind: str = "mask") -> None:
    """Raise :class:`InputError` when a mask is empty or none at all.

    Parameters
    ----------
    mask
        The mask.
    kind
        Its kind of input, which names it in the sentence.

    Raises
    ------
    InputError
        A voxel is NaN or infinite, no voxel is above 0.01, or values leave the range 0..1 by more than 0.1.
    """
    low, high = float(mask.data.min()), float(mask.data.max())
    label, file = KINDS[kind].label, f" ({mask.path})" if mask.path else ""
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"{label} has voxels that are NaN or infinite{file}. Make the mask again.")
    if high < _LEAST_MASK:
        raise InputError(f"{label} is empty: its largest value is {high:g}{file}. Lower the threshold it was made with.")
    if low < -_SLACK or high > 1 + _SLACK:
        raise InputError(f"{label} has values from {low:g} to {high:g}{file}; a mask must lie between 0 and 1. "
                         "Give a mask and not a map, or make one with 'cryoqa mask'.")
