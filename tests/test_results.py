"""Results: documents with real numbers, null for what is not finite, schemas, files complete or absent."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Optional

import numpy as np
import pytest

from cryoqa_plugin import results
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.results import (Column, Curve, Result, Table, curve, file_output, map_output, maps_output, metric, model_output,
                                   table)


@dataclass(frozen=True)
class Answer(Result):
    schema: ClassVar[str] = "cryoqa/answer/1"
    resolution: Optional[float] = metric("Å", "Where the curve falls below 0.143.", "lower")
    state: Optional[str] = metric("", "What the curve does.", "none")
    fsc: Optional[Curve] = curve("Correlation of the half-maps.", x_label="Frequency", x_unit="1/Å", y_label="FSC")
    shells: Optional[Table] = table("One row a shell.")
    mask: Any = map_output("", "The mask that was made.")


def _answer(**changes):
    values = dict(summary="The halves agree to 3.1 Å.", resolution=np.float64(3.1), state="crosses",
                  fsc=Curve(np.array([0.0, 0.1]), np.array([1.0, np.nan]), lower=np.array([1.0, 0.25])),
                  shells=Table(("shell", "name"), ((1, "a"), (np.int64(2), None))))
    return Answer(**dict(values, **changes))


def test_document_holds_values_units_and_directions():
    document = results.to_document(_answer())
    assert document["schema"] == "cryoqa/answer/1" and document["summary"].startswith("The halves")
    assert document["metrics"]["resolution"] == dict(value=3.1, unit="Å", meaning="Where the curve falls below 0.143.", better="lower")
    assert isinstance(document["metrics"]["resolution"]["value"], float)
    assert document["tables"]["shells"]["rows"] == [[1, "a"], [2, None]]
    assert document["curves"]["fsc"]["y"] == [1.0, None]
    assert document["curves"]["fsc"]["lower"] == [1.0, 0.25] and "upper" not in document["curves"]["fsc"]
    assert document["curves"]["fsc"]["x_unit"] == "1/Å"
    assert document["warnings"] == []
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan")])
def test_what_is_not_finite_becomes_null_and_a_warning(value):
    document = results.to_document(_answer(resolution=value, warnings=("The mask is small.",)))
    assert document["metrics"]["resolution"]["value"] is None
    assert document["warnings"] == ["The mask is small.", "resolution is not finite and is given as null."]


def test_what_was_not_made_is_left_out():
    document = results.to_document(Answer(summary="Nothing."))
    assert document["curves"] == {} and document["tables"] == {}
    assert set(document["metrics"]) == {"resolution", "state"}


def test_numbers_keep_seven_digits_in_curves_and_all_in_metrics():
    third = 1 / 3
    document = results.to_document(_answer(resolution=third, fsc=Curve(np.array([third]), np.array([third]))))
    assert document["metrics"]["resolution"]["value"] == third
    assert document["curves"]["fsc"]["x"] == [0.3333333]


def test_declared_by_role():
    assert list(results.declared(Answer, "metric")) == ["resolution", "state"]
    assert list(results.declared(Answer, "map")) == ["mask"]
    assert results.declared(Answer, "curve")["fsc"]["y_label"] == "FSC"
    with pytest.raises(ValueError):
        metric("", "x", "bigger")
    assert metric("", "x", "target:1") is not None


def test_results_cannot_be_changed():
    with pytest.raises(AttributeError):
        _answer().resolution = 2.0


def test_schema_asks_for_every_metric():
    schema = results.json_schema(Answer)
    assert schema["properties"]["metrics"]["required"] == ["resolution", "state"]
    assert schema["properties"]["schema"] == {"const": "cryoqa/answer/1"}
    assert set(schema["properties"]["maps"]["properties"]) == {"mask"}
    assert schema["properties"]["maps"]["additionalProperties"] is False


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = str(tmp_path / "result.json")
    results.write_json(dict(name="5 Å", value=1.5), path)
    assert results.read_json(path) == dict(name="5 Å", value=1.5)
    with open(path, encoding="utf-8") as stream:
        assert "Å" in stream.read()
    with pytest.raises(ValueError):
        results.write_json(dict(value=float("nan")), path)
    assert results.read_json(path)["value"] == 1.5
    assert os.listdir(tmp_path) == ["result.json"]
    umask = os.umask(0)
    os.umask(umask)
    assert os.stat(path).st_mode & 0o777 == 0o666 & ~umask


# --- what goes beside the result ------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Everything(Result):
    schema: ClassVar[str] = "cryoqa/everything/1"
    resolution: Optional[float] = metric("Å", "Where the curve falls below 0.143.", "lower")
    density: Any = map_output("", "A map that was made.")
    focused: Any = maps_output("", "Maps of the bodies.")
    moved: Any = model_output("The model where it fits.")
    operators: Any = file_output("The operators as text.", "operators.txt")
    shells: Optional[Table] = table("One row a shell.")


@pytest.fixture
def everything(tiny_halves, tmp_path):
    path = tmp_path / "one.pdb"
    path.write_text("ATOM      1  C   GLY A   1       1.000   2.000   3.000  1.00 30.00           C\nEND\n")
    rows = tuple((i, "=1+1" if i == 3 else "a", None) for i in range(60))
    return Everything(summary="All.", resolution=3.0, density=tiny_halves["full_map"], focused=(tiny_halves["half1"], tiny_halves["half2"]),
                      moved=read_model(str(path)), operators="x, y, z\n",
                      shells=Table(("shell", Column("frequency", "1/Å", "its middle"), "Å"), rows))


def test_every_role_is_written_and_named(everything, tmp_path):
    folder = tmp_path / "out"
    saved = results.read_json(everything.save(str(folder)))
    assert sorted(p.name for p in folder.iterdir()) == [".cryoqa.json", "density.mrc", "focused_1.mrc", "focused_2.mrc", "moved.cif",
                                                        "operators.txt", "result.json", "shells.csv"]
    assert saved["maps"]["density"]["path"] == "density.mrc" and saved["lists"]["focused"]["paths"] == ["focused_1.mrc", "focused_2.mrc"]
    assert saved["models"]["moved"] == dict(path="moved.cif", meaning="The model where it fits.")
    assert saved["files"]["operators"]["path"] == "operators.txt" and (folder / "operators.txt").read_text() == "x, y, z\n"
    np.testing.assert_allclose(read_model(str(folder / "moved.cif")).xyz, [[1, 2, 3]])
    entry = saved["tables"]["shells"]
    assert entry["units"] == ["", "1/Å", ""] and entry["meanings"][1] == "its middle" and entry["csv"] == "shells.csv"
    lines = (folder / "shells.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "shell,frequency (1/Å),Å" and len(lines) == 61 and lines[4] == "3,'=1+1,"


def test_short_tables_are_no_files_and_inputs_are_not_written_over(everything, tmp_path):
    short = replace(everything, shells=Table(("shell",), ((1,),)))
    short.save(str(tmp_path / "short"))
    assert not (tmp_path / "short" / "shells.csv").exists()
    folder = tmp_path / "over"
    folder.mkdir()
    (folder / "moved.cif").write_text("mine")
    with pytest.raises(InputError, match="would be written over a file that is not of cryoqa"):
        everything.save(str(folder))
    assert (folder / "moved.cif").read_text() == "mine" and os.listdir(str(folder)) == ["moved.cif"]
