"""What a model consists of: its residues by kind, how they follow each other, and the part that each atom plays."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..io.models import Model, repeats

KINDS = ("protein", "nucleic", "glycan", "ligand", "ion", "water")
ROLES = ("backbone", "side chain", "base", "other")
PROTEIN, NUCLEIC, GLYCAN, LIGAND, ION, WATER = range(len(KINDS))
BACKBONE, SIDE_CHAIN, BASE, OTHER = range(len(ROLES))
_PEPTIDE = frozenset(("N", "CA", "C", "O", "OXT"))
_SUGAR_PHOSPHATE = frozenset(("P", "OP1", "OP2", "OP3", "O1P", "O2P", "O3P", "O5'", "C5'", "C4'", "O4'", "C3'", "O3'", "C2'", "O2'",
                              "C1'"))
# Pairs of atoms of which the first is bonded to the second in the next residue, and the longest distance (Å) of a bond that was built
# badly; traces of one atom a residue have the last two.
_BONDS = ((("C", "N"), 2.5), (("O3'", "P"), 2.5), (("CA", "CA"), 4.5), (("P", "P"), 8.0))


@dataclass(frozen=True)
class Residues:
    """The residues of a model in the order of its file, waters too; alternative conformers belong to one residue.

    ``chains`` are names; ``chain`` int64 [n_residues] counts in them; ``number`` (with its insertion code, ``12A``) and ``name`` are texts;
    ``kind`` int8 [n_residues] counts in ``KINDS``. ``residue`` int64 [n_atoms] is the residue of each atom, ``role`` int8 [n_atoms]
    counts in ``ROLES`` (hydrogens have the role of what they stand on), ``atom`` are its names, ``altloc`` its conformer, empty for one
    alone. ``heavy`` bool [n_atoms] is False for hydrogens, ``first`` bool [n_atoms] True for atoms of the conformer with the largest
    occupancy. ``next`` int64 [n_residues] is the residue that is bonded to the end of each, -1 for none, ``before`` the same backwards.
    """

    chains: Tuple[str, ...]
    chain: np.ndarray
    number: Tuple[str, ...]
    name: Tuple[str, ...]
    kind: np.ndarray
    residue: np.ndarray
    role: np.ndarray
    atom: Tuple[str, ...]
    altloc: Tuple[str, ...]
    heavy: np.ndarray
    first: np.ndarray
    next: np.ndarray
    before: np.ndarray

    def __len__(self) -> int:
        return len(self.name)

    @cached_property
    def _places(self) -> Dict[Tuple[int, str], int]:
        return {(int(self.residue[i]), self.atom[i]): int(i) for i in np.flatnonzero(self.first)[::-1]}

    @cached_property
    def _found(self) -> Dict[str, np.ndarray]:
        return {}

    def find(self, atom: str) -> np.ndarray:
        """Where an atom of each residue stands among all atoms.

        Parameters
        ----------
        atom
            Its name, such as ``CA``.

        Returns
        -------
        ndarray
            int64 [n_residues], of the first conformer; -1 where there is none. Shared, not to be changed in place.
        """
        if atom not in self._found:
            self._found[atom] = np.array([self._places.get((i, atom), -1) for i in range(len(self))], dtype=np.int64)
            self._found[atom].setflags(write=False)
        return self._found[atom]

    def label(self, i: int) -> str:
        """A residue in words, such as ``Leu A 12``; a nucleotide, ligand or water keeps its name.

        Parameters
        ----------
        i
            Its number here.
        """
        name = self.name[i].capitalize() if self.kind[i] == PROTEIN else self.name[i]
        return f"{name} {self.chains[self.chain[i]]} {self.number[i]}"

    @cached_property
    def stretches(self) -> Tuple[np.ndarray, ...]:
        """Residues that follow each other by bonds.

        Returns
        -------
        tuple of ndarray
            int64 [n] for each stretch, in the order of the file; a residue alone is one too.
        """
        out: List[np.ndarray] = []
        for start in np.flatnonzero((self.before < 0) & (self.kind <= NUCLEIC)):
            run = [int(start)]
            while self.next[run[-1]] >= 0:
                run.append(int(self.next[run[-1]]))
            out.append(np.array(run, dtype=np.int64))
        return tuple(out)

    @cached_property
    def trace(self) -> bool:
        """Most residues of the chains have one atom only, a CA or a P; False without chains."""
        polymer = self.kind <= NUCLEIC
        atoms = np.bincount(self.residue[self.heavy & self.first], minlength=len(self))[polymer]
        return bool(atoms.size) and float((atoms == 1).mean()) > 0.5

    def mean(self, values: np.ndarray, use: np.ndarray) -> np.ndarray:
        """Mean over atoms of each residue.

        Parameters
        ----------
        values
            Of each atom, float [n_atoms]; those that are not finite do not count.
        use
            Which atoms count, bool [n_atoms].

        Returns
        -------
        ndarray
            float64 [n_residues]; NaN where none counts.
        """
        use = use & np.isfinite(values)
        n = np.bincount(self.residue[use], minlength=len(self))
        total = np.bincount(self.residue[use], np.asarray(values, dtype=np.float64)[use], minlength=len(self))
        return np.divide(total, n, out=np.full(len(self), np.nan), where=n > 0)


def of_all(which: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values of some atoms or residues among all.

    Parameters
    ----------
    which
        Whose values they are, bool [n].
    values
        float [number of them].

    Returns
    -------
    ndarray
        float64 [n]; NaN for the others.
    """
    out = np.full(which.size, np.nan)
    out[which] = values
    return out


