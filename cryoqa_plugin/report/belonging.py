"""Which results of a folder belong to one report: those of the inputs that its head names."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..provenance import sha256
from ..resume import DENSITIES, made_in
from ..run_folder import manifest

_SAME_VOXEL = 1e-4                               # Å
Inputs = Mapping[str, Mapping[str, Any]]


def inputs_of_head(folder: str, documents: Mapping[str, Mapping[str, Any]]) -> Dict[str, Mapping[str, Any]]:
    """The inputs that a report is about: those of the last run into its folder, else those of its newest result."""
    told = manifest(folder).get("inputs")
    if told:
        return dict(told)
    newest = max(documents.values(), key=date_of, default={})
    return {k: e for k, e in newest.get("inputs", {}).items() if not made_in(folder, e.get("path"))}


def date_of(document: Mapping[str, Any]) -> str:
    """When a result was made, in ISO form; empty where it does not say."""
    return str(document.get("provenance", {}).get("date_utc", ""))


def of_other_inputs(folder: str, documents: Mapping[str, Mapping[str, Any]]) -> Dict[str, str]:
    """The results that are not of the inputs of the head, by capability, each with the files that it is of.

    Parameters
    ----------
    folder
        Folder of the report.
    documents
        Results and failures by capability.

    Returns
    -------
    dict
        Empty where all belong together.
    """
    head, out = inputs_of_head(folder, documents), {}
    for name, document in sorted(documents.items(), key=lambda item: date_of(item[1]), reverse=True):
        own = {k: e for k, e in document.get("inputs", {}).items() if e.get("sha256")}
        made = {k: e for k, e in own.items() if made_in(folder, e.get("path"))}
        given = {k: e for k, e in own.items() if k not in made}
        if _differ(head, given) or any(_was_made_anew(e) for e in made.values()):
            out[name] = " and ".join(dict.fromkeys(os.path.basename(str(e.get("path") or f"{k} in memory")) for k, e in own.items()))
        else:
            head = {**given, **head}
    return out


def _was_made_anew(entry: Mapping[str, Any]) -> bool:
    """Whether a file that a run made is not what it was when a result was made from it."""
    try:
        return sha256(str(entry["path"])) != entry["sha256"]
    except OSError:
        return False


def _differ(head: Inputs, given: Inputs) -> bool:
    """Whether a kind of input is another file in both, or on other voxels; where no map is in both, whether the maps have other voxels."""
    shared = [(head[k], given[k]) for k in given if k in head]
    if any(a.get("sha256") not in ("", None, b["sha256"]) or _other_voxels(a, b) for a, b in shared):
        return True
    mine, theirs = (_densities(each) for each in (head, given))
    return bool(mine and theirs and not {k for k, _ in mine} & {k for k, _ in theirs}) and _other_voxels(mine[0][1], theirs[0][1])


def _densities(inputs: Inputs) -> List[Tuple[str, Mapping[str, Any]]]:
    return [(k, inputs[k]) for k in DENSITIES if k in inputs]


def _other_voxels(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    sizes: List[Optional[List[float]]] = [e.get("voxel_size") for e in (a, b)]
    if not all(sizes):
        return False
    return any(abs(x - y) > _SAME_VOXEL for x, y in zip(*sizes))            # type: ignore[arg-type]


def sentence(left_out: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """What was left out, for the head of the report and the terminal; empty when nothing was."""
    if not left_out:
        return ""
    by_files: Dict[str, List[str]] = {}
    for name, files in left_out.items():
        by_files.setdefault(files, []).append(titles.get(name) or name)
    each = "; ".join(f"{', '.join(sorted(names))} (of {files})" for files, names in by_files.items())
    count = len(left_out)
    return f"{count} result{'s' if count > 1 else ''} in this folder {'are' if count > 1 else 'is'} of other inputs and left out: {each}."
