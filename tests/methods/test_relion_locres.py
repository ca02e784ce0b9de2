"""The FSC in soft spheres: a naive twin, known local resolutions, every option, what is odd about half-maps and spheres."""
from __future__ import annotations

import naive_locres
import numpy as np
import pytest
from test_blocres import two_halves

from cryoqa_plugin.core import fourier, phases
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.curves import read_mtf
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.local_resolution.relion_locres import RelionLocresParams, compute_relion_locres
from cryoqa_plugin.runner import perform
from cryoqa_plugin.study import Study

SMALL = dict(sampling=12.0, radius=6.0, edge=10.0, randomise_from=10.0)


def run(halves, mask=None, **values):
    return compute_relion_locres(Study(half1=halves[0], half2=halves[1], mask=mask), RelionLocresParams(**values))


def twin(halves, mask, last_above=True, voxel=(1.0, 1.0, 1.0)):
    geo = fourier.geometry(halves[0].shape, voxel)
    noises = [fourier.inverse(phases.randomise_phases(fourier.forward(h.data), geo, int(geo.length / 10), i), geo.shape)
              for i, h in enumerate(halves)]
    levels = [np.average(h.data, weights=1 - mask.data.astype(float)) for h in halves]               # of the solvent
    maps, noises = ([d.astype(float) - level for d, level in zip(data, levels)] for data in ([h.data for h in halves], noises))
    return naive_locres.relion(maps, noises, voxel, 12.0, 6.0, 10.0, 0.143, 50.0, 10.0, last_above)


@pytest.mark.parametrize("shape,voxel", [((44, 44, 44), (1.0, 1.0, 1.0)), ((41, 36, 45), (1.0, 1.1, 1.2))])
@pytest.mark.parametrize("last_above", [True, False])
def test_shells_of_the_box_are_those_of_the_naive_twin(shape, voxel, last_above):
    halves, mask, _, _ = two_halves(shape, voxel)
    want, single, curves = twin(halves, mask, last_above, voxel)
    out = run(halves, mask, shells="box", interpolate=not last_above, everywhere=True, **SMALL)
    np.testing.assert_allclose(out.resolution_map.data, np.where(want > 0, 1 / np.where(want > 0, want, 1), 0), rtol=2e-3)
    assert out.spheres == single.size
    np.testing.assert_allclose(out.fsc_spheres.y, curves.mean(axis=0)[1:], atol=1e-4)


def test_shells_of_the_sphere_say_nearly_the_same():
    """Spheres of few coefficients, against the naive twin: curves of wider shells scatter less, and sometimes fall elsewhere."""
    halves, mask, _, _ = two_halves((44, 44, 44))
    want, _, _ = twin(halves, mask, last_above=False)
    out = run(halves, mask, **SMALL)
    assert out.shell_width > 1.25 / 44
    inside = out.resolution_map.data > 0
    assert out.uncovered_fraction < 0.01
    apart = np.abs(1 / out.resolution_map.data[inside] - want[inside]) * 44
    assert np.median(apart) < 1 / 3 and np.mean(apart < 1) > 0.75


@pytest.mark.realdata
@pytest.mark.parametrize("case,part", [("p96", 1.0), pytest.param("t160", 1.0, marks=pytest.mark.heavy),
                                       pytest.param("l160", 0.98, marks=pytest.mark.heavy)])
def test_shells_of_the_sphere_say_the_same_within_a_shell(sim_case, case, part):
    """At RELION's sampling, why ``local`` is the default."""
    folder = sim_case(case)
    halves = [read_map(str(folder / f"{case}_half{i}.mrc")) for i in (1, 2)]
    mask = read_map(str(folder / f"{case}_mask.mrc"))
    local, box = (run(halves, mask, shells=shells).resolution_map.data[mask.data >= 0.5] for shells in ("local", "box"))
    apart = np.abs(1 / local - 1 / box) * mask.shape[0]
    assert np.mean(apart < 1) >= part and np.median(apart) < 0.25


