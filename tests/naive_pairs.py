"""Plain numpy versions of what core.pairs and core.significance compute."""
import numpy as np
from scipy import ndimage

import naive_shells
from cryoqa_plugin.core.pairs import DIRECTIONS


def dpr(f1, f2, bins, weight, n):
    """Differential phase residual per bin, degrees."""
    f1, f2 = f1.astype(complex), f2.astype(complex)
    turn = np.degrees(np.angle(f2) - np.angle(f1))
    turn = (turn + 180) % 360 - 180
    amplitude = abs(f1) + abs(f2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(naive_shells.sums(amplitude * turn ** 2, bins, weight, n) / naive_shells.sums(amplitude, bins, weight, n))


def shared(f1, f2, shape, voxel_size, n):
    """Cross-power by shell and nearest direction, float64 [n, 13]."""
    r, weight = naive_shells.radius(shape, voxel_size)
    bins = np.floor(r + 0.5 + 1e-9).astype(int)
    edges = np.array(shape) * np.array(voxel_size)[::-1]
    kz, ky = (np.where(k == -n / 2, n / 2, k) / e for n, e, k in ((n, e, np.fft.fftfreq(n, 1 / n)) for n, e in zip(shape[:2], edges)))
    kx = np.arange(shape[2] // 2 + 1) / edges[2]
    k = np.stack(np.broadcast_arrays(kx[None, None, :], ky[None, :, None], kz[:, None, None]), axis=-1)
    nearest = np.argmax(np.round(abs(k @ DIRECTIONS.T), 12), axis=-1)          # the first of equals, as the kernel
    cross = (np.conj(f1.astype(complex)) * f2).real
    return np.stack([naive_shells.sums(cross * (nearest == d), bins, weight, n) for d in range(len(DIRECTIONS))], axis=1)


def xmipp_fsc(f1, f2, shape):
    """FRC, DPR (degrees) and noise column of xmipp_resolution_fsc, shells 1 to nx // 2: coefficients with ky < 0 are left out, as
    that program does, and all the others have the weight 1."""
    nz, ny, nx = shape
    z, y, x = np.fft.fftfreq(nz)[:, None, None], np.fft.fftfreq(ny)[None, :, None], (np.arange(nx // 2 + 1) / nx)[None, None, :]
    y = np.where(np.arange(ny)[None, :, None] == ny // 2, 0.5, y) if ny % 2 == 0 else y
    u = np.sqrt(x ** 2 + y ** 2 + z ** 2)
    bins = np.where((u <= 0.5) & (y >= 0), np.floor(u * nx + 0.5).astype(int), nx)
    n, ones = nx // 2 + 1, np.ones(u.shape)
    f1, f2 = f1.astype(complex), f2.astype(complex)
    cross, p1, p2, count = (naive_shells.sums(v, bins, ones, n) for v in ((np.conj(f1) * f2).real, abs(f1) ** 2, abs(f2) ** 2, ones))
    return (cross / np.sqrt(p1 * p2))[1:], dpr(f1, f2, bins, ones, n)[1:], (2 / np.sqrt(count))[1:]


def permutation_probability(f1, f2, repeats, rng, turn):
    """Share of permutations of the coefficients of one shell, complex [n] each, that correlate at least as well.

    With ``turn`` each coefficient also gets a random phase: permuting alone keeps the sums of both, which matters in small shells.
    """
    norm = np.sqrt(np.sum(abs(f1) ** 2) * np.sum(abs(f2) ** 2))
    found = np.sum((np.conj(f1) * f2).real) / norm

    def other():
        return rng.permutation(f2) * (np.exp(2j * np.pi * rng.random(f2.size)) if turn else 1)

    draws = np.array([np.sum((np.conj(f1) * other()).real) for _ in range(repeats)]) / norm
    return float(np.mean(draws >= found))


def yekutieli(p):
    """Adjusted p-values, step by step from the largest."""
    p = np.asarray(p)
    n, harmonic = len(p), sum(1 / k for k in range(1, len(p) + 1))
    out, lowest = np.empty(n), 1.0
    for rank in range(n, 0, -1):
        i = np.argsort(p)[rank - 1]
        lowest = min(lowest, p[i] * n * harmonic / rank)
        out[i] = lowest
    return out


def local_correlation(a, b, kernel):
    """Local correlation under a kernel given as an array, by sums in real space over a box that repeats."""
    def mean(data):
        return ndimage.convolve(data.astype(float), kernel / kernel.sum(), mode="wrap")

    cov, va, vb = mean(a * b) - mean(a) * mean(b), mean(a * a) - mean(a) ** 2, mean(b * b) - mean(b) ** 2
    return cov / np.sqrt(np.maximum(va, va.max() / 1000) * np.maximum(vb, vb.max() / 1000))
