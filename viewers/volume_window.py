"""The window that shows maps: sections, projections or a gallery, in grey or coloured by another map."""
from __future__ import annotations

import tkinter
from dataclasses import replace
from tkinter import filedialog, ttk
from typing import Any, Callable, Dict, List, Optional

from matplotlib.figure import Figure
from pyworkflow.gui import Window
from pyworkflow.gui.widgets import Button

from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.report.scale import Scale
from cryoqa_plugin.report.support import SEEN

from .chimerax_view import surface_level
from .colours import COLOURS, CONFIDENT, OF_THE_RESULT, is_range, order_of
from .files import Choices, MapFile
from .gallery_figure import draw_gallery
from .volume_figure import VIEWS, Look, Scene, draw_views, grid_sentence, middle
from .windows import WindowView, bring_up, place

NONE = "none"
_PALE = 0.35                                                 # strength of the colours of confidence, which is the same nearly everywhere
SECTIONS, PROJECTIONS, GALLERY = "Three sections", "Projections (mean)", "Gallery"
_PATTERNS = [("maps", "*.mrc *.map *.ccp4 *.mrc.gz *.map.gz"), ("all files", "*")]
_KINDS = ("map", "overlay", "mask", "outline")
Chimerax = Callable[[Dict[str, Optional[MapFile]], Scene, Look], str]


class VolumeView(WindowView):
    """A window that shows maps by sections, projections or a gallery, with a mask contour, and coloured by a second map.

    ``maps``, ``masks`` and ``overlays`` are the files to choose from, by the names shown. The map of the name ``first`` (else the first
    one) is shown first, with the mask of the name ``mask`` and coloured by that of the name ``overlay``, with the outline of the map of the
    name ``outline`` at the density ``level``, or at one that fits. ``chimerax`` is given the files shown by kind, and shows them in
    ChimeraX or writes the script for it; it returns what it did in a sentence. Without it there is no button.
    """

    def __init__(self, maps: Choices, title: str = "cryoqa", masks: Optional[Choices] = None, overlays: Optional[Choices] = None,
                 mask: str = NONE, overlay: str = NONE, parent: Any = None, first: str = "", chimerax: Optional[Chimerax] = None,
                 outline: str = NONE, level: Optional[float] = None) -> None:
        self.choices: Dict[str, Choices] = {"map": dict(maps), "mask": dict(masks or {}), "overlay": dict(overlays or {}),
                                            "outline": dict(maps)}
        self.first = {"map": first or next(iter(maps)), "mask": mask, "overlay": overlay, "outline": outline}
        self.title, self.parent, self.chimerax, self.level = title, parent, chimerax, level

    def open(self) -> "VolumeWindow":
        """Build the window and bring it up, without entering an event loop."""
        window = VolumeWindow(self)
        bring_up(window)
        return window


