"""The hand of 256^3 half-maps and of a map alone: python bench/bench_hand.py [FOLDER]

FOLDER holds the maps of the simulated case h256.
"""
from measure import bench

CLAIMS = {
    "half_maps": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 20.0, "peak_gb": 1.2}),
    "map": dict(inputs=("full_map",), limits={"cpu_s": 20.0, "peak_gb": 1.2}),
}

if __name__ == "__main__":
    bench("hand", __doc__, CLAIMS)
