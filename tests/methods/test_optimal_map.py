"""The optimal map: its formula, the truth of simulated maps, and a model that lacks a known part."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import fourier, shells
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import MissingInputError
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.methods.sharpening.optimal_map import OptimalMapParams, compute_optimal_map, join
from cryoqa_plugin.study import Study
from sharpening_cases import correlation, score

# to truth, to truth_b0
SCORES = [("p96", 0.975, 0.79), pytest.param("t160", 0.95, 0.73, marks=pytest.mark.heavy),
          pytest.param("l160", 0.975, 0.64, marks=pytest.mark.heavy)]


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def _halves(demo, **more):
    return Study(half1=demo.half1, half2=demo.half2, **more)


def _shell_power(data, voxel_size):
    geo = fourier.geometry(data.shape, voxel_size)
    power, _, count = shells.power_sums(fourier.forward(data), geo)
    return power / count


@pytest.mark.realdata
@pytest.mark.parametrize("case, truth, b0", SCORES)
def test_the_map_is_near_the_truth(sim_case, case, truth, b0):
    folder = sim_case(case)
    maps = {k: read_map(str(folder / f"{case}_{k}.mrc")) for k in ("half1", "half2", "mask")}
    made = compute_optimal_map(Study(**maps), OptimalMapParams())
    ours = score(folder, made.sharpened.data)
    assert ours.truth >= truth and ours.b0 >= b0
    sharp = score(folder, compute_optimal_map(Study(**maps), OptimalMapParams(amplitudes="protein")).sharpened.data)
    assert sharp.b0 > ours.b0 + 0.03
    even = score(folder, compute_optimal_map(Study(**maps), OptimalMapParams(rules="servalcat")).sharpened.data)
    assert even.b0 < sharp.b0 - 0.05                         # even amplitudes give the noise of the last shells as much as the first


def test_the_formula_shell_by_shell(demo):
    made = compute_optimal_map(_halves(demo), OptimalMapParams(rules="servalcat"))
    mean = (demo.half1.data + demo.half2.data) / 2
    full = made.fsc_full.y
    wanted = np.sqrt(full)                                   # of F with a standard deviation of 1 in each shell
    ours = np.sqrt(_shell_power(made.sharpened.data, demo.half1.voxel_size))
    use = slice(5, made.shells_used - 3)
    ratio = ours[use] / wanted[use]
    assert ratio == pytest.approx(np.full(ratio.size, ratio.mean()), rel=0.07)
    np.testing.assert_allclose((made.sharpened_half1.data + made.sharpened_half2.data) / 2, made.sharpened.data, atol=1e-4)
    f1, f2 = (fourier.forward(m.data) for m in (demo.half1, demo.half2))
    fsc = shells.fsc(shells.cross_sums(f1, f2, fourier.geometry(mean.shape, demo.half1.voxel_size)))
    assert full[6] == pytest.approx(2 * fsc[6] / (1 + fsc[6]), rel=1e-6)
    assert made.sharpened.data.std() == pytest.approx(1, rel=1e-5)


def test_the_local_bfactor_follows_its_formula(demo):
    plain, blurred = (compute_optimal_map(_halves(demo), OptimalMapParams(rules="servalcat", local_bfactor=b)) for b in (0, 80))
    full, s2 = plain.fsc_full.y, plain.fsc_full.x ** 2
    k = np.exp(-80 * s2 / 4)
    gain = k / (1 + (k ** 2 - 1) * full)                     # k^2 FSC / (1 + (k^2 - 1) FSC) / (FSC k)
    got = np.sqrt(_shell_power(blurred.sharpened.data, demo.half1.voxel_size) / _shell_power(plain.sharpened.data, demo.half1.voxel_size))
    use = slice(4, plain.shells_used - 2)
    assert got[use] / got[4] == pytest.approx((gain / gain[4])[use], rel=0.03)


def test_amplitudes_and_the_bfactor_on_top(demo):
    density, protein = (compute_optimal_map(_halves(demo, mask=demo.mask), OptimalMapParams(amplitudes=a)) for a in ("auto", "protein"))
    ratio = np.sqrt(np.divide(*(_shell_power(m.sharpened.data, demo.half1.voxel_size) for m in (density, protein))))
    s2 = density.fsc_full.x ** 2
    some = slice(4, density.shells_used - 2)
    assert density.bfactor_left == pytest.approx(5.9 * density.resolution ** 2) and protein.bfactor_left == 0
    assert np.log(ratio[some] / ratio[4]) == pytest.approx((-density.bfactor_left / 4 * (s2 - s2[4]))[some], abs=0.02)
    even = compute_optimal_map(_halves(demo, mask=demo.mask), OptimalMapParams(amplitudes="even"))
    assert protein.bfactor_signal < -20 and even.bfactor_signal is None
    assert correlation(protein.sharpened.data, even.sharpened.data, demo.mask.data > 0.5) < 0.99
    top = compute_optimal_map(_halves(demo, mask=demo.mask), OptimalMapParams(amplitudes="even", bfactor=50))
    ratio = np.sqrt(_shell_power(top.sharpened.data, demo.half1.voxel_size) / _shell_power(even.sharpened.data, demo.half1.voxel_size))
    s2 = top.fsc_full.x ** 2
    use = slice(4, even.shells_used - 2)
    assert np.log(ratio[use] / ratio[4]) == pytest.approx((-50 / 4 * (s2 - s2[4]))[use], abs=0.02)


def test_one_half_alone_has_the_weights_of_a_half(demo):
    one = compute_optimal_map(_halves(demo, mask=demo.mask), OptimalMapParams(half1_only=True))
    both = compute_optimal_map(_halves(demo, mask=demo.mask), OptimalMapParams())
    assert one.fsc_full.y[5] == pytest.approx(both.fsc_full.y[5] / (2 - both.fsc_full.y[5]), rel=1e-6)
    assert np.array_equal(one.sharpened.data, one.sharpened_half1.data)
    assert not np.array_equal(both.sharpened.data, both.sharpened_half1.data) and "half-map 1" in one.summary


def _without(model, chain_residues):
    import gemmi
    structure = model.structure.clone()
    chain = structure[0][0]
    for i in reversed(range(*chain_residues)):
        del chain[i]
    assert isinstance(structure, gemmi.Structure)
    return Model(structure)


def test_the_difference_map_shows_the_residues_left_out(demo):
    all_residues = len(demo.model.structure[0][0])
    gone = (all_residues // 2, all_residues // 2 + 4)
    left_out = np.array([a.pos.tolist() for r in list(demo.model.structure[0][0])[gone[0]:gone[1]] for a in r])
    made = compute_optimal_map(_halves(demo, mask=demo.mask, model=_without(demo.model, gone)), OptimalMapParams())
    assert made.peaks_positive >= 1 and made.highest_peak > 5
    height, *place = made.peaks.rows[0][:4]
    assert height > 5 and np.min(np.linalg.norm(left_out - place, axis=1)) < 2.5
    full = compute_optimal_map(_halves(demo, mask=demo.mask, model=demo.model), OptimalMapParams())
    assert full.highest_peak < made.highest_peak and full.fsc_average_model > made.fsc_average_model
    assert 0 < full.fsc_average <= 1 and full.difference.origin == demo.half1.origin
    inside = demo.mask.data >= 0.5
    assert made.difference.data[inside].std() == pytest.approx(1, rel=1e-4)
    high = compute_optimal_map(_halves(demo, mask=demo.mask, model=_without(demo.model, gone)), OptimalMapParams(peak_height=6))
    assert len(high.peaks.rows) < len(made.peaks.rows)
    # the updated map brings the missing part nearer to the truth than the model has it: density at the atoms left out
    index = np.rint((left_out - demo.half1.origin) / demo.half1.voxel_size).astype(int)
    assert made.updated.data[index[:, 2], index[:, 1], index[:, 0]].mean() > made.updated.data[inside].mean()


def test_a_model_at_b_zero_is_another_model(demo):
    study = _halves(demo, mask=demo.mask, model=demo.model)
    own, zero = (compute_optimal_map(study, OptimalMapParams(model_b_zero=b)) for b in (False, True))
    assert not np.array_equal(own.difference.data, zero.difference.data)


def test_a_map_alone_is_refused_and_few_coefficients_are_joined(demo):
    with pytest.raises(MissingInputError, match="Half-map 1"):
        compute_optimal_map(Study(full_map=demo.full_map), OptimalMapParams())
    assert list(join(np.array([1.0, 9, 20, 30, 40, 5]))) == [0, 0, 0, 1, 2, 2]
