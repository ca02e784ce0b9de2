"""What Scipion sees of the plugin: protocols, viewers, logo, citations, tree, forms."""
from __future__ import annotations

import configparser
import json
import os
import re
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from pwem import Domain  # noqa: E402
from pwem.objects import AtomStruct, SetOfFSCs, SetOfVolumes, Volume, VolumeMask  # noqa: E402
from pwem.protocols import EMProtocol  # noqa: E402
from pyworkflow.protocol.params import MultiPointerParam  # noqa: E402

import cryoqa_plugin  # noqa: E402
from cryoqa_plugin import protocols, results, viewers  # noqa: E402
from cryoqa_plugin.io.inputs import KINDS  # noqa: E402
from cryoqa_plugin.params import specs  # noqa: E402
from cryoqa_plugin.protocols import forms, inputs, outputs  # noqa: E402
from cryoqa_plugin.protocols.base import CryoqaProtocol  # noqa: E402
from cryoqa_plugin.registry import CAPABILITIES, resolve  # noqa: E402
from sources import ROOT  # noqa: E402

pytestmark = pytest.mark.scipion

BY_CAPABILITY = {cls._capability: cls for name, cls in vars(protocols).items()
                 if name.startswith("CryoqaProt") and name != "CryoqaProtValidate"}
ROWS = pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: row.id)


@ROWS
def test_scipion_finds_the_protocol_and_its_viewer(row):
    cls = BY_CAPABILITY[row.id]
    assert Domain.getProtocols()[cls.__name__] is cls
    assert viewers.CryoqaProtocolViewer in Domain.findViewers(cls.__name__, "tkinter")
    assert cls._capability == row.id and "_label" in cls.__dict__ and cls.__doc__
    assert cls.getClassPackage().__name__ == "cryoqa_plugin"


def test_plugin():
    plugin = cryoqa_plugin.Plugin()
    assert plugin.getName() == "cryoqa_plugin"
    folder = plugin.getPath()
    for name in (cryoqa_plugin._logo, "protocols.conf"):
        assert os.path.isfile(os.path.join(folder, name))
    from cryoqa_plugin import bibtex
    for row in CAPABILITIES:
        for key in row.references:
            assert "{" + key + "," in bibtex.__doc__


def test_every_protocol_stands_in_the_tree():
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read(os.path.join(cryoqa_plugin.Plugin().getPath(), "protocols.conf"))
    trees = {name: json.loads(text) for name, text in parser["PROTOCOLS"].items()}
    assert set(trees) == {"Protocols SPA", "CryoQA"}

    def leaves(nodes):
        for node in nodes:
            if node["tag"] == "protocol":
                yield node["value"]
            yield from leaves(node.get("children", ()))

    names = {cls.__name__ for cls in BY_CAPABILITY.values()} | {"CryoqaProtValidate"}
    assert set(BY_CAPABILITY) == {row.id for row in CAPABILITIES}
    for tree in trees.values():
        assert set(leaves(tree)) == names


@ROWS
def test_the_form_offers_every_parameter_and_gives_back_its_default(row):
    cls = BY_CAPABILITY[row.id]
    protocol, params_class = cls(), cls._params_class()
    for spec in specs(params_class):
        assert not hasattr(EMProtocol, spec.name), f"{spec.name} is a name of Scipion's"
        shown = protocol.getParam(spec.name)
        assert shown is not None and spec.help[:20] in shown.help.get()
    assert forms.values_of(protocol, params_class) == pytest.approx({s.name: s.default for s in specs(params_class)})


@ROWS
def test_the_form_asks_for_what_the_capability_takes(row):
    protocol = BY_CAPABILITY[row.id]()
    for kind in row.needs + row.takes:
        shown, known = protocol.getParam(inputs.parameter_of(kind)), KINDS[kind]
        assert shown is not None and shown.label.get() and shown.help.get()
        if known.scipion:
            assert shown.pointerClass.get() == inputs.classes_of(kind) and isinstance(shown, MultiPointerParam) == known.many
        if kind in row.needs and kind not in ("half1", "half2"):
            assert shown.isImportant() and not getattr(shown, "allowsNull", False)
        elif kind not in row.needs and known.scipion:
            assert shown.allowsNull
    assert set(protocol._help) <= set(row.needs + row.takes)
    asked = {name for name, _ in protocol.getDefinition().iterParams() if name.startswith("input")}
    takes_halves = "half1" in row.needs + row.takes
    assert asked == {inputs.parameter_of(k) for k in row.needs + row.takes + ("full_map",) * takes_halves} - {"half1", "half2"}


