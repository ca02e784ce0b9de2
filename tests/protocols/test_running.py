"""Every capability as a protocol in a real project, each run once in a process of its own; what it gives, with numbers."""
from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, NamedTuple, Tuple

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

import cryoqa_plugin  # noqa: E402
from cryoqa_plugin import protocols  # noqa: E402
from cryoqa_plugin.io.maps import read_map, write_map  # noqa: E402
from cryoqa_plugin.protocols.inputs import NONE, OF_VOLUME  # noqa: E402
from cryoqa_plugin.registry import CAPABILITIES, resolve  # noqa: E402
from cryoqa_plugin.results import outputs as declared_outputs, read_json  # noqa: E402
from sources import runnable  # noqa: E402

pytestmark = pytest.mark.scipion

BY_CAPABILITY = {cls._capability: cls for name, cls in vars(protocols).items()
                 if name.startswith("CryoqaProt") and name != "CryoqaProtValidate"}
TEMPLATE = {"import_job": "2", "map_info": "40", "mask": "80", "fsc": "120", "mtriage": "160"}     # run by the template, by its ids
FAST = set(TEMPLATE) | {"local_fsc"}
OF_INPUT = "the half-maps of the input"


class Out(NamedTuple):
    """An output volume: the map of the result that it is, and the stem of its half-maps, where it has any."""

    map: str
    halves: str = ""


@dataclass(frozen=True)
class Case:
    """How a capability is run on the imported volume beside its defaults, and what must come of it.

    ``says`` stands in the summary, ``curves`` are among the set of FSCs, ``files`` lie in the folder, ``check`` looks closer.
    ``halves`` is the choice of half-maps, where the form has one.
    """

    values: Dict[str, Any] = field(default_factory=dict)
    outputs: Dict[str, Out] = field(default_factory=dict)
    says: Tuple[str, ...] = ()
    curves: Tuple[str, ...] = ()
    files: Tuple[str, ...] = ()
    check: Callable[..., None] = lambda protocol, tiny: None
    halves: str = OF_VOLUME


def _resolution(**more):
    return dict({"outputResolution": Out("resolution_map")}, **more)


def _sharpened(**more):
    """The sharpened map carries the raw half-maps; those that were sharpened alike are outputs of their own."""
    return dict({"outputVolume": Out("sharpened", OF_INPUT), **_halves("sharpened")}, **more)


def _halves(stem):
    name = "".join(word.capitalize() for word in stem.split("_"))
    return {f"output{name}Half{i}": Out(f"{stem}_half{i}") for i in (1, 2)}


MASK_USED = Out("mask_used")


# -------------------------- what is looked at closer --------------------------

def _imported(protocol, tiny):
    np.testing.assert_array_equal(read_map(protocol.outputVolume.getFileName()).data, tiny["full_map"].data)
    for path, kind in zip(protocol.outputVolume.getHalfMaps(asList=True), ("half1", "half2")):
        np.testing.assert_array_equal(read_map(path).data, tiny[kind].data)


def _soft(protocol, tiny):
    data = read_map(protocol.outputMask.getFileName()).data
    assert data.min() >= 0 and data.max() == pytest.approx(1)


def _contour(protocol, tiny):
    _soft(protocol, tiny)
    soft, hard = read_map(protocol.outputMask.getFileName()), read_map(protocol._getExtraPath("hard_mask.mrc"))
    assert hard.origin == pytest.approx(soft.origin) and hard.data.sum() < soft.data.sum()


def _sure(protocol, tiny):
    confidence, mask = (read_map(getattr(protocol, name).getFileName()).data for name in ("outputConfidence", "outputMask"))
    np.testing.assert_array_equal(mask > 0, confidence >= np.float32(0.99))


