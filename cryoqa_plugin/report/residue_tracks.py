"""Scores of residues along the chains: a line of values for each chain, or a band of its zones."""
from __future__ import annotations

import math
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..results import Column
from .blocks import Band, Bands, Block, Track, Tracks

_CHAINS = 8                                      # lines of residues; the worst chains
_FEW, _FAR = 5, 50                               # residues at the end of a chain, that far behind the others, are not drawn
NAMED = 3                                       # the worst residues, by name
ZONES = (("trust", "ok"), ("caution", "warn"), ("omit", "fail"))


def lines(document: Mapping[str, Any], column: str, *, title: str, y_range: Tuple[float, float], levels: Sequence[float] = (),
          said: str = "", table: str = "residues", of_chains: Optional[Mapping[str, Optional[float]]] = None,
          worse: str = "lower", noun: str = "values") -> List[Block]:
    """One column of a table of residues as a line along each chain.

    Parameters
    ----------
    document
        A result document whose table has the columns ``chain``, ``number``, ``residue`` and that one; its unit is not asked for.
    column
        Which column; of residues without a value the line has a gap.
    title
        What the values are, for people.
    y_range
        Lowest and highest value of every line; what lies outside widens it, to the next tenth.
    levels
        Values at which a grid line is drawn.
    said
        Sentences for the caption; which chains are drawn, the grid and the range follow them.
    table
        Name of the table.
    of_chains
        The number behind each chain, by which the worst are chosen; the mean of its residues when None.
    worse
        ``lower`` or ``higher``: of many chains the worst are drawn.
    noun
        What the caption calls the values.

    Returns
    -------
    list
        One block, or none where no chain has two residues.
    """
    along = _along(document, column, table)
    means = {name: _mean(v for _, v in rows) for name, rows in along.items()} if of_chains is None else of_chains
    drawn, left_out = _chosen(along, lambda name: _rank(means.get(name), worse))
    if not drawn:
        return []
    tracks = tuple(Track(name, spread(along[name]), _number(means.get(name))) for name in drawn)
    low, high = _range([v for t in tracks for v in t.values if v is not None], y_range)
    words = [said] if said else []
    if left_out:
        end = "lowest" if worse == "lower" else "highest"
        words.append(f"Of {len(drawn) + left_out} chains, those with the {end} {noun} are drawn.")
    grid = f"Grid: {' and '.join(f'{v:g}' for v in levels)}; range" if levels else "Range:"
    return [Tracks(title, tracks, (low, high), tuple(levels), " ".join([*words, f"{grid} {_edge(low)} to {_edge(high)}."]))]


def bands(document: Mapping[str, Any], column: str = "zone", *, title: str, said: str = "", table: str = "residues",
          kinds: Sequence[Tuple[str, str]] = ZONES) -> List[Block]:
    """One column of words of a table of residues as a band along each chain.

    Parameters
    ----------
    document, column, title, said, table
        As of :func:`lines`.
    kinds
        The words of the column from best to worst, each with its state: ``ok``, ``warn`` or ``fail``.

    Returns
    -------
    list
        One block, or none where no chain has two residues; of many chains those with most of the worst.
    """
    along = _along(document, column, table)
    state = dict(kinds)

    def bad(rows: List[Tuple[str, Any]]) -> float:
        return sum(state.get(v) != kinds[0][1] for _, v in rows) / len(rows)

    drawn, left_out = _chosen(along, lambda name: -bad(along[name]))
    if not drawn:
        return []
    words = f" Of {len(drawn) + left_out} chains, the worst are drawn." if left_out else ""
    made = tuple(Band(name, tuple(state.get(v, "") for v in spread(along[name])), f"{100 * bad(along[name]):.0f} %") for name in drawn)
    end = f"At the right, the part of the residues that is not in {kinds[0][0]}."
    return [Bands(title, made, tuple((s, w) for w, s in kinds), " ".join(w for w in (said, words.strip(), end) if w))]


