"""Whether the capabilities keep to the time and memory of bench/table.py on maps of 256^3.

    python bench/bench.py [ID ...] FOLDER

FOLDER holds the maps of the simulated case h256 (h256_half1.mrc ...); where it holds none, made-up half-maps are written there,
and the claims that want a model or a local resolution are left out. IDs are capabilities, all without any. Each claim runs in a
process of its own, after one run that fills the compiler's cache. One line of JSON a claim; the exit code is 1 when one is missed.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import CLAIMS

ROOT = Path(__file__).resolve().parent.parent
FILES = {"full_map": "h256_full.mrc", "half1": "h256_half1.mrc", "half2": "h256_half2.mrc", "mask": "h256_mask.mrc",
         "model": "h256_model.pdb", "resolution_map": "h256_locres.mrc", "target_map": "h256_half2.mrc",
         "primary_map": "h256_full.mrc"}


def make_maps(folder, box=256):
    """Write a ball of smooth noise, seen twice in white noise; its mean, and a mask around it."""
    import numpy as np
    import scipy.ndimage
    from cryoqa_plugin.io.maps import Map, write_map
    rng = np.random.default_rng(1)
    axis = (np.arange(box, dtype=np.float32) - box / 2) ** 2
    radius = np.sqrt(axis[:, None, None] + axis[None, :, None] + axis[None, None, :])
    ball = np.clip((0.3 * box - radius) / 4, 0, 1)
    signal = ball * (1 + 8 * scipy.ndimage.gaussian_filter(rng.standard_normal(ball.shape, dtype=np.float32), 1.5))
    halves = [signal + 0.5 * rng.standard_normal(ball.shape, dtype=np.float32) for _ in range(2)]
    mask = np.clip((0.33 * box - radius) / 8, 0, 1)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, data in (("half1", halves[0]), ("half2", halves[1]), ("full_map", (halves[0] + halves[1]) / 2), ("mask", mask)):
        write_map(str(folder / FILES[kind]), Map(data.astype(np.float32), (1.06,) * 3))


def sources_of(claim, folder):
    """Files of a claim by kind of input, and the first that is not there, or None."""
    paths = {kind: str(folder / name) for kind, name in FILES.items()}
    paths["others"] = [paths["half1"], paths["half2"]]
    paths.update(focused_maps=[paths["full_map"]], focused_half1=[paths["half1"]], focused_half2=[paths["half2"]])
    sources = {kind: paths[kind] for kind in claim.inputs}
    return sources, next((p for k in claim.inputs if isinstance(paths[k], str) for p in [paths[k]] if not os.path.isfile(p)), None)


def measure(capability, sources, values, out):
    """Figures of one run in this process."""
    started = time.time()
    import cryoqa_plugin
    document = cryoqa_plugin.run(capability, outdir=out, **sources, **values)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": round(usage.ru_utime + usage.ru_stime, 2), "wall_s": round(time.time() - started, 2),
            "peak_gb": round(usage.ru_maxrss * 1024 / 1e9, 3), "summary": document["summary"]}


def run_apart(*arguments):
    """:func:`measure` in a process of its own."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p))
    done = subprocess.run([sys.executable, __file__, "--measure", json.dumps(arguments)], env=environment, check=True,
                          stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def judged(claim, folder):
    """What came of a claim, as one dict."""
    sources, lacking = sources_of(claim, folder)
    told = {"id": claim.id, "case": claim.case}
    if lacking:
        return dict(told, skipped=f"there is no {os.path.basename(lacking)}; give the folder of the simulated case h256")
    with tempfile.TemporaryDirectory() as out:
        first, second = (run_apart(claim.id, sources, claim.values, out) for _ in range(2))
    met = second["cpu_s"] <= claim.cpu_s and second["peak_gb"] <= claim.peak_gb
    return dict(told, met=met, **second, first_run_cpu_s=first["cpu_s"], limits={"cpu_s": claim.cpu_s, "peak_gb": claim.peak_gb},
                peer=claim.peer)


def main():
    """Judge the claims that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", metavar="ID", nargs="*")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    options = parser.parse_args()
    wanted = {i.replace("-", "_") for i in options.ids}
    unknown = wanted - {claim.id for claim in CLAIMS}
    if unknown:
        parser.error(f"bench/table.py has no {', '.join(sorted(unknown))}; it has {', '.join(dict.fromkeys(c.id for c in CLAIMS))}")
    sys.path.insert(0, str(ROOT))
    if not (options.folder / FILES["half1"]).is_file():
        make_maps(options.folder)
    missed = 0
    for claim in CLAIMS:
        if not wanted or claim.id in wanted:
            line = judged(claim, options.folder)
            missed += line.get("met") is False
            print(json.dumps(line, ensure_ascii=False), flush=True)
    sys.exit(bool(missed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(*json.loads(sys.argv[2]))))
    else:
        main()
