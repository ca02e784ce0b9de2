"""cryoSPARC folders of refinements (homogeneous, non-uniform, local, helical, reconstruction) and local resolutions, versions 2 to 5.

Files are named ``[cryosparc_Pn_]Jn_[iii_][volume_]WHAT.mrc``; of several iterations iii the highest counts, whatever the dates. A
folder of downloads may hold files of several jobs: they are read by job, and one job is given.
"""
from __future__ import annotations

import glob
import json
import os
import re
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Match, Optional, Tuple

import numpy as np

from ..errors import CryoqaError, FormatError
from .cs import Volume, read_csg, resolve, volumes
from .emdb_xml import read_fsc_xml
from .job import Curve, Job, check_voxel_size, curve
from .reading import reader

SIGNS = ("*_map_half_A.mrc", "*_volume_map.mrc", "*_map_sharp.mrc", "*.csg", "*_map.cs", "job.json with a cryoSPARC job")
_WHAT = ("map_half_A", "map_half_B", "map_sharp", "map_locres", "mask_fsc_auto", "mask_refine", "mask_fsc", "map", "mask")
_NAME = re.compile(r"^(?:cryosparc_)?(?:(?P<project>P\d+)_)?(?P<job>J\d+)_(?:(?P<iteration>\d{3})_)?(?:volume_)?(?P<what>"
                   + "|".join(_WHAT) + r")\.(?P<ext>mrc|cs)$")
_MASKS = ("mask_fsc_auto", "mask_fsc", "mask_refine", "mask")         # the first that is there is the mask of the FSC


def is_job(folder: str) -> bool:
    """Whether a folder has the marks of a cryoSPARC job."""
    names = os.listdir(folder)
    return any(_NAME.match(n) or n.endswith(".csg") for n in names) or bool(description(folder)[0].get("uid"))


def read(folder: str) -> Job:
    """What a cryoSPARC job folder gives; what is missing or odd is in ``warnings``, nothing of it is an error."""
    about, damaged_description = description(folder)
    names, project, uid, warnings = _one_job(folder, about)
    found, iteration = _files(folder, names)
    told, version, damaged = _told(folder, uid, iteration)
    warnings += damaged_description + damaged
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
              mask=next(iter(masks.values()), None), sharpened=found.get("map_sharp"), local_resolution=found.get("map_locres"),
              other_masks=masks, resolution=_resolution(about), warnings=tuple(warnings))
    if about.get("status") and about["status"] != "completed":
        job = _warn(replace(job, iteration=iteration or 0),
                    f"{job.label} is not completed but {about['status']}; its maps may be intermediate ones.")
    main = told.get("map") or next(iter(told.values()), None)
    if main and main.shape:
        job = replace(job, box=main.shape[0])
    job = check_voxel_size(job, main.voxel_size if main else None, main.path if main else "")
    return _with_fsc(job, uid)


def description(folder: str) -> Tuple[Dict[str, Any], List[str]]:
    """What ``job.json`` says of the job of a folder, empty where it is of another program; and what is wrong with the file."""
    path = os.path.join(folder, "job.json")
    try:
        about = _json(path) if os.path.lexists(path) else {}
    except CryoqaError as error:
        return {}, [str(error)]
    return (about if isinstance(about, dict) and ("job_type" in about or "type" in about) else {}), []


@reader("description of the job", "copy it again from where the job ran")
def _json(path: str) -> Any:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return json.load(stream)


def _one_job(folder: str, about: Dict[str, Any]) -> Tuple[List[Match[str]], str, str, List[str]]:
    """Names of the maps and masks of one job, its project and number, and notes on what else lies in the folder.

    Of several jobs it is the one that the description is of, else the one with most of its maps, both half-maps before all.
    """
    names = sorted(os.listdir(folder))
    matches = [m for m in map(_NAME.match, names) if m]
    left = [n for n in names if n.endswith((".mrc", ".map")) and not _NAME.match(n)]
    jobs: Dict[Tuple[str, str], List[Match[str]]] = {}
    for m in matches:                                        # exports name the project, files in a job folder need not
        projects = {o.group("project") for o in matches if o.group("job") == m.group("job") and o.group("project")}
        project = m.group("project") or (projects.pop() if len(projects) == 1 else "")
        jobs.setdefault((project, m.group("job")), []).append(m)
    own = (str(about.get("project_uid") or ""), str(about.get("uid") or ""))

    def worth(key: Tuple[str, str]) -> Tuple[bool, bool, int]:
        whats = {m.group("what") for m in jobs[key] if m.group("ext") == "mrc"}
        return key[1] == own[1], {"map_half_A", "map_half_B"} <= whats, len(whats)

    chosen = max(jobs, key=worth) if jobs else own           # of equals the first by name
    notes = []
    if len(jobs) > 1:
        others = ", ".join(" ".join(k).strip() for k in jobs if k != chosen)
        notes.append(f"{folder} holds files of {len(jobs)} jobs; those of {' '.join(chosen).strip()} are taken, those of {others} are not.")
    if left:
        notes.append(f"{folder} holds maps with unknown names: {', '.join(left[:5])}{', ...' if len(left) > 5 else ''}; "
                     "give them by hand where they are needed.")
    return jobs.get(chosen, []), own[0] or chosen[0], own[1] or chosen[1], notes


