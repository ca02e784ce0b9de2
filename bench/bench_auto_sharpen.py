"""B-factor sharpening of a 256^3 map: python bench/bench_auto_sharpen.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Phenix's auto_sharpen was measured on smaller maps: 16.8 CPU s at 96^3, where the
default here takes 1.4, and 53.7 at 160^3, where it takes 2.6.
"""
from measure import bench

CLAIMS = {
    "map": dict(inputs=("full_map",), limits={"cpu_s": 12.0, "peak_gb": 0.9}),
    "half_maps": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 12.0, "peak_gb": 1.1}),
    "search": dict(inputs=("full_map",), values=dict(method="b_iso_to_d_cut"), limits={"cpu_s": 16.0, "peak_gb": 0.9}),
}

if __name__ == "__main__":
    bench("auto_sharpen", __doc__, CLAIMS)
