"""What the pages say can be done: links lead somewhere, commands parse, limits and values that are named exist."""
from __future__ import annotations

import ast
import importlib.util
import json
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

from cryoqa_plugin import __version__, checks, cli, limits, params, results
from cryoqa_plugin.demo import make_demo_data, write_demo_data
from cryoqa_plugin.cli.commands import all_commands
from cryoqa_plugin.registry import CAPABILITIES, resolve
from sources import ROOT

DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
PAGES = sorted(DOCS.rglob("*.rst")) + [ROOT / n for n in ("README.rst", "CHANGES.rst", "CONTRIBUTING.rst")]
on_pages = pytest.mark.parametrize("page", PAGES, ids=[p.relative_to(ROOT).as_posix() for p in PAGES])


@on_pages
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"<([^<>\s]+)>`_", text):
        if not re.match(r"https?://|mailto:", target):
            assert (page.parent / target.split("#")[0]).exists(), target
    for target in re.findall(r":doc:`(?:[^`<]*<)?([^`>]+)>?`", text):
        assert (page.parent / (target + ".rst")).is_file(), target


@on_pages
def test_commands_parse(page):
    """Lines that begin with ``cryoqa`` in literal blocks are accepted by the command line; nothing is run."""
    for line in re.findall(r"^ +(?:pip install \. && )?(cryoqa [a-z].*)$", page.read_text(encoding="utf-8"), re.M):
        words = shlex.split(re.sub(r"\s+[#>].*$", "", line.split(" && ")[-1]))[1:]
        if words[0].isupper() or "..." in words or "ID" in words:
            continue
        try:
            cli.parse(words)
        except SystemExit as stop:
            assert stop.code == 0, line


@on_pages
def test_limits_that_are_shown_are_those_of_checks(page):
    for block in re.findall(r"\.\. code-block:: toml\n\n((?:   [^\n]*\n|\n)+)", page.read_text(encoding="utf-8")):
        shown, section = {}, None
        for line in block.split("\n"):
            heading = re.match(r"\s*\[(\w+)\]", line)
            if heading:
                section = shown.setdefault(heading.group(1), {})
            elif re.match(r"\s*\w+ *=", line):
                section[line.split("=")[0].strip()] = json.loads(line.split("=")[1].split("#")[0].strip())
        assert shown
        checks.override(limits.CHECKS, shown)


@on_pages
def test_values_that_are_read_in_examples_exist(page):
    names = {n for c in CAPABILITIES for n in results.declared(resolve(c.result), "metric")}
    for name in re.findall(r"""\[["']metrics["']\]\[["'](\w+)["']\]""", page.read_text(encoding="utf-8")):
        assert name in names


def _options():
    known = {"--" + s.name.replace("_", "-") for c in CAPABILITIES for s in params.specs(resolve(c.params))}
    return known | {"--map", "--half1", "--half2", "--mask", "--mask2", "--model", "--others", "--resolution-map", "--job", "--voxel-size",
                    "--out", "--threads", "--limits", "--no-report", "--strict", "--quiet", "--verbose", "--fail-on", "--appendix",
                    "--json", "--schema",
                    "--rst", "--parts", "--base-url", "--help", "--version", "--shifted", "--mtz"}


def test_every_option_of_a_page_is_one_of_its_command():
    known = _options()
    for page in (ROOT / "README.rst", DOCS / "quickstart.rst", DOCS / "faq.rst", DOCS / "which.rst"):
        for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", page.read_text(encoding="utf-8")):
            assert option in known or option in ("--devel", "--dist", "--no-deps"), f"{page.name}: {option}"


def _commands():
    return {command.name for command in all_commands()}


def test_each_command_answers_a_question_and_each_question_has_a_command():
    named = re.findall(r"^\S.*?[?.]  +``([a-z0-9-]+)``  ", (DOCS / "which.rst").read_text(encoding="utf-8"), re.M)
    assert set(named) == _commands() - {"which"}


def test_what_the_answers_name_exists():
    """Names of values, parameters and commands in the questions of users."""
    values = {n for c in CAPABILITIES for n in results.declared(resolve(c.result), "metric")}
    known = values | {s.name for c in CAPABILITIES for s in params.specs(resolve(c.params))}
    named = set(re.findall(r"``([a-z][a-z0-9_-]+)``", (DOCS / "faq.rst").read_text(encoding="utf-8")))
    others = {"inputs", "b_sharpen"}                         # a part of result.json; a name of Phenix
    assert len(named) > 25 and named - known - _commands() == others


