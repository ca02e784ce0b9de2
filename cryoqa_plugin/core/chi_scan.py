"""Density around the first torsion of side chains, and how often its peaks lie where side chains can stand."""
from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from .model_map import values_at

STEP = 5                                         # degrees between two values of a scan
ANGLES = np.arange(STEP, 360 + STEP, STEP)       # chi1 of the values of a scan
_AT_ONCE = 2000                                  # residues, for the memory
_LEVELS = 20                                     # thresholds
BY_CHANCE = 39 / 72                             # part of the peaks that would be rotameric by chance, as published
_CENTRES, _WIDTH = 120, 30                       # rotamers stand every 120 degrees from 60 on, and reach 30 to either side


class Scans(NamedTuple):
    """``built`` chi1 of the model in degrees from 0 to 360, float64 [n]; ``values`` of the map at :data:`ANGLES`, float64 [n, 72]."""

    built: np.ndarray
    values: np.ndarray


class Score(NamedTuple):
    """The EMRinger score and what it was chosen from.

    ``thresholds`` float64 [20]; at each ``counted`` and ``rotameric`` int64 [20], how many scans peak above it, and how many of these peaks
    are rotameric; ``z`` float64 [20], NaN from the first on without a rotameric peak. ``best`` is the place of the largest ``z``, -1 for
    none; ``score`` is NaN then.
    """

    thresholds: np.ndarray
    counted: np.ndarray
    rotameric: np.ndarray
    z: np.ndarray
    best: int
    score: float


def scan(data: np.ndarray, n: np.ndarray, ca: np.ndarray, cb: np.ndarray, gamma: np.ndarray, voxel_size: Sequence[float]) -> Scans:
    """Map values where the first atom beyond CB comes as it is turned about the bond from CA to CB.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    n, ca, cb, gamma
        Positions of N, CA, CB and of the atom that is turned (x, y, z) in Å from the centre of the first voxel, float64 [n, 3].
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    Scans
        By trilinear interpolation; NaN outside the map, and for atoms that lie on each other or in a line.

    References
    ----------
    Barad et al. (2015), https://doi.org/10.1038/nmeth.3541.
    """
    bond = cb - ca
    with np.errstate(invalid="ignore", divide="ignore"):
        bond = bond / np.linalg.norm(bond, axis=1, keepdims=True)
        side = gamma - cb
        along = np.einsum("ij,ij->i", side, bond)[:, None] * bond
        across, back = side - along, (n - ca) - np.einsum("ij,ij->i", n - ca, bond)[:, None] * bond
        radius = np.linalg.norm(across, axis=1, keepdims=True)
        zero = back * radius / np.linalg.norm(back, axis=1, keepdims=True)            # where chi1 is 0
        quarter = np.cross(bond, zero)
        built = np.degrees(np.arctan2(np.einsum("ij,ij->i", across, quarter), np.einsum("ij,ij->i", across, zero)))
    out = np.full((len(ca), ANGLES.size), np.nan)
    cos, sin = np.cos(np.radians(ANGLES))[None, :, None], np.sin(np.radians(ANGLES))[None, :, None]
    defined = np.flatnonzero(np.isfinite(zero).all(axis=1) & (radius[:, 0] > 1e-3))
    for start in range(0, defined.size, _AT_ONCE):
        part = defined[start:start + _AT_ONCE]
        at = (cb + along)[part, None] + cos * zero[part, None] + sin * quarter[part, None]
        out[part] = values_at(data, at.reshape(-1, 3), voxel_size, np.nan).reshape(part.size, -1)
    return Scans(built % 360, out)


def peaks(values: np.ndarray) -> np.ndarray:
    """The chi1 at which scans are highest, the first of several.

    Parameters
    ----------
    values
        Scans, float64 [n, 72].

    Returns
    -------
    ndarray
        int64 [n], in degrees.
    """
    return ANGLES[np.argmax(values, axis=1)]


def is_rotameric(chi: np.ndarray) -> np.ndarray:
    """Whether values of chi1 are near those that side chains prefer.

    Parameters
    ----------
    chi
        In degrees, [n].

    Returns
    -------
    ndarray
        bool [n]: from 30 to 90, 150 to 210 and 270 to 330 degrees, without the first of each and with the last.
    """
    return (np.asarray(chi) - _CENTRES / 2 + _WIDTH - 1e-6) % _CENTRES < 2 * _WIDTH


def emringer(values: np.ndarray) -> Score:
    """The EMRinger score of scans.

    Parameters
    ----------
    values
        Scans, float64 [n, 72], finite.

    Returns
    -------
    Score
        As published.

    Notes
    -----
    With ``a`` the mean of all values and ``m`` the largest of all, the thresholds are ``a + i (m - a) / 20`` for ``i = 0 .. 19``. Above
    each, ``n`` scans peak, ``k`` of them at a rotamer: ``z = (k - 39 n / 72) / sqrt(n 39 33) 72``, and with ``N`` scans in all the score is
    ``10 max(z) / sqrt(N)``. Thresholds from the first without a rotameric peak on are left out. Barad et al. (2015),
    https://doi.org/10.1038/nmeth.3541.
    """
    highest = values.max(axis=1, initial=-np.inf)
    right = is_rotameric(peaks(values))
    low, high = (float(values.mean()), float(highest.max())) if len(values) else (np.nan, np.nan)
    thresholds = low + np.arange(_LEVELS) * (high - low) / _LEVELS
    above = highest[None, :] > thresholds[:, None]
    counted, rotameric = above.sum(axis=1), (above & right).sum(axis=1)
    z = np.full(_LEVELS, np.nan)
    last = int(np.argmax(rotameric == 0)) if (rotameric == 0).any() else _LEVELS
    some = counted[:last]
    z[:last] = (rotameric[:last] - BY_CHANCE * some) / np.sqrt(BY_CHANCE * (1 - BY_CHANCE) * some)
    if not last:
        return Score(thresholds, counted, rotameric, z, -1, np.nan)
    best = int(np.argmax(z[:last]))
    return Score(thresholds, counted, rotameric, z, best, float(10 * z[best] / np.sqrt(len(values))))
