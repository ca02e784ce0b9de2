"""The symmetry of made-up, simulated and real maps: exact, approximate, pseudo, imposed, none; what must not change it; bad inputs."""
from __future__ import annotations

import json

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.core.symmetry_copies import averaged, in_voxels
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.symmetry import read_symmetry
from cryoqa_plugin.methods.maps.map_symmetry import MapSymmetryParams, compute_map_symmetry
from cryoqa_plugin.study import Study
from symmetric import axis_error, symmetric


def judged(study, **params):
    return compute_map_symmetry(study, MapSymmetryParams(**params))


def errors(result, made):
    return [axis_error(np.array(row[1:4]), made.rotations, row[0]) for row in result.axes.rows if row[8] == "exact"]


@pytest.fixture(scope="module")
def d2():
    """D2 with its axes turned and off the centre, of which one two-fold was imposed; in a frame with an origin."""
    made = symmetric("D2", offset=(3.0, -2.0, 4.0), imposed=(1,), origin=(10.0, 20.0, -30.0))
    return made, judged(made.study(), write_maps=True)


def test_an_exact_group_with_its_axes(d2):
    made, found = d2
    assert found.point_group == "D2" and found.order == 4 and found.approximate_group is None
    assert found.relative > 0.985 and found.chance < 1e-6 and max(errors(found, made)) < 0.15
    centre = np.array([found.centre_x, found.centre_y, found.centre_z])
    np.testing.assert_allclose(centre, made.centre + made.half1.origin, atol=0.2)
    assert found.off_centre == pytest.approx(np.linalg.norm(made.centre - 57.2), abs=0.2) and found.scipion_name is None
    assert "D2" in found.summary and "exact" in found.summary


def test_only_the_operators_that_were_imposed_are_named(d2):
    made, found = d2
    assert found.imposed == "C2" and found.imposed_order == 2 and found.noise_repeats > 0.9
    assert sorted(row[5] > 0.5 for row in found.operators.rows) == [False, False, True]
    assert "imposed C2" in found.summary


def test_operators_are_those_of_the_files(d2, tmp_path):
    made, found = d2
    for text, name in ((found.ncs_file, "a.ncs_spec"), (found.biomt_file, "b.pdb")):
        (tmp_path / name).write_text(text)
        operators = read_symmetry(str(tmp_path / name)).operators
        xyz = made.xyz + made.half1.origin
        for operator in operators[1:]:                       # each lays the atoms of the whole on themselves
            moved = xyz @ operator[:, :3].T + operator[:, 3]
            assert np.median(np.linalg.norm(moved[:100, None] - xyz[None], axis=2).min(axis=1)) < 0.15


def test_the_ncs_spec_has_the_centres_of_the_copies(d2):
    _, found = d2
    centres = np.array([line.split()[1:] for line in found.ncs_file.splitlines() if line.startswith("center_orth")], dtype=float)
    of_table = np.array([row[1:4] for row in found.copies.rows])
    assert len(centres) == 4 and all(np.linalg.norm(of_table - c, axis=1).min() < 0.3 for c in centres)
    assert min(np.linalg.norm(a - b) for i, a in enumerate(centres) for b in centres[:i]) > 10


def test_symmetrised_maps_are_means_over_copies_of_each_half(d2):
    made, found = d2
    operators = in_voxels(np.concatenate([made.rotations, (made.centre - made.rotations @ made.centre)[:, :, None]], axis=2)[1:],
                          made.half1.voxel_size)
    right = averaged((made.half1.data, made.half2.data), operators, made.mask.data)
    for mean, map_ in zip(right, (found.symmetrised_map_half1, found.symmetrised_map_half2)):
        assert np.corrcoef(mean.ravel(), map_.data.ravel())[0, 1] > 0.999 and map_.origin == made.half1.origin
    pairs = (made.half1, made.half2), (found.symmetrised_map_half1, found.symmetrised_map_half2)
    noise = [np.std(a.data - b.data) for a, b in pairs]
    assert noise[1] < 0.85 * noise[0]                        # two of the four copies had one noise before
    mean = (pairs[1][0].data + pairs[1][1].data) / 2
    np.testing.assert_allclose(found.symmetrised_map.data, mean, atol=1e-5)


def test_one_copy_is_a_part_of_the_mask(d2):
    made, found = d2
    assert np.mean(found.unique_mask.data[made.mask.data > 0.5] > 0.5) == pytest.approx(0.25, abs=0.03)
    assert set(np.unique(found.copy_numbers.data)) == {0, 1, 2, 3, 4} and len(found.copies.rows) == 4
    assert found.differs < 0.02 and found.most_difference < 0.01


