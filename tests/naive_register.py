"""Every path through the states of a short chain; log-odds drawn for a known discriminability."""
from itertools import product

import numpy as np


def all_paths(emission, start, move, run=None):
    """The likeliest path, posteriors and log of the sum over all; with ``run``, a state and a residue, also where that run has its ends."""
    n, states = emission.shape
    paths = np.array(list(product(range(states), repeat=n)))
    weight = np.log(start[paths[:, 0]]) + emission[np.arange(n), paths].sum(axis=1)
    for i in range(1, n):
        weight += np.log(move[paths[:, i - 1], paths[:, i]])
    chance = np.exp(weight - weight.max())
    posterior = np.array([np.bincount(paths[:, i], chance, states) for i in range(n)]) / chance.sum()
    out = paths[np.argmax(weight)], posterior, weight.max() + np.log(chance.sum())
    if run is None:
        return out
    state, middle = run
    begins, ends = np.zeros(n), np.zeros(n)
    for path, c in zip(paths, chance):
        if path[middle] == state:
            first = last = middle
            while first > 0 and path[first - 1] == state:
                first -= 1
            while last < n - 1 and path[last + 1] == state:
                last += 1
            begins[first] += c
            ends[last] += c
    return (*out, begins, ends)


def drawn_odds(types, nats, rng, composition=None):
    """Log-odds of 20 types for residues of known types, float64 [n, 20]: those of normal scores with the distance of the types' means at
    which the mean log-odds of the right type is ``nats``; floor -4."""
    composition = np.full(20, 0.05) if composition is None else composition
    means, noise = np.random.default_rng(0).normal(size=(20, 8)), rng.normal(size=(len(types), 8))
    low, high = 0.0, 3.0
    for _ in range(30):
        scale = (low + high) / 2
        x = scale * means[types] + noise
        fit = -0.5 * ((x[:, None] - scale * means[None]) ** 2).sum(axis=2)
        top = fit.max(axis=1, keepdims=True)
        odds = np.maximum(fit - top - np.log((np.exp(fit - top) * composition).sum(axis=1, keepdims=True)), -4.0)
        low, high = (scale, high) if odds[np.arange(len(types)), types].mean() < nats else (low, scale)
    return odds
