"""Directional FSC of 256^3 half-maps in a mask, without and with the 3DFSC volume: CPU seconds, wall seconds and peak memory as JSON.

    python bench/bench_directional_fsc.py FOLDER

FOLDER holds h256_half1.mrc, h256_half2.mrc and h256_mask.mrc of the simulator. Each run is timed in a process of its own, reading and
writing included, after one run that fills the compiler's cache. Peers: xmipp_resolution_fso of Xmipp 3 without its 3DFSC, one thread;
3DFSC 3.0 takes 63 CPU s at 96^3, and its cost grows with the fifth power of the box.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLAIMS = {
    "occupancy": dict(peer=dict(cpu_s=6.8, peak_gb=0.68), limits=dict(cpu_s=4.0, peak_gb=1.0)),
    "with_volume": dict(peer=dict(cpu_s_at_96=63), limits=dict(cpu_s=14.0, peak_gb=1.0)),
}


def one(folder, out, claim):
    """Run the capability once; the figures of this process."""
    started = time.time()
    from cryoqa_plugin.runner import execute
    sources = {k: str(folder / f"h256_{k}.mrc") for k in ("half1", "half2", "mask")}
    document = execute("directional_fsc", sources, {"volume": claim == "with_volume"}, outdir=out)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": round(usage.ru_utime + usage.ru_stime, 2), "wall_s": round(time.time() - started, 2),
            "peak_gb": round(usage.ru_maxrss * 1024 / 1e9, 3), "summary": document["summary"]}


def main():
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(Path(sys.argv[2]), sys.argv[3], sys.argv[4])))
        return
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = str(Path(__file__).resolve().parent.parent)
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]))
    report = {"claim": "directional FSC at 256^3"}
    with tempfile.TemporaryDirectory() as out:
        for claim, facts in CLAIMS.items():
            command = [sys.executable, __file__, "--one", sys.argv[1], out, claim]
            runs = [json.loads(subprocess.run(command, check=True, env=env, stdout=subprocess.PIPE).stdout) for _ in range(2)]
            met = all(runs[1][k] <= v for k, v in facts["limits"].items())
            report[claim] = dict(runs[1], first_run_cpu_s=runs[0]["cpu_s"], met=met, **facts)
    print(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
