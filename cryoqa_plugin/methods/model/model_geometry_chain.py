"""The backbone of a model for the ``model_geometry`` capability: chirality, peptide planes, bonds, traces and breaks."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ...core import stereo
from ...io.models import Model
from ...study.residues import NUCLEIC, PROTEIN, Residues

CIS, TWISTED = 30.0, 30.0             # degrees: a torsion within is cis; farther than that from 0 and 180 is twisted
BOND_OFF = 0.1                        # Å, some five standard deviations of the tables
FLAT = 0.7                            # Å³, volume below which a chiral centre is flat; 2.5 is ideal
_CA_CIS, _CA_TRANS = (2.7, 3.2), (3.5, 4.1)        # Å between CA atoms, 2.95 and 3.80 being ideal
_CA_ANGLES = (80.0, 150.0)            # degrees at CA between CA atoms
_MIRRORED, _FEWEST = 0.9, 5           # part of the chiral centres that are wrong, and fewest centres, of a mirrored model

# Chiral centres: the kind of residue, names (none for all), the atom, three neighbours, and the sign of their volume.
_CENTRES: Tuple[Tuple[int, Tuple[str, ...], str, Tuple[str, str, str], int], ...] = (
    (PROTEIN, (), "CA", ("N", "C", "CB"), 1),
    (PROTEIN, ("ILE",), "CB", ("CA", "CG1", "CG2"), 1),
    (PROTEIN, ("THR",), "CB", ("CA", "OG1", "CG2"), 1),
    (NUCLEIC, (), "C1'", ("O4'", "C2'", "N9"), 1),
    (NUCLEIC, ("C", "U", "DC", "DT"), "C1'", ("O4'", "C2'", "N1"), 1),
    (NUCLEIC, (), "C3'", ("C4'", "O3'", "C2'"), -1),
    (NUCLEIC, (), "C4'", ("C5'", "O4'", "C3'"), -1),
    (NUCLEIC, (), "C2'", ("C3'", "O2'", "C1'"), -1))
# Lengths in Å. Proteins: Engh & Huber (1991), doi:10.1107/S0108767391001071; nucleic acids: Parkinson et al. (1996),
# doi:10.1107/S0907444995011115.
_IN_RESIDUE: Dict[int, Tuple[Tuple[str, str, float], ...]] = {
    PROTEIN: (("N", "CA", 1.458), ("CA", "C", 1.525), ("C", "O", 1.231), ("CA", "CB", 1.530)),
    NUCLEIC: (("P", "O5'", 1.593), ("O5'", "C5'", 1.440), ("C5'", "C4'", 1.510), ("C4'", "C3'", 1.525), ("C3'", "O3'", 1.425))}
_TO_NEXT = {PROTEIN: ("C", "N", 1.329), NUCLEIC: ("O3'", "P", 1.607)}
_GAMMA = {"CYS": "SG", "ILE": "CG1", "SER": "OG", "THR": "OG1", "VAL": "CG1"}
_NO_GAMMA = ("ALA", "GLY", "PRO")


class Finding(NamedTuple):
    """Something that is not as chemistry has it: its ``kind``, the residue and the position (Å) where it is, what it is in words, and how
    bad it is among those of its kind."""

    kind: str
    residue: int
    words: str
    xyz: np.ndarray
    size: float


class Backbone(NamedTuple):
    """What the backbone shows.

    By residue, float64 [n_residues], NaN where there is none: ``phi``, ``psi``, ``omega`` (degrees, of the peptide bond before it),
    ``bond_off`` (Å, the largest of its backbone), ``chi1_off`` (degrees from the nearest staggered position). ``values`` are fields of the
    result; ``findings`` what is wrong.
    """

    phi: np.ndarray
    psi: np.ndarray
    omega: np.ndarray
    bond_off: np.ndarray
    chi1_off: np.ndarray
    values: Dict[str, object]
    findings: List[Finding]


class _Places:
    """Positions of named atoms of residues."""

    def __init__(self, model: Model, residues: Residues) -> None:
        self.xyz, self.residues = model.xyz, residues

    def of(self, name: str, which: np.ndarray) -> np.ndarray:
        """Positions of the atoms of a name, float64 [n, 3]; NaN for residues (-1 too) without it."""
        atom = np.where(which >= 0, self.residues.find(name)[which], -1)
        return np.where((atom >= 0)[:, None], self.xyz[atom], np.nan)


def look_at(model: Model, residues: Residues) -> Backbone:
    """What the backbone of a model shows.

    Parameters
    ----------
    model, residues
        The model and its residues.

    Returns
    -------
    Backbone
        Conformers of the largest occupancy alone.
    """
    places, findings, values = _Places(model, residues), [], {}        # type: ignore[var-annotated]
    everyone = np.arange(len(residues))
    before, after = residues.before, residues.next
    omega = _torsion(places, ("CA", before), ("C", before), ("N", everyone), ("CA", everyone))
    phi = _torsion(places, ("C", before), ("N", everyone), ("CA", everyone), ("C", everyone))
    psi = _torsion(places, ("N", everyone), ("CA", everyone), ("C", everyone), ("N", after))
    values.update(_chirality(places, findings))
    values.update(_peptides(places, omega, findings))
    off, found = _bonds(places, findings)
    values.update(found)
    values.update(_trace(places, findings))
    values.update(_breaks(places, findings))
    return Backbone(phi, psi, omega, off, _chi1_off(places), values, findings)


def _torsion(places: _Places, *atoms: Tuple[str, np.ndarray]) -> np.ndarray:
    """A torsion of each residue, float64 [n_residues] in degrees; NaN where an atom is missing."""
    return stereo.torsion(*(places.of(name, which) for name, which in atoms))


def _chirality(places: _Places, findings: List[Finding]) -> Dict[str, object]:
    """Chiral centres that are wrong or flat; of a mirrored model one value in place of all of them."""
    import gemmi
    residues = places.residues
    turned = np.array([gemmi.find_tabulated_residue(n).kind == gemmi.ResidueKind.AAD for n in residues.name], dtype=bool)
    total = wrong = 0
    found: List[Finding] = []
    for kind, names, centre, three, sign in _CENTRES:
        which = np.flatnonzero((residues.kind == kind) & (np.isin(residues.name, names) if names else True) & ~turned)
        middle = places.of(centre, which)
        around = [places.of(name, which) for name in three]
        volume = sign * stereo.chiral_volume(middle, *around)
        bonded = np.all([np.linalg.norm(p - middle, axis=1) < 2.2 for p in around], axis=0)      # N9 of another base is no neighbour
        total, wrong = total + int(bonded.sum()), wrong + int((bonded & (volume < -FLAT)).sum())
        for i in np.flatnonzero(bonded & (volume < FLAT)):
            words = f"{centre} has the wrong hand" if volume[i] < -FLAT else f"{centre} is flat"
            found.append(Finding("chirality" if volume[i] < -FLAT else "flat", int(which[i]), words, middle[i], -float(volume[i])))
    mirrored = total >= _FEWEST and wrong > _MIRRORED * total
    findings += [] if mirrored else found
    if not total:
        return dict(chiral_centres=0)
    return dict(chiral_centres=total, chirality_wrong=wrong, mirrored=bool(mirrored), chirality_flat=sum(f.kind == "flat" for f in found))


def _peptides(places: _Places, omega: np.ndarray, findings: List[Finding]) -> Dict[str, object]:
    """Peptide bonds that are cis, or neither cis nor trans."""
    known = np.flatnonzero(np.isfinite(omega))
    if not known.size:
        return dict(peptides=0)
    proline = np.array([n in ("PRO", "HYP") for n in places.residues.name], dtype=bool)[known]
    size = np.abs(omega[known])
    cis, twisted = size <= CIS, (size > TWISTED) & (size < 180 - TWISTED)
    where = places.of("N", known)
    for i in np.flatnonzero(cis & ~proline | twisted):
        kind, words = ("cis", "cis peptide") if cis[i] else ("twisted", "twisted peptide")
        findings.append(Finding(kind, int(known[i]), f"{words}, omega {omega[known[i]]:.0f}°", where[i], min(size[i], 180 - size[i])))
    n = known.size
    return dict(peptides=n, cis_peptides=int((cis & ~proline).sum()), cis_prolines=int((cis & proline).sum()),
                twisted_peptides=int(twisted.sum()), cis_percent=100 * float((cis & ~proline).sum()) / n,
                twisted_percent=100 * float(twisted.sum()) / n)


def _bonds(places: _Places, findings: List[Finding]) -> Tuple[np.ndarray, Dict[str, object]]:
    """The largest deviation of a backbone bond of each residue, and what all come to."""
    residues = places.residues
    worst = np.full(len(residues), np.nan)
    every: List[np.ndarray] = []
    for kind, bonds in _IN_RESIDUE.items():
        mine = np.flatnonzero(residues.kind == kind)
        end, start, length = _TO_NEXT[kind]
        for one, two, ideal, other in [(*b, mine) for b in bonds] + [(end, start, length, residues.next[mine])]:
            first, second = places.of(one, mine), places.of(two, other)
            off = np.linalg.norm(first - second, axis=1) - ideal
            worst[mine] = np.fmax(worst[mine], np.abs(off))
            every.append(off[np.isfinite(off)])
            for i in np.flatnonzero(np.abs(off) > BOND_OFF):
                findings.append(Finding("bond", int(mine[i]), f"{one}-{two} of {off[i] + ideal:.2f} Å, {ideal:.2f} Å is usual",
                                        (first[i] + second[i]) / 2, abs(float(off[i]))))
    off = np.concatenate(every) if every else np.zeros(0)
    if not off.size:
        return worst, dict(bonds=0)
    return worst, dict(bonds=int(off.size), bond_rms=float(np.sqrt(np.mean(off ** 2))), bonds_far=int((np.abs(off) > BOND_OFF).sum()),
                       bonds_far_percent=100 * float((np.abs(off) > BOND_OFF).mean()))


def _trace(places: _Places, findings: List[Finding]) -> Dict[str, object]:
    """CA atoms that follow each other at a wrong distance or angle."""
    residues = places.residues
    at = np.flatnonzero((residues.kind == PROTEIN) & (residues.next >= 0))
    one, two, three = (places.of("CA", w) for w in (at, residues.next[at], residues.next[residues.next[at]]))
    step, bend = np.linalg.norm(one - two, axis=1), stereo.angle(one, two, three)
    known = np.isfinite(step)
    if not known.any():
        return dict(ca_steps=0)
    odd = known & ~np.any([(step >= low) & (step <= high) for low, high in (_CA_CIS, _CA_TRANS)], axis=0)
    sharp = np.isfinite(bend) & ((bend < _CA_ANGLES[0]) | (bend > _CA_ANGLES[1]))
    for i in np.flatnonzero(odd):
        findings.append(Finding("CA distance", int(at[i]), f"CA-CA of {step[i]:.2f} Å, 3.8 Å is usual", two[i], abs(float(step[i]) - 3.8)))
    for i in np.flatnonzero(sharp):
        findings.append(Finding("CA angle", int(residues.next[at[i]]), f"angle of {bend[i]:.0f}° between CA atoms, 80 to 150° is usual",
                                two[i], abs(float(bend[i]) - 115)))
    only = not np.isfinite(places.of("C", at)).any()
    return dict(ca_steps=int(known.sum()), ca_only=bool(only), ca_outliers=int(odd.sum() + sharp.sum()),
                ca_percent=100 * float(odd.sum() + sharp.sum()) / int(known.sum() + np.isfinite(bend).sum()))


def _breaks(places: _Places, findings: List[Finding]) -> Dict[str, object]:
    """Residues whose numbers follow each other, but which are not bonded; and numbers that are left out."""
    residues = places.residues
    polymer = np.flatnonzero(residues.kind <= NUCLEIC)
    breaks = gaps = 0
    for i, j in zip(polymer[:-1], polymer[1:]):
        if residues.chain[i] != residues.chain[j] or residues.kind[i] != residues.kind[j] or residues.next[i] == j:
            continue
        steps = _steps(residues.number[i], residues.number[j])
        gaps += steps > 1
        if steps == 1:
            end, start = _ends(places, int(i), int(j))
            length = float(np.linalg.norm(end - start))
            far = f", {length:.1f} Å apart" if np.isfinite(length) else ""
            where = end if np.isfinite(end).all() else start
            if np.isfinite(where).all():
                breaks += 1
                findings.append(Finding("break", int(i), f"not bonded to {residues.label(int(j))}{far}", where, length if far else 0.0))
    return dict(chain_breaks=breaks, chain_gaps=int(gaps))


def _ends(places: _Places, i: int, j: int) -> Sequence[np.ndarray]:
    """Positions between which the bond from residue ``i`` to ``j`` would be; of traces those of CA or P."""
    kind = places.residues.kind[i]
    pairs = (_TO_NEXT[kind][:2], ("CA", "CA") if kind == PROTEIN else ("P", "P"))
    for pair in pairs:
        ends = [places.of(name, np.array([k]))[0] for name, k in zip(pair, (i, j))]
        if np.isfinite(ends).all():
            return ends
    return ends


def _steps(first: str, second: str) -> int:
    """How far the number of a residue is from the one before; 0 where they go back or have insertion codes."""
    try:
        return int(second) - int(first)
    except ValueError:
        return 0


def _chi1_off(places: _Places) -> np.ndarray:
    """Degrees between the first torsion of side chains and the nearest staggered position, float64 [n_residues], from 0 to 60."""
    residues = places.residues
    which = np.array([_GAMMA.get(n, "" if n in _NO_GAMMA else "CG") for n in residues.name])
    out = np.full(len(residues), np.nan)
    for name in ("CG", *sorted(set(_GAMMA.values()))):
        mine = np.flatnonzero((residues.kind == PROTEIN) & (which == name))
        chi = stereo.torsion(*(places.of(a, mine) for a in ("N", "CA", "CB", name)))
        out[mine] = np.abs((chi + 120) % 120 - 60)
    return out
