"""Mass, components and background of a 256^3 map at its contour level, suggested from the map: python bench/bench_contour.py [FOLDER]

FOLDER holds the maps of the simulated case h256. The Validation Report Service prints no times of its own.
"""
from measure import bench

CLAIMS = {
    "contour": dict(inputs=("full_map",), limits={"cpu_s": 5.0, "peak_gb": 0.7}),
}

if __name__ == "__main__":
    bench("contour", __doc__, CLAIMS)
