"""The local B-factor: known fall-offs, the atoms of simulated maps, the original's map, what is refused."""

import numpy as np
import pytest

from atoms_b import local_b
from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.local_amplitude.locbfactor import LocbfactorParams, compute_locbfactor
from cryoqa_plugin.study import Study

ORIGIN = (3.0, -4.0, 5.0)


def run(study, **values):
    return compute_locbfactor(study, LocbfactorParams(**values))


def made(shape=(48, 44, 50), bfactor=60.0, seed=0):
    """A ball of white noise with a fall-off in white noise, twice, and its mask."""
    rng = np.random.default_rng(seed)
    k = np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij")
    s2 = sum(a ** 2 for a in k)
    axes = np.meshgrid(*((np.arange(n) - n // 2) for n in shape), indexing="ij")
    radius = np.sqrt(sum(a ** 2 for a in axes))
    mask = np.clip((16 - radius) / 3, 0, 1).astype(np.float32)
    signal = np.fft.ifftn(np.fft.fftn(mask * rng.standard_normal(shape)) * np.exp(-bfactor * s2 / 4)).real
    halves = [Map((signal + 0.03 * rng.standard_normal(shape)).astype(np.float32), (1.0,) * 3, ORIGIN) for _ in range(2)]
    return Study(half1=halves[0], half2=halves[1], mask=halves[0].with_data(mask))


def alone(study):
    mean = study.half1.with_data((study.half1.data + study.half2.data) / 2)
    return Study(full_map=mean, mask=study.mask)


def statuses(result):
    document = results.to_document(result)
    return {c["metric"]: c["status"] for c in checks.evaluate(limits.CHECKS["locbfactor"], document["metrics"])}


@pytest.mark.parametrize("single", [False, True])
def test_more_fall_off_gives_as_much_more(single):
    """Relative to protein, whose spectrum is not white, the offset is not 0; differences count."""
    found = []
    for b in (40.0, 70.0):
        study = made(bfactor=b)
        found.append(run(alone(study) if single else study, resolution=3.0))
    assert found[1].median - found[0].median == pytest.approx(30, abs=6)
    first = found[0]
    assert first.local_bfactor.origin == ORIGIN and np.all(first.local_bfactor.data[made().mask.data < 0.5] == 0)
    assert first.noise_source == ("solvent" if single else "half-maps") and first.mask_source == "given"
    assert first.p5 < first.median < first.p95 and first.histogram.y.sum() == pytest.approx(1)
    assert first.bfactor_map == pytest.approx(first.median, abs=10) and first.spread_over_error < 3
    assert first.unevenness == pytest.approx(np.exp(first.spread / 36)) and first.log_error == pytest.approx(first.median_error / 36)
    assert len(first.bands.rows) == 6 and f"{first.median:.0f} Å²" in first.summary


@pytest.mark.heavy
def test_every_parameter_does_something():
    study = made()
    usual = run(study, resolution=3.0)
    inside = study.mask.data >= 0.5
    for values in (dict(resolution=4.0), dict(resolution=3.0, lowest=7.0), dict(resolution=3.0, bands=9), dict(resolution=3.0, window=9.0)):
        assert abs(run(study, **values).local_bfactor.data - usual.local_bfactor.data)[inside].max() > 0.5
    assert run(study, resolution=3.0, window=9.0).window_used == 9 and usual.window_used == 6
    plain = dict(rules="original", resolution=3.0)
    usual = run(study, **plain)
    assert usual.median < 0 and usual.local_error is None and usual.fraction_without == 0 and "original" in usual.summary
    for values in (dict(noise_quantile=0.5), dict(width=3.0), dict(lowest=10.0), dict(bands=5), dict(resolution=4.0)):
        assert abs(run(study, **dict(plain, **values)).local_bfactor.data - usual.local_bfactor.data)[inside].max() > 0.5
    assert run(study, only_above_noise=True, noise_quantile=0.99, **plain).fraction_without > 0


def test_without_a_mask_one_is_made_and_a_mask_that_fills_the_box_is_said():
    study = alone(made())
    result = run(study.with_(mask=None), resolution=3.0)
    assert result.mask_source == "made" and "No mask" in result.warnings[0]
    everywhere = study.with_(mask=study.mask.with_data(np.ones(study.mask.shape, np.float32)))
    assert "no solvent" in run(everywhere, resolution=3.0).warnings[0]
    with pytest.raises(InputError, match="fills the box"):
        run(everywhere, resolution=3.0, rules="original")


def test_what_is_refused():
    study = made()
    with pytest.raises(MissingInputError):
        run(study.with_(half2=None))
    with pytest.raises(MissingInputError):
        run(study.with_(half1=None, half2=None))
    with pytest.raises(InputError, match="too little"):
        run(study, resolution=8.0, lowest=10.0)
    assert "trust" in " ".join(run(study, resolution=8.0).warnings)
    with pytest.raises(InputError, match="reaches 0.5"):
        run(study.with_(mask=study.mask.with_data(study.mask.data * 0.4)), resolution=3.0)


def test_copies_are_said():
    study = made()
    result = run(study.with_(half2=study.half1), resolution=3.0)
    assert statuses(result)["half_maps_identical"] == "fail"


@pytest.mark.parametrize("shape", [(40, 44, 49), (41, 43, 45)])
def test_boxes_that_are_odd_or_no_cubes(shape):
    result = run(made(shape), resolution=3.0)
    assert np.all(np.isfinite(result.local_bfactor.data)) and result.local_bfactor.shape == shape


def load(folder, halves=True):
    name = folder.name
    kinds = dict(half1="half1", half2="half2", mask="mask") if halves else dict(full_map="full", mask="mask")
    return Study(**{k: read_map(str(folder / f"{name}_{f}.mrc")) for k, f in kinds.items()})


@pytest.mark.realdata
def test_the_original_map(shared, sim_case):
    study = load(sim_case("p96"), halves=False)
    wanted = read_map(str(shared / "reference/p96/locbfactor.mrc.gz")).data
    inside = study.mask.data >= 0.5
    found = run(study, rules="original", resolution=2.6).local_bfactor.data
    assert (abs(found - wanted)[inside] <= 1e-3 * abs(wanted)[inside]).all()


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("halves", [True, False])
def test_the_atoms_of_a_map_whose_b_grows(sim_case, halves):
    folder = sim_case("l160")
    result = run(load(folder, halves))
    place, mean, together = local_b(folder, result.local_bfactor, result.window_used)
    found = result.local_bfactor.data[place]
    slope, offset = np.polyfit(mean, found, 1)
    assert slope == pytest.approx(1, abs=0.15) and offset == pytest.approx(135, abs=10)
    assert np.corrcoef(mean, found)[0, 1] > 0.98 and result.median_error == pytest.approx((found - slope * mean - offset).std(), rel=0.6)
    assert np.polyfit(together, found, 1)[0] == pytest.approx(1, abs=0.15)


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("name", ["p96", "t160", "f2_128"])
def test_the_atoms_of_other_maps(sim_case, name):
    """Against the B-factor that atoms of different B show together."""
    try:
        folder = sim_case(name)
    except (KeyError, ValueError):
        pytest.skip("not made")
    result = run(load(folder))
    place, _, together = local_b(folder, result.local_bfactor, result.window_used)
    slope = np.polyfit(together, result.local_bfactor.data[place], 1)[0]
    assert slope == pytest.approx(1, abs=0.15)
