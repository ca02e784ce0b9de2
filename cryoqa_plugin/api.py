"""cryoqa for Python users: open the inputs once, ask what you want to know, keep what you like.

>>> import cryoqa_plugin                                                         # doctest: +SKIP
>>> study = cryoqa_plugin.open(half1="half1.mrc", half2="half2.mrc")             # doctest: +SKIP
>>> study.fsc().resolution                                                       # doctest: +SKIP
2.61
>>> study.local_fsc(window=8).resolution_map.data.shape                          # doctest: +SKIP
(96, 96, 96)
"""
from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from . import params as params_module, runner
from .answer import Answer
from .errors import InputError, MissingInputError
from .io import ranges
from .io.documents import read_document
from .io.inputs import KINDS, SAME, expand, missing, not_given, unknown_kind
from .io.maps import Map, read_map
from .naming import KEYWORD, did_you_mean, naming
from .progress import Progress, silent
from .registry import BY_ID, CAPABILITIES, Capability, resolve
from .results import Curve, Result, Table, declared
from .study import Study

Numbers = Union[float, Sequence[float]]


def open(*, job: Optional[str] = None, voxel_size: Optional[Numbers] = None, origin: Sequence[float] = (0.0, 0.0, 0.0),
         budget: Optional[float] = None, **given: Any) -> OpenStudy:
    """Open a set of inputs: files, arrays or a job folder.

    Parameters
    ----------
    job
        Folder of a RELION or cryoSPARC job that the inputs not given are taken from.
    voxel_size
        Voxel size in Å, one value or (x, y, z): of arrays, which need it, and of files whose headers are wrong.
    origin
        Position (x, y, z) in Å of the first voxel of arrays.
    budget
        Bytes that kept transforms and masks may take; 40 % of the machine's memory when None.
    **given
        Inputs by kind (``half1``, ``half2``, ``full_map``, ``mask``, ``model``, ...), each the path of a file, an array
        [z, y, x] of real numbers, or an object that cryoqa has read.

    Returns
    -------
    OpenStudy
        One method a capability, such as ``study.fsc()`` or ``study.local_fsc(window=8)``.

    Raises
    ------
    InputError
        A file cannot be read, an array has no voxel size, a name is no kind of input.
    """
    unknown = [n for n in given if n not in KINDS]
    if unknown:
        raise InputError(unknown_kind(unknown[0]))
    with naming(KEYWORD):
        return _opened(given, job, voxel_size, origin, budget)


def _opened(given: Dict[str, Any], job: Optional[str], voxel_size: Optional[Numbers], origin: Sequence[float],
            budget: Optional[float]) -> OpenStudy:
    notes: Tuple[str, ...] = ()
    if job is not None:
        from .io.jobs import read_job
        found = read_job(job)
        notes = found.warnings
        given = dict(found.sources(), job=replace(found, warnings=()), **given)      # its warnings are notes on all that comes from it
    if not any(v is not None for v in given.values()):
        raise MissingInputError("Nothing was given; give half1 and half2, full_map, or job.")
    size = _voxel_size(voxel_size)
    files = {k: v for k, v in given.items() if _is_path(v)}
    wrong = missing((), expand(files))
    if wrong:
        raise InputError(wrong[0])
    study = Study.read(expand(files), {n: size for n in expand(files) if KINDS[n].grid == SAME} if size else None,
                       notes=notes, budget=budget)
    others = {k: _as_input(k, v, size, origin) for k, v in given.items() if k not in files and v is not None}
    return OpenStudy(study.inputs.with_(**others), shelf=study.shelf, source_notes=notes)


def _voxel_size(value: Optional[Numbers]) -> Optional[Tuple[float, float, float]]:
    if value is None:
        return None
    try:
        x, y, z = (float(v) for v in np.broadcast_to(np.asarray(value, dtype=float), 3))
    except (TypeError, ValueError):
        raise InputError(f"The voxel size is {value!r}; give one number in Å, or three, (x, y, z).") from None
    for size in (x, y, z):
        ranges.require_finite(size, "The voxel size", "voxel_size", ranges.VOXEL_SIZE, "Å")
    return x, y, z


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike)) or isinstance(value, (list, tuple)) and bool(value) and all(map(_is_path, value))


