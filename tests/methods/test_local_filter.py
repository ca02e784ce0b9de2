"""The local_filter capability: constant, stepped, holed and invalid resolution maps; then the truth of simulated maps."""
import resource

import numpy as np
import pytest

import naive_banks as naive
from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.core import banks, fourier
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.sharpening.local_filter import LocalFilterParams, compute_local_filter
from cryoqa_plugin.study import Study

SHAPE, VOXEL, ORIGIN = (40, 40, 40), (1.5, 1.5, 1.5), (3.0, -4.0, 5.0)


def run(study, **values):
    return compute_local_filter(study, LocalFilterParams(**values))


def made(resolution, seed=0, shape=SHAPE):
    """White noise twice, its mean, and a resolution map (a number or an array)."""
    rng = np.random.default_rng(seed)
    halves = [Map(rng.standard_normal(shape).astype(np.float32) + 0.2, VOXEL, ORIGIN) for _ in range(2)]
    grid = np.broadcast_to(np.asarray(resolution, np.float32), shape).copy()
    return Study(half1=halves[0], half2=halves[1], full_map=halves[0].with_data((halves[0].data + halves[1].data) / 2),
                 resolution_map=halves[0].with_data(grid))


def ramp():
    """Resolution from 4 to 9 Å along x."""
    return np.linspace(4, 9, SHAPE[2], dtype=np.float32)[None, None, :]


def statuses(result):
    document = results.to_document(result)
    return {c["metric"]: c["status"] for c in checks.evaluate(limits.CHECKS["local_filter"], document["metrics"])}


@pytest.mark.parametrize("bfactor", [0.0, -50.0, 80.0])
def test_a_constant_resolution_is_a_global_low_pass(bfactor):
    study = made(6.0)
    result = run(study, bfactor=bfactor)
    for name, kind in (("filtered", "full_map"), ("filtered_half1", "half1"), ("filtered_half2", "half2")):
        wanted = naive.lowpass(getattr(study, kind).data, VOXEL, 1 / np.float32(6), 0.2, bfactor)
        np.testing.assert_allclose(getattr(result, name).data, wanted, atol=1e-5)
        assert getattr(result, name).origin == ORIGIN and getattr(result, name).voxel_size == VOXEL
    assert result.n_filters == 1 and result.fraction_outside == 0 and result.median == pytest.approx(6)
    assert result.warnings == ()
    said = statuses(result)
    assert said.pop("half_maps_likeness") == "warn" and said.pop("half_maps_signal") == "fail", "the half-maps are noise"
    assert set(said.values()) <= {"ok", "skipped"}
    before, after = study.full_map.data, result.filtered.data
    assert result.variance_kept == pytest.approx(after.var() / before.var(), rel=1e-4)


def test_each_place_has_its_own_resolution():
    study = made(ramp())
    result = run(study, smooth=0)
    for x in (4, 20, 35):
        wanted = naive.lowpass(study.full_map.data, VOXEL, 1 / float(ramp()[0, 0, x]), 0.2)[:, :, x]
        assert np.corrcoef(result.filtered.data[:, :, x].ravel(), wanted.ravel())[0, 1] > 0.999
    assert result.n_filters > 7 and result.resolution_finest == 4


@pytest.mark.heavy
def test_a_step_of_resolution_has_no_seam():
    """Differences between neighbours across the step are no larger than on its fine side."""
    step = np.where(np.arange(SHAPE[2]) < 20, 4.0, 12.0)[None, None, :]
    rough = []
    for seed in range(4):
        data = run(made(step, seed)).filtered.data
        rough.append(np.sqrt(np.mean(np.diff(data, axis=2) ** 2, axis=(0, 1))))
    rough = np.mean(rough, axis=0)
    assert rough[19] < 1.02 * rough[5:15].max() and rough[18:22].max() < 1.02 * rough[5:15].max()
    assert rough[26:36].max() < 0.5 * rough[5:15].min()
    sharp = np.sqrt(np.mean(np.diff(run(made(step), smooth=0).filtered.data, axis=2) ** 2, axis=(0, 1)))
    assert sharp[19] > rough[19]


def test_a_hole_is_filled_from_around_it():
    resolution = np.full(SHAPE, 5.0)
    resolution[:6], resolution[-6:] = 0, 0
    holed = resolution.copy()
    holed[19:21, 19:21, 19:21] = 0
    whole, result = run(made(resolution)), run(made(holed))
    np.testing.assert_allclose(result.filtered.data, whole.filtered.data, atol=1e-3)
    assert result.fraction_outside == pytest.approx(0.3 + 8 / 64000)


def test_what_counts_as_outside_and_is_said():
    resolution = np.full(SHAPE, 5.0)
    resolution[:10] = 100
    plain = run(made(resolution))
    for value in (0.0, np.nan, 1000.0, -1.0, np.inf):
        changed = resolution.copy()
        changed[:10] = value
        result = run(made(changed))
        np.testing.assert_allclose(result.filtered.data, plain.filtered.data, atol=1e-6)
        assert result.fraction_outside == pytest.approx(0.25) and "25 % of the box" in result.summary
        assert any("outside" in w for w in result.warnings) == (not value >= 0 or value == np.inf)
    for value in (0.0, 100.0, np.nan):
        with pytest.raises(InputError, match="no voxel between 0 and 100"):
            run(made(value))


