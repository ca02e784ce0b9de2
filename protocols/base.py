"""What all protocols of cryoqa are: one capability, its form, one computing step, outputs that chain on."""
from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Optional, Sequence, Tuple

from pwem.objects import FSC, AtomStruct, SetOfFSCs, Volume, VolumeMask
from pwem.protocols import EMProtocol
from pyworkflow.protocol import BooleanParam
from pyworkflow.protocol.constants import STEPS_SERIAL

from cryoqa_plugin import runner
from cryoqa_plugin.registry import resolve
from cryoqa_plugin.results import read_json

from . import forms, inputs


class CryoqaProtocol(EMProtocol):
    """Base of the protocols; a subclass sets ``_capability`` and ``_label`` and adds its inputs.

    ``_shown`` are the values that the summary tells, all when it is empty.
    """

    _capability = ""
    _shown: Tuple[str, ...] = ()
    _skip: Tuple[str, ...] = ()
    stepsExecutionMode = STEPS_SERIAL

    # -------------------------- the form --------------------------
    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Input")
        self._defineInputs(form)
        if forms.specs(self._params_class()):
            form.addSection(label="Parameters")
            forms.add_parameters(form, self._params_class(), self._skip)
        form.addParallelSection(threads=2, mpi=0)

    def _defineInputs(self, form: Any) -> None:
        raise NotImplementedError

    @classmethod
    def _params_class(cls) -> type:
        return resolve(runner.capability(cls._capability).params)

    # -------------------------- the steps --------------------------
    def _insertAllSteps(self) -> None:
        files = self._files()
        arguments = json.dumps([files.sources, files.voxel_sizes, files.origins, self._values(), self._also()], sort_keys=True)
        if files.convert:
            self._insertFunctionStep(self.convertStep, json.dumps([files.sources, files.convert], sort_keys=True), needsGPU=False)
        self._insertFunctionStep(self.computeStep, arguments, needsGPU=False)
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
        last = [-1.0]

        def progress(fraction: float, message: str) -> None:
            if fraction - last[0] >= 0.05:
                last[0] = fraction
                self.info(f"{100 * fraction:3.0f} %  {message}")

        document = runner.execute(self._capability, sources, values, self._getExtraPath(), progress=progress,
                                  threads=self.numberOfThreads.get(), voxel_sizes=voxel_sizes, origins=origins,
                                  command=["scipion", self.getClassName()], also=also)
        self.info(document["summary"])

    def createOutputStep(self) -> None:
        """Register what the capability gave; a subclass says what."""

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
        row = runner.capability(self._capability)
        keys = ", ".join(f"[{key}]" for key in row.references)
        return [f"{row.title} by cryoqa {document['provenance']['cryoqa']} ({keys}). {document['summary']}"]

    def _citations(self) -> List[str]:
        return list(runner.capability(self._capability).references)

    # -------------------------- utilities --------------------------
    def _files(self) -> inputs.Files:
        return inputs.files_of(self)

    def _values(self) -> Dict[str, Any]:
        return forms.values_of(self, self._params_class(), self._skip)

    def _also(self) -> List[str]:
        """What else is written of each output map, see :func:`cryoqa_plugin.runner.execute`."""
        return []

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

    def _map_path(self, name: str) -> Optional[str]:
        entry = (self.result() or {}).get("maps", {}).get(name)
        return self._getExtraPath(entry["path"]) if entry else None

    def _register_map(self, name: str, output: str, mask: bool = False, halves: bool = True, own_halves: Sequence[str] = ()) -> None:
        """Register the map ``name`` of the result as ``output``, with the grid (and for a density the half-maps) of the input.

        ``own_halves`` are two maps of the result that become its half-maps instead of those of the input, where they were written.
        """
        path = self._map_path(name)
        if path is None:
            return
        template = self._grid_object()
        made = VolumeMask() if mask else Volume()
        made.setFileName(path)
        made.setSamplingRate(template.getSamplingRate())
        if template.hasOrigin():                             # else the header says it, and Scipion need not make one up
            made.setOrigin(template.getOrigin())
        sources = self._files().sources
        written = [p for p in map(self._map_path, own_halves) if p]
        if len(written) == 2:
            made.setHalfMaps(written)
        elif halves and not mask and "half1" in sources and "half2" in sources:
            made.setHalfMaps([sources["half1"], sources["half2"]])
        self._define(output, made)

    def _register_curves(self, output: str = "outputFSCs") -> None:
        """Register every FSC curve of the result as one set."""
        curves = {n: c for n, c in (self.result() or {}).get("curves", {}).items() if n.startswith("fsc_") and c["x_unit"] == "1/Å"
                  and n != "fsc_weight"}
        made = SetOfFSCs.create(self._getPath())
        for name, entry in curves.items():
            points = [(x, y) for x, y in zip(entry["x"], entry["y"]) if x is not None and y is not None]
            if len(points) > 1 and len({p[1] for p in points}) > 1:      # Scipion's own viewer divides by the range of a curve
                item = FSC()
                item.setData([p[0] for p in points], [p[1] for p in points])
                item.setObjLabel(name[4:].replace("_", " "))
                made.append(item)
        if made.getSize():
            made.write()
            self._define(output, made)

    def _define(self, output: str, made: Any) -> None:
        self._defineOutputs(**{output: made})
        for name in ("inputVolume", "half1", "half2", "inputMask", "inputModel"):
            pointer = getattr(self, name, None)
            if pointer is not None and pointer.get() is not None and isinstance(pointer.get(), (Volume, AtomStruct)):
                self._defineSourceRelation(pointer, made)


class HalfMapProtocol(CryoqaProtocol):
    """Base of the protocols that work on two half-maps, of one volume or two volumes, and an optional mask."""

    def _defineInputs(self, form: Any) -> None:
        inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES))
        inputs.add_volume(form, condition="halves == 0")
        inputs.add_mask(form)

    def _files(self) -> inputs.Files:
        files = super()._files()
        for part in files:
            part.pop("full_map", None)
        return files


class MapOrHalvesProtocol(CryoqaProtocol):
    """Base of the protocols that work on half-maps or on a map alone, and an optional mask."""

    def _defineInputs(self, form: Any) -> None:
        inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES, inputs.NONE))
        inputs.add_volume(form, optional=True)
        inputs.add_mask(form)


class SharpeningProtocol(MapOrHalvesProtocol):
    """Base of the protocols that sharpen: half-maps or a map alone, and an optional mask; the output is a volume with its half-maps.

    A subclass that needs half-maps sets ``_needs_halves``.
    """

    _possibleOutputs = {"outputVolume": Volume}
    _needs_halves = False

    def _defineInputs(self, form: Any) -> None:
        if self._needs_halves:
            inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES))
            inputs.add_volume(form, optional=True)
            inputs.add_mask(form)
        else:
            super()._defineInputs(form)

    def _defineParams(self, form: Any) -> None:
        super()._defineParams(form)
        form.addSection(label="Output")
        form.addParam("writeMtz", BooleanParam, default=False, label="Write map coefficients (MTZ)",
                      help="Write the Fourier coefficients of each map beside it, for programs that refine against them.")

    def _also(self) -> List[str]:
        return ["mtz"] if self.writeMtz else []

    def createOutputStep(self) -> None:
        """Register the sharpened map, with the half-maps that were sharpened alike."""
        self._register_map("sharpened", "outputVolume", halves=False, own_halves=("sharpened_half1", "sharpened_half2"))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
