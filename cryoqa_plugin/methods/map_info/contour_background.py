"""The background of a map outside of a mask: as the Validation Report Service has it, and by its own noise."""
from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

import numpy as np
from scipy import special

from ...core.robust import robust_sd

SAMPLE = 2_000_000                                           # voxels: enough for a median
N_SHELLS = 56                                                # of distance from the box centre, for the noise: 32 to the faces


class Background(NamedTuple):
    """Statistics of the voxels outside of a mask; None where they cannot be had."""

    voxels: int
    mean: Optional[float] = None
    sd: Optional[float] = None
    t: Optional[float] = None
    p: Optional[float] = None
    outliers: Optional[int] = None
    outlier_ratio: Optional[float] = None
    zero_percent: Optional[float] = None


def expected(sigmas: float) -> float:
    """Part of a Gaussian beyond some standard deviations, both sides.

    Parameters
    ----------
    sigmas
        Number of standard deviations.

    Returns
    -------
    float
        0 to 1.
    """
    return float(2 * special.ndtr(-sigmas))


def background(values: np.ndarray, sigmas: float) -> Background:
    """Statistics of the background, as the service has them.

    Student's t of the mean against 0, two-sided; the part of ``abs(v) > sigmas sd``, not centred, over that of a Gaussian.

    Parameters
    ----------
    values
        Voxels outside of the mask, float32 [n].
    sigmas
        Standard deviations beyond which a voxel is an outlier.

    Returns
    -------
    Background
        None for what fewer than two voxels, or voxels of one value, do not tell.
    """
    n = values.size
    if n < 2:
        return Background(n)
    mean = float(values.mean(dtype=np.float64))
    sd = float(values.std(dtype=np.float64))
    zeros = 100.0 * (n - np.count_nonzero(values)) / n
    if sd == 0:
        return Background(n, mean, sd, zero_percent=zeros)
    t = t_value(mean, sd, n)
    # Not about the mean, as the service counts.
    outliers = int(np.count_nonzero(np.abs(values) > np.float32(sigmas * sd)))
    return Background(n, mean, sd, t, probability(t, n), outliers, outlier_share(outliers, n, sigmas), zeros)


def t_value(mean: float, sd: float, n: int) -> float:
    """Student's t of a mean against 0.

    Parameters
    ----------
    mean, sd
        Mean and standard deviation of the values themselves (divided by n).
    n
        Number of values.

    Returns
    -------
    float
        ``mean / (s / sqrt(n))`` with ``s`` divided by n - 1.
    """
    return mean / (sd * np.sqrt(n / (n - 1.0)) / np.sqrt(n))


def probability(t: float, n: int) -> float:
    """Two-sided probability of Student's t.

    Parameters
    ----------
    t
        Student's t.
    n
        Number of values.

    Returns
    -------
    float
        0 to 1.
    """
    return float(2 * special.stdtr(n - 1, -abs(t)))


def outlier_share(outliers: int, n: int, sigmas: float = 5.0) -> float:
    """Outliers over those expected of a Gaussian.

    Parameters
    ----------
    outliers
        Number of outliers.
    n
        Number of values.
    sigmas
        Standard deviations beyond which a value is an outlier.

    Returns
    -------
    float
        1 for a Gaussian.
    """
    return outliers / n / expected(sigmas)


class Robust(NamedTuple):
    """Noise about its median by distance from the box centre: numbers of voxels, outliers, their ratio, middle and sd."""

    voxels: int = 0
    outliers: Optional[int] = None
    ratio: Optional[float] = None
    middle: Optional[float] = None
    sd: Optional[float] = None


def robust(data: np.ndarray, inside: np.ndarray, sigmas: float) -> Robust:
    """Outliers of the background, held against the noise at the same distance from the box centre.

    In each of 56 shells the noise is 1.4826 times the median absolute deviation about the median, of the voxels that are not exactly 0. An
    outlier is farther than ``sigmas`` times that from the median.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    inside
        Where there is no background, bool [z, y, x].
    sigmas
        Standard deviations beyond which a voxel is an outlier.

    Returns
    -------
    Robust
        None for what a background without spread does not tell.
    """
    shells = _Shells(data.shape)
    middle, sd, all_middle, all_sd = _noise(data, inside, shells)
    if not all_sd:
        return Robust(middle=all_middle)
    voxels = beyond = 0
    reach = (sigmas * sd).astype(np.float32)
    for z, plane in enumerate(data):
        live = ~inside[z] & (plane != 0)
        at = shells.plane(z)[live]
        # Shells of one value have no noise to be an outlier of.
        live_sd = reach[at] > 0
        voxels += int(np.count_nonzero(live_sd))
        beyond += int(np.count_nonzero(live_sd & (np.abs(plane[live] - middle[at]) > reach[at])))
    return Robust(voxels, beyond, outlier_share(beyond, voxels, sigmas) if voxels else None, all_middle, all_sd)


