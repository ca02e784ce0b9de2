"""The one table of limits: what each capability's numbers are held against."""
from __future__ import annotations

from typing import Collection, Dict, Tuple

from .checks import Check
from .map_limits import MAP_CHECKS
from .model_limits import ATOMS_OUTSIDE, GUINIER_PAIR, MODEL_CHECKS, OFF_DENSITY, PLACE
from .registry import CAPABILITIES

_UNFILTERED = "Give the half-maps as the refinement wrote them, without a mask."
_CHEN, _ROSENTHAL = "https://doi.org/10.1016/j.ultramic.2013.06.004", "https://doi.org/10.1016/j.jmb.2003.07.013"
_TAN, _MONODIR = "https://doi.org/10.1038/nmeth.4347", "https://doi.org/10.1038/s41467-019-13742-w"

# what more than one capability is held against
_HALF_MAPS = (
    Check("half_maps_identical", "is", False, "Half-maps are copies", "The half-maps are copies of each other",
          "Give the two independent half-maps of one refinement.", 4, severity="fail"),
    Check("half_maps_signal", ">=", 5.0, "Signal that the half-maps share, over its standard error in noise",
          "The half-maps share no signal", "They agree no better than noise does: check that they are two half-maps of one refinement, and "
          "that it converged.", 4, severity="fail"),
    Check("half_maps_likeness", ">=", 0.4, "Correlation of the half-maps, low-passed",
          "The half-maps do not match: they correlate by only {value}", "Even at their best fit they differ: take the two half-maps of one "
          "refinement.", 4, grave=True),
    Check("half_maps_denoised", "is", "none", "Half-maps were denoised or modified",
          "The half-maps were denoised or modified ({value} of each other)",
          "Their FSC is not that of the map: give the half-maps as the refinement wrote them.", 4, severity="fail"),
    Check("half_maps_operation", "is", "none", "Rotation or mirror between the half-maps",
          "The half-maps differ by more than noise: {value}", "Read and write both with one program, and take the two half-maps of one "
          "refinement.", 4, severity="fail"),
    Check("half_maps_shift", "<=", 0.1, "Shift between the half-maps", "The half-maps are shifted by {value}",
          "Every resolution is too low until half-map 2 is moved back, or the two halves of one refinement are taken.", 3, fails_at=0.5,
          grave=True),
    Check("half_maps_masked", "is", False, "Half-maps are masked", "The half-maps are masked", _UNFILTERED, 4, grave=True),
    Check("half_maps_damped", "is", False, "Half-maps have a damped solvent", "The solvent of the half-maps was damped",
          "Give the half-maps as the refinement wrote them, before the solvent was flattened, masked or filtered.", 3, grave=True),
    Check("half_maps_filtered", "is", False, "Half-maps are low-passed", "The half-maps were low-passed",
          "No detail beyond the filter can be measured: give the half-maps as the refinement wrote them.", 4, grave=True),
    Check("half_maps_scale", "<=", 2.0, "Amplitude ratio of the half-maps", "The half-maps differ in scale by a factor of {value}",
          "Check that they come from one refinement, with as many particles each.", 1),
    Check("half_maps_share_noise", "is", False, "Half-maps share noise", "The half-maps share noise",
          "Their FSC is too good: look for particles in both halves, or for a step that saw both.", 4, severity="fail"),
)
# What a cause explains is not warned about again; * is everything after it.
_AT_THE_END = ("reaches_nyquist", "reach_nyquist", "nyquist_fraction", "tail_fsc", "rise_at_end", "returns_above", "shells_beyond",
               "d_fsc_falls", "unmasked_reaches_further")
_OF_MASK = ("random_fsc_at_resolution", "random_fsc")
_OF_FIT = ("gap_sigma", "chains_foreign", "residues_shifted", "model_correlation", "model_gap", "model_lead", "reported_gap",
           "reported_lead", "b_excess", "cc_mask", "residues_low", "inclusion_backbone", "guinier_correlation",
           "q_difference", "below_expectation", "residues_unexplained", "overfitted", "centred_low", "centred_dips", "omit",
           "trust", "largest_cluster", "model_trusted", "residues_without", "residues_unsteady", "residues_moved", "sides_off")
