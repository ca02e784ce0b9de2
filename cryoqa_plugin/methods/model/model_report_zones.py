"""Zones of a model: which residues to trust, which to check and which to leave out, by single rules with a reason each."""
from __future__ import annotations

from typing import Callable, Dict, Mapping, NamedTuple, Tuple

import numpy as np

from ...core.robust import robust_sd
from ...results import Column
from ...study import Study, model_place
from ...study.residues import BACKBONE, NUCLEIC, PROTEIN, Residues

TRUST, CAUTION, OMIT = ZONES = ("trust", "caution", "omit")
_FEWEST = 30                          # residues of a kind, with which its spread is known
_WINDOW = 2                           # residues to either side, of the means over five
_EMPTY = 1.0                          # σ, density below which there is none
_UNLIKE = -0.3                        # delta below which the map shows something else, however the rest of the model fits
_UNLIKE_ALONE = 0.3                   # the same without half-maps: local correlation of map and model
_UNSURE = 0.6                         # local correlation of the map with what it measures, below which no model can be checked
_COARSE = 5.0                         # Å, beyond which neither side chains nor peptides are seen
_MOVED = 0.5                          # posterior of another register
_MORE = (5.0, 0.4)                    # σ, and part of the density at a backbone, that a single atom leaves when it is something else
# The rules that compare a residue with the others of its kind: robust z below which they hold, set on models of 3O21 A and 5NI1 at 2.6, 3.4
# and 4.0 Å so that this part of the right residues falls below: Q and delta 0.8 %, backbone 0.5 %, rotamer, peptide and gap 1 to 1.5 %.
LIMITS: Dict[str, float] = {"q": -4.1, "backbone": -4.4, "delta": -6.9, "rotamer": -2.8, "peptide": -2.4, "gap": -2.8}
# The least spread of each: residues of a model that fits everywhere alike differ by less than matters.
_SPREAD = {"q": 0.03, "backbone": 0.03, "delta": 0.01, "rotamer": 0.06, "peptide": 1.0, "gap": 0.7}
# The rules with the zone that each leads to, the most upstream reason first.
RULES: Tuple[Tuple[str, str], ...] = (
    ("place", CAUTION), ("foreign", CAUTION), ("empty", OMIT), ("register", OMIT), ("backbone", OMIT), ("map", CAUTION),
    ("unsure", CAUTION), ("delta", CAUTION), ("peptide", CAUTION), ("rotamer", CAUTION), ("gap", CAUTION), ("q", CAUTION),
    ("more", CAUTION))
COLUMNS: Dict[str, Column] = {
    "q": Column("Q", "", "Q-score in the map with even shells"),
    "backbone": Column("backbone Q", "", "mean Q of the backbone over five residues"),
    "delta": Column("delta", "", "local correlation of map and model less sqrt of that of the map with what it measures"),
    "delta_backbone": Column("backbone delta", "", "mean delta of the backbone over five residues"),
    "peptide": Column("turned peptide", "σ", "density at O turned over less that at O, of the better of the two peptides"),
    "rotamer": Column("other rotamer", "", "density at the best rotamer of its type less that of the one built; 1 at a backbone"),
    "gap": Column("deepest gap", "σ", "lowest value of map less model at an atom"),
    "register": Column("register", "", "probability that the sequence stands elsewhere"),
    "density": Column("density", "σ", "even map at the backbone, mean over five residues"),
    "map": Column("map", "", "local correlation of the map with what it measures")}


class Zones(NamedTuple):
    """The zones of the residues of a model.

    ``judged`` bool [n_residues]: residues with an atom in the box. ``zone`` and ``reasons`` (in words, the most upstream first) are texts
    [n_residues]; ``badness`` float64 [n_residues] sorts them, the worst highest. ``scores`` float64 [n_residues] by name, as in
    ``COLUMNS``; ``missing`` says of rules that could not be asked what they lacked; ``held`` which rules hold, bool [n_residues] by name.
    """

    judged: np.ndarray
    zone: Tuple[str, ...]
    reasons: Tuple[str, ...]
    badness: np.ndarray
    scores: Dict[str, np.ndarray]
    held: Dict[str, np.ndarray]
    missing: Dict[str, str]


def zones_of(study: Study) -> Zones:
    """The zones of a model.

    Parameters
    ----------
    study
        A model with atoms in the box, and half-maps or a map.

    Returns
    -------
    Zones
        Of all residues, waters and ligands too.

    Notes
    -----
    A rule holds where a score lies below its limit; scores are compared by ``(score - median) / (1.4826 MAD)`` over the residues of the
    same kind, protein or nucleic. A residue is in the worst zone of the rules that hold. Three rules do not compare, so that a model which
    is wrong everywhere is not its own measure: no density at the backbone, the map shows something else, the model is out of place.
    """
    scores, missing = _scores(study)
    residues = study.residues
    judged = np.bincount(residues.residue[study.used_atoms()], minlength=len(residues)) > 0
    held, badness = _held(study, scores, judged)
    order = [name for name, _ in RULES]
    zone = np.full(len(residues), TRUST, dtype=object)
    for wanted in (CAUTION, OMIT):
        for name, leads in RULES:
            if leads == wanted and name in held:
                zone[held[name]] = wanted
    said = _words(study, scores)
    reasons = tuple("; ".join(said[name](i) for name in order if name in held and held[name][i]) for i in range(len(residues)))
    return Zones(judged, tuple(zone), reasons, badness, scores, held, missing)


