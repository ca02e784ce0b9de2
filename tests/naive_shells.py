"""Plain numpy versions of the shell kernels."""
import numpy as np


def radius(shape, voxel_size=(1.0, 1.0, 1.0)):
    """Radius in shell units and Friedel weight of every half-complex coefficient."""
    nz, ny, nx = shape
    edges = np.array(shape) * np.array(voxel_size)[::-1]
    kz, ky = np.fft.fftfreq(nz, 1 / nz), np.fft.fftfreq(ny, 1 / ny)
    kx = np.arange(nx // 2 + 1)
    steps = edges.max() / edges
    r2 = ((kz * steps[0]) ** 2)[:, None, None] + ((ky * steps[1]) ** 2)[None, :, None] + ((kx * steps[2]) ** 2)[None, None, :]
    weight = np.ones(r2.shape)
    for x in range(nx // 2 + 1):
        if x == 0 or 2 * x == nx:
            weight[:, :, x] = 0.5
            for z in range(nz):
                for y in range(ny):
                    if (2 * z) % nz == 0 and (2 * y) % ny == 0:
                        weight[z, y, x] = 1.0
    return np.sqrt(r2), weight


def sums(values, bins, weight, n):
    """Weighted sums of ``values`` by bin number."""
    keep = bins < n
    return np.bincount(bins[keep], (weight * values)[keep], n)


def cross_sums(f1, f2, shape, voxel_size, n, bin_of):
    """(cross, power1, power2, count) with the bin number of a radius given by ``bin_of``."""
    r, weight = radius(shape, voxel_size)
    bins = bin_of(r)
    f1, f2 = f1.astype(complex), f2.astype(complex)
    return [sums(v, bins, weight, n) for v in ((np.conj(f1) * f2).real, abs(f1) ** 2, abs(f2) ** 2, np.ones(r.shape))]
