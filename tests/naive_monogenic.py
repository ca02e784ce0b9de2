"""Naive twins of the monogenic kernels, and MonoRes as Xmipp computes it, written out in float64 numpy."""
from __future__ import annotations

import numpy as np


def frequencies(shape):
    """Signed frequencies in cycles a voxel of the half-complex layout, (kz, ky, kx); the index n / 2 counts as + 0.5."""
    def axis(n, half):
        k = np.arange(n // 2 + 1 if half else n, dtype=float)
        return np.where(k <= n // 2, k, k - n) / n
    kz, ky, kx = axis(shape[0], False), axis(shape[1], False), axis(shape[2], True)
    return kz[:, None, None], ky[None, :, None], kx[None, None, :]


def high_pass(u, f, width):
    """Raised cosine: 0 below f - width, 1 from f on."""
    low = max(f - width, 0.0)
    w = f - low
    out = np.where(u > f, 1.0, 0.0)
    rim = (u >= low) & (u <= f)
    out[rim] = 0.5 * (1 + np.cos(np.pi * (u[rim] - f) / w))
    return out


def low_pass(u, f, width):
    """Raised cosine: 1 below f, 0 beyond f + width; NaN at u = 0.5 when the edge has no width, as in Xmipp."""
    top = min(f + width, 0.5)
    out = np.where(u < f, 1.0, 0.0)
    rim = (u >= f) & (u <= top)
    with np.errstate(all="ignore"):
        out[rim] = 0.5 * (1 + np.cos((u[rim] - f) * np.pi / np.float64(top - f)))
    return out


def riesz(ft, shape, f, width=0.02):
    """Band and its three Riesz components, float64, each from its own full inverse transform."""
    kz, ky, kx = frequencies(shape)
    u = np.sqrt(kz ** 2 + ky ** 2 + kx ** 2)
    base = ft * (high_pass(u, f, width) if f > 0 else 1.0)
    safe = np.where(u > 0, u, 1.0)
    fields = [base] + [-1j * np.where(u > 0, k / safe, 0.0) * base for k in (kx, ky, kz)]
    return [np.fft.irfftn(c, s=shape, axes=(0, 1, 2)) for c in fields]


def amplitude(ft, shape, f, width=0.02, low=True):
    """Monogenic amplitude of what lies above ``f``, low-passed at ``f``."""
    a = np.sqrt(sum(c ** 2 for c in riesz(ft, shape, f, width)))
    if not low:
        return a
    kz, ky, kx = frequencies(shape)
    u = np.sqrt(kz ** 2 + ky ** 2 + kx ** 2)
    return np.fft.irfftn(np.fft.rfftn(a) * low_pass(u, f, width), s=shape, axes=(0, 1, 2))


def real_gaussian(data, sigma):
    """Xmipp's "real gaussian": its true standard deviation is sigma / sqrt 2 voxels."""
    kz, ky, kx = frequencies(data.shape)
    u2 = kz ** 2 + ky ** 2 + kx ** 2
    return np.fft.irfftn(np.fft.rfftn(data) * np.exp(-np.pi ** 2 * sigma ** 2 * u2), s=data.shape, axes=(0, 1, 2))


def cliff(data, mask):
    """Radius beyond which the map is empty, in voxels, and the squared radius of each voxel from index n // 2."""
    n = data.shape[-1]
    z, y, x = np.meshgrid(*[np.arange(m) - m // 2 for m in data.shape], indexing="ij")
    r2 = z ** 2 + y ** 2 + x ** 2
    last, limit = 1e-38, n // 2
    for rad in range(int(np.sqrt(r2[mask].max())), n // 2):
        shell = data[(r2 >= rad ** 2) & (r2 < (rad + 1) ** 2)]
        variance = shell.astype(float).var()
        if variance / last < 0.01:
            limit = rad - 1
            break
        last = variance
    return limit, r2


def lattice(n, voxel, start, step):
    """Indices of Xmipp's frequencies."""
    out, last, k = [], -1, 0
    while True:
        res = start - k * step
        k += 1
        if res <= 0:
            break
        idx = int(np.floor(n * voxel / res + 0.5))
        if idx == last:
            continue
        if n * voxel / idx < 2 * voxel - 1e-9:
            break
        last = idx
        out.append(idx)
    return out


def monores(half1, half2, inside, voxel, start, step=0.5, significance=0.95, noise_inside=True):
    """Resolution map of two half-maps (cubic box) by Xmipp's rules; 0 outside ``inside`` (bool)."""
    mean, noise = (half1 + half2) / 2, (half1 - half2) / 2
    n, shape = mean.shape[-1], mean.shape
    limit, r2 = cliff(mean, inside)
    state = inside.astype(int)
    n_voxels = inside.sum()
    state[r2 >= limit ** 2] = -1
    if noise_inside:
        state[state < 1] = -1
    ft, ft_noise = np.fft.rfftn(mean), np.fft.rfftn(noise)
    if not noise_inside:
        a = real_gaussian(amplitude(ft, shape, 0, low=False), 4)
        outside = np.sort(a[state == 0])
        state[(state == 1) & (a < outside[int(0.95 * outside.size)])] = 0
        n_voxels = (state == 1).sum()
    resolution, seen, best = np.zeros(shape), [], 0.0
    for idx in lattice(n, voxel, start, step):
        res = n * voxel / idx
        seen.append(res)
        res2 = seen[-3] if len(seen) > 2 else seen[0]
        a, b = amplitude(ft, shape, idx / n), amplitude(ft_noise, shape, idx / n)
        sample, active = np.sort(b[state >= 0]), state >= 1
        signal = a[active]
        if signal.size / n_voxels < 0.025 or signal.mean() < 0.001 * best:
            break
        best = max(best, signal.mean())
        threshold = sample[int(sample.size * significance)]
        z = (signal.mean() - sample.mean()) / np.sqrt(signal.var() / signal.size + sample.var() / sample.size)
        passed = active & (a > threshold)
        state[passed], resolution[passed] = 1, res
        failed = active & ~passed
        state[failed] += 1
        twice = failed & (state > 2)
        state[twice], resolution[twice] = 0, res2
        if z < 1.6448536:
            break
    return finish(resolution, seen[-1], voxel)


def finish(resolution, last, voxel):
    """Fill, smooth, and keep the better of the two."""
    valid = resolution >= last
    fill = np.median(resolution[resolution > last - 0.001])
    filled = np.where(valid, resolution, fill)
    smooth = real_gaussian(filled, 3)
    smooth = np.where((smooth > filled) | (smooth < 2 * voxel), filled, smooth)
    return np.where(valid, smooth, 0.0)