def _as_input(kind: str, value: Any, size: Optional[Tuple[float, ...]], origin: Sequence[float]) -> Any:
    if KINDS[kind].many and isinstance(value, (list, tuple)):
        return tuple(_as_input(kind, v, size, origin) if not _is_path(v) else KINDS[kind].read(os.fspath(v)) for v in value)
    if not isinstance(value, np.ndarray) and hasattr(value, "__array__"):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        if KINDS[kind].is_map and not isinstance(value, Map):
            raise InputError(f"{KINDS[kind].label} ({kind}) is of type {type(value).__name__}; give the path of a file, or an array "
                             "[z, y, x].")
        return value
    if not KINDS[kind].is_map:
        raise InputError(f"{KINDS[kind].label} cannot be an array; give its file.")
    if value.ndim != 3 or np.iscomplexobj(value):
        raise InputError(f"{KINDS[kind].label} is an array of shape {value.shape} and type {value.dtype}; give real numbers [z, y, x].")
    if size is None:
        raise InputError(f"{KINDS[kind].label} is an array, which knows no voxel size; give voxel_size in Å.")
    return Map(np.ascontiguousarray(value, dtype=np.float32), size, tuple(float(v) for v in origin))


def method_name(row: Capability) -> str:
    """Name of the method of a capability."""
    return f"make_{row.id}" if row.id in KINDS else row.id


METHODS: Dict[str, Capability] = {method_name(row): row for row in CAPABILITIES}


class OpenStudy(Study):
    """A Study whose capabilities are methods: ``study.fsc()``, ``study.monores(levels=12)``, ...; made by :func:`open`.

    A capability that is called as an input has ``make_`` before its name: ``study.mask`` is the mask that was given, ``study.make_mask()``
    makes one.

    Each method takes the parameters of its capability by name, and ``threads`` and ``progress``; it returns the typed result of the
    capability. ``help(study.fsc)`` tells the parameters.
    """

    def __getattr__(self, name: str) -> Any:
        row = METHODS.get(name)
        if row is None and not name.startswith("_") and name not in KINDS:
            raise AttributeError(f"A study has no '{name}'.{did_you_mean(name, (*METHODS, *KINDS))}")
        return _method(self, row) if row is not None else super().__getattr__(name)

    def __dir__(self) -> List[str]:
        return sorted({*super().__dir__(), *KINDS, *METHODS})

    def __repr__(self) -> str:
        """The inputs, a line each."""
        given = {k: v if isinstance(v, Map) else getattr(v, "path", None) or type(v).__name__ for k, v in self.given().items()}
        return "\n".join(["Study of", *(f"  {kind}: {value}" for kind, value in given.items())])

    def run(self, capability: str, *, threads: int = 0, progress: Progress = silent, **parameters: Any) -> Result:
        """Run a capability by its id.

        Parameters
        ----------
        capability
            Id of a capability, as ``fsc`` or ``local-fsc``.
        threads
            Number of threads, 0 for all cores.
        progress
            ``progress(fraction, message)``.
        **parameters
            Parameters of the capability by name.

        Returns
        -------
        Result
            Its typed result: ``result.resolution``, ``result.curves``, ``result.table("percentiles")``, ``result.plot()``,
            ``result.save(folder)``.
        """
        row = runner.capability(capability)
        kinds = [k for k in KINDS if k in row.needs + row.takes]
        with naming(KEYWORD):
            result, document = runner.answer(row, self.only(kinds), parameters, threads=threads, progress=progress,
                                             command=["python", f"study.{row.id}"])
        return result.with_document(document)


def _method(study: OpenStudy, row: Capability) -> Callable[..., Result]:
    def call(*, threads: int = 0, progress: Progress = silent, **parameters: Any) -> Result:
        return study.run(row.id, threads=threads, progress=progress, **parameters)

    call.__name__ = call.__qualname__ = method_name(row)
    lines = [f"{s.name} : {s.type.__name__}, default {s.default!r}\n    {s.help}" + (f" [{s.unit}]" if s.unit else "")
             for s in params_module.specs(resolve(row.params))]
    call.__doc__ = f"{row.title}.\n\nParameters\n----------\n" + "\n".join(lines)
    return call


