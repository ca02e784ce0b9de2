"""CPU seconds and peak memory of a fixed set of runs, of several source trees side by side.

    python bench/seconds.py MAPS --tree OLD CACHE --tree NEW CACHE [--rows cold-demo,fsc ...] [--repeats N] [--log FILE] [--threads N]

MAPS holds a folder for each simulated case: MAPS/p96/p96_half1.mrc and so on; t160 and h256 for the rows of these names. OLD and NEW are
checkouts, CACHE the folder of what each has compiled, kernels and modules (made, mode 0700, and filled where it is empty). Cold runs get an
empty one of their own for kernels; the modules of Python are compiled in all. Each row is run once, on small maps, before it is measured,
and the trees take turns in it, so that a machine that gets slower gets slower for all. CPU seconds are user and system of a process
and of what it started, the least of the repeats; memory is the largest peak; the ratio is that of the last tree to the first.
What was measured is appended to FILE, a line of JSON a run; runs that stand there already count too, so that rows can be added later.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

_COMMAND = "import sys; from cryoqa_plugin.cli import main; sys.exit(main(sys.argv[1:]))"
_SMALL = "p96"                        # the case of the first run
_BATCH = 30                           # maps of 48^3
_CALLS = 3                            # of a method within its process, after one that loads its kernels


class Row(NamedTuple):
    """One line of the table.

    ``what`` is a command line, with ``{case}`` files as of :func:`filled`, or for ``method`` the id of a capability, called within a
    process that has its kernels loaded; ``asked`` is the ratio to the first tree that the issue asked for.
    """

    name: str
    title: str
    what: Tuple[str, ...]
    asked: float
    repeats: int = 3
    cold: bool = False
    method: bool = False
    case: str = ""


_HALVES = ("--half1", "{half1}", "--half2", "{half2}")
ROWS = (
    Row("cold-demo", "cold ``demo``", ("demo",), 0.4, 2, cold=True),
    Row("warm-demo", "warm ``demo``", ("demo",), 0.5),
    Row("warmup", "``warmup``", ("warmup",), 0.45, 2, cold=True),
    Row("fsc", "``fsc``, process, 96^3", ("fsc", *_HALVES, "--mask", "{mask}"), 0.6, 5, case="p96"),
    Row("help", "``fsc --help``", ("fsc", "--help"), 0.4, 5),
    Row("directional", "directional-fsc, method, 96^3", ("directional_fsc",), 0.55, method=True, case="p96"),
    Row("monores", "monores, method, 96^3", ("monores",), 0.75, method=True, case="p96"),
    Row("t160", "``validate``, 160^3, model", ("validate", *_HALVES, "--model", "{model}"), 0.45, 2, case="t160"),
    Row("h256", "``validate``, 256^3, model", ("validate", *_HALVES, "--model", "{model}"), 0.5, 1, case="h256"),
    Row("batch", f"``batch``, {_BATCH} maps of 48^3, level 0", ("batch", "{list}", "--levels", "0"), 0.35, 2))


class Tree(NamedTuple):
    """A checkout and the folder of its compiled kernels."""

    folder: str
    cache: str


class Used(NamedTuple):
    """What one run took: CPU seconds (user and system), peak memory in GB."""

    cpu_s: float
    peak_gb: float


class Failed(Exception):
    """A run that did not end with exit code 0."""


# -------------------------------------------------------------------- one run
def run(arguments: Sequence[str], tree: Tree, cache: str, folder: str) -> Tuple[Used, str]:
    """Run Python with some arguments in a tree, in a folder; what it took, and what it printed."""
    environment = dict(os.environ, PYTHONPATH=tree.folder, NUMBA_CACHE_DIR=cache, PYTHONPYCACHEPREFIX=os.path.join(tree.cache, "modules"))
    # Without the compiled modules that every installation has, their compilation would be most of a short command.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen([sys.executable, *arguments], env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=said,
                                   stderr=subprocess.STDOUT)
        try:
            # Of the process and of all that it waited for.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.send_signal(signal.SIGTERM)
            raise
        process.returncode = status
        said.seek(0)
        text = said.read()
    if status != 0:
        raise Failed(text[-2000:])
    unit = 1 if sys.platform == "darwin" else 1024
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e9), text


def filled(what: Sequence[str], files: Dict[str, str]) -> List[str]:
    """A command with the paths of its files: ``{half1}``, ``{half2}``, ``{mask}`` and ``{model}`` of the case, ``{list}`` of the batch."""
    return [w.format(**files) for w in what]


def measure(row: Row, tree: Tree, files: Dict[str, str], threads: int) -> Used:
    """One run of a row in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        cache = tree.cache
        if row.cold:
            cache = os.path.join(folder, "kernels")
            os.mkdir(cache, 0o700)
        if not row.method:
            options = [] if {"--help", "warmup"} & set(row.what) else ["-o", "out", "--threads", str(threads)]
            return run(["-c", _COMMAND, *filled(row.what, files), *options], tree, cache, folder)[0]
        used, text = run([os.path.abspath(__file__), "--method", row.what[0], str(threads), json.dumps(files)], tree, cache, folder)
        return used._replace(cpu_s=float(text.split()[-1]))


