"""Files in, one call, files out: what the command line, the Scipion protocols and scripts all run."""
from __future__ import annotations

import logging
import os
import tempfile
from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from . import checks, limits as limits_table, params as params_module, results
from .errors import CryoqaError, InputError, MissingInputError
from .provenance import Stopwatch, collect, sha256
from .registry import CAPABILITIES, Capability, find, resolve

Progress = Optional[Callable[[float, str], None]]
log = logging.getLogger(__name__)
_ALSO = {"mtz": ".mtz", "shifted": "_shifted.mrc"}
_BASE_BYTES = 250e6                              # interpreter and libraries


def capability(capability_id: str) -> Capability:
    """The registry row of an id (``-`` may stand for ``_``); :class:`InputError` when there is none."""
    row = find(capability_id.replace("-", "_"))
    if row is None:
        raise InputError(f"There is no capability '{capability_id}'; there are {', '.join(c.id for c in CAPABILITIES)}.")
    return row


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
    row, sources = capability(capability_id), _clean(sources)
    out = _input_problems(row, sources)
    try:
        params_module.build(resolve(row.params), values)
    except InputError as error:
        out.append(str(error))
    if out:
        return out
    from .io.inputs import grid_problems, read_headers
    try:
        headers = read_headers(sources)
    except CryoqaError as error:
        return [str(error)]
    headers = {n: _with_voxel_size(h, (voxel_sizes or {}).get(n)) for n, h in headers.items()}
    return grid_problems(headers)


def _input_problems(row: Capability, sources: Mapping[str, str]) -> List[str]:
    from .io.inputs import KINDS, base_kind, missing
    out = missing(row.needs, sources)
    for name in dict.fromkeys(base_kind(n) for n in sources):
        if name not in row.needs + row.takes:
            known = ", ".join(row.needs + row.takes) or "none"
            out.append(f"'{row.id}' has no use for the input '{name}'; its inputs are {known}.")
    if row.any_of and not any(all(sources.get(n) for n in group) for group in row.any_of):
        groups = [" and ".join(KINDS[n].label.lower() for n in group) for group in row.any_of]
        out.append(f"'{row.id}' needs {', or '.join(groups)}; none was given{row.instead and ', ' + row.instead}.")
    return out


def _clean(sources: Mapping[str, Optional[str]]) -> Dict[str, str]:
    from .io.inputs import expand
    return {n: p[:-4] if p.endswith(":mrc") else p for n, p in expand(sources).items()}


def _with_voxel_size(map_: Any, size: Optional[float]) -> Any:
    return map_ if size is None else replace(map_, voxel_size=(float(size),) * 3)


def memory_estimate(capability_id: str, sources: Mapping[str, str], values: Optional[Mapping[str, Any]] = None) -> int:
    """Expected peak memory of a run in bytes, from the headers and the parameters; the base alone when no map is given.

    Where it depends on the mask, a mask that fills the box is meant.
    """
    row = capability(capability_id)
    defaults = resolve(row.params)() if row.costly else None
    each = [row.bytes_per_voxel] + [more for name, value, more in row.costly if (values or {}).get(name, getattr(defaults, name)) == value]
    from .io.inputs import read_headers
    sizes = [h.shape[0] * h.shape[1] * h.shape[2] for h in read_headers(_clean(sources)).values()]
    return int(_BASE_BYTES + max(each) * max(sizes, default=0))


def memory_warning(capability_id: str, sources: Mapping[str, str], values: Optional[Mapping[str, Any]] = None) -> Optional[str]:
    """A sentence when a run is expected to need more memory than the machine has, else None."""
    needed = memory_estimate(capability_id, sources, values)
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):            # a system that does not tell
        return None
    if needed <= there:
        return None
    return (f"{capability(capability_id).title} is expected to need {needed / 1e9:.1f} GB of memory and this machine has "
            f"{there / 1e9:.1f} GB; crop or bin the maps, or use a larger machine.")


