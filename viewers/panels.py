"""Figures with their own sliders: three slices and projections of a map, curves with crossings. No window is needed to draw them."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.widgets import CheckButtons, RadioButtons, Slider

_AXES = ("z", "y", "x")
_PLANES = {0: ("x", "y"), 1: ("x", "z"), 2: ("y", "z")}      # horizontal and vertical axis of the slice across axis 0, 1, 2
_RED = ListedColormap([(0.85, 0.2, 0.1)])
PROJECTIONS = {"slice": None, "mean": np.mean, "maximum": np.max, "SD": np.std}


class VolumePanel:
    """Three orthogonal slices of a map in one figure, with a slider each.

    Parameters
    ----------
    figure
        Where to draw.
    data
        float32 [z, y, x].
    voxel_size
        (x, y, z) in Å; the axes are labelled in Å from the first voxel plus ``origin``.
    mask
        Its 0.5 contour is drawn, same shape.
    overlay
        Second map, same shape, laid over the first in colour where it exceeds its own 98 % quantile.
    """

    def __init__(self, figure: Figure, data: np.ndarray, voxel_size: Tuple[float, ...], origin: Tuple[float, ...] = (0.0, 0.0, 0.0), *,
                 mask: Optional[np.ndarray] = None, overlay: Optional[np.ndarray] = None, title: str = "") -> None:
        self.figure, self.data, self.mask, self.overlay = figure, data, mask, overlay
        self.voxel_size, self.origin = voxel_size, origin
        self.mode, self.shown = "slice", {"mask": mask is not None, "second map": overlay is not None}
        sample = data.ravel()[::max(1, data.size // 1_000_000)]
        self.limits = tuple(float(v) for v in np.quantile(sample, (0.005, 0.998)))
        self._level = None if overlay is None else float(np.quantile(overlay.ravel()[::max(1, overlay.size // 1_000_000)], 0.98))
        figure.suptitle(title, fontsize=10)
        self.axes: List[Any] = [figure.add_axes([0.05 + 0.32 * i, 0.34, 0.28, 0.56]) for i in range(3)]
        self.sliders = [self._slider(i) for i in range(3)]
        self.modes = RadioButtons(figure.add_axes([0.05, 0.02, 0.12, 0.16]), list(PROJECTIONS))
        self.modes.on_clicked(self._set_mode)
        self.boxes = self._check_boxes()
        self.draw()

    def _slider(self, axis: int) -> Slider:
        n = self.data.shape[axis]
        slider = Slider(self.figure.add_axes([0.08 + 0.32 * axis, 0.21, 0.2, 0.03]), _AXES[axis], 0, n - 1, valinit=n // 2, valstep=1,
                        valfmt="%d")
        slider.on_changed(lambda _: self.draw((axis,)))
        return slider

    def _check_boxes(self) -> Optional[CheckButtons]:
        there = [n for n, m in (("mask", self.mask), ("second map", self.overlay)) if m is not None]
        if not there:
            return None
        boxes = CheckButtons(self.figure.add_axes([0.22, 0.02, 0.16, 0.16]), there, [True] * len(there))
        boxes.on_clicked(self._toggle)
        return boxes

    def _set_mode(self, mode: str) -> None:
        self.mode = mode
        self.draw()

    def _toggle(self, name: str) -> None:
        self.shown[name] = not self.shown[name]
        self.draw()

    def plane(self, volume: np.ndarray, axis: int) -> np.ndarray:
        """The image of ``volume`` across ``axis`` that is shown now: a slice or a projection."""
        reduce = PROJECTIONS[self.mode]
        return np.take(volume, int(self.sliders[axis].val), axis) if reduce is None else reduce(volume, axis=axis)

    def draw(self, which: Tuple[int, ...] = (0, 1, 2)) -> None:
        """Draw the planes across the axes ``which`` again."""
        for axis in which:
            ax = self.axes[axis]
            ax.clear()
            extent = self._extent(axis)
            limits = dict(vmin=self.limits[0], vmax=self.limits[1]) if self.mode == "slice" else {}
            ax.imshow(self.plane(self.data, axis), cmap="gray", origin="lower", extent=extent, interpolation="nearest", **limits)
            if self.overlay is not None and self.shown["second map"]:
                second = self.plane(self.overlay, axis)
                ax.imshow(np.ma.masked_less(second, self._level), cmap=_RED, alpha=0.45, origin="lower", extent=extent,
                          interpolation="nearest")
            if self.mask is not None and self.shown["mask"]:
                edge = self.plane(self.mask, axis) if self.mode == "slice" else self.mask.max(axis=axis)
                if edge.min() < 0.5 < edge.max():
                    ax.contour(edge, [0.5], colors="#2e7daa", linewidths=1, origin="lower", extent=extent)
            across, up = _PLANES[axis]
            ax.set_xlabel(f"{across} (Å)", fontsize=8)
            ax.set_ylabel(f"{up} (Å)", fontsize=8)
            ax.tick_params(labelsize=7)
        self.figure.canvas.draw_idle()

    def _extent(self, axis: int) -> Tuple[float, float, float, float]:
        sizes = dict(zip("zyx", self.data.shape))
        steps, starts = dict(zip("xyz", self.voxel_size)), dict(zip("xyz", self.origin))
        across, up = _PLANES[axis]
        ends = [(starts[n] - steps[n] / 2, starts[n] + (sizes[n] - 0.5) * steps[n]) for n in (across, up)]
        return ends[0] + ends[1]


def draw_fsc(figure: Figure, curves: Dict[str, Dict[str, Any]], thresholds: Tuple[float, ...] = (0.143, 0.5),
             title: str = "") -> Dict[str, float]:
    """Draw FSC curves, their bands and their first falls below the thresholds.

    Parameters
    ----------
    curves
        Name -> curve of a result document (``x`` in 1/Å, ``y``, with ``lower`` and ``upper`` when there is a band).

    Returns
    -------
    dict
        ``"name @ threshold"`` -> resolution in Å where the curve first falls below the threshold.
    """
    ax = figure.add_axes([0.1, 0.13, 0.85, 0.76])
    found: Dict[str, float] = {}
    for name, entry in curves.items():
        x, y = (np.array([np.nan if v is None else v for v in entry[k]], dtype=float) for k in ("x", "y"))
        line, = ax.plot(x, y, linewidth=1.4, label=name)
        if entry.get("lower") and entry.get("upper"):
            lower, upper = (np.array([np.nan if v is None else v for v in entry[k]], dtype=float) for k in ("lower", "upper"))
            ax.fill_between(x[1:], lower[1:], upper[1:], color=line.get_color(), alpha=0.15, linewidth=0)
        for threshold in thresholds:
            at = first_fall(x, y, threshold)
            if at:
                found[f"{name} @ {threshold:g}"] = 1 / at
                ax.plot([at], [threshold], "o", color=line.get_color(), markersize=4)
    for threshold in thresholds:
        ax.axhline(threshold, color="0.6", linewidth=0.8, linestyle="--")
        ax.text(0.002, threshold + 0.01, f"{threshold:g}", fontsize=7, color="0.4", transform=ax.get_yaxis_transform())
    ax.axhline(0, color="0.8", linewidth=0.8)
    ax.set_ylim(-0.1, 1.05)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(lambda s, _: f"{1 / s:.3g}" if s > 0 else "inf")
    ax.set_xlabel("Resolution (Å)")
    ax.set_ylabel("Fourier shell correlation")
    at_first = {n: r for n, r in found.items() if n.endswith(f"@ {thresholds[0]:g}")}
    for line in ax.get_lines():
        key = f"{line.get_label()} @ {thresholds[0]:g}"
        if key in at_first:
            line.set_label(f"{line.get_label()}: {at_first[key]:.2f} Å")
    ax.legend(fontsize=8, loc="upper right")
    figure.suptitle(title, fontsize=10)
    return found


def first_fall(x: np.ndarray, y: np.ndarray, threshold: float) -> Optional[float]:
    """Abscissa where ``y`` over ``x`` (each [n]) first falls below the threshold after it was above, or None; linear."""
    above = y >= threshold
    starts = np.flatnonzero(above)
    if starts.size == 0:
        return None
    falls = np.flatnonzero(~above[starts[0]:] & np.isfinite(y[starts[0]:]))
    if falls.size == 0:
        return None
    i = starts[0] + falls[0]
    t = (y[i - 1] - threshold) / (y[i - 1] - y[i])
    return float(x[i - 1] + t * (x[i] - x[i - 1]))
