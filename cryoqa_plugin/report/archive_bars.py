"""Where a number stands among archive entries: bars from the table that a method saved."""
from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple

from ..study.archive import Rank, words
from .blocks import Percentiles

_THIN = " "                                      # in counts
Ranked = Tuple[str, float, Rank]


def ranked(document: Mapping[str, Any]) -> List[Ranked]:
    """What is compared, its value and its rank, row by row of the table ``archive``.

    Parameters
    ----------
    document
        A result document; empty where it has no such table.
    """
    rows = document.get("tables", {}).get("archive", {}).get("rows", ())
    return [(str(row[0]), float(row[1]), Rank(str(row[2]), int(row[3]), float(row[4]), float(row[5]))) for row in rows]


def bars(title: str, ranks: List[Ranked], caption: str) -> Optional[Percentiles]:
    """Bars from lower to higher values.

    Parameters
    ----------
    title, caption
        Above and below them.
    ranks
        As of :func:`ranked`, of one number.

    Returns
    -------
    Percentiles or None
        None where the archive tells no percentile.
    """
    drawn = tuple((f"{_named(rank)}, {_count(rank.entries)}", float(rank.percent), words(rank, "higher"))
                  for _, _, rank in ranks if rank.percent is not None)
    return Percentiles(title, drawn, ("lower", "median", "higher"), caption) if drawn else None


def _named(rank: Rank) -> str:
    return "All entries" if rank.group.startswith("all") else rank.group[:1].upper() + rank.group[1:]


def _count(number: int) -> str:
    return f"{number:,}".replace(",", _THIN)
