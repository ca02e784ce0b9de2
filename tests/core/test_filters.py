import numpy as np
import pytest

import naive_filters as naive
from cryoqa_plugin.core import filters
from cryoqa_plugin.core.fourier import forward, frequencies, geometry, inverse

CASES = [((8, 8, 8), (1, 1, 1)), ((9, 7, 5), (1, 1, 1)), ((6, 9, 12), (1.0, 1.2, 0.8))]


@pytest.mark.parametrize("shape, voxel", CASES)
@pytest.mark.parametrize("at", [None, [0.5, 1.0, 1.2, 3.7, 4.1]])
def test_apply_radial_equals_the_naive_one(shape, voxel, at):
    rng = np.random.default_rng(2)
    ft = forward(rng.standard_normal(shape))
    profile = rng.standard_normal(5)
    got = filters.apply_radial(ft, geometry(shape, voxel), profile, at=at, beyond=0.3)
    wanted = naive.apply_radial(ft, shape, voxel, np.arange(5.0) if at is None else np.array(at), profile, 0.3)
    assert got.dtype == np.complex64
    np.testing.assert_allclose(got, wanted, atol=2e-5 * abs(wanted).max())


def test_apply_radial_in_place():
    ft = forward(np.random.default_rng(3).standard_normal((6, 6, 6)))
    geo = geometry((6, 6, 6))
    wanted = filters.apply_radial(ft, geo, np.ones(3))
    assert filters.apply_radial(ft, geo, np.ones(3), out=ft) is ft
    np.testing.assert_array_equal(ft, wanted)


def test_lowpass_is_one_half_at_its_resolution():
    geo = geometry((40, 40, 40), (2, 2, 2))
    profile = filters.cosine_lowpass_profile(geo, 8.0)
    assert profile[9] == 1 and profile[10] == pytest.approx(0.5) and profile[11] == pytest.approx(0, abs=1e-12)


def test_bfactor_and_gaussian_profiles():
    geo = geometry((40, 40, 40), (2, 2, 2))
    s2 = frequencies(geo) ** 2
    np.testing.assert_allclose(filters.bfactor_profile(geo, -100), np.exp(25 * s2))
    np.testing.assert_allclose(filters.gaussian_profile(geo, 3.0), np.exp(-2 * np.pi ** 2 * 9 * s2))


def test_gaussian_profile_is_a_gaussian_in_real_space():
    shape, sigma = (32, 32, 32), 2.0
    delta = np.zeros(shape)
    delta[16, 16, 16] = 1
    geo = geometry(shape)
    fine = np.linspace(0, 30, 600)
    out = inverse(filters.apply_radial(forward(delta), geo, np.exp(-2 * (np.pi * sigma * fine / 32) ** 2), at=fine), shape)
    x = np.arange(32) - 16
    wanted = np.exp(-x ** 2 / (2 * sigma ** 2)) / (2 * np.pi * sigma ** 2) ** 1.5
    np.testing.assert_allclose(out[16, 16], wanted, atol=1e-6)


def test_sphere_transform():
    assert filters.sphere_transform(0.0) == 1
    np.testing.assert_allclose(filters.sphere_transform(np.array([0.00999, 0.01001])), [0.99999002, 0.99998998], atol=1e-8)
    assert filters.sphere_transform(4.493409) == pytest.approx(0, abs=1e-6)
