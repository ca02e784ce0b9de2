"""Scipion objects as files with voxel size and origin."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from pwem.objects import AtomStruct, Volume
from pyworkflow.protocol import params

from cryoqa_plugin.io.inputs import KINDS

_MRC = (".mrc", ".map", ".ccp4", ".rec")
_PARAMETERS = {"full_map": "inputVolume", "half1": "half1", "half2": "half2", "resolution_map": "inputResolution",
               "reference_map": "inputReference"}
_WORDS = {                                       # label and help where Scipion's object holds more than a file
    "full_map": ("Volume", "The map, from RELION, cryoSPARC, Xmipp or an import. A volume of a refinement carries its half-maps."),
    "model": ("Atomic structure", "Model placed in the map, PDB or mmCIF."),
    "others": ("Maps to compare", "Maps of the same data, made in other ways: sharpened, filtered, from another program; on one grid.")}
OF_VOLUME, TWO_VOLUMES, NONE = "those of the volume", "two volumes", "none"


class Files(NamedTuple):
    """Paths, voxel sizes (Å) and origins (x, y, z in Å) by kind of input; these two only where Scipion knows them.

    ``convert`` holds Scipion's location (index, path) of what is no MRC file; its path in ``sources`` is where it goes.
    """

    sources: Dict[str, str]
    voxel_sizes: Dict[str, float]
    origins: Dict[str, Tuple[float, float, float]]
    convert: Dict[str, Tuple[int, str]]


def parameter_of(kind: str) -> str:
    """Name of the form parameter of a kind of input: ``inputMask`` for ``mask``, ``inputFscCurve`` for ``fsc_curve``."""
    return _PARAMETERS.get(kind, "input" + "".join(word.capitalize() for word in kind.split("_")))


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
        form.addParam(parameter_of(kind), sort, pointerClass=known.scipion, allowsNull=optional or bool(condition), **options)
    else:
        form.addParam(parameter_of(kind), params.FolderParam if known.folder else params.FileParam, default="", **options)


def plain(path: str) -> str:
    """A path without Scipion's suffix for the type of file (``:mrc``)."""
    head, _, tail = path.rpartition(":")
    return head if head and tail in ("mrc", "mrcs", "map") else path


def half_maps(volume: Volume) -> List[str]:
    """The files of the half-maps that a volume carries, empty when it carries none."""
    return [plain(p) for p in volume.getHalfMaps(asList=True) or [] if p]


def files_of(protocol: Any) -> Files:
    """The inputs that a protocol with the parameters of this module was given."""
    out = Files({}, {}, {}, {})
    volume = _object(protocol, "inputVolume")
    if volume is not None:
        _add(protocol, out, "full_map", volume)
    choice = protocol.getEnumText("halves") if hasattr(protocol, "halves") else NONE
    if choice == OF_VOLUME and volume is not None:
        for kind, path in zip(("half1", "half2"), half_maps(volume)):
            _add(protocol, out, kind, volume, path)
    elif choice == TWO_VOLUMES:
        for kind in ("half1", "half2"):
            if _object(protocol, kind) is not None:
                _add(protocol, out, kind, _object(protocol, kind))
    for kind in KINDS:
        if kind not in ("full_map", "half1", "half2"):
            _add_kind(protocol, out, kind)
    return out


def _add_kind(protocol: Any, files: Files, kind: str) -> None:
    """The files of one kind, when the form has its parameter and it was filled in."""
    given = getattr(protocol, parameter_of(kind), None)
    if given is None:
        return
    if not KINDS[kind].scipion:
        if given.get():
            files.sources[kind] = given.get()
    elif KINDS[kind].many:
        for i, pointer in enumerate(given, 1):
            _add(protocol, files, f"{kind}_{i}", pointer.get())
    elif isinstance(given.get(), AtomStruct):
        files.sources[kind] = given.get().getFileName()
    elif given.get() is not None:
        _add(protocol, files, kind, given.get())


def _object(protocol: Any, name: str) -> Any:
    pointer = getattr(protocol, name, None)
    return pointer.get() if pointer is not None else None


def _add(protocol: Any, files: Files, kind: str, volume: Volume, path: Optional[str] = None) -> None:
    index, own = volume.getLocation()
    source = plain(path or own)
    if _is_mrc(source) and (path or not index):
        files.sources[kind] = source
    else:
        files.sources[kind] = protocol._getExtraPath(f"converted_{kind}.mrc")
        files.convert[kind] = (0 if path else index or 0, source)
    if volume.getSamplingRate():
        files.voxel_sizes[kind] = float(volume.getSamplingRate())
    if volume.hasOrigin():
        files.origins[kind] = tuple(float(v) for v in volume.getOrigin().getShifts())


def _is_mrc(path: str) -> bool:
    stem = path.lower()
    for packed in (".gz", ".bz2"):
        stem = stem[:-len(packed)] if stem.endswith(packed) else stem
    return stem.endswith(_MRC)


def convert(location: Tuple[int, str], target: str) -> None:
    """Write a volume of another format (SPIDER, HDF, one of a stack) as MRC."""
    from pwem.emlib.image import ImageHandler
    index, path = location
    ImageHandler().convert((index, path) if index else path, target)


def sentences(protocol: Any, files: Files) -> List[str]:
    """What is wrong with the choice of half-maps."""
    if not hasattr(protocol, "halves"):
        return []
    choice, volume = protocol.getEnumText("halves"), _object(protocol, "inputVolume")
    if choice == OF_VOLUME and volume is not None and "half2" not in files.sources:
        return [f"The volume {plain(volume.getFileName())} carries no half-maps; choose '{TWO_VOLUMES}', or import it with its half-maps."]
    if choice == TWO_VOLUMES and not ("half1" in files.sources and "half2" in files.sources):
        return ["Two half-maps are needed and were not given; choose both volumes."]
    return []
