"""cryoSPARC's own files: ``.cs`` (numpy structured arrays) and ``.csg`` (groups of results)."""
from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..errors import FormatError
from .file_kinds import told
from .reading import reader, reason

_cs = reader(".cs file", "copy it again", "a .cs")
_NUMPY, _PACKED = b"\x93NUMPY", b"\x95CSDAT"


@dataclass(frozen=True)
class Volume:
    """One volume of a ``.cs`` file: ``path`` as written there (relative to the project), ``shape``, ``voxel_size`` in Å."""

    name: str
    path: str
    shape: Tuple[int, ...] = ()
    voxel_size: Optional[float] = None


@dataclass(frozen=True)
class Group:
    """A ``.csg`` file: ``results`` maps the name of a result to (path of its ``.cs`` file, type, number of items)."""

    name: str
    type: str
    version: str
    results: Dict[str, Tuple[str, str, int]] = field(default_factory=dict)


@_cs
def read_cs(path: str) -> np.ndarray:
    """Structured array of a ``.cs`` file, shape (n,); texts stay bytes, see :func:`column`. Nothing is unpickled."""
    with open(path, "rb") as stream:
        magic = stream.read(6)
    if magic == _PACKED:
        raise FormatError(f"'{path}' is in cryoSPARC's compressed layout (CSDAT), which only cryosparc-tools reads; "
                          "export the result group, or save it with cryosparc-tools as a numpy file.")
    if magic != _NUMPY:
        raise FormatError(f"'{path}' is no .cs file (it begins with {magic!r} instead of \\x93NUMPY); give one that cryoSPARC wrote."
                          + told(path))
    try:
        data = np.load(path, allow_pickle=False, max_header_size=1 << 24)
    except Exception as error:                               # the header is Python's text: a parser of Python refuses it in many ways
        raise FormatError(f"'{path}' cannot be read as a .cs file ({reason(error)}); copy it again.") from None
    if data.dtype.names is None:
        raise FormatError(f"'{path}' holds a plain array without named columns; give a .cs file that cryoSPARC wrote.")
    return data


def column(data: np.ndarray, name: str) -> np.ndarray:
    """Column ``name`` (``prefix/field``) of a ``.cs`` array; bytes become str. Columns that are not there raise KeyError."""
    if name not in (data.dtype.names or ()):
        raise KeyError(name)
    values = data[name]
    return np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values


def numbers(data: np.ndarray, name: str, path: str, width: int = 0) -> np.ndarray:
    """A column of finite numbers of a ``.cs`` array.

    Parameters
    ----------
    data, name
        As of :func:`column`.
    path
        The file, for the sentence.
    width
        Numbers a row, 0 for one that is no list.

    Returns
    -------
    ndarray
        As it stands in the file, [n] or [n, width].

    Raises
    ------
    FormatError
        The column has text, another shape, or a value that is not finite: file, column, row and value are named.
    """
    values = data[name]
    if values.dtype.kind not in "iuf" or values.shape[1:] != ((width,) if width else ()):
        row = f", such as {values[0]!r} in row 1," if len(values) else ""
        wanted = f"{width} numbers" if width else "one number"
        raise FormatError(f"Column {name} of '{path}' holds values of type {values.dtype}{row} where each row has {wanted}; copy it again.")
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        raise FormatError(f"Column {name} of '{path}' has {values[tuple(wrong[0])]} in row {wrong[0][0] + 1}, which is no finite number; "
                          "copy it again.")
    return values


@_cs
def volumes(path: str) -> Dict[str, Volume]:
    """Volumes of the first row of a ``.cs`` file by the prefix of their columns (``map``, ``map_half_A``, ...)."""
    data = read_cs(path)
    out: Dict[str, Volume] = {}
    for name in data.dtype.names:
        prefix, _, label = name.rpartition("/")
        if label != "path" or prefix == "blob" or not len(data):
            continue
        shape, size = prefix + "/shape", prefix + "/psize_A"
        box = numbers(data, shape, path, 3)[0] if shape in data.dtype.names else ()
        voxel = numbers(data, size, path)[0] if size in data.dtype.names else None
        out[prefix] = Volume(prefix, str(column(data, name)[0]), tuple(int(n) for n in box),
                             None if voxel is None else float(f"{float(voxel):.7g}"))
    return out


def resolve(text: str, project: str) -> Optional[str]:
    """Absolute path of a file named relative to the project folder, or None when it would leave that folder.

    A leading ``>`` (relative to the group file) is dropped; absolute paths and ``..`` that climb out are refused.
    """
    top = os.path.realpath(project)
    path = os.path.normpath(os.path.join(top, text.lstrip(">").strip()))
    if os.path.isabs(text.lstrip(">").strip()) or os.path.commonpath([top, path]) != top:
        return None
    return path


@reader(".csg file", "copy it again")
def read_csg(path: str) -> Group:
    """A ``.csg`` file; its ``.cs`` files are given as paths beside it, those that would leave its folder are left out."""
    tree = _tree(path)
    group = tree.get("group")
    results = tree.get("results")
    if not isinstance(group, dict) or not isinstance(results, dict):
        raise FormatError(f"'{path}' has no 'group' and 'results', so it is no .csg file; give one that cryoSPARC wrote.")
    folder = os.path.dirname(os.path.abspath(path))
    out: Dict[str, Tuple[str, str, int]] = {}
    for name, entry in results.items():
        if isinstance(entry, dict) and entry.get("metafile"):
            target = resolve(str(entry["metafile"]), folder)
            if target:
                items = str(entry.get("num_items", ""))
                out[name] = (target, str(entry.get("type", "")), int(items) if items.isdigit() else 0)
    return Group(str(group.get("name", "")), str(group.get("type", "")), str(tree.get("version", "")).lstrip("v"), out)


def _tree(path: str) -> Dict[str, Any]:
    """Nested mappings of the little YAML that cryoSPARC writes: indented ``key: value`` lines, one value a line."""
    with open(path, encoding="utf-8", errors="replace") as stream:
        lines = stream.read().splitlines()
    root: Dict[str, Any] = {}
    stack: List[Tuple[int, Dict[str, Any]]] = [(-1, root)]
    for line in lines:
        text = line.strip()
        if not text or text.startswith(("#", "-")) or ":" not in text:
            continue
        indent = len(line) - len(line.lstrip())
        key, _, value = (part.strip() for part in text.partition(":"))
        while stack[-1][0] >= indent:
            stack.pop()
        if value:
            stack[-1][1][_unquoted(key)] = _unquoted(value)
        else:
            child: Dict[str, Any] = {}
            stack[-1][1][_unquoted(key)] = child
            stack.append((indent, child))
    return root


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
