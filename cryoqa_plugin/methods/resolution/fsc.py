"""Fourier shell correlation of two half-maps, corrected for the mask, with the sharpening that RELION's post-processing does."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Result, Table, curve, map_output, metric, table
from . import fsc_steps as steps

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class FscParams:
    """Parameters of the ``fsc`` capability."""

    rules: str = param("cryoqa", "cryoqa: phases randomised from FSC 0.8 with a soft onset, so that the correction does not cost "
                       "resolution where the mask cuts nothing. relion: the same with RELION's sharp onset. cryosparc: its no mask, "
                       "spherical, loose and tight masks, made from the half-maps (a mask you give takes the place of the tight one), "
                       "phases randomised sharply from FSC 0.143.", label="Rules", choices=("cryoqa", "relion", "cryosparc"))
    threshold: float = param(0.143, "FSC at which the resolution in the headline is read; 0.143 is the usual one for half-maps.",
                             label="Threshold", min=0.01, max=0.99)
    confidence: float = param(0.95, "Probability that the true value lies inside the bands and intervals.", label="Confidence",
                              min=0.5, max=0.999, expert=True)
    randomise_from: Optional[float] = param(None, "Resolution from which phases are randomised; decided from the unmasked FSC when "
                                            "empty.", label="Randomise phases from", unit="Å", min=0.1, expert=True)
    seed: int = param(0, "Seed of the random phases; the same seed gives the same curve.", label="Seed", min=0, max=2 ** 31,
                      expert=True)
    repeats: int = param(2, "How many times phases are randomised; the curve is the mean, which scatters less.", label="Repeats",
                         min=1, max=50, expert=True)
    sharpen: bool = param(True, "Write the mean of the half-maps, weighted by the FSC and sharpened by the B-factor.",
                          label="Sharpen")
    bfactor: Optional[float] = param(None, "B-factor to apply; negative sharpens. Fitted to the Guinier plot when empty.",
                                     label="B-factor", unit="Å²", min=-2000, max=2000)
    fit_from: float = param(10.0, "Lowest resolution of the Guinier fit.", label="Fit from", unit="Å", min=2, max=100, expert=True)
    fit_to: float = param(0.0, "Highest resolution of the Guinier fit; 0 for all shells that have a weight.", label="Fit to",
                          unit="Å", min=0, max=50, expert=True)
    low_pass: float = param(0.0, "Low-pass of the sharpened map; 0 for none, -1 for the resolution found.", label="Low-pass",
                            unit="Å", min=-1, max=200, expert=True)
    fsc_weighting: bool = param(True, "Weight the shells of the sharpened map by sqrt(2 FSC / (1 + FSC)).", label="FSC weighting",
                                expert=True)
    mtf: Optional[str] = param(None, "STAR file with the MTF of the detector, by which the sharpened map is divided.",
                               label="MTF file", expert=True)
    mtf_voxel_size: Optional[float] = param(None, "Pixel size that the MTF file refers to; that of the maps when empty.",
                                            label="MTF pixel size", unit="Å", min=0.01, max=50, expert=True)
    relion_counting: bool = param(False, "Count both Friedel mates on the plane kx = 0 as RELION does: only to compare curves with "
                                  "RELION's to the last digit.", label="Count as RELION", expert=True)


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "lower")


def _fsc_curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC")


def _guinier_curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")


@dataclass(frozen=True)
class FscResult(Result):
    """Result of the ``fsc`` capability."""

    schema: ClassVar[str] = "cryoqa/fsc/1"
    resolution: Optional[float] = _res("headline: where the corrected curve (the unmasked one without a mask) crosses the threshold")
    resolution_worse: Optional[float] = _res("worse end of the confidence interval of the headline resolution")
    resolution_better: Optional[float] = _res("better end of the confidence interval of the headline resolution")
    resolution_relion: Optional[float] = _res("last shell of the headline curve before its first value below the threshold, as RELION")
    resolution_unmasked_0143: Optional[float] = _res("unmasked FSC at 0.143")
    resolution_unmasked_05: Optional[float] = _res("unmasked FSC at 0.5")
    resolution_unmasked_half_bit: Optional[float] = _res("unmasked FSC at the half-bit curve")
    resolution_unmasked_one_bit: Optional[float] = _res("unmasked FSC at the one-bit curve")
    resolution_unmasked_three_sigma: Optional[float] = _res("unmasked FSC at the three-sigma curve")
    resolution_masked_0143: Optional[float] = _res("masked FSC, not corrected, at 0.143")
    resolution_masked_05: Optional[float] = _res("masked FSC, not corrected, at 0.5")
    resolution_masked_half_bit: Optional[float] = _res("masked FSC, not corrected, at the half-bit curve")
    resolution_masked_one_bit: Optional[float] = _res("masked FSC, not corrected, at the one-bit curve")
    resolution_masked_three_sigma: Optional[float] = _res("masked FSC, not corrected, at the three-sigma curve")
    resolution_corrected_0143: Optional[float] = _res("corrected FSC at 0.143")
    resolution_corrected_05: Optional[float] = _res("corrected FSC at 0.5")
    resolution_corrected_half_bit: Optional[float] = _res("corrected FSC at the half-bit curve")
    resolution_corrected_one_bit: Optional[float] = _res("corrected FSC at the one-bit curve")
    resolution_corrected_three_sigma: Optional[float] = _res("corrected FSC at the three-sigma curve")
    resolution_spherical_0143: Optional[float] = _res("FSC in cryoSPARC's spherical mask at 0.143, not corrected")
    resolution_loose_0143: Optional[float] = _res("FSC in cryoSPARC's loose mask at 0.143, not corrected")
    nyquist: Optional[float] = _res("resolution of the last shell")
    reaches_nyquist: Optional[bool] = metric("", "the headline curve never falls below the threshold", "none")
    returns_above: Optional[int] = metric("", "times the headline curve comes back above the threshold after its first fall", "lower")
    randomised_from: Optional[float] = metric("Å", "resolution from which phases were randomised", "none")
    random_fsc_at_resolution: Optional[float] = metric("", "phase-randomised FSC at the headline resolution", "lower")
    unmasked_reaches_further: Optional[bool] = metric("", "the unmasked curve crosses beyond the better end of the interval",
                                                      "none")
    mask_fraction: Optional[float] = metric("", "mean of the mask: part of the box inside", "none")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_shift: Optional[float] = metric("voxels", "how far half-map 2 is moved against half-map 1", "target:0")
    half_maps_shift_vector: Optional[str] = metric("voxels", "the same along x, y, z: half-map 2 is half-map 1 moved by it", "none")
    half_maps_shift_error: Optional[float] = metric("voxels", "standard error of the shift", "lower")
    half_maps_operation: Optional[str] = metric("", "what turns half-map 2 the way round of half-map 1: none, or axes to reverse and "
                                                "swap", "none")
    half_maps_likeness: Optional[float] = metric("", "mean FSC coarser than 20 Å after that and with the shift undone", "higher")
    zero_fraction: Optional[float] = metric("", "part of the voxels of a half-map that are exactly 0", "lower")
    solvent_noise_ratio: Optional[float] = metric("", "noise variance near the faces of the box over that at its centre", "none")
    tail_fsc: Optional[float] = metric("", "mean unmasked FSC over the last tenth of the shells", "target:0")
    rise_at_end: Optional[float] = metric("", "unmasked FSC at the end less its lowest value before", "lower")
    bfactor: Optional[float] = metric("Å²", "B-factor applied, or fitted when no map is written; negative for a decay", "none")
    bfactor_error: Optional[float] = metric("Å²", "standard error of the fitted B-factor", "lower")
    guinier_slope: Optional[float] = metric("Å²", "slope of the Guinier fit, B / 4", "none")
    guinier_intercept: Optional[float] = metric("", "intercept of the Guinier fit", "none")
    guinier_r_squared: Optional[float] = metric("", "squared correlation of the Guinier fit", "higher")
    fsc_unmasked: Optional[Curve] = _fsc_curve("FSC of the half-maps as they are")
    fsc_spherical: Optional[Curve] = _fsc_curve("FSC in cryoSPARC's spherical mask")
    fsc_loose: Optional[Curve] = _fsc_curve("FSC in cryoSPARC's loose mask")
    fsc_masked: Optional[Curve] = _fsc_curve("FSC in the mask (cryoSPARC: tight), not corrected")
    fsc_phase_randomised: Optional[Curve] = _fsc_curve("FSC in the mask after randomising phases")
    fsc_true: Optional[Curve] = _fsc_curve("FSC in the mask, corrected for what the mask adds")
    half_bit: Optional[Curve] = _fsc_curve("half-bit threshold of the headline curve")
    one_bit: Optional[Curve] = _fsc_curve("one-bit threshold of the headline curve")
    three_sigma: Optional[Curve] = _fsc_curve("three-sigma threshold of the headline curve")
    fsc_weight: Optional[Curve] = curve("weight of the shells in the sharpened map", x_label="Frequency", x_unit="1/Å", y_label="weight")
    guinier_original: Optional[Curve] = _guinier_curve("mean of the half-maps")
    guinier_weighted: Optional[Curve] = _guinier_curve("after MTF and FSC weights")
    guinier_sharpened: Optional[Curve] = _guinier_curve("after the B-factor")
    guinier_fit: Optional[Curve] = _guinier_curve("line fitted to the weighted plot")
    resolutions: Optional[Table] = table("resolution (Å) of each curve by each criterion, with its confidence interval")
    sharpened: Optional[Map] = map_output("", "mean of the half-maps, weighted and sharpened")
    sharpened_masked: Optional[Map] = map_output("", "the sharpened map times the mask")


def compute_fsc(inputs: Inputs, params: FscParams, *, progress: Progress = None) -> FscResult:
    """Fourier shell correlation of ``half1`` and ``half2``, in ``mask`` when there is one, and the sharpened map.

    Chen et al. (2013), https://doi.org/10.1016/j.ultramic.2013.06.004 (correction for the mask); Rosenthal & Henderson (2003),
    https://doi.org/10.1016/j.jmb.2003.07.013 (0.143, weights, B-factor); van Heel & Schatz (2005),
    https://doi.org/10.1016/j.jsb.2005.05.009 (half-bit, one-bit, three-sigma).
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params)
    found = steps.compare(work, say)
    say(0.7, "B-factor and sharpening")
    values = dict(steps.sharpening(work, found), **steps.numbers(work, found))
    values.update(steps.drawings(work, found))
    say(1.0, "done")
    return FscResult(summary=steps.summary(work, found, values["half_maps_identical"]), warnings=tuple(work.warnings), **values)
