"""Pictures of results for Python users and notebooks, drawn with matplotlib where it is installed."""
from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from .errors import CryoqaError
from .report.scale import RAMP, resolution_scale
from .results import Result, declared

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 5.0, 3.4                       # inches, of one panel
_COLUMNS = 3


def plot(result: Result, names: Optional[Sequence[str]] = None) -> Figure:
    """A figure of a result: curves that share their axes in one panel, and the middle section of each map.

    Parameters
    ----------
    result
        Any result.
    names
        Fields to draw; all curves and maps when None.

    Returns
    -------
    matplotlib.figure.Figure
        Without a window: a notebook shows it, ``figure.savefig(path)`` writes it.

    Raises
    ------
    CryoqaError
        matplotlib is not installed, or the result has nothing of these names to draw.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise CryoqaError("matplotlib is needed for pictures and is not installed; 'pip install matplotlib'.") from None
    groups, maps = _groups(result, names), {n: m for n, m in result.maps.items() if names is None or n in names}
    total = len(groups) + len(maps)
    if not total:
        known = ", ".join([*result.curves, *result.maps]) or "nothing"
        raise CryoqaError(f"There is nothing of that name to draw; the result has {known}.")
    columns = min(total, _COLUMNS)
    rows = -(-total // columns)
    figure = Figure(figsize=(_WIDTH * columns, _HEIGHT * rows), layout="constrained")
    panels = [figure.add_subplot(rows, columns, i + 1) for i in range(total)]
    for panel, ((x, y), members) in zip(panels, groups.items()):
        _draw_curves(panel, result, x, y, members)
    for panel, (name, map_) in zip(panels[len(groups):], maps.items()):
        _draw_section(panel, figure, name, map_, declared(type(result), "map")[name]["unit"])
    return figure


def _groups(result: Result, names: Optional[Sequence[str]]) -> Dict[Tuple[str, str], List[str]]:
    """Names of curves by the labels of their axes."""
    out: Dict[Tuple[str, str], List[str]] = {}
    info = declared(type(result), "curve")
    for name in result.curves:
        if names is None or name in names:
            d = info[name]
            x, y = (f"{d[a + '_label']} ({d[a + '_unit']})" if d[a + "_unit"] else d[a + "_label"] for a in "xy")
            out.setdefault((x, y), []).append(name)
    return out


def _draw_curves(panel: Axes, result: Result, x: str, y: str, names: Sequence[str]) -> None:
    for name in names:
        drawn = result.curves[name]
        line, = panel.plot(drawn.x, drawn.y, label=name.replace("_", " "))
        if drawn.lower is not None and drawn.upper is not None:
            known = ~((drawn.lower <= -1) & (drawn.upper >= 1))          # a single coefficient has no interval
            panel.fill_between(drawn.x, drawn.lower, drawn.upper, where=known, color=line.get_color(), alpha=0.15, linewidth=0)
    if y == "FSC":
        panel.axhline(0.143, color="grey", linewidth=0.8, linestyle="--")
        panel.set_ylim(-0.1, 1.05)
    panel.set_xlabel(x)
    panel.set_ylabel(y)
    panel.legend(fontsize="small")


def _draw_section(panel: Axes, figure: Figure, name: str, map_: Any, unit: str) -> None:
    """The middle section of a map: a resolution in the colours and on the scale of the report, grey where there is none."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm
    section = map_.data[map_.data.shape[0] // 2]
    if unit != "Å" or not (map_.data > 0).any():
        image = panel.imshow(section, origin="lower", cmap="gray")
        figure.colorbar(image, ax=panel, label=unit, shrink=0.8)
    else:
        scale = resolution_scale(None, map_.data[map_.data > 0])
        colours = LinearSegmentedColormap.from_list("resolution", np.array(RAMP) / 255)
        colours.set_bad("0.8")
        image = panel.imshow(np.ma.masked_less_equal(section, 0), origin="lower", cmap=colours, norm=LogNorm(scale.low, scale.high))
        bar = figure.colorbar(image, ax=panel, label=unit, shrink=0.8)
        ticks = scale.ticks()
        bar.set_ticks([value for value, _ in ticks], labels=[text for _, text in ticks], minor=False)
        bar.set_ticks([], minor=True)
    panel.set_title(f"{name.replace('_', ' ')}, middle section")
    panel.set_axis_off()


def html(result: Result) -> str:
    """A result for a notebook: its sentence, its warnings, its picture and its values."""
    parts = [f"<p><b>{escape(result.summary)}</b></p>"]
    parts += [f"<p>{escape(w)}</p>" for w in result.warnings]
    picture = _png(result)
    if picture:
        parts.append(f'<img alt="{escape(result.summary)}" src="data:image/png;base64,{picture}">')
    info = declared(type(result), "metric")
    cells = [(n, f"{_shown(v)} {info[n]['unit']}", info[n]["meaning"]) for n, v in result.metrics.items()]
    rows = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in cells)
    return "\n".join(parts) + f"<details><summary>{len(result.metrics)} values</summary><table>{rows}</table></details>"


def _png(result: Result) -> str:
    try:
        figure = plot(result)
    except CryoqaError:                          # nothing to draw, or nothing to draw with
        return ""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=70)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _shown(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