def _as_in_python(protocol, tiny):
    curves = {item.getObjLabel(): item.clone() for item in protocol.outputFSCs}
    expected = cryoqa_plugin.run("fsc", half1=tiny["paths"]["half1"], half2=tiny["paths"]["half2"])
    x, y = curves["unmasked"].getData()
    np.testing.assert_allclose(list(x), expected["curves"]["fsc_unmasked"]["x"], rtol=1e-5)
    np.testing.assert_allclose(list(y), expected["curves"]["fsc_unmasked"]["y"], atol=1e-5)
    number = expected["metrics"]["resolution_unmasked_0143"]["value"]
    assert f"*resolution unmasked 0143*: {number:.4g} Å" in "\n".join(protocol.summary())


def _mirrored(protocol, tiny):
    image, given = read_map(protocol.outputVolume.getFileName()).data, tiny["full_map"].data
    np.testing.assert_array_equal(image[:, :, 1:], given[:, :, :0:-1])


def _aligned(protocol, tiny):
    assert np.corrcoef(read_map(protocol.outputVolume.getFileName()).data.ravel(), tiny["full_map"].data.ravel())[0, 1] > 0.99


def _correlation(protocol, tiny):
    data = read_map(protocol.outputVolume.getFileName()).data
    assert data.min() >= 0 and 0.8 < data.max() <= 1
    assert {item.getObjLabel() for item in protocol.outputFSCs} == {"unmasked"}


def _low_passed(protocol, tiny):
    assert read_map(protocol.outputVolume.getFileName()).data.std() < tiny["full_map"].data.std()
    given = read_map(protocol.inputResolution.get().getFileName()).data
    assert protocol.result()["metrics"]["median"]["value"] == pytest.approx(np.median(given[given > 0]), rel=0.01)


