"""The files that the report is about."""
from __future__ import annotations

from typing import Any, List, Mapping

from ...io.inputs import KINDS
from ..blocks import Block, Rows, Text, show
from ..draw import file_name
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """One row a file: box, voxel size, origin; then where the files are and their SHA-256."""
    inputs = results.inputs()
    if not inputs:
        return [Text("No input file is recorded.")]
    made = {kind: " (made in this run)" if results.made_here(e) else "" for kind, e in inputs.items()}
    rows = tuple((_label(kind), file_name(e) + made[kind], _box(e), _sizes(e.get("voxel_size")), _sizes(e.get("origin")))
                 for kind, e in inputs.items())
    files = tuple((_label(kind), e["path"], e.get("sha256", "")) for kind, e in inputs.items())
    return [Rows("Files", ("Input", "File", "Box (x × y × z)", "Voxel size (Å)", "Origin (Å)"), rows),
            Rows("Paths and checksums", ("Input", "Path", "SHA-256"), files, folded=True)]


def _label(kind: str) -> str:
    return KINDS[kind].label if kind in KINDS else kind


def _box(entry: Mapping[str, Any]) -> str:
    return " × ".join(str(n) for n in entry["shape"][::-1]) if entry.get("shape") else "–"


def _sizes(values: Any) -> str:
    if not values:
        return "–"
    return show(float(values[0])) if max(values) - min(values) < 1e-6 else " × ".join(show(float(v)) for v in values)


SECTION = Section(
    id="input", title="Input", order=10, asks="file",
    how_to_read="Check that these are the files you meant, and that the voxel size is the calibrated one: every resolution in this "
                "report is proportional to it. All maps share one grid.",
    render=render)
