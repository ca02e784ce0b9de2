"""Bands around the local resolution: the rank-reduced operator against one transform for each band."""
import numpy as np
import pytest

import naive_deblur as naive
from cryoqa_plugin.core import deblur, fourier

CASES = [((24, 24, 24), (1.0, 1.0, 1.0)), ((25, 21, 27), (1.3, 1.3, 1.3)), ((20, 24, 30), (1.5, 1.2, 1.0))]


def made(shape, low=3.2, high=9.0, seed=0):
    rng = np.random.default_rng(seed)
    data = rng.standard_normal(shape).astype(np.float32)
    resolution = rng.uniform(low, high, shape).astype(np.float32)
    resolution[:4] = 0
    return data, resolution


@pytest.mark.parametrize("shape,voxel", CASES)
def test_the_same_as_one_transform_for_each_band(shape, voxel):
    data, resolution = made(shape)
    finest = 2 * max(voxel)
    bank = deblur.make_bank(fourier.geometry(shape, voxel), resolution, resolution > 0, finest, 0.025)
    wanted = naive.weighted(data, resolution, voxel, finest)
    np.testing.assert_allclose(deblur.apply(bank, data), wanted, atol=2e-5 * abs(wanted).max() + 1e-6)
    assert len(bank.gains) < 9 < bank.n_bands or bank.n_bands < 12
    assert np.all(deblur.apply(bank, data)[:4] == 0)


@pytest.mark.parametrize("shape,voxel", CASES)
def test_the_same_steps(shape, voxel):
    data, resolution = made(shape)
    data[6:14, 6:14, 6:14] += 8
    finest = 2 * max(voxel)
    wanted, steps = naive.deblur(data, resolution, voxel, finest, most=6)
    bank = deblur.make_bank(fourier.geometry(shape, voxel), resolution, resolution > 0, finest, 0.025)
    found = deblur.deblur(bank, data, 6)
    assert found.steps == steps and len(found.changes) == steps - 1
    np.testing.assert_allclose(found.data, wanted, atol=1e-3 * wanted.std())


def test_a_stricter_weight_takes_more_transforms():
    data, resolution = made((24, 24, 24))
    geo = fourier.geometry(data.shape)
    ranks = [len(deblur.make_bank(geo, resolution, resolution > 0, 2.0, k).gains) for k in (0.01, 0.2)]
    assert ranks[0] < ranks[1]


def test_only_bands_that_exist():
    assert deblur.band_resolutions(2.0, 2.1, 20.0) == naive.bands_of(2.0, 2.1, 20.0)
    assert len(deblur.band_resolutions(2.0, 2.1, 20.0)) < len(deblur.band_resolutions(2.0, 2.1, 2000.0)) == 11