class VolumeWindow(Window):
    """The window of :class:`VolumeView`; ``scene`` and ``look`` are what it shows."""

    _BOXES = (("map", "Map"), ("overlay", "Coloured by"), ("mask", "Mask contour"), ("outline", "Outline of"))
    _SLIDERS = (("x", "x", 0, 1), ("y", "y", 0, 1), ("z", "z", 0, 1), ("contrast", "Contrast: white at {:.1f} sd", 1, 30),
                ("threshold", "Coloured above a density of {:.1f} sd", 0, 15), ("opacity", "Strength of the colours: {:.2f}", 0, 1),
                ("outline", "Outline at a density of {:.1f} sd", 0, 30), ("count", "Sections of the gallery: {:.0f}", 1, 64))

    def __init__(self, view: VolumeView) -> None:
        Window.__init__(self, view.title, view.parent, minsize=(900, 760))
        self.choices, self.chimerax, self.scene, self.look = view.choices, view.chimerax, None, Look()   # type: ignore[var-annotated]
        self._names = dict.fromkeys(_KINDS, NONE)
        self._waiting = False
        self._quiet = True                                   # no drawing while the sliders are set by the program
        self.range: Optional[Scale] = None                   # of the colours, None for that of the rule
        self.axes: List[Any] = []
        self.figure = Figure(figsize=(8, 7.6), dpi=100)
        self.canvas, self.toolbar = place(self, self.figure)
        self.canvas.mpl_connect("button_press_event", self._clicked)
        self._build_controls()
        for kind in _KINDS:
            if view.first[kind] in self.choices[kind]:
                self.choose(kind, view.first[kind])
        if view.level is not None and self.scene is not None and self.scene.outline is not None:
            self._set_outline(view.level)
        if self.scene is not None and self.scene.quantity == CONFIDENT:
            self.sliders["opacity"].set(_PALE)               # the density is to be seen with the line around it

    # -------------------------- controls --------------------------
    def _build_controls(self) -> None:
        panel = ttk.Frame(self.root, padding=10)
        panel.grid(row=0, column=1, sticky="ns")
        self.boxes = {kind: self._build_box(panel, kind, label) for kind, label in self._BOXES}
        row = ttk.Frame(panel)
        row.pack(fill="x")
        self.mode = self._build_list(row, (SECTIONS, PROJECTIONS, GALLERY), 17)
        self.along = self._build_list(row, ("along z", "along y", "along x"), 8)
        self._build_colours(panel)
        self.sliders: Dict[str, ttk.Scale] = {}
        self._labels: Dict[str, ttk.Label] = {}
        for name, label, low, high in self._SLIDERS:
            self._labels[name] = ttk.Label(panel, text=label)
            self._labels[name].pack(anchor="w", pady=(6, 0))
            self.sliders[name] = ttk.Scale(panel, from_=low, to=high, command=lambda value: self._changed())
            self.sliders[name].pack(fill="x")
        self.sliders["opacity"].set(self.look.opacity)
        self.sliders["threshold"].set(self.look.threshold)
        self.sliders["count"].set(20)
        if self.chimerax is not None:
            Button(panel, text="ChimeraX", command=self.open_chimerax, font="TkSmallCaptionFont").pack(anchor="w", pady=(8, 0))
        self.message = tkinter.StringVar(master=self.root)
        ttk.Label(panel, textvariable=self.message, wraplength=250, foreground="#a00000").pack(fill="x", pady=8)

    def _build_list(self, row: Any, values: Any, width: int) -> ttk.Combobox:
        box = ttk.Combobox(row, state="readonly", width=width, values=values)
        box.set(values[0])
        box.bind("<<ComboboxSelected>>", lambda event: self._changed())
        box.pack(side="left", padx=(0, 4), pady=(0, 6))
        return box

    def _build_colours(self, panel: Any) -> None:
        """The colour map, and the two ends of its range with the way back to the rule."""
        row = ttk.Frame(panel)
        row.pack(fill="x")
        ttk.Label(row, text="Colours").pack(side="left")
        self.colours = self._build_list(row, COLOURS, 13)
        row = ttk.Frame(panel)
        row.pack(fill="x")
        self.ends: List[ttk.Entry] = []
        for word in ("from", "to"):
            ttk.Label(row, text=word).pack(side="left")
            entry = ttk.Entry(row, width=7)
            entry.bind("<Return>", lambda event: self.set_range())
            entry.pack(side="left", padx=(3, 6))
            self.ends.append(entry)
        Button(row, text="Set", command=self.set_range, font="TkSmallCaptionFont").pack(side="left")
        Button(row, text="By rule", command=self.reset_range, font="TkSmallCaptionFont").pack(side="left", padx=3)

    def _build_box(self, panel: Any, kind: str, label: str) -> ttk.Combobox:
        row = ttk.Frame(panel)
        row.pack(fill="x")
        ttk.Label(row, text=label).pack(side="left")
        Button(row, text="Open ...", command=lambda: self._browse(kind), font="TkSmallCaptionFont").pack(side="right")
        box = ttk.Combobox(panel, state="readonly", width=34)
        box.configure(postcommand=lambda: box.configure(values=self._offered(kind)))
        box.pack(fill="x", pady=(0, 6))
        box.bind("<<ComboboxSelected>>", lambda event: self.choose(kind, box.get()))
        box.set(NONE)
        return box

    def _offered(self, kind: str) -> List[str]:
        return ([] if kind == "map" else [NONE]) + list(self.choices[kind])

    def _browse(self, kind: str) -> None:
        path = filedialog.askopenfilename(parent=self.root, filetypes=_PATTERNS)
        if path:
            name = path.rsplit("/", 1)[-1]
            self.choices[kind][name] = MapFile.named(path)
            self.choose(kind, name)

    # -------------------------- what is shown --------------------------
    def choose(self, kind: str, name: str) -> None:
        """Show another ``map`` or ``mask``, or colour by another ``overlay``, by its name, or ``none``; what does not fit is refused with a
        sentence."""
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
        elif kind == "outline":
            self._put_outline(name, map_)
        elif self.scene is not None:
            wrong = grid_sentence(self.scene.map, map_, "mask" if kind == "mask" else "map of the colours") if map_ is not None else None
            if wrong:
                return wrong
            if kind == "mask":
                self.scene = replace(self.scene, mask=map_)
            else:
                file = self.choices[kind].get(name) or MapFile("")
                self.scene = replace(self.scene, overlay=map_, overlay_name=name, quantity=file.quantity, resolution=file.resolution)
                if file.quantity in OF_THE_RESULT and not self.sliders["threshold"].get():
                    self._quiet = True
                    self.sliders["threshold"].set(SEEN)      # where the map shows nothing, its noise has no value to speak of
                    self._quiet = False
            self._show_range()
        self._names[kind] = name
        return None

    def _put_outline(self, name: str, map_: Optional[Map]) -> None:
        if self.scene is not None:
            self.scene = replace(self.scene, outline=map_, outline_name=name)
            if map_ is not None:
                self._set_outline(surface_level(map_))

    def _set_outline(self, level: float) -> None:
        """Draw the outline at a density."""
        mean, sd = self.scene.outline_moments
        self._quiet = True
        self.sliders["outline"].set((level - mean) / sd)
        self._quiet = False

    def _put_map(self, name: str, map_: Map) -> None:
        self._quiet = True
        if self.scene is not None and self.scene.map.shape == map_.shape:
            self.scene = replace(self.scene, map=map_, name=name)
        else:
            before = self.scene
            self.scene = Scene(map_, name)
            if before is not None and before.outline is not None:
                self.scene = replace(self.scene, outline=before.outline, outline_name=before.outline_name)
            for kind in ("mask", "overlay"):                 # those of the map before do not fit
                self._names[kind] = NONE
                self.boxes[kind].set(NONE)
            self._show_range()
            for axis, size, at in zip("xyz", map_.shape[::-1], middle(map_)):
                self.sliders[axis].configure(to=size - 1)
                self.sliders[axis].set(at)
        self.sliders["contrast"].set(self.scene.statistics.contrast)
        self._quiet = False

    def _show_range(self) -> None:
        """Back to the range of the rule, in the fields."""
        self.range = None
        if self.scene is not None:
            scale = self.scene.scale if self.scene.overlay is not None else None
            for entry, value in zip(self.ends, (scale.low, scale.high) if scale else ("", "")):
                entry.delete(0, "end")
                entry.insert(0, f"{value:.3g}" if scale else "")

    def reset_range(self) -> None:
        """Colour by the range of the rule again."""
        self.message.set("")
        self._show_range()
        self._changed()

    def set_range(self) -> None:
        """Colour by the range in the two fields; what is no range is refused with a sentence."""
        if self.scene is None or self.scene.overlay is None:
            return
        try:
            low, high = (float(entry.get().replace(",", ".")) for entry in self.ends)
        except ValueError:
            self.message.set("The range of the colours needs two numbers.")
            return
        rule, chosen = self.scene.scale, Scale(low, high, self.scene.scale.log)
        if not is_range(chosen, rule):
            self.message.set(f"The range of the colours goes from a {order_of(rule)} value" + (" above 0." if rule.log else "."))
            return
        self.message.set("")
        self.range = chosen
        self._changed()

    def open_chimerax(self) -> None:
        """What is shown, in ChimeraX where it is installed."""
        files = {kind: self.choices[kind].get(self._names[kind]) for kind in _KINDS}
        if self.scene is not None and files["map"] is not None:
            self.message.set(self.chimerax(files, self.scene, self.look))

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
        if values["threshold"] <= 0:
            self._labels["threshold"].configure(text="Coloured at every density")
        if self.scene.outline is None:
            self._labels["outline"].configure(text="No outline")
        self.look = Look((x, y, z), self.mode.get() == PROJECTIONS, values["contrast"], values["opacity"], values["threshold"],
                         colours=self.colours.get(), scale=self.range, outline=values["outline"])
        if self.mode.get() == GALLERY:
            self.axes = draw_gallery(self.figure, self.scene, self.look, "zyx".index(self.along.get()[-1]), round(values["count"]))
        else:
            self.axes = draw_views(self.figure, self.scene, self.look)
        self.canvas.draw()

    def _clicked(self, event: Any) -> None:
        """Go to the place that was clicked, unless matplotlib's zoom or pan is on."""
        if self.toolbar.mode or self.mode.get() != SECTIONS or event.inaxes not in self.axes or event.xdata is None:
            return
        _, right, up = VIEWS[self.axes.index(event.inaxes)]
        map_ = self.scene.map
        self._quiet = True
        for axis, value in ((right, event.xdata), (up, event.ydata)):
            at = round((value - map_.origin[2 - axis]) / map_.voxel_size[2 - axis])
            self.sliders["zyx"[axis]].set(min(max(at, 0), map_.shape[axis] - 1))
        self._quiet = False
        self._changed()
