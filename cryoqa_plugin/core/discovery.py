"""False discovery rate over the voxels of a map: p-values of noise, how they are adjusted, and whether the noise is normal."""
from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np
from scipy.special import ndtr

PROCEDURES = ("yekutieli", "benjamini", "hochberg", "holm")
_STEP, _FAR = 1 / 256, 40.0           # sd: of tables of a tail, and beyond which nothing is told apart
_ANDERSON = 10_000                    # values that the test of Anderson and Darling is made with, as FDRthresholding does
_TAIL, _REACH = 2.0, 5.0              # sd: from where the tail counts, and up to where distributions are compared
_SAMPLE = 400_000                     # values that distributions are compared with
_BEYOND = 3.5                         # sd: of a normal distribution 4.7 of 10 000 values lie further from 0
BEYOND = 2 * float(ndtr(-_BEYOND))


class NormalTail(NamedTuple):
    """How often normal noise is as high as ``z`` standard deviations; with ``both``, as far from 0."""

    both: bool = False

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """P-values, float64 like ``z`` (above 0)."""
        p = ndtr(-np.asarray(z, dtype=np.float64))
        return 2 * p if self.both else p


class EmpiricalTail(NamedTuple):
    """The same by the noise itself: ``count`` int64 [m] of its values that are at least ``i / 256``, of ``size`` values."""

    count: np.ndarray
    size: int

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """P-values, float64 like ``z`` (above 0): ``(1 + values of at least z) / (1 + size)``, rounded up to the next step."""
        at = np.minimum(np.asarray(z, dtype=np.float64) / _STEP, self.count.size - 1).astype(np.int64)
        return (1.0 + self.count[at]) / (1.0 + self.size)


def empirical_tail(noise: np.ndarray, symmetric: bool, both: bool) -> EmpiricalTail:
    """Tail of the noise from its values.

    Parameters
    ----------
    noise
        In standard deviations, float32 [n].
    symmetric
        The sign of each value is chance, as in a difference of half-maps: every value counts with either sign.
    both
        Both tails together.

    Returns
    -------
    EmpiricalTail
        One value more than there is in the tail is counted everywhere, so that no p-value is 0.
    """
    values = np.abs(noise) if symmetric or both else noise
    bins = np.bincount((np.clip(values, 0, _FAR) / np.float32(_STEP)).astype(np.int32), minlength=2)
    if not (symmetric or both):
        bins[0] = np.count_nonzero((values >= 0) & (values < _STEP))
    above = np.append(np.cumsum(bins[::-1])[::-1], 0).astype(np.int64)
    return EmpiricalTail(above, int(noise.size) * (2 if symmetric and not both else 1))


def factors(n: int, rank: np.ndarray, procedure: str) -> np.ndarray:
    """What a p-value of a rank is multiplied by.

    Parameters
    ----------
    n
        How many there are in all.
    rank
        1 for the smallest, float64 [m].
    procedure
        One of ``yekutieli`` (any dependence), ``benjamini`` (independent tests), which control the false discovery rate, and
        ``hochberg`` and ``holm``, which control that there is any false discovery at all.

    Returns
    -------
    ndarray
        ``n H / i`` with ``H = sum of 1 / k`` up to ``n``, ``n / i``, or ``n - i + 1``, float64 [m].

    Raises
    ------
    ValueError
        For another procedure.
    """
    if procedure in ("hochberg", "holm"):
        return n - rank + 1
    if procedure not in PROCEDURES:
        raise ValueError(f"procedure '{procedure}'")
    return n * (harmonic(n) if procedure == "yekutieli" else 1.0) / rank


def harmonic(n: int) -> float:
    """Sum of ``1 / k`` for ``k`` from 1 to ``n``, to 14 digits.

    Parameters
    ----------
    n
        At least 1.

    Returns
    -------
    float
        Added up for small numbers, by the series of Euler and Maclaurin for others.
    """
    if n < 100:
        return float(np.sum(1 / np.arange(1, n + 1)))
    return float(np.log(n) + np.euler_gamma + 1 / (2 * n) - 1 / (12 * n ** 2) + 1 / (120 * n ** 4))


def q_values(z: np.ndarray, tail: "NormalTail | EmpiricalTail", procedure: str = "yekutieli") -> np.ndarray:
    """Adjusted p-values of many voxels.

    Parameters
    ----------
    z
        Density over the standard deviation of its noise, float32 [n]; what is not above 0 has the p-value 1.
    tail
        P-values of what is above 0; they must not rise with ``z``.
    procedure
        As for :func:`factors`.

    Returns
    -------
    ndarray
        float32 [n], in the order of ``z``: the smallest rate at which a voxel is a discovery, 1 at most.

    Notes
    -----
    Sorted are only those that can come out below 1: with Benjamini and Yekutieli a p-value of ``1 / H`` or more cannot, whatever its rank,
    which leaves a sixteenth of the noise. The rest is 1 and changes nothing, so that the answer is that of sorting all.

    References
    ----------
    Benjamini & Yekutieli (2001), https://doi.org/10.1214/aos/1013699998; Benjamini & Hochberg (1995),
    https://doi.org/10.1111/j.2517-6161.1995.tb02031.x; Hochberg (1988), https://doi.org/10.1093/biomet/75.4.800; Holm (1979),
    Scandinavian Journal of Statistics 6, 65.
    """
    out = np.ones(z.size, dtype=np.float32)
    chosen = np.flatnonzero(z > _lowest(z.size, tail, procedure))
    if not chosen.size:
        return out
    high = z[chosen]
    order = np.argsort(-high)
    scaled = tail(high[order]) * factors(z.size, np.arange(1, order.size + 1, dtype=np.float64), procedure)
    # A step down for Holm, whose rate may not fall with the rank; a step up for the others, whose rate may not rise towards the first.
    scaled = np.maximum.accumulate(scaled) if procedure == "holm" else np.minimum.accumulate(scaled[::-1])[::-1]
    out[chosen[order]] = np.minimum(scaled, 1)
    return out