_OF_MODEL = ("atoms_outside", "model_zscore", *_OF_FIT)
_OF_NOISE = ("noise_spread", "noise_source", "fraction_above", "fraction_above_finest", "finer_percent", "significant_fraction")
_OF_AUDIT = ("map_shift", "origin_off", "kept_noise", "invented_share", "supported_share", "unsupported_power", "unsupported_count",
             "residues_unsupported", "power_beyond", "noise_share", "lost_count", "residues_lost")
_PLACED = ("fitting_origin", "model_voxel_off", "model_shift", "model_operation", *_OF_MODEL)
EXPLAINED: Dict[str, Collection[str]] = {
    "half_maps_identical": ("*",), "half_maps_signal": ("*",), "half_maps_likeness": ("*",), "half_maps_operation": ("*",),
    "half_maps_shift": ("*",), "half_maps_denoised": ("*",),
    "half_maps_masked": ("half_maps_damped", "half_maps_scale", "verdict", *_OF_MASK, *_AT_THE_END, *_OF_NOISE),
    "half_maps_damped": ("half_maps_scale", "verdict", *_OF_MASK, *_AT_THE_END, *_OF_NOISE),
    "half_maps_filtered": ("one_filtered", "halves_sharpened", "bfactor", "fall", "verdict", *_OF_MASK, *_AT_THE_END, *_OF_NOISE),
    "halves_sharpened": ("one_filtered",), "half_maps_scale": ("is_half", "nothing_found", "largest_share", "noise_fits"),
    "shares_in_mask": _AT_THE_END,
    "level_verdict": ("pieces_95", "remaining_percent", "mask_overlap", "space_min_percent", "margin"),
    "half_maps_share_noise": ("verdict", "baseline", "model_gap", "residues_unexplained", *_AT_THE_END),
    "fitting_origin": ("model_voxel_off", "model_shift", "model_operation", *_OF_MODEL),
    "model_voxel_off": ("model_shift", "model_operation", *_OF_MODEL), "model_shift": ("model_operation", *_OF_MODEL),
    "model_operation": _OF_MODEL, "model_zscore": _OF_FIT,
    "chains_foreign": ("model_gap", "reported_gap", "cc_mask", "residues_low", "inclusion_backbone", "guinier_correlation"),
    "residues_shifted": ("model_gap", "reported_gap", "cc_mask", "residues_low", "inclusion_backbone", "guinier_correlation"),
    "mirrored": ("chirality_wrong",), "duplicate_atoms": ("atoms_together", "clashes_per_1000"),
    "centred_low": ("centred_dips",), "model_gap": ("reported_gap",), "model_lead": ("reported_lead",), "omit": ("trust",),
    "map_operation": (*_OF_AUDIT, "contour_verdict", *_PLACED), "map_likeness": _OF_AUDIT, "map_shift": _PLACED, "voxel_off": _PLACED,
    "pixel_off": _PLACED, "supported_share": ("unsupported_power",),
    "pair_operation": ("pair_shift", "pair_correlation", "margin"), "pair_shift": ("pair_correlation", "margin"),
    "unsupported_count": ("supported_share", "unsupported_power", "residues_unsupported"), "lost_count": ("residues_lost",),
}
_SOLVENT_IN_MASK = "The mask may hold solvent, or a part of the molecule that most particles lack."
_MASK_OFF = "The mask may hold solvent, or lie beside the molecule."
_SMALLER_VOXELS = "Use smaller voxels, and check that the half-maps are independent."
_CENTRE = "Shift the map to the box centre. In a focused refinement it is off centre by intention."


def _unresolved(title: str = "Mask without a local resolution", claim: str = "{value} of the mask has no local resolution",
                advice: str = _SOLVENT_IN_MASK, limit: float = 0.05) -> Check:
    return Check("unresolved_fraction", "<=", limit, title, claim, advice, 1, share=True)


def _to_the_end(title: str, claim: str, advice: str = _SMALLER_VOXELS, limit: float = 0.1) -> Check:
    return Check("nyquist_fraction", "<=", limit, title, claim, advice, 1, share=True)


