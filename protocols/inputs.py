"""Scipion objects as files with voxel size and origin."""
from __future__ import annotations

import os
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from pwem.objects import AtomStruct, SetOfVolumes, Volume
from pyworkflow.protocol import params

from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.inputs import KINDS
from cryoqa_plugin.io.maps import read_header

_MRC = (".mrc", ".map", ".ccp4", ".rec")
_PARAMETERS = {"full_map": "inputVolume", "half1": "half1", "half2": "half2", "resolution_map": "inputResolution",
               "reference_map": "inputReference"}
_SETS = ("full_map", "others")                   # where a set of volumes may stand for a volume
_ON_THE_MAP = ("mask", "mask2", "resolution_map")   # they have the voxels of the map, and its place unless they say their own
_WORDS = {                                       # label and help where Scipion's object holds more than a file
    "full_map": ("Volume", "The map, from RELION, cryoSPARC, Xmipp or an import. A volume of a refinement carries its half-maps. A set of "
                 "volumes gives one result each, on one page."),
    "model": ("Atomic structure", "Model placed in the map, PDB or mmCIF."),
    "others": ("Maps to compare", "Maps of the same data, made in other ways: sharpened, filtered, from another program; on one grid."),
    "focused_maps": ("Focused maps", "Volumes of parts of the molecule, each on a grid of its own."),
    "focused_half1": ("Half-maps 1", "First half-map of each focused map, in the same order."),
    "focused_half2": ("Half-maps 2", "Second half-map of each focused map, in the same order."),
    "focused_masks": ("Their masks", "Mask of each focused map, in the same order."),
    "focused_models": ("Their models", "Structure of each focused map, placed in it, in the same order.")}
OF_VOLUME, TWO_VOLUMES, NONE = "those of the volume", "two volumes", "none"
Origin = Tuple[float, float, float]


class Files(NamedTuple):
    """Paths, voxel sizes (Å) and origins (x, y, z in Å) by kind of input; these two only where Scipion knows them.

    ``convert`` holds Scipion's location (index, path) of what is no MRC file; its path in ``sources`` is where it goes.
    """

    sources: Dict[str, str]
    voxel_sizes: Dict[str, float]
    origins: Dict[str, Origin]
    convert: Dict[str, Tuple[int, str]]

    def there(self) -> Dict[str, str]:
        """The files that can be read now: those that need no conversion."""
        return {kind: path for kind, path in self.sources.items() if kind not in self.convert}


class Member(NamedTuple):
    """One volume of a run: ``name`` is empty where no set was given, and ``folder`` is where its results go."""

    name: str
    volume: Optional[Volume]
    folder: str


def parameter_of(kind: str) -> str:
    """Name of the form parameter of a kind of input: ``inputMask`` for ``mask``, ``inputFscCurve`` for ``fsc_curve``."""
    return _PARAMETERS.get(kind, "input" + "".join(word.capitalize() for word in kind.split("_")))


def classes_of(kind: str) -> str:
    """The classes of Scipion's objects that a kind of input takes, as a form names them."""
    return KINDS[kind].scipion + ", SetOfVolumes" * (kind in _SETS)


def add_kind(form: Any, kind: str, optional: bool = True, condition: Optional[str] = None, label: str = "", help_text: str = "") -> None:
    """The form parameter of any kind of input: a pointer to Scipion's object, several of them, or a file or folder.

    ``label`` and ``help_text`` stand in place of those of the kind; a parameter with a ``condition`` may be left empty.
    """
    known = KINDS[kind]
    own = _WORDS.get(kind, (known.label, known.help))
    options: Dict[str, Any] = dict(label=label or own[0], help=help_text or own[1])
    if not optional:
        options["important"] = True
    if condition:
        options["condition"] = condition
    if known.scipion:
        sort = params.MultiPointerParam if known.many else params.PointerParam
        form.addParam(parameter_of(kind), sort, pointerClass=classes_of(kind), allowsNull=optional or bool(condition), **options)
    else:
        form.addParam(parameter_of(kind), params.FolderParam if known.folder else params.FileParam, default="", **options)


def plain(path: str) -> str:
    """A path without Scipion's suffix for the type of file (``:mrc``)."""
    head, _, tail = path.rpartition(":")
    return head if head and tail in ("mrc", "mrcs", "map") else path


def half_maps(volume: Volume) -> List[str]:
    """The files of the half-maps that a volume carries, empty when it carries none."""
    return [plain(p) for p in volume.getHalfMaps(asList=True) or [] if p]


def box_of(volume: Volume, path: str = "") -> Optional[Tuple[int, ...]]:
    """Voxels along x, y and z of a volume, or of a file such as its half-map; None where it cannot be read."""
    path, index = path or plain(volume.getFileName() or ""), volume.getLocation()[0] * (not path)
    if is_mrc(path) and not index:
        try:
            return tuple(read_header(path).shape[::-1])
        except (CryoqaError, OSError):
            return None
    found = volume.getDim() if os.path.isfile(path) and path == plain(volume.getFileName() or "") else None
    return tuple(found) if found else None


def origin_of(volume: Volume) -> Optional[Origin]:
    """Where the first voxel of a volume lies (x, y, z in Å) for Scipion: without an origin, the middle of the box is at 0.

    None where the box is not known either.
    """
    if volume.hasOrigin():
        x, y, z = volume.getOrigin().getShifts()
        return float(x), float(y), float(z)
    box, size = box_of(volume), volume.getSamplingRate()
    if box is None or not size:
        return None
    x, y, z = (-n / 2 * float(size) for n in box)
    return x, y, z


