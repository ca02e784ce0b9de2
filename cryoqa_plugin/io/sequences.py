"""Sequences on disk: FASTA files, and the mass of what they describe."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

from ..errors import FormatError
from .file_kinds import told
from .reading import reader

_WATER = 18.02                                   # Da, of the ends of a chain
_RESIDUES: Dict[str, float] = {                  # Da, average masses of residues
    "A": 71.08, "R": 156.19, "N": 114.10, "D": 115.09, "C": 103.14, "E": 129.12, "Q": 128.13, "G": 57.05, "H": 137.14, "I": 113.16,
    "L": 113.16, "K": 128.17, "M": 131.19, "F": 147.18, "P": 97.12, "S": 87.08, "T": 101.10, "W": 186.21, "Y": 163.18, "V": 99.13,
    "U": 150.04, "O": 237.30, "X": 110.0, "B": 114.6, "Z": 128.6, "J": 113.16}
_NUCLEOTIDES: Dict[str, float] = {"A": 329.2, "C": 305.2, "G": 345.2, "U": 306.2, "T": 304.2, "N": 321.0}
_UNKNOWN = "XBZJ"
_MANY_UNKNOWN = 0.05                             # part of the residues from which their masses are worth a note


@dataclass(frozen=True)
class Sequences:
    """The chains of a FASTA file.

    Parameters
    ----------
    chains
        One letter a residue, upper case, a text a chain.
    names
        What stands behind the ``>`` of each chain.
    path
        The file, None for what is in memory.
    warnings
        Sentences about what to check in the file.
    """

    chains: Tuple[str, ...]
    names: Tuple[str, ...] = ()
    path: Optional[str] = None
    warnings: Tuple[str, ...] = ()

    @property
    def data(self) -> np.ndarray:
        """The letters of all chains, a line each, uint8 [n]."""
        return np.frombuffer("\n".join(self.chains).encode(), dtype=np.uint8)

    @property
    def masses(self) -> Tuple[Tuple[float, bool], ...]:
        """Molecular mass of each chain in Da, and whether it is a nucleic acid: a chain of A, C, G, T, U and N alone is one."""
        out = []
        for chain in self.chains:
            nucleic = set(chain) <= set(_NUCLEOTIDES)
            out.append((_WATER + sum((_NUCLEOTIDES if nucleic else _RESIDUES)[r] for r in chain), nucleic))
        return tuple(out)

    @property
    def mass(self) -> float:
        """Molecular mass in Da of all chains, each once."""
        return sum(mass for mass, _ in self.masses)


@reader("sequence file", "give a FASTA file", "FASTA")
def read_sequences(path: str) -> Sequences:
    """The chains of a FASTA file.

    Parameters
    ----------
    path
        Text with one letter a residue; each chain begins with a line ``> name``.

    Raises
    ------
    MissingInputError
        The file is not there.
    FormatError
        It is no text, holds no sequence, or a letter that is no residue.
    """
    with open(path, encoding="utf-8-sig") as stream:
        lines = [line.strip() for line in stream]
    names, chains = [""], [""]
    for line in lines:
        if line.startswith(">") or not line:
            names.append(line[1:].strip())
            chains.append("")
        elif not line.startswith(";"):                       # a comment of old FASTA
            chains[-1] += "".join(line.split()).replace("-", "").rstrip("*").upper()
    kept = [(n, c) for n, c in zip(names, chains) if c]
    strange = sorted(set("".join(c for _, c in kept)) - set(_RESIDUES))
    if not kept or strange:
        what = f"holds '{strange[0]}', which is no residue" if strange else "holds no sequence"
        raise FormatError(f"The sequence file {path} {what}; give a FASTA file with one letter a residue."
                          + told(path, "FASTA"))
    found = tuple(c for _, c in kept)
    return Sequences(found, tuple(n for n, _ in kept), path, tuple(_notes(found)))


def _notes(chains: Tuple[str, ...]) -> List[str]:
    proteins = "".join(c for c in chains if not set(c) <= set(_NUCLEOTIDES))
    unknown = sum(proteins.count(letter) for letter in _UNKNOWN)
    if unknown <= _MANY_UNKNOWN * len(proteins):
        return []
    return [f"Of the {len(proteins)} residues of the sequence {unknown} are not known ({', '.join(_UNKNOWN)}); they count with the mass of "
            "an average one."]
