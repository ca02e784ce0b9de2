"""The words that a user meets: nothing of what was once said oddly, and one term for one thing, as docs/glossary.rst fixes them."""
from __future__ import annotations

import ast
import re
from functools import lru_cache

import pytest

from cryoqa_plugin import params, results
from cryoqa_plugin.limits import CHECKS
from cryoqa_plugin.registry import CAPABILITIES, resolve
from sources import ROOT, over, tree

PACKAGE = ROOT / "cryoqa_plugin"
# Where sentences for a user stand. The words that "cryoqa which" understands are those of users and not ours.
_FOLDERS = [PACKAGE / part for part in ("methods", "study", "validation", "report", "cli", "batch", "io", "wizards")]
SPOKEN = sorted(p for folder in [*_FOLDERS, ROOT / "protocols", ROOT / "viewers"] for p in folder.rglob("*.py"))
SPOKEN += sorted(PACKAGE.glob("*.py"))
NAMES = [str(p.relative_to(ROOT)).replace("cryoqa_plugin/", "") for p in SPOKEN]
HEARD = {"_STOP", "_SAME", "QUESTIONS"}

# What is said in another way now, each as it would stand in a sentence.
ODD = (
    r"same way round", r"way round of", r"lie on each other", r"half-maps (are|is) of one molecule", r"show one molecule",
    r"belong to the map", r"have one scale", r"points? down", r"molecule is in the middle", r"it should be (at|exactly|below|above)",
    r"surface to turn", r"hold what it promises", r"told (by|from|apart)", r"\b(can|cannot|could|nothing [a-z ]*) be told",
    r"\btells?\b(?! me)", r"nine tenths", r"one tenth", r"holds? detail", r"lags? behind", r"runs? ahead", r"resolution is sure", r"surer",
    r"stands? out (of|from|up)", r"stays above the threshold up to its end", r"share more than noise", r"more than noise again",
    r"returns of the curve", r"comes back above", r"several senses", r"test for waves", r"more than a speck", r"a part of the box$",
    r"fall (least|most)", r"FSC never falls", r"map value at", r"on average", r"as it should be", r"as they should be", r"\bis said\b",
    r"far as can be told", r"bears? .* out\b", r"falls for good", r"nothing but noise")
ODD_PATTERN = re.compile("|".join(f"(?:{words})" for words in ODD), re.I)


@pytest.mark.parametrize("folder", ("methods", "study"))
def test_maps_that_come_from_no_file_are_not_named_none(folder):
    """A map is named by its ``place``, or by its path where there is one: a mean of half-maps has none."""
    bare = re.compile(r"\{[\w.]*\b(grid|map_|mask|map|first|mean|density|half[12]|full_map)\.path\}")
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not bare.search(line) or " if " in line, f"{path.name}:{number}: use place"


def fixed_terms():
    """Term -> the words that are not used for it, from the glossary."""
    text = (ROOT / "docs" / "glossary.rst").read_text(encoding="utf-8").split("Fixed terms\n-----------\n")[1]
    entries = re.findall(r"^(\S.*)\n((?:   .*\n?)+)", text, re.M)
    return {term: [w.strip() for w in " ".join(body.split()).partition("Not:")[2].rstrip(".").split(";") if w.strip()]
            for term, body in entries}


@lru_cache(maxsize=None)
def spoken(path):
    """Line and text of every string of a module that is no docstring and has more than one word; strings beside each other are one.

    Docstrings of protocols and viewers are spoken: Scipion shows them as help.
    """
    nodes = list(ast.walk(tree(path)))
    mute = (ast.Module, ast.FunctionDef) if path.parent.name in ("protocols", "viewers") else (ast.Module, ast.ClassDef, ast.FunctionDef)
    silent = {id(n.body[0].value) for n in nodes if isinstance(n, mute) and n.body
              and isinstance(n.body[0], ast.Expr) and isinstance(n.body[0].value, ast.Constant)}
    silent |= {id(part) for n in nodes if isinstance(n, (ast.Assign, ast.AnnAssign))
               and {getattr(t, "id", "") for t in getattr(n, "targets", [getattr(n, "target", None)])} & HEARD for part in ast.walk(n)}
    inside = {id(part) for n in nodes if isinstance(n, ast.JoinedStr) for part in ast.walk(n) if part is not n}
    out = []
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            out.append((node.lineno, "".join(str(v.value) if isinstance(v, ast.Constant) else "0" for v in node.values)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent and id(node) not in inside:
            if " " in node.value:
                out.append((node.lineno, node.value))
    return out


@lru_cache(maxsize=None)
def declared():
    """Where and text of everything that is declared: titles, checks, parameters, meanings of values, curves, tables and maps."""
    out = []
    for row in CAPABILITIES:
        out.append((f"title of {row.id}", row.title))
        for spec in params.specs(resolve(row.params)):
            out.append((f"help of {row.id}.{spec.name}", f"{spec.label}: {spec.help}"))
        for role in ("metric", "curve", "table", "map", "maps", "model", "file"):
            for name, entry in results.declared(resolve(row.result), role).items():
                out.append((f"meaning of {row.id}.{name}", entry["meaning"]))
        for check in CHECKS.get(row.id, ()):
            out.append((f"check {row.id}.{check.metric}", f"{check.title}; {check.claim}; {check.advice}"))
    return out


@over(SPOKEN)
def test_no_sentence_is_odd(path):
    found = [f"line {line}: {text}" for line, text in spoken(path) if ODD_PATTERN.search(text)]
    assert not found, "\n".join(found)


def test_nothing_declared_is_odd():
    found = [f"{where}: {text}" for where, text in declared() if ODD_PATTERN.search(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("old", [
    "Half-maps are the same way round: none", "Half-maps lie on each other", "Half-maps are of one molecule", "Half-maps have one scale",
    "Density points down: no", "; it should be at most 20 %", "Hand of the map, told by its helices", "what the noise was told from",
    "tells it from the same files", "for nine tenths of the mask", "holds detail to 5.11 Å (d99)", "model lags behind", "model runs ahead",
    "stands out up to the last frequency", "does not stand out of the noise", "share more than noise to 2.42 Å",
    "Resolution in several senses (mtriage)", "by a test for waves (ResMap)", "Directions whose FSC never falls",
    "12 methods, 2.68 Å on average", "Everything is as it should be", "Map value at the atoms", "Mask is more than a speck"])
def test_what_was_said_once_would_be_found(old):
    assert ODD_PATTERN.search(old)


def test_the_glossary_fixes_terms():
    terms = fixed_terms()
    assert len(terms) >= 15 and all(terms.values()), terms
    assert "oversharpened" in terms["over-sharpened"] and "half map" in terms["half-map"]


@pytest.mark.parametrize("term, others", sorted(fixed_terms().items()))
def test_one_term_for_one_thing(term, others):
    pattern = re.compile("|".join(rf"\b{re.escape(w)}\b" for w in others), re.I)
    assert not pattern.search(term)
    found = [f"{where}: {text}" for where, text in declared() if pattern.search(text)]
    found += [f"{name}:{line}: {text}" for path, name in zip(SPOKEN, NAMES) for line, text in spoken(path) if pattern.search(text)]
    assert not found, f"the term is '{term}'\n" + "\n".join(found)
