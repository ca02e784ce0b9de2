"""The verdict on a map in one sentence: how far it can be trusted, where, and what it hangs on."""
from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..checks import lowered
from .arguments import NOT_TRUSTED, REMARK, RESERVED, Argument, arguments, sentence, verdict
from .items import REPORTED, Judged

Documents = Mapping[str, Mapping[str, Any]]
_LONGEST = 160                                   # characters of a summary that is a headline
EVEN = 1.3                                       # 95 over 5 percentile of the local resolution up to which a map is even
_NEAR = 20.0                                     # degrees within which a direction is near an axis
_LOCAL = ("local_fsc", "monores", "map_resolution", "relion_locres", "blocres", "phenix_locres", "resmap")
_PREMISES = {"voxel_size_unset": "its voxel size of exactly 1 Å is right"}
_WHAT = (("half_maps_", "the resolution of this map"), ("shares_in_mask", "the resolution of this map"),
         (REPORTED, "the reported resolution"),
         ("wrong_probability", "the hand of this map"), ("model_voxel", "the voxel size"), ("model_", "the model"), ("atoms_", "the model"),
         ("fitting_origin", "the model"),
         *((begin, "the model") for begin in ("residues_", "cc_mask", "mirrored", "q_difference", "below_expectation", "centred_",
                                              "gap_sigma", "overfitted", "chains_foreign", "omit", "trust", "sides_off")))


class Resolution(NamedTuple):
    """The resolution of a run in Å, ``best`` .. ``worst`` its 95 % interval.

    ``kind`` is ``fsc``, ``bound`` (the true one may be coarser) or ``map`` (estimated without half-maps).
    """

    value: float
    kind: str
    best: Optional[float] = None
    worst: Optional[float] = None

    def words(self) -> str:
        """For a sentence."""
        return f"{self.value:.2f} Å at best" if self.kind == "bound" else f"{self.value:.2f} Å"


def value_of(documents: Documents, capability: str, metric: str) -> Any:
    """The value of a metric, None where there is none."""
    return documents.get(capability, {}).get("metrics", {}).get(metric, {}).get("value")


def first_value(documents: Documents, metric: str) -> Any:
    """The value of a metric in the first result that has one; None where none has."""
    return next((v for v in (value_of(documents, c, metric) for c in documents) if v is not None), None)


def resolution(documents: Documents) -> Optional[Resolution]:
    """The resolution that a run gives: of the FSC, else its bound, else the median of the map alone; None when it gives none."""
    for prefix, kind in (("resolution", "fsc"), ("resolution_bound", "bound")):
        value = value_of(documents, "fsc", prefix)
        if value is not None:
            return Resolution(value, kind, value_of(documents, "fsc", prefix + "_better"), value_of(documents, "fsc", prefix + "_worse"))
    if "metrics" in documents.get("fsc", {}):
        return None                              # half-maps that can have no resolution: no other number stands in
    alone = value_of(documents, "map_resolution", "median")
    return None if alone is None else Resolution(alone, "map")


def local_range(documents: Documents) -> Optional[Tuple[str, float, float, float]]:
    """Capability, 5 percentile, median and 95 percentile (Å) of the first local method that has them."""
    for capability in _LOCAL:
        found = tuple(value_of(documents, capability, name) for name in ("p5", "median", "p95"))
        if all(v is not None for v in found):
            return (capability, *found)          # type: ignore[return-value]
    return None


def worst_axis(documents: Documents) -> Optional[str]:
    """Name of the axis nearest to the worst region of directions where the directions differ; None where they do not or are not known."""
    if value_of(documents, "directional_fsc", "isotropic") is not False:
        return None
    place = region(documents, "worst")
    return nearest_axis(place) if place else None


def region(documents: Documents, which: str) -> Optional[Tuple[float, float, float]]:
    """Direction (x, y, z) of the ``best`` or ``worst`` region of the directional FSC."""
    table = documents.get("directional_fsc", {}).get("tables", {}).get("axes", {})
    return next((tuple(row[2:5]) for row in table.get("rows", ()) if row[0] == "region" and row[1] == which), None)


def nearest_axis(direction: Sequence[float]) -> str:
    """The axis of the box nearest to a direction, with its angle where it is more than 20 degrees off: ``x``, ``20° from z``."""
    from math import acos, degrees
    name, part = max(zip("xyz", (abs(float(v)) for v in direction)), key=lambda pair: pair[1])
    angle = degrees(acos(min(1.0, part)))
    return name if angle <= _NEAR else f"{angle:.0f}° from {name}"


