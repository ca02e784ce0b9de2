"""Atomic models on disk: PDB and mmCIF, plain or compressed, read by gemmi; the content tells what a file is, not its name.

What gemmi would read in silence as something else is mended before and noted: blank occupancies (0 for gemmi), positions of
stars (the origin), mmCIF without the columns that gemmi asks for (no atoms).
"""
from __future__ import annotations

import bz2
import gzip
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..errors import FormatError
from ..files import replacing
from . import ranges
from .file_kinds import told
from .reading import reader, reason

_NAMED = 5                            # chains that are named in a note
_ASCII = bytes(b if b < 128 else ord("?") for b in range(256))        # gemmi cuts names by bytes and cannot decode half a letter
_ATTRIBUTES = ("name", "recipient", "specifier", "value")      # columns of the attributes in an mmCIF


class Attribute(NamedTuple):
    """A score that a model carries: its name, whether it is of ``residues`` or ``atoms``, and values by place, ``A:12`` or ``A:12@CA``."""

    name: str
    recipient: str
    values: Dict[str, float]


@dataclass(frozen=True)
class Model:
    """The first model of a file, with waters and hydrogens; every atom of ``structure`` in file order.

    ``warnings`` are sentences about what to check in the file; ``attributes`` are written with it as mmCIF.
    """

    structure: Any
    path: Optional[str] = None
    warnings: Tuple[str, ...] = ()
    attributes: Tuple[Attribute, ...] = ()

    @cached_property
    def _atoms(self) -> List[Any]:
        return [atom for chain in self.structure[0] for residue in chain for atom in residue]

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self._atoms)

    @cached_property
    def xyz(self) -> np.ndarray:
        """Positions, float64 of shape (n_atoms, 3), in Å."""
        return np.array([a.pos.tolist() for a in self._atoms], dtype=np.float64).reshape(-1, 3)

    @property
    def data(self) -> np.ndarray:
        """What distinguishes a model in memory: its positions, float64 of shape (n_atoms, 3)."""
        return self.xyz

    @cached_property
    def b_iso(self) -> np.ndarray:
        """Isotropic B-factors, float64 of shape (n_atoms,), in Å²."""
        return np.array([a.b_iso for a in self._atoms], dtype=np.float64)

    @cached_property
    def occupancy(self) -> np.ndarray:
        """Occupancies, float64 of shape (n_atoms,), from 0 to 1."""
        return np.array([a.occ for a in self._atoms], dtype=np.float64)

    @cached_property
    def elements(self) -> Tuple[str, ...]:
        """Symbols of the elements, such as ``C`` or ``Zn``."""
        return tuple(a.element.name for a in self._atoms)

    @property
    def copies(self) -> int:
        """How many copies of what is in the file the largest assembly has that it names; 1 where it names none."""
        return max((len(g.operators) for a in self.structure.assemblies for g in a.generators), default=1) or 1

    @property
    def cell(self) -> Optional[Tuple[float, float, float]]:
        """Edges of the unit cell (x, y, z) in Å, or None where there is none or the placeholder 1 x 1 x 1."""
        cell = self.structure.cell
        edges = (cell.a, cell.b, cell.c)
        return edges if min(edges) > 1 else None

    def cell_note(self, box: Sequence[float]) -> Optional[str]:
        """A sentence when the unit cell of the file is not the box of a map, by more than 1 %.

        Parameters
        ----------
        box
            Edges of the map's box (x, y, z) in Å.
        """
        if self.cell is None or all(abs(a - b) <= 0.01 * b for a, b in zip(self.cell, box)):
            return None
        cell, edges = (" x ".join(f"{v:g}" for v in values) for values in (self.cell, box))
        return (f"The model was made for a unit cell of {cell} Å, but the box of the map is {edges} Å; the positions are taken as they "
                "are, check that the model lies in this map.")


@reader("model", "give an atomic model as PDB or mmCIF", "an atomic model")
def read_model(path: str) -> Model:
    """Read the first model of a PDB or mmCIF file, with notes on what was mended.

    Parameters
    ----------
    path
        The file, also gz.

    Returns
    -------
    Model
        Its atoms, in Å.

    Raises
    ------
    MissingInputError, InputError
        There is no such file, it is no plain file, or cannot be read.
    FormatError
        It is no model, damaged, holds no atoms, or numbers that cannot be.
    """
    notes: List[str] = []
    structure = _structure(_text(path), notes, path)
    found = sum(m.count_atom_sites() for m in structure)
    n_models = len(structure)
    while len(structure) > 1:
        del structure[-1]
    model = Model(structure, path)
    if not n_models or model.n_atoms == 0:
        raise FormatError(f"The model '{path}' holds no atoms; give a PDB or mmCIF file with ATOM records."
                          + told(path, "an atomic model") + _in_a_row(notes))
    if n_models > 1:
        notes.append(f"The file holds {n_models} models; the first is used, {model.n_atoms} of {found} atoms. Where they are parts of one "
                     "assembly, join them into one model.")
    return replace(model, warnings=tuple(notes + _checked(model)))


