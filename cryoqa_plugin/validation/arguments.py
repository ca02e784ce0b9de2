"""What argues against a map: each cause once, how strongly, the strongest first, and the verdict that follows."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..checks import explained_by
from ..limits import EXPLAINED
from .items import REPORTED, Judged

# Strength of an argument: what is left of the score when it is the strongest.
FAIL, STRONG, WEAK, REMARK = 1.0, 0.7, 0.4, 0.1
WORDS = {FAIL: "fail", STRONG: "strong", WEAK: "weak", REMARK: "remark"}
TRUSTED, RESERVED, NOT_TRUSTED = "trusted", "with reservations", "not to be trusted"
STATUS = {TRUSTED: "ok", RESERVED: "warn", NOT_TRUSTED: "fail"}      # the badge of a map by its verdict
_SHOWN = 3
_WEIGHTS = {4: STRONG, 3: REMARK, 2: WEAK, 1: REMARK}                # of a warning by the strength of its check; a premise may well hold

# Metrics that show one cause, with its title; a metric that stands nowhere is a cause of its own.
_GROUPS: Tuple[Tuple[str, Tuple[str, ...]], ...] = (
    ("The directions differ", ("empty_fraction", "noise_ratio", "fall_off_ratio", "preferred")),
    ("The FSC does not fall to the end of the curve", ("reaches_nyquist", "reach_nyquist", "nyquist_fraction", "tail_fsc", "rise_at_end",
                                                       "returns_above", "shells_beyond", "d_fsc_falls")),
    ("The model does not fit", ("model_zscore", "atoms_outside", "model_correlation", "cc_mask", "residues_low", "inclusion_backbone",
                                "q_difference", "below_expectation", "residues_unexplained", "centred_low", "centred_dips", "omit",
                                "trust", "residues_without", "residues_unsteady", "residues_moved", "sides_off")),
    ("The model is fitted to noise", ("gap_sigma", "overfitted", "model_lead")),
    ("The geometry of the model", ("chirality_wrong", "chain_breaks", "bonds_far_percent", "twisted_percent", "cis_percent",
                                   "clashes_per_1000", "ca_percent", "atoms_together")),
    ("The reported resolution is finer than the data", (REPORTED, "finer_percent")),
    ("The half-maps are masked", ("half_maps_masked", "half_maps_damped")),
    ("The mask is too tight for the FSC", ("random_fsc_at_resolution", "random_fsc", "unmasked_reaches_further")),
    ("The molecule is not at the box centre", ("decentring", "mass_offset", "centre_offset")),
    ("The box leaves little room", ("space_min_percent", "margin")),
    ("The density is in pieces", ("pieces_95", "remaining_percent", "mask_overlap")),
    ("Density or noise around the molecule", ("background_mean", "outliers_percent", "noise_spread", "noise_source", "representative")),
    ("The fall-off of the map", ("bfactor", "fall", "b_excess", "guinier_correlation")))
_CAUSES = {metric: title for title, metrics in _GROUPS for metric in metrics}
_LIST = "omit"                                   # of all that show that a model does not fit, what comes with a list of places
_MODEL_ALONE = ("A.j", "model_geometry")         # what looks at no map says nothing against one
_GEOMETRY = dict(_GROUPS)["The geometry of the model"]

_OF_FIT = tuple(EXPLAINED["model_zscore"])
_MODEL = frozenset(("fitting_origin", "mirrored", "duplicate_atoms", *EXPLAINED["fitting_origin"])) - {"model_voxel_off"}
_OF_NOISE = ("representative", "background_mean", "outliers_percent", "nyquist_fraction", "fraction_partial", "unevenness")
# What a cause explains beyond its own capability, the most upstream cause first.
_ELSEWHERE: Dict[str, Tuple[str, ...]] = {
    "half_maps_masked": _OF_NOISE, "half_maps_damped": _OF_NOISE, "half_maps_filtered": (
        *_OF_NOISE, "fall_off_ratio", "correlation_model", "log_error", "q_difference", "below_expectation", "residues_unexplained"),
    "half_maps_share_noise": ("shares_in_mask",),
    "wrong_probability": ("model_operation", "mirrored", "model_zscore", *_OF_FIT),
    "ca_only": _OF_FIT, "mirrored": ("model_operation", "model_zscore", *_OF_FIT), "atoms_outside": ("model_zscore", *_OF_FIT),
    REPORTED: ("reported_deviation", "reported_gap"), "reported_deviation": ("reported_gap", "reported_lead"),
    "fraction_partial": ("cc_mask", "residues_low", "q_difference", "residues_unexplained", "centred_low", "centred_dips", "decentring",
                         "mass_offset"),
    "level_verdict": ("inclusion_backbone", "decentring", "mass_offset", "space_min_percent", "margin", "outliers_percent",
                      "background_mean")}
_FIRST = ("wrong_probability", "ca_only", "mirrored")
_HALVES = tuple(metric for metric in EXPLAINED if metric.startswith("half_maps_"))
EXPLAINS: Dict[str, Tuple[str, ...]] = {metric: (*EXPLAINED.get(metric, ()), *_ELSEWHERE.get(metric, ()))
                                        for metric in dict.fromkeys((*_HALVES, *_FIRST, *EXPLAINED, *_ELSEWHERE))}


class Argument(NamedTuple):
    """One cause that argues against the map: its ``title``, ``strength``, the ``items`` that show it, and the ``sentence`` of the first.

    ``outcome`` is that of the check that says it most strongly.
    """

    title: str
    strength: float
    items: Tuple[str, ...]
    sentence: str
    outcome: Mapping[str, Any] = {}

    @property
    def metric(self) -> str:
        """Name of the metric whose check says it."""
        return str(self.outcome.get("metric", ""))

    @property
    def claim(self) -> str:
        """What is wrong, in few words."""
        return str(self.outcome.get("claim") or self.title)

    def entry(self) -> Dict[str, Any]:
        """As it stands in the document."""
        return dict(cause=self.title, strength=WORDS[self.strength], weight=self.strength, items=list(self.items), sentence=self.sentence,
                    metric=self.metric, claim=self.claim, advice=str(self.outcome.get("advice", "")))


def explain(judged: Sequence[Judged]) -> List[Judged]:
    """The items, in which what another finding explains is not judged.

    Parameters
    ----------
    judged
        The items with their verdicts.

    Returns
    -------
    list of Judged
        An outcome that is explained is ``skipped`` and names its cause; the status of its item is that of the rest.
    """
    claims = {c["metric"]: str(c.get("claim") or c["title"]) for j in judged for c in j.ours if c["status"] in ("warn", "fail")}
    causes: List[Tuple[str, Collection[str]]] = [(metric, named) for metric, named in EXPLAINS.items() if metric in claims]
    if any(c["metric"] == REPORTED and c["status"] == "ok" for j in judged if j.item.id == "1.a" for c in j.ours):
        causes.insert(0, ("", (REPORTED, "finer_percent")))  # methods differ by more than the FSC is uncertain
    out = []
    for item in judged:
        ours = tuple(_explained(c, causes, claims) for c in item.ours)
        out.append(item if all(a is b for a, b in zip(ours, item.ours)) else replace(item, ours=ours, status=_worst(item, ours)))
    return out


def _explained(outcome: Mapping[str, Any], causes: Sequence[Tuple[str, Collection[str]]],
               claims: Mapping[str, str]) -> Mapping[str, Any]:
    """The outcome, skipped when a cause that comes before it explains it."""
    if outcome["status"] not in ("warn", "fail"):
        return outcome
    for metric, named in causes:
        if metric == outcome["metric"]:
            return outcome
        if not metric and outcome["metric"] in named:
            return explained_by(outcome, "The FSC of the half-maps confirms the reported resolution")
        if "*" in named or outcome["metric"] in named:
            return explained_by(outcome, claims[metric])
    return outcome


def _worst(item: Judged, ours: Sequence[Mapping[str, Any]]) -> str:
    """Status of an item whose outcomes were explained: ``skipped`` when none of those that are left was judged."""
    left = [c["status"] for c in ours if c["status"] != "skipped"]
    if item.status not in ("warn", "fail"):
        return item.status
    explained = any(new["status"] == "skipped" and old["status"] != "skipped" for old, new in zip(item.ours, ours))
    bad = next((s for s in ("fail", "warn") if s in left), None)
    return bad or ("skipped" if explained else "ok")


def arguments(judged: Sequence[Judged]) -> List[Argument]:
    """What argues against the map, each cause once, the strongest first.

    Parameters
    ----------
    judged
        The items with their verdicts, explained ones taken out by :func:`explain`.

    Returns
    -------
    list of Argument
        Of equal strength that of the graver check, then the one that explains more, then that of the earlier item, first.
    """
    found: Dict[str, Argument] = {}
    order: Dict[str, int] = {}
    of_map = any(c["metric"] not in _GEOMETRY for j in judged if j.item.id not in _MODEL_ALONE for c in j.ours)
    upstream = list(EXPLAINS)
    for item in judged:
        for outcome in item.ours:
            if outcome["status"] not in ("warn", "fail"):
                continue
            metric = outcome["metric"]
            title = _CAUSES.get(metric, outcome["title"])
            strength = REMARK if of_map and metric in _GEOMETRY else _strength(outcome)
            order[title] = min(order.get(title, len(upstream)), upstream.index(metric) if metric in upstream else len(upstream))
            known = found.get(title)
            if known is None or strength > known.strength or strength == known.strength and metric == _LIST:
                items = () if known is None else known.items
                found[title] = Argument(title, strength, tuple(dict.fromkeys((*items, item.item.id))), outcome["sentence"], outcome)
            else:
                found[title] = known._replace(items=tuple(dict.fromkeys((*known.items, item.item.id))))
    return sorted(found.values(), key=lambda a: (-a.strength, -a.outcome.get("strength", 0), order[a.title]))


def _strength(outcome: Mapping[str, Any]) -> float:
    if outcome["status"] == "fail":
        return FAIL
    return STRONG if outcome.get("grave") else _WEIGHTS[outcome.get("strength", 2)]


def verdict(found: Sequence[Argument], evaluable: int) -> Tuple[Optional[str], Optional[float]]:
    """The verdict and the score of a validation.

    Parameters
    ----------
    found
        Made by :func:`arguments`.
    evaluable
        Items with a verdict; without any there is none on the whole.

    Returns
    -------
    tuple
        ``trusted``, ``with reservations`` or ``not to be trusted``, and 1 less the strength of the strongest argument.
    """
    if not evaluable:
        return None, None
    strongest = max((a.strength for a in found), default=0.0)
    words = TRUSTED if strongest <= REMARK else RESERVED if strongest <= WEAK else NOT_TRUSTED
    return words, round(1 - strongest, 2)


def sentence(found: Sequence[Argument], evaluable: int, halves: bool = True, given: bool = False) -> str:
    """The verdict in words, with the three strongest arguments, or else remarks.

    Parameters
    ----------
    found
        Made by :func:`arguments`.
    evaluable
        Items with a verdict.
    halves
        The half-maps were tested for their resolution.
    given
        Half-maps were there.

    Returns
    -------
    str
        Empty where nothing could be evaluated.
    """
    words, score = verdict(found, evaluable)
    if words is None:
        return ""
    what = "model" if found and all(a.metric in _MODEL for a in found if a.strength > WEAK) else "map"
    begin = {TRUSTED: "The map can be trusted", RESERVED: "The map can be trusted with reservations",
             NOT_TRUSTED: f"The {what} is not to be trusted as it is"}[words]
    if not halves:
        begin = {TRUSTED: "As far as it was asked, the map can be trusted" if given
                 else "As far as a map shows without half-maps, it can be trusted"}.get(words, begin)
    if not found:
        return f"{begin} (score {score:.1f}): nothing argues against it."
    against = [a for a in found if a.strength > REMARK]
    listed = " ".join(f"({i}) {a.sentence}" for i, a in enumerate((against or found)[:_SHOWN], 1))
    return f"{begin} (score {score:.1f}). {'Against it' if against else 'Look at'}: {listed}"
