"""Post-processing of a 256^3 map: python bench/bench_postprocess.py FOLDER

FOLDER holds the maps of the simulated case h256.
"""
from measure import bench

CLAIMS = {
    "default": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 12.0, "peak_gb": 1.05}),
    "with_local_filter": dict(inputs=("half1", "half2", "mask", "resolution_map"), values={"rules": "cryosparc"},
                              limits={"cpu_s": 28.0, "peak_gb": 1.75}),
}

if __name__ == "__main__":
    bench("postprocess", __doc__, CLAIMS)
