"""Which views are missing: what directional_fsc says of it, and the numbers along an axis."""
from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import naive_cones
from cryoqa_plugin.core import directions, fourier
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.limits import CHECKS
from cryoqa_plugin.checks import evaluate
from cryoqa_plugin.methods.resolution.directional_axes import direction
from cryoqa_plugin.methods.resolution.directional_curves import correlate_cones, hard_cones, transforms
from cryoqa_plugin.methods.resolution.directional_fsc import DirectionalFscParams, compute_directional_fsc
from cryoqa_plugin.methods.resolution.directional_shape import conical_area_ratio
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.directional_noise import first_shell
from directional_cases import expected, halves, inputs, soft_ball, with_a_cap

QUICK = DirectionalFscParams(volume=False)
Z = (0, 0, 1)


def warned(result):
    """The checks of directions that are not met."""
    found = evaluate(CHECKS["directional_fsc"], to_document(result)["metrics"])
    return [c["metric"] for c in found if c["status"] in ("warn", "fail") and not c["metric"].startswith("half_maps_")]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("amplitude", [0.0, 0.15])
def test_missing_views_are_named_once(amplitude, masked):
    mask = soft_ball() if masked else None
    result = compute_directional_fsc(with_a_cap(30, amplitude ** 2, Z, signal=amplitude ** 2, mask=mask), QUICK)
    assert "side views, with the beam across z" in result.summary and "are missing" in result.summary
    assert result.noise_axis == "z" and result.noise_axis_error < 1 and 0.1 < result.empty_fraction < 0.134
    assert result.resolution_z is None and result.fsc_z is None and result.isotropic is False and result.cfar == 0
    assert warned(result) == ["empty_fraction"]
    rows = np.array([[np.nan if v is None else v for v in row] for row in result.directions.rows], float)
    near, far = rows[:, 2] > np.cos(np.deg2rad(15)), rows[:, 2] < np.cos(np.deg2rad(40))
    assert np.isnan(rows[near, 3:]).all() and np.isfinite(rows[far, 3:]).all()
    assert result.resolution_x == pytest.approx(expected(100), abs=0.1 if not masked else 0.25)
    assert result.fso.y.max() < 0.92 and result.reach_nyquist is None and result.sphericity is None


@pytest.mark.parametrize("masked", [False, True])
def test_empty_cells_are_in_no_sum(masked):
    """The FSC of all directions is that of the coefficients that are left, whatever the mask spills into the others."""
    study = with_a_cap(30, 0.0, Z, signal=0.0, mask=soft_ball() if masked else None)
    noise, geo = study.directional_noise, study.geometry
    cell = naive_cones.cell_of(naive_cones.vectors(study.half1.shape), 13)
    f1, f2 = (study.transform(k) if not masked else fourier.forward(_levelled(getattr(study, k).data, study.mask.data))
              for k in ("half1", "half2"))
    r, weight = naive_cones.radius(study.half1.shape, (1.0, 1.0, 1.0))
    weight = weight * noise.kept[cell]
    result = compute_directional_fsc(study, QUICK)
    for shell in (6, 12, 20):
        here = (r + 0.5).astype(int) == shell
        a, b, w = f1[here].astype(complex), f2[here].astype(complex), weight[here]
        plain = (w * (np.conj(a) * b).real).sum() / np.sqrt((w * abs(a) ** 2).sum() * (w * abs(b) ** 2).sum())
        assert result.fsc_global.y[shell - 1] == pytest.approx(plain, abs=1e-5)
    assert result.fsc_global.x[5] == pytest.approx(6 / geo.length)


def _levelled(data, mask):
    out = 1 - mask.astype(float)
    return ((data - (out * data).sum() / out.sum()) * mask).astype(np.float32)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("noise, angle", [(10.0, 30), (3.0, 40)])
def test_few_views_raise_the_noise_and_the_number_along_the_axis(noise, angle, masked):
    study = with_a_cap(angle, noise, Z, mask=soft_ball() if masked else None, seed=5)
    result = compute_directional_fsc(study, QUICK)
    assert "Preferred orientation: side views, with the beam across z" in result.summary and "are few" in result.summary
    assert result.noise_axis == "z" and result.noise_ratio == pytest.approx(noise, rel=0.15) and warned(result) == ["noise_ratio"]
    assert result.isotropic is False and result.empty_fraction == 0
    if not masked:
        assert result.resolution_z == pytest.approx(expected(100, 300 / noise), abs=0.08)
        assert result.resolution_x == pytest.approx(expected(100), abs=0.05)
    assert f"{result.resolution_z:.2f} Å along z" in result.summary


def test_a_little_unevenness_is_noted_and_not_warned_about():
    result = compute_directional_fsc(with_a_cap(30, 1.6, Z, seed=6), QUICK)
    assert result.summary.startswith("Views are spread unevenly") and 1.3 < result.noise_ratio < 2
    assert result.isotropic is False and warned(result) == []


