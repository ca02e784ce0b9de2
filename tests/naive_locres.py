"""Naive twins of the FSC in soft spheres and of the correlation in balls: whole boxes, double precision, no tricks."""
import numpy as np


def _grid(shape, voxel):
    return np.meshgrid(*((np.arange(n) * v) for n, v in zip(shape, voxel[::-1])), indexing="ij", sparse=True)


def _radius(shape, voxel):
    """Radius of every coefficient in 1/Å, whole transform."""
    along = (np.fft.fftfreq(n, v) for n, v in zip(shape, voxel[::-1]))
    return np.sqrt(sum(k ** 2 for k in np.meshgrid(*along, indexing="ij", sparse=True)))


def window(shape, voxel, point, radius, edge):
    """Soft sphere around a voxel, in the whole box."""
    z, y, x = _grid(shape, voxel)
    cz, cy, cx = (p * v for p, v in zip(point, voxel[::-1]))
    r = np.sqrt((z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2)
    return np.where(r <= radius, 1.0, np.where(r < radius + edge, 0.5 + 0.5 * np.cos(np.pi * (r - radius) / edge), 0.0))


def curve(a, b, voxel):
    """FSC in nearest shells of the longest edge."""
    length = max(n * v for n, v in zip(a.shape, voxel[::-1]))
    shell = np.floor(_radius(a.shape, voxel) * length * (1 + 1e-9) + 0.5).astype(int).ravel()
    f, g = np.fft.fftn(a).ravel(), np.fft.fftn(b).ravel()
    count = int(min((n // 2) * length / (n * v) for n, v in zip(a.shape, voxel[::-1])) + 1e-6) + 1
    sums = [np.bincount(shell, v)[:count] for v in ((f * g.conj()).real, abs(f) ** 2, abs(g) ** 2)]
    out = sums[0] / np.sqrt(np.maximum(sums[1] * sums[2], 1e-300))
    out[0] = 1
    return out, length


def relion(halves, noises, voxel, sampling, radius, edge, cut, coarsest, randomise_from, last_above):
    """Frequency blended over all spheres (1/Å), 0 where there is none, and the frequency and the corrected curve of each sphere."""
    shape = halves[0].shape
    total, weight, single, curves = np.zeros(shape), np.zeros(shape), [], []
    for z in range(0, shape[0], max(1, round(sampling / voxel[2]))):
        for y in range(0, shape[1], max(1, round(sampling / voxel[1]))):
            for x in range(0, shape[2], max(1, round(sampling / voxel[0]))):
                away = [(p - n // 2) / (n / 2 - radius / v) for p, n, v in zip((z, y, x), shape, voxel[::-1])]
                if sum(d * d for d in away) >= 1:
                    continue
                w = window(shape, voxel, (z, y, x), radius, edge)
                masked, length = curve(halves[0] * w, halves[1] * w, voxel)
                random, _ = curve(noises[0] * w, noises[1] * w, voxel)
                late = np.arange(masked.size) >= int(length / randomise_from) + 2
                true = np.where(late, (masked - random) / np.where(late, 1 - random, 1), masked)
                below = np.flatnonzero(true < cut)
                at = float(true.size - 1)
                if below.size:
                    i = below[0]
                    at = i - 1 if last_above else i - 1 + (true[i - 1] - cut) / (true[i - 1] - true[i])
                single.append(max(at / length, 1 / coarsest))
                curves.append(true)
                total += w * single[-1]
                weight += w
    return np.where(weight > 0, total / np.maximum(weight, 1e-30), 0), np.array(single), np.array(curves)


def correlation(a, b, voxel, low, high, radius):
    """Correlation in a ball around every voxel, of the coefficients from ``low`` up to ``high`` (1/Å)."""
    s = _radius(a.shape, voxel)
    w = 2 * np.pi * radius * np.maximum(s, 1e-9)
    ball = np.where(w < 1e-2, 1 - w ** 2 / 10, 3 * (np.sin(w) - w * np.cos(w)) / np.maximum(w, 1e-3) ** 3)

    def average(data):
        return np.fft.ifftn(np.fft.fftn(data) * ball).real
    p, q = (np.fft.ifftn(np.fft.fftn(data) * ((s >= low) & (s < high))).real for data in (a, b))
    mp, mq = average(p), average(q)
    top = average(p * q) - mp * mq
    bottom = np.sqrt(np.maximum(average(p * p) - mp ** 2, 0) * np.maximum(average(q * q) - mq ** 2, 0))
    return np.clip(np.where(bottom > 0, top / np.maximum(bottom, 1e-300), 0), 0, 1)


def phenix(a, b, voxel, resolution, cut, bins, first_fall=False):
    """Map of resolutions by the correlation in balls, before and after smoothing."""
    edges = 1 / max(0.833 * resolution, 2 * max(voxel)) * (np.arange(bins + 1) / bins) ** (1 / 3)
    at = [1 / (0.75 * edges[1])] + [(1 / edges[i] + 1 / edges[i + 1]) / 2 for i in range(1, bins)]
    cc = np.array([correlation(a, b, voxel, edges[i], edges[i + 1], resolution) for i in range(bins)])
    out = np.empty(a.shape)
    for place in np.ndindex(a.shape):
        line = cc[(slice(None),) + place]
        above, below = np.flatnonzero(line >= cut), np.flatnonzero(line < cut)
        if not below.size:
            out[place] = at[-1]
        elif not above.size:
            out[place] = at[0]
        else:
            i, j = above[-1], below[0]
            if first_fall and j == 0:
                out[place] = at[0]
                continue
            if first_fall:
                i = j - 1
            if i > j:
                out[place] = (at[i] + at[j]) / 2
            else:
                out[place] = at[i] + (line[i] - cut) / (line[i] - line[j]) * (at[j] - at[i])
    smooth = np.exp(-2 * (np.pi * resolution * _radius(a.shape, voxel)) ** 2)
    return out, np.fft.ifftn(np.fft.fftn(out) * smooth).real
