"""Ideal side chains of the 20 amino acids, built from bond lengths, angles and textbook torsions onto the backbone of a residue."""
from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

TYPES = ("GLY", "ALA", "SER", "CYS", "VAL", "THR", "ILE", "PRO", "MET", "ASP", "ASN", "LEU", "LYS", "GLU", "GLN", "ARG", "HIS", "PHE",
         "TYR", "TRP")
LETTERS = "GASCVTIPMDNLKEQRHFYW"
CHARGE = {"C": 2.51, "N": 2.21, "O": 1.98, "S": 5.16}         # electron scattering at zero angle, Å
N, CA, C, CB = (-0.536, 1.357, 0.0), (0.0, 0.0, 0.0), (1.524, 0.0, 0.0), (-0.529, -0.780, -1.206)
TURNS = (-12.0, 0.0, 12.0)            # degrees of chi1 that each conformer is tried at
# Per type the atoms in the order in which they are built: name, the three atoms that it hangs on (its torsion, angle and bond are those of
# first-second-third-name), length in Å, angle in degrees, and its torsion: the number of the chi and what is added, or 0 and the torsion.
# Lengths and angles are medians over the models of PDB 3O21, 7PBL, 5NI1 and 7A4M, to 0.01 Å and 0.1 degree.
_ATOMS = {
    "SER": "OG N CA CB 1.42 110.9 1 0",
    "CYS": "SG N CA CB 1.80 112.9 1 0",
    "VAL": "CG1 N CA CB 1.52 110.6 1 0; CG2 N CA CB 1.52 110.6 1 123",
    "THR": "OG1 N CA CB 1.43 109.6 1 0; CG2 N CA CB 1.52 110.7 1 -121",
    "ILE": "CG1 N CA CB 1.53 110.3 1 0; CG2 N CA CB 1.52 110.7 1 -123; CD1 CA CB CG1 1.51 113.9 2 0",
    "PRO": "CG N CA CB 1.48 104.4 1 0; CD CA CB CG 1.50 105.0 2 0",
    "MET": "CG N CA CB 1.52 114.1 1 0; SD CA CB CG 1.80 112.7 2 0; CE CB CG SD 1.79 100.9 3 0",
    "ASP": "CG N CA CB 1.51 112.6 1 0; OD1 CA CB CG 1.25 118.5 2 0; OD2 CA CB CG 1.25 118.5 2 180",
    "ASN": "CG N CA CB 1.51 112.6 1 0; OD1 CA CB CG 1.23 120.9 2 0; ND2 CA CB CG 1.33 116.5 2 180",
    "LEU": "CG N CA CB 1.53 116.1 1 0; CD1 CA CB CG 1.52 110.5 2 0; CD2 CA CB CG 1.52 110.5 2 123",
    "LYS": "CG N CA CB 1.52 114.1 1 0; CD CA CB CG 1.52 111.6 2 0; CE CB CG CD 1.52 111.7 3 0; NZ CG CD CE 1.49 112.0 4 0",
    "GLU": "CG N CA CB 1.52 114.1 1 0; CD CA CB CG 1.51 112.6 2 0; OE1 CB CG CD 1.25 118.5 3 0; OE2 CB CG CD 1.25 118.5 3 180",
    "GLN": "CG N CA CB 1.52 114.1 1 0; CD CA CB CG 1.51 112.6 2 0; OE1 CB CG CD 1.23 120.9 3 0; NE2 CB CG CD 1.33 116.5 3 180",
    "ARG": "CG N CA CB 1.52 114.1 1 0; CD CA CB CG 1.52 111.6 2 0; NE CB CG CD 1.46 111.9 3 0; CZ CG CD NE 1.33 124.6 4 0; "
           "NH1 CD NE CZ 1.33 121.5 0 0; NH2 CD NE CZ 1.33 119.2 0 180",
    "HIS": "CG N CA CB 1.50 113.8 1 0; ND1 CA CB CG 1.38 122.7 2 0; CD2 CA CB CG 1.35 131.2 2 180; CE1 CB CG ND1 1.32 109.4 0 180; "
           "NE2 CB CG CD2 1.37 107.2 0 180",
    "PHE": "CG N CA CB 1.50 113.8 1 0; CD1 CA CB CG 1.38 120.7 2 0; CD2 CA CB CG 1.38 120.7 2 180; CE1 CB CG CD1 1.38 120.7 0 180; "
           "CE2 CB CG CD2 1.38 120.7 0 180; CZ CG CD1 CE1 1.38 120.0 0 0",
    "TYR": "CG N CA CB 1.50 113.8 1 0; CD1 CA CB CG 1.38 120.7 2 0; CD2 CA CB CG 1.38 120.7 2 180; CE1 CB CG CD1 1.38 120.7 0 180; "
           "CE2 CB CG CD2 1.38 120.7 0 180; CZ CG CD1 CE1 1.38 120.0 0 0; OH CD1 CE1 CZ 1.37 119.8 0 180",
    "TRP": "CG N CA CB 1.49 114.6 1 0; CD1 CA CB CG 1.37 127.1 2 0; CD2 CA CB CG 1.43 126.5 2 180; NE1 CB CG CD1 1.38 110.2 0 180; "
           "CE2 CB CG CD2 1.41 107.3 0 180; CE3 CB CG CD2 1.40 133.9 0 0; CZ2 CG CD2 CE2 1.39 122.4 0 180; "
           "CZ3 CG CD2 CE3 1.39 118.6 0 180; CH2 CD2 CE2 CZ2 1.37 117.4 0 0"}
