"""Bands, amplitudes and local B-factors with complex transforms of the whole of Fourier space, as a twin of core.spiral."""
from __future__ import annotations

import numpy as np


def band(data, centre, width, voxel=(1.0, 1.0, 1.0)):
    """Transform times a Gaussian band (centre and width in 1 / longest edge), the frequencies of each axis, and the sum of the Gaussian."""
    edges = [n * v for n, v in zip(data.shape, voxel[::-1])]
    k = np.meshgrid(*(np.fft.fftfreq(n, 1 / n) * max(edges) / e for n, e in zip(data.shape, edges)), indexing="ij")
    r = np.sqrt(sum(a ** 2 for a in k))
    gain = np.exp(-(r - centre) ** 2 / (2 * width ** 2))
    return np.fft.fftn(data) * gain, k, r, gain.sum()


def amplitude(data, centre, width, voxel=(1.0, 1.0, 1.0), eco=False):
    """Wave and amplitude of a band."""
    ft, k, r, _ = band(data, centre, width, voxel)
    even = np.fft.ifftn(ft).real
    if eco:
        factor = k[2] + k[0] + 1j * k[1]
        size = np.abs(factor)
        return even, np.sqrt(even ** 2 + np.abs(np.fft.ifftn(ft * factor / np.where(size > 0, size, 1))) ** 2)
    total = even ** 2
    for a in k:
        total = total + np.abs(np.fft.ifftn(ft * -1j * a / np.where(r > 0, r, 1))) ** 2
    return even, np.sqrt(total)