def _files(folder: str, matches: List[Match[str]]) -> Tuple[Dict[str, str], Optional[int]]:
    """Maps and masks of one job by what they are, and the highest iteration."""
    maps = [m for m in matches if m.group("ext") == "mrc"] or matches
    numbers = [int(m.group("iteration")) for m in maps if m.group("iteration") and not m.group("what").startswith("mask")]
    last = max(numbers) if numbers else None
    out: Dict[str, str] = {}
    for m in sorted(matches, key=lambda m: int(m.group("iteration") or -1)):
        number = int(m.group("iteration")) if m.group("iteration") else None
        steady = m.group("what").startswith("mask") and (number is None or last is None or number <= last)
        if m.group("ext") == "mrc" and (number == last or number is None or steady):
            out[m.group("what")] = os.path.join(folder, m.string)
    return out, last


def _told(folder: str, uid: str, iteration: Optional[int]) -> Tuple[Dict[str, Volume], str, List[str]]:
    """Volumes that the ``.csg`` files, else the ``.cs`` files of the last iteration, describe; the version; warnings."""
    out: Dict[str, Volume] = {}
    version, warnings = "", []
    paths = []
    for path in _of_job(_glob(folder, "*.csg"), uid):
        try:
            group = read_csg(path)
        except CryoqaError as error:
            warnings.append(str(error))
            continue
        version = version or group.version
        paths += [p for p, kind, _ in group.results.values() if kind.startswith("volume")]
    paths += [p for p in _of_job(_glob(folder, "*.cs"), uid) for m in [_NAME.match(os.path.basename(p))]
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


def _of_job(paths: List[str], uid: str) -> List[str]:
    """Those of the files whose name speaks of no other job."""
    numbers = {p: re.findall(r"J\d+", os.path.basename(p)) for p in paths}
    return [p for p in paths if not uid or not numbers[p] or uid in numbers[p]]


def _glob(folder: str, pattern: str) -> List[str]:
    return sorted(glob.glob(os.path.join(glob.escape(folder), pattern)))


def _resolution(about: Dict[str, Any]) -> Optional[float]:
    """Resolution in Å that the job reports (``radwn_final_A`` of its best FSC), where its description has it."""
    values = [v for key, v in _walk(about) if key == "radwn_final_A" and type(v) in (int, float) and 0 < v < 1e4]
    return float(values[-1]) if values else None


def _walk(top: Any) -> Iterator[Tuple[str, Any]]:
    """Keys and values of nested mappings and lists, in their order; without recursion, since they may be nested deeply."""
    left = [("", top)]
    while left:
        key, node = left.pop()
        if key:
            yield key, node
        inside = list(node.items()) if isinstance(node, dict) else [("", v) for v in node] if isinstance(node, list) else []
        left += inside[::-1]


# ---------------------------------------------------------------- FSC

def _with_fsc(job: Job, uid: str) -> Job:
    """Add the curves of the last FSC file (``.txt``, ``.csv``, else ``.xml``) that the folder holds."""
    tables = sorted((p for e in ("txt", "csv") for p in _of_job(_glob(job.folder, f"*fsc*.{e}"), uid)), key=_age)
    try:
        if tables:
            if not (job.box and job.voxel_size):
                return _warn(job, f"{tables[-1]} was not read: its wave numbers need a box and a voxel size, and no map gives them.")
            return replace(job, fsc=read_fsc_table(tables[-1], job.box * job.voxel_size))
        files = sorted(_of_job(_glob(job.folder, "*fsc*.xml"), uid), key=_age)
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


@reader("FSC table", "export it again")
def read_fsc_table(path: str, length: float) -> Dict[str, Curve]:
    """Curves of cryoSPARC's FSC text file; ``length`` is the edge of the box in Å, by which wave numbers are divided."""
    with open(path, encoding="utf-8", errors="replace") as stream:
        lines = [(i, line.strip("\n\r ")) for i, line in enumerate(stream, 1) if line.strip()]
    mark = next((m for m in "\t," if lines and m in lines[0][1]), None)              # names may hold spaces; without a mark they do not
    labels = lines[0][1].split(mark) if lines else []
    index = next((i for i, t in enumerate(labels) if _plain(t) == "wavenumber"), -1)
    if index < 0 or len(lines) < 2:
        raise FormatError(f"'{path}' is no FSC table of cryoSPARC (names with 'wave_number', then rows of numbers); export it again.")
    data = np.array([_numbers(text.split(mark), labels, i, path) for i, text in lines[1:]], dtype=np.float64)
    freq = data[:, index] / length
    columns = {_plain(t): data[:, i] for i, t in enumerate(labels)}
    out: Dict[str, Curve] = {}
    for label, values in columns.items():
        name = _curve_name(label)
        if name and label != "wavenumber":
            out[name] = curve(freq, values, path)                  # later columns are those after the mask was tightened
    raw = columns.get("fscnoisesubraw")
    if raw is not None and _is_random(columns):
        out["phase_randomised"] = curve(freq, raw, path)
    return out


def _numbers(words: List[str], labels: List[str], line: int, path: str) -> List[float]:
    """The numbers of a row; :class:`FormatError` for another count, and for text."""
    if len(words) != len(labels):
        raise FormatError(f"Line {line} of the FSC table '{path}' has {len(words)} values for {len(labels)} columns; export it again.")
    out = []
    for word, label in zip(words, labels):
        try:
            out.append(float(word))
        except ValueError:
            raise FormatError(f"Line {line} of the FSC table '{path}' has '{word[:40]}' in column {label}, which is no number; export it "
                              "again.") from None
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