def _lowest(n: int, tail: "NormalTail | EmpiricalTail", procedure: str) -> float:
    """A height at and below which nothing can have an adjusted p-value below 1."""
    bound = 1 / harmonic(n) if procedure == "yekutieli" else 1.0
    steps = np.arange(0, _FAR, _STEP)
    hopeless = np.flatnonzero(tail(steps) >= bound)
    return float(steps[hopeless[-1]]) if hopeless.size else 0.0


class Normality(NamedTuple):
    """How far noise is from a normal distribution.

    ``distance``: largest difference of the distributions between -5 and 5 sd, ``tail``: of what is more than 2 sd from the mean;
    ``anderson``: A² of Anderson and Darling, with its ``probability`` for normal noise of independent values; ``excess``: values beyond
    3.5 sd over their expected number.
    """

    distance: float
    tail: float
    anderson: float
    probability: float
    excess: float


def normality(noise: np.ndarray, symmetric: bool = False) -> Normality:
    """Whether noise is normal.

    Parameters
    ----------
    noise
        In standard deviations about its mean, float32 [n].
    symmetric
        The sign of each value is chance: every value counts with either sign, but for A².

    Returns
    -------
    Normality
        Of at most 400 000 values, A² of 10 000, evenly picked.

    References
    ----------
    Beckers, Jakobi & Sachse (2019), https://doi.org/10.1107/S2052252518014434; Anderson & Darling (1952),
    https://doi.org/10.1214/aoms/1177729437; D'Agostino & Stephens (1986), Goodness-of-Fit Techniques, Table 4.9.
    """
    values = noise[::max(1, noise.size // _SAMPLE)].astype(np.float64)
    values = np.sort(np.concatenate((values, -values)) if symmetric else values)
    expected = ndtr(values)
    n = values.size
    gap = np.maximum(np.arange(1, n + 1) / n - expected, expected - np.arange(n) / n)
    in_tail = (np.abs(values) > _TAIL) & (np.abs(values) <= _REACH)
    a2, p = _anderson(noise[::max(1, noise.size // _ANDERSON)][:_ANDERSON])
    return Normality(float(gap[np.abs(values) <= _REACH].max(initial=0)), float(gap[in_tail].max(initial=0)), a2, p,
                     float(np.count_nonzero(np.abs(noise) > _BEYOND) / noise.size / BEYOND))


def _anderson(noise: np.ndarray) -> Tuple[float, float]:
    """A² for a normal distribution of unknown mean and width, corrected for the number of values, and its probability."""
    values = np.sort(noise.astype(np.float64))
    n = values.size
    if n < 8 or not values.std() > 0:
        return 0.0, 1.0
    u = np.clip(ndtr((values - values.mean()) / values.std(ddof=1)), 1e-300, 1 - 1e-16)
    i = np.arange(1, n + 1)
    a2 = -n - float(np.sum((2 * i - 1) * (np.log(u) + np.log1p(-u[::-1])))) / n
    a2 *= 1 + 0.75 / n + 2.25 / n ** 2
    if a2 >= 0.6:
        p = np.exp(1.2937 - 5.709 * a2 + 0.0186 * a2 ** 2) if a2 < 153 else 0.0
    elif a2 >= 0.34:
        p = np.exp(0.9177 - 4.279 * a2 - 1.38 * a2 ** 2)
    elif a2 >= 0.2:
        p = 1 - np.exp(-8.318 + 42.796 * a2 - 59.938 * a2 ** 2)
    else:
        p = 1 - np.exp(-13.436 + 101.14 * a2 - 223.73 * a2 ** 2)
    return a2, float(np.clip(p, 0, 1))


def even_threshold(values: np.ndarray, sd: np.ndarray, tail: "NormalTail | EmpiricalTail", rate: float, procedure: str) -> float:
    """One density above which the false discovery rate is kept, though the noise differs from voxel to voxel.

    Parameters
    ----------
    values
        Density, float32 [n].
    sd
        Standard deviation of its noise, float32 [n].
    tail, procedure
        As for :func:`q_values`.
    rate
        The rate.

    Returns
    -------
    float
        NaN where nothing is discovered.

    Notes
    -----
    The p-value of a density ``t`` is the mean of those at all voxels, ``mean of tail(t / sd)``: what noise brings above a contour at ``t``.
    Where the noise is even it is the lowest density that :func:`q_values` finds. To 1e-5 of the highest density.
    """
    high = values[values > 0]
    if not high.size:
        return float("nan")
    edges = np.quantile(sd[::max(1, sd.size // _SAMPLE)], np.linspace(0, 1, 65))
    widths = 0.5 * (edges[1:] + edges[:-1])
    low, top, steps = 0.0, float(high.max()), 512
    found = float("nan")
    for _ in range(3):
        at = np.linspace(low, top, steps + 1)
        counts = np.histogram(high, at)[0]
        above = np.cumsum(counts[::-1])[::-1] + np.count_nonzero(high > top)
        p = tail(at[:-1, None] / np.maximum(widths, 1e-30)).mean(axis=1)
        kept = p * factors(values.size, np.maximum(above, 1).astype(np.float64), procedure) <= rate
        kept &= above > 0
        if procedure == "holm":
            kept = np.logical_and.accumulate(kept[::-1])[::-1]
        first = np.flatnonzero(kept)
        if not first.size:
            break
        found = float(at[first[0]])
        low, top, steps = float(at[max(first[0] - 1, 0)]), float(at[first[0] + 1]), 64
    return found
