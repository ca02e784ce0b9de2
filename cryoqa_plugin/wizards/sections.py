"""Three sections of a map with what is set on them: the contour of a level, or a ball."""
from __future__ import annotations

import tkinter
from tkinter import ttk
from typing import Any, Optional, Tuple

import numpy as np
from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from pyworkflow.gui.dialog import Dialog

from cryoqa_plugin.io.maps import Map

_COLOUR = "#d4380d"


def start_and_range(map_: Map, mark: str) -> Tuple[float, float, float]:
    """Where the slider stands at first, and its ends.

    A level (density) begins 3 standard deviations above the mean, a radius (Å) at a third of the box.
    """
    if mark == "radius":
        half = min(n * v for n, v in zip(map_.shape[::-1], map_.voxel_size)) / 2
        return half * 2 / 3, min(map_.voxel_size), half
    mean, sd, high = float(map_.data.mean()), float(map_.data.std()), float(map_.data.max())
    return min(mean + 3 * sd, high), mean, high


def draw(figure: Figure, map_: Map, mark: str, value: float) -> None:
    """Draw the middle sections along z, y and x, in Å from the middle of the box, with the contour or the ball of ``value``."""
    figure.clear()
    low, high = np.percentile(map_.data, (1, 99.8))
    for i, (axis, right, up) in enumerate(((0, 2, 1), (1, 2, 0), (2, 1, 0))):
        ax = figure.add_subplot(1, 3, i + 1)
        image = np.take(map_.data, map_.shape[axis] // 2, axis=axis)     # [up, right]
        ends = [map_.shape[a] * map_.voxel_size[2 - a] / 2 for a in (right, up)]
        extent = (-ends[0], ends[0], -ends[1], ends[1])
        ax.imshow(image, cmap="gray", vmin=low, vmax=max(high, low + 1e-12), origin="lower", extent=extent, interpolation="nearest")
        if mark == "radius":
            ax.add_patch(Circle((0, 0), value, fill=False, color=_COLOUR, linewidth=1.5))
        elif image.min() < value < image.max():
            ax.contour(image, levels=[value], colors=[_COLOUR], linewidths=1.0, origin="lower", extent=extent)
        ax.set_xlabel("xyz"[2 - right] + " (Å)")
        ax.set_ylabel("xyz"[2 - up] + " (Å)")


def sentence(map_: Map, mark: str, value: float) -> str:
    """What a value means for the map."""
    if mark == "radius":
        return f"Ball of {value:.4g} Å about the box centre."
    inside = float((map_.data >= value).mean())
    volume = inside * map_.data.size * float(np.prod(map_.voxel_size))
    return f"Level {value:.4g}: {100 * inside:.3g} % of the box, {volume / 1000:.4g} nm³."


class SectionsDialog(Dialog):
    """Sections, a slider and OK; ``value`` is what was set."""

    def __init__(self, parent: Any, title: str, map_: Map, mark: str, value: Optional[float] = None) -> None:
        self.map, self.mark = map_, mark
        first, self.low, self.high = start_and_range(map_, mark)
        self.value = float(first if value is None else value)
        Dialog.__init__(self, parent, title)

    def body(self, master: Any) -> None:
        """Build the window."""
        self.figure = Figure(figsize=(11, 4), dpi=90, constrained_layout=True)
        self.canvas = FigureCanvasTkAgg(self.figure, master=master)
        self.canvas.get_tk_widget().grid(row=0, column=0, columnspan=2, sticky="nsew")
        self.slider = ttk.Scale(master, from_=self.low, to=self.high, value=self.value, command=self._moved)
        self.slider.grid(row=1, column=0, sticky="ew", padx=10)
        self.entry = ttk.Entry(master, width=12)
        self.entry.grid(row=1, column=1, padx=10)
        self.entry.bind("<Return>", self._typed)
        self.words = tkinter.StringVar(master=master)
        ttk.Label(master, textvariable=self.words).grid(row=2, column=0, columnspan=2, sticky="w", padx=10, pady=6)
        master.columnconfigure(0, weight=1)
        self._show()

    def _moved(self, value: str) -> None:
        self.value = float(value)
        self._show()

    def _typed(self, event: Any) -> str:
        """Take what was typed; 'break' so that the key does not close the window too."""
        try:
            self.value = float(self.entry.get())
        except ValueError:
            pass
        else:
            self.slider.configure(value=self.value)
        self._show()
        return "break"

    def _show(self) -> None:
        self.entry.delete(0, "end")
        self.entry.insert(0, f"{self.value:.4g}")
        self.words.set(sentence(self.map, self.mark, self.value))
        draw(self.figure, self.map, self.mark, self.value)
        self.canvas.draw_idle()
