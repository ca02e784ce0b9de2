"""Which files the viewers show, and what Scipion knows about them."""
from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, Dict, Optional, Tuple

from pwem.objects import SetOfVolumes, Volume, VolumeMask

from cryoqa_plugin.io.inputs import KINDS
from cryoqa_plugin.io.maps import Map, MapHeader, read_header, read_map
from cryoqa_plugin.protocols.inputs import half_maps, plain


@dataclass(frozen=True)
class MapFile:
    """A map file with the voxel size and the origin (x, y, z) in Å that Scipion knows, None where it does not."""

    path: str
    voxel_size: Optional[float] = None
    origin: Optional[Tuple[float, ...]] = None

    def read(self) -> Map:
        """The map, on Scipion's grid."""
        return self._placed(read_map(self.path))

    def header(self) -> MapHeader:
        """The header, with Scipion's grid."""
        return self._placed(read_header(self.path))

    def _placed(self, found: Any) -> Any:
        if self.voxel_size:
            found = replace(found, voxel_size=(self.voxel_size,) * 3)
        return replace(found, origin=self.origin) if self.origin is not None else found


Choices = Dict[str, MapFile]


def of_volume(volume: Volume, path: Optional[str] = None) -> MapFile:
    """The file of a Scipion volume or mask, or another file (a half-map) on its grid."""
    origin = tuple(float(v) for v in volume.getOrigin().getShifts()) if volume.hasOrigin() else None
    return MapFile(path or plain(volume.getFileName()), float(volume.getSamplingRate() or 0) or None, origin)


def of_object(obj: Any) -> Choices:
    """The files of a volume and of its half-maps, or of a set of volumes, by the names shown."""
    found: Choices = {}
    for volume in ([v.clone() for v in obj.iterItems()] if isinstance(obj, SetOfVolumes) else [obj]):
        for path in [plain(volume.getFileName())] + half_maps(volume):
            name = os.path.basename(path)
            found[path if name in found else name] = of_volume(volume, path)
    return found


def of_project(project: Any) -> Tuple[Choices, Choices]:
    """The masks, and the other volumes, that the finished runs of a project gave, by the names shown."""
    masks: Choices = {}
    volumes: Choices = {}
    for run in project.getRuns():
        for name, output in run.iterOutputAttributes(Volume):
            if os.path.isfile(plain(output.getFileName() or "")):
                chosen = masks if isinstance(output, VolumeMask) else volumes
                chosen[f"{run.getObjLabel()}: {name} ({run.getObjId()})"] = of_volume(output)
    return masks, volumes


def of_run(protocol: Any) -> Tuple[Choices, Choices]:
    """The maps (outputs, then inputs with their half-maps) and the masks of a run, by the names shown."""
    maps: Choices = {}
    masks: Choices = {}
    for name, output in protocol.iterOutputAttributes(Volume):
        (masks if isinstance(output, VolumeMask) else maps)[name] = of_volume(output)
    files = protocol._files()
    for kind, path in files.sources.items():
        if KINDS[kind].is_map:
            file = MapFile(path, files.voxel_sizes.get(kind), files.origins.get(kind))
            (masks if kind.startswith("mask") else maps)[f"{kind.replace('_', ' ')} (input)"] = file
    if not any(KINDS[kind].is_map for kind in files.sources):   # an import: its half-maps stand in its output
        for output in (o for _, o in protocol.iterOutputAttributes(Volume) if half_maps(o)):
            maps.update({f"half-map {i}": of_volume(output, path) for i, path in enumerate(half_maps(output), 1)})
    keep = [{n: f for n, f in chosen.items() if os.path.isfile(f.path)} for chosen in (maps, masks)]
    return keep[0], keep[1]
