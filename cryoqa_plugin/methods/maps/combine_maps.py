"""Composite of focused maps, each weighted by what it shows around every place, and a test of the seams."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ...core import fourier, local, local_gains
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, part, silent
from ...results import Column, Table, map_output, maps_output, metric, table
from ...study import Study
from ...study.halves import MarkedHalves
from . import combine_maps_bands as bank
from .combine_maps_inputs import Member, common_grid, consensus_of, members_of
from .combine_maps_models import Models
from .combine_maps_join import Scales, available, compose, scales
from .combine_maps_place import Placed, place
from .combine_maps_seams import FARTHEST, Seam, seam

_WINDOW = 2.0                         # standard deviation of the window over the resolution
_SMOOTH, _SMOOTH_VOXELS = 2.5, 9.0    # of the weights: over the resolution, and in voxels at least
_SEAMS = (Column("first map"), Column("second map"), Column("shared", "Å³", "place that both show"),
          Column("CC", "", "mean local correlation there"), Column("CC expected", "", "what the noise of both allows"),
          Column("differs", "", "part of that place in which they differ by more than noise"),
          Column("differs at the seam", "", "the same where both count"),
          Column("motion p95", "Å", "distance that 95 % of the place is below"))
_BY = {"half_maps": "half-maps", "model": "model"}


@dataclass(frozen=True)
class CombineMapsParams:
    """Parameters of :func:`compute_combine_maps`."""

    weights_by: str = param("auto", "What the quality of a map around a place is taken from. half_maps: how far its half-maps agree there. "
                            "model: how far it agrees with the model, or with its own. auto: the half-maps where every map has them, else "
                            "the model.", label="Weights by", choices=("auto", "half_maps", "model"))
    consensus: bool = param(True, "Let the map of the whole molecule take part, so that it fills what no focused map shows better.",
                            label="Consensus takes part")
    align: bool = param(True, "Refine how each focused map lies on the consensus, as one rigid body; without a consensus on the map before "
                        "it that it shares most with. Else the maps are taken as they lie by their origins.", label="Align the maps")
    resolution: Optional[float] = param(None, "Resolution of the best of the maps; bands and windows go by it. From the data: the finest "
                                        "at which the FSC of the half-maps of one map falls below 0.143.", label="Resolution", unit="Å",
                                        min=0.5, max=100)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window in which signal and noise are measured. From the "
                                    "data: twice the resolution.", label="Window", unit="Å", min=1, max=200, expert=True)
    smoothing: Optional[float] = param(None, "Standard deviation of the Gaussian that smooths the weights. From the data: 2.5 times the "
                                       "resolution, and 9 voxels at least.", label="Smoothing of the weights", unit="Å", min=1, max=400,
                                       expert=True)


@dataclass(frozen=True)
class CombineMapsResult(MarkedHalves):
    """Result of :func:`compute_combine_maps`."""

    schema: ClassVar[str] = "cryoqa/combine_maps/1"
    n_maps: Optional[int] = metric("", "maps that were combined", "none")
    weighted_by: Optional[str] = metric("", "what the quality of each map was taken from: half-maps or model", "none")
    resolution: Optional[float] = metric("Å", "resolution that bands and windows went by", "none")
    window: Optional[float] = metric("Å", "standard deviation of the window in which signal and noise were measured", "none")
    smoothing: Optional[float] = metric("Å", "standard deviation of the Gaussian that smoothed the weights", "none")
    largest_step: Optional[float] = metric("", "largest change of a weight from one voxel to the next", "lower")
    seams: Optional[int] = metric("", "pairs of maps that show the same place", "none")
    moved_part: Optional[float] = metric("", "largest part, over the pairs, of the place that both maps show in which they differ by more "
                                         "than noise", "lower")
    seam_moved_part: Optional[float] = metric("", "the same of the seams alone, where both maps count", "lower")
    moved_by: Optional[float] = metric("Å", "how far one map lies from the other where they differ most, 0.75 of the resolution "
                                         "at most", "lower")
    moved_at: Optional[str] = metric("Å", "where two maps differ most (x, y, z)", "none")
    moved_maps: Optional[str] = metric("", "which two maps differ there", "none")
    map_table: Optional[Table] = table("the maps: resolution, scale, and mean weight where any has signal")
    seam_table: Optional[Table] = table("pairs of maps: the place both show, their correlation and what noise allows, and what moved")
    composite_map: Optional[Map] = map_output("", "the composite", output="outputVolume")
    composite_half1: Optional[Map] = map_output("", "composite of half-maps 1; not for an FSC")
    composite_half2: Optional[Map] = map_output("", "composite of half-maps 2; not for an FSC")
    disagreement: Optional[Map] = map_output("", "1 less the correlation of what two maps show without noise, the largest of all pairs; 0 "
                                             "where no two show the same place", output="outputDisagreement")
    motion: Optional[Map] = map_output("Å", "how far what one map shows lies from what another shows, the largest of all pairs",
                                       output="outputMotion")
    weight_maps: Optional[Tuple[Map, ...]] = maps_output("", "mean weight of each map, the consensus first", output="outputWeights")


def compute_combine_maps(study: Study, params: CombineMapsParams, *, progress: Progress = silent) -> CombineMapsResult:
    """Composite of focused maps, with its weights and a test of the seams.

    Parameters
    ----------
    study
        ``focused_maps`` or ``focused_half1`` and ``focused_half2``, and ``focused_masks`` when there are any; ``full_map``, or ``half1``
        and ``half2``, is the consensus, on whose grid the composite lies; ``model``, or ``focused_models``, one for each map, when weights
        go by them.
    params
        See :class:`CombineMapsParams`.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    CombineMapsResult
        The composite, its half-maps where every map has them, the weights, and the seams.

    Raises
    ------
    MissingInputError, InputError
        There are no two maps, they do not overlap, a mask is empty, or nothing tells how good a map is.

    Notes
    -----
    In each band of resolution and around each point a map has the weight ``q / sum q``, ``q = CC^2 / (1 - CC^2)``, where ``CC`` is the
    correlation of the map with the truth: of half-maps ``CC^2 = 2 FSC / (1 + FSC)``, of a model that of map and model.

    References
    ----------
    Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013 (correlation with the truth from half-maps); Liebschner et al.
    (2019), https://doi.org/10.1107/S2059798319011471 (combine_focused_maps of Phenix).
    """
    grid = common_grid(study)
    notes: List[str] = []
    models = Models(study, grid, notes)
    members = members_of(study, grid, params.consensus)
    by = _weighted_by(models, [m for m in members if m.number], params.weights_by)
    members = _known(members, by, models, notes)
    members = _judged(study, members, by, params, notes)
    finest = min(m.resolution for m in members)
    sigma = params.window or _WINDOW * finest
    geo = fourier.geometry(grid.shape, grid.voxel_size)
    bands = bank.bands_for(geo, grid.voxel_size, finest, sigma)
    if models.any and by == "half_maps":
        notes.append("The weights go by the half-maps; models were not used.")
        models = Models(study.with_(model=None, focused_models=None), grid, notes)
    doubts = models.doubts(members)
    notes += doubts
    signals = [bank.member_signal(m, bands, models.transform(m.number), part(progress, 0.1 + 0.4 * i / len(members), 0.4 / len(members),
                                                                            m.label)) for i, m in enumerate(members)]
    placed: List[Optional[Placed]] = [None] * len(members)
    if params.align:
        progress(0.5, "placing the maps")
        members, signals, placed = _placed(study, grid, members, signals, bands, models, finest, notes)
    supports = [np.clip(2 * local.at_points(m.support, bands.grid.shape).ravel() - 1, 0, 1) for m in members]
    try:
        scaled = scales(members, signals, supports, bands, by == "half_maps")
    except InputError as error:
        if doubts:                                           # a wrong model leaves a map without signal
            raise InputError(doubts[0]) from error
        raise
    smoothing = params.smoothing or max(_SMOOTH * finest, _SMOOTH_VOXELS * grid.voxel)
    shares = bank.weights(signals, supports, bands, smoothing)
    gains = bank.matching_gains(signals, supports, scaled.factor, shares)
    progress(0.5, "putting the maps together")
    values = _maps(grid, members, bands, shares, gains, scaled, part(progress, 0.5, 0.25))
    mean = _mean_weights(signals, scaled, shares)
    values.update(_weights(grid, mean))
    found = _seams(members, signals, supports, mean, bands, finest, part(progress, 0.75, 0.25))
    values.update(_seam_values(grid, members, bands, found))
    values.update(n_maps=len(members), weighted_by=_BY[by], resolution=finest, window=sigma, smoothing=smoothing,
                  map_table=_map_table(members, scaled, mean, signals, placed))
    return CombineMapsResult(summary=_summary(values), warnings=tuple(notes), **study.half_map_values(), **values)


def _weighted_by(models: Models, members: Sequence[Member], asked: str) -> str:
    """What the weights go by: ``half_maps`` or ``model``."""
    without = [m for m in members if not m.has_halves]
    if asked == "auto":
        asked = "model" if without and models.any else "half_maps"
    if asked == "model" and not models.any:
        raise InputError("The weights are to go by a model and none was given; give its file.")
    if asked == "half_maps" and without:
        raise InputError(f"The {without[0].label} ({without[0].file}) has no half-maps, so that its quality is not known; give its "
                         "half-maps, or a model to go by.")
    return asked


def _known(members: Sequence[Member], by: str, models: Models, notes: List[str]) -> List[Member]:
    """The maps without a consensus that cannot be weighted: it gives the grid alone."""
    out = [m for m in members if m.number or (models.known(0) if by == "model" else m.has_halves)]
    if len(out) < len(members):
        lacks = "model" if by == "model" else "half-maps"
        notes.append(f"The consensus has no {lacks}: the composite has its grid, and nothing of its density.")
    if len(out) < 2:
        raise InputError(f"There is one map only that can be weighted ({out[0].file}); give a second focused map, or the half-maps of the "
                         "consensus.")
    return out


def _judged(study: Study, members: Sequence[Member], by: str, params: CombineMapsParams, notes: List[str]) -> List[Member]:
    """The maps with their resolution; a consensus whose half-maps tell nothing is left out."""
    out = []
    for m in members:
        own = _alone(study, m)
        void = own.independence.void if m.has_halves and by == "half_maps" else None
        if void and m.number:
            raise InputError(f"The half-maps of {m.label} ({m.file}) cannot be used to weight it: {void}. Give the half-maps as its "
                             "refinement wrote them.")
        if void:
            notes.append(f"The consensus takes no part: {void}.")
            continue
        m.resolution = params.resolution or own.with_(mask=own.used_mask.map).resolution
        out.append(m)
    if len(out) == 1:
        notes.append(f"The composite is {out[0].label} alone ({out[0].file}).")
    return out


def _alone(study: Study, m: Member) -> Study:
    """A Study of one of the maps as it was given, with its half-maps where it has any, else alone, and its mask."""
    if m.number == 0:
        return study.only(("half1", "half2", "mask") if m.has_halves else ("full_map", "mask"))
    given = {"half1": study.focused_half1, "half2": study.focused_half2} if m.has_halves else {"full_map": study.focused_maps}
    given["mask"] = study.focused_masks
    # With a shelf of its own: the transforms of one map are given back before the next one.
    return Study(**{kind: maps[m.number - 1] for kind, maps in given.items() if maps})


def _placed(study: Study, grid: Map, members: List[Member], signals: List[bank.MemberSignal], bands: bank.Bands, models: Models,
            resolution: float, notes: List[str]) -> Tuple[List[Member], List[bank.MemberSignal], List[Optional[Placed]]]:
    """The focused maps moved onto the consensus where they lie off it; without one each onto the map before it that it shares most with."""
    members, signals = list(members), list(signals)
    placed: List[Optional[Placed]] = [None] * len(members)
    consensus = members[0] if members[0].number == 0 else consensus_of(study)
    for i, member in enumerate(members):
        if member.number == 0 or consensus is None and i == 0:
            continue
        reference, known = consensus, signals[0] if members[0].number == 0 else signals[i]
        if reference is None:
            nearest = max(range(i), key=lambda k: float((members[k].support * member.support).sum()))
            reference, known = members[nearest], signals[nearest]
        members[i], found = place(reference, member, (known, signals[i]), grid, bands, resolution)
        placed[i] = found
        if found is None:
            notes.append(f"{member.label.capitalize()} shares too little with the {reference.label} to be placed on it: it is taken as it "
                         "lies by its origin.")
        elif found.moved:
            signals[i] = bank.member_signal(members[i], bands, models.transform(member.number, found), silent)
            notes.append(f"{member.label.capitalize()} was turned by {found.turn:.2f}° and shifted by {found.distance:.2f} Å onto the "
                         f"{reference.label}.")
    return members, signals, placed


def _maps(grid: Map, members: Sequence[Member], bands: bank.Bands, shares: np.ndarray, gains: np.ndarray, scaled: Scales,
          progress: Progress) -> Dict[str, Map]:
    """The composite, and its half-maps where every map has them."""
    fields = {"composite_map": "data"}
    if all(m.has_halves for m in members):
        fields.update(composite_half1="half1", composite_half2="half2")
    left = available(members, shares.mean(axis=1), bands)
    out = {}
    for k, (name, which) in enumerate(fields.items()):
        progress(k / len(fields), f"map {k + 1} of {len(fields)}")
        made = compose(members, which, bands, shares, gains, scaled.reference)
        if left is not None:
            made /= left
        out[name] = grid.with_data(made)
    return out


def _mean_weights(signals: Sequence[bank.MemberSignal], scaled: Scales, shares: np.ndarray) -> np.ndarray:
    """Mean weight of each map over the bands in which the maps have signal, float32 [maps, mz, my, mx]."""
    best = np.max([s.ratio.mean(axis=1) for s in signals], axis=0)
    used = best > 0.05 * best.max()
    return shares[:, used].mean(axis=1)


def _weights(grid: Map, mean: np.ndarray) -> Dict[str, Any]:
    """The weight maps, and their largest step from voxel to voxel."""
    maps, step = [], 0.0
    for weight in mean:
        carried = local_gains.carry(weight, grid.shape)
        np.clip(carried, 0, 1, out=carried)
        step = max(step, *(float(np.abs(np.diff(carried, axis=axis)).max()) for axis in range(3)))
        maps.append(grid.with_data(carried))
    return dict(weight_maps=tuple(maps), largest_step=step)


def _seams(members: Sequence[Member], signals: Sequence[bank.MemberSignal], supports: Sequence[np.ndarray], mean: np.ndarray,
           bands: bank.Bands, resolution: float, progress: Progress) -> List[Seam]:
    """The pairs of maps that show the same place."""
    pairs = [(i, j) for i in range(len(members)) for j in range(i)]
    flat = mean.reshape(len(members), -1)
    out = []
    for k, (j, i) in enumerate(pairs):
        progress(k / len(pairs), f"{members[i].label} and {members[j].label}")
        found = seam(members, signals, supports, flat, (i, j), bands, resolution)
        if found is not None:
            out.append(found)
    return out


def _seam_values(grid: Map, members: Sequence[Member], bands: bank.Bands, found: Sequence[Seam]) -> Dict[str, Any]:
    """Fields of the result on the seams."""
    shape, rows = bands.grid.shape, []
    cell = float(np.prod(np.multiply(grid.shape[::-1], grid.voxel_size)) / np.prod(shape))
    loss, distance = (np.zeros(int(np.prod(shape)), np.float32) for _ in range(2))
    top: Tuple[float, Dict[str, Any]] = (-1.0, {})
    for s in found:
        names = (members[s.first].label, members[s.second].label)
        loss = np.maximum(loss, np.where(s.known, np.clip(s.loss, 0, 1), 0))
        distance = np.maximum(distance, s.distance)
        far = np.where(s.moved, s.distance + s.loss, 0)      # lost altogether counts as an Å
        at = int(np.argmax(far))
        if far[at] > top[0] and far[at] > 0:
            top = (float(far[at]), dict(moved_at=_place(at, shape, grid), moved_maps=" and ".join(names), moved_by=float(s.distance[at])))
        rows.append((*names, round(cell * np.count_nonzero(s.known), 0), round(s.correlation, 3), round(s.expected, 3),
                     round(_part(s.moved, s.known), 4), round(_part(s.moved & s.at_seam, s.at_seam), 4),
                     round(float(np.percentile(s.distance[s.known], 95)), 2)))
    loss, distance = (local_gains.carry(values.reshape(shape), grid.shape) for values in (loss, distance))
    values: Dict[str, Any] = dict(seams=len(found), disagreement=grid.with_data(loss), motion=grid.with_data(distance), **top[1])
    if found:
        values.update(moved_part=max(r[5] for r in rows), seam_moved_part=max(r[6] for r in rows), seam_table=Table(_SEAMS, tuple(rows)))
    return values


def _place(at: int, shape: Sequence[int], grid: Map) -> str:
    """A point of the grid of local averages in Å, as x, y, z."""
    parts = np.array(np.unravel_index(at, shape))[::-1] / np.array(shape[::-1])
    xyz = np.asarray(grid.origin) + parts * np.array(grid.shape[::-1]) * np.asarray(grid.voxel_size)
    return ", ".join(f"{v:.0f}" for v in xyz)


def _part(some: np.ndarray, of: np.ndarray) -> float:
    return float(np.count_nonzero(some) / max(np.count_nonzero(of), 1))


def _map_table(members: Sequence[Member], scaled: Scales, mean: np.ndarray, signals: Sequence[bank.MemberSignal],
               placed: Sequence[Optional[Placed]]) -> Table:
    """The maps that were combined."""
    columns = (Column("map"), Column("file"), Column("resolution", "Å"),
               Column("scale", "", "factor that brings it onto the scale of the best"),
               Column("mean weight", "", "where any map has signal"),
               Column("turn", "°", "onto the consensus, or the map it shares most with"),
               Column("turn error", "°"), Column("shift", "Å", "of its centre"), Column("shift error", "Å"))
    seen = np.max([s.ratio[:4].mean(axis=0) for s in signals], axis=0) > 1
    flat = mean.reshape(len(members), -1)
    best = members[scaled.reference].coarse
    rows = tuple((m.label, m.file, round(m.resolution, 2), float(f"{c[0] * best / m.coarse:.4g}"), round(float(w[seen].mean()), 3),
                  *((None,) * 4 if p is None else (round(v, 3) for v in (p.turn, p.turn_error, p.distance, p.distance_error))))
                 for m, c, w, p in zip(members, scaled.factor, flat, placed))
    return Table(columns, rows)


def _summary(v: Dict[str, Any]) -> str:
    words = (f"{v['n_maps']} maps were combined by their {v['weighted_by']}, band by band; no weight changes by more than "
             f"{100 * v['largest_step']:.1f} % from one voxel to the next.")
    if v["n_maps"] == 1:
        return "The consensus could not be used, and there is one focused map: the composite is that map."
    if not v["seams"]:
        return words + " No two of them show the same place, so that their seams could not be tested."
    if not v["moved_part"]:
        return words + " Where two of them show the same place they agree as far as their noise allows."
    far = v["moved_by"] > 0.99 * FARTHEST * v["resolution"]
    return words + (f" In {100 * v['moved_part']:.1f} % of the place that {v['moved_maps']} both show they differ by more than their "
                    f"noise: a part has moved, by {v['moved_by']:.1f} Å{' or more' * far} at {v['moved_at']} Å (x, y, z).")
