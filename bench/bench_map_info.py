"""CPU seconds and peak memory of map_info with half-maps. Usage: bench_map_info.py MAP HALF1 HALF2"""
import json
import resource
import sys

from cryoqa_plugin import run


def main(full_map, half1, half2):
    """Run twice, so that the second is warm, and print the second."""
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF)
        run("map_info", full_map=full_map, half1=half1, half2=half2)
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps(dict(claim="map_info", cpu_seconds=round(cpu, 2), peak_gb=round(after.ru_maxrss / 1e6, 3))))


if __name__ == "__main__":
    main(*sys.argv[1:])
