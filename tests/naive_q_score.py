"""The Q-score as it was published, point by point, with the height and the offset of its Gaussian."""
import math

import numpy as np


def sphere(centre, radius, n):
    points, theta = [], 0.0
    for k in range(1, n + 1):
        h = -1.0 + 2.0 * (k - 1) / (n - 1)
        theta = 0.0 if k in (1, n) else (theta + 3.6 / math.sqrt(n * (1.0 - h ** 2))) % (2 * math.pi)
        phi = math.acos(h)
        points.append(centre + radius * np.array([math.sin(phi) * math.cos(theta), math.sin(phi) * math.sin(theta), math.cos(phi)]))
    return points


def value(data, place):
    """Trilinear, as the sum over eight corners; None outside of the box. ``place`` is (x, y, z) in voxels."""
    z, y, x = place[::-1]
    if any(c < 0 or c > n - 1 for c, n in zip((z, y, x), data.shape)):
        return None
    out = 0.0
    for k in (int(z), int(z) + 1):
        for j in (int(y), int(y) + 1):
            for i in (int(x), int(x) + 1):
                weight = (1 - abs(z - k)) * (1 - abs(y - j)) * (1 - abs(x - i))
                if weight > 0:
                    out += weight * float(data[k, j, i])
    return out


def q_score(data, voxel_size, xyz, atom, sigma, numbers=range(8, 108, 2)):
    """Of one atom among ``xyz`` (Å); ``numbers`` are the numbers of points that are tried."""
    mean, sd = float(data.mean(dtype=float)), float(data.std(dtype=float))
    low = max(mean - sd, float(data.min()))
    height = min(mean + 10 * sd, float(data.max())) - low
    centre, spacing = xyz[atom], np.array(voxel_size)
    found, wanted = [value(data, centre / spacing)] * 8, [height + low] * 8
    for i in range(1, 21):
        radius = 0.1 * i
        for n in numbers:
            kept = []
            for point in sphere(centre, radius, n):
                near = bool((np.linalg.norm(np.delete(xyz, atom, axis=0) - point, axis=1) < 0.9 * radius).any())
                density = value(data, point / spacing)
                if not near and density is not None:
                    kept.append(density)
            if len(kept) >= 8:
                found += kept
                wanted += [height * math.exp(-0.5 * (radius / sigma) ** 2) + low] * len(kept)
                break
    return float(np.corrcoef(found, wanted)[0, 1])
