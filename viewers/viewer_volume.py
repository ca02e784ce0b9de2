"""Volumes and masks without ChimeraX and without Java."""
from __future__ import annotations

from typing import Any, List

from pwem.objects import SetOfVolumes, Volume
from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from . import files


class CryoqaVolumeViewer(Viewer):
    """Sections and projections of volumes and masks, with a mask contour and a second map in colour."""

    _name = "cryoqa: sections and projections"
    _targets = [Volume, SetOfVolumes]
    _environments = [DESKTOP_TKINTER]

    def _visualize(self, obj: Any, **kwargs: Any) -> List[View]:
        from .windows import VolumeView
        maps = files.of_object(obj)
        if not maps:
            return [self.errorMessage("There is no volume in it.", "cryoqa")]
        masks, volumes = files.of_project(self.getProject())
        return [VolumeView(maps, f"cryoqa: {next(iter(maps))}", masks, dict(maps, **volumes), parent=self.formWindow)]
