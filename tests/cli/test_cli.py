"""The command line as a user meets it: exit codes, one sentence for bad input, files where they are said to be."""
from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from cryoqa_plugin import cli, runner
from cryoqa_plugin.cli import declarations
from cryoqa_plugin.cli.commands import all_commands
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.params import specs
from cryoqa_plugin.registry import CAPABILITIES, FAMILIES, resolve
from cryoqa_plugin.results import declared
from sources import ROOT


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
                         "--resolution", "9", "-o", out, "-q")
    assert code == 0, text
    with open(os.path.join(out, "fsc", "result.json"), encoding="utf-8") as stream:
        assert json.load(stream)["metrics"]["reported"]["value"] == 9
    for row in runner.applicable(dict(cli_files, full_map="x")):
        if row.id != "mask":
            assert os.path.isfile(os.path.join(out, row.id, "result.json"))
    mask = read_map(os.path.join(out, "mask", "mask.mrc"))
    assert 0 <= mask.data.min() and 0.99 < mask.data.max() <= 1
    for name in ("report.html", "report.pdf", "report.json"):
        assert os.path.getsize(os.path.join(out, name)) > 1000
    with open(os.path.join(out, "report.json"), encoding="utf-8") as stream:
        assert json.load(stream)["verdict"] in text.splitlines(), "the sentence at the head of the report"
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
    code, _, err = _run(capsys, "info", "nothing")
    assert code == 2 and "nothing" in err and "mtriage" in err
    code, _, err = _run(capsys, "report", str(tmp_path / "no folder"))
    assert code == 2 and "no folder" in err
    code, _, err = _run(capsys, "fsc", "--half1", cli_files["half1"], "--half2", cli_files["half2"], "--voxel-size", "-1", "-q")
    assert code == 2 and "-1" in err and "--voxel-size" in err


REFUSED = {
    "fcs": "there is no command 'fcs'. Did you mean 'fsc'?", "anisotropy": "Did you look for 'directional-fsc'?",
    "FULL": "there is no command 'FULL'", "fsc --hlaf1 x": "there is no option --hlaf1. Did you mean '--half1' or '--half2'?",
    "fsc --treshold=0.5": "Did you mean '--threshold'?",
    "fsc a.mrc b.mrc": "'a.mrc' does not follow an option; say what it is, as in --half1",
    "completion bash zsh": "'zsh' is one word too many", "batch": "LIST is missing", "fsc --half1": "--half1: a value is missing after it",
    "fsc --half x": "--half could match --half1, --half2",
    "fsc --voxel-size a": "--voxel-size: 'a' is not a number", "-q fsc": "a command stands before its options",
    "fsc --threads a": "Threads (--threads) is 'a'; it must be a whole number",
    "fsc --threads -1": "Threads (--threads) is -1; it must be from 1",
    "fsc --threads 5000": "is 5000; it must be from 1 to 1024", "fsc --threads 1.5": "whole number", "batch list.csv --threads x": "is 'x'",
    "validate --levels b": "there is no level 'B'; the levels are 0, 1 and A",
    "fsc --fail-on never": "'never' is not one of 'warn', 'fail'",
    "fsc -q -v": "not allowed with", "completion tcsh": "'tcsh' is not one of 'bash', 'zsh', 'fish'"}


@pytest.mark.parametrize("line", sorted(REFUSED))
def test_what_is_mistyped_is_named_with_what_was_meant(line, capsys):
    code, out, err = _run(capsys, *line.split())
    assert code == 2 and out == "" and err.startswith("cryoqa: ") and err.count("\n") == 1 and len(err) < 300
    assert REFUSED[line] in err and ".." not in err.replace("...", "")