def over_five(residues: Residues, values: np.ndarray) -> np.ndarray:
    """Mean of a score over a residue and two to either side.

    Parameters
    ----------
    residues
        The residues of the model.
    values
        Of each, float64 [n_residues]; NaN where there is none.

    Returns
    -------
    ndarray
        float64 [n_residues], along bonded residues alone; NaN where none counts.
    """
    out = np.array(values, dtype=np.float64)
    for run in residues.stretches:
        mine = values[run]
        known = np.isfinite(mine)
        total, count = (np.concatenate(([0.0], np.cumsum(v))) for v in (np.where(known, mine, 0.0), known.astype(np.float64)))
        low, high = np.maximum(np.arange(run.size) - _WINDOW, 0), np.minimum(np.arange(run.size) + _WINDOW + 1, run.size)
        n = count[high] - count[low]
        out[run] = np.divide(total[high] - total[low], n, out=np.full(run.size, np.nan), where=n > 0)
    return out


def robust_z(values: np.ndarray, residues: Residues, least: float = 0.0) -> np.ndarray:
    """How far a score lies from those of other residues of its kind.

    Parameters
    ----------
    values
        float64 [n_residues]; NaN where there is none.
    residues
        The residues of the model.
    least
        Spread that is taken where there is less.

    Returns
    -------
    ndarray
        ``(value - median) / (1.4826 MAD)`` float64 [n_residues], of protein and of nucleic acids apart; NaN for other kinds, and for fewer
        than 30 residues.
    """
    out = np.full(values.size, np.nan)
    for kind in (PROTEIN, NUCLEIC):
        mine = (residues.kind == kind) & np.isfinite(values)
        if np.count_nonzero(mine) >= _FEWEST:
            middle = float(np.median(values[mine]))
            spread = robust_sd(values[mine], middle)
            out[mine] = (values[mine] - middle) / max(spread, least, 1e-9)
    return out


def z_of(name: str, values: np.ndarray, residues: Residues) -> np.ndarray:
    """:func:`robust_z` of a score of the rules in ``LIMITS``, low for bad residues.

    Parameters
    ----------
    name
        Of the score.
    values, residues
        As of :func:`robust_z`.

    Returns
    -------
    ndarray
        float64 [n_residues].
    """
    return robust_z(-values if name in ("peptide", "rotamer") else values, residues, _SPREAD[name])


def _scores(study: Study) -> Tuple[Dict[str, np.ndarray], Dict[str, str]]:
    """The scores of the residues by name, low for bad ones but for ``peptide``, ``rotamer`` and ``register``; and what is missing."""
    r, found, agreement = study.residues, study.unexplained, study.agreement
    q, flips = study.even_q_values(), study.flips
    backbone = r.heavy & (r.role == BACKBONE)
    backbone = backbone if backbone.any() else r.heavy
    lowest = np.full(len(r), np.inf)
    known = r.heavy & np.isfinite(found.atom)
    np.minimum.at(lowest, r.residue[known], found.atom[known])
    before = np.where(r.before >= 0, flips[r.before], np.nan)
    density = r.mean(found.density, backbone)
    out = dict(q=q.residue, backbone=over_five(r, q.backbone), peptide=np.fmax(flips, before),
               gap=np.where(np.isfinite(lowest), lowest, np.nan),
               density=over_five(r, np.where(np.isfinite(density), density, r.mean(found.density, r.heavy))))
    missing: Dict[str, str] = {}
    delta = agreement.delta if agreement.delta is not None else agreement.model
    out.update(delta=r.mean(delta, r.heavy), delta_backbone=over_five(r, r.mean(delta, backbone)))
    if agreement.full is not None:
        out["map"] = r.mean(agreement.full, r.heavy)
    else:
        missing["map"] = "no two independent half-maps: whether the map itself can be trusted there is not known"
        missing["delta"] = "no two independent half-maps: the correlation of map and model stands for it"
    resolution = study.resolution_inside()
    for name, values, lacks in (("rotamer", study.side_chain_odds().rotamer, "no protein with its side chains"),
                                ("register", study.register().shifted, "no protein whose side chains the map shows"),
                                ("peptide", out.pop("peptide"), "no protein with its O atoms")):
        if resolution > _COARSE:
            missing[name] = f"a map finer than {_COARSE:g} Å; this one has {resolution:.1f} Å"
        elif np.isfinite(values).any():
            out[name] = values
        else:
            missing[name] = lacks
    return out, missing


