"""What all protocols of cryoqa are: one capability, its form, one computing step, outputs that chain on."""
from __future__ import annotations

import json
import os
from types import MappingProxyType
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from pwem.objects import FSC, AtomStruct, SetOfFSCs, SetOfVolumes, Transform, Volume, VolumeMask
from pwem.protocols import EMProtocol
from pyworkflow.protocol import GPU_LIST, USE_GPU, BooleanParam, StringParam
from pyworkflow.protocol.constants import STEPS_SERIAL

from cryoqa_plugin import runner
from cryoqa_plugin.io.maps import read_header
from cryoqa_plugin.progress import Progress
from cryoqa_plugin.registry import Capability, resolve
from cryoqa_plugin.results import Output, outputs, read_json

from . import forms, inputs

_CLASSES = {"map": Volume, "maps": SetOfVolumes, "model": AtomStruct, "curve": SetOfFSCs}
_ENTRIES = {"map": "maps", "maps": "lists", "model": "models"}   # where the document names the files of a role


class _PossibleOutputs:
    """The classes of a protocol's outputs by name, as its result declares them; read when Scipion asks, not when it looks for protocols."""

    def __get__(self, protocol: Any, cls: Any) -> Dict[str, type]:
        declared = cls._declared() if cls._capability else {}
        return {out.name: VolumeMask if out.mask else _CLASSES[out.role] for out in declared.values()}


