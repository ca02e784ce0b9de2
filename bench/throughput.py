"""Maps an hour by box and level, and the memory of one map beside what was expected: the table of docs/throughput.rst.

    python bench/throughput.py MAPS [--cases p96 t160] [--demo] [--threads N] [--log FILE]

MAPS holds a folder for each simulated case: MAPS/p96/p96_half1.mrc and so on. ``--demo`` adds made-up maps of 48^3. Each line is a run of
``cryoqa batch`` on some maps of one size, one after the other, with its start, the reports and the group page. CPU seconds are user and
system of the command and of what it started; on a machine that does something else too they are a little too many, the seconds on the
clock would be far too many. Run it twice: the first time kernels are compiled.
"""
from __future__ import annotations

import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

_MAPS = {48: 4, 96: 2}                           # maps of a run, by box; one of larger boxes
_LEVELS = ("0", "0,1", "0,1,A")
_COLUMNS = {"full_map": "map", "half1": "half1", "half2": "half2", "model": "model"}


class Line(NamedTuple):
    """One line of the table: CPU seconds of a map, peak and expected memory in GB."""

    box: int
    levels: str
    cpu_s: float
    peak_gb: float
    expected_gb: float


def files_of(case: str, maps: str, levels: str) -> Dict[str, str]:
    """The files of a case that its levels look at."""
    stem = os.path.join(maps, case, case)
    files = {"full_map": f"{stem}_full.mrc"}
    if "1" in levels:
        files.update({half: f"{stem}_{half}.mrc" for half in ("half1", "half2")})
    return dict(files, model=glob.glob(f"{stem}_model.*")[0]) if "A" in levels else files


def measure(files: Dict[str, str], levels: str, threads: int) -> Line:
    """One run of ``cryoqa batch``."""
    from cryoqa_plugin.io.maps import read_header
    from cryoqa_plugin.validation.memory import memory_estimate
    box = read_header(files["full_map"]).shape[0]
    count = _MAPS.get(box, 1)
    with tempfile.TemporaryDirectory() as folder:
        rows = [[f"m{i}", *files.values()] for i in range(count)]
        lines = [",".join(["name", *(_COLUMNS[k] for k in files)]), *(",".join(row) for row in rows)]
        Path(folder, "list.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "cryoqa_plugin", "batch", f"{folder}/list.csv", "-o", f"{folder}/out", "--levels", levels,
                   "--threads", str(threads), "-q"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        if status != 0:
            raise SystemExit(f"{' '.join(command)} ended with {status}.")
    unit = 1 if sys.platform == "darwin" else 1024
    return Line(box, levels, (usage.ru_utime + usage.ru_stime) / count, usage.ru_maxrss * unit / 1e9,
                memory_estimate(files, tuple(levels.split(","))) / 1e9)


def table(lines: Sequence[Line]) -> str:
    """The lines as a table of reST."""
    head = ("box", "levels", "CPU s a map", "maps an hour on a core", "memory (GB)", "expected (GB)")
    hourly = [float(f"{3600 / x.cpu_s:.2g}") for x in lines]
    cells = [(str(x.box), x.levels, f"{x.cpu_s:.3g}", f"{n:g}", f"{x.peak_gb:.2f}", f"{x.expected_gb:.2f}") for x, n in zip(lines, hourly)]
    wide = [max(len(row[i]) for row in (head, *cells)) for i in range(len(head))]
    rule = "  ".join("=" * w for w in wide)
    body = ["  ".join(f"{c:<{w}}" for c, w in zip(row, wide)).rstrip() for row in (head, *cells)]
    return "\n".join([rule, body[0], rule, *body[1:], rule])


def main(argv: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("maps", help="folder with a folder a case")
    parser.add_argument("--cases", nargs="*", default=["p96", "t160"])
    parser.add_argument("--demo", action="store_true", help="made-up maps of 48^3 too")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--log", help="file that gets each line as JSON when it is measured")
    args = parser.parse_args(argv)
    lines: List[Line] = []
    with tempfile.TemporaryDirectory() as made:
        cases = [(case, args.maps) for case in args.cases]
        if args.demo:
            from cryoqa_plugin.demo import write_demo_data
            os.mkdir(f"{made}/demo")
            for kind, path in write_demo_data(f"{made}/data", box=48).items():
                name = "full" if kind == "full_map" else kind
                os.rename(path, f"{made}/demo/demo_{name}{os.path.splitext(path)[1]}")
            cases.insert(0, ("demo", made))
        for case, folder in cases:
            for levels in _LEVELS:
                lines.append(measure(files_of(case, folder, levels), levels, args.threads))
                if args.log:
                    with open(args.log, "a", encoding="utf-8") as stream:
                        stream.write(json.dumps(lines[-1]._asdict()) + "\n")
    print(table(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
