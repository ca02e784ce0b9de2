"""The model of the demonstration: a made-up protein of four identical chains about a fourfold axis.

Each chain is a hairpin of two strands and two helices, built atom by atom from bond lengths, angles and torsions. Bond
lengths and angles are those of Engh & Huber (1991), doi:10.1107/S0108767391001071, rounded; the torsions were searched for
once, so that the chain folds into a compact body without clashes. Nothing in it is copied from a known structure.
"""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

_N_CA, _CA_C, _C_N, _C_O = 1.458, 1.525, 1.329, 1.231                      # Å
_N_CA_C, _CA_C_N, _C_N_CA, _CA_C_O = 111.0, 116.6, 121.7, 120.1            # degrees

_NAMES = {"A": "ALA", "D": "ASP", "E": "GLU", "F": "PHE", "G": "GLY", "K": "LYS", "L": "LEU", "N": "ASN", "Q": "GLN",
          "R": "ARG", "S": "SER", "T": "THR", "V": "VAL", "Y": "TYR", "M": "MET"}

# Side chains: an atom, the three atoms that place it, bond (Å), angle (degrees), torsion. A torsion is (i, offset): the i-th
# chi angle plus an offset in degrees, or (0, value) for a fixed one.
_Row = Tuple[str, Tuple[str, str, str], float, float, Tuple[int, float]]


def _ring(tail: Tuple[_Row, ...] = ()) -> Tuple[_Row, ...]:
    return (("CG", ("N", "CA", "CB"), 1.502, 113.8, (1, 0)), ("CD1", ("CA", "CB", "CG"), 1.384, 120.7, (2, 0)),
            ("CD2", ("CA", "CB", "CG"), 1.384, 120.7, (2, 180)), ("CE1", ("CB", "CG", "CD1"), 1.382, 120.7, (0, 180)),
            ("CE2", ("CB", "CG", "CD2"), 1.382, 120.7, (0, 180)), ("CZ", ("CG", "CD1", "CE1"), 1.382, 119.9, (0, 0))) + tail


def _gamma(name: str = "CG", bond: float = 1.520, angle: float = 114.1) -> Tuple[_Row, ...]:
    return ((name, ("N", "CA", "CB"), bond, angle, (1, 0)),)


_BETA: Tuple[_Row, ...] = (("CB", ("N", "C", "CA"), 1.530, 110.1, (0, 122.6)),)
_SIDE_CHAINS: Dict[str, Tuple[_Row, ...]] = {
    "G": (),
    "A": _BETA,
    "S": _BETA + _gamma("OG", 1.417, 110.8),
    "T": _BETA + _gamma("OG1", 1.433, 109.6) + (("CG2", ("N", "CA", "CB"), 1.521, 110.5, (1, -121)),),
    "V": _BETA + _gamma("CG1", 1.521, 110.5) + (("CG2", ("N", "CA", "CB"), 1.521, 110.5, (1, 122.8)),),
    "L": _BETA + _gamma("CG", 1.530, 116.3) + (("CD1", ("CA", "CB", "CG"), 1.521, 110.7, (2, 0)),
                                               ("CD2", ("CA", "CB", "CG"), 1.521, 110.7, (2, 122.7))),
    "M": _BETA + _gamma() + (("SD", ("CA", "CB", "CG"), 1.803, 112.7, (2, 0)), ("CE", ("CB", "CG", "SD"), 1.791, 100.9, (3, 0))),
    "D": _BETA + _gamma("CG", 1.516, 112.6) + (("OD1", ("CA", "CB", "CG"), 1.249, 118.4, (2, 0)),
                                               ("OD2", ("CA", "CB", "CG"), 1.249, 118.4, (2, 180))),
    "N": _BETA + _gamma("CG", 1.516, 112.6) + (("OD1", ("CA", "CB", "CG"), 1.231, 120.8, (2, 0)),
                                               ("ND2", ("CA", "CB", "CG"), 1.328, 116.4, (2, 180))),
    "E": _BETA + _gamma() + (("CD", ("CA", "CB", "CG"), 1.516, 112.6, (2, 0)), ("OE1", ("CB", "CG", "CD"), 1.249, 118.4, (3, 0)),
                             ("OE2", ("CB", "CG", "CD"), 1.249, 118.4, (3, 180))),
    "Q": _BETA + _gamma() + (("CD", ("CA", "CB", "CG"), 1.516, 112.6, (2, 0)), ("OE1", ("CB", "CG", "CD"), 1.231, 120.8, (3, 0)),
                             ("NE2", ("CB", "CG", "CD"), 1.328, 116.4, (3, 180))),
    "K": _BETA + _gamma() + (("CD", ("CA", "CB", "CG"), 1.520, 111.3, (2, 0)), ("CE", ("CB", "CG", "CD"), 1.520, 111.3, (3, 0)),
                             ("NZ", ("CG", "CD", "CE"), 1.489, 111.9, (4, 0))),
    "R": _BETA + _gamma() + (("CD", ("CA", "CB", "CG"), 1.520, 111.3, (2, 0)), ("NE", ("CB", "CG", "CD"), 1.460, 112.0, (3, 0)),
                             ("CZ", ("CG", "CD", "NE"), 1.329, 124.2, (4, 0)), ("NH1", ("CD", "NE", "CZ"), 1.326, 120.0, (0, 0)),
                             ("NH2", ("CD", "NE", "CZ"), 1.326, 120.0, (0, 180))),
    "F": _BETA + _ring(),
    "Y": _BETA + _ring((("OH", ("CD1", "CE1", "CZ"), 1.376, 119.9, (0, 180)),)),
}

