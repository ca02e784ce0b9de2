import numpy as np
import pytest

import naive_phases as naive
from cryoqa_plugin.core import threads
from cryoqa_plugin.core.fourier import forward, geometry, inverse
from cryoqa_plugin.core.phases import randomise_phases

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")      # only without the compiler

CASES = [((6, 6, 6), (1, 1, 1)), ((5, 7, 9), (1, 1, 1)), ((4, 7, 6), (1.0, 1.2, 0.8))]


@pytest.mark.parametrize("shape, voxel", CASES)
@pytest.mark.parametrize("first, width", [(0, 0), (2, 0), (1, 2.5)])
def test_equal_to_the_naive_ones(shape, voxel, first, width):
    ft = forward(np.random.default_rng(4).standard_normal(shape))
    got = randomise_phases(ft, geometry(shape, voxel), first, 7, width=width)
    np.testing.assert_allclose(got, naive.randomise(ft, shape, voxel, first, 7, width), atol=1e-5)


@pytest.mark.parametrize("shape, voxel", CASES)
def test_the_answer_is_the_transform_of_a_real_map(shape, voxel):
    ft = forward(np.random.default_rng(5).standard_normal(shape))
    out = randomise_phases(ft, geometry(shape, voxel), 1, 3)
    np.testing.assert_allclose(forward(inverse(out, shape)), out, atol=2e-5 * abs(out).max())
    np.testing.assert_allclose(abs(out), abs(ft), rtol=1e-5)


def test_low_shells_are_untouched_and_seeds_differ():
    ft = forward(np.random.default_rng(6).standard_normal((12, 12, 12)))
    geo = geometry((12, 12, 12))
    a, b = randomise_phases(ft, geo, 3, 1), randomise_phases(ft, geo, 3, 2)
    assert np.array_equal(a[:2, :2, :2], ft[:2, :2, :2])
    assert np.mean(a == b) < 0.2
    assert np.array_equal(a, randomise_phases(ft, geo, 3, 1))


def test_phases_are_uniform_and_unrelated():
    ft = np.ones((40, 40, 21), np.complex64)
    geo = geometry((40, 40, 40))
    a, b = (randomise_phases(ft, geo, 0, s)[:, :, 1:20].ravel() for s in (0, 1))
    for values in (a, a ** 2, a * b.conj(), a[1:] * a[:-1].conj(), a[40:] * a[:-40].conj()):
        assert abs(values.mean()) < 4 / np.sqrt(values.size)


def test_the_answer_does_not_depend_on_the_number_of_threads():
    ft = forward(np.random.default_rng(7).standard_normal((40, 6, 6)))
    answers = []
    for n in (1, 3):
        threads.set_threads(n)
        answers.append(randomise_phases(ft, geometry((40, 6, 6)), 1, 9))
    threads.set_threads(0)
    assert np.array_equal(*answers)