def test_the_filtered_map_of_own_boxes_is_that_of_the_whole_box():
    halves, mask, _, _ = two_halves((48, 48, 48))
    own, whole = (run(halves, mask, shells=shells, **SMALL).filtered.data for shells in ("local", "box"))
    inside = mask.data >= 0.5
    assert np.corrcoef(own[inside], whole[inside])[0, 1] > 0.99
    assert np.array_equal(own == 0, whole == 0)


@pytest.mark.heavy
@pytest.mark.parametrize("shells", ["local", "box"])
def test_two_known_resolutions(shells):
    halves, mask, parts, k = two_halves((52, 52, 52))
    out = run(halves, mask, shells=shells, sampling=6.0, radius=5.0, edge=8.0, randomise_from=10.0)
    left, right = (float(np.median(out.resolution_map.data[parts[n]])) for n in ("left", "right"))
    for found, level in ((left, 60), (right, 15)):           # FSC 0.143 is a signal of a sixth of the noise of a half-map
        assert found == pytest.approx(np.sqrt(k / np.log(6 * level)), rel=0.08)
    assert left < right and out.p5 < out.p25 < out.median < out.p75 < out.p95
    assert out.resolution_map.origin == out.filtered.origin == halves[0].origin
    assert np.all((out.resolution_map.data > 0) == (mask.data >= 0.5)) and out.uncovered_fraction == 0
    assert out.histogram.y.sum() == pytest.approx(100) and out.random_fsc < 0.1
    assert [row[0] for row in out.percentiles.rows] == [0.143, 0.5] and out.percentiles.rows[0][3] == pytest.approx(out.median)


@pytest.mark.heavy
def test_every_option_acts(tmp_path):
    halves, mask, parts, _ = two_halves((48, 48, 48))
    plain = run(halves, mask, **SMALL)
    assert run(halves, mask, threshold=0.5, **SMALL).median > plain.median
    assert run(halves, mask, **dict(SMALL, sampling=8.0)).spheres > 2 * plain.spheres
    default = run(halves, mask, sampling=10.0)
    assert (default.radius, default.edge, default.spacing) == (5, 10, 10) and (plain.radius, plain.edge) == (6, 10)
    wide = run(halves, mask, **dict(SMALL, radius=12.0))
    narrow = run(halves, mask, **dict(SMALL, edge=3.0))
    contrast = [np.ptp([np.median(o.resolution_map.data[p]) for p in parts.values()]) for o in (wide, plain)]
    assert contrast[0] < contrast[1] and narrow.shell_width > plain.shell_width > wide.shell_width
    assert run(halves, mask, **dict(SMALL, randomise_from=6.0)).median != plain.median
    assert run(halves, mask, seed=1, **SMALL).median != plain.median == run(halves, mask, **SMALL).median
    box = run(halves, mask, shells="box", **SMALL)
    steps = run(halves, mask, shells="box", interpolate=False, **SMALL)
    assert 0 < steps.median - box.median < 0.3 and box.shell_width == pytest.approx(1 / 48)
    assert run(halves, mask, interpolate=False, **SMALL).median > plain.median
    small = mask.with_data(np.roll(mask.data, 0) * (np.arange(48) < 16))
    some, everywhere = run(halves, small, **SMALL), run(halves, small, everywhere=True, **SMALL)
    assert some.spheres < everywhere.spheres and (everywhere.resolution_map.data > 0).sum() > 2 * (some.resolution_map.data > 0).sum()
    sharp = run(halves, mask, bfactor=-50.0, **SMALL)
    assert sharp.filtered.data.std() > plain.filtered.data.std() and sharp.bfactor == -50
    mtf = tmp_path / "mtf.star"
    mtf.write_text("data_\n\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n0 1\n0.25 0.6\n0.5 0.2\n")
    study = Study(half1=halves[0], half2=halves[1], mask=mask, mtf=read_mtf(str(mtf)))
    divided, coarse = (compute_relion_locres(study, RelionLocresParams(mtf_voxel_size=v, **SMALL)).filtered.data.std() for v in (None, 0.5))
    assert divided > coarse > plain.filtered.data.std()