def test_what_no_voxel_can_hold_is_refused_or_used_as_its_limit():
    for value in (1e-30, 0.4, 1.4):                          # a mask, another unit: voxels of 1.5 Å hold 3 Å
        with pytest.raises(InputError, match=f"says {value:.3g} Å and finer nearly everywhere.* 1.5 Å hold nothing finer than 3 Å"):
            run(made(value))
    resolution = np.full(SHAPE, 5.0)
    resolution[0, 0] = 1e-20
    result = run(made(resolution))
    assert result.resolution_finest == 3 and result.median == 5 and result.fraction_finer == pytest.approx(1 / 1600)
    assert result.histogram.x[0] > 2.9


def test_outside_is_filtered_or_set_to_0():
    resolution = np.broadcast_to(np.array(ramp()), SHAPE).copy()
    resolution[:22] = 0
    study = made(resolution)
    coarse, zero = run(study), run(study, outside="zero")
    wanted = naive.lowpass(study.full_map.data, VOXEL, 1 / coarse.resolution_coarsest, 0.2)
    np.testing.assert_allclose(coarse.filtered.data[10:12], wanted[10:12], atol=0.03)
    assert np.all(zero.filtered.data[10:12] == 0)
    np.testing.assert_array_equal(zero.filtered.data[22:], coarse.filtered.data[22:])
    assert abs(np.diff(zero.filtered.data[14:24], axis=0)).max() < abs(np.diff(coarse.filtered.data[24:], axis=0)).max()


def test_finer_than_the_voxels_allow():
    result = run(made(np.where(np.arange(40) < 10, 1.0, 6.0)[None, None, :]))
    assert result.fraction_finer == pytest.approx(0.25) and "finer than 3 Å" in result.warnings[0]
    assert statuses(result)["fraction_finer"] == "warn"


def test_every_parameter_does_something():
    study = made(ramp())
    usual = run(study).filtered.data
    for values in (dict(bfactor=-30), dict(smooth=12), dict(edge=0.5)):
        assert abs(run(study, **values).filtered.data - usual).max() > 1e-3
    assert run(study, edge=0.1).n_filters > run(study).n_filters > run(study, edge=0.8).n_filters


def test_which_maps_are_filtered():
    study = made(ramp())
    full = run(study.with_(half1=None, half2=None))
    assert full.filtered_half1 is None and full.half_maps_zero_fraction is None
    halves = run(study.with_(full_map=None))
    np.testing.assert_allclose(halves.filtered.data, full.filtered.data, atol=1e-5)
    np.testing.assert_allclose((halves.filtered_half1.data + halves.filtered_half2.data) / 2, halves.filtered.data, atol=1e-6)
    for missing in (dict(half2=None), dict(full_map=None, half1=None, half2=None), dict(resolution_map=None)):
        with pytest.raises(MissingInputError):
            run(study.with_(**missing))
    with pytest.raises(InputError, match="same value"):
        run(study.with_(full_map=study.full_map.with_data(np.ones(SHAPE, np.float32))))
    with pytest.raises(InputError, match="40 x 40 x 40"):
        run(study.with_(resolution_map=study.resolution_map.with_data(study.resolution_map.data[:38].copy())))


def test_copies_and_masked_halves_are_said():
    study = made(5.0)
    assert statuses(run(study.with_(half2=study.half1)))["half_maps_identical"] == "fail"
    ball = np.zeros(SHAPE, np.float32)
    ball[10:30, 10:30, 10:30] = 1
    masked = study.with_(half1=study.half1.with_data(study.half1.data * ball), half2=study.half2.with_data(study.half2.data * ball))
    assert statuses(run(masked))["half_maps_masked"] == "warn" and run(masked).half_maps_zero_fraction > 0.8


@pytest.mark.parametrize("shape", [(24, 30, 36), (25, 27, 29)])
def test_boxes_that_are_odd_or_no_cubes(shape):
    resolution = np.random.default_rng(3).uniform(4, 8, shape)
    result = run(made(resolution, shape=shape))
    assert result.filtered.shape == shape and np.all(np.isfinite(result.filtered.data))
    assert 0 < result.variance_kept < 0.6 and result.histogram.y.sum() == np.prod(shape)


def load(sim_case, name):
    folder = sim_case(name)
    files = dict(full_map="full", half1="half1", half2="half2", resolution_map="locres")
    return Study(**{k: read_map(str(folder / f"{name}_{f}.mrc")) for k, f in files.items()}), read_map(str(folder / f"{name}_mask.mrc")), \
        read_map(str(folder / f"{name}_signal.mrc"))


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["p96", pytest.param("l160", marks=pytest.mark.heavy), pytest.param("t160", marks=pytest.mark.heavy)])
def test_nearer_to_the_truth_than_any_one_low_pass(sim_case, name):
    study, mask, signal = load(sim_case, name)
    data, inside = study.full_map.data, mask.data >= 0.5
    geo, nowhere = fourier.geometry(data.shape, study.full_map.voxel_size), np.zeros(data.shape, np.float32)
    sharp = dict(edge=0.2, bfactor=-150.0)                 # so that the fine shells count
    truth = banks.filter_locally(signal.data, geo, nowhere, np.array([1 / 2.01]), **sharp)[inside]

    def agreement(result):
        return np.corrcoef(result[inside], truth)[0, 1]

    best = max(agreement(banks.filter_locally(data, geo, nowhere, np.array([1 / d]), **sharp)) for d in np.arange(2.2, 3.7, 0.1))
    assert agreement(run(study, bfactor=-150.0).filtered.data) > best


@pytest.mark.realdata
@pytest.mark.heavy
def test_memory_at_256(sim_case):
    study, _, _ = load(sim_case, "h256")
    run(study)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2.5e6