def test_no_symmetry_and_no_tables():
    found = judged(symmetric("C1", seed=3).study())
    assert found.point_group == "C1" and found.axes is None and found.imposed is None and found.symmetrised_map is None
    assert found.helix in (None, "none") and found.rise is None
    assert found.summary == "The map has no exact symmetry (C1)." and found.tried > 0 and found.best_correlation < 1


@pytest.mark.heavy
@pytest.mark.parametrize("how", [dict(occupancy={1: 0.5}), dict(bent={1: 15.0})])
def test_a_copy_that_differs_makes_a_group_approximate(how):
    made = symmetric("D2", away=(20.0, 14.0, 16.0), shape=(52, 52, 52), **how)
    found = judged(made.study())
    assert found.point_group == "C1" and found.approximate_group == "D2" and found.approximate_kind == "approximate"
    centres = np.array([row[1:4] for row in found.copies.rows])
    odd = made.xyz[made.copy == 1].mean(axis=0)
    assert int(np.argmin(np.linalg.norm(centres - odd, axis=1))) + 1 == found.most_different_copy
    assert found.most_difference > 2 * found.usual_difference and found.differs > 0.2


@pytest.mark.heavy
def test_copies_turned_by_turns_leave_a_subgroup():
    made = symmetric("C4", away=(22.0, 6.0, 0.0), bent={1: 12.0, 3: 12.0})
    found = judged(made.study())
    assert found.point_group == "C2" and found.approximate_group == "C4" and max(errors(found, made)) < 0.2
    assert {row[0] for row in found.axes.rows} == {2, 4}


@pytest.mark.heavy
def test_a_map_alone_with_imposed_symmetry():
    made = symmetric("D2", imposed=(1, 2, 3), shape=(56, 56, 56), noise=0.6)
    mean = made.half1.with_data((made.half1.data + made.half2.data) / 2)
    found = judged(Study(full_map=mean, mask=made.mask))
    assert found.point_group == "D2" and found.imposed == "D2" and found.two_maps is False and found.differs is None
    assert any("one map" in w for w in found.warnings)


@pytest.mark.heavy
def test_scale_offset_origin_and_swapped_halves_change_nothing_that_is_said():
    made = symmetric("C3", away=(19.0, 5.0, 4.0))
    first = judged(made.study())
    moved = [Map(40 * m.data + 300, m.voxel_size, (7.0, 8.0, 9.0)) for m in (made.half2, made.half1)]
    other = judged(Study(half1=moved[0], half2=moved[1], mask=Map(made.mask.data, made.mask.voxel_size, (7.0, 8.0, 9.0))))
    assert first.point_group == other.point_group == "C3"
    assert other.relative == pytest.approx(first.relative, abs=0.01)
    a, b = (np.array(r.axes.rows[0][1:4]) for r in (first, other))
    assert np.degrees(np.arccos(abs(float(a @ b)))) < 0.5


def test_axes_in_another_order_turn_with_the_map():
    made = symmetric("C3", away=(19.0, 5.0, 4.0), shape=(40, 44, 48))
    swapped = [Map(np.ascontiguousarray(m.data.transpose(1, 2, 0)), (2.6,) * 3) for m in (made.half1, made.half2, made.mask)]
    found = judged(Study(half1=swapped[0], half2=swapped[1], mask=swapped[2]))
    assert found.point_group == "C3"
    x, y, z = found.axes.rows[0][1:4]                        # array axes z, y, x hold what were y, x, z
    assert axis_error(np.array([y, z, x]), made.rotations, 3) < 0.2


def test_a_known_setting_is_named():
    made = symmetric("C3", turn=np.eye(3), away=(19.0, 5.0, 4.0))
    found = judged(made.study())
    assert (found.scipion_name, found.relion_name) == ("C3", "C3") and not any("do not lie" in w for w in found.warnings)


@pytest.mark.heavy
def test_half_maps_that_are_none_are_refused_and_copies_are_one_map():
    made = symmetric("C2")
    noise = [Map(np.random.default_rng(i).standard_normal((32,) * 3).astype(np.float32), (2.0,) * 3) for i in (1, 2)]
    assert "No symmetry can be looked for" in judged(Study(half1=noise[0], half2=noise[1])).summary
    found = judged(Study(half1=made.half1, half2=made.half1, mask=made.mask))
    assert found.two_maps is False and found.half_maps_identical and found.symmetrised_map_half1 is None


