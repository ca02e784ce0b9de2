"""B-factor of a 256^3 map: python bench/bench_guinier.py FOLDER

FOLDER holds the maps of the simulated case h256.
"""
from measure import bench

CLAIMS = {
    "half_maps_and_mask": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 10.0, "peak_gb": 0.96}),
    "map": dict(inputs=("full_map",), values={"fit_to": 3.4}, limits={"cpu_s": 3.0, "peak_gb": 0.4}),
}

if __name__ == "__main__":
    bench("guinier", __doc__, CLAIMS)
