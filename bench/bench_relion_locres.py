"""Local resolution of 256^3 half-maps in a mask by the FSC of soft spheres: python bench/bench_relion_locres.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peer: relion_postprocess 5.0.1 --locres at 160^3, 80 spheres (31 CPU s, 0.56 GB).
"""
from measure import bench

CLAIMS = {
    "in_a_mask": dict(inputs=("half1", "half2", "mask"), limits={"cpu_s": 15.0, "peak_gb": 1.3},
                      peer={"program": "relion_postprocess 5.0.1 --locres at 160^3", "cpu_s": 31.0}),
}

if __name__ == "__main__":
    bench("relion_locres", __doc__, CLAIMS)