def residues_of(model: Model) -> Residues:
    """The residues of a model.

    Parameters
    ----------
    model
        The model.

    Returns
    -------
    Residues
        The parts of a chain that has several are one chain; two residue names at one number are two residues, and so are copies that
        kept the name of their chain.
    """
    chains: Dict[str, int] = {}
    latest: Dict[Tuple[int, str, str], int] = {}
    known: List[Tuple[int, str, str]] = []
    units: List[List[Any]] = []
    residue: List[int] = []
    for part in model.structure[0]:
        c = chains.setdefault(part.name, len(chains))
        for unit in part:
            key = (c, str(unit.seqid), unit.name)
            r = latest.get(key, -1)
            if r < 0 or repeats(units[r], unit):
                r = latest[key] = len(known)
                known.append(key)
                units.append([])
            units[r].extend(unit)
            residue.extend([r] * len(unit))
    kinds = np.array([_kind(name, {a.name: a for a in units[r]}) for r, (_, _, name) in enumerate(known)], dtype=np.int8)
    atoms = [a for part in model.structure[0] for unit in part for a in unit]
    of_atom = np.array(residue, dtype=np.int64)
    names = tuple(a.name for a in atoms)
    heavy = np.array([not a.element.is_hydrogen for a in atoms], dtype=bool)
    role = np.array([_role(n, h, k) for n, h, k in zip(names, heavy, kinds[of_atom])], dtype=np.int8)
    altloc = tuple("" if a.altloc == "\0" else a.altloc for a in atoms)
    chosen = [_conformer(unit) for unit in units]
    first = np.array([not alt or alt == chosen[r] for alt, r in zip(altloc, residue)], dtype=bool)
    after = _next(model.xyz, of_atom, names, first, np.array([c for c, _, _ in known], dtype=np.int64), kinds)
    before = np.full(len(known), -1, dtype=np.int64)
    before[after[after >= 0]] = np.flatnonzero(after >= 0)
    return Residues(tuple(chains), np.array([c for c, _, _ in known], dtype=np.int64), tuple(n for _, n, _ in known),
                    tuple(n for _, _, n in known), kinds, of_atom, role, names, altloc, heavy, first, after, before)


def _kind(name: str, atoms: Dict[str, Any]) -> int:
    """The kind of a residue by gemmi's table of names, and for a name that it does not know by the atoms."""
    import gemmi
    info = gemmi.find_tabulated_residue(name)
    if info.is_water():
        return WATER
    if len(atoms) > 1 or info.found():
        if info.is_amino_acid() or {"N", "CA", "C"} <= set(atoms):
            return PROTEIN
        if info.is_nucleic_acid() or {"P", "O5'", "C1'", "O3'"} <= set(atoms):
            return NUCLEIC
    if info.kind in (gemmi.ResidueKind.PYR, gemmi.ResidueKind.KET):
        return GLYCAN
    return ION if len(atoms) == 1 and next(iter(atoms.values())).element.name not in "CNOHPS" else LIGAND


def _role(name: str, heavy: bool, kind: int) -> int:
    if kind == PROTEIN:
        backbone = name in _PEPTIDE or not heavy and name in ("H", "H1", "H2", "H3", "HA", "HA2", "HA3", "HN", "D")
        return BACKBONE if backbone else SIDE_CHAIN
    if kind == NUCLEIC:
        sugar = name.replace("*", "'") in _SUGAR_PHOSPHATE or not heavy and name.endswith(("'", "''", "*"))
        return BACKBONE if sugar else BASE
    return OTHER


def _conformer(atoms: Sequence[Any]) -> Optional[str]:
    """The alternative conformer with the largest occupancy, of two alike the first by name; None without any."""
    sums: Dict[str, List[float]] = {}
    for a in atoms:
        if a.altloc != "\0":
            sums.setdefault(a.altloc, []).append(a.occ)
    return min(sums, key=lambda k: (-sum(sums[k]) / len(sums[k]), k)) if sums else None


def _next(xyz: np.ndarray, residue: np.ndarray, names: Sequence[str], first: np.ndarray, chain: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """The residue that is bonded to the end of each, int64 [n_residues]; -1 for none."""
    out = np.full(len(chain), -1, dtype=np.int64)
    wanted = {n for pair, _ in _BONDS for n in pair}
    at: List[Dict[str, int]] = [{} for _ in chain]
    for i in np.flatnonzero(first):
        if names[i] in wanted:
            at[residue[i]].setdefault(names[i], i)
    polymer = np.flatnonzero(kind <= NUCLEIC)
    for i, j in zip(polymer[:-1], polymer[1:]):
        if chain[i] != chain[j] or kind[i] != kind[j]:
            continue
        for (end, start), longest in _BONDS:
            if end in at[i] and start in at[j]:
                if np.linalg.norm(xyz[at[i][end]] - xyz[at[j][start]]) <= longest:
                    out[i] = j
                break
    return out
