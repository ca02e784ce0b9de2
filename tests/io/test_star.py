"""STAR files: quotes, comments, spaces, empty and damaged tables, and the real ones."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError, MissingInputError
from cryoqa_plugin.io.star import read_star, read_version

TEXT = """# RELION postprocess; version 5.0.15.1-subset
# --i a.mrc
# version 50001

data_general

_rlnFinalResolution      3.05
_rlnMaskName             "my masks/mask one.mrc"
_rlnNrBodies             2
_rlnEmpty

data_joboptions_values

loop_
_rlnJobOptionVariable #1
_rlnJobOptionValue #2
# a comment
fn_in  Refine3D/job019/run_half1_class001_unfil.mrc

fn_mask "a b.mrc"
gpu_ids ""
sampling  7.5 degrees
angpix -1
other_args

data_class_1
loop_
_rlnA #1
_rlnB #2
_rlnC #3
1 1 x
2 2.5 'y z'
data_class_10
loop_
_rlnA
data_class_1
loop_
_rlnA
7
"""


@pytest.fixture
def star(tmp_path):
    path = tmp_path / "a.star"
    path.write_text(TEXT)
    return str(path)


def test_tables_columns_and_values(star):
    tables = read_star(star)
    assert list(tables) == ["general", "joboptions_values", "class_1", "class_10"]
    general = tables["general"]
    assert not general.loop and general.number("rlnFinalResolution") == 3.05
    assert general.value("rlnMaskName") == "my masks/mask one.mrc" and general.value("rlnNrBodies") == 2
    assert general.value("rlnEmpty") == "" and general.value("absent", 5) == 5 and general.number("rlnEmpty") is None
    with pytest.raises(FormatError, match=f"Table 'general' of '{star}' has 'my masks/mask one.mrc' in row 1 of column _rlnMaskName"):
        general.number("rlnMaskName")
    options = dict(zip(*tables["joboptions_values"].columns.values()))
    assert options["fn_mask"] == "a b.mrc" and options["gpu_ids"] == "" and options["sampling"] == "7.5 degrees"
    assert options["other_args"] == "" and options["angpix"] == "-1"
    table = tables["class_1"]
    assert table.loop and len(table) == 2 and table.columns["rlnA"].dtype == np.int64
    np.testing.assert_array_equal(table.columns["rlnB"], [1.0, 2.5])
    assert list(table.columns["rlnC"]) == ["x", "y z"]
    assert len(tables["class_10"]) == 0 and list(tables["class_10"].columns) == ["rlnA"]


def test_only_named_tables_and_version(star, tmp_path):
    assert list(read_star(star, ["general"])) == ["general"]
    assert read_version(star) == "5.0.15.1-subset"
    other = tmp_path / "b.star"
    other.write_text("\n# version 30001\n\ndata_\n\n_rlnA 1\n")
    assert read_version(str(other)) == "3.1 or later" and read_star(str(other))[""].value("rlnA") == 1


def test_one_sentence_for_what_is_no_star_file(tmp_path):
    path = tmp_path / "x.star"
    path.write_text("data_a\nloop_\n_rlnA\n_rlnB\n_rlnC\n1 2\n")
    with pytest.raises(FormatError, match="3 labels but a row of 2 values"):
        read_star(str(path))
    path.write_text("hello\n")
    with pytest.raises(FormatError, match="no line that begins with 'data_'"):
        read_star(str(path))
    path.write_bytes(b"data_\0\0")
    with pytest.raises(FormatError, match="binary"):
        read_star(str(path))
    with pytest.raises(MissingInputError, match="does not exist"):
        read_star(str(tmp_path / "none.star"))


def test_why_emtable_does_not_read_these(tmp_path):
    """The reasons on the decisions page; when one falls, emtable may take over."""
    emtable = pytest.importorskip("emtable")
    path = tmp_path / "job.star"
    options = "data_joboptions_values\nloop_\n_rlnJobOptionVariable #1\n_rlnJobOptionValue #2\n"
    path.write_text(options + "nr_mpi 17\ndo_queue Yes\n")
    assert list(read_star(str(path))["joboptions_values"].columns["rlnJobOptionValue"]) == ["17", "Yes"]
    with pytest.raises(ValueError, match="invalid literal for int"):
        emtable.Table(fileName=str(path), tableName="joboptions_values")
    path.write_text(options + 'do_queue Yes\nsampling "1.8 degrees"\n\nfn_cont ""\n')
    assert list(read_star(str(path))["joboptions_values"].columns["rlnJobOptionValue"]) == ["Yes", "1.8 degrees", ""]
    assert [r.rlnJobOptionValue for r in emtable.Table(fileName=str(path), tableName="joboptions_values")] == ["Yes", '"1.8']
    path.write_text("data_model_class_10\nloop_\n_rlnA\n10\n\ndata_model_class_1\nloop_\n_rlnA\n1\n")
    assert read_star(str(path), ["model_class_1"])["model_class_1"].value("rlnA") == 1
    assert [r.rlnA for r in emtable.Table(fileName=str(path), tableName="model_class_1")] == [10]


@pytest.mark.realdata
def test_real_files(shared):
    top = shared / "data" / "relion"
    model = read_star(str(top / "emtools_refine3d" / "run_it016_half1_model.star"))
    assert model["model_general"].number("rlnPixelSize") == 1.244835
    assert len(model["model_class_1"]) == 129 and len(model["model_group_24"]) == 129
    assert read_version(str(top / "emtools_refine3d" / "run_it016_optimiser.star")).startswith("4.0-alpha")
    particles = read_star(str(top / "emtools_refine3d" / "run_it016_data.star"))["particles"]
    assert len(particles) == 4748 and set(particles.columns["rlnRandomSubset"]) == {1, 2}
    pipeline = read_star(str(top / "starfile" / "default_pipeline.star"))
    assert pipeline["pipeline_processes"].columns["rlnPipeLineProcessName"][0] == "Import/job001/"
    for path in top.glob("*/*.star"):
        assert read_star(str(path))