def _module(path):
    found = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_notebook_runs_and_finds_the_truth(tmp_path):
    cells, names = _module(DOCS / "extensions" / "notebook_cells.py"), {}
    notebook = cells.read_cells(DOCS / "notebooks" / "half_maps.ipynb")
    ran = list(cells.run_cells(notebook, tmp_path, names))
    truth = names["demo"].truth
    assert names["whole_box"].resolution == pytest.approx(truth["unmasked"]["resolution_0143"], abs=0.03)
    assert names["fsc"].resolution == pytest.approx(truth["masked"]["resolution_0143"], abs=0.15)
    assert np.median(names["inside"]) == pytest.approx(truth["masked"]["resolution_0143"], abs=0.4)
    assert names["copies"].resolution is None and "copies" in names["copies"].warnings[0]
    assert ran[-1][1] is True and (tmp_path / "local_resolution" / "result.json").is_file()
    drawn = [value for cell, value, _ in ran if cell.picture]
    assert len(drawn) == 2 and all(figure.axes for figure in drawn)
    for cell, _, text in ran:                                # the numbers that the page shows are those that come out
        shown, found = ([float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", t)] for t in (cell.output, text))
        assert shown == pytest.approx(found, abs=0.011), text


def test_ten_lines_go_from_arrays_to_a_plot_and_a_local_resolution(tmp_path, monkeypatch):
    page = (DOCS / "quickstart.rst").read_text(encoding="utf-8")
    block = re.search(r"^From arrays.*?\.\. code-block:: python\n\n((?:   [^\n]*\n|\n)+)", page, re.M | re.S).group(1)
    lines = [line[3:] for line in block.splitlines()]
    assert len([line for line in lines if line]) <= 10
    write_demo_data(str(tmp_path), box=48)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec("\n".join(lines).replace("voxel_size=1.2", "voxel_size=2.4"), names)
    assert names["fsc"].resolution == pytest.approx(make_demo_data(box=48).truth["unmasked"]["resolution_0143"], abs=0.1)
    resolution = names["local_resolution"]
    assert resolution.shape == (48, 48, 48) and resolution.dtype == np.float32 and 4.8 <= np.median(resolution[resolution > 0]) < 7
    assert (tmp_path / "fsc.png").stat().st_size > 5000


def _texts_in(script):
    """The text constants of a script, with the fixed beginnings of those that are put together."""
    return {node.value for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
            and isinstance(node.value, str)}


def test_every_picture_is_made_by_a_script_and_shown():
    made = set(_module(DOCS / "make_gallery.py").names())
    there = {p.name for p in PICTURES.iterdir()}
    shown = {m for page in PAGES for m in re.findall(r"image:: (?:docs/)?pictures/(\S+)", page.read_text(encoding="utf-8"))}
    drawn = {n for n in made if n.startswith("notebook_")}    # shown by the page of the notebook
    assert made <= there == shown | drawn
    assert sum((PICTURES / name).stat().st_size for name in made) < 1.5e6
    named = _texts_in(ROOT / "bench" / "viewer_pictures.py") if there - made else set()
    for name in there - made:
        stem = name[:-len(".png")]
        assert stem in named or {"form_", "results_"} & named & {stem.split("_")[0] + "_"}, f"no script makes {name}"


def test_the_citation_is_of_this_version():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    entries = dict(re.findall(r"^([a-z-]+): *(.*)$", text, re.M))
    assert entries["version"] == __version__ and entries["cff-version"] == "1.2.0"
    assert entries["message"] and entries["title"] and entries["type"] == "software" and "- name: " in text


def test_what_is_installed_has_its_types_and_its_files(tmp_path):
    """Type checkers look for ``py.typed`` and the stubs in the package as it is installed."""
    pytest.importorskip("setuptools")
    subprocess.run([sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    package = tmp_path / "cryoqa_plugin"
    there = {p.relative_to(package).as_posix() for p in package.rglob("*") if p.suffix != ".py"}
    source = ROOT / "cryoqa_plugin"
    wanted = {p.relative_to(source).as_posix() for pattern in ("py.typed", "*.pyi", "report/templates/*", "*.conf", "*.png")
              for p in source.glob(pattern)}
    assert "py.typed" in wanted and "api.pyi" in wanted and wanted <= there
