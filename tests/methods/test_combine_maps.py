"""Composites whose truth is known: two maps of one molecule that are blurred at opposite ends, and maps in which a part has moved."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.fft
from scipy.ndimage import gaussian_filter

from cryoqa_plugin.core import filters, fourier, local, local_gains
from cryoqa_plugin.errors import CryoqaError, InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.methods.maps.combine_maps import CombineMapsParams, compute_combine_maps
from cryoqa_plugin.methods.maps.combine_maps_bands import amplitude_of
from cryoqa_plugin.study import Study

VOXEL = 1.5
SHAPE = (56, 60, 64)


def atoms(seed, count=700, reach=(24.0, 26.0, 34.0)):
    """Places of atoms (z, y, x) in Å about 0, in an ellipsoid, with 2 Å between them."""
    rng, out = np.random.default_rng(seed), []
    while len(out) < count:
        p = rng.uniform(-1, 1, 3)
        if (p ** 2).sum() < 1:
            p = p * reach
            if not out or np.min(((np.array(out) - p) ** 2).sum(axis=1)) > 4:
                out.append(p)
    return np.array(out)


def drawn(places, blur, shape=SHAPE):
    """Density of Gaussian atoms with B-factors ``blur`` (Å²) each, by six images of one B and weights of each atom in two of them."""
    levels = np.linspace(blur.min(), blur.max(), 6) if np.ptp(blur) > 0 else np.array([blur[0]])
    k2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n, VOXEL) for n in shape[:2]), np.fft.rfftfreq(shape[2], VOXEL), indexing="ij"))
    k = [np.fft.fftfreq(shape[0], VOXEL), np.fft.fftfreq(shape[1], VOXEL), np.fft.rfftfreq(shape[2], VOXEL)]
    out = np.zeros(k2.shape, complex)
    middle = np.array(shape) / 2 * VOXEL
    for level in levels:
        step = levels[1] - levels[0] if len(levels) > 1 else 1.0
        part = np.clip(1 - np.abs(blur - level) / step, 0, 1) if len(levels) > 1 else np.ones(len(blur))
        phases = [np.exp(-2j * np.pi * np.outer(f, places[:, i] + middle[i])) for i, f in enumerate(k)]
        out += np.einsum("a,za,ya,xa->zyx", part, *phases, optimize=True) * np.exp(-level * k2 / 4)
    return scipy.fft.irfftn(out, s=shape).astype(np.float32)


def noisy(signal, level, seed):
    """Two half-maps of a signal."""
    rng = np.random.default_rng(seed)
    return [Map((signal + level * rng.standard_normal(signal.shape)).astype(np.float32), (VOXEL,) * 3) for _ in range(2)]


def mean_of(halves):
    return halves[0].with_data((halves[0].data + halves[1].data) / 2)


def focused(*pairs, **more):
    """A Study of focused maps, each from its half-maps."""
    return Study(focused_maps=tuple(mean_of(p) for p in pairs), focused_half1=tuple(p[0] for p in pairs),
                 focused_half2=tuple(p[1] for p in pairs), **more)


def local_fsc(data, truth, resolution, sigma=10.0, bands=8):
    """Local FSC with the truth in Gaussian windows, [bands, z, y, x]."""
    geo = fourier.geometry(data.shape, (VOXEL,) * 3)
    grid = local.points(data.shape, (VOXEL,) * 3, sigma)
    ffts = [fourier.forward(m) for m in (data, truth)]
    out, width = [], geo.length / resolution / bands
    for i in range(1, bands + 1):
        shape = local.cropped_shape(geo, (i + 1) * width, grid.sigma)
        a, b = (local.band(f, geo, i * width, width, amplitude_of(f, geo), shape) for f in ffts)
        ab, aa, bb = (local_gains.local_product(p, q, grid) for p, q in ((a, b), (a, a), (b, b)))
        out.append(ab / np.sqrt(aa * bb))
    return np.array(out), grid


@pytest.fixture(scope="module")
def case():
    """Truth, and two pairs of half-maps: B rises by 150 Å² along x in one and falls in the other."""
    places = atoms(1)
    along = (places[:, 2] - places[:, 2].min()) / np.ptp(places[:, 2])
    signals = [drawn(places, 30 + 150 * f) for f in (along, 1 - along)]
    level = 1.6 * float(signals[0].std())
    near = drawn(places, np.full(len(places), 400.0))
    pairs = [noisy(s, level, 5 + i) for i, s in enumerate(signals)]
    return dict(places=places, truth=drawn(places, np.full(len(places), 30.0)), pairs=pairs,
                inside=near > 0.3 * near.max())


@pytest.fixture(scope="module")
def made(case):
    return compute_combine_maps(focused(*case["pairs"]), CombineMapsParams())


def test_the_composite_is_nowhere_worse_than_the_better_map(case, made):
    found, grid = local_fsc(made.composite_map.data, case["truth"], 4.5)
    single = [local_fsc(mean_of(p).data, case["truth"], 4.5)[0] for p in case["pairs"]]
    inside = local.at_points(case["inside"], grid.shape)
    at = [f.mean(axis=0)[inside] for f in (found, *single)]
    assert (at[0] - np.maximum(*at[1:])).min() > -0.005
    assert at[0].mean() > max(a.mean() for a in at[1:]) + 0.02
    assert found[:, inside].mean(axis=1).min() > 0 and (found[:, inside].mean(axis=1) > np.max([s[:, inside].mean(axis=1) for s in single],
                                                                                               axis=0) - 0.002).all()


def test_weights_follow_the_blur_and_change_slowly(case, made):
    first, second = (w.data for w in made.weight_maps)
    np.testing.assert_allclose(first + second, 1, atol=1e-4)
    left, right = (first[case["inside"] & part].mean() for part in (np.arange(SHAPE[2]) < 24, np.arange(SHAPE[2]) >= 40))
    assert left > 0.54 and right < 0.46
    steps = max(float(np.abs(np.diff(w, axis=a)).max()) for w in (first, second) for a in range(3))
    assert steps < 0.05 and made.largest_step == pytest.approx(steps, rel=1e-5)
    assert made.moved_part == 0 and made.seams == 1 and "agree as far as" in made.summary


def test_a_scale_or_a_sharpening_of_one_map_moves_no_weight(case, made):
    geo = fourier.geometry(SHAPE, (VOXEL,) * 3)
    sharpen = np.exp(60 * (fourier.frequencies(geo)) ** 2 / 4) * 37.0

    other = [m.with_data(fourier.inverse(filters.apply_radial(fourier.forward(m.data), geo, sharpen), SHAPE)) for m in case["pairs"][1]]
    changed = compute_combine_maps(focused(case["pairs"][0], other), CombineMapsParams())
    for a, b in zip(changed.weight_maps, made.weight_maps):
        assert np.abs(a.data - b.data).max() < 0.02
    even = []
    for m in (changed, made):
        ft = fourier.forward(m.composite_map.data)
        even.append(fourier.inverse(filters.apply_radial(ft, geo, 1 / amplitude_of(ft, geo)), SHAPE)[case["inside"]])
    assert np.corrcoef(*even)[0, 1] > 0.995
    scales = [np.divide(*(row[3] for row in m.map_table.rows)) for m in (made, changed)]
    assert scales[1] / scales[0] == pytest.approx(37, rel=0.1)


def test_composite_halves_add_up_and_are_recognised(case, made, tmp_path):
    mean = (made.composite_half1.data + made.composite_half2.data) / 2
    np.testing.assert_allclose(mean, made.composite_map.data, atol=2e-3 * made.composite_map.data.std())
    assert "n_maps = 2" in repr(made)
    for i, half in enumerate((made.composite_half1, made.composite_half2), 1):
        write_map(str(tmp_path / f"composite_half{i}.mrc"), half, (f"cryoqa combine_maps: composite_half{i}"
                                                                       + made.label(f"composite_half{i}"),))
    halves = [read_map(str(tmp_path / f"composite_half{i}.mrc")) for i in (1, 2)]
    known = Study(half1=halves[0], half2=halves[1])
    assert known.half_maps.denoised == "dependent" and "combined" in known.independence.void
    with pytest.raises(InputError, match="combined together"):
        compute_combine_maps(focused(halves, case["pairs"][0]), CombineMapsParams())


def test_a_part_that_moved_is_found_and_measured(case):
    places, still = case["places"], np.full(len(case["places"]), 30.0)
    moved = places.copy()
    part = places[:, 2] > 0
    moved[part, 1] += 0.8
    level = 0.6 * float(drawn(places, still).std())
    pairs = [noisy(drawn(p, still), level, seed) for p, seed in ((places, 21), (moved, 22))]
    result = compute_combine_maps(focused(*pairs), CombineMapsParams(align=False))
    assert result.moved_part > 0.2 and result.moved_by == pytest.approx(0.8, abs=0.25)
    assert float(result.moved_at.split(",")[0]) > SHAPE[2] / 2 * VOXEL - 3 and "a part has moved" in result.summary
    deep = gaussian_filter(case["inside"].astype(np.float32), 3) > 0.6
    x = np.arange(SHAPE[2]) * VOXEL - SHAPE[2] / 2 * VOXEL
    motion = result.motion.data
    assert motion[deep & (x > 14)].mean() == pytest.approx(0.8, abs=0.15) and motion[deep & (x < -14)].mean() < 0.1


@pytest.mark.heavy
def test_a_part_that_is_elsewhere_is_found(case):
    """Half of the atoms 7 Å off: nothing agrees there, and no distance beyond what waves can show is made up."""
    places, still = case["places"], np.full(len(case["places"]), 30.0)
    moved = places + np.where(places[:, 2:] > 0, 7.0, 0.0) * (0, 1, 0)
    level = 0.6 * float(drawn(places, still).std())
    pairs = [noisy(drawn(p, still), level, seed) for p, seed in ((places, 71), (moved, 72))]
    result = compute_combine_maps(focused(*pairs), CombineMapsParams(align=False))
    assert result.moved_part > 0.3 and result.disagreement.data.max() > 0.7
    assert result.motion.data.max() <= 0.751 * result.resolution and result.moved_by <= 0.751 * result.resolution


@pytest.mark.heavy
def test_the_same_molecule_twice_moves_nowhere(case):
    still = drawn(case["places"], np.full(len(case["places"]), 30.0))
    level = 0.6 * float(still.std())
    for seed in (31, 41):
        result = compute_combine_maps(focused(noisy(still, level, seed), noisy(still, level, seed + 1)), CombineMapsParams())
        assert result.moved_part == 0 and result.moved_by is None
        _, _, _, correlation, expected, *_ = result.seam_table.rows[0]
        assert correlation == pytest.approx(expected, abs=0.01)


def test_maps_cut_by_masks_leave_no_seam(case):
    """Each map shows one end only, and is 0 beyond: the composite shows both, at one scale."""
    x = np.arange(SHAPE[2])[None, None, :] + np.zeros(SHAPE)
    masks = [np.clip((40 - x) / 6, 0, 1).astype(np.float32), np.clip((x - 24) / 6, 0, 1).astype(np.float32)]
    still = drawn(case["places"], np.full(len(case["places"]), 30.0))
    level = 0.4 * float(still.std())
    pairs = [[m.with_data(m.data * mask) for m in noisy(f * still, f * level, seed)] for mask, f, seed in zip(masks, (1.0, 5.0), (51, 52))]
    given = tuple(Map(m, (VOXEL,) * 3) for m in masks)
    result = compute_combine_maps(focused(*pairs, focused_masks=given), CombineMapsParams())
    data = result.composite_map.data
    gain = [float((data * still)[part].sum() / (still ** 2)[part].sum()) for part in
            (case["inside"] & (x < 20), case["inside"] & (x >= 28) & (x < 36), case["inside"] & (x > 44))]
    assert max(gain) / min(gain) < 1.06
    assert np.corrcoef(data[case["inside"]], still[case["inside"]])[0, 1] > 0.95


def model_of(places, path):
    """Atoms at places (z, y, x in Å about the middle of the box) as a model."""
    from cryoqa_plugin.io.models import read_model
    xyz = places[:, ::-1] + np.array(SHAPE[::-1]) / 2 * VOXEL
    lines = [f"ATOM  {i % 100000:5d}  CA  ALA A{i % 10000:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 30.00           C" for i, (x, y, z) in
             enumerate(xyz, 1)]
    path.write_text("\n".join([*lines, "END", ""]))
    return read_model(str(path))


def test_a_model_takes_the_place_of_half_maps(case, tmp_path):
    model = model_of(case["places"], tmp_path / "model.pdb")
    study = Study(focused_maps=tuple(mean_of(p) for p in case["pairs"]), model=model)
    result = compute_combine_maps(study, CombineMapsParams(resolution=4.5))
    assert result.weighted_by == "model" and result.composite_half1 is None
    found, grid = local_fsc(result.composite_map.data, case["truth"], 4.5)
    single = [local_fsc(mean_of(p).data, case["truth"], 4.5)[0].mean(axis=0) for p in case["pairs"]]
    inside = local.at_points(case["inside"], grid.shape)
    assert (found.mean(axis=0) - np.maximum(*single))[inside].min() > -0.005


TURN = np.array([[np.cos(0.05), -np.sin(0.05), 0], [np.sin(0.05), np.cos(0.05), 0], [0, 0, 1]])


def test_each_map_goes_by_a_model_of_its_own(case, tmp_path):
    """As by the one of all where they are the same, and in the place of its map where that lies off."""
    maps = tuple(mean_of(p) for p in case["pairs"])
    whole = model_of(case["places"], tmp_path / "whole.pdb")
    params = CombineMapsParams(resolution=4.5, align=False)
    one, each = (compute_combine_maps(Study(focused_maps=maps, **given), params) for given in (
        dict(model=whole), dict(focused_models=(whole, whole))))
    for a, b in zip(one.weight_maps, each.weight_maps):
        np.testing.assert_allclose(a.data, b.data, atol=1e-5)
    parts = [model_of(case["places"][part], tmp_path / f"{i}.pdb") for i, part in enumerate((case["places"][:, 2] < 8,
                                                                                         case["places"][:, 2] > -8))]
    halves = compute_combine_maps(Study(focused_maps=maps, focused_models=tuple(parts)), params)
    x = (np.arange(SHAPE[2]) - SHAPE[2] / 2) * VOXEL
    first = halves.weight_maps[0].data
    assert first[case["inside"] & (x < -20)].mean() > 0.8 and first[case["inside"] & (x > 20)].mean() < 0.2 and not halves.warnings


@pytest.mark.heavy
def test_models_in_another_order_are_doubted(case, tmp_path):
    maps, x = tuple(mean_of(p) for p in case["pairs"]), (np.arange(SHAPE[2]) - SHAPE[2] / 2) * VOXEL
    ends = tuple(Map(np.broadcast_to(np.clip(m, 0, 1), SHAPE).astype(np.float32), (VOXEL,) * 3) for m in ((8 - x) / 8, (x + 8) / 8))
    parts = [model_of(case["places"][part], tmp_path / f"{i}.pdb") for i, part in enumerate((case["places"][:, 2] < 6,
                                                                                         case["places"][:, 2] > -6))]
    ways = [Study(focused_maps=maps, focused_masks=ends, focused_models=tuple(models)) for models in (parts, parts[::-1])]
    right, wrong = (compute_combine_maps(way, CombineMapsParams(resolution=4.5)) for way in ways)
    assert not any("model" in w for w in right.warnings)
    said = [w for w in wrong.warnings if "order of the maps" in w]
    assert [w.split(" (")[0] for w in said] == [f"The model of focused map {3 - i} fits focused map {i}" for i in (1, 2)]
    with pytest.raises(InputError, match="model of focused map 2 cannot be used"):
        far = model_of(case["places"] + 900.0, tmp_path / "far.pdb")
        compute_combine_maps(Study(focused_maps=maps, focused_models=(parts[0], far)), CombineMapsParams())


@pytest.mark.heavy
def test_maps_are_placed_on_each_other_without_a_consensus(case, tmp_path):
    """Turned by 2.9 degrees and shifted by 4 Å: undone, with half-maps, and with models that move along."""
    places, still = case["places"], np.full(len(case["places"]), 30.0)
    moved = places @ TURN.T + (2.4, -2.0, 2.5)
    level = float(drawn(places, still).std())
    one, two = (noisy(drawn(p, still), level, seed) for p, seed in ((places, 81), (moved, 82)))
    by_halves = compute_combine_maps(focused(one, two), CombineMapsParams())
    models = tuple(model_of(p, tmp_path / f"{i}.pdb") for i, p in enumerate((places, moved)))
    by_models = compute_combine_maps(Study(focused_maps=(mean_of(one), mean_of(two)), focused_models=models), CombineMapsParams())
    truth = drawn(places, still)
    for result in (by_halves, by_models):
        *_, turn, turn_error, shift, shift_error = result.map_table.rows[1]
        assert turn == pytest.approx(np.degrees(0.05), abs=0.1) and 0.005 < turn_error < 0.1
        assert any("onto the focused map 1" in w for w in result.warnings)
        assert shift == pytest.approx(np.linalg.norm((2.4, -2.0, 2.5)), abs=0.1) and result.moved_part == 0
        assert np.corrcoef(result.composite_map.data[case["inside"]], truth[case["inside"]])[0, 1] > 0.75
    weights = [by_models.weight_maps[0].data[case["inside"]].mean(), by_halves.weight_maps[0].data[case["inside"]].mean()]
    assert weights == pytest.approx([0.5, 0.5], abs=0.05)


@pytest.mark.heavy
def test_a_map_of_its_own_box_is_put_in_place(case):
    """A box cut out of the map, with an origin of its own, gives the composite of the whole map there."""
    one, two = case["pairs"]
    cut = [Map(np.ascontiguousarray(m.data[4:52, 6:54, 20:]), m.voxel_size, (20 * VOXEL, 6 * VOXEL, 4 * VOXEL)) for m in two]
    result = compute_combine_maps(focused(cut, half1=one[0], half2=one[1]), CombineMapsParams())
    assert result.composite_map.shape == SHAPE and result.n_maps == 2
    assert [row[0] for row in result.map_table.rows] == ["consensus", "focused map 1"]
    weight = result.weight_maps[1].data
    assert weight[:, :, 8:12].max() < 0.3 and weight[case["inside"] & (np.arange(SHAPE[2]) > 44)].mean() > 0.48
    found, grid = local_fsc(result.composite_map.data, case["truth"], 4.5)
    base, _ = local_fsc(mean_of(one).data, case["truth"], 4.5)
    inside = local.at_points(case["inside"], grid.shape)
    assert found[:, inside].mean() > base[:, inside].mean() + 0.01


@pytest.mark.heavy
def test_a_map_that_lies_off_is_moved_onto_the_consensus(case):
    """Turned by 4 degrees about x, and shifted by 1.4 Å: found within its errors, undone, and nothing has moved after it."""
    places, still = case["places"], np.full(len(case["places"]), 30.0)
    c, s = np.cos(np.radians(4)), np.sin(np.radians(4))
    turned = places @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T + (1.0, -0.8, 0.6)
    level = 1.0 * float(drawn(places, still).std())
    one, two = (noisy(drawn(p, still), level, seed) for p, seed in ((places, 61), (turned, 62)))
    study = focused(two, half1=one[0], half2=one[1])
    result = compute_combine_maps(study, CombineMapsParams())
    *_, turn, turn_error, shift, shift_error = result.map_table.rows[1]
    assert turn == pytest.approx(4, abs=0.1) and turn_error < 0.05
    assert shift == pytest.approx(np.sqrt(2.0), abs=0.15) and shift_error < 0.03
    assert result.map_table.rows[0][-4:] == (None,) * 4 and any("was turned by" in w for w in result.warnings)
    assert result.moved_part == 0
    apart = compute_combine_maps(study, CombineMapsParams(align=False))
    assert apart.moved_part > 0.2
    truth = drawn(places, still)
    quality = [np.corrcoef(r.composite_map.data[case["inside"]], truth[case["inside"]])[0, 1] for r in (result, apart)]
    assert quality[0] > quality[1] + 0.02
    other = noisy(drawn(atoms(7), still), level, 63)
    with pytest.raises(InputError, match="does not lie on the consensus"):
        compute_combine_maps(focused([m.with_data(m.data[::-1]) for m in other], half1=one[0], half2=one[1]), CombineMapsParams())


@pytest.mark.heavy
def test_a_consensus_without_half_maps_gives_the_grid(case):
    one, two = case["pairs"]
    result = compute_combine_maps(focused(one, two, full_map=mean_of(one)), CombineMapsParams())
    assert result.n_maps == 2 and any("nothing of its density" in w for w in result.warnings)
    assert result.map_table.rows[0][0] == "focused map 1" and result.map_table.rows[0][-2] < 0.1


def test_bad_inputs_get_a_sentence(case):
    one, two = case["pairs"]
    def refused(study, words, error=InputError, **values):
        with pytest.raises(error, match=words) as caught:
            compute_combine_maps(study, CombineMapsParams(**values))
        assert str(caught.value)[-1] == "." and "\n" not in str(caught.value)

    refused(Study(half1=one[0], half2=one[1]), "no maps to combine", MissingInputError)
    refused(focused(one), "one map only")
    refused(focused(two, half1=one[0], half2=one[1]), "one map only", consensus=False)
    far = [dataclasses.replace(m, origin=(500.0, 0.0, 0.0)) for m in two]
    refused(focused(one, far), "does not overlap")
    empty = Map(np.zeros(SHAPE, np.float32), (VOXEL,) * 3)
    full = Map(np.ones(SHAPE, np.float32), (VOXEL,) * 3)
    refused(focused(one, two, focused_masks=(full, empty)), "empty", CryoqaError)
    refused(Study(focused_maps=(mean_of(one), mean_of(two))), "no half-maps")
    refused(focused(one, two), "none was given", weights_by="model")
    refused(focused(one, [two[0], two[0]]), "copies")
    apart = [Map(m, (VOXEL,) * 3) for m in ((np.arange(SHAPE[2]) < 26) + np.zeros(SHAPE, np.float32), (np.arange(SHAPE[2]) > 46) + np.zeros(
        SHAPE, np.float32))]
    refused(focused(one, two, focused_masks=tuple(apart)), "no signal in a place")
    small = [Map(np.ascontiguousarray(m.data[:40]), m.voxel_size) for m in two]
    refused(Study(focused_maps=(mean_of(one), mean_of(two)), focused_half1=(one[0], small[0]), focused_half2=(one[1], small[1])),
            "half-map 1 of a focused map 2")


@pytest.mark.heavy
def test_a_finer_grid_is_brought_onto_the_consensus(case):
    """A focused map with smaller voxels is resampled, and counts as the same map."""
    one, two = case["pairs"]
    fine = []
    for m in two:
        ft = np.fft.fftshift(np.fft.fftn(m.data))
        pad = [(n // 4, n // 4) for n in SHAPE]
        data = np.fft.ifftn(np.fft.ifftshift(np.pad(ft, pad))).real * 1.5 ** 3
        fine.append(Map(data.astype(np.float32), (1.0, 1.0, 1.0)))
    result = compute_combine_maps(focused(fine, half1=one[0], half2=one[1]), CombineMapsParams())
    same = compute_combine_maps(focused(two, half1=one[0], half2=one[1]), CombineMapsParams())
    assert np.abs(result.weight_maps[1].data - same.weight_maps[1].data)[case["inside"]].max() < 0.05
    assert np.corrcoef(result.composite_map.data[case["inside"]], same.composite_map.data[case["inside"]])[0, 1] > 0.99


def test_the_command_line_takes_several_maps(case, tmp_path):
    from cryoqa_plugin import runner
    paths = {}
    for i, pair in enumerate(case["pairs"], 1):
        for kind, map_ in (("focused_half1", pair[0]), ("focused_half2", pair[1])):
            write_map(str(tmp_path / f"{kind}_{i}.mrc"), map_)
            paths.setdefault(kind, []).append(str(tmp_path / f"{kind}_{i}.mrc"))
    document = runner.execute("combine_maps", paths, {}, str(tmp_path / "out"))
    assert document["metrics"]["n_maps"]["value"] == 2 and len(document["lists"]["weight_maps"]["paths"]) == 2
    assert any("dependent" in text for text in read_map(str(tmp_path / "out" / "composite_half1.mrc")).header.labels)
