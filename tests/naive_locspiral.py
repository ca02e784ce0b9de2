"""LocSpiral and LocBSharpen with complex transforms of the whole of Fourier space, as a twin of methods.sharpening.locspiral."""
from __future__ import annotations

import numpy as np

import naive_spiral


def locspiral(data, mask, centres, width, quantile, voxel=(1.0, 1.0, 1.0), kept=None, eco=False):
    """Sharpened map: the solvent inside the sphere has mean 0 and standard deviation 1. ``kept``: shell of LocBSharpen."""
    data = data - data.mean()
    radius = np.sqrt(sum((a - n // 2) ** 2 for a, n in zip(np.indices(data.shape), data.shape)))
    solvent = (mask < 0.5) & (radius < min(data.shape) / 2)

    def band(centre):
        norm = naive_spiral.band(data, centre, width, voxel)[3]
        wave, m = naive_spiral.amplitude(data, centre, width, voxel, eco)
        return wave / norm * data.size, m / norm * data.size

    total = np.zeros(data.shape)
    for centre in centres:
        wave, m = band(centre)
        noise = np.quantile(m[solvent], quantile)
        cosine, weight = wave / m, m / (m + noise)
        size = 1.0 if kept is None else m if centre <= kept else band(kept)[1]
        total += np.where(m >= noise, cosine * weight * size, 0)
    return (total - total[solvent].mean()) / total[solvent].std()
