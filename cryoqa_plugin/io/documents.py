"""Documents of cryoqa that are read again: results, errors and validations, each with the blocks that its readers go through."""
from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from ..errors import FormatError
from ..results import read_json
from .reading import reader

_Types = Mapping[str, type]
_RESULT: _Types = {"capability": str, "title": str, "summary": str, "inputs": dict, "parameters": dict, "metrics": dict, "curves": dict,
                   "tables": dict, "maps": dict, "checks": list, "warnings": list, "provenance": dict}
_VALIDATION: _Types = {"summary": str, "warnings": list, "levels": list, "inputs": dict, "items": list, "resolutions": list,
                       "not_done": list}
_NEEDED = ("capability", "title", "metrics", "summary", "items")              # what else is not there was not known to an earlier version
_ENTRIES: Mapping[str, Tuple[str, ...]] = {      # what each entry of a block has
    "inputs": ("path",), "metrics": ("value", "unit"), "curves": ("x", "y"), "tables": ("columns", "rows"), "maps": ("path",),
    "checks": ("metric", "status", "sentence"), "items": ("id", "title", "status", "checks"), "not_done": ("capability", "error")}


@reader("result", "run the capability again")
def read_document(path: str) -> Dict[str, Any]:
    """A result, an error or a validation that a run of cryoqa wrote.

    Parameters
    ----------
    path
        ``result.json``, ``error.json`` or ``validation.json``.

    Returns
    -------
    dict
        Its blocks are of their kind, and so are the entries in them.

    Raises
    ------
    MissingInputError, InputError
        There is no such file, or it is no plain file.
    FormatError
        It is no document of cryoqa, or damaged.
    """
    document = read_json(path)
    if not isinstance(document, dict):
        raise _broken(path)
    if isinstance(document.get("error"), str):
        return document
    for name, kind in (_VALIDATION if "items" in document else _RESULT).items():
        block = document.get(name)
        if block is None and name not in _NEEDED:
            continue
        if not isinstance(block, kind):
            raise _broken(path, name)
        wanted = _ENTRIES.get(name, ())
        entries = block.values() if isinstance(block, dict) else block if isinstance(block, list) else ()
        if wanted and not all(isinstance(e, dict) and all(w in e for w in wanted) for e in entries):
            raise _broken(path, name)
    return document


def _broken(path: str, block: str = "") -> FormatError:
    return FormatError(f"The result '{path}' is not a document of cryoqa, or damaged{f' (its {block})' * bool(block)}; run the capability "
                       "again.")
