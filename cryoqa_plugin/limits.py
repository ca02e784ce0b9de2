"""The one table of limits: what each capability's numbers are held against."""
from __future__ import annotations

from typing import Collection, Dict, Tuple

from .checks import Check
from .registry import CAPABILITIES

# what more than one capability is held against
_HALF_MAPS = (
    Check("half_maps_identical", "is", False, "Half-maps are copies of each other",
          "Give the two independent half-maps of one refinement.", severity="fail"),
    Check("half_maps_signal", ">=", 5.0, "Signal that the half-maps share, in standard errors of noise",
          "They agree no better than noise: check that they are two half-maps of one refinement, and that it worked.", severity="fail"),
    Check("half_maps_likeness", ">=", 0.4, "Half-maps are of one molecule",
          "Laid on each other as well as they can be they share little: check that they come from one refinement."),
    Check("half_maps_operation", "is", "none", "Half-maps are the same way round",
          "One half-map is a mirror image of the other, turned, or inverted: read and write both with one program, and take the two "
          "halves of one refinement.", severity="fail"),
    Check("half_maps_shift", "<=", 0.1, "Half-maps lie on each other",
          "Move half-map 2 back by the shift along x, y, z, or take the two halves of one refinement: all resolutions are too low "
          "otherwise.", fails_at=0.5),
    Check("half_maps_masked", "is", False, "Half-maps are masked",
          "Give the half-maps as the refinement wrote them, without a mask."),
    Check("half_maps_damped", "is", False, "Solvent of the half-maps was damped",
          "Give the half-maps as the refinement wrote them, before their solvent was flattened, masked or filtered."),
    Check("half_maps_filtered", "is", False, "Half-maps were low-passed",
          "Nothing finer than the edge of the filter can be told: give the half-maps as the refinement wrote them."),
    Check("half_maps_scale", "<=", 2.0, "Half-maps have one scale", "The half-maps differ in scale or noise: check that they come from "
          "one refinement, with as many particles each."),
    Check("half_maps_share_noise", "is", False, "Half-maps share noise",
          "They are not independent, and their FSC is too good: look for particles in both halves, or a step that saw both.",
          severity="fail"),
)
# What a cause explains is not warned about again; * is everything after it.
_AT_THE_END = ("reaches_nyquist", "reach_nyquist", "nyquist_fraction", "tail_fsc", "rise_at_end", "returns_above", "shells_beyond",
               "d_fsc_falls", "unmasked_reaches_further")
_OF_MASK = ("random_fsc_at_resolution", "random_fsc")
_OF_FIT = ("residues_shifted", "model_correlation", "model_gap", "model_lead", "reported_gap", "reported_lead", "b_excess", "cc_mask",
           "residues_low", "inclusion_backbone", "guinier_correlation")
_OF_MODEL = ("atoms_outside", "model_zscore", *_OF_FIT)
_OF_NOISE = ("noise_spread", "noise_source", "fraction_above", "fraction_above_finest", "finer_percent", "significant_fraction")
EXPLAINED: Dict[str, Collection[str]] = {
    "half_maps_identical": ("*",), "half_maps_signal": ("*",), "half_maps_likeness": ("*",), "half_maps_operation": ("*",),
    "half_maps_shift": ("*",),
    "half_maps_masked": ("half_maps_damped", "half_maps_scale", *_OF_MASK, *_AT_THE_END, *_OF_NOISE),
    "half_maps_damped": ("half_maps_scale", *_OF_MASK, *_AT_THE_END, *_OF_NOISE),
    "half_maps_filtered": ("bfactor", "fall", *_OF_MASK, *_AT_THE_END, *_OF_NOISE),
    "shares_in_mask": _AT_THE_END,
    "level_verdict": ("pieces_95", "remaining_percent", "mask_overlap", "space_min_percent", "margin"),
    "half_maps_share_noise": ("baseline", "model_gap", *_AT_THE_END),
    "model_voxel_off": ("model_shift", "model_operation", *_OF_MODEL), "model_shift": ("model_operation", *_OF_MODEL),
    "model_operation": _OF_MODEL, "model_zscore": _OF_FIT,
    "residues_shifted": ("model_gap", "reported_gap", "cc_mask", "residues_low", "inclusion_backbone", "guinier_correlation"),
    "model_gap": ("reported_gap",), "model_lead": ("reported_lead",),
}
_ATOMS_OUTSIDE = Check("atoms_outside", "<=", 0.01, "Atoms outside of the map", "Check the origin of the map and the place of the model.")
_OFF_DENSITY = Check("model_zscore", ">=", 0.5, "Map value at the atoms",
                     "The model does not lie on density: check the origin of the map, its hand and the place of the model.")

