"""Noise of half-maps by direction: which views are missing."""
from __future__ import annotations

import numpy as np
import pytest

import naive_cones
from cryoqa_plugin.core import directions, fourier
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.directional_noise import CELLS_PER_EDGE, directional_noise, first_shell
from directional_cases import halves, inputs, soft_ball, with_a_cap

AXES = [(0, 0, 1), (1, 0.2, 0), (0.5, -0.7, 0.6)]
CAP = 1 - np.cos(np.deg2rad(30))


def _noise(study):
    """The noise by direction, without asking first how the half-maps lie on each other."""
    return directional_noise(study.half_cells, study.geometry)


def _apart(a, b):
    return np.rad2deg(np.arccos(min(abs(float(np.dot(a, b))) / np.linalg.norm(b), 1)))


def test_it_is_that_of_a_plain_sum_over_coefficients():
    """Half-map 2 has twice the scale and noise of its own by direction."""
    study = with_a_cap(35, noise=4.0, shape=(24, 27, 25), b=20.0)
    study = study.with_(half2=study.half2.with_data(study.half2.data * 2))
    found, geo = study.directional_noise, study.geometry
    f1, f2 = (np.fft.rfftn(m.data.astype(float)) for m in (study.half1, study.half2))
    v = naive_cones.vectors(study.half1.shape)
    r, weight = naive_cones.radius(study.half1.shape, (1.0, 1.0, 1.0))
    shell, cell = (r + 0.5).astype(int), naive_cones.cell_of(v, CELLS_PER_EDGE)
    curve = [((np.conj(f1) * f2).real * weight)[shell == i].sum()
             / np.sqrt((abs(f1[shell == i]) ** 2 * weight[shell == i]).sum() * (abs(f2[shell == i]) ** 2 * weight[shell == i]).sum())
             for i in range(geo.n_shells)]
    assert min(curve[1:]) > 0.143, "so that all shells up to Nyquist count"
    total, n = np.zeros(507), np.zeros(507)
    for i in range(first_shell(geo, geo.n_shells - 1), geo.n_shells):
        here = shell == i
        a, b, w = f1[here], f2[here], weight[here]
        k = np.sqrt((w * abs(a) ** 2).sum() / (w * abs(b) ** 2).sum())
        noise = w * abs(a - k * b) ** 2 / 2
        np.add.at(total, cell[here], noise / (noise.sum() / w.sum()))
        np.add.at(n, cell[here], w)
    np.testing.assert_allclose(found.weight, n)
    mean = total[n > 0] / n[n > 0]
    np.testing.assert_allclose(found.relative[n > 0], mean / np.median(mean), rtol=1e-4)
    centres, z = directions.cell_centres(CELLS_PER_EDGE), np.eye(3)[2]
    near = np.abs(centres @ z) >= np.cos(np.deg2rad(20))
    assert found.around(z[None])[0] == pytest.approx(np.average(found.relative[near], weights=n[near]))


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("amplitude", [0.0, 0.15])
def test_a_cap_without_views_is_empty_or_damped(axis, amplitude):
    found = _noise(with_a_cap(30, noise=amplitude ** 2, signal=amplitude ** 2, axis=axis))
    assert found.empty and found.uneven and found.strength < 0
    assert _apart(found.axis, axis) < 2 and found.axis_error < 1
    assert 0.8 * CAP < found.empty_fraction < CAP
    assert np.isnan(found.around(np.array([axis]) / np.linalg.norm(axis)))[0]
    across = np.cross(axis, (0.1, 0.9, 0.3))
    assert found.around(across[None] / np.linalg.norm(across))[0] == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("noise, angle", [(10.0, 30), (3.0, 40), (2.0, 30)])
def test_a_cap_with_few_views_is_noisy(axis, noise, angle):
    found = _noise(with_a_cap(angle, noise=noise, axis=axis, seed=3))
    assert found.uneven and not found.empty and found.empty_fraction == 0 and found.strength > 0
    assert _apart(found.axis, axis) < 2 and found.ratio == pytest.approx(noise, rel=0.15)


def test_side_views_alone_leave_an_axis_quiet():
    found = with_a_cap(40, noise=0.25).directional_noise
    assert found.uneven and not found.empty and found.strength < 0
    assert _apart(found.axis, (0, 0.3, 1)) < 2 and found.ratio == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("options", [dict(shape=(48, 48, 48), bfactors=(100.0,) * 3), dict(shape=(32, 36, 30), bfactors=(30.0,) * 3),
                                     dict(shape=(18, 18, 18), bfactors=(30.0,) * 3), dict(bfactors=(70.0, 90.0, 150.0))])
def test_even_noise_is_called_so(options, seed):
    """Whatever the signal does, and in boxes of few coefficients too."""
    found = _noise(inputs(seed=seed, **options))
    assert not found.uneven and found.kept.all() and found.empty_fraction == 0
    assert found.z < 10 and (max(options.get("shape", (48,))) < 48 or found.ratio < 1.2)


@pytest.mark.parametrize("how", ["masked", "damped solvent", "noisy centre", "blurred"])
def test_what_is_done_to_both_halves_in_real_space_does_no_harm(how):
    one, two = halves(shape=(64, 64, 64), bfactors=(100.0,) * 3, seed=8)
    ball = soft_ball()
    factor = {"masked": ball, "damped solvent": 0.05 + 0.95 * ball, "noisy centre": 1 + ball, "blurred": 1.0}[how]
    maps = [m.with_data((m.data * factor).astype(np.float32)) for m in (one, two)]
    if how == "blurred":
        s2 = sum(f ** 2 for f in np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64), np.fft.rfftfreq(64), indexing="ij"))
        maps[1] = two.with_data(np.fft.irfftn(1.35 * np.exp(-30 * s2 / 4) * np.fft.rfftn(two.data), two.shape).astype(np.float32))
    found = _noise(Study(half1=maps[0], half2=maps[1]))
    assert not found.uneven and found.ratio < 1.3


def test_beyond_the_edge_of_a_low_pass_nothing_counts():
    one, two = halves(shape=(64, 64, 64), bfactors=(100.0,) * 3, seed=9)
    s = np.sqrt(sum(f ** 2 for f in np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64), np.fft.rfftfreq(64), indexing="ij")))
    low = [m.with_data(np.fft.irfftn(np.fft.rfftn(m.data) * (s < 0.3), m.shape).astype(np.float32)) for m in (one, two)]
    study = Study(half1=low[0], half2=low[1])
    assert study.half_maps.filtered_at == pytest.approx(1 / 0.3, rel=0.03)
    assert not study.directional_noise.uneven


def test_without_noise_there_is_nothing_to_tell():
    one, two = halves(shape=(32, 32, 32))
    assert Study(half1=one, half2=one).directional_noise is None
    moved = Map(np.roll(two.data, 3, axis=2), two.voxel_size)
    assert Study(half1=one, half2=moved).directional_noise is None


def test_the_mask_changes_nothing():
    plain, masked = (with_a_cap(30, noise=3.0, mask=m).directional_noise for m in (None, soft_ball()))
    np.testing.assert_array_equal(plain.relative, masked.relative)


def test_first_shell():
    geo = fourier.geometry((100, 100, 100), (1.5, 1.5, 1.5))
    assert first_shell(geo, 60) == 8 and first_shell(geo, 10) == 5 and first_shell(geo, 4) == 3
    assert first_shell(fourier.geometry((32, 32, 32)), 15) == 3