def _held(study: Study, scores: Mapping[str, np.ndarray], judged: np.ndarray) -> Tuple[Dict[str, np.ndarray], np.ndarray]:
    """Where each rule holds, bool [n_residues] by name, and how bad each residue is, float64 [n_residues]."""
    out: Dict[str, np.ndarray] = {}
    badness = np.zeros(judged.size)
    for name, limit in LIMITS.items():
        if name in scores:
            z = z_of(name, scores[name], study.residues)
            # What fits better turned must fit better, however the others of the model fit.
            better = scores[name] > 0 if name in ("peptide", "rotamer") else np.ones(judged.size, dtype=bool)
            out[name] = judged & better & (np.nan_to_num(z, nan=0.0) < limit)
            badness = np.maximum(badness, np.where(out[name], np.nan_to_num(z / limit), 0.0))
    unlike = _UNLIKE if "map" in scores else _UNLIKE_ALONE
    for rule, name in (("delta", "delta"), ("backbone", "delta_backbone")):
        out[rule] = out[rule] | judged & (np.nan_to_num(scores[name], nan=1.0) < unlike)
    empty = judged & ((np.nan_to_num(scores["density"], nan=np.inf) < _EMPTY) | (study.unexplained.level < _EMPTY))
    # Nothing else can be said of atoms where there is no density.
    out = {name: held & ~empty for name, held in out.items()}
    out.update(_of_the_map(study, scores, judged & ~empty), empty=empty, place=judged & _out_of_place(study))
    if "register" in scores:
        out.update(_of_the_sequence(study, scores["register"], judged))
        badness += 5.0 * out["register"]
    return out, badness + 10.0 * empty


def _of_the_map(study: Study, scores: Mapping[str, np.ndarray], judged: np.ndarray) -> Dict[str, np.ndarray]:
    """Where the map itself shows too little, and where it shows more than the one atom that stands there."""
    r = study.residues
    alone = (np.bincount(r.residue[r.heavy], minlength=len(r)) == 1) & (r.kind > NUCLEIC)
    more = np.nan_to_num(scores["gap"], nan=-np.inf) > max(_MORE[0], _MORE[1] * study.unexplained.level)
    out = dict(more=judged & alone & more)
    if "map" in scores:
        out["map"] = judged & (np.nan_to_num(scores["map"], nan=1.0) < _UNSURE)
    return out


def _of_the_sequence(study: Study, posterior: np.ndarray, judged: np.ndarray) -> Dict[str, np.ndarray]:
    """Stretches out of register, those that may be, and chains of another sequence."""
    r, register = study.residues, study.register()
    chains = [c.chain for c in register.chains if c.verdict == "foreign"]
    sure = np.concatenate([np.zeros(0, dtype=np.int64), *(s.residues for s in register.shifts if s.alarm)])
    foreign = judged & np.isin(r.chain, chains) & (r.kind == PROTEIN)
    elsewhere = judged & ~foreign & (np.nan_to_num(posterior) > _MOVED)
    surely = elsewhere & np.isin(np.arange(len(r)), sure)
    return dict(foreign=foreign, register=surely, unsure=elsewhere & ~surely)


def _out_of_place(study: Study) -> bool:
    place = study.model_place
    return study.fitting_origin.origin is not None or place is not None and bool(model_place.notes(place, study.density))


def _words(study: Study, scores: Mapping[str, np.ndarray]) -> Dict[str, Callable[[int], str]]:
    """The reason of each rule in words, as a function of the residue."""
    r, found, flips = study.residues, study.unexplained, study.flips
    order = np.argsort(r.residue, kind="stable")
    starts = np.searchsorted(r.residue[order], np.arange(len(r) + 1))
    offset = {int(i): shift.shift for shift in study.register().shifts for i in shift.residues}

    def moved(i: int) -> str:
        by = offset.get(i, 0)
        return f"its sequence fits better moved by {by:+d}" if by else "its sequence fits better moved along"

    def gap(i: int) -> str:
        mine = order[starts[i]:starts[i + 1]]
        return f"the map lacks density at {r.atom[mine[np.nanargmin(np.where(r.heavy[mine], found.atom[mine], np.nan))]]}"

    def peptide(i: int) -> str:
        after = flips[i] if np.isfinite(flips[i]) else -np.inf
        return f"the peptide {'after' if after >= scores['peptide'][i] else 'before'} it fits better turned over"

    return {"place": lambda i: "the model does not lie on its map", "foreign": lambda i: "its chain has side chains of another sequence",
            "empty": lambda i: "no density at its backbone", "register": moved,
            "backbone": lambda i: "the backbone does not follow the density",
            "unsure": lambda i: f"its sequence is unsure: perhaps{moved(i)[len('its sequence fits better'):]}",
            "map": lambda i: "the map shows too little here to check any model",
            "delta": lambda i: "the map shows something else than the model", "peptide": peptide,
            "rotamer": lambda i: "another rotamer fits better", "gap": gap, "q": lambda i: "its atoms are not resolved (Q)",
            "more": lambda i: "more density than one atom explains"}