def test_a_quiet_axis_is_told_from_a_damped_one():
    quiet = compute_directional_fsc(with_a_cap(40, 0.25, Z), QUICK)
    assert "side views, with the beam across z" in quiet.summary and "are most of all" in quiet.summary
    damped = compute_directional_fsc(with_a_cap(40, 0.25, Z, signal=0.25), QUICK)
    assert damped.summary.startswith("Fourier space was suppressed around z") and "Preferred" not in damped.summary
    assert damped.resolution_z == pytest.approx(damped.resolution_x, abs=0.1)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_isotropic_half_maps_get_no_word(seed, masked):
    one, two = halves(shape=(48, 48, 48), bfactors=(100.0,) * 3, seed=seed)
    mask = {"mask": one.with_data(soft_ball((48, 48, 48), 16))} if masked else {}
    result = compute_directional_fsc(Study(half1=one, half2=two, **mask), QUICK)
    assert result.isotropic is True and "no sign of preferred orientation" in result.summary and warned(result) == []


@pytest.mark.parametrize("options", [dict(shape=(24, 24, 24), bfactors=(20.0,) * 3), dict(shape=(31, 31, 31), bfactors=(20.0, 25.0, 40.0))])
@pytest.mark.parametrize("masked", [False, True])
def test_cfar_is_that_of_its_definition(options, masked):
    one, two = halves(seed=11, **options)
    mask = soft_ball(one.shape, one.shape[0] / 3, 3)
    study = Study(half1=one, half2=two, **({"mask": one.with_data(mask)} if masked else {}))
    f1, f2 = (fourier.forward(_levelled(m.data, mask) if masked else m.data) for m in (one, two))
    geo, found = study.geometry, []
    for params in (QUICK, DirectionalFscParams(), DirectionalFscParams(volume_cone=25.0)):
        both = transforms(study, params)
        curves = correlate_cones(study, params, *both)
        below = np.flatnonzero(curves.everywhere[1:] < 0.143)
        start = first_shell(geo, int(below[0]) if below.size else geo.n_shells - 1)
        found.append(conical_area_ratio(hard_cones(params, curves, *both).wide, start))
    axes = directions.half_directions(3)
    naive = naive_cones.conical_area_ratio(f1, f2, one.shape, one.voxel_size, axes, 20.0, start)
    assert naive > 0.3
    for value in found:
        assert value == pytest.approx(naive, abs=1e-6)
    if not masked:                               # under a mask the signal of the whole box is what half-maps share in the solvent
        assert compute_directional_fsc(study, QUICK).cfar == pytest.approx(naive, abs=1e-6)


@pytest.mark.parametrize("level", [0.0, 50.0])
def test_a_constant_changes_nothing(level):
    """A solvent that is not 0 under a mask is shared by both half-maps."""
    study = with_a_cap(5, shape=(48, 48, 48), mask=soft_ball((48, 48, 48), 14), level=level)
    result = compute_directional_fsc(study, QUICK)
    plain = compute_directional_fsc(with_a_cap(5, shape=(48, 48, 48), mask=soft_ball((48, 48, 48), 14)), QUICK)
    assert result.resolution_median == pytest.approx(plain.resolution_median, abs=1e-3) and result.isotropic is plain.isotropic is True
    np.testing.assert_allclose(result.fsc_global.y, plain.fsc_global.y, atol=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_nothing_is_finer_than_a_low_pass(masked):
    one, two = halves(shape=(64, 64, 64), bfactors=(60.0,) * 3, seed=3)
    s = np.sqrt(sum(f ** 2 for f in np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64), np.fft.rfftfreq(64), indexing="ij")))
    low = [m.with_data(np.fft.irfftn(np.fft.rfftn(m.data) * (s < 0.29), m.shape).astype(np.float32)) for m in (one, two)]
    mask = {"mask": one.with_data(soft_ball())} if masked else {}
    result = compute_directional_fsc(Study(half1=low[0], half2=low[1], **mask), DirectionalFscParams())
    edge = result.half_maps_filtered_at
    assert edge == pytest.approx(1 / 0.29, rel=0.03) and "edge of their low-pass" in result.summary and "no sign of" in result.summary
    for name in ("global", "x", "y", "z", "best", "median"):
        assert edge - 1e-9 <= getattr(result, "resolution_" + name) < edge + 0.2
    assert result.fso_05 >= edge - 1e-9 and result.reach_nyquist is None and result.isotropic is True and warned(result) == []
    beyond = result.fsc_global.x > 1 / edge
    assert np.isnan(result.fsc_global.y[beyond]).all() and np.isnan(result.fsc_x.y[beyond]).all() and result.cfar > 0.7
    assert np.all(result.fsc3d.data[32, 32, 32 + 21:] == 0) and result.fsc3d.data[32, 32, 32 + 15] > 0.5


