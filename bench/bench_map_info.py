"""map_info of a 256^3 map, alone and with its half-maps: python bench/bench_map_info.py [FOLDER]

FOLDER holds the maps of the simulated case h256. No figure of a peer is at hand: Phenix's show_map_info does a part of this.
"""
from measure import bench

CLAIMS = {
    "alone": dict(inputs=("full_map",), limits={"cpu_s": 4.0, "peak_gb": 0.6}),
    "with_halves": dict(inputs=("full_map", "half1", "half2"), limits={"cpu_s": 4.0, "peak_gb": 0.7}),
}

if __name__ == "__main__":
    bench("map_info", __doc__, CLAIMS)
