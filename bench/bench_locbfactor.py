"""Local B-factor of 256^3 half-maps, of a map alone, and by the original's rules: python bench/bench_locbfactor.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: LocBFactor of scipion-em-ucm, 20 CPU s and 1.15 GB at 160^3.
"""
from measure import bench

CLAIMS = {
    "half_maps": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 8.0, "peak_gb": 1.2}),
    "map": dict(inputs=("full_map", "mask"), limits={"cpu_s": 8.0, "peak_gb": 1.2}),
    "original": dict(inputs=("full_map", "mask"), values={"rules": "original"}, limits={"cpu_s": 40.0, "peak_gb": 2.0}),
}

if __name__ == "__main__":
    bench("locbfactor", __doc__, CLAIMS)