# of the mean nothing is added or lost, and a map beside itself has moved nowhere
_FLAT = ("outputUnsupported", "outputLost", "outputDisagreement", "outputMotion")
CASES = {
    "import_job": Case(outputs={"outputVolume": Out("run_class001", "run_half")}, says=("Refine3D",), check=_imported),
    "map_info": Case(says=("32 x 32 x 32", "*half maps identical*: no")),
    "mask": Case(outputs={"outputMask": Out("mask")}, check=_soft),
    "map_box": Case(dict(around="whole", flip=True), {"outputVolume": Out("boxed_map", "boxed_map_half")}, ("hand flipped",),
                    check=_mirrored),
    "map_align": Case({}, {"outputVolume": Out("aligned_map", "aligned_map_half")}, ("rotation by 0.00°",), check=_aligned),
    "map_symmetry": Case({}, {}, ("no exact symmetry",)),
    "contour": Case(dict(dilate=3.0), {"outputMask": Out("soft_mask"), "outputHardMask": Out("hard_mask"),
                                       "outputRawMask": Out("raw_mask")}, ("contour level",), check=_contour),
    "confidence": Case(dict(weighting="fsc"), {"outputConfidence": Out("confidence_map"), "outputMask": Out("confidence_mask"),
                                               "outputNoise": Out("noise_map"), "outputTested": Out("tested_map")},
                       ("false discovery rate of 1 %",), check=_sure),
    "hand": Case(dict(write_mirrored=True), {"outputVolume": Out("mirrored", "mirrored_half")}, ("hand cannot be determined",),
                 check=_mirrored),
    "model_fit": Case(dict(resolution=4.0, contour=0.1), {}, ("Map and model correlate by", "given contour of 0.1"), halves=NONE),
    "side_chain_check": Case(dict(resolution=4.0), {}, ("1 residue of protein has a backbone",), halves=NONE),
    "q_score": Case(dict(resolution=4.0), {}, ("atoms (sigma 0.4 Å)", "is expected"), halves=NONE),
    "model_report": Case(dict(scores=False), {}, ("can be trusted", "should be checked"), halves=NONE),

    "fsc": Case({}, {"outputVolume": Out("sharpened", OF_INPUT), "outputSharpenedMasked": Out("sharpened_masked")},
                curves=("unmasked", "masked"), check=_as_in_python),
    "mtriage": Case(curves=("half unmasked", "half masked")),                                # no outputMask: one was given
    "half_map_statistics": Case(dict(local_map=True), {"outputVolume": Out("local_correlation")}, ("are significant to",),
                                ("unmasked",), check=_correlation),
    "directional_fsc": Case({}, {"outputFsc3d": Out("fsc3d")}, ("direction",), ("x", "y", "z", "best", "worst", "global")),

    "local_fsc": Case(dict(threshold=0.5), _resolution(outputMask=MASK_USED), ("local resolution at FSC 0.5",)),
    "blocres": Case(dict(box=16), _resolution(outputMask=MASK_USED), ("local resolution at FSC 0.5",)),
    "relion_locres": Case(dict(sampling=10), _resolution(outputMask=MASK_USED, outputFiltered=Out("filtered")),
                          ("local resolution at FSC 0.143",)),
    "phenix_locres": Case(dict(resolution=5.0), _resolution(outputMask=MASK_USED), ("local resolution at a correlation of 0.143",)),
    "monores": Case(dict(levels=8), _resolution(outputMask=MASK_USED), ("noise from the half-maps",)),
    "resmap": Case({}, _resolution(outputMask=MASK_USED), ("mask made from the map",), halves=NONE),
    "map_resolution": Case(dict(resolution=5.0), _resolution(outputMask=MASK_USED), ("local resolution of",)),
    "monodir": Case(dict(directions="21"), _resolution(outputMask=MASK_USED, **{
        "output" + name.capitalize(): Out(name) for name in ("highest", "lowest", "doa", "radial", "tangential")})),
    "local_filter": Case({}, {"outputVolume": Out("filtered", OF_INPUT), **_halves("filtered")},
                         ("low-passed at its own resolution",), check=_low_passed),

    "postprocess": Case(dict(rules="cryosparc", writeMtz=True),
                        _sharpened(outputLocal=Out("locally_filtered", OF_INPUT), **_halves("locally_filtered"),
                                   outputResolution=Out("resolution_map"), outputFiltered=Out("filtered")),
                        ("sharpened by a fitted B-factor",), ("unmasked", "masked"), ("sharpened.mtz",)),
    "guinier": Case(dict(write="bfactor", bfactor=-20.0), _sharpened(), ("B-factor",)),
    "audit": Case({}, {"outputSupport": Out("support_map"), "outputUnsupported": Out("unsupported_map"), "outputLost": Out("lost_map")},
                  ("The half-maps support",)),
    "optimal_map": Case({}, _sharpened()),                                                   # no outputDifference without a model
    "auto_sharpen": Case({}, _sharpened(), ("weighted by its noise in the half-maps",)),
    "shell_sharpen": Case(dict(target="b0"), _sharpened(), ("point atoms",)),
    "local_sharpen": Case(dict(target="b0", writeMtz=True),
                          _sharpened(**_resolution(outputMask=MASK_USED, outputFallOffMap=Out("fall_off_map"))), ("to point atoms",),
                          files=("sharpened.mtz",)),
    "denoise": Case(dict(write_halves=True), {"outputVolume": Out("denoised_map", OF_INPUT), "outputRemoved": Out("removed"),
                                        "outputNoiseShare": Out("noise_map"), "outputDenoisedHalf1": Out("denoised_half1"),
                                        "outputDenoisedHalf2": Out("denoised_half2"), "outputSupport": Out("support_map")},
                    ("The map was denoised",)),
    "noise2noise": Case(dict(steps=20, box=32, positions=1),
                        {"outputVolume": Out("denoised_map", OF_INPUT), "outputRemoved": Out("removed"),
                         "outputNoiseShare": Out("noise_map"), "outputSupport": Out("support_map")},
                        ("The map was denoised by a network",)),
    "density_modify": Case({}, {"outputVolume": Out("density_modified_map", OF_INPUT), "outputInitialVolume": Out("initial_map"),
                                **_resolution(outputMask=MASK_USED, outputSupport=Out("support_map"))}, ("Density modification",),
                           curves=("half fsc", "predicted cref before", "predicted cref after")),
    "locscale": Case(dict(window=20), _sharpened(outputMask=MASK_USED, outputLocalBfactor=Out("local_bfactor"),
                                                 outputSupport=Out("support_map")),
                     ("Local amplitudes were scaled",)),
    "locspiral": Case(dict(rules="locbsharpen", resolution=5.0), _sharpened(), ("LocBSharpen",)),
    "localdeblur": Case({}, _sharpened(), ("sharpened by its local resolution",)),
    "combine_maps": Case({}, {"outputVolume": Out("composite_map"), "outputCompositeHalf1": Out("composite_half1"),
                              "outputCompositeHalf2": Out("composite_half2"), "outputDisagreement": Out("disagreement"),
                              "outputMotion": Out("motion"), "outputWeights": Out("weight_maps")}, ("2 maps were combined",)),
    "compare_maps": Case({}, {"outputVolume": Out("matched_1", OF_INPUT), "outputMatched2": Out("matched_2"),
                              "outputDifference": Out("difference_map"), "outputLocalCorrelation": Out("local_correlation_map")},
                         ("Of 2 maps",)),
    "locbfactor": Case(dict(resolution=5.0, lowest=12.0), {"outputBfactor": Out("local_bfactor"), "outputLocalError": Out("local_error")},
                       ("B-factor",)),
    "lococcupancy": Case(dict(resolution=5.0, lowest=12.0), {"outputOccupancy": Out("local_occupancy")}, ("occupancy",)),
}


