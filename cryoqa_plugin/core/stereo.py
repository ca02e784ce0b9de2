"""Angles and handedness of atoms that are bonded to each other."""
from __future__ import annotations

import numpy as np


def torsion(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Torsion angles about the bond from ``b`` to ``c``.

    Parameters
    ----------
    a, b, c, d
        Positions, float64 [n, 3].

    Returns
    -------
    ndarray
        float64 [n] in degrees, from -180 to 180; 0 for the cis form, positive for a turn to the right of ``d`` against ``a`` as seen along
        the bond.
    """
    axis, before, after = c - b, a - b, d - c
    length = np.linalg.norm(axis, axis=1)
    one, two = np.cross(axis, before), np.cross(axis, after)
    return np.degrees(np.arctan2(np.einsum("ij,ij->i", np.cross(one, two), axis), length * np.einsum("ij,ij->i", one, two)))


def angle(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Angles at ``b``.

    Parameters
    ----------
    a, b, c
        Positions, float64 [n, 3].

    Returns
    -------
    ndarray
        float64 [n] in degrees, from 0 to 180.
    """
    one, two = a - b, c - b
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(one, two), axis=1), np.einsum("ij,ij->i", one, two)))


def chiral_volume(centre: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Handedness of an atom and three of its neighbours.

    Parameters
    ----------
    centre, a, b, c
        Positions in Å, float64 [n, 3].

    Returns
    -------
    ndarray
        float64 [n] in Å³: ``(a - centre) . ((b - centre) x (c - centre))``, about 2.5 or -2.5 at a tetrahedral carbon atom, 0 at a flat
        one. That of N, C and CB around the CA of an L-amino acid is positive.
    """
    return np.einsum("ij,ij->i", a - centre, np.cross(b - centre, c - centre))
