"""RELION's mask of a 256^3 map, its threshold chosen from the data: CPU seconds, wall seconds and peak memory as JSON.

    python bench/bench_mask.py [FOLDER]

FOLDER holds h256_full.mrc of the simulator; a ball of noise is made without it. The run is timed in a process of its own,
reading and writing included, after one run that fills the compiler's cache.
Peer: relion_mask_create 5.0.1 with --lowpass 15 --extend_inimask 3 --width_soft_edge 6 on the same map and 2 cores, 49.4 CPU s.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEER = {"program": "relion_mask_create 5.0.1", "cpu_s": 49.4, "peak_gb": 0.401}
LIMITS = {"cpu_s": 5.0, "peak_gb": 0.6}


def ball_of_noise(folder, box=256):
    """A ball of low-passed noise in white noise."""
    import numpy as np
    import scipy.ndimage
    from cryoqa_plugin.io.maps import Map, write_map
    rng = np.random.default_rng(1)
    axis = (np.arange(box, dtype=np.float32) - box / 2) ** 2
    inside = axis[:, None, None] + axis[None, :, None] + axis[None, None, :] < (0.3 * box) ** 2
    data = inside * (1 + scipy.ndimage.gaussian_filter(rng.standard_normal(inside.shape, dtype=np.float32), 2))
    data += 0.5 * rng.standard_normal(inside.shape, dtype=np.float32)
    write_map(str(folder / "h256_full.mrc"), Map(data.astype(np.float32), (1.0,) * 3))


def one(folder, out):
    """Run the capability once; the figures of this process."""
    started = time.time()
    from cryoqa_plugin.runner import execute
    document = execute("mask", {"full_map": str(folder / "h256_full.mrc")}, outdir=str(out))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": round(usage.ru_utime + usage.ru_stime, 2), "wall_s": round(time.time() - started, 2),
            "peak_gb": round(usage.ru_maxrss * 1024 / 1e9, 3), "box_fraction": document["metrics"]["box_fraction"]["value"]}


def main():
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(Path(sys.argv[2]), Path(sys.argv[3]))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch)
        if len(sys.argv) < 2:
            ball_of_noise(folder)
        root = str(Path(__file__).resolve().parent.parent)
        env = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH")) if p))
        for number in range(2):
            command = [sys.executable, __file__, "--one", str(folder), str(Path(scratch) / f"out{number}")]
            done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
        ours = json.loads(done.stdout)
    print(json.dumps({"claim": "mask at 256^3", "ours": ours, "peer": PEER, "limits": LIMITS,
                      "met": all(ours[k] <= v for k, v in LIMITS.items())}, indent=1))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
