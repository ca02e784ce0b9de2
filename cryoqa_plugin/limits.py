"""The one table of limits: what each capability's numbers are held against."""
from __future__ import annotations

from typing import Dict, Tuple

from .checks import Check

CHECKS: Dict[str, Tuple[Check, ...]] = {
    "map_info": (
        Check("inverted", "is", False, "Density points down", "Multiply the map by -1 before you go on."),
        Check("header_agrees", "is", True, "Header statistics agree with the data", "Another program changed the data and not the header; "
              "programs that trust the header will draw wrong contours."),
        Check("centre_offset", "<=", 0.1, "Molecule is in the middle of the box", "Centre the map; masks and filters may cut it off."),
        Check("halves_identical", "is", False, "Half-maps are the same file", "Give the two independent half-maps.", severity="fail"),
        Check("halves_masked", "is", False, "Half-maps are masked", "Give the half-maps as the refinement wrote them, without a mask."),
        Check("halves_scale", "<=", 1.2, "Half-maps have one scale", "The half-maps differ in scale or noise: check that they come from "
              "one refinement, with as many particles each."),
        Check("halves_consistency", ">=", 0.8, "Half-maps show one molecule", "Check that the half-maps come from one refinement, on one "
              "origin and of one hand."),
        Check("halves_agreement", ">=", 0.95, "Half-maps belong to the map", "Check that map and half-maps come from one refinement, "
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
        Check("half_maps_identical", "is", False, "Half-maps are copies of each other",
              "Give the two independent half-maps of one refinement.", severity="fail"),
        Check("zero_fraction", "<=", 0.5, "Voxels that are exactly 0",
              "The half-maps seem to be masked; the unmasked curve is then not unmasked. Give them as they were reconstructed."),
        Check("solvent_noise_ratio", ">=", 0.05, "Noise near the box faces over that at the centre",
              "The half-maps seem to be masked or cut; give them as they were reconstructed."),
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
        Check("half_maps_identical", "is", False, "Half-maps are copies of each other",
              "Give the two independent half-maps of one refinement.", severity="fail"),
        Check("half_maps_masked", "is", False, "Half-maps are masked",
              "Give the unmasked half-maps: the numbers without a mask are those of the mask they carry."),
        Check("reaches_nyquist", "is", False, "Half-map FSC stays above 0.143 up to Nyquist",
              "Use smaller voxels, and check that the half-maps are independent."),
        Check("d_fsc_falls", "<=", 1, "Falls of the half-map FSC below 0.143",
              "The curve dips and comes back; look at it before believing a number."),
        Check("atoms_outside", "<=", 0.01, "Atoms outside of the map", "Check the origin of the map and the place of the model."),
        Check("model_zscore", ">=", 0.5, "Map value at the atoms",
              "The model does not lie on density: check the origin of the map, its hand and the place of the model."),
        Check("model_correlation", ">=", 0.2, "Correlation of map and model",
              "Check that model and map belong together; without a mask, the noise of the solvent lowers this number."),
        Check("model_gap", "<=", 1.25, "Map-model FSC against the half-maps: model lags behind",
              "The model explains less than the half-maps hold: look for parts that are not built, or wrong, and for its B-factors.",
              "https://doi.org/10.1016/j.jmb.2003.07.013"),
        Check("model_lead", "<=", 1.25, "Map-model FSC against the half-maps: model runs ahead",
              "The model agrees with the map to finer detail than the half-maps do with each other: the model may be fitted to noise.",
              "https://doi.org/10.1016/j.jmb.2003.07.013"),
        Check("b_excess", ">=", -30.0, "Overall B-factor less that of the model",
              "The map is sharper than the model's B-factors allow: the map is over-sharpened, or the B-factors are not refined."),
    ),
    "half_map_statistics": (
        Check("half_maps_identical", "is", False, "Half-maps are copies of each other",
              "Give the two independent half-maps of one refinement.", severity="fail"),
        Check("zero_fraction", "<=", 0.5, "Voxels that are exactly 0",
              "The half-maps seem to be masked; give them as they were reconstructed, and the mask beside them."),
        Check("solvent_noise_ratio", ">=", 0.05, "Noise near the box faces over that at the centre",
              "The half-maps seem to be masked or cut; give them as they were reconstructed."),
        Check("scale_ratio", "<=", 1.2, "Amplitude of one half-map over that of the other",
              "The half-maps differ in scale: check that they come from one refinement, with as many particles each."),
        Check("reaches_nyquist", "is", False, "Half-maps share more than noise up to the last shell",
              "Use smaller voxels, and check that the half-maps are independent."),
        Check("shells_beyond", "<=", 3, "Shells beyond the limit that are more than noise again",
              "The curve dips and comes back: look for a CTF, sampling or mask problem, or for noise that the half-maps share."),
    ),
    "import_job": (
        Check("has_half_maps", "is", True, "Both half-maps are there", "Copy them from where the job ran; without them there is no FSC."),
        Check("halves_filtered", "is", False, "Half-maps are filtered", "Take the '_unfil' maps of the finished job."),
        Check("finished", "is", True, "The job ran to its end", "Let it finish, its maps are intermediate ones."),
        Check("voxel_sizes_agree", "is", True, "Voxel sizes of the program and of the headers agree",
              "Find out which one is right, and give it."),
    ),
}
