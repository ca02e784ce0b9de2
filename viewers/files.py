"""Which files the viewers show, and what Scipion knows about them."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np
from pwem.objects import SetOfVolumes, Volume, VolumeMask

from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.inputs import KINDS
from cryoqa_plugin.io.maps import Map, MapHeader, read_header, read_map, write_map
from cryoqa_plugin.protocols.inputs import half_maps, origin_of, plain
from cryoqa_plugin.results import read_json
from cryoqa_plugin.validation import headline

from .colours import DENSITY, OF_THE_RESULT, quantity_of

OWN, MEAN = "the map of the volume", "mean of the half-maps"


@dataclass(frozen=True)
class MapFile:
    """A map file with the voxel size and the origin (x, y, z) in Å that Scipion knows, None where it does not.

    ``quantity`` is what its values are, ``resolution`` that of the whole map in Å where the run that made it knows. With a file in
    ``other`` the map is the mean of the two.
    """

    path: str
    voxel_size: Optional[float] = None
    origin: Optional[Tuple[float, ...]] = None
    quantity: str = DENSITY
    resolution: Optional[float] = None
    other: Optional[str] = None

    @classmethod
    def named(cls, path: str) -> "MapFile":
        """A file that Scipion does not know; its name says what it may hold."""
        return cls(path, quantity=quantity_of("", os.path.basename(path)))

    def read(self) -> Map:
        """The map, on Scipion's grid."""
        found = read_map(self.path)
        if self.other:
            second = read_map(self.other)
            if second.shape != found.shape:
                raise CryoqaError(f"The half-maps {self.path} and {self.other} have different boxes.")
            found = found.with_data((found.data + second.data) / np.float32(2))
        return self._placed(found)

    def header(self) -> MapHeader:
        """The header, with Scipion's grid."""
        return self._placed(read_header(self.path))

    def one_file(self, path: str) -> "MapFile":
        """This map in one file: itself, or the mean of the two, written to ``path``."""
        if not self.other:
            return self
        write_map(path, self.read())
        return replace(self, path=path, other=None)

    def _placed(self, found: Any) -> Any:
        if self.voxel_size:
            found = replace(found, voxel_size=(self.voxel_size,) * 3)
        return replace(found, origin=self.origin) if self.origin is not None else found


Choices = Dict[str, MapFile]


def of_volume(volume: Volume, path: Optional[str] = None, name: str = "") -> MapFile:
    """The file of a Scipion volume or mask, or another file (a half-map) on its grid.

    A volume without an origin lies with the centre of its box at 0, as everywhere in Scipion; ``name`` is that of the output.
    """
    file = path or plain(volume.getFileName())
    rate = float(volume.getSamplingRate() or 0) or None
    return MapFile(file, rate, origin_of(volume), quantity_of("", name or os.path.basename(file)))


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
        for name, output, is_mask in _outputs(run):
            chosen = masks if is_mask else volumes
            chosen[f"{run.getObjLabel()}: {name} ({run.getObjId()})"] = output
    return masks, volumes


def _outputs(run: Any) -> Iterator[Tuple[str, MapFile, bool]]:
    """The files of the volumes that a run gave, and of those in sets, with their names and whether each is a mask."""
    for name, output in run.iterOutputAttributes(Volume):
        if os.path.isfile(plain(output.getFileName() or "")):
            yield name, told(of_volume(output, name=name)), isinstance(output, VolumeMask)
    for name, several in run.iterOutputAttributes(SetOfVolumes):
        for i, volume in enumerate([item.clone() for item in several.iterItems()], 1):
            path = plain(volume.getFileName() or "")
            if os.path.isfile(path) and volume.getLocation()[0] in (0, None):
                yield f"{name} {i}: {_label(volume)}", told(of_volume(volume)), "mask" in name.lower()


def _label(volume: Volume) -> str:
    """What one volume of a set is called: by its user, a weight by its map, else by the folder that our results of it are in."""
    folder, name = os.path.split(plain(volume.getFileName() or ""))
    document = _document(folder) if not volume.getObjLabel() else {}
    weights = document.get("lists", {}).get("weight_maps", {}).get("paths", [])
    if name in weights:
        return str(document["tables"]["map_table"]["rows"][weights.index(name)][0])
    return volume.getObjLabel() or os.path.basename(folder)


def of_run(protocol: Any) -> Tuple[Choices, Choices]:
    """The maps (outputs, then inputs with their half-maps) and the masks of a run, by the names shown."""
    maps: Choices = {}
    masks: Choices = {}
    for name, output, is_mask in _outputs(protocol):
        (masks if is_mask else maps)[name] = output
    files = protocol._files()
    for kind, path in files.sources.items():
        if KINDS[kind].is_map:
            file = MapFile(path, files.voxel_sizes.get(kind), files.origins.get(kind), quantity_of("", kind))
            (masks if KINDS[kind].scipion == "VolumeMask" else maps)[f"{kind.replace('_', ' ')} (input)"] = file
    there = {(file.path, file.other) for file in maps.values()}
    maps.update({name: file for name, file in densities(protocol).items() if (file.path, file.other) not in there})
    if not any(KINDS[kind].is_map for kind in files.sources):   # an import: its half-maps stand in its output
        for output in (o for _, o in protocol.iterOutputAttributes(Volume) if half_maps(o)):
            maps.update({f"half-map {i}": of_volume(output, path) for i, path in enumerate(half_maps(output), 1)})
    keep = [{n: f for n, f in chosen.items() if os.path.isfile(f.path)} for chosen in (maps, masks)]
    return keep[0], keep[1]


