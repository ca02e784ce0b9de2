"""Peak memory of every capability beside the estimate that is told before a run.

    python bench/memory.py MAPS CASE [ID ...] [--log FILE]

MAPS/CASE holds the maps of a simulated case (CASE_half1.mrc, CASE_half2.mrc, CASE_full.mrc, CASE_mask.mrc, CASE_model.pdb,
CASE_locres.mrc); what it lacks is not given. IDs are capabilities, all that the inputs allow without any. Each runs in a process of its
own, with all the inputs it takes, once for each parameter that costs more. A line of JSON a run, also appended to FILE; at the end a table
in reStructuredText, and the exit code is 1 when an estimate is off by more than a quarter.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent.parent
FILES = {"full_map": "full.mrc", "half1": "half1.mrc", "half2": "half2.mrc", "mask": "mask.mrc", "model": "model.pdb",
         "resolution_map": "locres.mrc", "reference_map": "full.mrc", "mask2": "mask.mrc", "target_map": "half2.mrc",
         "primary_map": "full.mrc"}
MOST_OFF = 0.25                       # of the estimate
_CHILD = """
import json, resource, sys
import cryoqa_plugin
from cryoqa_plugin import runner
capability, sources, values, out = json.loads(sys.argv[1])
estimate = runner.memory_estimate(capability, sources, values)
cryoqa_plugin.run(capability, outdir=out, **sources, **values)
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps(dict(estimate=estimate, peak=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
                      cpu_s=round(usage.ru_utime + usage.ru_stime, 1))))
"""


def inputs_of(row: Any, given: Mapping[str, str]) -> Optional[Dict[str, Any]]:
    """All inputs that a capability takes and that there are; None where one that it needs is missing."""
    sources: Dict[str, Any] = {kind: given[kind] for kind in row.needs + row.takes if kind in given}
    if "others" in row.needs and "half1" in given:
        sources["others"] = [given["half1"], given["half2"]]
    if "focused_maps" in row.takes and "full_map" in given and "half1" in given:
        sources.update(focused_maps=[given["full_map"]] * 2, focused_half1=[given["half1"]] * 2, focused_half2=[given["half2"]] * 2)
    ready = set(sources)
    lacking = set(row.needs) - ready or row.any_of and not any(set(group) <= ready for group in row.any_of)
    return None if lacking or not sources else sources


def runs(ids: Sequence[str], given: Mapping[str, str]) -> Iterator[Tuple[str, Dict[str, Any], Dict[str, Any]]]:
    """Capability, inputs and parameters of each run."""
    from cryoqa_plugin.registry import CAPABILITIES
    for row in CAPABILITIES:
        sources = inputs_of(row, given) if not ids or row.id in ids else None
        if sources is not None:
            for values in [{}, *({name: value} for name, value, _ in row.costly)]:
                yield row.id, sources, values


def measured(capability: str, sources: Mapping[str, Any], values: Mapping[str, Any]) -> Dict[str, Any]:
    """Estimate, peak (bytes) and CPU seconds of one run in a process of its own; ``error`` where it failed."""
    path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([sys.executable, "-c", _CHILD, json.dumps([capability, sources, values, out])],
                              env=dict(os.environ, PYTHONPATH=path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """The runs as a table in reStructuredText."""
    head = ("capability", "box", "estimate, GB", "measured, GB", "estimate / measured")
    rows = [(line["id"] + "".join(f", {n} = {v}" for n, v in line["values"].items()), line["box"], f"{line['estimate'] / 1e9:.2f}",
             f"{line['peak'] / 1e9:.2f}", f"{line['estimate'] / line['peak']:.2f}") for line in lines if "peak" in line]
    return "\n".join([".. csv-table::", "   :header: " + ", ".join(f'"{h}"' for h in head), "",
                      *("   " + ", ".join(f'"{cell}"' for cell in row) for row in rows)])


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maps", metavar="MAPS", type=Path)
    parser.add_argument("case", metavar="CASE")
    parser.add_argument("ids", metavar="ID", nargs="*")
    parser.add_argument("--log", metavar="FILE", type=Path)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from cryoqa_plugin.io.maps import read_header
    folder = options.maps / options.case
    given = {kind: str(folder / f"{options.case}_{name}") for kind, name in FILES.items()
             if (folder / f"{options.case}_{name}").is_file()}
    if "half1" not in given:
        parser.error(f"{folder} holds no {options.case}_half1.mrc")
    box = " x ".join(str(n) for n in read_header(given["half1"]).shape)
    lines: List[Dict[str, Any]] = []
    for capability, sources, values in runs([i.replace("-", "_") for i in options.ids], given):
        line = dict(id=capability, box=box, values=values, inputs=sorted(sources), **measured(capability, sources, values))
        lines.append(line)
        print(json.dumps(line, ensure_ascii=False), flush=True)
        if options.log:
            with open(options.log, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    print("\n" + table(lines))
    return int(any("error" in line or abs(line["estimate"] / line["peak"] - 1) > MOST_OFF for line in lines))


if __name__ == "__main__":
    sys.exit(main())
