"""LocScale of 256^3 half-maps: python bench/bench_locscale.py [FOLDER]

FOLDER holds the maps and the model of the simulated case h256. Peer: the code of LocScale 1, window by window, takes 161 CPU s at
96^3 with a step of 2 voxels; it was not run at 256^3.
"""
from measure import bench

CLAIMS = {
    "model": dict(inputs=("half1", "half2", "mask", "model"), values={"reference": "model"}, limits={"cpu_s": 30.0, "peak_gb": 1.5}),
    "model_free": dict(inputs=("half1", "half2", "mask"), values={"reference": "model_free"}, limits={"cpu_s": 30.0, "peak_gb": 1.5}),
    "pseudo_atoms": dict(inputs=("half1", "half2", "mask"), values={"reference": "pseudo_atoms"}, limits={"cpu_s": 40.0, "peak_gb": 1.5}),
}

if __name__ == "__main__":
    bench("locscale", __doc__, CLAIMS)
