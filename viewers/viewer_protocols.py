"""What "Analyze results" opens for the protocols of cryoqa."""
from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
from matplotlib.figure import Figure
from pwem.objects import SetOfFSCs
from pyworkflow.protocol import params
from pyworkflow.viewer import DESKTOP_TKINTER, ProtocolViewer, View

from cryoqa_plugin import protocols
from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.report import sphere
from cryoqa_plugin.report.assemble import write_report

from . import files
from .chimerax import write_script
from .fsc_figure import Line, draw_fsc, lines_of_document
from .sphere_figure import draw_sphere
from .viewer_fsc import lines_of

_BUTTONS = (("showReport", "Report", "Pictures, curves, numbers and verdicts on one page, in the browser."),
            ("showMaps", "Sections and projections", "The maps of this run, with a mask contour and a second map in colour."),
            ("showCurves", "FSC curves", "The curves with their crossings at 0.143 and 0.5."),
            ("showSphere", "Direction sphere", "Resolution by direction on a sphere that can be turned, with a colour bar."),
            ("showChimerax", "ChimeraX", "The maps in ChimeraX when it is installed; the script for it stays in the folder of the run."))


class ReportView(View):
    """The HTML report of a folder of results, in the browser; drawn when it is not there. ``say`` makes a view of a sentence."""

    def __init__(self, folder: str, say: Callable[[str], View]) -> None:
        self._folder, self._say = folder, say

    def path(self) -> str:
        """Path of the report."""
        path = os.path.join(self._folder, "report.html")
        if not os.path.isfile(path):
            write_report(self._folder)
        return os.path.abspath(path)

    def show(self) -> None:
        """Open the report, or say where it is when there is no browser."""
        try:
            path = self.path()
        except CryoqaError as error:
            self._say(str(error)).show()
            return
        if not webbrowser.open(Path(path).as_uri()):
            self._say(f"No browser was found. The report is {path}").show()


class CryoqaProtocolViewer(ProtocolViewer):
    """Report, maps, curves and direction sphere of a run of cryoqa, and a script for ChimeraX."""

    _label = "cryoqa results"
    _targets = [getattr(protocols, name) for name in protocols.__all__]
    _environments = [DESKTOP_TKINTER]

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Results")
        maps, masks = files.of_run(self.protocol)
        there = dict(showReport=True, showMaps=maps or masks, showCurves=self.curves(), showSphere=self.directions() is not None,
                     showChimerax=maps or masks)
        for name, label, text in (b for b in _BUTTONS if there[b[0]]):
            form.addParam(name, params.LabelParam, label=label, important=name == "showReport", help=text)

    def _getVisualizeDict(self) -> Dict[str, Callable[..., List[View]]]:
        return {"showReport": self._show_report, "showMaps": self._show_maps, "showCurves": self._show_curves,
                "showSphere": self._show_sphere, "showChimerax": self._show_chimerax}

    def _say(self, text: str) -> View:
        return self.infoMessage(text, "cryoqa")

    def _title(self) -> str:
        return f"cryoqa: {self.protocol.getObjLabel()}"

    # -------------------------- views --------------------------
    def _show_report(self, name: Optional[str] = None) -> List[View]:
        return [ReportView(self.protocol._getExtraPath(), self._say)]

    def _show_maps(self, name: Optional[str] = None) -> List[View]:
        from .windows import NONE, VolumeView
        maps, masks = files.of_run(self.protocol)
        mask = next(iter(masks), NONE) if maps else NONE
        more_masks, more_maps = files.of_project(self.getProject())
        return [VolumeView(maps or masks, self._title(), dict(masks, **more_masks), dict(maps, **more_maps), mask, parent=self.formWindow)]

    def curves(self) -> List[Line]:
        """The FSC curves of the result, else those of the outputs (of an imported job)."""
        document = self.protocol.result()
        found = lines_of_document(document) if document else []
        for _, output in [] if found else self.protocol.iterOutputAttributes(SetOfFSCs):
            found = found or lines_of(output)
        return found

    def _show_curves(self, name: Optional[str] = None) -> List[View]:
        from .windows import FigureView
        figure = Figure(figsize=(8.5, 6), dpi=100)
        draw_fsc(figure, self.curves(), self.protocol.getObjLabel())
        return [FigureView(figure, self._title(), self.formWindow)]

    def directions(self) -> Optional[Tuple[np.ndarray, np.ndarray]]:
        """Directions and their resolutions, of a result that has them."""
        document = self.protocol.result()
        return sphere.directions(document) if document else None

    def _show_sphere(self, name: Optional[str] = None) -> List[View]:
        from .windows import FigureView
        figure = Figure(figsize=(9, 7), dpi=100)
        draw_sphere(figure, *self.directions(), self.protocol.getObjLabel())
        return [FigureView(figure, self._title(), self.formWindow)]

    def script(self) -> str:
        """Write the ChimeraX script into the folder of the run and return its path."""
        maps, masks = ([f.header() for f in chosen.values()] for chosen in files.of_run(self.protocol))
        return write_script(self.protocol._getExtraPath("cryoqa.cxc"), maps, masks, self.protocol._files().sources.get("model"))

    def _show_chimerax(self, name: Optional[str] = None) -> List[View]:
        from pwem.viewers import Chimera, ChimeraView
        path = os.path.abspath(self.script())
        if os.path.isfile(Chimera.getProgram() or ""):
            return [ChimeraView(path)]
        return [self._say(f"ChimeraX was not found. The script for it is {path}")]