def test_bad_inputs_are_refused():
    made = symmetric("C1")
    with pytest.raises(InputError):
        judged(Study(full_map=Map(np.ones((32,) * 3, np.float32), (1.0,) * 3)))
    with pytest.raises(InputError, match="16"):
        judged(Study(full_map=Map(np.arange(12, dtype=np.float32).reshape(1, 3, 4), (1.0,) * 3)))
    with pytest.raises(InputError):
        judged(Study(half1=made.half1, half2=made.half2, mask=made.mask.with_data(np.zeros(made.mask.shape, np.float32))))


def test_coarse_detail_and_a_tiny_molecule_end_in_a_sentence():
    made = symmetric("C2")
    for resolution in (40.0, 100.0):
        found = judged(made.study(), resolution=resolution)
        assert found.point_group is None and "too coarse" in found.summary


# -------------------------- simulated and real --------------------------

def _case(sim_case, name, seed=None):
    folder = sim_case(name)
    halves = [read_map(str(folder / f"{name}_half{i}.mrc")) for i in (1, 2)]
    mask = read_map(str(folder / f"{name}_mask.mrc"))
    if seed is not None:                                     # other noise of the same spectrum
        halves = _other_noise(halves, read_map(str(folder / f"{name}_signal.mrc")).data, seed)
    return Study(half1=halves[0], half2=halves[1], mask=mask)


def _other_noise(halves, signal, seed):
    rng, shape = np.random.default_rng(seed), signal.shape
    k = [np.fft.fftfreq(n, 1 / n) for n in shape[:2]] + [np.fft.rfftfreq(shape[2], 1 / shape[2])]
    shell = np.rint(np.sqrt(k[0][:, None, None] ** 2 + k[1][None, :, None] ** 2 + k[2] ** 2)).astype(int)
    power = np.abs(np.fft.rfftn(halves[0].data - halves[1].data)) ** 2 / 2
    rms = np.sqrt(np.bincount(shell.ravel(), power.ravel()) / np.bincount(shell.ravel()) / signal.size)[shell]
    return [h.with_data((signal + np.fft.irfftn(np.fft.rfftn(rng.standard_normal(shape)) * rms, shape)).astype(np.float32)) for h in halves]


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("name, group", [("d2_160", "D2"), ("d2tilt_160", "D2"), ("c5_200", "C5")])
def test_simulated_groups_are_exact(sim_case, name, group):
    found = judged(_case(sim_case, name))
    assert found.point_group == group and found.relative > 0.99 and found.imposed == "none" and found.chance < 1e-10
    truth = json.loads((sim_case(name) / f"{name}_truth.json").read_text())
    from scipy.spatial.transform import Rotation
    turn = Rotation.from_euler("zyz", truth["tilt"], degrees=True).as_matrix() if truth["tilt"] else np.eye(3)
    ideal = [(0, 0, 1), (1, 0, 0), (0, 1, 0)] if group == "D2" else [(0, 0, 1)]
    for row in found.axes.rows:
        error = min(np.degrees(np.arcsin(min(np.linalg.norm(np.cross(turn @ np.array(a), row[1:4])), 1.0))) for a in ideal)
        assert error < 0.05


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize("name", ["p96", "t160", "rna128", "low96"])
def test_molecules_without_symmetry_stay_so(sim_case, name, seed):
    found = judged(_case(sim_case, name, seed))
    assert found.point_group == "C1" and found.approximate_group is None


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("path, group, imposed", [
    ("emd6824_diffmodeler/6824.mrc", "C4", "C4"), ("betagal_relion_ngl/betaGal.mrc", "D2", "D2"),
    ("emd1080_groel_imp/groel-11.5A.mrc", "D7", None), ("emd3186_5fj6/emd_3186.map", "C1", None)])
def test_real_maps_alone(shared, path, group, imposed):
    found = judged(Study(full_map=read_map(str(shared / "data" / "maps" / path))), compare_copies=False)
    assert found.point_group == group and found.imposed == imposed
    if group != "C1":
        assert found.off_centre < 0.1 and found.relion_name == group


@pytest.mark.heavy
def test_the_command_writes_the_operators(tmp_path):
    from cryoqa_plugin.io.maps import write_map
    made = symmetric("C2")
    for name in ("half1", "half2", "mask"):
        write_map(str(tmp_path / f"{name}.mrc"), getattr(made, name))
    sources = {name: str(tmp_path / f"{name}.mrc") for name in ("half1", "half2", "mask")}
    result = runner.execute("map_symmetry", sources, {}, outdir=str(tmp_path / "out"))
    assert result["metrics"]["point_group"]["value"] == "C2"
    assert read_symmetry(str(tmp_path / "out" / "operators.ncs_spec")).order == 2
    assert read_symmetry(str(tmp_path / "out" / "operators.biomt")).order == 2
