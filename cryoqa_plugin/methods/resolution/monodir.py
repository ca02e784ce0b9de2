"""Local-directional resolution: how far detail reaches at each voxel, direction by direction."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Result, Table, curve, map_output, metric, table
from ..map_info.halves_position import position_notes
from . import monodir_numbers as numbers, monodir_steps as steps

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class MonodirParams:
    """Parameters of the ``monodir`` capability."""

    directions: str = param("81", "Number of directions, evenly over half the sphere. More take longer and hardly tell more: their cones "
                            "overlap.", label="Directions", choices=("21", "81", "321"))
    cone: float = param(20.0, "Half-angle of the soft double cone around each direction.", label="Cone", unit="degrees", min=8, max=45)
    threshold: float = param(0.143, "Local FSC of half-maps at which the resolution is read; with a single map, the FSC that "
                             "half-maps with its noise would have.", label="Threshold", min=0.05, max=0.9)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window. From the data: 5 Å, or twice the overall resolution "
                                    "where that is more (with a single map whose resolution is not given, 4.5 voxels).",
                                    label="Window", unit="Å", min=1, max=200)
    resolution: Optional[float] = param(None, "Resolution of the whole map, from which window and bands are chosen; from the FSC of the "
                                        "half-maps when empty, three voxels with a single map.", label="Overall resolution", unit="Å",
                                        min=0.5, max=200)
    outliers: float = param(3.0, "Leave out, at each point, directions that differ from their neighbours by more than this many standard "
                            "deviations; 0 keeps all.", label="Outliers beyond", min=0, max=20, expert=True)


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "lower")


def _part(meaning: str) -> Any:
    return curve(meaning, x_label="Resolution", x_unit="Å", y_label="Part of the mask")


def _course(meaning: str) -> Any:
    return curve(meaning, x_label="Distance from the middle of the box", x_unit="Å", y_label="Mean resolution", y_unit="Å")


@dataclass(frozen=True)
class MonodirResult(Result):
    """Result of the ``monodir`` capability. Medians are over the voxels of the mask."""

    schema: ClassVar[str] = "cryoqa/monodir/1"
    highest_median: Optional[float] = _res("median resolution of the best directions (5th percentile over directions)")
    lowest_median: Optional[float] = _res("median resolution of the worst directions (95th percentile over directions)")
    radial_median: Optional[float] = _res("median resolution along the radius (directions within 45 degrees of it)")
    tangential_median: Optional[float] = _res("median resolution across the radius (directions at least 70 degrees from it)")
    doa_median: Optional[float] = _res("median of half the range of the middle two thirds of the directions")
    scatter: Optional[float] = _res("what that half range would be from noise alone: standard error of a direction at a voxel")
    tangential_over_radial: Optional[float] = metric("", "median of tangential over radial resolution; above 1 the detail is blurred "
                                                     "around the middle, as by errors of orientation", "target:1")
    resolution_x: Optional[float] = _res("median resolution of the directions within 25 degrees of x")
    resolution_y: Optional[float] = _res("median resolution of the directions within 25 degrees of y")
    resolution_z: Optional[float] = _res("median resolution of the directions within 25 degrees of z")
    regional_best: Optional[float] = _res("finest mean resolution of a region within 25 degrees of a direction, median over the mask")
    regional_worst: Optional[float] = _res("coarsest mean resolution of such a region")
    regional_ratio: Optional[float] = metric("", "coarsest over finest of the regions: 1 is isotropic", "target:1")
    preference: Optional[float] = metric("", "largest difference, over all caps, between the share of the best directions inside and that "
                                         "of all directions (a Kolmogorov-Smirnov distance on the sphere); 0 where no direction is "
                                         "preferred", "lower")
    preferred: Optional[bool] = metric("", "some directions are better than others all over the map: the preference is above 0.3 and the "
                                       "regional ratio above 1.15", "none")
    overall: Optional[float] = metric("Å", "resolution of the whole map, given or from the half-maps", "none")
    beyond: Optional[float] = metric("", "part of directions and places where the local FSC is above the threshold up to the last "
                                     "band", "none")
    unresolved: Optional[float] = metric("", "part of directions and places where it is below from the first band", "lower")
    outlier_fraction: Optional[float] = metric("", "part of the directions left out as outliers", "none")
    n_directions: Optional[int] = metric("", "number of directions", "none")
    window_used: Optional[float] = metric("Å", "standard deviation of the Gaussian window", "none")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, made, or none", "none")
    noise_source: Optional[str] = metric("", "where the noise is taken from", "none")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_masked: Optional[bool] = metric("", "a half-map was multiplied by a mask before it came here", "none")
    histogram_highest: Optional[Curve] = _part("resolution of the best directions")
    histogram_lowest: Optional[Curve] = _part("resolution of the worst directions")
    histogram_radial: Optional[Curve] = _part("radial resolution")
    histogram_tangential: Optional[Curve] = _part("tangential resolution")
    course_highest: Optional[Curve] = _course("resolution of the best directions by distance")
    course_lowest: Optional[Curve] = _course("resolution of the worst directions by distance")
    course_radial: Optional[Curve] = _course("radial resolution by distance")
    course_tangential: Optional[Curve] = _course("tangential resolution by distance")
    maps_table: Optional[Table] = table("percentiles over the mask of each map, in Å")
    directions: Optional[Table] = table("directions (x, y, z), median resolution in the mask (Å), and how many times more often than "
                                        "evenly the direction is among the best twentieth of a voxel")
    highest: Optional[Map] = map_output("Å", "resolution of the best directions, 0 outside the mask")
    lowest: Optional[Map] = map_output("Å", "resolution of the worst directions, 0 outside the mask")
    doa: Optional[Map] = map_output("Å", "half the range of the middle two thirds of the directions, 0 outside the mask")
    radial: Optional[Map] = map_output("Å", "resolution along the radius, 0 outside the mask")
    tangential: Optional[Map] = map_output("Å", "resolution across the radius, 0 outside the mask")


def compute_monodir(inputs: Inputs, params: MonodirParams, *, progress: Progress = None) -> MonodirResult:
    """Local-directional resolution of ``half1`` and ``half2``, or of ``full_map``, in ``mask``.

    In a cone around each direction and a band of frequencies the local power of the map is compared with that of its noise: half the
    difference of the half-maps, or the solvent of a single map. The idea of resolution by place and direction, and the maps made from
    it, are those of MonoDir: Vilas, Tagare, Vargas, Carazo & Sorzano (2020), https://doi.org/10.1038/s41467-019-13742-w.
    """
    say = progress or (lambda fraction, message: None)
    say(0.02, "mask and Fourier transforms")
    work = steps.prepare(inputs, params)
    found = steps.sweep(work, params, say)
    say(0.9, "maps")
    values = numbers.values(work, params, found)
    say(1.0, "done")
    notes = numbers.warnings(work, values) + ([] if inputs.half1 is None else position_notes(inputs.half1, inputs.half2))
    return MonodirResult(summary=numbers.summary(values), warnings=tuple(notes), **values)
