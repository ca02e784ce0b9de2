"""Every public function, class and module says what it is, and every public function says its types."""
from __future__ import annotations

import ast

import pytest

from sources import FILES, NAMES, ROOT, imports, tree

# Methods that pyworkflow or the standard library name and call: their documentation is there.
INHERITED = {"__init__", "__enter__", "__exit__", "__call__", "__getattr__", "__setattr__", "__repr__", "__len__", "__iter__"}
SCIPION = ("protocols", "viewers", "scipion.py")


def _public(path):
    """Public functions and classes of a module: (dotted name, node, is a method of a class with bases)."""
    found = []
    for node in tree(path).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            found.append((node.name, node, False))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += [(f"{node.name}.{n.name}", n, bool(node.bases)) for n in node.body
                      if isinstance(n, ast.FunctionDef) and n.name not in INHERITED and not n.name.startswith("_")]
    return found


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_everything_public_has_a_docstring(path):
    assert ast.get_docstring(tree(path)) or not tree(path).body, "the module has none"
    for name, node, inherited in _public(path):
        if inherited and path.relative_to(ROOT).parts[0] in SCIPION:
            continue                                             # names that pyworkflow gives
        text = ast.get_docstring(node)
        assert text, f"{name} has no docstring"
        assert text.split("\n\n")[0].rstrip().endswith((".", ":", "?")), f"the first paragraph of {name} is not a sentence"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_public_functions_say_their_types(path):
    if path.relative_to(ROOT).parts[0] in SCIPION or path.name in ("scipion.py", "__init__.py"):
        return
    for name, node, _ in _public(path):
        if not isinstance(node, ast.FunctionDef) or _decorators(node) & {"njit"}:
            continue
        arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        untyped = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        assert not untyped, f"{name}: {', '.join(untyped)} without a type"
        assert node.returns is not None, f"{name} does not say what it returns"


def _decorators(node):
    return {getattr(d, "id", getattr(d, "attr", "")) for d in node.decorator_list}


@pytest.mark.parametrize("path", [p for p in FILES if "methods" in p.parts and p.name not in ("__init__.py", "common.py")],
                         ids=[n for n, p in zip(NAMES, FILES) if "methods" in p.parts and p.name not in ("__init__.py", "common.py")])
def test_methods_name_their_source(path):
    """A file that holds a published method names it by DOI, unless it works on files only."""
    computes = [n for n in tree(path).body if isinstance(n, ast.FunctionDef) and n.name.startswith("compute_")]
    if not computes or computes[0].name in ("compute_import_job", "compute_map_info"):
        return
    text = path.read_text(encoding="utf-8")
    assert "doi.org/10." in text or "doi:10." in text


def test_exported_names_exist():
    for path in FILES:
        if path.name == "__init__.py" and path.parent.name in ("protocols", "viewers"):
            for name, line, _ in imports(path):
                module, _, last = name.rpartition(".")
                if module.startswith("cryoqa_plugin.protocols.") or module.startswith("cryoqa_plugin.viewers."):
                    file = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")
                    assert file.is_file() and f"{last}" in file.read_text(encoding="utf-8"), f"{path}:{line} {name}"
