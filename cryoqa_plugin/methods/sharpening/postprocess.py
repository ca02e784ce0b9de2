"""Post-processing of two half-maps as RELION and cryoSPARC do it: FSC, weights, B-factor, low-pass, local filter."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, curve, map_output, metric
from . import postprocess_steps as steps
from .common import SharpenedResult

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class PostprocessParams:
    """Parameters of :func:`compute_postprocess`."""

    rules: str = param("cryoqa", "cryoqa: weights 2 FSC / (1 + FSC), which leave the least error, and RELION's B-factor. relion: "
                       "relion_postprocess, with the square root of these weights. cryosparc: the same, the B-factor fitted down to the "
                       "resolution, low-passed there, and then a local filter.", label="Rules",
                       choices=("cryoqa", "relion", "cryosparc"))
    bfactor: Optional[float] = param(None, "B-factor to apply; negative sharpens. Fitted to the Guinier plot when empty, less what "
                                     "is left.", label="B-factor", unit="Å²", min=-2000, max=2000)
    bfactor_left: Optional[float] = param(None, "Fall-off that the sharpened map keeps when the B-factor is fitted; 0 makes the Guinier "
                                          "plot flat, as RELION does. When empty, by the rules of cryoqa 4.5 times the squared resolution, "
                                          "about what atoms have, and never more than there is; else 0.", label="B-factor left",
                                          unit="Å²", min=0, max=1000)
    low_pass: Optional[float] = param(None, "Low-pass of the sharpened map; 0 for none, -1 for the resolution found. When empty, what the "
                                      "rules say: -1 for cryosparc, else none, because the weights end the map.", label="Low-pass",
                                      unit="Å", min=-1, max=200)
    local: str = param("auto", "Low-pass the sharpened map in every voxel at its local resolution too. auto: by the rules of cryosparc, "
                       "and when a map of the local resolution is given; else it is computed here.", label="Local filter",
                       choices=("auto", "yes", "no"))
    mtf: Optional[str] = param(None, "STAR file with the MTF of the detector, by which the maps are divided.", label="MTF file")
    mtf_voxel_size: Optional[float] = param(None, "Pixel size that the MTF file refers to; that of the maps when empty.",
                                            label="MTF pixel size", unit="Å", min=0.01, max=50)
    weighting: str = param("fsc", "FSC that the shells are weighted by. fsc: that in the mask, corrected. part: the one that "
                           "the particle alone would have, from the unmasked FSC and the mass or the mask. none: no weights.",
                           label="Weighting", choices=("fsc", "part", "none"))
    mass: Optional[float] = param(None, "Molecular mass of the particle, for the FSC of the particle alone; the mask tells it when empty.",
                                  label="Molecular mass", unit="kDa", min=1, max=1e6)
    fsc_file: Optional[str] = param(None, "File with the FSC to weight by, and to read the resolution from, in place of one computed here: "
                                    "the STAR file of RELION's post-processing, or EMDB's XML.", label="FSC file", expert=True)
    fit_from: float = param(10.0, "Lowest resolution of the Guinier fit.", label="Fit from", unit="Å", min=2, max=100, expert=True)
    fit_to: Optional[float] = param(None, "Highest resolution of the Guinier fit; 0 for all shells that have a weight. When empty, 0, or "
                                    "the resolution by the rules of cryosparc.", label="Fit to", unit="Å", min=0, max=50,
                                    expert=True)
    randomise_from: Optional[float] = param(None, "Resolution from which phases are randomised; decided from the unmasked FSC when "
                                            "empty.", label="Randomise phases from", unit="Å", min=0.1, expert=True)
    force_mask: bool = param(False, "By the rules of relion: use the FSC in the mask even where the unmasked one reaches further.",
                             label="Force the mask", expert=True)
    seed: int = param(0, "Seed of the random phases; the same seed gives the same curve.", label="Seed", min=0, max=2 ** 31, expert=True)
    write_masked: bool = param(False, "Write the sharpened map times the mask as well.", label="Write the masked map", expert=True)


def _fsc_curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC")


def _guinier_curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")


@dataclass(frozen=True)
class PostprocessResult(SharpenedResult):
    """Result of :func:`compute_postprocess`."""

    schema: ClassVar[str] = "cryoqa/postprocess/1"
    bfactor: Optional[float] = metric("Å²", "B-factor applied; negative sharpens", "none")
    bfactor_fitted: Optional[float] = metric("Å²", "B-factor of the Guinier fit, whether it was applied or not", "none")
    bfactor_error: Optional[float] = metric("Å²", "standard error of the fitted B-factor", "lower")
    bfactor_left: Optional[float] = metric("Å²", "fall-off that was left when the B-factor was fitted; positive", "none")
    guinier_r_squared: Optional[float] = metric("", "squared correlation of the Guinier fit", "higher")
    low_pass: Optional[float] = metric("Å", "low-pass applied", "none")
    resolution_unmasked: Optional[float] = metric("Å", "where the unmasked FSC falls below 0.143", "lower")
    randomised_from: Optional[float] = metric("Å", "resolution from which phases were randomised", "none")
    random_fsc_at_resolution: Optional[float] = metric("", "phase-randomised FSC at the resolution", "lower")
    mask_skipped: Optional[bool] = metric("", "the unmasked FSC reaches further, so that the FSC in the mask was not used", "none")
    mass_in_mask: Optional[float] = metric("kDa", "protein that the mask has room for, 0.81 Da for each cubic ångström", "none")
    box_over_particle: Optional[float] = metric("", "by how much noise power of the box exceeds that around the particle", "none")
    local_resolution_median: Optional[float] = metric("Å", "median of the local resolution that the local filter went by", "lower")
    fsc_unmasked: Optional[Curve] = _fsc_curve("FSC of the half-maps as they are")
    fsc_masked: Optional[Curve] = _fsc_curve("FSC in the mask, not corrected")
    fsc_phase_randomised: Optional[Curve] = _fsc_curve("FSC in the mask after randomising phases")
    fsc_true: Optional[Curve] = _fsc_curve("FSC in the mask, corrected for what the mask adds")
    fsc_given: Optional[Curve] = _fsc_curve("FSC of the file, by which shells were weighted")
    fsc_part: Optional[Curve] = _fsc_curve("FSC that the particle alone would have")
    fsc_weight: Optional[Curve] = curve("weight of the shells", x_label="Frequency", x_unit="1/Å", y_label="weight")
    guinier_weighted: Optional[Curve] = _guinier_curve("the plot that was fitted, after MTF and weights")
    guinier_fit: Optional[Curve] = _guinier_curve("line fitted")
    filtered: Optional[Map] = map_output("", "the map with weights and low-pass, not sharpened (rules of cryosparc)")
    sharpened_masked: Optional[Map] = map_output("", "the sharpened map times the mask")
    locally_filtered: Optional[Map] = map_output("", "the sharpened map, low-passed at its local resolution")
    locally_filtered_half1: Optional[Map] = map_output("", "half-map 1, sharpened and filtered alike")
    locally_filtered_half2: Optional[Map] = map_output("", "half-map 2, sharpened and filtered alike")
    local_resolution: Optional[Map] = map_output("Å", "local resolution that was computed for the local filter")


def compute_postprocess(inputs: Inputs, params: PostprocessParams, *, progress: Progress = None) -> PostprocessResult:
    """``full_map``, or the mean of ``half1`` and ``half2`` (float32 [z, y, x]), and the half-maps, sharpened by what the FSC says.

    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013 (weights, B-factor); Chen et al. (2013),
    https://doi.org/10.1016/j.ultramic.2013.06.004 (correction for the mask); Scheres (2012), https://doi.org/10.1016/j.jsb.2012.09.006;
    Punjani et al. (2017), https://doi.org/10.1038/nmeth.4169.
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params, say)
    say(0.5, "B-factor")
    profile, values = steps.filter_of(work)
    say(0.55, "sharpening")
    values.update(steps.sharpen(work, profile))
    if steps.filters_locally(work):
        say(0.65, "local filter")
        values.update(steps.filter_locally(work, values, lambda f, m: say(0.65 + 0.33 * f, m)))
    say(1.0, "done")
    return PostprocessResult(summary=steps.summary(work, values), warnings=tuple(work.warnings), **values)
