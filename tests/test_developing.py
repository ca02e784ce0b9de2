"""The worked example of docs/developing.rst, typed in as it stands and held against the contracts."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

from sources import ROOT

BLOCK = re.compile(r"^\.\. code-block:: (?:python|rst)\n   :caption: ([^\n]+)\n\n((?:   [^\n]*\n|\n)+)", re.M)


def _blocks():
    text = (ROOT / "docs" / "developing.rst").read_text(encoding="utf-8")
    return [(caption, textwrap.dedent(code).strip() + "\n") for caption, code in BLOCK.findall(text)]


def _insert(path, before, text):
    old = path.read_text(encoding="utf-8")
    at = old.index(before)
    path.write_text(old[:at] + textwrap.indent(text, "    ") + old[at:], encoding="utf-8")


def test_the_example_has_all_its_parts():
    captions = [caption.split(",")[0] for caption, _ in _blocks()]
    assert captions == ["cryoqa_plugin/methods/map_info/contrast.py", "cryoqa_plugin/registry.py", "cryoqa_plugin/limits.py",
                        "protocols/protocol_contrast.py", "cryoqa_plugin/report/sections/contrast.py", "docs/capabilities/contrast.rst",
                        "tests/methods/test_contrast.py", "bench/bench_contrast.py"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the checkout with the example in it."""
    top = tmp_path_factory.mktemp("developing") / "checkout"
    top.mkdir()
    for name in ("cryoqa_plugin", "protocols", "viewers", "tests", "docs", "bench"):
        shutil.copytree(ROOT / name, top / name, ignore=shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc"))
    for name in ("setup.py", "README.rst", "pyproject.toml", "CHANGES.rst"):
        shutil.copy(ROOT / name, top / name)
    for caption, code in _blocks():
        path = top / caption.split(",")[0]
        if path.name == "registry.py":
            _insert(path, ")\n\nBY_ID", code)
        elif path.name == "limits.py":
            path.write_text(path.read_text(encoding="utf-8").rstrip()[:-1] + textwrap.indent(code, "    ") + "}\n", encoding="utf-8")
        else:
            assert not path.exists()
            path.parent.mkdir(exist_ok=True)
            path.write_text(code, encoding="utf-8")
    with open(top / "protocols" / "__init__.py", "a", encoding="utf-8") as stream:
        stream.write("from .protocol_contrast import CryoqaProtContrast\n")
    return top


def _run(copy, *command):
    environment = dict(os.environ, PYTHONPATH=str(copy), PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run([sys.executable, *command], cwd=str(copy), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def test_the_example_passes_its_own_test_and_the_contracts(copy):
    out = _run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/methods/test_contrast.py", "tests/test_registry.py",
               "tests/test_layers.py", "tests/test_docstrings.py", "tests/test_style.py", "-k", "contrast")
    assert int(re.search(r"(\d+) passed", out).group(1)) > 15


def test_the_example_is_a_command_and_a_call(copy, tiny_halves, tmp_path):
    paths = tiny_halves["paths"]
    out = _run(copy, "-m", "cryoqa_plugin.cli", "contrast", "--map", paths["full_map"], "--mask", paths["mask"],
               "-o", str(tmp_path / "out"), "--inside", "0.9", "--no-report", "-q")
    assert "times as much inside the mask" in out and "solvent_sd" in out
    out = _run(copy, "bench/bench_contrast.py", paths["full_map"], paths["mask"])
    assert "cpu_seconds" in out
    assert "contrast" in _run(copy, "-m", "cryoqa_plugin.cli", "list", "--rst")
