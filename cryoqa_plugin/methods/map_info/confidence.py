"""The confidence map: where there is more than noise, with the false discovery rate under control."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...core import discovery
from ...core.discovery import NormalTail
from ...errors import InputError
from ...io.inputs import require
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...rounding import show_value
from ...study import Study
from ...study.confident import RATE, WINDOW, Noise, Tail, choose_tail, refused
from ...study.halves import HalfMapFacts
from ...study.mask import INSIDE
from . import confidence_blobs as blobs
from .confidence_noise import Tested, noise_of, standardise

_RATES = np.logspace(-6, np.log10(0.5), 58)      # of the curve
_SOURCES = {"difference": "the difference of the half-maps", "solvent": "the solvent", "boxes": "four boxes at the faces"}


@dataclass(frozen=True)
class ConfidenceParams:
    """Parameters of the ``confidence`` capability."""

    noise: str = param("auto", "Where the noise is taken from. difference: half the difference of the half-maps, which is what is noise in "
                       "their mean, at every place; solvent: what the mask leaves out; boxes: four boxes at the faces of the box, as "
                       "FDRthresholding does. auto: the difference, of a map alone the solvent.", label="Noise from",
                       choices=("auto", "difference", "solvent", "boxes"))
    weighting: str = param("auto", "What is tested. none: the map as it is, whose strong low frequencies show where the molecule is; fsc: "
                           "with the shells evened out and weighted by the FSC of the half-maps, which shows detail; local: low-passed at "
                           "the local resolution. auto: local where a resolution map was given, else none.", label="Weighting",
                           choices=("auto", "none", "fsc", "local"))
    procedure: str = param("yekutieli", "yekutieli: keeps the false discovery rate however voxels depend on each other; benjamini: only "
                           "for independent ones; holm, hochberg: no false voxel at all, which few voxels pass.", label="Procedure",
                           choices=("yekutieli", "benjamini", "hochberg", "holm"))
    side: str = param("positive", "positive: density above the solvent; negative: below; both.", label="Density",
                      choices=("positive", "negative", "both"))
    distribution: str = param("auto", "normal: p-values of a normal distribution; empirical: of the noise as it is. auto: empirical where "
                              "the noise is not normal.", label="Distribution of the noise", choices=("auto", "normal", "empirical"),
                              expert=True)
    window: float = param(WINDOW, "Standard deviation of the Gaussian window in which the noise of a difference is measured.",
                          label="Window of the noise", unit="Å", min=5, max=1000, expert=True)
    box: Optional[int] = param(None, "Edge of the four boxes; when empty a twentieth of the map, at least 10.", label="Edge of the boxes",
                               unit="voxels", min=2, max=1000, expert=True, only_if=("noise", ("boxes",)))


def _part(meaning: str, better: str = "none") -> Any:
    return metric("", meaning, better)


@dataclass(frozen=True)
class ConfidenceResult(HalfMapFacts):
    """Result of the ``confidence`` capability. A voxel is confident where the false discovery rate is at most 1 %."""

    schema: ClassVar[str] = "cryoqa/confidence/1"
    threshold_1_percent: Optional[float] = _part("density of the map that was tested above which at most 1 % of the voxels are noise")
    nothing_found: Optional[bool] = _part("density above the solvent was looked for, and none is confident")
    confident_share: Optional[float] = _part("part of the voxels tested that are confident")
    confident_volume: Optional[float] = metric("Å³", "volume of the confident voxels", "none")
    pieces: Optional[int] = _part("connected pieces of the confident voxels")
    other_pieces: Optional[int] = _part("pieces beside the largest that are larger, or stronger, than those of noise")
    largest_share: Optional[float] = _part("part of the confident voxels in the largest piece", "higher")
    outside_mask: Optional[float] = _part("part of the confident voxels where the given mask is below 0.5")
    tested_share: Optional[float] = _part("part of the box that was tested: the largest sphere in it, as far as the map was not cut off")
    noise_source: Optional[str] = _part("where the noise was taken from: difference, solvent or boxes")
    noise_share: Optional[float] = _part("part of the box that the noise was taken from")
    noise_sd: Optional[float] = _part("median standard deviation of the noise, in units of the map that was tested")
    noise_unevenness: Optional[float] = _part("standard deviation of the noise that 95 % of the voxels tested are below, over that of 5 %")
    solvent_level: Optional[float] = _part("density of the solvent, which counts as 0")
    weighting_used: Optional[str] = _part("what was tested: the map as it is (none), weighted by its FSC (fsc), or low-passed at its local "
                                          "resolution (local)")
    distribution_used: Optional[str] = _part("distribution that the p-values are of: normal or empirical")
    noise_fits: Optional[bool] = _part("the noise is normal, or its own distribution was used")
    normality_distance: Optional[float] = _part("largest distance of the distribution of the noise from the normal one", "lower")
    normality_tail: Optional[float] = _part("the same, more than 2 standard deviations from the mean", "lower")
    normality_excess: Optional[float] = _part("noise beyond 3.5 standard deviations over what a normal distribution has there", "target:1")
    normality_anderson: Optional[float] = _part("A² of Anderson and Darling of 10 000 voxels of the noise", "lower")
    normality_probability: Optional[float] = _part("its probability for independent voxels of normal noise", "higher")
    found: Optional[Curve] = curve("voxels found by false discovery rate", x_label="False discovery rate", x_unit="",
                                   y_label="Part of the voxels tested")
    blobs: Optional[Table] = table("Connected pieces of the confident voxels with their centres, largest first, at most 20")
    confidence_map: Optional[Map] = map_output("", "1 less the false discovery rate at which a voxel is still found; 0 where nothing was "
                                                   "tested", output="outputConfidence")
    confidence_mask: Optional[Map] = map_output("", "the confident voxels: 1, else 0", output="outputMask", mask=True)
    noise_map: Optional[Map] = map_output("", "standard deviation of the noise where it was taken from, else 0", output="outputNoise")
    tested_map: Optional[Map] = map_output("", "the map that was tested, where it is not the one given or the mean of the half-maps",
                                           output="outputTested")


def compute_confidence(study: Study, params: ConfidenceParams, *, progress: Progress = silent) -> ConfidenceResult:
    """Where there is more than noise, voxel by voxel.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, whose mean is tested, or ``full_map``; ``mask``, ``resolution_map`` (Å) when there is one.
    params
        See :class:`ConfidenceParams`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    ConfidenceResult
        Without maps and numbers where the difference of the half-maps is no noise: copies, half-maps that do not lie on each other, or
        that share noise.

    Raises
    ------
    InputError
        The map was masked where the noise is to be taken from; or there is nothing to weight its shells by.
    MissingInputError
        What the noise or the weighting needs was not given.

    Notes
    -----
    ``p = 1 - Phi((map - level) / sd)`` with ``sd² = G(d²)`` at every voxel, ``d`` half the difference of the half-maps and ``G`` a Gaussian
    window over the voxels that hold noise; p-values are adjusted over the largest sphere of the box by
    :func:`cryoqa_plugin.core.discovery.q_values`.

    References
    ----------
    Beckers, Jakobi & Sachse (2019), https://doi.org/10.1107/S2052252518014434; Benjamini & Yekutieli (2001),
    https://doi.org/10.1214/aos/1013699998.
    """
    study.check("half1", "half2", "full_map", "mask", "resolution_map", least=16, what="a confidence map needs")
    source, weighting = _choices(study, params)
    values = study.half_map_values()
    why = refused(study) if source == "difference" else None
    values.update(noise_source=source, weighting_used=weighting)
    if why:
        words = f"No confidence map was made: {why}. Their difference is not the noise of their mean."
        return ConfidenceResult(summary=words, **values)
    progress(0.1, "noise")
    noise = noise_of(study, source, params.window, params.box)
    tested = standardise(study, noise, weighting, progress)
    progress(0.8, "false discovery rate")
    noise = noise._replace(image=None)                       # it has said what it knows, and takes the memory of a map
    if weighting != "none":
        values["tested_map"] = study.grid.with_data(tested.values)
    values.update(_confidence(study, params, noise, tested))
    progress(1.0, "done")
    return ConfidenceResult(summary=_summary(values), warnings=_warnings(study, tested, values), **values)


def _choices(study: Study, params: ConfidenceParams) -> Tuple[str, str]:
    """Source of the noise and weighting; raises :class:`MissingInputError` where they lack an input."""
    source = params.noise if params.noise != "auto" else "difference" if study.has_halves else "solvent"
    given = study.resolution_map is not None
    weighting = params.weighting if params.weighting != "auto" else "local" if given else "none"
    if source == "difference" or weighting == "fsc":
        require(study.inputs, "half1", "half2")
    if weighting == "local":
        require(study.inputs, "resolution_map")
    if weighting == "fsc" and source != "difference" and study.full_map is not None:
        raise InputError(f"The weights by the FSC are those of the mean of the half-maps, not of the map that was given "
                         f"({study.full_map.place}): take the noise from the difference of the half-maps, or give them alone.")
    return source, weighting


def _distribution(noise: Noise, sample: np.ndarray, params: ConfidenceParams) -> Tuple[Tail, Dict[str, Any]]:
    """Tail of the noise, and what its tests say."""
    tail, found, fits = choose_tail(sample, int(np.count_nonzero(noise.tested)), noise.window is not None, params.side, params.distribution)
    used = "normal" if isinstance(tail, NormalTail) else "empirical"
    return tail, dict(distribution_used=used, noise_fits=fits, normality_distance=found.distance, normality_tail=found.tail,
                      normality_excess=found.excess, normality_anderson=found.anderson, normality_probability=found.probability)


def _confidence(study: Study, params: ConfidenceParams, noise: Noise, tested: Tested) -> Dict[str, Any]:
    """The maps, and the numbers at a rate of 1 %."""
    grid, inside = study.grid, noise.tested
    tail, out = _distribution(noise, tested.sample, params)
    q, numbers = _tested_voxels(params, noise, tested, tail)
    out.update(numbers)
    mask = np.zeros(grid.shape, bool)
    mask[inside] = q <= RATE
    count, given = int(np.count_nonzero(mask)), study.mask
    out.update(_pieces(params, noise, tested, tail, mask, grid))
    np.subtract(1, q, out=q)
    data = np.zeros(grid.shape, np.float32)
    data[inside] = q
    del q
    return dict(
        out, confident_share=count / max(np.count_nonzero(inside), 1), confident_volume=count * float(np.prod(grid.voxel_size)),
        nothing_found=None if params.side == "negative" else count == 0,
        outside_mask=float((given.data[mask] < INSIDE).mean()) if given is not None and count else None,
        tested_share=float(inside.mean()), noise_share=float(noise.region.mean()), solvent_level=tested.level,
        confidence_map=grid.with_data(data), confidence_mask=grid.with_data(mask.astype(np.float32)),
        noise_map=grid.with_data(np.multiply(tested.sd, noise.region, out=tested.sd)))


def _pieces(params: ConfidenceParams, noise: Noise, tested: Tested, tail: Tail, mask: np.ndarray, grid: Map) -> Dict[str, Any]:
    """The connected pieces, and which of them noise makes as well."""
    heights = tested.values[mask] / tested.sd[mask]
    if not heights.size:
        return dict(pieces=0)
    heights = np.abs(heights) if params.side == "both" else -heights if params.side == "negative" else heights
    most = blobs.largest_of_noise(tested.sample, noise.region)
    sizes, found = blobs.blobs_of(mask, heights, tail, int(np.count_nonzero(noise.tested)), most, grid)
    return dict(pieces=int(sizes.size), largest_share=float(sizes[0]) / heights.size, other_pieces=found.density, blobs=found.table)


def _tested_voxels(params: ConfidenceParams, noise: Noise, tested: Tested,
                   tail: Tail) -> Tuple[np.ndarray, Dict[str, Any]]:
    """False discovery rates of the voxels that are tested, float32 [n], and the numbers that come of them alone."""
    height, sd = tested.values[noise.tested], tested.sd[noise.tested]
    height = np.abs(height) if params.side == "both" else -height if params.side == "negative" else height
    low, middle, high = (float(v) for v in np.quantile(sd[::max(1, sd.size // 400_000)], (0.05, 0.5, 0.95)))
    q = discovery.q_values(height / sd, tail, params.procedure)
    if noise.window is not None:
        level = discovery.even_threshold(height, sd, tail, RATE, params.procedure)
    else:
        level = float(height[q <= RATE].min(initial=np.inf))            # one noise for all: it is the lowest density found
    return q, dict(threshold_1_percent=tested.level + (-level if params.side == "negative" else level) if np.isfinite(level) else None,
                   noise_sd=middle, noise_unevenness=high / low, found=_found(q))


def _found(q: np.ndarray) -> Curve:
    """Part of the voxels that are found by the rate."""
    some = np.sort(q[q < 1])
    return Curve(_RATES, np.searchsorted(some, _RATES.astype(np.float32), side="right") / q.size)


def _summary(values: Dict[str, Any]) -> str:
    where = _SOURCES[values["noise_source"]]
    if not values["pieces"]:
        return f"No voxel is more than noise at a false discovery rate of 1 % (noise from {where})."
    return (f"At a false discovery rate of 1 %, {show_value(100 * values['confident_share'], '%')} of the voxels tested are more than noise"
            f" (noise from {where}), {show_value(100 * values['largest_share'], '%')} of these in one piece.")


def _warnings(study: Study, tested: Tested, values: Dict[str, Any]) -> Tuple[str, ...]:
    out: List[str] = list(tested.notes)
    if values["noise_source"] == "difference" and study.full_map is not None:
        out.append("The mean of the half-maps was tested and not the map that was given: the noise of their difference is that of their "
                   "mean.")
    if values["noise_source"] == "solvent":
        out += study.used_mask.notes()
    return tuple(out)