def _structure(text: bytes, notes: List[str], path: str) -> Any:
    """gemmi's structure of a text; what was mended in it goes to ``notes``."""
    import gemmi
    cif = _is_cif(text)
    text = _complete_cif(text) if cif else _mended_pdb(text, notes, path)
    try:
        structure = gemmi.read_structure_string(text, format=gemmi.CoorFormat.Detect)
        if not cif and any(len({(a.name, a.altloc) for a in r}) < len(r) for m in structure for c in m for r in c):
            # Copies that kept the name of their chain are read into one residue, unless TER parts them.
            structure = gemmi.read_pdb_string(text, split_chain_on_ter=True)
        return structure
    except Exception as error:                               # what was left out may be why nothing is left to read
        raise FormatError(f"The model '{path}' cannot be read as PDB or mmCIF ({reason(error)}); give an atomic model."
                          + told(path, "an atomic model") + _in_a_row(notes)) from None


def _in_a_row(notes: List[str]) -> str:
    return "".join(f" {note}" for note in notes)


def _checked(model: Model) -> List[str]:
    """Notes on the atoms that were read; :class:`FormatError` for numbers that cannot be."""
    for values, most, what, unit in ((model.xyz, ranges.POSITION, "position", " Å"), (model.b_iso, ranges.B_FACTOR, "B-factor", " Å²"),
                                     (model.occupancy, ranges.OCCUPANCY, "occupancy", "")):
        wrong = ~(np.abs(values) <= most)                    # NaN too
        if wrong.any():
            at = np.argwhere(wrong)[0]
            count = int(wrong.reshape(len(values), -1).any(axis=1).sum())
            value = float(values[tuple(at)])
            why = "is no number" if np.isnan(value) else f"is {value:g}{unit}, beyond {most:g}{unit}"
            raise FormatError(f"The model '{model.path}' has {count} atom{'s' * (count > 1)} whose {what} cannot be; that of atom "
                              f"{at[0] + 1} {why}. Write it again, or take {'it' if count == 1 else 'them'} out.")
    notes = _repeated(model)
    if not model.occupancy.any():
        notes.append(f"The occupancy of all {model.n_atoms} atoms is 0, so that they weigh nothing; set it to 1 where atoms are present.")
    return notes


def _repeated(model: Model) -> List[str]:
    """A note on chains that hold a residue more than once."""
    found: Dict[str, int] = {}
    seen: Dict[Tuple[str, str, str], List[Any]] = {}
    for chain in model.structure[0]:
        for residue in chain:
            before = seen.setdefault((chain.name, str(residue.seqid), residue.name), [])
            if repeats(before, residue):
                found[chain.name] = found.get(chain.name, 0) + 1
            before.extend(residue)
    if not found:
        return []
    chains = ", ".join(list(found)[:_NAMED]) + (", ..." if len(found) > _NAMED else "")
    which = f"chains {chains}" if len(found) > 1 else f"chain {chains}"
    return [f"{sum(found.values())} residues of {which} are in the file more than once, as copies that kept the name of their chain. Each "
            "has a score; give every copy its own chain name to distinguish them."]


def repeats(before: Iterable[Any], atoms: Iterable[Any]) -> bool:
    """Whether atoms of one residue name and number are those of another copy.

    Parameters
    ----------
    before, atoms
        Atoms that were there, and those that come.

    Returns
    -------
    bool
        One of the names is there, in the same conformer.
    """
    there = {(a.name, a.altloc) for a in before}
    return bool(there) and any((a.name, a.altloc) in there for a in atoms)


def _is_cif(text: bytes) -> bool:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith(b"#")), b"")
    return first.lstrip()[:5].lower() == b"data_"


def _mended_pdb(text: bytes, notes: List[str], path: str) -> bytes:
    """The text of a PDB file with blank occupancies as 1, and without atoms whose position cannot be read."""
    out: List[bytes] = []
    atoms = lost = blank = starred = 0
    drop = False                                             # ANISOU goes with its atom
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line.startswith((b"ATOM  ", b"HETATM")) and len(line) > 54:
            atoms += 1
            drop = not _is_position(line[30:54])
            lost += drop
            body = line.rstrip(b"\r\n")
            if len(body) > 54 and not body[54:60].strip():
                blank += not drop
                body = body[:54] + b"  1.00" + body[60:]
                line = body + b"\n"
            elif not drop:
                _require_number(body[54:60], "occupancy", number, path)
            if body[60:66] == b"******":
                starred += not drop
                line = body[:60] + b"999.99" + body[66:] + b"\n"
            elif not drop:
                _require_number(body[60:66], "B-factor", number, path)
        elif not line.startswith((b"ANISOU", b"SIGATM", b"SIGUIJ")):
            drop = False
        if not drop:
            out.append(line)
    if lost:
        notes.append(f"The positions of {lost} of {atoms} atoms cannot be read (such as '********', a number too long for its columns); "
                     "these atoms are left out.")
    if blank:
        notes.append(f"The occupancy of {blank} of {atoms} atoms is blank; it is taken as 1.")
    if starred:
        notes.append(f"The B-factors of {starred} of {atoms} atoms are '******' (too long for their columns); 999.99 Å² is taken.")
    return b"".join(out)


