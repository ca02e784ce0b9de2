"""The one call behind the command line, Scipion and scripts."""
from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

import cryoqa_plugin
from cryoqa_plugin import machine, memory, runner
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.study import Study


def test_run_equals_execute_and_leaves_no_files(cli_files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    halves = {k: cli_files[k] for k in ("half1", "half2")}
    a = cryoqa_plugin.run("mtriage", **halves)
    b = runner.execute("mtriage", halves, outdir=str(tmp_path / "out"), threads=1)
    assert a["metrics"] == b["metrics"] and a["curves"] == b["curves"]
    assert os.listdir(tmp_path) == ["out"]


def test_names_may_carry_scipions_suffix(cli_files):
    assert runner.problems("fsc", {"half1": cli_files["half1"] + ":mrc", "half2": cli_files["half2"]}) == []


def test_problems_come_before_anything_runs(cli_files):
    assert "needs" in runner.problems("mtriage", {"mask": cli_files["mask"]})[0]
    assert "no use" in runner.problems("fsc", dict(cli_files))[0]
    with pytest.raises(MissingInputError):
        cryoqa_plugin.run("fsc", half1=cli_files["half1"])
    with pytest.raises(InputError, match="no_such"):
        cryoqa_plugin.run("fsc", half1=cli_files["half1"], half2=cli_files["half2"], no_such=1)
    with pytest.raises(InputError, match="no capability 'nothing'"):
        cryoqa_plugin.run("nothing")


def test_memory_estimate_grows_with_the_box(cli_files, tmp_path):
    small = runner.memory_estimate("fsc", {"half1": cli_files["half1"]})
    big = str(tmp_path / "big.mrc")
    half = read_map(cli_files["half1"])
    write_map(big, half.with_data(np.tile(half.data, (2, 2, 2))))
    row = runner.capability("fsc")
    assert runner.memory_estimate("fsc", {"half1": big}) - small == pytest.approx(row.memory * 7 * 32 ** 3, abs=2)
    assert row.memory > 8


def test_memory_estimate_knows_what_costs_more(cli_files):
    sources, row = {"half1": cli_files["half1"]}, runner.capability("half_map_statistics")
    base = runner.memory_estimate("import_job", sources)
    for local_map, each in ((True, row.costly[0][2]), (False, row.memory)):
        assert runner.memory_estimate(row.id, sources, {"local_map": local_map}) - base == pytest.approx(each * 32 ** 3, abs=2)


def test_a_run_that_needs_more_memory_than_there_is_is_refused_before_it_starts(cli_files, monkeypatch, tmp_path):
    sources = {"half1": cli_files["half1"], "half2": cli_files["half2"]}
    assert runner.memory_warning("fsc", sources) is None
    monkeypatch.setattr(machine, "memory", lambda: int(0.1e9))
    monkeypatch.setattr(Study, "read", lambda *_, **__: pytest.fail("maps were read"))
    with pytest.raises(InputError, match=r"expected to need 0\.2 GB of memory and this machine has 0\.1 GB; crop or bin"):
        runner.execute("fsc", sources, outdir=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_what_is_too_large_stops_no_other_capability(cli_files, monkeypatch, tmp_path):
    enough = runner.memory_estimate("import_job", {"half1": cli_files["half1"]}) + 60 * 32 ** 3
    monkeypatch.setattr(machine, "memory", lambda: int(enough))
    done = runner.assess({"half1": cli_files["half1"], "half2": cli_files["half2"]}, str(tmp_path))
    for row in (runner.capability(i) for i in done):
        assert ("error" in done[row.id]) == (row.memory + 0.3 * row.memory_in_mask > 60), row.id
        assert "error" not in done[row.id] or "crop or bin" in done[row.id]["error"]
    assert "error" not in done["fsc"] and "error" in done["locscale"]


def test_each_other_map_costs_more(cli_files):
    row, halves = runner.capability("compare_maps"), [cli_files["half1"], cli_files["half2"]]
    one, three = (runner.memory_estimate(row.id, {"others": maps}) for maps in (halves[:1], halves + halves[:1]))
    assert three - one == pytest.approx(2 * row.memory_each * 32 ** 3, abs=2)
    study = Study.read(runner.clean({"others": halves}))
    assert memory.of_study(row, study) == pytest.approx(one + row.memory_each * 32 ** 3, abs=2)


def test_a_mask_that_fills_less_of_the_box_costs_less(cli_files, tmp_path):
    mask, paths = read_map(cli_files["mask"]), {}
    row = replace(runner.capability("fsc"), memory_in_mask=100.0)
    for filled in (0.1, 0.6):
        data = np.zeros(mask.data.size, np.float32)
        data[:int(filled * data.size)] = 1
        paths[filled] = str(tmp_path / f"{filled}.mrc")
        write_map(paths[filled], mask.with_data(data.reshape(mask.shape)))
    needed = {f: memory.of_files(row, {"mask": path}) for f, path in paths.items()}
    assert needed[0.6] - needed[0.1] == pytest.approx(0.5 * 100 * mask.data.size, rel=1e-3)
    assert memory.of_study(row, Study.read({"mask": paths[0.6]})) == pytest.approx(needed[0.6], abs=100)
    write_map(paths[0.1], mask.with_data(mask.data + 7))     # no mask: its header says so
    assert memory.of_files(row, {"mask": paths[0.1]}) == pytest.approx(needed[0.6] + 0.4 * 100 * mask.data.size, rel=1e-3)



def test_a_result_document_is_strict_json_and_follows_its_schema(cli_files, tmp_path):
    from cryoqa_plugin.registry import resolve
    from cryoqa_plugin.results import json_schema
    out = str(tmp_path / "out")
    runner.execute("fsc", {k: cli_files[k] for k in ("half1", "half2", "mask")}, outdir=out)
    with open(os.path.join(out, "result.json"), encoding="utf-8") as stream:
        document = json.load(stream, parse_constant=lambda word: pytest.fail(f"{word} in the JSON"))
    schema = json_schema(resolve(runner.capability("fsc").result))
    assert set(schema["required"]) <= set(document)
    assert set(document["metrics"]) == set(schema["properties"]["metrics"]["properties"])
    assert set(document["curves"]) <= set(schema["properties"]["curves"]["properties"])
    for entry in document["maps"].values():
        assert read_map(os.path.join(out, entry["path"])).origin == pytest.approx((3.0, 4.5, 6.0))


def test_progress_never_goes_back(cli_files, tmp_path):
    seen = []
    runner.assess({k: cli_files[k] for k in ("half1", "half2")}, str(tmp_path), progress=lambda f, m: seen.append((f, m)))
    fractions = [f for f, _ in seen]
    assert fractions == sorted(fractions) and 0 <= fractions[0] and fractions[-1] <= 1 and fractions[-1] > 0.8
    assert all(m for _, m in seen)


@pytest.mark.heavy
def test_warmup_leaves_no_cold_kernel():
    from cryoqa_plugin.core import jit
    from cryoqa_plugin.registry import CAPABILITIES, resolve
    names = runner.warmup()
    for row in CAPABILITIES:
        resolve(row.run)
    if not any(hasattr(k, "stats") for k in jit.KERNELS):
        pytest.skip("kernels are not compiled under NUMBA_DISABLE_JIT")
    assert names and jit.cold_kernels() == []


def test_what_runs_on_request_is_left_out_of_assess(cli_files, monkeypatch):
    from dataclasses import replace
    slow = replace(runner.capability("fsc"), id="slow", on_request=True)
    monkeypatch.setattr(runner, "CAPABILITIES", runner.CAPABILITIES + (slow,))
    assert "slow" not in [row.id for row in runner.applicable(cli_files)]
    assert "slow" in [row.id for row in runner.applicable(cli_files, on_request=True)]


def test_the_digest_of_a_file_follows_its_content(tmp_path):
    import hashlib
    from cryoqa_plugin.provenance import sha256
    path = tmp_path / "a.bin"
    for content in (b"one", b"three", b"three"):
        path.write_bytes(content)
        assert sha256(str(path)) == sha256(str(path)) == hashlib.sha256(content).hexdigest()


def test_half_maps_of_another_box_do_not_keep_back_what_a_map_alone_is_asked():
    from cryoqa_plugin.registry import BY_ID
    halves = [Map(np.zeros((12,) * 3, np.float32), (1.0,) * 3) for _ in range(2)]
    for box, kept in ((10, False), (12, True)):
        study = Study(half1=halves[0], half2=halves[1], full_map=Map(np.zeros((box,) * 3, np.float32), (1.0,) * 3))
        assert runner.study_for(BY_ID["contour"], study).has_halves is kept
        assert runner.study_for(BY_ID["audit"], study).has_halves and runner.study_for(BY_ID["hand"], study).has_halves
