"""Sharpening in shells of resolution: every shell, or every coefficient, gets the amplitude of an ideal map and the weight of its noise."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Optional

import numpy as np

from ...core import anisotropic
from ...progress import Progress, silent
from ...results import Curve, Table, curve, metric, table
from ...study import Study
from . import shell_tensors
from .common import SharpenedResult, finish
from .shell_filter import ShellFilter, apply, shell_filter
from .shell_spectra import ShellInputs, ShellSharpenParams, ShellSpectra, shell_inputs, shell_spectra, target_bfactor

__all__ = ["ShellSharpenParams", "ShellSharpenResult", "compute_shell_sharpen"]


def _fsc(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="Correlation")


def _u(meaning: str) -> Any:
    return metric("Å²", meaning, "target:0")


@dataclass(frozen=True)
class ShellSharpenResult(SharpenedResult):
    """Result of the ``shell_sharpen`` capability."""

    schema: ClassVar[str] = "cryoqa/shell_sharpen/1"
    d_min: Optional[float] = metric("Å", "limit at which the map was cut", "none")
    target_bfactor: Optional[float] = metric("Å²", "B-factor of the atoms of the target; null when it comes from a model or a map", "none")
    bfactor_signal: Optional[float] = metric("Å²", "B-factor of the signal's fall-off relative to protein at B = 0, Phenix's b_iso",
                                             "lower")
    bfactor_signal_error: Optional[float] = metric("Å²", "its standard error", "lower")
    bfactor_effective: Optional[float] = metric("Å²", "B-factor applied, without the weights; negative sharpens, Phenix's b_sharpen is its "
                                                "negative", "none")
    spectrum_used: Optional[str] = metric("", "where the ideal spectrum came from", "none")
    weights_used: Optional[str] = metric("", "where the noise was taken from", "none")
    snr_gain: Optional[float] = metric("", "signal-to-noise ratio where the weights look over that of the whole box", "none")
    baseline: Optional[float] = metric("", "correlation of the last shells that was taken out", "target:0")
    tail_from: Optional[float] = metric("Å", "resolution from which the correlation is a fitted tail", "none")
    model_rmsd: Optional[float] = metric("Å", "error of the model's atoms that was assumed", "none")
    model_fraction: Optional[float] = metric("", "part of the scattering that the model explains", "higher")
    anisotropy_corrected: Optional[bool] = metric("", "the filter depends on direction", "none")
    u_xx: Optional[float] = _u("xx of the fall-off of the signal relative to ideal, less its mean; positive falls off faster")
    u_yy: Optional[float] = _u("yy of the tensor")
    u_zz: Optional[float] = _u("zz of the tensor")
    u_xy: Optional[float] = _u("xy of the tensor")
    u_xz: Optional[float] = _u("xz of the tensor")
    u_yz: Optional[float] = _u("yz of the tensor")
    u_error: Optional[float] = metric("Å²", "standard error of a component of the tensor, mean of the six", "lower")
    u_range: Optional[float] = metric("Å²", "largest less smallest principal value of the tensor", "lower")
    correlation: Optional[Curve] = _fsc("measured correlation")
    correlation_smooth: Optional[Curve] = _fsc("without baseline, with a fitted tail")
    cc_star: Optional[Curve] = _fsc("correlation with the true map where the weights look, CC*")
    scale_factor: Optional[Curve] = curve("scale factor, mean over directions", x_label="Frequency", x_unit="1/Å", y_label="Scale")
    amplitude: Optional[Curve] = curve("rms amplitude of the map", x_label="Frequency", x_unit="1/Å", y_label="rms amplitude")
    amplitude_ideal: Optional[Curve] = curve("rms amplitude of the ideal map", x_label="Frequency", x_unit="1/Å", y_label="rms amplitude")
    shells: Optional[Table] = table("limit of each shell (Å), coefficients, rms amplitude of the map (rms_fo) and of the ideal (rms_fc), "
                                    "correlation, correlation with the true map (cc_star), scale factor")
    tensors: Optional[Table] = table("displacement tensors U (Å²): positive means that amplitudes (of uncertainties: noise) fall off "
                                     "faster in this direction, scale factors that they grow faster; 'overall' is taken out of the others")


def compute_shell_sharpen(study: Study, params: ShellSharpenParams, *, progress: Progress = silent) -> ShellSharpenResult:
    """A map sharpened in shells towards an ideal spectrum.

    Parameters
    ----------
    study
        ``full_map``, or ``half1`` and ``half2``, or all three (float32 [z, y, x]); ``mask`` (where the noise matters), ``model`` and
        ``reference_map`` (what the ideal spectrum comes from) when they are there.
    params
        Choices of the user.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    ShellSharpenResult
        The sharpened maps and what was applied.

    Raises
    ------
    MissingInputError
        Nothing tells signal from noise.
    InputError
        The inputs do not fit together, or agree nowhere.

    Notes
    -----
    With signal power ``S``, noise power ``N`` and ideal power ``P`` of a coefficient, it is multiplied by
    ``sqrt(P / S) / (1 + E^2)``, ``E^2 = N / S``: the map nearest to the ideal one, Wiener's filter. ``S`` comes from the
    half-maps' correlation, a model or a reference map.

    References
    ----------
    Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655; Rosenthal & Henderson (2003),
    https://doi.org/10.1016/j.jmb.2003.07.013 (CC*).
    """
    inputs = shell_inputs(study, params)
    progress(0.2, "spectra")
    spectra = shell_spectra(inputs)
    progress(0.45, "anisotropy")
    filter_ = shell_filter(inputs, spectra)
    progress(0.6, "filtering")
    maps, filter_ = apply(inputs, spectra, filter_)
    values = dict(finish(inputs.base, maps), **_metrics(inputs, spectra, filter_), **_curves(inputs, spectra, filter_))
    progress(1.0, "done")
    return ShellSharpenResult(summary=_summary(values, params), warnings=tuple(inputs.base.warnings), **values)


def _metrics(inputs: ShellInputs, spectra: ShellSpectra, filter_: ShellFilter) -> Dict[str, Any]:
    """Metrics and the table of tensors, by result field."""
    out = dict(spectra.values)
    fall, target = spectra.fall_off, target_bfactor(inputs)
    out.update(d_min=inputs.d_min, target_bfactor=target, spectrum_used=inputs.spectrum, weights_used=inputs.weights, snr_gain=spectra.gain,
               baseline=spectra.tidy.baseline, tail_from=1 / spectra.tidy.tail if spectra.tidy.tail else None,
               anisotropy_corrected=filter_.corrected, bfactor_effective=_effective(inputs, spectra, filter_))
    if fall:
        out.update(bfactor_signal=fall.bfactor, bfactor_signal_error=fall.error)
    found = filter_.tensors
    if found is not None:
        scale = shell_tensors.of_scale(found if filter_.corrected else None, spectra.freq, filter_.ratio,
                                       spectra.count * spectra.weight ** 2)
        out.update({"u_" + n: float(v) for n, v in zip(shell_tensors.COMPONENTS, found.relative)},
                   u_error=found.error, u_range=shell_tensors.spread(found.relative),
                   tensors=shell_tensors.table(found, fall.bfactor / (8 * np.pi ** 2) if fall else None, scale))
    return out


def _mean_scale(filter_: ShellFilter, spectra: ShellSpectra) -> np.ndarray:
    """Mean scale factor of each bin over directions, float64 [n]."""
    tensors = filter_.tensors if filter_.corrected else None
    if tensors is None:
        return filter_.amplitude * filter_.ratio / (1 + filter_.ratio)
    q = filter_.ratio[:, None] * np.exp(-anisotropic.exponents(shell_tensors.decay(tensors), spectra.freq))
    grown = np.exp(anisotropic.exponents(tensors.relative, spectra.freq) / 2)
    return (filter_.amplitude[:, None] * grown * q / (1 + q)).mean(axis=1)


def _effective(inputs: ShellInputs, spectra: ShellSpectra, filter_: ShellFilter) -> Optional[float]:
    """B-factor of the amplitudes applied, from 10 Å to the resolution (Å²)."""
    freq, resolution = spectra.freq, inputs.base.resolution
    use = (freq * max(10.0, 2 * resolution) >= 1) & (freq * resolution <= 1) & (filter_.amplitude > 0)
    if np.count_nonzero(use) < 3:
        return None
    return float(-4 * np.polyfit(freq[use] ** 2, np.log(filter_.amplitude[use]), 1)[0])


def _curves(inputs: ShellInputs, spectra: ShellSpectra, filter_: ShellFilter) -> Dict[str, Any]:
    freq, voxels = spectra.freq[1:], float(np.prod(inputs.geo.shape))
    fo = np.sqrt(spectra.power) / voxels
    fc = np.sqrt(spectra.ideal * spectra.power[1] / max(float(spectra.ideal[1]), 1e-300)) / voxels
    star, scale = np.sqrt(spectra.weight), _mean_scale(filter_, spectra)
    columns = ("d_min", "count", "rms_fo", "rms_fc", "cc", "cc_star", "scale")
    rows = zip(inputs.geo.length / spectra.edges[1:], spectra.count[1:], fo[1:], fc[1:], spectra.tidy.cc[1:], star[1:], scale[1:])
    inside = inputs.geo.length / spectra.edges[:-1] > inputs.d_min * (1 + 1e-9)
    table = Table(columns, tuple(tuple(float(v) for v in row) for row, keep in zip(rows, inside) if keep))
    return dict(correlation=Curve(freq, spectra.cc[1:]), correlation_smooth=Curve(freq, spectra.tidy.cc[1:]), cc_star=Curve(freq, star[1:]),
                scale_factor=Curve(freq, scale[1:]), amplitude=Curve(freq, fo[1:]), amplitude_ideal=Curve(freq, fc[1:]), shells=table)


def _summary(values: Dict[str, Any], params: ShellSharpenParams) -> str:
    aim = {"reference": "the spectrum of the reference map", "model": "the spectrum of the model" + (" at B = 0" * (params.target == "b0"))}
    towards = aim.get(values["spectrum_used"])
    if towards is None:
        towards = "point atoms" if params.target == "b0" else f"atoms with a B-factor of {values['target_bfactor']:.0f} Å²"
    start = f" from a fall-off of {values['bfactor_signal']:.0f} Å²" if values.get("bfactor_signal") is not None else ""
    weighted = {"halves": "weighted by what the half-maps agree on", "model": "weighted by what map and model agree on",
                "none": "without weights"}[values["weights_used"]]
    direction = f"; the fall-off, which differs by {values['u_range']:.2f} Å² (U) between directions, was made even" \
        if values["anisotropy_corrected"] else ""
    return f"The map was sharpened in shells to {values['d_min']:.2f} Å towards {towards}{start}, {weighted}{direction}."
