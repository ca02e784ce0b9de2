"""What two half-maps say beyond the FSC: significance, phase residual, signal-to-noise, information, detail by direction."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional

import numpy as np

from ...core import crossing, guinier, pairs, significance
from ...core.fourier import Geometry
from ...errors import InputError
from ...io.maps import Map
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...rounding import show_value
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.independence import limited
from .half_map_shells import HalfMapShells, HalfMapStatisticsParams, sum_shells, units_of


_KEPT = 0.99 ** 2                                # of the power, for a correlation of 0.99
_RANDOM_PHASES = 103.9                           # degrees, 180 / sqrt(3)
_BAND = 3.0                                      # standard errors of the FSC of the solvent
_LOWEST_LOG = -20.0                              # smaller probabilities are drawn here
_BALL_VOXELS, _EDGE_VOXELS = 5.0, 2.0  # radius of the ball, and its soft edge
_RESOLUTIONS = ("resolution_fdr", "resolution_fdr_unmasked", "resolution_dpr_45", "resolution_dpr_random", "resolution_ssnr_1")


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "lower")


def _curve(meaning: str, label: str, unit: str = "", output: str = "") -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label=label, y_unit=unit, output=output)


@dataclass(frozen=True)
class HalfMapStatisticsResult(HalfMapFacts):
    """Result of the ``half_map_statistics`` capability; with a mask, values and curves are in the mask unless they say otherwise."""

    schema: ClassVar[str] = "cryoqa/half_map_statistics/1"
    resolution_fdr: Optional[float] = _res("last shell before the first that is not significant at the false discovery rate")
    resolution_fdr_unmasked: Optional[float] = _res("last significant shell without the mask")
    resolution_dpr_45: Optional[float] = _res("where the differential phase residual first rises above 45 degrees")
    resolution_dpr_random: Optional[float] = _res("where the differential phase residual first rises above 103.9 degrees, that of noise")
    resolution_ssnr_1: Optional[float] = _res("where signal and noise of the mean map are equal: SSNR 1, FSC 1/3")
    nyquist: Optional[float] = _res("resolution of the last shell")
    reaches_nyquist: Optional[bool] = metric("", "every shell up to the last is significant", "none")
    shells_beyond: Optional[int] = metric("", "significant shells beyond resolution_fdr", "lower")
    information: Optional[float] = metric("kbit", "information of the mean map up to resolution_fdr", "higher")
    information_density: Optional[float] = metric("bit/nm³", "information over the volume of the mask, or of the box", "higher")
    bfactor: Optional[float] = metric("Å²", "B-factor of the signal that the half-maps share; negative for a fall-off", "none")
    bfactor_error: Optional[float] = metric("Å²", "standard error of the B-factor", "lower")
    d99: Optional[float] = _res("cut-off that keeps a correlation of 0.99 with the signal that the half-maps share")
    d99_x: Optional[float] = _res("d99 of the frequencies near the x axis")
    d99_y: Optional[float] = _res("d99 of the frequencies near the y axis")
    d99_z: Optional[float] = _res("d99 of the frequencies near the z axis")
    d99_best: Optional[float] = _res("finest d99 of 13 directions")
    d99_worst: Optional[float] = _res("coarsest d99 of 13 directions")
    local_correlation_median: Optional[float] = metric("", "median of the local correlation map inside the mask (all voxels without one)",
                                                       "higher")
    mask_fraction: Optional[float] = metric("", "mean of the mask: part of the box inside", "none")
    fsc_unmasked: Optional[Curve] = _curve("FSC of the half-maps as they are", "FSC", output="outputFSCs")
    fsc_masked: Optional[Curve] = _curve("FSC in the mask, of half-maps with equally strong shells", "FSC", output="outputFSCs")
    fsc_solvent: Optional[Curve] = _curve("FSC of the solvent, where noise rules; band: 3 standard errors of independent noise about 0",
                                          "FSC")
    fdr_limit: Optional[Curve] = _curve("FSC above which a shell is significant at the false discovery rate", "FSC")
    p_value: Optional[Curve] = _curve("probability of such an FSC in noise", "log10 probability")
    p_adjusted: Optional[Curve] = _curve("probability of such an FSC in noise, adjusted for the number of shells", "log10 probability")
    dpr: Optional[Curve] = _curve("differential phase residual", "phase residual", "degrees")
    log_ssnr: Optional[Curve] = _curve("signal over noise power of the mean map", "log10 SSNR")
    information_curve: Optional[Curve] = _curve("information of one coefficient", "information", "bit")
    guinier_signal: Optional[Curve] = curve("signal that the half-maps share, without mask", x_label="Frequency squared", x_unit="1/Å²",
                                            y_label="ln mean amplitude")
    guinier_fit: Optional[Curve] = curve("line fitted to it", x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")
    d99_directions: Optional[Table] = table("cut-off that keeps a correlation of 0.99 with the shared signal, by direction")
    local_correlation: Optional[Map] = map_output("", "correlation of the mean map with the signal, around every voxel",
                                                  output="outputVolume")


def compute_half_map_statistics(study: Study, params: HalfMapStatisticsParams, *, progress: Progress = silent) -> HalfMapStatisticsResult:
    """Statistics of two half-maps, in a mask when there is one.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, float32 [z, y, x], and ``mask``, 0 to 1, when there is one.
    params
        False discovery rate, symmetry, and whether to make the local map.
    progress
        Called with the fraction done and what is being done.

    Raises
    ------
    MissingInputError
        A half-map is not there.
    InputError
        The inputs do not fit together, a box of fewer than 8 voxels, or a ball that does not fit the box.

    References
    ----------
    Beckers & Sachse (2020), https://doi.org/10.1016/j.jsb.2020.107579 (significance); Frank et al. (1981),
    https://doi.org/10.1126/science.7313694 (phase residual); Penczek (2002), https://doi.org/10.1016/S1047-8477(02)00033-3 (SSNR);
    Warshamanage et al. (2022), https://doi.org/10.1016/j.jsb.2021.107826 (local correlation).
    """
    study.check("half1", "half2", "mask", least=8, what="shells need")
    if params.local_map:
        _check_radius(study, ball_radius(study, params))
    warnings: List[str] = []
    found = sum_shells(study, params, progress)
    values = dict(study.half_map_values(), **significance_values(study, found))
    values.update(strength_values(study, params, found), **signal_values(study, params, found, warnings))
    values.update(direction_values(found), **sign_values(study), **solvent_values(study))
    values.update(limited(study.independence, values, _RESOLUTIONS, takes_shared=True))
    if not study.independence.holds or study.independence.end is not None:
        values.update(reaches_nyquist=None, shells_beyond=None)
    if params.local_map:
        progress(0.8, "local correlation")
        values.update(local_values(study, params, found, warnings))
    progress(1.0, "done")
    return HalfMapStatisticsResult(summary=_summary(study, params, values), warnings=tuple(warnings), **values)


def ball_radius(study: Study, params: HalfMapStatisticsParams) -> float:
    """Radius of the ball of the local correlation.

    Parameters
    ----------
    study, params
        The Study of the half-maps; the radius asked for, if any.

    Returns
    -------
    float
        In Å; five voxels when none was asked for.
    """
    return params.local_radius or _BALL_VOXELS * float(np.mean(study.half1.voxel_size))


def _check_radius(study: Study, radius: float) -> None:
    voxel, edges = max(study.half1.voxel_size), [n * v for n, v in zip(study.half1.shape[::-1], study.half1.voxel_size)]
    # Below two voxels a ball holds too few values for a correlation, beyond half the box it meets itself.
    if not 2 * voxel <= radius <= min(edges) / 2:
        raise InputError(f"The ball of the local correlation has a radius of {radius:g} Å; with the voxels and the box of "
                         f"{study.half1.place} it must lie between {2 * voxel:g} and {min(edges) / 2:g} Å. Give another radius.")


def significance_values(study: Study, found: HalfMapShells) -> Dict[str, Any]:
    """FSC, its p-values, and the resolution up to which shells are more than noise, by result field.

    Parameters
    ----------
    study, found
        The Study of the half-maps; their shells.
    """
    inside, x = found.inside, found.freq[1:]
    out: Dict[str, Any] = dict(
        resolution_fdr=found.resolution(inside), resolution_fdr_unmasked=found.resolution(found.whole), nyquist=float(1 / x[-1]),
        reaches_nyquist=inside.last == found.geo.n_shells - 1, shells_beyond=inside.beyond, fsc_unmasked=Curve(x, found.whole.fsc),
        fdr_limit=Curve(x, inside.limit), p_value=Curve(x, _log(inside.p)), p_adjusted=Curve(x, _log(inside.q)))
    if study.mask is not None:
        out["fsc_masked"] = Curve(x, inside.fsc)
    return out


def solvent_values(study: Study) -> Dict[str, Any]:
    """FSC of the solvent with the band of independent noise, by result field; empty where there is no solvent to tell it from.

    Parameters
    ----------
    study
        The Study of the half-maps.
    """
    solvent = None if study.noise is None else study.noise.solvent
    if solvent is None:
        return {}
    return dict(fsc_solvent=Curve(solvent.frequency, solvent.fsc, -_BAND * solvent.sigma, _BAND * solvent.sigma))


def _log(p: np.ndarray) -> np.ndarray:
    return np.log10(np.maximum(p, 10 ** _LOWEST_LOG))


def strength_values(study: Study, params: HalfMapStatisticsParams, found: HalfMapShells) -> Dict[str, Any]:
    """Phase residual, SSNR and information, by result field.

    Parameters
    ----------
    study, params, found
        The Study of the half-maps; confidence and asymmetric units; their shells.
    """
    inside, x = found.inside, found.freq[1:]
    dpr = found.inside_sums.dpr[1:]
    with np.errstate(invalid="ignore"):
        ssnr = significance.ssnr(inside.fsc)
        low, high = significance.ssnr_band(ssnr, inside.coefficients, params.confidence)
    bits = significance.information(inside.fsc)
    # -3: the crossing is linear in the logarithm, which one shell nearly without signal would pull far.
    return dict(resolution_dpr_45=_crossing(x, -dpr, -45.0), resolution_dpr_random=_crossing(x, -dpr, -_RANDOM_PHASES),
                resolution_ssnr_1=_crossing(x, np.maximum(_log10(ssnr), -3), 0.0), dpr=Curve(x, dpr),
                log_ssnr=Curve(x, _log10(ssnr), _log10(low), _log10(high)), information_curve=Curve(x, bits),
                **_information(study, params, found, bits))


def _log10(ratio: np.ndarray) -> np.ndarray:
    """log10, NaN where the ratio is not positive or not finite."""
    good = np.isfinite(ratio) & (ratio > 0)
    return np.log10(np.where(good, ratio, 1.0), out=np.full(ratio.shape, np.nan), where=good)


def _crossing(x: np.ndarray, y: np.ndarray, level: float) -> Optional[float]:
    """Resolution of the first fall below ``level``; that of the last shell when there is none, None when it never is above."""
    found = crossing.find_crossings(x, y, level, 0)
    if found.state == "below":
        return None
    return float(1 / (x[-1] if found.state == "never" else found.first))


def _information(study: Study, params: HalfMapStatisticsParams, found: HalfMapShells, bits: np.ndarray) -> Dict[str, Any]:
    """Information (kbit) and its density (bit/nm^3).

    A mask m leaves ``(sum m^2)^2 / sum m^4`` independent values of the voxels of the box: that part of all coefficients counts.
    """
    size = study.half1.data.size
    part, volume = 1.0, float(size)
    if study.mask is not None:
        squares = study.mask.data ** 2
        part = float(squares.sum(dtype=np.float64) ** 2 / np.sum(squares * squares, dtype=np.float64) / size)
        # A soft mask has the volume of its sum.
        volume = float(study.mask.data.sum(dtype=np.float64))
    units = units_of(study, params)
    count = found.whole_sums.sums.count[1:] * part / units
    total = float(np.sum((count * bits)[:found.inside.last or 0]))
    nm3 = volume * float(np.prod(study.half1.voxel_size)) / 1000
    return dict(information=total / 1000, information_density=total * units / nm3)


def signal_values(study: Study, params: HalfMapStatisticsParams, found: HalfMapShells, warnings: List[str]) -> Dict[str, Any]:
    """B-factor of the signal: of the root of the mean cross-power of the whole half-maps, whose noise averages out, by result field.

    Parameters
    ----------
    study, params, found
        The Study of the half-maps; where the fit begins; their shells.
    warnings
        A sentence is added when the fit cannot be made.
    """
    sums, x = found.whole_sums.sums, found.freq[1:]
    mean = (sums.cross / np.maximum(sums.count, 1e-9))[1:]
    good = mean > 0
    ln = np.where(good, 0.5 * np.log(np.where(good, mean, 1.0)) - np.log(study.half1.data.size), np.nan)
    # Beyond the last shell with signal the mean cross-power is noise of either sign.
    ln[found.whole.last or 0:] = np.nan
    out: Dict[str, Any] = dict(guinier_signal=Curve(x ** 2, ln))
    fit = guinier.fit(x, ln, params.fit_from)
    if fit is None:
        warnings.append(f"Fewer than three shells lie between {params.fit_from:g} Å and the last significant one, so that no "
                        "B-factor could be fitted; fit from a lower resolution.")
        return out
    line = np.where(np.isfinite(ln) & (x * params.fit_from >= 1 - 1e-9), fit.intercept + fit.slope * x ** 2, np.nan)
    return dict(out, bfactor=fit.bfactor, bfactor_error=fit.bfactor_error, guinier_fit=Curve(x ** 2, line))


def direction_values(found: HalfMapShells) -> Dict[str, Any]:
    """d99 of the shared signal, over all and by direction, by result field.

    Parameters
    ----------
    found
        The shells of the half-maps.
    """
    shared = found.whole_sums.shared[:(found.whole.last or 0) + 1]
    cuts = [_cut(found.geo, shared[:, i]) for i in range(shared.shape[1])]
    known = [c for c in cuts if c is not None]
    rows = tuple((round(float(x), 4), round(float(y), 4), round(float(z), 4), c) for (x, y, z), c in zip(pairs.DIRECTIONS, cuts))
    return dict(d99=_cut(found.geo, shared.sum(axis=1)), d99_x=cuts[0], d99_y=cuts[1], d99_z=cuts[2], d99_best=min(known, default=None),
                d99_worst=max(known, default=None), d99_directions=Table(("x", "y", "z", "d99 (Å)"), rows))


def _cut(geo: Geometry, power: np.ndarray) -> Optional[float]:
    """Resolution up to which ``power``, float64 [n] from shell 0 on, holds the part ``_KEPT`` of it all; the mean left out."""
    if power.size < 2:
        return None
    total = np.concatenate(([0.0], np.cumsum(power[1:])))
    goal = _KEPT * total[-1]
    if not total[-1] > 0:
        return None
    i = int(np.argmax(total >= goal))
    outer = i - 0.5 + (goal - total[i - 1]) / (total[i] - total[i - 1])
    return float(geo.length / outer)


def sign_values(study: Study) -> Dict[str, Any]:
    """The part of the box that is in the mask, by result field.

    Parameters
    ----------
    study
        The Study of the half-maps.
    """
    return dict(mask_fraction=None if study.mask is None else float(study.mask.data.mean(dtype=np.float64)))


def local_values(study: Study, params: HalfMapStatisticsParams, found: HalfMapShells, warnings: List[str]) -> Dict[str, Any]:
    """Local correlation of the whitened half-maps up to the last shell that is more than noise: map and median.

    Parameters
    ----------
    study, params, found
        The Study of the half-maps; radius of the ball; their shells.
    warnings
        A sentence is added when no shell is more than noise.

    Returns
    -------
    dict
        By result field; empty without such a shell.
    """
    if found.inside.last is None:
        warnings.append("No shell of the half-maps is significant, so that no local correlation map was made.")
        return {}
    half, mask = study.half1, study.mask
    profile = pairs.whitening(found.whole_sums.sums, found.inside.last)
    one, two = (pairs.filtered(study.transform(name).copy(), found.geo, profile) for name in ("half1", "half2"))
    kernel = pairs.soft_ball(half.shape, half.voxel_size, ball_radius(study, params), _EDGE_VOXELS * max(half.voxel_size))
    data = pairs.local_correlation(one, two, kernel)
    del one, two, kernel
    np.maximum(data, 0, out=data)
    data *= 2 / (1 + data)                               # of the halves -> of their mean with the signal, squared
    if mask is not None:
        data[mask.data <= 0] = 0
    # Masks need not reach 1: half of their largest value is their inside.
    inside = data if mask is None else data[mask.data >= 0.5 * float(mask.data.max())]
    return dict(local_correlation=half.with_data(data), local_correlation_median=float(np.median(inside)))


def _summary(study: Study, params: HalfMapStatisticsParams, values: Dict[str, Any]) -> str:
    """One sentence for the user."""
    if study.independence.void is not None:
        return f"These half-maps have no resolution: {study.independence.void}."
    if not study.independence.holds:
        return "The half-maps are not independent: what they share as noise counts as signal here, so that no resolution is given."
    where, rate = " in the mask" if study.mask is not None else "", f"{100 * params.rate:g} %"
    if values["resolution_fdr"] is None:
        return f"No shell of the half-maps{where} is significant at a false discovery rate of {rate}: they share no signal."
    limit = ", the last shell" if values["reaches_nyquist"] else ", the edge of their low-pass" if study.independence.end else ""
    equal = values["resolution_ssnr_1"]
    beside = "" if equal is None else f"; signal and noise are equal at {equal:.2f} Å"
    return (f"The half-maps are significant to {values['resolution_fdr']:.2f} Å{where}{limit} (false discovery rate {rate}){beside}. "
            f"The mean map holds {show_value(values['information'], 'kbit')} of information.")
