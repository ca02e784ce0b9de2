"""RELION's mask of a 256^3 map, its threshold chosen from the data: python bench/bench_mask.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: relion_mask_create 5.0.1 with --lowpass 15 --extend_inimask 3
--width_soft_edge 6 on the same map and 2 cores.
"""
from measure import bench

CLAIMS = {
    "relion": dict(inputs=("full_map",), limits={"cpu_s": 5.0, "peak_gb": 0.6},
                   peer={"program": "relion_mask_create 5.0.1", "cpu_s": 49.4, "peak_gb": 0.401}),
}

if __name__ == "__main__":
    bench("mask", __doc__, CLAIMS)
