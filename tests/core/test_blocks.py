"""The FSC in boxes against naive twins: odd, even and unequal voxels; falls, points, interpolation, coefficients."""
from __future__ import annotations

import naive_blocks as naive
import numpy as np
import pytest

from cryoqa_plugin.core import blocks
from cryoqa_plugin.core.threads import set_threads


def noise(shape=(17, 19, 22), seed=1):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) + 0.3 for _ in range(2)]


@pytest.mark.parametrize("mates", [True, False])
@pytest.mark.parametrize("box,pad,kind,voxel", [(8, 1, "hann", (1.0, 1.0, 1.0)), (7, 0, "edge", (1.1, 1.2, 1.4)),
                                                (6, 0, "none", (2.0, 2.0, 2.0)), (7, 1, "hann", (1.4, 1.0, 1.2))])
def test_curves_are_those_of_the_naive_twin(box, pad, kind, voxel, mates):
    a, b = noise()
    how = blocks.plan(box, pad, kind, voxel, 2 * max(voxel), mates)
    centres = np.array([[8, 8, 8], [4, 4, 4], [17 - (box - box // 2), 19 - (box - box // 2), 22 - (box - box // 2)]])
    found = blocks.box_curves(a, b, (0.3, 0.2), centres, how)
    for centre, ours in zip(centres, found):
        want = naive.curve(a, b, (0.3, 0.2), centre, how.window, how.padded, voxel, how.n_shells, bsoft=not mates)
        last = how.n_shells if how.padded % 2 or mates else how.n_shells - 2    # the plane kx = -padded / 2 is in no rule of Bsoft's
        np.testing.assert_allclose(ours[:last], want[:last], atol=2e-5)


def test_windows():
    hann = blocks.taper(20, "hann")
    np.testing.assert_allclose(hann, np.hanning(20), atol=1e-7)
    edge = blocks.taper(20, "edge")
    assert edge[0] == edge[-1] == 0 and np.all(edge[5:15] == 1) and np.all(np.diff(edge[:6]) > 0)
    assert np.all(blocks.taper(9, "none") == 1)


def test_falls():
    curves = np.array([[1, 0.9, 0.4, 0.6, 0.2], [1, 0.9, 0.8, 0.7, 0.6], [1, 0.4, 0.7, 0.8, 0.9], [1, 0.6, 0.3, 0.2, 0.1]], np.float32)
    first, falls = blocks.first_falls(curves, 10.0, 0.5)
    np.testing.assert_allclose(first, [0.18, 0.4, 1 / 12, 0.1 + 0.1 / 3], rtol=1e-5)
    assert falls.tolist() == [True, False, True, True]
    np.testing.assert_allclose(blocks.last_falls(curves, 10.0, 0.5), [0.325, 0.4, 1 / 12, 0.1 + 0.1 / 3], rtol=1e-5)


def test_points():
    np.testing.assert_array_equal(blocks.centres_along(96, 20, 4)[[0, -1]], [12, 84])
    np.testing.assert_array_equal(blocks.centres_along(20, 20, 4), [10])
    np.testing.assert_array_equal(blocks.centres_along(9, 7, 1), [3, 4, 5])


@pytest.mark.parametrize("step", [1, 3, 5])
def test_interpolation(step):
    shape = (13, 16, 19)
    rng = np.random.default_rng(2)
    mask = (rng.random(shape) > 0.9).astype(np.float32)
    centres = [blocks.centres_along(n, 6, step) for n in shape]
    hats = [blocks.hat_weights(n, c) for n, c in zip(shape, centres)]
    values = rng.uniform(0.1, 0.4, [c.size for c in centres])
    np.testing.assert_allclose(blocks.spread(values, hats, mask, 0.5), naive.spread(values, centres, mask, 0.5), rtol=1e-5)
    needed = blocks.needed(mask, 0.5, hats)
    other = np.where(needed, values, 77.0)
    np.testing.assert_array_equal(blocks.spread(other, hats, mask, 0.5), blocks.spread(values, hats, mask, 0.5))
    for place in np.argwhere(needed)[:20]:
        changed = values.copy()
        changed[tuple(place)] = 50
        assert np.any(blocks.spread(changed, hats, mask, 0.5) != blocks.spread(values, hats, mask, 0.5))


@pytest.mark.compiled
@pytest.mark.parametrize("box,pad,kind", [(12, 1, "hann"), (12, 1, "edge"), (12, 2, "none")])
def test_noise_scatters_as_the_coefficients_say(box, pad, kind):
    a, b = (m - np.float32(0.3) for m in noise((60, 60, 60)))
    how = blocks.plan(box, pad, kind, (1.0, 1.0, 1.0), 2.0)
    along = blocks.centres_along(60, box, 6)
    centres = np.stack(np.meshgrid(along, along, along, indexing="ij"), axis=-1).reshape(-1, 3)
    curves = blocks.box_curves(a, b, (0, 0), centres, how)
    i = 3 * how.n_shells // 4
    assert blocks.independent(how, i / how.length) == pytest.approx(1 / (2 * curves[:, i].var()), rel=0.3)


def test_the_answer_does_not_depend_on_threads():
    a, b = noise()
    how = blocks.plan(8, 1, "hann", (1.0, 1.0, 1.0), 2.0)
    centres = np.array([[8, y, x] for y in range(5, 14) for x in range(5, 17)])
    found = []
    for threads in (1, 2):
        set_threads(threads)
        found.append(blocks.box_curves(a, b, (0, 0), centres, how))
    set_threads(0)
    np.testing.assert_array_equal(*found)
