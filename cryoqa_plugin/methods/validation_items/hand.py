"""The hand of a map, told by the windings of its helices."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...core import fourier, masks
from ...errors import InputError
from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Result, Table, curve, map_output, metric, table
from ..map_info.halves import is_masked
from ..masks.common import contour, drop_small
from ..resolution.map_or_halves import about_halves, check, combined
from ..sharpening.common import resolution_of_halves, resolution_of_map
from . import hand_steps as steps

Progress = Optional[Callable[[float, str], None]]
_ROWS = 40
_COLUMNS = ("x (Å)", "y (Å)", "z (Å)", "direction x", "direction y", "direction z", "length (Å)", "score right", "score left")


@dataclass(frozen=True)
class HandParams:
    """Parameters of the ``hand`` capability."""

    resolution: Optional[float] = param(None, "Resolution of the map: finer detail is left out, as is everything finer than 4 Å. When "
                                        "empty that of the half-maps, or what the solvent of a map alone tells.",
                                        label="Resolution", unit="Å", min=0.5, max=100)
    error_allowed: float = param(0.001, "The hand is called right or wrong when the probability of the opposite is below this.",
                                 label="Error allowed", min=1e-12, max=0.4, expert=True)
    write_mirrored: bool = param(False, "Write the mirror image of the map, and of the half-maps.", label="Write the mirror image")


@dataclass(frozen=True)
class HandResult(Result):
    """Result of the ``hand`` capability."""

    schema: ClassVar[str] = "cryoqa/hand/1"
    hand: str = metric("", "right, wrong, or undetermined", "none")
    wrong_probability: Optional[float] = metric("", "probability that the hand is wrong; none when it is undetermined", "lower")
    z_score: float = metric("", "sum of right less left over the pieces of helix, in standard deviations of random signs", "higher")
    top_fraction: float = metric("", "part of the best 50 pieces of helix that winds to the right", "higher")
    n_helices: int = metric("", "helices found", "higher")
    n_pieces: int = metric("", "pieces of helix, of about two turns each, that were counted", "higher")
    helical_share: float = metric("", "part of all rods of the map that are pieces of helix", "higher")
    n_rods: int = metric("", "rods that were looked at and do not overlap", "none")
    resolution_used: float = metric("Å", "resolution of the low-pass", "none")
    mask_source: str = metric("", "where the mask comes from: given, or made here", "none")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_masked: Optional[bool] = metric("", "a half-map was multiplied by a mask before it came here", "none")
    histogram: Optional[Curve] = curve("rods by how much more they wind to the right than to the left", x_label="Right less left",
                                       x_unit="", y_label="Rods")
    helices: Optional[Table] = table("The longest helices: middle, direction, length, scores of the right- and left-handed winding")
    mirrored: Optional[Map] = map_output("", "mirror image of the map")
    mirrored_half1: Optional[Map] = map_output("", "mirror image of half-map 1")
    mirrored_half2: Optional[Map] = map_output("", "mirror image of half-map 2")


def compute_hand(inputs: Inputs, params: HandParams, *, progress: Progress = None) -> HandResult:
    """Whether the alpha helices of ``full_map``, or of the mean of ``half1`` and ``half2``, float32 [z, y, x], wind to the right.

    Rods are found by the second derivatives of the smoothed map, and the density on cylinders round each is compared with a right-
    and a left-handed helix of 5.4 Å pitch, as L-amino acids make the right-handed one: Pauling, Corey & Branson (1951),
    https://doi.org/10.1073/pnas.37.4.205. Exactly the opposite for the mirror image of a map.
    """
    say = progress or (lambda fraction, message: None)
    halves = check(inputs)
    warnings: List[str] = []
    values: Dict[str, Any] = {}
    if halves:
        about = about_halves(inputs, warnings)
        values.update(half_maps_identical=about.identical, half_maps_masked=about.masked)
    grid = inputs.full_map or inputs.half1
    data = inputs.full_map.data if inputs.full_map is not None else combined(inputs, np.add)
    flips = steps.canonical_flips(data)
    work = grid.with_data(steps.turned(data, flips), grid.path)
    inside = _inside(inputs, work, flips)
    say(0.2, "resolution")
    resolution = _resolution(inputs, params, halves, work, steps.turned(inside, flips))
    say(0.4, "helices")
    pieces = steps.NO_PIECES
    if resolution <= steps.COARSEST:
        pieces = steps.find_pieces(steps.make_ready(work.data, inside, grid.voxel_size, resolution, flips), grid.shape, grid.voxel_size)
    evidence = steps.weigh(pieces.scores)
    found = steps.whole_helices(pieces)
    hand, summary = _verdict(evidence, params, len(pieces.scores), resolution)
    if params.write_mirrored:
        values.update(_mirror_images(inputs, grid, data))
    say(1.0, "done")
    return HandResult(
        summary=summary, warnings=tuple(warnings), hand=hand, wrong_probability=None if hand == "undetermined" else evidence.wrong,
        z_score=evidence.z, top_fraction=evidence.top, n_helices=len(found), n_pieces=evidence.pieces, helical_share=evidence.share,
        n_rods=len(pieces.scores), resolution_used=resolution, mask_source="given" if inputs.mask is not None else "made",
        histogram=_histogram(pieces.scores), helices=_table(found, grid.origin), **values)


def _inside(inputs: Inputs, work: Map, flips: Tuple[bool, ...]) -> np.ndarray:
    """Where to look in a map turned round by ``flips``, bool [z, y, x]: the mask given, or what stands out of the low-passed map."""
    if inputs.mask is not None:
        inside = inputs.mask.data >= 0.5
        if inside.any():
            return steps.turned(inside, flips)
        raise InputError(f"The mask does not reach 0.5 anywhere, its largest value is {float(inputs.mask.data.max()):g} "
                         f"({inputs.mask.path}); give one that is 1 inside.")
    low = masks.lowpass(work.data, work.voxel_size, max(12.0, 4 * work.voxel))
    return masks.extend(drop_small(low >= contour(low), 0.05), 3.0, work.voxel_size)


def _resolution(inputs: Inputs, params: HandParams, halves: bool, work: Map, inside: np.ndarray) -> float:
    """Resolution of the low-pass in Å: what is given or measured, not finer than 4 Å nor than the voxels hold.

    ``inside`` is the mask of the half-maps, ``work`` the map, which is looked at when there are none.
    """
    geo = fourier.geometry(work.shape, work.voxel_size)
    least = max(steps.FINEST, geo.length / (geo.n_shells - 1))
    if params.resolution is not None:
        return max(params.resolution, least)
    if halves:
        soft = work.with_data(masks.soft_edge(inside, 6.0, work.voxel_size))
        known = resolution_of_halves(Inputs(half1=inputs.half1, half2=inputs.half2, mask=soft), geo)
    else:
        known = least if is_masked(work.data) else resolution_of_map(work)
    return max(round(known, 3), least)


def _verdict(evidence: steps.Evidence, params: HandParams, n_rods: int, resolution: float) -> Tuple[str, str]:
    if resolution > steps.COARSEST:
        return "undetermined", (f"The hand cannot be told: at {resolution:.3g} Å the turns of an alpha helix, 5.4 Å apart, are not seen; "
                                f"{steps.COARSEST:g} Å is the least that is needed.")
    if evidence.pieces < steps.LEAST or evidence.share < steps.SHARE:
        return "undetermined", (f"The hand cannot be told: {evidence.pieces} of {n_rods} rods of the map look like pieces of an alpha "
                                "helix, which is too few.")
    side = "right" if evidence.z > 0 else "left"
    part = 100 * (evidence.top if side == "right" else 1 - evidence.top)
    if min(evidence.wrong, 1 - evidence.wrong) >= params.error_allowed:
        return "undetermined", (f"The hand cannot be told: {evidence.pieces} pieces of alpha helix were found, but they do not agree "
                                f"({part:.0f} % of the best wind to the {side}).")
    words = f"{part:.0f} % of the best of {evidence.pieces} pieces of alpha helix wind to the {side} (z = {evidence.z:.1f})"
    if side == "right":
        return "right", f"The hand is right: {words}."
    return "wrong", f"The hand is wrong: {words}; mirror the map."


def _mirror_images(inputs: Inputs, grid: Map, data: np.ndarray) -> Dict[str, Any]:
    out = {"mirrored": grid.with_data(steps.mirrored(data))}
    if inputs.half1 is not None:
        out.update(mirrored_half1=grid.with_data(steps.mirrored(inputs.half1.data)),
                   mirrored_half2=grid.with_data(steps.mirrored(inputs.half2.data)))
    return out


def _histogram(scores: np.ndarray) -> Curve:
    counts, edges = np.histogram(scores[:, 0] - scores[:, 1], bins=41, range=(-1, 1))
    return Curve((edges[1:] + edges[:-1]) / 2, counts)


def _table(found: List[Tuple[float, ...]], origin: Tuple[float, ...]) -> Table:
    rows = [tuple(v + o for v, o in zip(h[:3], origin)) + h[3:] for h in found[:_ROWS]]
    digits = (1, 1, 1, 3, 3, 3, 1, 3, 3)
    return Table(_COLUMNS, tuple(tuple(round(v, d) for v, d in zip(row, digits)) for row in rows))
