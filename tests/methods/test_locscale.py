"""LocScale: against windows one by one, against known local B-factors; holes, constant regions, edges; then the simulated cases."""

import naive_locscale as naive
import numpy as np
import pytest
from sharpening_cases import score

from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.core import density, filters, fourier
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.methods.sharpening.locscale import REFERENCES, LocscaleParams, compute_locscale
from cryoqa_plugin.study import Study


def run(inputs, **values):
    return compute_locscale(inputs, LocscaleParams(**values))


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def halves(demo, **more):
    return Study(half1=demo.half1, half2=demo.half2, mask=demo.mask, **more)


def truth_of(demo):
    """Density of the demonstration's model, float32 [z, y, x]."""
    m, grid = demo.model, demo.full_map
    return fourier.inverse(density.model_density_ft(m.elements, m.xyz, m.b_iso, m.occupancy, grid.shape, grid.voxel_size, grid.origin),
                           grid.shape)


def cc(a, b, where):
    return float(np.corrcoef(a[where].astype(float), b[where].astype(float))[0, 1])


def cut_model(model, keep):
    """The model without the atoms of residues for which ``keep(residue number)`` is false."""
    structure = model.structure.clone()
    for chain in structure[0]:
        for i in reversed(range(len(chain))):
            if not keep(i):
                del chain[i]
    return Model(structure, "cut.pdb")


# --- against the published formula ----------------------------------------------------------------------------------------


def test_plain_ratios_agree_with_windows_one_by_one(demo):
    """Without weights and noise, at every eighth voxel of the mask, for a map whose fall-off grows from one side to the other."""
    truth, voxel = truth_of(demo), demo.full_map.voxel
    geo = fourier.geometry(demo.full_map.shape, demo.full_map.voxel_size)
    soft, hard = (fourier.inverse(filters.apply_radial(fourier.forward(truth), geo, filters.bfactor_profile(geo, b)), truth.shape)
                  for b in (250.0, 80.0))
    ramp = (np.arange(64) / 63).astype(np.float32)
    data = demo.full_map.with_data(soft * ramp + hard * (1 - ramp))
    result = run(Study(full_map=data, mask=demo.mask, model=demo.model), weighting="none", resolution=3.6)
    width = 2 * int(round(25 / voxel / 2))
    half = width // 2
    inside = np.argwhere(demo.mask.data > 0.9)
    inside = inside[np.all((inside >= half) & (inside < 64 - half), axis=1)][::8]
    want, got = naive.window_by_window(data.data, truth, inside, width), result.sharpened.data[tuple(inside.T)]
    assert len(inside) > 200 and np.corrcoef(want, got)[0, 1] > 0.98
    assert np.corrcoef(want, data.data[tuple(inside.T)])[0, 1] < 0.95
    assert np.std(got) == pytest.approx(np.std(want), rel=0.3)


@pytest.mark.heavy
def test_each_reference_is_better_than_the_map(demo):
    truth, inside = truth_of(demo), demo.mask.data >= 0.5
    before = cc(demo.full_map.data, truth, inside)
    found = {}
    for kind in REFERENCES:
        model = dict(model=demo.model) if kind in ("model", "hybrid") else {}
        for inputs in (halves(demo, **model), Study(full_map=demo.full_map, mask=demo.mask, **model)):
            result = run(inputs, reference=kind)
            found[kind, inputs.half1 is not None] = cc(result.sharpened.data, truth, inside)
            assert result.reference_used == kind and result.bfactor_removed_p5 < result.bfactor_removed < result.bfactor_removed_p95
            assert result.noise_from == ("half_maps" if inputs.half1 is not None else "solvent")
            assert (result.n_pseudo_atoms > 1000) == (kind == "pseudo_atoms") and (result.n_atoms > 0) == bool(model)
    assert min(found.values()) > before + 0.02, (before, found)
    assert found["model", True] == max(found.values())


