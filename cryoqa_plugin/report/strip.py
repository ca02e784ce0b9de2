"""The estimates of a run on one axis, as places in percent of its width."""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

from .blocks import GROUPS, Estimate, Strip

_KINDS = {"headline": "hd", "reported": "rp", "": ""}
_TICKS = (1.0, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.4, 2.6, 2.8, 3, 3.3, 3.6, 4, 4.5, 5, 6, 7, 8, 10, 12, 15, 20, 30, 50)


@dataclass(frozen=True)
class Row:
    """One estimate: places in percent, and its words; ``beyond`` when its range goes on beyond the axis."""

    name: str
    note: str
    at: float
    left: Optional[float]
    width: Optional[float]
    beyond: bool
    css: str
    value: str
    range: str


@dataclass(frozen=True)
class Group:
    """The estimates of one kind under their heading."""

    title: str
    rows: Tuple[Row, ...]


@dataclass(frozen=True)
class Drawn:
    """The whole strip: ``at`` is the place of the headline, ``ticks`` place and text."""

    groups: Tuple[Group, ...]
    ticks: Tuple[Tuple[float, str], ...]
    at: float


def drawn(strip: Strip) -> Drawn:
    """The places of the estimates on an axis even in 1/Å, fine at the left.

    The axis reaches from 0.95 of the finest to 1.1 of the coarsest value; ranges may go beyond it, up to 1.45 times the headline.
    """
    values = [e.value for e in strip.estimates]
    centre = next((e.value for e in strip.estimates if e.kind == "headline"), sorted(values)[len(values) // 2])
    fine = 0.96 * min([*values, *(e.low for e in strip.estimates if e.low and e.low > 0.75 * centre)])
    coarse = 1.06 * max([*values, *(e.high for e in strip.estimates if e.high and e.high < 1.35 * centre)])
    fine, coarse = max(fine, 0.4 * centre), min(coarse, 4 * centre)

    def place(d: float) -> float:
        return round(100 * (1 / fine - 1 / d) / (1 / fine - 1 / coarse), 1)

    groups = tuple(Group(title, tuple(_row(e, place) for e in strip.estimates if e.group == key))
                   for key, title in GROUPS.items() if any(e.group == key for e in strip.estimates))
    return Drawn(groups, _ticks(fine, coarse, place), place(centre))


def _row(e: Estimate, place) -> Row:             # type: ignore[no-untyped-def]
    clip = lambda v: min(100.0, max(0.0, place(v)))                     # noqa: E731
    ranged = e.low is not None and e.high is not None
    left = clip(e.low) if ranged else None
    width = round(clip(e.high) - clip(e.low), 1) if ranged else None
    return Row(e.name, e.note, clip(e.value), left, width, bool(ranged and place(e.high) > 100), _KINDS[e.kind], f"{e.value:.2f} Å",
               f"{e.low:.2f}–{e.high:.2f}" if ranged else "")


def _ticks(fine: float, coarse: float, place) -> Tuple[Tuple[float, str], ...]:   # type: ignore[no-untyped-def]
    inside = [t for t in _TICKS if fine <= t <= coarse]
    out: List[Tuple[float, str]] = []
    for t in inside:                             # no two closer than a number is wide
        at = place(t)
        if not out or at - out[-1][0] >= 8:
            out.append((at, f"{t:g}"))
    return tuple(out)
