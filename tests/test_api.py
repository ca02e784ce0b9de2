"""cryoqa as Python users write it: inputs opened once, capabilities as methods, typed results that plot, save and load."""
from __future__ import annotations

import inspect
import json
import textwrap
from dataclasses import fields, replace

import numpy as np
import pytest

import cryoqa_plugin
from cryoqa_plugin.api import OpenStudy, method_name
from cryoqa_plugin.errors import CryoqaError, InputError, MissingInputError
from cryoqa_plugin.io.maps import read_map, write_map
from cryoqa_plugin.methods.resolution.fsc import FscResult
from cryoqa_plugin.registry import CAPABILITIES, resolve
from cryoqa_plugin.results import Column, declared
from sources import ROOT


@pytest.fixture(scope="module")
def study(tiny_halves):
    return cryoqa_plugin.open(**{n: tiny_halves["paths"][n] for n in ("half1", "half2", "mask")})


def test_the_ten_lines_of_the_docs(tiny_halves, tmp_path, monkeypatch):
    """The first example of docs/python.rst as it stands, on half-maps whose names and voxel size it names."""
    pytest.importorskip("matplotlib")
    page = (ROOT / "docs" / "python.rst").read_text(encoding="utf-8")
    caption = "   :caption: From two arrays to a plotted FSC and a local resolution\n\n"
    code = textwrap.dedent(page.split(caption)[1].split("\n``open``")[0])
    lines = [line for line in code.split("\n") if line.strip() and not line.startswith("import")]
    assert 7 <= len(lines) <= 10
    monkeypatch.chdir(tmp_path)
    for name in ("half1", "half2"):
        write_map(f"{name}.mrc", replace(tiny_halves[name], voxel_size=(1.2,) * 3))
    known = {}
    exec(compile(code, "docs/python.rst", "exec"), known)
    assert (tmp_path / "fsc.png").read_bytes()[:4] == b"\x89PNG" and (tmp_path / "fsc.png").stat().st_size > 5000
    resolution = known["resolution"]
    assert resolution.shape == (32, 32, 32) and resolution.dtype == np.float32
    assert np.median(resolution[resolution > 0]) == pytest.approx(known["local"].median, abs=0.01)
    assert (tmp_path / "local_resolution" / "resolution_map.mrc").is_file() and 2.4 < known["fsc"].resolution < 6


def test_run_takes_arrays_and_keeps_their_maps(tiny_halves, study, tmp_path):
    arrays = {n: tiny_halves[n].data for n in ("half1", "half2")}
    answer = cryoqa_plugin.run("fsc", voxel_size=1.5, mask=tiny_halves["mask"].data > 0.5, **arrays)
    assert answer["metrics"]["resolution"]["value"] == answer.resolution == answer.result.resolution
    assert answer.sharpened.data.shape == (32, 32, 32) and answer.maps["sharpened"] is answer.sharpened
    assert answer["maps"]["sharpened"]["path"] is None and answer.folder is None
    assert len(answer.plot().axes) >= 2
    out = tmp_path / "out"
    paths = {n: tiny_halves["paths"][n] for n in ("half1", "half2", "mask")}
    written = cryoqa_plugin.run("fsc", str(out), **paths)
    assert written.resolution == study.fsc().resolution
    path = written["maps"]["sharpened"]["path"]
    np.testing.assert_array_equal(read_map(path).data, written.sharpened.data)
    assert path == str(out / "sharpened.mrc")
    assert json.loads((out / "result.json").read_text(encoding="utf-8"))["maps"]["sharpened"]["path"] == "sharpened.mrc"
    assert json.loads(json.dumps(answer))["capability"] == "fsc"
    mixed = cryoqa_plugin.run("fsc", half1=paths["half1"], half2=tiny_halves["half2"], mask=paths["mask"])
    assert mixed.resolution == written.resolution and mixed["inputs"]["half1"]["path"] == paths["half1"]


