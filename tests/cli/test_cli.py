"""The command line as a user meets it: exit codes, one sentence for bad input, files where they are said to be."""
from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from cryoqa_plugin import cli, runner
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.registry import CAPABILITIES


def _run(capsys, *argv):
    code = cli.main(list(argv))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def _changed(tmp_path, path, change, voxel=None):
    map_ = read_map(path)
    out = str(tmp_path / os.path.basename(path))
    write_map(out, Map(change(map_.data).astype(np.float32), (voxel,) * 3 if voxel else map_.voxel_size, map_.origin))
    return out


def test_mtriage_writes_what_it_prints(cli_files, tmp_path, capsys):
    out = str(tmp_path / "a folder, here")
    code, text, _ = _run(capsys, "mtriage", "--half1", cli_files["half1"], "--half2", cli_files["half2"], "-o", out, "--no-report", "-q")
    assert code == 0
    with open(os.path.join(out, "result.json"), encoding="utf-8") as stream:
        document = json.load(stream)
    assert text.startswith(document["summary"])
    assert document["inputs"]["half1"]["shape"] == [32, 32, 32]
    assert document["inputs"]["half1"]["origin"] == pytest.approx([3.0, 4.5, 6.0])
    assert document["provenance"]["command"][:2] == ["cryoqa", "mtriage"]
    assert not os.path.exists(os.path.join(out, "report.html"))


def test_json_is_one_document_on_standard_output(cli_files, tmp_path, capsys):
    code, text, _ = _run(capsys, "fsc", "--half1", cli_files["half1"], "--half2", cli_files["half2"], "--mask", cli_files["mask"],
                         "-o", str(tmp_path / "out"), "--no-report", "--json")
    assert code == 0
    document = json.loads(text)
    assert document["capability"] == "fsc" and document["schema"] == "cryoqa/fsc/1"


def test_voxel_size_overrules_the_headers(cli_files, tmp_path, capsys):
    halves = ["--half1", cli_files["half1"], "--half2", cli_files["half2"]]
    found = []
    for i, extra in enumerate(([], ["--voxel-size", "3.0"])):
        code, text, _ = _run(capsys, "fsc", *halves, *extra, "-o", str(tmp_path / str(i)), "--no-report", "--json")
        assert code == 0
        metrics = json.loads(text)["metrics"]
        found.append(next(m["value"] for n, m in metrics.items() if n.startswith("resolution") and "unmasked" in n and m["value"]))
    assert found[1] == pytest.approx(2 * found[0], rel=1e-5)


def test_assess_runs_everything_and_writes_one_report(cli_files, tmp_path, capsys):
    out = str(tmp_path / "out")
    code, text, _ = _run(capsys, "assess", "--half1", cli_files["half1"], "--half2", cli_files["half2"], "--model", cli_files["model"],
                         "-o", out, "-q")
    assert code == 0, text
    for row in runner.applicable(dict(cli_files, full_map="x")):
        if row.id != "mask":
            assert os.path.isfile(os.path.join(out, row.id, "result.json"))
    mask = read_map(os.path.join(out, "mask", "mask.mrc"))
    assert 0 <= mask.data.min() and 0.99 < mask.data.max() <= 1
    for name in ("report.html", "report.pdf", "report.json"):
        assert os.path.getsize(os.path.join(out, name)) > 1000
    code, text, _ = _run(capsys, "report", out)
    assert code == 0 and "report.html" in text


@pytest.mark.heavy
def test_a_failing_capability_is_said_and_the_rest_goes_on(cli_files, tmp_path, capsys, monkeypatch):
    def broken(inputs, params, *, progress=None):
        raise ZeroDivisionError("made up")

    from cryoqa_plugin.methods.resolution import mtriage
    monkeypatch.setattr(mtriage, "compute_mtriage", broken)
    out = str(tmp_path / "out")
    code, text, _ = _run(capsys, "assess", "--half1", cli_files["half1"], "--half2", cli_files["half2"], "-o", out, "-q", "--no-report")
    assert code == 1
    assert "ZeroDivisionError: made up" in text
    assert os.path.isfile(os.path.join(out, "fsc", "result.json"))
    with open(os.path.join(out, "mtriage", "error.json"), encoding="utf-8") as stream:
        assert json.load(stream)["capability"] == "mtriage"
    monkeypatch.undo()
    code, _, _ = _run(capsys, "assess", "--half1", cli_files["half1"], "--half2", cli_files["half2"], "-o", out, "-q", "--no-report")
    assert code == 0 and not os.path.exists(os.path.join(out, "mtriage", "error.json"))


