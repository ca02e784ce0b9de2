"""FSC curves of any program."""
from __future__ import annotations

from typing import Any, List

from pwem.objects import FSC, SetOfFSCs
from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from .fsc_figure import Line, line


class CryoqaFscViewer(Viewer):
    """FSC curves with their crossings at 0.143, 0.5 or any threshold; a curve that never crosses is drawn, and said not to."""

    _name = "cryoqa: curves and crossings"
    _targets = [FSC, SetOfFSCs]
    _environments = [DESKTOP_TKINTER]

    def _visualize(self, obj: Any, **kwargs: Any) -> List[View]:
        from .windows import FscView
        lines = lines_of(obj)
        if not lines:
            return [self.errorMessage("There is no curve in it.", "cryoqa")]
        return [FscView(lines, f"cryoqa: {obj.getObjLabel() or 'Fourier shell correlation'}", parent=self.formWindow)]


def lines_of(obj: Any) -> List[Line]:
    """The curves of an FSC or of a set of them; those with fewer than two points are left out."""
    out = []
    for i, item in enumerate([f.clone() for f in obj.iterItems()] if isinstance(obj, SetOfFSCs) else [obj], start=1):
        x, y = ([float(v) for v in values] for values in item.getData())
        if len(x) > 1:
            out.append(line(item.getObjLabel() or f"FSC {i}", x, y))
    return out
