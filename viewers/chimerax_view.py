"""ChimeraX where it is installed, else a script for it."""
from __future__ import annotations

import os
from dataclasses import replace
from typing import Callable, Dict, Optional, Sequence

import numpy as np
from pyworkflow.viewer import View

from cryoqa_plugin.io.maps import Map, MapHeader
from cryoqa_plugin.report.scale import Scale

from .chimerax import Colouring, Outline, lowest_of, write_script
from .colours import FIRST, WORDS, steps_of
from .files import MapFile
from .volume_figure import Look, Scene


def chimerax_program() -> str:
    """Path of ChimeraX, empty where it is not installed."""
    from pwem.viewers import Chimera
    found = Chimera.getProgram() or ""
    return found if os.path.isfile(found) else ""


def surface_level(map_: Map) -> float:
    """Density of the surface of a map, chosen as in the report."""
    from cryoqa_plugin.core import isosurface
    return isosurface.contour_level(isosurface.smooth(isosurface.shrink(map_.data)[0], 0.8))


def colouring_of(scene: Scene, file: MapFile, scale: Optional[Scale] = None, colours: str = FIRST) -> Colouring:
    """What colours the map of a scene: its second map, which lies in ``file``, by a range or by the rule of what it holds."""
    known = scene.overlay.data[scene.known]
    scale = scale or scene.scale
    return Colouring(file.header(), WORDS.get(scene.quantity, scene.overlay_name), scene.unit, scale, lowest_of(np.asarray(known)), colours,
                     steps_of(scene.quantity, scale))


def on_the_map(header: MapHeader, map_: MapHeader) -> MapHeader:
    """A map of the box of another one, which the windows lay over it voxel on voxel, in the place of that; else as it is."""
    return replace(header, voxel_size=map_.voxel_size, origin=map_.origin) if header.shape == map_.shape else header


def write_scene(path: str, scene: Scene, files: Dict[str, Optional[MapFile]], look: Look, masks: Sequence[MapHeader] = (),
                model: Optional[str] = None, shapes: str = "") -> str:
    """Write the ChimeraX script of a scene, coloured as it is, and return its path.

    ``files`` are those of its ``map``, ``overlay`` and ``outline``. The surface is at the threshold of the colours, else at a level that
    fits; of the outline there is a mesh. A mean of half-maps is written beside the script.
    """
    shown = files["map"].one_file(os.path.splitext(path)[0] + "_mean.mrc")
    level = scene.level(look)
    map_, colouring = shown.header(), None
    if scene.overlay is not None:
        colouring = colouring_of(scene, files["overlay"], look.scale, look.colours)
        colouring = replace(colouring, map=on_the_map(colouring.map, map_))
    outline, second = None, files.get("outline")
    if scene.outline is not None and second is not None:
        second = second.one_file(os.path.splitext(path)[0] + "_outline.mrc")
        outline = Outline(second.header(), scene.outline_level(look))
    return write_script(path, [map_], [on_the_map(mask, map_) for mask in masks], model, colouring,
                        surface_level(scene.map) if level is None else level, outline, shapes)


def launcher(folder: str, keep: Callable[[View], None],
             shapes: Callable[[MapHeader], str] = lambda header: "") -> Callable[[Dict[str, Optional[MapFile]], Scene, Look], str]:
    """What the button of a window of maps does: a script ``cryoqa_window.cxc`` in ``folder``, opened where ChimeraX is installed.

    ``shapes`` gives the path of shapes to show over a map, empty for none.
    """
    def launch(files: Dict[str, Optional[MapFile]], scene: Scene, look: Look) -> str:
        masks = [files["mask"].header()] if files.get("mask") is not None else []
        path = os.path.abspath(write_scene(os.path.join(folder, "cryoqa_window.cxc"), scene, files, look, masks,
                                           shapes=shapes(files["map"].header())))
        if not chimerax_program():
            return f"ChimeraX was not found. The script for it is {path}"
        from pwem.viewers import ChimeraView
        view = ChimeraView(path)
        keep(view)
        view.show()
        return f"ChimeraX was started with {path}"
    return launch