NEEDED = {
    "assess": "There is no map to judge; give half-map 1 (--half1) and half-map 2 (--half2), or map (--map), or a job folder (--job).",
    "assess --half1 {half1}": "Half-map 2 (--half2) is needed beside half-map 1 (--half1)",
    "assess --model {model}": "There is no map to judge", "validate --half2 {half2}": "Half-map 1 (--half1) is needed beside half-map 2",
    "assess --half1 {half1} --half2 no.mrc": "Half-map 2 (--half2) 'no.mrc' does not exist", "fsc": "Half-map 1 (--half1) is needed",
    "mtriage": "'mtriage' needs map (--map), or half-map 1 (--half1) and half-map 2 (--half2)",
    "model-fit --model {model}": "'model-fit' needs map (--map), or half-map 1",
    "mtriage --half1 {half1}": "Half-map 2 (--half2) is needed", "model-fit --map {half1}": "Atomic model (--model) is needed",
    "fsc --half1 {half1} --half2 {half2} --threshold 3": "Threshold (--threshold) is 3; it must be at most 0.99",
    "fsc --half1 {half1} --half2 {half2} --rules relin": "Did you mean 'relion'?",
    "fsc --half1 {half1} --half2 {half2} --reported nan": "(--reported) is nan; it must be a finite number",
    "fsc --half1 {half1} --half2 {half2} --voxel-size nan": "The voxel size (--voxel-size) is nan; it must be from 0.02 to 200 Å",
    "fsc --half1 {half1} --half2 {half2} --voxel-size 500": "The voxel size (--voxel-size) is 500.0 Å; it must be from 0.02 to 200 Å",
    "assess --half1 {half1} --half2 {half2} --voxel-size=-inf": "The voxel size (--voxel-size) is -inf; it must be from 0.02 to 200 Å",
    "assess --half1 {half1} --half2 {half2} --resolution nan": "The reported resolution (--resolution) is nan; it must be from 0.5 to",
    "validate --half1 {half1} --half2 {half2} --resolution -5": "The reported resolution (--resolution) is -5.0 Å; it must be from",
    "validate --half1 {half1} --half2 {half2} --resolution inf": "The reported resolution (--resolution) is inf; it must be from",
    "validate --half1 {half1} --half2 {half2} --contour nan": "The contour level (--contour) is nan; it must be a finite number",
    "model-fit --map {half1} --model {model} --contour inf": "(--contour) is inf; it must be a finite number",
    "map-info --map {half1} --threshold=-inf": "(--threshold) is -inf; it must be a finite number",
    "fsc --half1 {half1} --half2 {half2} --limits {half1}": "The limits file '",
    "fsc --half1 {half1} --half2 {half2} --limits no.toml": "The limits file 'no.toml' does not exist; check the path."}


@pytest.mark.parametrize("line", sorted(NEEDED))
def test_what_is_needed_is_named_by_its_option(line, cli_files, tmp_path, capsys):
    code, _, err = _run(capsys, *[word.format(**cli_files) for word in line.split()], "-q", "-o", str(tmp_path / "out"))
    assert code == 2 and NEEDED[line] in err and err.count("\n") == 1
    assert not (tmp_path / "out").exists(), "nothing is begun"


def test_a_grid_that_differs_comes_with_a_way_out(cli_files, tmp_path, capsys):
    mask = _changed(tmp_path, cli_files["mask"], lambda d: d[:, :30, :30][:30])
    code, _, err = _run(capsys, "fsc", "--half1", cli_files["half1"], "--half2", cli_files["half2"], "--mask", mask, "-q")
    assert code == 2 and "32 x 32 x 32" in err and "30 x 30 x 30" in err
    assert "volume resample #2 onGrid #1; save mask_on_grid.mrc" in err and "relion_image_handler" in err and "--new_box 32'" in err


def test_levels_may_be_small_letters(cli_files, tmp_path, capsys):
    out = tmp_path / "out"
    code, text, _ = _run(capsys, "validate", "--half1", cli_files["half1"], "--half2", cli_files["half2"], "--model", cli_files["model"],
                         "--levels", "a", "-o", str(out), "--no-report", "-q")
    assert code in (0, 1) and json.loads((out / "validation.json").read_text(encoding="utf-8"))["levels"] == ["A"]
    assert cli.parse(["validate", "--levels", "0, a"]).levels == "0,A"


def test_fail_on_is_an_exit_code_for_pipelines(cli_files, tmp_path, capsys):
    """Copies fail a check: 0 without --fail-on, 3 with it; half-maps that only warn pass --fail-on fail."""
    half1, half2 = cli_files["half1"], cli_files["half2"]
    how = ["-o", str(tmp_path / "o"), "--no-report", "-q"]
    assert _run(capsys, "fsc", "--half1", half1, "--half2", half1, *how)[0] == 0
    for level in ("fail", "warn"):
        code, _, err = _run(capsys, "fsc", "--half1", half1, "--half2", half1, *how, "--fail-on", level)
        assert code == 3 and err.startswith(f"cryoqa: exit code 3, as asked by --fail-on {level}: The half-maps are copies of each other.")
    code, text, err = _run(capsys, "fsc", "--half1", half1, "--half2", half2, *how, "--fail-on", "fail", "--overwrite")
    statuses = {c["status"] for c in json.loads((tmp_path / "o" / "result.json").read_text(encoding="utf-8"))["checks"]}
    assert "fail" not in statuses and code == 0
    code, _, err = _run(capsys, "fsc", "--half1", half1, "--half2", half2, *how, "--fail-on", "warn")
    assert code == (3 if "warn" in statuses else 0)


