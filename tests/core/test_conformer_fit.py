"""Conformers laid on residues, against numpy alone."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

import naive_side_chains as naive
from cryoqa_plugin.core import conformer_fit, fourier, rotamers
from cryoqa_plugin.core.threads import set_threads

VOXEL, RESOLUTION, BOX = 1.1, 3.0, 32


@pytest.fixture(scope="module")
def scene():
    """A noisy map, three residues in it, a few conformers of four types, and atoms of others."""
    rng = np.random.default_rng(5)
    data = rng.standard_normal((BOX,) * 3).astype(np.float32)
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3, 3)))
    turn *= np.sign(np.linalg.det(turn))[:, None, None]
    ca = np.array([[16.0, 17.0, 15.0], [18.0, 14.0, 19.0], [6.0, 30.0, 16.0]])      # the last one reaches out of the box
    library = rotamers.conformers()
    pick = [int(i) for kind in (0, 1, 11, 17) for i in np.flatnonzero(library.kind == kind)[:4]]
    atoms = [library.atoms[library.starts[i]:library.starts[i + 1]] for i in pick]
    charge = [library.charge[library.starts[i]:library.starts[i + 1]] for i in pick]
    kind = [(0, 1, 11, 17).index(int(library.kind[i])) for i in pick]
    points = conformer_fit.grid_points(np.concatenate([a for a in atoms if len(a)]))[::5]
    others = np.concatenate([ca + rng.standard_normal(3), ca + 3 * rng.standard_normal((3, 3))])
    owner = np.array([0, 1, 2, 1, -1, 0])
    return dict(data=data, ca=ca, turn=turn, points=points, atoms=atoms, charge=charge, kind=kind, others=others, owner=owner)


def _ours(s, data=None, scale=1.0):
    data = s["data"] if data is None else data
    geo = fourier.geometry(data.shape, (VOXEL,) * 3)
    starts = np.concatenate(([0], np.cumsum([len(a) for a in s["atoms"]]))).astype(np.int64)
    shapes = conformer_fit.templates(np.concatenate(s["atoms"]), np.concatenate(s["charge"]), starts, np.array(s["kind"]), 4, s["points"],
                                     RESOLUTION)
    coefficients = conformer_fit.prepare(fourier.forward(data), geo, RESOLUTION)
    return conformer_fit.best_fit(coefficients, (VOXEL,) * 3, s["ca"], s["turn"], shapes, s["others"], s["owner"])


def test_correlations_are_those_of_numpy(scene):
    want = naive.best(scene["data"], VOXEL, RESOLUTION, scene["ca"], scene["turn"], scene["points"],
                      list(zip(scene["kind"], scene["atoms"], scene["charge"])), 4, scene["others"], scene["owner"])
    got = _ours(scene)
    np.testing.assert_allclose(got.cc, want, atol=2e-4)
    assert np.all(got.cc[:, 0] == 0) and np.all(got.which[:, 0] == -1)             # glycine has no side chain
    assert np.all(np.array(scene["kind"])[got.which[:, 1:]] == [1, 2, 3])
    assert got.counted[2] < got.counted[0] <= len(scene["points"])


def test_scale_level_and_threads_do_not_matter(scene):
    want = _ours(scene).cc
    np.testing.assert_allclose(_ours(scene, scene["data"] * np.float32(1e-3)).cc, want, atol=1e-5)
    np.testing.assert_allclose(_ours(scene, scene["data"] + np.float32(5)).cc, want, atol=1e-4)
    try:
        set_threads(1)
        one = _ours(scene).cc
        set_threads(2)
        assert np.array_equal(one, _ours(scene).cc)
    finally:
        set_threads(0)


def test_places_between_voxels_are_those_of_a_cubic_spline(scene):
    geo = fourier.geometry((BOX,) * 3, (VOXEL,) * 3)
    coefficients = conformer_fit.prepare(fourier.forward(scene["data"]), geo, RESOLUTION)
    filtered = naive.prepared(scene["data"], VOXEL, RESOLUTION)
    at = np.random.default_rng(1).uniform(0, (BOX - 1) * VOXEL, (50, 3))
    want = map_coordinates(filtered, (at / VOXEL)[:, ::-1].T, order=3, mode="grid-wrap")
    np.testing.assert_allclose(conformer_fit.values_at(coefficients, (VOXEL,) * 3, at), want, atol=2e-5 * np.abs(filtered).max())
    assert np.isnan(conformer_fit.values_at(coefficients, (VOXEL,) * 3, np.array([[-0.1, 5, 5], [5, 5, BOX * VOXEL]]))).all()


def test_weight_falls_to_a_seventh_at_the_resolution():
    for resolution in (2.0, 4.5):
        w2 = conformer_fit.weight(np.array([0.0, 1 / resolution]), resolution) ** 2
        f = w2 / (2 - w2)                                    # the FSC of half-maps that a full map of this weight has
        assert f == pytest.approx([300 / 301, 0.143], abs=1e-6)


def test_a_conformer_laid_into_an_empty_map_is_found():
    """The map of one leucine: its type and its conformer have the highest correlation, near 1."""
    library = rotamers.conformers()
    i = int(np.flatnonzero(library.kind == rotamers.TYPES.index("LEU"))[4])
    atoms = library.atoms[library.starts[i]:library.starts[i + 1]]
    box, voxel = 40, 1.0
    centre = np.full(3, 20.3)
    z, y, x = np.indices((box,) * 3)
    at = np.stack([x, y, z], axis=-1) * voxel
    data = sum(np.exp(-((at - centre - a) ** 2).sum(axis=-1) / 0.6) for a in atoms).astype(np.float32)
    shapes = conformer_fit.templates(library.atoms, library.charge, library.starts, library.kind, 20,
                                     conformer_fit.grid_points(library.atoms[::3]), 2.5)
    geo = fourier.geometry(data.shape, (voxel,) * 3)
    found = conformer_fit.best_fit(conformer_fit.prepare(fourier.forward(data), geo, 2.5), (voxel,) * 3, centre[None], np.eye(3)[None],
                                   shapes, np.zeros((0, 3)), np.zeros(0, dtype=np.int64))
    assert rotamers.TYPES[int(found.cc[0].argmax())] == "LEU" and found.which[0, rotamers.TYPES.index("LEU")] == i
    assert found.cc[0].max() > 0.8
