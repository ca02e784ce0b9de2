"""Files in, one call, files out: what the command line, the Scipion protocols and scripts all run."""
from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from . import memory, params as params_module, results, run_folder
from .errors import CryoqaError, InputError, MissingInputError
from .naming import called, did_you_mean, typed
from .progress import Progress, part, silent
from .provenance import Stopwatch, collect
from .registry import CAPABILITIES, Capability, find, resolve
from .resume import MEAN, described, judge, kept, named, told, writing
from .run_folder import ERROR, REPORTS, RESULT, VALIDATION

if TYPE_CHECKING:
    from .study import Study

log = logging.getLogger(__name__)
MOST_THREADS = 1024                              # no machine has more cores for one map; more is a slip of the keys


def capability(capability_id: str) -> Capability:
    """The registry row of an id (``-`` may stand for ``_``); :class:`InputError` when there is none."""
    row = find(capability_id.replace("-", "_"))
    if row is None:
        known = [c.id for c in CAPABILITIES]
        raise InputError(f"There is no capability '{capability_id}'."
                         + (did_you_mean(capability_id, known) or f" There are {', '.join(known)}."))
    return row


def checked_threads(threads: Any) -> int:
    """A number of threads that was given, 0 for all cores; :class:`InputError` for what is none."""
    try:
        count = int(threads)
        if isinstance(threads, float) and count != threads:
            raise ValueError
    except (TypeError, ValueError):
        raise InputError(f"{called('Threads', 'threads')} is '{threads}'; it must be a whole number, 0 for all cores.") from None
    if not 0 <= count <= MOST_THREADS:
        raise InputError(f"{called('Threads', 'threads')} is {count}; it must be from 1 to {MOST_THREADS}, or 0 for all cores.")
    return count


def problems(capability_id: str, sources: Mapping[str, str], values: Optional[Mapping[str, Any]] = None,
             voxel_sizes: Optional[Mapping[str, float]] = None) -> List[str]:
    """Everything that can be said against a run before it starts, one sentence each; reads headers only.

    Parameters
    ----------
    capability_id
        Id of a registry row.
    sources
        Path of each input by kind (``half1``, ``mask``, ...).
    values
        Parameters by name.
    voxel_sizes
        Voxel size in Å by kind, where the caller knows better than the header.
    """
    row, sources = capability(capability_id), clean(sources)
    out = _input_problems(row, sources)
    try:
        params_module.build(resolve(row.params), values)
    except InputError as error:
        out.append(str(error))
    if out:
        return out
    from .io.inputs import grid_problems, read_headers
    try:
        headers = read_headers(sources, [n for n, size in (voxel_sizes or {}).items() if size is not None])
    except CryoqaError as error:
        return [str(error)]
    headers = {n: _with_voxel_size(h, (voxel_sizes or {}).get(n)) for n, h in headers.items()}
    return grid_problems(headers)


def _input_problems(row: Capability, sources: Mapping[str, str]) -> List[str]:
    from .io.inputs import missing
    return missing(row.needs, sources) + misplaced(row, sources)


def misplaced(row: Capability, given: Mapping[str, Any]) -> List[str]:
    """Sentences about inputs that a capability has no use for, and about those of which it needs one and has none."""
    from .io.inputs import base_kind, lone_half, named
    out, command = [], typed(row.id).lstrip("-")
    for name in dict.fromkeys(base_kind(n) for n in given):
        if name not in row.needs + row.takes:
            known = ", ".join(typed(n) for n in row.needs + row.takes) or "none"
            out.append(f"'{command}' has no use for the input '{typed(name)}'; its inputs are {known}.")
    ready = {base_kind(n) for n in given}
    if row.any_of and not any(ready.issuperset(group) for group in row.any_of):
        groups = [" and ".join(named(n, within=True) for n in group) for group in row.any_of]
        out += lone_half(given) or [f"'{command}' needs {', or '.join(groups)}; none was given{row.instead and ', ' + row.instead}."]
    return out


