"""Local filter of a 256^3 map with its half-maps: python bench/bench_local_filter.py FOLDER

FOLDER holds the maps of the simulated case h256, its true local resolution among them. There is no peer that was measured:
blocfilt filters window by window.
"""
from measure import bench

CLAIMS = {
    "map_and_half_maps": dict(inputs=("full_map", "half1", "half2", "resolution_map"), limits={"cpu_s": 20.0, "peak_gb": 1.2}),
    "map": dict(inputs=("full_map", "resolution_map"), limits={"cpu_s": 10.0, "peak_gb": 1.0}),
}

if __name__ == "__main__":
    bench("local_filter", __doc__, CLAIMS)