@ROWS
def test_half_maps_are_chosen_in_the_same_way_in_all_forms(row):
    protocol = BY_CAPABILITY[row.id]()
    shown = protocol.getParam("halves")
    if shown is None:
        assert "half1" not in row.needs + row.takes
        return
    alone = any("half1" not in group for group in row.any_of) or not ("half1" in row.needs or row.any_of)
    assert shown.choices == [inputs.OF_VOLUME, inputs.TWO_VOLUMES] + [inputs.NONE] * alone
    assert protocol.getEnumText("halves") == (inputs.NONE if row.id in ("map_info", "contour", "mask") else inputs.OF_VOLUME)
    assert not protocol.evalParamCondition("half1") and protocol.evalParamCondition("inputVolume")
    protocol.halves.set(1)
    assert protocol.evalParamCondition("half1") and protocol.evalParamCondition("half2")
    assert protocol.evalParamCondition("inputVolume") == ("full_map" in row.needs + row.takes)


@ROWS
def test_outputs_are_those_that_the_result_declares(row):
    cls, result = BY_CAPABILITY[row.id], resolve(row.result)
    assert set(cls._shown) <= set(results.declared(result, "metric"))
    declared, maps = outputs.declared_outputs(result), results.declared(result, "map")
    carried = {f"{name}_half{i}" for name, out in declared.items() if out.halves == "own" for i in (1, 2)}
    assert set(maps) - carried <= set(declared), "a map that is written is no output"
    processed = any(name.endswith(("_half1", "_half2")) for name in carried)
    assert not processed or row.id in ("hand", "map_box", "map_align", "deposit", "map_symmetry"), "processed half-maps on a Volume"
    for name, out in declared.items():
        assert cls._possibleOutputs[out.name] is {"map": VolumeMask if out.mask else Volume, "curve": SetOfFSCs,
                                                   "model": AtomStruct, "maps": SetOfVolumes}[out.role]
        assert set(results.declared(result, out.role)[name]) <= {"unit", "meaning", "file", "x_label", "x_unit", "y_label", "y_unit"}
        if out.role == "curve":
            assert results.declared(result, "curve")[name]["x_unit"] == "1/Å" and name.startswith(("fsc_", "half_fsc", "predicted_cref_"))
        if out.halves == "own":
            assert {name + "_half1", name + "_half2"} <= set(results.declared(result, "map"))
    names = [out.name for out in declared.values() if out.role != "curve"]
    assert len(set(names)) == len(names)
    assert (cls().getParam("writeMtz") is not None) == any(out.halves for out in declared.values())


def test_the_page_names_every_protocol_and_its_outputs():
    page = (ROOT / "docs" / "scipion.rst").read_text(encoding="utf-8")
    rows = [re.split(r" {2,}", line) for line in re.findall(r"^protocol .*?\n=[= ]+\n(.*?)\n=", page, re.M | re.S)[0].splitlines()]
    told = {label: set(re.findall(r"output\w+", gives)) for label, _, gives in rows}
    validation = told.pop(protocols.CryoqaProtValidate._label)
    assert {"outputMask", "outputFSCs"} < validation <= set(protocols.CryoqaProtValidate._possibleOutputs)
    assert told == {cls._label: set(cls._possibleOutputs) for cls in BY_CAPABILITY.values()}


@dataclass(frozen=True)
class Answer(results.Result):
    """A result of all that can be an output."""

    mask_source: Optional[str] = results.metric("", "where the mask comes from", "none")
    fsc_first: Optional[Any] = results.curve("an FSC", x_label="Frequency", x_unit="1/Å", y_label="FSC", output="outputFSCs")
    fsc_flat: Optional[Any] = results.curve("an FSC", x_label="Frequency", x_unit="1/Å", y_label="FSC", output="outputFSCs")
    other: Optional[Any] = results.curve("no FSC", x_label="Frequency", x_unit="1/Å", y_label="weight")
    main: Optional[Any] = results.map_output("", "a density", output="outputVolume", halves="own")
    main_half1: Optional[Any] = results.map_output("", "its half-map 1")
    main_half2: Optional[Any] = results.map_output("", "its half-map 2")
    second: Optional[Any] = results.map_output("", "another density", output="outputSecond", halves="input")
    mask_used: Optional[Any] = results.map_output("", "a mask", output="outputMask", mask=True)
    parts: Optional[Any] = results.maps_output("", "maps of parts", output="outputParts")
    model: Optional[Any] = results.model_output("a model", output="outputModel")


