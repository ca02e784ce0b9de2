"""Naive twins of the products by shell and sector, and of the gain: one coefficient, one shell at a time, with full transforms."""
import numpy as np


def products(one, two, n_shells):
    """Sums of Re(F1* F2) and the count over half of all coefficients, by shell and sector; float64 [n_shells, 12] each, of a cubic box."""
    n = one.shape[0]
    f1, f2 = np.fft.fftn(one.astype(float)), np.fft.fftn(two.astype(float))
    total, count = np.zeros((n_shells, 12)), np.zeros((n_shells, 12))
    signed = [k if k <= n // 2 else k - n for k in range(n)]
    for place in np.ndindex(one.shape):
        kz, ky = signed[place[0]], signed[place[1]]
        if place[2] > n // 2:                                # the mate of a coefficient that is summed
            continue
        mate = tuple(-i % n for i in place)
        twice = place[2] in (0, n / 2) and mate != place     # both of the pair are in the half that is summed
        kx = place[2]
        r2 = kz * kz + ky * ky + kx * kx
        shell = int(np.sqrt(r2) + 0.5)
        if shell >= n_shells:
            continue
        cosine = 0.0 if r2 == 0 else abs(kz) / np.sqrt(r2)
        band = 2 if r2 == 0 or cosine >= 2 / 3 - 1e-12 else 1 if cosine >= 1 / 3 - 1e-12 else 0
        sector = band + 3 * (kz < 0) + 6 * (ky < 0)
        weight = 0.5 if twice else 1.0
        total[shell, sector] += weight * (np.conj(f1[place]) * f2[place]).real
        count[shell, sector] += weight
    return total, count


def gain(weights, signal, products_, shell, reach=1):
    """T of one shell from weights [n_shells, 12, n] and sums [n_shells, 12, n], [n_shells, 12, n, n]: four sums over shells and sectors."""
    sums = np.zeros(4)
    low, high = max(shell - reach, 0), min(shell + reach, len(weights) - 1)
    for k in range(low, high + 1):
        for s in range(12):
            w = weights[k, s]
            sums += (w @ signal[k, s], w @ products_[k, s] @ w, products_[k, s, 0, 0], signal[k, s, 0])
    return sums[0] / np.sqrt(sums[1] * sums[2]) - sums[3] / sums[2]
