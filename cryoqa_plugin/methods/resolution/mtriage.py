"""What phenix.mtriage tells about a map: detail of the map, agreement of the half-maps, agreement with a model."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Result, Table, curve, map_output, metric, table
from . import mtriage_steps as steps, mtriage_verdict as verdict

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class MtriageParams:
    """Parameters of the ``mtriage`` capability."""

    masking: str = param("both", "Which maps to look at: as they are, inside a mask, or both.", label="Masking",
                         choices=("both", "unmasked", "masked"))
    mask_from: str = param("automatic", "Where the mask comes from. Automatic: the mask given, else made around the model, else none. "
                           "Variance: made from the local variance of the map.", label="Mask from",
                           choices=("automatic", "given", "model", "variance"))
    resolution: Optional[float] = param(None, "Approximate resolution, for the masks made here; when empty that of the half-maps at "
                                        "FSC 0.143, or d99 without half-maps.", label="Resolution", unit="Å", min=0.5, max=200)
    radius_smooth: Optional[float] = param(None, "Distance by which the mask around the model is widened, and standard deviation of "
                                           "the Gaussian that softens a mask made here; when empty, ratio times resolution.",
                                           label="Smoothing radius", unit="Å", min=0, max=200, expert=True)
    radius_smooth_ratio: float = param(2.0, "Smoothing radius over resolution.", label="Smoothing ratio", min=0.1, max=20, expert=True)
    low_resolution: Optional[float] = param(None, "Leave out everything coarser than this.", label="Low-resolution limit", unit="Å",
                                            min=1, max=1e5, expert=True)
    high_resolution: Optional[float] = param(None, "Leave out everything finer than this.", label="High-resolution limit", unit="Å",
                                             min=0.1, max=1e3, expert=True)
    scattering_table: str = param("electron", "Scattering factors of the atoms.", label="Scattering factors",
                                  choices=("electron", "xray", "neutron"), expert=True)
    phenix_d99: bool = param(True, "Count coefficients for d99 as Phenix does (one plane of them by half), so that the number can be held "
                             "against published ones; exact counting gives a d99 that is 1 to 2 % larger.",
                             label="d99 as Phenix", expert=True)


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "lower")


def _fsc(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC")


def _histogram(meaning: str) -> Any:
    return curve(meaning, x_label="Map value", x_unit="", y_label="Voxels")


@dataclass(frozen=True)
class MtriageResult(Result):
    """Result of the ``mtriage`` capability. ``unmasked``: the maps as they are; ``masked``: times the mask, not corrected for it."""

    schema: ClassVar[str] = "cryoqa/mtriage/1"
    d_fsc_unmasked: Optional[float] = _res("half-map FSC at 0.143")
    d_fsc_masked: Optional[float] = _res("half-map FSC at 0.143 in the mask")
    d_fsc_05_unmasked: Optional[float] = _res("half-map FSC at 0.5")
    d_fsc_05_masked: Optional[float] = _res("half-map FSC at 0.5 in the mask")
    d99_map_unmasked: Optional[float] = _res("cut-off that keeps a correlation of 0.99 with the map")
    d99_map_masked: Optional[float] = _res("cut-off that keeps a correlation of 0.99 with the masked map")
    d99_half1_unmasked: Optional[float] = _res("d99 of half-map 1")
    d99_half1_masked: Optional[float] = _res("d99 of half-map 1 in the mask")
    d99_half2_unmasked: Optional[float] = _res("d99 of half-map 2")
    d99_half2_masked: Optional[float] = _res("d99 of half-map 2 in the mask")
    d_fsc_model_0_unmasked: Optional[float] = _res("map-model FSC at 0")
    d_fsc_model_0_masked: Optional[float] = _res("map-model FSC at 0 in the mask")
    d_fsc_model_0143_unmasked: Optional[float] = _res("map-model FSC at 0.143")
    d_fsc_model_0143_masked: Optional[float] = _res("map-model FSC at 0.143 in the mask")
    d_fsc_model_05_unmasked: Optional[float] = _res("map-model FSC at 0.5")
    d_fsc_model_05_masked: Optional[float] = _res("map-model FSC at 0.5 in the mask")
    d_model_unmasked: Optional[float] = _res("cut-off of the model at the overall B-factor that correlates best with the map")
    d_model_masked: Optional[float] = _res("cut-off of the model at the overall B-factor that correlates best with the masked map")
    d_model_b0_unmasked: Optional[float] = _res("cut-off of the model with all B = 0 that correlates best with the map")
    d_model_b0_masked: Optional[float] = _res("cut-off of the model with all B = 0 that correlates best with the masked map")
    b_iso_overall_unmasked: Optional[float] = metric("Å²", "overall B-factor that takes the model with all B = 0 to the map", "none")
    b_iso_overall_masked: Optional[float] = metric("Å²", "overall B-factor that takes the model with all B = 0 to the masked map", "none")
    model_correlation: Optional[float] = metric("", "correlation of the map (masked if there is a mask) with the model at the overall "
                                                "B-factor, cut off at d_model", "higher")
    model_zscore: Optional[float] = metric("SD", "mean map value at the atoms above the mean of the map, in standard deviations", "higher")
    model_gap: Optional[float] = metric("", "map-model FSC at 0.5 over half-map FSC at 0.143, both in Å, masked if there is a mask: "
                                        "above 1 the model lags behind the half-maps", "target:1")
    model_lead: Optional[float] = metric("", "the inverse of model_gap: above 1 the model runs ahead of the half-maps", "target:1")
    model_b_mean: Optional[float] = metric("Å²", "mean B-factor of the atoms used", "none")
    b_excess: Optional[float] = metric("Å²", "overall B-factor less the mean B-factor of the model: blur of the map that the model lacks; "
                                       "negative for a map sharper than the model", "none")
    atoms_used: Optional[int] = metric("", "atoms inside the box that the model density is made of", "higher")
    atoms_outside: Optional[float] = metric("", "part of the atoms that lie outside the box", "lower")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_masked: Optional[bool] = metric("", "a half-map was multiplied by a mask before it came here", "none")
    d_fsc_falls: Optional[int] = metric("", "times the half-map FSC falls below 0.143 before Nyquist", "target:1")
    reaches_nyquist: Optional[bool] = metric("", "the half-map FSC is above 0.143 up to Nyquist", "none")
    histogram_correlation: Optional[float] = metric("", "correlation of the histograms of the two half-maps", "higher")
    nyquist: Optional[float] = metric("Å", "twice the largest voxel edge", "none")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, model or variance", "none")
    mask_fraction: Optional[float] = metric("", "mean of the mask: part of the box inside", "none")
    radius_smooth: Optional[float] = metric("Å", "smoothing radius of the mask made here", "none")
    fsc_half_unmasked: Optional[Curve] = _fsc("FSC of the half-maps, nearest-integer shells out to the corner of Fourier space")
    fsc_half_masked: Optional[Curve] = _fsc("FSC of the half-maps in the mask, not corrected")
    fsc_model_unmasked: Optional[Curve] = _fsc("FSC of the map with the model")
    fsc_model_masked: Optional[Curve] = _fsc("FSC of the masked map with the model")
    histogram_map: Optional[Curve] = _histogram("voxels of the map in 20 equal ranges of its values")
    histogram_half1: Optional[Curve] = _histogram("voxels of half-map 1 in 20 equal ranges of the values of both half-maps")
    histogram_half2: Optional[Curve] = _histogram("voxels of half-map 2 in 20 equal ranges of the values of both half-maps")
    map_counts: Optional[Table] = table("size, origin, values and finest resolution of each map")
    mask_used: Optional[Map] = map_output("", "the mask that the masked numbers belong to")


def compute_mtriage(inputs: Inputs, params: MtriageParams, *, progress: Progress = None) -> MtriageResult:
    """mtriage of ``full_map`` (the mean of the half-maps when it is not given), ``half1`` and ``half2``, with ``model`` and ``mask``.

    Afonine et al. (2018), https://doi.org/10.1107/S2059798318009324 (the numbers); Rosenthal & Henderson (2003),
    https://doi.org/10.1016/j.jmb.2003.07.013 (0.143 between half-maps is 0.5 between the map and a perfect model).
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params)
    say(0.02, "values of the maps")
    values = steps.counts(work)
    say(0.1, "model density" if inputs.model else "Fourier transforms")
    values.update(steps.place_model(work))
    unmasked = steps.measure(work, None)
    if params.masking != "masked":
        values.update(steps.named(unmasked, "unmasked"))
    say(0.55, "mask")
    mask = steps.make_mask(work, unmasked)
    masked = None
    if mask is not None:
        say(0.7, "masked maps")
        masked = steps.measure(work, mask.data)
        values.update(steps.named(masked, "masked"), mask_used=mask, **verdict.mask_facts(work, mask, unmasked))
    values.update(verdict.verdict(work, unmasked, masked))
    say(1.0, "done")
    return MtriageResult(summary=verdict.summary(values), warnings=tuple(work.warnings), **values)
