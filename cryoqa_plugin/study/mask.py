"""The mask of the molecule: the one given, or the one made here when none was, by one rule."""
from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, Optional

import numpy as np

from ..core import masks
from ..core.robust import robust_sd
from ..errors import InputError
from ..io.maps import Map

INSIDE = 0.5                                     # a voxel is inside where the mask is at least this
NEAR, EDGE = 3.0, 6.0                            # Å: how much wider than the contour a mask is, and its fall-off
_FILTER, _FILTER_VOXELS = 12.0, 3.0              # low-pass before the contour: Å, or voxels where that is coarser
_SMALL = 0.05                                    # parts smaller than this, of the largest, are dropped
_CRYOSPARC = {"loose": 15.0, "tight": EDGE}      # width of the fall-off in Å


class UsedMask(NamedTuple):
    """A mask that numbers are read in.

    ``map`` holds it (soft, 0 to 1); ``source`` is ``given``, ``made`` (from the density) or ``none`` (the whole box: nothing stands out).
    """

    map: Map
    source: str

    @property
    def data(self) -> np.ndarray:
        """The mask, float32 [z, y, x]."""
        return self.map.data

    @property
    def inside(self) -> np.ndarray:
        """Where it is at least 0.5, bool [z, y, x]; raises :class:`InputError` when that is nowhere."""
        return inside_of(self.map.data, self.map.path)

    @property
    def words(self) -> str:
        """Words for the place that numbers are from."""
        return {"given": "in the given mask", "made": "in a mask made from the map", "none": "in the whole box"}[self.source]

    def notes(self) -> "list[str]":
        """What to know of a mask that was not given."""
        return {"made": ["No mask was given: one was made from the map, low-passed at 12 Å; look at it, or give a mask."],
                "none": ["No mask was given and none could be made: the numbers are those of the whole box."]}.get(self.source, [])


def within_limits(mask: Map) -> Map:
    """The mask with its values clipped to 0..1.

    Parameters
    ----------
    mask
        A mask; one that was resampled leaves these limits a little.

    Returns
    -------
    Map
        The same object when all values are within already.
    """
    if float(mask.data.min()) >= 0 and float(mask.data.max()) <= 1:
        return mask
    return replace(mask, data=np.clip(mask.data, 0, 1))


def made_from(density: Map, binary: Optional[np.ndarray] = None) -> UsedMask:
    """The mask that is made when none was given; the whole box where nothing stands out.

    Parameters
    ----------
    density
        The map of the molecule.
    binary
        Where the molecule is, of :func:`binary_molecule`; found when not given.

    Returns
    -------
    UsedMask
        A mask ``made`` by :func:`molecule`, or ``none``, which is 1 everywhere.
    """
    made = molecule(density, binary=binary)
    if made.max() >= INSIDE:
        return UsedMask(density.with_data(made), "made")
    return UsedMask(density.with_data(np.ones(density.shape, np.float32)), "none")


def filter_resolution(map_: Map) -> float:
    """Resolution that a map is low-passed at before the contour of its molecule is chosen.

    Parameters
    ----------
    map_
        The map.

    Returns
    -------
    float
        12 Å, or three voxels where that is coarser.
    """
    return max(_FILTER, _FILTER_VOXELS * map_.voxel)


def molecule(map_: Map, around: float = NEAR, edge: float = EDGE, binary: Optional[np.ndarray] = None) -> np.ndarray:
    """Soft mask of the molecule from its map alone.

    Parameters
    ----------
    map_
        The map.
    around, edge
        How much wider than the contour the mask is, and the width of its fall-off, in Å.
    binary
        Where the molecule is, of :func:`binary_molecule`; found when not given.

    Returns
    -------
    ndarray
        float32 [z, y, x]. The map low-passed at 12 Å (three voxels where that is coarser) above the contour of :func:`contour`, without
        parts smaller than 5 % of the largest, made wider, with a cosine edge.
    """
    binary = binary_molecule(map_) if binary is None else binary
    return masks.soft_edge(masks.extend(binary, around, map_.voxel_size), edge, map_.voxel_size)


def binary_molecule(map_: Map) -> np.ndarray:
    """Where the molecule is: the map low-passed at 12 Å above its contour, without small parts.

    Parameters
    ----------
    map_
        The map.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    low = masks.lowpass(map_.data, map_.voxel_size, filter_resolution(map_))
    return drop_small(low >= contour(low), _SMALL)


def cryosparc_mask(average: Map, kind: str) -> np.ndarray:
    """Mask as cryoSPARC describes it for its FSC curves.

    Parameters
    ----------
    average
        Mean of the half-maps.
    kind
        ``spherical``: 1 up to 85 % of half the shortest box edge, 0 at the edge. ``loose`` and ``tight``: the mask of the molecule with
        a fall-off of 15 and 6 Å. The program itself starts from the mask of its refinement, which these files do not hold.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    if kind != "spherical":
        return molecule(average, edge=_CRYOSPARC[kind])
    voxel = average.voxel_size
    reach = min(n * v for n, v in zip(average.shape, voxel[::-1])) / 2
    return masks.soft_edge(masks.ball(average.shape, voxel, 0.85 * reach), 0.15 * reach, voxel)


def contour(filtered: np.ndarray) -> float:
    """A contour level for a low-passed map, chosen from its values alone.

    The median ``m`` is the solvent, for most of the box is; ``s = 1.4826 median abs(rho - m)`` is its noise, and ``q`` the value that one
    voxel in a thousand exceeds. The level is ``m + max(0.1 (q - m), 4 s)``, at most half-way from ``m`` to ``q``.

    Parameters
    ----------
    filtered
        Map, low-passed, float32 [z, y, x].

    Returns
    -------
    float
        The level, in the unit of the map.
    """
    sample = filtered.ravel()[::max(1, filtered.size // 2_000_000)]
    middle = float(np.median(sample))
    noise = robust_sd(sample, middle)
    reach = float(np.quantile(sample, 0.999)) - middle
    return middle + min(max(0.1 * reach, 4 * noise), 0.5 * reach)


def inside_of(mask: np.ndarray, path: Optional[str]) -> np.ndarray:
    """Where a mask is at least 0.5.

    Parameters
    ----------
    mask
        float32 [z, y, x].
    path
        Its file, which the sentence names; None when it has none.

    Returns
    -------
    ndarray
        bool [z, y, x].

    Raises
    ------
    InputError
        No voxel reaches 0.5.
    """
    inside = mask >= INSIDE
    if not inside.any():
        file = f" ({path})" if path else ""
        raise InputError(f"No voxel of the mask reaches 0.5, its largest value is {float(mask.max()):.3g}{file}; give another mask.")
    return inside


def drop_small(binary: np.ndarray, part: float) -> np.ndarray:
    """Mask without its small components.

    Parameters
    ----------
    binary
        bool [z, y, x].
    part
        Components with fewer voxels than this part of the largest are dropped.

    Returns
    -------
    ndarray
        bool [z, y, x]; ``binary`` itself when nothing can be dropped.
    """
    if part <= 0 or not binary.any():
        return binary
    labels, sizes = masks.components(binary)
    keep = int(np.count_nonzero(sizes >= part * sizes[0]))
    return (labels > 0) & (labels <= keep)
