"""What the benchmarks share: each claim runs in a process of its own, after one run that fills the compiler's cache.

CPU seconds are user and system time, reading and writing included; the peak is resident memory. Without a folder of simulated
maps, made-up ones of 256^3 are used, and claims that need a model or another file are left out.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
FILES = {"full_map": "h256_full.mrc", "half1": "h256_half1.mrc", "half2": "h256_half2.mrc", "mask": "h256_mask.mrc",
         "model": "h256_model.pdb", "resolution_map": "h256_locres.mrc", "others": "h256_half1.mrc"}


def make_maps(folder, box=256):
    """A ball of smooth noise, seen twice in white noise; its mean, and a mask around it."""
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
    for kind, data in (("half1", halves[0]), ("half2", halves[1]), ("full_map", (halves[0] + halves[1]) / 2), ("mask", mask)):
        write_map(str(folder / FILES[kind]), Map(data.astype(np.float32), (1.06,) * 3))


def _one(capability, sources, values, out):
    """Run a capability in this process; its figures."""
    started = time.time()
    from cryoqa_plugin.runner import execute
    document = execute(capability, sources, values, out)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": round(usage.ru_utime + usage.ru_stime, 2), "wall_s": round(time.time() - started, 2),
            "peak_gb": round(usage.ru_maxrss * 1024 / 1e9, 3), "summary": document["summary"]}


def _run(capability, sources, values, out):
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in (ROOT, os.environ.get("PYTHONPATH")) if p))
    command = [sys.executable, __file__, json.dumps([capability, sources, values, out])]
    return json.loads(subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE).stdout)


def bench(capability, doc, claims):
    """Print the figures of ``claims``, name -> dict(inputs, limits, and perhaps values and peer), as JSON."""
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(doc)
        return
    sys.path.insert(0, ROOT)
    report = {"claim": f"{capability} at 256^3"}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else scratch)
        if len(sys.argv) < 2:
            make_maps(folder)
        for name, claim in claims.items():
            sources = {kind: str(folder / FILES[kind]) for kind in claim["inputs"]}
            lacking = [p for p in sources.values() if not os.path.isfile(p)]
            if lacking:
                report[name] = {"skipped": f"there is no {os.path.basename(lacking[0])}; give the folder of a simulated case"}
                continue
            first, second = (_run(capability, sources, claim.get("values", {}), os.path.join(scratch, name)) for _ in range(2))
            met = all(second[k] <= limit for k, limit in claim["limits"].items())
            report[name] = dict(second, first_run_cpu_s=first["cpu_s"], limits=claim["limits"], peer=claim.get("peer"), met=met)
    print(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    print(json.dumps(_one(*json.loads(sys.argv[1]))))
