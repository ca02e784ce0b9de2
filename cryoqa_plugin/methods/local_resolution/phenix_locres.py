"""Local resolution from two half-maps: their correlation in balls, bin by bin of frequency, as Phenix's local_resolution_map."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, NamedTuple, Optional, Tuple

import numpy as np

from ...core import fourier, tophat
from ...core.fourier import Geometry
from ...errors import InputError
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, curve, metric
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.mask import INSIDE
from .local_resolution import LocalResolution, limits_of_halves, local_resolution_values, overall_resolution, summary_of_halves, usable_mask
from .local_resolution import resolution as _res

_FINEST = 0.833                       # highest resolution over the overall one
_GRID = 0.75                          # highest frequency of the grid of the correlations, times the radius of the balls


@dataclass(frozen=True)
class PhenixLocresParams:
    """Parameters of :func:`compute_phenix_locres`."""

    resolution: Optional[float] = param(None, "Overall resolution: balls, smoothing and the finest bin follow from it. From the data: "
                                        "FSC of 0.143 of the half-maps, without a mask.", label="Resolution", unit="Å",
                                        min=0.5, max=100)
    threshold: float = param(0.143, "Correlation at which the resolution is read.", label="Threshold", min=0.02, max=0.9)
    bins: int = param(20, "Bins of frequency, each of as many coefficients.", label="Bins", min=5, max=100)
    highest_resolution: Optional[float] = param(None, "Resolution at which the bins end, the best there can be. From the resolution: "
                                                "0.833 of it.", label="Highest resolution", unit="Å", min=0.2, max=100, expert=True)
    radius: Optional[float] = param(None, "Radius of the balls. From the resolution: as much. Larger ones are more certain, and blur.",
                                    label="Radius", unit="Å", min=1, max=200)
    smooth: Optional[float] = param(None, "Standard deviation of the Gaussian that smooths the map of resolutions, 0 for none. From "
                                    "the resolution: as much.", label="Smoothing", unit="Å", min=0, max=200)
    rules: str = param("phenix", "phenix: between the finest bin above the threshold and the coarsest below it, their mean when they are "
                       "in the wrong order. first_fall: the first fall below the threshold, from coarse to fine.", label="Rules",
                       choices=("phenix", "first_fall"))


@dataclass(frozen=True)
class PhenixLocresResult(LocalResolution, HalfMapFacts):
    """Result of :func:`compute_phenix_locres`; percentiles are over the voxels of the mask."""

    schema: ClassVar[str] = "cryoqa/phenix_locres/1"
    overall: Optional[float] = _res("resolution from which balls, smoothing and bins follow: that of the unmasked half-maps, or that given")
    solvent_median: Optional[float] = metric("Å", "median outside the mask, where there is none: what noise alone gives", "none")
    inverted_fraction: Optional[float] = metric("", "part of the mask where a finer bin is above the threshold again, so that it means "
                                                "less", "lower")
    coefficients: Optional[float] = metric("", "independent coefficients of a bin in a ball, from which a correlation is taken", "higher")
    threshold: Optional[float] = metric("", "correlation at which the resolution is read", "none")
    radius: Optional[float] = metric("Å", "radius of the balls", "none")
    smooth: Optional[float] = metric("Å", "standard deviation of the Gaussian that smooths the map of resolutions", "none")
    highest_resolution: Optional[float] = metric("Å", "resolution at which the bins end", "none")
    bins: Optional[int] = metric("", "bins of frequency", "none")
    rules: Optional[str] = metric("", "rules by which the resolution is read", "none")
    correlation: Optional[Curve] = curve("mean correlation in the mask", x_label="Frequency", x_unit="1/Å", y_label="Correlation")


def compute_phenix_locres(study: Study, params: PhenixLocresParams, *, progress: Progress = silent) -> PhenixLocresResult:
    """Local resolution of two half-maps in a mask, by their correlation in balls in bins of frequency.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, float32 [z, y, x]; ``mask`` if there is one, else one is made.
    params
        Overall resolution, threshold, bins and balls.
    progress
        Called with the part that is done and what is being done.

    Returns
    -------
    PhenixLocresResult
        Resolutions in Å where the mask is at least 0.5.

    Raises
    ------
    InputError
        Inputs that do not fit together, bins that hold no shell, or a mask that nowhere reaches 0.5.

    Notes
    -----
    Each bin holds as many coefficients as the others. Where the correlation passes ``threshold``, linear between bins, is the resolution,
    which a Gaussian smooths.

    References
    ----------
    Program: Liebschner et al. (2019), https://doi.org/10.1107/S2059798319011471.
    """
    study.check("half1", "half2", "mask", least=16, what="local resolution needs")
    progress(0.02, "mask")
    used = usable_mask(study)
    inside = used.data >= INSIDE
    progress(0.05, "Fourier transforms")
    bins = choose_bins(study, params, inside)
    found = sweep(study, bins, params, part(progress, 0.1, 0.8))
    everywhere = smoothed(bins, found.resolution)
    solvent = everywhere[~inside]
    everywhere[~inside] = 0
    here, edges = bins.inside, bins.edges / bins.geo.length
    values: Dict[str, Any] = dict(study.half_map_values(), **local_resolution_values(
        study, used, everywhere, unresolved=found.none[here].mean(), nyquist=found.never[here].mean(), label=params.threshold,
        column="Correlation"))
    values.update(
        overall=bins.overall, solvent_median=float(np.median(solvent)) if solvent.size else None,
        inverted_fraction=float(found.inverted[here].mean()), threshold=params.threshold, radius=bins.radius, smooth=bins.smooth,
        coefficients=4 / 3 * np.pi * bins.radius ** 3 * 2 / 3 * np.pi * edges[-1] ** 3 / params.bins,
        highest_resolution=float(1 / edges[-1]), bins=params.bins, rules=params.rules, correlation=Curve(1 / centres(bins), found.mean))
    progress(1.0, "done")
    words = summary_of_halves(values, used, curves="their correlation", at=f"a correlation of {params.threshold:g}",
                              how=f"balls of {bins.radius:.3g} Å radius")
    return PhenixLocresResult(summary=words, warnings=(*used.notes(), *limits_of_halves(study, values)), **values)


class Bins(NamedTuple):
    """Bins of frequency, and where correlations are kept.

    ``edges`` float64 [bins + 1] in shells of ``geo``; ``overall`` resolution, ``radius`` of the balls and ``smooth`` of the Gaussian in Å;
    ``grid`` (z, y, x) holds the points, of which ``inside`` bool [z, y, x] lie in the mask.
    """

    geo: Geometry
    edges: np.ndarray
    overall: float
    radius: float
    smooth: float
    grid: Tuple[int, int, int]
    inside: np.ndarray


class BinResolutions(NamedTuple):
    """Resolution (Å), and bool: a finer bin above, no bin below, no bin above; each [z, y, x] of the grid; mean correlation per bin."""

    resolution: np.ndarray
    inverted: np.ndarray
    never: np.ndarray
    none: np.ndarray
    mean: np.ndarray


def choose_bins(study: Study, params: PhenixLocresParams, inside: np.ndarray) -> Bins:
    """Bins, balls and grid.

    Parameters
    ----------
    study
        The half-maps.
    params
        What was asked for.
    inside
        Where the mask is, bool [z, y, x].

    Returns
    -------
    Bins
        Bins, balls and grid; all points count as inside where the mask lies between them.

    Raises
    ------
    InputError
        The first bin holds less than a shell.
    """
    map_, geo = study.grid, study.geometry
    overall = params.resolution or overall_resolution(study)
    highest = max(params.highest_resolution or _FINEST * overall, 2 * max(map_.voxel_size))
    edges = tophat.equal_bins(geo, 1 / highest, params.bins)
    if edges[1] < 1.5:
        raise InputError(f"The first of {params.bins} bins up to {highest:.3g} Å holds less than a shell of the map, whose edge is "
                         f"{geo.length:.4g} Å ({map_.place}); give fewer bins, or a finer resolution.")
    radius = params.radius or overall
    smooth = overall if params.smooth is None else params.smooth
    finest = min(radius, smooth) if smooth > 0 else 0.0
    grid = tophat.grid_for(geo, _GRID * geo.length / finest) if finest > 0 else geo.shape
    at = np.ix_(*(np.minimum(np.floor(np.arange(m) * n / m + 0.5).astype(int), n - 1) for m, n in zip(grid, geo.shape)))
    points = inside[at]
    if not points.any():                                     # a mask of a few voxels, between the points
        points = np.ones(grid, dtype=bool)
    return Bins(geo, edges, overall, radius, smooth, grid, points)


def centres(bins: Bins) -> np.ndarray:
    """Resolution of each bin: the middle of its limits; of the first, which begins at infinity, the mean frequency.

    Parameters
    ----------
    bins
        The bins.

    Returns
    -------
    ndarray
        In Å, float64 [bins].
    """
    edges = bins.edges / bins.geo.length
    out = np.empty(edges.size - 1)
    out[1:] = (1 / edges[1:-1] + 1 / edges[2:]) / 2
    out[0] = 1 / (0.75 * edges[1])  # a ball has its mean radius at 3/4 of its edge
    return out


def sweep(study: Study, bins: Bins, params: PhenixLocresParams, progress: Progress) -> BinResolutions:
    """Correlations of all bins, from coarse to fine, and the resolution that they give at each point.

    Parameters
    ----------
    study
        The half-maps.
    bins
        Bins, balls and grid.
    params
        Threshold and rules.
    progress
        Called with the part that is done and the bin.

    Returns
    -------
    BinResolutions
        At every point of the grid.
    """
    at, threshold = centres(bins), params.threshold
    one, two = study.transform("half1"), study.transform("half2")
    above, cc_above = np.zeros(bins.grid, dtype=np.int16) - 1, np.zeros(bins.grid, dtype=np.float32)
    below, cc_below = np.zeros(bins.grid, dtype=np.int16) - 1, np.zeros(bins.grid, dtype=np.float32)
    last = np.zeros(bins.grid, dtype=np.float32)
    before = np.zeros(bins.grid, dtype=np.float32)           # correlation of the bin before the first one below
    mean = []
    for i in range(at.size):
        progress(i / at.size, f"bin at {at[i]:.2f} Å")
        cc = tophat.local_correlation(one, two, bins.geo, bins.edges[i], bins.edges[i + 1], bins.radius, bins.grid)
        mean.append(float(cc[bins.inside].mean(dtype=np.float64)))
        high = cc >= threshold
        above[high], cc_above[high] = i, cc[high]
        first = ~high & (below < 0)
        below[first], cc_below[first], before[first] = i, cc[first], last[first]
        last = cc
    inverted, never, none = (below >= 0) & (above > below), below < 0, above < 0
    if params.rules == "first_fall":
        above, cc_above = np.where(never, at.size - 1, below - 1), before
    turned = inverted & (params.rules != "first_fall")
    return BinResolutions(_resolution(at, (above, cc_above), (below, cc_below), turned, threshold), inverted, never, none, np.array(mean))


def _resolution(at: np.ndarray, upper: Tuple[np.ndarray, np.ndarray], lower: Tuple[np.ndarray, np.ndarray], turned: np.ndarray,
                threshold: float) -> np.ndarray:
    """Resolution (Å), float32, from the bins above and below (index, -1 for none; correlation): linear in between, or their mean."""
    (above, cc_above), (below, cc_below) = upper, lower
    d_above, d_below = at[np.maximum(above, 0)], at[np.maximum(below, 0)]
    # 1e-6: both correlations may be the same to the last bit.
    share = (cc_above - threshold) / np.maximum(cc_above - cc_below, 1e-6)
    out = np.where(turned, (d_above + d_below) / 2, d_above + np.clip(share, 0, 1) * (d_below - d_above))
    out = np.where(below < 0, d_above, np.where(above < 0, d_below, out))
    return out.astype(np.float32)


def smoothed(bins: Bins, resolution: np.ndarray) -> np.ndarray:
    """The resolution at every voxel, smoothed by the Gaussian.

    Parameters
    ----------
    bins
        The grid, and the Gaussian.
    resolution
        Resolution (Å) at the points of the grid, float32 [z, y, x].

    Returns
    -------
    ndarray
        In Å, float32 [z, y, x].
    """
    if bins.smooth == 0:
        return resolution.copy()
    grid = tophat.geometry_on(bins.geo, bins.grid)
    return tophat.resample(fourier.forward(resolution), grid, bins.geo.shape, tophat.gaussian_profile(bins.geo, bins.smooth))
