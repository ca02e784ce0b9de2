"""Slow twins of core/mesh.py."""
import itertools

import numpy as np


def vertices(data, level):
    """Cube (x, y, z) -> vertex, by going through all twelve edges of every cube."""
    out = {}
    nz, ny, nx = data.shape
    for z, y, x in itertools.product(range(-1, nz), range(-1, ny), range(-1, nx)):
        points = []
        for a, b in itertools.combinations(itertools.product((0, 1), repeat=3), 2):
            if sum(abs(p - q) for p, q in zip(a, b)) != 1:
                continue
            pa, pb = np.add((x, y, z), a), np.add((x, y, z), b)
            va, vb = (value(data, p, min(float(data.min()), level)) for p in (pa, pb))
            if (va > level) != (vb > level):
                points.append(pa + (level - va) / (vb - va) * (pb - pa))
        if points:
            out[x, y, z] = np.mean(points, axis=0)
    return out


def value(data, p, outside):
    x, y, z = p
    return float(data[z, y, x]) if all(0 <= i < n for i, n in zip(p, data.shape[::-1])) else outside


def values_at(data, points):
    """Weighted mean of the known among the eight voxels around."""
    out = []
    for point in points:
        known = []
        for corner in itertools.product((0, 1), repeat=3):
            p = np.floor(point).astype(int) + corner
            v = value(data, p, 0.0)
            if v != 0 and np.isfinite(v):
                known.append((np.prod(1 - np.abs(point - p)), v))
        weight = sum(w for w, _ in known)
        out.append(sum(w * v for w, v in known) / weight if weight > 1e-6 else np.nan)
    return np.array(out)
