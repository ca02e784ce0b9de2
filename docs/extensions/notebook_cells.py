"""The cells of a notebook, and what they give when they are run; needs the standard library alone."""
import ast
import contextlib
import io
import json
import os
from typing import NamedTuple, Optional


class Cell(NamedTuple):
    """One cell: its text, whether it is code, the name of the picture that it draws, and the text that it gave when it was run."""

    text: str
    is_code: bool
    picture: Optional[str]
    output: str


def read_cells(path):
    """The cells of a notebook."""
    with open(path, encoding="utf-8") as stream:
        return [Cell("".join(c["source"]), c["cell_type"] == "code", c["metadata"].get("picture"),
                     "".join("".join(o["text"]) for o in c.get("outputs", []))) for c in json.load(stream)["cells"]]


def run_cells(cells, folder, names=None):
    """Run the code in a folder, as a notebook would; yields each cell of code, the value of its last line, and the text to be seen.

    ``names`` becomes what the code knows.
    """
    names = {} if names is None else names
    back = os.getcwd()
    os.chdir(folder)
    try:
        for cell in cells:
            if cell.is_code:
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    value = _run(cell.text, names)
                yield cell, value, printed.getvalue() + ("" if value is None or cell.picture else repr(value) + "\n")
    finally:
        os.chdir(back)


def keep_outputs(path, texts):
    """Store the text that each cell of code gave in the notebook, in their order."""
    with open(path, encoding="utf-8") as stream:
        notebook = json.load(stream)
    for cell, text in zip([c for c in notebook["cells"] if c["cell_type"] == "code"], texts):
        cell["outputs"] = [dict(output_type="stream", name="stdout", text=text.splitlines(True))] if text else []
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def _run(text, names):
    tree = ast.parse(text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