def density_problems(given: Mapping[str, Any]) -> List[str]:
    """Sentences where there is no map to judge, or one half-map of a pair."""
    from .io.inputs import base_kind, lone_half, named
    lone = lone_half(given)
    if lone or {base_kind(n) for n in given} & {"full_map", "half1", "half2"}:
        return lone
    maps, one, two = (named(n, within=True) for n in ("full_map", "half1", "half2"))
    return [f"There is no map to judge; give {one} and {two}, or {maps}, or a job folder ({typed('job')})."]


def clean(sources: Mapping[str, Any]) -> Dict[str, str]:
    """Sources with a name for each file, and without the mark that Scipion puts behind an MRC file."""
    from .io.inputs import expand
    return {n: p[:-4] if p.endswith(":mrc") else p for n, p in expand(sources).items()}


def _with_voxel_size(map_: Any, size: Optional[float]) -> Any:
    return map_ if size is None else replace(map_, voxel_size=(float(size),) * 3)


def memory_estimate(capability_id: str, sources: Mapping[str, str], values: Optional[Mapping[str, Any]] = None) -> int:
    """Expected peak memory of a run in bytes, from the headers and the parameters; the base alone when no map is given."""
    return memory.of_files(capability(capability_id), clean(sources), values)


def memory_warning(capability_id: str, sources: Mapping[str, str], values: Optional[Mapping[str, Any]] = None) -> Optional[str]:
    """The sentence by which a run is refused that needs more memory than the machine has, else None."""
    return memory.too_large(capability(capability_id), memory_estimate(capability_id, sources, values))


def execute(capability_id: str, sources: Mapping[str, str], values: Optional[Mapping[str, Any]] = None,
            outdir: Optional[str] = None, *, progress: Progress = silent, threads: int = 0,
            limits: Optional[Mapping[str, Mapping[str, Any]]] = None,
            voxel_sizes: Optional[Mapping[str, float]] = None, origins: Optional[Mapping[str, Sequence[float]]] = None,
            command: Optional[Sequence[str]] = None, also: Sequence[str] = (), notes: Sequence[str] = (),
            overwrite: bool = False) -> Dict[str, Any]:
    """Run one capability on files and return its result document.

    Parameters
    ----------
    capability_id, sources, values, voxel_sizes
        As for :func:`problems`, whose first sentence is raised when there is one.
    outdir
        Folder for ``result.json`` and the maps, which appear there together; None writes nothing and leaves the maps out.
    progress
        ``progress(fraction, message)``, called with fractions from 0 to 1.
    threads
        Number of threads, 0 for all cores.
    limits
        Limits that override those of the table of checks: capability -> metric -> limit.
    origins
        Origin (x, y, z) in Å by kind, where the caller knows better than the header.
    command
        The command that led here, for the provenance.
    also
        What else is written of each output map: ``mtz`` its Fourier coefficients, ``shifted`` a copy with its origin at 0.
    notes
        What is to be known of where the files come from; it stands before the warnings of the document.
    overwrite
        Results of other inputs in ``outdir``, which are refused otherwise, are removed: of cryoqa's own files only.
    """
    return run_files(capability_id, sources, values, outdir, progress=progress, threads=threads, limits=limits, voxel_sizes=voxel_sizes,
                     origins=origins, command=command, also=also, notes=notes, overwrite=overwrite)[1]


