"""Which of the 20 amino acids the map shows at each residue of a model, whatever the model says."""
from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Tuple

import numpy as np

from ..core import conformer_fit, fourier, masks, rotamers
from ..core.conformer_fit import BestFit
from ..core.type_odds import temperature_of, tempered
from .chain_sequence import letter_of, letter_types
from .mask import EDGE
from .residues import PROTEIN, Residues
from .type_tables import read_tables

if TYPE_CHECKING:
    from .study import Study

_KNOWN = ("N", "CA", "C", "O", "CB")  # atoms of a residue that are there whatever its type
_FEWEST = 150                         # points that must count
_AROUND = 5.0                         # Å around the backbone in which the power of the map is measured
# What the map and the side chains are weighted for, from the resolution of the map: the finest shells of good maps differ most from residue
# to residue, those beyond the resolution of poor ones still tell. Likeliest on the maps that the tables are made from.
_SHARPEST = (1.45, 0.56)
_CALIBRATED = (1.8, 5.0)              # Å, the ends of the tables: beyond them maps are looked at as those at the end


class SideChainOdds(NamedTuple):
    """What the map says about the type of each residue.

    ``odds`` float64 [n_residues, 20] in nats, columns in the order of :data:`cryoqa_plugin.core.rotamers.TYPES`: log-odds of the type
    against the composition of proteins at the ``temperature``; NaN for residues that are not protein, have no N, CA and C, or lie outside
    the box. ``raw`` the same before the temperature. ``temperature``: how much of them this map deserves, from 0 to 1, judged by the types
    of the model. ``resolution``: what they were made for, in Å. ``types`` int64 [n_residues]: the type of the model, -1 for none of the 20.
    ``rotamer`` float64 [n_residues]: mean density of the best conformer of that type less that of the side chain as it is built, 1 the
    mean density of the backbone; NaN without atoms beyond CB.
    """

    odds: np.ndarray
    raw: np.ndarray
    temperature: float
    resolution: float
    types: np.ndarray
    rotamer: np.ndarray


class Scored(NamedTuple):
    """Residues with a frame, int64 [n], the best fit of each type on them, and ``rotamer`` float64 [n] as in :class:`SideChainOdds`."""

    residue: np.ndarray
    fit: BestFit
    rotamer: np.ndarray


def composition() -> np.ndarray:
    """The part of each amino acid that log-odds are against.

    Returns
    -------
    ndarray
        float64 [20], in the order of :data:`cryoqa_plugin.core.rotamers.TYPES`.
    """
    return read_tables("side_chains").composition


def types_of(residues: Residues) -> np.ndarray:
    """The amino acid of each residue; a modified one counts as the one that it was made from, such as MSE as MET, SEC as CYS.

    Parameters
    ----------
    residues
        Of the model.

    Returns
    -------
    ndarray
        int64 [n_residues], in the order of :data:`cryoqa_plugin.core.rotamers.TYPES`; -1 for none of them.
    """
    types = letter_types("".join(letter_of(n)[-1] for n in residues.name), rotamers.LETTERS)
    return np.where(residues.kind == PROTEIN, types, -1)


def score(study: Study, resolution: float) -> Scored:
    """Conformers of all types laid on every residue.

    Parameters
    ----------
    study
        A model and a map; the mean of the half-maps when they are there and share signal.
    resolution
        In Å, where the FSC of half-maps in a mask falls below 0.143.

    Returns
    -------
    Scored
        Of residues whose points are inside of the box.
    """
    residues, position, voxel = study.residues, study.atom_position, study.density.voxel_size
    known = np.array([a in _KNOWN for a in residues.atom], dtype=bool) & residues.first & (residues.kind[residues.residue] == PROTEIN)
    sharpest = _SHARPEST[0] + _SHARPEST[1] * float(np.clip(resolution, *_CALIBRATED))
    coefficients = prepared(study, position[known], sharpest)
    residue, ca, turn = _frames(residues, position)
    place = np.full(len(residues), -1, dtype=np.int64)
    place[residue] = np.arange(residue.size)
    fit = conformer_fit.best_fit(coefficients, voxel, ca, turn, _templates(sharpest), position[known], place[residues.residue[known]])
    rotamer = _rotamer(residues, position, residue, ca, turn, lambda p: conformer_fit.values_at(coefficients, voxel, p))
    use = fit.counted >= _FEWEST
    return Scored(residue[use], BestFit(*(v[use] for v in fit)), rotamer[use])


