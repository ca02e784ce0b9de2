"""Local resolution of a single map of 256^3 in a mask: python bench/bench_map_resolution.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: xmipp_resolution_monogenic_signal, step 0.5 Å, two threads; DeepRes, in whose
place it stands, cannot be run without its weights.
"""
from measure import bench

CLAIMS = {
    "in_a_mask": dict(inputs=("full_map", "mask"), limits={"cpu_s": 20.0, "peak_gb": 1.2},
                      peer={"program": "Xmipp MonoRes", "cpu_s": 175, "peak_gb": 1.42}),
}

if __name__ == "__main__":
    bench("map_resolution", __doc__, CLAIMS)
