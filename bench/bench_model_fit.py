"""A map of 256^3 against a model of 15 000 atoms: python bench/bench_model_fit.py FOLDER

FOLDER holds the map and the model of the simulated case h256. Peer: mmtbx.maps.map_model_cc of cctbx-base 2025.11, one thread,
correlations alone, without reading the files.
"""
from measure import bench

CLAIMS = {
    "correlations_inclusion_guinier": dict(inputs=("full_map", "model"), values=dict(resolution=3.4),
                                           limits={"cpu_s": 15.0, "peak_gb": 1.0},
                                           peer={"program": "mmtbx.maps.map_model_cc", "cpu_s": 10.7}),
}

if __name__ == "__main__":
    bench("model_fit", __doc__, CLAIMS)
