"""Local resolution of 256^3 half-maps in a mask: python bench/bench_local_fsc.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: cctbx's local_resolution_map (phenix.local_resolution) on such half-maps, one
thread; blocres at its default step of one voxel takes about an hour.
"""
from measure import bench

CLAIMS = {
    "in_a_mask": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 15.0, "peak_gb": 1.0},
                      peer={"program": "cctbx local_resolution_map", "cpu_s": 188.0, "peak_gb": 2.9}),
}

if __name__ == "__main__":
    bench("local_fsc", __doc__, CLAIMS)
