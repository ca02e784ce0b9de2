"""Local resolution from two half-maps: the FSC of tapered boxes cut out around every point (blocres)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import blocks, filters
from ...core.fourier import inverse
from ...errors import InputError
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, curve, metric
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.mask import INSIDE
from .local_resolution import (
    Falls, LocalResolution, limits_of_halves, local_resolution_values, several_fraction, summary_of_halves, usable_mask)

_COARSEST = 200.0                     # Å, of Bsoft
_THRESHOLDS = (0.5, 0.143)            # of the table, besides the one asked for
_FEW = 5.0                            # boxes should have this many times the resolution


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
class BlocresResult(LocalResolution, HalfMapFacts):
    """Result of :func:`compute_blocres`; percentiles are over the voxels of the mask, unresolved ones at the edge of the box."""

    schema: ClassVar[str] = "cryoqa/blocres/1"
    unresolved_fraction: Optional[float] = metric("", "part of the boxes whose FSC is below the threshold from the first shell",
                                                  "lower")
    nyquist_fraction: Optional[float] = metric("", "part of the boxes whose FSC stays above the threshold to Nyquist", "none")
    several_fraction: Optional[float] = metric("", "part of the boxes whose FSC falls below the threshold more than once", "lower")
    box_over_resolution: Optional[float] = metric("", "edge of the boxes over the median resolution", "higher")
    coefficients: Optional[float] = metric("", "independent coefficients behind the FSC of a box at the median resolution", "higher")
    threshold: Optional[float] = metric("", "FSC at which the resolution is read", "none")
    box_edge: Optional[float] = metric("Å", "edge of the boxes", "none")
    spacing: Optional[float] = metric("Å", "distance of the points at which boxes were cut", "none")
    boxes: Optional[int] = metric("", "boxes that were cut", "none")
    rules: Optional[str] = metric("", "rules by which the curves were made and read", "none")
    fsc_boxes: Optional[Curve] = curve("mean FSC of the boxes", x_label="Frequency", x_unit="1/Å", y_label="FSC")


def compute_blocres(study: Study, params: BlocresParams, *, progress: Progress = silent) -> BlocresResult:
    """Local resolution of two half-maps in a mask, by the FSC of boxes around points a step apart.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, float32 [z, y, x]; ``mask`` if there is one, else one is made.
    params
        Threshold, boxes and the rules by which curves are read.
    progress
        Called with the part that is done and what is being done.

    Returns
    -------
    BlocresResult
        Resolutions in Å where the mask is at least 0.5; between points frequencies are interpolated.

    Raises
    ------
    InputError
        Inputs that do not fit together, boxes larger than the map, or a mask that nowhere reaches 0.5.

    Notes
    -----
    ``FSC = sum Re(F1* F2) / sqrt(sum |F1|^2 sum |F2|^2)`` over the shells of a tapered box with zeros appended; where it first falls
    below ``threshold``, linear between shells, is the resolution there.

    References
    ----------
    Cardone, Heymann & Steven (2013), https://doi.org/10.1016/j.jsb.2013.08.002.
    """
    study.check("half1", "half2", "mask", least=16, what="local resolution needs")
    _check_box(study, params)
    progress(0.02, "mask")
    used = usable_mask(study)
    progress(0.1, "boxes")
    boxes = box_curves(study, params, used.data)
    progress(0.9, "resolutions")
    first, *others = [read_curves(boxes, t, params.rules) for t in dict.fromkeys((params.threshold, *_THRESHOLDS))]
    values: Dict[str, Any] = dict(study.half_map_values(), **local_resolution_values(
        study, used, resolution_at_voxels(boxes, first, used.data), unresolved=first.unresolved.mean(), nyquist=first.never.mean(),
        label=first.threshold, column="FSC", others={o.threshold: resolution_at_voxels(boxes, o, used.data) for o in others}))
    values.update(_numbers(boxes, params, values["median"]))
    progress(1.0, "done")
    words = summary_of_halves(values, used, curves="the FSC of their boxes", at=f"FSC {params.threshold:g}",
                              how=f"boxes of {boxes.edge:.1f} Å")
    return BlocresResult(summary=words, warnings=(*used.notes(), *limits_of_halves(study, values), *_warnings(values)), **values)


class BoxCurves(NamedTuple):
    """FSC of boxes.

    ``curves`` float32 [v, shells] are those of the boxes around the points ``at`` bool [mz, my, mx]; ``hats`` spread what is known at
    the points over the voxels along z, y, x. ``edge`` and ``step`` of the boxes and the resolution ``highest`` where curves end in Å.
    """

    plan: blocks.Plan
    hats: Sequence[np.ndarray]
    at: np.ndarray
    curves: np.ndarray
    edge: float
    step: float
    highest: float


def _check_box(study: Study, params: BlocresParams) -> None:
    """One sentence when the boxes do not fit into the maps, or the curves would end before they begin."""
    map_ = study.grid
    if params.box > min(map_.shape):
        raise InputError(f"The boxes of {params.box} voxels do not fit into the map, whose shortest edge has {min(map_.shape)} "
                         f"({map_.place}); give a smaller box.")
    edge = params.box * max(map_.voxel_size)
    if params.highest_resolution is not None and params.highest_resolution > edge / 3:
        raise InputError(f"The highest resolution, {params.highest_resolution:g} Å, leaves no curve in boxes of {edge:g} Å "
                         f"({map_.place}); give less than {edge / 3:.3g} Å or a larger box.")


def whitened_halves(study: Study) -> List[np.ndarray]:
    """Both half-maps with the mean power of each of their shells made 1.

    Parameters
    ----------
    study
        The Study of the half-maps.

    Returns
    -------
    list of ndarray
        Two, float32 [z, y, x], without their mean.
    """
    sums, geo = study.half_sums(), study.geometry
    out = []
    for name, power in (("half1", sums.power1), ("half2", sums.power2)):
        level = np.sqrt(power / np.maximum(sums.count, 0.5))
        profile = np.where(level > 0, 1 / np.where(level > 0, level, 1), 0)
        profile[0] = 0  # the mean says nothing, and would be the strongest of all
        out.append(inverse(filters.apply_radial(study.transform(name), geo, profile, beyond=float(profile[-1])), geo.shape))
    return out


def box_curves(study: Study, params: BlocresParams, mask: np.ndarray) -> BoxCurves:
    """FSC of all the boxes that the voxels of a mask are interpolated from.

    Parameters
    ----------
    study
        The half-maps.
    params
        Boxes, steps and taper.
    mask
        float32 [z, y, x]; voxels of at least 0.5 are looked at.

    Returns
    -------
    BoxCurves
        The points of the lattice that are needed, and the FSC of the box around each.
    """
    half1, half2 = study.half1, study.half2
    voxel = half1.voxel_size
    one, two = whitened_halves(study) if params.whiten else [np.ascontiguousarray(m.data) for m in (half1, half2)]
    highest = max(params.highest_resolution or 0.0, 2 * max(voxel))
    plan = blocks.plan(params.box, params.pad, params.taper, voxel, highest, mates=params.rules == "cryoqa")
    # A fifth of the box: boxes that overlap by 80 % differ little, so that in between interpolation will do.
    step = params.step or max(1, params.box // 5)
    along = [blocks.centres_along(n, params.box, step) for n in half1.shape]
    hats = [blocks.hat_weights(n, c) for n, c in zip(half1.shape, along)]
    at = blocks.needed(mask, INSIDE, hats)
    centres = np.stack([c[i] for c, i in zip(along, np.nonzero(at))], axis=1)
    # Boxes taper to the mean of their map: tapered to 0 they would share an edge wherever the solvent is not 0.
    fills = float(one.mean(dtype=np.float64)), float(two.mean(dtype=np.float64))
    curves = blocks.box_curves(one, two, fills, centres, plan)
    return BoxCurves(plan, hats, at, curves, params.box * max(voxel), step * max(voxel), highest)


def read_curves(boxes: BoxCurves, threshold: float, rules: str) -> Falls:
    """Where the curves of boxes fall below a threshold.

    Parameters
    ----------
    boxes
        The curves.
    threshold
        The FSC at which the resolution is read.
    rules
        ``cryoqa``: the first fall, no coarser than the box; ``bsoft``: the last one, no coarser than 200 Å.

    Returns
    -------
    Falls
        Frequencies (1/Å) at the points, within the coarsest resolution and the highest.
    """
    frequency, falls = blocks.first_falls(boxes.curves, boxes.plan.length, threshold)
    if rules == "bsoft":
        frequency, coarsest = blocks.last_falls(boxes.curves, boxes.plan.length, threshold), _COARSEST
    else:
        frequency, coarsest = np.where(falls, frequency, 1 / boxes.highest), boxes.edge
    # A box cannot tell resolutions coarser than its own edge.
    unresolved, never = falls & (frequency <= 1 / boxes.edge), ~falls | (frequency >= 1 / boxes.highest)
    return Falls(threshold, np.clip(frequency, 1 / coarsest, 1 / boxes.highest), unresolved, never)


def resolution_at_voxels(boxes: BoxCurves, falls: Falls, mask: np.ndarray) -> np.ndarray:
    """Resolution at the voxels of a mask: frequencies are interpolated between points.

    Parameters
    ----------
    boxes
        The points.
    falls
        Where the curve of each falls below the threshold.
    mask
        float32 [z, y, x]; voxels of at least 0.5 are inside.

    Returns
    -------
    ndarray
        In Å, float32 [z, y, x]; 0 outside.
    """
    at_points = np.ones(boxes.at.shape)
    at_points[boxes.at] = falls.frequency
    return blocks.spread(at_points, boxes.hats, mask, INSIDE)


def _numbers(boxes: BoxCurves, params: BlocresParams, median: float) -> Dict[str, Any]:
    """Values about the boxes and their curves."""
    shown = slice(1, min(boxes.curves.shape[1], boxes.plan.padded // 2 + 1))
    frequencies = np.arange(boxes.curves.shape[1])[shown] / boxes.plan.length
    return dict(several_fraction=several_fraction(boxes.curves, params.threshold), box_over_resolution=boxes.edge / median,
                coefficients=blocks.independent(boxes.plan, 1 / median), threshold=params.threshold, box_edge=boxes.edge,
                spacing=boxes.step, boxes=len(boxes.curves), rules=params.rules,
                fsc_boxes=Curve(frequencies, boxes.curves[:, shown].mean(axis=0, dtype=np.float64)))


def _warnings(values: Dict[str, Any]) -> Tuple[str, ...]:
    out = []
    if values["box_over_resolution"] < _FEW:
        out.append(f"The boxes have an edge of {values['box_edge']:.1f} Å, only {values['box_over_resolution']:.1f} times the median "
                   f"resolution of {values['median']:.2f} Å; give larger ones.")
    if values["rules"] == "bsoft":
        out.append("Rules of bsoft: a curve that falls below the threshold several times counts at its last fall.")
    return tuple(out)
