"""What all protocols of cryoqa are: one capability, its form, one computing step, outputs that chain on."""
from __future__ import annotations

import json
import os
from importlib import import_module
from types import MappingProxyType
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from pwem.objects import AtomStruct, SetOfAtomStructs, SetOfVolumes, Volume
from pwem.protocols import EMProtocol
from pyworkflow.protocol import GPU_LIST, USE_GPU, BooleanParam, StringParam
from pyworkflow.protocol.constants import STEPS_SERIAL

from cryoqa_plugin import params, runner
from cryoqa_plugin.errors import CryoqaError, InputError
from cryoqa_plugin.io.models import read_attributes
from cryoqa_plugin.progress import Progress
from cryoqa_plugin.registry import Capability, resolve
from cryoqa_plugin.results import Output, read_json

from . import documents, forms, groups, inputs, outputs, sentences
from .inputs import Member
from .outputs import Made


class _PossibleOutputs:
    """The classes of a protocol's outputs by name, as its result declares them; read when Scipion asks, not when it looks for protocols."""

    def __get__(self, protocol: Any, cls: Any) -> Dict[str, type]:
        declared = cls._declared() if cls._capability else {}
        found = {out.name: outputs.class_of(out) for out in declared.values()}
        given = getattr(protocol, "inputVolume", None)
        if given is not None and isinstance(given.get(), SetOfVolumes):
            found = dict(outputs.of_set(name, made) for name, made in found.items())
        return found


class _OfScores:
    """What Scipion's viewers of attributes ask of a run; only one that gives a structure with scores of residues has it.

    ``read`` makes it of the run and the name of its output. Of the outputs of a validation it is that of the report of the model.
    """

    def __init__(self, read: Callable[[Any, str], str]) -> None:
        self._read = read

    def __get__(self, protocol: Any, cls: Any) -> str:
        declared = cls._declared() if cls._capability and protocol is not None else {}
        names = [outputs.of_set(out.name, AtomStruct)[0] if plural else out.name for plural in (False, True)
                 for field, out in sorted(declared.items(), key=lambda pair: not pair[0].startswith("model_report/"))
                 if field.rpartition("/")[2] == "scored_model"]
        found = next((name for name in names if hasattr(protocol, name)), None)
        if found is None:
            raise AttributeError("no scores of residues")
        return self._read(protocol, found)


def _attribute_of(protocol: Any, name: str) -> str:
    """The main score of a finished run: the first attribute of its structure."""
    found = getattr(protocol, name)
    path = next((s.getFileName() for s in found.iterItems()), "") if isinstance(found, SetOfAtomStructs) else found.getFileName()
    carried = read_attributes(path) if path else ()
    return carried[0].name if carried else ""