@pytest.mark.parametrize("source", ["given", "made"])
def test_maps_masks_models_lists_and_curves_become_outputs(workshop, tiny_halves, monkeypatch, source):
    from cryoqa_plugin.io.models import read_model
    from cryoqa_plugin.io.outputs import save
    half = tiny_halves["half1"]
    moved = replace(half, origin=(7.5, 9.0, 10.5))
    answer = Answer("Done.", (), source, results.Curve(np.array([0.1, 0.2]), np.array([1.0, 0.5])),
                    results.Curve(np.array([0.1, 0.2]), np.array([1.0, 1.0])), results.Curve(np.array([0.1, 0.2]), np.array([1.0, 0.5])),
                    half, half, half, half, half, (half, moved), read_model(workshop.model[0].outputPdb.getFileName()))
    monkeypatch.setattr(CryoqaProtocol, "_declared", classmethod(lambda cls: results.outputs(Answer)))
    protocol = workshop.make(BY_CAPABILITY["map_info"], inputVolume=workshop.volume, halves=inputs.OF_VOLUME)
    workshop.project.saveProtocol(protocol)
    protocol.makePathsAndClean()
    save(answer, protocol._getExtraPath())
    protocol.createOutputStep()
    workshop.project.saveProtocol(protocol)
    made = dict(protocol.iterOutputAttributes())
    assert set(made) == {"outputVolume", "outputSecond", "outputParts", "outputModel", "outputFSCs"} | {"outputMask"} - {
        "outputMask" if source == "given" else ""}
    assert all(type(item) is protocol._possibleOutputs[name] for name, item in made.items())
    given = workshop.volume[0].outputVolume
    assert [os.path.basename(p) for p in made["outputVolume"].getHalfMaps(asList=True)] == ["main_half1.mrc", "main_half2.mrc"]
    assert made["outputSecond"].getHalfMaps(asList=True) == given.getHalfMaps(asList=True)
    assert made["outputSecond"].getOrigin().getShifts() == pytest.approx(given.getOrigin().getShifts())
    assert [tuple(v.getOrigin().getShifts()) for v in made["outputParts"]] == [half.origin, pytest.approx(moved.origin)]
    assert made["outputParts"].getSamplingRate() == pytest.approx(half.voxel) and os.path.isfile(made["outputModel"].getFileName())
    assert [item.getObjLabel() for item in made["outputFSCs"]] == ["first"]             # a flat one cannot be drawn by Scipion's viewer


def test_conditions_hide_and_show(workshop):
    protocol = workshop.make(BY_CAPABILITY["mask"])
    assert protocol.evalParamCondition("lowpass")                      # from the data may be relion
    words = protocol.getParam("method").choices
    protocol.method.set(words.index("model"))
    assert protocol.evalParamCondition("radius") and not protocol.evalParamCondition("lowpass")


def test_a_row_with_a_graphics_card_asks_for_one(workshop, monkeypatch):
    import dataclasses

    from cryoqa_plugin import registry
    from cryoqa_plugin.protocols import CryoqaProtContour
    monkeypatch.setitem(registry.BY_ID, "contour", dataclasses.replace(registry.find("contour"), gpu=True))
    protocol = workshop.make(CryoqaProtContour)
    assert protocol.useGpu.get() is True and protocol.gpuList.get() == "0"
    monkeypatch.undo()
    assert not hasattr(workshop.make(CryoqaProtContour), "useGpu")


def test_denoising_by_a_network_runs_on_the_cards_of_the_form(workshop, monkeypatch):
    from cryoqa_plugin.protocols import CryoqaProtNoise2noise
    from pyworkflow.protocol import StepExecutor
    protocol = workshop.make(CryoqaProtNoise2noise, gpuList="1 3")
    ran = []
    monkeypatch.setattr("cryoqa_plugin.protocols.base.CryoqaProtocol._compute",
                        lambda *given: ran.append(os.environ.get("CUDA_VISIBLE_DEVICES")) or {})
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    protocol.setStepsExecutor(StepExecutor(None, gpuList=[1, 3]))
    assert protocol._values()["device"] == "auto"
    protocol._compute("")
    protocol.useGpu.set(False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert protocol._values()["device"] == "cpu"
    protocol._compute("")
    assert ran == ["1,3", "0"]


def test_a_form_says_which_package_is_missing(workshop, monkeypatch):
    import importlib.util
    protocol = workshop.make(BY_CAPABILITY["noise2noise"], inputVolume=workshop.volume)
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else known(name, *rest))
    assert protocol._validate() == ["'noise2noise' needs the package torch, which is not installed; 'pip install torch'."]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: known("json") if name == "torch" else known(name, *rest))
    assert protocol._validate() == []
