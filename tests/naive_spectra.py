"""Plain numpy versions of what core/spectra.py does."""
import numpy as np


def indices(shape):
    """Fourier indices (kz, ky, kx) of the half-complex layout, broadcastable."""
    nz, ny, nx = shape
    kz, ky = np.rint(np.fft.fftfreq(nz) * nz), np.rint(np.fft.fftfreq(ny) * ny)
    return kz[:, None, None], ky[None, :, None], np.arange(nx // 2 + 1.0)[None, None, :]


def weights(shape):
    """1 for each independent coefficient, halves for the two mates at kx = 0, 0 at the origin and on Nyquist planes."""
    w = np.ones((shape[0], shape[1], shape[2] // 2 + 1))
    w[:, :, 0] = 0.5
    w[0, 0, 0] = 0
    for axis, n in enumerate(shape):
        if n % 2 == 0:
            np.moveaxis(w, axis, 0)[n // 2] = 0
    return w


def fine_sums(f1, f2, shape, steps, bins):
    """cross, power1, power2, count in bins ``1 / bins`` of a shell wide."""
    radius = np.sqrt(sum((k * s) ** 2 for k, s in zip(indices(shape), steps)))
    where = (radius * bins).astype(int).ravel()
    f1, f2 = f1.astype(complex), f2.astype(complex)
    parts = (np.conj(f1) * f2).real, np.abs(f1) ** 2, np.abs(f2) ** 2, np.ones(f1.shape)
    return [np.bincount(where, (weights(shape) * p).ravel()) for p in parts]


def correlation_with_cut(data, voxel, d):
    """Real-space correlation of a map, less its mean, with itself cut off at the resolution ``d``."""
    f = np.fft.fftn(data)
    s = np.sqrt(sum(np.fft.fftfreq(n, voxel).reshape([-1 if a == i else 1 for a in range(3)]) ** 2 for i, n in enumerate(data.shape)))
    cut = np.fft.ifftn(np.where(s < 1 / d, f, 0)).real
    return np.corrcoef(data.ravel(), cut.ravel())[0, 1]