def test_an_answer_shows_completes_and_suggests(study, tiny_halves):
    answer = cryoqa_plugin.run("fsc", **{n: tiny_halves["paths"][n] for n in ("half1", "half2")})
    text = repr(answer)
    assert text.startswith(answer.summary) and f"resolution = {answer.resolution:.2f} Å" in text and "maps: sharpened" in text
    assert len(text) < 3000 and "array(" not in text and repr(answer) == repr(answer.result)
    assert {"resolution", "fsc_unmasked", "sharpened", "plot", "keys"} <= set(dir(answer))
    with pytest.raises(AttributeError, match="The answer of 'fsc' has no 'resoluton'. Did you mean 'resolution'"):
        answer.resoluton  # noqa: B018
    for row in CAPABILITIES:                                 # what a dict has would hide what a result holds
        assert not {f.name for f in fields(resolve(row.result))} & {*dir(dict), "result", "folder"}
    assert repr(tiny_halves["half1"]) == "Map(32 x 32 x 32 voxels of 1.5 x 1.5 x 1.5 Å, origin (3, 4.5, 6) Å, in memory)"
    study = cryoqa_plugin.open(half1=tiny_halves["half1"].data, half2=tiny_halves["half2"], voxel_size=1.5)
    assert repr(study).splitlines()[0] == "Study of" and "half1: Map(32 x 32 x 32 voxels" in repr(study) and len(repr(study)) < 300
    assert "arrays" not in dir(cryoqa_plugin) and {"open", "load", "run"} <= set(dir(cryoqa_plugin))


@pytest.mark.parametrize("given, words", [
    (dict(haf1="half1"), "'fsc' knows no 'haf1'. Did you mean 'half1'"), (dict(treshold=0.5), "Did you mean 'threshold'?"),
    (dict(half2=None), r"Half-map 2 \(half2\) is needed and was not given"),
    (dict(half2="no.mrc"), r"Half-map 2 \(half2\) 'no.mrc' does"),
    (dict(rules="relin"), r"Rules \(rules\) is 'relin'; it must be one of .* Did you mean 'relion'"),
    (dict(threshold="a"), r"Threshold \(threshold\) is 'a'; it must be a number"),
    (dict(model="half1"), "has no use for the input 'model'"),
    (dict(voxel_size="a"), "voxel size is 'a'; give one number"), (dict(voxel_size=-1), "must be from 0.02 to 200 Å"),
    (dict(threads=-1), r"Threads \(threads\) is -1; it must be from 1 to 1024, or 0"), (dict(threads="all"), "whole number"),
    (dict(threads=5000), "is 5000"), (dict(half1=7), "is of type int; give the path of a file, or an array")])
def test_what_run_cannot_do_is_named_by_keyword(tiny_halves, given, words):
    paths = {n: tiny_halves["paths"][n] for n in ("half1", "half2")}
    given = dict(paths, **{k: paths["half1"] if v == "half1" else v for k, v in given.items()})
    with pytest.raises((InputError, MissingInputError), match=words):
        cryoqa_plugin.run("fsc", **given)


def test_run_takes_the_rest_from_a_job_and_suggests_capabilities(tiny_halves, tmp_path):
    folder = tmp_path / "Refine3D" / "job001"
    folder.mkdir(parents=True)
    for kind in ("half1", "half2"):
        write_map(str(folder / f"run_{kind}_class001_unfil.mrc"), tiny_halves[kind])
    answer = cryoqa_plugin.run("fsc", job=str(folder), mask=tiny_halves["mask"])
    assert answer.resolution == cryoqa_plugin.run("fsc", **{n: tiny_halves[n] for n in ("half1", "half2", "mask")}).resolution
    assert cryoqa_plugin.run("import-job", job=str(folder))["capability"] == "import_job"
    with pytest.raises(InputError, match="There is no capability 'local-fcs'. Did you mean 'local_fsc'"):
        cryoqa_plugin.run("local-fcs")


def test_arrays_need_a_voxel_size_and_give_what_files_give(tiny_halves, study):
    arrays = {n: tiny_halves[n].data for n in ("half1", "half2", "mask")}
    with pytest.raises(InputError, match="Half-map 1 is an array, which knows no voxel size; give voxel_size"):
        cryoqa_plugin.open(**arrays)
    opened = cryoqa_plugin.open(voxel_size=1.5, **arrays)
    result = opened.fsc()
    assert result.resolution == study.fsc().resolution
    assert opened.local_fsc().resolution_map.data.shape == (32, 32, 32)
    entry = result.document["inputs"]["half1"]
    assert entry["path"] is None and len(entry["sha256"]) == 64 and entry["voxel_size"] == [1.5, 1.5, 1.5]
    with pytest.raises(InputError, match="shape .32, 32. and type float32; give real numbers"):
        cryoqa_plugin.open(full_map=arrays["half1"][0], voxel_size=1)


def test_what_cannot_be_opened_is_said():
    with pytest.raises(InputError, match="'halfmap' is no kind of input. Did you mean 'half1' or 'half2'"):
        cryoqa_plugin.open(halfmap="a.mrc")
    with pytest.raises(MissingInputError, match="Nothing was given"):
        cryoqa_plugin.open()
    with pytest.raises(InputError, match="nowhere.mrc"):
        cryoqa_plugin.open(half1="nowhere.mrc")


