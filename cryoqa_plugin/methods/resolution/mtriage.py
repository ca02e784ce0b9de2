"""What phenix.mtriage tells about a map: detail of the map, agreement of the half-maps, agreement with a model."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional

from ...core import masks
from ...errors import InputError, MissingInputError
from ...io.inputs import require
from ...io.maps import Map
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...rounding import show_value
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.independence import Independence, limited
from ...study.model_place import ModelPlaceFacts
from . import mtriage_model as placing, mtriage_near
from .mtriage_model import in_file
from .mtriage_near import ModelAgreement
from .mtriage_passes import MtriageInputs, MtriageParams, MtriagePass, map_values, measure

_OF_HALVES = ("d_fsc_unmasked", "d_fsc_masked", "d_fsc_05_unmasked", "d_fsc_05_masked")


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "lower")


def _fsc(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC", output="outputFSCs")


def _histogram(meaning: str) -> Any:
    return curve(meaning, x_label="Map value", x_unit="", y_label="Voxels")


@dataclass(frozen=True)
class MtriageResult(ModelPlaceFacts, ModelAgreement, HalfMapFacts):
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
    model_zscore: Optional[float] = metric("SD", "mean density at the atoms above the mean of the map, in standard deviations of "
                                           "the map", "higher")
    model_b_mean: Optional[float] = metric("Å²", "mean B-factor of the atoms used", "none")
    b_excess: Optional[float] = metric("Å²", "overall B-factor less the mean B-factor of the model: blur of the map that the model lacks; "
                                       "negative for a map sharper than the model", "none")
    atoms_used: Optional[int] = metric("", "atoms inside the box that the model density is made of", "higher")
    atoms_outside: Optional[float] = metric("", "part of the atoms that lie outside the box", "lower")
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
    mask_used: Optional[Map] = map_output("", "the mask that the masked numbers belong to", output="outputMask", mask=True)


def compute_mtriage(study: Study, params: MtriageParams, *, progress: Progress = silent) -> MtriageResult:
    """mtriage of a map, of two half-maps, or of both, with a model and a mask when they are there.

    Parameters
    ----------
    study
        ``full_map`` (the mean of the half-maps when it is not given), ``half1`` and ``half2``, float32 [z, y, x]; ``model``; ``mask``.
    params
        Which passes to make, which mask, and the limits of the resolution.
    progress
        Called with the fraction done and what is being done.

    Raises
    ------
    MissingInputError
        There is no map, one half-map only, or not what the mask is to be made of.
    InputError
        The inputs do not fit together, no atom lies in the box, or the limits are the wrong way round.

    References
    ----------
    Afonine et al. (2018), https://doi.org/10.1107/S2059798318009324 (the numbers); Rosenthal & Henderson (2003),
    https://doi.org/10.1016/j.jmb.2003.07.013 (0.143 between half-maps is 0.5 between the map and a perfect model).
    """
    study.check("full_map", "half1", "half2", "mask", what="mtriage needs")
    _check_choices(study, params)
    warnings: List[str] = []
    if params.resolution is not None and study.compared_at(params.resolution).note:
        warnings.append(f"The resolution given, {params.resolution:.4g} Å, is finer than the voxels hold ({2 * study.grid.voxel:.4g} Å); "
                        "the map cannot show it.")
    grid = study.full_map if study.full_map is not None else study.half1     # the atoms lie by the origin of the map
    progress(0.02, "values of the maps")
    values = dict(study.half_map_values(), **map_values(study, grid))
    progress(0.1, "model density" if study.model else "Fourier transforms")
    inputs = MtriageInputs(study, params, grid, _place_model(study, params, grid, warnings))
    unmasked = measure(inputs, None)
    if params.masking != "masked":
        values.update(unmasked.named("unmasked"))
    progress(0.55, "mask")
    mask, masked = make_mask(inputs, unmasked), None
    if mask is not None:
        progress(0.7, "masked maps")
        masked = measure(inputs, mask.data)
        values.update(masked.named("masked"), mask_used=mask, **mask_values(inputs, mask, unmasked))
    if study.has_halves:
        values.update(half_map_curve_values(inputs, unmasked, warnings))
        values.update(limited(study.independence, values, _OF_HALVES))
        if study.independence.void is not None:
            values.update(d_fsc_falls=None, reaches_nyquist=None)
        elif study.independence.cut:                # a mask laid on half-maps that were masked before shows what the first mask did
            values.pop("d_fsc_masked", None)
    if inputs.model is not None:
        values.update(inputs.model.values, **mtriage_near.near_the_model(inputs, values, warnings))
        values.update(model_values(inputs, inputs.model, masked or unmasked, [] if values.get("model_place_words") else warnings))
    for where, measured in (("", unmasked), (" in the mask", masked)):
        if study.has_halves and (study.independence.void is not None or study.independence.end is not None):
            break
        if measured is not None and (where or params.masking != "masked"):
            warnings += _missing_crossings(measured, where)
    progress(1.0, "done")
    return MtriageResult(summary=_summary(values, study.independence if study.has_halves else None), warnings=tuple(warnings), **values)


def _check_choices(study: Study, params: MtriageParams) -> None:
    if params.low_resolution and params.high_resolution and params.low_resolution <= params.high_resolution:
        raise InputError(f"The low-resolution limit is {params.low_resolution:g} Å and the high-resolution limit "
                         f"{params.high_resolution:g} Å; the first must be the larger number.")
    if params.masking == "unmasked":
        return
    if params.mask_from == "given":
        require(study.inputs, "mask")
    if params.mask_from == "model":
        require(study.inputs, "model")
    if params.masking == "masked" and params.mask_from == "automatic" and study.mask is None and study.model is None:
        raise MissingInputError("Only masked maps are asked for, but there is neither a mask nor a model to make one from; "
                                "give one of them or take the mask from the variance of the map.")


def _place_model(study: Study, params: MtriageParams, grid: Map, warnings: List[str]) -> Optional[placing.Placed]:
    """The atoms on the grid; None without a model."""
    if study.model is None:
        return None
    return placing.place(study.model, grid, params.scattering_table, warnings,
                         lambda: study.model_transform(params.scattering_table), lambda: study.through, lambda: study.fitting_origin)


def mask_source(study: Study, params: MtriageParams) -> Optional[str]:
    """Where the mask comes from.

    Parameters
    ----------
    study, params
        The Study of the inputs; which mask is asked for.

    Returns
    -------
    str or None
        ``given``, ``model`` or ``variance``; None without a masked pass.
    """
    if params.masking == "unmasked":
        return None
    if params.mask_from != "automatic":
        return params.mask_from
    if study.mask is not None:
        return "given"
    return "model" if study.model is not None else None


def make_mask(inputs: MtriageInputs, unmasked: MtriagePass) -> Optional[Map]:
    """The mask of the masked pass by the rules of mtriage.

    Not the mask that a Study makes: the numbers are held against those of Phenix, which belong to its masks.

    Parameters
    ----------
    inputs
        The maps, the model and the parameters.
    unmasked
        The pass without a mask, for the resolution.

    Returns
    -------
    Map or None
        float32, 0 to 1; None when there is none to use.
    """
    source = mask_source(inputs.study, inputs.params)
    if source is None:
        return None
    if source == "given":
        return inputs.study.mask
    radius, voxel_size = smoothing_radius(inputs.params, unmasked), inputs.grid.voxel_size
    if source == "model" and inputs.model is not None:
        binary = placing.around(inputs.model, inputs.grid, radius)
    else:
        binary = masks.local_variance_mask(inputs.study.density.data, voxel_size, _resolution(inputs.params, unmasked))
    soft = masks.gaussian_soften(binary, voxel_size, radius)
    del binary
    top = float(soft.max())
    if source == "variance" or top > 1:
        soft /= top
    return inputs.grid.with_data(soft)


def _resolution(params: MtriageParams, unmasked: MtriagePass) -> float:
    return params.resolution or unmasked.values.get("d_fsc") or unmasked.values["d99_map"]


def smoothing_radius(params: MtriageParams, unmasked: MtriagePass) -> float:
    """Smoothing radius of the mask.

    Parameters
    ----------
    params
        The radius asked for, or its ratio to the resolution.
    unmasked
        The pass without a mask, for the resolution.

    Returns
    -------
    float
        In Å.
    """
    if params.radius_smooth is not None:
        return params.radius_smooth
    return params.radius_smooth_ratio * _resolution(params, unmasked)


def mask_values(inputs: MtriageInputs, mask: Map, unmasked: MtriagePass) -> Dict[str, Any]:
    """Source, mean and radius of the mask.

    Parameters
    ----------
    inputs, mask, unmasked
        What the passes work on; the mask used; the pass without it.

    Returns
    -------
    dict
        By result field.
    """
    source = mask_source(inputs.study, inputs.params)
    return dict(mask_source=source, mask_fraction=float(mask.data.mean(dtype="float64")),
                radius_smooth=None if source == "given" else float(smoothing_radius(inputs.params, unmasked)))


def half_map_curve_values(inputs: MtriageInputs, unmasked: MtriagePass, warnings: List[str]) -> Dict[str, Any]:
    """How often the half-map FSC falls, and whether it reaches Nyquist.

    Parameters
    ----------
    inputs, unmasked
        What the passes work on; the pass without a mask.
    warnings
        A sentence is added when the FSC falls more than once.

    Returns
    -------
    dict
        By result field.
    """
    d_fsc = unmasked.values["d_fsc"]
    if unmasked.falls and unmasked.falls > 1 and inputs.study.independence.void is None:
        warnings.append(f"The half-map FSC falls below 0.143 {unmasked.falls} times; the resolution is read at the fall that "
                        "most of the curve supports.")
    # The axis with the largest voxels ends first.
    nyquist = 2 * max(inputs.grid.voxel_size)
    above = bool((unmasked.values["fsc_half"].y[:1] >= 0.143).any()) if d_fsc is None else d_fsc < nyquist
    return dict(d_fsc_falls=unmasked.falls, reaches_nyquist=above)


def model_values(inputs: MtriageInputs, model: placing.Placed, best: MtriagePass, warnings: List[str]) -> Dict[str, Any]:
    """How well the model fits.

    Parameters
    ----------
    inputs, model
        What the passes work on; the atoms.
    best
        The masked pass when there is one, else the unmasked one.
    warnings
        A sentence is added when the model does not correlate with the map.

    Returns
    -------
    dict
        By result field.
    """
    b_iso = best.values.get("b_iso_overall")
    out: Dict[str, Any] = dict(model_correlation=best.correlation,
                               b_excess=None if b_iso is None else b_iso - model.values["model_b_mean"])
    if b_iso is None:
        warnings.append(f"The model{in_file(inputs.study.model)} does not correlate with the map{in_file(inputs.grid)} at any cut-off or "
                        "B-factor; check that they belong together and are superposed.")
    return out


def _missing_crossings(measured: MtriagePass, where: str) -> List[str]:
    out = []
    for key, label in (("d_fsc", "half-map FSC"), ("d_fsc_model_0143", "map-model FSC")):
        if key in measured.values and measured.values[key] is None:
            out.append(f"The {label}{where} does not cross 0.143, so that no resolution can be read from it.")
    return out


def _summary(values: Dict[str, Any], independence: Optional[Independence]) -> str:
    """One plain sentence."""
    void, shared = (independence.void, independence.share) if independence is not None else (None, None)
    parts = []
    for start, key, criterion in (("the half-maps agree to", "d_fsc", "FSC 0.143"),
                                  ("map and model agree to", "d_fsc_model_05", "FSC 0.5"),
                                  ("a low-pass at", "d99_map", "d99")):
        plain, masked = values.get(f"{key}_unmasked"), values.get(f"{key}_masked")
        special = mtriage_near.words(start, key, values)
        if special is not None:
            parts.append(special)
            continue
        if key == "d_fsc" and void is not None:
            parts.append(f"the half-maps have no resolution ({void})")
            continue
        if key == "d_fsc" and shared is not None:
            start = f"the half-maps share {show_value(100 * shared, '%')} of their noise and without it agree to"
        if key == "d99_map" and (plain or masked):
            beside = f"; {masked:.2f} Å in the mask" if plain and masked else "" if plain else " in the mask"
            parts.append(f"{start} {plain or masked:.2f} Å keeps CC 0.99 with the map (d99{beside})")
        elif plain and masked:
            parts.append(f"{start} {plain:.2f} Å ({criterion}; {masked:.2f} Å in the mask)")
        elif plain or masked:
            parts.append(f"{start} {plain or masked:.2f} Å ({criterion}{'' if plain else ' in the mask'})")
    text = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else "no resolution could be read from the maps"
    return text[0].upper() + text[1:] + "."
