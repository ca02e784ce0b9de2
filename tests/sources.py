"""The project's own source files, for the tests that read them."""
from __future__ import annotations

import ast
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("cryoqa_plugin", "protocols", "viewers")


def _files():
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if not any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(ROOT).parts)]


FILES = _files()
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]


def module_name(path):
    """Full dotted name under which a file is imported."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts if parts[0] == "cryoqa_plugin" else ["cryoqa_plugin"] + parts)


@lru_cache(maxsize=None)
def tree(path):
    """Syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path):
    """All imports of a file, also those inside functions: (full dotted name, line, is at the top level)."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    top = {id(node) for node in tree(path).body}
    out = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            out += [(alias.name, node.lineno, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            out += [(".".join(base + [alias.name]), node.lineno, id(node) in top) for alias in node.names]
    return out


def over(files):
    """Makes a test of one file a test of all: some thousand small ones cost seconds, and what is wrong anywhere is said together."""
    def wrap(test):
        def of_all():
            wrong = []
            for path in files:
                try:
                    test(path)
                except AssertionError as error:
                    wrong.append(f"{path.relative_to(ROOT)}: {error}")
            assert not wrong, "\n".join(wrong)

        of_all.__name__, of_all.__doc__, of_all.__module__ = test.__name__, test.__doc__, test.__module__
        return of_all
    return wrap


def runnable(rows):
    """The capabilities whose extra packages are installed here: the others answer with what to install."""
    return [row for row in rows if all(find_spec(name) for name in row.extras)]
