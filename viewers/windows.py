"""The Tk windows around the figures; they live inside Scipion or stand alone."""
from __future__ import annotations

import tkinter
from tkinter import ttk
from typing import Any, Sequence, Tuple

from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg, NavigationToolbar2Tk
from matplotlib.figure import Figure
from pyworkflow.gui import Window
from pyworkflow.viewer import View

from .fsc_figure import THRESHOLDS, Line, draw_fsc, thresholds_of


class WindowView(View):
    """A view that opens a window; a subclass builds it in ``open``."""

    def open(self) -> Window:
        """Build the window and bring it up, without entering an event loop."""
        raise NotImplementedError

    def show(self) -> None:
        """Open the window; where no window of Scipion is there before it, wait until it is closed."""
        alone = tkinter._default_root is None
        window = self.open()
        if alone:
            window.root.wait_window(window.root)


class FigureView(WindowView):
    """A window with one figure and matplotlib's tools to zoom and to save it."""

    def __init__(self, figure: Figure, title: str, parent: Any = None) -> None:
        self.figure, self.title, self.parent = figure, title, parent

    def open(self) -> Window:
        """Build the window and bring it up, without entering an event loop."""
        window = Window(self.title, self.parent, minsize=(640, 480))
        place(window, self.figure)
        bring_up(window)
        return window


class FscView(WindowView):
    """A window with FSC curves, and a field for the thresholds at which their resolutions are read."""

    def __init__(self, lines: Sequence[Line], title: str, heading: str = "Fourier shell correlation", parent: Any = None) -> None:
        self.lines, self.title, self.heading, self.parent = lines, title, heading, parent
        self.figure = Figure(figsize=(8.5, 6), dpi=100)

    def open(self) -> "FscWindow":
        """Build the window and bring it up, without entering an event loop."""
        window = FscWindow(self)
        bring_up(window)
        return window


class FscWindow(Window):
    """The window of :class:`FscView`; ``field`` holds the thresholds as text."""

    def __init__(self, view: FscView) -> None:
        Window.__init__(self, view.title, view.parent, minsize=(640, 480))
        self.view = view
        self.canvas, _ = place(self, view.figure)
        row = ttk.Frame(self.root, padding=6)
        row.grid(row=2, column=0, sticky="ew")
        ttk.Label(row, text="Resolution at FSC").pack(side="left")
        self.field = ttk.Entry(row, width=16)
        self.field.pack(side="left", padx=6)
        self.field.insert(0, ", ".join(f"{t:g}" for t in THRESHOLDS))
        self.field.bind("<Return>", lambda event: self.draw())
        ttk.Button(row, text="Draw", command=self.draw).pack(side="left")
        self.message = tkinter.StringVar(master=self.root)
        ttk.Label(row, textvariable=self.message, foreground="#a00000").pack(side="left", padx=8)
        self.draw()

    def draw(self) -> None:
        """Draw the curves with the thresholds of the field; what is no threshold is refused with a sentence."""
        try:
            thresholds = thresholds_of(self.field.get())
        except ValueError as error:
            self.message.set(str(error))
            return
        self.message.set("")
        draw_fsc(self.view.figure, self.view.lines, self.view.heading, thresholds)
        self.canvas.draw()


def place(window: Window, figure: Figure) -> Tuple[FigureCanvasTkAgg, NavigationToolbar2Tk]:
    """Put a figure with matplotlib's tool bar into a window."""
    canvas = FigureCanvasTkAgg(figure, master=window.root)
    canvas.get_tk_widget().grid(row=0, column=0, sticky="nsew")
    toolbar = NavigationToolbar2Tk(canvas, window.root, pack_toolbar=False)
    toolbar.grid(row=1, column=0, columnspan=2, sticky="ew")
    return canvas, toolbar


def bring_up(window: Window) -> None:
    """Show a window in the middle of the screen."""
    from pyworkflow.gui import centerWindows
    own = window.root if window.master else window.root.master          # without a parent, Scipion's Window makes a hidden root
    window.root.protocol("WM_DELETE_WINDOW", own.destroy)               # and would end the whole program when it is closed
    centerWindows(window.root)                               # of the screen: beside a small form they would hang over its edge
    window.root.deiconify()
    window.root.focus_set()
