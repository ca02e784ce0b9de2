"""Half-map statistics in a mask of 256^3 half-maps: CPU seconds, wall seconds and peak memory as JSON.

    python bench/bench_half_map_statistics.py [FOLDER] [--local]

FOLDER holds h256_half1.mrc, h256_half2.mrc and h256_mask.mrc of the simulator; random maps are made without it. The run is
timed in a process of its own, reading and writing included, after one run that fills the compiler's cache.
Peer: FSC-FDR of SPOC (permutations) on 256^3 half-maps, 46 CPU s and 1.9 GB. With --local also the local correlation map;
EMDA rcc takes 11.6 CPU s and 4.9 GB for that.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEER = {"program": "SPOC FSC-FDR", "cpu_s": 46.0, "peak_gb": 1.87}
LIMITS = {"cpu_s": 3.0, "peak_gb": 0.8}


def random_maps(folder, box=256):
    """Half-maps of white noise with a common part, and a ball as mask."""
    import numpy as np
    from cryoqa_plugin.io.maps import Map, write_map
    rng = np.random.default_rng(1)
    common = rng.standard_normal((box,) * 3, dtype=np.float32)
    for name in ("half1", "half2"):
        write_map(str(folder / f"h256_{name}.mrc"), Map(common + rng.standard_normal(common.shape, dtype=np.float32), (1.0,) * 3))
    axis = (np.arange(box, dtype=np.float32) - box / 2) ** 2
    radius = np.sqrt(axis[:, None, None] + axis[None, :, None] + axis[None, None, :])
    write_map(str(folder / "h256_mask.mrc"), Map(np.clip((80 - radius) / 8, 0, 1), (1.0,) * 3))


def one(folder, out, local):
    """Run the capability once; the figures of this process."""
    started = time.time()
    from cryoqa_plugin.runner import execute
    document = execute("half_map_statistics", {k: str(folder / f"h256_{k}.mrc") for k in ("half1", "half2", "mask")},
                       {"local_map": local}, outdir=str(out))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": round(usage.ru_utime + usage.ru_stime, 2), "wall_s": round(time.time() - started, 2),
            "peak_gb": round(usage.ru_maxrss * 1024 / 1e9, 3), "resolution_fdr": document["metrics"]["resolution_fdr"]["value"]}


def main():
    local = "--local" in sys.argv
    given = [a for a in sys.argv[1:] if a != "--local"]
    if given[:1] == ["--one"]:
        print(json.dumps(one(Path(given[1]), Path(given[2]), local)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(given[0]) if given else Path(scratch)
        if not given:
            random_maps(folder)
        root = str(Path(__file__).resolve().parent.parent)
        env = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH")) if p))
        for number in range(2):
            command = [sys.executable, __file__, "--one", str(folder), str(Path(scratch) / f"out{number}")] + ["--local"] * local
            done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
        ours = json.loads(done.stdout)
    print(json.dumps({"claim": "half-map statistics at 256^3", "ours": ours, "peer": PEER, "limits": LIMITS,
                      "met": all(ours[k] <= v for k, v in LIMITS.items())}, indent=1))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
