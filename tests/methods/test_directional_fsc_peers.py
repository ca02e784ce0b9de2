"""Directional FSC against xmipp_resolution_fso and against the truth of simulated half-maps."""
import numpy as np
import pytest
from scipy.special import gammainc

from cryoqa_plugin.core import cones, directions, fourier, shells
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.methods.resolution.directional_fsc import DirectionalFscParams, compute_directional_fsc
from cryoqa_plugin.study import Study

PEERS = ["p96", "a96", pytest.param("t160", marks=pytest.mark.heavy), pytest.param("l160", marks=pytest.mark.heavy)]
ISOTROPIC = ["p96", "t160", "d2tilt_160"] + [pytest.param(c, marks=pytest.mark.heavy) for c in (
    "odd97", "low96", "fine128", "l160", "rna128", "d2_160", "h256")]
# FSC = 0.143 in soft cones of 17 degrees for the signal-to-noise ratio that the simulator gave a96: B lower by 10 Å² along x and
# higher by 40 Å² along z, noise isotropic
A96 = {"x": 2.423, "y": 2.548, "z": 2.997}

pytestmark = pytest.mark.realdata


def load(sim_case, name, masked):
    folder = sim_case(name)
    kinds = ("half1", "half2", "mask") if masked else ("half1", "half2")
    return Study(**{k: read_map(str(folder / f"{name}_{k}.mrc")) for k in kinds})


def columns(path):
    lines = [line.split() for line in path.read_text().splitlines()]
    return np.array([[float(v) for v in line] for line in lines if line and line[0].lstrip("-")[0].isdigit()]).T


@pytest.mark.parametrize("name", PEERS)
def test_occupancy_and_global_curve_equal_those_of_xmipp(shared, sim_case, name):
    ours = compute_directional_fsc(load(sim_case, name, True), DirectionalFscParams(rules="xmipp", volume=False))
    _, freq, _, occupancy = columns(shared / "reference" / name / "fso.xmd")
    np.testing.assert_allclose(ours.fso.x, freq, atol=1e-6)
    np.testing.assert_allclose(ours.fso.y, occupancy, atol=1e-6)
    curve = columns(shared / "reference" / name / "fso_global_fsc.xmd")[0]
    np.testing.assert_allclose(ours.fsc_global.y[:-1], curve[:-1], atol=1e-5)


@pytest.mark.parametrize("name", PEERS)
def test_anisotropy_column_of_xmipp_is_no_p_value(shared, sim_case, name):
    """Its formula on our passing directions gives its column: P(5, S), S in steps of 0.5 up to 20, with twice the axes."""
    data = load(sim_case, name, True)
    geo = fourier.geometry(data.half1.shape, data.half1.voxel_size)
    f1, f2 = (fourier.forward(m.data * data.mask.data) for m in (data.half1, data.half2))
    axes = directions.half_directions(3)
    fsc = shells.fsc(cones.cone_sums(f1, f2, geo, directions.lookup(axes, 17.0), cones.Cone(17.0), reach=geo.shape[0] / 2))
    column = columns(shared / "reference" / name / "fso.xmd")[0]
    for i in range(5, geo.n_shells):
        passing = axes[fsc[i] >= 0.143]
        value = 0.0
        if len(passing):
            t = passing.T @ passing / len(passing)
            statistic = 0.5 * 3 * 5 * 2 * len(passing) * (np.trace(t @ t) - 1 / 3)
            value = gammainc(5, min(np.floor(2 * statistic + 0.5) / 2, 20))
        assert value == pytest.approx(column[i - 1], abs=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_a96_is_anisotropic_as_it_was_made(sim_case, masked):
    result = compute_directional_fsc(load(sim_case, "a96", masked), DirectionalFscParams(volume=False))
    if not masked:
        for name, truth in A96.items():
            assert getattr(result, "resolution_" + name) == pytest.approx(truth, abs=0.06)
    assert result.u_zz - result.u_yy == pytest.approx(0.50, abs=0.04)
    assert result.u_xx - result.u_yy == pytest.approx(-0.13, abs=0.04)
    assert result.isotropic is False and result.bingham_p < 0.001 and " along z against" in result.summary
    assert result.resolution_ratio == pytest.approx(3.008 / 2.414, abs=0.02)


@pytest.mark.heavy
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", ISOTROPIC)
def test_isotropic_cases_are_called_so(sim_case, name, masked):
    result = compute_directional_fsc(load(sim_case, name, masked), DirectionalFscParams(volume=False))
    assert result.isotropic is True and "no sign of preferred" in result.summary
    if (name, masked) != ("low96", True):                                   # a mask that is too sharp for 7.5 Å
        assert result.resolution_ratio < 1.1 and result.regional_ratio < 1.1
    if name in ("p96", "t160", "d2tilt_160"):
        assert max(abs(result.u_zz - result.u_yy), abs(result.u_xx - result.u_yy), abs(result.u_zz - result.u_xx)) < 0.05
