"""Naive twins of the kernels of the FSC in boxes."""
import numpy as np


def curve(a, b, fills, centre, window, padded, voxel_size, n_shells, bsoft=False):
    """One box by full complex transforms and a loop over all the coefficients, both of each Friedel pair; float64 [n_shells]."""
    box = window.size
    start = [c - box // 2 for c in centre]
    part = tuple(slice(s, s + box) for s in start)
    taper = window[:, None, None] * window[None, :, None] * window[None, None, :]
    spectra = []
    for data, fill in zip((a, b), fills):
        whole = np.zeros((padded,) * 3)
        whole[:box, :box, :box] = (data[part].astype(float) - fill) * taper
        spectra.append(np.fft.fftn(whole))
    sums = np.zeros((3, 4 * padded))
    length = padded * max(voxel_size)
    for z in range(padded):
        for y in range(padded):
            for x in range(padded):
                k = [i - padded if 2 * i >= padded else i for i in (z, y, x)]
                if k == [0, 0, 0] or (bsoft and k[2] < 0):
                    continue
                r = np.sqrt(sum((i / (padded * v) * length) ** 2 for i, v in zip(k, voxel_size[::-1])))
                f, g = spectra[0][z, y, x], spectra[1][z, y, x]
                values = np.array([(f * np.conj(g)).real, abs(f) ** 2, abs(g) ** 2])
                if int(r) < n_shells:
                    sums[:, int(r)] += (1 - r % 1) * values
                    sums[:, int(r) + 1] += (r % 1) * values
    out = sums[0, :n_shells] / np.sqrt(np.maximum(sums[1, :n_shells] * sums[2, :n_shells], 1e-300))
    out[0] = 1
    return out


def spread(values, centres, mask, level):
    """One over the trilinear interpolation, voxel by voxel; outside the first and last centre, their value."""
    out = np.zeros(mask.shape)
    for place in np.argwhere(mask >= level):
        line = values
        for i, c in zip(place, centres):
            at = np.clip(i, c[0], c[-1])
            low = np.searchsorted(c, at, side="right") - 1
            part = 0.0 if c[low] == at else (at - c[low]) / (c[low + 1] - c[low])
            line = line[low] * (1 - part) + (line[low + 1] * part if part else 0)
        out[tuple(place)] = 1 / line
    return out
