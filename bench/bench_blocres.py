"""Local resolution of 256^3 half-maps in a mask by the FSC of boxes: python bench/bench_blocres.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: Bsoft's blocres, per 1000 boxes of 20 voxels (9.6 CPU s for 2110 of them at
96^3, 37 s for 7696 at 160^3).
"""
from measure import bench

CLAIMS = {
    "in_a_mask": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 15.0, "peak_gb": 0.8},
                      peer={"program": "Bsoft blocres -box 20 -step 4, per 1000 boxes", "cpu_s": 4.7}),
}

if __name__ == "__main__":
    bench("blocres", __doc__, CLAIMS)
