"""What "Analyze results" opens for the protocols of cryoqa."""
from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from matplotlib.figure import Figure
from pwem.objects import SetOfFSCs
from pyworkflow.protocol import params
from pyworkflow.viewer import DESKTOP_TKINTER, ProtocolViewer, View

from cryoqa_plugin import protocols
from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.maps import MapHeader
from cryoqa_plugin.report import sphere

from . import files
from .axes_figure import Axis, axes_of, draw_axes, reach_of, write_shapes
from .chimerax import Outline, write_script
from .chimerax_view import chimerax_program, launcher, on_the_map, surface_level, write_scene
from .colours import BFACTOR, COLOURS, CONFIDENT, DENSITY, OF_THE_RESULT, WORDS, is_range, order_of
from .files import Choices, MapFile
from .fsc_figure import Line, lines_of_document
from .offered import GIVEN, HELP, NO_COLOURS, OVER
from .plot_figure import draw_plots, plots_of
from .report_view import FormOf, ReportView
from .sphere_figure import draw_sphere
from .value_figures import draw_guinier, draw_histogram, guinier_lines
from .viewer_fsc import lines_of
from .volume_figure import Look, Scene

class Maps(NamedTuple):
    """The files to choose from by the names shown: maps and masks of the run, then with those of the project."""

    maps: Choices
    masks: Choices
    all_maps: Choices
    all_masks: Choices


