"""Local resolution of 256^3 half-maps by direction, 81 directions: python bench/bench_monodir.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: xmipp_resolution_directional takes 140 CPU s for 47 directions of a map of 128^3,
where this takes 17; of larger maps no figure is at hand.
"""
from measure import bench

CLAIMS = {
    "81_directions": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 120.0, "peak_gb": 1.0}),
}

if __name__ == "__main__":
    bench("monodir", __doc__, CLAIMS)
