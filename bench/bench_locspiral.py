"""LocSpiral and LocBSharpen of a 256^3 map, alone and with its half-maps: python bench/bench_locspiral.py FOLDER

FOLDER holds the maps of the simulated case h256.
"""
from measure import bench

CLAIMS = {
    "map": dict(inputs=("full_map", "mask"), limits={"cpu_s": 50.0, "peak_gb": 1.2}),
    "half_maps": dict(inputs=("full_map", "half1", "half2", "mask"), limits={"cpu_s": 65.0, "peak_gb": 1.5}),
    "locbsharpen": dict(inputs=("full_map", "mask"), values={"rules": "locbsharpen"}, limits={"cpu_s": 50.0, "peak_gb": 1.3}),
}

if __name__ == "__main__":
    bench("locspiral", __doc__, CLAIMS)
