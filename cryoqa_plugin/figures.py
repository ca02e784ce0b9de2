"""Figures of saved results and of maps for windows and notebooks.

Every function returns a ``matplotlib.figure.Figure`` made through the object interface, so that no state is shared and no
window system is needed; matplotlib is imported when the first figure is made.
"""
from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence

import numpy as np

THRESHOLDS = (0.143, 0.5)
_STYLES = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", ":"), ("#cc79a7", "-."), ("#8a6d00", "-"), ("#56b4e9", "--"),
           ("#5b4a9e", ":"), ("#000000", "-."))
_GUIDES = ("half_bit", "one_bit", "three_sigma")
_AXES = (("z", "x", "y"), ("y", "x", "z"), ("x", "y", "z"))        # normal, along columns, along rows


def new_figure(width: float = 7.0, height: float = 4.6) -> Any:
    """An empty figure of this size in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def curve_names(document: Mapping[str, Any], kind: str) -> List[str]:
    """Names of the curves of a result document of one kind: ``fsc``, ``guinier``, ``histogram`` or ``all``."""
    curves = document["curves"]
    if kind == "fsc":
        return [n for n in curves if curves[n]["y_label"] == "FSC"]
    return [n for n in curves if kind == "all" or n.startswith(kind)]


def curve_figure(document: Mapping[str, Any], names: Sequence[str], figure: Optional[Any] = None) -> Any:
    """The curves named, which share their axes, in one figure; x in 1/Å is ticked in Å."""
    figure = new_figure() if figure is None else figure
    axes = figure.add_subplot()
    first = document["curves"][names[0]]
    for i, name in enumerate(names):
        _draw(axes, document["curves"][name], i, thin=name in _GUIDES)
    axes.set_ylabel(_with_unit(first["y_label"], first["y_unit"]))
    if first["x_unit"] == "1/Å":
        axes.set_xlabel("Resolution (Å)")
        axes.xaxis.set_major_formatter(lambda f, position: f"{1 / f:.3g}" if f > 0 else "∞")
    else:
        axes.set_xlabel(_with_unit(first["x_label"], first["x_unit"]))
    axes.grid(alpha=0.3)
    axes.margins(x=0)
    if len(names) > 1:
        axes.legend(fontsize="small")
    return figure


def fsc_figure(document: Mapping[str, Any], figure: Optional[Any] = None, names: Optional[Sequence[str]] = None) -> Any:
    """The FSC curves of a ``fsc`` or ``mtriage`` document with the thresholds and where they are crossed.

    ``names`` chooses among the curves; None takes all whose axis is FSC.
    """
    names = curve_names(document, "fsc") if names is None else list(names)
    figure = curve_figure(document, names, figure)
    axes = figure.axes[-1]
    for level in THRESHOLDS:
        axes.axhline(level, color="0.5", linewidth=0.8, linestyle="--")
    for i, name in enumerate(names):
        if name not in _GUIDES and "random" not in name:
            for level in THRESHOLDS:
                frequency = first_crossing(document["curves"][name], level)
                if frequency:
                    axes.plot([frequency], [level], "o", markersize=4, color=_STYLES[i % len(_STYLES)][0])
    axes.set_ylim(min(-0.1, axes.get_ylim()[0]), 1.02)
    return figure


def first_crossing(curve: Mapping[str, Any], level: float) -> Optional[float]:
    """Frequency at which a saved curve first falls below a level, for a mark on a plot; None where it does not."""
    pairs = [(x, y) for x, y in zip(curve["x"], curve["y"]) if x is not None and y is not None]
    for (x0, y0), (x1, y1) in zip(pairs, pairs[1:]):
        if y0 >= level > y1:
            return x0 + (y0 - level) / (y0 - y1) * (x1 - x0)
    return None


def guinier_figure(document: Mapping[str, Any], figure: Optional[Any] = None) -> Any:
    """The Guinier plot of a ``fsc`` document."""
    return curve_figure(document, curve_names(document, "guinier"), figure)


def histogram_figure(document: Mapping[str, Any], figure: Optional[Any] = None) -> Any:
    """The histograms of densities of a ``map_info`` or ``mtriage`` document, counts on a logarithmic scale."""
    figure = curve_figure(document, curve_names(document, "histogram"), figure)
    figure.axes[-1].set_yscale("symlog", linthresh=1)
    return figure


def slices_figure(data: np.ndarray, at: Optional[Sequence[int]] = None, mask: Optional[np.ndarray] = None,
                  overlay: Optional[np.ndarray] = None, figure: Optional[Any] = None) -> Any:
    """Slices normal to z, y and x.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    at
        Index (x, y, z) of the slices; None is the middle of the box.
    mask
        Outlined at 0.5; same shape.
    overlay
        A second map in colour over the first, same shape; where it is not above its own median it stays clear.
    figure
        Figure to draw into; None makes one.
    """
    figure = new_figure(10, 3.8) if figure is None else figure
    x, y, z = (n // 2 for n in data.shape[::-1]) if at is None else at
    low, high = np.quantile(data[::4, ::4, ::4], [0.005, 0.998])
    for i, (normal, index) in enumerate((("z", z), ("y", y), ("x", x))):
        axes = figure.add_subplot(1, 3, i + 1)
        axes.imshow(_slice(data, normal, index), cmap="gray", vmin=low, vmax=high if high > low else low + 1, origin="lower")
        if overlay is not None:
            shown = _slice(overlay, normal, index)
            axes.imshow(np.ma.masked_less_equal(shown, np.median(overlay)), cmap="magma", alpha=0.5, origin="lower")
        if mask is not None and _slice(mask, normal, index).max() >= 0.5 > _slice(mask, normal, index).min():
            axes.contour(_slice(mask, normal, index), levels=[0.5], colors="#e67800", linewidths=1)
        _label_image(axes, f"{normal} = {index}", i)
    return figure


def projections_figure(data: np.ndarray, figure: Optional[Any] = None) -> Any:
    """Sums of a map [z, y, x] along z, y and x."""
    figure = new_figure(10, 3.8) if figure is None else figure
    for i in range(3):
        axes = figure.add_subplot(1, 3, i + 1)
        axes.imshow(data.sum(axis=i, dtype=np.float64), cmap="gray", origin="lower")
        _label_image(axes, f"along {_AXES[i][0]}", i)
    return figure


def _slice(data: np.ndarray, normal: str, index: int) -> np.ndarray:
    return np.take(data, index, axis="zyx".index(normal))


def _label_image(axes: Any, title: str, i: int) -> None:
    axes.set_title(title, fontsize="small")
    axes.set_xlabel(_AXES[i][1])
    axes.set_ylabel(_AXES[i][2])
    axes.tick_params(labelsize="x-small")


def _draw(axes: Any, curve: Mapping[str, Any], index: int, thin: bool) -> None:
    colour, dash = _STYLES[index % len(_STYLES)]
    x, y = _numbers(curve["x"]), _numbers(curve["y"])
    axes.plot(x, y, color=colour, linestyle=":" if thin else dash, linewidth=0.9 if thin else 1.6, label=curve["meaning"])
    if "lower" in curve and "upper" in curve:
        axes.fill_between(x, _numbers(curve["lower"]), _numbers(curve["upper"]), color=colour, alpha=0.16, linewidth=0)


def _numbers(values: Sequence[Optional[float]]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _with_unit(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit else label
