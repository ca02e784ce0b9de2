"""What the sections of local values share: which local resolution leads, and the one scale of every resolution of the page."""
from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence

import numpy as np

from ..validation.headline import local_range, resolution
from .blocks import Bar
from .scale import Scale, amplitude_scale, resolution_scale
from .section import Results

_OTHERS = (("monodir", "median"), ("locbfactor", "resolution"), ("lococcupancy", "resolution"))
Document = Mapping[str, Any]


def value(document: Document, name: str) -> Optional[float]:
    """A metric of a saved result; None where it has no value."""
    found = document.get("metrics", {}).get(name, {}).get("value")
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def leading(results: Results) -> Optional[str]:
    """Id of the local method whose resolutions stand for the map; None without one."""
    found = local_range(results.documents)
    return found[0] if found else None


def page_scale(results: Results) -> Scale:
    """The scale of every resolution of a page: of the surface, of slices and of directions."""
    scale = resolution_scale(overall(results))
    lead = leading(results)
    ends = percentiles(results[lead], (2, 98)) if lead else None
    rows = results.documents.get("directional_fsc", {}).get("tables", {}).get("directions", {}).get("rows", [])
    known = [row[3] for row in rows if row[3] is not None]
    for low, high in ([ends] if ends else []) + ([np.quantile(known, (0.02, 0.98))] if known else []):
        scale = scale.widened(float(low), float(high))
    return scale


def overall(results: Results) -> float:
    """Resolution of the map in Å, about which the scale lies.

    That of the FSC, else that of all directions, else the median of the local method that leads or of another; 3 where no method gives one.
    """
    found = resolution(results.documents)
    if found is not None:
        return found.value
    local = local_range(results.documents)
    ways = [value(results.documents.get("directional_fsc", {}), "resolution_global"), local[2] if local else None]
    ways += [value(results.documents.get(c, {}), n) for c, n in _OTHERS]
    return next((v for v in ways if v is not None and v > 0), 3.0)


def percentiles(document: Document, percents: Sequence[float]) -> Optional[List[float]]:
    """Percentiles read from the histogram of a saved result, linear within its steps; None without one."""
    curve = document.get("curves", {}).get("histogram")
    if not curve or len(curve["x"]) < 2:
        return None
    x, counts = (np.array([v or 0.0 for v in curve[k]], dtype=float) for k in ("x", "y"))
    if not counts.sum() > 0:
        return None
    edges = np.concatenate([[1.5 * x[0] - 0.5 * x[1]], (x[1:] + x[:-1]) / 2, [1.5 * x[-1] - 0.5 * x[-2]]])
    below = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum() * 100
    return [float(v) for v in np.interp(percents, below, edges)]


def b_scale(results: Results) -> Scale:
    """Scale of the local B-factors of a run in Å², about their median, for the amplitudes at the resolution that they go with."""
    document = results["locbfactor"]
    return amplitude_scale(np.array([value(document, "median") or 0.0]), value(document, "resolution") or overall(results))


def bar(document: Document, scale: Scale, title: str, unit: str, caption: str = "") -> Bar:
    """The bar of a scale with the histogram of a saved result and the bracket of its 5-95 %."""
    curve = document["curves"].get("histogram", {"x": (), "y": ()})
    counts = scale.recount([v or 0.0 for v in curve["x"]], [v or 0.0 for v in curve["y"]])
    ends = value(document, "p5"), value(document, "p95")
    bracket = (ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None
    return Bar(title, unit, scale.low, scale.high, scale.log, counts, bracket, caption)