def execute(capability_id: str, sources: Mapping[str, str], values: Optional[Mapping[str, Any]] = None,
            outdir: Optional[str] = None, *, progress: Progress = None, threads: int = 0,
            limits: Optional[Mapping[str, Mapping[str, Any]]] = None,
            voxel_sizes: Optional[Mapping[str, float]] = None, origins: Optional[Mapping[str, Sequence[float]]] = None,
            command: Optional[Sequence[str]] = None, also: Sequence[str] = ()) -> Dict[str, Any]:
    """Run one capability on files and return its result document.

    Parameters
    ----------
    capability_id, sources, values, voxel_sizes
        As for :func:`problems`, whose first sentence is raised when there is one.
    outdir
        Folder for ``result.json`` and the maps; None writes nothing and leaves the maps out.
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
    """
    from .core.threads import get_threads, set_threads
    from .io.inputs import load_inputs
    watch, row, sources = Stopwatch(), capability(capability_id), _clean(sources)
    wrong = problems(row.id, sources, values, voxel_sizes)
    if wrong:
        raise (MissingInputError if _input_problems(row, sources) else InputError)(wrong[0])
    table = checks.override(limits_table.CHECKS, limits).get(row.id, ())
    set_threads(threads)
    log.info("%s: expected peak memory %.2f GB", row.title, memory_estimate(row.id, sources, values) / 1e9)
    warning = memory_warning(row.id, sources, values)
    if warning:
        log.warning(warning)
    inputs = load_inputs(sources)
    for n in sources:
        if (voxel_sizes or {}).get(n) is not None:
            inputs = inputs.changed(n, voxel_size=(float(voxel_sizes[n]),) * 3)
        if (origins or {}).get(n) is not None:
            inputs = inputs.changed(n, origin=tuple(origins[n]))
    parameters = params_module.build(resolve(row.params), values)
    result = resolve(row.run)(inputs, parameters, progress=progress)
    document = results.to_document(result)
    document.update(capability=row.id, title=row.title, inputs=_describe(inputs, sources),
                    parameters=params_module.as_dict(parameters),
                    checks=checks.evaluate(table, document["metrics"]), maps={})
    if outdir is not None:
        _write_maps(result, document, outdir, sources, also)
    document["provenance"] = collect(watch, get_threads(), command)
    if outdir is not None:
        results.write_json(document, os.path.join(outdir, "result.json"))
    return document


def _describe(inputs: Any, sources: Mapping[str, str]) -> Dict[str, Any]:
    out: Dict[str, Any] = {}
    maps = inputs.maps()
    for name, path in sources.items():
        out[name] = dict(path=os.path.abspath(path), sha256=sha256(path))
        if name in maps:
            m = maps[name]
            out[name].update(shape=list(m.shape), voxel_size=[float(v) for v in m.voxel_size],
                             origin=[float(v) for v in m.origin])
    return out


def _write_maps(result: Any, document: Dict[str, Any], outdir: str, sources: Mapping[str, str], also: Sequence[str]) -> None:
    from .io.maps import write_map
    os.makedirs(outdir, exist_ok=True)
    for name, declared in results.declared(type(result), "map").items():
        map_ = getattr(result, name)
        if map_ is None:
            continue
        files = dict({"path": name + ".mrc"}, **{kind: name + _ALSO[kind] for kind in also})
        for file in files.values():
            _refuse_overwriting(os.path.join(outdir, file), sources)
        labels = (f"cryoqa {document['capability']}: {name}",)
        write_map(os.path.join(outdir, files["path"]), map_, labels=labels)
        if "mtz" in files:
            from .io.mtz import write_mtz
            write_mtz(os.path.join(outdir, files["mtz"]), map_)
        if "shifted" in files:
            write_map(os.path.join(outdir, files["shifted"]), replace(map_, origin=(0.0, 0.0, 0.0)), labels=labels)
        document["maps"][name] = dict(files, **declared)


def _refuse_overwriting(path: str, sources: Mapping[str, str]) -> None:
    for kind, source in sources.items():
        if os.path.realpath(path) == os.path.realpath(source):
            raise InputError(f"The output {path} would be written over the input {kind}; choose another output folder.")


def run(capability_id: str, outdir: Optional[str] = None, *, progress: Progress = None, threads: int = 0,
        **inputs_and_parameters: Any) -> Dict[str, Any]:
    """Run a capability with inputs and parameters given by name.

    >>> run("mtriage", half1="half1.mrc", half2="half2.mrc", outdir="out")    # doctest: +SKIP
    """
    from .io.inputs import KINDS
    sources = {k: v for k, v in inputs_and_parameters.items() if k in KINDS}
    values = {k: v for k, v in inputs_and_parameters.items() if k not in KINDS}
    return execute(capability_id, sources, values, outdir, progress=progress, threads=threads)


def with_mean(sources: Mapping[str, str], outdir: str) -> Dict[str, str]:
    """Sources with the mean of the half-maps as full map, written to ``outdir``, where there are halves and no full map."""
    sources = _clean(sources)
    if sources.get("full_map") or not (sources.get("half1") and sources.get("half2")):
        return sources
    from .io.inputs import require_same_grid
    from .io.maps import read_map, write_map
    half1, half2 = read_map(sources["half1"]), read_map(sources["half2"])
    require_same_grid({"half1": half1, "half2": half2})
    os.makedirs(outdir, exist_ok=True)
    path = os.path.join(outdir, "full_map.mrc")
    write_map(path, half1.with_data((half1.data + half2.data) / 2), labels=("cryoqa: mean of the two half-maps",))
    return dict(sources, full_map=path)


def applicable(sources: Mapping[str, str], on_request: bool = False) -> List[Capability]:
    """The rows whose inputs are all there; importers of job folders are left out, and what runs ``on_request`` only."""
    from .io.inputs import KINDS, base_kind
    given = {base_kind(n) for n in sources if sources[n]}
    rows = [c for c in CAPABILITIES if (c.needs or c.any_of) and set(c.needs) <= given and (on_request or not c.on_request)]
    return [c for c in rows if not c.any_of or any(set(g) <= given for g in c.any_of if all(n in KINDS for n in g))]


