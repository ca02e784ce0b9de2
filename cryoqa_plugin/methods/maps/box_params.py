"""What can be asked of a new box."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ...params import param

AROUND = ("model", "mask", "density", "bounds", "point", "whole", "unique", "other_box", "other_grid")
WIDENED = ("model", "mask", "density", "unique")           # what a margin is put around, and what may be cut off


@dataclass(frozen=True)
class MapBoxParams:
    """Parameters of :func:`.map_box.compute_map_box`."""

    around: Optional[str] = param(
        None, "What the new box goes around: 'model', the atoms; 'mask'; 'density', where the molecule is in the map; 'bounds', a first "
        "and a last voxel; 'point', a centre with a size; 'whole', all of the map, to pad, crop, resample, flip or invert it; 'unique', "
        "one copy of a symmetric molecule; 'other_box', the box of another map in voxels of this one; 'other_grid', the grid of another "
        "map. From the data: other_grid with another map, unique with a symmetry, else model, mask or density.", label="Box around",
        choices=AROUND)
    margin: float = param(5.0, "Distance from the model, mask or density to the faces of the box.", label="Margin", unit="Å", min=0,
                          max=500, only_if=("around", WIDENED))
    lower: Optional[str] = param(None, "First voxel along x, y and z, counted from 0, such as 10, 20, 30; needed for bounds, else left "
                                 "empty.", label="First voxel", only_if=("around", ("bounds",)))
    upper: Optional[str] = param(None, "Last voxel along x, y and z, which is in the box; needed for bounds, else left empty.",
                                 label="Last voxel", only_if=("around", ("bounds",)))
    centre: Optional[str] = param(None, "Centre of the box, x, y, z in Å in the frame of the model; needed for a point, else left empty.",
                                  label="Centre", unit="Å", only_if=("around", ("point",)))
    size: Optional[str] = param(None, "Voxels of the new box along x, y and z, or one number for a cube; it stays about the same centre. "
                                "Left empty, it follows from what the box goes around.", label="Size of the box")
    threshold: Optional[float] = param(None, "Density above which a voxel is molecule, for a box around the density and for dust. When "
                                       "empty it is chosen from the values of the map.", label="Contour level")
    cubic: bool = param(False, "Make all edges as long as the longest.", label="Cubic box")
    inside: bool = param(True, "Leave the margin off, and move the box, where it would reach beyond the map; if no, the box is filled up "
                         "with the value of the solvent.", label="Stay inside the map", only_if=("around", WIDENED))
    fft_sizes: str = param("any", "Edges that transform fast, even products of 2, 3, 5 and 7: the next larger or the next smaller ones.",
                           label="Fast edges", choices=("any", "larger", "smaller"))
    resample_to: Optional[float] = param(None, "Voxel size of the new box; left empty, that of the map. What is finer than two of the new "
                                         "voxels is taken away first.", label="New voxel size", unit="Å", min=0.05, max=100)
    calibrated: Optional[float] = param(None, "The true voxel size of the map, where its header is wrong; left empty, the header is "
                                        "right. Positions, the model, the local resolution and the FSC follow.", label="Calibrated "
                                        "voxel size", unit="Å", min=0.05, max=100)
    flip: bool = param(False, "Flip the hand: mirror maps and model along x about the box centre.", label="Flip hand")
    invert: bool = param(False, "Invert the contrast of the densities.", label="Invert contrast")
    dust: Optional[float] = param(None, "Separate parts of the map smaller than this are removed; left empty, none are. Half-maps keep "
                                  "them.", label="Dust", unit="Å³", min=0)
    fade: str = param("nothing", "What of the map fades softly to the value of the solvent: the faces of the box, or all outside of "
                      "the mask, model or molecule. Half-maps are left as they are, as an FSC needs them.", label="Fade",
                      choices=("nothing", "faces", "outside"))
    soft_edge: float = param(6.0, "Width over which it fades; a mask that was given has its own edge.", label="Soft edge", unit="Å", min=0,
                             max=200, only_if=("fade", ("faces", "outside")))
    place: str = param("keep", "Where the new box lies: 'keep', where it was in the map, so that models still fit; 'zero', its first voxel "
                       "at 0, 0, 0; 'centre', its centre voxel at 0, 0, 0. A model given is moved along.", label="Origin",
                       choices=("keep", "zero", "centre"))
