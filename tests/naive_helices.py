"""Plain twins of core/helices."""
from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates


def winding(data, voxel_size, centre, frame, radii, pitches, rings, n_angles, window):
    """Right and left scores about one axis; ``centre`` (x, y, z) in Å, ``frame`` rows across, across, along."""
    phi = 2 * np.pi * np.arange(n_angles) / n_angles
    t, r, p = np.meshgrid(rings, radii, phi, indexing="ij")
    xyz = (centre + t[..., None] * frame[2] + (r * np.cos(p))[..., None] * frame[0] + (r * np.sin(p))[..., None] * frame[1])
    at = (xyz / np.asarray(voxel_size))[..., ::-1].transpose(3, 0, 1, 2)
    f = map_coordinates(data.astype(float), at, order=1, mode="constant")
    f = f - f.mean(axis=2, keepdims=True)
    w = window[:, None, None]
    total = np.sum(w * f ** 2)
    out = []
    for sign in (1, -1):
        best = max(abs(np.sum(w * f * np.exp(-1j * (p - sign * 2 * np.pi * t / pitch)))) ** 2 for pitch in pitches)
        out.append(2 * best / (total * len(radii) * n_angles * window.sum()))
    return tuple(out)


def separate(place, along, score, reach, off, near):
    """Numbers of the pieces that stay."""
    taken = []
    for i in np.argsort(-score, kind="stable"):
        for j in taken:
            step = place[i] - place[j]
            t = step @ along[j]
            across = np.sqrt(max(step @ step - t * t, 0))
            if (abs(t) < reach and across < off) or np.linalg.norm(step) < near:
                break
        else:
            taken.append(i)
    return np.array(taken)