def test_every_capability_is_a_method_with_its_parameters(study):
    for row in CAPABILITIES:
        name = method_name(row)
        method = getattr(study, name)
        assert name in dir(study) and method.__name__ == name and method.__doc__.startswith(row.title)
    assert study.mask.data.shape == (32, 32, 32) and study.make_mask(method="given").method == "given"
    with pytest.raises(AttributeError, match="has no 'fcs'. Did you mean 'fsc'"):
        study.fcs  # noqa: B018
    with pytest.raises(InputError, match="There is no parameter 'windw'"):
        study.local_fsc(windw=3)
    with pytest.raises(MissingInputError, match=r"Atomic model \(model\) is needed"):
        study.model_fit()


def test_results_are_typed_and_found_by_role(study):
    result = study.fsc()
    assert isinstance(result, FscResult)
    assert result.curves["fsc_true"] is result.fsc_true and result.metrics["resolution"] == result.resolution
    assert list(result.tables) == ["resolutions"] and "sharpened" in result.maps
    assert result.document["parameters"]["threshold"] == 0.143 and result.document["checks"]
    for name in ("metrics", "curves", "tables", "maps", "table", "plot", "save", "document"):
        for row in CAPABILITIES:
            assert name not in {n for role in ("metric", "curve", "table", "map") for n in declared(resolve(row.result), role)}


def test_tables_are_frames_where_pandas_is_there(study):
    pandas = pytest.importorskip("pandas")
    frame = study.fsc().table("resolutions")
    assert isinstance(frame, pandas.DataFrame) and len(frame) == len(study.fsc().resolutions.rows)


def test_what_is_saved_is_loaded_again(study, tmp_path):
    result = study.fsc()
    path = result.save(str(tmp_path / "out"))
    assert path.endswith("result.json")
    again = cryoqa_plugin.load(str(tmp_path / "out"))
    assert isinstance(again, FscResult) and again.summary == result.summary and again.warnings == result.warnings
    assert again.metrics == result.metrics
    np.testing.assert_allclose(again.fsc_true.y, result.fsc_true.y, rtol=1e-6)
    np.testing.assert_array_equal(again.sharpened.data, result.sharpened.data)
    assert again.sharpened.voxel_size == pytest.approx(result.sharpened.voxel_size)
    with pytest.raises(InputError, match="There is no result.json"):
        cryoqa_plugin.load(str(tmp_path))


def test_a_notebook_shows_sentence_picture_and_values(study):
    pytest.importorskip("matplotlib")
    text = study.fsc()._repr_html_()
    assert study.fsc().summary.split(" at ")[0] in text and "data:image/png;base64," in text and "<table>" in text
    with pytest.raises(CryoqaError, match="nothing of that name to draw"):
        study.fsc().plot(names=["nothing"])


@pytest.mark.heavy
def test_a_small_budget_gives_the_same_bits(tiny_halves, study):
    poor = cryoqa_plugin.open(budget=0, **{n: tiny_halves["paths"][n] for n in ("half1", "half2", "mask")})
    for ask in ("fsc", "local_fsc", "monores"):
        one, two = getattr(study, ask)(), getattr(poor, ask)()
        assert one.metrics == two.metrics
        for name, map_ in one.maps.items():
            np.testing.assert_array_equal(map_.data, two.maps[name].data)


def test_open_and_load_are_told_by_the_stub():
    stub = open(inspect.getfile(cryoqa_plugin).replace("__init__.py", "api.pyi"), encoding="utf-8").read()
    from cryoqa_plugin.stubs import stub_text
    assert stub == stub_text(), "write it again: python -m cryoqa_plugin.stubs"
    assert all(f"def {method_name(row)}(" in stub for row in CAPABILITIES)


@pytest.mark.parametrize("text, name, unit", [("volume (Å³)", "volume", "Å³"), ("voxel size [Å]", "voxel size", "Å"),
                                              ("Resolution Å", "Resolution", "Å"), ("last shell", "last shell", ""), ("5 %", "5 %", "")])
def test_columns_read_their_unit_from_their_words(text, name, unit):
    column = Column.of(text)
    assert (column.name, column.unit) == (name, unit) and str(column) == (f"{name} ({unit})" if unit else name)


def test_the_class_is_a_study():
    assert issubclass(OpenStudy, cryoqa_plugin.api.Study)