# the place of a model before all that follows from it
_PLACE = (
    Check("model_voxel_off", "<=", 0.5, "Another voxel size fits the model better, by", "The voxel size of the map is wrong, or the model "
          "was built in a map of another one: correct it, and compare again."),
    Check("model_shift", "<=", 0.7, "The model is shifted against the map, by", "Move the model, or correct the origin of the map."),
    Check("model_operation", "is", "none", "The map has the hand of the model", "The hand of one of them is wrong, or it was turned: "
          "mirror or turn it, and compare again."),
    _ATOMS_OUTSIDE, _OFF_DENSITY)

_OWN: Dict[str, Tuple[Check, ...]] = {
    "map_info": (
        Check("inverted", "is", False, "Density points down", "Multiply the map by -1 before you go on."),
        Check("header_agrees", "is", True, "Header statistics agree with the data", "Another program changed the data and not the header; "
              "programs that trust the header will draw wrong contours."),
        Check("centre_offset", "<=", 0.1, "Molecule is in the middle of the box", "Centre the map; masks and filters may cut it off."),
        Check("half_maps_consistency", ">=", 0.8, "Half-maps show one molecule",
              "Check that the half-maps come from one refinement, on one origin and of one hand."),
        Check("half_maps_agreement", ">=", 0.95, "Half-maps belong to the map", "Check that map and half-maps come from one refinement, "
              "on one origin and of one hand."),
    ),
    "mask": (
        Check("edge_margin", ">", 0.0, "Mask keeps clear of the box edge", "Use a larger box, or a higher threshold."),
        Check("mean_value", ">=", 0.002, "Mask is more than a speck", "Lower the threshold, or check that the map shows the molecule."),
        Check("box_fraction", "<=", 0.5, "Mask is a part of the box", "A mask that fills the box hides nothing; raise the threshold."),
        Check("largest_component", ">=", 0.4, "Mask is not in many pieces",
              "Raise the threshold or drop small parts; noise may be inside."),
        Check("soft_edge_width", ">=", 3.0, "Mask has a soft edge", "A hard edge correlates the half-maps; widen the soft edge."),
    ),
    "fsc": (
        Check("reported_deviation", "<=", 5.0, "Reported against measured resolution",
              "Report the resolution measured in the mask, or name the curve and the mask that the reported one is of."),
        Check("shares_in_mask", "is", False, "Half-maps share noise in the molecule",
              "The FSC in the mask does not fall to 0 as a signal does: orientations were fitted to noise, or a step saw both halves. "
              "Refine the halves apart, with less resolution in the reference."),
        Check("tail_fsc", "<=", 0.1, "Unmasked FSC at the end of the curve",
              "The half-maps stay correlated up to the last shell: either the voxels are too large for these data, or the half-maps "
              "share something (a mask, noise, a joint processing step)."),
        Check("rise_at_end", "<=", 0.1, "Rise of the unmasked FSC at its end",
              "Interpolation, a filter or a shared mask can do this; look at the curve before believing a crossing."),
        Check("returns_above", "==", 0, "Returns of the curve above the threshold",
              "The curve dips and comes back; the first crossing is given. Look for a CTF, sampling or mask problem."),
        Check("random_fsc_at_resolution", "<=", 0.1, "Phase-randomised FSC at the resolution",
              "The mask is too tight or too sharp for these data; widen it or its soft edge.",
              "https://doi.org/10.1016/j.ultramic.2013.06.004"),
        Check("reaches_nyquist", "is", False, "Curve stays above the threshold up to its end",
              "The resolution given is that of the last shell; use smaller voxels, and check that the half-maps are independent."),
        Check("unmasked_reaches_further", "is", False, "Unmasked curve reaches further than the corrected one",
              "The mask is too tight, or does not fit the map."),
        Check("bfactor", "<=", 0.0, "B-factor", "Amplitudes rise with resolution: the half-maps seem to be sharpened already.",
              "https://doi.org/10.1016/j.jmb.2003.07.013"),
    ),
    "mtriage": (
        Check("reaches_nyquist", "is", False, "Half-map FSC stays above 0.143 up to Nyquist",
              "Use smaller voxels, and check that the half-maps are independent."),
        Check("d_fsc_falls", "<=", 1, "Falls of the half-map FSC below 0.143",
              "The curve dips and comes back; look at it before believing a number."),
        *_PLACE,
        Check("model_correlation", ">=", 0.2, "Correlation of map and model",
              "Check that model and map belong together; without a mask, the noise of the solvent lowers this number."),
        Check("model_gap", "<=", 1.25, "Map-model FSC against the half-maps: model lags behind",
              "The model explains less than the half-maps hold: look for parts that are not built, or wrong, and for its B-factors.",
              "https://doi.org/10.1016/j.jmb.2003.07.013"),
        Check("model_lead", "<=", 1.25, "Map-model FSC against the half-maps: model runs ahead",
              "The model agrees with the map to finer detail than the half-maps do with each other: the model may be fitted to noise.",
              "https://doi.org/10.1016/j.jmb.2003.07.013"),
        Check("reported_gap", "<=", 1.25, "Reported resolution against the map-model FSC: model agrees to less", "The model does not "
              "explain the detail that was reported: look at that number, and at parts of the model that are wrong or not built."),
        Check("reported_lead", "<=", 1.25, "Reported resolution against the map-model FSC: model agrees to more", "The model agrees with "
              "the map to finer detail than was reported: it may be fitted to noise, or more may be in the map."),
        Check("b_excess", ">=", -30.0, "Overall B-factor less that of the model",
              "The map is sharper than the model's B-factors allow: the map is over-sharpened, or the B-factors are not refined."),
    ),
    "half_map_statistics": (
        Check("reaches_nyquist", "is", False, "Half-maps share more than noise up to the last shell",
              "Use smaller voxels, and check that the half-maps are independent."),
        Check("shells_beyond", "<=", 3, "Shells beyond the limit that are more than noise again",
              "The curve dips and comes back: look for a CTF, sampling or mask problem, or for noise that the half-maps share."),
    ),
    "directional_fsc": (
        Check("empty_fraction", "<=", 0.0, "Part of Fourier space that holds nothing",
              "Views are missing, or coefficients were suppressed: look at the distribution of orientations, and collect tilted images or "
              "other grids.", "https://doi.org/10.1038/nmeth.4347"),
        Check("noise_ratio", "<=", 2.0, "Noise of the noisiest direction over that of the quietest",
              "Views are few from some directions: look at the distribution of orientations, and collect tilted images or other grids.",
              "https://doi.org/10.1038/nmeth.4347"),
        Check("fall_off_ratio", "<=", 2.5, "Signal amplitude along the slowest axis over that along the fastest",
              "The signal itself falls off faster along one axis: look for motion and flexibility, and sharpen with care."),
        Check("reach_nyquist", "<=", 0.1, "Part of the directions whose FSC never falls",
              "Use smaller voxels, and check that the half-maps are independent."),
    ),
    "local_filter": (
        Check("fraction_outside", "<=", 0.995, "Part of the box without a local resolution",
              "Nearly nowhere is there a resolution: check that the map holds the resolution in Å, and not a mask or a frequency."),
        Check("fraction_finer", "<=", 0.01, "Voxels whose resolution is finer than the voxels allow",
              "Check the unit and the voxel size of the local-resolution map, or use smaller voxels."),
    ),
    "local_fsc": (
        Check("unresolved_fraction", "<=", 0.05, "Part of the mask without a resolution",
              "Look at the mask: it may hold solvent, or a part of the molecule that is not there in most particles."),
        Check("nyquist_fraction", "<=", 0.1, "Part of the mask that is resolved up to the last band",
              "Use smaller voxels, and check that the half-maps are independent."),
        Check("significant_fraction", ">=", 0.8, "Part of the mask whose resolution is known to 5 %",
              "The window holds too little for these data; give a wider one."),
    ),
    "monores": (
        Check("unresolved_fraction", "<=", 0.05, "Part of the mask that does not stand out of the noise",
              "Look at the mask: it may hold solvent, or may not lie on the molecule."),
        Check("nyquist_fraction", "<=", 0.1, "Part of the mask that stands out up to the last frequency",
              "Check that the half-maps are independent and not denoised, or use smaller voxels."),
    ),
    "blocres": (
        Check("box_over_resolution", ">=", 5, "Box over median resolution", "Give a larger box: this one holds too few coefficients."),
        Check("unresolved_fraction", "<=", 0.05, "Part of the boxes without a resolution",
              "Look at the mask: it may hold solvent, or a part of the molecule that is not there in most particles."),
        Check("nyquist_fraction", "<=", 0.1, "Part of the boxes that are resolved up to the end of the curve",
              "Use smaller voxels, and check that the half-maps are independent."),
        Check("several_fraction", "<=", 0.2, "Part of the boxes whose FSC falls more than once",
              "Look at the mean FSC of the boxes, and give a larger box."),
    ),
    "relion_locres": (
        Check("random_fsc", "<=", 0.1, "FSC of random phases at the resolution of the spheres",
              "The spheres make correlation of their own: give wider edges."),
        Check("unresolved_fraction", "<=", 0.1, "Part of the spheres without a resolution",
              "Look at the mask: it may hold solvent, or give a larger sampling."),
        Check("nyquist_fraction", "<=", 0.1, "Part of the spheres that are resolved up to Nyquist",
              "Use smaller voxels, and check that the half-maps are independent."),
        Check("uncovered_fraction", "<=", 0.02, "Part of the mask that no sphere reaches", "Give a smaller sampling, or a larger box."),
    ),
    "phenix_locres": (
        Check("nyquist_fraction", "<=", 0.1, "Part of the mask where all bins are above the threshold",
              "Give a finer highest resolution, and check that the half-maps are independent."),
        Check("unresolved_fraction", "<=", 0.05, "Part of the mask where no bin is above the threshold",
              "Look at the mask: it may hold solvent, or may not lie on the molecule."),
    ),
    "monodir": (
        Check("preferred", "is", False, "Some directions are better all over the map",
              "Look at the distribution of orientations: collect tilted images or other grids when views are missing.",
              "https://doi.org/10.1038/s41467-019-13742-w"),
        Check("tangential_over_radial", "<=", 1.15, "Tangential over radial resolution",
              "Orientations may be in error: refine them further, or leave out particles whose orientation is not sure."),
        Check("unresolved_fraction", "<=", 0.05, "Part of directions and places without a resolution",
              "Look at the mask: it may hold solvent, or may not lie on the molecule."),
    ),
    "resmap": (
        Check("unresolved_fraction", "<=", 0.05, "Part of the mask where there is nothing but noise",
              "Look at the mask: it may hold solvent, or may not lie on the molecule."),
        Check("nyquist_fraction", "<=", 0.5, "Part of the mask that passes at the finest resolution tested",
              "Use smaller voxels, and check that the half-maps are independent and not denoised."),
    ),
    "auto_sharpen": (
        Check("search_signal", ">=", 3.0, "Signal of the search",
              "The map does not tell its B-factor: take the default method, or give the target B-factor.",
              "https://doi.org/10.1107/S2059798318004655"),
        Check("u_range", "<=", 0.3, "Range of the displacement tensor", "The signal falls off faster in some directions: look at the "
              "directional FSC, and at the distribution of orientations."),
    ),
    "compare_maps": (
        Check("margin", ">=", 0.005, "Score of the best map less that of the second",
              "Take either of them: the data do not tell them apart."),
    ),
    "shell_sharpen": (
        Check("baseline", "<=", 0.1, "Correlation of the last shells",
              "The half-maps agree beyond what can be resolved: check that they are neither masked nor filtered, nor share particles."),
        Check("model_fraction", ">=", 0.3, "Part of the scattering that the model explains",
              "The model hardly fits the map: check that it lies on it, or sharpen with half-maps."),
    ),
    "local_sharpen": (
        Check("unresolved_fraction", "<=", 0.2, "Part of the mask without a local resolution",
              "Look at the mask: it may hold solvent, or may not lie on the molecule."),
    ),
    "locscale": (
        Check("missing_fraction", "<=", 0.1, "Part of the molecule that the model lacks",
              "It fades when scaled to the model: take the reference 'hybrid', or complete the model."),
    ),
    "guinier": (
        Check("bfactor", "<=", 0.0, "B-factor of the map",
              "Amplitudes rise with resolution: the map is oversharpened; take the one before, or blur it.",
              "https://doi.org/10.1016/j.jmb.2003.07.013"),
        Check("fall", "<=", 4000.0, "Fall of the amplitudes up to the resolution",
              "The map falls off fast: look at the resolution, and sharpen it before you build."),
        Check("correlation_model", ">=", 0.5, "Correlation of the Guinier plots of map and model",
              "The map does not have the amplitudes of this model: check that they belong together, and its B-factors."),
    ),
    "postprocess": (
        Check("random_fsc_at_resolution", "<=", 0.1, "Phase-randomised FSC at the resolution",
              "The mask is too tight or too sharp for these data; widen it or its soft edge.",
              "https://doi.org/10.1016/j.ultramic.2013.06.004"),
        Check("mask_skipped", "is", False, "Unmasked FSC reaches further than the one in the mask",
              "The mask is too tight, or does not fit the map."),
        Check("bfactor", "<=", 0.0, "B-factor applied", "Amplitudes rise with resolution: the half-maps seem to be sharpened already.",
              "https://doi.org/10.1016/j.jmb.2003.07.013"),
    ),
    "optimal_map": (
        _ATOMS_OUTSIDE,
        _OFF_DENSITY,
        Check("highest_peak", "<=", 8.0, "Highest peak of the difference map",
              "Look at the peaks in the table: something that is not built."),
        Check("deepest_hole", "<=", 8.0, "Deepest hole of the difference map",
              "Look at the holes in the table: atoms without density."),
    ),
    "localdeblur": (
        Check("fraction_outside", "<=", 0.995, "Part of the box without a local resolution",
              "Nearly nowhere is there a resolution: check that the map holds the resolution in Å, and not a mask or a frequency."),
        Check("fraction_finer", "<=", 0.01, "Voxels whose resolution is finer than the voxels allow",
              "Check the unit and the voxel size of the local-resolution map, or use smaller voxels."),
    ),
    "contour": (
        Check("level_verdict", "is", "fits", "Contour level against noise and expected volume", "Take a level of the suggested interval; "
              "where none fits, the noise of the map hides the molecule."),
        Check("mask_ratio", ">=", 0.9, "Volume of the mask over that of the molecule", "The mask cuts into the molecule: make it wider."),
        Check("decentring", "<=", 20.0, "Molecule is in the middle of the box",
              "Shift the map to the middle; a focused refinement is off centre, and that is no mistake."),
        Check("space_min_percent", ">=", 5.0, "Space between the molecule and the nearest face", "Use a larger box: the CTF spreads the "
              "signal beyond the molecule by some 30 Å and more."),
        Check("margin", ">=", 20.0, "Margin between molecule and box face",
              "The Validation Report Service asks for 20 Å; use a larger box: a tight one cuts off signal that the CTF spreads.",
              "https://doi.org/10.1039/D2FD00059H"),
        Check("mass_offset", "<=", 10.0, "Offset of the centre of mass",
              "Shift the map to the middle; a focused refinement is off centre, and that is no mistake."),
        Check("pieces_95", "<=", 5, "Components that hold 95 % of what is above the contour level", "The density is in pieces: parts "
              "of the molecule are missing, disordered or moving, or the map is noisy."),
        Check("remaining_percent", "<=", 10.0, "Part of what is above the contour level in specks",
              "Noise as strong as the density stands beside the molecule: filter the map to its resolution."),
        Check("mask_overlap", ">=", 0.75, "Part of what is above the contour level in the mask",
              "Much of it is not in the largest component: make a mask of all of it by 'cryoqa mask'."),
        Check("background_mean", "<=", 0.1, "Level of the background over the spread of the density",
              "The background is not at 0: masses, and programs that fill with 0, are misled. Subtract it."),
        Check("outliers_percent", "<=", 0.5, "Part of the background that is outliers",
              "Look at the picture of the outliers for density that the mask leaves out, rays or rings."),
    ),
    "map_resolution": (
        Check("noise_source", "is", "solvent", "Noise was measured in the solvent",
              "Give the map before it was masked: the level of these local resolutions is only that of the resolution given."),
        Check("representative", "is", True, "Solvent represents the noise of the molecule",
              "Give the half-maps, the map as it was reconstructed, or its resolution."),
        Check("nyquist_fraction", "<=", 0.1, "Part of the mask that is resolved up to the last band",
              "The map is filtered, its solvent was weakened, or its voxels are too large: give the map as it was reconstructed."),
        Check("unresolved_fraction", "<=", 0.05, "Part of the mask without a resolution",
              "Look at the mask: it may hold solvent, or a part of the molecule that is not there in most particles."),
        Check("noise_spread", "<=", 0.2, "Noise varies over the solvent",
              "The solvent holds more than noise; look for density outside the mask, or give a mask of all of the molecule."),
        Check("finer_percent", ">=", 0.1, "Part of the mask that is finer than the resolution given",
              "A reported resolution below nearly all local ones is not what the map shows."),
    ),
    "locspiral": (
        Check("fraction_above", ">=", 0.5, "Part of the mask above the noise",
              "Much of the mask is noise in most bands: check the mask, or use a coarser resolution."),
        Check("fraction_above_finest", "<=", 0.95, "Part of the mask above the noise in the finest band",
              "The noise is hardly seen: the map or its half-maps were filtered or masked, or the resolution is coarser than it need be."),
    ),
    "locbfactor": (
        Check("unevenness", "<=", 16, "Amplitudes at the resolution where they fall least over where they fall most",
              "One B-factor does not sharpen all of this map: sharpen it locally."),
        Check("log_error", "<=", 0.7, "Error of the local fall-off, of the logarithm of the amplitude at the resolution",
              "Use a wider window: the signal is too weak for this one."),
    ),
    "lococcupancy": (
        Check("fraction_partial", "<=", 0.1, "Part of the mask with an occupancy below 0.5",
              "Look where it is: a part of the molecule is missing or moves in many particles."),
    ),
    "hand": (
        Check("wrong_probability", "<=", 0.5, "Probability that the hand is wrong",
              "Mirror the map and its half-maps; 'cryoqa hand --write-mirrored' does.", severity="fail"),
    ),
    "model_fit": (
        *_PLACE,
        Check("residues_shifted", "<=", 0.0, "Residues out of register", "Their side chains fit better one or more residues along: look at "
              "the table of register errors, and at the density of large side chains there."),
        Check("cc_mask", ">=", 0.5, "Correlation of map and model inside the molecule (CC_mask)",
              "The model does not explain the map: check its place and its B-factors, and sharpen the map.",
              "https://doi.org/10.1107/S2059798318009324"),
        Check("residues_low", "<=", 10, "Residues with a correlation below 0.5", "Look at the worst residues, and build them again."),
        Check("inclusion_backbone", ">=", 0.5, "Atoms of the backbone inside the contour",
              "Give the contour level that the map is meant to be looked at; if it is right, parts of the model lie outside of density.",
              "https://doi.org/10.1107/S205979832200328X"),
        Check("guinier_correlation", ">=", 0.5, "Correlation of the Guinier plots of map and model",
              "Sharpen the map less or more, or look at the B-factors of the model.", "https://doi.org/10.1039/D2FD00059H"),
    ),
    "import_job": (
        Check("has_half_maps", "is", True, "Both half-maps are there", "Copy them from where the job ran; without them there is no FSC."),
        Check("halves_filtered", "is", False, "Half-maps are filtered", "Take the '_unfil' maps of the finished job."),
        Check("finished", "is", True, "The job ran to its end", "Let it finish, its maps are intermediate ones."),
        Check("voxel_sizes_agree", "is", True, "Voxel sizes of the program and of the headers agree",
              "Find out which one is right, and give it."),
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
