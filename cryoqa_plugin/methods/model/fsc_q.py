"""Does the map support each atom as well as the half-maps support each other: local correlations, and FSC-Q."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...core import blocks, fourier, masks, model_map
from ...errors import InputError
from ...io.inputs import require
from ...params import param
from ...progress import Progress, silent
from ...results import Column, metric
from ...rounding import show_value
from ...study import Study
from ...study.agreement import Agreement
from ...study.residues import WATER, of_all
from .residue_scores import TRACE, AtomCounts, ResidueScores, atom_counts, carried, chain_rows, place_values, rows

UNEXPLAINED, OVERFITTED = -0.15, 0.15            # differences of correlations from which an atom counts
_HALF, _MODEL = 0.5, 0.67                        # FSC of boxes at which their resolutions are read
_FAR, _VERY_FAR = 0.5, 1.5                       # FSC-Q in Å, and FSC-Q over the resolution, that are counted
_COARSEST = 200.0                                # Å, of Bsoft
_AROUND, _DIAGONAL = 0.8, 0.87                   # Å around an atom that are averaged; half a diagonal of a voxel, where there always is one
_BOX, _TIMES = 20, 7.0                           # voxels of the boxes, and resolutions that they should hold


@dataclass(frozen=True)
class FscQParams:
    """Parameters of :func:`compute_fsc_q`."""

    box: Optional[int] = param(None, "Edge of the boxes of FSC-Q. When empty 20 voxels, which Xmipp takes, or 7 times the resolution where "
                               "that is more: in smaller boxes model and map seem to agree less than they do.", label="Box",
                               unit="voxels", min=6, max=80)
    step: Optional[int] = param(None, "Distance of the points at which boxes are cut; between them the resolution is interpolated. When "
                                "empty a fifth of the box; 1 is every voxel near an atom, and slow.", label="Step", unit="voxels", min=1,
                                max=40, expert=True)


def _part(meaning: str) -> Any:
    return metric("%", meaning, "lower")


@dataclass(frozen=True)
class FscQResult(ResidueScores, AtomCounts):
    """Result of :func:`compute_fsc_q`; over the atoms that are no hydrogens."""

    schema: ClassVar[str] = "cryoqa/fsc_q/1"
    delta_median: Optional[float] = metric("", "median over the atoms of the correlation of map and model around them less that which the "
                                           "half-maps promise", "target:0")
    unexplained: Optional[float] = _part("part of the atoms where it is below -0.15: map and model disagree")
    overfitted: Optional[float] = _part("part of the atoms where it is above 0.15: they follow noise")
    residues_unexplained: Optional[float] = _part("part of the residues with a mean below -0.15")
    cc_model: Optional[float] = metric("", "median over the atoms of the correlation of map and model around them", "higher")
    cc_map: Optional[float] = metric("", "median over the atoms of the correlation that the right model would have", "higher")
    fsc_q_median: Optional[float] = metric("Å", "median over the atoms of FSC-Q: local resolution of map and model less that of the "
                                           "half-maps", "target:0")
    fsc_q_mean: Optional[float] = metric("Å", "mean FSC-Q; a few atoms in no density move it far", "target:0")
    fsc_q_abs: Optional[float] = metric("Å", "mean size of FSC-Q", "lower")
    fsc_q_above: Optional[float] = _part("part of the atoms with FSC-Q above 0.5 Å: supported worse than the map would allow")
    fsc_q_below: Optional[float] = _part("part of the atoms with FSC-Q below -0.5 Å")
    fsc_qr_high: Optional[float] = _part("part of the atoms with FSC-Q larger than 1.5 times the local resolution of the half-maps")
    window: Optional[float] = metric("Å", "standard deviation of the window around atoms", "none")
    resolution: Optional[float] = metric("Å", "resolution that the window and the boxes were made from", "none")
    box_edge: Optional[float] = metric("Å", "edge of the boxes of FSC-Q", "none")
    spacing: Optional[float] = metric("Å", "distance of the points at which boxes were cut", "none")
    boxes: Optional[int] = metric("", "boxes that were cut", "none")


def compute_fsc_q(study: Study, params: FscQParams, *, progress: Progress = silent) -> FscQResult:
    """How far map and model agree around every atom, against how far the half-maps do.

    Parameters
    ----------
    study
        ``model``, ``half1`` and ``half2``, float32 [z, y, x]; FSC-Q compares the model with ``full_map`` when there is one.
    params
        The boxes of FSC-Q.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    FscQResult
        Of the whole model, its chains, residues and atoms.

    Raises
    ------
    MissingInputError
        No model, or not both half-maps.
    InputError
        The inputs do not fit together, no atom lies in the box, or the boxes are larger than the map.

    Notes
    -----
    ``delta = CC_model - sqrt(CC_full)`` of :func:`cryoqa_plugin.study.agreement.agreement`. FSC-Q by its rules: the FSC of tapered boxes
    as Bsoft's blocres, map and model at 0.67, the half-maps at 0.5, the last fall; the difference of both resolutions, averaged over the
    voxels within 0.8 Å of an atom.

    References
    ----------
    Ramirez-Aportela et al. (2021), https://doi.org/10.1038/s41467-020-20295-w (FSC-Q); Yamashita et al. (2021),
    https://doi.org/10.1107/S2059798321009475 (local correlations).
    """
    require(study.inputs, "model", "half1", "half2")
    study.check("half1", "half2", "full_map", least=16, what="boxes around atoms need")
    edge = _box(study, params)
    warnings: List[str] = []
    progress(0.05, "atoms")
    values: Dict[str, Any] = dict(study.half_map_values(), **atom_counts(study, warnings))
    warnings += [TRACE] if study.residues.trace else []
    progress(0.1, "place of the model")
    values.update(place_values(study, warnings))
    progress(0.2, "local correlations")
    found, by_boxes = study.agreement, None
    values.update(window=found.sigma, resolution=found.resolution)
    if found.delta is not None and found.full is not None:
        progress(0.5, "boxes")
        by_boxes = _boxes(study, edge, params.step or max(1, edge // 5), values)
        values.update(_numbers(study, found.model, found.delta, np.sqrt(found.full), *by_boxes))
    values.update(_outputs(study, found, by_boxes))
    progress(1.0, "done")
    return FscQResult(summary=_summary(study, values), warnings=tuple(warnings), **values)


def _box(study: Study, params: FscQParams) -> int:
    """Edge of the boxes in voxels."""
    map_ = study.grid
    edge = params.box or max(_BOX, int(np.ceil(_TIMES * study.compared_at().resolution / max(map_.voxel_size))))
    if params.box is None:
        edge = min(edge, 80, *map_.shape)
    if edge > min(map_.shape):
        raise InputError(f"The boxes of {edge} voxels do not fit into the map, whose shortest edge has {min(map_.shape)} ({map_.place}); "
                         "give a smaller box.")
    return edge


def _boxes(study: Study, edge: int, step: int, values: Dict[str, Any]) -> Tuple[np.ndarray, np.ndarray]:
    """Local resolution (Å) of map and model, and of the half-maps, at every atom, float64 [n_atoms]; NaN at those that are not used."""
    map_ = study.density
    voxel, used, shape = map_.voxel_size, study.used_atoms(), map_.shape
    radius = max(_AROUND, _DIAGONAL * max(voxel))
    near = masks.atoms_mask(shape, voxel, map_.origin, study.model.xyz[used], np.full(int(used.sum()), radius)).astype(np.float32)
    finest = 2 * max(voxel)
    plan = blocks.plan(edge, 1, "hann", voxel, finest, mates=False)
    along = [blocks.centres_along(n, edge, step) for n in shape]
    hats = [blocks.hat_weights(n, c) for n, c in zip(shape, along)]
    at = blocks.needed(near, 0.5, hats)
    centres = np.stack([c[i] for c, i in zip(along, np.nonzero(at))], axis=1)
    model = fourier.inverse(study.model_transform(), shape)
    out = []
    for pair, cut in (((map_.data, model), _MODEL), ((study.half1.data, study.half2.data), _HALF)):
        one, two = (np.ascontiguousarray(m) for m in pair)
        fills = float(one.mean(dtype=np.float64)), float(two.mean(dtype=np.float64))
        curves = blocks.box_curves(one, two, fills, centres, plan)
        at_points = np.ones(at.shape)
        at_points[at] = np.clip(blocks.last_falls(curves, plan.length, cut), 1 / _COARSEST, 1 / finest)
        resolution = blocks.spread(at_points, hats, near, 0.5)
        sums = model_map.sums_around(resolution, resolution, (0.0, 0.0), study.atom_position[used], np.arange(int(used.sum())),
                                     int(used.sum()), radius, voxel)
        out.append(of_all(used, np.divide(sums.a, sums.voxels, out=np.full(sums.a.size, np.nan), where=sums.voxels > 0)))
    values.update(box_edge=edge * max(voxel), spacing=step * max(voxel), boxes=len(centres))
    return out[0], out[1]


def _numbers(study: Study, cc: np.ndarray, all_delta: np.ndarray, promised: np.ndarray, of_model: np.ndarray,
             of_halves: np.ndarray) -> Dict[str, Any]:
    """Values over the atoms that are used and no hydrogens, all atoms where there are no others.

    ``cc`` of map and model, ``promised`` by the half-maps, their difference, and the two local resolutions, float64 [n_atoms] each.
    """
    use = study.used_atoms() & study.residues.heavy
    use = use if use.any() else study.used_atoms()
    delta, by_residue = all_delta[use], study.residues.mean(all_delta, use)
    far = (of_model - of_halves)[use]
    far, relative = far[np.isfinite(far)], (far / of_halves[use])[np.isfinite(far)]
    delta, by_residue = delta[np.isfinite(delta)], by_residue[np.isfinite(by_residue) & (study.residues.kind != WATER)]
    out = dict(delta_median=_median(delta), unexplained=_percent(delta < UNEXPLAINED), overfitted=_percent(delta > OVERFITTED),
               residues_unexplained=_percent(by_residue < UNEXPLAINED), cc_model=_median(cc[use]),
               cc_map=_median(promised[use]))
    if far.size:
        out.update(fsc_q_median=float(np.median(far)), fsc_q_mean=float(far.mean()),
                   fsc_q_abs=float(np.abs(far).mean()), fsc_q_above=_percent(far > _FAR),
                   fsc_q_below=_percent(far < -_FAR), fsc_qr_high=_percent(np.abs(relative) > _VERY_FAR))
    return out


def _median(values: np.ndarray) -> Optional[float]:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None


def _percent(which: np.ndarray) -> Optional[float]:
    return 100.0 * float(which.mean()) if which.size else None


def _outputs(study: Study, found: Agreement, by_boxes: Optional[Tuple[np.ndarray, np.ndarray]]) -> Dict[str, Any]:
    """Tables of residues and chains, and the model that carries them."""
    residues = study.residues
    use = study.used_atoms() & (residues.heavy if residues.heavy.any() else ~residues.heavy)
    of_atoms = {Column("correlation", "", "of map and model around the atoms"): found.model}
    if found.delta is not None and found.full is not None and by_boxes is not None:
        of_model, of_halves = by_boxes
        of_atoms = {Column("delta", "", "that correlation less the one of the right model"): found.delta, **of_atoms,
                    Column("of the right model", "", "correlation that the half-maps promise"): np.sqrt(found.full),
                    Column("FSC-Q", "Å", "local resolution of map and model less that of the half-maps"): of_model - of_halves,
                    Column("FSC-Qr", "", "FSC-Q over the local resolution of the half-maps"): of_model / of_halves - 1}
    columns = {c: residues.mean(v, use) for c, v in of_atoms.items()}
    shown = np.isfinite(next(iter(columns.values()))) & (residues.kind != WATER)
    attributes = {"delta": "delta", "FSC-Q": "fscq", "correlation": "cc_model"}
    of_residues = {attributes[c.name]: v for c, v in columns.items() if c.name in attributes}
    at_atoms = {attributes[c.name]: v for c, v in of_atoms.items() if c.name in ("delta", "FSC-Q")}
    return dict(residues=rows(residues, columns, shown), chains=chain_rows(residues, columns, shown),
                **carried(study.model, residues, of_residues, at_atoms))


def _summary(study: Study, values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("delta_median") is None:
        return f"How well map and model could agree is not known: {study.independence.void or 'no atom can be judged'}."
    words = (f"Map and model correlate by {values['cc_model']:.3f} around the atoms, where the right model would reach "
             f"{values['cc_map']:.3f}; {show_value(values['unexplained'], '%')} of the atoms are unexplained and "
             f"{show_value(values['overfitted'], '%')} follow noise")
    if values.get("fsc_q_median") is not None:
        words += f". FSC-Q is {values['fsc_q_median']:.2f} Å in the median"
    return words + "."
