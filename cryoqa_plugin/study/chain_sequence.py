"""The sequence of each chain of a model, with what is not built where the file or a FASTA file knows it."""
from __future__ import annotations

import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..core.register import letters_at
from ..io.models import Model
from ..io.sequences import Sequences
from .residues import PROTEIN, Residues

_ALIKE = 0.7                                     # part of the built residues that a sequence must have alike to be that of a chain
_LEAST = 10                                      # built residues that it takes
_PARENTS = {"U": "C", "O": "K"}                  # selenocysteine and pyrrolysine


class ChainSequence(NamedTuple):
    """The sequence of one chain, protein or nucleic acid.

    ``letters`` int64 [m] are types along it, -1 where the type is not known; ``residues`` int64 [n] the residues that are built and
    ``index`` int64 [n] where in the sequence each stands. ``named`` are the letters in the file of sequences that it was completed by,
    empty for none.
    """

    chain: int
    letters: np.ndarray
    residues: np.ndarray
    index: np.ndarray
    named: str = ""

    @property
    def frequency(self) -> np.ndarray:
        """How often each of the 20 types occurs among the letters that are known, float64 [20]; its sum is 1."""
        count = np.bincount(self.letters[self.letters >= 0], minlength=20).astype(np.float64)
        return count / max(count.sum(), 1.0)


def letter_of(name: str) -> str:
    """The letter of a residue, that of the parent for a modified one; ``X`` where it is not known.

    Parameters
    ----------
    name
        Its name in the model, such as ``MSE``.
    """
    import gemmi
    return gemmi.find_tabulated_residue(name).one_letter_code.strip().upper() or "X"


def letter_types(letters: str, alphabet: str) -> np.ndarray:
    """Types of letters.

    Parameters
    ----------
    letters
        One a residue.
    alphabet
        The letter of each type.

    Returns
    -------
    ndarray
        int64 [n]; -1 where the letter is not of this alphabet.
    """
    place = {letter: i for i, letter in enumerate(alphabet)}
    place.update({rare: place[like] for rare, like in _PARENTS.items() if like in place and rare not in place})
    return np.array([place.get(letter, -1) for letter in letters], dtype=np.int64)


def chain_sequences(model: Model, residues: Residues, alphabet: str, given: Optional[Sequences] = None,
                    kind: int = PROTEIN) -> Tuple[ChainSequence, ...]:
    """The sequence of every chain that has residues of a kind.

    Parameters
    ----------
    model, residues
        The model and its residues.
    alphabet
        The letter of each type.
    given
        Sequences of a FASTA file.
    kind
        ``PROTEIN`` or ``NUCLEIC``.

    Returns
    -------
    tuple of ChainSequence
        By their numbers residues stand apart: a gap in the numbers is of residues that are not built. They are known where the file lists
        the whole sequence (SEQRES, or the entity of an mmCIF), or a given sequence is alike in 70 % of what is built. What is built counts
        before what is listed. An insertion code comes after the number that it follows.
    """
    listed = _listed(model) if kind == PROTEIN else {}
    out: List[ChainSequence] = []
    for c, name in enumerate(residues.chains):
        mine = np.flatnonzero((residues.chain == c) & (residues.kind == kind))
        if not mine.size:
            continue
        built = letter_types("".join(letter_of(residues.name[i])[-1] for i in mine), alphabet)
        whole = _placed(residues, mine, name, listed)
        named = ""
        if whole is not None:
            letters, index = letter_types(whole[0], alphabet), whole[1]
        else:
            index = _by_number([residues.number[i] for i in mine], residues.next[mine[:-1]] == mine[1:])
            letters = np.full(int(index.max()) + 1, -1, dtype=np.int64)
            letters, index, named = _completed(letters, built, index, alphabet, given)
        letters = letters.copy()
        letters[index[built >= 0]] = built[built >= 0]
        out.append(ChainSequence(c, letters, mine, index, named))
    return tuple(out)


def _by_number(numbers: Sequence[str], bonded: np.ndarray) -> np.ndarray:
    """Places of residues by their numbers, from 0 on; nothing is missing between two that are bonded, whatever their numbers."""
    index = [0]
    values = [re.fullmatch(r"(-?\d+)(.*)", n) for n in numbers]
    for (one, first), (two, second), bond in zip(zip(numbers, values), list(zip(numbers, values))[1:], bonded):
        step = int(second[1]) - int(first[1]) if first and second and not second[2] and not bond else 1
        index.append(index[-1] + (0 if one == two else max(step, 1)))
    return np.array(index, dtype=np.int64)


def _listed(model: Model) -> Dict[Tuple[str, str, str], Tuple[str, int]]:
    """The whole sequence and the place in it, by chain, number and name of residues of protein."""
    import gemmi
    structure: Any = model.structure
    if not any(e.full_sequence for e in structure.entities):
        return {}
    if all(unit.label_seq is None for part in structure[0] for unit in part):
        structure = structure.clone()                        # SEQRES: to be aligned with what is built
        structure.setup_entities()
        structure.assign_label_seq_id()
    whole = {part: "".join(letter_of(gemmi.Entity.first_mon(m))[-1] for m in e.full_sequence) for e in structure.entities
             for part in e.subchains}
    return {(part.name, str(unit.seqid), unit.name): (whole.get(unit.subchain, ""), unit.label_seq - 1)
            for part in structure[0] for unit in part if unit.label_seq is not None}


def _placed(residues: Residues, mine: np.ndarray, chain: str, listed: Dict[Tuple[str, str, str], Tuple[str, int]]) -> Any:
    """The whole sequence of a chain and the places of its residues; None where the file does not tell all of them in order."""
    found = [listed.get((chain, residues.number[i], residues.name[i])) for i in mine]
    if not found or any(f is None or f[0] != found[0][0] for f in found):        # type: ignore[index]
        return None
    index = np.array([f[1] for f in found if f], dtype=np.int64)
    return (found[0][0], index) if found[0] and np.all(np.diff(index) >= 0) and index[-1] < len(found[0][0]) else None


def _completed(letters: np.ndarray, built: np.ndarray, index: np.ndarray, alphabet: str,
               given: Optional[Sequences]) -> Tuple[np.ndarray, np.ndarray, str]:
    """Letters and places with what a given sequence adds, and its name."""
    best, known = (0.0, 0, "", letters), built >= 0
    for n, chain in enumerate(given.chains if given and known.sum() >= _LEAST else ()):
        types = letter_types(chain, alphabet)
        for start in range(-int(index.max()), len(types)):
            alike = float(np.mean(letters_at(types, index[known] + start) == built[known]))
            if alike > best[0]:
                best = (alike, start, given.names[n] if given and n < len(given.names) else f"sequence {n + 1}", types)
    alike, start, name, types = best
    if alike < _ALIKE:
        return letters, index, ""
    before = max(0, -start)
    out = np.full(max(before + len(types), before + int(index.max()) + start + 1), -1, dtype=np.int64)
    out[before:before + len(types)] = types
    return out, index + start + before, name