def test_noise_is_given_the_coarsest_resolution():
    rng = np.random.default_rng(5)
    halves = [Map(rng.standard_normal((40, 40, 40)).astype(np.float32), (1.5, 1.5, 1.5)) for _ in range(2)]
    whole = halves[0].with_data(np.ones((40, 40, 40), np.float32))
    out = run(halves, whole, sampling=14.0, coarsest=16.0, randomise_from=60.0)
    assert out.unresolved_fraction > 0.5 and out.median > 14 and out.resolution_map.data.max() <= 16.001
    assert out.uncovered_fraction > 0 and "faces of the box" in " ".join(out.warnings)


def test_identical_and_masked_half_maps_and_a_made_mask_are_said():
    halves, mask, _, _ = two_halves()
    same = run([halves[0], halves[0].with_data(halves[0].data * 2)], mask, **SMALL)
    assert same.half_maps_identical and "copies" in same.summary and same.nyquist_fraction > 0.5
    cut = [h.with_data(h.data * mask.data) for h in halves]
    masked = perform("relion_locres", Study(half1=cut[0], half2=cut[1], mask=mask), RelionLocresParams(**SMALL))
    assert masked.half_maps_masked and sum("masked" in w for w in masked.warnings) == 1
    made = run(halves, **SMALL)
    assert made.mask_source == "made" and made.mask_used is not None and any("No mask was given" in w for w in made.warnings)


def test_spheres_that_do_not_fit():
    halves, mask, _, _ = two_halves()
    with pytest.raises(InputError, match="radius of 30 Å do not fit"):
        run(halves, mask, radius=30.0)
    with pytest.raises(InputError, match="next to nothing"):
        run(halves, mask, radius=1.5)
    corner = mask.with_data(np.zeros(mask.shape, np.float32))
    corner.data[:2, :2, :2] = 1
    with pytest.raises(InputError, match="No sphere reaches"):
        run(halves, corner, **SMALL)
    assert any("cut off at its faces" in w for w in run(halves, mask, sampling=20.0).warnings)


@pytest.mark.realdata
@pytest.mark.parametrize("case,error,correlation", [("p96", 0.09, 0.35), pytest.param("t160", 0.07, 0.65, marks=pytest.mark.heavy)])
def test_simulated_truth(sim_case, case, error, correlation):
    """Spheres of 75 Å blur: what RELION's sampling of 25 Å can say, and that a finer one says more."""
    folder = sim_case(case)
    halves, mask, truth = ([read_map(str(folder / f"{case}_half{i}.mrc")) for i in (1, 2)], read_map(str(folder / f"{case}_mask.mrc")),
                           read_map(str(folder / f"{case}_locres.mrc")).data)
    inside = (mask.data >= 0.5) & (truth > 0)
    ours = run(halves, mask).resolution_map.data[inside]
    fine = run(halves, mask, sampling=15.0).resolution_map.data[inside]
    assert np.median(np.abs(ours - truth[inside])) <= error
    assert correlation <= np.corrcoef(ours, truth[inside])[0, 1] < np.corrcoef(fine, truth[inside])[0, 1]


@pytest.mark.realdata
def test_percentiles_recorded_from_relion(sim_case):
    """relion_postprocess --locres on p96, of another noise seed: 2.18, 2.32, 2.41, 2.48, 2.57 Å at 2.5, 25, 50, 75, 97.5 %."""
    folder = sim_case("p96")
    halves = [read_map(str(folder / f"p96_half{i}.mrc")) for i in (1, 2)]
    out = run(halves, read_map(str(folder / "p96_mask.mrc")), shells="box", interpolate=False)
    assert out.median == pytest.approx(2.41, abs=0.08) and out.p75 == pytest.approx(2.48, abs=0.1)
