"""Directional FSC of half-maps whose signal-to-noise ratio is known in every direction."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cryoqa_plugin.core import directions
from cryoqa_plugin.core.cones import Cone
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.methods.resolution import directional_shape as shape
from cryoqa_plugin.methods.resolution.directional_fsc import DirectionalFscParams, compute_directional_fsc
from cryoqa_plugin.study import Study
from directional_cases import expected, halves, inputs, with_a_cap

QUICK = DirectionalFscParams(volume=False)
ANISOTROPIC = (70.0, 90.0, 150.0)                  # B along x, y, z (Å²)


@pytest.fixture(scope="module")
def anisotropic():
    return compute_directional_fsc(inputs(shape=(64, 64, 64), bfactors=ANISOTROPIC), DirectionalFscParams())


def test_resolution_along_each_axis(anisotropic):
    for name, b in zip("xyz", ANISOTROPIC):
        assert getattr(anisotropic, "resolution_" + name) == pytest.approx(expected(b), abs=0.12)
    for got, b in ((anisotropic.fitted_best, 70), (anisotropic.fitted_middle, 90), (anisotropic.fitted_worst, 150)):
        assert got == pytest.approx(expected(b), rel=0.03)
    assert anisotropic.resolution_ratio == pytest.approx(np.sqrt(150 / 70), rel=0.05)
    assert anisotropic.isotropic is False and anisotropic.bingham_p < 1e-4
    assert anisotropic.resolution_best < anisotropic.resolution_median < anisotropic.resolution_worst
    assert "depends on direction" in anisotropic.summary and " along z against" in anisotropic.summary
    assert "and not the views" in anisotropic.summary and anisotropic.noise_ratio < 1.2 and anisotropic.empty_fraction == 0


def test_tensor_of_the_signal(anisotropic):
    """B = 8 pi² U; the tensor is given less its mean."""
    u = np.array(ANISOTROPIC) / (8 * np.pi ** 2)
    u -= u.mean()
    got = np.array([anisotropic.u_xx, anisotropic.u_yy, anisotropic.u_zz])
    np.testing.assert_allclose(got, u, atol=4 * anisotropic.u_error)
    assert max(abs(anisotropic.u_xy), abs(anisotropic.u_xz), abs(anisotropic.u_yz)) < 4 * anisotropic.u_error
    assert got.sum() == pytest.approx(0, abs=1e-9)
    assert anisotropic.u_range == pytest.approx(np.ptp(u), abs=0.05) and anisotropic.u_error < 0.02
    expected_ratio = np.exp(2 * np.pi ** 2 * anisotropic.u_range / anisotropic.resolution_global ** 2)
    assert anisotropic.fall_off_ratio == pytest.approx(expected_ratio)
    assert "signal falls off faster along z" in anisotropic.summary


def test_more_noise_in_one_direction_is_not_a_fall_off_of_the_signal():
    """Few views of a direction leave the signal and raise the noise: the resolution depends on direction and the tensor does not."""
    result = compute_directional_fsc(inputs(shape=(64, 64, 64), bfactors=(90.0,) * 3, noise=(0, 0, -70.0)), QUICK)
    assert result.resolution_ratio > 1.2 and result.isotropic is False
    assert result.resolution_z > result.resolution_x + 0.3
    assert result.u_range < 6 * result.u_error
    assert "side views, with the beam across z" in result.summary and result.fall_off_ratio < 2


def test_nothing_depends_on_the_names_of_the_axes():
    """The tensor of a rotated map is the rotated tensor: x and y change places."""
    one, two = halves(bfactors=ANISOTROPIC, seed=4)
    turned = [Map(np.ascontiguousarray(m.data.transpose(0, 2, 1)), m.voxel_size) for m in (one, two)]
    a = compute_directional_fsc(Study(half1=one, half2=two), QUICK)
    b = compute_directional_fsc(Study(half1=turned[0], half2=turned[1]), QUICK)
    assert (b.u_xx, b.u_yy, b.u_zz) == pytest.approx((a.u_yy, a.u_xx, a.u_zz), abs=2e-3)
    assert b.resolution_x == pytest.approx(a.resolution_y, abs=1e-3)


@pytest.mark.parametrize("angle, noise", [(15, 20), (20, 20), (25, 4), (35, 4)])
def test_a_cap_without_data_is_found(angle, noise):
    result = compute_directional_fsc(with_a_cap(angle, noise), QUICK)
    assert result.isotropic is False and result.noise_ratio > 2 and result.noise_axis_error < 2
    name, which, *axis, value = result.axes.rows[-1]
    assert (name, which) == ("noise", "highest") and value > 2
    assert abs(np.array(axis) @ (0, 0.3, 1)) / np.hypot(0.3, 1) > np.cos(np.deg2rad(2))
    assert result.noise_axis in result.summary and "are few" in result.summary


def test_isotropic_half_maps_are_called_so():
    result = compute_directional_fsc(inputs(bfactors=(100.0,) * 3), QUICK)
    assert result.isotropic is True and result.resolution_ratio < 1.1
    assert result.u_range < 0.06 and result.area_ratio > 0.85 and result.cfar > 0.7 and result.noise_ratio < 1.15
    assert result.noise_axis is None and result.noise_axis_error is None and result.empty_fraction == 0
    assert result.resolution_global == pytest.approx(expected(100), abs=0.08)
    assert "same in all directions" in result.summary and "no sign of preferred" in result.summary


@pytest.mark.heavy
def test_bingham_is_calibrated_on_isotropic_half_maps():
    """At 5 % about 5 % are called uneven; counting all 321 directions, as the usual formula does, calls far more so."""
    p, naive, scatter = [], [], []
    for seed in range(80):
        result = compute_directional_fsc(inputs(bfactors=(100.0,) * 3, seed=seed), QUICK)
        p.append(result.bingham_p)
        scatter.append(result.regional_scatter)
        assert result.isotropic
        m = result.effective_directions / 321 / (1 - result.bingham_fso)
        naive.append(shape.chdtrc(5, result.bingham_statistic / m))
    assert np.mean(np.array(p) < 0.05) < 0.12 and 0.3 < np.median(p) < 0.7
    assert np.mean(np.array(naive) < 0.05) > 0.2
    assert np.quantile(scatter, 0.95) < 6 and 3 < np.median(scatter) < 5.5


def test_bingham_statistic_follows_chi_squared_for_independent_axes():
    rng = np.random.default_rng(2)
    found = []
    for _ in range(400):
        axes = rng.standard_normal((400, 3))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        passing = np.zeros(400, bool)
        passing[:40] = True
        found.append(shape.bingham(axes, passing, 400).statistic * 0.9)
    assert np.mean(found) == pytest.approx(5, abs=0.5)
    assert np.mean(np.array(found) > 11.07) == pytest.approx(0.05, abs=0.03)
    assert shape.bingham(axes, np.ones(400, bool), 400) is None and shape.bingham(axes, np.zeros(400, bool), 400) is None
    ring = np.abs(axes[:, 2]) < 0.3
    assert shape.bingham(axes, ring, 400).p < 1e-6


def test_effective_directions_grow_with_narrower_cones():
    axes = directions.half_directions(3)
    wide, narrow = (shape.effective_directions(axes, Cone(a)) for a in (25.0, 10.0))
    assert wide.mean < narrow.mean < 321 and wide.spread < narrow.spread < 321 and narrow.mean < narrow.spread


@pytest.mark.parametrize("stretch", [(1, 1, 1), (1, 1, 0.8), (1, 1, 0.5)])
def test_sphericity_of_a_spheroid(stretch):
    sphere = directions.icosphere(3)
    axes = sphere.vertices[sphere.half]
    radius = 1 / np.sqrt((axes ** 2 / np.array(stretch) ** 2).sum(axis=1))
    c = stretch[2]
    e = np.sqrt(1 - c * c)
    surface = 4 * np.pi if c == 1 else 2 * np.pi * (1 + (1 - e * e) / e * np.arctanh(e))
    truth = np.pi ** (1 / 3) * (6 * 4 / 3 * np.pi * c) ** (2 / 3) / surface
    assert shape.sphericity(sphere, radius) == pytest.approx(truth, abs=2e-3)
    radius[3] = np.nan
    assert shape.sphericity(sphere, radius) is None


def test_fit_recovers_its_axes_in_spite_of_outliers():
    axes = directions.half_directions(3)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    at = ((axes @ rotation.T) ** 2 @ np.array([0.3, 0.35, 0.4]) ** -2.0) ** -0.5
    at[::20] = 0.5
    found = shape.smooth_axes(axes, at)
    np.testing.assert_allclose(found.values, [0.3, 0.35, 0.4], atol=0.004)
    np.testing.assert_allclose(np.abs(np.sum(found.vectors * rotation, axis=1)), 1, atol=0.02)
    at[5:] = np.nan
    assert shape.smooth_axes(axes, at) is None


def test_occupancy_and_curves(anisotropic):
    r = anisotropic
    assert r.fso_09 > r.fso_05 > r.fso_01 and r.fso_width == pytest.approx(r.fso_09 - r.fso_01)
    assert np.all((r.fso.y >= 0) & (r.fso.y <= 1)) and np.all(r.fso.lower <= r.fso.y + 1e-12) and np.all(r.fso.upper >= r.fso.y - 1e-12)
    assert r.fso.y[2] == 1 and r.fso.y[-1] < 0.2
    for name in ("fsc_x", "fsc_y", "fsc_z", "fsc_best", "fsc_worst", "fsc_directions", "fsc_global"):
        c = getattr(r, name)
        assert len(c.x) == len(c.y) == 32 and c.y.max() <= 1.0001
    assert np.all(r.fsc_directions.lower <= r.fsc_directions.y) and np.all(r.fsc_x.lower <= r.fsc_x.y)
    assert r.fsc_best.y[10:25].mean() > r.fsc_worst.y[10:25].mean()
    assert len(r.directions.rows) == 321 and len(r.axes.rows) == 9
    assert max(row[4] for row in r.directions.rows) == pytest.approx(1)
    assert min(row[4] for row in r.directions.rows) == pytest.approx(r.area_ratio)
    worst = r.axes.rows[0]
    assert worst[:2] == ("resolution", "worst") and abs(worst[4]) > 0.99 and worst[5] == pytest.approx(r.fitted_worst)
    assert r.axes.rows[7][:2] == ("signal fall-off", "fastest") and abs(r.axes.rows[7][4]) > 0.99
    assert r.axes.rows[3][:2] == ("region", "worst") and abs(r.axes.rows[3][4]) > 0.95 and r.axes.rows[3][5] == r.regional_worst
    assert r.regional_ratio == pytest.approx(r.regional_worst / r.regional_best) and r.regional_best == r.axes.rows[4][5]


def test_volume_is_the_fsc_in_reciprocal_space(anisotropic):
    volume = anisotropic.fsc3d.data
    assert volume.shape == (64, 64, 64) and volume.dtype == np.float32
    assert volume[32, 32, 32] == 1 and volume[0, 0, 0] == 0
    np.testing.assert_allclose(volume[1:, 1:, 1:], volume[1:, 1:, 1:][::-1, ::-1, ::-1], atol=1e-6)
    for i, name in enumerate("xyz"):
        index = [32, 32, 32]
        index[2 - i] = slice(38, 56)
        apart = volume[tuple(index)] - getattr(anisotropic, "fsc_" + name).y[5:23]
        assert abs(apart).mean() < 0.08
    assert volume[32, 32, 50] > volume[50, 32, 32] + 0.2, "z is the worst axis"


def test_parameters_change_what_they_say():
    data = inputs(bfactors=(100.0,) * 3, seed=2)
    base = compute_directional_fsc(data, QUICK)
    assert base.fsc3d is None
    strict = compute_directional_fsc(data, DirectionalFscParams(volume=False, threshold=0.5))
    assert strict.resolution_median > base.resolution_median + 0.2
    wide = compute_directional_fsc(data, DirectionalFscParams(volume=False, cone=35.0))
    assert wide.resolution_worst - wide.resolution_best < 0.7 * (base.resolution_worst - base.resolution_best)
    assert wide.effective_directions < base.effective_directions
    hard = compute_directional_fsc(data, DirectionalFscParams(volume=False, soft_cone=False))
    assert hard.resolution_worst != base.resolution_worst and hard.effective_directions < base.effective_directions
    low = compute_directional_fsc(data, DirectionalFscParams(volume=False, sphericity_threshold=0.143))
    assert low.sphericity != base.sphericity and low.resolution_x == base.resolution_x
    sure = compute_directional_fsc(data, DirectionalFscParams(volume=False, confidence=0.6))
    assert np.all((sure.fsc_x.upper - sure.fsc_x.lower)[3:] < (base.fsc_x.upper - base.fsc_x.lower)[3:])
    one, two = (compute_directional_fsc(data, DirectionalFscParams(volume_cone=a)).fsc3d.data for a in (12.0, 40.0))
    assert one[24, 24, 34:44].std() >= 0 and not np.array_equal(one, two)


def test_rules_of_xmipp():
    data = inputs(bfactors=(100.0,) * 3, seed=2)
    ours, theirs = (compute_directional_fsc(data, DirectionalFscParams(volume=False, rules=r)) for r in ("cryoqa", "xmipp"))
    np.testing.assert_array_equal(theirs.fso.y[:4], 1)
    np.testing.assert_allclose(theirs.fso.y[4:-1], ours.fso.y[4:-1])
    shell = ours.fsc_x.x[0]
    at = np.array([1 / row[3] for row in theirs.directions.rows])
    np.testing.assert_allclose(at / shell, np.rint(at / shell), atol=1e-6)
    mine = np.array([1 / row[3] for row in ours.directions.rows])
    assert np.mean((at - mine >= -1e-9) & (at - mine <= shell)) > 0.98
    with pytest.raises(InputError, match="cubic boxes"):
        compute_directional_fsc(inputs(shape=(24, 32, 32)), DirectionalFscParams(rules="xmipp"))


def test_mask_is_applied():
    one, two = halves(bfactors=(100.0,) * 3)
    mask = np.zeros(one.shape, np.float32)
    mask[12:36, 12:36, 12:36] = 1
    plain = compute_directional_fsc(Study(half1=one, half2=two), QUICK)
    masked = compute_directional_fsc(Study(half1=one, half2=two, mask=Map(mask, one.voxel_size)), QUICK)
    wider = (masked.fsc_x.upper - masked.fsc_x.lower) - (plain.fsc_x.upper - plain.fsc_x.lower)
    assert wider[18:].min() > 0, "a mask leaves fewer independent coefficients"
    assert masked.resolution_x != plain.resolution_x


def test_boxes_that_are_neither_even_nor_cubic():
    result = compute_directional_fsc(inputs(shape=(40, 45, 51), bfactors=(100.0,) * 3), DirectionalFscParams())
    assert result.isotropic and result.resolution_global == pytest.approx(expected(100), abs=0.1)
    assert result.fsc3d.data.shape == (40, 45, 51) and result.fsc3d.data[20, 22, 25] == 1


def test_what_cannot_be_said_is_not_said():
    one, two = halves(shape=(32, 32, 32))
    rng = np.random.default_rng(8)
    noise = [Map(rng.standard_normal((32, 32, 32)).astype(np.float32), one.voxel_size) for _ in range(2)]
    result = compute_directional_fsc(Study(half1=noise[0], half2=noise[1]), QUICK)
    assert result.u_xx is None and "share no signal" in result.summary and result.resolution_median is None and result.isotropic is None
    assert result.directions is None and len(result.fsc_global.y) == 16
    moved = compute_directional_fsc(Study(half1=one, half2=one.with_data(np.roll(two.data, 2, axis=1))), QUICK)
    assert "half-map 2 is shifted by" in moved.summary and " 2.00, " in moved.summary and moved.resolution_x is None and moved.cfar is None
    same = compute_directional_fsc(Study(half1=one, half2=one), QUICK)
    assert same.half_maps_identical and "copies" in same.summary and same.resolution_global is None
    clear = compute_directional_fsc(inputs(bfactors=(1.0,) * 3, shape=(32, 32, 32)), QUICK)
    assert clear.reach_nyquist == 1 and "sampling" in clear.summary
    with pytest.raises(MissingInputError):
        compute_directional_fsc(Study(half1=one), QUICK)
    with pytest.raises(InputError, match="at least 16"):
        compute_directional_fsc(inputs(shape=(12, 12, 12)), QUICK)


def test_golden(tiny_halves):
    """Against tests/golden/directional_fsc.json, made by this very computation when its numbers had been checked against Xmipp."""
    result = compute_directional_fsc(Study(**{k: tiny_halves[k] for k in ("half1", "half2", "mask")}), DirectionalFscParams())
    golden = json.loads((Path(__file__).parent.parent / "golden" / "directional_fsc.json").read_text())
    for name, value in golden.items():
        exact = value is None or isinstance(value, bool)
        assert getattr(result, name) == (value if exact else pytest.approx(value, rel=1e-4, abs=1e-6)), name
