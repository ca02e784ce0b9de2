"""Local-directional resolution: known resolutions by direction, symmetry, options, and what is odd about maps."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core.threads import set_threads
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.local_resolution.monodir import MonodirParams, compute_monodir
from cryoqa_plugin.study import Study

EVEN, FLAT = (3.0, 3.0, 3.0), (2.7, 3.0, 4.2)


def two_halves(best=FLAT, shape=(64, 64, 64), voxel=(1.0, 1.0, 1.0), seed=3, reach=28):
    """A ball of random density whose half-map FSC falls to 0.143 at ``best`` (Å) along x, y, z; white noise."""
    rng = np.random.default_rng(seed)
    s = np.meshgrid(*(np.fft.fftfreq(n, v) for n, v in zip(shape, voxel[::-1])), indexing="ij", sparse=True)
    fall = sum((k * d) ** 2 for k, d in zip(s, best[::-1])) * np.log(60 * 0.857 / 0.143)
    z, y, x = np.meshgrid(*((np.arange(n) - n // 2) * v for n, v in zip(shape, voxel[::-1])), indexing="ij")
    radius = np.sqrt(z * z + y * y + x * x)
    signal = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-fall / 2)).real * np.sqrt(60) * (radius < reach)
    halves = [Map((signal + rng.standard_normal(shape)).astype(np.float32), voxel, (3.0, 4.5, 6.0)) for _ in range(2)]
    return halves, halves[0].with_data((radius < reach - 2).astype(np.float32))


def run(halves, mask=None, **values):
    values.setdefault("directions", "21")
    return compute_monodir(Study(half1=halves[0], half2=halves[1], mask=mask), MonodirParams(**values))


@pytest.fixture(scope="module")
def flat():
    halves, mask = two_halves()
    return halves, mask, run(halves, mask, directions="81")


def test_resolution_along_each_axis(flat):
    halves, mask, out = flat
    # a cone mixes directions: what is worst looks a little better
    assert out.resolution_x == pytest.approx(2.7, abs=0.2)
    assert out.resolution_y == pytest.approx(3.0, abs=0.25)
    assert out.resolution_z == pytest.approx(4.1, abs=0.35)
    assert out.regional_worst / out.regional_best > 1.3 and out.preferred and "better all over the map" in out.summary
    assert out.highest_median < out.radial_median < out.lowest_median and out.doa_median > out.scatter
    assert out.highest_median < out.median < out.lowest_median
    assert [row[0] for row in out.percentiles.rows] == ["all", "highest", "lowest", "radial", "tangential", "doa"]
    assert out.median == pytest.approx(np.median(out.resolution_map.data[mask.data >= 0.5])) == out.percentiles.rows[0][3]
    assert out.highest.origin == halves[0].origin and np.all((out.highest.data > 0) == (mask.data >= 0.5))
    inside = mask.data >= 0.5
    assert np.all(out.highest.data[inside] <= out.resolution_map.data[inside])
    assert np.all(out.resolution_map.data[inside] <= out.lowest.data[inside]) and out.doa.data.min() >= 0
    assert out.histogram_radial.y.sum() == pytest.approx(100, abs=1) and len(out.directions.rows) == 81


def test_radial_is_fine_where_the_radius_lies_along_the_fine_axis(flat):
    _, mask, out = flat
    z, y, x = (np.abs(a - 32) for a in np.ogrid[:64, :64, :64])
    along = {"x": (x > 14) & (y < 6) & (z < 6), "y": (y > 14) & (x < 6) & (z < 6), "z": (z > 14) & (x < 6) & (y < 6)}
    radial = {n: np.median(out.radial.data[w & (mask.data >= 0.5)]) for n, w in along.items()}
    tangential = {n: np.median(out.tangential.data[w & (mask.data >= 0.5)]) for n, w in along.items()}
    assert radial["x"] < radial["y"] < radial["z"]
    assert tangential["z"] < tangential["x"] and radial["x"] < tangential["x"] and radial["z"] > tangential["z"]


@pytest.mark.heavy
@pytest.mark.parametrize("order,names", [((0, 2, 1), "yxz"), ((2, 1, 0), "zyx"), ((1, 0, 2), "xzy")])
def test_swapping_axes_of_the_map_swaps_the_result(flat, order, names):
    halves, mask, out = flat
    turn = [m.with_data(np.ascontiguousarray(m.data.transpose(order))) for m in (*halves, mask)]
    other = run(turn[:2], turn[2], directions="81")
    for name, was in zip("xyz", names):
        # the 81 directions do not fall on each other, and the noise is averaged as widely as each finds it even
        assert getattr(other, "resolution_" + name) == pytest.approx(getattr(out, "resolution_" + was), rel=0.04)
    inside = turn[2].data >= 0.5
    for name in ("highest", "radial", "tangential"):
        a, b = getattr(other, name).data[inside], getattr(out, name).data.transpose(order)[inside]
        assert np.median(np.abs(a / b - 1)) < 0.04, name


@pytest.mark.heavy
def test_no_preference_where_there_is_none():
    halves, mask = two_halves(EVEN)
    out = run(halves, mask, directions="81")
    assert not out.preferred and "No direction is preferred" in out.summary
    assert out.regional_ratio < 1.1 and out.preference < 0.45
    assert out.tangential_over_radial == pytest.approx(1, abs=0.06)
    assert out.doa_median < 2 * out.scatter
    assert out.resolution_x == pytest.approx(3.0, abs=0.2)


@pytest.mark.heavy
def test_a_single_map_gives_the_same_resolutions():
    halves, mask = two_halves(reach=20)
    out = run(halves, mask, directions="81", window=5.0)
    mean = halves[0].with_data((halves[0].data + halves[1].data) / 2)
    params = MonodirParams(directions="81", resolution=out.overall, window=out.window)
    alone = compute_monodir(Study(full_map=mean, mask=mask), params)
    for name in "xyz":
        assert getattr(alone, "resolution_" + name) == pytest.approx(getattr(out, "resolution_" + name), rel=0.08)
    assert alone.noise_source == "solvent of the map" and any("single map" in w for w in alone.warnings)
    assert alone.half_maps_identical is None
    ones = mask.with_data(np.ones_like(mask.data))
    with pytest.raises(InputError, match="of the box is solvent"):
        compute_monodir(Study(full_map=mean, mask=ones), MonodirParams(directions="21"))


def test_a_window_as_wide_as_the_box_leaves_no_solvent():
    halves, mask = two_halves(reach=20)
    with pytest.raises(InputError, match="The window is as wide as the box .* smaller window"):
        compute_monodir(Study(full_map=halves[0], mask=mask), MonodirParams(directions="21", resolution=200.0))


@pytest.mark.heavy
def test_options_act(flat):
    halves, mask, _ = flat
    plain = run(halves, mask)
    assert plain.n_directions == 21
    strict = run(halves, mask, threshold=0.5)
    assert strict.highest_median > plain.highest_median
    wide = run(halves, mask, cone=40.0)
    assert wide.regional_ratio < plain.regional_ratio and wide.scatter < plain.scatter
    broad = run(halves, mask, window=8.0)
    assert broad.window == 8 and broad.scatter < plain.scatter
    assert run(halves, mask, resolution=4.0).overall == 4.0
    assert run(halves, mask, outliers=0.0).outlier_fraction == 0 and run(halves, mask, outliers=1.0, directions="81").outlier_fraction > 0


@pytest.mark.heavy
def test_masks_copies_and_masked_half_maps(flat):
    halves, mask, _ = flat
    made = run(halves)
    assert made.mask_source == "made" and "No mask was given" in made.warnings[0]
    same = run([halves[0], halves[0]], mask)
    assert same.half_maps_identical and same.nyquist_fraction == 1 and "copies" in same.summary
    assert run([h.with_data(h.data * mask.data) for h in halves], mask).half_maps_masked


def test_noise_is_unresolved():
    rng = np.random.default_rng(5)
    halves = [Map(rng.standard_normal((40, 40, 40)).astype(np.float32), (1.0, 1.0, 1.0)) for _ in range(2)]
    out = run(halves, halves[0].with_data(np.ones((40, 40, 40), np.float32)))
    assert out.unresolved_fraction > 0.3 and not out.preferred


@pytest.mark.heavy
def test_odd_boxes_and_three_voxel_edges():
    halves, mask = two_halves(shape=(39, 44, 47), voxel=(1.0, 1.1, 1.2), reach=20)
    out = run(halves, mask, directions="81")
    assert out.resolution_x < out.resolution_y < out.resolution_z


@pytest.mark.heavy
def test_the_answer_does_not_depend_on_threads(flat):
    halves, mask, _ = flat
    maps = []
    for threads in (1, 2):
        set_threads(threads)
        maps.append(run(halves, mask).radial.data)
    set_threads(0)
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-6)


def _simulated(folder, case, **values):
    maps = {kind: read_map(str(folder / f"{case}_{kind}.mrc")) for kind in ("half1", "half2", "mask")}
    return maps["mask"], compute_monodir(Study(**maps), MonodirParams(**values))


@pytest.mark.realdata
@pytest.mark.heavy
def test_anisotropic_fall_off_of_a_simulated_case(sim_case):
    """B of -10, 0 and 40 Å² along x, y, z, where the FSC falls to 0.143 at 2.6 Å without it: SNR = 300 exp(-(k + B / 2) s²)."""
    _, out = _simulated(sim_case("a96"), "a96")
    k = 2.6 ** 2 * np.log(300 * 0.857 / 0.143)
    x, y, z = (np.sqrt(k + b / 2) for b in (-10, 0, 40))
    assert out.resolution_z / out.resolution_x == pytest.approx(z / x, rel=0.05)
    assert out.resolution_z / out.resolution_y == pytest.approx(z / y, rel=0.05)
    assert out.preferred and out.doa_median > 1.5 * out.scatter


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("case", ["p96", "fine128"])
def test_isotropic_simulated_cases(sim_case, case):
    folder = sim_case(case)
    mask, out = _simulated(folder, case)
    truth = read_map(str(folder / f"{case}_locres.mrc")).data
    inside = (mask.data >= 0.5) & (truth > 0)
    assert not out.preferred and out.regional_ratio < 1.08 and out.doa_median < 1.2 * out.scatter
    for name, bias in (("radial", 0.1), ("tangential", 0.12)):
        values = getattr(out, name).data[inside]
        assert abs(np.median(values - truth[inside])) < bias and np.corrcoef(values, truth[inside])[0, 1] > 0.94
