"""Imports go one way, heavy packages stay where they belong, and importing the package is cheap."""
from __future__ import annotations

import ast
import json
import subprocess
import sys

from sources import FILES, ROOT, imports, module_name, over, tree

# From the ground up: a module may import those of its own layer and of the layers before it.
ORDER = ("errors", "plain_text", "machine", "files", "folder_lock", "progress", "naming", "params", "results", "provenance", "run_folder",
         "rounding", "checks", "bibtex", "registry", "model_limits", "map_limits", "limits", "core", "io", "study", "memory", "methods",
         "demo_model", "demo", "resume", "runner", "answer", "api", "stubs", "validation", "report", "figures", "batch", "cli", "__main__",
         "scipion", "protocols", "viewers", "wizards", "tests")
SCIPION = ("scipion", "protocols", "viewers", "wizards", "tests")
# Package -> where it may be imported; "" is anywhere.
ALLOWED = {"pyworkflow": SCIPION, "pwem": SCIPION, "tkinter": ("viewers", "wizards"), "matplotlib": ("viewers", "figures", "wizards"),
           "pandas": ("results",), "numba": ("core", "provenance"),
           "jinja2": ("report",), "reportlab": ("report",), "distributed": ("batch",)}


def layer(name):
    """Layer of a module given by its full name; None for the package itself."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ORDER else None


@over(FILES)
def test_imports_go_down_only(path):
    mine = layer(module_name(path))
    if path == ROOT / "cryoqa_plugin" / "__init__.py":
        assert all(not top or name in ("os", "os as _os") for name, _, top in imports(path))
        return
    assert mine is not None, f"{module_name(path)} belongs to no layer; put it into ORDER"
    for name, line, _ in imports(path):
        if name.split(".")[0] != "cryoqa_plugin":
            continue
        other = layer(name)
        if other is None:
            assert name.split(".")[1] in ("__version__", "__file__", "Plugin"), f"{path.name}:{line} imports {name} of no layer"
        else:
            assert ORDER.index(other) <= ORDER.index(mine), f"{path.name}:{line} ({mine}) imports {name} ({other}), a higher layer"


@over(FILES)
def test_packages_stay_where_they_belong(path):
    mine = layer(module_name(path))
    for name, line, _ in imports(path):
        first = name.split(".")[0]
        assert first not in ("protocols", "viewers", "tests"), f"{path.name}:{line}: import {name} by its full name, cryoqa_plugin.{name}"
        if first in ALLOWED:
            assert mine in ALLOWED[first], f"{path.name}:{line} imports {name}; allowed in {', '.join(ALLOWED[first])}"


@over(FILES)
def test_only_the_command_line_prints(path):
    if layer(module_name(path)) == "cli":
        return
    calls = [n.lineno for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "print"]
    assert not calls, f"{path.name} prints in line {calls[0]}; use logging"


def test_core_knows_no_files_and_raises_nothing_about_users():
    for path in FILES:
        if layer(module_name(path)) == "core":
            names = [name for name, _, _ in imports(path)]
            assert not [n for n in names if n.startswith("cryoqa_plugin.errors")], path.name
            assert not [n for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "open"], path.name


HEAVY = ("pwem", "pyworkflow", "matplotlib", "tkinter", "numba", "scipy", "numpy", "gemmi")


def _loaded_by(code):
    code = (f"import json, sys; sys.path.insert(0, {str(ROOT)!r}); {code}; "
            f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))")
    out = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, universal_newlines=True)
    return json.loads(out.stdout.splitlines()[-1])


def test_importing_the_package_loads_nothing_heavy():
    assert _loaded_by("import cryoqa_plugin") == []
    assert _loaded_by("import cryoqa_plugin.registry") == []


def test_the_command_line_and_the_methods_need_neither_scipion_nor_matplotlib():
    found = _loaded_by("import cryoqa_plugin.cli; from cryoqa_plugin.registry import CAPABILITIES, resolve; "
                       "[resolve(c.run) for c in CAPABILITIES]")
    assert not set(found) & {"pwem", "pyworkflow", "matplotlib", "tkinter"}


def test_there_is_no_plugin_class_until_it_is_asked_for():
    assert _loaded_by("import cryoqa_plugin; assert cryoqa_plugin.__version__; assert 'Plugin' not in vars(cryoqa_plugin)") == []


def test_there_are_no_import_circles():
    """Not even for annotations: a module that needs another one's class for its signature belongs above it."""
    graph = {module_name(p): set() for p in FILES}
    for path in FILES:
        for name, _, top in imports(path):
            target = next((n for n in (name, name.rpartition(".")[0]) if n in graph), None)
            if top and target and target != module_name(path):
                graph[module_name(path)].add(target)
    settled, left = set(), dict(graph)
    while True:
        ready = {n for n, needs in left.items() if needs <= settled}
        if not ready:
            break
        settled |= ready
        left = {n: needs for n, needs in left.items() if n not in ready}
    assert not left, f"modules that import each other, or import those: {', '.join(sorted(left))}"