class CryoqaProtocol(EMProtocol):
    """Base of the protocols. A subclass sets ``_capability`` and ``_label``; inputs, parameters and outputs follow from the registry.

    ``_shown`` are the values that the summary shows, all when it is empty. ``_help`` stands in place of the help of a kind of input.
    """

    _capability = ""
    _shown: Tuple[str, ...] = ()
    _help: Mapping[str, str] = MappingProxyType({})
    _draw_report = False                         # whether the report is drawn at the end unless the form says otherwise
    _possibleOutputs = _PossibleOutputs()
    _OUTNAME = _OfScores(lambda protocol, name: name)
    _ATTRNAME = _OfScores(_attribute_of)
    stepsExecutionMode = STEPS_SERIAL

    @classmethod
    def getClassLabel(cls, prependPackageName: bool = True) -> str:
        """The label alone: the logo says whose protocol it is, and the tree has no room for more."""
        return cls.__dict__.get("_label") or cls.__name__

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
        self._define_output(form)

    def _define_output(self, form: Any) -> None:
        form.addSection(label="Output")
        form.addParam("drawReport", BooleanParam, default=self._draw_report, label="Draw the report at the end",
                      help="One page with pictures, curves, numbers and verdicts. If no, it is drawn when you ask for it under 'Analyze "
                           "Results', and what is scheduled after this run can start earlier. Of a set of volumes, each has a report, to "
                           "which the table leads.")
        if self._capability and self._gives_densities():
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
        return outputs.declared_outputs(resolve(cls._row().result))

    @classmethod
    def _gives_densities(cls) -> bool:
        """Whether an output is a density to refine against: such a map has half-maps."""
        return any(out.halves for out in cls._declared().values())

    # -------------------------- the steps --------------------------
    def _insertAllSteps(self) -> None:
        for member in inputs.members_of(self):
            files = self._files(member)
            if files.convert:
                self._insertFunctionStep(self.convertStep, json.dumps([files.sources, files.convert], sort_keys=True), needsGPU=False)
            arguments = json.dumps([files.sources, files.voxel_sizes, files.origins, self._values(), self._also(), member.name],
                                   sort_keys=True)
            self._insertFunctionStep(self.computeStep, arguments, needsGPU=self._row().gpu)
        self._insertFunctionStep(self.createOutputStep, needsGPU=False)
        self._insertFunctionStep(self.reportStep, self.drawReport.get(), needsGPU=False)

    def convertStep(self, arguments: str) -> None:
        """Convert the inputs that are no MRC files."""
        sources, locations = json.loads(arguments)
        for kind, location in locations.items():
            inputs.convert(tuple(location), sources[kind])

    def computeStep(self, arguments: str) -> None:
        """Run the capability on the files of one volume; the failure of one of a set does not stop the others."""
        *given, name = json.loads(arguments)
        folder = self._getExtraPath(name) if name else self._getExtraPath()
        try:
            document = self._compute(folder, *given)
            self.info((name and f"{name}: ") + document["summary"])
            documents.forget_failure(folder)
        except CryoqaError as error:
            if not name:
                raise
            self.warning(f"{name}: {error}")
            documents.note_failure(folder, self._capability, str(error))
        documents.make_relative(folder)

    def _compute(self, folder: str, sources: Dict[str, str], voxel_sizes: Dict[str, float], origins: Dict[str, inputs.Origin],
                 values: Dict[str, Any], also: Sequence[str]) -> Dict[str, Any]:
        """The document of the files of one volume, whose results go into ``folder``."""
        estimate = runner.memory_estimate(self._capability, sources, values)
        self.info(f"Expected peak memory: {estimate / 1e9:.2f} GB")
        return runner.execute(self._capability, sources, values, folder, progress=self._logged(0.05),
                              threads=self.numberOfThreads.get(), voxel_sizes=voxel_sizes, origins=origins,
                              command=["scipion", self.getClassName()], also=also, overwrite=True)      # the folder is the run's own

    def _logged(self, step: float) -> Progress:
        """Progress that is written into the log, at most every ``step`` of the whole."""
        last = [-1.0]

        def progress(fraction: float, message: str) -> None:
            if fraction - last[0] >= step:
                last[0] = fraction
                self.info(f"{100 * fraction:3.0f} %  {message}")

        return progress

    def createOutputStep(self) -> None:
        """Register every map, structure and curve that the results name; of a set of volumes, a set of each."""
        done = [(m, made) for m in inputs.members_of(self) for made in self._made(m)]
        if not done:
            raise CryoqaError("None of the volumes gave a result; " + " ".join(groups.failures(inputs.members_of(self))))
        if done[0][0].name:
            self._register_sets(done)
            return
        curves: Dict[str, List[outputs.Curve]] = {}
        for _, made in done:
            for name, found in made.objects().items():
                self._register(name, outputs.set_of_volumes(self._getPath(), name, found) if isinstance(found, list) else found)
            for name, lines in made.curves().items():
                curves.setdefault(name, []).extend(lines)
        self._register_curves(curves)

    def _register_sets(self, done: Sequence[Tuple[Member, Made]]) -> None:
        """Register the results of a set of volumes: for each output a set, whose items have the names of the volumes."""
        found: Dict[str, List[Tuple[str, Any]]] = {}
        curves: Dict[str, List[outputs.Curve]] = {}
        for member, made in done:
            for name, item in made.objects().items():
                found.setdefault(name, []).extend((member.name, i) for i in (item if isinstance(item, list) else [item]))
            for name, lines in made.curves().items():
                curves.setdefault(name, []).extend(c._replace(label=f"{member.name}: {c.label}") for c in lines)
        for name, items in found.items():
            labels, objects = zip(*items)
            create = outputs.set_of_structures if isinstance(objects[0], AtomStruct) else outputs.set_of_volumes
            name, _ = outputs.of_set(name, type(objects[0]))
            self._register(name, create(self._getPath(), name, objects, labels))
        self._register_curves(curves)

    def _register_curves(self, curves: Mapping[str, Sequence[outputs.Curve]]) -> None:
        for name, lines in curves.items():
            self._register(name, outputs.set_of_curves(self._getPath(), lines))

    def reportStep(self, wanted: bool) -> None:
        """Draw the report when it is wanted, after the outputs are there; of a set of volumes, the page with a row for each."""
        members = inputs.members_of(self)
        for member in members if wanted else ():
            if documents.is_done(member.folder):
                import_module("cryoqa_plugin.report.assemble").write_report(member.folder)
        if members[0].name:
            groups.write(self._getExtraPath(), self.getObjLabel() or self._label, members)

    # -------------------------- the words --------------------------
    def _validate(self) -> List[str]:
        lacking = runner.missing_extras(self._row()) if self._capability else None
        wrong = [lacking] if lacking else sentences.of_choices(self)
        for member in [] if wrong else inputs.members_of(self):
            found = self._problems(member)
            wrong += [f"{member.name}: {line}" if member.name else line for line in found]
        return wrong

    def _problems(self, member: Member) -> List[str]:
        """What is wrong with one volume and what is given beside it, and with the parameters."""
        files, row = self._files(member), self._row()
        wrong = sentences.of_half_maps(self, member, files) or sentences.of_needs(row.needs, row.any_of, files)
        try:
            params.build(self._params_class(), self._values())
        except InputError as error:
            wrong = wrong + [str(error)]
        return wrong or sentences.of_files(files)

    def _warnings(self) -> List[str]:
        out = []
        for member in inputs.members_of(self):
            files = self._files(member)
            warning = runner.memory_warning(self._capability, files.there(), self._values())
            found = sentences.of_headers(files) + [warning] * bool(warning)
            out += [f"{member.name}: {line}" if member.name else line for line in found]
        return out

    def _summary(self) -> List[str]:
        members = inputs.members_of(self)
        if members and members[0].name:
            return groups.lines(members)
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
        row, out = self._row(), []
        keys = ", ".join(f"[{key}]" for key in row.references)
        for member in inputs.members_of(self):
            document = self._document_in(member.folder)
            if document:
                out.append(f"{member.name and member.name + ': '}{row.title} by cryoqa {document['provenance']['cryoqa']} ({keys}). "
                           f"{document['summary']}")
        return out

    def _citations(self) -> List[str]:
        return list(self._row().references)

    # -------------------------- utilities --------------------------
    def _files(self, member: Optional[Member] = None) -> inputs.Files:
        """The files of one volume of a set, else of the first or only one."""
        files, row = inputs.files_of(self, member), self._row()
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
        """The saved result document; None before the run, and of a set of volumes, which has one for each in a folder of its own."""
        return self._document_in(self._getExtraPath())

    def _document_in(self, folder: str) -> Optional[Dict[str, Any]]:
        path = os.path.join(folder, "result.json")
        return read_json(path) if os.path.isfile(path) else None

    def _grid_object(self) -> Volume:
        """The input besides the volume whose sampling rate and origin the outputs take over."""
        for name in ("half1", "inputMask"):
            pointer = getattr(self, name, None)
            if pointer is not None and isinstance(pointer.get(), Volume):
                return pointer.get()
        raise ValueError("no input volume")

    def _template(self, member: Member) -> Volume:
        """The volume on whose voxels the method worked: not the one of the form when two others are the half-maps, and only these count."""
        works_on_it = "full_map" in self._files(member).sources or not self._two_volumes()
        return member.volume if member.volume is not None and works_on_it else self._grid_object()

    def _two_volumes(self) -> bool:
        return hasattr(self, "halves") and self.getEnumText("halves") == inputs.TWO_VOLUMES

    def _made(self, member: Member) -> List[Made]:
        """The results of one volume; none when it failed."""
        document = self._document_in(member.folder)
        if document is None:
            return []
        declared = self._declared()
        roles = {out.role for out in declared.values()}
        has_volume = {"full_map", "half1"} & {*self._row().needs, *self._row().takes}            # a model may come without
        template = self._template(member) if "map" in roles or "model" in roles and has_volume else None
        return [Made(member.folder, document, declared, template, self._raw_halves(member))]

    def _raw_halves(self, member: Member) -> List[str]:
        """The files of the half-maps that were given."""
        return [path for kind, path in self._files(member).sources.items() if kind in ("half1", "half2")]

    def _register(self, output: str, made: Any) -> None:
        """Make an object an output that comes from the inputs."""
        self._defineOutputs(**{output: made})
        for _, pointer in self.iterInputAttributes():
            if isinstance(pointer.get(), (Volume, SetOfVolumes, AtomStruct)):
                self._defineSourceRelation(pointer, made)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