@pytest.mark.heavy
def test_half_maps_are_scaled_alike(demo):
    result = run(halves(demo))
    mean = (result.sharpened_half1.data + result.sharpened_half2.data) / 2
    np.testing.assert_allclose(result.sharpened.data, mean, atol=1e-4 * np.abs(mean).max())
    three = run(halves(demo, full_map=demo.full_map))
    np.testing.assert_allclose(three.sharpened.data, mean, atol=1e-3 * np.abs(mean).max())
    assert three.warnings == result.warnings
    blurred = halves(demo, full_map=demo.full_map.with_data(fourier.inverse(
        (fourier.forward(demo.full_map.data) * 0.5).astype(np.complex64), demo.full_map.shape)))
    assert not any("falls off" in w for w in run(blurred).warnings), "a factor is no fall-off"
    sharp = halves(demo, full_map=run(halves(demo)).sharpened)
    assert any("falls off differently" in w for w in run(sharp).warnings)


# --- known local B-factors -------------------------------------------------------------------------------------------------


def two_halves_of_a_box(extra):
    """White noise in a slab of a long box whose second half is blurred by ``extra`` Å^2, noisy halves, truth and mask."""
    rng = np.random.default_rng(5)
    shape, voxel = (48, 48, 96), 1.5
    k2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n, voxel) for n in shape), indexing="ij", sparse=True))
    box = np.zeros(shape)
    box[8:40, 8:40, 8:88] = 1
    white = rng.standard_normal(shape) * box
    ft = np.fft.fftn(white)
    sharp, blurred = (np.fft.ifftn(ft * np.exp(-b * k2 / 4)).real for b in (50, 50 + extra))
    signal = np.where(np.arange(96) < 48, sharp, blurred)
    noise = 0.02 * signal.std()
    pair = [Map((signal + noise * rng.standard_normal(shape)).astype(np.float32), (voxel,) * 3) for _ in range(2)]
    return pair, pair[0].with_data(box.astype(np.float32))


def test_the_difference_of_local_b_factors_is_found():
    pair, mask = two_halves_of_a_box(80.0)
    result = run(Study(half1=pair[0], half2=pair[1], mask=mask), reference="model_free", profile="none", target_b=20)
    found = result.local_bfactor.data
    left, right = (float(np.median(found[16:32, 16:32, part])) for part in (slice(16, 34), slice(62, 80)))
    assert right - left == pytest.approx(80, abs=16)
    less = run(Study(half1=pair[0], half2=pair[1], mask=mask), reference="model_free", profile="none", target_b=60)
    assert result.bfactor_removed - less.bfactor_removed == pytest.approx(40, abs=4)


# --- no halo, seam or edge effect --------------------------------------------------------------------------------------------


def test_a_reference_that_is_the_map_changes_nothing(demo):
    """Noise-free, reference and map alike: the gain is the same everywhere, up to the edge of the mask."""
    truth = demo.full_map.with_data(truth_of(demo))
    result = run(Study(full_map=truth, mask=demo.mask, model=demo.model), resolution=3.6)
    inside = demo.mask.data >= 0.5
    low = run(Study(full_map=truth, mask=demo.mask.with_data(np.ones_like(demo.mask.data)), model=demo.model), resolution=3.6)
    assert cc(result.sharpened.data, low.sharpened.data, inside) > 0.9999
    error = result.sharpened.data - low.sharpened.data
    assert np.abs(error[inside]).max() < 0.02 * np.abs(low.sharpened.data).max()


def test_a_constant_region_stays_flat_and_a_hole_empty():
    """In a block of noise a constant cube and an empty one: nothing of the sharpening rings into them beyond that of a global filter."""
    rng = np.random.default_rng(8)
    shape = (72, 72, 72)
    k2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n, 1.5) for n in shape), indexing="ij", sparse=True))
    data = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-100 * k2 / 4)).real
    data /= data.std()
    data[24:48, 24:48, 8:32] = 1.0
    data[24:48, 24:48, 40:64] = 0.0
    noise = [0.02 * rng.standard_normal(shape) for _ in range(2)]
    pair = [Map((data + n).astype(np.float32), (1.5,) * 3) for n in noise]
    mask = pair[0].with_data(np.ones(shape, np.float32))
    result = run(Study(half1=pair[0], half2=pair[1], mask=mask), reference="model_free", profile="none", target_b=40)
    plain = np.fft.ifftn(np.fft.fftn((pair[0].data + pair[1].data) / 2) * np.exp(result.bfactor_removed * np.minimum(k2, 1 / 9) / 4)).real
    out, plain = (d / d[:20].std() for d in (result.sharpened.data, plain))
    for x in (16, 48):                                                   # the middle of each, then all but its rim
        for inner in (4, 9):
            box = (slice(36 - inner, 36 + inner), slice(36 - inner, 36 + inner), slice(x + 4 - inner, x + 4 + inner))
            assert out[box].std() < 0.12, "the noise of the half-maps, sharpened, is 0.05 to 0.1 of what is outside"
            assert out[box].mean() == pytest.approx(plain[box].mean(), abs=0.03), "no halo"
    assert out[32:40, 32:40, 16:24].mean() > out[32:40, 32:40, 48:56].mean() + 0.5
    rough = np.abs(np.diff(out[:20], axis=2)).mean(axis=(0, 1))
    assert rough.max() < 1.5 * np.median(rough), "no seam along x"