class CryoqaProtocolViewer(ProtocolViewer):
    """Report, coloured density, maps, curves and direction sphere of a run of cryoqa, and ChimeraX."""

    _label = "cryoqa results"
    _targets = [getattr(protocols, name) for name in protocols.__all__]
    _environments = [DESKTOP_TKINTER]

    @classmethod
    def getClassLabel(cls, prependPackageName: bool = True) -> str:
        """What stands over the form: the name without the package's."""
        return cls._label

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Results")
        _label_param(form, "showReport", "Report", important=True)
        found = self.files()
        by = files.coloured(found.maps)
        if hasattr(self.protocol, "_capability") and self.protocol._capability == "deposit" and self.result():
            _label_param(form, "showEntry", "Picture, and what would be sent back", important=True)
            _label_param(form, "showFolder", "Folder with the files of the entry")
        if by:
            words = self.words(by)
            group = form.addGroup((words or "local values").capitalize() if words != WORDS[BFACTOR] else "Local B-factor")
            if len(by) > 1:
                choices = [self._valued(name) for name in by]
                group.addParam("values", params.EnumParam, choices=choices, default=0, label="Values", help=HELP["values"])
            if self.density(by[0]):
                _label_param(group, "showColoured", f"Density coloured by {words or 'these values'}", important=True)
            _label_param(group, "showHistogram", "Histogram")
        if hasattr(self.protocol, "_OUTNAME"):
            _label_param(form, "showScores", "Scores of residues", important=True)
        group = form.addGroup("Maps and curves")
        over = self.over()
        for name, label, there in (("showAxes", "Map with its axes", self.axes() and self._with_axes()),
                                   ("showOver", over[2] if over else "", over),
                                   ("showMaps", "Sections, projections, gallery", found.maps or found.masks),
                                   ("showCurves", "FSC curves", self.curves()), ("showPlots", "Other curves", self.plots()),
                                   ("showGuinier", "Guinier plot", self.guinier()),
                                   ("showSphere", "Direction sphere", self.directions() is not None)):
            if there:
                _label_param(group, name, label)
        if found.maps or found.masks:
            self._define_chimerax(form.addGroup("ChimeraX"), found, by)

    def _define_chimerax(self, group: Any, found: Maps, by: List[str]) -> None:
        surfaces, values = self._surfaces(), self._values_offered()
        first = self.density(by[0]) if by else self._main()
        group.addParam("surface", params.EnumParam, choices=surfaces, default=surfaces.index(first) if first in surfaces else 0,
                       label="Surface of", help=HELP["surface"])
        if len(values) > 1:
            group.addParam("colouredBy", params.EnumParam, choices=values, default=1 if by else 0, label="Coloured by",
                           help=HELP["colouredBy"])
            group.addParam("colours", params.EnumParam, choices=list(COLOURS), default=0, label="Colours", help=HELP["colours"])
            line = group.addLine("Range of the colours", help=f"{HELP['lowest']} {HELP['highest']}")
            line.addParam("lowest", params.FloatParam, default=None, allowsNull=True, label="from")
            line.addParam("highest", params.FloatParam, default=None, allowsNull=True, label="to")
        _label_param(group, "showChimerax", "Open ChimeraX")

    def _getVisualizeDict(self) -> Dict[str, Callable[..., List[View]]]:
        return {"showReport": self._show_report, "showColoured": self._show_coloured, "showHistogram": self._show_histogram,
                "showMaps": self._show_maps, "showCurves": self._show_curves, "showGuinier": self._show_guinier,
                "showSphere": self._show_sphere, "showScores": self._show_scores, "showChimerax": self._show_chimerax,
                "showAxes": self._show_axes, "showOver": self._show_over, "showPlots": self._show_plots, "showEntry": self._show_entry,
                "showFolder": self._show_folder}

    def _say(self, text: str) -> View:
        return self.infoMessage(text, "cryoqa")

    def _title(self) -> str:
        return f"cryoqa: {self.protocol.getObjLabel()}"

    def result(self) -> Dict[str, Any]:
        """The saved result, empty where there is none."""
        return self.protocol.result() or {}

    # -------------------------- files --------------------------
    def files(self) -> Maps:
        """What can be shown, found once for the form."""
        if self.__dict__.get("_found") is None or self._found[0] is not self.protocol:
            maps, masks = files.of_run(self.protocol)
            more_masks, more_maps = files.of_project(self.getProject())
            object.__setattr__(self, "_found", (self.protocol, Maps(maps, masks, dict(maps, **more_maps), dict(masks, **more_masks))))
        return self._found[1]

    def density(self, by: str) -> str:
        """The name of the density that the map of values ``by`` colours unless another one is chosen, empty when none has its box."""
        found = self.files()
        values = found.maps[by]
        return files.density_for(found.maps, values, by) or files.density_for(found.all_maps, values, by)

    def _surfaces(self) -> List[str]:
        found = self.files()
        return [name for name, file in found.all_maps.items() if file.quantity == DENSITY] or list(found.all_maps) or list(found.all_masks)

    def _main(self) -> str:
        """The density that the run is about: that it made, else that it was given; empty when it has none but half-maps."""
        maps = self.files().maps
        made = [name for name, file in maps.items() if name.startswith("output") and file.quantity == DENSITY]
        return next((name for name in (*made, *GIVEN) if name in maps), "")

    def _values_offered(self) -> List[str]:
        found = self.files()
        by = files.coloured(found.maps)
        return [NO_COLOURS] + by + [name for name in files.coloured(found.all_maps) if name not in by]

    def _valued(self, name: str) -> str:
        words = WORDS.get(self.files().maps[name].quantity)
        return f"{name}: {words}" if words else name

    def _chosen(self) -> str:
        """The name of the map of values that is chosen in the form."""
        by = files.coloured(self.files().maps)
        return by[self.values.get()] if hasattr(self, "values") else by[0]

    def words(self, by: List[str]) -> str:
        """What the maps of values hold, in words; empty where they hold several things that have a word."""
        found = {WORDS[q] for q in (self.files().maps[name].quantity for name in by) if q in WORDS}
        return found.pop() if len(found) == 1 else "" if found else "local values"

    def _mask_for(self, file: MapFile) -> str:
        """The mask of the run that fits a map: that of the whole molecule, and none for values that are told of a map as a whole."""
        if file.quantity in OF_THE_RESULT[:3]:
            return "none"
        names = [name for name, mask in self.files().masks.items() if "Unique" not in name and files.fits(mask, file)]
        return next((name for name in names if name == "mask (input)"), names[0] if names else "none")

    # -------------------------- views --------------------------
    def _show_report(self, name: Optional[str] = None) -> List[View]:
        return [ReportView(self.protocol._getExtraPath(), self._say)]

    def _volume_view(self, maps: Choices, first: str, mask: str, overlay: str = "none", outline: str = "none",
                     level: Optional[float] = None) -> List[View]:
        from .volume_window import VolumeView
        found = self.files()
        return [VolumeView(maps, self._title(), found.all_masks, found.all_maps, mask, overlay, self.formWindow, first,
                           launcher(self.protocol._getExtraPath(), self._keep, self._shapes), outline, level)]

    def _keep(self, view: Any) -> None:
        """ChimeraX is started by a process that ends with its view, and a form lives as long as its viewer."""
        self.__dict__.setdefault("_kept_views", []).append(view)

    def _show_coloured(self, name: Optional[str] = None) -> List[View]:
        found, by = self.files(), self._chosen()
        first = self.density(by)
        if not first:
            return [self._say(f"There is no density of the box of {by} in this project.")]
        # The line of the mask would lie on that of the confidence, which a run of it gives as a mask.
        mask = "none" if found.maps[by].quantity == CONFIDENT else self._mask_for(found.maps[by])
        return self._volume_view(found.all_maps, first, mask, by)

    def _show_histogram(self, name: Optional[str] = None) -> List[View]:
        from .windows import FigureView
        by = self._chosen()
        scene = self.scene("", by)
        if not scene.values().size:
            return [self._say(f"No voxel of {by} has a value.")]
        figure = Figure(figsize=(8.5, 5), dpi=100)
        what = WORDS.get(scene.quantity, "value")
        draw_histogram(figure, scene.values(), scene.scale, what, scene.unit, f"{self.protocol.getObjLabel()}: {by}")
        return [FigureView(figure, self._title(), self.formWindow)]

    def scene(self, surface: str, by: str) -> Scene:
        """The map ``surface`` (empty: that of the values) coloured by the map ``by``, in the mask of the run where it fits."""
        found = self.files()
        file = found.all_maps[by]
        values, mask = file.read(), self._mask_for(file)
        map_ = (found.all_maps.get(surface) or found.all_masks[surface]).read() if surface else values
        return Scene(map_, surface or by, found.masks[mask].read() if mask in found.masks else None, values, by, file.quantity,
                     file.resolution)

    def _show_maps(self, name: Optional[str] = None) -> List[View]:
        found = self.files()
        first = self._main() or next(iter(found.maps or found.masks))
        mask = self._mask_for(found.maps[first]) if found.maps else "none"
        return self._volume_view(dict(found.maps or found.masks, **found.all_maps), first, mask)

    def over(self) -> Optional[Tuple[str, str, str]]:
        """The map below, the map whose outline lies over it, and the words for both; None where the run has no such pair."""
        below, above, words = OVER.get(self.protocol._capability, ((), "", ""))
        maps = self.files().maps
        first = next((name for name in below if name in maps), "")
        return (first, above or first, words) if first and (above or first) in maps else None

    def _show_over(self, name: Optional[str] = None) -> List[View]:
        found, over = self.files(), self.over()
        level = self.contour() if over[1] == over[0] else None
        return self._volume_view(dict(found.maps, **found.all_maps), over[0], "none", outline=over[1], level=level)

    def _beside(self, surface: str) -> str:
        """The other map of the two that are seen one over the other, where the surface is of one of them; empty otherwise."""
        pair = (self.over() or ("", ""))[:2]
        return next((name for name in pair if name != surface), "") if surface in pair else ""

    def contour(self) -> Optional[float]:
        """The contour level that the result names, in the unit of the map."""
        value = self.result().get("metrics", {}).get("contour", {}).get("value")
        return float(value) if isinstance(value, (int, float)) else None

    def axes(self) -> List[Axis]:
        """The axes of the symmetry of the map."""
        return axes_of(self.result())

    def _with_axes(self) -> Optional[MapFile]:
        """The map that the axes are of."""
        maps = self.files().maps
        return next((maps[name] for name in (*GIVEN, "half1 (input)") if name in maps), None)

    def _show_axes(self, name: Optional[str] = None) -> List[View]:
        from .windows import FigureView
        figure = Figure(figsize=(12, 5.4), dpi=100)
        metrics = self.result()["metrics"]
        rise, twist = (metrics.get(word, {}).get("value") for word in ("rise", "twist"))
        helix = "" if rise is None or twist is None else f"; rise {rise:.2f} Å, twist {twist:.2f}°"
        draw_axes(figure, self._with_axes().read(), self.axes(), f"{self.protocol.getObjLabel()}: axes of the symmetry{helix}")
        return [FigureView(figure, self._title(), self.formWindow)]

    def plots(self) -> List[Any]:
        """The curves that no other window shows."""
        return plots_of(self.result(), bool(files.coloured(self.files().maps)))

    def _show_plots(self, name: Optional[str] = None) -> List[View]:
        from .windows import FigureView
        plots = self.plots()
        figure = Figure(figsize=(8.5 if len(plots) < 3 else 11, 3.8 + 2.2 * (len(plots) > 1)), dpi=100)
        draw_plots(figure, plots, self.protocol.getObjLabel())
        return [FigureView(figure, self._title(), self.formWindow)]

    def _show_entry(self, name: Optional[str] = None) -> List[View]:
        from .entry_window import EntryView
        return [EntryView(self.protocol._getExtraPath(), self.result(), self._title(), self.formWindow)]

    def _show_folder(self, name: Optional[str] = None) -> List[View]:
        from .entry_window import FolderView
        return [FolderView(self.protocol._getExtraPath(), self._title(), self.formWindow)]

    def curves(self) -> List[Line]:
        """The FSC curves of the result, else those of the outputs (of an imported job)."""
        document = self.protocol.result()
        found = lines_of_document(document) if document else []
        for _, output in [] if found else self.protocol.iterOutputAttributes(SetOfFSCs):
            found = found or lines_of(output)
        return found

    def _show_curves(self, name: Optional[str] = None) -> List[View]:
        from .windows import FscView
        return [FscView(self.curves(), self._title(), self.protocol.getObjLabel(), self.formWindow)]

    def guinier(self) -> List[Tuple[str, np.ndarray, np.ndarray]]:
        """The Guinier plots of the result."""
        document = self.protocol.result()
        return guinier_lines(document) if document else []

    def _show_guinier(self, name: Optional[str] = None) -> List[View]:
        from .windows import FigureView
        figure = Figure(figsize=(8.5, 6), dpi=100)
        draw_guinier(figure, self.guinier(), self.protocol.getObjLabel())
        return [FigureView(figure, self._title(), self.formWindow)]

    def directions(self) -> Optional[Tuple[np.ndarray, np.ndarray]]:
        """Directions and their resolutions, of a result that has them."""
        document = self.protocol.result()
        return sphere.directions(document) if document else None

    def _show_sphere(self, name: Optional[str] = None) -> List[View]:
        from .windows import FigureView
        figure = Figure(figsize=(9, 7), dpi=100)
        of_map = files.resolution_of({self.protocol._capability: self.protocol.result()})
        draw_sphere(figure, *self.directions(), self.protocol.getObjLabel(), of_map)
        return [FigureView(figure, self._title(), self.formWindow)]

    def _show_scores(self, name: Optional[str] = None) -> List[View]:
        from .viewer_scores import CryoqaScoresViewer
        viewer = CryoqaScoresViewer(project=self.getProject(), protocol=self.protocol, parent=self.formWindow)
        self._keep(viewer)
        return [FormOf(viewer, self.protocol, self.formWindow)]

    def script(self) -> str:
        """Write the ChimeraX script into the folder of the run and return its path: the surface and the colours chosen in the form."""
        found, path = self.files(), self.protocol._getExtraPath("cryoqa.cxc")
        masks, model = [mask.header() for mask in found.masks.values()], self.protocol._files().sources.get("model")
        by = self._values_offered()[self.colouredBy.get()] if hasattr(self, "colouredBy") else NO_COLOURS
        surface = self._surfaces()[self.surface.get()]
        file = found.all_maps.get(surface) or found.all_masks[surface]
        if by != NO_COLOURS:
            scale = self.scene("", by).scale
            low, high = self.lowest.get(), self.highest.get()
            ends = (scale.low if low is None else float(low), scale.high if high is None else float(high))
            if not is_range(replace(scale, low=ends[0], high=ends[1]), scale):
                raise CryoqaError(f"The range of the colours, {ends[0]:.4g} to {ends[1]:.4g}, does not go from a {order_of(scale)} value.")
            look = Look(colours=COLOURS[self.colours.get()], scale=replace(scale, low=ends[0], high=ends[1]))
            return write_scene(path, self.scene(surface, by), {"map": file, "overlay": found.all_maps[by]}, look, masks, model,
                               self._shapes(file.header()))
        second, pair = self._beside(surface), self.over()
        others = [f.header() for name, f in found.maps.items() if name not in (surface, second) and not f.other]
        first = file.one_file(os.path.splitext(path)[0] + "_mean.mrc").header()
        outline = None
        if second:
            outline = Outline(found.maps[second].one_file(os.path.splitext(path)[0] + "_outline.mrc").header(),
                              surface_level(found.maps[second].read()))
        level = self.contour() if pair and surface == pair[0] == pair[1] else None
        return write_script(path, [first] + others, [on_the_map(mask, first) for mask in masks], model, level=level, outline=outline,
                            shapes=self._shapes(first))

    def _shapes(self, header: MapHeader) -> str:
        """Path of the axes of the symmetry as shapes over a map, empty when there are none."""
        axes, file = self.axes(), self._with_axes()
        if not axes or file is None:
            return ""
        map_ = file.header()
        shift = np.array(header.origin) - map_.origin if header.shape == map_.shape else None
        edge = min(n * v for n, v in zip(map_.shape[::-1], map_.voxel_size))
        return write_shapes(self.protocol._getExtraPath("cryoqa_axes.bild"), axes, edge, reach_of(map_), shift)

    def _show_chimerax(self, name: Optional[str] = None) -> List[View]:
        try:
            path = os.path.abspath(self.script())
        except CryoqaError as error:
            return [self._say(str(error))]
        if chimerax_program():
            from pwem.viewers import ChimeraView
            return [ChimeraView(path)]
        return [self._say(f"ChimeraX was not found. The script for it is {path}")]


def _label_param(form: Any, name: str, label: str, important: bool = False) -> None:
    form.addParam(name, params.LabelParam, label=label, important=important, help=HELP[name])