# -------------------------- the runs --------------------------

def _inputs(row, workshop, finished, halves):
    """What the form of a capability takes of the imported volume, and of runs before it."""
    pointers = {"model": lambda: ("inputModel", workshop.model), "primary_map": lambda: ("inputPrimaryMap", workshop.volume),
                "mask": lambda: ("inputMask", (finished("mask"), "outputMask")),
                "resolution_map": lambda: ("inputResolution", (finished("local_fsc"), "outputResolution")),
                "target_map": lambda: ("inputTargetMap", workshop.volume),
                "others": lambda: ("inputOthers", [(finished("postprocess"), "outputVolume")])}
    beside = ("target_map",) if row.id == "map_align" else ()                                # of two kinds it needs one
    given = dict(pointers[kind]() for kind in (*row.needs, *beside) if kind in pointers)
    if row.id == "combine_maps":
        given["inputFocusedMaps"] = [workshop.volume]
    form = workshop.project.newProtocol(BY_CAPABILITY[row.id])
    if form.getParam("inputVolume") is not None:
        given["inputVolume"] = workshop.volume
    if form.getParam("halves") is not None:
        given["halves"] = halves
    return given


def _run_template(workshop, tiny, folder):
    """The workflow template on a job folder as RELION leaves it: finished protocols by capability."""
    from pyworkflow.template import LocalTemplate
    folder.mkdir(parents=True)
    for kind, name in (("full_map", "run_class001"), ("half1", "run_half1_class001_unfil"), ("half2", "run_half2_class001_unfil")):
        write_map(str(folder / f"{name}.mrc"), tiny[kind])
    path = os.path.join(cryoqa_plugin.Plugin().getPath(), "templates", "half_maps_to_mtriage.json.template")
    template = LocalTemplate("cryoqa_plugin", path)
    template.replaceEnvVariables()
    template.parseContent()
    template.setParamValue("folder", str(folder))
    loaded = workshop.project.loadProtocols(template.createTemplateFile())
    out = {}
    for capability, number in TEMPLATE.items():
        assert loaded[number].validate() == []
        loaded[number].drawReport.set(True)
        out[capability] = workshop.run(loaded[number])
    return out


@pytest.fixture(scope="session")
def finished(workshop, tiny_halves, tmp_path_factory):
    """Function from the id of a capability to its finished protocol, run when it is first asked for."""
    done, rows = {}, {row.id: row for row in CAPABILITIES}

    def get(capability):
        if capability not in done and capability in TEMPLATE:
            done.update(_run_template(workshop, tiny_halves, tmp_path_factory.mktemp("relion project") / "Refine3D" / "job001"))
        elif capability not in done:
            case = CASES.get(capability, Case())
            given = _inputs(rows[capability], workshop, get, case.halves)
            protocol = workshop.make(BY_CAPABILITY[capability], drawReport=True, **given, **case.values)
            assert protocol.validate() == []
            done[capability] = workshop.run(protocol)
        return done[capability]

    return get


