"""The kinds of input that capabilities declare, and the object that carries them."""
from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, Callable, Collection, Dict, Iterable, List, Mapping, Sequence, Set, Union

from ..errors import InputError, MissingInputError
from ..naming import called, did_you_mean, inside, the, typed
from .curves import read_fsc_curve, read_mtf
from .entries import read_entry
from .jobs import read_job
from .maps import Map, MapHeader, read_header, read_map
from .models import read_model
from .mtz import read_mtz, read_mtz_header
from .particles import read_particles
from .reading import why_not_plain
from .sequences import read_sequences
from .symmetry import read_symmetry

SAME, OWN, NONE = "same", "own", "none"          # grid rules: that of the other maps, one of its own, or no grid at all


@dataclass(frozen=True)
class InputKind:
    """One kind of input.

    Parameters
    ----------
    name, label, help
        How code, people and forms call it.
    read
        Makes the object from a file; the object has ``path``, and ``warnings`` (a map in its ``header``) where its file is odd. Readers
        of maps take ``voxel_size_known`` too.
    grid
        ``same`` for maps that must lie on one grid, ``own`` for maps with a grid of their own, ``none`` for what is no map.
    many
        There may be several files.
    scipion
        Class of Scipion's object, empty where Scipion gives a path.
    header
        Reads the header of a map alone.
    folder
        It is a folder, or a file in it.
    set
        Kinds of one set have as many files each, and the maps of one number lie on one grid.
    """

    name: str
    label: str
    help: str
    read: Callable[..., Any] = read_map
    grid: str = SAME
    many: bool = False
    scipion: str = "Volume"
    header: Callable[..., MapHeader] = read_header
    folder: bool = False
    set: str = ""

    @property
    def is_map(self) -> bool:
        """It has a grid."""
        return self.grid != NONE

    @property
    def metavar(self) -> str:
        """What stands for its path in the help of the command line."""
        return "FOLDER" if self.folder else "FILE"


class _Kinds(Dict[str, InputKind]):
    """The kinds by name; the files of a kind with ``many`` are ``<kind>_1``, ``<kind>_2``, ..."""

    def __missing__(self, name: str) -> InputKind:
        base, number = base_kind(name), name.rpartition("_")[2]
        if base == name:
            raise KeyError(name)
        return replace(self[base], name=name, label=f"{self[base].label} {number}", many=False)


def base_kind(name: str) -> str:
    """The kind of an input: ``others`` for ``others_2``, the name itself for most."""
    head, _, number = name.rpartition("_")
    return head if number.isdigit() and head in KINDS and KINDS[head].many else name


def expand(sources: Mapping[str, Union[str, Sequence[str], None]]) -> Dict[str, str]:
    """Sources with a name for each file: ``{"others": [a, b]}`` becomes ``{"others_1": a, "others_2": b}``."""
    out: Dict[str, str] = {}
    for name, value in sources.items():
        if name in KINDS and KINDS[name].many and value:
            files = [value] if isinstance(value, (str, os.PathLike)) else list(value)
            out.update({f"{name}_{i}": os.fspath(path) for i, path in enumerate(files, 1)})
        elif value:
            out[name] = os.fspath(value)
    return out


