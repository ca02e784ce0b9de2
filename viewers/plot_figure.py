"""The plots of a report in a window: curves over common axes, drawn into a matplotlib figure; needs no screen."""
from __future__ import annotations

from typing import Any, List, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from cryoqa_plugin.report.blocks import Plot
from cryoqa_plugin.report.draw import curves

from .fsc_figure import COLOURS

MOST = 4                                                     # plots of one window


def plots_of(document: Mapping[str, Any], histogram: bool = False) -> List[Plot]:
    """The plots of a saved result without FSC curves and Guinier plots, and with ``histogram`` without that of its values: these have
    windows of their own."""
    names = [n for n, c in document.get("curves", {}).items()
             if c["y_label"] != "FSC" and not n.startswith("guinier") and not (histogram and n == "histogram")]
    return [block for block in curves(document, names) if isinstance(block, Plot)][:MOST] if names else []


def draw_plots(figure: Figure, plots: Sequence[Plot], title: str = "") -> List[Any]:
    """Draw plots below one another, or two by two; returns their axes."""
    figure.clear()
    columns = 1 if len(plots) < 3 else 2
    grid = figure.add_gridspec(-(-len(plots) // columns), columns, left=0.09, right=0.97, top=0.86, bottom=0.1, hspace=0.62, wspace=0.22)
    made = []
    for i, plot in enumerate(plots):
        ax = figure.add_subplot(grid[i // columns, i % columns])
        _draw(ax, plot)
        made.append(ax)
    figure.suptitle(title, fontsize=11, y=0.985)
    return made


def _draw(ax: Any, plot: Plot) -> None:
    for i, series in enumerate(plot.series):
        x, y = (np.array([np.nan if v is None else v for v in values], dtype=float) for values in (series.x, series.y))
        if plot.log_y:
            y = np.where(y > 0, y, np.nan)
        colour = COLOURS[i % len(COLOURS)]
        ax.plot(x, y, color=colour, linewidth=0.9 if series.thin else 1.6, label=series.label, marker="o" if x.size < 12 else None,
                markersize=4)
        if series.lower is not None and series.upper is not None:
            low, high = (np.array([np.nan if v is None else v for v in band], dtype=float) for band in (series.lower, series.upper))
            ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        if plot.filled and i == 0:
            ax.fill_between(x, 0, y, color=colour, alpha=0.2, linewidth=0)
    known = np.array([v for series in plot.series for v in series.y if v is not None], dtype=float)
    if plot.log_y:
        ax.set_yscale("log")
    elif plot.y_range:
        ax.set_ylim(*plot.y_range)
    elif known.size and known.min() >= 0:                    # from 0 on: what hardly changes is to look like it
        ax.set_ylim(0, 1.06 * float(known.max()) or 1.0)
    for value, _ in plot.levels:
        ax.axhline(value, color="0.45", linewidth=0.9, linestyle="--")
    ax.set_xlabel(plot.x_label, fontsize=9)
    ax.set_ylabel(plot.y_label, fontsize=9)
    ax.tick_params(labelsize=8)
    ax.grid(True, color="0.92")
    if plot.as_resolution:
        _resolutions(ax, plot.squared)
    if len(plot.series) > 1:
        ax.legend(fontsize=8, loc="best", framealpha=0.92)
    ax.set_title(plot.title[:1].upper() + plot.title[1:], fontsize=9, pad=4)


def _resolutions(ax: Any, squared: bool) -> None:
    """The resolution in Å on top of an axis of frequencies, or of their squares."""
    ax.set_xlim(left=0)
    top = ax.secondary_xaxis("top", functions=(lambda f: f, lambda f: f))
    ticks = [t for t in ax.get_xticks() if 0 < t <= ax.get_xlim()[1]]
    top.set_xticks(ticks)
    top.set_xticklabels([f"{1 / (np.sqrt(t) if squared else t):.3g} Å" for t in ticks], fontsize=7)
    top.tick_params(length=2, pad=0)
