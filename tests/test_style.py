"""Habits that a machine can check: sizes, no machine's paths, no global random numbers, Python 3.8."""
from __future__ import annotations

import ast
import re

import pytest

from sources import FILES, ROOT, over, tree

FILE_LINES, BODY_LINES = 450, 75         # the aim is 400 and 40
TESTS = [p for p in sorted((ROOT / "tests").rglob("*.py")) if "__pycache__" not in p.parts]
OTHERS = [p for folder, pattern in (("docs", "*.rst"), ("bench", "*.py"), (".ci", "*")) for p in sorted((ROOT / folder).rglob(pattern))
          if p.is_file()] + [ROOT / "README.rst", ROOT / "CHANGES.rst", ROOT / "setup.py", ROOT / "pyproject.toml"]
MACHINE = re.compile(r"(?<![\w.:/<>{}])/(home|root|Users|mnt|media|opt|srv|work|scratch|tmp|var)/\w|index-url|trusted-host")


@over(FILES)
def test_files_and_functions_are_short(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= FILE_LINES, f"{len(lines)} lines"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert length <= BODY_LINES, f"{node.name} has {length} lines"


@over(FILES)
def test_annotations_are_not_evaluated(path):
    """Python 3.8 cannot evaluate all of them."""
    if path.name == "__init__.py" or not any(isinstance(n, ast.FunctionDef) for n in ast.walk(tree(path))):
        return
    assert "from __future__ import annotations" in path.read_text(encoding="utf-8")


@over(FILES)
def test_no_fast_maths_and_no_global_random_numbers(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.keyword):
            assert node.arg != "fastmath", f"fastmath in line {node.value.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            if node.value.attr == "random" and getattr(node.value.value, "id", "") in ("np", "numpy"):
                good = ("default_rng", "Generator", "SeedSequence", "PCG64", "Philox")
                assert node.attr in good, f"np.random.{node.attr} in line {node.lineno}"


@over(TESTS)
def test_tests_bring_their_own_seed(path):
    bad = re.findall(r"np\.random\.(?!default_rng|Generator|RandomState\(\d)(\w+)", path.read_text(encoding="utf-8"))
    assert not bad or path.name == "test_style.py", bad


def test_no_file_names_a_machine():
    for path in FILES + TESTS + OTHERS:
        if path.name == "test_style.py":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not MACHINE.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_no_line_is_too_long():
    lines = [(f"{p.relative_to(ROOT)}:{i}", line) for p in FILES + TESTS if p.name != "bibtex.py"
             for i, line in enumerate(p.read_text(encoding="utf-8").splitlines(), 1)]
    long = [f"{where} has {len(line)} characters" for where, line in lines if len(line) > 140]
    assert not long, "\n".join(long)


@pytest.mark.heavy
def test_all_files_are_syntax_of_python_38():
    for path in FILES + TESTS:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 8))


def test_errors_are_sentences():
    """Texts of errors begin with a capital or a value and end with a full stop."""
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("InputError", "FormatError", "MissingInputError"):
                text = _last_text(node.args[0]) if node.args else None
                assert text is None or text.rstrip().endswith((".", "?")), f"{path.name}:{node.lineno}: {text!r}"


def _last_text(node):
    if isinstance(node, ast.JoinedStr):
        node = node.values[-1]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
