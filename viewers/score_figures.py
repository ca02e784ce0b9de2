"""Scores of residues along the chains, drawn into a matplotlib figure; need no screen."""
from __future__ import annotations

import re
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure

from cryoqa_plugin.io.models import Attribute
from cryoqa_plugin.report.scale import Scale

from .colours import colour_map

MOST = 8                                                     # chains in one figure


class Along(NamedTuple):
    """The residues of a chain that have a score: their numbers as in the file, and the values, float64 [n]."""

    chain: str
    numbers: Tuple[str, ...]
    values: np.ndarray


def of_residues(attribute: Attribute) -> Dict[str, float]:
    """The values by residue, ``A:12``; those of atoms are averaged over each residue."""
    if attribute.recipient == "residues":
        return dict(attribute.values)
    sums: Dict[str, List[float]] = {}
    for place, value in attribute.values.items():
        sums.setdefault(place.rsplit("@", 1)[0], []).append(value)
    return {place: float(np.mean(values)) for place, values in sums.items()}


def chains_of(attribute: Attribute) -> List[Along]:
    """The values along each chain, in the order of the file."""
    found: Dict[str, List[Tuple[str, float]]] = {}
    for place, value in of_residues(attribute).items():
        chain, number = place.rsplit(":", 1)
        found.setdefault(chain, []).append((number, value))
    return [Along(chain, tuple(n for n, _ in rows), np.array([v for _, v in rows])) for chain, rows in found.items()]


def places(numbers: Sequence[str]) -> np.ndarray:
    """Where residues stand on an axis: at their numbers, an insertion code a little behind; where these do not grow, in a row.

    Returns float64 [n].
    """
    found = [re.fullmatch(r"(-?\d+)(\D?)", n) for n in numbers]
    if all(found):
        at = np.array([int(m[1]) + (0.03 * (1 + ord(m[2].upper()) - ord("A")) if m[2].strip() else 0.0) for m in found if m])
        if at.size < 2 or np.diff(at).min() > 0:
            return at
    return np.arange(1.0, len(numbers) + 1)


def draw_along(figure: Figure, chains: Sequence[Along], scale: Scale, what: str, title: str = "",
               colours: str = "red to blue") -> List[Any]:
    """Draw the values along each chain as coloured bars from 0, one axis a chain; returns the axes.

    The chains drawn are the first :data:`MOST`; all axes have one range, which holds every value.
    """
    figure.clear()
    drawn = list(chains)[:MOST]
    values = np.concatenate([c.values for c in drawn])
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    axes = figure.subplots(len(drawn), 1, squeeze=False)[:, 0]
    for ax, one in zip(axes, drawn):
        at = places(one.numbers)
        ax.bar(at, one.values, 1.0, color=colour_map(colours)(scale.fraction(one.values)), linewidth=0)
        ax.set_xlim(at[0] - 1, at[-1] + 1)
        ax.set_ylim(low, high + 0.04 * (high - low or 1.0))
        ax.grid(True, axis="y", color="0.9")
        ax.set_axisbelow(True)
        ax.set_ylabel(f"{one.chain}", rotation=0, labelpad=14, va="center")
        ax.tick_params(labelsize=8)
    axes[-1].set_xlabel("residue")
    left = len(chains) - len(drawn)
    figure.suptitle((title or what) + (f" ({left} more chains: choose one)" if left else ""), fontsize=11, y=0.985)
    figure.text(0.012, 0.5, what, rotation=90, va="center", fontsize=10)
    figure.subplots_adjust(left=0.11, right=0.98, top=0.93, bottom=0.09 if len(drawn) > 1 else 0.12, hspace=0.35)
    return list(axes)