@pytest.mark.parametrize("few", [False, True])
def test_shared_noise_has_no_resolution_and_still_tells_the_views(few):
    """A ball with signal in noise of which both half-maps share a fifth, three times as strong around z or not."""
    rng, shape = np.random.default_rng(4), (64, 64, 64)
    k = np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64), np.fft.rfftfreq(64), indexing="ij")
    s2 = sum(f ** 2 for f in k)
    level = np.where(np.abs(k[0]) > np.cos(np.deg2rad(40)) * np.sqrt(s2), np.sqrt(3.0 if few else 1.0), 1.0)
    signal = np.fft.irfftn(20 * np.fft.rfftn(rng.standard_normal(shape)) * np.exp(-120 * s2 / 4), shape) * soft_ball(shape, 14, 4)
    common, *own = (np.fft.irfftn(level * np.fft.rfftn(rng.standard_normal(shape)), shape) for _ in range(3))
    maps = [Map((signal + np.sqrt(0.2) * common + np.sqrt(0.8) * o).astype(np.float32), (1.0,) * 3) for o in own]
    study = Study(half1=maps[0], half2=maps[1], mask=Map(soft_ball(shape, 18, 4), (1.0,) * 3))
    result = compute_directional_fsc(study, QUICK)
    assert result.half_maps_share_noise and result.half_maps_shared_noise == pytest.approx(0.2, abs=0.04)
    assert result.summary.startswith("No resolution by direction is given: the half-maps share noise.")
    for name in ("resolution_global", "resolution_x", "fitted_best", "regional_ratio", "fso_05", "cfar", "reach_nyquist", "bingham_p"):
        assert getattr(result, name) is None, name
    assert all(row[3] is None and row[4] is None and row[5] > 0 for row in result.directions.rows)
    assert {row[0] for row in result.axes.rows} <= {"signal fall-off", "noise"}
    assert result.noise_axis == ("z" if few else None) and ("uneven about z" in result.summary) is few


def test_directions_in_words():
    assert direction(np.array([0.02, 0.0, 0.9998])) == "z" and direction(np.array([-1.0, 0, 0])) == "x"
    assert direction(-np.array([0.0, 0.5, np.sqrt(0.75)])) == "the axis 30° from z, turned by 90° from x to y"


def test_volume_is_0_where_there_are_no_views():
    volume = compute_directional_fsc(with_a_cap(30, 0.0, Z, signal=0.0, shape=(32, 32, 32), b=20.0), DirectionalFscParams()).fsc3d.data
    assert np.all(volume[20:28, 16, 16] == 0) and volume[16, 16, 20:28].min() > 0.2


def test_xmipp_leaves_nothing_out():
    study = with_a_cap(30, 0.0, Z, signal=0.0, shape=(32, 32, 32), b=20.0)
    result = compute_directional_fsc(study, DirectionalFscParams(volume=False, rules="xmipp"))
    assert all(row[4] is not None for row in result.directions.rows) and result.fsc_z is not None


KINDS = {"cone0": "are missing", "conedamp": "are missing", "conenoise": "are few", "conen3": "are few"}
HARMLESS = ["corners", "softmask", "weakened", "noisecore", "noiserim", "offset", "scaleb"]


@pytest.fixture(scope="module")
def bad(shared, sim_case, tmp_path_factory):
    """Function from a simulated case and a kind of fault to its half-maps and what is true of them."""
    def get(case, kind, masked):
        folder, source = tmp_path_factory.mktemp(kind), sim_case(case) / case
        subprocess.run([sys.executable, str(shared / "tools" / "simulate_bad.py"), str(source), str(folder), kind], check=True,
                       stdout=subprocess.DEVNULL)
        maps = {f"half{i}": read_map(str(folder / f"{kind}_half{i}.mrc")) for i in (1, 2)}
        mask = {"mask": read_map(f"{source}_mask.mrc")} if masked else {}
        return Study(**maps, **mask), json.loads((folder / f"{kind}_truth.json").read_text())
    return get


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("case", ["p96", "odd97", "low96"])
@pytest.mark.parametrize("kind", KINDS)
def test_simulated_half_maps_without_views(bad, case, kind, masked):
    study, truth = bad(case, kind, masked)
    result = compute_directional_fsc(study, QUICK)
    assert "Preferred orientation: side views, with the beam across z" in result.summary and KINDS[kind] in result.summary
    assert result.noise_axis == "z" and result.noise_axis_error < 0.8 and result.isotropic is False
    assert np.rad2deg(np.arccos(abs(result.axes.rows[-1][4]))) < 2
    assert (result.resolution_z is None) == kind.startswith("cone0") or kind == "conedamp"
    if not masked and case != "low96":
        for name in "xyz":
            value = getattr(result, "resolution_" + name)
            assert value is None or value == pytest.approx(truth["along_" + name], abs=0.16)


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("case", ["p96", "low96"])
@pytest.mark.parametrize("kind", HARMLESS)
def test_simulated_half_maps_with_other_oddities(bad, case, kind, masked):
    result = compute_directional_fsc(bad(case, kind, masked)[0], QUICK)
    assert result.isotropic is True and result.noise_ratio < 1.2 and result.fall_off_ratio < 2
    assert result.noise_axis is None and "Preferred" not in result.summary


def test_inputs_in_other_boxes_are_isotropic():
    assert compute_directional_fsc(inputs(shape=(36, 40, 44), bfactors=(60.0,) * 3), QUICK).noise_ratio < 1.4