# Rotamers that a residue may take: chi angles in degrees.
_ROTAMERS: Dict[str, Tuple[Tuple[float, ...], ...]] = {
    "G": ((),), "A": ((),),
    "S": ((-65,), (62,), (180,)), "T": ((-65,), (62,), (-175,)), "V": ((175,), (-60,), (63,)),
    "L": ((-65, 175), (-177, 65), (-85, 65)), "M": ((-67, 180, 75), (-67, -65, -70), (-177, 65, 75)),
    "D": ((-70, -15), (-177, 0), (62, -10)), "N": ((-71, -20), (-174, -20), (62, -10)),
    "E": ((-67, 180, -10), (-177, 180, 0), (-65, -65, -40)), "Q": ((-67, 180, -25), (-177, 180, 0), (-65, -65, -40)),
    "K": ((-67, 180, 180, 180), (-177, 180, 180, 180), (-62, -68, 180, 180)),
    "R": ((-67, 180, 180, 180), (-177, 180, 180, 180), (-62, -68, 180, 180)),
    "F": ((-65, -85), (-177, 80), (62, 90)), "Y": ((-65, -85), (-177, 80), (62, 90)),
}

# One chain: strand, turn, strand, loop, helix, loop, helix; phi and psi in degrees, omega is 180.
SEQUENCE = "TKVTVRFE" "NG" "KSYTVEVS" "DGSA" "EELLKKAAELAKQLLK" "NGDS" "EAMARFALEVAKKLAS"
_HELIX = (-62, -43)
_PHI = (-112, -112, -111, -117, -112, -119, -109, -132,                          # strand
        62, 78,                                                           # turn
        -107, -101, -119, -109, -117, -109, -116, -112,                          # strand
        -122, -57, 72, -123) + (_HELIX[0],) * 16 + (-73, -91, -80, -99) + (_HELIX[0],) * 16
_PSI = (130, 131, 126, 131, 124, 134, 113, 127,
        31, 9,
        129, 123, 132, 125, 132, 126, 130, 130,
        -44, -44, 24, 137) + (_HELIX[1],) * 16 + (-7, 134, -58, 140) + (_HELIX[1],) * 16
_ROTAMER = "2010202000200000001020000011001101110100000000010110021102"    # index into _ROTAMERS, a digit a residue
_EULER, _SHIFT = (317.0, 75.0, 134.0), 19.0      # of a chain in the tetramer: z-y-z angles (degrees), distance from the axis (Å)


class ChainAtom(NamedTuple):
    """One atom of a chain: residue number from 1, one-letter code of the residue, atom name, position (3,) in Å."""

    number: int
    code: str
    name: str
    position: np.ndarray


def place(a: np.ndarray, b: np.ndarray, c: np.ndarray, bond: float, angle: float, torsion: float) -> np.ndarray:
    """Position, float64 (3,), of an atom from three others.

    ``bond`` is its distance from ``c`` in Å, ``angle`` the angle b-c-atom and ``torsion`` the torsion a-b-c-atom in degrees.
    """
    angle, torsion = np.radians(angle), np.radians(torsion)
    along = (c - b) / np.linalg.norm(c - b)
    normal = np.cross(b - a, along)
    normal /= np.linalg.norm(normal)
    across = np.cross(normal, along)
    return c + bond * (-np.cos(angle) * along + np.sin(angle) * (np.cos(torsion) * across + np.sin(torsion) * normal))