KINDS: Dict[str, InputKind] = _Kinds({k.name: k for k in (
    InputKind("full_map", "Map", "The map to look at (MRC, CCP4, MAP or SPIDER, also gz or bz2; or map coefficients, MTZ)."),
    InputKind("primary_map", "Primary map", "The map to deposit, of which the half-maps are the two halves; it may be a box cut out of "
              "them.", grid=OWN),
    InputKind("half1", "Half-map 1", "First of two independent half-maps, neither masked nor filtered."),
    InputKind("half2", "Half-map 2", "Second half-map, on the grid of the first."),
    InputKind("mask", "Mask", "Soft mask with values from 0 to 1, on the grid of the maps.", scipion="VolumeMask"),
    InputKind("mask2", "Second mask", "Mask to combine with the first one, on the same grid.", scipion="VolumeMask"),
    InputKind("resolution_map", "Local-resolution map", "Local resolution in Å at every voxel, on the grid of the maps; from any program."),
    InputKind("reference_map", "Reference map", "Map whose fall-off with resolution is to be matched, on the grid of the maps."),
    InputKind("others", "Other map", "Maps of the same data, made in other ways, on the grid of the maps.", many=True),
    InputKind("enhanced1", "Processed half-map 1", "What the program that made the map made of half-map 1 alone, on its grid."),
    InputKind("enhanced2", "Processed half-map 2", "What the program that made the map made of half-map 2 alone, on its grid."),
    InputKind("model", "Atomic model", "PDB or mmCIF file (also gz) placed in the map.", read_model, NONE, scipion="AtomStruct"),
    InputKind("mtf", "MTF of the detector", "STAR file with the MTF of the detector, as RELION takes it, by which maps are divided.",
              read_mtf, NONE, scipion=""),
    InputKind("fsc_curve", "FSC curve", "File with an FSC of the half-maps, in place of one computed here: postprocess.star of RELION, XML "
              "of EMDB or cryoSPARC, or two columns, frequency in 1/Å and FSC.", read_fsc_curve, NONE, scipion=""),
    InputKind("sequence", "Sequence", "FASTA file with all chains, for the mass and the side-chain check.", read_sequences, NONE,
              scipion=""),
    InputKind("job", "Job folder", "Folder of one job, such as Refine3D/job029 of RELION or J42 of cryoSPARC, or a file in it.", read_job,
              NONE, scipion="", folder=True),
    InputKind("map_coefficients", "Map coefficients", "MTZ file with amplitudes and phases of a map (FWT and PHWT, or the first pair).",
              read_mtz, OWN, scipion="", header=read_mtz_header),
    InputKind("symmetry", "Symmetry", "File with the name of a point group, or with operators: BIOMT or MTRIX records of a PDB file, "
              "ncs_spec of Phenix, rot_axis lines of RELION, or rows of four numbers, three an operator.", read_symmetry, NONE, scipion=""),
    InputKind("particles", "Particles", "Particles with angles and CTF: STAR file of RELION (3.1 or later), or .cs file of cryoSPARC.",
              read_particles, NONE, scipion=""),
    InputKind("target_map", "Target map", "Map that stays where it is, on a grid of its own; the other one is brought onto it, or into "
              "its box.", grid=OWN),
    InputKind("entries", "Other entry", "Folders of entries that belong together, as 'cryoqa deposit' prepared them: for a composite map "
              "the consensus map and each focused map.", read_entry, NONE, many=True, scipion="", folder=True),
    InputKind("focused_maps", "Focused map", "Maps of parts of the molecule, each on a grid of its own.", grid=OWN, many=True,
              set="focused"),
    InputKind("focused_half1", "Half-map 1 of a focused map", "First half-map of each focused map, in the same order.", grid=OWN, many=True,
              set="focused"),
    InputKind("focused_half2", "Half-map 2 of a focused map", "Second half-map of each focused map, in the same order.", grid=OWN,
              many=True, set="focused"),
    InputKind("focused_masks", "Mask of a focused map", "Mask of each focused map, in the same order.", grid=OWN, many=True,
              scipion="VolumeMask", set="focused"),
    InputKind("focused_models", "Model of a focused map", "Atomic model in each focused map, in the same order: PDB or mmCIF files.",
              read_model, NONE, many=True, scipion="AtomStruct", set="focused"),
)})


class Inputs:
    """What a method works on, by kind; a kind that was not given is None, one with many files an empty tuple.

    >>> Inputs(half1=one, half2=two).mask is None                # doctest: +SKIP
    True
    """

    def __init__(self, **given: Any) -> None:
        for kind in given:
            if kind not in KINDS:
                raise TypeError(unknown_kind(kind))
        self._given = {k: tuple(v) if KINDS[k].many else v for k, v in given.items() if v is not None and (not KINDS[k].many or len(v))}

    def __getattr__(self, kind: str) -> Any:
        if kind.startswith("_") or kind not in KINDS:
            raise AttributeError(kind)
        return self._given.get(kind, () if KINDS[kind].many else None)

    def given(self) -> Dict[str, Any]:
        """The inputs that are there, by kind; of a kind with many files each by its own name."""
        out: Dict[str, Any] = {}
        for kind, value in self._given.items():
            out.update({f"{kind}_{i}": v for i, v in enumerate(value, 1)} if KINDS[kind].many else {kind: value})
        return out

    def only(self, kinds: Sequence[str]) -> "Inputs":
        """Those of these inputs that are of ``kinds``."""
        return Inputs(**{k: v for k, v in self._given.items() if k in kinds})

    def with_(self, **given: Any) -> "Inputs":
        """These inputs with others added, replaced or, by None, taken away."""
        return Inputs(**dict(self._given, **given))

    def changed(self, name: str, **fields_of_map: Any) -> "Inputs":
        """These inputs with fields of one map replaced."""
        kind = base_kind(name)
        if not KINDS[kind].many:
            return self.with_(**{name: replace(self._given[name], **fields_of_map)})
        at = int(name.rpartition("_")[2]) - 1
        return self.with_(**{kind: tuple(replace(m, **fields_of_map) if i == at else m for i, m in enumerate(self._given[kind]))})

    def maps(self) -> Dict[str, Map]:
        """The maps and masks that are there, by kind."""
        return {n: v for n, v in self.given().items() if KINDS[n].is_map}


