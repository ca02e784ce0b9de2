"""ResMap of 256^3 half-maps in a mask, by cryoqa's rules and by the original's: python bench/bench_resmap.py [FOLDER]

FOLDER holds the maps of the simulated case h256.
"""
from measure import bench

HALVES = ("half1", "half2", "mask")
CLAIMS = {
    "cryoqa": dict(inputs=HALVES, limits={"cpu_s": 25.0, "peak_gb": 1.0}),
    "resmap": dict(inputs=HALVES, values={"rules": "resmap"}, limits={"cpu_s": 40.0, "peak_gb": 1.2}),
}

if __name__ == "__main__":
    bench("resmap", __doc__, CLAIMS)
