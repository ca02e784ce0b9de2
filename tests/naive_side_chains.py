"""Conformers on residues by numpy and scipy alone: filtered in Fourier space, sampled by map_coordinates, correlated one by one."""
import numpy as np
from scipy.ndimage import map_coordinates

FALL = np.log(300 * 0.857 / 0.143)


def weight(s, resolution):
    """Part of a whitened full map that is signal."""
    half = 300 * np.exp(-FALL * resolution ** 2 * s ** 2)
    f = half / (1 + half)
    return np.sqrt(2 * f / (1 + f))


def prepared(data, voxel, resolution):
    """Cubic box: each coefficient over the root of the mean power of its shell, times the weight; linear between shells."""
    n = data.shape[0]
    k = np.fft.fftfreq(n) * n
    r = np.sqrt(k[:, None, None] ** 2 + k[None, :, None] ** 2 + k[None, None, :] ** 2)
    ft = np.fft.fftn(data.astype(np.float64))
    shell = np.rint(r).astype(int)
    mean = np.array([(np.abs(ft[shell == i]) ** 2).mean() for i in range(n // 2 + 1)])
    s = np.arange(n // 2 + 1) / (n * voxel)
    profile = weight(s, resolution) / (1 + np.exp(-(s - 1 / 14) / 0.006)) / np.sqrt(mean)
    profile[0] = 0
    factor = np.interp(r, np.arange(n // 2 + 1), profile, right=0.0)
    return np.fft.ifftn(ft * factor).real


def image(r, resolution):
    """Image of a point as an integral over spheres, 1 at its centre."""
    s = np.linspace(0, 3 / resolution, 4001)
    power = weight(s, resolution) ** 2 * s ** 2
    return (power * np.sinc(2 * s * r)).sum() / power.sum()


def best(data, voxel, resolution, ca, turn, points, conformers, n_kinds, others, owner):
    """Best correlation of each type on each residue, float64 [n, n_kinds]; conformers are (kind, atoms [n, 3], charge [n])."""
    filtered = prepared(data, voxel, resolution)
    out = np.zeros((len(ca), n_kinds))
    shapes = [(kind, np.array([sum(q * image(np.linalg.norm(p - a), resolution) for a, q in zip(atoms, charge)) for p in points]))
              for kind, atoms, charge in conformers if len(atoms)]
    for r, (origin, frame) in enumerate(zip(ca, turn)):
        at = origin + points @ frame
        free = np.all((at >= 0) & (at <= (data.shape[0] - 1) * voxel), axis=1)
        for p, o in zip(others, owner):
            free &= (np.linalg.norm(at - p, axis=1) >= 1.9) | (o == r)
        density = map_coordinates(filtered, (at[free] / voxel)[:, ::-1].T, order=3, mode="grid-wrap")
        for kind in range(n_kinds):
            found = [np.corrcoef(t[free], density)[0, 1] for k, t in shapes if k == kind]
            out[r, kind] = max(found) if found else 0.0
    return out
