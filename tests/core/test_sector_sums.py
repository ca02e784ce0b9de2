"""Blur and products by shell and sector against their twins."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import naive_sector_sums as naive
from cryoqa_plugin.core import blur, fourier, sector_sums, shells


@pytest.mark.parametrize("shape", [(8, 9, 12), (5, 16, 7)])
@pytest.mark.parametrize("sigma", [0.3, 1.4, 3.3])
def test_the_blur_is_that_of_scipy(shape, sigma):
    data = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
    voxel = (1.0, 1.2, 0.8)
    twin = gaussian_filter(data.astype(np.float64), [sigma / v for v in voxel[::-1]], mode="wrap", truncate=3)
    np.testing.assert_allclose(blur.gaussian(data, voxel, sigma), twin, atol=2e-6)


@pytest.mark.parametrize("n", [10, 11])
def test_products_are_those_of_the_twin(n):
    rng = np.random.default_rng(n)
    pairs = [tuple(rng.standard_normal((n, n, n)).astype(np.float32) for _ in range(2)) for _ in range(3)]
    mask = rng.random((n, n, n)).astype(np.float32)
    geo = fourier.geometry((n, n, n))
    sums = sector_sums.sums_of(pairs, mask, geo)
    means, gaps = [[(a + s * b) / 2 * mask for a, b in pairs] for s in (1, -1)]
    for i in range(3):
        for j in range(3):
            twin, count = naive.products(means[i], means[j], geo.n_shells)
            np.testing.assert_allclose(sums.products[:, :, i, j], twin, rtol=1e-4, atol=1e-3 * n ** 1.5)
            np.testing.assert_array_equal(sums.count, count)
        np.testing.assert_allclose(sums.gaps[:, :, i], naive.products(gaps[i], gaps[0], geo.n_shells)[0], rtol=1e-4, atol=1e-3 * n ** 1.5)
    # the product with the signal: what was made of one half-map with the other one
    both = sum(naive.products(pairs[1][h] * mask, pairs[0][1 - h] * mask, geo.n_shells)[0] for h in (0, 1)) / 2
    np.testing.assert_allclose(sums.signal[:, :, 1], both, rtol=1e-4, atol=2e-3 * n ** 1.5)


def test_sums_of_all_sectors_are_those_of_shells_and_pairs_can_be_added():
    rng = np.random.default_rng(5)
    shape = (12, 10, 14)
    pairs = [tuple(rng.standard_normal(shape).astype(np.float32) for _ in range(2)) for _ in range(3)]
    mask, geo = np.ones(shape, np.float32), fourier.geometry(shape, (1.0, 1.3, 1.1))
    sums = sector_sums.sums_of(pairs, mask, geo)
    plain = shells.cross_sums(*(fourier.forward((p[0] + p[1]) / 2) for p in (pairs[0], pairs[2])), geo)
    np.testing.assert_allclose(sums.products[..., 0, 2].sum(axis=1), plain.cross, rtol=1e-5, atol=1e-2)
    np.testing.assert_allclose(sums.count.sum(axis=1), plain.count)
    grown = sector_sums.extended(sector_sums.sums_of(pairs[:1], mask, geo), pairs, 1, mask, geo)
    np.testing.assert_allclose(grown.products, sums.products, rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(grown.signal, sums.signal, rtol=1e-6, atol=1e-3)
