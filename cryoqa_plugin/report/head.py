"""The head of the report: what was looked at, the verdict, what argues against it, the surface and the FSC."""
from __future__ import annotations

from datetime import datetime
from typing import Any, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..validation.arguments import STATUS
from ..validation.headline import resolution, value_of
from .blocks import Plot, Series, Surface
from .draw import file_name
from .findings import Found
from .keys import reported_resolution
from .section import Results

_MOST = 3
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SCORES = {"fail": "fail", "strong": "fail"}
_FACT_KINDS = (("half1", "2 half-maps"), ("mask", "mask"), ("model", "model"), ("sequence", "sequence"))


class ArgumentLine(NamedTuple):
    """One argument against the map: state, bold claim, cause or remedy, and the question that it leads to."""

    status: str
    claim: str
    text: str
    anchor: str


def title_of(results: Results) -> str:
    """Name of the file that the report is about."""
    inputs = results.inputs()
    if {"half1", "half2"} <= set(inputs) and ("full_map" not in inputs or results.made_here(inputs["full_map"])):
        return " + ".join(file_name(inputs[k]) for k in ("half1", "half2"))
    for kind in ("full_map", "half1", "mask", "model"):
        if kind in inputs:
            return file_name(inputs[kind])
    return str(next(iter({**results.errors, **results.documents}.values())).get("title", "cryoqa"))


def facts(results: Results) -> Tuple[Tuple[str, str], ...]:
    """Few words for the line of the title: box, voxel size, reported resolution, what came with it, date and version."""
    out: List[Tuple[str, str]] = []
    inputs = results.inputs()
    maps = [e for e in inputs.values() if e.get("shape")]
    if maps:
        out.append(("Box", " × ".join(str(n) for n in maps[0]["shape"][::-1])))
        sizes = maps[0]["voxel_size"]
        same = max(sizes) - min(sizes) < 1e-6
        out.append(("Voxel", (f"{sizes[0]:.4g}" if same else " × ".join(f"{s:.4g}" for s in sizes)) + " Å"))
    reported = reported_resolution(results)
    if reported is not None:
        out.append(("Reported", f"{reported:.2f} Å"))
    given = [words for kind, words in _FACT_KINDS if kind in inputs and not results.made_here(inputs[kind])]
    if given:
        out.append(("With", ", ".join(given)))
    score = (results.validation or {}).get("trust", {}).get("score")
    if score is not None:
        out.append(("Score", f"{score:.1f} of 1"))
    stamps = [d.get("provenance", {}) for d in results.documents.values()]
    dates = [p.get("date_utc", "") for p in stamps]
    if any(dates):
        out.append(("Assessed", _day(max(dates))))
    versions = sorted({str(p["cryoqa"]) for p in stamps if p.get("cryoqa")})
    return tuple(out + ([("by", "cryoqa " + ", ".join(versions))] if versions else []))


def _day(stamp: str) -> str:
    """The day of a time in ISO form, as it is read: ``30 Nov 2026``."""
    try:
        day = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    except ValueError:
        return stamp
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def headline(results: Results, found: Found, errors: Sequence[str]) -> Tuple[str, str, str]:
    """State, verdict and the line below it."""
    met, judged = found.count()
    states = [f.status for f in found.findings]
    status = STATUS.get(found.trust.get("verdict") or "", "skipped")
    if status == "ok" and found.trust.get("arguments"):
        status = "warn"
    verdict = str(found.trust.get("headline") or "") or "Nothing could be checked with these inputs."
    failed = f" {len(errors)} part{'s' if len(errors) > 1 else ''} could not be done." if errors else ""
    if not judged:
        return status, verdict, failed.strip()
    problem = "A problem was found" if "fail" in states or status == "fail" else "No problem found"
    more = len(found.trust.get("arguments", ()))
    tail = " Nothing argues against it." if not more else " What argues against it, strongest first:"
    hidden = f" ({more - _MOST} more below)" if more > _MOST else ""
    return status, verdict, f"{problem}; {met} of {judged} checks are met.{failed}{tail[:-1] + hidden + ':' if more else tail}"


def lines(results: Results, found: Found, questions: Mapping[str, str]) -> Tuple[ArgumentLine, ...]:
    """The strongest arguments, at most three, each with the question where it is shown."""
    out = []
    for argument in found.trust.get("arguments", ())[:_MOST]:
        finding = next((f for f in found.findings if f.metric == argument.get("metric") and f.status in ("fail", "warn")), None)
        claim = str(argument.get("claim") or argument["cause"]).rstrip(".")
        text = str(argument.get("advice") or ("" if argument.get("claim") else argument["sentence"]))
        if argument.get("metric") == "reported_deviation":   # the result says it with both numbers and the curve
            claim, _, words = str(value_of(results.documents, "fsc", "reported_words") or f"{claim}: {text}").rstrip(".").partition(": ")
            text = words[:1].upper() + words[1:] + "." if words else text
        anchor = finding.question if finding else next(iter(questions))
        out.append(ArgumentLine(_SCORES.get(argument["strength"], "warn"), claim, text, anchor))
    return tuple(out)


_CURVES = (("fsc_true", "in the mask, corrected", ""), ("fsc_masked", "in the mask", "t s1 d"), ("fsc_unmasked", "no mask", "s0"),
           ("fsc_phase_randomised", "random phases", "t s2 dd"))
_MAIN = "w s1"                                   # the line of the first curve that there is
_TALL = 430.0                                    # of the plot: as high as the key numbers beside it


def fsc_plot(results: Results) -> Optional[Plot]:
    """The FSC of the half-maps with the resolution and the reported one; None without it."""
    document = results.documents.get("fsc", {})
    curves = document.get("curves", {})
    known = [row for row in _CURVES if len(curves.get(row[0], {}).get("x", ())) > 1]
    series = tuple(_series(*row, curves[row[0]], row is known[0]) for row in known)
    if not series:
        return None
    marks: List[Tuple[float, str]] = []
    reported, answer = reported_resolution(results), resolution(results.documents)
    if reported:
        marks.append((1 / reported, f"reported {reported:.2f}"))
    if answer is not None and answer.kind != "map":
        marks.append((1 / answer.value, f"{answer.value:.2f} Å"))
    half = value_of(results.documents, "fsc", "resolution_corrected_05")
    plain = value_of(results.documents, "fsc", "resolution_unmasked_0143")
    rings = [(1 / d, level, f"{d:.2f}") for d, level in ((half, 0.5), (plain, 0.143)) if d]
    rings += [(1 / answer.value, 0.143, "")] if answer is not None and answer.kind == "fsc" else []
    lowest = min((v for s in series for v in s.y if v is not None), default=0.0)
    return Plot("FSC of the half-maps", series, "Resolution (Å), even in 1/Å", "FSC", as_resolution=True,
                levels=((0.143, "0.143"), (0.5, "0.5")), marks=tuple(marks), y_range=(max(-1.0, min(-0.08, lowest)), 1.02),
                rings=tuple(rings), height=_TALL)


def _series(name: str, label: str, style: str, curve: Mapping[str, Any], main: bool) -> Series:
    if not main:
        return Series(name, label, curve["x"], curve["y"], style=style)
    band = " (band: 95 %)" if curve.get("lower") else ""
    return Series(name, label + band, curve["x"], curve["y"], curve.get("lower"), curve.get("upper"), style=_MAIN)


def head_surface(results: Results) -> Optional[Surface]:
    """The surface of the map, coloured by what is known of every place; None without a map that is still there."""
    from .sections.map_pictures import the_map
    from .surface import surface
    map_, _ = the_map(results)
    return surface(map_, results) if map_ is not None else None
