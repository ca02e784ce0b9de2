"""The FSC of map and model near the model: both in one mask around it, without the places of other density."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ...core import spectra
from ...results import Curve, Result, Table, curve, metric, table
from ...study import archive, archive_scores, model_place
from ...study.noise import bounded_fsc
from .mtriage_passes import MtriageInputs

_DIP = 0.8                            # of the frequency of the last fall, up to which a shell below the threshold is a dip
_LONG = 1.3                           # finer over coarser end (1/Å) of a dip that is said: a wrong model makes shorter ones
_LOST = 0.05                          # FSC of half-maps below which it is noise for the most part
_UNBUILT = 0.8                        # part of the surroundings below which it is said that other density is left out


@dataclass(frozen=True)
class ModelAgreement(Result):
    """How far map and model agree near the model, and what that number is held against."""

    d_fsc_model_05_near: Optional[float] = metric("Å", "map-model FSC at 0.5 near the model: both in the mask around its atoms, without "
                                                  "the places of density that it does not explain", "lower")
    d_fsc_model_0143_near: Optional[float] = metric("Å", "map-model FSC at 0.143 near the model", "lower")
    model_gap: Optional[float] = metric("", "map-model FSC at 0.5 near the model over half-map FSC at 0.143, both in Å, the latter the "
                                        "coarser of without and in the mask: above 1 the map agrees less far with the model", "target:1")
    model_lead: Optional[float] = metric("", "half-map FSC at 0.143, the finer of both, over map-model FSC at 0.5 near the model: above 1 "
                                         "the map agrees further with the model", "target:1")
    reported_gap: Optional[float] = metric("", "map-model FSC at 0.5 near the model over the resolution given, both in Å: above 1 the "
                                           "model agrees to less than that", "target:1")
    reported_lead: Optional[float] = metric("", "the inverse of reported_gap: above 1 the model agrees to finer detail", "target:1")
    model_mask_fraction: Optional[float] = metric("", "mean of the mask around the model", "none")
    model_free: Optional[float] = metric("", "part of that mask that is free of density which the model does not explain", "higher")
    fsc_model_mean: Optional[float] = metric("", "mean of the map-model FSC near the model up to its last shell of at least 0.5, weighted "
                                             "by frequency squared", "higher")
    fsc_model_average: Optional[float] = metric("", "the same mean up to Nyquist, which depends on the voxel size", "higher")
    d_fsc_expected_05: Optional[float] = metric("Å", "where the map-model FSC near a perfect model would fall to 0.5, by the half-maps in "
                                                "the same mask", "lower")
    fsc_model_expected: Optional[Curve] = curve("FSC of the map with a perfect model, expected from the half-maps in the same mask",
                                                x_label="Frequency", x_unit="1/Å", y_label="FSC", output="outputFSCs")
    archive: Optional[Table] = table("FSC of map and model among archive entries: percentage of them that are surely and perhaps worse; "
                                     + archive.SOURCE)
    fsc_model_near: Optional[Curve] = curve("FSC of map and model near the model", x_label="Frequency", x_unit="1/Å", y_label="FSC",
                                            output="outputFSCs")


def near_the_model(inputs: MtriageInputs, values: Mapping[str, Any], warnings: List[str]) -> Dict[str, Any]:
    """How model and map lie on each other, how far they agree near the model, and how that number stands to others.

    Parameters
    ----------
    inputs
        The maps, the model and the parameters.
    values
        What was measured before, by result field.
    warnings
        Sentences are added.

    Returns
    -------
    dict
        By result field.
    """
    study = inputs.study
    out: Dict[str, Any] = {}
    curves: Dict[str, Any] = {}
    place = study.model_place
    if place is not None:
        out.update(model_place.values(place, inputs.grid))
        warnings += model_place.notes(place, inputs.grid)
    # A model out of place, or of another molecule, leaves density unexplained, and its curve dips: that is no news.
    news: List[str] = warnings if place is not None and place.shift is not None and not out["model_place_words"] else []
    if inputs.params.masking == "unmasked":
        number = values.get("d_fsc_model_05_unmasked")
    else:
        near, number = measure_near(inputs, news)
        out.update(near, **expected_near(inputs))
        out["archive"] = archive_table(out, [values.get(n) for n in ("d_fsc_masked", "d_fsc_unmasked")], inputs.params.resolution)
    # In a mask the half-map FSC is too good, without one too bad: the truth lies between.
    halves = [values[n] for n in ("d_fsc_unmasked", "d_fsc_masked") if values.get(n)]
    given = [inputs.params.resolution] if inputs.params.resolution else []
    out.update(held_against("model", number, halves), **held_against("reported", number, given))
    for where, name in (("without a mask", "unmasked"), ("in the mask", "masked"), ("near the model", "near")):
        curves[where] = [{**values, **out}.get(n) for n in (f"fsc_model_{name}", f"d_fsc_model_05_{name}")]
    news += dips(curves)
    return out


def measure_near(inputs: MtriageInputs, warnings: List[str]) -> Tuple[Dict[str, Any], float]:
    """FSC of map and model in the mask around the model.

    Parameters
    ----------
    inputs
        The maps, the model and the parameters.
    warnings
        Sentences are added on density that the model does not explain, and on a curve that dips.

    Returns
    -------
    values
        By result field; None in place of numbers that could not be read.
    number
        What is held against other numbers (Å): the crossing at 0.5, Nyquist where the FSC never falls below, the whole box where it is
        never above.
    """
    study = inputs.study
    mask = study.model_mask
    assert inputs.model is not None
    table = inputs.params.scattering_table
    sums = spectra.spectra(*study.near_model("map", "model", table=table), inputs.geo, *inputs.limits)
    freq, smooth = spectra.smooth_curve(sums)
    values: Dict[str, Any] = {f"d_fsc_model_{name}_near": none_if_nan(inputs.last_fall(freq, smooth, cut))
                              for cut, name in ((0.143, "0143"), (0.5, "05"))}
    near = Curve(*spectra.shell_curve(sums))
    nyquist = 2 * max(inputs.grid.voxel_size)
    values.update(fsc_model_mean=mean_to_half(near, nyquist), fsc_model_average=mean_of(near, near.x * nyquist <= 1), fsc_model_near=near)
    values.update(model_mask_fraction=float(mask.data.mean(dtype=np.float64)), model_free=mask.free)
    if mask.free < _UNBUILT:
        warnings.append(f"There is density near the model that it does not explain, in {1 - mask.free:.0%} of the mask around it: other "
                        "molecules, or parts that are not built. The numbers near the model leave those places out.")
    number = values["d_fsc_model_05_near"]
    if number is None:
        number = 2 * max(inputs.grid.voxel_size) if smooth.size and smooth[0] >= 0.5 else inputs.geo.length
    return values, number


def expected_near(inputs: MtriageInputs) -> Dict[str, Any]:
    """FSC that a perfect model would have with the map, ``sqrt(2 FSC / (1 + FSC))`` of the half-maps in the mask around the model.

    Parameters
    ----------
    inputs
        The maps, the model and the parameters.

    Returns
    -------
    dict
        By result field; empty without half-maps, and where they are not independent measurements of one molecule.

    Notes
    -----
    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013: the correlation of the mean of two half-maps with the signal.
    Noise that both half-maps share is taken off before. The curve ends where their FSC falls below 0.05: of noise alone the root is far
    from 0.
    """
    study = inputs.study
    if not study.has_halves or study.independence.void is not None:
        return {}
    sums = spectra.spectra(*study.near_model("half1", "half2"), inputs.geo, *inputs.limits)
    share = study.independence.share or 0.0
    freq, smooth = spectra.smooth_curve(sums)
    fall = inputs.last_fall(freq, perfect(bounded_fsc(smooth, share)), 0.5)
    at, shells = spectra.shell_curve(sums)
    lost = np.flatnonzero(smooth < _LOST)
    shown = at <= (freq[lost[0]] if lost.size else np.inf)
    return dict(d_fsc_expected_05=none_if_nan(fall), fsc_model_expected=Curve(at[shown], perfect(bounded_fsc(shells[shown], share))))


def perfect(fsc: np.ndarray) -> np.ndarray:
    """Correlation of the mean of two half-maps with the signal.

    Parameters
    ----------
    fsc
        FSC of the half-maps, float64 [n].

    Returns
    -------
    ndarray
        ``sqrt(2 FSC / (1 + FSC))``, float64 [n]; 0 where the FSC is below 0.
    """
    above = np.clip(fsc, 0.0, 1.0)
    return np.sqrt(2 * above / (1 + above))


def mean_to_half(shells: Curve, nyquist: float) -> Optional[float]:
    """Mean of an FSC up to its last shell of at least 0.5.

    Parameters
    ----------
    shells
        The curve over frequency in 1/Å.
    nyquist
        Its end in Å.

    Returns
    -------
    float or None
        Weighted by frequency squared, as shells hold coefficients; None where no shell reaches 0.5.
    """
    high = np.flatnonzero((shells.y >= 0.5) & (shells.x * nyquist <= 1))
    if not high.size:
        return None
    return mean_of(shells, np.arange(shells.x.size) <= high[-1])


def mean_of(shells: Curve, use: np.ndarray) -> Optional[float]:
    """Mean of some shells of an FSC.

    Parameters
    ----------
    shells
        The curve over frequency in 1/Å.
    use
        Which shells, bool [n].

    Returns
    -------
    float or None
        Weighted by frequency squared, as shells hold coefficients; None without a shell.
    """
    weights = shells.x[use] ** 2
    return float(np.average(shells.y[use], weights=weights)) if weights.sum() > 0 else None


def archive_table(values: Mapping[str, Any], measured: Sequence[Optional[float]], reported: Optional[float]) -> Optional[Table]:
    """Where map and model stand among archive entries.

    Parameters
    ----------
    values
        What was measured near the model, by result field.
    measured
        Resolutions (Å) of the half-maps, the first that is known finds the class of the map where none was reported.
    reported
        The reported resolution in Å.

    Returns
    -------
    Table or None
        None where no number is known.
    """
    known = [reported, *measured, values.get("d_fsc_model_05_near")]
    resolution = next((v for v in known if v), None)
    made = archive.rows((("fsc_05", values.get("d_fsc_model_05_near")), ("fsc_mean", values.get("fsc_model_mean"))), resolution)
    made += archive_scores.rows([("fsc_average", values.get("fsc_model_average"))], resolution)
    return Table(archive.COLUMNS, made) if made else None


def none_if_nan(value: float) -> Optional[float]:
    """A number, or None for NaN.

    Parameters
    ----------
    value
        The number.

    Returns
    -------
    float or None
        The same.
    """
    return None if value != value else float(value)


def held_against(name: str, number: Optional[float], others: Sequence[float]) -> Dict[str, Any]:
    """The number near the model against others.

    Parameters
    ----------
    name
        ``model`` or ``reported``: what the fields begin with.
    number
        Of :func:`measure_near` (Å); None where there is none.
    others
        In Å; none, or those between which the truth lies.

    Returns
    -------
    dict
        By result field.
    """
    return {f"{name}_gap": number / max(others), f"{name}_lead": min(others) / number} if number and others else {}


def dips(curves: Mapping[str, Tuple[Optional[Curve], Optional[float]]]) -> List[str]:
    """A sentence on map-model FSC curves that fall below 0.5 and come back.

    Parameters
    ----------
    curves
        By words for where it was read, the curve in shells and where it falls for the last time (Å); None for what there is not.

    Returns
    -------
    list of str
        One sentence, or none.
    """
    found: Dict[str, Tuple[float, float]] = {}
    for where, (shells, last) in curves.items():
        if shells is None or last is None:
            continue
        above = np.cumsum(shells.y >= 0.5) > 0
        # Shells just before the crossing waver about the threshold: that is no dip.
        low = shells.x[above & (shells.y < 0.5) & (shells.x < _DIP / last)]
        if low.size and low[-1] > _LONG * low[0]:
            found[where] = (float(1 / low[0]), float(1 / low[-1]))
    if not found:
        return []
    coarse, fine = max(found.values())
    return [f"The FSC of map and model ({', '.join(found)}) is below 0.5 from {coarse:.3g} to {fine:.3g} Å and rises again: density that "
            "the model does not explain does this. The resolution is read at its last fall."]


def words(start: str, key: str, values: Mapping[str, Any]) -> Optional[str]:
    """A part of the summary that is said in its own way.

    Parameters
    ----------
    start
        How the part begins.
    key
        Name of the number without ``_unmasked`` or ``_masked``.
    values
        By result field.

    Returns
    -------
    str or None
        The number near the model before the others; d99 of a map whose amplitudes do not fade, for the corner of Fourier space is no
        detail. None for all else.
    """
    plain, masked, near = (values.get(f"{key}_{n}") for n in ("unmasked", "masked", "near"))
    if near:
        return f"{start} {near:.2f} Å around the atoms (FSC 0.5{f'; {plain:.2f} Å without a mask' if plain else ''})"
    finest = min(v for v in (plain, masked, np.inf) if v)
    if key == "d99_map" and finest < values["nyquist"]:
        return f"the map does not fade before Nyquist, {values['nyquist']:.2f} Å, so that d99 does not describe its detail"
    return None
