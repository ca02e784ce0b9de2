"""What a validation says as a whole: the score, the mean of the resolutions, a few sentences."""
from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..registry import CAPABILITIES
from ..rounding import show_value
from . import arguments
from .items import Judged


def score(judged: Sequence[Judged]) -> Dict[str, int]:
    """Items without a warning and items with a verdict, by the criteria of cryoqa and by those of the service."""
    ours = [j.status for j in judged if j.item.capabilities and j.status in ("ok", "warn", "fail")]
    service = [j.service_status for j in judged if j.service_status in ("ok", "warn", "fail")]
    return dict(passed=ours.count("ok"), evaluable=len(ours), service_passed=service.count("ok"), service_evaluable=len(service))


def estimates(documents: Mapping[str, Mapping[str, Any]]) -> List[Tuple[str, str, float]]:
    """Item, title of the capability and resolution (Å) of each estimate that there is; of local methods the median."""
    out = []
    for row in CAPABILITIES:
        metrics = documents.get(row.id, {}).get("metrics", {})
        known = {name: entry["value"] for name, entry in metrics.items()}
        out += [(item, row.title, float(known[metric])) for item, metric in row.estimates if known.get(metric)]
    return sorted(out, key=lambda found: found[0])


def resolution_sentence(found: Sequence[Tuple[str, str, float]], reported: Optional[float]) -> str:
    """The estimates in one sentence, beside the reported resolution."""
    if not found:
        return ""
    low, high = (show_value(end(v for _, _, v in found), "Å") for end in (min, max))
    out = (f"{len(found)} methods, each with a question of its own, give {low} to {high}." if len(found) > 1 else
           f"{found[0][1]} gives {low}.")
    if reported is None:
        return out + " No resolution was reported."
    return out + f" The reported resolution is {show_value(reported, 'Å')}."


def summary(judged: Sequence[Judged], found: Sequence[Tuple[str, str, float]], reported: Optional[float], given: bool = False) -> str:
    """The verdict with the arguments against the map, the resolution, and the score by items; ``given``: half-maps were there."""
    points = score(judged)
    failed = [f"{j.item.id} {j.item.title.lower()}" for j in judged if j.status == "error"]
    halves = any(j.item.level == "1" and "fsc" in j.item.capabilities and j.status in ("ok", "warn", "fail") for j in judged)
    verdict = arguments.sentence(arguments.arguments(judged), points["evaluable"], halves, given)
    words = [verdict or "Nothing could be evaluated with these inputs."]
    if points["evaluable"]:
        words.append(f"{points['passed']} of {points['evaluable']} items that could be judged are met.")
    if failed:
        words.append(f"Not done: {', '.join(failed)}.")
    words.append(resolution_sentence(found, reported))
    return " ".join(w for w in words if w)
