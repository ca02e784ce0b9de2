"""Sharpening in shells: made-up maps whose signal, noise and fall-off are known, and the simulated cases."""
from __future__ import annotations


import numpy as np
import pytest
from sharpening_cases import score

from cryoqa_plugin.core import fourier, shells
from cryoqa_plugin.demo_model import build_chain
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.methods.sharpening import spectrum
from cryoqa_plugin.methods.sharpening.shell_sharpen import ShellSharpenParams, compute_shell_sharpen
from cryoqa_plugin.study import Study

SHAPE, VOXEL, ORIGIN = (48, 48, 48), (1.2, 1.2, 1.2), (5.0, -3.0, 7.0)
B_SIGNAL, D = 120.0, 3.6
COMPONENTS = ("xx", "yy", "zz", "xy", "xz", "yz")


def _frequencies(shape=SHAPE, voxel=VOXEL):
    """Vectors (x, y, z) in 1/Å of the half-complex coefficients."""
    fz, fy, fx = (np.fft.fftfreq(n, v) for n, v in zip(shape, voxel[::-1]))
    return np.meshgrid(fz, fy, np.abs(fx[:shape[2] // 2 + 1]), indexing="ij")


def _made_up(shape=SHAPE, voxel=VOXEL, u=(0, 0, 0), noise_u=(0, 0, 0), seed=5):
    """A protein-like ideal map, and half-maps of it with a fall-off, a tensor U (x, y, z) and noise that wins at 3.6 Å."""
    rng = np.random.default_rng(seed)
    z, y, x = _frequencies(shape, voxel)
    s2 = x * x + y * y + z * z
    ideal = np.fft.rfftn(rng.standard_normal(shape)) * np.sqrt(spectrum.protein_power(np.sqrt(s2)))
    fall = np.exp(-B_SIGNAL * s2 / 4 - 2 * np.pi ** 2 * (u[0] * x * x + u[1] * y * y + u[2] * z * z))
    blur = np.exp(-2 * np.pi ** 2 * (noise_u[0] * x * x + noise_u[1] * y * y + noise_u[2] * z * z))
    level = np.sqrt(spectrum.protein_power(1 / D)) * np.exp(-B_SIGNAL / D ** 2 / 4) * np.sqrt(1 / 0.143 - 1)
    halves = [np.fft.irfftn(ideal * fall + np.fft.rfftn(rng.standard_normal(shape)) * blur * level, shape) for _ in range(2)]
    made = [Map(h.astype(np.float32), voxel, ORIGIN) for h in halves]
    return np.fft.irfftn(ideal, shape).astype(np.float32), made


@pytest.fixture(scope="module")
def plain():
    return _made_up()


def _run(halves, **params):
    extra = {k: params.pop(k) for k in ("mask", "model", "reference_map", "full_map") if k in params}
    values = dict(dict(resolution=D), **params)
    return compute_shell_sharpen(Study(half1=halves[0], half2=halves[1], **extra), ShellSharpenParams(**values))


def _power(map_, shape=SHAPE):
    return spectrum.mean_power(fourier.forward(map_.data), fourier.geometry(shape, VOXEL))


def _correlation(a, b):
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_the_result_is_nearest_to_the_ideal_map(plain):
    ideal, halves = plain
    made = _run(halves, target="b0", noise="box", anisotropic="no")
    assert made.bfactor_signal == pytest.approx(B_SIGNAL, abs=4) and abs(made.bfactor_signal - B_SIGNAL) < 4 * made.bfactor_signal_error
    assert made.bfactor_effective == pytest.approx(-B_SIGNAL, abs=6)
    geo = fourier.geometry(SHAPE, VOXEL)
    ft, ideal_ft = fourier.forward(made.sharpened.data), fourier.forward(ideal)
    limit = fourier.frequencies(geo) * made.d_min < 0.97
    sums = shells.cross_sums(ft, ideal_ft, geo)
    best = sums.cross / np.maximum(sums.power1, 1e-30)                 # the factor with which each shell would be nearest
    used = limit & (fourier.frequencies(geo) > 0.1) & (shells.fsc(sums) > 0.5)
    assert np.std(np.log(best[used])) < 0.06
    assert _correlation(made.sharpened.data, ideal) > _correlation(halves[0].data, ideal) + 0.05


def test_density_is_blurrier_than_point_atoms_by_its_b_factor(plain):
    sharp, soft, chosen = (_run(plain[1], anisotropic="no", **p) for p in (dict(target="b0"), dict(), dict(bfactor=80.0)))
    freq = fourier.frequencies(fourier.geometry(SHAPE, VOXEL))
    use = (freq > 0.12) & (freq < 0.25)
    for made, b in ((soft, 5.9 * D ** 2), (chosen, 80.0)):
        assert made.target_bfactor == pytest.approx(b)
        slope = np.polyfit(freq[use] ** 2, np.log(_power(made.sharpened) / _power(sharp.sharpened))[use], 1)[0]
        assert -2 * slope == pytest.approx(b, rel=0.02)
    assert _run(plain[1], bfactor_ratio=3.0).target_bfactor == pytest.approx(3 * D ** 2)
    assert _run(plain[1], bfactor_ratio=9.0).target_bfactor == 80      # atoms of coarse maps move no more than others
    assert sharp.target_bfactor == 0 and sharp.bfactor_after > soft.bfactor_after


def test_an_isotropic_map_is_left_isotropic(plain):
    made = _run(plain[1])
    assert made.anisotropy_corrected is False and made.u_range < 0.2 and made.u_range < 8 * made.u_error
    assert _run(plain[1], anisotropic="yes").anisotropy_corrected is True
    assert all(v == 0 for v in made.tensors.rows[-1][1:]) and made.tensors.rows[-1][0] == "scale factors"


def test_anisotropy_is_found_and_taken_out():
    ideal, halves = _made_up(u=(-0.15, -0.15, 0.3), noise_u=(0.1, -0.05, -0.05))
    made, flat = _run(halves, target="b0"), _run(halves, target="b0", anisotropic="no")
    assert made.anisotropy_corrected and not flat.anisotropy_corrected
    found = np.array([getattr(made, "u_" + c) for c in COMPONENTS])
    np.testing.assert_allclose(found, (-0.15, -0.15, 0.3, 0, 0, 0), atol=0.05)
    rows = {r[0]: np.array(r[1:]) for r in made.tensors.rows}
    np.testing.assert_allclose(rows["uncertainties"], (0.1, -0.05, -0.05, 0, 0, 0), atol=0.02)
    np.testing.assert_allclose(rows["overall"] - rows["signal relative to ideal"],
                               np.r_[np.full(3, made.bfactor_signal / (8 * np.pi ** 2)), 0, 0, 0], atol=1e-9)
    assert rows["scale factors"][2] > 0.02 and 0 < rows["data"][2] < 0.3
    assert _correlation(made.sharpened.data, ideal) > _correlation(flat.sharpened.data, ideal) + 0.001
    z, y, x = _frequencies()
    s = np.sqrt(x * x + y * y + z * z)
    band = (s > 0.13) & (s < 0.22)
    power = np.abs(fourier.forward(made.sharpened.data)) ** 2
    along = power[band & (z ** 2 > 0.8 * s ** 2)].mean() / power[band & (x ** 2 > 0.8 * s ** 2)].mean()
    raw = np.abs(fourier.forward(flat.sharpened.data)) ** 2
    before = raw[band & (z ** 2 > 0.8 * s ** 2)].mean() / raw[band & (x ** 2 > 0.8 * s ** 2)].mean()
    assert before < 0.75 and abs(np.log(along)) < 0.15


def test_half_maps_are_sharpened_alike_and_the_origin_stays(plain):
    made = _run(plain[1])
    np.testing.assert_allclose((made.sharpened_half1.data + made.sharpened_half2.data) / 2, made.sharpened.data, atol=1e-5)
    assert made.sharpened.origin == ORIGIN and made.sharpened.voxel_size == VOXEL
    geo = fourier.geometry(SHAPE, VOXEL)
    before, after = (shells.fsc(shells.cross_sums(fourier.forward(a.data), fourier.forward(b.data), geo))
                     for a, b in (plain[1], (made.sharpened_half1, made.sharpened_half2)))
    use = fourier.frequencies(geo) * made.d_min < 0.9
    np.testing.assert_allclose(after[use][1:], before[use][1:], atol=0.02)


def test_a_map_of_its_own_is_sharpened_by_what_the_halves_say(plain):
    full = plain[1][0].with_data(3 * (plain[1][0].data + plain[1][1].data) / 2)
    mean, own = _run(plain[1]), _run(plain[1], full_map=full)
    np.testing.assert_allclose(own.sharpened.data, 3 * mean.sharpened.data, rtol=1e-3, atol=1e-3 * own.sharpened.data.std())


def test_scales(plain):
    mean = (plain[1][0].data + plain[1][1].data) / 2
    assert _run(plain[1]).sharpened.data.std() == pytest.approx(mean.std(), rel=1e-4)
    assert _run(plain[1], scale="unit").sharpened.data.std() == pytest.approx(1, rel=1e-4)
    assert _run(plain[1], scale="maximum", anisotropic="no").scale_factor.y.max() == pytest.approx(1, rel=1e-4)


def test_the_limit_and_the_bins(plain):
    made, coarse = _run(plain[1]), _run(plain[1], n_bins=8, d_min_ratio=1.0)
    assert made.d_min == pytest.approx(0.833 * D) and coarse.d_min == pytest.approx(D)
    assert len(coarse.shells.rows) == 8 and len(made.shells.rows) == int(np.ceil(48 * 1.2 / made.d_min - 0.5))
    power = _power(coarse.sharpened)
    freq = fourier.frequencies(fourier.geometry(SHAPE, VOXEL))
    assert power[freq * D > 1.16].max() < 1e-9 * power.max()
    assert _correlation(made.sharpened.data, coarse.sharpened.data) > 0.97


def test_noise_inside_the_molecule_is_weighed_less(plain):
    z, y, x = np.mgrid[:48, :48, :48] - 24
    ball = np.clip((14 - np.sqrt(x * x + y * y + z * z)) / 3, 0, 1).astype(np.float32)
    rng = np.random.default_rng(2)
    signal = plain[0] * ball
    halves = [Map((signal + 1.5 * rng.standard_normal(SHAPE) * signal.std()).astype(np.float32), VOXEL) for _ in range(2)]
    inside, box = (_run(halves, resolution=4.0, noise=n, mask=halves[0].with_data(ball)) for n in ("molecule", "box"))
    assert inside.snr_gain == pytest.approx(ball.size / float((ball ** 2).sum()), rel=0.25)
    assert box.snr_gain == 1 and inside.cc_star.y[10] > box.cc_star.y[10]


def _atoms(tmp_path, keep=slice(None)):
    lines = []
    for i, xyz in enumerate(np.array([a.position for a in build_chain()])[keep], 1):
        x, y, z = xyz * 0.55 + np.array(ORIGIN) + 24 * 1.2
        lines.append(f"ATOM  {i:5d}  CA  ALA A{i:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 30.00           C")
    path = tmp_path / "model.pdb"
    path.write_text("\n".join(lines + ["END\n"]))
    return read_model(str(path))


@pytest.fixture
def with_model(tmp_path):
    """A model, its density with B = 30 Å², and half-maps of it with a fall-off of 100 Å² and noise."""
    from cryoqa_plugin.core import density
    model = _atoms(tmp_path)
    ft = density.model_density_ft(model.elements, model.xyz, model.b_iso, model.occupancy, SHAPE, VOXEL, ORIGIN)
    z, y, x = _frequencies()
    rng = np.random.default_rng(4)
    true = fourier.inverse(ft, SHAPE)
    signal = fourier.inverse(ft * np.exp(-100 * (x * x + y * y + z * z) / 4).astype(np.float32), SHAPE)
    halves = [Map((signal + 0.15 * signal.std() * rng.standard_normal(SHAPE)).astype(np.float32), VOXEL, ORIGIN) for _ in range(2)]
    return model, true, halves


def test_targets_from_a_model_and_from_a_map(with_model):
    model, true, halves = with_model
    own = _run(halves, model=model, anisotropic="no")
    sharper = _run(halves, model=model, target="b0", anisotropic="no")
    other = _run(halves, reference_map=halves[0].with_data(true), anisotropic="no")
    assert (own.spectrum_used, other.spectrum_used) == ("model", "reference") and own.target_bfactor is None
    np.testing.assert_allclose(own.sharpened.data, other.sharpened.data, atol=0.02 * own.sharpened.data.std())
    assert own.bfactor_effective == pytest.approx(-100, abs=5) and sharper.bfactor_effective == pytest.approx(-130, abs=6)
    mean = (halves[0].data + halves[1].data) / 2
    assert _correlation(own.sharpened.data, true) > _correlation(mean, true) + 0.02
    assert _run(halves, model=model, spectrum="protein").target_bfactor == pytest.approx(5.9 * D ** 2)
    salty = _run(halves, model=model, anisotropic="no", k_sol=0.8, b_sol=100.0)
    low = fourier.frequencies(fourier.geometry(SHAPE, VOXEL)) < 0.06
    ratio = _power(salty.sharpened) / _power(own.sharpened)
    assert ratio[low][1:].max() < 0.5 * ratio[10]


def test_weights_from_a_model(with_model):
    model, true, halves = with_model
    mean = halves[0].with_data((halves[0].data + halves[1].data) / 2)

    def alone(**params):
        return compute_shell_sharpen(Study(full_map=mean, model=model), ShellSharpenParams(resolution=D, anisotropic="no", **params))

    made, exact = alone(), alone(rmsd=0.0, fraction_complete=1.0)
    assert made.weights_used == "model" and made.model_rmsd == pytest.approx(0.25 * D) and exact.model_rmsd == 0
    assert made.cc_star.y.sum() > exact.cc_star.y.sum()                 # the model's own error is not the map's
    assert alone(rmsd_ratio=0.1).model_rmsd == pytest.approx(0.1 * D)
    assert alone(rmsd=0.0, fraction_complete=0.5).cc_star.y[8] > exact.cc_star.y[8]
    assert _correlation(exact.sharpened.data, true) > _correlation(mean.data, true) + 0.02
    assert np.abs(alone(rmsd=0.0, atom_radius=12.0).cc_star.y - alone(rmsd=0.0).cc_star.y).max() > 0.01
    assert alone(weights="none").cc_star.y.min() == 1
    by_halves = _run(halves, model=model, spectrum="data", anisotropic="no", weights="model")
    assert by_halves.weights_used == "model" and by_halves.snr_gain is None


def test_half_of_a_model_is_noticed(tmp_path, with_model):
    _, _, halves = with_model
    half = _atoms(tmp_path, slice(0, len(build_chain()) // 2))
    made = _run(halves, model=half, weights="model", rmsd=0.0)
    assert made.model_fraction < 0.9


def test_no_weights_match_amplitudes(with_model):
    model, true, halves = with_model
    mean = halves[0].with_data((halves[0].data + halves[1].data) / 2)
    made = compute_shell_sharpen(Study(full_map=mean, reference_map=mean.with_data(true)), ShellSharpenParams(resolution=D))
    assert (made.weights_used, made.spectrum_used) == ("none", "reference")
    freq = fourier.frequencies(fourier.geometry(SHAPE, VOXEL))
    use = (freq > 0.05) & (freq * D < 1)
    ratio = np.log(_power(made.sharpened) / _power(mean.with_data(true)))[use]
    assert np.std(ratio) < 0.35


def test_a_reference_without_power_where_spectra_are_laid_on_each_other_is_refused(plain):
    true, halves = plain
    planes = np.broadcast_to((np.arange(48) % 3)[:, None, None], SHAPE).astype(np.float32)
    with pytest.raises(InputError, match=r"reference map \(not from a file\) has no power at 57.6 Å"):
        _run(halves, reference_map=halves[0].with_data(planes))


@pytest.mark.parametrize("shape, voxel", [((47, 47, 47), (1.2, 1.2, 1.2)), ((40, 48, 45), (1.3, 1.2, 1.25))])
def test_odd_and_uneven_boxes(shape, voxel):
    ideal, halves = _made_up(shape, voxel)
    made = _run(halves, target="b0")
    assert made.sharpened.shape == shape and made.bfactor_signal == pytest.approx(B_SIGNAL, abs=10)
    assert _correlation(made.sharpened.data, ideal) > 0.5


def _with_noise(data, seed):
    return Map((data + 0.02 * np.random.default_rng(seed).standard_normal(data.shape)).astype(np.float32), VOXEL)


@pytest.mark.parametrize("target", ["density", "b0"])
@pytest.mark.parametrize("hole", [False, True])
def test_no_halo_around_a_block_or_in_a_hole(target, hole):
    z, y, x = (np.mgrid[:64, :64, :64] - 32)
    r = np.sqrt(x * x + y * y + z * z)
    block = ((r < 24) & (r > 9) if hole else r < 18).astype(np.float32)
    blur = np.exp(-60 * sum(f * f for f in _frequencies((64,) * 3)) / 4).astype(np.float32)
    smooth = fourier.inverse(fourier.forward(block) * blur, (64,) * 3)
    out = _run([_with_noise(smooth, seed) for seed in (1, 2)], target=target, resolution=5.0, anisotropic="no").sharpened.data
    level = out[np.abs(r - 16.5) < 3 if hole else r < 13].mean()
    limit = {"density": 0.04, "b0": 0.08}[target]                     # a block has no atoms; brought to their spectrum, its edge rings
    empty = [np.abs(r - i) < 0.5 for i in range(30, 44)] + [r < 6] * hole
    assert max(abs(out[where].mean()) for where in empty) < limit * level
    faces = np.concatenate([out[0].ravel(), out[-1].ravel(), out[:, :, 0].ravel()])
    assert abs(faces.mean()) < 0.02 * level and faces.std() < 1.2 * out[(r > 28) & (r < 31)].std()


def test_what_is_missing_or_wrong_is_said(plain, tmp_path):
    alone = Study(full_map=plain[1][0])
    with pytest.raises(MissingInputError, match="signal from noise"):
        compute_shell_sharpen(alone, ShellSharpenParams(resolution=D))
    with pytest.raises(MissingInputError, match="spectrum should come from the model"):
        _run(plain[1], spectrum="model")
    with pytest.raises(MissingInputError, match="weights should come from the model"):
        _run(plain[1], weights="model")
    rng = np.random.default_rng(0)
    one = rng.standard_normal(SHAPE)
    with pytest.raises(InputError, match="no resolution at which half-maps agree"):
        _run([Map(one.astype(np.float32), VOXEL), Map((-one).astype(np.float32), VOXEL)])


def test_copies_are_said(plain):
    made = _run([plain[1][0], plain[1][0]])
    assert made.half_maps_identical is True and np.isfinite(made.sharpened.data).all()


def test_max_cc_for_rescale_and_the_other_rules_reach_the_correlation(plain):
    first = _run(plain[1]).correlation_smooth.y
    for other in (dict(cc_cut=0.4), dict(last_bins=12)):
        assert np.abs(_run(plain[1], **other).correlation_smooth.y - first).max() > 1e-6
    with_base = [Map((h.data + 0.35 * np.random.default_rng(9).standard_normal(SHAPE) * plain[1][0].data.std()).astype(np.float32), VOXEL)
                 for h in plain[1]]
    kept, gone = (_run(with_base, max_cc_for_rescale=v) for v in (0.0, 0.99))
    assert kept.baseline == 0 and gone.baseline > 0.01


# ---------------------------------------------------------------- the simulated cases, against their truth
_AIMS = [("p96", "b0", "no", 0.925, 0.817), ("p96", "density", "auto", 0.970, 0.74), ("t160", "b0", "no", 0.93, 0.756),
         ("l160", "density", "auto", 0.975, 0.60), ("h256", "density", "no", 0.98, 0.60)]


def _halves(folder):
    return [read_map(str(folder / f"{folder.name}_half{i}.mrc")) for i in (1, 2)]


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("case, target, anisotropic, truth, b0", _AIMS)
def test_simulated_cases(sim_case, case, target, anisotropic, truth, b0):
    folder = sim_case(case)
    halves = _halves(folder)
    made = _run(halves, target=target, anisotropic=anisotropic, resolution=None)
    found = score(folder, made.sharpened.data)
    assert found.truth >= truth and found.b0 >= b0
    assert max(abs(getattr(made, "u_" + a) - getattr(made, "u_" + b)) for a in ("xx", "zz") for b in ("yy",)) <= 0.05


@pytest.mark.realdata
@pytest.mark.heavy
def test_anisotropy_of_the_simulated_case(sim_case):
    folder = sim_case("a96")
    made, flat = (_run(_halves(folder), target="b0", anisotropic=a, resolution=None) for a in ("auto", "no"))
    assert made.anisotropy_corrected
    assert made.u_zz - made.u_yy == pytest.approx(0.50, abs=0.05) and made.u_xx - made.u_yy == pytest.approx(-0.13, abs=0.05)
    better, worse = score(folder, made.sharpened.data), score(folder, flat.sharpened.data)
    assert better.b0 > worse.b0 and better.fsc > worse.fsc
    full, model = read_map(str(folder / "a96_full.mrc")), read_model(str(folder / "a96_model.pdb"))
    with_model = compute_shell_sharpen(Study(full_map=full, model=model), ShellSharpenParams())
    assert with_model.u_zz - with_model.u_yy == pytest.approx(0.50, abs=0.05)
    same = compute_shell_sharpen(Study(full_map=full, reference_map=read_map(str(folder / "a96_truth.mrc"))), ShellSharpenParams())
    assert same.u_range < 0.03 and not same.anisotropy_corrected        # that of the reference is no fault of the map
