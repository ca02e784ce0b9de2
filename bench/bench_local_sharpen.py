"""Local sharpening of 256^3 half-maps, reading and writing included: python bench/bench_local_sharpen.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: cctbx's local half_map_sharpen (phenix.map_sharpening), one thread; at 160^3 it
takes 524 s.
"""
from measure import bench

CLAIMS = {
    "b0": dict(inputs=("half1", "half2"), limits={"cpu_s": 60.0, "peak_gb": 2.0}),
    "density": dict(inputs=("half1", "half2"), values=dict(target="density"), limits={"cpu_s": 60.0, "peak_gb": 2.0}),
}

if __name__ == "__main__":
    bench("local_sharpen", __doc__, CLAIMS)
