"""The reported resolution held against what each item finds, with the uncertainty of both."""
from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..rounding import show_value
from ..study.reported import SLACK

FAR = 0.2                                        # a reported resolution that is finer by more is none of the map's
REACHED = 0.5                                    # % of the voxels that have to reach the reported resolution
TITLE = "Reported resolution"
ADVICE = "Look at the mask and the threshold that it was read with."


class Source(NamedTuple):
    """Where an item finds how fine the data are: ``metrics`` of a ``capability``, the finest counts; or its ``histogram`` over Å."""

    capability: str
    metrics: Tuple[str, ...] = ()
    histogram: str = ""
    what: str = ""


_FSC = ("resolution_better", "resolution_unmasked_0143", "resolution_corrected_0143", "resolution_widened_0143")
SOURCES: Dict[str, Source] = {
    "0.e": Source("map_resolution", histogram="histogram"),
    "1.a": Source("fsc", _FSC, what="the FSC of the half-maps"),
    "1.b": Source("half_map_statistics", ("resolution_fdr",), what="any significant shell"),
    "1.c": Source("blocres", histogram="histogram"), "1.d": Source("resmap", histogram="histogram"),
    "1.e": Source("monores", histogram="histogram"), "1.i": Source("local_fsc", histogram="histogram")}
_BOUND = ("resolution_bound_better", "resolution_bound")


def outcomes(item: str, documents: Mapping[str, Mapping[str, Any]], reported: Optional[float], metric: str) -> List[Dict[str, Any]]:
    """What an item says of the reported resolution.

    Parameters
    ----------
    item
        Its number, as ``1.a``.
    documents
        Result documents by capability.
    reported
        Reported resolution in Å; None when none was given.
    metric
        The name of the outcome.

    Returns
    -------
    list of dict
        One outcome of a check, or none where the item does not tell. Not met where the reported resolution is finer, by more than 5 %, than
        the finest that the curves allow, or where fewer than 0.5 % of the voxels come within 5 % of it; failed where it is finer by
        20 %. A coarser one is no fault.
    """
    source = SOURCES.get(item)
    document = documents.get(source.capability, {}) if source else {}
    if reported is None or source is None or "error" in document or "metrics" not in document:
        return []
    finest, what = (_of_histogram if source.histogram else _of_metrics)(source, document, reported)
    if finest is None:
        return []
    limit = finest * (1 - SLACK)
    status = "ok" if reported >= limit else "fail" if reported < finest * (1 - FAR) and not source.histogram else "warn"
    shown, at = show_value(reported, "Å"), show_value(finest, "Å")
    claim = f"The reported {shown} is finer than {what} ({at})"
    words = f"at least {show_value(limit, 'Å')}"
    sentence = f"{TITLE}: {shown} ({words})." if status == "ok" else f"{claim}. {ADVICE}"
    return [dict(metric=metric, op=">=", limit=limit, unit="Å", title=TITLE, advice=ADVICE, reference="", value=reported, status=status,
                 shown=shown, limit_words=words, claim=claim, sentence=sentence, strength=2,
                 grave=not source.histogram)]


def _of_metrics(source: Source, document: Mapping[str, Any], reported: float) -> Tuple[Optional[float], str]:
    names: Sequence[str] = source.metrics
    if source.capability == "fsc" and _value(document, "resolution") is None:
        names = _BOUND                           # half-maps that share noise: the curve itself says nothing
    found = [v for v in (_value(document, n) for n in names) if v]
    return (min(found) if found else None), source.what


def _of_histogram(source: Source, document: Mapping[str, Any], reported: float) -> Tuple[Optional[float], str]:
    """The resolution that the finest 0.5 % of the voxels reach."""
    histogram = document.get("curves", {}).get(source.histogram)
    return quantile(histogram, REACHED), f"all but {REACHED:g} % of the mask"


def quantile(histogram: Optional[Mapping[str, Sequence[float]]], percent: float) -> Optional[float]:
    """Value that a percentage of a histogram (``x`` the middles of its bins, ``y`` the counts) lies below; None without one."""
    if not histogram or len(histogram["x"]) < 2 or not sum(histogram["y"]):
        return None
    x, y = histogram["x"], histogram["y"]
    half, left = 0.5 * (x[1] - x[0]), 0.01 * percent * sum(y)
    for at, count in zip(x, y):
        if count >= left:
            return float(at - half + 2 * half * (left / count if count else 0.0))
        left -= count
    return float(x[-1] + half)


def _value(document: Mapping[str, Any], name: str) -> Optional[float]:
    value = document["metrics"].get(name, {}).get("value")
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
