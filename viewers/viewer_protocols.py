"""What "Analyze results" opens for the protocols of cryoqa."""
from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Optional, Tuple

from pwem.objects import SetOfFSCs, Volume, VolumeMask
from pyworkflow.protocol import params
from pyworkflow.viewer import DESKTOP_TKINTER, MessageView, ProtocolViewer, View

from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.protocols import (CryoqaProtCreateMask, CryoqaProtFsc, CryoqaProtImportJob, CryoqaProtMapInfo,
                                     CryoqaProtMtriage)

from .viewer_fsc import curves_of, fsc_view
from .viewer_volume import map_of, volume_view
from .windows import ReportView, chimerax_script


class CryoqaProtocolViewer(ProtocolViewer):
    """Report, slices, curves, and a script for ChimeraX."""

    _label = "cryoqa results"
    _targets = [CryoqaProtCreateMask, CryoqaProtFsc, CryoqaProtImportJob, CryoqaProtMapInfo, CryoqaProtMtriage]
    _environments = [DESKTOP_TKINTER]

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Results")
        form.addParam("showReport", params.LabelParam, important=True, label="Report",
                      help="Pictures, curves, numbers and verdicts, in the browser.")
        form.addParam("showVolume", params.LabelParam, label="Slices and projections",
                      help="Three slices with sliders, the contour of the mask, the sharpened map in colour.")
        form.addParam("showFsc", params.LabelParam, label="FSC curves", help="The curves with their crossings at 0.143 and 0.5.")
        form.addParam("showChimerax", params.LabelParam, label="ChimeraX",
                      help="Opens the maps in ChimeraX when it is installed; the script stays in the folder of the run.")

    def _getVisualizeDict(self) -> Dict[str, Callable[..., List[View]]]:
        return {"showReport": self._report, "showVolume": self._volume, "showFsc": self._fsc, "showChimerax": self._chimerax}

    def _say(self, text: str) -> List[View]:
        return [MessageView(text, "cryoqa", tkParent=self.getTkRoot())]

    def _report(self, name: Optional[str] = None) -> List[View]:
        folder = self.protocol._getExtraPath()
        if not os.path.isfile(os.path.join(folder, "result.json")):
            return self._say("There is no result yet; run the protocol first.")
        return [ReportView(folder)]

    def _outputs(self, kind: type) -> List[Any]:
        return [o for _, o in self.protocol.iterOutputAttributes() if isinstance(o, kind)]

    def maps(self) -> Tuple[Optional[Map], Optional[Map], Optional[Map]]:
        """The map of the run (its input where it has one), its mask and a second map; None for what is not there."""
        out = self._outputs(Volume)
        volumes, masks = [o for o in out if not isinstance(o, VolumeMask)], [o for o in out if isinstance(o, VolumeMask)]
        for name in ("inputVolume", "half1"):
            pointer = getattr(self.protocol, name, None)
            if pointer is not None and pointer.get() is not None:
                volumes.insert(0, pointer.get())
                break
        pointer = getattr(self.protocol, "inputMask", None)
        if pointer is not None and pointer.get() is not None:
            masks.append(pointer.get())
        first = map_of(volumes[0]) if volumes else None
        return first, map_of(masks[0]) if masks else None, map_of(volumes[1]) if len(volumes) > 1 else None

    def _volume(self, name: Optional[str] = None) -> List[View]:
        first, mask, second = self.maps()
        if first is None and mask is None:
            return self._say("There is no volume to show.")
        return [volume_view(first or mask, mask if first else None, second)]

    def _fsc(self, name: Optional[str] = None) -> List[View]:
        sets = self._outputs(SetOfFSCs)
        if not sets:
            return self._say("This run has no FSC curves; they need two half-maps.")
        return [fsc_view(curves_of(sets[0]))]

    def _chimerax(self, name: Optional[str] = None) -> List[View]:
        from pwem.viewers import Chimera, ChimeraView
        first, mask, second = self.maps()
        model = getattr(self.protocol, "inputModel", None)
        path = chimerax_script(self.protocol._getExtraPath("cryoqa.cxc"), [m for m in (first, second) if m], [mask] if mask else [],
                               model.get().getFileName() if model is not None and model.get() is not None else None)
        if os.path.isfile(Chimera.getProgram() or ""):
            return [ChimeraView(path)]
        return self._say(f"ChimeraX is not installed here. The script for it is {os.path.abspath(path)}.")