def run_files(capability_id: str, sources: Mapping[str, str], values: Optional[Mapping[str, Any]] = None, outdir: Optional[str] = None, *,
              voxel_sizes: Optional[Mapping[str, float]] = None, origins: Optional[Mapping[str, Sequence[float]]] = None,
              also: Sequence[str] = (), notes: Sequence[str] = (), overwrite: bool = False,
              **how: Any) -> Tuple[results.Result, Dict[str, Any]]:
    """The typed result and its document; parameters as for :func:`execute`."""
    from .study import Study
    row, sources = capability(capability_id), clean(sources)
    wrong = problems(row.id, sources, values, voxel_sizes)
    if wrong:
        raise (MissingInputError if _input_problems(row, sources) else InputError)(wrong[0])
    with writing(outdir, [row], {} if outdir is None else named(sources), also=also, overwrite=overwrite):
        needed = memory.of_files(row, sources, values)
        _require_memory(row, needed)                         # before the maps are read
        log.info("%s: expected peak memory %.2f GB", row.title, needed / 1e9)
        watch = Stopwatch()
        study = _bounded(Study.read(sources, voxel_sizes, origins, notes=notes))
        return run_study(row, study, values, outdir, also, watch=watch, **how)


def run_study(row: Capability, study: Study, values: Optional[Mapping[str, Any]], outdir: Optional[str], also: Sequence[str] = (), *,
              watch: Optional[Stopwatch] = None, **how: Any) -> Tuple[results.Result, Dict[str, Any]]:
    """The typed result of a capability on a Study, and its document, written to ``outdir`` with all beside it unless that is None."""
    watch = watch or Stopwatch()
    if outdir is None:
        return answer(row, study, values, watch=watch, **how)
    from .io.outputs import write_beside
    with run_folder.held(outdir):
        result, document = answer(row, study, values, watch=watch, **how)
        with run_folder.together(outdir, RESULT, told(document, outdir)) as stage:
            write_beside(result, document, stage, also)
            document["provenance"].update(watch.read())
            results.write_json(document, os.path.join(stage, RESULT))
    return result, document


def answer(row: Capability, study: Study, values: Optional[Mapping[str, Any]] = None, *, progress: Progress = silent, threads: int = 0,
           limits: Optional[Mapping[str, Mapping[str, Any]]] = None, command: Optional[Sequence[str]] = None,
           watch: Optional[Stopwatch] = None) -> Tuple[results.Result, Dict[str, Any]]:
    """The result of a capability on a Study, and its document without the files that go beside it; parameters as for :func:`execute`."""
    from .core.threads import get_threads, set_threads
    watch, threads = watch or Stopwatch(), checked_threads(threads)
    parameters = params_module.build(resolve(row.params), values)
    _require_extras(row)
    _require_memory(row, memory.of_study(row, study, values))
    set_threads(threads)
    result = perform(row.id, study, parameters, progress=progress)
    document = results.to_document(result)
    document.update(capability=row.id, title=row.title, inputs=described(study), parameters=params_module.as_dict(parameters),
                    checks=judge(row, study.has_halves, document["metrics"], limits), maps={},
                    provenance=collect(watch, get_threads(), command))
    return result, document


def _require_memory(row: Capability, needed: int) -> None:
    """:class:`InputError` where a run needs more memory (bytes) than there is."""
    wrong = memory.too_large(row, needed)
    if wrong:
        raise InputError(wrong)


def missing_extras(row: Capability) -> Optional[str]:
    """What to install for a capability that needs a package that others do not need; None when nothing is missing."""
    from importlib.util import find_spec
    missing = [name for name in row.extras if find_spec(name) is None]
    if not missing:
        return None
    return f"'{row.id}' needs the package {', '.join(missing)}, which is not installed; 'pip install {' '.join(missing)}'."


def _require_extras(row: Capability) -> None:
    """:class:`InputError` when a package is missing that a capability needs."""
    wrong = missing_extras(row)
    if wrong:
        raise InputError(wrong)


def perform(capability_id: str, study: Study, parameters: Any, *, progress: Progress = silent) -> results.Result:
    """The result of one capability on a Study, with the notes on its inputs before the warnings of the method, each once."""
    row = capability(capability_id)
    result = _withheld(row, study, resolve(row.run)(study, parameters, progress=progress))
    return replace(result, warnings=tuple(dict.fromkeys((*study.notes(), *result.warnings))))


