"""What the pages say can be done: links lead somewhere, commands parse, limits and values that are named exist."""
from __future__ import annotations

import re
import shlex

import pytest

from cryoqa_plugin import checks, cli, limits, params, results
from cryoqa_plugin.registry import CAPABILITIES, resolve
from sources import ROOT

PAGES = sorted((ROOT / "docs").rglob("*.rst")) + [ROOT / "README.rst", ROOT / "CHANGES.rst"]
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
        words = shlex.split(re.sub(r"\s+#.*$", "", line.split(" && ")[-1]))[1:]
        if words[0].isupper() or "..." in words or "ID" in words:
            continue
        wanted = next(w for w in words if not w.startswith("-"))
        try:
            cli._parser(wanted).parse_args(words)
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
                section[line.split("=")[0].strip()] = line.split("=")[1].split("#")[0].strip()
        assert shown
        checks.override(limits.CHECKS, shown)


@on_pages
def test_values_that_are_read_in_examples_exist(page):
    names = {n for c in CAPABILITIES for n in results.declared(resolve(c.result), "metric")}
    for name in re.findall(r"""\[["']metrics["']\]\[["'](\w+)["']\]""", page.read_text(encoding="utf-8")):
        assert name in names


def test_every_option_of_a_page_is_one_of_its_command():
    known = {"--" + s.name.replace("_", "-") for c in CAPABILITIES for s in params.specs(resolve(c.params))}
    known |= {"--map", "--half1", "--half2", "--mask", "--mask2", "--model", "--others", "--job", "--voxel-size", "--out", "--threads",
              "--limits", "--no-report", "--strict", "--quiet", "--json", "--schema", "--rst", "--parts", "--base-url",
              "--help", "--version"}
    for page in (ROOT / "README.rst", ROOT / "docs" / "quickstart.rst"):
        for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", page.read_text(encoding="utf-8")):
            assert option in known or option in ("--devel", "--dist"), f"{page.name}: {option}"
