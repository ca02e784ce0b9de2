"""Sums over cones and cells against plain numpy."""
from __future__ import annotations

import numpy as np
import pytest

import naive_cones
from cryoqa_plugin.core import cones, directions, fourier, shells, threads

BOXES = [((16, 16, 16), (1.0, 1.0, 1.0)), ((15, 15, 15), (1.0, 1.0, 1.0)), ((12, 17, 14), (1.3, 1.0, 0.9))]
AXES = np.vstack([directions.half_directions(1), np.eye(3)])


def _two(shape):
    rng = np.random.default_rng(5)
    return [fourier.forward(rng.standard_normal(shape).astype(np.float32)) for _ in range(2)]


@pytest.mark.parametrize("shape, voxel", BOXES)
@pytest.mark.parametrize("cone", [cones.Cone(17.0), cones.Cone(25.0, soft=False)])
def test_cone_sums(shape, voxel, cone):
    f1, f2 = _two(shape)
    geo = fourier.geometry(shape, voxel)
    ours = cones.cone_sums(f1, f2, geo, directions.lookup(AXES, cone.angle, 6), cone)
    naive = naive_cones.cone_sums(f1, f2, shape, voxel, geo.n_shells, AXES, cone.angle, cone.soft)
    for a, b in zip(ours, naive):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-6)


def test_reach_cuts_the_last_shell():
    f1, f2 = _two((16, 16, 16))
    geo = fourier.geometry((16, 16, 16))
    cone = cones.Cone(30.0, soft=False)
    table = directions.lookup(np.eye(3), 30.0)
    whole, cut = (cones.cone_sums(f1, f2, geo, table, cone, reach) for reach in (None, 8.0))
    np.testing.assert_array_equal(whole.cross[:8], cut.cross[:8])
    assert np.all(cut.count[8] < whole.count[8]) and np.all(cut.count[8] >= 0.5)


@pytest.mark.parametrize("shape, voxel", BOXES)
def test_cells_add_up_to_shells(shape, voxel):
    f1, f2 = _two(shape)
    geo = fourier.geometry(shape, voxel)
    cells, whole = cones.cell_sums(f1, f2, geo, 5), shells.cross_sums(f1, f2, geo)
    for a, b in zip(cells, whole):
        np.testing.assert_allclose(a.sum(axis=1)[1:], b[1:], rtol=1e-9)
    assert cells.count[0].sum() == 0
    v = naive_cones.vectors(shape, voxel)
    nearest = np.zeros(cells.count.shape)
    _, weight = naive_cones.radius(shape, voxel)
    r = np.linalg.norm(v, axis=-1)
    for index in np.ndindex(*r.shape):
        shell = int(r[index] + 0.5)
        if 0 < shell < geo.n_shells:
            nearest[shell, cones._cell(*v[index], 5)] += weight[index]
    np.testing.assert_allclose(cells.count, nearest)


@pytest.mark.parametrize("shape, voxel", BOXES)
def test_spread(shape, voxel):
    geo = fourier.geometry(shape, voxel)
    axes = directions.half_directions(2)
    values = np.random.default_rng(1).random((geo.n_shells, len(axes)))
    ours = cones.spread(values, geo, directions.lookup(axes, 14.0, 7), 14.0)
    np.testing.assert_allclose(ours, naive_cones.spread(values, shape, voxel, axes, 14.0), atol=1e-6)
    assert ours[tuple(n // 2 for n in shape)] == 1
    np.testing.assert_allclose(cones.spread(np.ones_like(values), geo, directions.lookup(axes, 14.0), 14.0).max(), 1)


def test_answer_does_not_depend_on_threads():
    f1, f2 = _two((16, 16, 16))
    geo = fourier.geometry((16, 16, 16))
    table, answers = directions.lookup(AXES, 17.0), []
    for n in (1, 3):
        threads.set_threads(n)
        answers.append(cones.cone_sums(f1, f2, geo, table, cones.Cone(17.0)).cross)
    threads.set_threads(0)
    np.testing.assert_array_equal(*answers)


def test_gain_is_that_of_the_weights():
    cone = cones.Cone(17.0)
    cosine = np.linspace(cone.cosine, 1, 200001)
    w = cone.weight(cosine)
    assert cone.gain == pytest.approx(w.mean() / (w * w).mean(), rel=1e-4)
    assert cones.Cone(17.0, soft=False).gain == 1
    assert cone.weight(np.array([1.0, -1.0, 0.9])) == pytest.approx([1, 1, 0])