def build_chain() -> List[ChainAtom]:
    """All heavy atoms of one chain, in its own frame, residue by residue."""
    turn = np.radians(180 - _N_CA_C)
    backbone = {"N": np.zeros(3), "CA": np.array([_N_CA, 0, 0])}
    backbone["C"] = backbone["CA"] + _CA_C * np.array([np.cos(turn), np.sin(turn), 0])
    out: List[ChainAtom] = []
    for i, code in enumerate(SEQUENCE):
        if i:
            before = backbone
            nitrogen = place(before["N"], before["CA"], before["C"], _C_N, _CA_C_N, _PSI[i - 1])
            alpha = place(before["CA"], before["C"], nitrogen, _N_CA, _C_N_CA, 180.0)
            backbone = {"N": nitrogen, "CA": alpha, "C": place(before["C"], nitrogen, alpha, _CA_C, _N_CA_C, _PHI[i])}
        atoms = dict(backbone, O=place(backbone["N"], backbone["CA"], backbone["C"], _C_O, _CA_C_O, _PSI[i] + 180))
        _add_side_chain(atoms, code, _ROTAMERS[code][int(_ROTAMER[i])])
        out += [ChainAtom(i + 1, code, name, position) for name, position in atoms.items()]
    last = {a.name: a.position for a in out if a.number == len(SEQUENCE)}
    out.append(ChainAtom(len(SEQUENCE), SEQUENCE[-1], "OXT", place(last["N"], last["CA"], last["C"], 1.25, 117.0, _PSI[-1])))
    return out


def _add_side_chain(atoms: Dict[str, np.ndarray], code: str, chi: Sequence[float]) -> None:
    for name, (a, b, c), bond, angle, (which, offset) in _SIDE_CHAINS[code]:
        torsion = offset + (chi[which - 1] if which else 0.0)
        atoms[name] = place(atoms[a], atoms[b], atoms[c], bond, angle, torsion)


def build_model(centre: float, edge: float) -> Any:
    """The four chains A to D as a gemmi.Structure.

    The fourfold axis is parallel to z and goes through ``(centre, centre, centre)``; ``edge`` is that of the cell; both in Å.
    """
    import gemmi
    chain = build_chain()
    xyz = _stand(np.array([a.position for a in chain]))
    b_iso = _b_factors(xyz, chain)
    structure, model = gemmi.Structure(), gemmi.Model("1")
    structure.name = "cryoqa demonstration"
    structure.cell = gemmi.UnitCell(edge, edge, edge, 90, 90, 90)
    structure.spacegroup_hm = "P 1"
    for turn, name in enumerate("ABCD"):
        model.add_chain(_gemmi_chain(name, chain, _quarter_turns(xyz, turn) + centre, b_iso))
    structure.add_model(model)
    structure.setup_entities()
    return structure


def _stand(xyz: np.ndarray) -> np.ndarray:
    """Turn the chain to its place in the tetramer, whose axis is z through the origin."""
    from scipy.spatial.transform import Rotation
    turned = Rotation.from_euler("zyz", _EULER, degrees=True).apply(xyz - xyz.mean(axis=0))
    placed = turned + (_SHIFT, 0.0, 0.0)
    return placed - (0.0, 0.0, (placed[:, 2].max() + placed[:, 2].min()) / 2)


def _quarter_turns(xyz: np.ndarray, turns: int) -> np.ndarray:
    for _ in range(turns):
        xyz = np.stack([-xyz[:, 1], xyz[:, 0], xyz[:, 2]], axis=1)
    return xyz


def _b_factors(xyz: np.ndarray, chain: Sequence[ChainAtom]) -> np.ndarray:
    """B-factors in Å²: growing outwards from the middle of the tetramer, and along the side chains."""
    reach = np.linalg.norm(xyz, axis=1)
    beyond = np.array([0.0 if a.name in ("N", "CA", "C", "O", "CB") else 8.0 for a in chain])
    return np.round(20 + 25 * (reach / reach.max()) ** 2 + beyond, 2)


def _gemmi_chain(name: str, atoms: Sequence[ChainAtom], xyz: np.ndarray, b_iso: np.ndarray) -> Any:
    import gemmi
    chain = gemmi.Chain(name)
    residue = None
    for atom, position, b in zip(atoms, xyz, b_iso):
        if residue is None or residue.seqid.num != atom.number:
            residue = gemmi.Residue()
            residue.name, residue.seqid = _NAMES[atom.code], gemmi.SeqId(str(atom.number))
            residue = chain.add_residue(residue)
        new = gemmi.Atom()
        new.name, new.element = atom.name, gemmi.Element(atom.name[0])
        new.pos, new.b_iso, new.occ = gemmi.Position(*position), float(b), 1.0
        residue.add_atom(new)
    return chain