def side_chain_odds(study: Study, resolution: float) -> SideChainOdds:
    """Log-odds of the 20 types at every residue.

    Parameters
    ----------
    study
        A model and a map; the mean of the half-maps when they are there and share signal.
    resolution
        In Å, where the FSC of half-maps in a mask falls below 0.143.

    Returns
    -------
    SideChainOdds
        All NaN, with a temperature of 0, for a model without protein.

    Notes
    -----
    The map, whitened and weighted by what of it is signal, is compared around each residue with 654 ideal side chains of the 20 types, laid
    on N, CA and C: the best correlation of each type, without the points next to the backbone of other residues, makes 19 numbers. What
    they are for each type is known from maps of known models with noise (``bench/calibrate_side_chains.py``): class means and a shared
    covariance give log-odds. Side chains of the model take no part, so that the log-odds do not depend on its sequence; only the
    temperature does.
    """
    n = len(study.residues)
    types = types_of(study.residues)
    raw, rotamer = np.full((n, len(rotamers.TYPES)), np.nan), np.full(n, np.nan)
    if (study.residues.kind == PROTEIN).any():
        found = score(study, resolution)
        raw[found.residue] = read_tables("side_chains").at(resolution).odds(found.fit.cc[:, 1:])
        rotamer[found.residue] = found.rotamer
    temperature = temperature_of(raw, types)
    return SideChainOdds(tempered(raw, temperature, composition()), raw, temperature, resolution, types, rotamer)


def prepared(study: Study, known: np.ndarray, resolution: float) -> np.ndarray:
    """The map of a Study whitened by its power around known atoms, as coefficients of splines.

    Parameters
    ----------
    study
        A map; the mean of the half-maps when they are there and share signal.
    known
        Positions of the atoms, float64 [n, 3] (x, y, z) in Å from the centre of the first voxel.
    resolution
        As of :func:`cryoqa_plugin.core.conformer_fit.prepare`.

    Returns
    -------
    ndarray
        float32 [z, y, x]. Power is measured within 5 Å of the atoms with a soft edge of 6 Å: the solvent, and so the size of the box, does
        not count.
    """
    halves = study.has_halves and study.independence.void is None
    map_, ft = (study.average, study.transform("average")) if halves else (study.density, study.density_transform())
    mask = masks.atoms_mask(map_.shape, map_.voxel_size, (0.0, 0.0, 0.0), known, np.full(len(known), _AROUND))
    if not mask.any():
        return conformer_fit.prepare(ft, study.geometry, resolution)
    soft = masks.soft_edge(mask, EDGE, map_.voxel_size)
    level = float((map_.data * soft).sum(dtype=np.float64) / soft.sum(dtype=np.float64))
    soft *= map_.data - np.float32(level)
    return conformer_fit.prepare(ft, study.geometry, resolution, fourier.forward(soft))


def _frames(residues: Residues, position: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residues of protein with N, CA and C, int64 [n], their CA and their frames."""
    at = [residues.find(name) for name in ("N", "CA", "C")]
    residue = np.flatnonzero((residues.kind == PROTEIN) & np.all([i >= 0 for i in at], axis=0))
    n, ca, c = (position[i[residue]] for i in at)
    turn = rotamers.frames(n, ca, c)
    good = np.isfinite(turn).all(axis=(1, 2))
    return residue[good], ca[good], turn[good]


@lru_cache(maxsize=1)
def _points() -> np.ndarray:
    """Points around the conformers that are not turned, float64 [n, 3]."""
    library, middle = rotamers.conformers(), rotamers.TURNS.index(0.0)
    keep = np.repeat(np.arange(len(library.kind)) % len(rotamers.TURNS) == middle, np.diff(library.starts))
    return conformer_fit.grid_points(library.atoms[keep])


@lru_cache(maxsize=2)
def _templates(resolution: float) -> conformer_fit.Templates:
    library = rotamers.conformers()
    return conformer_fit.templates(library.atoms, library.charge, library.starts, library.kind, len(rotamers.TYPES), _points(), resolution)


def _rotamer(residues: Residues, position: np.ndarray, residue: np.ndarray, ca: np.ndarray, turn: np.ndarray,
             values: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Mean density of the best conformer of the own type less that as built, float64 [n], 1 that of the backbone."""
    library, types = rotamers.conformers(), types_of(residues)[residue]
    atoms: List[Dict[str, int]] = [{} for _ in residues.name]
    for i in np.flatnonzero(residues.first & residues.heavy):
        atoms[residues.residue[i]].setdefault(residues.atom[i], int(i))
    backbone = values(position[[atoms[r][a] for r in residue for a in ("N", "CA", "C")]].reshape(-1, 3))
    backbone = backbone[np.isfinite(backbone)]
    out, unit = np.full(residue.size, np.nan), float(backbone.mean()) if backbone.size else 0.0
    if unit <= 0:                                            # outside of the box, or in no density
        return out
    for kind in range(2, len(rotamers.TYPES)):
        which = np.flatnonzero(library.kind == kind)
        beyond = [n for n in library.of(which[0]) if n != "CB"]
        shape = np.stack([[library.of(i)[n] for n in beyond] for i in which])
        mine = [i for i in np.flatnonzero(types == kind) if set(beyond) <= set(atoms[residue[i]])]
        if mine:
            at = ca[mine][:, None, None] + np.einsum("kaj,njx->nkax", shape, turn[mine])
            best = values(at.reshape(-1, 3)).reshape(at.shape[:3]).mean(axis=2)
            built = values(position[[[atoms[residue[i]][n] for n in beyond] for i in mine]].reshape(-1, 3)).reshape(len(mine), -1)
            out[mine] = (np.where(np.isfinite(best), best, -np.inf).max(axis=1) - built.mean(axis=1)) / unit
    return out
