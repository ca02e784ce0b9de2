"""The cells of a notebook, and what they give when they are run; needs the standard library alone."""
import ast
import contextlib
import io
import json
import os
from typing import NamedTuple, Optional


class Cell(NamedTuple):
    """One cell: its text, whether it is code, and the name of the picture that it draws."""

    text: str
    is_code: bool
    picture: Optional[str]


def read_cells(path):
    """The cells of a notebook."""
    with open(path, encoding="utf-8") as stream:
        return [Cell("".join(c["source"]), c["cell_type"] == "code", c["metadata"].get("picture")) for c in json.load(stream)["cells"]]


def run_cells(cells, folder, names=None):
    """Run the code in a folder, as a notebook would; yields each cell of code with the value of its last line.

    ``names`` becomes what the code knows. What it prints is kept from the screen.
    """
    names = {} if names is None else names
    back = os.getcwd()
    os.chdir(folder)
    try:
        for cell in cells:
            if cell.is_code:
                with contextlib.redirect_stdout(io.StringIO()):
                    value = _run(cell.text, names)
                yield cell, value
    finally:
        os.chdir(back)


def _run(text, names):
    tree = ast.parse(text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
