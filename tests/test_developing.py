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
    assert captions == ["cryoqa_plugin/methods/local_resolution/band_correlation.py", "cryoqa_plugin/registry.py",
                        "protocols/protocol_band_correlation.py", "cryoqa_plugin/report/sections/local_resolutions.py",
                        "docs/capabilities/band_correlation.rst", "tests/methods/test_band_correlation.py", "bench/table.py"]


def test_it_takes_fewer_files_and_lines_than_before_the_study():
    """Before, a local method took six new files, three touched, and 134 lines."""
    new = [code for caption, code in _blocks() if "a row of" not in caption]
    touched = [code for caption, code in _blocks() if "a row of" in caption]
    assert len(new) == 4 and len(touched) == 3
    lines = sum(1 for code in new + touched for line in code.split("\n") if line.strip())
    assert lines < 134, lines


BEFORE = {"registry.py": ")\n\n# What each family", "local_resolutions.py": ")\n\n\ndef cards", "table.py": "    # ---- sharpening"}


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
        if "a row of" in caption:
            _insert(path, BEFORE[path.name], code)
        else:
            assert not path.exists()
            path.write_text(code, encoding="utf-8")
    return top


def _run(copy, *command):
    environment = dict(os.environ, PYTHONPATH=str(copy), PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run([sys.executable, *command], cwd=str(copy), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.mark.heavy
def test_the_example_passes_its_own_test_and_the_contracts(copy):
    out = _run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/methods/test_band_correlation.py", "tests/test_registry.py",
               "tests/test_layers.py", "tests/test_docstrings.py", "tests/test_style.py", "tests/test_bench.py", "-k", "band_correlation")
    assert int(re.search(r"(\d+) passed", out).group(1)) > 15


@pytest.mark.heavy
def test_the_example_is_a_command_a_call_and_a_section(copy, tiny_halves, tmp_path):
    paths = tiny_halves["paths"]
    out = _run(copy, "-m", "cryoqa_plugin.cli", "band-correlation", "--half1", paths["half1"], "--half2", paths["half2"],
               "-o", str(tmp_path / "out"), "--window", "6", "-q")
    assert "The bands of the half-maps correlate up to" in out and "coarsest" in out
    assert "Coarse steps, a band each" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    out = _run(copy, "-c", f"import cryoqa_plugin; study = cryoqa_plugin.open(half1={paths['half1']!r}, half2={paths['half2']!r}); "
               "print(study.band_correlation(bands=6).resolution_map.data.shape)")
    assert out.strip() == "(32, 32, 32)"
    assert "band-correlation" in _run(copy, "-m", "cryoqa_plugin.cli", "list", "--rst")


@pytest.mark.heavy
def test_what_is_forgotten_is_named(copy):
    """A parameter that nothing reads, and a row that stands in no item and does not say why."""
    method, registry = copy / "cryoqa_plugin/methods/local_resolution/band_correlation.py", copy / "cryoqa_plugin/registry.py"
    kept = method.read_text(encoding="utf-8"), registry.read_text(encoding="utf-8")
    method.write_text(kept[0].replace("params.threshold", "0.143"), encoding="utf-8")
    registry.write_text(kept[1].replace('outside="asks what 1.i asks, more coarsely", ', ""), encoding="utf-8")
    try:
        with pytest.raises(AssertionError) as failed:
            _run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_registry.py", "-k", "band_correlation")
    finally:
        method.write_text(kept[0], encoding="utf-8")
        registry.write_text(kept[1], encoding="utf-8")
    assert "nothing reads threshold" in str(failed.value) and "say in 'outside' why it answers none" in str(failed.value)
