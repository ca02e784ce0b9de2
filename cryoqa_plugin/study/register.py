"""Does the sequence of a model stand where the map shows it: residues out of register, chains of another sequence."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..core import register as states
from ..core.rotamers import LETTERS
from ..core.type_odds import tempered, temperature_of
from ..io.sequences import Sequences
from .chain_sequence import ChainSequence, letter_types
from .residues import Residues

UNDETERMINED = 0.15                              # temperature below which side chains tell nothing about the sequence
_GAIN, _Z, _LEAST = 20.0, 3.5, 5                 # of a stretch that is an alarm, and its fewest residues
_CHAIN = 20                                      # residues of a chain that is judged by itself
_OWN = 3.5                                       # standard deviations above shuffled ones from which a chain has its own sequence
_OTHER = 6.0                                     # the same from which it has the best of many that were tried, at any place
_SURPRISE = -5.0                                 # log-odds of the sequence less what the map promises, in standard deviations
_DENSITY = 0.4                                   # of that at the backbones of chains that fit, below which a chain lies in none
_AGAIN = 3                                       # times that the temperature is found with what the time before found


class Shift(NamedTuple):
    """A stretch of a chain that fits better ``shift`` residues along its sequence.

    ``residues`` int64 [n] are its residues; ``first`` and ``last`` the residues between which either end lies with 90 % probability.
    ``gain`` is the sum of log-odds that it gains, ``z`` how far the sequence that fits stands above permuted ones, in standard deviations.
    ``alarm`` is True from 20, 3.5 and five residues on; what is below is no more than unsure.
    """

    chain: int
    residues: np.ndarray
    first: Tuple[int, int]
    last: Tuple[int, int]
    shift: int
    gain: float
    z: float
    alarm: bool


class ChainFit(NamedTuple):
    """How a chain fits its sequence.

    ``scored`` residues have log-odds; ``own`` is their sum for the sequence as built over the square root of their number, ``z`` that
    sum above the mean of shuffled sequences in their standard deviations, ``temperature`` that of the chain alone. ``verdict`` is ``own``,
    ``shifted`` for a chain that fits better ``place`` residues along as a whole, ``foreign``, ``outside`` for one that fits nothing
    because it lies in no density, or ``undetermined``; ``fits`` names another sequence that fits, with its ``fits_z``.
    """

    chain: int
    scored: int
    own: float
    z: float
    temperature: float
    verdict: str
    place: int = 0
    fits: str = ""
    fits_z: Optional[float] = None


class Register(NamedTuple):
    """Where the residues of a model stand along their sequences.

    ``temperature`` is what the raw log-odds were multiplied by for the sequence that fits, ``undetermined`` True below 0.15, or where no
    chain fits a sequence: then no residue is judged. ``odds`` float64 [n_residues, 20] are the log-odds with it. ``elsewhere`` float64
    [n_residues] is the posterior that a residue does not stand where it is built, at another offset or at none; ``shifted`` that of
    another offset alone; NaN where it is not judged.
    """

    temperature: float
    undetermined: bool
    odds: np.ndarray
    elsewhere: np.ndarray
    shifted: np.ndarray
    shifts: Tuple[Shift, ...]
    chains: Tuple[ChainFit, ...]


def register_of(residues: Residues, sequences: Sequence[ChainSequence], raw: np.ndarray, types: np.ndarray, composition: np.ndarray,
                given: Optional[Sequences] = None, backbone: Optional[np.ndarray] = None) -> Register:
    """Where the residues of a model stand along their sequences.

    Parameters
    ----------
    residues
        The residues of the model.
    sequences
        Of its chains.
    raw
        Log-odds of the 20 types before the temperature, float64 [n_residues, 20]; NaN where they are not known.
    types
        The type of each residue as built, int64 [n_residues]; -1 where it is not known.
    composition
        The part of each type that the log-odds are against, float64 [20].
    given
        Sequences of a FASTA file, which a chain that does not fit its own may have.
    backbone
        Density at the backbone of each residue above the mean of the map, float64 [n_residues], NaN for none: a chain that lies in no
        density does not have a foreign sequence.

    Returns
    -------
    Register
        Of every stretch by Viterbi and forward-backward (:mod:`cryoqa_plugin.core.register`).

    Notes
    -----
    The temperature is found with the types of the sequence that fits: of a chain, or a stretch, that is out of register those along; of
    a chain that has another known sequence those of that one. Chains that fit no sequence, while the map promises more than they show, do
    not count.
    """
    chains = [_chain_fit(s, residues, raw, types, _others(s, sequences, residues, given)) for s in sequences]
    best = _types_that_fit(sequences, [c for c, _ in chains], [t for _, t in chains], types)
    fits = [c for c, _ in chains]
    strange = [i for i, (c, s) in enumerate(zip(fits, sequences)) if c.verdict == "undetermined" and c.scored >= _CHAIN]
    if strange and len(strange) < len(fits):
        trial = best.copy()
        for i in strange:
            trial[sequences[i].residues] = -1
        t = temperature_of(raw, trial)
        for i in strange:
            if t >= UNDETERMINED and _surprise(
                    tempered(raw[sequences[i].residues], t, composition), types[sequences[i].residues], composition) < _SURPRISE:
                fits[i] = fits[i]._replace(verdict="foreign" if _in_density(backbone, i, sequences, fits) else "outside")
                best[sequences[i].residues] = -1
    temperature, shifts, elsewhere, shifted = 0.0, (), np.full(len(residues), np.nan), np.full(len(residues), np.nan)
    corrected, fit = best, any(f.verdict in ("own", "shifted") or f.fits for f in fits)
    for _ in range(_AGAIN):
        before, temperature = temperature, temperature_of(raw, corrected)
        if temperature < UNDETERMINED or temperature == before or not fit:
            break
        shifts, elsewhere, shifted = _stretches(residues, sequences, fits, tempered(raw, temperature, composition))
        corrected = _corrected(best, sequences, shifts)
    undetermined = temperature < UNDETERMINED or not fit
    if undetermined:
        shifts, elsewhere, shifted = (), np.full(len(residues), np.nan), np.full(len(residues), np.nan)
    odds = tempered(raw, temperature, composition)
    return Register(temperature, undetermined, odds, elsewhere, shifted, shifts,
                    tuple(f._replace(own=_score(odds[s.residues], types[s.residues])) for f, s in zip(fits, sequences)))


def _score(odds: np.ndarray, types: np.ndarray) -> float:
    """The sum of the log-odds of the types over the square root of their number."""
    i = np.flatnonzero(np.isfinite(odds).all(axis=1) & (types >= 0))
    return float(odds[i, types[i]].sum() / np.sqrt(max(i.size, 1)))


def _others(mine: ChainSequence, sequences: Sequence[ChainSequence], residues: Residues,
            given: Optional[Sequences]) -> List[Tuple[str, np.ndarray]]:
    """Other sequences that a chain may have, by name, each once."""
    out: Dict[bytes, Tuple[str, np.ndarray]] = {}
    for s in sequences:
        out.setdefault(s.letters.tobytes(), (f"chain {residues.chains[s.chain]}", s.letters))
    if given is not None:
        for n, chain in enumerate(given.chains):
            letters = letter_types(chain, LETTERS)
            name = given.names[n] if n < len(given.names) and given.names[n] else f"number {n + 1}"
            out.setdefault(letters.tobytes(), (f"the sequence '{name}'", letters))
    out.pop(mine.letters.tobytes(), None)
    return list(out.values())


def _chain_fit(mine: ChainSequence, residues: Residues, raw: np.ndarray, types: np.ndarray,
               others: Sequence[Tuple[str, np.ndarray]]) -> Tuple[ChainFit, np.ndarray]:
    """The fit of a chain before the temperature of the map is known, and the types [n] that it seems to have."""
    own = types[mine.residues]
    use = np.isfinite(raw[mine.residues]).all(axis=1) & (own >= 0)
    odds, n = raw[mine.residues][use], int(use.sum())
    if not n:
        return ChainFit(mine.chain, 0, 0.0, 0.0, 0.0, "undetermined"), own
    total = float(odds[np.arange(n), own[use]].sum())
    mean, variance = states.against_permuted(odds, mine.frequency)
    z = (total - float(mean.sum())) / max(float(np.sqrt(variance.sum())), 1e-9)
    t = temperature_of(raw[mine.residues], own)
    fit = ChainFit(mine.chain, n, 0.0, z, t, "own" if z >= _OWN and t >= UNDETERMINED else "undetermined")
    if fit.verdict == "own" or n < _CHAIN:
        return fit, own
    index = mine.index[use]
    place, best = states.along(odds, mine.letters, index)
    if best >= _OTHER and 0 < abs(place) <= states.FARTHEST:
        return fit._replace(verdict="shifted", place=place, fits_z=best), states.letters_at(mine.letters, mine.index + place)
    tried = [(best, place, "its own sequence elsewhere", mine.letters)] if place else []
    tried += [(b, p, name, letters) for name, letters in others for p, b in [states.along(odds, letters, index)]]
    best, place, name, letters = max(tried, key=lambda f: f[0], default=(0.0, 0, "", mine.letters))
    if best < _OTHER:
        return fit, own
    return fit._replace(verdict="foreign", place=place, fits=name, fits_z=best), states.letters_at(letters, mine.index + place)


def _types_that_fit(sequences: Sequence[ChainSequence], fits: Sequence[ChainFit], found: Sequence[np.ndarray],
                    types: np.ndarray) -> np.ndarray:
    out = types.copy()
    for s, f, t in zip(sequences, fits, found):
        if f.verdict in ("shifted", "foreign"):
            out[s.residues] = t
    return out


def _surprise(odds: np.ndarray, types: np.ndarray, frequency: np.ndarray) -> float:
    """Log-odds of the types less what residues of such log-odds have when the types are theirs, in standard deviations."""
    use = np.isfinite(odds).all(axis=1) & (types >= 0)
    odds, own = odds[use], types[use]
    weight = frequency * np.exp(odds)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    mean = (weight * odds).sum(axis=1)
    spread = np.sqrt(((weight * odds ** 2).sum(axis=1) - mean ** 2).sum())
    return float((odds[np.arange(len(own)), own] - mean).sum() / max(spread, 1e-9))


def _in_density(backbone: Optional[np.ndarray], chain: int, sequences: Sequence[ChainSequence], fits: Sequence[ChainFit]) -> bool:
    """Whether the backbone of a chain has density as those that fit have."""
    if backbone is None:
        return True
    mine, right = (np.concatenate([backbone[s.residues] for s in part] or [np.zeros(0)])
                   for part in ([sequences[chain]], [s for s, f in zip(sequences, fits) if f.verdict == "own"]))
    if not np.isfinite(mine).any() or not np.isfinite(right).any():
        return True
    return bool(np.nanmedian(mine) >= _DENSITY * np.nanmedian(right))


def _stretches(residues: Residues, sequences: Sequence[ChainSequence], fits: Sequence[ChainFit],
               odds: np.ndarray) -> Tuple[Tuple[Shift, ...], np.ndarray, np.ndarray]:
    """Shifts of all stretches, and the posteriors of each residue."""
    chain_of: Dict[int, int] = {s.chain: i for i, s in enumerate(sequences)}
    place, placed = np.zeros(len(residues), dtype=np.int64), np.zeros(len(residues), dtype=bool)
    for q in sequences:
        place[q.residues], placed[q.residues] = q.index, True
    elsewhere, shifted = np.full(len(residues), np.nan), np.full(len(residues), np.nan)
    out: List[Shift] = []
    for stretch in residues.stretches:
        i = chain_of.get(int(residues.chain[stretch[0]]), -1)
        known = np.isfinite(odds[stretch]).all(axis=1)
        if i < 0 or not placed[stretch].all() or not known.any():
            continue
        emission = states.emissions(odds[stretch], sequences[i].letters, place[stretch])
        found = states.trace(emission)
        elsewhere[stretch[known]] = 1 - found.posterior[known, states.FARTHEST]
        shifted[stretch[known]] = elsewhere[stretch[known]] - found.posterior[known, states.UNKNOWN]
        if fits[i].verdict in ("foreign", "outside"):
            continue
        for s in states.segments(found, emission, odds[stretch], sequences[i].frequency):
            if s.stop - s.start >= _LEAST and s.gain > 0:
                out.append(Shift(sequences[i].chain, stretch[s.start:s.stop], _at(stretch, s.first), _at(stretch, s.last), s.shift, s.gain,
                                 s.z, bool(s.gain >= _GAIN and s.z >= _Z)))
    return tuple(out), elsewhere, np.maximum(shifted, 0.0)


def _at(stretch: np.ndarray, ends: Tuple[int, int]) -> Tuple[int, int]:
    return int(stretch[ends[0]]), int(stretch[ends[1]])


def _corrected(types: np.ndarray, sequences: Sequence[ChainSequence], shifts: Sequence[Shift]) -> np.ndarray:
    """Types with those along for the stretches that fit better elsewhere."""
    out = types.copy()
    by_chain = {s.chain: s for s in sequences}
    for shift in shifts:
        mine = by_chain[shift.chain]
        where = mine.index[np.searchsorted(mine.residues, shift.residues)]
        out[shift.residues] = states.letters_at(mine.letters, where + shift.shift)
    return out