def worst_named(document: Mapping[str, Any], column: str, *, worse: str = "lower", table: str = "residues", number: int = NAMED) -> str:
    """The worst residues of a column in words, such as ``Leu A 12 (0.10), Ala B 3 (0.15)``.

    Parameters
    ----------
    document, column, worse, table
        As of :func:`lines`.
    number
        How many.

    Returns
    -------
    str
        Empty where no residue has a value.
    """
    rows, place = _table(document, column, table)
    known = [r for r in rows if r[place[3]] is not None]
    chosen = sorted(known, key=lambda r: _rank(r[place[3]], worse))[:number]
    return ", ".join(f"{named(r[place[2]], r[place[0]], r[place[1]])} ({_number(r[place[3]])})" for r in chosen)


def named(residue: str, chain: str, number: str) -> str:
    """A residue in words, such as ``Leu A 12``; what is no amino acid keeps its name.

    Parameters
    ----------
    residue, chain, number
        As in the first columns of a table of residues.
    """
    import gemmi
    return f"{residue.capitalize() if gemmi.find_tabulated_residue(residue).is_amino_acid() else residue} {chain} {number}"


def _table(document: Mapping[str, Any], column: str, table: str) -> Tuple[Sequence[Any], List[int]]:
    """The rows of a table, and where chain, number, residue and the column stand in them."""
    found = document["tables"].get(table)
    if not found or not found["rows"]:
        return (), []
    names = [Column.of(c).name if c != column else c for c in found["columns"]]
    return found["rows"], [names.index(n) for n in ("chain", "number", "residue", column)]


def _along(document: Mapping[str, Any], column: str, table: str) -> Dict[str, List[Tuple[str, Any]]]:
    """Number and value of the residues of each chain, in their order."""
    rows, place = _table(document, column, table)
    out: Dict[str, List[Tuple[str, Any]]] = {}
    for row in rows:
        out.setdefault(row[place[0]], []).append((row[place[1]], row[place[3]]))
    return out


def _chosen(along: Mapping[str, List[Any]], rank: Any) -> Tuple[List[str], int]:
    """The chains to draw, in their order, and how many are left out; a residue alone is no line."""
    long = [name for name, rows in along.items() if len(rows) > 1 and any(v is not None for _, v in rows)]
    worst = sorted(long, key=rank)[:_CHAINS]
    return [name for name in long if name in worst], len(long) - len(worst)


def _rank(value: Optional[float], worse: str) -> float:
    """Smallest for the worst; what has no value comes last."""
    return float("inf") if value is None else value if worse == "lower" else -value


def _mean(values: Iterable[Optional[float]]) -> Optional[float]:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def _range(values: List[float], given: Tuple[float, float]) -> Tuple[float, float]:
    """The range given, widened to the next tenth beyond what is below or above it."""
    low, high = min(values, default=given[0]), max(values, default=given[1])
    return (given[0] if low >= given[0] else math.floor(10 * low + 1e-9) / 10,
            given[1] if high <= given[1] else math.ceil(10 * high - 1e-9) / 10)


def _edge(value: float) -> str:
    return f"{value:.1f}" if value != int(value) else f"{value:.0f}"


def _number(value: Optional[float]) -> str:
    return "" if value is None else f"{value:.2f}"


def spread(rows: Sequence[Tuple[str, Any]]) -> Tuple[Any, ...]:
    """Values of a chain over the numbers of its residues, or over their place in the chain where the numbers are no axis.

    Parameters
    ----------
    rows
        Number of each residue (text) and its value.

    Returns
    -------
    tuple
        The values, None where residues are missing; a few with numbers far behind the others, ligands mostly, are left out.
    """
    try:
        numbers = [int(n) for n, _ in rows]
    except ValueError:                                       # an insertion code
        numbers = []
    if not numbers or any(b <= a for a, b in zip(numbers, numbers[1:])):
        return tuple(v for _, v in rows)
    out: List[Any] = []
    for n, (_, value) in zip(numbers[:_end(numbers)], rows):
        out += [None] * (n - numbers[0] - len(out)) + [value]
    return tuple(out)


def _end(numbers: Sequence[int]) -> int:
    """How many residues to draw: a few with numbers far behind the others, ligands mostly, would take all the room."""
    for i in range(max(1, len(numbers) - _FEW), len(numbers)):
        if numbers[i] - numbers[i - 1] > _FAR:
            return i
    return len(numbers)
