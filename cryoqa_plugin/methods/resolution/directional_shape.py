"""What a set of directional FSC curves says together: resolutions, occupancy of the sphere, Bingham test, shape."""
from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Optional, Tuple

import numpy as np
from scipy.special import chdtrc, ndtri

from ...core import crossing
from ...core.cones import Cone
from ...core.directions import Sphere, half_directions
from ...core.quadrupoles import Axes, principal, products
from ...core.robust import GAUSSIAN, robust_sd

FORCED_SHELLS = 5                        # Xmipp sets the FSO of the first five shells to 1
FIRST_SHELL = 3                          # and looks for a directional resolution from this shell on

_PASSES, _HUBER = 10, 1.5  # passes of the fit; residuals, in standard deviations, from which weights fall
FAR_LEVEL = 0.143                       # FSC at which the area of a cone ends
_REGION = 25.0                           # degrees from the middle of a region to its edge


class Bingham(NamedTuple):
    """Bingham test of the directions that pass in one shell: its statistic, the p-value, and the part of the directions that pass."""

    statistic: float
    p: float
    fso: float


def crossings(freq: np.ndarray, fsc: np.ndarray, threshold: float) -> np.ndarray:
    """Where each curve first falls below a threshold, linear between shells.

    Parameters
    ----------
    freq
        Frequency of the shells (1/Å), float64 [n_shells].
    fsc
        Curves, float64 [n_shells, n_directions].
    threshold
        The threshold.

    Returns
    -------
    ndarray
        Frequency (1/Å), float64 [n_directions]: the last one for a curve that never falls, NaN for one that is nowhere above.
    """
    return crossing.first_falls(freq, fsc, threshold)


def crossings_xmipp(freq: np.ndarray, fsc: np.ndarray, threshold: float) -> np.ndarray:
    """Where each curve falls below a threshold by the rule of ``xmipp_resolution_fso``.

    Parameters
    ----------
    freq
        Frequency of the shells (1/Å), float64 [n_shells].
    fsc
        Curves, float64 [n_shells, n_directions].
    threshold
        The threshold.

    Returns
    -------
    ndarray
        Frequency (1/Å) of the first shell from 3 on that is not above the threshold, float64 [n_directions]; NaN for none.
    """
    below = fsc[FIRST_SHELL:] <= threshold
    return np.where(below.any(axis=0), freq[FIRST_SHELL + below.argmax(axis=0)], np.nan)


class Effective(NamedTuple):
    """How many independent directions count: for the ``mean`` of what passes, and for its ``spread`` over the sphere."""

    mean: float
    spread: float

    def of_copies(self, order: int) -> "Effective":
        """The same where an imposed symmetry made copies of each direction.

        Parameters
        ----------
        order
            Of the symmetry.

        Returns
        -------
        Effective
            Divided by it, one direction at least.
        """
        return Effective(max(self.mean / order, 1.0), max(self.spread / order, 1.0))


def effective_directions(axes: np.ndarray, cone: Cone) -> Effective:
    """Number of independent directions among some whose cones overlap.

    Parameters
    ----------
    axes
        Directions (x, y, z), float64 [n, 3].
    cone
        The cone around each.

    Returns
    -------
    Effective
        Both at most the number of directions.

    Notes
    -----
    Noise in two cones has the correlation ``rho`` of their weights over the sphere, and passing or not, at even odds, that of
    ``2/pi arcsin(rho)``. The sum of it over all pairs inflates the variance of the passing part; times ``P2(cos)``, that of the
    mean of ``d d^T``, which is of second order in the direction.
    """
    return _effective(np.ascontiguousarray(axes, dtype=np.float64).tobytes(), cone)


@lru_cache(maxsize=4)
def _effective(raw: bytes, cone: Cone) -> Effective:
    """:func:`effective_directions` of directions by their bytes: they are the same in every run."""
    axes = np.frombuffer(raw).reshape(-1, 3)
    weights = cone.weight(axes @ half_directions(4).T)
    overlap = weights @ weights.T
    scale = np.sqrt(np.diag(overlap))
    passing = 2 / np.pi * np.arcsin(np.clip(overlap / scale[:, None] / scale, -1, 1))
    # P2 of the cosine between two directions.
    second = 1.5 * (axes @ axes.T) ** 2 - 0.5
    return Effective(float(len(axes) ** 2 / passing.sum()), float(len(axes) ** 2 / (passing * second).sum()))


