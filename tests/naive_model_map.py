"""Map against model by numpy alone: masks by all distances, correlations by numpy, the density by a sum over atoms."""
import gemmi
import numpy as np


def positions(shape, voxel_size, origin):
    """Positions of all voxel centres, float [nz * ny * nx, 3] as (x, y, z) in Å."""
    z, y, x = np.indices(shape).reshape(3, -1)
    return np.stack([x, y, z], axis=1) * np.asarray(voxel_size) + np.asarray(origin)


def near(at, xyz, radius):
    """Whether each position lies within ``radius`` (one or one an atom) of an atom, bool."""
    radius = np.broadcast_to(radius, len(xyz))
    return np.any([((at - p) ** 2).sum(axis=1) <= r * r for p, r in zip(xyz, radius)], axis=0)


def surface(shape, voxel_size, origin, xyz, radius, probe=1.1, shrink=0.9):
    """Inside of the molecular surface on the voxels of a box, bool [z, y, x]."""
    at = positions(shape, voxel_size, origin)
    wide = near(at, xyz, np.asarray(radius) + probe)
    outside = at[~wide]
    taken = np.array([len(outside) and ((outside - p) ** 2).sum(axis=1).min() < shrink ** 2 for p in at[wide]], dtype=bool)
    wide[np.flatnonzero(wide)[taken]] = False
    return wide.reshape(shape)


def model_map(elements, xyz, b_iso, occupancy, shape, voxel_size, origin, resolution):
    """Density of a model up to a resolution by direct summation over atoms, float64 [z, y, x]."""
    grids = np.meshgrid(*(np.fft.fftfreq(n, v) for n, v in zip(shape, list(voxel_size)[::-1])), indexing="ij")
    sz, sy, sx = (g.ravel() for g in grids)
    s = np.sqrt(sx ** 2 + sy ** 2 + sz ** 2)
    keep = (s <= 1 / resolution) & np.all([np.abs(g * v) < 0.4999 for g, v in zip((sz, sy, sx), list(voxel_size)[::-1])], axis=0)
    factor = {e: np.array([gemmi.Element(e).c4322.calculate_sf(v * v / 4) for v in s[keep]]) for e in set(elements)}
    out = np.zeros(s.size, dtype=complex)
    for e, p, b, o in zip(elements, np.asarray(xyz) - np.asarray(origin), b_iso, occupancy):
        wave = np.exp(-2j * np.pi * (sx[keep] * p[0] + sy[keep] * p[1] + sz[keep] * p[2]))
        out[keep] += o * factor[e] * np.exp(-b * s[keep] ** 2 / 4) * wave
    return np.fft.ifftn(out.reshape(shape)).real


def correlation(a, b, where):
    """Pearson's correlation over some voxels."""
    return np.corrcoef(a[where], b[where])[0, 1]


def highest(data, count):
    """The ``count`` highest voxels, bool [z, y, x]."""
    return data >= np.sort(data.ravel())[::-1][count - 1]


def local_variances(average, difference, model, position, voxel_size, sigma):
    """Variances of three maps and the covariance of the first and last in Gaussian windows, float64 [n, 4]."""
    at = positions(average.shape, voxel_size, (0, 0, 0))
    out = []
    for p in position:
        away = at - p
        weight = np.exp(-0.5 * (away ** 2).sum(axis=1) / sigma ** 2) * np.all(np.abs(away) <= 3 * sigma + 1e-9, axis=1)
        rows = np.cov(np.stack([m.ravel() for m in (average, difference, model)]).astype(float), aweights=weight, ddof=0)
        out.append((rows[0, 0], rows[1, 1], rows[2, 2], rows[0, 2]))
    return np.array(out)
