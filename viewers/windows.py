"""The Tk windows around the figures; they live inside Scipion or stand alone."""
from __future__ import annotations

import tkinter
from dataclasses import replace
from tkinter import filedialog, ttk
from typing import Any, Dict, List, Optional, Tuple

from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg, NavigationToolbar2Tk
from matplotlib.figure import Figure
from pyworkflow.gui import Window
from pyworkflow.gui.widgets import Button
from pyworkflow.viewer import View

from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.maps import Map

from .files import Choices, MapFile
from .volume_figure import VIEWS, Look, Scene, draw_views, grid_sentence, middle

NONE = "none"
_PATTERNS = [("maps", "*.mrc *.map *.ccp4 *.mrc.gz *.map.gz"), ("all files", "*")]


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
        _place(window, self.figure)
        _bring_up(window)
        return window


class VolumeView(WindowView):
    """A window that shows maps by sections or projections, with a mask contour and a second map in colour.

    ``maps``, ``masks`` and ``overlays`` are the files to choose from, by the names shown. The first map is shown first, with the
    mask of the name ``mask`` and the second map of the name ``overlay``.
    """

    def __init__(self, maps: Choices, title: str = "cryoqa", masks: Optional[Choices] = None, overlays: Optional[Choices] = None,
                 mask: str = NONE, overlay: str = NONE, parent: Any = None) -> None:
        self.choices: Dict[str, Choices] = {"map": dict(maps), "mask": dict(masks or {}), "overlay": dict(overlays or {})}
        self.first = {"map": next(iter(maps)), "mask": mask, "overlay": overlay}
        self.title, self.parent = title, parent

    def open(self) -> "VolumeWindow":
        """Build the window and bring it up, without entering an event loop."""
        window = VolumeWindow(self)
        _bring_up(window)
        return window


def _place(window: Window, figure: Figure) -> Tuple[FigureCanvasTkAgg, NavigationToolbar2Tk]:
    canvas = FigureCanvasTkAgg(figure, master=window.root)
    canvas.get_tk_widget().grid(row=0, column=0, sticky="nsew")
    toolbar = NavigationToolbar2Tk(canvas, window.root, pack_toolbar=False)
    toolbar.grid(row=1, column=0, columnspan=2, sticky="ew")
    return canvas, toolbar


def _bring_up(window: Window) -> None:
    from pyworkflow.gui import centerWindows
    own = window.root if window.master else window.root.master          # without a parent, Scipion's Window makes a hidden root
    window.root.protocol("WM_DELETE_WINDOW", own.destroy)               # and would end the whole program when it is closed
    centerWindows(window.root)                               # of the screen: beside a small form they would hang over its edge
    window.root.deiconify()
    window.root.focus_set()