def fso(fsc: np.ndarray, threshold: float, effective: float, confidence: float = 0.95) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fourier shell occupancy: the part of the directions whose FSC reaches a threshold, with Wilson's interval.

    Parameters
    ----------
    fsc
        Curves, float64 [n_shells, n_directions].
    threshold
        The threshold.
    effective
        Number of independent directions.
    confidence
        Probability that the true value lies inside the interval.

    Returns
    -------
    tuple of ndarray
        Occupancy, lower and upper end, float64 [n_shells] each.

    References
    ----------
    Vilas & Tagare (2023), https://doi.org/10.1038/s41592-023-01874-3.
    """
    part = (fsc >= threshold).mean(axis=1)
    z2 = float(ndtri(0.5 + confidence / 2)) ** 2
    middle = (part + z2 / (2 * effective)) / (1 + z2 / effective)
    width = np.sqrt(z2 * (part * (1 - part) / effective + z2 / (4 * effective ** 2))) / (1 + z2 / effective)
    return part, np.maximum(middle - width, 0), np.minimum(middle + width, 1)


def bingham(axes: np.ndarray, passing: np.ndarray, effective: float) -> Optional[Bingham]:
    """Are the directions that pass spread evenly? None when all or none pass.

    Parameters
    ----------
    axes
        Directions (x, y, z), float64 [n, 3].
    passing
        Which of them pass, bool [n].
    effective
        Number of independent directions.

    Returns
    -------
    Bingham or None
        None when all or none pass.

    Notes
    -----
    ``T`` is the mean of ``d d^T`` over the passing ones. Bingham's ``S = 15/2 m (tr T^2 - 1/3)`` follows chi-squared with 5 degrees of
    freedom for ``m`` independent axes. Here ``m`` is the passing part ``f`` of the ``effective`` number of directions, and ``S`` is divided
    by ``1 - f``, because the passing directions are drawn from the grid without being put back.
    Mardia & Jupp (2000), https://doi.org/10.1002/9780470316979.
    """
    f = float(passing.mean())
    if f in (0.0, 1.0):
        return None
    t = axes[passing].T @ axes[passing] / np.count_nonzero(passing)
    statistic = 7.5 * effective * f * max(float(np.sum(t * t)) - 1 / 3, 0.0) / (1 - f)
    return Bingham(statistic, float(chdtrc(5, statistic)), f)


def smooth_axes(axes: np.ndarray, at: np.ndarray) -> Optional[Axes]:
    """Principal axes of the resolutions ``1 / f(d)^2 = d^T Q d`` fitted to directional frequencies.

    Parameters
    ----------
    axes
        Directions (x, y, z), float64 [n, 3].
    at
        Frequency of each (1/Å), float64 [n]; NaN is left out.

    Returns
    -------
    Axes or None
        The frequencies along the axes, rising: the first axis is the worst. None with fewer than 12 directions, or when the fit is not
        positive.

    Notes
    -----
    This is exact when the signal-to-noise ratio falls off as a Gaussian with another B-factor along each axis. The fit averages the noise
    of single cones; residuals beyond 1.5 standard deviations are weighted down (Huber 1964, https://doi.org/10.1214/aoms/1177703732),
    because a curve that misses its crossing by chance ends far off.
    """
    known = np.isfinite(at)
    # Six unknowns: half of the observations at least are left to average their noise.
    if np.count_nonzero(known) < 12:
        return None
    x, y = products(axes[known]), at[known] ** -2.0
    weight = np.ones(y.size)
    for _ in range(_PASSES):
        root = np.sqrt(weight)
        q = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]
        rest = np.abs(y - x @ q)
        limit = _HUBER * GAUSSIAN * float(np.median(rest))
        weight = np.minimum(1.0, limit / np.maximum(rest, 1e-12)) if limit > 0 else np.ones(y.size)
    found = principal(q)
    # 1 / f^2 must be positive along all axes, else there is no ellipsoid.
    return Axes(found.values[::-1] ** -0.5, found.vectors[::-1]) if found.values[0] > 0 else None


class Regions(NamedTuple):
    """The best and the worst region of the sphere: resolution (Å) and middle (x, y, z) of each; ``scatter`` is the logarithm of their
    ratio over the standard error of the value of a region."""

    best: float
    best_axis: np.ndarray
    worst: float
    worst_axis: np.ndarray
    scatter: float


def regions(axes: np.ndarray, at: np.ndarray, fitted: Axes, effective: Effective) -> Regions:
    """Best and worst of the medians of the directional resolutions within 25 degrees of each direction.

    Parameters
    ----------
    axes
        Directions (x, y, z), float64 [n, 3].
    at
        Frequency of each (1/Å), float64 [n]; NaN is left out.
    fitted
        Principal axes of the smooth fit.
    effective
        Numbers of independent directions.

    Returns
    -------
    Regions
        Of the regions that hold a known resolution.

    Notes
    -----
    A cap with few data is seen here that is too small for :func:`smooth_axes`. The standard error is that of the median of the
    independent directions in a region; single directions scatter about the fit as its median absolute residual tells. Isotropic
    half-maps give a ``scatter`` of 3 to 5.5, because the best and the worst of many regions are taken.
    """
    resolution = np.where(np.isfinite(at), 1 / np.where(np.isfinite(at), at, 1), np.nan)
    near = np.abs(axes @ axes.T) >= np.cos(np.deg2rad(_REGION))
    middle = _medians(np.where(near, resolution, np.nan))
    rest = np.log(resolution / np.sqrt((axes @ fitted.vectors.T) ** 2 @ fitted.values ** -2.0))
    rest = rest[np.isfinite(rest)]
    sigma = robust_sd(rest)
    independent = near.sum(axis=1).mean() * effective.spread / len(axes)
    # The variance of a median is pi / 2 times that of a mean.
    error = sigma * np.sqrt(np.pi / 2 / independent)
    worst, best = int(np.nanargmax(middle)), int(np.nanargmin(middle))
    # 1e-9: without any scatter (curves that all end at Nyquist) the ratio of regions says nothing.
    scatter = float(np.log(middle[worst] / middle[best]) / error) if error > 1e-9 else 0.0
    return Regions(float(middle[best]), axes[best], float(middle[worst]), axes[worst], scatter)


def _medians(rows: np.ndarray) -> np.ndarray:
    """Median of the numbers in each row, NaN where there are none."""
    count, rows, each = (~np.isnan(rows)).sum(axis=1), np.sort(rows, axis=1), np.arange(len(rows))       # NaN comes last
    return (rows[each, np.maximum(count - 1, 0) // 2] + rows[each, count // 2]) / 2


def sphericity(sphere: Sphere, at: np.ndarray) -> Optional[float]:
    """``pi^(1/3) (6 V)^(2/3) / S`` of a body; 1 for a ball, None when a radius is not known.

    Parameters
    ----------
    sphere
        The directions and their triangles.
    at
        Radius of the body in each direction, float64 [n_half].

    Returns
    -------
    float or None
        At most about 1; None when a radius is not known.

    Notes
    -----
    Volume and surface are those of the triangulated body, over the value that the triangulation gives for a ball.
    Tan et al. (2017), https://doi.org/10.1038/nmeth.4347.
    """
    if not np.all(np.isfinite(at)):
        return None

    def value(radius: np.ndarray) -> float:
        a, b, c = (sphere.vertices * radius[:, None])[sphere.faces.T]
        surface = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
        volume = np.abs(np.einsum("ij,ij->i", a, np.cross(b, c))).sum() / 6
        return float(np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / surface)

    return value(at[sphere.of_half]) / value(np.ones(len(sphere.vertices)))


def area_ratio(fsc: np.ndarray) -> float:
    """Smallest over largest area under the curves of all directions, from the first shell to the last.

    Parameters
    ----------
    fsc
        Curves, float64 [n_shells, n_directions]; negative values count as 0.

    Returns
    -------
    float
        1 is isotropic, 0 the worst; NaN when no curve is above 0.
    """
    areas = np.clip(fsc[1:], 0, None).sum(axis=0)
    return float(areas.min() / areas.max()) if areas.max() > 0 else float("nan")


def conical_area_ratio(fsc: np.ndarray, start: int) -> float:
    """cFAR: smallest over largest area under the FSC in hard cones of 20 degrees, each shell weighted by its area.

    Parameters
    ----------
    fsc
        Curves in hard double cones of 20 degrees half-angle, float64 [n_shells, n_directions]; NaN in directions without anything.
    start
        First shell that counts; coarser ones hold too few coefficients in a cone.

    Returns
    -------
    float
        0 to 1; NaN when no curve starts above 0.143. Isotropic half-maps have 0.70 to 0.94, in a mask 0.45 to 0.95.

    Notes
    -----
    ``sum of FSC(k) k^2`` from ``start`` up to the first shell below 0.143. A direction without anything, or below 0.143 at ``start``, has
    the area 0. The definition is that of the orientation diagnostics of cryoSPARC, https://guide.cryosparc.com.
    """
    above = np.logical_and.accumulate(fsc[start:] >= FAR_LEVEL, axis=0)
    areas = (np.where(above, fsc[start:], 0.0) * np.arange(start, len(fsc))[:, None] ** 2).sum(axis=0)
    return float(areas.min() / areas.max()) if areas.max() > 0 else float("nan")
