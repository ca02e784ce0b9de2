"""FSC curves in a plain window."""
from __future__ import annotations

from typing import Any, Dict, List

from pwem.objects import FSC, SetOfFSCs
from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from .panels import draw_fsc
from .windows import FigureView


class CryoqaFscViewer(Viewer):
    """FSC curves with their crossings at 0.143 and 0.5; a curve that never crosses is drawn all the same."""

    _targets = [FSC, SetOfFSCs]
    _environments = [DESKTOP_TKINTER]
    _name = "cryoqa FSC"

    def _visualize(self, obj: Any, **kwargs: Any) -> List[View]:
        return [fsc_view(curves_of(obj))]


def curves_of(obj: Any) -> Dict[str, Dict[str, Any]]:
    """The curves of a Scipion FSC or set of FSCs, by label."""
    out: Dict[str, Dict[str, Any]] = {}
    for i, item in enumerate(obj if isinstance(obj, SetOfFSCs) else [obj], start=1):
        x, y = item.getData()
        name = item.getObjLabel() or f"FSC {i}"
        out[name if name not in out else f"{name} {i}"] = dict(x=list(x), y=list(y))
    return out


def fsc_view(curves: Dict[str, Dict[str, Any]]) -> FigureView:
    """A window with FSC curves."""
    return FigureView(lambda figure: draw_fsc(figure, curves), "cryoqa: Fourier shell correlation", (8, 5.2))
