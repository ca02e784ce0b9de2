"""The validation report in Scipion."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Sequence

from pyworkflow.protocol import params

from cryoqa_plugin import runner
from cryoqa_plugin.registry import CAPABILITIES, Capability, resolve
from cryoqa_plugin.results import Output
from cryoqa_plugin.validation.items import ITEMS
from cryoqa_plugin.validation.run import LEVELS, found_in, validate

from . import documents, forms, groups, inputs, outputs, sentences
from .base import CryoqaProtocol

_HELP = {"0": "The map alone: mass, components, background, B-factor, local resolution, local B-factor and occupancy, hand.",
         "1": "The half-maps: FSC and its significance, local and directional resolution by every method.",
         "A": "The atomic structure: FSC with the map, correlation, atom inclusion."}


class CryoqaProtValidate(CryoqaProtocol):
    """Validate a map: every item that the inputs allow, each judged, with a score, as the Validation Report Service does.

    Level 0 needs the volume, level 1 its half-maps, level A an atomic structure. The report is one HTML page, and a PDF, that need nothing
    else. Every map that a method writes is an output. When the run is continued, what is done is not done again.
    """

    _label = "validation report"
    _capability = "map_info"                     # for what the base asks a capability: memory, references
    _draw_report = True                          # it is what the run is for

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
        self._define_output(form)

    @classmethod
    def _declared(cls) -> Dict[str, Output]:
        """Every output of every method of the report."""
        return {f"{row.id}/{name}": out for row in _methods() for name, out in _declared_by(row).items()}

    @classmethod
    def _gives_densities(cls) -> bool:
        return False

    # -------------------------- the steps --------------------------
    def _compute(self, folder: str, sources: Dict[str, str], voxel_sizes: Dict[str, float], origins: Dict[str, inputs.Origin],
                 values: Dict[str, Any], also: Sequence[str]) -> Dict[str, Any]:
        """Run every item on the files."""
        documents.make_absolute(folder)
        return validate(sources, folder, progress=self._logged(0.02), threads=self.numberOfThreads.get(), voxel_sizes=voxel_sizes,
                        origins=origins, command=["scipion", self.getClassName()], overwrite=True, **values)

    def _made(self, member: inputs.Member) -> List[outputs.Made]:
        """The results of every method that was run on one volume."""
        out = []
        for row in _methods() if self._document_in(member.folder) else ():
            folder = os.path.join(member.folder, row.id)
            found = super()._document_in(folder)
            if found is not None:
                out.append(outputs.Made(folder, found, _declared_by(row), self._template(member), self._raw_halves(member)))
        return out

    # -------------------------- the words --------------------------
    def _problems(self, member: inputs.Member) -> List[str]:
        files = self._files(member)
        wrong = sentences.of_half_maps(self, member, files)
        if not files.sources:
            wrong = wrong or ["There is nothing to validate: choose a volume, or two half-maps."]
        if not self._values()["levels"]:
            wrong.append("No level is chosen; choose at least one.")
        return wrong or sentences.of_files(files)

    def _files(self, member: Optional[inputs.Member] = None) -> inputs.Files:
        return inputs.files_of(self, member)

    def _values(self) -> Dict[str, Any]:
        return dict(contour=self.contour.get(), resolution=self.resolution.get(),
                    levels=[level for level in LEVELS if getattr(self, "level" + level).get()])

    def _summary(self) -> List[str]:
        members = inputs.members_of(self)
        if members and members[0].name:
            return groups.lines(members)
        document = self.result()
        if document is None:
            return ["No results yet."]
        points = document["score"]
        lines = [document["summary"], "", f"Items passed: {points['passed']} of {points['evaluable']}; by the criteria of the "
                 f"Validation Report Service {points['service_passed']} of {points['service_evaluable']}."]
        return lines + [f"{i['id']} {i['title']}: {c['sentence']}" for i in document["items"] for c in i["checks"]
                        if c["status"] in ("warn", "fail")]

    def _methods(self) -> List[str]:
        found = [(member.name, self._document_in(member.folder)) for member in inputs.members_of(self)]
        return [f"{name and name + ': '}The map was validated by cryoqa {document['cryoqa']}. {document['summary']}"
                for name, document in found if document]

    def _citations(self) -> List[str]:
        found = [self._document_in(member.folder) or {} for member in inputs.members_of(self)]
        done = {c for document in found for item in document.get("items", ()) if item["status"] != "absent" for c in item["capabilities"]}
        return list(dict.fromkeys(key for c in sorted(done) for key in runner.capability(c).references))

    def _document_in(self, folder: str) -> Optional[Dict[str, Any]]:
        """The document of the validation, or None before the run; it has no curves and maps of its own."""
        found = found_in(folder)
        return dict(metrics={}, curves={}, tables={}, maps={}, **found[0]) if found else None


def _methods() -> List[Capability]:
    """The methods that answer an item, after the mask that they use."""
    named = {"mask"} | {c for item in ITEMS for c in item.capabilities}
    return sorted((row for row in CAPABILITIES if row.id in named), key=lambda row: row.id != "mask")


def _declared_by(row: Capability) -> Dict[str, Output]:
    """The outputs of one method, under its name; the mask and the curves of the FSC are those of the whole."""
    out = {}
    for name, output in outputs.declared_outputs(resolve(row.result)).items():
        if row.id == "mask" or row.id == "fsc" and output.role == "curve":
            out[name] = output
        elif output.role != "curve":
            out[name] = output._replace(name="output" + row.camel + output.name.replace("output", "", 1))
    return out
