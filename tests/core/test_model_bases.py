"""A model as one more estimate: what it adds where it is right, what it does not add where it is wrong."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import atom_grid, conditional, elastic_fit, fourier, model_bases
from cryoqa_plugin.core import density_modification as modification

VOXEL, SHAPE = (1.2, 1.2, 1.2), (40, 40, 40)
CENTRE = 24.0
N = 400


def ball(n, seed):
    """Atoms at least 1.4 Å apart in a ball, float64 [n, 3]."""
    rng, found = np.random.default_rng(seed), []
    while len(found) < n:
        x = rng.uniform(-11, 11, 3)
        if np.linalg.norm(x) < 11 and all(np.sum((x - y) ** 2) > 1.96 for y in found):
            found.append(x)
    return np.array(found) + CENTRE


@pytest.fixture(scope="module")
def world():
    """Half-maps of atoms, the estimates, and a model with a right part, an invented one, and atoms that it lacks."""
    rng = np.random.default_rng(7)
    true = ball(N, 4)
    signal = atom_grid.gaussians(true, np.ones(N), SHAPE, VOXEL, 0.8)
    signal = signal / signal[signal > 0.1].std()
    halves = [(signal + 0.9 * rng.standard_normal(SHAPE)).astype(np.float32) for _ in range(2)]
    geo = fourier.geometry(SHAPE, VOXEL)
    found = conditional.conditional_means(*(fourier.forward(h) for h in halves), geo, VOXEL, 3.0, 0.1)
    apart = np.linalg.norm(true - (CENTRE + np.array([0, 0, 7.0])), axis=1)
    lacking = apart < 7
    corner = rng.uniform(2, 8, (25, 3))
    model = np.concatenate([true[~lacking], corner])
    models = model_bases.move(found.bases[0], found.mask, VOXEL, model, np.ones(len(model)))
    told = model_bases.estimate(found.bases[0], found.mask, geo, VOXEL, found.finest, ["C"] * len(model), models)
    plain = model_bases.together(found, geo)
    return dict(found=found, geo=geo, true=true, deep=apart < 3.0, model=model, right=np.arange(len(model)) < np.count_nonzero(~lacking),
                models=models, told=told, plain=plain, both=model_bases.with_model(plain, told, geo), signal=signal)


def at(data, places):
    return elastic_fit.values(elastic_fit.spline(np.ascontiguousarray(data, dtype=np.float32)), VOXEL, places).mean()


def test_estimates_as_one_are_the_same_map(world):
    one, other = (conditional.combined_mean(world[name], world["geo"]) for name in ("found", "plain"))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9997 and other.std() == pytest.approx(one.std(), rel=0.03)
    assert (world["plain"].weights == (0, 1)).all()


def test_the_map_is_nearer_to_the_signal(world):
    def likeness(found):
        return np.corrcoef(conditional.combined_mean(found, world["geo"])[inside], world["signal"][inside])[0, 1]

    inside = world["found"].mask > 0.5
    assert likeness(world["both"]) > likeness(world["plain"]) + 0.01
    gains = [modification.judged(world[name], world["geo"]).mean for name in ("plain", "both")]
    assert gains[1] > gains[0] + 0.01


def test_invented_atoms_make_no_density_and_missing_ones_keep_theirs(world):
    maps = [conditional.combined_mean(world[name], world["geo"]) for name in ("plain", "both")]
    kept, invented = world["model"][world["right"]], world["model"][~world["right"]]
    assert at(maps[1], invented) < 0.15 * at(maps[1], kept)
    deep = world["true"][world["deep"]]
    assert len(deep) > 4 and at(maps[1], deep) > 0.9 * at(maps[0], deep)
    assert world["told"].trust[~world["right"]].mean() < 0.1 and world["told"].trust[world["right"]].mean() > 0.7


def test_weights_beside_the_model_are_held(world):
    both = world["both"]
    assert both.held == 2 and (both.weights[:, 0] == 0).all() and (both.weights[:, 1] == 1).all()
    assert np.ptp(both.weights[:, 2:]) > 0.1
    left_out = modification.cross_fitted(both)
    assert (left_out[:, :, 0] == 0).all() and (left_out[:, :, 1] == 1).all()
    assert np.ptp(left_out[:, :, 4], axis=1).max() > 0


def test_models_come_apart_where_nothing_holds_them(world):
    spread, moves, right = world["models"].spread(), world["models"].moves(world["model"]), world["right"]
    assert np.median(spread[right]) < 0.5 * np.median(spread[~right])
    assert np.median(moves[right]) < 0.5
    every = world["models"].places.reshape(8, -1, 3)
    np.testing.assert_allclose(spread, np.sqrt(np.var(every, axis=0, ddof=1).sum(axis=1)), rtol=1e-9)


def test_a_model_beside_the_molecule_changes_little(world):
    beside = world["model"][world["right"]] + np.array([0, 13.0, 0])
    plain, geo = world["plain"], world["geo"]
    models = model_bases.move(plain.bases[0], plain.mask, VOXEL, beside, np.ones(len(beside)))
    told = model_bases.estimate(plain.bases[0], plain.mask, geo, VOXEL, plain.finest, ["C"] * len(beside), models)
    gains = [modification.judged(f, geo).mean for f in (plain, model_bases.with_model(plain, told, geo))]
    assert told.trust.mean() < 0.5 and gains[1] < gains[0] + 0.01


def test_held_weights_are_those_of_what_is_left():
    """The regression of what the held estimates leave, by hand."""
    rng = np.random.default_rng(1)
    maps = rng.standard_normal((3, 500))
    target = 2 * maps[0] + 0.5 * maps[1] - 0.3 * maps[2]
    products, cross = (maps @ maps.T)[None], (maps @ target)[None]
    out = conditional.weights(cross, products, np.array([1e-6]), (2.0, 0.1, 0.1), held=1)
    np.testing.assert_allclose(out[0], (2, 0.5, -0.3), atol=1e-4)
    wrong = conditional.weights(cross, products, np.array([1e-6]), (1.0, 0.1, 0.1), held=1)
    left = np.linalg.solve(products[0, 1:, 1:], cross[0, 1:] - products[0, 1:, 0])
    np.testing.assert_allclose(wrong[0], (1, *left), atol=1e-4)