@pytest.mark.heavy
@pytest.mark.parametrize("command", ["assess", "validate"])
def test_fail_on_holds_for_what_runs_many(command, cli_files, tmp_path, capsys):
    half1, how = cli_files["half1"], ["-o", str(tmp_path / "o"), "--no-report", "-q", "--fail-on", "fail"]
    code, _, err = _run(capsys, command, "--half1", half1, "--half2", half1, *how)
    assert code == 3 and "half-maps are copies of each other" in err


def test_exit_codes_of_checks():
    from cryoqa_plugin.cli.output import exit_code_of_checks
    outcomes = [dict(status=s, sentence=s) for s in ("ok", "skipped", "warn")]
    assert [exit_code_of_checks(level, outcomes) for level in (None, "warn", "fail")] == [0, 3, 0]
    assert [exit_code_of_checks(level, outcomes + [dict(status="fail", sentence="x")]) for level in (None, "warn", "fail")] == [0, 3, 3]
    assert exit_code_of_checks("warn", outcomes[:2]) == 0


def test_a_pipe_gets_one_line_a_capability_and_verbose_every_step(capsys):
    from cryoqa_plugin.cli.output import ProgressBar
    steps = [(0.0, "A: FSC: one"), (0.2, "A: FSC: two"), (0.5, "B: three"), (1.0, "B: done")]
    for verbose, titles in ((False, ["A", "B"]), (True, [m for _, m in steps])):
        with ProgressBar(verbose=verbose) as bar:
            for fraction, message in steps:
                bar(fraction, message)
        assert [line.split("s  ")[1] for line in capsys.readouterr().err.splitlines()] == titles
    with ProgressBar(title="Local resolution") as bar:
        bar(0.3, "half-maps")
        bar(0.6, "bands")
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith(" 30 %") and line.endswith("  Local resolution")
    with ProgressBar(shown=False) as bar:
        bar(0.3, "nothing")
        bar.say("nothing")
    assert capsys.readouterr().err == ""


def test_verbose_tells_the_checks_that_are_met(cli_files, tmp_path, capsys):
    halves = ["--half1", cli_files["half1"], "--half2", cli_files["half2"], "-o", str(tmp_path / "o"), "--no-report"]
    _, plain, steps = _run(capsys, "fsc", *halves)
    _, text, more = _run(capsys, "fsc", *halves, "--verbose")
    assert "OK: " not in plain and text.count("OK: ") >= 3
    assert len(steps.splitlines()) < len(more.splitlines()) and "FSC curves" in more and "FSC curves" not in steps


def test_compiling_is_said_once_and_only_when_it_happens(capsys):
    import numba
    from cryoqa_plugin.cli.run import COMPILED, shown_progress
    from cryoqa_plugin.core.jit import told_of_compiling
    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled under NUMBA_DISABLE_JIT")
    args = cli.parse(["demo"])
    with shown_progress(args):
        pass
    assert capsys.readouterr().err == ""
    for number in (1, 2):                                    # the second part of one run does not say it again
        with shown_progress(args):
            assert numba.njit(lambda a: a + 1)(number) == 1 + number and numba.njit(lambda a: a + 2)(1) == 3
    assert capsys.readouterr().err == COMPILED + "\n"
    told = []
    with told_of_compiling(lambda: told.append(1)):
        kernel = numba.njit(lambda a: a + 3)
        kernel(1)
        kernel(2)
    numba.njit(lambda a: a + 4)(1)
    assert told == [1]


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


@pytest.mark.parametrize("command", all_commands(), ids=lambda c: c.name)
def test_help_of_every_command(command, capsys):
    code, text, _ = _run(capsys, command.name, "--help")
    text = " ".join(text.split())
    assert code == 0 and _run(capsys, "help", command.name)[1].split() == text.split()
    assert command.title in text and text.startswith(f"usage: cryoqa {command.name} ")
    assert callable(command.handler)


def test_the_help_has_one_line_a_command_in_groups(capsys):
    code, text, _ = _run(capsys, "--help")
    assert code == 0
    groups = [line for line in text.splitlines() if line and not line.startswith((" ", "cryoqa", "usage", "'", "question", "usage"))]
    assert groups == ["Start here", *dict.fromkeys(FAMILIES.values()), "Many maps", "About cryoqa"]
    for command in all_commands():
        line, = [line for line in text.splitlines() if line.startswith(f"  {command.name} ")]
        assert line.split(None, 1)[1] == command.title and len(line) <= 110
    for row in CAPABILITIES:
        assert row.family in FAMILIES, f"say in FAMILIES what {row.family} is for"
        assert cli.find_command(row.id).row is cli.find_command(row.id.upper().replace("_", "-")).row is row