def members_of(protocol: Any) -> List[Member]:
    """The volumes that a run is about: each of the set that was given, else the one volume, which may be None."""
    given, folder = _object(protocol, "inputVolume"), protocol._getExtraPath()
    if not isinstance(given, SetOfVolumes):
        return [Member("", given if isinstance(given, Volume) else None, folder)]
    found: Dict[str, Volume] = {}
    for volume in [item.clone() for item in given.iterItems()]:
        stem = os.path.basename(plain(volume.getFileName() or "")).rpartition(".")[0]
        name = re.sub(r"[^\w.+-]+", "_", volume.getObjLabel() or stem).strip("._") or "volume"
        found[f"{name}_{volume.getObjId()}" if name in found or volume.getLocation()[0] else name] = volume
    return [Member(name, volume, os.path.join(folder, name)) for name, volume in found.items()]


def files_of(protocol: Any, member: Optional[Member] = None) -> Files:
    """The inputs that a protocol with the parameters of this module was given; ``member`` is that of a set which is meant."""
    member = member or (members_of(protocol) or [Member("", None, protocol._getExtraPath())])[0]
    out, volume = Files({}, {}, {}, {}), member.volume
    if volume is not None:
        add_volume(member, out, "full_map", volume)
    choice = protocol.getEnumText("halves") if hasattr(protocol, "halves") else NONE
    if choice == OF_VOLUME and volume is not None:
        for kind, path in zip(("half1", "half2"), half_maps(volume)):
            add_volume(member, out, kind, volume, path)
    elif choice == TWO_VOLUMES:
        for kind in ("half1", "half2"):
            if isinstance(_object(protocol, kind), Volume):
                add_volume(member, out, kind, _object(protocol, kind))
    for kind in KINDS:
        if kind not in ("full_map", "half1", "half2"):
            _add_kind(protocol, member, out, kind)
    return out


def _add_kind(protocol: Any, member: Member, files: Files, kind: str) -> None:
    """The files of one kind, when the form has its parameter and it was filled in."""
    given = getattr(protocol, parameter_of(kind), None)
    if given is None:
        return
    if not KINDS[kind].scipion:
        if given.get():
            files.sources[kind] = given.get()
    elif KINDS[kind].many and KINDS[kind].scipion == "AtomStruct":
        found = [pointer.get() for pointer in given]
        files.sources.update({f"{kind}_{i}": s.getFileName() for i, s in enumerate(found, 1) if isinstance(s, AtomStruct)})
    elif KINDS[kind].many:
        for i, volume in enumerate(volumes_of(given), 1):
            add_volume(member, files, f"{kind}_{i}", volume)
    elif isinstance(given.get(), AtomStruct):
        files.sources[kind] = given.get().getFileName()
    elif isinstance(given.get(), Volume):
        add_volume(member, files, kind, given.get())


def volumes_of(pointers: Any) -> List[Volume]:
    """The volumes that several pointers lead to, in their order; a set stands for its volumes."""
    found: List[Volume] = []
    for pointer in pointers:
        given = pointer.get()
        if isinstance(given, SetOfVolumes):
            found += [item.clone() for item in given.iterItems()]
        elif isinstance(given, Volume):
            found.append(given)
    return found


def _object(protocol: Any, name: str) -> Any:
    pointer = getattr(protocol, name, None)
    return pointer.get() if pointer is not None else None


def add_volume(member: Member, files: Files, kind: str, volume: Volume, path: Optional[str] = None) -> None:
    """One volume, or with ``path`` a half-map that it carries: that has the volume's voxel size and place when it has its box."""
    index, own = volume.getLocation()
    source = plain(path or own or "")
    if is_mrc(source) and (path or not index):
        files.sources[kind] = source
    else:
        files.sources[kind] = os.path.join(member.folder, f"converted_{kind}.mrc")
        files.convert[kind] = (0 if path else index or 0, source)
    if path and not _of_one_box(volume, source):
        return
    if volume.getSamplingRate():
        files.voxel_sizes[kind] = float(volume.getSamplingRate())
    lies_on = next((k for k in ("full_map", "half1") if k in files.origins), None) if kind in _ON_THE_MAP else None
    origin = files.origins[lies_on] if lies_on and not volume.hasOrigin() else origin_of(volume)
    if origin is not None:
        files.origins[kind] = origin


def _of_one_box(volume: Volume, path: str) -> bool:
    """Whether a half-map has the box of its volume, as far as it is known."""
    one, other = box_of(volume), box_of(volume, path)
    return one is None or other is None or one == other


def is_mrc(path: str) -> bool:
    """Whether a file has the name of an MRC file, also of a packed one."""
    stem = path.lower()
    for packed in (".gz", ".bz2"):
        stem = stem[:-len(packed)] if stem.endswith(packed) else stem
    return stem.endswith(_MRC)


def convert(location: Tuple[int, str], target: str) -> None:
    """Write a volume of another format (SPIDER, HDF, one of a stack) as MRC."""
    from pwem.emlib.image import ImageHandler
    index, path = location
    os.makedirs(os.path.dirname(target), exist_ok=True)
    ImageHandler().convert((index, path) if index else path, target)
