"""FSC in a mask with correction, sharpening and B-factor of 256^3 half-maps: python bench/bench_fsc.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: relion_postprocess 5.0.1 with --mask --auto_bfac on the same maps and
2 cores.
"""
from measure import bench

CLAIMS = {
    "corrected_and_sharpened": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 6.0, "peak_gb": 0.8},
                                    peer={"program": "relion_postprocess 5.0.1", "cpu_s": 8.9}),
}

if __name__ == "__main__":
    bench("fsc", __doc__, CLAIMS)
