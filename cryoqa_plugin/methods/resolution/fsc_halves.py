"""What half-maps and their FSC curves show when something went wrong before."""
from __future__ import annotations

from typing import Dict

import numpy as np

from .fsc_curves import FscCurve


def zero_fraction(half1: np.ndarray, half2: np.ndarray) -> float:
    """Part of the voxels that are exactly 0, the larger of the two half-maps; a ball in a box leaves 0.476."""
    return float(max(1 - np.count_nonzero(h) / h.size for h in (half1, half2)))


def solvent_noise_ratio(half1: np.ndarray, half2: np.ndarray) -> float:
    """Variance of the noise (``half1 - half2``) near the faces of the box over that at its centre; near 0 after masking.

    Median over six blocks that lie on the axes at 0.36 to 0.44 of the box from the centre, against a central block; each
    is a quarter of the box wide.
    """
    def variance(centre: np.ndarray, half_size: np.ndarray) -> float:
        size = np.array(half1.shape)
        low = np.floor((centre - half_size) * size).astype(int)
        high = np.maximum(np.ceil((centre + half_size) * size).astype(int), low + 1)
        block = tuple(slice(max(a, 0), b) for a, b in zip(low, high))
        return float(np.var(half1[block].astype(np.float64) - half2[block]))

    outer = []
    for axis in range(3):
        for side in (-0.4, 0.4):
            centre, half_size = np.full(3, 0.5), np.full(3, 0.125)
            centre[axis] += side
            half_size[axis] = 0.04
            outer.append(variance(centre, half_size))
    inner = variance(np.full(3, 0.5), np.full(3, 0.125))
    return float(np.median(outer) / inner) if inner > 0 else float("nan")


def tail_fsc(curve: FscCurve) -> float:
    """Mean correlation over the last tenth of the shells (at least three), weighted by their coefficients."""
    n = max(3, curve.fsc.size // 10)
    return float(np.average(curve.fsc[-n:], weights=np.maximum(curve.count[-n:], 1e-9)))


def rise_at_end(curve: FscCurve) -> float:
    """Mean of the last three shells less the lowest running mean of three shells; 0 for a curve that only falls."""
    if curve.fsc.size < 5:
        return 0.0
    running = np.convolve(curve.fsc[1:], np.full(3, 1 / 3), mode="valid")
    return float(running[-1] - running.min())


def signs(half1: np.ndarray, half2: np.ndarray, unmasked: FscCurve) -> Dict[str, object]:
    """The metrics of this module by name."""
    identical = bool(unmasked.fsc[1:].min() > 0.9999)
    noise = None if identical else solvent_noise_ratio(half1, half2)
    return dict(half_maps_identical=identical, zero_fraction=zero_fraction(half1, half2), solvent_noise_ratio=noise,
                tail_fsc=tail_fsc(unmasked), rise_at_end=rise_at_end(unmasked))
