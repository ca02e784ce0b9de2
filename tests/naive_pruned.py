"""Naive twins of the sums of waves: whole transforms of numpy in float64, and loops over the definition of folded coefficients."""
from __future__ import annotations

import numpy as np


def low_pass(ft, shape, reach):
    """Map, float64 [z, y, x], of the coefficients of ``reach`` alone."""
    held, places = np.zeros_like(ft), np.ix_(*reach)
    held[places] = ft[places]
    return np.fft.irfftn(held, s=shape, axes=(0, 1, 2))


def folded_sums(data, tops):
    """``sum data * waves`` around the middle, float64 [2, 2 (ty + 1), tz + 1, 2 (tx + 1)], one wave after another."""
    sides = []
    for n, top in zip(data.shape, tops):
        offsets, k = np.arange(n) - (n - 1) / 2, np.arange(top + 1)
        angle = 2 * np.pi * offsets[:, None] * k / n
        sides.append((np.cos(angle), np.sin(angle)))
    tz, ty, tx = (t + 1 for t in tops)
    out = np.zeros((2, 2 * ty, tz, 2 * tx))
    for i in range(2):
        for j in range(2):
            for k in range(2):
                sums = np.einsum("zyx,za,yb,xc->bac", data, sides[0][i], sides[1][j], sides[2][k])
                out[i, j * ty:(j + 1) * ty, :, k * tx:(k + 1) * tx] = sums
    return out


def product(a, b):
    """Matrix product written out."""
    return np.array([[sum(float(a[i, k]) * float(b[k, j]) for k in range(a.shape[1])) for j in range(b.shape[1])]
                     for i in range(a.shape[0])])
