"""Sharpening in shells of resolution: every shell, or every coefficient, gets the amplitude of an ideal map and the weight of its noise."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...io.inputs import Inputs
from ...params import param
from ...results import Curve, Table, curve, metric, table
from . import shell_steps as steps
from .common import SharpenedResult

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class ShellSharpenParams:
    """Parameters of the ``shell_sharpen`` capability."""

    target: str = param("density", "What the map should look like. density: the molecule with atoms as blurred as is usual at this "
                        "resolution (or as in the model), without noise and without the fall-off of the imaging; b0: a molecule of point "
                        "atoms (B = 0), which is sharper, as Phenix does.", label="Target", choices=("density", "b0"))
    anisotropic: str = param("auto", "Correct a fall-off that depends on direction. auto: when it is beyond its error and matters at the "
                             "resolution.", label="Anisotropic", choices=("auto", "yes", "no"))
    resolution: Optional[float] = param(None, "Resolution to go by; from the half-maps when empty.", label="Resolution", unit="Å", min=0.1)
    spectrum: str = param("auto", "Where the ideal spectrum comes from. auto: the reference map if there is one, else the model if there "
                          "is one, else data. data: the map's own, its fall-off replaced. protein: an average of proteins. model: that of "
                          "the model. reference: that of the reference map, whatever the target.", label="Spectrum",
                          choices=("auto", "data", "protein", "model", "reference"))
    weights: str = param("auto", "What tells the noise. auto: the half-maps, else the model, else nothing. halves, model: these. none: "
                         "amplitudes are put right and nothing is weighted down.", label="Weights",
                         choices=("auto", "halves", "model", "none"))
    noise: str = param("molecule", "Noise that the weights are against. molecule: that inside the mask, or around a contour of the map "
                       "when there is none; box: that of the whole box, as Phenix does, which smooths more.", label="Noise",
                       choices=("molecule", "box"))
    bfactor_ratio: float = param(5.9, "B-factor (Å²) of the atoms of the target density, over the square of the resolution (Å).",
                                 label="B over squared resolution", min=0, max=50, expert=True)
    bfactor: Optional[float] = param(None, "B-factor of the atoms of the target density, in place of the rule; positive, Phenix's b_iso.",
                                     label="B-factor of the target", unit="Å²", min=0, max=2000, expert=True)
    n_bins: Optional[int] = param(None, "Shells up to the limit; one for each step of Fourier space when empty.", label="Shells", min=3,
                                  max=2000, expert=True)
    d_min_ratio: float = param(0.833, "The map is cut, softly, at this times the resolution.", label="Limit over resolution", min=0.1,
                               max=2, expert=True)
    k_sol: float = param(0.0, "Contrast of the solvent in the ideal spectrum, 0 to 0.95: amplitudes times 1 - k exp(-b s^2 / 4). Not for "
                         "the reference map.", label="Solvent k", min=0, max=0.95, expert=True)
    b_sol: float = param(200.0, "B-factor of that solvent.", label="Solvent B", unit="Å²", min=0, max=2000, expert=True)
    cc_cut: float = param(0.2, "From the first correlation below this on, the correlation is a fitted Gaussian; 0 for no fit.",
                          label="Smooth below", min=0, max=0.5, expert=True)
    last_bins: int = param(3, "The mean correlation of as many last shells is taken out as a baseline; 0 for none.",
                           label="Shells of the baseline", min=0, max=50, expert=True)
    max_cc_for_rescale: float = param(0.2, "A baseline above this is believed and left.", label="Largest baseline", min=0, max=1,
                                      expert=True)
    rmsd: Optional[float] = param(None, "Error of the model's atoms; rmsd_ratio times the resolution when empty.",
                                  label="Error of the model", unit="Å", min=0, max=20, expert=True)
    rmsd_ratio: float = param(0.25, "Error of the model's atoms over the resolution.", label="Error over resolution", min=0, max=2,
                              expert=True)
    fraction_complete: Optional[float] = param(None, "Part of the scattering that the model holds; from the best correlation when empty.",
                                               label="Part in the model", min=0.01, max=1, expert=True)
    atom_radius: float = param(3.0, "The map is masked this far around the atoms when the model tells the weights and there is no mask.",
                               label="Mask around atoms", unit="Å", min=0, max=50, expert=True)
    scale: str = param("power", "Scale of the map. power: the variance of the input; unit: variance 1; maximum: the largest scale factor "
                       "is 1.", label="Scale", choices=("power", "unit", "maximum"), expert=True)


def _fsc(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="Correlation")


def _u(meaning: str) -> Any:
    return metric("Å²", meaning, "target:0")


@dataclass(frozen=True)
class ShellSharpenResult(SharpenedResult):
    """Result of the ``shell_sharpen`` capability."""

    schema: ClassVar[str] = "cryoqa/shell_sharpen/1"
    d_min: Optional[float] = metric("Å", "limit at which the map was cut", "none")
    target_bfactor: Optional[float] = metric("Å²", "B-factor of the atoms of the target; null when a model or a map tells it", "none")
    bfactor_signal: Optional[float] = metric("Å²", "B-factor of the signal's fall-off relative to protein at B = 0, Phenix's b_iso",
                                             "lower")
    bfactor_signal_error: Optional[float] = metric("Å²", "its standard error", "lower")
    bfactor_effective: Optional[float] = metric("Å²", "B-factor applied, without the weights; negative sharpens, Phenix's b_sharpen is its "
                                                "negative", "none")
    spectrum_used: Optional[str] = metric("", "where the ideal spectrum came from", "none")
    weights_used: Optional[str] = metric("", "what told the noise", "none")
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


def compute_shell_sharpen(inputs: Inputs, params: ShellSharpenParams, *, progress: Progress = None) -> ShellSharpenResult:
    """A map (``full_map``, or the mean of ``half1`` and ``half2``), float32 [z, y, x], sharpened in shells towards an ideal spectrum.

    With signal power ``S``, noise power ``N`` and ideal power ``P`` of a coefficient, it is multiplied by
    ``sqrt(P / S) / (1 + E^2)``, ``E^2 = N / S``: the map nearest to the ideal one, Wiener's filter. ``S`` comes from the
    half-maps' correlation, a model or a reference map. Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655;
    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013 (CC*).
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params)
    say(0.2, "spectra")
    spectra = steps.measure(work)
    say(0.45, "anisotropy")
    plan = steps.plan(work, spectra)
    say(0.6, "filtering")
    maps = steps.apply(work, spectra, plan)
    values = steps.numbers(work, spectra, plan, maps)
    say(1.0, "done")
    return ShellSharpenResult(summary=steps.summary(values, params), warnings=tuple(work.base.warnings), **values)
