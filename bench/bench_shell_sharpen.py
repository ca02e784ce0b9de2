"""Shell sharpening of 256^3 half-maps, reading and writing included: python bench/bench_shell_sharpen.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: cctbx's half_map_sharpen (phenix.map_sharpening) on such half-maps, isotropic,
one thread.
"""
from measure import bench

CLAIMS = {
    "isotropic": dict(inputs=("half1", "half2"), values=dict(anisotropic="no"), limits={"cpu_s": 20.0, "peak_gb": 1.2},
                      peer={"program": "cctbx half_map_sharpen", "cpu_s": 137.0, "peak_gb": 1.9}),
    "anisotropic": dict(inputs=("half1", "half2"), values=dict(anisotropic="yes"), limits={"cpu_s": 20.0, "peak_gb": 1.2},
                        peer={"program": "cctbx half_map_sharpen, anisotropic", "cpu_s": 173.0, "peak_gb": 1.9}),
}

if __name__ == "__main__":
    bench("shell_sharpen", __doc__, CLAIMS)
