"""Scipion objects as files with voxel size and origin."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from pwem.objects import AtomStruct, Volume
from pyworkflow.protocol import params

_MRC = (".mrc", ".map", ".ccp4", ".rec")
OF_VOLUME, TWO_VOLUMES, NONE = "those of the volume", "two volumes", "none"


class Files(NamedTuple):
    """Paths, voxel sizes (Å) and origins (x, y, z in Å) by kind of input; these two only where Scipion knows them.

    ``convert`` holds Scipion's location (index, path) of what is no MRC file; its path in ``sources`` is where it goes.
    """

    sources: Dict[str, str]
    voxel_sizes: Dict[str, float]
    origins: Dict[str, Tuple[float, float, float]]
    convert: Dict[str, Tuple[int, str]]


def add_volume(form: Any, optional: bool = False, condition: Optional[str] = None) -> None:
    """The map: a Volume, which may carry its half-maps."""
    extra = dict(condition=condition) if condition else {}
    form.addParam("inputVolume", params.PointerParam, pointerClass="Volume", label="Volume", important=True, allowsNull=optional,
                  help="The map, from RELION, cryoSPARC, Xmipp or an import. A volume of a refinement carries its half-maps.", **extra)


def add_halves(form: Any, choices: Tuple[str, ...]) -> None:
    """Where the half-maps come from, and two pointers for those that are volumes of their own."""
    form.addParam("halves", params.EnumParam, choices=list(choices), default=0, label="Half-maps", display=params.EnumParam.DISPLAY_COMBO,
                  help="Two independent half-maps, neither masked nor filtered: those that the volume carries, or two volumes.")
    condition = f"halves == {choices.index(TWO_VOLUMES)}"
    for name, label in (("half1", "Half-map 1"), ("half2", "Half-map 2")):
        form.addParam(name, params.PointerParam, pointerClass="Volume", label=label, allowsNull=True, condition=condition,
                      help="A half-map that is a volume of its own.")


def add_mask(form: Any, name: str = "inputMask", label: str = "Mask", help_text: str = "Soft mask on the grid of the maps.") -> None:
    """An optional mask."""
    form.addParam(name, params.PointerParam, pointerClass="VolumeMask", label=label, allowsNull=True, help=help_text)


def add_resolution_map(form: Any) -> None:
    """A map of the local resolution."""
    form.addParam("inputResolution", params.PointerParam, pointerClass="Volume", label="Local resolution", important=True,
                  help="Local resolution in Å at every voxel, on the grid of the volume, from any program.")


def add_reference_map(form: Any) -> None:
    """An optional map whose fall-off with resolution is matched."""
    form.addParam("inputReference", params.PointerParam, pointerClass="Volume", label="Reference map", allowsNull=True,
                  help="Volume whose fall-off with resolution is to be matched, on the grid of the volume.")


def add_others(form: Any) -> None:
    """Volumes of the same data."""
    form.addParam("inputOthers", params.MultiPointerParam, pointerClass="Volume", label="Maps to compare", important=True,
                  help="Maps of the same data, made in other ways: sharpened, filtered, from another program; on one grid.")


def add_model(form: Any) -> None:
    """An optional atomic model."""
    form.addParam("inputModel", params.PointerParam, pointerClass="AtomStruct", label="Atomic structure", allowsNull=True,
                  help="Model placed in the map, PDB or mmCIF.")


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
    for name, kind in (("inputMask", "mask"), ("inputMask2", "mask2"), ("inputResolution", "resolution_map"),
                       ("inputReference", "reference_map")):
        if _object(protocol, name) is not None:
            _add(protocol, out, kind, _object(protocol, name))
    for i, pointer in enumerate(getattr(protocol, "inputOthers", None) or [], 1):
        _add(protocol, out, f"others_{i}", pointer.get())
    model = _object(protocol, "inputModel")
    if isinstance(model, AtomStruct):
        out.sources["model"] = model.getFileName()
    return out


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
