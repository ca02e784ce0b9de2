"""Is each residue of the type that the map shows: side chains of all types, the register of the sequence, foreign chains, bases."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...core.bases import PURINES
from ...core.rotamers import TYPES
from ...params import param
from ...progress import Progress, silent
from ...results import Column, Table, metric, table
from ...study import Study
from ...study.base_odds import BaseOdds
from ...study.register import Register, Shift
from ...study.residues import Residues
from ...study.side_chains import SideChainOdds, composition
from . import residue_scores, side_chain_words as words
from .residue_scores import AtomCounts, ResidueScores

_BARE = 2                                        # types that come first and have no side chain to speak of: glycine, alanine
_BEST = 3                                        # types among which the built one should be


@dataclass(frozen=True)
class SideChainCheckParams:
    """Parameters of :func:`compute_side_chain_check`."""

    resolution: Optional[float] = param(
        None, "Resolution in the molecule, whose calibration is used. From the half-maps in the mask around the model, or from the map.",
        label="Resolution", unit="Å", min=1.0, max=20.0)


@dataclass(frozen=True)
class SideChainCheckResult(ResidueScores, AtomCounts):
    """Result of :func:`compute_side_chain_check`."""

    schema: ClassVar[str] = "cryoqa/side_chain_check/1"
    temperature: Optional[float] = metric("", "how much of their log-odds the side chains of this map deserve, from 0 to 1; below 0.15 "
                                          "the sequence is not judged", "higher")
    undetermined: Optional[bool] = metric("", "the map does not show whether the sequence is right", "none")
    undetermined_words: Optional[str] = metric("", "what that means, in words", "none")
    residues_scored: Optional[int] = metric("", "residues of protein with log-odds", "none")
    top3: Optional[float] = metric("%", "part of the residues with a side chain beyond alanine whose type is among the three that fit best",
                                   "higher")
    log_odds: Optional[float] = metric("nats", "mean log-odds of the types as built", "higher")
    residues_shifted: Optional[float] = metric("%", "part of the residues that are out of register: their side chains fit better some "
                                               "residues along the sequence", "lower")
    residues_unsure: Optional[float] = metric("%", "part of the residues whose sequence is unsure: another register fits somewhat better",
                                              "lower")
    register_words: Optional[str] = metric("", "which residues are out of register, in words", "none")
    unsure_words: Optional[str] = metric("", "which residues are unsure, in words", "none")
    chains_foreign: Optional[int] = metric("", "chains whose side chains are of another sequence", "lower")
    foreign_words: Optional[str] = metric("", "which chains these are, in words", "none")
    outside_words: Optional[str] = metric("", "which chains have no density to judge their sequence by, in words", "none")
    bases_scored: Optional[int] = metric("", "nucleotides with log-odds", "none")
    bases_right: Optional[float] = metric("%", "part of the nucleotides that look like what they are, purine or pyrimidine", "higher")
    bases_temperature: Optional[float] = metric("", "how much of their log-odds the bases of this map deserve, from 0 to 1", "higher")
    resolution: Optional[float] = metric("Å", "resolution whose calibration was used", "none")
    register_shifts: Optional[Table] = table("stretches of residues that fit better some residues along the sequence")
    odds: Optional[Table] = table("log-odds of the 20 types for every residue")
    bases: Optional[Table] = table("log-odds of purine against pyrimidine for every nucleotide")


def compute_side_chain_check(study: Study, params: SideChainCheckParams, *, progress: Progress = silent) -> SideChainCheckResult:
    """Whether the map shows the sequence of the model.

    Parameters
    ----------
    study
        ``model``, and ``full_map``, float32 [z, y, x], or ``half1`` and ``half2``, whose mean stands for it; ``sequence``, which may hold
        more of the sequences than is built.
    params
        The resolution.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    SideChainCheckResult
        Log-odds of the types of every residue, stretches out of register, chains of another sequence, and purines against pyrimidines.

    Raises
    ------
    MissingInputError
        No model, or no map.
    InputError
        The inputs do not fit together, or no atom lies in the box.

    References
    ----------
    Rabiner (1989), https://doi.org/10.1109/5.18626 (Viterbi, forward and backward).
    """
    residue_scores.check_model_and_map(study)
    warnings: List[str] = []
    values: Dict[str, Any] = residue_scores.atom_counts(study, warnings)
    values.update(residue_scores.place_values(study, warnings), **study.half_map_values())
    asked = study.compared_at(params.resolution).note if params.resolution is not None else None
    warnings += [asked] if asked else []
    progress(0.1, "side chains of all types on every residue")
    odds, found = study.side_chain_odds(params.resolution), study.register(params.resolution)
    own = _own_odds(odds, found)
    values.update(_types(study, odds, found, own))
    progress(0.8, "register")
    # Side chains of a model that does not lie on the map tell nothing of its sequence.
    if values.get("model_place_words") is None and values["residues_scored"]:
        values.update(_register(study, found))
        warnings += [values[n] for n in words.SAID if values.get(n)]
    progress(0.9, "bases")
    bases = study.base_odds(params.resolution)
    values.update(_bases(study, bases))
    of_residues = dict(side_chain_log_odds=own[0], side_chain_elsewhere=found.elsewhere)
    if bases is not None:
        of_residues["base_log_odds"] = bases.odds
    carried = {name: v for name, v in of_residues.items() if np.isfinite(v).any()}
    if carried:
        values.update(residue_scores.carried(study.model, study.residues, carried))
    values.update(resolution=odds.resolution)
    progress(1.0, "done")
    return SideChainCheckResult(summary=words.summary(values), warnings=tuple(warnings), **values)


def _own_odds(odds: SideChainOdds, found: Register) -> Tuple[np.ndarray, np.ndarray]:
    """Log-odds of the types as built, and the probability of being them, float64 [n_residues] each; NaN where they are not known."""
    i = np.flatnonzero((odds.types >= 0) & np.isfinite(odds.raw).all(axis=1))
    at, part = np.full(len(odds.types), np.nan), np.full(len(odds.types), np.nan)
    at[i] = found.odds[i, odds.types[i]]
    weight = composition() * np.exp(found.odds[i])
    part[i] = weight[np.arange(i.size), odds.types[i]] / weight.sum(axis=1)
    return at, part


def _types(study: Study, odds: SideChainOdds, found: Register, own: Tuple[np.ndarray, np.ndarray]) -> Dict[str, Any]:
    """How well the types as built fit, of all residues and of each; ``own`` as of :func:`_own_odds`."""
    residues, types = study.residues, odds.types
    use = np.isfinite(odds.raw).all(axis=1)
    if not use.any():
        return dict(residues_scored=0)
    mine = use & (types >= 0)
    at, part = own
    told = np.flatnonzero(mine & (types >= _BARE))
    # The order of the types is that of the raw log-odds: with a temperature of 0 all are alike.
    better = (odds.raw[told] > odds.raw[told, types[told]][:, None]).sum(axis=1)
    best = np.where(use, np.argmax(np.where(use[:, None], odds.raw, 0.0), axis=1), -1)
    names = [TYPES[b] if b >= 0 else None for b in best]
    return dict(
        residues_scored=int(use.sum()), temperature=found.temperature, undetermined=found.undetermined,
        top3=float(100 * np.mean(better < _BEST)) if told.size else None, log_odds=float(np.mean(at[mine])) if mine.any() else None,
        residues=residue_scores.rows(residues, {
            Column("log-odds", "nats", "of the type as built"): at, "best": names,
            Column("best log-odds", "nats", "of the type that fits best"): found.odds[np.arange(len(best)), best],
            Column("probability", "", "that the map shows the type as built"): part,
            Column("elsewhere", "", "probability that the residue does not stand where it is built"): found.elsewhere}, use),
        odds=residue_scores.rows(residues, {Column(t.capitalize(), "nats"): found.odds[:, k] for k, t in enumerate(TYPES)}, use),
        chains=_chains(residues, found))


def _chains(residues: Residues, found: Register) -> Table:
    columns = ("chain", "residues", Column("score", "", "sum of the log-odds over the square root of their number"),
               Column("z", "", "the same above shuffled sequences, in their standard deviations"),
               Column("temperature", "", "of this chain"), "verdict", "fits",
               Column("z of what fits", "", "above shuffled sequences, in standard deviations"))
    return Table(columns, tuple((residues.chains[c.chain], c.scored, c.own, c.z, c.temperature, words.VERDICTS[c.verdict], c.fits or None,
                                 c.fits_z) for c in found.chains if c.scored))


def _register(study: Study, found: Register) -> Dict[str, Any]:
    """What is out of register or of another sequence."""
    residues, strange = study.residues, words.foreign(study.residues, found.chains)
    if found.undetermined:
        return dict(undetermined_words=words.undetermined(found.temperature))
    judged = max(int(np.isfinite(found.elsewhere).sum()), 1)
    alarms, unsure = ([s for s in found.shifts if s.alarm is kind] for kind in (True, False))
    return dict(
        residues_shifted=100.0 * sum(len(s.residues) for s in alarms) / judged,
        residues_unsure=100.0 * sum(len(s.residues) for s in unsure) / judged,
        register_words=words.shifted(residues, alarms), unsure_words=words.unsure(residues, unsure),
        chains_foreign=sum(c.verdict == "foreign" for c in found.chains), foreign_words=strange,
        outside_words=words.outside(residues, found.chains),
        register_shifts=Table(
            ("chain", "from", "to", Column("begins", "", "within, with 90 % probability"),
             Column("ends", "", "within, with 90 % probability"), "residues", Column("shift", "", "residues along the sequence"),
             Column("gain", "nats"), Column("z", "", "above permuted sequences, in standard deviations"), "verdict"),
            tuple(_row(residues, s) for s in (*alarms, *unsure))))


def _row(residues: Residues, s: Shift) -> Tuple[Any, ...]:
    begins, ends = (" to ".join(dict.fromkeys(residues.number[i] for i in edge)) for edge in (s.first, s.last))
    first, last = residues.number[s.residues[0]], residues.number[s.residues[-1]]
    return (residues.chains[s.chain], first, last, begins, ends, len(s.residues), s.shift, s.gain, s.z, "alarm" if s.alarm else "unsure")


def _bases(study: Study, bases: Optional[BaseOdds]) -> Dict[str, Any]:
    """Which nucleotides look like what they are."""
    if bases is None:
        return {}
    use, purine = np.isfinite(bases.odds), np.where(bases.types < PURINES, "purine", "pyrimidine")
    right = np.where(purine == "purine", bases.purine, -bases.purine) > 0
    table_ = residue_scores.rows(study.residues, {
        "built": purine, Column("log-odds", "nats", "of that against the other"): bases.odds,
        Column("probability", "", "that the map shows what is built, when both are as likely"): 1 / (1 + np.exp(-bases.odds))}, use)
    return dict(bases_scored=int(use.sum()), bases_right=float(100 * np.mean(right[use])), bases_temperature=bases.temperature,
                bases=table_)