def assess(sources: Mapping[str, str], outdir: str, *, values: Optional[Mapping[str, Mapping[str, Any]]] = None,
           progress: Progress = None, threads: int = 0, limits: Optional[Mapping[str, Mapping[str, Any]]] = None,
           voxel_sizes: Optional[Mapping[str, float]] = None, command: Optional[Sequence[str]] = None) -> Dict[str, Any]:
    """Run every capability that the inputs allow, each into ``outdir/<id>``; a failure of one does not stop the others.

    A mask that was not given is made once and used by the rest.

    Returns
    -------
    dict
        Capability id -> result document, or ``{"error": sentence}``.
    """
    ready = with_mean(sources, outdir)
    rows = [row for row in applicable(ready) if not (row.id == "mask" and ready.get("mask"))]
    out: Dict[str, Any] = {}
    for i, row in enumerate(rows):
        mine = inputs_of(row, ready)
        out[row.id] = guarded(row, mine, (values or {}).get(row.id), os.path.join(outdir, row.id), threads=threads, limits=limits,
                              voxel_sizes={n: s for n, s in (voxel_sizes or {}).items() if n in mine}, command=command,
                              progress=part(progress, i / len(rows), 1 / len(rows), row.title))
        if row.id == "mask" and "error" not in out["mask"]:
            ready = dict(ready, mask=os.path.join(outdir, "mask", "mask.mrc"))
    return out


def guarded(row: Capability, sources: Mapping[str, str], values: Optional[Mapping[str, Any]], folder: str, **how: Any) -> Dict[str, Any]:
    """:func:`execute` into ``folder`` as one of many: a failure is written there as ``error.json`` and returned, and raises nothing."""
    os.makedirs(folder, exist_ok=True)
    try:
        document = execute(row.id, sources, values, folder, **how)
    except Exception as error:                               # one failure must not cost the other capabilities
        document = dict(capability=row.id, title=row.title, error=_sentence(error))
        results.write_json(document, os.path.join(folder, "error.json"))
        _forget(os.path.join(folder, "result.json"))
    else:
        _forget(os.path.join(folder, "error.json"))
    return document


def _sentence(error: Exception) -> str:
    if isinstance(error, CryoqaError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for it. Crop the maps, or use a machine with more."
    log.error("A fault of cryoqa, please report it:", exc_info=error)
    return f"A fault of cryoqa stopped it ({type(error).__name__}: {error}); please report it with the text on the screen."


def _forget(path: str) -> None:
    """Remove what an earlier run left, so that a folder never tells two stories."""
    if os.path.exists(path):
        os.remove(path)


def part(progress: Progress, start: float, share: float, title: str) -> Callable[[float, str], None]:
    """Progress of one capability as the ``share`` of a whole that begins at ``start``, both from 0 to 1."""
    def say(fraction: float, message: str) -> None:
        if progress is not None:
            progress(min(start + share * fraction, 1.0), f"{title}: {message}" if message else title)

    return say


def inputs_of(row: Capability, sources: Mapping[str, str]) -> Dict[str, str]:
    """Those of the sources that a capability takes; a mask is made from the density, so that a map is judged without its model."""
    from .io.inputs import base_kind
    if row.id == "mask" and "full_map" in sources:
        return {"full_map": sources["full_map"]}
    return {n: p for n, p in sources.items() if base_kind(n) in row.needs + row.takes}


def warmup(progress: Progress = None) -> List[str]:
    """Compile every kernel by running every capability on small made-up data; returns the names of the kernels."""
    import numpy as np
    from .core import jit
    from .demo import write_demo_data
    from .io.maps import read_map, write_map
    with tempfile.TemporaryDirectory() as folder:
        sources = write_demo_data(folder, box=48)
        kinds = {k: v for k, v in sources.items() if k != "truth"}
        kinds["resolution_map"] = os.path.join(folder, "resolution.mrc")
        half = read_map(kinds["half1"])
        write_map(kinds["resolution_map"], half.with_data(np.full(half.shape, 8.0, np.float32)))
        kinds["reference_map"] = sources["full_map"]
        kinds["others"] = [sources["full_map"], sources["half1"]]
        for i, row in enumerate(applicable(kinds, on_request=True)):
            mine = {n: p for n, p in kinds.items() if n in row.needs + row.takes}
            execute(row.id, mine, outdir=None, progress=part(progress, i / len(CAPABILITIES), 1 / len(CAPABILITIES), row.title))
        halves = {n: kinds[n] for n in ("half1", "half2")}
        execute("locscale", halves, dict(reference="pseudo_atoms"), outdir=None)       # kernels that the defaults do not reach
    return [k.py_func.__qualname__ for k in jit.KERNELS if hasattr(k, "stats")]
