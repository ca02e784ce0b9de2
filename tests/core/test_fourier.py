import numpy as np
import pytest

from cryoqa_plugin.core import fourier


@pytest.mark.parametrize("shape", [(8, 8, 8), (9, 7, 5), (6, 9, 12)])
def test_there_and_back(shape):
    data = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    ft = fourier.forward(data)
    assert ft.dtype == np.complex64 and ft.shape == shape[:2] + (shape[2] // 2 + 1,)
    back = fourier.inverse(ft, shape)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, data, atol=1e-5)


def test_float64_and_big_endian_input_become_float32():
    data = np.random.default_rng(1).standard_normal((6, 6, 6))
    wanted = fourier.forward(data.astype(np.float32))
    assert fourier.forward(data).dtype == np.complex64
    np.testing.assert_array_equal(fourier.forward(data.astype(">f4")), wanted)


@pytest.mark.parametrize("n, shells", [(8, 5), (9, 5), (97, 49), (256, 129)])
def test_cubic_boxes_have_one_shell_per_index(n, shells):
    geo = fourier.geometry((n, n, n), (1.5, 1.5, 1.5))
    assert geo.n_shells == shells and geo.steps == (1, 1, 1) and geo.length == 1.5 * n
    np.testing.assert_allclose(fourier.frequencies(geo), np.arange(shells) / (1.5 * n))


def test_the_longest_edge_sets_the_shells_of_other_boxes():
    geo = fourier.geometry((10, 20, 40), (1.0, 1.0, 2.0))        # edges: x 40, y 20, z 20
    assert geo.length == 40 and geo.steps == (2, 2, 1)
    assert geo.n_shells == 11                                    # z reaches 5 x 2
