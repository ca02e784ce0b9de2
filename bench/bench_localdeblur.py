"""LocalDeblur of a 256^3 map, alone and with its half-maps: python bench/bench_localdeblur.py FOLDER

FOLDER holds the maps of the simulated case h256, its true local resolution among them. Peer: Xmipp on a map of 160^3, which took 66 CPU s
with two threads; ours takes 4 there.
"""
from measure import bench

CLAIMS = {
    "map": dict(inputs=("full_map", "resolution_map"), limits={"cpu_s": 40.0, "peak_gb": 1.2}),
    "map_and_half_maps": dict(inputs=("full_map", "half1", "half2", "resolution_map"), limits={"cpu_s": 110.0, "peak_gb": 1.6}),
}

if __name__ == "__main__":
    bench("localdeblur", __doc__, CLAIMS)
