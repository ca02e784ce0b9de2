"""Plain numpy versions of the cone and direction kernels."""
import numpy as np

from naive_shells import radius


def vectors(shape, voxel_size=(1.0, 1.0, 1.0)):
    """Positions (x, y, z) in shell units of the half-complex coefficients, [nz, ny, nk, 3]."""
    nz, ny, nx = shape
    edges = np.array(shape) * np.array(voxel_size)[::-1]
    sz, sy, sx = edges.max() / edges
    kz, ky = [np.where(np.arange(n) <= n // 2, np.arange(n), np.arange(n) - n) for n in (nz, ny)]
    z, y, x = np.meshgrid(kz * sz, ky * sy, np.arange(nx // 2 + 1) * sx, indexing="ij")
    return np.stack([x, y, z], axis=-1)


def cosines(vectors_, axes):
    """Absolute cosine of every vector to every axis; 0 at the origin."""
    length = np.linalg.norm(vectors_, axis=-1, keepdims=True)
    return np.abs(vectors_ / np.where(length > 0, length, 1) @ axes.T)


def cone_sums(f1, f2, shape, voxel_size, n_shells, axes, angle, soft):
    """(cross, power1, power2, weight), each [n_shells, n_axes]."""
    r, friedel = radius(shape, voxel_size)
    limit = np.cos(np.deg2rad(angle))
    c = cosines(vectors(shape, voxel_size), axes)
    w = np.where(c >= limit, np.exp(-4 * (c - 1) ** 2 / (limit - 1) ** 2) if soft else 1.0, 0) * friedel[..., None] * (r > 0)[..., None]
    shell = (r + 0.5).astype(int)
    f1, f2 = f1.astype(complex), f2.astype(complex)
    out = []
    for value in ((np.conj(f1) * f2).real, abs(f1) ** 2, abs(f2) ** 2, np.ones(r.shape)):
        out.append(np.array([(w * value[..., None])[shell == i].sum(axis=0) for i in range(n_shells)]))
    return out


def spread(values, shape, voxel_size, axes, reach):
    """Volume with the origin at n // 2, voxel by voxel."""
    edges = np.array(shape) * np.array(voxel_size)[::-1]
    steps = edges.max() / edges
    limit, last = np.cos(np.deg2rad(reach)), len(values) - 1
    out = np.zeros(shape)
    for index in np.ndindex(*shape):
        k = (np.array(index) - np.array(shape) // 2) * steps
        r = np.linalg.norm(k)
        if r == 0:
            out[index] = 1
        elif r <= last + 1e-9:
            c = np.abs(axes @ k[::-1] / r)
            w = np.where(c > limit, (c - limit) ** 2, 0)
            i = int(r)
            profile = values[i] * (1 - r + i) + values[min(i + 1, last)] * (r - i)
            out[index] = (w * profile).sum() / w.sum()
    return out


def conical_area_ratio(f1, f2, shape, voxel_size, axes, angle, start, left_out=None):
    """cFAR, cone by cone and shell by shell; ``left_out`` bool [nz, ny, nk] are coefficients that count nowhere."""
    r, weight = radius(shape, voxel_size)
    if left_out is not None:
        weight = np.where(left_out, 0, weight)
    edges = np.array(shape) * np.array(voxel_size)[::-1]
    last = int(min(n // 2 * edges.max() / e for n, e in zip(shape, edges)) + 1e-9)
    shell, c = (r + 0.5).astype(int), cosines(vectors(shape, voxel_size), axes)
    areas = []
    for i in range(len(axes)):
        inside, area = c[..., i] >= np.cos(np.deg2rad(angle)), 0.0
        for k in range(start, last + 1):
            here = inside & (shell == k)
            a, b, w = f1[here].astype(complex), f2[here].astype(complex), weight[here]
            power = np.sqrt((w * abs(a) ** 2).sum() * (w * abs(b) ** 2).sum())
            fsc = (w * (np.conj(a) * b).real).sum() / power if power > 0 else 0.0
            if fsc < 0.143:
                break
            area += fsc * k ** 2
        areas.append(area)
    return min(areas) / max(areas)


def cell_of(vectors_, edge):
    """Cell of the cube map of every vector, int of the same shape but the last axis."""
    face = np.abs(vectors_).argmax(axis=-1)
    whole = np.take_along_axis(vectors_, face[..., None], axis=-1)[..., 0]
    whole = np.where(whole == 0, 1, whole)
    index = face
    for step in (1, 2):
        at = np.take_along_axis(vectors_, ((face + step) % 3)[..., None], axis=-1)[..., 0] / whole
        index = index * edge + np.minimum(((at + 1) * 0.5 * edge).astype(int), edge - 1)
    return index