class _Shells:
    """Number of the shell about the box centre, plane by plane: 32 to the farthest face, and on into the corners."""

    def __init__(self, shape: Tuple[int, ...]) -> None:
        z, y, x = ((np.arange(n) - n // 2) ** 2 for n in shape)
        self._z, self._yx = z, (y[:, None] + x[None, :]).astype(np.float32)
        self._scale = np.float32(64 / max(shape))

    def plane(self, z: int) -> np.ndarray:
        """Shells of plane ``z``, int [y, x]."""
        return np.minimum(np.sqrt(self._yx + np.float32(self._z[z])) * self._scale, N_SHELLS - 1).astype(np.intp)


def _noise(data: np.ndarray, inside: np.ndarray, shells: _Shells) -> Tuple[np.ndarray, np.ndarray, Optional[float], Optional[float]]:
    """Median and robust sd in each shell, and of all; a shell of few voxels takes those of all."""
    every = max(1, data.size // SAMPLE)
    picked, where = [], []
    for z, plane in enumerate(data):
        live = (~inside[z] & (plane != 0)).ravel()
        live[:] &= (np.arange(live.size) + z) % every == 0
        picked.append(plane.ravel()[live])
        where.append(shells.plane(z).ravel()[live])
    values, at = np.concatenate(picked), np.concatenate(where)
    if values.size < 2:
        return np.zeros(N_SHELLS, np.float32), np.zeros(N_SHELLS, np.float32), None, None
    all_middle, all_sd = median_and_sd(values)
    middle, sd = np.full(N_SHELLS, all_middle, np.float32), np.full(N_SHELLS, all_sd, np.float32)
    # A stable sort of bytes counts them, which is eight times as fast.
    order = np.argsort(at.astype(np.uint8), kind="stable")
    edges = np.searchsorted(at[order], np.arange(N_SHELLS + 1))
    for i, (a, b) in enumerate(zip(edges[:-1], edges[1:])):
        if b - a >= 100:  # fewer tell no spread
            middle[i], sd[i] = median_and_sd(values[order[a:b]])
    return middle, sd, all_middle, all_sd


def median_and_sd(values: np.ndarray) -> Tuple[float, float]:
    """Median of values, and their standard deviation as the median absolute deviation tells it.

    Parameters
    ----------
    values
        The values, float32 [n], one at least.

    Returns
    -------
    tuple of float
        In the unit of the values; the second is that of a Gaussian, whatever a few outliers are.
    """
    middle = float(np.median(values))
    return middle, robust_sd(values, middle)


def histograms(values: np.ndarray, found: Robust, bins: int = 120) -> Dict[str, Tuple[np.ndarray, np.ndarray]]:
    """Histogram of the background, and what a Gaussian of its robust standard deviation would give.

    Parameters
    ----------
    values
        Voxels of the background, float32 [n].
    found
        Their robust middle and standard deviation.
    bins
        Number of bins, which reach to eight standard deviations on both sides at most.

    Returns
    -------
    dict of tuples
        Middles of the bins and voxels, float64 [n] each, of ``background`` and ``gaussian``, which ends below one voxel; empty when the
        background has no spread.
    """
    if not found.sd or found.middle is None:
        return {}
    reach = 8 * found.sd
    low, high = max(float(values.min()), found.middle - reach), min(float(values.max()), found.middle + reach)
    live = values[values != 0]
    counts, edges = np.histogram(live, bins=bins, range=(low, high))
    share = np.diff(special.ndtr((edges - found.middle) / found.sd)) * live.size
    x = 0.5 * (edges[1:] + edges[:-1])
    shown = share >= 1
    return dict(background=(x, counts.astype(np.float64)), gaussian=(x[shown], share[shown]))
