"""RELION job folders (3.0 to 5): Refine3D, PostProcess, MultiBody, LocalRes and MaskCreate.

Names carry the output stem of the job (``run`` at the job's default), so files are found by pattern. Paths inside STAR
files are relative to the project folder, which is looked for upwards from the job folder.
"""
from __future__ import annotations

import glob
import math
import os
import re
from dataclasses import replace
from typing import Any, Dict, Iterable, List, Optional, Tuple

from ..errors import CryoqaError, FormatError, InputError
from .job import Body, Curve, Job, check_voxel_size, curve
from .star import StarTable, read_star, read_version

SIGNS = ("job.star", "run.job", "job_pipeline.star", "*postprocess.star", "*_locres.mrc", "*_half1_*.mrc", "*_model.star",
         "*_optimiser.star", "run_class001.mrc")
KINDS = ("Refine3D", "PostProcess", "MultiBody", "LocalRes", "MaskCreate")
_NUMBERS = {10: "Refine3D", 12: "MaskCreate", 15: "PostProcess", 16: "LocalRes", 19: "MultiBody"}
_LEVELS_UP = 8
_ITERATION = re.compile(r"_it(\d{3})_")
_FSC_COLUMNS = {"corrected": "rlnFourierShellCorrelationCorrected", "unmasked": "rlnFourierShellCorrelationUnmaskedMaps",
                "masked": "rlnFourierShellCorrelationMaskedMaps",
                "phase_randomised": "rlnCorrectedFourierShellCorrelationPhaseRandomizedMaskedMaps"}


def is_job(folder: str) -> bool:
    """Whether a folder has the marks of a RELION job."""
    return any(_glob(folder, sign) for sign in SIGNS) or _kind_of_folder(folder) in KINDS and bool(_glob(folder, "*.mrc"))


def read(folder: str) -> Job:
    """What a RELION job folder gives; what is missing or odd is in ``warnings``, only another sort of job is an error."""
    warnings: List[str] = []
    options, number = _options(folder, warnings)
    kind = _kind(folder, options, number)
    job = Job(folder=folder, program="RELION", kind=kind, label=_label(folder), version=_version(folder))
    reader = {"PostProcess": _postprocess, "MultiBody": _multibody, "LocalRes": _localres, "MaskCreate": _maskcreate}.get(kind, _refine)
    return reader(replace(job, warnings=tuple(warnings)), options)


# ---------------------------------------------------------------- what sort of job

def _kind(folder: str, options: Dict[str, str], number: Optional[int]) -> str:
    word = options.get("_type", "").lower()
    for kind in KINDS:
        if kind.lower() in word:
            return kind
    if number in _NUMBERS:
        return _NUMBERS[number]
    if _kind_of_folder(folder) in KINDS:
        return _kind_of_folder(folder)
    if os.path.isfile(os.path.join(folder, "postprocess.star")) or _glob(folder, "*postprocess*.star"):
        return "PostProcess"
    if _glob(folder, "*_body*_unfil.mrc"):
        return "MultiBody"
    if _glob(folder, "*_locres.mrc"):
        return "LocalRes"
    if os.path.isfile(os.path.join(folder, "mask.mrc")) and not _glob(folder, "*_half1_*"):
        return "MaskCreate"
    if _glob(folder, "*_half1_*") or _glob(folder, "run_class001.mrc"):
        return "Refine3D"
    raise InputError(f"'{folder}' is a RELION job{' of type ' + word if word else ''}, but none of {', '.join(KINDS)}; "
                     "give one of these, or the files themselves.")


def _kind_of_folder(folder: str) -> str:
    return os.path.basename(os.path.dirname(os.path.abspath(folder)))


def _label(folder: str) -> str:
    path = os.path.abspath(folder)
    return f"{_kind_of_folder(path)}/{os.path.basename(path)}" if _kind_of_folder(path) in KINDS else os.path.basename(path)


