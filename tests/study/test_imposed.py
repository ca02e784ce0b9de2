"""A symmetry that was imposed is named by the noise, and every error counts its copies once."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from cryoqa_plugin.core import significance
from cryoqa_plugin.core.noise_copies import box_noise, box_repeats
from cryoqa_plugin.core.pose_bands import about
from cryoqa_plugin.core.symmetry_copies import averaged, in_voxels
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.symmetry import point_group
from cryoqa_plugin.methods.resolution.directional_fsc import DirectionalFscParams, compute_directional_fsc
from cryoqa_plugin.methods.resolution.half_map_statistics import HalfMapStatisticsParams, compute_half_map_statistics
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.imposed import NOTHING, copies_around, imposed_symmetry

VOXEL = (1.5, 1.5, 1.5)
UNTURNED, QUARTER = np.eye(3), np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def exact(data, rotations):
    """Mean over rotations that take voxels to voxels, about voxel n // 2 of a box that repeats itself."""
    n = len(data)
    at = np.stack(np.meshgrid(*[np.arange(n) - n // 2] * 3, indexing="ij"), axis=-1)[..., ::-1].reshape(-1, 3)
    out = np.zeros_like(data)
    for rotation in np.round(rotations).astype(int):
        x, y, z = ((at @ rotation.T + n // 2) % n).T
        out += data[z, y, x].reshape(data.shape)
    return out / len(rotations)


def halves(name, seed=1, n=48, signal=0.0, turn=UNTURNED):
    """Half-maps of noise on which a point group was imposed, and a blob that both hold; exact where its rotations are of the grid."""
    rng = np.random.default_rng(seed)
    rotations = turn @ point_group(name).operators[:, :, :3] @ turn.T
    z, y, x = np.mgrid[:n, :n, :n] - n // 2
    blob = signal * np.exp(-(x ** 2 + y ** 2 + z ** 2) / 60.0)
    noise = [rng.standard_normal((n,) * 3).astype(np.float32) for _ in range(2)]
    if np.allclose(rotations, np.round(rotations)):
        noise = [exact(m, rotations) for m in noise]
    else:
        ops = in_voxels(about(rotations[1:], np.full(3, n // 2 * 1.5)), VOXEL)
        noise = averaged(noise, ops, np.ones((n,) * 3, np.float32))
    return [Map((m + blob).astype(np.float32), VOXEL) for m in noise]


def named(pair):
    study = Study(half1=pair[0], half2=pair[1])
    return imposed_symmetry(study.transform("half1"), study.transform("half2"), study.geometry, VOXEL)


@pytest.mark.parametrize("name, order", [("C1", 1), ("C2", 2), ("C5", 5), ("C6", 6), ("D3", 6), ("T", 12), ("O", 24), ("I1", 60),
                                         ("I3", 60)])
def test_what_was_imposed_is_named(name, order):
    found = named(halves(name, n=64))
    assert found.order == order and found.name == {"C1": "none", "I1": "I", "I3": "I"}.get(name, name)


def test_other_settings_and_what_is_no_symmetry():
    assert named(halves("D2", turn=QUARTER)).name == "D2"
    tilted = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])
    assert named(halves("C3", turn=tilted)) == NOTHING                       # about another axis: map-symmetry finds it
    one, two = halves("C1")
    assert named([one, one.with_data(2 * one.data)]) == NOTHING              # copies differ by nothing


def test_the_repeat_of_noise_is_that_of_its_naive_twin():
    one, two = halves("C1", n=40)
    study = Study(half1=one, half2=two)
    noise = box_noise(study.transform("half1"), study.transform("half2"), study.geometry, VOXEL)
    half_turn = np.diag([-1.0, -1.0, 1.0])
    middle = 40 // 2 * 1.5
    own = noise.data.astype(float)
    places = np.stack(np.meshgrid(*[np.arange(n) for n in own.shape], indexing="ij"), axis=-1)[..., ::-1] * noise.voxel - middle
    back = np.rint((places @ half_turn.T + middle) / noise.voxel).astype(int) % np.array(own.shape[::-1])
    turned = own[back[..., 2], back[..., 1], back[..., 0]]
    inside = (np.linalg.norm(places, axis=-1) < 0.45 * 60) & (2 * np.hypot(places[..., 0], places[..., 1]) > 6 * float(max(noise.voxel)))
    naive = np.corrcoef(own[inside], turned[inside])[0, 1]
    assert box_repeats(noise, [middle] * 3, half_turn[None])[0] == pytest.approx(naive, abs=0.08)
    spectrum = np.abs(np.fft.rfftn(own)) ** 2
    k = np.sqrt(sum(np.meshgrid(*[np.fft.fftfreq(n, v) ** 2 for n, v in zip(own.shape[:2], noise.voxel[::-1])],
                                np.fft.rfftfreq(own.shape[2], noise.voxel[0]) ** 2, indexing="ij")))
    band = (k > 1 / (22 * 1.5)) & (k < 1 / (6.5 * 1.5))
    outside = (k < 1 / (30 * 1.5)) | (k > 1 / (5.2 * 1.5))
    assert spectrum[outside].max() < 1e-6 * spectrum[band].mean()


@pytest.mark.parametrize("name", ["C1", "C4", "O"])
def test_the_fsc_of_noise_scatters_by_its_error(name):
    """In 12 seeds of noise; without the division it would by the root of the order."""
    scores, values = [], []
    for seed in range(12):
        study = Study(**dict(zip(("half1", "half2"), halves(name, seed=seed, signal=6.0))))
        assert study.half_maps.imposed_order == point_group(name).order
        curve = study.fsc_curves().unmasked
        scores.append(curve.fsc[10:23] * np.sqrt(2 * curve.count[10:23]))            # finer than the blob
        values.append(significance.noise_probability(curve.fsc[10:23], curve.count[10:23]))
    assert np.sqrt(np.mean(np.square(scores))) == pytest.approx(1, abs=0.15)
    assert kstest(np.concatenate(values), "uniform").pvalue > 1e-3


def test_every_statistic_counts_a_measurement_once():
    pair = halves("D2", signal=6.0)
    study, plain = Study(half1=pair[0], half2=pair[1]), Study(**dict(zip(("half1", "half2"), halves("C1", signal=6.0))))
    assert study.half_maps.imposed == "D2" and study.half_map_values()["half_maps_imposed_order"] == 4
    curve = study.fsc_curves().unmasked
    np.testing.assert_allclose(curve.count, study.half_sums().count / 4)
    ours = compute_half_map_statistics(study, HalfMapStatisticsParams())
    told = compute_half_map_statistics(study, HalfMapStatisticsParams(asymmetric_units=4))
    every = compute_half_map_statistics(study, HalfMapStatisticsParams(asymmetric_units=1))
    assert ours.information == told.information == pytest.approx(every.information / 4, rel=0.3)
    np.testing.assert_array_equal(ours.fdr_limit.y, told.fdr_limit.y)
    assert np.all(ours.fdr_limit.y[3:] > every.fdr_limit.y[3:])
    shared = study.noise.shared
    assert shared.scatter < 1.6 and shared.error == pytest.approx(2 * plain.noise.shared.error, rel=0.25)


def test_directions_that_a_symmetry_relates_are_one():
    pair, other = halves("D2", signal=6.0), halves("C1", signal=6.0)
    ours, plain = (compute_directional_fsc(Study(half1=p[0], half2=p[1]), DirectionalFscParams()) for p in (pair, other))
    assert ours.effective_directions == pytest.approx(plain.effective_directions / 4)
    np.testing.assert_array_equal(copies_around("D2", np.eye(3)), [4, 4, 4])
    np.testing.assert_array_equal(copies_around("C5", np.eye(3)), [1, 1, 5])
    np.testing.assert_array_equal(copies_around("none", np.eye(3)), [1, 1, 1])


def test_a_shift_is_no_symmetry():
    """The difference of half-maps that do not lie on each other is signal, which a symmetric molecule repeats."""
    one, two = halves("C1", signal=40.0)
    moved = two.with_data(np.roll(two.data, 1, axis=0))
    study = Study(half1=one, half2=moved)
    assert study.half_maps.imposed == "none" and study.half_maps.imposed_order == 1


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("case", ["p96", "t160", "rna128", "low96", "d2_160", "c5_200"])
def test_no_symmetry_is_seen_where_none_was_imposed(case, sim_case):
    folder = sim_case(case)
    study = Study(**{k: read_map(str(folder / f"{case}_{k}.mrc")) for k in ("half1", "half2")})
    assert study.half_maps.imposed == "none" and study.half_maps.imposed_order == 1
    np.testing.assert_array_equal(study.fsc_curves().unmasked.count, study.half_sums().count)
