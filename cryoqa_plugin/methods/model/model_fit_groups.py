"""Scores of chains and residues for the ``model_fit`` capability."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import model_map
from ...results import Curve, Table
from ...study.residues import NUCLEIC, WATER, Residues
from .model_fit_steps import MapAndAtoms

_LOW = 0.5                            # correlation below which a residue counts as low
_WORST = 20                           # rows of the table of the worst residues
_LEVELS = 129                         # of the curves of atom inclusion, as at EMDB
_BACKBONE = frozenset(("N", "CA", "C", "O", "OXT", "P", "O5'", "C5'", "C4'", "C3'", "O3'"))


class Groups(NamedTuple):
    """Chains and residues of a model.

    ``chain`` and ``residue`` tell for each atom to which it belongs, int64 [n_atoms], -1 for the residue of a water; ``chains`` are
    names, ``residues`` are (index of the chain, number, name). ``heavy`` and ``backbone`` are bool [n_atoms], hydrogens excluded.
    """

    chain: np.ndarray
    residue: np.ndarray
    chains: List[str]
    residues: List[Tuple[int, str, str]]
    heavy: np.ndarray
    backbone: np.ndarray


def groups_of(known: Residues) -> Groups:
    """The groups of a model, in the order of its file.

    Parameters
    ----------
    known
        Its residues.

    Returns
    -------
    Groups
        Without waters among the residues.
    """
    counted = known.kind != WATER
    number = np.where(counted, np.cumsum(counted) - 1, -1)
    residue = number[known.residue]
    # A calcium ion is called CA as well.
    backbone = known.heavy & (known.kind <= NUCLEIC)[known.residue] & np.array([a in _BACKBONE for a in known.atom], dtype=bool)
    return Groups(known.chain[known.residue], residue, list(known.chains),
                  [(int(known.chain[i]), known.number[i], known.name[i]) for i in np.flatnonzero(counted)], known.heavy, backbone)


def scores(fit: MapAndAtoms, density: np.ndarray) -> Dict[str, Any]:
    """Tables, curves and values of chains and residues.

    A further score of residues is a column more in :func:`_residue_table`.

    Parameters
    ----------
    fit
        The map and the atoms.
    density
        Density of the model, float32 [z, y, x].

    Returns
    -------
    dict
        By result field.
    """
    model, keep, g = fit.model, fit.atoms.keep, groups_of(fit.study.residues)
    position = model.xyz - np.asarray(fit.map.origin)
    # Atoms beyond the box are below any level.
    at_atoms = model_map.values_at(fit.map.data, position, fit.map.voxel_size, -np.inf)
    counted = g.heavy if g.heavy.any() else ~g.heavy
    included = at_atoms > fit.contour
    cc = {}
    for name, group, count in (("chains", g.chain, len(g.chains)), ("residues", g.residue, len(g.residues))):
        used = keep & (group >= 0)
        cc[name] = model_map.correlation_around(fit.map.data, density, position[used], group[used], count, fit.atom_radius,
                                                fit.map.voxel_size).correlation
    out = _inclusion(at_atoms, included, counted, g.backbone)
    out["hydrogens"] = int(np.count_nonzero(~g.heavy))
    columns = {"CC": cc["residues"], "atom inclusion": _mean(included, g.residue, counted, len(g.residues)),
               "mean B (Å²)": _mean(model.b_iso, g.residue, keep, len(g.residues))}
    out.update(_residue_table(g, columns), chains=_chain_table(fit, g, cc["chains"], included, counted))
    known = np.flatnonzero(np.isfinite(cc["chains"]))
    if known.size:
        worst = int(known[np.argmin(cc["chains"][known])])
        out.update(cc_worst_chain=float(cc["chains"][worst]), worst_chain=g.chains[worst])
    return out


def _mean(values: np.ndarray, group: np.ndarray, use: np.ndarray, count: int) -> np.ndarray:
    """Mean of ``values`` over the atoms ``use`` of each group, float64 [count]; NaN where there are none."""
    use = use & (group >= 0)
    n = np.bincount(group[use], minlength=count)
    total = np.bincount(group[use], np.asarray(values, dtype=np.float64)[use], minlength=count)
    return np.divide(total, n, out=np.full(count, np.nan), where=n > 0)


def _inclusion(at_atoms: np.ndarray, included: np.ndarray, counted: np.ndarray, backbone: np.ndarray) -> Dict[str, Any]:
    """Part of the atoms above the contour level, and above each level between the lowest and the highest value at an atom."""
    out: Dict[str, Any] = {}
    finite = at_atoms[counted & np.isfinite(at_atoms)]
    levels = np.linspace(finite.min(), finite.max(), _LEVELS) if finite.size else np.zeros(0)
    for name, use in (("all", counted), ("backbone", backbone)):
        if use.any():
            rank = np.sort(at_atoms[use])
            above = 1 - np.searchsorted(rank, levels, side="right") / rank.size
            out.update({"inclusion_" + name: float(included[use].mean()), "curve_inclusion_" + name: Curve(levels, above)})
    return out


def _residue_table(g: Groups, columns: Dict[str, np.ndarray]) -> Dict[str, Any]:
    """The table of all residues, that of the worst, and what all come to; ``columns`` are scores, float64 [n_residues] each."""
    names = ("chain", "number", "residue") + tuple(columns)
    rows = [(g.chains[c], number, name) + tuple(_plain(v[i]) for v in columns.values()) for i, (c, number, name) in enumerate(g.residues)]
    cc = columns["CC"]
    order = np.argsort(cc, kind="stable")[:np.count_nonzero(np.isfinite(cc))]
    out: Dict[str, Any] = dict(residue_scores=Table(names, tuple(rows)), residues=int(order.size),
                               worst_residues=Table(names, tuple(rows[i] for i in order[:_WORST])))
    if order.size:
        out.update(cc_residues=float(np.median(cc[order])), residues_low=100.0 * float(np.mean(cc[order] < _LOW)))
    return out


def _chain_table(fit: MapAndAtoms, g: Groups, cc: np.ndarray, included: np.ndarray, counted: np.ndarray) -> Table:
    model, n = fit.model, len(g.chains)
    units = np.bincount([c for c, _, _ in g.residues], minlength=n)
    atoms = np.bincount(g.chain, minlength=n)
    everywhere = np.ones(len(g.chain), dtype=bool)
    columns: Sequence[np.ndarray] = (cc, _mean(included, g.chain, counted, n), _mean(included, g.chain, g.backbone, n),
                                     _mean(model.b_iso, g.chain, everywhere, n), _mean(model.occupancy, g.chain, everywhere, n))
    rows = tuple((name, int(units[i]), int(atoms[i])) + tuple(_plain(v[i]) for v in columns) for i, name in enumerate(g.chains))
    return Table(("chain", "residues", "atoms", "CC", "atom inclusion", "backbone inclusion", "mean B (Å²)", "mean occupancy"), rows)


def _plain(value: float) -> Optional[float]:
    return float(value) if np.isfinite(value) else None