def _version(folder: str) -> str:
    found = ""
    for pattern in ("*postprocess*.star", "*_optimiser.star", "job.star", "*_model.star"):
        for path in _glob(folder, pattern)[:1]:
            try:
                version = read_version(path)
            except CryoqaError:
                continue
            if re.match(r"\d+\.\d\S*$", version):
                return version
            found = found or version
    return found


def _options(folder: str, warnings: List[str]) -> Tuple[Dict[str, str], Optional[int]]:
    """Options of the job by RELION's variable names, and the number of its type where that is all there is."""
    path = os.path.join(folder, "job.star")
    if os.path.lexists(path):
        try:
            return _star_options(read_star(path))
        except CryoqaError as error:
            warnings.append(str(error))
            return {}, None
    path = os.path.join(folder, "run.job")
    return _text_options(path) if os.path.isfile(path) else ({}, None)


def _star_options(tables: Dict[str, StarTable]) -> Tuple[Dict[str, str], Optional[int]]:
    values = tables.get("joboptions_values")
    out: Dict[str, str] = {}
    if values is not None and {"rlnJobOptionVariable", "rlnJobOptionValue"} <= set(values.columns):
        out = {str(k): str(v) for k, v in zip(values.columns["rlnJobOptionVariable"], values.columns["rlnJobOptionValue"])}
    head = tables.get("job")
    number = None
    if head is not None:
        out["_type"] = str(head.value("rlnJobTypeLabel", ""))
        number = head.number("rlnJobType")
    return out, None if number is None else int(number)


def _text_options(path: str) -> Tuple[Dict[str, str], Optional[int]]:
    """Options of RELION 3.0's ``run.job``: lines ``what the form says == value``."""
    out: Dict[str, str] = {}
    number = None
    with open(path, encoding="utf-8", errors="replace") as stream:
        lines = [line.split("==", 1) for line in stream if "==" in line]
    for said, value in ((a.strip().lower().rstrip(":"), b.strip()) for a, b in lines):
        if said == "job_type" and value.isdigit():
            number = int(value)
        elif "half-map" in said or "input 3d map" in said:
            out["fn_in"] = value
        elif "mask" in said and value.endswith((".mrc", ".map")):
            out["fn_mask"] = value
        elif "pixel size" in said:
            out.setdefault("angpix", value)
        elif "body star" in said:
            out["fn_bodies"] = value
    return out, number


# ---------------------------------------------------------------- files

def _glob(folder: str, pattern: str) -> List[str]:
    """Plain files by pattern; a pipe of that name would never end."""
    return sorted(p for p in glob.glob(os.path.join(glob.escape(folder), pattern)) if os.path.isfile(p))


def locate(text: str, folder: str) -> Optional[str]:
    """Path of a file that a STAR file names relative to the project folder, searched from the job folder upwards; or None."""
    text = (text or "").strip()
    if not text or text.lower() == "none":
        return None
    if os.path.isabs(text):
        return text if os.path.isfile(text) else None
    top = os.path.abspath(folder)
    for _ in range(_LEVELS_UP):
        path = os.path.normpath(os.path.join(top, text))
        if os.path.isfile(path):
            return path
        if os.path.dirname(top) == top:
            break
        top = os.path.dirname(top)
    return None


def _other_half(path: Optional[str]) -> Optional[str]:
    if not path:
        return None
    folder, name = os.path.split(path)
    swapped = name.replace("half1", "half2") if "half1" in name else name.replace("half2", "half1")
    other = os.path.join(folder, swapped)
    return other if swapped != name and os.path.isfile(other) else None


def _final(paths: Iterable[str]) -> List[str]:
    return [p for p in paths if not _ITERATION.search(os.path.basename(p))]


def _latest(paths: Iterable[str]) -> Tuple[List[str], Optional[int]]:
    """The paths of the highest iteration, and its number."""
    numbered = [(int(m.group(1)), p) for p in paths for m in [_ITERATION.search(os.path.basename(p))] if m]
    if not numbered:
        return [], None
    last = max(n for n, _ in numbered)
    return [p for n, p in numbered if n == last], last


def _existing(path: str) -> Optional[str]:
    return path if os.path.isfile(path) else None


