"""MonoRes of 256^3 half-maps in a mask, by cryoqa's and by Xmipp's rules: python bench/bench_monores.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: xmipp_resolution_monogenic_signal on such half-maps, step 0.5 Å, two threads.
"""
from measure import bench

HALVES = ("half1", "half2", "mask")
PEER = {"program": "Xmipp MonoRes", "cpu_s": 175, "peak_gb": 1.42}
CLAIMS = {
    "cryoqa": dict(inputs=HALVES, limits={"cpu_s": 20.0, "peak_gb": 1.0}, peer=PEER),
    "xmipp": dict(inputs=HALVES, values={"rules": "xmipp", "start": 17.0}, limits={"cpu_s": 30.0, "peak_gb": 1.1}, peer=PEER),
}

if __name__ == "__main__":
    bench("monores", __doc__, CLAIMS)
