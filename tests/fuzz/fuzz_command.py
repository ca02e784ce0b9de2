"""What is typed: parameters and limits, lists of a batch, and the names and places of files and folders."""
from __future__ import annotations

import csv
import io
import math
import os
import shutil
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
from fuzz_damage import NUMBERS, TEXT, WORDS, damaged, pick
from fuzz_harness import Case, Kind, Run, Seeds, Wrong, command, compute, reading
from fuzz_maps import independent
from fuzz_methods import takers

USUAL = ("map_info", "mask", "contour", "fsc", "half_map_statistics", "guinier", "postprocess", "local_fsc", "auto_sharpen")
OWN = ("yes", "no", "auto", "-5", "3.7", "1e6", "100", "molecule", "sphere", "3", "12")
TYPED = tuple(t for t in NUMBERS + WORDS + OWN if t not in ("\0", "\ud800", "None"))              # the first two cannot be typed


# ---------------------------------------------------------------- 9: parameters and limits

def parameters(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """Options with values of all kinds, and words that are no options; those that were taken are what was typed."""
    from cryoqa_plugin.cli.declarations import parameter_specs
    from cryoqa_plugin.registry import BY_ID
    kinds = ("half1", "half2") if rng.random() < 0.5 else ("full_map",)
    row = BY_ID[str(pick(rng, USUAL if rng.random() < 0.4 else takers(*kinds)))]
    kinds = kinds if row.id in takers(*kinds) else row.needs or row.any_of[0]
    words: List[Any] = []
    for kind in kinds:
        words += ["--map" if kind == "full_map" else "--" + kind, seeds.files[kind + ".mrc"]]
    said, typed = [], {}
    specs = parameter_specs(row)
    for _ in range(int(pick(rng, (1, 1, 2, 3)))):
        way, value = rng.random(), str(pick(rng, TYPED)) if rng.random() < 0.7 else f"{10.0 ** rng.uniform(-6, 6):.4g}"
        if way < 0.85 and specs:
            spec = pick(rng, specs)
            value = _possible(rng, spec) if rng.random() < 0.6 else value
            new, typed[spec.name] = f"{spec.option}={value}", value
        elif way < 0.95:
            new = f"{pick(rng, ('--voxel-size', '--threads', '--limits', '--fail-on', '--job', '--mask', '--map'))}={value}"
        else:
            new = value if rng.random() < 0.5 else "--" + value
        words, said = [*words, new], [*said, new]
    return Case(f"{row.id} {' '.join(said)}", compute(folder, row.id.replace("_", "-"), *words), codes=(0, 2, 3),
                check=lambda run: _check_parameters(run, typed))


def _possible(rng: np.random.Generator, spec: Any) -> str:
    """A value that a parameter may have by what it declares."""
    if spec.type is bool:
        return str(pick(rng, ("yes", "no")))
    if spec.choices:
        return str(pick(rng, spec.choices))
    if spec.type is str:
        return str(pick(rng, ("C1", "auto", "x")))
    low, high = (v if v is not None else other for v, other in ((spec.min, 0.0), (spec.max, 100.0)))
    value = float(pick(rng, (low, high, rng.uniform(low, high), low + (high - low) * 10 ** rng.uniform(-3, 0))))
    return str(int(value)) if spec.type is int else f"{value:.5g}"


def _check_parameters(run: Run, typed: Dict[str, str]) -> None:
    """Values that were taken are finite and what was typed, and nothing impossible came of them."""
    if run.document is None:                                 # help, or a version
        return
    for name, value in run.document["parameters"].items():
        if isinstance(value, float) and not math.isfinite(value):
            raise Wrong(f"the parameter {name} is {value}")
        if name in typed and isinstance(value, (int, float)) and not isinstance(value, bool) and value != float(typed[name]):
            raise Wrong(f"the parameter {name} is {value}, and {typed[name]} was typed")
    for entry in run.document["inputs"].values():
        if "voxel_size" in entry and not all(0.01 <= v <= 200 for v in entry["voxel_size"]):
            raise Wrong(f"voxels of {entry['voxel_size']} Å")
    for name, written in run.document["maps"].items():
        if not np.isfinite(independent((run.folder / "out" / written["path"]).read_bytes())).all():
            raise Wrong(f"the map {name} has voxels that are no number")


STRANGE = tuple(b"map_info" + text for text in (
    b" = 3\n", b" = 1979-05-27\n", b".centre_offset = \"low\"\n", b".centre_offset = [1, 2]\n", b".centre_offset = nan\n",
    b".inverted = 3.5\n", b".centre_offset.a = 1\n", b".centre_offset = true\n", b".centre_offset = inf\n", b".centre_offset = {}\n",
    b".centre_offset = 1979-05-27T07:32:00Z\n", b".centre_offset = 0x7fffffffffffffffffff\n", b" = {}\n", b" = []\n"))
STRANGE += (b"[[map_info]]\na = 1\n", b"[map_info]\n", b"[nothing]\na = 1\n", b"a.b.c = 1\n", b"\xff = 1\n")


def limits(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A TOML file with limits."""
    content, said = damaged(rng, seeds.bytes("limits.toml"), TEXT)
    if rng.random() < 0.2:
        value = f"{rng.uniform(-2, 2):.3g}"
        content, said = f"[map_info]\ncentre_offset = {value}\n".encode(), f"a limit of {value}"
    elif rng.random() < 0.3:
        content = pick(rng, STRANGE)
        said = f"replaced by {content!r}"
    path = folder / "mutated.toml"
    path.write_bytes(content)

    def check(run: Run) -> None:
        limit = next(o["limit"] for o in run.document["checks"] if o["metric"] == "centre_offset")
        if type(limit) not in (int, float) or not math.isfinite(limit):
            raise Wrong(f"the limit of a number is {limit!r}")
        if said.startswith("a limit of") and limit != float(said.split()[-1]):
            raise Wrong(f"the limit is {limit}")

    return Case(said, compute(folder, "map-info", "--map", seeds.files["full_map.mrc"], "--limits", path),
                "" if b"map_info" in content or b"fsc" in content else path.name, "", check)


# ---------------------------------------------------------------- 10: lists of a batch

def batch_list(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A CSV or TSV list; what is read of it is what the csv module of Python reads."""
    name = str(pick(rng, ("list.csv", "list.tsv")))
    content, said = damaged(rng, seeds.bytes(name), TEXT)
    path = folder / ("mutated" + Path(name).suffix)
    path.write_bytes(content)
    for file in ("half1.mrc", "half2.mrc", "mask.mrc", "full_map.mrc", "odd.mrc", "model.cif"):
        os.symlink(seeds.files[file], folder / file)
    kept: List[Any] = []

    def read() -> Any:
        from cryoqa_plugin.batch.lists import read_list
        return read_list(str(path), str(folder / "out"))

    def check(run: Run) -> None:
        text = content.decode("utf-8-sig")
        for job in kept[0]:
            numbers = (job.contour, job.resolution, job.voxel_size)
            if not all(v is None or math.isfinite(v) for v in numbers) or not all(v is None or 0 < v < 1000 for v in numbers[1:]):
                raise Wrong(f"numbers {numbers}")
            if Path(job.folder).parent != folder / "out" or job.name in (".", ".."):
                raise Wrong(f"the folder {job.folder} lies elsewhere")
            if not all(os.path.isfile(p) for p in job.sources.values()):
                raise Wrong("a file is not there")
            if not all(os.path.basename(p) in text for p in job.sources.values()):
                raise Wrong("a file that the list does not name")
        rows = [r for r in csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in text.split("\n")[0] else ",")
                if any(v.strip() for v in r) and not r[0].startswith("#")]
        if len(rows) - 1 != len(kept[0]) and not any(w in text for w in "\r\x0c\x85\u2028\""):
            raise Wrong(f"{len(kept[0])} maps of {len(rows) - 1} rows")

    return Case(f"{name}: {said}", reading(read, kept.append), path.name, "", check)


# ---------------------------------------------------------------- 11: names and places

NAMES = ("a b", "é", "日本", "a" * 250, "a" * 300, "-x", "--out", "a\nb", "a\tb", "\x1b[31mred", "*", "[a]", "{0}", "%s", "a'b", 'a"b',
         "a;b", "$HOME", "~", "a\\b", ".hidden", "a,b", "#a", "\udcff\udcfe", "a\udce9", "CON", " ", "..", "a/../b",
         "\u202eabc", "result.json")


def places(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """Names that are odd, and things that are no plain files, as inputs and as places of results."""
    return (_odd_name, _odd_input, _odd_output, _odd_folder)[int(rng.integers(4))](rng, folder, seeds)


def _name(rng: np.random.Generator) -> str:
    return str(pick(rng, NAMES))


def _odd_name(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """The file and the folder of the results have unusual names."""
    name, out = _name(rng), _name(rng) if rng.random() < 0.5 else "out"
    path = folder / "in" / (name.replace("/", "") + ".mrc")
    path.parent.mkdir()
    said = f"the file {name!r}.mrc, into {out!r}"
    try:
        shutil.copyfile(seeds.files["full_map.mrc"], path)
    except OSError:                                          # a name that this file system does not know
        said += " (not there)"
    case = Case(said, compute(folder, str(pick(rng, ("map-info", "mask", "contour"))), "--map", path, out=out), out=out)
    if out in ("..", "a/../b"):
        case.out = "out"                                     # results beside the case, or none
    return case


def _odd_input(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A folder, a pipe, a device, a loop of links, a socket, a file that is gone, where a file is wanted."""
    what = str(pick(rng, ("folder", "pipe", "device", "loop", "socket", "gone", "below a file", "link", "full", "long")))
    path = folder / "mutated"
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to(str(pick(rng, ("/dev/zero", "/dev/null", "/dev/random"))))
    elif what == "loop":
        path.symlink_to(path)
    elif what == "socket":
        import socket
        socket.socket(socket.AF_UNIX).bind("mutated")         # in the current folder: whole paths are too long
    elif what == "below a file":
        path.write_bytes(b"x")
        path = path / "map.mrc"
    elif what == "link":
        path.symlink_to(seeds.files["full_map.mrc"])
    elif what == "long":
        path = folder / ("mutated" + "x" * 4000)
    elif what == "full":
        path = Path("/dev/full")
    way = str(pick(rng, ("map-info", "--half2", "--model", "--mtf", "--fsc-curve", "--limits", "--job", "job.star", "--sequence", "batch",
                         "group", "report", "job.json", "postprocess.star")))
    half1, half2, full = (seeds.files[n] for n in ("half1.mrc", "half2.mrc", "full_map.mrc"))
    shown = path.name[:7]
    if way == "map-info":
        call = compute(folder, "map-info", "--map", path)
    elif way == "--half2":
        call = compute(folder, "fsc", "--half1", half1, way, path)
    elif way in ("--mtf", "--fsc-curve"):
        call = compute(folder, "postprocess", "--half1", half1, "--half2", half2, way, path)
    elif way in ("--model", "--sequence", "--limits"):
        call = compute(folder, "contour", "--map", full, way, path)
    elif way == "--job":
        call, shown = compute(folder, "import-job", "--job", path), ""
    elif way in ("job.star", "job.json", "postprocess.star"):
        job = folder / "PostProcess" / "job021"
        seeds.copy("full_map.mrc", job, "postprocess.mrc")
        shutil.copyfile(seeds.files["half1.mrc"], job / "run_half1_class001_unfil.mrc")
        if os.path.lexists(path) and path.parent == folder and what != "link":
            os.rename(path, job / way)                       # a loop of links and a socket move too
        call, shown = compute(folder, "import-job", "--job", job), ""
    elif way == "batch":
        call = command("batch", path, "-o", folder / "out", "-q")
    else:
        call, shown = command(way, path), ""
    must = "" if way in ("job.star", "job.json", "postprocess.star", "--job", "group", "report") or what == "link" else "refuse"
    return Case(f"{way}: {what}", call, "" if path.name == "full" else shown, must, typed=str(path))


def _odd_output(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """The place of the results is a file, lies below one, is a loop of links, or holds what is in the way."""
    what = str(pick(rng, ("file", "below a file", "loop", "link to nothing", "device", "pipe", "an input", "result is a folder",
                          "a map is a folder", "long", "deep", "link to a folder", "here")))
    out, must = folder / "out", "refuse"
    own = seeds.copy("full_map.mrc", folder, "mutated.mrc")
    if what == "file":
        out.write_bytes(b"mine")
    elif what == "below a file":
        out.write_bytes(b"mine")
        out = out / "results"
    elif what == "loop":
        out.symlink_to(out)
    elif what == "link to nothing":
        out.symlink_to(folder / "nothing" / "there")
        must = ""
    elif what == "device":
        out = Path("/dev/null/results")
    elif what == "pipe":
        os.mkfifo(out)
    elif what == "an input":
        out.mkdir()
        own = own.rename(out / "mask.mrc")
    elif what in ("result is a folder", "a map is a folder"):
        (out / ("result.json" if what.startswith("result") else "mask.mrc") / "x").mkdir(parents=True)
    elif what == "long":
        out = folder / ("x" * 300)
    elif what == "deep":
        out, must = folder / "out" / "/".join(["y" * 200] * 30), ""
    elif what == "link to a folder":
        (folder / "there").mkdir()
        out.symlink_to(folder / "there")
        must = "accept"
    else:
        out, must = folder, "accept"
    call = compute(folder, "mask", "--map", own, out=str(out.relative_to(folder)) if folder in out.parents else str(out))
    case = Case(f"results into: {what}", call, must=must, typed=str(out))
    case.out = "nowhere" if what in ("an input", "here", "link to a folder") else case.out
    return case


def _odd_folder(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """Results of an earlier run lie in the folder, damaged, and the next run goes there: its own results, or a sentence."""
    first, second = seeds.files["full_map.mrc"], seeds.files[str(pick(rng, ("full_map.mrc", "full_map.mrc", "odd.mrc")))]
    more = ["--overwrite"] * int(rng.integers(2))
    name = str(pick(rng, ("result.json", ".cryoqa.json", "mask.mrc", "mask.mrc", ".cryoqa.lock", ".cryoqa_ab12", "notes.txt")))
    how = str(pick(rng, ("damaged", "gone", "a folder", "a link", "empty")))

    def call() -> int:
        if compute(folder, "mask", "--map", first)() != 0:
            raise Wrong("the first run was refused")
        path = folder / "out" / name
        content = path.read_bytes() if path.is_file() else b"of another hand"
        if path.is_file():
            path.unlink()
        if how == "a folder":
            (path / "x").mkdir(parents=True)
        elif how == "a link":
            path.symlink_to(folder / "elsewhere")
        elif how != "gone":
            path.write_bytes(b"" if how == "empty" else damaged(rng, content, TEXT)[0])
        return compute(folder, "mask", "--map", second, *more)()

    def check(run: Run) -> None:
        entry = run.document["inputs"]["full_map"]
        if Path(entry["path"]) != second or run.document["capability"] != "mask":
            raise Wrong("the result is not of this run")
        _require_mask_of(folder / "out" / "mask.mrc", second)
        if name == "notes.txt" and how == "damaged" and not (folder / "out" / name).exists():
            raise Wrong("a file that is not of cryoqa was removed")

    return Case(f"mask of {second.name} into results of full_map.mrc, {name} is {how} {' '.join(more)}", call, check=check, again=True)


def _require_mask_of(path: Path, source: Path) -> None:
    """The mask lies on the grid of its map."""
    from cryoqa_plugin.io.maps import read_map
    found, wanted = read_map(str(path)), read_map(str(source))
    if found.shape != wanted.shape or not 0 <= found.data.min() <= found.data.max() <= 1:
        raise Wrong(f"the mask is {found}")


KINDS: Tuple[Kind, ...] = (
    Kind("parameters", parameters, USUAL, 3), Kind("limits", limits, ("map_info",), 2), Kind("batch_list", batch_list, (), 2),
    Kind("places", places, ("map_info", "mask", "contour", "postprocess"), 3))