def _named(job: Job, text: str, what: str, by: str) -> Tuple[Optional[str], Job]:
    """The file that ``by`` names, and the job with a warning when it is not found."""
    path = locate(text, job.folder)
    if path is None and text and text.lower() != "none":
        job = _warn(job, f"The {what} {text}, named by {by}, was not found from {job.folder} upwards; "
                         "copy it to the project folder or give its path.")
    return path, job


def _warn(job: Job, *sentences: str) -> Job:
    return replace(job, warnings=job.warnings + sentences)


def _tables(job: Job, path: str, names: Optional[List[str]] = None) -> Tuple[Dict[str, StarTable], Job]:
    try:
        return read_star(path, names), job
    except CryoqaError as error:
        return {}, _warn(job, str(error))


def _number(job: Job, table: Optional[StarTable], label: str) -> Tuple[Optional[float], Job]:
    """A number of a table, and the job with a warning when there is text in its place."""
    try:
        return (table.number(label) if table else None), job
    except FormatError as error:
        return None, _warn(job, str(error))


def _curve(job: Job, table: StarTable, freq: Any, label: str) -> Tuple[Optional[Curve], Job]:
    """A curve of a table, and the job with a warning when there is text in it; ``freq`` is a label too, or the frequencies."""
    try:
        return curve(table.numbers(freq) if isinstance(freq, str) else freq, table.numbers(label), table.path), job
    except FormatError as error:
        return None, _warn(job, str(error))


def _float(text: Any) -> Optional[float]:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if 0 < value < math.inf else None


# ---------------------------------------------------------------- Refine3D and MultiBody

def _refine(job: Job, options: Dict[str, str]) -> Job:
    final = _final(_glob(job.folder, "*half1_class*_unfil.mrc")) or _final(_glob(job.folder, "*half1_class???.mrc"))
    half1, iteration = (final[0], None) if final else _unfinished_half(job.folder)
    full = _existing(re.sub(r"half1_(.*?)(_unfil)?\.mrc$", r"\1.mrc", half1)) if half1 else None
    if full is None and iteration is None:
        full = next(iter(_final(p for p in _glob(job.folder, "*_class*.mrc") if "half" not in os.path.basename(p))), None)
    mask, job = _named(job, options.get("fn_mask", ""), "mask", "job.star")
    job = replace(job, half1=half1, half2=_other_half(half1), full_map=full, mask=mask, iteration=iteration)
    job = _model(job)
    if job.iteration is not None:
        job = _warn(job, f"{job.label} did not finish: what is there is iteration {job.iteration}, whose maps are intermediate ones.")
    if half1 and "_unfil" not in os.path.basename(half1):
        job = replace(job, filtered=True)
        job = _warn(job, f"The half-maps of {job.label} are filtered by the refinement (there are no '_unfil' maps); "
                         "their FSC is no measure of the resolution.")
    return job


def _unfinished_half(folder: str) -> Tuple[Optional[str], Optional[int]]:
    paths, iteration = _latest(_glob(folder, "*_it???_half1_class*.mrc"))
    plain = [p for p in paths if re.search(r"_class\d+(_unfil)?\.mrc$", p)]
    unfiltered = [p for p in plain if p.endswith("_unfil.mrc")]
    chosen = unfiltered or plain
    return (chosen[0], iteration) if chosen else (None, None)