# local resolutions that were given
_GIVEN_RESOLUTION = (
    Check("fraction_outside", "<=", 0.995, "Box without a local resolution", "{value} of the box have no local resolution",
          "Check that this map holds a resolution in Å, and not a mask or a frequency.", share=True),
    Check("fraction_finer", "<=", 0.01, "Voxels with a resolution finer than Nyquist",
          "{value} of the voxels have a resolution finer than Nyquist", "Check unit and voxel size of the local-resolution map.",
          share=True))
# a map that was made here, by the half-maps it was made of
_OF_OWN_MAP = (
    Check("supported_share", ">=", 0.95, "Power that the half-maps support",
          "The half-maps support only {value} of the power of the new map",
          "The rule that made it is no filter: look where support is low before you build or show it.", 1, share=True),
    Check("unsupported_power", "<=", 0.02, "Power that is not the data", "{value} of the power of the new map is not the data",
          "The rule that made it is no filter of the data: compare it with the map that went in.", 1, share=True),
    Check("kept_noise", "<=", 0.2, "Power that is noise of the half-maps", "At least {value} of the power of the new map is noise",
          "Fine detail was raised more than the data allow: weight it by its noise, or sharpen less.", 1, share=True))

_OWN: Dict[str, Tuple[Check, ...]] = {
    **MODEL_CHECKS,
    **MAP_CHECKS,
    "map_info": (
        Check("inverted", "is", False, "Density is negative (inverted contrast)", "The density is negative (inverted contrast)",
              "Multiply the map by -1 before you go on."),
        Check("voxel_size_unset", "is", False, "Voxel size is exactly 1 Å", "The voxel size is exactly 1 Å",
              "Programs write that when they do not know the size; check it: every length here scales with it.", 3),
        Check("header_agrees", "is", True, "Header statistics match the data", "The header statistics are not those of the data",
              "Another program changed the data only. Programs that trust the header will draw wrong contours.", 1),
        Check("centre_offset", "<=", 0.1, "Offset of the centre of mass, of the box edge",
              "The centre of mass is {value} off the box centre",
              "Centre the map: masks and filters may cut the molecule off.", 1, share=True),
        Check("half_maps_consistency", ">=", 0.8, "FSC of the half-maps, coarser than 20 Å",
              "The half-maps agree by only {value} coarser than 20 Å",
              "Check that they come from one refinement, with one origin and hand.",
              3, grave=True),
        Check("half_maps_agreement", ">=", 0.95, "FSC of map and mean of the half-maps, coarser than 20 Å",
              "The map is not the mean of the half-maps (FSC {value})", "Check that map and half-maps come from one refinement, with one "
              "origin and hand.", 3, grave=True),
    ),
    "mask": (
        Check("edge_margin", ">", 0.0, "Margin between mask and box face", "The mask runs into the face of the box",
              "Use a larger box, or a higher threshold.", 1),
        Check("mean_value", ">=", 0.002, "Mean of the mask", "The mask holds next to nothing (mean {value})",
              "Lower the threshold, or check that the map shows the molecule."),
        Check("box_fraction", "<=", 0.5, "Box inside the mask", "The mask takes {value} of the box",
              "A mask that fills the box takes no noise away: raise the threshold.", share=True),
        Check("largest_component", ">=", 0.4, "Mask in its largest piece", "Only {value} of the mask lie in its largest piece",
              "Raise the threshold or drop small parts: the mask may hold noise.", share=True),
        Check("soft_edge_width", ">=", 3.0, "Width of the soft mask edge", "The soft edge of the mask is only {value} wide",
              "A hard edge correlates the half-maps: widen it."),
    ),
    "fsc": (
        Check("reported_deviation", "<=", 5.0, "Reported against measured resolution",
              "The reported {reported} is {reported_difference:coarser} than measured",
              "Report the resolution measured in the mask, or name the curve and the mask that the reported one is of.", 1),
        Check("shares_in_mask", "is", False, "Half-maps share noise in the molecule", "The half-maps share noise in the molecule",
              "Orientations were fitted to noise, or a step saw both halves: refine them apart, with less detail in the reference.", 4,
              grave=True),
        Check("tail_fsc", "<=", 0.1, "FSC without mask in the last shells", "The FSC without mask is still {value} in the last shells",
              "The voxels are too large for these data, or the half-maps share a mask, noise or a processing step.", 1),
        Check("rise_at_end", "<=", 0.1, "Rise of the FSC without mask at its end", "The FSC without mask rises by {value} at its end",
              "Interpolation, a filter or a shared mask does this: look at the curve before you trust a crossing.", 1),
        Check("returns_above", "==", 0, "Times the FSC climbs above 0.143 again",
              "The FSC climbs above the threshold again ({value} times)",
              "The first crossing is given. Look for a problem of CTF, sampling or mask.", 1),
        Check("random_fsc_at_resolution", "<=", 0.1, "Phase-randomised FSC at the resolution",
              "The mask is too tight: phase-randomised FSC {value} at the resolution", "Widen the mask or its soft edge.", 1, _CHEN),
        Check("reaches_nyquist", "is", False, "FSC stays above 0.143 to the box limit (Nyquist)", "The FSC does not fall before Nyquist",
              "The resolution is that of the last shell. " + _SMALLER_VOXELS, 1),
        Check("unmasked_reaches_further", "is", False, "FSC without mask reaches further than the corrected one",
              "The FSC without mask reaches further than the corrected one", "The mask is too tight, or does not fit the map.", 1),
        Check("bfactor", "<=", 0.0, "Sharpening B-factor", "The amplitudes rise with resolution (sharpening B {value})",
              "The half-maps seem to be sharpened already.", 1, _ROSENTHAL),
    ),
    "mtriage": (
        Check("reaches_nyquist", "is", False, "FSC stays above 0.143 to the box limit (Nyquist)", "The FSC does not fall before Nyquist",
              _SMALLER_VOXELS, 1),
        Check("d_fsc_falls", "<=", 1, "Times the FSC falls below 0.143", "The FSC falls below 0.143 {value} times",
              "It dips and comes back: look at the curve before you trust a number.", 1),
        *PLACE,
        Check("model_correlation", ">=", 0.2, "Correlation of map and model, low-passed", "Map and model correlate by only {value}",
              "Check that they belong together. Without a mask, noise in the solvent lowers this number.", grave=True),
        Check("model_gap", "<=", 1.25, "Map-model resolution / half-map resolution",
              "Map and model agree to {value} times the half-map resolution only", "Parts of the model may be missing or wrong, or its "
              "B-factors.", 1, _ROSENTHAL),
        Check("model_lead", "<=", 1.25, "Half-map resolution / map-model resolution",
              "Map and model agree {value} times finer than the half-maps do", "The model may be fitted to noise.", 1, _ROSENTHAL),
        Check("reported_gap", "<=", 1.25, "Map-model resolution / reported resolution",
              "Map and model agree to {value} times the reported resolution only",
              "Check that number, and look for parts of the model that "
              "are wrong or missing."),
        Check("reported_lead", "<=", 1.25, "Reported resolution / map-model resolution",
              "Map and model agree {value} times finer than the reported resolution",
              "The model may be fitted to noise, or the map is finer "
              "than was reported."),
        Check("b_excess", ">=", -30.0, "B-factor of the map less that of the model",
              "The map is sharper than the model: its B-factor is {value} beside it", "The map is over-sharpened, or the B-factors of the "
              "model are not refined.", 1),
    ),
    "half_map_statistics": (
        Check("reaches_nyquist", "is", False, "Significant in every shell to the box limit (Nyquist)",
              "The FSC is significant in every shell to Nyquist", _SMALLER_VOXELS, 1),
        Check("shells_beyond", "<=", 3, "Significant shells beyond the significance limit",
              "{value} shells beyond the significance limit are significant again",
              "Look for a problem of CTF, sampling or mask, or for noise "
              "that the half-maps share.", 1),
    ),
    "directional_fsc": (
        Check("empty_fraction", "<=", 0.0, "Fourier space without data", "{value} of Fourier space are empty",
              "Views are missing, or were suppressed: look at the orientations, and collect tilted images or other grids.", 2, _TAN,
              grave=True, share=True),
        Check("noise_ratio", "<=", 2.0, "Noise, noisiest / quietest direction",
              "The noise differs by a factor of {value} between directions",
              "Few views in some directions: look at the orientations, and collect tilted images or other grids.", 2, _TAN),
        Check("fall_off_ratio", "<=", 2.5, "Signal amplitude, slowest / fastest axis",
              "The signal falls off unevenly: amplitudes differ by a factor of {value}",
              "Look for motion and flexibility along one axis, and "
              "sharpen with care."),
        Check("reach_nyquist", "<=", 0.1, "Directions resolved to Nyquist", "{value} of the directions are resolved to Nyquist",
              _SMALLER_VOXELS, 1, share=True),
    ),
    "local_filter": _GIVEN_RESOLUTION,
    "local_fsc": (
        _unresolved(), _to_the_end("Mask resolved to the last band", "{value} of the mask are resolved to the last band"),
        Check("significant_fraction", ">=", 0.8, "Mask where the local resolution is known within 5 %",
              "Only {value} of the mask has a local resolution known within 5 %", "The window holds too little signal: use a wider one.",
              1,
              share=True),
    ),
    "monores": (
        _unresolved("Mask at the noise level (MonoRes)", "{value} of the mask are at the noise level", _MASK_OFF),
        _to_the_end("Mask resolved to the last frequency (MonoRes)", "{value} of the mask are resolved to the last frequency",
                    "Check that the half-maps are independent and not denoised, or use smaller voxels."),
    ),
    "blocres": (
        Check("box_over_resolution", ">=", 5, "Box edge / median resolution (blocres)", "The boxes are only {value} resolutions wide",
              "They hold too few Fourier coefficients: use larger ones.", 1),
        _unresolved("Boxes without a resolution (blocres)", "{value} of the boxes have no resolution"),
        _to_the_end("Boxes resolved to Nyquist (blocres)", "{value} of the boxes are resolved to Nyquist"),
        Check("several_fraction", "<=", 0.2, "Boxes whose FSC falls more than once (blocres)",
              "The FSC of {value} of the boxes falls more than once", "Look at the mean FSC of the boxes, and use larger ones.",
              share=True),
    ),
    "relion_locres": (
        Check("random_fsc", "<=", 0.1, "Phase-randomised FSC of the spheres (RELION)", "The spheres correlate by themselves (FSC {value})",
              "Their edges are too sharp: use wider ones.", 1),
        _unresolved("Spheres without a resolution (RELION)", "{value} of the spheres have no resolution",
                    "The mask may hold solvent, or the sampling is too fine.", 0.1),
        _to_the_end("Spheres resolved to Nyquist (RELION)", "{value} of the spheres are resolved to Nyquist"),
        Check("uncovered_fraction", "<=", 0.02, "Mask out of reach of every sphere (RELION)", "No sphere reaches {value} of the mask",
              "Use a finer sampling, or a larger box.", share=True),
    ),
    "phenix_locres": (
        _to_the_end("Mask above the threshold in all bins (Phenix)", "{value} of the mask are above the threshold in all bins",
                    "Ask for a finer highest resolution, and check that the half-maps are independent."),
        _unresolved("Mask below the threshold in all bins (Phenix)", "{value} of the mask are below the threshold in all bins", _MASK_OFF),
    ),
    "monodir": (
        Check("preferred", "is", False, "One direction better all over the map (MonoDir)", "One direction is better all over the map",
              "Look at the orientations; collect tilted images or other grids where views are missing.", 2, _MONODIR),
        Check("tangential_over_radial", "<=", 1.15, "Tangential / radial resolution (MonoDir)",
              "Detail is blurred around the centre by a factor of {value}",
              "Orientations may be in error: refine them further, or leave out "
              "uncertain particles."),
        _unresolved("Mask at the noise level (MonoDir)", "{value} of mask and directions are at the noise level", _MASK_OFF),
    ),
    "resmap": (
        _unresolved("Mask at the noise level (ResMap)", "{value} of the mask are at the noise level", _MASK_OFF),
        _to_the_end("Mask at the finest resolution tested (ResMap)", "{value} of the mask reach the finest resolution tested",
                    "Use smaller voxels, and check that the half-maps are independent and not denoised.", 0.5),
    ),
    "auto_sharpen": (
        Check("search_signal", ">=", 3.0, "Height of the best B-factor over the search, in its scatter",
              "The search has no clear best B-factor ({value} times its scatter)", "Take the default method, or give the target B-factor.",
              1,
              "https://doi.org/10.1107/S2059798318004655"),
        Check("u_range", "<=", 0.3, "Range of the displacement tensor", "The signal falls off unevenly in direction ({value})",
              "Look at the FSC by direction, and at the distribution of orientations."),
    ),
    "shell_sharpen": (
        Check("baseline", "<=", 0.1, "Correlation of the half-maps in the last shells",
              "The half-maps still correlate by {value} in the last "
              "shells", "Check that they are neither masked nor filtered, and share no particles."),
        Check("model_fraction", ">=", 0.3, "Scattering that the model explains", "The model explains only {value} of the scattering",
              "Check that it lies in the map, or sharpen with half-maps.", share=True),
    ),
    "denoise": _OF_OWN_MAP,
    "noise2noise": _OF_OWN_MAP,
    "local_sharpen": (_unresolved(advice=_MASK_OFF, limit=0.2),),
    "locscale": (
        Check("missing_fraction", "<=", 0.1, "Molecule that the model lacks", "The model lacks {value} of the molecule",
              "That part fades when scaled to the model: take the reference 'hybrid', or complete the model.", share=True),
        *_OF_OWN_MAP,
    ),
    "density_modify": (
        Check("verdict", "is", "improved", "Verdict on the modified map", "Density modification did not improve the map ({value})",
              "The filtered mean of the half-maps is given in its place. Nothing is lost; no more can be learned from these half-maps.", 1),
        ATOMS_OUTSIDE, OFF_DENSITY,
        Check("model_trusted", ">=", 0.5, "Part of the model that the half-maps agree with",
              "The half-maps agree with only {value} of the model", "Check the place of the model; the rest of it is not in the map.",
              share=True),
        Check("operators_refused", "<=", 0, "Operators that do not fit the half-maps", "{value} operators of the symmetry do not fit",
              "They were not used: check the axes of the symmetry, its centre and the origin of the map."),
        *_OF_OWN_MAP,
    ),
    "guinier": (
        Check("bfactor", "<=", 0.0, "Slope of the Guinier plot (negative: a fall)", "The amplitudes rise with resolution ({value})",
              "The map is over-sharpened: take the one before, or blur it.", 1, _ROSENTHAL),
        Check("fall", "<=", 4000.0, "Amplitude at zero frequency / at the resolution", "The amplitudes fall by a factor of {value}",
              "Check the resolution, and sharpen the map before you build.", 1),
        Check("correlation_model", ">=", 0.5, GUINIER_PAIR, "The Guinier plots of map and model correlate by only {value}",
              "Check that they belong together, and the B-factors of the model.", 1),
    ),
    "postprocess": (
        Check("random_fsc_at_resolution", "<=", 0.1, "Phase-randomised FSC at the resolution",
              "The mask is too tight: phase-randomised FSC {value} at the resolution", "Widen the mask or its soft edge.", 1, _CHEN),
        Check("mask_skipped", "is", False, "FSC without mask reaches further than the one in the mask",
              "The FSC without mask reaches further than the one in the mask", "The mask is too tight, or does not fit the map."),
        Check("bfactor", "<=", 0.0, "Sharpening B-factor", "The amplitudes rise with resolution (sharpening B {value})",
              "The half-maps seem to be sharpened already.", 1, _ROSENTHAL),
    ),
    "optimal_map": (
        ATOMS_OUTSIDE, OFF_DENSITY,
        Check("highest_peak", "<=", 8.0, "Highest peak of the difference map", "The difference map has a peak of {value}",
              "Look at the table of peaks for something that is not built."),
        Check("deepest_hole", "<=", 8.0, "Deepest hole of the difference map", "The difference map has a hole of {value}",
              "Look at the table of holes for atoms without density."),
    ),
    "localdeblur": _GIVEN_RESOLUTION,
    "contour": (
        Check("level_verdict", "is", "fits", "Contour level", "The contour level is {value}",
              "Take a level of the suggested interval. Where there is none, noise hides the molecule."),
        Check("mask_ratio", ">=", 0.9, "Volume of the mask / of the molecule",
              "The mask holds only {value} times the volume of the molecule",
              "It cuts into the molecule: make it wider."),
        Check("decentring", "<=", 20.0, "Offset of the molecule from the box centre", "The molecule is {value} off the box centre",
              _CENTRE, 1),
        Check("space_min_percent", ">=", 5.0, "Smallest margin between molecule and box face",
              "The box leaves only {value} of its edge beside the molecule", "Use a larger box: the CTF spreads signal by 30 Å and more.",
              1),
        Check("margin", ">=", 20.0, "Margin between molecule and box face", "The box leaves only {value} beside the molecule",
              "The Validation Report Service asks for 20 Å; a tight box cuts off signal that the CTF spreads.", 1,
              "https://doi.org/10.1039/D2FD00059H"),
        Check("mass_offset", "<=", 10.0, "Offset of the centre of mass", "The centre of mass is {value} off the box centre", _CENTRE, 1),
        Check("pieces_95", "<=", 5, "Pieces that hold 95 % of the density above the contour", "The density is in {value} pieces",
              "Parts of the molecule are missing, disordered or moving, or the map is noisy.", 1),
        Check("remaining_percent", "<=", 10.0, "Density above the contour in specks", "{value} of the density above the contour are specks",
              "Noise is as strong as density: low-pass the map at its resolution.", 1),
        Check("mask_overlap", ">=", 0.75, "Density above the contour that the mask covers",
              "The mask covers only {value} of the density above the contour",
              "Much of it lies outside the largest piece: make a mask with "
              "'cryoqa mask'.", 1, share=True),
        Check("background_mean", "<=", 0.1, "Mean of the background, in σ of the map", "The background is {value} σ off 0",
              "Masses, and programs that fill with 0, go wrong: subtract it.", 1),
        Check("outliers_percent", "<=", 0.5, "Background beyond 5 σ", "{value} of the background lie beyond 5 σ",
              "Look at their picture for density that the mask leaves out, for rays or rings.", 1),
    ),
    "audit": (
        Check("map_operation", "is", "none", "Rotation or mirror of the processed map", "The processed map is turned: {value}",
              "Turn it back onto its half-maps, then audit it again.", 4, severity="fail"),
        Check("map_likeness", ">=", 0.4, "FSC of processed map and half-maps, coarser than 20 Å",
              "The processed map does not match its half-maps (FSC {value})", "Give the half-maps that it was made from.", 4, grave=True),
        Check("map_shift", "<=", 0.1, "Shift of the processed map", "The processed map is shifted by {value} against its half-maps",
              "It was moved back here; a model built in it is off by as much from the half-maps.", 2),
        Check("unsupported_count", "==", 0, "Places with density that the half-maps do not have",
              "The half-maps do not have the density at {value} places", "Look at the table of unsupported peaks; do not build there.", 3,
              grave=True),
        Check("supported_share", ">=", 0.95, "Power that the half-maps support", "Only {value} of the power is supported by the half-maps",
              "Parts of the map were added: look where support is low before you build or show them.", 3, grave=True, share=True),
        Check("unsupported_power", "<=", 0.02, "Power that is not the data", "{value} of the power is not the data",
              "The map is no linear filter of the data: density was added, or a non-linear rule was applied.", 3, share=True),
        Check("power_beyond", "<=", 0.05, "Power beyond the end of the data", "{value} of the power is beyond the end of the data",
              "Nothing can support it: low-pass the map there, or do not read that detail.", 2, share=True),
        Check("noise_share", "<=", 0.2, "Power that is noise of the half-maps", "At least {value} of the power is noise of the half-maps",
              "The map is over-sharpened: sharpen it less, or weight it by its FSC.", 2, share=True),
        Check("invented_share", "<=", 0.1, "Power in both processed half-maps and not in the data",
              "{value} of the power is in both processed half-maps, not in the data", "The program invents it: what both have in common "
              "is no proof.", 3, share=True),
        Check("lost_count", "==", 0, "Places where density of the half-maps is gone", "Density of the half-maps is gone at {value} places",
              "Look at the table of lost peaks: part of the molecule was taken away."),
        Check("residues_lost", "==", 0, "Residues whose density is gone", "The density of {value} residues is gone",
              "Look at the table of residues.", 1),
        Check("residues_unsupported", "==", 0, "Residues that the half-maps do not support",
              "The half-maps do not support {value} residues", "Look at the table of residues; they were built into added density."),
    ),
    "map_resolution": (
        Check("noise_source", "is", "solvent", "Noise taken from", "The noise could not be taken from the solvent",
              "Give the map before it was masked: the level of these resolutions is only that of the resolution given.", 1),
        Check("representative", "is", True, "Solvent noise stands for that of the molecule",
              "The solvent has not the noise of the molecule",
              "Give the half-maps, the map as it was reconstructed, or its resolution.", 1),
        _to_the_end("Mask resolved to the last band (map alone)", "{value} of the mask are resolved to the last band",
                    "The map is filtered, its solvent was damped, or its voxels are too large: give it as it was reconstructed."),
        _unresolved("Mask without a local resolution (map alone)"),
        Check("noise_spread", "<=", 0.2, "Relative spread of the noise over the solvent", "The noise varies by {value} over the solvent",
              "The solvent holds more than noise: look for density outside the mask.", 1, share=True),
        Check("finer_percent", ">=", 0.1, "Mask finer than the reported resolution",
              "Only {value} of the mask is finer than the resolution "
              "given", "The map does not show the resolution that was reported.", 1),
    ),
    "locspiral": (
        Check("fraction_above", ">=", 0.5, "Mask above the noise", "Only {value} of the mask are above the noise",
              "Check the mask, or use a coarser resolution.", 1, share=True),
        Check("fraction_above_finest", "<=", 0.95, "Mask above the noise in the finest band",
              "{value} of the mask are above the noise in the finest band",
              "Map or half-maps were filtered or masked, or the resolution is "
              "coarser than it need be.", 1, share=True),
    ),
    "locbfactor": (
        Check("unevenness", "<=", 16, "Local amplitude at the resolution, highest / lowest",
              "Amplitudes at the resolution differ by a factor of {value} in place",
              "One B-factor does not sharpen all of this map: sharpen "
              "it locally.", 1),
        Check("log_error", "<=", 0.7, "Error of ln(local amplitude)", "The local fall-off has a large error ({value} in ln amplitude)",
              "The signal is too weak for this window: use a wider one.", 1),
    ),
    "lococcupancy": (
        Check("fraction_partial", "<=", 0.1, "Mask with an occupancy below 0.5", "{value} of the mask has an occupancy below 0.5",
              "Look where: a part of the molecule is missing or moves in many particles.", 1, share=True),
    ),
    "hand": (
        Check("wrong_probability", "<=", 0.5, "Probability that the hand is wrong", "The hand is wrong (probability {value})",
              "Mirror the map and its half-maps; 'cryoqa hand --write-mirrored' does it.", severity="fail"),
    ),
    "confidence": (
        Check("noise_fits", "is", True, "Noise follows the distribution that was used",
              "The noise does not follow the distribution that was used",
              "Take the noise from the difference of the half-maps, or from more solvent: too little of it is known.", 1),
        Check("nothing_found", "is", False, "Nothing is more than noise", "No voxel is more than noise",
              "Check that the map shows a molecule; the map without a weighting is the most sensitive one."),
        Check("largest_share", ">=", 0.5, "Confident voxels in the largest piece", "Only {value} of the confident voxels lie in one piece",
              "Look at the pieces: several molecules, noise that was misjudged, or sharpened half-maps; weight those by their FSC.",
              1, share=True),
    ),
}


def _all_checks() -> Dict[str, Tuple[Check, ...]]:
    """The checks of every capability: those of the half-maps, the same for all that take them, before its own."""
    out = {}
    for row in CAPABILITIES:
        shared = _HALF_MAPS if {"half1", "half2"} <= set(row.needs + row.takes) else ()
        if shared or row.id in _OWN:
            out[row.id] = shared + _OWN.get(row.id, ())
    return out


CHECKS = _all_checks()
