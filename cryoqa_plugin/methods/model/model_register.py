"""Is the sequence out of register: stretches of a chain whose side chains fit better one or more residues along."""
from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import density as atom_density, filters, fourier, model_map, shells, side_chains
from ...core.side_chains import Conformers
from ...io.models import Model
from ...results import Table
from .model_fit_steps import MapAndAtoms

_TYPES = ("GLY", "ALA", "SER", "CYS", "VAL", "THR", "ILE", "PRO", "MET", "ASP", "ASN", "LEU", "LYS", "GLU", "GLN", "ARG", "HIS", "PHE",
          "TYR", "TRP")
_BACKBONE = frozenset(("N", "CA", "C", "O", "OXT"))
_CONFORMERS = 30                      # of a type, taken from all over the model
_FARTHEST = 4                         # residues by which the sequence is moved along
_LEAST = 10                           # residues of a stretch
_SHIFTED = 2.7                        # score from which a stretch is out of register; of right models it reaches 2.0
_SEEN = 6.0                           # score of the sequence as built, moved or not, below which side chains do not tell
_SAID = 3                             # stretches that are named in words
_SHELL = 0.2                          # map-model FSC below which a shell is left out


class _Chain(NamedTuple):
    """Residues with a backbone: ``types`` int [n], ``numbers`` int [n], ``ca`` float [n, 3] and ``turn`` float [n, 3, 3]."""

    name: str
    types: np.ndarray
    numbers: np.ndarray
    ca: np.ndarray
    turn: np.ndarray


def register(fit: MapAndAtoms) -> Dict[str, Any]:
    """Stretches of residues that are out of register.

    Parameters
    ----------
    fit
        The map and the atoms.

    Returns
    -------
    dict
        By result field; empty for a model without protein.

    Notes
    -----
    The map on the scale of the model, weighted by the square of their FSC, less the density of the backbone, holds the side chains. Side
    chains of all types, in conformers of this model, are laid on the backbone of every residue; the best of each type counts, relative to
    what that type gets on other residues. What residue ``p`` gains when the sequence is moved by ``k`` is the score of the type of residue
    ``p + k`` less that of its own type; a register error is a stretch whose gains sum up.
    """
    chains, library = _residues(fit.model, fit.atoms.keep, fit.map.origin)
    if not chains:
        return {}
    data = _side_chain_density(fit, np.concatenate([c.ca for c in chains]))
    if data is None:
        return {}
    rows: List[Tuple[Any, ...]] = []
    evidence, residues = np.zeros(2 * _FARTHEST + 1), 0
    for chain in chains:
        scores = side_chains.fit_of_types(data, chain.ca, chain.turn, library, len(_TYPES), fit.map.voxel_size)
        moved = _moved_along(chain, scores)
        evidence += np.nansum(moved, axis=1)
        residues += len(chain.types)
        rows += _stretches(chain, moved)
    evidence /= np.sqrt(residues)
    best = int(np.argmax(evidence))
    away = np.abs(np.arange(evidence.size) - best) > 1
    seen = float((evidence[best] - evidence[away].mean()) / evidence[away].std())
    out: Dict[str, Any] = dict(register_signal=seen)
    if seen >= _SEEN or rows:
        rows.sort(key=lambda row: -row[-1])
        out.update(residues_shifted=100.0 * sum(row[3] for row in rows) / residues, register_words=_words(rows),
                   register_errors=Table(("chain", "from", "to", "residues", "shift", "score"), tuple(rows)))
    return out


def notes(values: Mapping[str, Any]) -> List[str]:
    """Which residues are out of register.

    Parameters
    ----------
    values
        Of :func:`register`.

    Returns
    -------
    list of str
        One sentence, or none.
    """
    return [values["register_words"]] if values.get("register_words") else []


def _words(rows: Sequence[Tuple[Any, ...]]) -> Optional[str]:
    if not rows:
        return None
    said = ", ".join(f"residues {first} to {last} of chain {name} by {abs(shift)}" for name, first, last, _, shift, _ in rows[:_SAID])
    more = f", and {len(rows) - _SAID} stretches more" if len(rows) > _SAID else ""
    return f"The sequence is out of register: {said}{more}. Their side chains fit better shifted along the chain."


