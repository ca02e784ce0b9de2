"""The benchmarks: their claims are of inputs and parameters that exist, and are judged by what was measured."""
from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys

import pytest

from cryoqa_plugin import params
from cryoqa_plugin.registry import BY_ID, resolve
from sources import ROOT


@pytest.fixture
def bench(monkeypatch):
    """The module bench/bench.py."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    yield importlib.import_module("bench")
    for name in ("bench", "table"):
        sys.modules.pop(name, None)


@pytest.fixture
def maps(bench, tiny_halves, tmp_path):
    """A folder with the tiny half-maps under the names of the large ones; no model and no local resolution."""
    for kind, path in tiny_halves["paths"].items():
        shutil.copy(path, tmp_path / bench.FILES[kind])
    return tmp_path


def test_claims_are_of_inputs_and_parameters_that_exist(bench):
    for claim in bench.CLAIMS:
        row = BY_ID[claim.id]
        assert set(row.needs) <= set(claim.inputs) <= set(row.needs + row.takes), claim
        assert not row.any_of or any(set(group) <= set(claim.inputs) for group in row.any_of), claim
        assert params.problems(params.build(resolve(row.params), claim.values)) == [], claim
        assert claim.cpu_s > 0 and claim.peak_gb > 0
    assert len({(claim.id, claim.case) for claim in bench.CLAIMS}) == len(bench.CLAIMS)


@pytest.mark.parametrize("cpu_s, peak_gb, met", [(4.0, 0.6, True), (4.1, 0.6, False), (4.0, 0.7, False)])
def test_a_claim_is_met_when_neither_time_nor_memory_is_over_its_limit(bench, maps, monkeypatch, cpu_s, peak_gb, met):
    runs = iter([{"cpu_s": 9.0, "peak_gb": 0.9}, {"cpu_s": cpu_s, "peak_gb": peak_gb}])            # the first fills the cache
    monkeypatch.setattr(bench, "run_apart", lambda *arguments: next(runs))
    line = bench.judged(bench.CLAIMS[0]._replace(cpu_s=4.0, peak_gb=0.6), maps)
    assert line["met"] is met and line["cpu_s"] == cpu_s and line["first_run_cpu_s"] == 9.0


def test_a_claim_without_its_files_is_left_out(bench, maps):
    claim = next(c for c in bench.CLAIMS if "model" in c.inputs)
    assert "there is no h256_model.pdb" in bench.judged(claim, maps)["skipped"]


@pytest.mark.heavy
def test_a_line_a_claim_is_printed(maps):
    done = subprocess.run([sys.executable, str(ROOT / "bench" / "bench.py"), "half-map-statistics", str(maps)], check=True,
                          stdout=subprocess.PIPE, universal_newlines=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["case"] for line in lines] == ["half-maps", "local correlation"]
    assert all(line["met"] and 0 < line["cpu_s"] < 6 and 0.05 < line["peak_gb"] < 0.8 for line in lines)
