"""EMRinger as a twin of plain loops: one atom, one angle, one threshold after the other."""
from __future__ import annotations

import math

import numpy as np
from scipy.spatial.transform import Rotation


def value_at(data, position, voxel_size):
    """Trilinear map value at a position (x, y, z) in Å; NaN outside the voxel centres."""
    at = [p / v for p, v in zip(position, voxel_size)][::-1]
    if any(a < 0 or a > n - 1 for a, n in zip(at, data.shape)):
        return math.nan
    total = 0.0
    for corner in np.ndindex(2, 2, 2):
        weight, index = 1.0, []
        for a, c, n in zip(at, corner, data.shape):
            low = min(int(a), n - 2)
            weight *= a - low if c else 1 - (a - low)
            index.append(low + c)
        total += weight * float(data[tuple(index)])
    return total


def scan(data, n, ca, cb, gamma, voxel_size):
    """Map values at chi1 of 5, 10, ... 360 degrees: the atom is turned from where it is by what lacks."""
    out = []
    bond = (cb - ca) / np.linalg.norm(cb - ca)
    built = chi1(n, ca, cb, gamma)
    for angle in range(5, 365, 5):
        turned = Rotation.from_rotvec(math.radians(angle - built) * bond).apply(gamma - cb) + cb
        assert abs((chi1(n, ca, cb, turned) - angle + 180) % 360 - 180) < 1e-5
        out.append(value_at(data, turned, voxel_size))
    return built, out


def chi1(n, ca, cb, gamma):
    """Torsion in degrees, by the angle between two planes and the side on which the last atom is."""
    one, two = np.cross(n - ca, cb - ca), np.cross(ca - cb, gamma - cb)
    angle = math.degrees(math.acos(np.clip(one @ two / np.linalg.norm(one) / np.linalg.norm(two), -1, 1)))
    return angle if np.cross(one, two) @ (cb - ca) >= 0 else 360 - angle


def score(waves):
    """The score and its z at each threshold, counted peak by peak."""
    average = sum(sum(w) for w in waves) / sum(len(w) for w in waves)
    highest = max(max(w) for w in waves)
    found = []
    for i in range(20):
        threshold = average + i * (highest - average) / 20
        peaks = [5 * (list(w).index(max(w)) + 1) for w in waves if max(w) > threshold]
        right = sum(35 <= p <= 90 or 155 <= p <= 210 or 275 <= p <= 330 for p in peaks)
        if not right:
            break
        found.append((right - len(peaks) * 39 / 72) / math.sqrt(len(peaks) * 39 / 72 * 33 / 72))
    return (10 * max(found) / math.sqrt(len(waves)) if found else math.nan), found