def test_the_gain_is_smooth(demo):
    """Neighbouring voxels of the local B-factors differ by little: no lattice of the points where they are known."""
    found = run(halves(demo)).local_bfactor.data
    deep = demo.mask.data >= 0.999
    steps = np.abs(np.diff(found, axis=2))[deep[:, :, 1:] & deep[:, :, :-1]]
    assert steps.max() < 0.15 * np.ptp(found[deep]) + 1e-3


def test_far_from_the_mask_the_map_is_0(demo):
    mask = demo.mask.with_data(np.where(np.arange(64) < 30, demo.mask.data, 0).astype(np.float32))
    data = run(halves(demo).with_(mask=mask)).sharpened.data
    assert np.abs(data[:, :, 48:60]).max() < 3e-3 * np.abs(data).max()


# --- what the parameters do ---------------------------------------------------------------------------------------------------


def test_weights_keep_noise_down(demo):
    truth, inside = truth_of(demo), demo.mask.data >= 0.5
    weighted, plain = run(halves(demo), target_b=0), run(halves(demo), target_b=0, weighting="none")
    assert cc(weighted.sharpened.data, truth, inside) > cc(plain.sharpened.data, truth, inside) + 0.01
    assert plain.weight_median == 1 and weighted.weight_median < 0.9


def test_the_window_decides_how_local_it_is(demo):
    wide, narrow = run(halves(demo), window=60), run(halves(demo), window=15)
    spreads = [r.bfactor_removed_p95 - r.bfactor_removed_p5 for r in (wide, narrow)]
    assert spreads[0] < spreads[1] and wide.bands > narrow.bands


@pytest.mark.heavy
def test_profile_resolution_and_seed_count(demo):
    some = {kind: run(halves(demo), profile=kind).sharpened.data for kind in ("protein", "nucleic_acid", "none")}
    inside = demo.mask.data >= 0.5
    assert all(cc(some["protein"], some[other], inside) < 0.9999 for other in ("none", "nucleic_acid"))
    assert [run(halves(demo), resolution=d).target_b for d in (3.6, 6.0)] == [pytest.approx(5.9 * 3.6 ** 2), 80]
    one, two = (run(halves(demo), reference="pseudo_atoms", seed=s).reference_map.data for s in (1, 2))
    assert not np.array_equal(one, two)


