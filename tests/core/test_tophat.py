"""Resampling by a radial profile, equal-count bins, and correlations in balls."""
from __future__ import annotations

import naive_locres
import numpy as np
import pytest

from cryoqa_plugin.core import tophat
from cryoqa_plugin.core.fourier import forward, geometry

SHAPES = [((24, 20, 22), (1.0, 1.0, 1.0)), ((21, 25, 24), (1.3, 1.0, 1.1))]


def _noise(shape, count=2, seed=4):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("shape,voxel", SHAPES)
def test_bands_and_profiles_on_the_same_grid(shape, voxel):
    data, = _noise(shape, 1)
    geo = geometry(shape, voxel)
    s = naive_locres._radius(shape, voxel) * geo.length
    want = np.fft.ifftn(np.fft.fftn(data) * ((s >= 2.5) & (s < 6.5))).real
    np.testing.assert_allclose(tophat.shell_of_band(forward(data), geo, 2.5, 6.5, shape), want, atol=1e-5)
    want = np.fft.ifftn(np.fft.fftn(data) * np.exp(-2 * (np.pi * 2.0 * s / geo.length) ** 2)).real
    np.testing.assert_allclose(tophat.resample(forward(data), geo, shape, tophat.gaussian_profile(geo, 2.0)), want, atol=1e-3)


@pytest.mark.parametrize("shape,voxel", SHAPES)
@pytest.mark.parametrize("other", [(12, 12, 14), (15, 13, 15), (32, 30, 45)])
def test_smooth_maps_keep_their_values_on_other_grids(shape, voxel, other):
    data, = _noise(shape, 1)
    geo = geometry(shape, voxel)
    band = tophat.shell_of_band(forward(data), geo, 0.0, 4.2, shape)
    there = tophat.resample(forward(band), geo, other, np.ones(2), fine=1 / 5.0)
    back = tophat.resample(forward(there), tophat.geometry_on(geo, other), shape, np.ones(2), fine=1 / 5.0)
    np.testing.assert_allclose(back, band, atol=1e-5)
    assert there[0, 0, 0] == pytest.approx(band[0, 0, 0], abs=1e-5)


@pytest.mark.parametrize("shape,voxel", SHAPES)
@pytest.mark.parametrize("other", [(12, 12, 14), (15, 13, 15), (21, 20, 22)])
def test_a_transform_cut_to_a_coarser_grid(shape, voxel, other):
    data, = _noise(shape, 1)
    geo = geometry(shape, voxel)
    want = tophat.resample(forward(data), geo, other, np.ones(2), fine=1 / 99.0)
    got = np.fft.irfftn(tophat.forward_cut(data, other), s=other, axes=(0, 1, 2))
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_equal_bins_hold_as_many_coefficients():
    geo = geometry((40, 40, 40))
    s = naive_locres._radius((40, 40, 40), (1, 1, 1)) * geo.length
    edges = tophat.equal_bins(geo, 0.5, 10)
    counts = np.histogram(s, edges)[0]
    assert edges[-1] == 20 and np.ptp(counts) < 0.2 * counts.mean()


@pytest.mark.parametrize("shape,voxel", SHAPES)
@pytest.mark.parametrize("low,high", [(0.0, 0.12), (0.203, 0.241), (0.343, 0.379)])
def test_correlation_is_that_of_whole_boxes(shape, voxel, low, high):
    a, b, c = _noise(shape, 3)
    a, b, geo = a + c, b + c, geometry(shape, voxel)
    want = naive_locres.correlation(a, b, voxel, low, high, 3.0)
    got = tophat.local_correlation(forward(a), forward(b), geo, low * geo.length, high * geo.length, 3.0, shape)
    np.testing.assert_allclose(got, want, atol=0.02)
    assert np.mean(np.abs(got - want)) < 2e-3


def test_correlation_on_a_coarse_grid_is_nearly_that_at_its_points():
    shape, radius = (48, 48, 48), 4.0
    a, b, c = _noise(shape, 3)
    a, b, geo = a + c, b + c, geometry(shape)
    grid = tophat.grid_for(geo, 0.75 * geo.length / radius)
    assert grid == (20, 20, 20)
    want = naive_locres.correlation(a, b, (1, 1, 1), 0.28, 0.30, radius)
    got = tophat.local_correlation(forward(a), forward(b), geo, 0.28 * 48, 0.30 * 48, radius, grid)
    same = want[::12, ::12, ::12]
    assert np.corrcoef(got[::5, ::5, ::5].ravel(), same.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("first, second", [(1e-10, 1e-10), (1e9, 1e9), (1e-12, 1e8), (2.0 ** -40, 2.0 ** 30)])
def test_the_scale_of_the_maps_changes_nothing(first, second):
    """The correlation holds a fourth power, which single precision loses below 1e-11."""
    geo = geometry((32, 32, 32), (1.5, 1.5, 1.5))
    rng = np.random.default_rng(12)
    a = rng.standard_normal((32, 32, 32)).astype(np.float32)
    b = a + rng.standard_normal(a.shape).astype(np.float32)

    def correlation(p, q):
        return tophat.local_correlation(forward(a * np.float32(p)), forward(b * np.float32(q)), geo, 6.0, 9.0, 6.0, (16, 16, 16))

    plain = correlation(1, 1)
    assert 0.4 < plain.mean() < 0.9
    np.testing.assert_allclose(correlation(first, second), plain, atol=1e-5)