def run(capability: str, outdir: Optional[str] = None, *, voxel_size: Optional[Numbers] = None, origin: Sequence[float] = (0.0, 0.0, 0.0),
        threads: int = 0, progress: Progress = silent, overwrite: bool = False, **inputs_and_parameters: Any) -> Answer:
    """Run one capability on files or arrays.

    >>> answer = run("fsc", half1=array1, half2=array2, voxel_size=1.2)          # doctest: +SKIP
    >>> answer.resolution, answer.sharpened.data.shape                           # doctest: +SKIP
    (2.9, (96, 96, 96))

    Parameters
    ----------
    capability
        Its id, such as ``fsc`` or ``local-fsc``.
    outdir
        Folder for ``result.json`` and the maps; None keeps all in memory.
    voxel_size, origin
        As for :func:`open`.
    threads
        Number of threads, 0 for all cores.
    progress
        ``progress(fraction, message)``.
    overwrite
        Results of other inputs in ``outdir``, which are refused otherwise, are removed: of cryoqa's own files only.
    **inputs_and_parameters
        Inputs by kind (paths, arrays [z, y, x], or what cryoqa has read), ``job`` for the folder of a job that those not given are
        taken from, and parameters of the capability.

    Returns
    -------
    Answer
        The result document; ``answer.resolution``, ``answer.maps``, ``answer.plot()`` and so on are those of the typed result.

    Raises
    ------
    InputError, MissingInputError, FormatError
        One sentence on what is wrong with the inputs or parameters, and what to do.
    """
    row = runner.capability(capability)
    with naming(KEYWORD):
        given, values = _told_apart(row, inputs_and_parameters)
        job = None if "job" in row.needs else given.pop("job", None)
        wrong = not_given(row.needs, given) + runner.misplaced(row, given) if job is None else []
        if wrong:
            raise MissingInputError(wrong[0])
        how: Dict[str, Any] = dict(progress=progress, threads=threads, command=["python", f"cryoqa_plugin.run({row.id!r})"])
        if job is None and all(map(_is_path, given.values())):
            size = _voxel_size(voxel_size)
            sizes = {n: size for n in expand(given) if KINDS[n].grid == SAME} if size else None
            result, document = runner.run_files(row.id, given, values, outdir, voxel_sizes=sizes, overwrite=overwrite, **how)
        else:
            study = open(job=job, voxel_size=voxel_size, origin=origin, **given).only([k for k in KINDS if k in row.needs + row.takes])
            with runner.writing(outdir, [row], {} if outdir is None else runner.described(study), overwrite=overwrite):
                result, document = runner.run_study(row, study, values, outdir, **how)
    return Answer(result, document, outdir)


def _told_apart(row: Capability, given: Mapping[str, Any]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Inputs and parameters of a capability; what is neither is named, with what was probably meant."""
    known = [s.name for s in params_module.specs(resolve(row.params))]
    for name in given:
        if name not in known and name not in KINDS:
            kinds = [*row.needs, *row.takes]
            raise InputError(f"'{row.id}' knows no '{name}'.{did_you_mean(name, [*kinds, 'voxel_size', *known])} "
                             f"Its inputs are {', '.join(kinds)}; its parameters {', '.join(known) or 'none'}.")
    inputs = {k: v for k, v in given.items() if k not in known and v is not None}
    return inputs, {k: v for k, v in given.items() if k in known}


def load(folder: str) -> Result:
    """The typed result that a run left in a folder, with its maps and its document.

    Parameters
    ----------
    folder
        Folder with ``result.json``, as written by ``result.save``, the command line or Scipion.

    Returns
    -------
    Result
        Of the class of its capability.

    Raises
    ------
    InputError
        There is no result of cryoqa in the folder.
    """
    path = os.path.join(folder, "result.json")
    if not os.path.isfile(path):
        raise InputError(f"There is no result.json in '{folder}'; give a folder that a run of cryoqa wrote.")
    document = read_document(path)
    row = BY_ID.get(document.get("capability", ""))
    if row is None:
        raise InputError(f"'{path}' is no result of a capability of this version of cryoqa.")
    cls = resolve(row.result)
    values: Dict[str, Any] = {n: m["value"] for n, m in document["metrics"].items()}
    values.update({n: _curve(c) for n, c in document["curves"].items()})
    values.update({n: Table(tuple(t["columns"]), tuple(tuple(r) for r in t["rows"])) for n, t in document["tables"].items()})
    values.update({n: read_map(os.path.join(folder, m["path"])) for n, m in document["maps"].items()})
    values.update({n: tuple(read_map(os.path.join(folder, p)) for p in m["paths"]) for n, m in document.get("lists", {}).items()})
    known = {n for role in ("metric", "curve", "table", "map", "maps") for n in declared(cls, role)}
    made = cls(summary=document["summary"], warnings=tuple(document["warnings"]), **{n: v for n, v in values.items() if n in known})
    return made.with_document(document)


def _curve(entry: Mapping[str, Any]) -> Curve:
    def numbers(name: str) -> Optional[np.ndarray]:
        return None if name not in entry else np.array([np.nan if v is None else v for v in entry[name]], dtype=float)

    return Curve(numbers("x"), numbers("y"), numbers("lower"), numbers("upper"))
