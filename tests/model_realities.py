"""Models as files hold them, made from one sound model: conformers, insertion codes, long names, odd residues, copies, several models.

Every maker takes gemmi's structure (which it may change) and gives the text of a file, its suffix, and what changes: ``renamed``, a
function from (chain, number, residue) of the sound model to that of this file, and ``touched``, the residues whose scores may change, by
(chain, number) in this file; None where nothing is as it was. (gemmi's atoms and residues are places in a list, which moves when it grows:
atoms are copied before any is added.)
"""
from __future__ import annotations

from typing import Any, Callable, Dict, FrozenSet, NamedTuple, Optional, Tuple

import gemmi

Key = Tuple[str, str, str]


class Reality(NamedTuple):
    """A file of a model, see the module; ``words`` must stand among what is said of it."""

    text: str
    suffix: str = ".pdb"
    renamed: Callable[[Key], Key] = lambda key: key
    touched: Optional[FrozenSet[Tuple[str, str]]] = frozenset()
    words: str = ""


def _pdb(structure: Any) -> str:
    return structure.make_pdb_string()


def _cif(structure: Any) -> str:
    structure.setup_entities()
    return structure.make_mmcif_document().as_string()


def _residue(structure: Any, chain: str, number: int) -> Any:
    return next(r for r in structure[0][chain] if r.seqid.num == number)


def as_it_is(structure):
    return Reality(_pdb(structure))


def mmcif(structure):
    return Reality(_cif(structure), ".cif")


def two_letter_chains(structure):
    for chain in structure[0]:
        chain.name = chain.name + "x"
    return Reality(_cif(structure), ".cif", lambda key: (key[0] + "x", *key[1:]))


def insertion_codes(structure):
    """Residues 11 to 13 of the first chain are 10A to 10C; the gap in the numbers is none in the chain."""
    name = structure[0][0].name
    codes = {str(11 + i): f"10{c}" for i, c in enumerate("ABC")}
    for residue in structure[0][0]:
        code = codes.get(str(residue.seqid.num))
        if code:
            residue.seqid = gemmi.SeqId(10, code[-1])
    return Reality(_pdb(structure), renamed=lambda key: (key[0], codes.get(key[1], key[1]), key[2]) if key[0] == name else key)


def conformers_alike(structure):
    """All atoms of two residues twice, with half of the occupancy each."""
    for number in (5, 9):
        _doubled(structure[0][0][number], lambda name: True, 0.5, 0.0)
    return Reality(_pdb(structure))


def conformers_apart(structure):
    """The side chain of a residue in two places."""
    _doubled(structure[0][0][7], lambda name: name not in ("N", "CA", "C", "O"), 0.7, 0.8)
    return Reality(_pdb(structure), touched=None)


def _doubled(residue, wanted, occupancy, away):
    """Gives the wanted atoms of a residue a second conformer, ``away`` Å from the first."""
    second = []
    for atom in residue:
        if wanted(atom.name):
            atom.altloc, atom.occ = "A", occupancy
            copy = atom.clone()
            copy.altloc, copy.occ, copy.pos = "B", 1 - occupancy, gemmi.Position(copy.pos.x + away, copy.pos.y, copy.pos.z)
            second.append(copy)
    for copy in second:
        residue.add_atom(copy)


def two_residues_at_one_number(structure):
    """A residue that is serine in half of the molecules and alanine in the other half."""
    chain, out = structure[0][0], gemmi.Chain(structure[0][0].name)
    for i, residue in enumerate(chain):
        out.add_residue(residue.clone())
        if i == 6:
            keep = ("N", "CA", "C", "O", "CB")
            pair = [gemmi.Residue(), gemmi.Residue()]
            for half, name, altloc in zip(pair, ("ALA", "SER"), "AB"):
                half.name, half.seqid = name, residue.seqid
                for atom in residue:
                    if atom.name in keep:
                        copy = atom.clone()
                        copy.altloc, copy.occ = altloc, 0.5
                        half.add_atom(copy)
            del out[-1]
            for half in pair:
                out.add_residue(half)
    structure[0].remove_chain(chain.name)
    structure[0].add_chain(out, pos=0)
    return Reality(_pdb(structure), touched=None)


def hydrogens_of_no_occupancy(structure):
    """A hydrogen 1 Å from every CA, that weighs nothing."""
    _add_hydrogens(structure, 0.0)
    return Reality(_pdb(structure))


def hydrogens(structure):
    _add_hydrogens(structure, 1.0)
    return Reality(_pdb(structure), touched=None)


def _add_hydrogens(structure, occupancy):
    for chain in structure[0]:
        for residue in chain:
            copies = [atom.clone() for atom in residue if atom.name == "CA"]
            for copy in copies:
                copy.name, copy.element, copy.occ = "HA", gemmi.Element("H"), occupancy
                copy.pos = gemmi.Position(copy.pos.x + 0.6, copy.pos.y + 0.6, copy.pos.z + 0.5)
                residue.add_atom(copy)


