"""map_info of a 256^3 map, alone and with its half-maps: CPU seconds, wall seconds and peak memory as JSON.

    python bench/bench_map_info.py [FOLDER]

FOLDER holds h256_full.mrc, h256_half1.mrc and h256_half2.mrc of the simulator; noise is made without it. Each run is timed
in a process of its own, reading and check sums included, after one run that fills the compiler's cache. No figure of a
peer is at hand: Phenix's show_map_info does a part of this and was not timed.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMITS = {"alone": {"cpu_s": 4.0, "peak_gb": 0.6}, "with_halves": {"cpu_s": 4.0, "peak_gb": 0.7}}
FILES = {"full_map": "h256_full.mrc", "half1": "h256_half1.mrc", "half2": "h256_half2.mrc"}


def noise(folder, box=256):
    """Two maps of a smooth ball in white noise, and their mean."""
    import numpy as np
    from cryoqa_plugin.io.maps import Map, write_map
    rng = np.random.default_rng(1)
    axis = (np.arange(box, dtype=np.float32) - box / 2) ** 2
    ball = np.exp(-(axis[:, None, None] + axis[None, :, None] + axis[None, None, :]) / (0.2 * box) ** 2)
    halves = [ball + 0.1 * rng.standard_normal(ball.shape, dtype=np.float32) for _ in range(2)]
    for name, data in zip(FILES.values(), [(halves[0] + halves[1]) / 2] + halves):
        write_map(str(folder / name), Map(data, (1.06,) * 3))


def one(folder, kinds, out):
    """Run the capability once; the figures of this process."""
    started = time.time()
    from cryoqa_plugin.runner import execute
    document = execute("map_info", {k: str(folder / FILES[k]) for k in kinds}, outdir=str(out))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": round(usage.ru_utime + usage.ru_stime, 2), "wall_s": round(time.time() - started, 2),
            "peak_gb": round(usage.ru_maxrss * 1024 / 1e9, 3), "halves_agreement": document["metrics"]["halves_agreement"]["value"]}


def main():
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(Path(sys.argv[2]), sys.argv[4].split(","), Path(sys.argv[3]))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch)
        if len(sys.argv) < 2:
            noise(folder)
        root = str(Path(__file__).resolve().parent.parent)
        env = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH")) if p))
        ours = {}
        for number, (name, kinds) in enumerate((("with_halves", list(FILES)), ("alone", ["full_map"]), ("with_halves", list(FILES)))):
            command = [sys.executable, __file__, "--one", str(folder), str(Path(scratch) / f"out{number}"), ",".join(kinds)]
            done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
            ours[name] = json.loads(done.stdout)
    met = all(ours[n][k] <= v for n, limits in LIMITS.items() for k, v in limits.items())
    print(json.dumps({"claim": "map_info at 256^3", "ours": ours, "limits": LIMITS, "met": met}, indent=1))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
