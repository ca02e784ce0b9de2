"""cryoqa as Python users write it: inputs opened once, capabilities as methods, typed results that plot, save and load."""
from __future__ import annotations

import inspect

import numpy as np
import pytest

import cryoqa_plugin
from cryoqa_plugin.api import OpenStudy, method_name
from cryoqa_plugin.errors import CryoqaError, InputError, MissingInputError
from cryoqa_plugin.methods.resolution.fsc import FscResult
from cryoqa_plugin.registry import CAPABILITIES, resolve
from cryoqa_plugin.results import Column, declared


@pytest.fixture(scope="module")
def study(tiny_halves):
    return cryoqa_plugin.open(**{n: tiny_halves["paths"][n] for n in ("half1", "half2", "mask")})


def test_ten_lines_from_files_to_a_plotted_fsc_and_a_local_resolution(tiny_halves, tmp_path):
    half1, half2, mask = (tiny_halves["paths"][n] for n in ("half1", "half2", "mask"))
    pytest.importorskip("matplotlib")

    study = cryoqa_plugin.open(half1=half1, half2=half2, mask=mask)
    fsc = study.fsc()
    print(fsc.summary, fsc.resolution)
    fsc.plot().savefig(str(tmp_path / "fsc.png"))
    local = study.local_fsc(window=6.0)
    resolution = local.resolution_map.data
    print(local.table("percentiles"))

    assert 3 <= fsc.resolution < 6 and (tmp_path / "fsc.png").stat().st_size > 5000
    assert resolution.shape == (32, 32, 32) and resolution.dtype == np.float32
    assert np.median(resolution[resolution > 0]) == pytest.approx(local.median, abs=0.01)


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
    with pytest.raises(InputError, match="'halfmap' is no kind of input; the kinds are full_map, half1"):
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
    with pytest.raises(AttributeError, match="no attribute 'fcs'"):
        study.fcs  # noqa: B018
    with pytest.raises(InputError, match="There is no parameter 'windw'"):
        study.local_fsc(windw=3)
    with pytest.raises(MissingInputError, match="Atomic model is needed"):
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
