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