@pytest.mark.heavy
def test_a_hybrid_keeps_what_the_model_lacks(demo):
    truth = truth_of(demo)
    n = len(demo.model.structure[0][0])
    part = cut_model(demo.model, lambda i: i < n // 2)
    model, hybrid = (run(halves(demo, model=part), reference=kind) for kind in ("model", "hybrid"))
    assert model.missing_fraction > 0.1 and any("hybrid" in w for w in model.warnings)
    assert hybrid.n_pseudo_atoms > 50 and hybrid.missing_fraction == model.missing_fraction
    whole = run(halves(demo, model=demo.model))
    assert whole.missing_fraction < 0.05
    there = np.abs(model.reference_map.data) >= 0.02 * model.reference_map.data.max()
    lacking = (demo.mask.data >= 0.9) & ~there & (truth > 0.2 * truth.max())
    assert lacking.sum() > 50
    amplitude = [float(np.abs(r.sharpened.data[lacking]).mean() / np.abs(whole.sharpened.data[lacking]).mean()) for r in (model, hybrid)]
    assert amplitude[1] > 0.5 and amplitude[1] > amplitude[0]


# --- what is said -----------------------------------------------------------------------------------------------------------------


def test_wrong_inputs_are_refused(demo):
    with pytest.raises(InputError, match="needs an atomic model"):
        run(halves(demo), reference="hybrid")
    far = Map(demo.full_map.data, demo.full_map.voxel_size, (900.0, 0.0, 0.0))
    with pytest.raises(InputError, match="inside the box"):
        run(Study(full_map=far, model=demo.model))
    with pytest.raises(InputError, match="No voxel of the mask reaches 0.5"):
        run(halves(demo).with_(mask=demo.mask.with_data(demo.mask.data * np.float32(0.3))))


@pytest.mark.heavy
def test_oddities_are_said(demo):
    assert any("was not used" in w for w in run(halves(demo, model=demo.model), reference="model_free").warnings)
    made = run(Study(half1=demo.half1, half2=demo.half2))
    assert made.mask_source == "made" and made.mask_used is not None and any("No mask" in w for w in made.warnings)
    masked = demo.full_map.with_data(demo.full_map.data * (demo.mask.data > 0.5))
    result = run(Study(full_map=masked, mask=demo.mask), resolution=3.6)
    assert result.noise_from == "resolution" and any("noise is not known" in w for w in result.warnings)
    flat = cut_model(demo.model, lambda i: True)
    for atom in (a for c in flat.structure[0] for r in c for a in r):
        atom.b_iso = 30
    assert any("same B-factor, 30" in w for w in run(halves(demo, model=flat)).warnings)
    copies = run(halves(demo).with_(half2=demo.half1))
    found = checks.evaluate(limits.CHECKS["locscale"], results.to_document(copies)["metrics"])
    assert {c["metric"]: c["status"] for c in found}["half_maps_identical"] == "fail"


def test_odd_boxes_and_origins():
    rng = np.random.default_rng(3)
    shape, voxel, origin = (33, 40, 37), (1.5, 1.4, 1.6), (3.0, -4.0, 7.5)
    ball = np.clip((13 - np.sqrt(sum((k - n / 2) ** 2 for k, n in zip(np.ogrid[:33, :40, :37], shape)))) / 3, 0, 1)
    signal = ball * (1 + rng.standard_normal(shape))
    pair = [Map((signal + 0.2 * rng.standard_normal(shape)).astype(np.float32), voxel, origin) for _ in "12"]
    result = run(Study(half1=pair[0], half2=pair[1]))
    for made in (result.sharpened, result.sharpened_half2, result.local_bfactor):
        assert made.shape == shape and made.voxel_size == voxel and made.origin == origin and np.isfinite(made.data).all()


# --- simulated maps ----------------------------------------------------------------------------------------------------------------


def simulated(folder, kind):
    maps = {k: read_map(str(folder / f"{folder.name}_{k}.mrc")) for k in ("half1", "half2", "mask")}
    if kind in ("model", "hybrid"):
        maps["model"] = read_model(str(folder / f"{folder.name}_model.pdb"))
    return Study(**maps)


@pytest.mark.heavy
@pytest.mark.realdata
def test_the_true_model_gives_back_the_truth(sim_case):
    """LocScale 1 on this case: 0.955; asked for is 0.975."""
    result = run(simulated(sim_case("p96"), "model"))
    assert score(sim_case("p96"), result.sharpened.data).truth >= 0.98


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("case, kind, before, least", [("p96", "model_free", 0.837, 0.975), ("p96", "pseudo_atoms", 0.837, 0.975),
                                                       ("t160", "model_free", 0.773, 0.945), ("l160", "pseudo_atoms", 0.920, 0.96)])
def test_without_a_model_it_is_much_better_than_the_map(sim_case, case, kind, before, least):
    folder = sim_case(case)
    assert score(folder, read_map(str(folder / f"{case}_full.mrc")).data).truth == pytest.approx(before, abs=0.002)
    assert score(folder, run(simulated(folder, kind), reference=kind).sharpened.data).truth >= least
