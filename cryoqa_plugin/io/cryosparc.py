"""cryoSPARC refinement folders (homogeneous, non-uniform, local, helical, reconstruction), versions 2 to 5.

Files are named ``[cryosparc_Pn_]Jn_[iii_][volume_]WHAT.mrc``; of several iterations iii the highest counts, whatever the dates.
"""
from __future__ import annotations

import glob
import json
import os
import re
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from ..errors import CryoqaError, FormatError
from .cs import Volume, read_csg, resolve, volumes
from .emdb_xml import read_fsc_xml
from .job import Curve, Job, check_voxel_size, curve

SIGNS = ("*_map_half_A.mrc", "*_volume_map.mrc", "*_map_sharp.mrc", "*.csg", "*_map.cs", "job.json with a cryoSPARC job")
_WHAT = ("map_half_A", "map_half_B", "map_sharp", "mask_fsc_auto", "mask_refine", "mask_fsc", "map", "mask")
_NAME = re.compile(r"^(?:cryosparc_)?(?:(?P<project>P\d+)_)?(?P<job>J\d+)_(?:(?P<iteration>\d{3})_)?(?:volume_)?(?P<what>"
                   + "|".join(_WHAT) + r")\.(?P<ext>mrc|cs)$")
_MASKS = ("mask_fsc_auto", "mask_fsc", "mask_refine", "mask")         # the first that is there is the mask of the FSC


def is_job(folder: str) -> bool:
    """Whether a folder has the marks of a cryoSPARC job."""
    names = os.listdir(folder)
    return any(_NAME.match(n) or n.endswith(".csg") for n in names) or bool(_description(folder).get("uid"))


def read(folder: str) -> Job:
    """What a cryoSPARC job folder gives; what is missing or odd is in ``warnings``, nothing of it is an error."""
    about = _description(folder)
    found, iteration, stem = _files(folder)
    told, version, warnings = _told(folder, stem, iteration)
    project = str(about.get("project_uid") or (re.search(r"P\d+", stem) or [""])[0])
    uid = str(about.get("uid") or (re.search(r"J\d+", stem) or [""])[0])
    for name, volume in told.items():
        path = found.get(name) or _place(volume.path, folder)
        if path:
            found[name] = path
        elif name in ("map", "map_half_A", "map_half_B"):
            warnings.append(f"The job names {volume.path}, which is not in {folder}; copy it from where the job ran.")
    masks = {n: found[n] for n in _MASKS if n in found}
    job = Job(folder=folder, program="cryoSPARC", kind=str(about.get("job_type") or about.get("type") or "refinement"),
              label=" ".join(t for t in (project, uid) if t) or os.path.basename(os.path.abspath(folder)),
              version=str(about.get("version") or about.get("cryosparc_version") or version).lstrip("v"),
              full_map=found.get("map") or found.get("map_sharp"), half1=found.get("map_half_A"), half2=found.get("map_half_B"),
              mask=next(iter(masks.values()), None), sharpened=found.get("map_sharp"), other_masks=masks,
              resolution=_resolution(about), warnings=tuple(warnings))
    if about.get("status") and about["status"] != "completed":
        job = _warn(replace(job, iteration=iteration or 0),
                    f"{job.label} is not completed but {about['status']}; its maps may be intermediate ones.")
    main = told.get("map") or next(iter(told.values()), None)
    if main and main.shape:
        job = replace(job, box=main.shape[0])
    job = check_voxel_size(job, main.voxel_size if main else None, main.path if main else "")
    return _with_fsc(job)


def _description(folder: str) -> Dict[str, Any]:
    try:
        with open(os.path.join(folder, "job.json"), encoding="utf-8", errors="replace") as stream:
            about = json.load(stream)
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) and ("job_type" in about or "type" in about) else {}


def _files(folder: str) -> Tuple[Dict[str, str], Optional[int], str]:
    """Maps and masks by name, the highest iteration, and the part of the names before it."""
    matches = [m for m in map(_NAME.match, sorted(os.listdir(folder))) if m]
    maps = [m for m in matches if m.group("ext") == "mrc"] or matches
    numbers = [int(m.group("iteration")) for m in maps if m.group("iteration") and not m.group("what").startswith("mask")]
    last = max(numbers) if numbers else None
    out: Dict[str, str] = {}
    for m in sorted(matches, key=lambda m: int(m.group("iteration") or -1)):
        number = int(m.group("iteration")) if m.group("iteration") else None
        steady = m.group("what").startswith("mask") and (number is None or last is None or number <= last)
        if m.group("ext") == "mrc" and (number == last or number is None or steady):
            out[m.group("what")] = os.path.join(folder, m.string)
    stem = f"{matches[0].group('project') or ''} {matches[0].group('job')}" if matches else ""
    return out, last, stem


