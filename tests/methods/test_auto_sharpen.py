"""B-factor sharpening: filters whose answer is known, every option, every method, and the sentences about bad choices."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import density, fourier, shells
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.io.sequences import Sequences
from cryoqa_plugin.methods.sharpening import auto_inputs, auto_local
from cryoqa_plugin.methods.sharpening.auto_gains import Cut, apply, bfactor_gain, piecewise_gain
from cryoqa_plugin.methods.sharpening.auto_sharpen import METHODS, AutoSharpenParams, compute_auto_sharpen
from cryoqa_plugin.params import build
from cryoqa_plugin.study import Study

WIDE = dict(k_sharpen=0, d_min_ratio=0.2, remove_anisotropy="none")      # a plain B-factor, up to Nyquist


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=52)


@pytest.fixture(scope="module")
def truth(demo):
    """Density of the model, without noise and without the fall-off of the maps."""
    m, grid = demo.model, demo.full_map
    ft = density.model_density_ft(m.elements, m.xyz, m.b_iso, m.occupancy, grid.shape, grid.voxel_size, grid.origin)
    return grid.with_data(fourier.inverse(ft, grid.shape))


def _runner(demo):
    kept = {}

    def get(halves=False, **values):
        key = (halves, tuple(sorted(values.items())))
        if key not in kept:
            inputs = Study(half1=demo.half1, half2=demo.half2) if halves else Study(full_map=demo.full_map)
            kept[key] = compute_auto_sharpen(inputs, build(AutoSharpenParams, values))
        return kept[key]

    return get


@pytest.fixture(scope="module")
def run(demo):
    return _runner(demo)


@pytest.fixture(scope="module")
def run_large():
    return _runner(make_demo_data(box=64))                  # has pieces enough for the weight of regions


def _ratio(after, before):
    """Amplitudes of the shells after over before."""
    geo = fourier.geometry(before.shape, before.voxel_size)
    power = [shells.power_sums(fourier.forward(m.data), geo)[0] for m in (after, before)]
    return fourier.frequencies(geo), np.sqrt(power[0] / power[1])


def _like_truth(map_, demo, truth):
    inside = demo.mask.data >= 0.5
    return np.corrcoef(map_.data[inside], truth.data[inside])[0, 1]


# --- filters -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("shape, voxel", [((33, 32, 40), (1.2, 1.3, 1.1)), ((27, 27, 27), (1.5, 1.5, 1.5))])
def test_a_given_b_factor_is_applied_to_the_digit(shape, voxel):
    noise = Map(np.random.default_rng(2).standard_normal(shape).astype(np.float32), voxel, (3.0, -4.0, 5.0))
    result = compute_auto_sharpen(Study(full_map=noise), build(AutoSharpenParams, dict(WIDE, bfactor=-40, resolution=4, method="b_iso")))
    freq, ratio = _ratio(result.sharpened, noise)
    assert ratio[1:-1] == pytest.approx(np.exp(10 * freq[1:-1] ** 2), rel=0.03)            # shells have a width
    assert result.bfactor == pytest.approx(-40) and result.b_iso_after - result.b_iso_before == pytest.approx(-40)
    assert result.sharpened.origin == noise.origin


def test_the_end_of_sharpening():
    s = np.linspace(0.01, 0.5, 50)
    gain = bfactor_gain(-100, Cut(4.0, 10, 200.0))(s)
    assert gain[s < 0.22] == pytest.approx(np.exp(25 * s[s < 0.22] ** 2), rel=1e-2)
    assert gain[s > 0.4] == pytest.approx(np.exp(-25 * s[s > 0.4] ** 2), rel=1e-2)
    left = bfactor_gain(-100, Cut(4.0, 10, None))(s)
    assert left[s > 0.45] == pytest.approx(1, abs=0.01)
    assert bfactor_gain(100, Cut(4.0, 10, None))(s) == pytest.approx(np.exp(-25 * s ** 2))      # a blur has no end
    assert bfactor_gain(-100, Cut(4.0, 0, 200.0))(s) == pytest.approx(np.exp(25 * s ** 2))


def test_the_resolution_dependent_factors_are_where_they_are_said_to_be():
    gain = piecewise_gain((0.4, 0.2, -0.3), 3.0, 2.5)
    assert np.log(gain(np.array([0, np.sqrt(0.5) / 3, 1 / 3, 1 / 2.5, 0.5]))) == pytest.approx([0, 0.4, 0.2, -0.1, -0.1])


def test_resolution_dependent_factors_given_are_applied(run, demo):
    result = run(resolution_dependent_b="0.5 0.3 -0.2", resolution=6.0, remove_anisotropy="none")
    freq, ratio = _ratio(result.sharpened, demo.full_map)
    assert result.method == "resolution_dependent" and len(result.trials.rows) == 2
    use = (freq > 0.03) & (freq < 0.15)
    assert np.log(ratio[use]) == pytest.approx(np.interp(freq[use] ** 2, [0, 0.5 / 36, 1 / 36], [0, 0.5, 0.3]), abs=0.02)


# --- methods -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("halves", [False, True])
def test_the_default_is_nearer_to_the_truth_than_the_map(run, demo, truth, halves):
    result = run(halves)
    assert result.method == ("half_map" if halves else "solvent")
    assert _like_truth(result.sharpened, demo, truth) > _like_truth(demo.full_map, demo, truth)
    assert result.weight.y[-1] < 0.2 < 0.9 < result.weight.y[3]
    assert (result.sharpened_half1 is not None) == halves
    if halves:
        mean = (result.sharpened_half1.data + result.sharpened_half2.data) / 2
        assert mean == pytest.approx(result.sharpened.data, abs=1e-3 * result.sharpened.data.std())


def test_all_methods_on_one_map(run, demo, truth):
    for method in METHODS:
        if method in ("half_map", "model", "external", "best", "resolution_dependent"):
            continue
        result = run(method=method)
        assert result.method == method or not result.improved
        applied = [row for row in result.trials.rows if row[-1] == "yes"]
        assert len(applied) == 1 and applied[0][0] == result.method and result.summary.endswith(".")
    inputs = Study(full_map=demo.full_map, model=demo.model)
    found = compute_auto_sharpen(inputs, build(AutoSharpenParams, dict(method="model")))
    assert found.method == "model" and 0 < found.model_completeness <= 1
    assert _like_truth(found.sharpened, demo, truth) > _like_truth(demo.full_map, demo, truth)
    points = compute_auto_sharpen(inputs, build(AutoSharpenParams, dict(method="model", model_b_zero=True)))
    assert points.bfactor_after > found.bfactor_after + 5


@pytest.mark.parametrize("option", [dict(rmsd=3.0), dict(fraction_complete=0.2), dict(atom_radius=8.0)])
def test_options_of_the_model(demo, option):
    inputs = Study(full_map=demo.full_map, model=demo.model)
    plain, other = (compute_auto_sharpen(inputs, build(AutoSharpenParams, dict(option if changed else {}, method="model")))
                    for changed in (False, True))
    assert np.abs(plain.filter.y - other.filter.y).max() > 0.01 * plain.filter.y.max()


def test_external_gives_the_map_the_spectrum_of_the_reference(demo, truth):
    inputs = Study(full_map=demo.full_map, reference_map=truth)
    result = compute_auto_sharpen(inputs, AutoSharpenParams(remove_anisotropy="none"))
    freq, ratio = _ratio(result.sharpened, truth)
    use = (freq > 0.05) & (freq * result.resolution < 1)
    assert result.method == "external" and ratio[use] == pytest.approx(1, abs=0.12)


def test_a_search_finds_the_best_of_its_table(run):
    result = run(method="b_iso_to_d_cut", search_b_n=9)
    assert result.search.x.size == 9 and result.search.x[0] == -100 and result.search.x[-1] >= 300
    assert result.adjusted_after == pytest.approx(result.search.y.max())
    assert result.b_iso_after == result.search.x[np.argmax(result.search.y)] and result.search_signal is not None
    narrow = run(method="b_iso_to_d_cut", search_b_n=5, search_b_min=50, search_b_max=150)
    assert list(narrow.search.x) == [50, 75, 100, 125, 150]


def test_refining_the_end_is_never_worse(run):
    plain = run(method="b_iso_to_d_cut", search_b_n=9)
    for option in ("optimise_d_cut", "optimise_b_blur_hires"):
        better = run(method="b_iso_to_d_cut", search_b_n=9, **{option: True})
        assert better.adjusted_after >= plain.adjusted_after and better.n_trials > plain.n_trials
    early, moved = (run(method="b_iso_to_d_cut", search_b_n=9, d_cut=9.0, optimise_d_cut=flag) for flag in (False, True))
    assert moved.adjusted_after > early.adjusted_after and moved.d_cut != early.d_cut == 9
    moved = run(method="b_iso_to_d_cut", search_b_n=9, d_cut=9.0, optimise_b_blur_hires=True)
    assert moved.adjusted_after > early.adjusted_after and moved.b_blur_hires != early.b_blur_hires == 200


def test_the_target_of_a_search(run):
    result = run(method="b_iso", target="kurtosis", search_b_n=9)
    assert result.kurtosis_after == pytest.approx(result.search.y.max()) and result.region_weight is None


def test_best_takes_the_best_and_tells_all(run):
    result = run(method="best", search_b_n=7)
    methods = {row[0] for row in result.trials.rows}
    assert {"no_sharpening", "solvent", "b_iso", "b_iso_to_d_cut", "resolution_dependent", "target_b_iso_to_d_cut"} <= methods
    strong = run(method="best", search_b_n=7, signal_min=100)
    assert strong.method not in ("b_iso", "b_iso_to_d_cut") and result.improved


def test_a_search_that_makes_nothing_clearer_leaves_the_map(demo):
    values = dict(method="b_iso", search_b_min=900, search_b_max=1000, search_b_n=5)
    result = compute_auto_sharpen(Study(full_map=demo.full_map), build(AutoSharpenParams, values))
    assert result.method == "no_sharpening" and np.array_equal(result.sharpened.data, demo.full_map.data)
    assert any("left so" in w for w in result.warnings)
    forced = compute_auto_sharpen(Study(full_map=demo.full_map), build(AutoSharpenParams, dict(values, require_improvement=False)))
    assert forced.method == "b_iso" and not forced.improved


# --- options -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("option, field", [
    (dict(b_iso=20.0), "b_iso_after"), (dict(target_b_ratio=3.0), "b_iso_after"), (dict(resolution=7.0), "resolution"),
    (dict(d_cut=8.0), "d_cut"), (dict(b_blur_hires=50.0), "b_blur_hires"), (dict(k_sharpen=0.0), "d_cut"),
    (dict(region_weight=10.0), "adjusted_after"), (dict(region_weight_method="initial_ratio"), "region_weight"),
    (dict(region_weight_method="b_iso"), "region_weight"), (dict(region_weight_factor=2.0), "region_weight"),
    (dict(region_weight_buffer=0.45, region_weight_factor=50.0), "region_weight"), (dict(fraction_occupied=0.5), "area_after"),
    (dict(surface_part=0.02), "area_after"), (dict(max_regions=1), "area_after"), (dict(score_region="map"), "kurtosis_after"),
    (dict(score_region="box", box_edge=24), "kurtosis_after"), (dict(density_threshold=0.6), "kurtosis_after"),
    (dict(max_box_fraction=0.01), "kurtosis_after"), (dict(soft_mask=False), "kurtosis_after"),
    (dict(solvent_fraction=0.5), "area_after"), (dict(molecular_mass=5.0), "solvent_fraction"),
])
def test_options_change_what_they_are_for(run, run_large, option, field):
    run = run_large if field == "region_weight" else run
    base = {"score_region": "density"}
    if "surface_part" in option or "max_regions" in option:
        base["fraction_occupied"] = 0.02                    # many small pieces
    if field == "kurtosis_after":
        base["density_threshold"] = 0.3                      # so that the box is not the map
    plain = run(method="target_b_iso_to_d_cut", **base)
    other = run(method="target_b_iso_to_d_cut", **dict(base, **option))
    assert getattr(plain, field) != getattr(other, field), field


def test_the_limit_and_normalised_amplitudes(run):
    assert run(d_min_ratio=1.0).filter.y[-1] == 0 < run(d_min_ratio=0.2).filter.y[-1]
    plain, flat = (run(resolution_dependent_b="0 0 0", remove_anisotropy="none", normalise_amplitudes=flag) for flag in (False, True))
    assert abs(flat.bfactor_after) < 0.3 * abs(plain.bfactor_after)


def test_the_output_has_the_standard_deviation_asked_for(run):
    result = run(True, output_sd=2.0)
    assert result.sharpened.data.std() == pytest.approx(2, rel=1e-4) and abs(result.sharpened.data.mean()) < 1e-4
    assert (result.sharpened_half1.data + result.sharpened_half2.data) / 2 == pytest.approx(result.sharpened.data, abs=0.01)


def test_copies_multiply_the_mass(run):
    one, two = (1 - run(molecular_mass=30.0, copies=n).solvent_fraction for n in (1, 2))
    assert two == pytest.approx(2 * one)


def test_a_box_lies_where_it_is_asked_for(demo):
    def place(**values):
        params = build(AutoSharpenParams, dict(values, score_region="box", box_edge=20))
        return auto_inputs.bounds(auto_inputs.auto_inputs(Study(full_map=demo.full_map), params))

    o, v = demo.full_map.origin, demo.full_map.voxel
    at = place(box_centre=" ".join(str(c + n * v) for c, n in zip(o, (12, 30, 40))))
    assert at.start == (30, 20, 2) and at.shape == (20, 20, 20)
    assert place(weak_density=True) != place()
    with pytest.raises(InputError, match="lies outside of the map"):
        place(box_centre="1000 0 0")


# --- anisotropy and places ---------------------------------------------------------------------------------------------

def _anisotropic(map_, b):
    nz, ny, nx = map_.shape
    ft = fourier.forward(map_.data)
    kz = np.fft.fftfreq(nz, map_.voxel)[:, None, None]
    return map_.with_data(fourier.inverse((ft * np.exp(-b * kz ** 2 / 4)).astype(np.complex64), map_.shape))


@pytest.mark.parametrize("halves, how", [(True, "half_maps"), (True, "map"), (False, "map"), (False, None)])
def test_anisotropy_is_found_and_taken_out(demo, truth, halves, how):
    """Signal and noise fall off by 80 Å² more along z, ``U_zz`` 80 / 8 pi^2 = 1.01 Å²."""
    names = ("half1", "half2") if halves else ("full_map",)
    inputs = Study(**{n: _anisotropic(getattr(demo, n), 80) for n in names})
    result = compute_auto_sharpen(inputs, AutoSharpenParams(remove_anisotropy=how))
    u = {row[0]: row[1] for row in result.anisotropy.rows}
    plain = compute_auto_sharpen(Study(**{n: getattr(demo, n) for n in names}), AutoSharpenParams(remove_anisotropy=how))
    own = {row[0]: row[1] for row in plain.anisotropy.rows}
    tilt = u["zz"] - (u["xx"] + u["yy"]) / 2 - own["zz"] + (own["xx"] + own["yy"]) / 2
    assert result.anisotropy_removed and tilt == pytest.approx(80 / (8 * np.pi ** 2), abs=0.2)
    left = compute_auto_sharpen(inputs, AutoSharpenParams(remove_anisotropy="none"))
    assert not left.anisotropy_removed and left.anisotropy is None
    assert _like_truth(result.sharpened, demo, truth) > _like_truth(left.sharpened, demo, truth)


@pytest.mark.heavy
def test_local_follows_the_map_and_has_no_seams(run, demo):
    result = run(True, local=True, method="half_map")
    assert result.local_b_low <= result.local_b_median <= result.local_b_high
    narrow = run(True, local=True, method="half_map", local_window=12.0)
    smooth = run(True, local=True, method="half_map", local_smoothing=40.0)
    assert narrow.local_b_high - narrow.local_b_low != pytest.approx(result.local_b_high - result.local_b_low)
    assert smooth.local_b_high - smooth.local_b_low < result.local_b_high - result.local_b_low
    told = run(local=True, method="resolution_dependent", resolution_dependent_b="0.1 0 0")
    assert told.local_b_low is None and any("one filter" in w for w in told.warnings)


def test_a_blend_of_one_filter_is_that_filter_and_a_constant_stays_constant():
    shape = (20, 21, 22)
    geo = fourier.geometry(shape, (1.5, 1.5, 1.5))
    position = np.random.default_rng(0).uniform(0, 2, shape).astype(np.float32)
    local = auto_local.Local(position, np.array([0.0, 50.0, 100.0]))
    flat = auto_local.blend(fourier.forward(np.full(shape, 3.0, np.float32)), geo, local, lambda b: bfactor_gain(b))
    assert flat == pytest.approx(np.full(shape, 3.0), abs=1e-5)
    same = auto_local.blend(fourier.forward(position), geo, local, lambda b: bfactor_gain(-50))
    assert same == pytest.approx(fourier.inverse(apply(fourier.forward(position), geo, bfactor_gain(-50)), shape), abs=1e-5)
    covered = np.zeros(shape)
    for part in auto_local.windows(shape, 8):
        covered[part] += 1
    assert covered.min() >= 1


# --- what goes wrong ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("values, words", [
    (dict(bfactor=-50, b_iso=10), "give one of them"), (dict(bfactor=-50, method="best"), "has no use for it"),
    (dict(search_b_min=100, search_b_max=50), "above its beginning"), (dict(resolution_dependent_b="1 2"), "three numbers"),
    (dict(molecular_mass=1e5), "the box holds"),
    (dict(score_region="box", box_centre="a b c"), "three numbers"),
])
def test_choices_that_cannot_be(demo, values, words):
    with pytest.raises((InputError, MissingInputError), match=words):
        compute_auto_sharpen(Study(full_map=demo.full_map), build(AutoSharpenParams, values))


@pytest.mark.parametrize("method, words", [("half_map", "Half-maps"), ("model", "atomic model"), ("external", "reference map")])
def test_methods_without_their_input(demo, method, words):
    with pytest.raises(MissingInputError, match=words):
        compute_auto_sharpen(Study(full_map=demo.full_map), AutoSharpenParams(method=method))
    with pytest.raises(MissingInputError, match="measure the anisotropy"):
        compute_auto_sharpen(Study(full_map=demo.full_map), AutoSharpenParams(remove_anisotropy="half_maps"))


def test_a_map_whose_solvent_is_masked_off(demo):
    masked = Study(full_map=demo.full_map.with_data(demo.full_map.data * demo.mask.data))
    result = compute_auto_sharpen(masked, AutoSharpenParams(resolution=5.0))
    assert result.method == "target_b_iso_to_d_cut" and result.noise_from == "unknown" and result.weight is None
    with pytest.raises(InputError, match="solvent does not show"):
        compute_auto_sharpen(masked, AutoSharpenParams(resolution=5.0, method="solvent"))
    with pytest.raises(InputError, match="choose half_map"):
        compute_auto_sharpen(Study(half1=demo.half1, half2=demo.half2), AutoSharpenParams(method="solvent"))


def test_a_sequence_tells_the_volume(demo):
    sequence = Sequences(("MKVGGAA", "GCAU"))
    found = compute_auto_sharpen(Study(full_map=demo.full_map, sequence=sequence), AutoSharpenParams(copies=10))
    volume = demo.full_map.data.size * demo.full_map.voxel ** 3
    assert found.solvent_fraction == pytest.approx(min(1 - 12.3 * sequence.mass / volume, 0.99))
    with pytest.raises(InputError, match="The sequence comes to .* kDa"):
        compute_auto_sharpen(Study(full_map=demo.full_map, sequence=sequence), AutoSharpenParams(copies=10000))
