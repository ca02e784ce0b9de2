"""ResMap: known resolutions, false discoveries, both rules, what is wrong with the input."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core.threads import set_threads
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.local_resolution.resmap import ResmapParams, compute_resmap
from cryoqa_plugin.study import Study

ORIGIN = (3.0, -4.0, 5.0)
# median |error| in Å and correlation with the truth inside the mask that are reached by cryoqa's rules
CASES = {"p96": (0.12, 0.78), "t160": (0.35, 0.78), "l160": (0.28, 0.78)}


def _inputs(shape=(48, 48, 48), frequency=0.2, voxel=(1.0, 1.0, 1.0), noise=1.0, coarse_side=None):
    """A ball of detail three times as strong as noise up to ``frequency``, on its left up to ``coarse_side``; twice in white noise."""
    rng = np.random.default_rng(4)
    u = np.sqrt(sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij", sparse=True)))
    z, y, x = np.meshgrid(*(np.arange(n) - n // 2 for n in shape), indexing="ij")
    r = np.sqrt(z * z + y * y + x * x)
    detail = np.fft.fftn(rng.standard_normal(shape))
    signal = np.fft.ifftn(detail * np.exp(-(u / frequency) ** 24)).real
    if coarse_side:
        right = np.clip(x / 8 + 0.5, 0, 1)
        signal = right * signal + (1 - right) * np.fft.ifftn(detail * np.exp(-(u / coarse_side) ** 24)).real
    mask = np.clip((0.33 * min(shape) - r) / 3 + 0.5, 0, 1)
    made = {f"half{i}": (3 * signal * mask + noise * rng.standard_normal(shape)).astype(np.float32) for i in (1, 2)}
    made["mask"] = mask.astype(np.float32)
    return Study(**{k: Map(v, voxel, ORIGIN, path=f"{k}.mrc") for k, v in made.items()})


def run(inputs, **values):
    return compute_resmap(inputs, ResmapParams(**values))


@pytest.fixture(scope="module")
def inputs():
    return _inputs()


@pytest.fixture(scope="module")
def single(inputs):
    return Study(full_map=inputs.half1.with_data((inputs.half1.data + inputs.half2.data) / 2, "mean.mrc"), mask=inputs.mask)


@pytest.mark.heavy
@pytest.mark.parametrize("frequency", [0.15, 0.25])
def test_the_resolution_of_uniform_detail(frequency):
    out = run(_inputs(frequency=frequency))
    assert 0.55 / frequency < out.median < 1.15 / frequency and out.unresolved_fraction == 0


@pytest.mark.heavy
@pytest.mark.parametrize("rules", ["cryoqa", "resmap"])
def test_finer_detail_has_better_resolution(rules):
    inputs = _inputs((64, 64, 64), frequency=0.35, coarse_side=0.13)
    values = run(inputs, rules=rules).resolution_map.data
    inside = inputs.mask.data >= 0.9
    assert np.median(values[..., :26][inside[..., :26]]) > 1.4 * np.median(values[..., 38:][inside[..., 38:]])


def test_map_and_numbers(inputs):
    out = run(inputs)
    data, inside = out.resolution_map.data, inputs.mask.data >= 0.5
    assert out.resolution_map.origin == ORIGIN and data.dtype == np.float32 and data.shape == inside.shape
    assert (data[~inside] == 0).all() and (data[inside] >= 2.29).all() and data.max() <= 10
    assert out.mask_fraction == inside.mean() and out.mask_source == "given" and out.noise_source == "half-maps" and not out.warnings
    assert out.median == pytest.approx(np.median(data[inside])) and out.p5 <= out.p25 <= out.median <= out.p75 <= out.p95
    assert out.histogram.y.sum() == pytest.approx(100)
    assert out.tests.rows[0][0] == out.finest_resolution == 2.3 and out.lowest_resolution == pytest.approx(9.8) and out.step == 0.5
    assert out.tests.rows[-1][5] == pytest.approx(out.unresolved_fraction)
    assert out.spectra.y[-3:] == pytest.approx(1, abs=0.4) and out.spectra.y[2] > 2


@pytest.mark.heavy
def test_parameters_do_something(inputs):
    plain = run(inputs)
    assert run(inputs, significance=0.0005, rules="resmap").median > run(inputs, rules="resmap").median
    assert run(inputs, window=0.4).tests.rows[0][2] > plain.tests.rows[0][2]
    assert run(inputs, least_signal=3.0).median > plain.median >= run(inputs, least_signal=0.0).median
    assert run(inputs, finest=4.5).p5 >= 4.5
    assert run(inputs, finest=3.0, coarsest=3.4, rules="resmap").resolution_map.data.max() < 3.5
    assert len(run(inputs, step=0.25).tests.rows) > len(plain.tests.rows)
    program = run(inputs, rules="resmap", step=1.0)
    steps = program.resolution_map.data[inputs.mask.data >= 0.5] - 2.2
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-5)
    assert program.median > plain.median


@pytest.mark.heavy
def test_noise_alone_passes_rarely():
    rng = np.random.default_rng(9)
    base = _inputs()
    noise = {k: base.half1.with_data(rng.standard_normal((48, 48, 48)).astype(np.float32)) for k in ("half1", "half2")}
    out = run(base.with_(**noise), rules="resmap")
    assert out.unresolved_fraction > 0.9 and any("is above the noise" in w for w in out.warnings)
    assert run(base.with_(**noise)).nyquist_fraction < 0.2


@pytest.mark.heavy
def test_single_map(inputs, single):
    for rules in ("cryoqa", "resmap"):
        out = run(single, rules=rules)
        assert out.noise_source == "solvent of the map" and out.half_maps_identical is None
        assert out.median == pytest.approx(run(inputs, rules=rules).median, rel=0.4)


@pytest.mark.heavy
@pytest.mark.parametrize("shape, voxel", [((40, 45, 51), (1.3, 1.3, 1.3)), ((41, 41, 41), (1.0, 1.0, 1.1))])
@pytest.mark.parametrize("rules", ["cryoqa", "resmap"])
def test_odd_and_oblong_boxes(shape, voxel, rules):
    out = run(_inputs(shape, voxel=voxel), rules=rules)
    assert out.resolution_map.shape == shape and 2 * max(voxel) <= out.median < 9 * voxel[0]


@pytest.mark.heavy
def test_scale_order_and_threads_do_not_matter(inputs):
    one = run(inputs).resolution_map.data
    other = inputs.with_(half1=inputs.half2.with_data(inputs.half2.data * 7), half2=inputs.half1.with_data(inputs.half1.data * 7))
    np.testing.assert_allclose(run(other).resolution_map.data, one, atol=2e-3)
    set_threads(1)
    again = run(inputs).resolution_map.data
    set_threads(0)
    np.testing.assert_allclose(again, one, rtol=1e-6)


@pytest.mark.heavy
def test_without_a_mask_one_is_made_and_said(inputs, single):
    for given in (inputs, single):
        out = run(given.with_(mask=None))
        assert out.mask_source == "made" and "No mask" in out.warnings[0] and "in a mask made from the map" in out.summary


@pytest.mark.heavy
def test_copies_and_masked_half_maps_are_said(inputs):
    same = run(inputs.with_(half2=inputs.half1))
    assert same.half_maps_identical and "copies" in same.summary
    cut = {k: getattr(inputs, k).with_data(getattr(inputs, k).data * inputs.mask.data) for k in ("half1", "half2")}
    assert run(inputs.with_(**cut)).half_maps_masked


def test_refused(inputs, single):
    with pytest.raises(MissingInputError, match="none was given"):
        run(Study())
    with pytest.raises(MissingInputError, match="Half-map 2"):
        run(inputs.with_(half2=None))
    for values, words in (({"finest": 1.5}, "nothing finer than"), ({"finest": 6.0, "coarsest": 5.0}, "not coarser"),
                          ({"coarsest": 40.0}, "half the")):
        with pytest.raises(InputError, match=words):
            run(inputs, **values)
    with pytest.raises(InputError, match="reaches 0.5"):
        run(inputs.with_(mask=inputs.mask.with_data(inputs.mask.data * np.float32(0.4))))
    with pytest.raises(InputError, match="of the box is solvent"):
        run(single.with_(mask=inputs.mask.with_data(np.ones_like(inputs.mask.data))))
    tiny = {k: Map(getattr(inputs, k).data[:12], (1.0, 1.0, 1.0), path="t.mrc") for k in ("half1", "half2", "mask")}
    with pytest.raises(InputError, match="at least 16"):
        run(Study(**tiny))


@pytest.mark.heavy
def test_the_edge_of_the_mask_does_not_matter(inputs):
    """A spectrum that falls off steeply: the edge of a mask must not carry its strong shells into the weak ones."""
    s2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n) for n in (48, 48, 48)), indexing="ij", sparse=True))
    steep = {k: m.with_data(np.fft.ifftn(np.fft.fftn(m.data) * np.exp(-30 * s2)).real.astype(np.float32))
             for k, m in inputs.maps().items() if k != "mask"}
    soft = run(inputs.with_(**steep))
    hard = run(inputs.with_(**steep, mask=inputs.mask.with_data((inputs.mask.data >= 0.5).astype(np.float32))))
    assert hard.median == pytest.approx(soft.median, abs=0.05) and soft.median == pytest.approx(run(inputs).median, abs=0.15)


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("case, apart", [("low96", 0.15), ("p96", 0.2)])
def test_the_mask_made_here_does_as_well_as_the_one_given(sim_case, case, apart):
    study = Study.read({kind: str(sim_case(case) / f"{case}_{kind}.mrc") for kind in ("half1", "half2", "mask")})
    given, made = run(study), run(study.with_(mask=None))
    assert made.mask_source == "made" and made.median == pytest.approx(given.median, abs=apart)


@pytest.mark.realdata
@pytest.mark.parametrize("case", [pytest.param(c, marks=() if c == "p96" else pytest.mark.heavy) for c in CASES])
def test_simulated_truth(sim_case, case):
    folder = sim_case(case)
    maps = {kind: read_map(str(folder / f"{case}_{kind}.mrc")) for kind in ("half1", "half2", "mask")}
    truth = read_map(str(folder / f"{case}_locres.mrc")).data
    inside = (maps["mask"].data >= 0.5) & (truth > 0)
    values = run(Study(**maps)).resolution_map.data[inside]
    assert np.median(np.abs(values - truth[inside])) <= CASES[case][0]
    assert np.corrcoef(values, truth[inside])[0, 1] >= CASES[case][1]
