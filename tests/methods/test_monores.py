"""MonoRes: noise of known strength, half-maps of known resolution, Xmipp's rules written out."""
from __future__ import annotations

import naive_monogenic as naive
import numpy as np
import pytest

from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.methods.local_resolution import monores_xmipp as xmipp
from cryoqa_plugin.methods.local_resolution.monores import MonoresParams, compute_monores
from cryoqa_plugin.methods.local_resolution.monores_inputs import threshold_of
from cryoqa_plugin.methods.local_resolution.monores_sweep import Fall, Window
from cryoqa_plugin.study import Study

ORIGIN = (3.0, -4.0, 5.0)


def _radii(shape):
    z, y, x = ((np.arange(n) - n // 2) for n in shape)
    return np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2)


def _low_passed(data, frequency):
    kz, ky, kx = naive.frequencies(data.shape)
    u = np.sqrt(kz ** 2 + ky ** 2 + kx ** 2)
    return np.fft.irfftn(np.fft.rfftn(data) * np.exp(-(u / frequency) ** 24), s=data.shape, axes=(0, 1, 2))


def _inputs(shape=(48, 48, 48), frequency=0.2, noise=1.0, voxel=(1.0, 1.0, 1.0), two=None):
    """A ball of detail up to ``frequency`` (on its right half up to ``two``), twice in white noise; the ball as mask.

    Up to its end the detail is three times as strong as noise of 1 in each Fourier coefficient.
    """
    rng = np.random.default_rng(4)
    detail = rng.standard_normal(shape)
    signal = 3 * _low_passed(detail, frequency)
    if two:
        fine = 3 * _low_passed(detail, two)
        right = np.clip((np.arange(shape[2]) - shape[2] // 2) / 8 + 0.5, 0, 1)               # the halves flow into each other
        signal = signal * (1 - right) + right * fine
    mask = np.clip((0.33 * min(shape) - _radii(shape)) / 3 + 0.5, 0, 1)
    halves = [(signal * mask + noise * rng.standard_normal(shape)).astype(np.float32) for _ in range(2)]
    made = dict(half1=halves[0], half2=halves[1], mask=mask.astype(np.float32))
    return Study(**{k: Map(v, voxel, ORIGIN, path=f"{k}.mrc") for k, v in made.items()})


def run(inputs, **values):
    return compute_monores(inputs, MonoresParams(**values))


@pytest.fixture(scope="module")
def inputs():
    return _inputs()


@pytest.fixture(scope="module")
def single(inputs):
    mean = (inputs.half1.data + inputs.half2.data) / 2
    return Study(full_map=inputs.half1.with_data(mean, "mean.mrc"), mask=inputs.mask)


# cryoqa's rules

@pytest.mark.parametrize("frequency", [0.25, 0.35])
def test_the_resolution_of_uniform_detail(frequency):
    result = run(_inputs(frequency=frequency))
    assert result.median == pytest.approx(1 / frequency, rel=0.12)
    assert result.spread < 0.5 * result.median and result.unresolved_fraction == 0


def test_finer_detail_has_better_resolution():
    inputs = _inputs(shape=(64, 64, 64), frequency=0.15, two=0.35)
    values = run(inputs, window=3.0).resolution_map.data
    inside = inputs.mask.data >= 0.9
    left, right = np.median(values[..., :26][inside[..., :26]]), np.median(values[..., 38:][inside[..., 38:]])
    assert left > 1.5 * right


def test_map_and_numbers(inputs):
    result = run(inputs)
    out, inside = result.resolution_map, inputs.mask.data >= 0.5
    assert out.origin == ORIGIN and out.data.dtype == np.float32 and out.shape == inputs.half1.shape
    assert (out.data[~inside] == 0).all() and (out.data[inside] > 0).all()
    assert result.mask_fraction == inside.mean() and result.mask_source == "given" and result.warnings == ()
    assert result.median == pytest.approx(np.median(out.data[inside]))
    assert result.p5 <= result.p25 <= result.median <= result.p75 <= result.p95
    assert result.histogram.y.sum() == pytest.approx(100) and result.cumulative.y[-1] == pytest.approx(100)
    assert len(result.sweep.rows) <= 24 and result.sweep.rows[0][0] == pytest.approx(result.lowest_resolution)
    assert not result.half_maps_identical and result.half_maps_scale == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("shape, voxel", [((40, 45, 51), (1.3, 1.3, 1.3)), ((41, 41, 41), (1.0, 1.0, 1.1))])
@pytest.mark.parametrize("rules", ["cryoqa", "xmipp"])
def test_odd_and_oblong_boxes(shape, voxel, rules):
    result = run(_inputs(shape, voxel=voxel), rules=rules)
    assert result.resolution_map.shape == shape
    assert 2 * max(voxel) < result.median < 12 * voxel[0]


@pytest.mark.heavy
def test_parameters_do_something(inputs):
    plain = run(inputs)
    assert run(inputs, significance=0.6).median < plain.median
    assert run(inputs, window=1.0).spread > plain.spread
    assert len(run(inputs, levels=8).sweep.rows) <= 8
    assert run(inputs, start=30.0).sweep.rows[0][0] == pytest.approx(30)
    assert run(inputs, resolution=4.0).lowest_resolution == 20
    assert run(inputs, gaussian_noise=True).sweep.rows[3][1] != plain.sweep.rows[3][1]
    whole = run(inputs, noise_inside=False)
    assert whole.noise_source != plain.noise_source and whole.sweep.rows[3][1] != plain.sweep.rows[3][1]


def test_the_fall_is_interpolated_and_asks_for_two_failures():
    fall = Fall(4)
    for f, ratio in ((0.1, [2, 2, 2, 0.5]), (0.2, [1.5, 0.5, 2, 0.5]), (0.3, [0.5, 2.0, 2, 3]), (0.4, [0.1, 0.0, 2, 3])):
        fall.add(f, np.array(ratio, np.float32))
    assert fall.frequency == pytest.approx([0.25, 0.35, 0.4, 0.1]) and list(fall.done) == [True, False, False, True]


@pytest.mark.parametrize("sigma", [0.7, 2.0, 5.0])
def test_window_means_are_those_of_a_gaussian_inside(sigma):
    rng = np.random.default_rng(8)
    inside, values = rng.random((12, 13, 14)) > 0.6, rng.random((12, 13, 14)).astype(np.float32)
    voxel = (1.2, 1.0, 0.9)
    window = Window(inside, voxel, sigma)
    assert window.mean(np.full(inside.shape, 5, np.float32)) == pytest.approx(5, rel=1e-5)
    places = np.argwhere(inside) * voxel[::-1]
    weights = np.exp(-((places[:, None] - places[None]) ** 2).sum(axis=2) / (2 * sigma ** 2))
    np.testing.assert_allclose(window.mean(values), weights @ values[inside] / weights.sum(axis=1), rtol=2e-5)


@pytest.mark.heavy
def test_single_map(inputs, single):
    result = run(single)
    assert result.noise_source == "solvent of the map" and result.half_maps_identical is None
    assert result.median == pytest.approx(run(inputs).median, rel=0.4)


def test_without_a_mask_one_is_made_and_said(inputs):
    for rules in ("cryoqa", "xmipp"):
        result = run(inputs.with_(mask=None), rules=rules)
        assert result.mask_source == "made" and any("No mask" in w for w in result.warnings)


# what is wrong with the input

def test_copies_are_said(inputs):
    result = run(inputs.with_(half2=inputs.half1))
    assert result.half_maps_identical and "copies" in result.summary


def test_masked_half_maps_are_said(inputs):
    cut = {k: getattr(inputs, k).with_data(getattr(inputs, k).data * inputs.mask.data) for k in ("half1", "half2")}
    assert run(inputs.with_(**cut)).half_maps_masked


def test_noise_alone_is_said():
    rng = np.random.default_rng(9)
    inputs = _inputs(noise=1.0)
    noise = {k: inputs.half1.with_data(rng.standard_normal((48, 48, 48)).astype(np.float32)) for k in ("half1", "half2")}
    result = run(inputs.with_(**noise))
    assert result.unresolved_fraction > 0.3 and any("below 0.143" in w for w in result.warnings)


def test_refused(inputs, single):
    with pytest.raises(MissingInputError, match="none was given"):
        run(Study())
    with pytest.raises(MissingInputError, match="Half-map 2"):
        run(inputs.with_(half2=None))
    with pytest.raises(InputError, match="begin at a larger"):
        run(inputs, start=2.0)
    with pytest.raises(InputError, match="reaches 0.5"):
        run(inputs.with_(mask=inputs.mask.with_data(inputs.mask.data * np.float32(0.4))))
    with pytest.raises(InputError, match="of the box is solvent"):
        run(single.with_(mask=inputs.mask.with_data(np.ones_like(inputs.mask.data))))
    tiny = {k: Map(getattr(inputs, k).data[:12], (1.0, 1.0, 1.0), path="t.mrc") for k in ("half1", "half2", "mask")}
    with pytest.raises(InputError, match="at least 16"):
        run(Study(**tiny))


# Xmipp's rules

@pytest.mark.parametrize("n, inside", [(48, True), (45, True), (48, False)])
def test_xmipp_rules_written_out(n, inside):
    inputs = _inputs((n, n, n), frequency=0.3)
    h1, h2 = (m.data.astype(float) for m in (inputs.half1, inputs.half2))
    expected = naive.monores(h1, h2, inputs.mask.data >= 0.5, 1.0, 14.0, noise_inside=inside)
    found = run(inputs, rules="xmipp", start=14.0, noise_inside=inside).resolution_map.data
    assert np.mean(np.abs(found - expected) < 1e-4) > 0.99


@pytest.mark.heavy
def test_xmipp_parameters(inputs):
    plain = run(inputs, rules="xmipp", start=14.0)
    assert plain.window is None and plain.median > 1 / 0.2 * 0.7
    assert len(run(inputs, rules="xmipp", start=14.0, step=2.0).sweep.rows) < len(plain.sweep.rows)
    assert run(inputs, rules="xmipp", start=14.0, gaussian_noise=True).sweep.rows[0][1] != plain.sweep.rows[0][1]


def test_xmipp_single_map(single):
    result = run(single, rules="xmipp", start=14.0)
    assert 2 < result.median < 10 and result.noise_source == "solvent of the map"


def test_lattice():
    assert xmipp.lattice(96.0, 1.0, 13.0, 0.5) == naive.lattice(96, 1.0, 13.0, 0.5)
    assert xmipp.lattice(96.0, 1.0, 13.0, 0.5)[-4:] == [27, 32, 38, 48]


def test_cliff():
    data = np.random.default_rng(0).standard_normal((40, 40, 40)).astype(np.float32)
    inside = _radii(data.shape) < 8
    assert xmipp.cliff(data, inside) == naive.cliff(data, inside)[0] == 20
    data[_radii(data.shape) >= 14] = 0
    assert xmipp.cliff(data, inside) == naive.cliff(data, inside)[0] < 20


def test_threshold():
    noise = np.arange(1000, dtype=np.float32)[::-1].copy()
    assert threshold_of(noise, 0.95, False)[:2] == (950.0, pytest.approx(499.5))
    assert threshold_of(noise, 0.95, True)[0] == pytest.approx(499.5 + 1.6449 * noise.std(), rel=1e-4)
