"""What maps that were cut out or put together, and job folders, are held against: a part of :mod:`cryoqa_plugin.limits`."""
from __future__ import annotations

from typing import Dict, Tuple

from .checks import Check

MAP_CHECKS: Dict[str, Tuple[Check, ...]] = {
    "map_box": (
        Check("cut_off", "<=", 0.01, "Molecule outside of the new box", "{value} of the {cut_off_of} lies outside the new box",
              "Use a larger box or margin, and check the origin of the map.", share=True),
        Check("voxel_change", "<=", 0.1, "Change of the voxel size by calibration",
              "The calibrated voxel size differs by {value} from that of the header",
              "Calibrations change it by a few per cent: check for a binned or a super-resolution map.", 3, share=True),
    ),
    "map_align": (
        Check("atoms_outside", "<=", 0.02, "Atoms outside of the map", "{value} of the atoms lie outside of the map that moves",
              "The model is moved along as it is: check that it belongs to this map.", 3, share=True),
        Check("aligned", "is", True, "Maps could be aligned", "The maps could not be aligned",
              "Check that both show the same molecule; try the mirror image too, and give a mask of what they share.", 2, grave=True),
        Check("test_correlation", ">=", 0.5, "Correlation of the aligned maps in the test band",
              "The aligned maps correlate by only {value} in the test band",
              "Maps of one molecule reach 0.7 or more: look at the fit, and try the mirror image.", 2),
        Check("mirrored", "is", False, "Mirror image fits better", "The mirror image of the map fits better",
              "One of the two maps has the wrong hand: find out which one, and mirror its half-maps too.", 3, severity="fail"),
        Check("cut_off", "<=", 0.01, "Molecule outside of the target's box", "{value} of the molecule lies outside of the target's box",
              "Pad the target to a larger box first.", share=True),
    ),
    "combine_maps": (
        Check("moved_part", "<=", 0.01, "Place that two maps show differently", "Two maps differ in {value} of the place that both show",
              "A part has moved: look at the motion map, keep the seam out of that part by masks, and build it in one "
              "of the maps.", share=True),
    ),
    "import_job": (
        Check("has_half_maps", "is", True, "Both half-maps are present", "A half-map is missing",
              "Copy them from where the job ran: without them there is no FSC."),
        Check("halves_filtered", "is", False, "Half-maps are filtered", "The half-maps are filtered",
              "Take the '_unfil' maps of the finished job."),
        Check("finished", "is", True, "Job ran to its end", "The job did not run to its end",
              "Let it finish: its maps are intermediate ones."),
        Check("voxel_sizes_agree", "is", True, "Same voxel size in job and headers", "Job and headers disagree on the voxel size",
              "Find out which one is right, and give it.", 3),
    ),
}