def densities(protocol: Any) -> Choices:
    """The densities that a run of any program went in with: the map of each volume, and the mean of its half-maps."""
    found: Choices = {}
    given = {name: pointer.get() for name, pointer in protocol.iterInputAttributes()}
    for name, several in [(n, g) for n, g in given.items() if isinstance(g, SetOfVolumes)]:
        found.update({f"{name} {i}: {_label(v)}": of_volume(v) for i, v in enumerate([v.clone() for v in several.iterItems()], 1)
                      if v.getLocation()[0] in (0, None)})
    volumes = {n: v for n, v in given.items() if isinstance(v, Volume) and not isinstance(v, VolumeMask)}
    for name, volume in volumes.items():
        file = of_volume(volume)
        if file.quantity == DENSITY and name not in ("half1", "half2"):
            found[OWN if name == "inputVolume" else f"{name} (input)"] = file
    pairs = [(volume, half_maps(volume)) for volume in volumes.values() if len(half_maps(volume)) == 2]
    if "half1" in volumes and "half2" in volumes:
        pairs.insert(0, (volumes["half1"], [plain(volumes[name].getFileName()) for name in ("half1", "half2")]))
    for volume, (first, second) in pairs[:1]:
        found[MEAN] = replace(of_volume(volume, first), other=second, quantity=DENSITY)
    return {n: f for n, f in found.items() if all(os.path.isfile(p) for p in (f.path, f.other or f.path))}


def coloured(maps: Mapping[str, MapFile]) -> List[str]:
    """The names of the maps whose values colour a density, resolutions first."""
    return sorted((n for n, f in maps.items() if f.quantity != DENSITY), key=lambda n: maps[n].quantity != "resolution")


def fits(file: MapFile, other: MapFile) -> bool:
    """Whether two maps have the same box; not when one of them cannot be read."""
    try:
        return read_header(file.path).shape == read_header(other.path).shape
    except (CryoqaError, OSError):
        return False


def density_for(maps: Mapping[str, MapFile], values: MapFile, name: str = "") -> str:
    """The name of the density to colour by a map of values: the map of the volume, else the mean of the half-maps, else any of its box.

    ``name`` is that of the map of values; where it is of one volume of a set (``outputResolutions 2: body``), that volume comes first.
    What is told of the map that a run made, such as the weights of a composite, colours that map.
    """
    names = [n for n, file in maps.items() if file.quantity == DENSITY and fits(file, values)]
    if values.quantity in OF_THE_RESULT:
        folder = os.path.dirname(os.path.abspath(values.path))
        made = [n for n in names if re.search(r"\boutputVolume\b", n) and os.path.dirname(os.path.abspath(maps[n].path)) == folder]
        if made:
            return made[0]
    number = re.search(r" \d+: ", name)
    same = [n for n in names if number and n.startswith("inputVolume" + number.group())]
    return next((n for n in same + [OWN, "full map (input)", MEAN] if n in names), names[0] if names else "")


def resolution_of(documents: Mapping[str, Mapping[str, Any]]) -> Optional[float]:
    """The resolution of the map in Å by saved results, by capability: that of the report's scale, None where they say none."""
    found = headline.resolution(documents)
    if found:
        return found.value
    metrics = [d["metrics"].get(name, {}) for d in documents.values() for name in ("resolution_global", "median", "resolution")]
    values = [m.get("value") for m in metrics if m.get("unit") == "Å"]       # the median of a B-factor is none
    return next((float(v) for v in values if isinstance(v, (int, float)) and v > 0), None)


def told(file: MapFile) -> MapFile:
    """A file with what the result beside it says of it, that of one of our runs, or of one method of a validation."""
    folder, name = os.path.split(file.path)
    document = _document(folder)
    entries = {e["path"]: (field, e["unit"]) for field, e in document.get("maps", {}).items()}
    entries.update({path: (field, e["unit"]) for field, e in document.get("lists", {}).items() for path in e["paths"]})
    if name not in entries:
        return file
    field, unit = entries[name]
    others = {"fsc": _document(os.path.join(os.path.dirname(folder), "fsc"))}
    documents = {c: d for c, d in {**others, document.get("capability", ""): document}.items() if d}
    return replace(file, quantity=quantity_of(unit, field, document.get("capability", "")), resolution=resolution_of(documents))


def _document(folder: str) -> Mapping[str, Any]:
    """The result saved in a folder, empty where there is none."""
    path = os.path.join(folder, "result.json")
    return read_json(path) if os.path.isfile(path) else {}
