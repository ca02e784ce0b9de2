"""What "Analyze results" offers, in words, and which maps of a run are seen one over the other."""
from __future__ import annotations

from types import MappingProxyType

from .files import MEAN, OWN

NO_COLOURS = "no colours"
GIVEN = ("full map (input)", OWN, MEAN)                      # the map that a run is about, the better ones first
# Capabilities whose result is seen as an outline: the map below it, the map that gives it (empty: the same), and what the eye says.
OVER = MappingProxyType({
    "map_align": (("target map (input)",), "outputVolume", "Outline of the aligned map over the target"),
    "map_box": ((*GIVEN, "half1 (input)"), "outputVolume", "Outline of the new box over the map"),
    "compare_maps": (GIVEN[:2], "others 1 (input)", "Outline of the second map over the first"),
    "denoise": ((MEAN,), "outputVolume", "Outline of the denoised map over that of the half-maps"),
    "noise2noise": ((MEAN,), "outputVolume", "Outline of the denoised map over that of the half-maps"),
    "density_modify": (("outputInitialVolume",), "outputVolume", "Outline of the modified map over the initial one"),
    "map_symmetry": (GIVEN, "outputVolume", "Outline of the symmetrised map over the map"),
    "contour": (GIVEN, "", "Map with its contour level"), "deposit": (("outputVolume",), "", "Primary map with its contour level")})
HELP = MappingProxyType({
    "showReport": "Pictures, curves, numbers and verdicts on one page, in the browser.",
    "values": "The map of values that colours the density and that the histogram is of.",
    "showColoured": "Sections of the density in the colours of these values, with the scale, its histogram and the range of 5 to 95 %. "
                    "Density, colours, their range and the density from which on there is colour are chosen in the window. A confidence "
                    "has a line at 0.99, inside of which the density is more than noise.",
    "showHistogram": "How often each value occurs in the mask, with the median and the range of 5 to 95 %.",
    "showScores": "Histogram, along the sequence of each chain, and on the structure in ChimeraX.",
    "showMaps": "The maps of this run and of the project: three sections, projections or a gallery, with the contour of a mask, in grey or "
                "coloured by another map.",
    "showCurves": "The curves and where they cross 0.143, 0.5 or any other threshold.",
    "showGuinier": "ln of the mean amplitude against 1/d², before and after, with the line that was fitted.",
    "showOver": "Three sections of the map with the outline of the other one. Another map, its outline and the density of the line are "
                "chosen in the window.",
    "showAxes": "The map seen along its main axis and across it, with all axes of its symmetry and their folds. In ChimeraX they are there "
                "as cylinders.",
    "showPlots": "The other curves of this run, such as those by band or by distance from the centre.",
    "showEntry": "The picture of the entry at its contour level, what would be sent back and what to do about it, and the numbers of the "
                 "form.",
    "showFolder": "The files of this run; those of an entry begin with emd_.",
    "showSphere": "Resolution by direction on a sphere that can be turned, with a colour bar.",
    "surface": "The map whose surface is shown: of this run or of the project, sharpened or not.",
    "colouredBy": "The map of values that colours the surface.",
    "colours": "From low to high values.",
    "lowest": "Value of the first colour; empty: by the rule of the report.",
    "highest": "Value of the last colour; empty: by the rule of the report.",
    "showChimerax": "Opens ChimeraX where it is installed, with the key of the colours. The script cryoqa.cxc stays in the folder of the "
                    "run.",
})
