"""Local resolution of 256^3 half-maps by their correlation in balls: python bench/bench_phenix_locres.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: local_resolution_map of cctbx-base 2025.11 on the same maps (188 CPU s, 2.9 GB).
"""
from measure import bench

CLAIMS = {
    "in_a_mask": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 20.0, "peak_gb": 1.2},
                      peer={"program": "cctbx local_resolution_map", "cpu_s": 188.0, "peak_gb": 2.9}),
}

if __name__ == "__main__":
    bench("phenix_locres", __doc__, CLAIMS)