class VolumeWindow(Window):
    """The window of :class:`VolumeView`; ``scene`` and ``look`` are what it shows."""

    _BOXES = (("map", "Map"), ("mask", "Mask contour"), ("overlay", "Second map in colour"))
    _SLIDERS = (("x", "x", 0, 1), ("y", "y", 0, 1), ("z", "z", 0, 1), ("contrast", "Contrast: white at {:.1f} sd", 1, 30),
                ("opacity", "Opacity of the second map: {:.2f}", 0, 1), ("floor", "Second map hidden below {:.0f} %", 0, 99))

    def __init__(self, view: VolumeView) -> None:
        Window.__init__(self, view.title, view.parent, minsize=(900, 700))
        self.choices, self.scene, self.look = view.choices, None, Look()   # type: Dict[str, Choices], Optional[Scene], Look
        self._names = dict.fromkeys(("map", "mask", "overlay"), NONE)
        self._waiting = False
        self._quiet = True                                   # no drawing while the sliders are set by the program
        self.axes: List[Any] = []
        self.figure = Figure(figsize=(8, 7), dpi=100)
        self.canvas, self.toolbar = _place(self, self.figure)
        self.canvas.mpl_connect("button_press_event", self._clicked)
        self._build_controls()
        for kind, name in view.first.items():
            if name in self.choices[kind]:
                self.choose(kind, name)

    # -------------------------- controls --------------------------
    def _build_controls(self) -> None:
        panel = ttk.Frame(self.root, padding=10)
        panel.grid(row=0, column=1, sticky="ns")
        self.boxes = {kind: self._build_box(panel, kind, label) for kind, label in self._BOXES}
        self.projections = tkinter.BooleanVar(master=self.root, value=False)
        for value, label in ((False, "Sections"), (True, "Projections (mean)")):
            ttk.Radiobutton(panel, text=label, variable=self.projections, value=value, command=self._changed).pack(anchor="w")
        self.sliders: Dict[str, ttk.Scale] = {}
        self._labels: Dict[str, ttk.Label] = {}
        for name, label, low, high in self._SLIDERS:
            self._labels[name] = ttk.Label(panel, text=label)
            self._labels[name].pack(anchor="w", pady=(8, 0))
            self.sliders[name] = ttk.Scale(panel, from_=low, to=high, command=lambda value: self._changed())
            self.sliders[name].pack(fill="x")
        self.sliders["opacity"].set(self.look.opacity)
        self.sliders["floor"].set(self.look.floor)
        self.message = tkinter.StringVar(master=self.root)
        ttk.Label(panel, textvariable=self.message, wraplength=230, foreground="#a00000").pack(fill="x", pady=10)

    def _build_box(self, panel: Any, kind: str, label: str) -> ttk.Combobox:
        row = ttk.Frame(panel)
        row.pack(fill="x")
        ttk.Label(row, text=label).pack(side="left")
        Button(row, text="Open ...", command=lambda: self._browse(kind), font="TkSmallCaptionFont").pack(side="right")
        box = ttk.Combobox(panel, state="readonly", width=30)
        box.configure(postcommand=lambda: box.configure(values=self._offered(kind)))
        box.pack(fill="x", pady=(0, 8))
        box.bind("<<ComboboxSelected>>", lambda event: self.choose(kind, box.get()))
        box.set(NONE)
        return box

    def _offered(self, kind: str) -> List[str]:
        return ([] if kind == "map" else [NONE]) + list(self.choices[kind])

    def _browse(self, kind: str) -> None:
        path = filedialog.askopenfilename(parent=self.root, filetypes=_PATTERNS)
        if path:
            name = path.rsplit("/", 1)[-1]
            self.choices[kind][name] = MapFile(path)
            self.choose(kind, name)

    # -------------------------- what is shown --------------------------
    def choose(self, kind: str, name: str) -> None:
        """Show another ``map``, ``mask`` or ``overlay`` by its name, or ``none``; what does not fit is refused with a sentence."""
        self.message.set("")
        map_: Optional[Map] = None
        try:
            map_ = None if name == NONE else self.choices[kind][name].read()
        except (CryoqaError, OSError) as error:
            self.message.set(str(error))
        else:
            wrong = self._put(kind, name, map_)
            self.message.set(wrong or "")
        self.boxes[kind].set(self._names[kind])
        self._changed()

    def _put(self, kind: str, name: str, map_: Optional[Map]) -> Optional[str]:
        if kind == "map":
            self._put_map(name, map_)
        elif self.scene is not None:
            wrong = grid_sentence(self.scene.map, map_, "mask" if kind == "mask" else "second map") if map_ is not None else None
            if wrong:
                return wrong
            self.scene = replace(self.scene, **({"mask": map_} if kind == "mask" else {"overlay": map_, "overlay_name": name}))
        self._names[kind] = name
        return None

    def _put_map(self, name: str, map_: Map) -> None:
        self._quiet = True
        if self.scene is not None and self.scene.map.shape == map_.shape:
            self.scene = replace(self.scene, map=map_, name=name)
        else:
            self.scene = Scene(map_, name)
            for kind in ("mask", "overlay"):                 # those of the map before do not fit
                self._names[kind] = NONE
                self.boxes[kind].set(NONE)
            for axis, size, at in zip("xyz", map_.shape[::-1], middle(map_)):
                self.sliders[axis].configure(to=size - 1)
                self.sliders[axis].set(at)
        self.sliders["contrast"].set(self.scene.statistics.contrast)
        self._quiet = False

    # -------------------------- drawing --------------------------
    def _changed(self) -> None:
        """Draw again as soon as there is time: a slider that is dragged sends more changes than can be drawn."""
        if not (self._quiet or self._waiting or self.scene is None):
            self._waiting = True
            self.root.after_idle(self._draw)

    def _draw(self) -> None:
        self._waiting = False
        values = {name: float(slider.get()) for name, slider in self.sliders.items()}
        x, y, z = (int(round(values[a])) for a in "xyz")
        for name, label, _, _ in self._SLIDERS:
            self._labels[name].configure(text=f"{label} = {round(values[name])}" if name in "xyz" else label.format(values[name]))
        self.look = Look((x, y, z), bool(self.projections.get()), values["contrast"], values["opacity"], values["floor"])
        self.axes = draw_views(self.figure, self.scene, self.look)
        self.canvas.draw()

    def _clicked(self, event: Any) -> None:
        """Go to the place that was clicked, unless matplotlib's zoom or pan is on."""
        if self.toolbar.mode or self.look.projections or event.inaxes not in self.axes or event.xdata is None:
            return
        _, right, up = VIEWS[self.axes.index(event.inaxes)]
        map_ = self.scene.map
        self._quiet = True
        for axis, value in ((right, event.xdata), (up, event.ydata)):
            at = round((value - map_.origin[2 - axis]) / map_.voxel_size[2 - axis])
            self.sliders["zyx"[axis]].set(min(max(at, 0), map_.shape[axis] - 1))
        self._quiet = False
        self._changed()