def _residues(model: Model, keep: np.ndarray, origin: Any) -> Tuple[List[_Chain], Conformers]:
    """The chains of protein, and side chains of all types in the frames of their backbones."""
    chains: List[_Chain] = []
    library: Dict[int, List[np.ndarray]] = {}
    at = -1
    for part in model.structure[0]:
        found: List[Tuple[int, int, List[np.ndarray]]] = []
        sides: List[np.ndarray] = []
        for unit in part:
            atoms: Dict[str, np.ndarray] = {}
            whole = True
            for atom in unit:
                at += 1
                whole = whole and bool(keep[at])
                if not atom.element.is_hydrogen:
                    atoms.setdefault(atom.name, np.array(atom.pos.tolist()))
            if unit.name in _TYPES and whole and all(n in atoms for n in ("N", "CA", "C")):
                found.append((_TYPES.index(unit.name), unit.seqid.num, [atoms[n] for n in ("N", "CA", "C")]))
                sides.append(np.array([p for n, p in atoms.items() if n not in _BACKBONE]).reshape(-1, 3))
        if len(found) < 2 * _LEAST:
            continue
        n, ca, c = (np.array([f[2][i] for f in found]) for i in range(3))
        turn = side_chains.frames(n, ca, c)
        for (kind, _, _), side, here, frame in zip(found, sides, ca, turn):
            if len(side):
                library.setdefault(kind, []).append((side - here) @ frame.T)
        numbers = np.array([f[1] for f in found])
        if np.any(np.diff(numbers) <= 0):
            numbers = np.arange(len(found))                  # insertion codes, or two parts of one name
        chains.append(_Chain(part.name, np.array([f[0] for f in found]), numbers, ca - np.asarray(origin), turn))
    return chains, _packed(library)


def _packed(library: Dict[int, List[np.ndarray]]) -> Conformers:
    """Up to 30 conformers of each type, evenly from all over the model."""
    atoms: List[np.ndarray] = []
    kind: List[int] = []
    for type_, sides in sorted(library.items()):
        for i in np.unique(np.linspace(0, len(sides) - 1, min(_CONFORMERS, len(sides))).astype(int)):
            atoms.append(sides[i])
            kind.append(type_)
    starts = np.concatenate(([0], np.cumsum([len(a) for a in atoms]))).astype(np.int64)
    return Conformers(np.concatenate(atoms) if atoms else np.zeros((0, 3)), starts, np.array(kind, dtype=np.int64))


def _side_chain_density(fit: MapAndAtoms, ca: np.ndarray) -> Optional[np.ndarray]:
    """The map on the scale of the model less the backbone, 1 at a CA, float32 [z, y, x]; None where map and model do not agree."""
    a, grid, geo, map_ft = fit.atoms, fit.map, fit.geo, fit.study.density_transform()
    model_ft = fit.study.model_transform(fit.params.scattering_table)
    sums = shells.cross_sums(map_ft, model_ft, geo)
    fsc = np.clip(np.nan_to_num(shells.fsc(sums)), 0, 1)
    use = (fsc > _SHELL) & (sums.power2 > 0)
    use[0] = False
    weight = np.where(use, fsc ** 2, 0.0)
    scale = np.divide(sums.cross, sums.power2, out=np.ones(geo.n_shells), where=use)
    at = np.arange(geo.n_shells, dtype=np.float64)
    names = [(atom.name in _BACKBONE) or unit.name not in _TYPES for part in fit.model.structure[0] for unit in part for atom in unit]
    other = np.array(names)[a.keep]
    backbone = atom_density.model_density_ft([e for e, k in zip(a.elements, other) if k], a.xyz[other], a.b_iso[other], a.occupancy[other],
                                             grid.shape, grid.voxel_size, grid.origin, table=fit.params.scattering_table)
    own = fourier.inverse(filters.apply_radial(backbone, geo, weight, at=at, out=backbone), grid.shape)
    unit = float(np.median(model_map.values_at(own, ca, grid.voxel_size, 0.0)))
    if not unit > 0:
        return None
    data = fourier.inverse(filters.apply_radial(map_ft, geo, weight / scale, at=at), grid.shape)
    data -= own
    data *= np.float32(1 / unit)
    return data


def _moved_along(chain: _Chain, scores: np.ndarray) -> np.ndarray:
    """Score of each residue with the sequence moved by -4 to 4, float64 [9, n]; NaN where no residue of that number is built."""
    by_number = {int(n): int(t) for n, t in zip(chain.numbers, chain.types)}
    out = np.full((2 * _FARTHEST + 1, len(chain.types)), np.nan)
    for i, k in enumerate(range(-_FARTHEST, _FARTHEST + 1)):
        for p, n in enumerate(chain.numbers):
            kind = by_number.get(int(n) + k)
            if kind is not None:
                out[i, p] = scores[p, kind]
    return out


def _stretches(chain: _Chain, moved: np.ndarray) -> List[Tuple[Any, ...]]:
    """Rows of the table for one chain: name, first and last number, residues, shift, score."""
    gains = moved - moved[_FARTHEST]
    rows: List[Tuple[Any, ...]] = []
    while True:
        found = []
        for i in range(len(gains)):
            index = np.flatnonzero(np.isfinite(gains[i]))
            if i != _FARTHEST and index.size > _LEAST:
                best = side_chains.best_stretch(gains[i][index], _LEAST)
                found.append((best.score, i, index[best.start:best.stop]))
        score, i, where = max(found, key=lambda f: f[0], default=(0.0, 0, np.zeros(0, int)))
        if score < _SHIFTED:
            return rows
        numbers = chain.numbers[where]
        rows.append((chain.name, int(numbers[0]), int(numbers[-1]), int(where.size), i - _FARTHEST, float(score)))
        # Neighbours of a stretch are told by it: what is left is looked at without it.
        gains[:, where[0]:where[-1] + 1] = np.nan
