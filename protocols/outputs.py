"""What the files of a result become in Scipion: volumes, masks, structures, sets of volumes and of FSC curves."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from pwem.objects import FSC, AtomStruct, SetOfAtomStructs, SetOfFSCs, SetOfVolumes, Transform, Volume, VolumeMask

from cryoqa_plugin.io.maps import read_header
from cryoqa_plugin.results import Output, declared, outputs

from .inputs import box_of, origin_of

_CLASSES = {"map": Volume, "maps": SetOfVolumes, "model": AtomStruct, "curve": SetOfFSCs}
_ENTRIES = {"map": "maps", "maps": "lists", "model": "models"}   # where the document names the files of a role
_SAME = 2e-3                                                 # voxel sizes closer than this part of them are one


class Curve(NamedTuple):
    """An FSC curve as it stands in a set: its label and its points."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


def declared_outputs(result_class: type) -> Dict[str, Output]:
    """What becomes an output, by field of the result: what the field names, and every other map under the name of its field.

    Half-maps that a volume carries as its own are no outputs besides.
    """
    found = outputs(result_class)
    carried = {f"{name}_half{i}" for name, out in found.items() if out.halves == "own" for i in (1, 2)}
    for name in declared(result_class, "map"):
        if name not in found and name not in carried:
            found[name] = Output("output" + "".join(word.capitalize() for word in name.split("_")), "map", mask=name.endswith("_mask"))
    return found


def class_of(out: Output) -> type:
    """Scipion's class of an output."""
    return VolumeMask if out.mask else _CLASSES[out.role]


def of_set(name: str, made: type) -> Tuple[str, type]:
    """Name and class of the output that holds what each volume of a set gave; FSC curves are in one set anyway."""
    if made is SetOfFSCs:
        return name, made
    plural = name + ("Set" if name[-1] in "s0123456789" else "s")
    return plural, SetOfAtomStructs if made is AtomStruct else SetOfVolumes


class Made(NamedTuple):
    """A result in its folder, and whose grid and half-maps its maps take over.

    ``template`` is the volume on whose voxels the method worked, ``halves`` the files of the half-maps that it was given.
    """

    folder: str
    document: Mapping[str, Any]
    declared: Mapping[str, Output]
    template: Optional[Volume]
    halves: Sequence[str] = ()

    def objects(self) -> Dict[str, Union[Volume, AtomStruct, List[Volume]]]:
        """What was written, by the name of the output; a mask that was given is there already."""
        given = self.document.get("metrics", {}).get("mask_source", {}).get("value") == "given"
        out: Dict[str, Any] = {}
        for name, output in self.declared.items():
            paths = self._written(name, output.role)
            if paths and not (output.mask and given and name == "mask_used"):
                out[output.name] = self._object(name, output, paths)
        return out

    def _written(self, name: str, role: str) -> List[str]:
        """The files of a field of the result; none where it was not written, and none of a curve."""
        entry = self.document.get(_ENTRIES.get(role, ""), {}).get(name)
        return [os.path.join(self.folder, file) for file in entry.get("paths") or [entry["path"]]] if entry else []

    def _object(self, name: str, output: Output, paths: Sequence[str]) -> Any:
        if output.role == "model":
            maps = self._written(output.of, "map") if output.of else []
            return in_its_map(AtomStruct(filename=paths[0]), on_own_grid(Volume(), maps[0]) if maps else self.template)
        if output.role == "maps":
            return [on_own_grid(Volume(), path) for path in paths]
        made = VolumeMask() if output.mask else Volume()
        made = on_own_grid(made, paths[0]) if output.placed else on_grid_of(self.template, made, paths[0])
        halves: Sequence[str] = ()
        if output.halves == "own":
            halves = self._written(name + "_half1", "map") + self._written(name + "_half2", "map")
        elif output.halves == "input":
            halves = self.halves
        if len(halves) == 2:
            made.setHalfMaps(list(halves))
        return made

    def curves(self) -> Dict[str, List[Curve]]:
        """The FSC curves of each output that is a set of them; a flat one cannot be drawn by Scipion's own viewer."""
        out: Dict[str, List[Curve]] = {}
        for name, output in self.declared.items():
            found = self.document.get("curves", {}).get(name) if output.role == "curve" else None
            points = [(x, y) for x, y in zip(found["x"], found["y"]) if x is not None and y is not None] if found else []
            if len(points) > 1 and len({p[1] for p in points}) > 1:
                label = name.replace("fsc_", "", 1).replace("_", " ")
                out.setdefault(output.name, []).append(Curve(label, [p[0] for p in points], [p[1] for p in points]))
        return out


def in_its_map(structure: AtomStruct, volume: Optional[Volume]) -> AtomStruct:
    """A structure with the volume that it was compared with, so that viewers show both."""
    if volume is not None:
        structure.setVolume(volume.clone())
    return structure


def on_grid_of(template: Volume, made: Volume, path: str) -> Volume:
    """``made`` with its file, on the grid that Scipion knows of ``template``; on that of its header when it has other voxels."""
    header, size = read_header(path), float(template.getSamplingRate() or 0)
    box = box_of(template)
    if size and abs(header.voxel_size[0] - size) > _SAME * size or box is not None and tuple(header.shape[::-1]) != box:
        return on_own_grid(made, path)
    place = origin_of(template)
    return on_own_grid(made, path, size or None, place)


def on_own_grid(made: Volume, path: str, voxel_size: Optional[float] = None, place: Optional[Tuple[float, ...]] = None) -> Volume:
    """``made`` with its file, and voxel size and origin (Å) of the header; ``voxel_size`` and ``place`` go before these.

    Each volume has a Transform of its own: one that is shared cannot be stored twice.
    """
    header, origin = read_header(path), Transform()
    made.setFileName(path)
    made.setSamplingRate(voxel_size or header.voxel_size[0])
    origin.setShiftsTuple(tuple(place or header.origin))
    made.setOrigin(origin)
    return made


def set_of_volumes(folder: str, output: str, volumes: Sequence[Volume], labels: Sequence[str] = ()) -> SetOfVolumes:
    """Volumes as a set, each on its own grid, under the labels of what they come from."""
    made = SetOfVolumes.create(folder, suffix=output)
    for i, volume in enumerate(volumes):
        if labels:
            volume.setObjLabel(labels[i])
        made.append(volume)
    made.setSamplingRate(volumes[0].getSamplingRate())       # last: a set puts its own sampling rate on what is added later
    made.write()
    return made


def set_of_structures(folder: str, output: str, structures: Sequence[AtomStruct], labels: Sequence[str] = ()) -> SetOfAtomStructs:
    """Structures as a set."""
    made = SetOfAtomStructs.create(folder, suffix=output)
    for label, structure in zip(labels, structures):
        structure.setObjLabel(label)
        made.append(structure)
    made.write()
    return made


def set_of_curves(folder: str, curves: Sequence[Curve]) -> SetOfFSCs:
    """FSC curves as a set."""
    made = SetOfFSCs.create(folder)
    for curve in curves:
        item = FSC()
        item.setData(list(curve.x), list(curve.y))
        item.setObjLabel(curve.label)
        made.append(item)
    made.write()
    return made
