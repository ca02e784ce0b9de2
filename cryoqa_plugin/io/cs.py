"""cryoSPARC's own files: ``.cs`` (numpy structured arrays) and ``.csg`` (groups of results)."""
from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..errors import FormatError, InputError
from .file_kinds import told

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


def read_cs(path: str) -> np.ndarray:
    """Structured array of a ``.cs`` file, shape (n,); texts stay bytes, see :func:`column`. Nothing is unpickled."""
    try:
        with open(path, "rb") as stream:
            magic = stream.read(6)
        if magic == _PACKED:
            raise FormatError(f"'{path}' is in cryoSPARC's compressed layout (CSDAT), which only cryosparc-tools reads; "
                              "export the result group, or save it with cryosparc-tools as a numpy file.")
        if magic != _NUMPY:
            raise FormatError(f"'{path}' is no .cs file (it begins with {magic!r} instead of \\x93NUMPY); give one that cryoSPARC wrote."
                              + told(path))
        data = np.load(path, allow_pickle=False, max_header_size=1 << 24)
    except OSError as error:
        raise InputError(f"'{path}' cannot be read ({error.strerror or error}); check the path and its permissions.") from None
    except (ValueError, EOFError) as error:
        raise FormatError(f"'{path}' cannot be read as a .cs file ({str(error).splitlines()[0]}); copy it again.") from None
    if data.dtype.names is None:
        raise FormatError(f"'{path}' holds a plain array without named columns; give a .cs file that cryoSPARC wrote.")
    return data


def column(data: np.ndarray, name: str) -> np.ndarray:
    """Column ``name`` (``prefix/field``) of a ``.cs`` array; bytes become str. ``None`` columns raise KeyError."""
    if name not in (data.dtype.names or ()):
        raise KeyError(name)
    values = data[name]
    return np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values


def volumes(path: str) -> Dict[str, Volume]:
    """Volumes of the first row of a ``.cs`` file by the prefix of their columns (``map``, ``map_half_A``, ...)."""
    data = read_cs(path)
    out: Dict[str, Volume] = {}
    for name in data.dtype.names:
        prefix, _, label = name.rpartition("/")
        if label != "path" or prefix == "blob" or not len(data):
            continue
        shape = data[prefix + "/shape"][0] if prefix + "/shape" in data.dtype.names else ()
        size = data[prefix + "/psize_A"][0] if prefix + "/psize_A" in data.dtype.names else None
        out[prefix] = Volume(prefix, str(column(data, name)[0]), tuple(int(n) for n in np.atleast_1d(shape)),
                             None if size is None else float(f"{float(size):.7g}"))
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
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = stream.read().splitlines()
    except OSError as error:
        raise InputError(f"'{path}' cannot be read ({error.strerror or error}); check the path and its permissions.") from None
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