# Torsions chi1, chi2, ... of the conformers in degrees.
_CHI: Dict[str, Sequence[Tuple[float, ...]]] = {
    "GLY": [()], "ALA": [()], "SER": [(62,), (180,), (-65,)], "CYS": [(62,), (180,), (-65,)], "VAL": [(63,), (175,), (-60,)],
    "THR": [(62,), (180,), (-62,)],
    "ILE": [(62, 100), (62, 170), (-177, 66), (-177, 165), (-65, 170), (-57, -60), (-65, 100)],
    "PRO": [(30, -38), (-27, 38)],
    "ASP": [(62, -10), (62, 30), (-177, 0), (-177, 65), (-70, -15)],
    "ASN": [(62, -10), (62, 30), (-174, -20), (-177, 30), (-65, -20), (-65, -75), (-65, 120)],
    "LEU": [(62, 80), (-177, 65), (-172, 145), (-65, 175), (-85, 65)],
    "HIS": [(62, -75), (62, 80), (-177, -165), (-177, -80), (-177, 60), (-65, -70), (-65, 165), (-65, 80)],
    "PHE": [(62, 90), (-177, 80), (-65, -85), (-65, -30)], "TYR": [(62, 90), (-177, 80), (-65, -85), (-65, -30)],
    "TRP": [(62, -90), (62, 90), (-177, -105), (-177, 90), (-65, -90), (-65, 0), (-65, 95)]}
# Long chains: how many torsions stand at -65, 180 or 65 degrees, never -65 beside 65, and where the last one stands.
_LONG = {"MET": (2, (180, 70, -70)), "LYS": (4, ()), "GLU": (2, (0, 60, -60)), "GLN": (2, (0, 60, -60)), "ARG": (3, (85, -85, 180))}


class Conformers(NamedTuple):
    """Side chains in the frame of their residue (:func:`frames`), CB first, without backbone.

    ``atoms`` float64 [n_atoms, 3] in Å from CA, ``charge`` float64 [n_atoms] is what each scatters, ``starts`` int64 [n + 1] where each
    conformer begins in them, ``kind`` int64 [n] its type in ``TYPES``, in order; ``names`` are those of the atoms.
    """

    atoms: np.ndarray
    charge: np.ndarray
    starts: np.ndarray
    kind: np.ndarray
    names: Tuple[str, ...]

    def of(self, i: int) -> Dict[str, np.ndarray]:
        """The atoms of one conformer.

        Parameters
        ----------
        i
            Its number.

        Returns
        -------
        dict
            Positions float64 [3] by name.
        """
        span = range(int(self.starts[i]), int(self.starts[i + 1]))
        return {self.names[a]: self.atoms[a] for a in span}


