"""Histogram of the values of maps, and Guinier plots, drawn into a matplotlib figure; need no screen."""
from __future__ import annotations

from typing import Any, List, Mapping, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure

from cryoqa_plugin.report.scale import Scale

from .colours import FIRST, colour_map
from .fsc_figure import COLOURS

_BINS, _FEWEST = 80, 12                      # of a histogram, and of one of few values


def draw_histogram(figure: Figure, values: np.ndarray, scale: Scale, what: str, unit: str = "", title: str = "",
                   colours: str = FIRST, of: str = "voxels") -> Any:
    """Draw how often each value occurs, in the colours of the scale, with its median and 5–95 %; returns the axes.

    ``values`` float [n], at least one; ``what`` is their name on the axis, ``of`` says what has one each.
    """
    figure.clear()
    ax = figure.add_axes([0.1, 0.13, 0.86, 0.75])
    low, high = (float(v) for v in np.quantile(values, (0.001, 0.999)))
    edges = np.linspace(low, high if high > low else low + 1.0, min(_BINS, max(_FEWEST, values.size // 6)) + 1)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    middles = (edges[1:] + edges[:-1]) / 2
    ax.bar(middles, 100 * counts / values.size, np.diff(edges), color=colour_map(colours)(scale.fraction(middles)), edgecolor="0.35",
           linewidth=0.4)
    p5, median, p95 = (float(v) for v in np.quantile(values, (0.05, 0.5, 0.95)))
    digits, unit_words = ".2f" if unit == "Å" else ".3g", f" {unit}" if unit else ""
    for value, style in ((p5, ":"), (median, "--"), (p95, ":")):
        ax.axvline(value, color="0.15", linewidth=1.1, linestyle=style)
    ax.set_title(f"median {median:{digits}}{unit_words}; 5 % are below {p5:{digits}}{unit_words}, 5 % above {p95:{digits}}{unit_words}",
                 fontsize=9)
    ax.set_xlabel(f"{what} ({unit})" if unit else what)
    ax.set_ylabel(f"{of} (%)")
    figure.suptitle(title or what, fontsize=11, y=0.985)
    return ax


def guinier_lines(document: Mapping[str, Any]) -> List[Tuple[str, np.ndarray, np.ndarray]]:
    """The Guinier plots of a saved result: what each is, 1/d² in 1/Å² and ln of the mean amplitude, float64 [n] each."""
    out = []
    for name, curve in document["curves"].items():
        if name.startswith("guinier") and len(curve["x"]) > 1:
            x, y = (np.array([np.nan if v is None else v for v in curve[a]], dtype=float) for a in "xy")
            out.append((curve.get("meaning") or name.replace("_", " "), x, y))
    return out


def draw_guinier(figure: Figure, lines: Sequence[Tuple[str, np.ndarray, np.ndarray]], title: str = "Guinier plot") -> Any:
    """Draw ln of the mean amplitude against 1/d², with d above; a fitted line is dashed; returns the axes."""
    figure.clear()
    ax = figure.add_axes([0.1, 0.11, 0.87, 0.75])
    for i, (label, x, y) in enumerate(lines):
        fitted = label.startswith("line")
        ax.plot(x, y, color="0.15" if fitted else COLOURS[i % len(COLOURS)], linewidth=1.3 if fitted else 1.6,
                linestyle="--" if fitted else "-", label=label)
    ax.set_xlabel("1/d² (1/Å²)")
    ax.set_ylabel("ln mean amplitude")
    ax.set_xlim(left=0)
    ax.grid(True, color="0.92")
    top = ax.secondary_xaxis("top", functions=(lambda v: v, lambda v: v))
    ticks = [t for t in ax.get_xticks() if 0 < t <= ax.get_xlim()[1]]
    top.set_xticks(ticks)
    top.set_xticklabels([f"{1 / np.sqrt(t):.3g}" for t in ticks], fontsize=8)
    top.set_xlabel("resolution (Å)", fontsize=8)
    if lines:
        ax.legend(fontsize=8, loc="best", framealpha=0.92)
    figure.suptitle(title, fontsize=11, y=0.985)
    return ax
