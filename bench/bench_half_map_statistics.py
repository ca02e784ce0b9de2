"""Half-map statistics of 256^3 half-maps in a mask: python bench/bench_half_map_statistics.py [FOLDER]

FOLDER holds the maps of the simulated case h256. Peers: the FSC-FDR of SPOC, which permutes, and EMDA's rcc for the local
correlation map.
"""
from measure import bench

HALVES = ("half1", "half2", "mask")
CLAIMS = {
    "statistics": dict(inputs=HALVES, limits={"cpu_s": 3.0, "peak_gb": 0.8}, peer={"program": "SPOC FSC-FDR", "cpu_s": 46, "peak_gb": 1.9}),
    "with_local_correlation": dict(inputs=HALVES, values={"local_map": True}, limits={"cpu_s": 6.0, "peak_gb": 1.2},
                                   peer={"program": "EMDA 1.1.6 rcc", "cpu_s": 11.6, "peak_gb": 4.9}),
}

if __name__ == "__main__":
    bench("half_map_statistics", __doc__, CLAIMS)