def torsions(kind: str) -> List[Tuple[float, ...]]:
    """The conformers of a type.

    Parameters
    ----------
    kind
        One of ``TYPES``.

    Returns
    -------
    list of tuple
        chi1, chi2, ... in degrees, 218 in all types together.
    """
    if kind not in _LONG:
        return [tuple(float(v) for v in chi) for chi in _CHI[kind]]
    n, last = _LONG[kind]
    out = [chi for chi in product((-65.0, 180.0, 65.0), repeat=n) if all(a + b != 0 for a, b in zip(chi, chi[1:]))]
    return [chi + (float(end),) for chi in out for end in last] if last else out


@lru_cache(maxsize=None)
def conformers() -> Conformers:
    """All conformers, each at chi1 as it is and turned by 12 degrees either way.

    Returns
    -------
    Conformers
        654, in the order of ``TYPES``.
    """
    atoms: List[np.ndarray] = []
    names: List[str] = []
    starts, kinds = [0], []
    for k, kind in enumerate(TYPES):
        for chi in torsions(kind):
            for turn in TURNS:
                built = build(kind, (chi[0] + turn, *chi[1:]) if chi else chi)
                atoms += built.values()
                names += built
                starts.append(len(atoms))
                kinds.append(k)
    charge = np.array([CHARGE[name[0]] for name in names])
    return Conformers(np.array(atoms), charge, np.array(starts, dtype=np.int64), np.array(kinds, dtype=np.int64), tuple(names))


def build(kind: str, chi: Sequence[float]) -> Dict[str, np.ndarray]:
    """A side chain of given torsions.

    Parameters
    ----------
    kind
        One of ``TYPES``.
    chi
        chi1, chi2, ... in degrees.

    Returns
    -------
    dict
        Positions float64 [3] in Å in the frame of the residue by name of the atom, CB first; empty for glycine.
    """
    if kind == "GLY":
        return {}
    at = {name: np.array(p, dtype=np.float64) for name, p in (("N", N), ("CA", CA), ("C", C), ("CB", CB))}
    for line in filter(None, _ATOMS.get(kind, "").split("; ")):
        name, a, b, c, length, angle, which, added = line.split()
        torsion = float(added) + (chi[int(which) - 1] if int(which) else 0.0)
        at[name] = _place(at[a], at[b], at[c], float(length), np.radians(float(angle)), np.radians(torsion))
    return {name: p for name, p in at.items() if name not in ("N", "CA", "C")}


def _place(a: np.ndarray, b: np.ndarray, c: np.ndarray, length: float, angle: float, torsion: float) -> np.ndarray:
    """The fourth atom of a chain ``a``-``b``-``c`` by its bond to ``c``, the angle there and the torsion about ``b``-``c``."""
    along = (c - b) / np.linalg.norm(c - b)
    normal = np.cross(b - a, along)
    normal /= np.linalg.norm(normal)
    return c + length * (-np.cos(angle) * along + np.sin(angle) * (np.cos(torsion) * np.cross(normal, along)
                                                                   + np.sin(torsion) * normal))


def frames(n: np.ndarray, ca: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Frames of residues from their backbone.

    Parameters
    ----------
    n, ca, c
        Positions of these atoms, float [n_residues, 3].

    Returns
    -------
    ndarray
        float64 [n_residues, 3, 3], rows of unit length: from CA to C, from CA to N at right angles to it, and across both. A position in
        the frame times it is one in space; NaN where the three atoms lie in a line.
    """
    along, side = c - ca, n - ca
    with np.errstate(invalid="ignore", divide="ignore"):
        along = along / np.linalg.norm(along, axis=1, keepdims=True)
        side = side - (side * along).sum(axis=1, keepdims=True) * along
        side = side / np.linalg.norm(side, axis=1, keepdims=True)
    return np.stack((along, side, np.cross(along, side)), axis=1)
