"""The hand of a map, told by the windings of its helices."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...core.boxes import mirrored
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts, is_cut
from . import hand_steps as steps

_ROWS = 40
_COLUMNS = ("x (Å)", "y (Å)", "z (Å)", "direction x", "direction y", "direction z", "length (Å)", "score right", "score left")


@dataclass(frozen=True)
class HandParams:
    """Parameters of the ``hand`` capability."""

    resolution: Optional[float] = param(None, "Resolution of the map: finer detail is left out, as is everything finer than 4 Å. When "
                                        "empty that of the half-maps, or that of the solvent of a map alone.",
                                        label="Resolution", unit="Å", min=0.5, max=100)
    error_allowed: float = param(0.001, "The hand is called right or wrong when the probability of the opposite is below this.",
                                 label="Error allowed", min=1e-12, max=0.4, expert=True)
    write_mirrored: bool = param(False, "Write the mirror image of the map, and of the half-maps.", label="Write the mirror image")


@dataclass(frozen=True)
class HandResult(HalfMapFacts):
    """Result of the ``hand`` capability."""

    schema: ClassVar[str] = "cryoqa/hand/1"
    hand: Optional[str] = metric("", "right, wrong, or undetermined", "none")
    wrong_probability: Optional[float] = metric("", "probability that the hand is wrong; none when it is undetermined", "lower")
    z_score: Optional[float] = metric("", "sum of right less left over the pieces of helix, in standard deviations of random signs",
                                     "higher")
    top_fraction: Optional[float] = metric("", "part of the best 50 pieces of helix that winds to the right", "higher")
    n_helices: Optional[int] = metric("", "helices found", "higher")
    n_pieces: Optional[int] = metric("", "pieces of helix, of about two turns each, that were counted", "higher")
    helical_share: Optional[float] = metric("", "part of all rods of the map that are pieces of helix", "higher")
    n_rods: Optional[int] = metric("", "rods that were looked at and do not overlap", "none")
    resolution_used: Optional[float] = metric("Å", "resolution of the low-pass", "none")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, or made here", "none")
    histogram: Optional[Curve] = curve("rods by how much more they wind to the right than to the left", x_label="Right less left",
                                       x_unit="", y_label="Rods")
    helices: Optional[Table] = table("The longest helices: middle, direction, length, scores of the right- and left-handed winding")
    mirrored: Optional[Map] = map_output("", "mirror image of the map", output="outputVolume", halves="own")
    mirrored_half1: Optional[Map] = map_output("", "mirror image of half-map 1")
    mirrored_half2: Optional[Map] = map_output("", "mirror image of half-map 2")


def compute_hand(study: Study, params: HandParams, *, progress: Progress = silent) -> HandResult:
    """Whether the alpha helices of a map wind to the right.

    Rods are found by the second derivatives of the smoothed map, and the density on cylinders round each is compared with a right- and a
    left-handed helix of 5.4 Å pitch. The opposite for the mirror image of a map, exactly so with a given mask.

    Parameters
    ----------
    study
        ``full_map``, or ``half1`` and ``half2``, whose mean is looked at, float32 [z, y, x]; ``mask`` when there is one.
    params
        Resolution, the error allowed, and whether to write mirror images.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    HandResult
        The hand is ``undetermined`` where too few helices are seen, or where they do not agree.

    Raises
    ------
    InputError
        The inputs do not fit together, or a box of fewer than 16 voxels.

    References
    ----------
    Pauling, Corey & Branson (1951), https://doi.org/10.1073/pnas.37.4.205: L-amino acids make the right-handed helix.
    """
    study.check("half1", "half2", "full_map", "mask", least=16, what="the hand needs")
    used, density = study.used_mask, study.density
    # A map and its mirror image are made the same array first: then rounding cannot favour one hand.
    flips = steps.canonical_flips(density.data)
    upright = density.with_data(steps.turned(density.data, flips), density.path)
    inside = steps.turned(used.inside, flips)
    progress(0.2, "resolution")
    resolution = _resolution(study, params)
    progress(0.4, "helices")
    pieces = steps.NO_PIECES
    if resolution <= steps.COARSEST:
        pieces = steps.find_pieces(steps.make_ready(upright.data, inside, density.voxel_size, resolution, flips), density.shape,
                                   density.voxel_size)
    evidence = steps.weigh(pieces.scores)
    found = steps.whole_helices(pieces)
    hand, summary = _verdict(evidence, params, len(pieces.scores), resolution)
    values = study.half_map_values()
    if params.write_mirrored:
        values.update(_mirror_images(study))
    progress(1.0, "done")
    return HandResult(
        summary=summary, warnings=tuple(used.notes()), hand=hand, wrong_probability=None if hand == "undetermined" else evidence.wrong,
        z_score=evidence.z, top_fraction=evidence.top, n_helices=len(found), n_pieces=evidence.pieces, helical_share=evidence.share,
        n_rods=len(pieces.scores), resolution_used=resolution, mask_source=used.source,
        histogram=_histogram(pieces.scores), helices=_table(found, density.origin), **values)


def _resolution(study: Study, params: HandParams) -> float:
    """Resolution of the low-pass in Å: what is given or measured, not finer than 4 Å nor than the voxels hold."""
    geo = study.geometry
    least = max(steps.FINEST, geo.length / (geo.n_shells - 1))
    if params.resolution is not None:
        return max(params.resolution, least)
    # Without solvent a map does not tell its resolution; nothing finer than 4 Å is used anyway.
    if not study.has_halves and is_cut(study.density.data):
        return least
    return max(round(study.resolution, 3), least)


def _verdict(evidence: steps.Evidence, params: HandParams, n_rods: int, resolution: float) -> Tuple[str, str]:
    if resolution > steps.COARSEST:
        return "undetermined", (f"The hand cannot be determined: at {resolution:.3g} Å the turns of an alpha helix, 5.4 Å apart, are not "
                                f"seen; "
                                f"{steps.COARSEST:g} Å is the least that is needed.")
    if evidence.pieces < steps.LEAST or evidence.share < steps.SHARE:
        return "undetermined", (f"The hand cannot be determined: {evidence.pieces} of {n_rods} rods of the map look like pieces of an "
                                f"alpha "
                                "helix, which is too few.")
    side = "right" if evidence.z > 0 else "left"
    part = 100 * (evidence.top if side == "right" else 1 - evidence.top)
    if min(evidence.wrong, 1 - evidence.wrong) >= params.error_allowed:
        return "undetermined", (f"The hand cannot be determined: {evidence.pieces} pieces of alpha helix were found, but they do not agree "
                                f"({part:.0f} % of the best wind to the {side}).")
    words = f"{part:.0f} % of the best of {evidence.pieces} pieces of alpha helix wind to the {side} (z = {evidence.z:.1f})"
    if side == "right":
        return "right", f"The hand is right: {words}."
    return "wrong", f"The hand is wrong: {words}; mirror the map."


def _mirror_images(study: Study) -> Dict[str, Any]:
    maps = dict(mirrored=study.density)
    if study.has_halves:
        maps.update(mirrored_half1=study.half1, mirrored_half2=study.half2)
    return {name: study.density.with_data(mirrored(m.data)) for name, m in maps.items()}


def _histogram(scores: np.ndarray) -> Curve:
    counts, edges = np.histogram(scores[:, 0] - scores[:, 1], bins=41, range=(-1, 1))
    return Curve((edges[1:] + edges[:-1]) / 2, counts)


def _table(found: List[Tuple[float, ...]], origin: Tuple[float, ...]) -> Table:
    rows = [tuple(v + o for v, o in zip(h[:3], origin)) + h[3:] for h in found[:_ROWS]]
    digits = (1, 1, 1, 3, 3, 3, 1, 3, 3)
    return Table(_COLUMNS, tuple(tuple(round(v, d) for v, d in zip(row, digits)) for row in rows))
