"""Contacts of the atoms of a model for the ``model_geometry`` capability: clashes, atoms on top of each other."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Set, Tuple

import numpy as np

from ...core import contacts
from ...core.contacts import Atoms, Contacts
from ...io.models import Model
from ...study.residues import GLYCAN, LIGAND, Residues
from .model_geometry_chain import Finding

TOGETHER = 0.5                        # Å, within which two atoms are one place
MOST = 500                            # findings of a kind that are listed
_REACH = 3.8                          # Å, farther apart nothing overlaps
_BRIDGE, _METAL = 2.3, 1.7            # Å, shortest hydrogen bond and shortest bond of a metal that are none of a clash
_PEPTIDE = 1.8                        # Å, from C to N or O3' to P of residues beside each other
_SULPHURS = 2.5                       # Å, between the sulphurs of two cysteines that are bonded
_LINK = 3.0                           # Å, longest bond that the file may name
# Radii (Å) of Word et al. (1999), doi:10.1006/jmbi.1998.2400; a metal reaches as far as its ion.
_RADII = {"H": 1.20, "D": 1.20, "C": 1.70, "N": 1.55, "O": 1.40, "P": 1.80, "S": 1.80}
_ION = 1.0
_POLAR = frozenset(("N", "O", "F"))


class Crowding(NamedTuple):
    """What the contacts show.

    By residue, [n_residues]: the number of ``clashes`` (int64), the largest ``overlap`` (Å, float64, NaN for none), and whether atoms lie
    ``on_top`` of others (bool). ``values`` are fields of the result, ``findings`` the worst of each kind.
    """

    clashes: np.ndarray
    overlap: np.ndarray
    on_top: np.ndarray
    values: Dict[str, Any]
    findings: List[Finding]


def look_at(model: Model, residues: Residues, least: float) -> Crowding:
    """Which atoms of a model clash, or lie on each other.

    Parameters
    ----------
    model, residues
        The model and its residues.
    least
        Overlap in Å from which atoms clash.

    Returns
    -------
    Crowding
        Without atoms of occupancy 0, unless all are.
    """
    use = model.occupancy > 0 if (model.occupancy > 0).any() else np.ones(model.n_atoms, dtype=bool)
    atoms = _atoms(model, residues)
    found = contacts.near(atoms, _REACH)
    # Atoms that are not there hold others together all the same.
    bonds = found.pairs[_bonded(model, residues, atoms, found)]
    found = _shared(model, residues, use, found)
    together = (found.distance < TOGETHER) & ~(atoms.hydrogen[found.pairs].any(axis=1) & (np.ptp(atoms.residue[found.pairs], axis=1) == 0))
    on_top = np.bincount(atoms.residue[found.pairs[together]].ravel(), minlength=len(residues)) > 0
    # Two residues that lie on others are one fault, and not a hundred clashes more.
    clash = contacts.clashes(atoms, found, bonds, least, _BRIDGE, _METAL) & ~on_top[atoms.residue[found.pairs]].all(axis=1)
    count = np.bincount(atoms.residue[found.pairs[clash]].ravel(), minlength=len(residues))
    overlap = np.full(len(residues), np.nan)
    for side in (0, 1):
        np.fmax.at(overlap, atoms.residue[found.pairs[clash, side]], found.overlap[clash])
    values = dict(atoms_counted=int(use.sum()), clashes=int(clash.sum()), clashes_per_1000=1000 * float(clash.sum()) / int(use.sum()),
                  worst_overlap=float(found.overlap[clash].max()) if clash.any() else None, atoms_together=int(together.sum()),
                  clashing_chains=_between(residues, atoms, found, clash | together))
    return Crowding(count, overlap, on_top, values, _findings(residues, atoms, found, clash, together))


def _atoms(model: Model, residues: Residues) -> Atoms:
    """All atoms, with what decides on their contacts."""
    import gemmi
    symbols, element = np.unique(np.array(model.elements), return_inverse=True)
    known = [gemmi.Element(str(s)) for s in symbols]
    radius = np.array([_RADII.get(str(s), _ION if e.is_metal else e.vdw_r) for s, e in zip(symbols, known)], dtype=np.float64)
    covalent = np.array([e.covalent_r for e in known], dtype=np.float64)
    hydrogen, metal = (np.array([getattr(e, name) for e in known], dtype=bool)[element] for name in ("is_hydrogen", "is_metal"))
    polar = np.array([str(s) in _POLAR for s in symbols], dtype=bool)[element]
    letters = {name: i for i, name in enumerate(sorted({a for a in residues.altloc if a}), 1)}
    conformer = np.array([letters.get(a, 0) for a in residues.altloc], dtype=np.int64)
    out = Atoms(model.xyz, residues.residue, conformer, radius[element], covalent[element], polar, hydrogen, metal)
    return out._replace(polar=polar | _on_polar(out)) if hydrogen.any() else out


def _on_polar(atoms: Atoms) -> np.ndarray:
    """Hydrogens that stand on a polar atom, and give hydrogen bonds as it does, bool [n_atoms]."""
    found = contacts.near(atoms, 1.3)
    i, j = found.pairs.T
    out = np.zeros(len(atoms.xyz), dtype=bool)
    out[i[atoms.hydrogen[i] & atoms.polar[j]]] = True
    out[j[atoms.hydrogen[j] & atoms.polar[i]]] = True
    return out


def _shared(model: Model, residues: Residues, use: np.ndarray, found: Contacts) -> Contacts:
    """The pairs of atoms that are there, without those of a conformer and an atom that is there only when the conformer is not."""
    i, j = found.pairs.T
    split = np.array([bool(a) for a in residues.altloc], dtype=bool)
    keep = ~((split[i] | split[j]) & (model.occupancy[i] + model.occupancy[j] <= 1.001) & (residues.residue[i] != residues.residue[j]))
    keep |= split[i] & split[j]                              # two of one conformer are there together, whatever their occupancy
    keep &= use[i] & use[j]
    return Contacts(found.pairs[keep], found.distance[keep], found.overlap[keep])


def _bonded(model: Model, residues: Residues, atoms: Atoms, found: Contacts) -> np.ndarray:
    """Which pairs are bonds: by distance, along the chain or the trace, between cysteines, and those that the file names."""
    (i, j), names = found.pairs.T, np.array(residues.atom)
    kind = residues.kind[atoms.residue]
    out = contacts.bonded(atoms, found, (kind == GLYCAN) | (kind == LIGAND))
    first, second = atoms.residue[i], atoms.residue[j]
    trace, along = residues.find("C") < 0, (residues.next[first] == second) | (residues.next[second] == first)
    # Of two residues at one place of a chain one alone is the next: the other is known by the distance.
    beside = (np.abs(first - second) <= 2) & (residues.chain[first] == residues.chain[second])
    joined = along | beside & (found.distance <= _PEPTIDE)
    for end, start in (("C", "N"), ("O3'", "P")):
        out |= joined & ((names[i] == end) & (names[j] == start) | (names[j] == end) & (names[i] == start))
    out |= along & trace[first] & trace[second] & (names[i] == "CA") & (names[j] == "CA")
    out |= (names[i] == "SG") & (names[j] == "SG") & (found.distance <= _SULPHURS)
    named = _named(model, residues)
    if named:
        keys = [(residues.chains[residues.chain[r]], residues.number[r], residues.name[r], a) for r, a in zip(atoms.residue, names)]
        for k in np.flatnonzero((found.distance <= _LINK) & (first != second)):
            out[k] |= frozenset((keys[i[k]], keys[j[k]])) in named
    return out


def _named(model: Model, residues: Residues) -> Set[Any]:
    """Pairs of atoms (chain, number, residue, name) that the file says are bonded."""
    def key(end: Any) -> Tuple[str, str, str, str]:
        return end.chain_name, str(end.res_id.seqid), end.res_id.name, end.atom_name

    return {frozenset((key(c.partner1), key(c.partner2))) for c in model.structure.connections}


def _between(residues: Residues, atoms: Atoms, found: Contacts, clash: np.ndarray) -> Any:
    """The two chains between which most of the clashes are, in words; None unless these are more than half of at least 20."""
    chain = np.sort(residues.chain[atoms.residue[found.pairs[clash]]], axis=1)
    if len(chain) < 20:
        return None
    pairs, count = np.unique(chain, axis=0, return_counts=True)
    one, two = pairs[np.argmax(count)]
    return f"{residues.chains[one]} and {residues.chains[two]}" if one != two and 2 * count.max() > len(chain) else None


def _findings(residues: Residues, atoms: Atoms, found: Contacts, clash: np.ndarray, together: np.ndarray) -> List[Finding]:
    """The worst of each kind, with the second atom in the words."""
    out: List[Finding] = []
    for kind, which in (("on top", together), ("clash", clash)):
        worst = np.flatnonzero(which)
        for k in worst[np.argsort(-found.overlap[worst], kind="stable")[:MOST]]:
            i, j = found.pairs[k]
            other = f"{residues.label(int(atoms.residue[j]))} {residues.atom[j]}"
            words = f"{residues.atom[i]} on top of {other}" if kind == "on top" else (
                f"{residues.atom[i]} and {other} overlap by {found.overlap[k]:.2f} Å, {found.distance[k]:.2f} Å apart")
            out.append(Finding(kind, int(atoms.residue[i]), words, (atoms.xyz[i] + atoms.xyz[j]) / 2, float(found.overlap[k])))
    return out
