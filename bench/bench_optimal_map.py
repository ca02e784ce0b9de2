"""The optimal map of 256^3 half-maps: python bench/bench_optimal_map.py FOLDER

FOLDER holds the maps and the model of the simulated case h256.
"""
from measure import bench

CLAIMS = {
    "half_maps_and_mask": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 15.0, "peak_gb": 1.05}),
    "with_a_model": dict(inputs=("half1", "half2", "mask", "model"), limits={"cpu_s": 20.0, "peak_gb": 1.6}),
}

if __name__ == "__main__":
    bench("optimal_map", __doc__, CLAIMS)
