"""The validation report in Scipion."""
from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Optional

from pwem.objects import VolumeMask
from pyworkflow.protocol import params

from cryoqa_plugin import runner
from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.inputs import grid_problems, missing, read_headers
from cryoqa_plugin.validation.run import LEVELS, found_in, validate

from . import forms, inputs
from .base import CryoqaProtocol

_HELP = {"0": "The map alone: mass, components, background, B-factor, local resolution, local B-factor and occupancy, hand.",
         "1": "The half-maps: FSC and its significance, local and directional resolution by every method.",
         "A": "The atomic structure: FSC with the map, correlation, atom inclusion."}


class CryoqaProtValidate(CryoqaProtocol):
    """Validate a map: every item that the inputs allow, each judged, with a score, as the Validation Report Service does.

    Level 0 needs the volume, level 1 its half-maps, level A an atomic structure. The report is one HTML page, and a PDF, that need nothing
    else. When the run is continued, what is done is not done again.
    """

    _label = "validation report"
    _capability = "map_info"                     # for what the base asks a capability: memory, references
    _possibleOutputs = {"outputMask": VolumeMask}

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Input")
        forms.add_inputs(form, (), ("full_map", "half1", "half2", "mask", "model", "sequence"))
        form.addSection(label="Parameters")
        form.addParam("contour", params.FloatParam, allowsNull=True, label="Contour level",
                      help="Level at which the map is looked at, in the unit of the map. Leave it empty to have it suggested from the map.")
        form.addParam("resolution", params.FloatParam, allowsNull=True, label="Reported resolution (Å)",
                      help="Resolution that the estimates are compared with. Leave it empty when none was reported.")
        for level in LEVELS:
            form.addParam("level" + level, params.BooleanParam, default=True, label=f"Level {level}", help=_HELP[level])
        form.addParallelSection(threads=2, mpi=0)

    # -------------------------- the steps --------------------------
    def computeStep(self, arguments: str) -> None:
        """Run every item on the files."""
        sources, sizes, _, values, _ = json.loads(arguments)
        document = validate(sources, self._getExtraPath(), progress=self._logged(0.02), threads=self.numberOfThreads.get(),
                            voxel_sizes=sizes, command=["scipion", self.getClassName()], **values)
        self.info(document["summary"])

    def createOutputStep(self) -> None:
        """Register the mask that was made when none was given."""
        path = self._getExtraPath("mask", "mask.mrc")
        if os.path.isfile(path):
            self._register("outputMask", self._on_input_grid(VolumeMask(), path))

    # -------------------------- the words --------------------------
    def _validate(self) -> List[str]:
        files = self._files()
        wrong = inputs.sentences(self, files)
        if not files.sources:
            wrong = wrong or ["There is nothing to validate: choose a volume, or two half-maps."]
        if not self._values()["levels"]:
            wrong.append("No level is chosen; choose at least one.")
        known = {k: p for k, p in files.sources.items() if k not in files.convert}
        wrong = wrong or missing((), known)
        if wrong:
            return wrong
        try:
            return grid_problems(read_headers(known))
        except CryoqaError as error:
            return [str(error)]

    def _values(self) -> Dict[str, Any]:
        return dict(contour=self.contour.get(), resolution=self.resolution.get(),
                    levels=[level for level in LEVELS if getattr(self, "level" + level).get()])

    def _summary(self) -> List[str]:
        document = self.result()
        if document is None:
            return ["No results yet."]
        points = document["score"]
        lines = [document["summary"], "", f"Items as they should be: {points['passed']} of {points['evaluable']}, by the service's "
                 f"criteria {points['service_passed']} of {points['service_evaluable']}."]
        return lines + [f"{i['id']} {i['title']}: {c['sentence']}" for i in document["items"] for c in i["checks"]
                        if c["status"] in ("warn", "fail")]

    def _methods(self) -> List[str]:
        document = self.result()
        return [f"The map was validated by cryoqa {document['cryoqa']}. {document['summary']}"] if document else []

    def _citations(self) -> List[str]:
        done = {c for item in (self.result() or {}).get("items", ()) if item["status"] != "absent" for c in item["capabilities"]}
        return list(dict.fromkeys(key for c in sorted(done) for key in runner.capability(c).references))

    def result(self) -> Optional[Dict[str, Any]]:
        """The document of the validation, or None before the run; it has no curves and maps of its own."""
        found = found_in(self._getExtraPath())
        return dict(metrics={}, curves={}, tables={}, maps={}, **found[0]) if found else None
