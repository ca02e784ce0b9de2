"""Naive twins of the tables of means by value: one voxel and one corner at a time."""
import itertools

import numpy as np


def corners(axes, values):
    """Nodes around a point and their weights: multilinear in the place that the look-up of each axis gives."""
    lines = []
    for axis, value in zip(axes, values):
        places = np.interp((value - axis.low) * axis.scale, np.arange(axis.lookup.size), axis.lookup.astype(float))
        low = int(places)
        lines.append([(low, 1 - (places - low)), (low + 1, places - low)])
    for corner in itertools.product(*lines):
        weight = np.prod([w for _, w in corner])
        if weight > 0:
            yield tuple(i for i, _ in corner), weight


def colour(place):
    """Of a voxel on the checkerboard of blocks of 16."""
    return sum(i // 16 for i in place) % 2


def deposited(axes, coordinates, target, own):
    """Sums of ``own target`` and ``own^2`` at the nodes, by colour."""
    shape = (2, *(a.at.size for a in axes))
    total, weight = np.zeros(shape), np.zeros(shape)
    for place in np.ndindex(target.shape):
        for at, w in corners(axes, [c[place] for c in coordinates]):
            total[(colour(place), *at)] += w * float(own[place]) * float(target[place])
            weight[(colour(place), *at)] += w * float(own[place]) ** 2
    return total, weight


def read(axes, values, coordinates):
    """Values of the other colour's table."""
    out = np.zeros(coordinates[0].shape)
    for place in np.ndindex(out.shape):
        out[place] = sum(w * values[(1 - colour(place), *at)] for at, w in corners(axes, [c[place] for c in coordinates]))
    return out
