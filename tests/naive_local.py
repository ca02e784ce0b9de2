"""Naive twins of the kernels of the local FSC."""
import numpy as np


def band(ft, geo, centre, width, amplitude, shape):
    """All coefficients one by one, then a full complex transform."""
    full = np.zeros(shape, dtype=complex)
    for kz in range(-(shape[0] // 2), (shape[0] + 1) // 2):
        for ky in range(-(shape[1] // 2), (shape[1] + 1) // 2):
            for kx in range(-(shape[2] // 2), (shape[2] + 1) // 2):
                r = np.sqrt((kz * geo.steps[0]) ** 2 + (ky * geo.steps[1]) ** 2 + (kx * geo.steps[2]) ** 2)
                if abs(r - centre) < width:
                    n = geo.shape
                    value = ft[kz % n[0], ky % n[1], kx] if kx >= 0 else np.conj(ft[-kz % n[0], -ky % n[1], -kx])
                    level = np.interp(r, np.arange(amplitude.size), amplitude)
                    full[kz, ky, kx] = value * np.cos((r - centre) / width * np.pi / 2) / level
    return np.fft.ifftn(full).real


def window(shape, voxel_size, point, sigma):
    """A periodic Gaussian, float64 [z, y, x], around ``point`` (z, y, x in voxels), cut at 4 sigma an axis; its sum is 1."""
    out = 1.0
    for axis, (n, v) in enumerate(zip(shape, list(voxel_size)[::-1])):
        d = (np.arange(n) - point[axis])[:, None] + n * np.arange(-9, 10)[None, :]
        d = np.abs(d) * v / sigma
        line = np.where(d <= 4, np.exp(-d * d / 2), 0).sum(axis=1)
        out = np.multiply.outer(out, line / line.sum())
    return out


def crossing(total, noise, at, signal, count, threshold, width, ridge=(0.02, 0.1)):
    """One point: a minimiser on the likelihood in place of our own steps; (frequency, state)."""
    from scipy.optimize import minimize
    before = None
    for k in range(at.size):
        weight = np.exp(-0.5 * ((at - at[k]) / width[k]) ** 2)
        weight[weight <= 0.05] = 0
        u = at / at[k] - 1

        def cost(c, weight=weight, u=u):
            mean = np.exp(np.clip(c[0] + c[1] * u, -20, 20)) * signal + noise
            return (weight * count * (np.log(mean) + total / mean)).sum() + 0.5 * (ridge[0] * c[0] ** 2 + ridge[1] * c[1] ** 2)

        best = minimize(cost, (0.0, 0.0), method="Nelder-Mead", options=dict(xatol=1e-7, fatol=1e-10, maxiter=4000))
        snr = np.exp(best.x[0]) * signal[k] / (2 * noise[k])
        fsc = snr / (1 + snr)
        if fsc < threshold:
            if k == 0:
                return at[0], -1
            return at[k - 1] + (before - threshold) / (before - fsc) * (at[k] - at[k - 1]), 0
        before = fsc
    return at[-1], 1


def spread(frequency, mask, level):
    """Trilinear interpolation of a periodic grid at every voxel of a mask."""
    out = np.zeros(mask.shape)
    for place in np.argwhere(mask >= level):
        x = place * np.array(frequency.shape) / np.array(mask.shape)
        low = np.floor(x).astype(int)
        t, value = x - low, 0.0
        for corner in np.ndindex(2, 2, 2):
            part = np.prod(np.where(corner, t, 1 - t))
            value += part * frequency[tuple((low + corner) % frequency.shape)]
        out[tuple(place)] = 1 / value
    return out
