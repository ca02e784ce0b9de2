"""Seconds to read a STAR file of particles and of a model, beside emtable's. Usage: bench_import_job.py [ROWS]"""
import io
import json
import os
import resource
import sys
import tempfile

from emtable import Table

from cryoqa_plugin.io.star import read_star


def cpu(function):
    """CPU seconds of the quickest of three calls."""
    best = None
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF)
        function()
        after = resource.getrusage(resource.RUSAGE_SELF)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = spent if best is None else min(best, spent)
    return best


def main(rows=20000, columns=24):
    """Write a STAR file of made-up particles, read it with both, print what they took."""
    text = "data_particles\n\nloop_\n" + "".join(f"_rlnColumn{i} #{i + 1}\n" for i in range(columns))
    line = " ".join(f"{1.5 * i:.6f}" for i in range(columns - 1)) + " Extract/job018/a.mrcs\n"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "particles.star")
        with open(path, "w") as stream:
            stream.write(text + line * rows)
        ours = cpu(lambda: read_star(path))
        with open(path) as stream:
            content = stream.read()
        theirs = cpu(lambda: Table().readStar(io.StringIO(content), "particles"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps(dict(claim="import_job: STAR reading", rows=rows, cpu_seconds=round(ours, 3), peer="emtable",
                          peer_cpu_seconds=round(theirs, 3), peak_gb=round(peak, 3))))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