def first_run(row: Row, tree: Tree, files: Dict[str, str], threads: int) -> None:
    """Compile what a row needs, on small maps."""
    try:
        measure(row._replace(cold=False), tree, files, threads)
    except Failed:                                           # as it will when it is measured, which says so
        pass


def time_method(name: str, threads: int, files: Dict[str, str]) -> float:
    """CPU seconds of a capability in this process, on half-maps and mask that were read before: the least of three."""
    from cryoqa_plugin.core.threads import set_threads
    from cryoqa_plugin.io.inputs import load_inputs
    from cryoqa_plugin.registry import BY_ID, resolve
    try:
        from cryoqa_plugin.study import Study as given
    except ImportError:                                      # trees of before there was a Study
        def given(inputs: Any) -> Any:
            return inputs

    set_threads(threads)
    function, params, taken = resolve(BY_ID[name].run), resolve(BY_ID[name].params)(), []
    for _ in range(1 + _CALLS):
        study = given(load_inputs({k: files[k] for k in ("half1", "half2", "mask")}))
        started = time.process_time()
        function(study, params)
        taken.append(time.process_time() - started)
    return min(taken[1:])


# -------------------------------------------------------------------- files
def files_of(row: Row, maps: Path, case: str = "") -> Dict[str, str]:
    """Files by kind, of the case of a row when no other is named."""
    stem = maps / (case or row.case) / (case or row.case)
    return {kind: f"{stem}_{kind}.{'pdb' if kind == 'model' else 'mrc'}" for kind in ("half1", "half2", "mask", "model")}


def write_batch(tree: Tree, folder: str) -> Dict[str, str]:
    """Made-up maps of 48^3 and their list, the same for all trees; a list of two of them for the first run."""
    code = ("import sys; from cryoqa_plugin.demo import write_demo_data\n"
            "for seed in range(int(sys.argv[2])):\n"
            "    write_demo_data(f'{sys.argv[1]}/m{seed}', box=48, seed=seed)\n")
    run(["-c", code, folder, str(_BATCH)], tree, tree.cache, folder)
    paths = {}
    for name, count in (("list", _BATCH), ("short_list", 2)):
        paths[name] = os.path.join(folder, name + ".csv")
        with open(paths[name], "w", encoding="utf-8") as out:
            print("name,map", *(f"m{i},{folder}/m{i}/full_map.mrc" for i in range(count)), sep="\n", file=out)
    return paths


