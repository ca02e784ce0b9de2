"""The local occupancy: a half that is there half of the time, the original's map, what is refused."""

import numpy as np
import pytest
import scipy.ndimage

from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.local_amplitude.lococcupancy import LococcupancyParams, compute_lococcupancy
from cryoqa_plugin.study import Study

ORIGIN = (3.0, -4.0, 5.0)


def run(study, **values):
    return compute_lococcupancy(study, LococcupancyParams(**values))


def made(shape=(44, 48, 72), left=1.0, bfactor=(40.0, 40.0), seed=0):
    """A bar along x of noise with a fall-off of ``bfactor`` (left, right), whose left half counts ``left``; in noise, twice; its mask."""
    rng = np.random.default_rng(seed)
    s2 = sum(a ** 2 for a in np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij"))
    axes = np.meshgrid(*((np.arange(n) - n // 2) for n in shape), indexing="ij")
    mask = np.clip((13 - np.sqrt(axes[0] ** 2 + axes[1] ** 2)) / 2, 0, 1) * np.clip((32 - abs(axes[2])) / 2, 0, 1)
    on_left = np.clip(0.5 - axes[2] / 4, 0, 1)
    white = np.fft.fftn(rng.standard_normal(shape))
    parts = [np.fft.ifftn(white * np.exp(-b * s2 / 4)).real for b in bfactor]
    signal = mask * (left * on_left * parts[0] + (1 - on_left) * parts[1])
    halves = [Map((signal + 0.02 * rng.standard_normal(shape)).astype(np.float32), (1.0,) * 3, ORIGIN) for _ in range(2)]
    return Study(half1=halves[0], half2=halves[1], mask=halves[0].with_data(mask.astype(np.float32)))


def sides(result):
    middle = result.local_occupancy.data[18:26, 20:28]
    return float(middle[:, :, 14:24].mean()), float(middle[:, :, 48:58].mean())


@pytest.mark.parametrize("left", [1.0, 0.5])
def test_half_of_the_particles(left):
    result = run(made(left=left), resolution=3.0)
    one, other = sides(result)
    assert one / other == pytest.approx(left, rel=0.15) and other == pytest.approx(1, abs=0.2)
    assert result.local_occupancy.origin == ORIGIN and result.histogram.y.sum() == pytest.approx(1)
    assert result.noise_source == "half-maps" and result.n_bands == len(result.bands.rows) == 6


def test_a_map_alone():
    study = made(left=0.5)
    mean = study.half1.with_data((study.half1.data + study.half2.data) / 2)
    one, other = sides(run(Study(full_map=mean, mask=study.mask), resolution=3.0))
    assert one / other == pytest.approx(0.5, rel=0.15)


def test_a_mobile_half_is_not_a_missing_one():
    one, other = sides(run(made(bfactor=(70.0, 40.0)), resolution=3.0))
    assert one / other == pytest.approx(1, abs=0.2)


def test_every_parameter_does_something():
    study = made(left=0.7)
    inside = study.mask.data >= 0.5
    usual = run(study, resolution=3.0).local_occupancy.data
    for values in (dict(resolution=4.0), dict(lowest=7.0), dict(bands=9), dict(window=9.0)):
        assert abs(run(study, **dict(dict(resolution=3.0), **values)).local_occupancy.data - usual)[inside].max() > 0.01
    plain = dict(rules="original", resolution=3.0)
    usual = run(study, **plain)
    assert usual.local_occupancy.data[inside].mean() == pytest.approx(0.75, abs=1e-3)
    for values in (dict(threshold=0.5), dict(width=3.0), dict(lowest=10.0), dict(resolution=4.0)):
        assert abs(run(study, **dict(plain, **values)).local_occupancy.data - usual.local_occupancy.data)[inside].max() > 0.01


def test_what_is_refused_or_said():
    study = made()
    with pytest.raises(MissingInputError):
        run(study.with_(half2=None))
    with pytest.raises(InputError, match="too little"):
        run(study, resolution=9.0, lowest=10.0)
    assert run(study.with_(mask=None), resolution=3.0).mask_source == "made"


@pytest.mark.realdata
def test_the_original_map(shared, sim_case):
    folder = sim_case("p96")
    study = Study(full_map=read_map(str(folder / "p96_full.mrc")), mask=read_map(str(folder / "p96_mask.mrc")))
    wanted = read_map(str(shared / "reference/p96/lococcupancy.mrc.gz")).data
    inside = study.mask.data >= 0.5
    found = run(study, rules="original", resolution=2.6).local_occupancy.data
    assert np.mean(abs(found - wanted)[inside] > 1e-3) < 1e-4


@pytest.mark.realdata
def test_a_complete_molecule_is_near_1(sim_case):
    folder = sim_case("p96")
    kinds = dict(half1="half1", half2="half2", mask="mask")
    result = run(Study(**{k: read_map(str(folder / f"p96_{f}.mrc")) for k, f in kinds.items()}))
    assert result.median > 0.8 and result.fraction_low < 0.02


def _changed(folder, change):
    """Half-maps of p96 whose signal was changed by a function of signal, mask and the coordinates (x, y, z) in Å about its centre."""
    signal, mask, one, two = (read_map(str(folder / f"p96_{n}.mrc")) for n in ("signal", "mask", "half1", "half2"))
    centre = scipy.ndimage.center_of_mass(mask.data)
    z, y, x = (g - c for g, c in zip(np.indices(mask.shape, dtype=np.float32), centre))
    added = (change(signal.data, mask.data, x, y, z) - signal.data).astype(np.float32)
    return {"half1": one.with_data(one.data + added), "half2": two.with_data(two.data + added)}


@pytest.mark.heavy
def test_half_of_the_molecule_in_two_fifths_of_the_particles_is_found_and_a_belt_is_not_taken_for_it(sim_case):
    folder = sim_case("p96")

    def missing(signal, mask, x, y, z):
        return signal * (1 - 0.6 / (1 + np.exp(-np.clip(x / 1.5, -50, 50))))

    def belt(signal, mask, x, y, z):
        ring = scipy.ndimage.gaussian_filter(((np.hypot(x, y) < 38) & (np.abs(z) < 14)) * (1 - mask), 4.0)
        return signal + 0.6 * scipy.ndimage.gaussian_filter(signal, 5.0)[mask > 0.9].mean() * ring

    whole = run(Study(**_changed(folder, lambda signal, *_: signal)))
    part = run(Study(**_changed(folder, missing)))
    assert whole.fraction_partial < 0.03 and part.fraction_partial > 0.11 and not any("detail" in w for w in part.warnings)
    wide = read_map(str(folder / "p96_mask.mrc"))
    z, y, x = np.indices(wide.shape)
    wide.data[(np.hypot(x - 48, y - 48) < 38) & (np.abs(z - 48) < 14)] = 1.0
    lipid = run(Study(mask=wide, **_changed(folder, belt)))
    assert lipid.fraction_low > 0.1 and lipid.fraction_partial is None and "hardly any detail" in lipid.warnings[-1]
