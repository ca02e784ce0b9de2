"""Fit of side chains beside a naive twin, frames, and the best stretch of a chain."""
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from cryoqa_plugin.core.side_chains import Conformers, best_stretch, fit_of_types, frames

VOXEL = (1.1, 1.2, 1.3)


def chain(n, seed=3):
    rng = np.random.default_rng(seed)
    ca = rng.random((n, 3)) * 12 + 6
    return frames(ca + rng.standard_normal((n, 3)), ca, ca + rng.standard_normal((n, 3))), ca


def naive(data, ca, turn, conformers, n_types):
    out = np.zeros((len(ca), n_types))
    for p in range(len(ca)):
        for kind in range(n_types):
            found = []
            for h in np.flatnonzero(conformers.kind == kind):
                atoms = conformers.atoms[conformers.starts[h]:conformers.starts[h + 1]] @ turn[p] + ca[p]
                values = map_coordinates(data.astype(float), (atoms / VOXEL)[:, ::-1].T, order=1, cval=0.0)
                found.append((np.minimum(values, 1.5) - 0.5).sum())
            out[p, kind] = max(found, default=0.0)
    scatter = out.std(axis=0)
    return (out - out.mean(axis=0)) / np.where(scatter > 1e-9, scatter, np.inf)


def test_frames_are_orthonormal_and_turn_with_the_backbone():
    turn, _ = chain(20)
    np.testing.assert_allclose(turn @ turn.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (20, 3, 3)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turn), 1, atol=1e-9)
    n, ca, c = (np.array([v]) for v in ((1.4, 0.3, 0.0), (0.0, 0.0, 0.0), (-0.5, 1.4, 0.2)))
    q, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))
    q *= np.linalg.det(q)
    np.testing.assert_allclose(frames(n @ q.T, ca, c @ q.T)[0], frames(n, ca, c)[0] @ q.T, atol=1e-9)


def test_fit_of_types_is_that_of_a_naive_twin():
    rng = np.random.default_rng(5)
    data = rng.standard_normal((20, 19, 21)).astype(np.float32)
    turn, ca = chain(12)
    lengths, kind = [1, 3, 4, 2, 5], np.array([0, 1, 1, 3, 4])
    conformers = Conformers(rng.standard_normal((sum(lengths), 3)) * 2, np.concatenate(([0], np.cumsum(lengths))), kind)
    found = fit_of_types(data, ca, turn, conformers, 5, VOXEL)
    np.testing.assert_allclose(found, naive(data, ca, turn, conformers, 5), atol=1e-5)
    assert np.all(found[:, 2] == 0)


def test_the_best_stretch_is_found():
    rng = np.random.default_rng(7)
    gain = rng.standard_normal(80) * 0.2 - 0.3
    gain[30:55] += 1.0
    found = best_stretch(gain, 10)
    scores = {(i, j): gain[i:j].sum() / np.sqrt(j - i) for i in range(80) for j in range(i + 10, 81)}
    best = max(scores, key=scores.get)
    assert (found.start, found.stop) == best and found.score == pytest.approx(scores[best])
    assert abs(found.start - 30) <= 2 and abs(found.stop - 55) <= 2


def test_no_gain_is_no_stretch():
    assert best_stretch(np.full(30, -0.1), 10) == (0, 0, 0.0)
    assert best_stretch(np.ones(5), 10).score == 0