def _withheld(row: Capability, study: Study, result: results.Result) -> results.Result:
    """The result without a resolution and without the warnings that follow, where half-maps were taken that can have none."""
    from .methods.local_resolution.local_resolution import LocalResolution
    if not (study.has_halves and {"half1", "half2"} <= set(row.needs + row.takes)):
        return result
    reason = study.independence.void
    names = [metric for item, metric in row.estimates if item.startswith("1.")]
    if isinstance(result, LocalResolution):
        declared = results.declared(type(result), "metric")
        names += ["p5", "p25", "median", "p75", "p95"]
        names += [n for n, m in declared.items() if m["unit"] == "Å" and m["better"] == "lower" and row.family == "local_resolution"]
    if reason is None or not names:
        return result
    return replace(result, summary=result.summary if reason in result.summary else f"No resolution is given: {reason}.", warnings=(),
                   **dict.fromkeys(names))


def _bounded(study: Study) -> Study:
    """The Study, made to keep no more than runs without a person share: a small peak of memory is worth a few transforms more."""
    if study.maps():
        kept = memory.KEPT_PER_VOXEL + (memory.KEPT_WITH_MODEL if study.model is not None else 0.0)
        study.shelf.budget = min(study.shelf.budget, kept * study.grid.data.size)
    return study


@contextmanager
def open_study(rows: Sequence[Capability], sources: Mapping[str, Any], outdir: str, voxel_sizes: Optional[Mapping[str, float]] = None,
               notes: Sequence[str] = (), origins: Optional[Mapping[str, Sequence[float]]] = None,
               overwrite: bool = False) -> Iterator[Study]:
    """The Study of some files for the ``rows`` that are run on them, each into a folder of its own in ``outdir``, which is held meanwhile.

    Of half-maps without a map it holds their mean too, written to ``outdir/mean``.
    """
    from .io.inputs import require_same_grid
    from .io.maps import write_map
    from .study import Study
    sources = clean(sources)
    new = named(sources)
    with writing(outdir, rows, new, below=True, overwrite=overwrite):
        study = _bounded(Study.read(sources, voxel_sizes, origins, notes=notes))
        if study.full_map is None and study.has_halves:
            require_same_grid({"half1": study.half1, "half2": study.half2})
        run_folder.note_inputs(outdir, described(study))
        if study.full_map is None and study.has_halves:
            path = run_folder.put(os.path.join(outdir, MEAN), "full_map.mrc", lambda path: write_map(
                path, study.average, labels=("cryoqa: mean of the two half-maps",)))
            study = study.with_(full_map=replace(study.average, path=path))
        yield study


def applicable(sources: Mapping[str, str], on_request: bool = False) -> List[Capability]:
    """The rows whose inputs are all there; importers of job folders are left out, and what runs ``on_request`` only."""
    from .io.inputs import KINDS, base_kind
    given = {base_kind(n) for n in sources if sources[n]}
    rows = [c for c in CAPABILITIES if (c.needs or c.any_of) and set(c.needs) <= given and (on_request or not c.on_request)]
    return [c for c in rows if not c.any_of or any(set(g) <= given for g in c.any_of if all(n in KINDS for n in g))]


