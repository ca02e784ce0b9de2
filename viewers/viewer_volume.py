"""Volumes and masks without ChimeraX and without Java."""
from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, List

from pwem.objects import SetOfVolumes, Volume
from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from . import files
from .chimerax_view import launcher
from .colours import DENSITY


class CryoqaVolumeViewer(Viewer):
    """Sections, projections and a gallery of volumes and masks, in grey or coloured by another map, with a mask contour.

    A map of local resolution, of any program, opens as the density of its run coloured by it.
    """

    _name = "cryoqa: sections and colours"
    _targets = [Volume, SetOfVolumes]
    _environments = [DESKTOP_TKINTER]

    def _visualize(self, obj: Any, **kwargs: Any) -> List[View]:
        from .volume_window import NONE, VolumeView
        maps = files.of_object(obj)
        if not maps:
            return [self.errorMessage("There is no volume in it.", "cryoqa")]
        project = self.getProject()
        os.makedirs(project.getTmpPath(), exist_ok=True)
        masks, volumes = files.of_project(project)
        known = {file.path: file for file in volumes.values() if file.quantity != DENSITY}   # the name of an output says it, too
        maps = {n: replace(f, quantity=known[f.path].quantity, resolution=known[f.path].resolution) if f.path in known else f
                for n, f in maps.items()}
        own = next(iter(maps))
        overlay, first, choices = NONE, own, dict(maps, **volumes)
        if maps[own].quantity != DENSITY:
            choices = dict(self._densities(obj), **choices)
            first, overlay = files.density_for(choices, maps[own]) or own, own
        self._views: List[View] = []
        return [VolumeView(choices, f"cryoqa: {own}", masks, choices, overlay=overlay, parent=self.formWindow, first=first,
                           chimerax=launcher(project.getTmpPath(), self._views.append))]

    def _densities(self, obj: Any) -> files.Choices:
        """The densities that the run of a volume went in with."""
        parent = obj.getObjParentId()
        run = next((r for r in self.getProject().getRuns() if r.getObjId() == parent), None)
        return files.densities(run) if run is not None else {}
