"""Volumes and masks in a plain window."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Optional

from pwem.objects import SetOfVolumes, Volume
from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer

from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.protocols.inputs import plain

from .panels import VolumePanel
from .windows import FigureView


class CryoqaVolumeViewer(Viewer):
    """Three slices with sliders, projections, mask contour and a second map in colour; needs neither ChimeraX nor Java."""

    _targets = [Volume, SetOfVolumes]
    _environments = [DESKTOP_TKINTER]
    _name = "cryoqa slices"

    def _visualize(self, obj: Any, **kwargs: Any) -> List[View]:
        volumes = [item.clone() for item in obj] if isinstance(obj, SetOfVolumes) else [obj]
        return [volume_view(map_of(v)) for v in volumes]


def map_of(volume: Volume) -> Map:
    """A Scipion volume or mask as a map, with the sampling rate and origin that Scipion knows."""
    map_ = read_map(plain(volume.getFileName()))
    if volume.getSamplingRate():
        map_ = replace(map_, voxel_size=(float(volume.getSamplingRate()),) * 3)
    if volume.hasOrigin():
        map_ = replace(map_, origin=tuple(float(v) for v in volume.getOrigin().getShifts()))
    return map_


def volume_view(map_: Map, mask: Optional[Map] = None, overlay: Optional[Map] = None) -> FigureView:
    """A window on a map, with the contour of a mask and a second map when they have its box."""
    extra = {n: m.data for n, m in (("mask", mask), ("overlay", overlay)) if m is not None and m.shape == map_.shape}

    def draw(figure: Any) -> VolumePanel:
        return VolumePanel(figure, map_.data, map_.voxel_size, map_.origin, title=map_.path or "", **extra)

    return FigureView(draw, f"cryoqa: {map_.path}")
