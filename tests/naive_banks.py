"""Plain numpy versions of the filters of core.banks."""
import numpy as np


def radius(shape, voxel):
    """Frequency of every full complex coefficient, 1/Å."""
    k = [np.fft.fftfreq(n, v) ** 2 for n, v in zip(shape, voxel[::-1])]
    return np.sqrt(k[0][:, None, None] + k[1][None, :, None] + k[2][None, None, :])


def lowpass(data, voxel, frequency, edge, bfactor=0.0):
    """Low-pass with a raised-cosine edge from frequency (1 - edge / 2) to frequency (1 + edge / 2), and a B-factor."""
    s = radius(data.shape, voxel)
    t = np.clip((s / frequency - 1) / edge + 0.5, 0, 1)
    gain = (0.5 + 0.5 * np.cos(np.pi * t)) * np.exp(-bfactor * s ** 2 / 4)
    return np.fft.ifftn(np.fft.fftn(data.astype(float)) * gain).real


def filter_locally(data, voxel, frequency, cutoffs, edge):
    """Voxel by voxel between the two filters that enclose its frequency."""
    maps = [lowpass(data, voxel, f, edge) for f in cutoffs]
    out = np.empty(data.shape)
    for at in np.ndindex(*data.shape):
        f = frequency[at]
        i = max(k for k in range(len(cutoffs) - 1) if cutoffs[k] <= f * (1 + 1e-6))
        t = (f - cutoffs[i]) / (cutoffs[i + 1] - cutoffs[i])
        out[at] = (1 - t) * maps[i][at] + t * maps[i + 1][at]
    return out
