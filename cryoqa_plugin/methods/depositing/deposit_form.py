"""The numbers and texts that the form of an archive asks for."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Tuple

from ... import __version__
from ...io.entries import Entry
from ...io.maps import Map, whole_voxels
from ...provenance import library_versions
from ...results import Table
from ...study import Study
from ..map_info.header import words
from ..resolution.fsc import FscResult

COLUMNS = ("what the form asks for", "value")
REFERENCES = ("in the form of the entry", "refer to")


def form_rows(study: Study, values: Dict[str, Any], fsc: Optional[FscResult]) -> Table:
    """What is typed into the form.

    Parameters
    ----------
    study
        The maps as they were given.
    values
        Of the result, by field.
    fsc
        The FSC of the half-maps; None for a composite, which has none.

    Returns
    -------
    Table
        Questions and answers, both text.
    """
    primary, halves = values["primary"], "Half-maps" if fsc else "Half-maps of the composite (no gold standard)"
    rows: List[Tuple[str, str]] = [("Primary map", _named(study.primary_map, "emd_xxxxx.map")), *_of_map(primary),
                                   ("Contour level of the primary map", f"{values['contour']:.4g}"),
                                   (halves, f"{_named(study.half1, 'emd_xxxxx_half_map_1.map')}; "
                                            f"{_named(study.half2, 'emd_xxxxx_half_map_2.map')}"),
                                   ("Contour level of the half-maps", f"{values['contour_halves']:.4g}")]
    if study.mask is not None:
        rows.append(("Mask", _named(study.mask, "emd_xxxxx_msk_1.map")))
    rows += _of_parts(study) if fsc is None else _of_resolution(values, fsc)
    for entry in study.inputs.entries:
        rows.append(("Related entry", _called(entry)))
    return Table(COLUMNS, tuple(rows + _software(study)))


def references(study: Study, composite: bool) -> Optional[Table]:
    """Which entry refers to which: each of those that belong together to all the others.

    Parameters
    ----------
    study
        With the other entries.
    composite
        Whether this entry is that of a composite map.

    Returns
    -------
    Table or None
        A row for each entry, this one first; None without other entries.
    """
    names = [f"this one ({'composite, ' * composite}of {_file(study.primary_map)})"] + [_called(e) for e in study.inputs.entries]
    if len(names) < 2:
        return None
    return Table(REFERENCES, tuple((name, "; ".join(names[:i] + names[i + 1:])) for i, name in enumerate(names)))


def _called(entry: Entry) -> str:
    return f"{entry.name} ({'composite, ' * entry.composite}of {entry.primary})"


def _file(map_: Map) -> str:
    return os.path.basename(map_.path) if map_.path else "a map in memory"


def _of_resolution(values: Dict[str, Any], fsc: FscResult) -> List[Tuple[str, str]]:
    """Resolution, what it is read from, and the B-factor."""
    rows: List[Tuple[str, str]] = []
    if fsc.resolution is not None:
        rows += [("Resolution (Å)", f"{fsc.resolution:.2f}"), ("Resolution method", "FSC 0.143 CUT-OFF"), ("FSC", str(values["fsc_kind"]))]
    if values.get("reported") is not None:
        rows.append(("Resolution stated (Å)", f"{values['reported']:.2f}"))
    if fsc.bfactor is not None:
        rows.append(("B-factor of the Guinier plot of the half-maps (Å²)", f"{fsc.bfactor:.0f}"))
    return rows


def _of_parts(study: Study) -> List[Tuple[str, str]]:
    """Resolutions of the parts of a composite, which has none of its own."""
    known = [e.resolution for e in study.inputs.entries if e.resolution and not e.composite]
    return [("Resolution (Å), of the parts", f"{min(known):.2f} to {max(known):.2f}")] if known else []


def _named(map_: Map, file: str) -> str:
    return f"{file} (from {os.path.basename(map_.path)})" if map_.path else file


def _of_map(map_: Map) -> List[Tuple[str, str]]:
    start = whole_voxels(map_.origin, map_.voxel_size)
    origin = f"{words(map_.origin)} Å" + ("" if start is None else f" (voxel {words(start)})")
    data = map_.data
    return [("Box (voxels, x, y, z)", words(map_.shape[::-1])), ("Voxel size (Å, x, y, z)", words(map_.voxel_size)),
            ("Origin (x, y, z)", origin),
            ("Density: minimum, maximum, mean, standard deviation",
             words((float(data.min()), float(data.max()), float(data.mean(dtype="f8")), float(data.std(dtype="f8")))))]


def _software(study: Study) -> List[Tuple[str, str]]:
    """Versions of what checked the maps, and what their headers say of the programs that wrote them."""
    libraries = ", ".join(f"{name} {version}" for name, version in library_versions().items() if version)
    rows = [("Software of the FSC and this check", f"cryoqa {__version__} ({libraries})")]
    for kind, map_ in study.maps().items():
        for label in (map_.header.labels if map_.header is not None else ()):
            rows.append((f"Label in the header of {kind.replace('_', ' ')}", label))
    return rows
