"""mtriage of 256^3 half-maps, alone and with a model in both passes: CPU seconds, wall seconds and peak memory as JSON.

    python bench/bench_mtriage.py FOLDER

FOLDER holds h256_half1.mrc, h256_half2.mrc and h256_model.pdb of the simulator. Each run is timed in a process of its own,
reading and writing included, after one run that fills the compiler's cache. Peer: mmtbx.maps.mtriage of cctbx-base 2025.11
on such maps, one thread: its half-map run is unmasked, its other run has the model, unmasked and masked.
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
    "half_maps": dict(peer=dict(cpu_s=14.5, peak_gb=2.25), limits=dict(cpu_s=6.0, peak_gb=0.8)),
    "model_and_masks": dict(peer=dict(cpu_s=252.0, peak_gb=4.7), limits=dict(cpu_s=25.0, peak_gb=1.2)),
}


def one(folder, out, claim):
    """Run the capability once; the figures of this process."""
    started = time.time()
    from cryoqa_plugin.runner import execute
    sources = {"half1": "half1.mrc", "half2": "half2.mrc"}
    if claim == "model_and_masks":
        sources["model"] = "model.pdb"
    document = execute("mtriage", {k: str(folder / f"h256_{v}") for k, v in sources.items()}, outdir=out)
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
    report = {"claim": "mtriage at 256^3"}
    with tempfile.TemporaryDirectory() as out:
        for claim, facts in CLAIMS.items():
            command = [sys.executable, __file__, "--one", sys.argv[1], out, claim]
            runs = [json.loads(subprocess.run(command, check=True, env=env, stdout=subprocess.PIPE).stdout) for _ in range(2)]
            met = all(runs[1][k] <= v for k, v in facts["limits"].items())
            report[claim] = dict(runs[1], first_run_cpu_s=runs[0]["cpu_s"], met=met, **facts)
    print(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
