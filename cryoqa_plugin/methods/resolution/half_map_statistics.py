"""What two half-maps say beyond the FSC: significance, phase residual, signal-to-noise, information, detail by direction."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...core.significance import PROCEDURES
from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Result, Table, curve, map_output, metric, table
from . import half_map_statistics_steps as steps

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class HalfMapStatisticsParams:
    """Parameters of the ``half_map_statistics`` capability."""

    rate: float = param(0.01, "Share of shells called signal that may be noise.", label="False discovery rate", min=1e-6, max=0.2)
    procedure: str = param("yekutieli", "How the rate is kept over the shells: yekutieli holds for shells that depend on each other, "
                           "hochberg is a little less strict and asks for independent shells.", label="Procedure", choices=PROCEDURES,
                           expert=True)
    asymmetric_units: int = param(1, "Number of copies that an imposed symmetry has made (4 for D2, 60 for I); coefficients that it "
                                  "relates count once.", label="Asymmetric units", min=1, max=10000)
    confidence: float = param(0.95, "Probability that the true value lies inside the bands.", label="Confidence", min=0.5, max=0.999,
                              expert=True)
    fit_from: float = param(10.0, "Lowest resolution of the Guinier fit.", label="Fit from", unit="Å", min=2, max=100, expert=True)
    local_map: bool = param(False, "Write a map of the correlation of the half-maps around every voxel.", label="Local correlation map")
    local_radius: Optional[float] = param(None, "Radius of the soft ball in which the local correlation is computed; 5 voxels when "
                                          "empty.", label="Radius of the ball", unit="Å", min=0.5, max=200,
                                          only_if=("local_map", ("yes",)))


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "lower")


def _curve(meaning: str, label: str, unit: str = "") -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label=label, y_unit=unit)


@dataclass(frozen=True)
class HalfMapStatisticsResult(Result):
    """Result of the ``half_map_statistics`` capability; with a mask, values and curves are in the mask unless they say otherwise."""

    schema: ClassVar[str] = "cryoqa/half_map_statistics/1"
    resolution_fdr: Optional[float] = _res("last shell before the first one that is not more than noise at the false discovery rate")
    resolution_fdr_unmasked: Optional[float] = _res("the same without the mask")
    resolution_dpr_45: Optional[float] = _res("where the differential phase residual first rises above 45 degrees")
    resolution_dpr_random: Optional[float] = _res("where the differential phase residual first rises above 103.9 degrees, that of noise")
    resolution_ssnr_1: Optional[float] = _res("where signal and noise of the mean map are equally strong: SSNR 1, FSC 1/3")
    nyquist: Optional[float] = _res("resolution of the last shell")
    reaches_nyquist: Optional[bool] = metric("", "every shell up to the last is more than noise", "none")
    shells_beyond: Optional[int] = metric("", "shells beyond resolution_fdr that are more than noise again", "lower")
    information: Optional[float] = metric("kbit", "information of the mean map up to resolution_fdr", "higher")
    information_density: Optional[float] = metric("bit/nm³", "information over the volume of the mask, or of the box", "higher")
    bfactor: Optional[float] = metric("Å²", "B-factor of the signal that the half-maps share; negative for a decay", "none")
    bfactor_error: Optional[float] = metric("Å²", "standard error of the B-factor", "lower")
    d99: Optional[float] = _res("cut-off that keeps a correlation of 0.99 with the signal that the half-maps share")
    d99_x: Optional[float] = _res("the same of the frequencies near the x axis")
    d99_y: Optional[float] = _res("the same of the frequencies near the y axis")
    d99_z: Optional[float] = _res("the same of the frequencies near the z axis")
    d99_best: Optional[float] = _res("the finest of the 13 directions")
    d99_worst: Optional[float] = _res("the coarsest of the 13 directions")
    local_correlation_median: Optional[float] = metric("", "median of the local correlation map inside the mask (all voxels without one)",
                                                       "higher")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    zero_fraction: Optional[float] = metric("", "part of the voxels of a half-map that are exactly 0", "lower")
    solvent_noise_ratio: Optional[float] = metric("", "noise variance near the faces of the box over that at its centre", "none")
    scale_ratio: Optional[float] = metric("", "amplitude of the stronger half-map over that of the weaker one", "lower")
    mask_fraction: Optional[float] = metric("", "mean of the mask: part of the box inside", "none")
    fsc_unmasked: Optional[Curve] = _curve("FSC of the half-maps as they are", "FSC")
    fsc_masked: Optional[Curve] = _curve("FSC in the mask, of half-maps with equally strong shells", "FSC")
    fdr_limit: Optional[Curve] = _curve("FSC above which a shell is more than noise at the false discovery rate", "FSC")
    p_value: Optional[Curve] = _curve("probability of such an FSC in noise", "log10 probability")
    p_adjusted: Optional[Curve] = _curve("the same, adjusted for the number of shells", "log10 probability")
    dpr: Optional[Curve] = _curve("differential phase residual", "phase residual", "degrees")
    log_ssnr: Optional[Curve] = _curve("signal over noise power of the mean map", "log10 SSNR")
    information_curve: Optional[Curve] = _curve("information of one coefficient", "information", "bit")
    guinier_signal: Optional[Curve] = curve("signal that the half-maps share, without mask", x_label="Frequency squared", x_unit="1/Å²",
                                            y_label="ln mean amplitude")
    guinier_fit: Optional[Curve] = curve("line fitted to it", x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")
    d99_directions: Optional[Table] = table("cut-off that keeps a correlation of 0.99 with the shared signal, by direction")
    local_correlation: Optional[Map] = map_output("", "correlation of the mean map with the signal, around every voxel")


def compute_half_map_statistics(inputs: Inputs, params: HalfMapStatisticsParams, *, progress: Progress = None) -> HalfMapStatisticsResult:
    """Statistics of ``half1`` and ``half2`` (float32 [z, y, x]), in ``mask`` when there is one.

    Beckers & Sachse (2020), https://doi.org/10.1016/j.jsb.2020.107579 (significance); Frank et al. (1981),
    https://doi.org/10.1126/science.7313694 (phase residual); Penczek (2002), https://doi.org/10.1016/S1047-8477(02)00033-3 (SSNR);
    Warshamanage et al. (2022), https://doi.org/10.1016/j.jsb.2021.107826 (local correlation).
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params)
    steps.compare(work, say)
    values = dict(steps.significance_values(work), **steps.strengths(work))
    values.update(steps.directions(work), **steps.state(work))
    if params.local_map:
        say(0.8, "local correlation")
        values.update(steps.local(work))
    say(1.0, "done")
    return HalfMapStatisticsResult(summary=steps.summary(work, values), warnings=tuple(work.warnings), **values)