def prepare(tree: Tree) -> None:
    """Check that a tree is what is imported from it, and make its cache."""
    os.makedirs(tree.cache, mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        where = run(["-c", "import cryoqa_plugin; print(cryoqa_plugin.__file__)"], tree, tree.cache, folder)[1].strip()
        if not os.path.realpath(where).startswith(os.path.realpath(tree.folder) + os.sep):
            raise SystemExit(f"{tree.folder} holds no cryoqa_plugin: {where} was imported.")


# -------------------------------------------------------------------- the table
def table(rows: Sequence[Row], trees: int, found: Sequence[Dict[str, Any]]) -> str:
    """The figures as a table of reST.

    Parameters
    ----------
    rows
        Its lines.
    trees
        How many trees there are.
    found
        One entry for each run: ``row``, ``tree`` (its number), ``cpu_s`` and ``peak_gb``, both None for one that failed.
    """
    names = ["before", "after"] if trees == 2 else [f"tree {i + 1}" for i in range(trees)]
    lines = [["", *(f"{n}, CPU s" for n in names), "ratio", "asked", *(f"{n}, GB" for n in names), "memory"]]
    for row in rows:
        least = [_least(found, row.name, i) for i in range(trees)]
        ratios = [_ratio(least[0], least[-1], f) for f in Used._fields]
        lines.append([row.title, *(_text(u, 0, ".2f") for u in least), ratios[0], f"{row.asked:g}",
                      *(_text(u, 1, ".2f") for u in least), ratios[1]])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    rule = "  ".join("=" * w for w in widths)
    body = ["  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([rule, body[0], rule, *body[1:], rule])


def _least(found: Sequence[Dict[str, Any]], row: str, tree: int) -> Optional[Used]:
    runs = [f for f in found if f["row"] == row and f["tree"] == tree and f["cpu_s"] is not None]
    return Used(min(f["cpu_s"] for f in runs), max(f["peak_gb"] for f in runs)) if runs else None


def _ratio(before: Optional[Used], after: Optional[Used], field: str) -> str:
    return "-" if before is None or after is None else f"{getattr(after, field) / getattr(before, field):.2f}"


def _text(used: Optional[Used], place: int, how: str) -> str:
    return "-" if used is None else format(used[place], how)


def measure_all(rows: Sequence[Row], trees: Sequence[Tree], maps: Path, repeats: Optional[int], threads: int,
                log: Optional[str]) -> List[Dict[str, Any]]:
    """All runs of all rows, the trees in turn; every other time in reverse."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        lists = write_batch(trees[-1], folder) if any(r.name == "batch" for r in rows) else {}
        for row in rows:
            for tree in trees:
                first_run(row, tree, {**files_of(row, maps, _SMALL), "list": lists.get("short_list", "")}, threads)
            for i in range(repeats or row.repeats):
                for place in range(len(trees))[::1 if i % 2 == 0 else -1]:
                    line: Dict[str, Any] = {"row": row.name, "tree": place, "cpu_s": None, "peak_gb": None}
                    try:
                        line.update(measure(row, trees[place], {**files_of(row, maps), **lists}, threads)._asdict())
                    except Failed as error:
                        print(f"{row.name}, tree {place + 1}: {error}", file=sys.stderr)
                    found.append(line)
                    print(json.dumps(line), file=sys.stderr, flush=True)
                    if log:
                        with open(log, "a", encoding="utf-8") as out:
                            print(json.dumps(line), file=out)
    return found


def read_log(log: Optional[str]) -> List[Dict[str, Any]]:
    """Runs of before."""
    if not log or not os.path.exists(log):
        return []
    with open(log, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Measure the rows that were asked for and print their table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maps", metavar="MAPS", type=Path)
    parser.add_argument("--tree", metavar=("FOLDER", "CACHE"), nargs=2, action="append", required=True)
    parser.add_argument("--rows", metavar="NAMES", default=",".join(r.name for r in ROWS))
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--log", metavar="FILE")
    options = parser.parse_args(arguments)
    wanted = options.rows.split(",")
    unknown = set(wanted) - {r.name for r in ROWS}
    if unknown:
        parser.error(f"there is no row {', '.join(sorted(unknown))}; the rows are {', '.join(r.name for r in ROWS)}")
    rows = [r for r in ROWS if r.name in wanted]
    lacking = [p for r in rows for case in (_SMALL, r.case) for w, p in files_of(r, options.maps, case).items()
               if (r.method and w != "model" or f"{{{w}}}" in r.what) and not os.path.isfile(p)]
    if lacking:
        parser.error(f"there is no {lacking[0]}")
    trees = [Tree(*(os.path.abspath(p) for p in pair)) for pair in options.tree]
    for tree in trees:
        prepare(tree)
    before = read_log(options.log)
    found = before + measure_all(rows, trees, options.maps.absolute(), options.repeats, options.threads, options.log)
    print(table([r for r in ROWS if r.name in {f["row"] for f in found}], len(trees), found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--method"]:
        print(time_method(sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])))
    else:
        main()
