"""Every public function, class and module says what it is, and every public function says its types."""
from __future__ import annotations

import ast
import inspect

from sources import FILES, ROOT, imports, over, tree

# Methods that pyworkflow or the standard library name and call: their documentation is there.
INHERITED = {"__init__", "__enter__", "__exit__", "__call__", "__getattr__", "__setattr__", "__repr__", "__len__", "__iter__"}
SCIPION = ("protocols", "viewers", "scipion.py")

# Rooms whose public functions say in numpydoc sections what goes in and what comes out.
ROOMS = ("core", "study", "methods")
SECTIONS = ("Parameters", "Returns", "Yields", "Raises", "See Also", "Notes", "References", "Examples")       # in this order


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


@over(FILES)
def test_everything_public_has_a_docstring(path):
    assert ast.get_docstring(tree(path)) or not tree(path).body, "the module has none"
    for name, node, inherited in _public(path):
        if inherited and path.relative_to(ROOT).parts[0] in SCIPION:
            continue                                             # names that pyworkflow gives
        text = ast.get_docstring(node)
        assert text, f"{name} has no docstring"
        assert text.split("\n\n")[0].rstrip().endswith((".", ":", "?")), f"the first paragraph of {name} is not a sentence"


@over(FILES)
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


def _room(path):
    """The room of a file that must have sections, else None."""
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "cryoqa_plugin" and len(parts) > 2 and parts[1] in ROOMS else None


def _functions(path):
    """Public functions of a module and methods of its public classes, properties left out: (dotted name, node)."""
    return [(name, node) for name, node, _ in _public(path) if isinstance(node, ast.FunctionDef) and not _decorators(node) & {"property"}]


def _sections(node):
    """Lines of each numpydoc section of a docstring, by title, in order."""
    lines = inspect.cleandoc(ast.get_docstring(node) or "").split("\n")
    at = [i for i in range(1, len(lines) - 1) if lines[i + 1] and not lines[i + 1].strip("-") and lines[i] and not lines[i - 1]]
    return {lines[i]: lines[i + 2:stop] for i, stop in zip(at, at[1:] + [len(lines)])}


def _named(lines):
    """Names that a Parameters section explains: those of the lines that are not indented, each with something below it."""
    names = []
    for line, below in zip(lines, lines[1:] + [""]):
        if line and not line.startswith(" "):
            found = [name.strip().lstrip("*") for name in line.split(" : ")[0].split(",")]
            names += found if below.startswith("    ") else []
    return names


def _arguments(node):
    every = node.args.posonlyargs + node.args.args + node.args.kwonlyargs + [a for a in (node.args.vararg, node.args.kwarg) if a]
    return [a.arg for a in every if a.arg not in ("self", "cls")]


def _has_numbers(annotation):
    """Numbers and arrays come back bare, so that shape, dtype and unit are to be said; a record has a docstring of its own."""
    names = {getattr(n, "id", getattr(n, "attr", "")) for n in (ast.walk(annotation) if annotation else ())}
    return bool(names & {"ndarray", "float", "int", "complex"})


def _missing(name, node):
    """What the docstring of a function lacks, one sentence each."""
    sections, out = _sections(node), []
    arguments, explained = _arguments(node), _named(sections.get("Parameters", []))
    forgotten, unknown = [a for a in arguments if a not in explained], [a for a in explained if a not in arguments]
    out += [f"{name}: Parameters does not name {', '.join(forgotten)}"] if forgotten else []
    out += [f"{name}: Parameters names {', '.join(unknown)}, which it does not take"] if unknown else []
    if _has_numbers(node.returns) and not {"Returns", "Yields"} & set(sections):
        out.append(f"{name}: no Returns")
    if "Raises" not in sections and any(isinstance(n, ast.Raise) and isinstance(n.exc, ast.Call) for n in ast.walk(node)):
        out.append(f"{name}: no Raises")
    known = [title for title in SECTIONS if title in sections]
    if list(sections) != known:
        out.append(f"{name}: sections {', '.join(sections)}; numpydoc has {', '.join(known)} in this order, and no others")
    return out


IN_ROOMS = [path for path in FILES if _room(path)]


@over(IN_ROOMS)
def test_public_functions_have_numpydoc_sections(path):
    missing = [sentence for name, node in _functions(path) for sentence in _missing(name, node)]
    assert not missing, "\n".join(missing)


def test_every_room_has_all_its_sections():
    """A room that is not looked at any more would pass all of those."""
    counts = {room: {"functions": 0, "Parameters": 0, "Returns": 0} for room in ROOMS}
    for path in IN_ROOMS:
        for _, node in _functions(path):
            found = _sections(node)
            count = counts[_room(path)]
            count["functions"] += 1
            count["Parameters"] += "Parameters" in found or not _arguments(node)
            count["Returns"] += "Returns" in found
    for room, functions, returns in (("core", 195, 185), ("study", 50, 35), ("methods", 290, 200)):
        assert counts[room]["Parameters"] == counts[room]["functions"] >= functions, counts
        assert counts[room]["Returns"] >= returns, counts


@over([p for p in FILES if "methods" in p.parts and p.name not in ("__init__.py", "common.py")])
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