def assess(sources: Mapping[str, str], outdir: str, *, values: Optional[Mapping[str, Mapping[str, Any]]] = None,
           progress: Progress = silent, threads: int = 0, limits: Optional[Mapping[str, Mapping[str, Any]]] = None,
           voxel_sizes: Optional[Mapping[str, float]] = None, command: Optional[Sequence[str]] = None,
           notes: Sequence[str] = (), resume: bool = True, overwrite: bool = False) -> Dict[str, Any]:
    """Run every capability that the inputs allow, each into ``outdir/<id>``; a failure of one does not stop the others.

    All share one Study of the inputs. A mask that was not given is made once and used by the rest. What an earlier run left there is kept
    when ``resume`` is true and it would come out the same, see :func:`cryoqa_plugin.resume.kept`; results of other inputs are refused, or
    removed with ``overwrite``.

    Returns
    -------
    dict
        Capability id -> result document, or ``{"error": sentence}``.
    """
    wrong = density_problems(clean(sources))
    if wrong:
        raise MissingInputError(wrong[0])
    out: Dict[str, Any] = {}
    planned = applicable(dict(clean(sources), full_map="their mean", mask="to be made"))
    with open_study(planned, sources, outdir, voxel_sizes, notes, overwrite=overwrite) as study:
        rows = [row for row in applicable(study.given()) if not (row.id == "mask" and study.mask is not None)]
        for i, row in enumerate(rows):
            out[row.id] = one_of_many(row, study_for(row, study), (values or {}).get(row.id), os.path.join(outdir, row.id), resume,
                                      threads=threads, limits=limits, command=command,
                                      progress=part(progress, i / len(rows), 1 / len(rows), row.title))
            if row.id == "mask" and "error" not in out["mask"]:
                study = with_made_mask(study, outdir)
    return out


def one_of_many(row: Capability, study: Study, values: Optional[Mapping[str, Any]], folder: str, resume: bool, *,
                limits: Optional[Mapping[str, Mapping[str, Any]]], progress: Progress, **how: Any) -> Dict[str, Any]:
    """One capability of many into ``folder``: what is there when it would come out the same, else that of a new run."""
    with run_folder.held(folder):
        there = kept(row, study, values, folder, limits) if resume else None
        if there is not None:
            progress(1.0, "done before")
            return there
        run_folder.forget(os.path.dirname(folder), (*REPORTS, VALIDATION))             # they are of what was there before
        return guarded(row, study, values, folder, limits=limits, progress=progress, **how)


def with_made_mask(study: Study, outdir: str) -> Study:
    """The Study with the mask that was made into ``outdir/mask``."""
    from .io.maps import read_map
    return study.with_(mask=read_map(os.path.join(outdir, "mask", "mask.mrc")))


def guarded(row: Capability, study: Study, values: Optional[Mapping[str, Any]], folder: str, **how: Any) -> Dict[str, Any]:
    """One capability of many into ``folder``: a failure is written there as ``error.json`` and returned, and raises nothing."""
    try:
        return run_study(row, study, values, folder, **how)[1]
    except Exception as error:                               # one failure must not cost the other capabilities
        document = dict(capability=row.id, title=row.title, error=_sentence(error), inputs=described(study))
    with run_folder.held(folder), run_folder.together(folder, ERROR, told(document, folder)) as stage:
        results.write_json(document, os.path.join(stage, ERROR))
    return document


def _sentence(error: Exception) -> str:
    if isinstance(error, CryoqaError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for it. Crop the maps, or use a machine with more."
    log.error("A fault of cryoqa, please report it:", exc_info=error)
    return f"A fault of cryoqa stopped it ({type(error).__name__}: {error}); please report it with the text on the screen."


def study_for(row: Capability, study: Study) -> Study:
    """The Study of what a capability takes, as one of many: a mask is made from the density, so that a map is judged without its model, and
    half-maps of another box, whose refusal others say, do not keep back what a map alone is asked."""
    kinds = ("full_map",) if row.id == "mask" and study.full_map is not None else row.needs + row.takes
    found = study.only(kinds)
    if "full_map" in row.needs and "half1" not in row.needs and found.has_halves and found.half1.shape != found.full_map.shape:
        found = found.with_(half1=None, half2=None)
    return found


def warmup(progress: Progress = silent) -> List[str]:
    """Compile every kernel for what runs call it with, and keep it on disk; returns the names of the kernels."""
    from .core import ahead, signatures
    return ahead.compile_kernels(signatures.SIGNATURES, progress)