def _model(job: Job) -> Job:
    """Add FSC, resolution and voxel size from the model STAR file of the end, or of the last iteration."""
    paths = _glob(job.folder, "*_model.star")
    last, iteration = _latest(paths)
    final = [p for p in _final(paths) if "half" not in os.path.basename(p)]
    chosen = final[:1] if final and job.iteration is None else [p for p in last if "half2" not in os.path.basename(p)][:1]
    if not chosen:
        return check_voxel_size(job, None, "")
    if not final and job.iteration is None and job.half1 is None:
        job = replace(job, iteration=iteration)
    tables, job = _tables(job, chosen[0])
    head, curves = tables.get("model_general"), dict(job.fsc)
    for name, table in tables.items():
        found = re.match(r"model_(class|body)_(\d+)$", name)
        if found and {"rlnGoldStandardFsc", "rlnResolution"} <= set(table.columns):
            shells, job = _curve(job, table, "rlnResolution", "rlnGoldStandardFsc")
            key = f"body{int(found.group(2)):03d}" if job.kind == "MultiBody" else "refinement"
            if shells is not None:
                curves.setdefault(key, shells)
    size, job = _number(job, head, "rlnPixelSize")
    box, job = _number(job, head, "rlnOriginalImageSize")
    resolution, job = _number(job, head, "rlnCurrentResolution")
    job = replace(job, fsc=curves, resolution=_float(resolution), box=int(box) if box else None)
    return check_voxel_size(job, size, chosen[0])


def _multibody(job: Job, options: Dict[str, str]) -> Job:
    halves = _final(_glob(job.folder, "*half1_body*_unfil.mrc"))
    if not halves:
        halves, iteration = _latest(_glob(job.folder, "*_it???_half1_body*.mrc"))
        job = replace(job, iteration=iteration)
        if halves:
            job = _warn(job, f"{job.label} did not finish: what is there is iteration {iteration}, whose maps are intermediate ones.")
    rows, job = _body_rows(job, options)
    bodies = []
    for half1 in halves:
        found = re.search(r"body(\d+)", os.path.basename(half1))
        number = int(found.group(1)) if found else len(bodies) + 1
        full = re.sub(r"half1_(.*?)(_unfil)?\.mrc$", r"\1.mrc", half1)
        row = rows.get(number, {})
        own = _glob(job.folder, f"*body{number:03d}_mask.mrc")
        mask = (_final(own) or own)[-1] if own else locate(row.get("mask", ""), job.folder)
        bodies.append(Body(number, row.get("name") or f"body {number}", _existing(full), half1, _other_half(half1), mask))
    job = replace(job, bodies=tuple(bodies))
    if bodies:
        first = bodies[0]
        job = replace(job, full_map=first.full_map, half1=first.half1, half2=first.half2, mask=first.mask)
        if len(bodies) > 1:
            job = _warn(job, f"{job.label} has {len(bodies)} bodies; the files are those of body {first.number}, ask for others by number.")
    job = _model(job)
    own = job.fsc.get(f"body{bodies[0].number:03d}") if bodies else None
    return replace(job, fsc=dict(job.fsc, refinement=own)) if own is not None else job


def _body_rows(job: Job, options: Dict[str, str]) -> Tuple[Dict[int, Dict[str, str]], Job]:
    """Mask and name of each body by its number, from the body STAR file that the job was given."""
    path, job = _named(job, options.get("fn_bodies", ""), "body STAR file", "job.star")
    if path is None:
        return {}, job
    tables, job = _tables(job, path)
    for table in tables.values():
        masks = table.columns.get("rlnBodyMaskName")
        if masks is not None:
            names = table.columns.get("rlnBodyName", [""] * len(masks))
            return {i + 1: {"mask": str(m), "name": str(n)} for i, (m, n) in enumerate(zip(masks, names))}, job
    return {}, job


# ---------------------------------------------------------------- jobs on the halves of another job

def _inputs(job: Job, options: Dict[str, str]) -> Dict[str, str]:
    """Half-map and mask that a job was given, as texts: from its options, else from its pipeline file."""
    out = {"half": options.get("fn_in", ""), "mask": options.get("fn_mask", "")}
    path = os.path.join(job.folder, "job_pipeline.star")
    if not out["half"] and os.path.isfile(path):
        edges = _tables(job, path)[0].get("pipeline_input_edges")
        nodes = [str(n) for n in edges.columns.get("rlnPipeLineEdgeFromNode", [])] if edges else []
        out["half"] = next((n for n in nodes if "half" in n and n.endswith(".mrc")), "")
        out["mask"] = out["mask"] or next((n for n in nodes if "mask" in n.lower() and n.endswith(".mrc")), "")
    return out


