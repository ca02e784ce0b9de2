"""LocalDeblur: its own rules, what it refuses, and Xmipp's map."""

import numpy as np
import pytest

import naive_deblur as naive
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.sharpening.localdeblur import LocaldeblurParams, compute_localdeblur
from cryoqa_plugin.study import Study
from sharpening_cases import score

VOXEL, ORIGIN = (1.5, 1.5, 1.5), (3.0, -4.0, 5.0)


def run(study, **values):
    return compute_localdeblur(study, LocaldeblurParams(**values))


def made(shape=(32, 30, 33), seed=0):
    """A blurred ball of noise in noise, twice, its mean, and a resolution map that is 0 outside of it."""
    import scipy.ndimage
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*((np.arange(n) - n // 2) for n in shape), indexing="ij")
    radius = np.sqrt(sum(a ** 2 for a in axes))
    signal = scipy.ndimage.gaussian_filter((radius < 10) * (1 + 3 * rng.standard_normal(shape)), 1.2)
    halves = [Map((signal + 0.1 * rng.standard_normal(shape)).astype(np.float32), VOXEL, ORIGIN) for _ in range(2)]
    grid = np.where(radius < 11, 4 + 0.2 * radius, 0).astype(np.float32)
    return Study(half1=halves[0], half2=halves[1], full_map=halves[0].with_data((halves[0].data + halves[1].data) / 2),
                 resolution_map=halves[0].with_data(grid))


def test_the_map_is_that_of_the_twin_and_the_half_maps_go_along():
    study = made()
    result = run(study)
    wanted, steps = naive.deblur(study.full_map.data, study.resolution_map.data, VOXEL, 3.0)
    assert result.steps == steps and result.rounds_done == 1 and result.resolution_used is None
    np.testing.assert_allclose(result.sharpened.data, wanted, atol=2e-3 * wanted.std())
    assert result.sharpened.origin == ORIGIN and result.sharpened_half1.voxel_size == VOXEL
    mean = (result.sharpened_half1.data + result.sharpened_half2.data) / 2
    assert np.corrcoef(mean.ravel(), result.sharpened.data.ravel())[0, 1] > 0.995
    assert result.bfactor_after > result.bfactor_before
    assert result.resolution_finest == pytest.approx(4) and f"in {steps} steps" in result.summary
    assert result.fraction_outside == pytest.approx(np.mean(study.resolution_map.data == 0))


def test_halves_alone_and_a_map_alone():
    study = made()
    alone = run(study.with_(half1=None, half2=None))
    assert alone.sharpened_half1 is None and alone.half_maps_zero_fraction is None
    np.testing.assert_allclose(run(study.with_(full_map=None)).sharpened.data, alone.sharpened.data, atol=1e-4)


def test_every_parameter_does_something():
    study = made().with_(half1=None, half2=None)
    usual = run(study)
    stricter = run(study, strength=0.5)
    assert abs(stricter.sharpened.data - usual.sharpened.data).max() > 1e-2
    assert run(study, max_steps=2).steps == 2 < usual.steps
    assert run(study, step_size=3.0).step_size == 3.0 != usual.step_size


@pytest.mark.heavy
def test_more_rounds_use_the_resolution_of_the_sharpened_map(sim_case):
    folder = sim_case("p96")
    maps = [read_map(str(folder / f"p96_{kind}.mrc")) for kind in ("full", "locres")]
    cut = [m.with_data(np.ascontiguousarray(m.data[24:72, 24:72, 24:72])) for m in maps]
    result = run(Study(full_map=cut[0], resolution_map=cut[1]), rounds=2)
    assert result.rounds_done == 2 and len(result.rounds.rows) == 2
    assert result.resolution_used is not None and np.any(result.resolution_used.data != cut[1].data)
    flat = run(Study(full_map=cut[0], resolution_map=cut[1]), rounds=0)
    assert flat.rounds_done == 1                             # 2.19 to 2.72 Å is less than 0.75 Å


@pytest.mark.heavy
def test_outside_finer_and_wrong_resolution_maps():
    study = made().with_(half1=None, half2=None)
    data = study.resolution_map.data
    usual = run(study)
    for value in (100.0, np.nan, -1.0):
        changed = np.where(data == 0, np.float32(value), data)
        result = run(study.with_(resolution_map=study.resolution_map.with_data(changed)))
        np.testing.assert_allclose(result.sharpened.data, usual.sharpened.data, atol=1e-5)
    finer = run(study.with_(resolution_map=study.resolution_map.with_data(np.where(data > 0, data - 2, 0))))
    assert finer.resolution_finest == 3.0 and finer.fraction_finer > 0.05 and "finer than 3 Å" in finer.warnings[0]
    with pytest.raises(InputError, match="no voxel between 0 and 100"):
        run(study.with_(resolution_map=study.resolution_map.with_data(np.zeros_like(data))))
    with pytest.raises(MissingInputError, match="no map to sharpen"):
        run(study.with_(full_map=None))
    with pytest.raises(MissingInputError):
        run(study.with_(resolution_map=None))


def test_a_resolution_everywhere_needs_no_outside():
    study = made().with_(half1=None, half2=None)
    result = run(study.with_(resolution_map=study.full_map.with_data(np.full(study.full_map.shape, 5, np.float32))))
    assert result.fraction_outside == 0 and np.all(np.isfinite(result.sharpened.data))


@pytest.mark.realdata
def test_the_map_of_xmipp(shared, sim_case):
    folder = sim_case("p96")
    study = Study(full_map=read_map(str(folder / "p96_full.mrc")),
                    resolution_map=read_map(str(folder / "p96_full.mrc")).with_data(
                        read_map(str(shared / "reference/p96/monores.mrc.gz")).data))
    wanted = read_map(str(shared / "reference/p96/localdeblur.mrc.gz")).data
    result = run(study)
    assert result.steps == 10 and result.step_size == pytest.approx(8.457552, rel=1e-5)
    assert abs(result.sharpened.data - wanted).max() < 1e-3 * wanted.std()
    assert score(folder, result.sharpened.data).b0 > score(folder, study.full_map.data).b0 + 0.15


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("name", ["p96", "t160"])
def test_its_steps_on_the_whole_map(shared, sim_case, name):
    folder = sim_case(name)
    full = read_map(str(folder / f"{name}_full.mrc"))
    study = Study(full_map=full, resolution_map=full.with_data(read_map(str(shared / f"reference/{name}/monores.mrc.gz")).data))
    assert run(study).steps == 10
