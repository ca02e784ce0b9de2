"""What is wrong with a form, in the words of the form, before anything runs."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Sequence

from pwem.objects import AtomStruct, SetOfVolumes, Volume
from pyworkflow.protocol.params import MultiPointerParam, PointerParam

from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.inputs import KINDS, base_kind, grid_problems, missing, read_headers

from .inputs import NONE, OF_VOLUME, TWO_VOLUMES, Files, Member, box_of, half_maps, plain

_GIVEN = {"full_map": "a volume", "half1": "half-maps", "half2": "half-maps", "model": "an atomic structure", "mask": "a mask",
          "reference_map": "a reference map", "resolution_map": "a local-resolution map", "others": "maps to compare",
          "job": "a job folder", "target_map": "a target map", "symmetry": "a symmetry", "focused_maps": "focused maps",
          "focused_half1": "half-maps of focused maps", "focused_half2": "half-maps of focused maps",
          "focused_models": "models of focused maps"}


def of_choices(protocol: Any) -> List[str]:
    """What is wrong with the objects that were chosen: of another sort than the form takes, or an empty set."""
    out = []
    for name, shown in protocol.getDefinition().iterParams():
        if not isinstance(shown, (PointerParam, MultiPointerParam)):
            continue
        taken = shown.pointerClass.get().replace(" ", "").split(",")
        pointers = getattr(protocol, name)
        for given in [p.get() for p in (pointers if isinstance(shown, MultiPointerParam) else [pointers])]:
            if isinstance(given, SetOfVolumes) and "SetOfVolumes" not in taken:
                out.append(f"{shown.getLabel()} is a set of volumes; choose one of its volumes.")
            elif isinstance(given, SetOfVolumes) and not given.getSize():
                out.append(f"{shown.getLabel()} is a set without volumes; choose another one.")
            elif given is not None and not isinstance(given, SetOfVolumes) \
                    and not isinstance(given, AtomStruct if taken == ["AtomStruct"] else Volume):
                out.append(f"{shown.getLabel()} cannot be a {type(given).__name__}; it takes {' or '.join(taken)}.")
    return out


def of_half_maps(protocol: Any, member: Member, files: Files) -> List[str]:
    """What is wrong with the choice of half-maps, and with those that a volume carries."""
    if not hasattr(protocol, "halves"):
        return []
    choice, volume = protocol.getEnumText("halves"), member.volume
    if choice == TWO_VOLUMES and member.name:
        return [f"Two half-maps belong to one volume; for a set of volumes choose '{OF_VOLUME}'."]
    if choice == OF_VOLUME and volume is not None:
        if "half2" not in files.sources:
            return [f"The volume {plain(volume.getFileName())} carries no half-maps; choose '{TWO_VOLUMES}'"
                    f"{_or_none(protocol)}, or import it with its half-maps."]
        return _of_another_box(volume)
    if choice == TWO_VOLUMES and not ("half1" in files.sources and "half2" in files.sources):
        return ["Two half-maps are needed and were not given; choose both volumes."]
    return []


def _or_none(protocol: Any) -> str:
    return f" or '{NONE}'" if NONE in protocol.getParam("halves").choices else ""


def _of_another_box(volume: Volume) -> List[str]:
    """A sentence when a half-map that a volume carries has another box: its voxel size is not that of the volume then."""
    own = box_of(volume)
    for path in half_maps(volume):
        box = box_of(volume, path)
        if own and box and own != box:
            return [f"The volume {plain(volume.getFileName())} is {_words(own)} voxels but its half-map {path} is {_words(box)}: one of "
                    f"them was binned or cropped. Choose the volume that the half-maps belong to, or '{TWO_VOLUMES}'."]
    return []


def _words(box: Sequence[int]) -> str:
    return " x ".join(str(n) for n in box)


def of_needs(needs: Sequence[str], any_of: Sequence[Sequence[str]], files: Files) -> List[str]:
    """What has to be given and was not."""
    given = {base_kind(kind) for kind in files.sources}
    out = [f"{KINDS[kind].label} is needed and was not given; choose it." for kind in needs if kind not in given]
    if any_of and not any(set(group) <= given for group in any_of):
        groups = dict.fromkeys(" and ".join(dict.fromkeys(_GIVEN[kind] for kind in group)) for group in any_of)
        out.append(f"Nothing to work on was given; choose {', or '.join(groups)}.")
    return out


def of_files(files: Files) -> List[str]:
    """Files that are not there or cannot be read, and maps that do not lie on one grid; what is yet to be converted is left out."""
    known = files.there()
    wrong = missing((), known) + [f"{KINDS[kind].label} '{path}' does not exist; check the path."
                                  for kind, (_, path) in files.convert.items() if missing((), {kind: path})]
    if wrong:
        return wrong
    try:
        headers = read_headers(known)
    except CryoqaError as error:
        return [str(error)]
    return grid_problems(with_voxel_sizes(headers, files.voxel_sizes))


def with_voxel_sizes(headers: Mapping[str, Any], sizes: Mapping[str, float]) -> Dict[str, Any]:
    """Headers with the voxel sizes (Å) that Scipion knows."""
    return {kind: replace(header, voxel_size=(float(sizes[kind]),) * 3) if sizes.get(kind) else header for kind, header in headers.items()}


def of_headers(files: Files) -> List[str]:
    """Warnings about headers that disagree with Scipion."""
    try:
        headers = read_headers(files.there())
    except CryoqaError:
        return []                                            # said before
    out = []
    for kind, header in headers.items():
        size: Optional[float] = files.voxel_sizes.get(kind)
        if size and abs(size - header.voxel_size[0]) > 1e-3 * size:
            out.append(f"Scipion says voxels of {size:.4g} Å but the header of {header.path} says {header.voxel_size[0]:.4g} Å; "
                       "Scipion's is used.")
    return out