def test_the_help_of_a_capability_is_read_without_importing_it():
    """Every declaration is understood from its source, and the numerical libraries stay out of memory."""
    for row in CAPABILITIES:
        assert declarations.specs(declarations._value(*row.params.split(":"))) == specs(resolve(row.params))
        assert declarations.writes_maps(row) == bool(declared(resolve(row.result), "map"))
    code = ("import sys, time; from cryoqa_plugin.cli import main\n"
            "main(['fsc', '--help'])\n"
            "print([m for m in ('numba', 'scipy', 'gemmi', 'jinja2', 'matplotlib') if m in sys.modules], time.process_time())")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, universal_newlines=True, check=True)
    loaded, seconds = done.stdout.splitlines()[-1].rsplit(" ", 1)
    assert "--threshold FLOAT" in done.stdout and loaded == "[]"
    assert float(seconds) < 1.0                              # 0.16 on a quiet machine


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
    command = [sys.executable, "-m", "cryoqa_plugin", "map-info", "--map", cli_files["half1"], "-o", str(tmp_path / "o"), "--json"]
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


def test_an_appendix_of_the_pdf_comes_when_it_is_asked_for(cli_files, tmp_path, capsys):
    pypdf = pytest.importorskip("pypdf")
    out, letters = str(tmp_path / "out"), []
    assert _run(capsys, "map-info", "--map", cli_files["half1"], "-o", out, "-q", "--no-report")[0] == 0
    for extra in ([], ["--appendix"]):
        assert _run(capsys, "report", out, *extra)[0] == 0
        letters.append(sum(len(page.extract_text()) for page in pypdf.PdfReader(os.path.join(out, "report.pdf")).pages))
    assert letters[1] > 1.1 * letters[0] > 0


def test_json_names_its_files_by_whole_paths(cli_files, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, text, _ = _run(capsys, "mask", "--map", cli_files["half1"], "-o", "out", "--json", "--no-report", "--mtz")
    entry = json.loads(text)["maps"]["mask"]
    assert code == 0 and entry["path"] == str(tmp_path / "out" / "mask.mrc") and os.path.isfile(entry["path"])
    assert os.path.isfile(entry["mtz"])
    saved = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["maps"]["mask"]
    assert saved["path"] == "mask.mrc" and saved["mtz"] == "mask.mtz"


@pytest.mark.heavy
def test_a_batch_tells_of_copies_by_its_exit_code(cli_files, tmp_path, capsys):
    table = tmp_path / "list.csv"
    table.write_text(f"name;half1;half2\nsame;{cli_files['half1']};{cli_files['half1']}\n".replace(";", "\t"))
    code, text, err = _run(capsys, "batch", str(table), "-o", str(tmp_path / "out"), "--levels", "1", "-q", "--fail-on", "fail")
    assert code == 3 and "--fail-on fail" in err and "1 of 1 maps are done" in text


def test_checks_are_printed_once_and_the_met_ones_when_verbose(capsys):
    from cryoqa_plugin.cli.output import print_checks
    said, found = set(), [dict(status=s, sentence=s) for s in ("ok", "warn", "warn", "fail", "skipped")]
    print_checks(found, indent="  ", said=said)
    print_checks(found, said=said)
    assert capsys.readouterr().out.splitlines() == ["  WARN: warn", "  FAIL: fail"]
    print_checks(found, verbose=True)
    assert capsys.readouterr().out.splitlines() == ["OK: ok", "WARN: warn", "FAIL: fail", "SKIPPED: skipped"]


def test_what_a_check_says_is_not_noted_again(cli_files, tmp_path, capsys):
    same = cli_files["half1"]
    code, text, _ = _run(capsys, "fsc", "--half1", same, "--half2", same, "-o", str(tmp_path), "-q", "--no-report")
    said = [line for line in text.splitlines() if "copies of each other" in line and line[:5] in ("FAIL:", "NOTE:")]
    assert code == 0 and len(said) == 1 and said[0].startswith("FAIL: "), said


def test_more_threads_than_cores_are_said_once(cli_files, tmp_path, capsys):
    from cryoqa_plugin.core.threads import available
    how = ["map-info", "--map", cli_files["half1"], "-o", str(tmp_path / "o"), "--no-report", "--threads"]
    code, _, err = _run(capsys, *how, str(available() + 1))
    assert code == 0 and err.count(f"NOTE: {available() + 1} threads share the {available()} core") == 1
    assert "threads share" not in _run(capsys, *how, str(available()))[2] and "threads" not in _run(capsys, *how, "1000", "-q")[2]


def test_verbose_tells_where_an_error_arose(cli_files, tmp_path, capsys, caplog):
    with caplog.at_level("INFO", "cryoqa_plugin"):
        assert _run(capsys, "report", str(tmp_path / "no"), "--strict")[0] == 2
        assert "Where it arose" not in caplog.text
        assert _run(capsys, "fsc", "--half1", cli_files["half1"], "--half2", "no.mrc", "-v")[0] == 2
    assert "Where it arose" in caplog.text and caplog.records[-1].exc_info
