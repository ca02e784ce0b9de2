"""The kinds of input that capabilities declare, and the object that carries them."""
from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import InputError, MissingInputError
from .maps import Map, MapHeader, read_header, read_map
from .models import Model, read_model


@dataclass(frozen=True)
class InputKind:
    """One kind of input: ``is_map`` tells a map from a model; of a kind with ``many`` there may be several files."""

    name: str
    label: str
    help: str
    is_map: bool = True
    many: bool = False


class _Kinds(Dict[str, InputKind]):
    """The kinds by name; the files of a kind with ``many`` are ``<kind>_1``, ``<kind>_2``, ..."""

    def __missing__(self, name: str) -> InputKind:
        base, number = base_kind(name), name.rpartition("_")[2]
        if base == name:
            raise KeyError(name)
        return replace(self[base], name=name, label=f"{self[base].label} {number}", many=False)


def base_kind(name: str) -> str:
    """The kind of an input: ``others`` for ``others_2``, the name itself for most."""
    head, _, number = name.rpartition("_")
    return head if number.isdigit() and head in KINDS and KINDS[head].many else name


def expand(sources: Mapping[str, Union[str, Sequence[str], None]]) -> Dict[str, str]:
    """Sources with a name for each file: ``{"others": [a, b]}`` becomes ``{"others_1": a, "others_2": b}``."""
    out: Dict[str, str] = {}
    for name, value in sources.items():
        if name in KINDS and KINDS[name].many and value:
            files = [value] if isinstance(value, (str, os.PathLike)) else list(value)
            out.update({f"{name}_{i}": os.fspath(path) for i, path in enumerate(files, 1)})
        elif value:
            out[name] = os.fspath(value)
    return out


KINDS: Dict[str, InputKind] = _Kinds({k.name: k for k in (
    InputKind("full_map", "Map", "The map to look at (MRC, CCP4 or MAP, also gz or bz2)."),
    InputKind("half1", "Half-map 1", "First of two independent half-maps, neither masked nor filtered."),
    InputKind("half2", "Half-map 2", "Second half-map, on the grid of the first."),
    InputKind("mask", "Mask", "Soft mask with values from 0 to 1, on the grid of the maps."),
    InputKind("mask2", "Second mask", "Mask to combine with the first one, on the same grid."),
    InputKind("resolution_map", "Local-resolution map", "Local resolution in Å at every voxel, on the grid of the maps; from any program."),
    InputKind("reference_map", "Reference map", "Map whose fall-off with resolution is to be matched, on the grid of the maps."),
    InputKind("others", "Other map", "Maps of the same data, made in other ways, on the grid of the maps.", many=True),
    InputKind("model", "Atomic model", "PDB or mmCIF file (also gz) placed in the map.", is_map=False),
)})


@dataclass(frozen=True)
class Inputs:
    """What a method works on; what was not given is None."""

    full_map: Optional[Map] = None
    half1: Optional[Map] = None
    half2: Optional[Map] = None
    mask: Optional[Map] = None
    mask2: Optional[Map] = None
    resolution_map: Optional[Map] = None
    reference_map: Optional[Map] = None
    others: Tuple[Map, ...] = ()
    model: Optional[Model] = None

    def given(self) -> Dict[str, Any]:
        """The inputs that are there, by kind; each of the ``others`` by its own name."""
        out = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "others" and getattr(self, f.name) is not None}
        return dict(out, **{f"others_{i}": m for i, m in enumerate(self.others, 1)})

    def changed(self, name: str, **fields_of_map: Any) -> "Inputs":
        """These inputs with fields of one map replaced."""
        if base_kind(name) == "others" and name != "others":
            at = int(name.rpartition("_")[2]) - 1
            return replace(self, others=tuple(replace(m, **fields_of_map) if i == at else m for i, m in enumerate(self.others)))
        return replace(self, **{name: replace(getattr(self, name), **fields_of_map)})

    def maps(self) -> Dict[str, Map]:
        """The maps and masks that are there, by kind."""
        return {n: v for n, v in self.given().items() if KINDS[n].is_map}


def load_inputs(sources: Mapping[str, str]) -> Inputs:
    """Read the files of ``sources`` (kind -> path)."""
    read = {n: read_map(p) if KINDS[n].is_map else read_model(p) for n, p in expand(sources).items()}
    others = sorted((n for n in read if base_kind(n) != n), key=lambda n: int(n.rpartition("_")[2]))
    return Inputs(others=tuple(read.pop(n) for n in others), **read)


def missing(needed: Sequence[str], sources: Mapping[str, str]) -> List[str]:
    """Sentences about inputs that are needed and not given, or whose file is not there."""
    given = {base_kind(n) for n, p in sources.items() if p}
    out = [f"{KINDS[n].label} is needed and was not given; give its file." for n in needed if n not in given]
    out += [f"{KINDS[n].label} '{p}' does not exist; check the path." for n, p in sources.items()
            if p and not os.path.isfile(p)]
    return out


def grid_problems(headers: Mapping[str, MapHeader]) -> List[str]:
    """Sentences about maps that do not lie on one grid (box or voxel size differ).

    ``headers`` may hold :class:`MapHeader` or :class:`Map`: both have ``shape``, ``voxel_size`` and ``path``.
    """
    names = list(headers)
    out = []
    for name in names[1:]:
        a, b = headers[names[0]], headers[name]
        la, lb = KINDS[names[0]].label.lower(), KINDS[name].label.lower()
        files = f"({a.path}, {b.path})"
        if a.shape != b.shape:
            out.append(f"The {la} is {_box(a)} voxels but the {lb} is {_box(b)} {files}. "
                       "Resample or crop one of them to the grid of the other.")
        elif any(abs(p - q) > 2e-3 * max(p, q) for p, q in zip(a.voxel_size, b.voxel_size)):
            out.append(f"The {la} has voxels of {_size(a)} Å but the {lb} of {_size(b)} Å {files}. "
                       "Correct the header of the wrong one, or resample it.")
    return out


def _box(m: Any) -> str:
    return " x ".join(str(n) for n in m.shape[::-1])


def _size(m: Any) -> str:
    x, y, z = m.voxel_size
    return f"{x:.4g}" if abs(x - y) < 1e-4 and abs(x - z) < 1e-4 else f"{x:.4g} x {y:.4g} x {z:.4g}"


def require_same_grid(maps: Mapping[str, Any]) -> None:
    """Raise :class:`InputError` when the maps do not lie on one grid."""
    wrong = grid_problems(maps)
    if wrong:
        raise InputError(wrong[0])


def require(inputs: Inputs, *names: str) -> None:
    """Raise :class:`MissingInputError` when one of the named inputs was not given."""
    for name in names:
        if getattr(inputs, name) is None:
            raise MissingInputError(f"{KINDS[name].label} is needed and was not given; give its file.")


def read_headers(sources: Mapping[str, str]) -> Dict[str, MapHeader]:
    """Headers of the maps among ``sources``."""
    return {n: read_header(p) for n, p in sources.items() if p and KINDS[n].is_map}