def load_inputs(sources: Mapping[str, str], sized: Collection[str] = ()) -> Inputs:
    """Read the files of ``sources`` (kind -> path); :class:`InputError` when the lists of a set are not equally long.

    Of the kinds in ``sized`` the caller knows the voxel size, so that their headers need not have one.
    """
    uneven = set_problems(expand(sources))
    if uneven:
        raise InputError(uneven[0])

    def number(item: Any) -> int:
        return int(item[0].rpartition("_")[2]) if base_kind(item[0]) != item[0] else 0

    read: Dict[str, Any] = {}
    for name, path in sorted(expand(sources).items(), key=number):
        kind = base_kind(name)
        value = KINDS[name].read(path, voxel_size_known=name in sized) if KINDS[name].is_map else KINDS[name].read(path)
        read[kind] = (*read.get(kind, ()), value) if KINDS[kind].many else value
    return Inputs(**read)


def set_problems(sources: Mapping[str, Any]) -> List[str]:
    """Sentences about sets whose lists are not equally long, such as three focused maps with two masks.

    Parameters
    ----------
    sources
        Paths, or objects with ``path``, with a name for each.
    """
    files: Dict[str, Dict[str, List[str]]] = {}
    for name, value in sources.items():
        kind = KINDS[base_kind(name)]
        if kind.set and value:
            files.setdefault(kind.set, {}).setdefault(kind.name, []).append(str(getattr(value, "path", value)))
    out = []
    for lists in files.values():
        (first, its), *others = lists.items()
        for other, own in others:
            if len(own) != len(its):
                a, b = (f"{len(paths)} file{'s' * (len(paths) > 1)} of '{named(kind, within=True)}' ({', '.join(paths)})"
                        for kind, paths in ((first, its), (other, own)))
                out.append(f"There are {a} but {b}; give one for each, in the same order.")
    return out


def named(name: str, within: bool = False) -> str:
    """An input in a sentence: its label, with what is typed for it; ``within`` a sentence the label begins small."""
    label = KINDS[name].label
    return called(inside(label) if within else label, base_kind(name))


def unknown_kind(name: str) -> str:
    """The sentence about a name that is no kind of input."""
    return f"'{name}' is no kind of input.{did_you_mean(name, KINDS)} The kinds are {', '.join(KINDS)}."


def missing(needed: Sequence[str], sources: Mapping[str, str]) -> List[str]:
    """Sentences about inputs that are needed and not given, whose file is not there, or of which one of a set is lacking."""
    out = not_given(needed, sources)
    for name, path in sources.items():
        wrong = why_not_plain(path, KINDS[name].folder) if path else None
        if wrong is not None:
            out.append(f"{named(name)} '{path}' {wrong}.")
    return out + set_problems(sources)


def not_given(needed: Sequence[str], given: Iterable[str]) -> List[str]:
    """Sentences about kinds of input that are needed and not among the ``given``, a name or a mapping by name each."""
    there = _kinds(given)
    return [_needed(n) for n in needed if n not in there]


def lone_half(given: Iterable[str]) -> List[str]:
    """A sentence when one half-map of a pair was given without the other."""
    there = _kinds(given)
    return [f"{named(other)} is needed beside {named(one, within=True)} and was not given; give the files of both half-maps."
            for one, other in (("half1", "half2"), ("half2", "half1")) if one in there and other not in there]


def _kinds(given: Iterable[str]) -> Set[str]:
    return {base_kind(n) for n in given if not isinstance(given, Mapping) or given[n] is not None and not _is_empty(given[n])}


def _is_empty(value: Any) -> bool:
    return isinstance(value, (str, list, tuple)) and not value


def _needed(name: str) -> str:
    return f"{named(name)} is needed and was not given; give its file."