def _halves(job: Job, text: str, by: str) -> Job:
    half, job = _named(job, text, "half-map", by)
    other = _other_half(half)
    if half and other and "half2" in os.path.basename(half):
        half, other = other, half
    return replace(job, half1=half, half2=other)


def _postprocess(job: Job, options: Dict[str, str]) -> Job:
    stars = [p for p in _glob(job.folder, "*postprocess*.star")] or [p for p in _glob(job.folder, "*.star")
                                                                      if not os.path.basename(p).startswith(("job", "default"))]
    tables: Dict[str, StarTable] = {}
    if stars:
        tables, job = _tables(job, stars[0])
    head, given, by = tables.get("general"), _inputs(job, options), "job.star"
    if head is not None:
        by = os.path.basename(stars[0])
        given = {"half": str(head.value("rlnUnfilteredMapHalf1", "") or given["half"]),
                 "half2": str(head.value("rlnUnfilteredMapHalf2", "")),
                 "mask": str(head.value("rlnMaskName", "") or given["mask"])}
        resolution, job = _number(job, head, "rlnFinalResolution")
        job = replace(job, resolution=resolution)
    job = _halves(job, given["half"], by)
    second = locate(given.get("half2", ""), job.folder)
    mask, job = _named(job, given["mask"], "mask", by)
    full = locate(str(head.value("rlnPostprocessedMap", "")) if head else "", job.folder) or next(
        (p for p in _glob(job.folder, "*.mrc") if not re.search(r"half[12]|mask|_unfil", os.path.basename(p))), None)
    job = _postprocess_fsc(replace(job, half2=second or job.half2, mask=mask, full_map=full, sharpened=full), tables)
    length = _box_length(tables)
    return check_voxel_size(job, None if length else _float(options.get("angpix")), stars[0] if stars else "job.star", length)


def _postprocess_fsc(job: Job, tables: Dict[str, StarTable]) -> Job:
    """The job with the curves of its table."""
    table = tables.get("fsc")
    if table is None or "rlnResolution" not in table.columns:
        return job
    try:
        freq = table.numbers("rlnResolution")
    except FormatError as error:
        return _warn(job, str(error))
    if len(freq) and table.value("rlnSpectralIndex", 1) == 0:
        freq[0] = 0                                          # RELION writes 999 Å for the origin
    curves = dict(job.fsc)
    for name, label in _FSC_COLUMNS.items():
        found, job = _curve(job, table, freq, label) if label in table.columns else (None, job)
        if found is not None:
            curves[name] = found
    return replace(job, fsc=curves)


def _box_length(tables: Dict[str, StarTable]) -> Optional[float]:
    """Edge of the box in Å: the resolution of a high shell times its number."""
    table = tables.get("fsc")
    if table is None or not {"rlnSpectralIndex", "rlnAngstromResolution"} <= set(table.columns) or len(table) < 2:
        return None
    number, resolution = (_float(table.columns[label][-1]) for label in ("rlnSpectralIndex", "rlnAngstromResolution"))
    return number * resolution if number and resolution else None


def _localres(job: Job, options: Dict[str, str]) -> Job:
    given = _inputs(job, options)
    job = _halves(job, given["half"], "job.star")
    mask, job = _named(job, given["mask"], "mask", "job.star")
    local = next(iter(_glob(job.folder, "*_locres.mrc")), None)
    full = next(iter(_glob(job.folder, "*_locres_filtered.mrc")), None)
    job = replace(job, mask=mask, local_resolution=local, full_map=full, sharpened=full)
    return check_voxel_size(job, _float(options.get("angpix")), "job.star")


def _maskcreate(job: Job, options: Dict[str, str]) -> Job:
    full, job = _named(job, _inputs(job, options)["half"], "map", "job.star")
    mask = _existing(os.path.join(job.folder, "mask.mrc")) or next(iter(_glob(job.folder, "*.mrc")), None)
    return check_voxel_size(replace(job, mask=mask, full_map=full), _float(options.get("angpix")), "job.star")