BAD = {
    "box": (lambda d: d[:30], None, ("32 x 32 x 32", "32 x 32 x 30")),
    "voxel size": (lambda d: d, 1.7, ("1.5", "1.7", "Å")),
    "NaN": (lambda d: np.where(np.arange(32) == 3, np.nan, d), None, ("NaN", "1024", "32768")),
    "constant": (lambda d: d * 0 + 2, None, ("same value", "2")),
}


@pytest.mark.parametrize("case", sorted(BAD))
@pytest.mark.parametrize("capability", ["fsc", "mtriage"])
def test_bad_half_maps_end_with_one_sentence_and_exit_2(case, capability, cli_files, tmp_path, capsys):
    change, voxel, words = BAD[case]
    half2 = _changed(tmp_path, cli_files["half2"], change, voxel)
    out = str(tmp_path / "out")
    code, text, err = _run(capsys, capability, "--half1", cli_files["half1"], "--half2", half2, "-o", out, "-q")
    assert code == 2 and text == ""
    assert err.startswith("cryoqa: ") and err.count("\n") == 1
    for word in words:
        assert word in err
    assert half2 in err
    assert not os.path.exists(os.path.join(out, "result.json"))


def test_empty_mask_truncated_and_missing_files(cli_files, tmp_path, capsys):
    halves = ["--half1", cli_files["half1"], "--half2", cli_files["half2"]]
    empty = _changed(tmp_path, cli_files["mask"], lambda d: d * 0)
    assert "empty" in _run(capsys, "fsc", *halves, "--mask", empty, "-o", str(tmp_path / "o"), "-q")[2]
    cut = tmp_path / "cut.mrc"
    with open(cli_files["half2"], "rb") as stream:
        cut.write_bytes(stream.read()[:50000])
    code, _, err = _run(capsys, "fsc", *halves[:2], "--half2", str(cut), "-o", str(tmp_path / "o"), "-q")
    assert code == 2 and str(cut) in err and "50000" in err.replace(",", "").replace(" ", "")
    code, _, err = _run(capsys, "fsc", *halves[:2], "--half2", "nowhere.mrc", "-q")
    assert code == 2 and "nowhere.mrc" in err
    code, _, err = _run(capsys, "fsc", *halves[:2], "-q")
    assert code == 2 and "Half-map 2" in err


def test_an_output_is_never_written_over_an_input(cli_files, tmp_path, capsys):
    mask = tmp_path / "mask.mrc"
    with open(cli_files["mask"], "rb") as stream:
        before = stream.read()
    mask.write_bytes(before)
    code, _, err = _run(capsys, "mask", "--mask", str(mask), "-o", str(tmp_path), "-q", "--no-report")
    assert code == 2 and "written over" in err
    assert mask.read_bytes() == before


def test_usage_errors(capsys, cli_files, tmp_path):
    assert _run(capsys)[0] == 2
    with pytest.raises(SystemExit) as stop:
        cli.main(["fsc", "--no-such-option"])
    assert stop.value.code == 2
    code, _, err = _run(capsys, "assess", "-q")
    assert code == 2 and "--half1" in err
    code, _, err = _run(capsys, "info", "nothing")
    assert code == 2 and "nothing" in err and "mtriage" in err
    code, _, err = _run(capsys, "report", str(tmp_path / "no folder"))
    assert code == 2 and "no folder" in err
    code, _, err = _run(capsys, "fsc", "--half1", cli_files["half1"], "--half2", cli_files["half2"], "--voxel-size", "-1", "-q")
    assert code == 2 and "-1" in err


