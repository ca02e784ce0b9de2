"""Windows around figures, the report in a browser, and scripts for those who have ChimeraX."""
from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from typing import Any, Callable, Optional, Sequence, Tuple

from matplotlib.figure import Figure
from pyworkflow.viewer import View

from cryoqa_plugin.io.maps import Map


class FigureView(View):
    """A figure in a window of its own; ``draw(figure)`` fills it and what it returns is kept alive with the window."""

    def __init__(self, draw: Callable[[Figure], Any], title: str, size: Tuple[float, float] = (11, 5.2)) -> None:
        super().__init__()
        self._draw, self._title, self._size = draw, title, size
        self.content: Any = None

    def figure(self) -> Figure:
        """The figure alone, for a file or a test."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        figure = Figure(figsize=self._size, dpi=100)
        FigureCanvasAgg(figure)
        self.content = self._draw(figure)
        return figure

    def show(self) -> None:
        """Open the window; in a program without a Tk loop of its own it stays until it is closed."""
        import tkinter
        from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg, NavigationToolbar2Tk
        alone = tkinter._default_root is None                # pyworkflow has made the root when it is there
        window = tkinter.Tk() if alone else tkinter.Toplevel()
        window.title(self._title)
        figure = Figure(figsize=self._size, dpi=100)
        canvas = FigureCanvasTkAgg(figure, master=window)
        NavigationToolbar2Tk(canvas, window)
        canvas.get_tk_widget().pack(fill="both", expand=True)
        window.content = self.content = self._draw(figure)   # matplotlib's widgets die when nobody holds them
        canvas.draw()
        if alone:
            window.mainloop()


class ReportView(View):
    """The HTML report of a folder of results, in the browser; drawn when it is not there."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def path(self) -> str:
        """Path of the report."""
        path = os.path.join(self._folder, "report.html")
        if not os.path.isfile(path):
            from cryoqa_plugin.report.assemble import write_report
            write_report(self._folder)
        return path

    def show(self) -> None:
        """Open it."""
        webbrowser.open(Path(os.path.abspath(self.path())).as_uri())


def chimerax_script(path: str, maps: Sequence[Map], masks: Sequence[Map] = (), model: Optional[str] = None) -> str:
    """Write a ChimeraX command file that opens maps with their voxel size and origin, masks as meshes, and a model; returns its path."""
    lines = []
    for i, map_ in enumerate(list(maps) + list(masks), start=1):
        lines.append(f'open "{os.path.abspath(map_.path)}"')
        lines.append(f"volume #{i} voxelSize {','.join(f'{v:.6g}' for v in map_.voxel_size)} "
                     f"origin {','.join(f'{v:.6g}' for v in map_.origin)}")
        if i > len(maps):
            lines.append(f"volume #{i} style mesh level 0.5 color #2e7daa80")
        else:
            lines.append(f"volume #{i} style surface step 1 sdLevel 3")
    if model:
        lines += [f'open "{os.path.abspath(model)}"', "hide atoms", "show cartoons"]
    lines += ["view", "set bgColor white", "lighting soft"]
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
    return path