def _require_number(columns: bytes, what: str, line: int, path: str) -> None:
    """Raise :class:`FormatError` for text where a PDB file wants a number, which gemmi reads as 0; blanks pass."""
    try:
        float(columns.strip() or b"0")
    except ValueError:
        text = columns.decode("ascii", "replace").strip()
        raise FormatError(f"The model '{path}' has '{text}' for the {what} in line {line}, which is no number; write it again.") from None


def _is_position(columns: bytes) -> bool:
    try:
        return len([float(columns[i:i + 8]) for i in (0, 8, 16)]) == 3
    except ValueError:
        return False


def _complete_cif(text: bytes) -> bytes:
    """The text of an mmCIF file whose atoms have the columns that gemmi asks for; chains are named by their author's name."""
    from gemmi import cif
    wanted = ("_atom_site.id", "_atom_site.label_alt_id", "_atom_site.label_asym_id")
    if all(re.search(re.escape(tag).encode() + rb"\s", text) for tag in wanted):
        return text
    document = cif.read_string(text)
    for block in document:
        loop = block.find_loop("_atom_site.Cartn_x").get_loop()
        missing = [] if loop is None else [tag for tag in wanted if tag not in loop.tags]
        if missing:
            count = loop.length()
            chains = list(block.find_loop("_atom_site.auth_asym_id")) or ["A"] * count
            values = {"_atom_site.id": [str(i) for i in range(1, count + 1)], "_atom_site.label_alt_id": ["."] * count,
                      "_atom_site.label_asym_id": chains}
            columns = [list(block.find_loop(tag)) for tag in loop.tags]
            block.init_loop("", loop.tags + missing).set_all_values(columns + [values[t] for t in missing])
    return document.as_string().encode()


def _text(path: str) -> bytes:
    with open(path, "rb") as stream:
        content = stream.read()
    unpack = gzip.decompress if content[:2] == b"\x1f\x8b" else bz2.decompress if content[:3] == b"BZh" else None
    if unpack is not None:
        try:
            content = unpack(content)
        except Exception as error:                           # zlib, bz2 and gzip have one each for the same damage
            raise FormatError(f"The compressed model '{path}' is damaged ({reason(error)}); fetch or copy it again.") from None
    if b"\0" in content[:4096]:
        raise FormatError(f"'{path}' is a binary file and not an atomic model; give a PDB or mmCIF file." + told(path))
    return content.translate(_ASCII)


def write_model(path: str, model: Model) -> None:
    """Write a model as mmCIF or PDB, complete or not at all.

    Parameters
    ----------
    path
        Where to; mmCIF when the name ends in ``.cif``, with the attributes in the columns that Scipion's viewer of attributes reads.
    model
        The model.
    """
    cif = path.lower().endswith((".cif", ".mmcif"))
    text = _cif_text(model) if cif else model.structure.make_pdb_string()
    with replacing(path) as stream:
        stream.write(text.encode("utf-8"))


def _cif_text(model: Model) -> str:
    document = model.structure.make_mmcif_document()
    import gemmi
    rows = [(a.name, a.recipient, gemmi.cif.quote(place), f"{value:.4f}") for a in model.attributes for place, value in a.values.items()]
    if rows:
        loop = document.sole_block().init_loop("_scipion_attributes.", list(_ATTRIBUTES))
        loop.set_all_values([list(column) for column in zip(*rows)])
    return document.as_string()


def read_attributes(path: str) -> Tuple[Attribute, ...]:
    """The scores that a model in a file carries.

    Parameters
    ----------
    path
        An mmCIF file, of cryoqa or of any program that writes attributes for Scipion.

    Returns
    -------
    tuple of Attribute
        In their order; none where the file has none, or is no mmCIF.
    """
    import gemmi
    if not path.lower().endswith((".cif", ".mmcif")):
        return ()
    found: Dict[Tuple[str, str], Dict[str, float]] = {}
    for row in gemmi.cif.read(path)[0].find("_scipion_attributes.", list(_ATTRIBUTES)):
        value = gemmi.cif.as_number(row[3])
        if value == value:
            found.setdefault((row.str(0), row.str(1)), {})[row.str(2)] = value
    return tuple(Attribute(name, recipient, values) for (name, recipient), values in found.items())


def attribute_text(attributes: Sequence[Attribute]) -> str:
    """Attributes as a file that ChimeraX opens.

    Parameters
    ----------
    attributes
        What the model carries.

    Returns
    -------
    str
        Lines of the format ``defattr``.
    """
    out: List[str] = []
    for a in attributes:
        out += [f"attribute: {a.name}", f"recipient: {a.recipient}", *(f"\t/{place}\t{value:.4f}" for place, value in a.values.items())]
    return "\n".join(out) + "\n"
