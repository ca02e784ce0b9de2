"""Three 256^3 maps compared by their half-maps: python bench/bench_compare_maps.py [FOLDER]

FOLDER holds the maps of the simulated case h256.
"""
from measure import bench

CLAIMS = {
    "three_maps": dict(inputs=("half1", "half2", "mask", "full_map", "others"), limits={"cpu_s": 60.0, "peak_gb": 2.0}),
}

if __name__ == "__main__":
    bench("compare_maps", __doc__, CLAIMS)