def near_axis(direction: Sequence[float]) -> str:
    """The nearest axis as it goes on in a sentence: ``near x``, ``20° from z``."""
    found = nearest_axis(direction)
    return found if "°" in found else f"near {found}"


def trust(judged: Sequence[Judged], documents: Mapping[str, Mapping[str, Any]]) -> Dict[str, Any]:
    """Verdict, score, the sentences and the arguments of a run, as they stand in its document.

    Parameters
    ----------
    judged
        The items with their verdicts, explained ones taken out by :func:`cryoqa_plugin.validation.arguments.explain`.
    documents
        Result documents by capability.
    """
    found = arguments(judged)
    evaluable = sum(j.status in ("ok", "warn", "fail") for j in judged)
    words, score = verdict(found, evaluable)
    said = sentence(found, evaluable, "metrics" in documents.get("fsc", {}), halves_given(documents))
    return dict(verdict=words, score=score, sentence=said,
                headline=headline(documents, found, evaluable), arguments=[a.entry() for a in found])


def halves_given(documents: Documents) -> bool:
    """Whether half-maps are among the inputs."""
    return any("half1" in d.get("inputs", {}) for d in documents.values())


def headline(documents: Documents, found: Sequence[Argument], evaluable: int) -> str:
    """The verdict in one sentence.

    Parameters
    ----------
    documents
        Result documents by capability.
    found
        Made by :func:`cryoqa_plugin.validation.arguments.arguments`.
    evaluable
        Items with a verdict.

    Returns
    -------
    str
        Empty where nothing could be evaluated.
    """
    words, _ = verdict(found, evaluable)
    if words is None:
        return ""
    first = found[0] if found else None
    if words == NOT_TRUSTED and first is not None:
        return f"Do not trust {_what(first)} yet: {lowered(first.claim).rstrip('.')}."
    answer = resolution(documents)
    care = f", with care: {lowered(first.claim).rstrip('.')}" if words == RESERVED and first is not None else _premise(found)
    if answer is None:
        return f"{_of_model(documents) or _summary(documents)}{care if words == RESERVED else ''}."
    if answer.kind == "map":
        return f"{answer.words()} is an estimate from the map alone{care}."
    return f"Trust this map to {answer.words()}{_evenness(documents)}{care}."


def _of_model(documents: Documents) -> str:
    """How far map and model agree, where a run asked several things and no resolution of the map is known."""
    asked = len(documents) > 1 and "metrics" not in documents.get("fsc", {})
    known = value_of(documents, "mtriage", "d_fsc_model_05_near") if asked else None
    return "" if known is None else f"Map and model agree to {known:.2f} Å (FSC 0.5)"


def _summary(documents: Documents) -> str:
    """The first sentence of the result where there is one alone, without its full stop; else that nothing argues against the files."""
    if len(documents) == 1:
        first = re.split(r"(?<=[^.\d])\. |\.$", str(next(iter(documents.values())).get("summary", "")))[0]
        if 0 < len(first) <= _LONGEST:
            return first
    return "No problem was found in the files"


def _what(argument: Argument) -> str:
    return next((what for begin, what in _WHAT if argument.metric.startswith(begin)), "this map")


def _premise(found: Sequence[Argument]) -> str:
    premise = next((_PREMISES[a.metric] for a in found if a.metric in _PREMISES and a.strength <= REMARK), "")
    return f", if {premise}" if premise else ""


def _evenness(documents: Documents) -> str:
    """Place and direction in the words of the headline."""
    local = local_range(documents)
    known = value_of(documents, "directional_fsc", "isotropic")
    axis = worst_axis(documents)
    even = local is not None and local[3] <= EVEN * local[1]
    if even and known:
        return ", evenly in place and direction"
    out: List[str] = []
    if local is not None:
        out.append("evenly in place" if even else f"from {local[1]:.2f} Å in the core to {local[3]:.2f} Å at the rim")
    if known is not None:
        along = f"worse {axis if '°' in axis else 'along ' + axis}" if axis else "not evenly in direction"
        out.append("evenly in direction" if known else along)
    return "".join(", " + words for words in out)