class CryoqaProtocol(EMProtocol):
    """Base of the protocols. A subclass sets ``_capability`` and ``_label``; inputs, parameters and outputs follow from the registry.

    ``_shown`` are the values that the summary tells, all when it is empty. ``_help`` stands in place of the help of a kind of input.
    """

    _capability = ""
    _shown: Tuple[str, ...] = ()
    _help: Mapping[str, str] = MappingProxyType({})
    _possibleOutputs = _PossibleOutputs()
    stepsExecutionMode = STEPS_SERIAL

    # -------------------------- the form --------------------------
    def _defineParams(self, form: Any) -> None:
        row = self._row()
        form.addSection(label="Input")
        forms.add_inputs(form, row.needs, row.takes, row.any_of, self._help)
        if forms.specs(self._params_class()):
            form.addSection(label="Parameters")
            forms.add_parameters(form, self._params_class())
        if self._row().gpu:
            form.addHidden(USE_GPU, BooleanParam, default=True, label="Use the graphics card", help="The processor does it too, slower.")
            form.addHidden(GPU_LIST, StringParam, default="0", label="Graphics cards", help="Numbers of the cards to use.")
        form.addParallelSection(threads=2, mpi=0)
        if self._gives_densities():
            form.addSection(label="Output")
            form.addParam("writeMtz", BooleanParam, default=False, label="Write map coefficients (MTZ)",
                          help="Write the Fourier coefficients of each map beside it, for programs that refine against them.")

    @classmethod
    def _row(cls) -> Capability:
        return runner.capability(cls._capability)

    @classmethod
    def _params_class(cls) -> type:
        return resolve(cls._row().params)

    @classmethod
    def _declared(cls) -> Dict[str, Output]:
        """What becomes an output, by the name of the field of the result."""
        return outputs(resolve(cls._row().result))

    @classmethod
    def _gives_densities(cls) -> bool:
        """Whether an output is a density to refine against: such a map has half-maps."""
        return any(out.halves for out in cls._declared().values())

    # -------------------------- the steps --------------------------
    def _insertAllSteps(self) -> None:
        files = self._files()
        arguments = json.dumps([files.sources, files.voxel_sizes, files.origins, self._values(), self._also()], sort_keys=True)
        if files.convert:
            self._insertFunctionStep(self.convertStep, json.dumps([files.sources, files.convert], sort_keys=True), needsGPU=False)
        self._insertFunctionStep(self.computeStep, arguments, needsGPU=self._row().gpu)
        self._insertFunctionStep(self.createOutputStep, needsGPU=False)
        self._insertFunctionStep(self.reportStep, needsGPU=False)

    def convertStep(self, arguments: str) -> None:
        """Convert the inputs that are no MRC files."""
        sources, locations = json.loads(arguments)
        for kind, location in locations.items():
            inputs.convert(tuple(location), sources[kind])

    def computeStep(self, arguments: str) -> None:
        """Run the capability on the files."""
        sources, voxel_sizes, origins, values, also = json.loads(arguments)
        estimate = runner.memory_estimate(self._capability, sources, values)
        self.info(f"Expected peak memory: {estimate / 1e9:.2f} GB")
        document = runner.execute(self._capability, sources, values, self._getExtraPath(), progress=self._logged(0.05),
                                  threads=self.numberOfThreads.get(), voxel_sizes=voxel_sizes, origins=origins,
                                  command=["scipion", self.getClassName()], also=also)
        self.info(document["summary"])

    def _logged(self, step: float) -> Progress:
        """Progress that is written into the log, at most every ``step`` of the whole."""
        last = [-1.0]

        def progress(fraction: float, message: str) -> None:
            if fraction - last[0] >= step:
                last[0] = fraction
                self.info(f"{100 * fraction:3.0f} %  {message}")

        return progress

    def createOutputStep(self) -> None:
        """Register what the result declares as outputs, where it was written; a mask that was given is there already."""
        document, declared = self.result(), self._declared()
        given = document["metrics"].get("mask_source", {}).get("value") == "given"
        for name, out in declared.items():
            paths = self._written(name, out.role)
            if paths and not (out.mask and given):
                self._register(out.name, self._made(name, out, paths))
        for output in dict.fromkeys(out.name for out in declared.values() if out.role == "curve"):
            self._register_curves(output, [name for name, out in declared.items() if out.name == output])

    def reportStep(self) -> None:
        """Draw the report; last, so that a failure of it loses no numbers."""
        from cryoqa_plugin.report.assemble import write_report
        write_report(self._getExtraPath())

    # -------------------------- the words --------------------------
    def _validate(self) -> List[str]:
        files = self._files()
        wrong = inputs.sentences(self, files)
        if wrong or any(not os.path.exists(files.sources[kind]) for kind in files.convert):
            return wrong                                     # what is yet to be converted is looked at when it is read
        return runner.problems(self._capability, files.sources, self._values(), files.voxel_sizes)

    def _warnings(self) -> List[str]:
        from cryoqa_plugin.errors import CryoqaError
        from cryoqa_plugin.io.inputs import read_headers
        files, out = self._files(), []
        try:
            headers = read_headers({k: p for k, p in files.sources.items() if k not in files.convert})
        except CryoqaError:
            return []                                        # said by _validate
        for kind, header in headers.items():
            size = files.voxel_sizes.get(kind)
            if size and abs(size - header.voxel_size[0]) > 1e-3 * size:
                out.append(f"Scipion says voxels of {size:.4g} Å but the header of {header.path} says {header.voxel_size[0]:.4g} Å; "
                           "Scipion's is used.")
        maps = {k: p for k, p in files.sources.items() if k not in files.convert}
        warning = runner.memory_warning(self._capability, maps, self._values())
        return out + [warning] * bool(warning)

    def _summary(self) -> List[str]:
        document = self.result()
        if document is None:
            return ["No results yet."]
        lines = [document["summary"], ""]
        for name, entry in document["metrics"].items():
            if entry["value"] is not None and (name in self._shown or not self._shown):
                lines.append(f"*{name.replace('_', ' ')}*: {_text(entry['value'])} {entry['unit']}".rstrip() + f"  ({entry['meaning']})")
        said = [c["sentence"] for c in document["checks"] if c["status"] in ("warn", "fail")]
        return lines + [""] * bool(said) + said + [f"Note: {w}" for w in document["warnings"]]

    def _methods(self) -> List[str]:
        document = self.result()
        if document is None:
            return []
        row = self._row()
        keys = ", ".join(f"[{key}]" for key in row.references)
        return [f"{row.title} by cryoqa {document['provenance']['cryoqa']} ({keys}). {document['summary']}"]

    def _citations(self) -> List[str]:
        return list(self._row().references)

    # -------------------------- utilities --------------------------
    def _files(self) -> inputs.Files:
        files, row = inputs.files_of(self), self._row()
        if "full_map" not in row.needs + row.takes:          # a volume is asked for its half-maps only
            for part in files:
                part.pop("full_map", None)
        return files

    def _values(self) -> Dict[str, Any]:
        return forms.values_of(self, self._params_class())

    def _also(self) -> List[str]:
        """What else is written of each output map, see :func:`cryoqa_plugin.runner.execute`."""
        return ["mtz"] if self._gives_densities() and self.writeMtz else []

    def result(self) -> Optional[Dict[str, Any]]:
        """The saved result document, or None before the run."""
        path = self._getExtraPath("result.json")
        return read_json(path) if os.path.isfile(path) else None

    def _grid_object(self) -> Volume:
        """The input whose sampling rate, origin and half-maps the outputs take over."""
        for name in ("inputVolume", "half1", "inputMask"):
            pointer = getattr(self, name, None)
            if pointer is not None and pointer.get() is not None:
                return pointer.get()
        raise ValueError("no input volume")

    def _written(self, name: str, role: str) -> List[str]:
        """The files of a field of the result; none where it was not written, and none of a curve."""
        entry = self.result().get(_ENTRIES.get(role, ""), {}).get(name)
        return [self._getExtraPath(file) for file in entry.get("paths") or [entry["path"]]] if entry else []

    def _made(self, name: str, out: Output, paths: Sequence[str]) -> Any:
        """The object of Scipion that a field of the result becomes."""
        if out.role == "model":
            return AtomStruct(filename=paths[0])
        if out.role == "maps":
            return self._volumes(out.name, paths)
        made = self._on_input_grid(VolumeMask() if out.mask else Volume(), paths[0])
        half_maps: List[str] = []
        if out.halves == "own":
            half_maps = self._written(name + "_half1", "map") + self._written(name + "_half2", "map")
        elif out.halves == "input":
            half_maps = [path for kind, path in self._files().sources.items() if kind in ("half1", "half2")]
        if len(half_maps) == 2:
            made.setHalfMaps(half_maps)
        return made

    def _on_input_grid(self, made: Volume, path: str) -> Volume:
        """``made`` with its file, and the sampling rate and the origin of the input."""
        template = self._grid_object()
        made.setFileName(path)
        made.setSamplingRate(template.getSamplingRate())
        if template.hasOrigin():                             # else the header says it, and Scipion need not make one up
            made.setOrigin(template.getOrigin())
        return made

    def _volumes(self, output: str, paths: Sequence[str]) -> SetOfVolumes:
        """Maps, each on the grid of its header, as a set."""
        made = SetOfVolumes.create(self._getPath(), suffix=output)
        for path in paths:
            made.append(on_own_grid(Volume(), path))
        made.setSamplingRate(made.getFirstItem().getSamplingRate())
        return made

    def _register_curves(self, output: str, names: Sequence[str]) -> None:
        """Register FSC curves of the result as one set."""
        curves = self.result()["curves"]
        made = SetOfFSCs.create(self._getPath())
        for name in (n for n in names if n in curves):
            points = [(x, y) for x, y in zip(curves[name]["x"], curves[name]["y"]) if x is not None and y is not None]
            if len(points) > 1 and len({p[1] for p in points}) > 1:      # Scipion's own viewer divides by the range of a curve
                item = FSC()
                item.setData([p[0] for p in points], [p[1] for p in points])
                item.setObjLabel(name.replace("fsc_", "", 1).replace("_", " "))
                made.append(item)
        if made.getSize():
            made.write()
            self._register(output, made)

    def _register(self, output: str, made: Any) -> None:
        """Make an object an output that comes from the inputs."""
        self._defineOutputs(**{output: made})
        for _, pointer in self.iterInputAttributes():
            if isinstance(pointer.get(), (Volume, AtomStruct)):
                self._defineSourceRelation(pointer, made)


def on_own_grid(made: Volume, path: str, voxel_size: Optional[float] = None) -> Volume:
    """``made`` with its file, and the origin and the voxel size (Å) of the header; ``voxel_size`` goes before that."""
    header, origin = read_header(path), Transform()
    made.setFileName(path)
    made.setSamplingRate(voxel_size or header.voxel_size[0])
    origin.setShiftsTuple(header.origin)
    made.setOrigin(origin)
    return made


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