def grid_problems(headers: Mapping[str, MapHeader]) -> List[str]:
    """Sentences about maps that should lie on one grid and do not (box or voxel size differ).

    ``headers`` may hold :class:`MapHeader` or :class:`Map`: both have ``shape``, ``voxel_size`` and ``path``. The maps of one number of
    a set, such as a focused map with its half-maps and mask, have a grid to themselves.
    """
    first: Dict[str, str] = {}                               # the first map of each grid
    out = []
    for name in headers:
        kind = KINDS[base_kind(name)]
        grid = SAME if kind.grid == SAME else f"{kind.set} {name.rpartition('_')[2]}" if kind.set else name
        other = first.setdefault(grid, name)
        a, b = headers[other], headers[name]
        la, lb = (the(KINDS[n].label) for n in (other, name))
        files = f"({a.path}, {b.path})" if a.path and b.path else "(in memory)"
        if a.shape != b.shape:
            out.append(f"{la[:1].upper() + la[1:]} is {_box(a)} voxels but {lb} is {_box(b)} {files}. " + _regridding(headers, other, name))
        elif any(abs(p - q) > 2e-3 * max(p, q) for p, q in zip(a.voxel_size, b.voxel_size)):
            out.append(f"{la[:1].upper() + la[1:]} has voxels of {_size(a)} Å but {lb} of {_size(b)} Å {files}. "
                       f"Correct the header of the wrong one ({typed('voxel_size')} gives one voxel size for all maps). "
                       + _regridding(headers, other, name))
    return out


def _regridding(maps: Mapping[str, Any], one: str, other: str) -> str:
    """What to do about two maps on two grids: half-maps come from one job, any other map is put on the grid of the half-maps."""
    halves = [n for n in (one, other) if "half" in n]
    if len(halves) == 2:
        return "Half-maps of one refinement have one grid: take both from the same job, they must not be resampled onto each other."
    target, moved = (other, one) if halves == [other] else (one, other)
    a, b = maps[target], maps[moved]
    if not (isinstance(a.path, str) and isinstance(b.path, str)):
        return f"Resample {the(KINDS[moved].label)} onto the grid of {the(KINDS[target].label)}."
    new = os.path.basename(b.path).split(".")[0] + "_on_grid.mrc"
    words = (f"Or resample {the(KINDS[moved].label)}: in ChimeraX 'open {_quoted(a.path)} {_quoted(b.path)}; volume resample #2 "
             f"onGrid #1; save {_quoted(new)} models #3'")
    cubic = len({*a.shape}) == len({*b.shape}) == 1 and all(max(m.voxel_size) - min(m.voxel_size) < 1e-4 for m in (a, b))
    if not cubic:
        return words.replace("Or resample", "Resample", 1) + "."
    scale = "" if abs(a.voxel_size[0] - b.voxel_size[0]) < 1e-4 else f"--angpix {b.voxel_size[0]:g} --rescale_angpix {a.voxel_size[0]:g} "
    words += (f", or, where both are centred in their boxes, 'relion_image_handler --i {_quoted(b.path)} --o {_quoted(new)} {scale}"
              f"--new_box {a.shape[0]}'.")
    return words if a.shape == b.shape else words.replace("Or resample", "Resample", 1)


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path


def _box(m: Any) -> str:
    return " x ".join(str(n) for n in m.shape[::-1])


def _size(m: Any) -> str:
    x, y, z = m.voxel_size
    return f"{x:.4g}" if abs(x - y) < 1e-4 and abs(x - z) < 1e-4 else f"{x:.4g} x {y:.4g} x {z:.4g}"


def require_same_grid(maps: Mapping[str, Any]) -> None:
    """Raise :class:`InputError` when the maps do not lie on one grid."""
    wrong = grid_problems(maps)
    if wrong:
        raise InputError(wrong[0])


def require(inputs: Inputs, *names: str) -> None:
    """Raise :class:`MissingInputError` when one of the named inputs was not given."""
    for name in names:
        if getattr(inputs, name) is None:
            raise MissingInputError(_needed(name))


def read_headers(sources: Mapping[str, str], sized: Collection[str] = ()) -> Dict[str, MapHeader]:
    """Headers of the maps among ``sources``; ``sized`` as of :func:`load_inputs`."""
    return {n: KINDS[n].header(p, voxel_size_known=n in sized) for n, p in sources.items() if p and KINDS[n].is_map}
