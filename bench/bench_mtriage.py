"""mtriage of 256^3 half-maps, alone and with a model in both passes: python bench/bench_mtriage.py [FOLDER]

FOLDER holds the maps and the model of the simulated case h256. Peer: mmtbx.maps.mtriage of cctbx-base 2025.11 on such maps, one
thread: its half-map run is unmasked, its other run has the model, unmasked and masked.
"""
from measure import bench

CLAIMS = {
    "half_maps": dict(inputs=("half1", "half2"), limits={"cpu_s": 6.0, "peak_gb": 0.8},
                      peer={"program": "mmtbx.maps.mtriage", "cpu_s": 14.5, "peak_gb": 2.25}),
    "model_and_masks": dict(inputs=("half1", "half2", "model"), limits={"cpu_s": 25.0, "peak_gb": 1.2},
                            peer={"program": "mmtbx.maps.mtriage", "cpu_s": 252.0, "peak_gb": 4.7}),
}

if __name__ == "__main__":
    bench("mtriage", __doc__, CLAIMS)