def no_occupancy(structure):
    """A residue that is in the file and not in the map."""
    for atom in structure[0][0][7]:
        atom.occ = 0.0
    return Reality(_pdb(structure), touched=None)


def partial_occupancy(structure):
    for atom in structure[0][0][7]:
        atom.occ = 0.4
    return Reality(_pdb(structure), touched=None)


def unknown_residues(structure):
    """A stretch of UNK, an atom UNX and a ligand of a name that no table has."""
    chain = structure[0][0]
    for i in (3, 4, 5):
        chain[i].name = "UNK"
        for k in reversed([k for k, a in enumerate(chain[i]) if a.name not in ("N", "CA", "C", "O", "CB")]):
            del chain[i][k]
    last = max(r.seqid.num for r in chain)
    middle = chain[10][0].pos
    for k, (name, elements) in enumerate((("UNX", "X"), ("Q9Z", "CCNOP"))):
        residue = gemmi.Residue()
        residue.name, residue.seqid, residue.het_flag = name, gemmi.SeqId(str(last + 10 + k)), "H"
        for j, element in enumerate(elements):
            atom = gemmi.Atom()
            atom.name, atom.element, atom.b_iso, atom.occ = f"{element}{j + 1}", gemmi.Element(element), 40.0, 1.0
            atom.pos = gemmi.Position(middle.x + 12 + 1.4 * j, middle.y + 3.0 * k, middle.z)
            residue.add_atom(atom)
        chain.add_residue(residue)
    return Reality(_pdb(structure), touched=None)


def many_serials(structure):
    """Serial numbers beyond 99,999 and residues beyond 9,999, in hybrid-36."""
    shift, lines = 99_990, []
    chain = structure[0][0].name
    for line in _pdb(structure).splitlines():
        if line.startswith(("ATOM", "HETATM", "TER")):
            serial = int(line[6:11]) + shift
            line = line[:6] + _hybrid(serial, 5) + line[11:]
            if line[21] == chain:
                line = line[:22] + _hybrid(int(line[22:26]) + 9_990, 4) + line[26:]
        lines.append(line)
    return Reality("\n".join(lines) + "\n", renamed=lambda key: (key[0], str(int(key[1]) + 9_990), key[2]) if key[0] == chain else key)


def _hybrid(number: int, width: int) -> str:
    if number < 10 ** width:
        return str(number).rjust(width)
    digits, number, out = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", number - 10 ** width + 10 * 36 ** (width - 1), ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        out = digits[digit] + out
    return out


def several_models(structure):
    """Two models, the second moved away."""
    second = structure[0].clone()
    for chain in second:
        for residue in chain:
            for atom in residue:
                atom.pos = gemmi.Position(atom.pos.x + 3.0, atom.pos.y, atom.pos.z)
    structure.add_model(second)
    structure.renumber_models()
    return Reality(_pdb(structure), words="2 models")


def atoms_outside(structure):
    """A residue of a chain of its own, 300 Å away."""
    chain = gemmi.Chain("Z")
    residue = structure[0][0][2].clone()
    for atom in residue:
        atom.pos = gemmi.Position(atom.pos.x + 300.0, atom.pos.y, atom.pos.z)
    chain.add_residue(residue)
    structure[0].add_chain(chain)
    return Reality(_pdb(structure), touched=frozenset([("Z", str(residue.seqid))]), words="outside")


def copies_of_one_name(structure):
    """Symmetry copies that kept the name of their chain."""
    first = structure[0][0].name
    text = []
    for line in _pdb(structure).splitlines():
        if line.startswith(("ATOM", "HETATM", "TER")):
            line = line[:21] + first + line[22:]
        text.append(line)
    return Reality("\n".join(text) + "\n", touched=None, words="more than once")


def an_assembly(structure):
    """One chain of four, in a file that names the assembly."""
    for name in [c.name for c in structure[0]][1:]:
        structure[0].remove_chain(name)
    remarks = ["REMARK 350 BIOMOLECULE: 1", "REMARK 350 AUTHOR DETERMINED BIOLOGICAL UNIT: TETRAMERIC",
               f"REMARK 350 APPLY THE FOLLOWING TO CHAINS: {structure[0][0].name}"]
    for i, (c, s) in enumerate(((1, 0), (0, 1), (-1, 0), (0, -1)), 1):
        for axis, row in enumerate(((c, -s, 0), (s, c, 0), (0, 0, 1)), 1):
            remarks.append(f"REMARK 350   BIOMT{axis} {i:3d}{row[0]:10.6f}{row[1]:10.6f}{row[2]:10.6f}{0:15.5f}")
    return Reality("\n".join(remarks) + "\n" + _pdb(structure), touched=None, words="assembly of 4 copies")


MAKERS: Dict[str, Callable[[Any], Reality]] = {
    make.__name__: make for make in (
        mmcif, two_letter_chains, insertion_codes, conformers_alike, conformers_apart, two_residues_at_one_number,
        hydrogens_of_no_occupancy, hydrogens, no_occupancy, partial_occupancy, unknown_residues, many_serials, several_models,
        atoms_outside, copies_of_one_name, an_assembly)}
