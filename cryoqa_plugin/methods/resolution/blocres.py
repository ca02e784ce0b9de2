"""Local resolution from two half-maps: the FSC of tapered boxes cut out around every point (blocres)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, Optional

import numpy as np

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Table, curve, map_output, metric, table
from ..map_info.halves_position import position_notes
from . import blocres_steps as steps
from .local_fsc_steps import check, make_mask
from .local_resolution import LocalResolution, histogram

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class BlocresParams:
    """Parameters of :func:`compute_blocres`."""

    threshold: float = param(0.5, "FSC of the boxes at which the resolution is read. The table gives 0.5 and 0.143 as well.",
                             label="Threshold", min=0.05, max=0.9)
    box: int = param(20, "Edge of the boxes. About 7 times the resolution: a small one scatters, a large one blurs.", label="Box",
                     unit="voxels", min=6, max=80)
    step: Optional[int] = param(None, "Distance of the points at which boxes are cut; between them the resolution is interpolated. "
                                "From the box: a fifth of it. 1 is every voxel, and slow.", label="Step", unit="voxels", min=1, max=40)
    taper: str = param("hann", "How boxes fall to their edges. hann: from the middle; edge: over the outer quarters; none: cut.",
                       label="Taper", choices=("hann", "edge", "none"), expert=True)
    pad: int = param(1, "Empty boxes put beside each box, along each axis: the curves are drawn at as many more points.", label="Padding",
                     min=0, max=2, expert=True)
    highest_resolution: Optional[float] = param(None, "Resolution at which the curves end. From the data: two voxels.",
                                                label="Highest resolution", unit="Å", min=0.2, max=100, expert=True)
    whiten: bool = param(False, "Give all shells of the whole maps the same power first, so that strong coarse shells do not leak into "
                         "fine ones. Advisable at 0.143.", label="Whiten", expert=True)
    rules: str = param("cryoqa", "cryoqa: the first fall below the threshold, each coefficient counted once. bsoft: Bsoft's program box by "
                       "box, with the last fall, to compare with its maps.", label="Rules", choices=("cryoqa", "bsoft"))


@dataclass(frozen=True)
class BlocresResult(LocalResolution):
    """Result of :func:`compute_blocres`; percentiles are over the voxels of the mask, unresolved ones at the edge of the box."""

    schema: ClassVar[str] = "cryoqa/blocres/1"
    unresolved_fraction: float = metric("", "part of the boxes whose FSC is below the threshold at the edge of a box already", "lower")
    nyquist_fraction: float = metric("", "part of the boxes whose FSC never falls below the threshold", "lower")
    several_fraction: float = metric("", "part of the boxes whose FSC falls below the threshold more than once", "lower")
    box_over_resolution: float = metric("", "edge of the boxes over the median resolution", "higher")
    coefficients: float = metric("", "independent coefficients behind the FSC of a box at the median resolution", "higher")
    threshold: float = metric("", "FSC at which the resolution is read", "none")
    box_edge: float = metric("Å", "edge of the boxes", "none")
    spacing: float = metric("Å", "distance of the points at which boxes were cut", "none")
    boxes: int = metric("", "boxes that were cut", "none")
    rules: str = metric("", "rules by which the curves were made and read", "none")
    mask_source: str = metric("", "where the mask comes from: given, made from the half-maps, or none", "none")
    mask_fraction: float = metric("", "part of the box where the mask is at least 0.5", "none")
    half_maps_identical: bool = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_masked: bool = metric("", "a half-map was multiplied by a mask before it came here", "none")
    histogram: Optional[Curve] = curve("voxels of the mask by their local resolution", x_label="Local resolution", x_unit="Å",
                                       y_label="Part of the mask", y_unit="%")
    fsc_boxes: Optional[Curve] = curve("mean FSC of the boxes", x_label="Frequency", x_unit="1/Å", y_label="FSC")
    percentiles: Optional[Table] = table("percentiles of the local resolution in the mask, in Å")
    resolution_map: Optional[Map] = map_output("Å", "local resolution in Å inside the mask, 0 outside")
    mask_used: Optional[Map] = map_output("", "the mask, when it was made here")


def compute_blocres(inputs: Inputs, params: BlocresParams, *, progress: Progress = None) -> BlocresResult:
    """Local resolution of ``half1`` and ``half2`` (float32 [z, y, x]) in ``mask``, by the FSC of boxes around points a step apart.

    ``FSC = sum Re(F1* F2) / sqrt(sum |F1|^2 sum |F2|^2)`` over the shells of a tapered box with zeros appended; where it first falls
    below ``threshold``, linear between shells, is the resolution there. Cardone, Heymann & Steven (2013),
    https://doi.org/10.1016/j.jsb.2013.08.002.
    """
    say = progress or (lambda fraction, message: None)
    check(inputs)
    steps.check_box(inputs, params)
    say(0.02, "mask")
    mask, source = make_mask(inputs)
    facts = steps.facts(inputs)
    say(0.1, "boxes")
    work = steps.cut(inputs, params, mask)
    say(0.9, "resolutions")
    first, *others = steps.crossings(work, params)
    voxels = steps.voxels(work, first.frequency, mask)
    inside = [v[mask >= steps.LEVEL] for v in (voxels, *(steps.voxels(work, o.frequency, mask) for o in others))]
    values: Dict[str, Any] = dict(zip(steps.NAMES, (float(v) for v in np.percentile(inside[0], steps.PERCENTILES))))
    values.update(facts, **steps.numbers(work, params, first, values["median"]), mask_source=source,
                  mask_fraction=inside[0].size / mask.size, histogram=histogram(inside[0]),
                  percentiles=steps.percentile_table((first, *others), inside), resolution_map=inputs.half1.with_data(voxels))
    if source == "made":
        values["mask_used"] = inputs.half1.with_data(mask)
    say(1.0, "done")
    notes = steps.warnings(values) + position_notes(inputs.half1, inputs.half2)
    return BlocresResult(summary=steps.summary(values), warnings=tuple(notes), **values)