def test_limits_of_ones_own(cli_files, tmp_path, capsys):
    limits = tmp_path / "limits.toml"
    limits.write_text("[fsc]\nno_such_metric = 1\n")
    halves = ["--half1", cli_files["half1"], "--half2", cli_files["half2"], "-o", str(tmp_path / "o"), "-q", "--no-report"]
    code, _, err = _run(capsys, "fsc", *halves, "--limits", str(limits))
    assert code == 2 and "fsc.no_such_metric" in err
    limits.write_text("[fsc\n")
    code, _, err = _run(capsys, "fsc", *halves, "--limits", str(limits))
    assert code == 2 and str(limits) in err


def test_list_and_info_tell_every_capability(capsys):
    code, text, _ = _run(capsys, "list")
    assert code == 0
    for row in CAPABILITIES:
        assert row.title in text
    code, text, _ = _run(capsys, "info", "--schema")
    assert code == 0
    schemas = json.loads(text)
    assert list(schemas) == [row.id for row in CAPABILITIES]
    assert schemas["mtriage"]["properties"]["schema"] == {"const": "cryoqa/mtriage/1"}


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda r: r.id)
def test_help_of_every_command(row, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([row.id.replace("_", "-"), "--help"])
    assert stop.value.code == 0
    assert row.title in capsys.readouterr().out.replace("\n", " ").replace("  ", " ")


def test_the_readme_shows_the_table_of_the_registry(capsys):
    readme = os.path.join(os.path.dirname(__file__), "..", "..", "README.rst")
    if not os.path.isfile(readme):
        pytest.skip("README.rst stands in the checkout only")
    with open(readme, encoding="utf-8") as stream:
        text = stream.read()
    shown = text.split(".. capabilities begin")[1].split(".. capabilities end")[0].strip()
    assert _run(capsys, "list", "--rst")[1].strip() == shown


@pytest.mark.heavy
def test_as_a_program_of_its_own(cli_files, tmp_path):
    """A subprocess: the module runs as a program, nothing but numbers goes to standard output with --json."""
    root = os.path.join(os.path.dirname(__file__), "..", "..")
    command = [sys.executable, "-m", "cryoqa_plugin.cli", "map-info", "--map", cli_files["half1"], "-o", str(tmp_path / "o"), "--json"]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["metrics"]
    assert os.path.isfile(str(tmp_path / "o" / "report.html"))


def test_a_job_folder_gives_inputs_and_voxel_size(cli_files, tmp_path, capsys):
    """The postprocess.star says 1.6 Å where the headers say 1.5: the program is believed, and it is said."""
    folder = tmp_path / "Refine3D" / "job001"
    folder.mkdir(parents=True)
    for kind, name in (("half1", "run_half1_class001_unfil"), ("half2", "run_half2_class001_unfil")):
        with open(cli_files[kind], "rb") as stream:
            (folder / f"{name}.mrc").write_bytes(stream.read())
    out = tmp_path / "plain"
    assert _run(capsys, "mtriage", "--job", str(folder), "-o", str(out), "--no-report", "-q")[0] == 0
    with open(str(out / "result.json"), encoding="utf-8") as stream:
        assert json.load(stream)["inputs"]["half2"]["voxel_size"] == pytest.approx([1.5] * 3)
    (folder / "run_model.star").write_text("data_model_general\n_rlnOriginalImageSize 32\n_rlnPixelSize 1.6\n")
    out = tmp_path / "said"
    assert _run(capsys, "mtriage", "--job", str(folder), "-o", str(out), "--no-report", "-q")[0] == 0
    with open(str(out / "result.json"), encoding="utf-8") as stream:
        assert json.load(stream)["inputs"]["half2"]["voxel_size"] == pytest.approx([1.6] * 3)
    empty = tmp_path / "empty"
    empty.mkdir()
    code, _, err = _run(capsys, "mtriage", "--job", str(empty), "-q")
    assert code == 2 and str(empty) in err
