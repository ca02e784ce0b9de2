"""What local resolutions of half-maps or of a map alone share: the resolution of the whole map, and where the noise is from."""
from __future__ import annotations

from typing import List, Optional

import numpy as np

from ...errors import InputError
from ...study import Study
from ...study.mask import UsedMask
from ...study.solvent import around_flat
from .local_resolution import overall_resolution

_OUTSIDE = 0.01                       # a voxel is solvent where the mask is at most this
_LEAST = 0.05                         # part of the box that must be solvent


def resolution_of_whole(study: Study, asked: Optional[float]) -> float:
    """The resolution of the whole map that windows and bands are chosen by.

    Parameters
    ----------
    study
        Half-maps, or a map.
    asked
        The resolution (Å) that the user gave, None without one.

    Returns
    -------
    float
        In Å: ``asked``; of half-maps that of their unmasked FSC, so that a mask does not move the window; of a map alone
        :attr:`Study.resolution`.

    Raises
    ------
    InputError
        The solvent of a map alone was masked off, so that its resolution must be given.
    """
    if asked is not None:
        return asked
    return overall_resolution(study) if study.has_halves else study.resolution


def unknown_notes(study: Study, asked: Optional[float]) -> List[str]:
    """What to know of :func:`resolution_of_whole` where the half-maps do not tell it.

    Parameters
    ----------
    study
        Half-maps, or a map.
    asked
        The resolution (Å) that the user gave, None without one.

    Returns
    -------
    list of str
        A sentence when the half-maps share no signal; else nothing.
    """
    if asked is not None or not study.has_halves or study.unmasked_resolution is not None or copies_words(study):
        return []
    return [f"The half-maps share no signal: their FSC is below 0.143 from the start. A resolution of {overall_resolution(study):.1f} Å "
            "was taken for the whole map."]


def solvent_outside(study: Study, used: UsedMask) -> np.ndarray:
    """Where the noise of a map alone is taken from.

    Parameters
    ----------
    study
        The map.
    used
        The mask.

    Returns
    -------
    ndarray
        bool [z, y, x]: where the mask is at most 0.01 and the map was not cut off within 8 Å.

    Raises
    ------
    InputError
        That is less than 5 % of the box, or no mask could be made.
    """
    map_ = study.full_map
    files = ", ".join(m.path for m in (map_, study.inputs.mask) if m is not None and m.path)
    files = f" ({files})" if files else ""
    if used.source == "none":
        raise InputError(f"No mask could be made from the map, which shows no molecule above the noise{files}, so that there is no "
                         f"solvent to "
                         "take the noise from; give a mask, or the half-maps.")
    solvent = (used.data <= _OUTSIDE) & ~around_flat(study.flat, map_)
    part = np.count_nonzero(solvent) / solvent.size
    if part < _LEAST:
        raise InputError(f"Only {100 * part:.2g} % of the box is solvent that was not masked off{files}, and the noise of a single map "
                         f"needs {100 * _LEAST:g} %; give the map before masking, a smaller mask, or the half-maps.")
    return solvent


def copies_words(study: Study) -> Optional[str]:
    """The beginning of a summary of half-maps that have no noise to compare with, or no signal.

    Parameters
    ----------
    study
        Half-maps, or a map.

    Returns
    -------
    str or None
        None where the half-maps are independent, and of a map alone.
    """
    if not study.has_halves:
        return None
    if study.half_maps.identical:
        return "The half-maps are copies of each other and do not show"
    return "One half-map is the other with its contrast inverted, and they do not show" if study.half_maps.inverted else None


def noise_source(study: Study) -> str:
    """Words for where the noise is from.

    Parameters
    ----------
    study
        Half-maps, or a map.
    """
    return "half-maps" if study.has_halves else "solvent of the map"