def _input_of(protocol):
    """The volume whose grid and half-maps the outputs have."""
    if protocol.hasAttribute("inputVolume"):
        return protocol.inputVolume.get()
    return protocol.outputVolume if protocol.hasAttribute("outputVolume") else None              # what a model alone is enough for


def _stands_on_the_grid_of(given, made, may_be_flat=False):
    """Scipion's sampling rate and origin and those of the header are those of the volume that was given."""
    origin, map_ = tuple(given.getOrigin().getShifts()), read_map(made.getFileName())
    assert np.abs(origin) == pytest.approx((3.0, 4.5, 6.0))
    assert made.getSamplingRate() == pytest.approx(1.5) and made.getDim() == (32, 32, 32)
    assert tuple(made.getOrigin().getShifts()) == pytest.approx(origin) and map_.origin == pytest.approx(origin)
    assert map_.voxel_size == pytest.approx((1.5,) * 3)
    assert np.isfinite(map_.data).all() and (np.ptp(map_.data) > 0 or may_be_flat)
    return map_.data


def _half_maps(volume):
    paths = volume.getHalfMaps(asList=True) or []
    assert all(os.path.isfile(path) for path in paths)
    return [os.path.basename(path) for path in paths]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id, marks=() if row.id in FAST else (pytest.mark.heavy,))
                                 for row in CAPABILITIES])
def test_a_capability_gives_its_outputs(row, finished, tiny_halves):
    from pwem.objects import AtomStruct, SetOfFSCs, SetOfVolumes, Volume, VolumeMask
    if row not in runnable(CAPABILITIES):
        pytest.skip(f"it needs {', '.join(row.extras)}")
    protocol, case = finished(row.id), CASES.get(row.id)
    outputs = dict(protocol.iterOutputAttributes())
    given = _input_of(protocol)
    curves, structure = (outputs.pop(name, None) for name in ("outputFSCs", "outputAtomStruct"))
    carries = "outputAtomStruct" in {o.name for o in declared_outputs(resolve(row.result)).values()}
    # The model of emringer has no side chain to scan; audit, density_modify, map_box and map_align are run without one.
    assert (structure is not None) == (carries and row.id not in ("emringer", "audit", "density_modify", "map_box", "map_align"))
    if structure is not None:
        assert (structure.getVolume() is None) == (given is None)
        assert type(structure) is AtomStruct and "_scipion_attributes" in open(structure.getFileName(), encoding="utf-8").read()
    assert case is None or set(outputs) == set(case.outputs) and (curves is not None) == bool(case.curves)
    for name, made in outputs.items():
        if isinstance(made, SetOfVolumes):
            assert protocol._possibleOutputs[name] is SetOfVolumes and made.getSize() == 2
            continue
        assert type(made) is (VolumeMask if name.endswith("Mask") else Volume) and protocol._possibleOutputs[name] is type(made)
        data = _stands_on_the_grid_of(given, made, name in _FLAT)
        if name == "outputResolution":
            assert data.min() >= 0 and 3 < np.median(data[data > 0]) < 6.5           # Nyquist is 3 Å, the ball low-passed at about 5
        if case is not None:
            wanted = case.outputs[name]
            assert os.path.basename(made.getFileName()) == wanted.map + ".mrc"
            halves = [] if name.endswith("Mask") else _half_maps(made)
            if wanted.halves == OF_INPUT:
                assert halves == _half_maps(given) and len(halves) == 2
            else:
                assert len(halves) == 2 * bool(wanted.halves)
                assert all(half.startswith(f"{wanted.halves}{i}") for i, half in enumerate(halves, 1))
    if curves is not None:
        assert type(curves) is SetOfFSCs and set(case.curves if case else ()) <= {item.getObjLabel() for item in curves}
    _is_told(protocol, row, case or Case())
    (case or Case()).check(protocol, tiny_halves)