def _told(folder: str, stem: str, iteration: Optional[int]) -> Tuple[Dict[str, Volume], str, List[str]]:
    """Volumes that the ``.csg`` files, else the ``.cs`` files of the last iteration, describe; the version; warnings."""
    out: Dict[str, Volume] = {}
    version, warnings = "", []
    paths = []
    for path in _glob(folder, "*.csg"):
        try:
            group = read_csg(path)
        except CryoqaError as error:
            warnings.append(str(error))
            continue
        version = version or group.version
        paths += [p for p, kind, _ in group.results.values() if kind.startswith("volume")]
    paths += [p for p in _glob(folder, "*.cs") for m in [_NAME.match(os.path.basename(p))]
              if m and (m.group("iteration") is None or int(m.group("iteration")) == iteration)]
    for path in dict.fromkeys(paths):
        if os.path.isfile(path):
            try:
                for name, volume in volumes(path).items():
                    out.setdefault(name, volume)
            except CryoqaError as error:
                warnings.append(str(error))
    return {n: v for n, v in out.items() if n in _WHAT}, version, warnings


def _place(text: str, folder: str) -> Optional[str]:
    """File that a ``.cs`` file names relative to the project, which is the parent of the job folder; else of that name in the folder."""
    for path in (resolve(text, os.path.dirname(os.path.abspath(folder))), os.path.join(folder, os.path.basename(text))):
        if path and os.path.isfile(path):
            return path
    return None


def _glob(folder: str, pattern: str) -> List[str]:
    return sorted(glob.glob(os.path.join(glob.escape(folder), pattern)))


def _resolution(about: Dict[str, Any]) -> Optional[float]:
    """Resolution in Å that the job reports (``radwn_final_A`` of its best FSC), where its description has it."""
    values = [v for key, v in _walk(about) if key == "radwn_final_A" and isinstance(v, (int, float)) and 0 < v < 1e4]
    return float(values[-1]) if values else None


def _walk(node: Any) -> Iterator[Tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)


# ---------------------------------------------------------------- FSC

def _with_fsc(job: Job) -> Job:
    """Add the curves of the last FSC file (``.txt``, ``.csv``, else ``.xml``) that the folder holds."""
    tables = sorted((p for e in ("txt", "csv") for p in _glob(job.folder, f"*fsc*.{e}")), key=_age)
    try:
        if tables:
            if not (job.box and job.voxel_size):
                return _warn(job, f"{tables[-1]} was not read: its wave numbers need a box and a voxel size, and no map gives them.")
            return replace(job, fsc=read_fsc_table(tables[-1], job.box * job.voxel_size))
        files = sorted(_glob(job.folder, "*fsc*.xml"), key=_age)
        if files:
            return replace(job, fsc={_curve_name(t) or t: c for t, c in read_fsc_xml(files[-1]).items()})
    except CryoqaError as error:
        return _warn(job, str(error))
    return job


def _warn(job: Job, sentence: str) -> Job:
    return replace(job, warnings=job.warnings + (sentence,))


def _age(path: str) -> Tuple[int, bool, str]:
    name = os.path.basename(path).lower()
    numbers = re.findall(r"iteration_(\d+)|_(\d{3})_", name)
    return max((int(a or b) for a, b in numbers), default=-1), "tight" in name, name


def read_fsc_table(path: str, length: float) -> Dict[str, Curve]:
    """Curves of cryoSPARC's FSC text file; ``length`` is the edge of the box in Å, by which wave numbers are divided."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = [line.strip("\n\r ") for line in stream if line.strip()]
        mark = next((m for m in "\t," if m in lines[0]), None)          # names may hold spaces; without a mark they do not
        rows = [line.split(mark) for line in lines]
        labels, data = rows[0], np.array([[float(v) for v in r] for r in rows[1:]], dtype=np.float64)
        index = [_plain(t) for t in labels].index("wavenumber")
    except (OSError, ValueError, IndexError):
        index, data, labels = -1, np.zeros((0, 0)), []
    if index < 0 or data.ndim != 2 or data.shape[1:] != (len(labels),):
        raise FormatError(f"'{path}' is no FSC table of cryoSPARC (names with 'wave_number', then rows of numbers); export it again.")
    freq = data[:, index] / length
    columns = {_plain(t): data[:, i] for i, t in enumerate(labels)}
    out: Dict[str, Curve] = {}
    for label, values in columns.items():
        name = _curve_name(label)
        if name and label != "wavenumber":
            out[name] = curve(freq, values)                  # later columns are those after the mask was tightened
    raw = columns.get("fscnoisesubraw")
    if raw is not None and _is_random(columns):
        out["phase_randomised"] = curve(freq, raw)
    return out


def _is_random(columns: Dict[str, np.ndarray]) -> bool:
    """Whether ``noisesub_raw`` is the phase-randomised curve n: then ``noisesub_true`` is (t - n) / (1 - n)."""
    tight, true, raw = (columns.get("fsc" + n) for n in ("tightmask", "noisesubtrue", "noisesubraw"))
    if tight is None or true is None or raw is None:
        return False
    good = np.isfinite(tight + true + raw) & (raw < 0.99)
    return bool(good.any()) and float(np.median(np.abs(true - (tight - raw) / np.where(good, 1 - raw, 1))[good])) < 0.01


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _curve_name(label: str) -> Optional[str]:
    """Our name of a curve from cryoSPARC's, which differ between versions; None for those not kept."""
    text = _plain(label)
    if text.endswith(("noisesubraw", "noisesubtrue")):
        return None
    for words, name in ((("correct", "noisesub"), "corrected"), (("nomask", "unmasked"), "unmasked"), (("spherical",), "spherical"),
                        (("loose",), "loose"), (("tight",), "tight"), (("inputmask",), "masked")):
        if any(w in text for w in words):
            return name
    return None
