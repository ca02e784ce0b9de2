"""The steps of a stability: models moved into half-maps, their numbers by residue, and verdicts by what the resolution allows."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence

import numpy as np

from ...core import conditional, elastic_fit, model_bases
from ...core.model_bases import SEEDS, SHAKEN as SHAKEN
from ...progress import Progress, part
from ...results import Column, Table
from ...study import Study
from ...study.residues import BACKBONE, NUCLEIC, WATER, Residues, of_all
from ..local_resolution.local_fsc import LocalFscParams, compute_local_fsc
from . import model_stability_words as words
from .residue_scores import carried, chain_rows, rows

COARSEST = 4.5                        # Å, beyond which right residues spread and move as far as wrong ones
_FINEST = 3.0                         # Å, where maps end at the least: in finer ones shaken atoms settle on each other's places
_WORSE = 1.5                          # times the overall resolution, the worst local one that excuses a spread
_SPREAD = (0.3, 0.12)                 # Å, and part of the local resolution: the larger of both is what a spread may be
_MOVED = (0.6, 0.15)                  # the same of the distance of a backbone from where it was given
_SIDE = (0.8, 0.25)                   # and of that of a side chain or base
_EMPTY = 0.2                          # of the usual density, below which there is none
_SIDE_SEEN = 3.5                      # Å up to which density of side chains can be looked for
_FLAT = 1e-9                          # of an even map: less is no density
_ATOMS = 3                            # of a residue, or of its side chain beyond CB, that can be judged

STEADY, SIDE, BASE, MOVED, UNSTEADY, WITHOUT = "steady", "side chain", "base", "moved", "unsteady", "no density"
VERDICTS = (STEADY, SIDE, BASE, MOVED, UNSTEADY, WITHOUT)      # best first
SPREAD = Column("spread", "Å", "root mean square over four models moved into one half-map, about their mean")
HALVES = Column("halves", "Å", "between the mean of the four in half-map 1 and that in half-map 2")
DISTANCE = Column("moved", "Å", "from where it was given to the mean of all eight")
SIDE_DISTANCE = Column("side moved", "Å", "the same of the side chain beyond CB, or the base")
DENSITY = Column("density", "", "of the half-map to which it was not moved, over what is usual at backbones of this model")
SIDE_DENSITY = Column("side density", "", "the same of the side chain beyond CB, or the base")
ALLOWED = Column("allowed", "Å", "spread that the local resolution allows")


class Stability(NamedTuple):
    """Of each residue, float64 [n_residues], NaN where not known: ``spread``, ``halves``, ``moved`` and ``side_moved`` (Å), ``density`` and
    ``side_density`` over what is usual, the ``local`` resolution (Å). ``backbone`` (Å) is how far that alone moved. ``verdict`` are words,
    None for residues that are not judged; ``rmsd`` (Å) is that of pairs of models, ``resolution`` (Å) that of the half-maps, ``ends`` (Å)
    where the maps ended that the models were moved into."""

    spread: np.ndarray
    halves: np.ndarray
    moved: np.ndarray
    backbone: np.ndarray
    side_moved: np.ndarray
    density: np.ndarray
    side_density: np.ndarray
    local: np.ndarray
    verdict: Sequence[Any]
    rmsd: float
    resolution: float
    ends: float

    @property
    def allowed(self) -> np.ndarray:
        """Spread that the local resolution allows, in Å, float64 [n_residues]."""
        return np.maximum(_SPREAD[0], _SPREAD[1] * self.local)


def electrons(elements: Sequence[str]) -> np.ndarray:
    """How strongly atoms pull: their electrons over those of carbon.

    Parameters
    ----------
    elements
        Symbol of each atom.

    Returns
    -------
    ndarray
        float64 [n].
    """
    import gemmi
    known = {e: gemmi.Element(e).atomic_number / 6 for e in set(elements)}
    return np.array([known[e] for e in elements], dtype=np.float64)


def stability(study: Study, shake: float, progress: Progress) -> Stability:
    """A model shaken and moved into half-maps, and what became of its residues.

    Parameters
    ----------
    study
        Half-maps that are two measurements, and a model with atoms in their box.
    shake
        Å rms by which it is shaken.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    Stability
        Of all residues.
    """
    residues, geo, voxel = study.residues, study.geometry, study.grid.voxel_size
    use = study.used_atoms() & residues.heavy & residues.first
    position, resolution = study.atom_position[use], study.unmasked_resolution or study.resolution
    even, _, ends = conditional.even_halves(study.transform("half1"), study.transform("half2"), geo, voxel, max(resolution, _FINEST))
    cover = model_bases.covered(position, np.ones(len(position)), geo.shape, voxel)
    weight = electrons([e for e, wanted in zip(study.model.elements, use) if wanted])
    places = model_bases.move(even, cover, voxel, position, weight, part(progress, 0.0, 0.75), shake).places
    own, other = _at_half_maps(even, voxel, places)
    del even, cover
    progress(0.8, "local resolution")
    found = Stability(**_of_residues(study, use, places, own, other), local=_local(study, use, resolution), verdict=(), rmsd=_rmsd(places),
                      resolution=resolution, ends=ends)
    return found._replace(verdict=_verdicts(residues, found, use))


def _of_residues(study: Study, use: np.ndarray, places: np.ndarray, own: np.ndarray, other: np.ndarray) -> Dict[str, np.ndarray]:
    """Spread, distances and density of each residue: ``places`` float64 [2, 4, n, 3] of the atoms used, ``own`` and ``other`` as of
    :func:`_at_half_maps`."""
    residues = study.residues
    backbone = use & (residues.role == BACKBONE)
    side = use & (residues.role != BACKBONE) & np.array([a != "CB" for a in residues.atom])
    enough = np.bincount(residues.residue[side], minlength=len(residues)) >= _ATOMS

    def of(values: np.ndarray, among: np.ndarray = use) -> np.ndarray:
        return residues.mean(of_all(use, values), among)

    def density(among: np.ndarray) -> np.ndarray:
        among = among if among.any() else use
        return of(other, among) / max(float(np.median(own[among[use]])), _FLAT)

    mean, middle = places.mean(axis=1), places.mean(axis=(0, 1))
    away = np.sum((middle - study.atom_position[use]) ** 2, axis=1)
    within = np.sum((places - mean[:, None]) ** 2, axis=3).sum(axis=(0, 1)) / (2 * (SEEDS - 1))
    return dict(spread=np.sqrt(of(within)), halves=np.sqrt(of(np.sum((mean[0] - mean[1]) ** 2, axis=1))), moved=np.sqrt(of(away)),
                backbone=np.sqrt(of(away, backbone)), side_moved=np.where(enough, np.sqrt(of(away, side)), np.nan),
                density=density(backbone), side_density=np.where(enough, density(side), np.nan))


def _at_half_maps(even: Any, voxel: Sequence[float], places: np.ndarray) -> Any:
    """Density at the mean places in each half-map: of that one, and of the other; means over both, float64 [n] each."""
    at = places.mean(axis=1)
    splines = [elastic_fit.spline(e) for e in even]
    own, other = (0.5 * (elastic_fit.values(splines[i], voxel, at[0]) + elastic_fit.values(splines[1 - i], voxel, at[1])) for i in (0, 1))
    return own, other


def _rmsd(places: np.ndarray) -> float:
    """Mean over all pairs of models of their root mean square distance."""
    every = places.reshape(-1, *places.shape[2:])
    pairs = [(i, j) for i in range(len(every)) for j in range(i)]
    return float(np.mean([np.sqrt(np.sum((every[i] - every[j]) ** 2, axis=1).mean()) for i, j in pairs]))


def _local(study: Study, use: np.ndarray, resolution: float) -> np.ndarray:
    """Local resolution (Å) of each residue, float64 [n_residues]: at most 1.5 times the overall one; that one where there is none."""
    found = compute_local_fsc(study.with_(model=None, full_map=None), LocalFscParams()).resolution_map
    if found is None:
        return np.full(len(study.residues), resolution)
    voxel = np.rint(study.atom_position[use] / study.grid.voxel_size).astype(np.int64)[:, ::-1]
    local = found.data[tuple((voxel % found.data.shape).T)].astype(np.float64)
    local[local <= 0] = np.nan
    mean = study.residues.mean(of_all(use, local), use)
    return np.clip(np.where(np.isfinite(mean), mean, resolution), None, _WORSE * resolution)


def _verdicts(residues: Residues, found: Stability, use: np.ndarray) -> List[Any]:
    """A word for each residue of a chain with three atoms and more; None for the others, and for all beyond 4.5 Å."""
    atoms = np.bincount(residues.residue[use], minlength=len(residues))
    judged = (residues.kind <= NUCLEIC) & (atoms >= _ATOMS) & (found.resolution <= COARSEST)
    moved, aside = (np.maximum(least, share * found.local) for least, share in (_MOVED, _SIDE))
    off = found.side_moved > aside
    if found.resolution <= _SIDE_SEEN:
        off = off | (found.side_density < _EMPTY)
    out: List[Any] = []
    for i in range(len(residues)):
        if not judged[i]:
            out.append(None)
        elif found.density[i] < _EMPTY:
            out.append(WITHOUT)
        elif found.spread[i] > found.allowed[i]:
            out.append(UNSTEADY)
        elif found.backbone[i] > max(moved[i], found.halves[i]):
            out.append(MOVED)
        else:
            out.append((BASE if residues.kind[i] == NUCLEIC else SIDE) if off[i] else STEADY)
    return out


def numbers(study: Study, found: Stability) -> Dict[str, Any]:
    """Values over the residues of chains, and what is said of those that are not steady.

    Parameters
    ----------
    study
        As of :func:`stability`.
    found
        What it gave.

    Returns
    -------
    dict
        Fields of the result.
    """
    residues = study.residues
    polymer = (residues.kind <= NUCLEIC) & np.isfinite(found.spread)
    out: Dict[str, Any] = dict(resolution=found.resolution, ends=found.ends, models_rmsd=found.rmsd)
    if not polymer.any():
        return dict(out, undetermined_words=words.NO_CHAINS)
    for name, values in (("spread", found.spread), ("halves", found.halves), ("moved", found.moved)):
        out[f"{name}_median"] = float(np.median(values[polymer]))
    judged = [v for v in found.verdict if v is not None]
    out.update(residues_judged=len(judged))
    if not judged:
        return dict(out, undetermined_words=words.coarse(found.resolution, COARSEST))
    for name, those in (("steady", (STEADY,)), ("residues_without", (WITHOUT,)), ("residues_unsteady", (UNSTEADY,)),
                        ("residues_moved", (MOVED,)), ("sides_off", (SIDE, BASE))):
        out[name] = 100.0 * sum(v in those for v in judged) / len(judged)
    runs = _runs(residues, found)
    columns = ("chain", "from", "to", "residues", "verdict", SPREAD, DISTANCE)
    return dict(out, off_words=words.named(residues, runs), stretches=Table(columns, tuple(_row(residues, found, r) for r in runs)))


def _runs(residues: Residues, found: Stability) -> List[List[int]]:
    """Residues in a row with one verdict that is not steady: the worst kind first, the longest of it first."""
    out: List[List[int]] = []
    for i, verdict in enumerate(found.verdict):
        if verdict in (None, STEADY):
            continue
        follows = bool(out) and out[-1][-1] == i - 1 and found.verdict[i - 1] == verdict and residues.chain[i - 1] == residues.chain[i]
        if follows:
            out[-1].append(i)
        else:
            out.append([i])
    return sorted(out, key=lambda run: (-max(VERDICTS.index(found.verdict[run[0]]), VERDICTS.index(BASE)), -len(run), run[0]))


def _row(residues: Residues, found: Stability, run: List[int]) -> Any:
    spread, moved = (float(np.sqrt(np.mean(values[run] ** 2))) for values in (found.spread, found.moved))
    return (residues.chains[residues.chain[run[0]]], residues.number[run[0]], residues.number[run[-1]], len(run), found.verdict[run[0]],
            spread, moved)


def outputs(study: Study, found: Stability) -> Dict[str, Any]:
    """Tables of residues and chains, and the model that carries them.

    Parameters
    ----------
    study, found
        As of :func:`numbers`.

    Returns
    -------
    dict
        Fields of the result.
    """
    residues = study.residues
    shown = np.isfinite(found.spread) & (residues.kind != WATER)
    columns = {SPREAD: found.spread, HALVES: found.halves, DISTANCE: found.moved, SIDE_DISTANCE: found.side_moved, DENSITY: found.density,
               SIDE_DENSITY: found.side_density, ALLOWED: found.allowed}
    of_residues = {"stable_spread": found.spread, "stable_halves": found.halves, "stable_moved": found.moved,
                   "stable_density": found.density}
    return dict(residues=rows(residues, {**columns, "verdict": found.verdict}, shown),
                chains=chain_rows(residues, columns, shown & (residues.kind <= NUCLEIC)), **carried(study.model, residues, of_residues))
