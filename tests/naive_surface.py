"""Slow twins of core/surface.py."""
import numpy as np
import scipy.ndimage


def surface(data, n_voxels, part=0.3, most=31):
    """(area, regions, regions per voxel, threshold) by labelling, sorting and dilating whole boxes."""
    threshold = np.sort(data.ravel())[::-1][n_voxels - 1]
    inside = data >= threshold
    labels, n = scipy.ndimage.label(inside)
    sizes = [(-np.count_nonzero(labels == i), np.flatnonzero(labels == i)[0], i) for i in range(1, n + 1)]
    chosen, volume = np.zeros(inside.shape, bool), 0
    for size, _, i in sorted(sizes)[:most]:
        chosen |= labels == i
        volume -= size
        if volume >= part * inside.sum():
            break
    grown = scipy.ndimage.binary_dilation(chosen, np.ones((3, 3, 3)))
    return (grown & ~chosen).sum() / volume, n, n / inside.sum(), threshold


def kurtosis(data):
    """By the definition."""
    d = data.astype(float) - data.astype(float).mean()
    return (d ** 4).mean() / (d ** 2).mean() ** 2
