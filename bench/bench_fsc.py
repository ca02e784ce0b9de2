"""FSC with correction, sharpening and B-factor of 256^3 half-maps: CPU seconds, wall seconds and peak memory as JSON.

    python bench/bench_fsc.py [FOLDER]

FOLDER holds h256_half1.mrc, h256_half2.mrc and h256_mask.mrc of the simulator; random maps are made without it. The run is
timed in a process of its own, reading and writing included, after one run that fills the compiler's cache.
Peer: relion_postprocess 5.0.1 with --mask --auto_bfac on the same maps and 2 cores, 8.9 CPU s.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEER = {"program": "relion_postprocess 5.0.1", "cpu_s": 8.9}
LIMITS = {"cpu_s": 6.0, "peak_gb": 0.8}


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


def one(folder, out):
    """Run the capability once; the figures of this process."""
    started = time.time()
    from cryoqa_plugin.runner import execute
    document = execute("fsc", {k: str(folder / f"h256_{k}.mrc") for k in ("half1", "half2", "mask")}, outdir=str(out))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": round(usage.ru_utime + usage.ru_stime, 2), "wall_s": round(time.time() - started, 2),
            "peak_gb": round(usage.ru_maxrss * 1024 / 1e9, 3), "resolution": document["metrics"]["resolution"]["value"],
            "bfactor": document["metrics"]["bfactor"]["value"]}


def main():
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(Path(sys.argv[2]), Path(sys.argv[3]))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch)
        if len(sys.argv) < 2:
            random_maps(folder)
        root = str(Path(__file__).resolve().parent.parent)
        env = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH")) if p))
        for number in range(2):
            command = [sys.executable, __file__, "--one", str(folder), str(Path(scratch) / f"out{number}")]
            done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
        ours = json.loads(done.stdout)
    print(json.dumps({"claim": "fsc at 256^3", "ours": ours, "peer": PEER, "limits": LIMITS,
                      "met": all(ours[k] <= v for k, v in LIMITS.items())}, indent=1))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