def _is_told(protocol, row, case):
    """The form's values reach the computation; summary, methods and report say what came of it."""
    document, summary, methods = protocol.result(), "\n".join(protocol.summary()), "\n".join(protocol.methods())
    assert document["capability"] == row.id and set(document["inputs"]) == set(protocol._files().sources)
    assert ("half1" in document["inputs"]) == (protocol.hasAttribute("halves") and protocol.getEnumText("halves") == OF_VOLUME)
    assert {n: v for n, v in case.values.items() if n != "writeMtz"}.items() <= document["parameters"].items()
    assert summary.startswith(document["summary"]) and all(words.lower() in summary.lower() for words in case.says)
    for name, metric in document["metrics"].items():
        shown = metric["value"] is not None and (name in protocol._shown or not protocol._shown)
        assert (f"*{name.replace('_', ' ')}*: " in summary) == shown, name
    assert all(f"[{key}]" in methods for key in row.references) and bool(protocol.citations()) == bool(row.references)
    assert all(os.path.isfile(protocol._getExtraPath(name)) for name in case.files)
    with open(protocol._getExtraPath("report.html"), encoding="utf-8") as stream:
        assert row.title in stream.read()


def test_every_case_is_of_a_capability():
    assert set(CASES) <= {row.id for row in CAPABILITIES}


# -------------------------- other inputs --------------------------

@pytest.mark.heavy
def test_a_model_comes_in(workshop):
    protocol = workshop.run(workshop.make(BY_CAPABILITY["mtriage"], halves=NONE, inputVolume=workshop.volume, inputModel=workshop.model))
    assert protocol.result()["metrics"]["atoms_used"]["value"] == 4
    assert read_map(protocol.outputMask.getFileName()).data.max() > 0.4
    assert set(protocol.result()["inputs"]) == {"full_map", "model"}


@pytest.mark.heavy
def test_what_goes_wrong_in_the_run_is_told(workshop):
    protocol = workshop.make(BY_CAPABILITY["contour"], inputVolume=workshop.volume, contour=1e6)
    with pytest.raises(pytest.fail.Exception, match="No voxel reaches the contour level"):
        workshop.run(protocol)
    assert protocol.isFailed() and not list(protocol.iterOutputAttributes())


@pytest.mark.parametrize("capability, words", [("model_fit", "model"), ("local_filter", "local-resolution map is needed"),
                                               ("fsc", "half-map")])
def test_what_is_needed_is_said_before_the_run(workshop, capability, words):
    given = {} if capability == "fsc" else {"inputVolume": workshop.volume}
    assert any(words in line.lower() for line in workshop.make(BY_CAPABILITY[capability], **given).validate())


# -------------------------- the validation report --------------------------

@pytest.mark.heavy
def test_the_validation_report_and_its_score_come_out(workshop):
    protocol = workshop.make(protocols.CryoqaProtValidate, inputVolume=workshop.volume, resolution=6.0, level1=False, levelA=False)
    assert protocol.validate() == []
    workshop.run(protocol)
    document = read_json(protocol._getExtraPath("validation.json"))
    assert document["levels"] == ["0"] and document["reported"] == 6.0
    assert protocol.outputMask.getSamplingRate() == pytest.approx(1.5)
    assert os.path.isfile(protocol._getExtraPath("report.html")) and os.path.isfile(protocol._getExtraPath("guinier", "result.json"))
    said = protocol.summary()
    assert document["summary"] in said[0] and any(line.startswith("Items passed: ") for line in said)
    assert protocol.citations() and "validated by cryoqa" in protocol.methods()[0]


def test_a_validation_says_what_is_missing_before_the_run(workshop):
    protocol = workshop.make(protocols.CryoqaProtValidate, halves=NONE)
    assert any("nothing to validate" in line for line in protocol.validate())
    none = workshop.make(protocols.CryoqaProtValidate, inputVolume=workshop.volume, level0=False, level1=False, levelA=False)
    assert any("No level is chosen" in line for line in none.validate())
