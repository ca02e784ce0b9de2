"""What compiling the kernels takes, and that the table it is done from is whole."""
from __future__ import annotations

import inspect
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core import sigutils

from cryoqa_plugin import runner
from cryoqa_plugin.core import ahead
from cryoqa_plugin.core.signatures import SIGNATURES
from cryoqa_plugin.registry import CAPABILITIES, resolve
from sources import ROOT

MOST = 2.5                            # CPU seconds a kernel; the slowest takes 0.9 on two cores of 2024


def _kernels():
    for row in CAPABILITIES:
        resolve(row.run)
    import cryoqa_plugin.report.surface
    assert cryoqa_plugin.report.surface
    found = ahead.outer_kernels()
    if not found:
        pytest.skip("kernels are not compiled under NUMBA_DISABLE_JIT")
    return {name: kernel for name, kernel in found.items() if name.startswith("cryoqa_plugin.")}


def test_the_table_has_every_kernel():
    assert sorted(_kernels()) == sorted(SIGNATURES), "python bench/record_kernels.py"


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_table_has_the_arguments_of_a_kernel(name):
    kernel = _kernels()[name]
    for text in SIGNATURES[name]:
        types, _ = sigutils.normalize_signature(f"({text},)")
        assert len(types) == len(inspect.signature(kernel.py_func).parameters), "python bench/record_kernels.py"


@pytest.mark.compiled
def test_types_are_written_as_numba_reads_them():
    import numba
    import numpy as np

    @numba.njit
    def kernel(a, b, c, d, e, f):
        return a[0] + b[0, 0] + c + d + e[0] + f[0]

    fixed = np.ones(3)
    fixed.flags.writeable = False
    kernel(fixed, np.ones((2, 3), np.float32).T, 1, True, np.ones(4, bool)[::2], np.ones(2, np.int16))
    given = kernel.signatures[0]
    text = ", ".join(ahead._text(t, "kernel") for t in given)
    assert text == "Array(float64, 1, 'C', True), float32[::1,:], int64, boolean, boolean[:], int16[::1]"
    assert sigutils.normalize_signature(f"({text},)")[0] == given


@pytest.mark.heavy
def test_no_kernel_takes_long_to_compile_and_none_is_compiled_after(tmp_path):
    env = dict(os.environ, NUMBA_CACHE_DIR=str(tmp_path), PYTHONPATH=os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    os.chmod(tmp_path, 0o700)
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("compile_all.py")), str(ROOT / "bench" / "record_kernels.py")],
                          env=env, stdout=subprocess.PIPE, check=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert {n: s for n, s in found["ahead"].items() if s > MOST} == {}
    assert set(found["ahead"]) >= set(SIGNATURES)
    assert [n for n in found["in runs"] if n.startswith("cryoqa_plugin.")] == []


def test_warmup_compiles_the_table(monkeypatch):
    seen = []
    monkeypatch.setattr(ahead, "compile_kernels", lambda table, progress: seen.append(table) or ["kernel"])
    assert runner.warmup() == ["kernel"] and seen == [SIGNATURES]


KERNELS = """
import numpy as np
from cryoqa_plugin.core.jit import njit

@njit
def total(values):
    held = np.zeros(values.size)
    for i in range(values.size):
        held[i] = np.exp(values[i]) if i else 1.0
    out = 0.0
    for i in range(values.size):
        out += held[i] / values[i]
    return out

@njit
def other(values):
    return np.sort(values)[0]
"""
RUN = """
import sys
import numpy as np
import kernels
print(kernels.total(np.array([2.0, 1.0])), "numba.np.linalg" in sys.modules)
try:
    kernels.total(np.zeros(2))
except ZeroDivisionError:
    print("raised", kernels.total.stats.cache_hits)
print(kernels.other(np.array([3.0, 2.0])))
"""


@pytest.mark.compiled
def test_kept_code_runs_without_the_compiler_made_ready_and_other_code_is_compiled_after(tmp_path):
    (tmp_path / "kernels.py").write_text(KERNELS)
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")]))
    env.pop("NUMBA_CACHE_DIR", None)

    def run(code):
        return subprocess.run([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, check=True, text=True).stdout.split("\n")

    first, second = run(RUN.rsplit("print", 1)[0]), run(RUN)
    assert first[0] == f"{0.5 + math.exp(1.0)} True"
    assert second[0] == f"{0.5 + math.exp(1.0)} False"
    assert second[1].startswith("raised Counter({") and second[2] == "2.0"
