"""Plain numpy version of the filter with tensors."""
import numpy as np

from naive_cones import vectors


def apply_wiener(ft, shape, voxel_size, at, amplitude, ratio, grow, decay):
    """``a g q / (1 + q)`` times every coefficient; 0 past the last radius."""
    s = vectors(shape, voxel_size)
    length = max(n * v for n, v in zip(shape, voxel_size[::-1]))
    r = np.sqrt((s ** 2).sum(axis=-1))

    def form(u):
        m = np.array([[u[0], u[3], u[4]], [u[3], u[1], u[5]], [u[4], u[5], u[2]]])
        return np.einsum("...i,ij,...j->...", s, m, s) / length ** 2

    q = np.interp(r, at, ratio) * np.exp(-4 * np.pi ** 2 * form(decay))
    factor = np.interp(r, at, amplitude) * np.exp(2 * np.pi ** 2 * form(grow)) * q / (1 + q)
    return ft * np.where(r > at[-1], 0, factor)
