"""Symmetry that the reconstruction did not use, in density modification: right, wrong, imposed and elsewhere; the truth of a tilted D2."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.core import atom_grid, conditional, density_modification, filters, fourier, shells, symmetry_copies
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.symmetry import Symmetry, point_group
from cryoqa_plugin.methods.sharpening import density_modify_symmetry as copies
from cryoqa_plugin.methods.sharpening.density_modify import DensityModifyParams, compute_density_modify
from cryoqa_plugin.progress import silent
from cryoqa_plugin.report.blocks import Rows
from cryoqa_plugin.report.sections.density_modify import SECTION
from cryoqa_plugin.study import Study

SHAPE, VOXEL, ORIGIN = (56, 56, 56), (1.2, 1.2, 1.2), (12.0, -30.0, 7.0)
PLAIN = DensityModifyParams(amplitudes="map", compare=False, audit=False)


def rotation(angle, axis):
    """By Rodrigues' formula, [3, 3]."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross, a = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]), np.radians(angle)
    return np.eye(3) + np.sin(a) * cross + (1 - np.cos(a)) * cross @ cross


TILT = rotation(38, (1, 2, -1))


def about(rotations, centre):
    centre = np.asarray(centre, dtype=float)
    return np.concatenate([rotations, (centre - rotations @ centre)[:, :, None]], axis=2)


def tilted(name, tilt=TILT):
    """Rotations of a point group whose axes were turned, float64 [n, 3, 3], the identity first."""
    return np.array([tilt @ r @ tilt.T for r in point_group(name).operators[:, :, :3]])


CENTRE = np.array([28.0, 28.0, 28.0]) * 1.2                                  # Å from the first voxel


def made(noise=0.9, seed=3, ligand=0.0):
    """Half-maps of a molecule with a tilted D2 that their noise lacks, and the truth."""
    rng = np.random.default_rng(seed)
    first = rng.normal(0, 1, (150, 3)) * 4.5 + TILT @ (7.0, 8.0, 6.0)
    atoms = np.concatenate([first @ r.T for r in tilted("D2")]) + CENTRE
    truth = atom_grid.gaussians(atoms, np.ones(len(atoms)), SHAPE, VOXEL, 0.9)
    scale = noise * truth[truth > 0.1].std()
    truth += atom_grid.gaussians(LIGAND[None], np.array([ligand]), SHAPE, VOXEL, 1.5)
    k2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n) for n in SHAPE), indexing="ij", sparse=True))
    halves = []
    for _ in range(2):
        grain = np.fft.ifftn(np.fft.fftn(rng.standard_normal(SHAPE)) * np.exp(-4 * k2)).real
        halves.append(Map((truth + scale * grain / grain.std()).astype(np.float32), VOXEL, ORIGIN))
    return halves, truth


LIGAND = CENTRE + TILT @ (14.0, 12.0, 5.0)                                   # in one copy only
RESOLUTION, PART = 4.0, 0.15


def given(rotations, centre=CENTRE + ORIGIN, name=""):
    """A symmetry as a file has it, in the coordinates of a model."""
    return Symmetry(about(rotations, centre), name)


def estimates(halves):
    study = Study(half1=halves[0], half2=halves[1])
    return conditional.conditional_means(study.transform("half1"), study.transform("half2"), study.geometry, VOXEL, RESOLUTION, PART)


def tried(halves, symmetry, found):
    """The estimates with copies, the fields of the result, and the warnings."""
    study = Study(half1=halves[0], half2=halves[1], symmetry=symmetry)
    both, fields = copies.add_copies(study, found, study.geometry, RESOLUTION, PART, silent)
    return both, fields, " ".join(copies.warnings(fields, study))


def states(fields):
    return [row[-1] for row in fields["operators"].rows]


def shown(found):
    """The map that estimates make, with an even spectrum."""
    return conditional.combined_mean(found._replace(amplitude=np.ones_like(found.amplitude), levels=(0.0, 0.0)),
                                     fourier.geometry(SHAPE, VOXEL))


@pytest.fixture(scope="module")
def maps():
    return made()


@pytest.fixture(scope="module")
def plain(maps):
    return estimates(maps[0])


def test_copies_that_the_half_maps_confirm_make_the_map_better(maps, plain):
    halves, truth = maps
    both, fields, said = tried(halves, given(tilted("D2")), plain)
    assert states(fields) == ["used"] * 3
    assert (fields["operators_used"], fields["operators_refused"], fields["operators_imposed"]) == (3, 0, 0)
    assert fields["copies_likeness"] > 0.9 and abs(fields["noise_repeats"]) < 0.1 and fields["copies_differ"] < 0.01
    assert said == "" and fields["symmetry_name"] == "4 copies" and fields["symmetry_place"] is None
    assert len(both.bases) == 8 and both.bases[:4] == plain.bases
    before, after = (true_gain(shown(f), truth, f.mask, halves, f.finest) for f in (plain, both))
    assert after > before + 0.01 and fields["gain_copies"] == pytest.approx(after - before, abs=0.015)      # of 13 shells
    assert [row[1] for row in fields["operators"].rows] == [180.0] * 3
    axis = np.array([float(v) for v in fields["operators"].rows[0][2].split(",")])
    np.testing.assert_allclose(np.abs(axis @ TILT[:, 2]), 1, atol=2e-3)


def test_wrong_operators_leave_the_estimates_as_they_are(maps, plain):
    halves, _ = maps
    for wrong in (tilted("D2", rotation(25, (1, 0, 0)) @ TILT), tilted("D3", rotation(70, (1, 1, 0)) @ TILT)):
        found, fields, said = tried(halves, given(wrong), plain)
        assert found is plain and set(states(fields)) == {"does not fit"} and fields["operators_used"] == 0
        assert fields["copies_likeness"] < 0.5 and "does not fit the half-maps" in said and "not used" in said
    # forced on the map in spite of it, they get no weight
    group = symmetry_copies.in_voxels(about(wrong, CENTRE)[1:], VOXEL)
    mean = symmetry_copies.averaged(plain.bases[0], group, np.ones(SHAPE, np.float32))
    geo = fourier.geometry(SHAPE, VOXEL)
    forced = conditional.with_bases(plain, conditional.estimates(mean, geo, VOXEL, plain.finest, RESOLUTION), geo)
    before, after = (density_modification.judged(f, geo).mean for f in (plain, forced))
    assert after == pytest.approx(before, abs=0.003)


def test_what_fits_of_a_symmetry_is_used(maps, plain):
    _, fields, said = tried(maps[0], given(tilted("D4")), plain)               # the molecule has D2 only
    assert fields["operators_used"] == 3 and fields["operators_refused"] == 4 and fields["gain_copies"] > 0.01
    assert "do not fit the half-maps and were not used" in said
    assert "3 of the 7 operators" in copies.sentence(fields)


def test_an_imposed_symmetry_is_refused(maps):
    halves, _ = maps
    group = symmetry_copies.in_voxels(about(tilted("D2"), CENTRE)[1:], VOXEL)
    for chosen, state in ((group, "imposed"), (group[:1], "used")):             # two of three bring new copies where one is imposed
        mean = symmetry_copies.averaged([h.data for h in halves], chosen, np.ones(SHAPE, np.float32))
        pair = [h.with_data(d) for h, d in zip(halves, mean)]
        found = estimates(pair)
        both, fields, said = tried(pair, given(tilted("D2")), found)
        assert states(fields) == [state] * 3 and fields["noise_repeats"] > 0.9
        assert (both is found) == ("is in the half-maps already" in said) == (state == "imposed")
    assert fields["gain_copies"] > 0.005


def test_operators_are_found_elsewhere_and_this_is_said(maps, plain):
    halves, _ = maps
    _, fields, said = tried(halves, given(tilted("D2"), CENTRE), plain)
    assert fields["operators_used"] == 3 and fields["symmetry_place"] == "no origin" and "(no origin)" in said
    _, fields, said = tried(halves, Symmetry(about(tilted("D2"), (0, 0, 0)), "", True), plain)
    assert fields["operators_used"] == 3 and fields["symmetry_place"] is None and said == ""
    _, fields, said = tried(halves, point_group("C1"), plain)
    assert fields["operators_used"] == fields["operators_refused"] == 0 and fields["operators"].rows == ()
    assert "no operator beside the identity" in said


def test_a_ligand_of_one_copy_stays_and_leaves_no_trace():
    halves, _ = made(ligand=4.0)
    found = estimates(halves)
    both, fields, said = tried(halves, given(tilted("D2")), found)
    assert 0 < fields["copies_differ"] < 0.1 and "there they were not averaged" in said
    before, after = shown(found), shown(both)
    turn = about(tilted("D2"), CENTRE)
    heights = np.array([[m[tuple(np.rint((o[:, :3] @ LIGAND + o[:, 3]) / 1.2).astype(int)[::-1])] for o in turn] for m in (before, after)])
    assert heights[0, 0] > 4 * before.std()
    # of the same height in the map as before, and its copies are not higher than they were
    assert heights[1, 0] / after.std() > 0.9 * heights[0, 0] / before.std()
    np.testing.assert_allclose(heights[1] / heights[1, 0], heights[0] / heights[0, 0], atol=0.1)


@pytest.mark.heavy
def test_the_result_says_what_became_of_the_symmetry(maps):
    halves, _ = maps
    for rotations, status in ((tilted("D2"), "ok"), (tilted("D3", rotation(70, (1, 1, 0)) @ TILT), "warn")):
        out = compute_density_modify(Study(half1=halves[0], half2=halves[1], symmetry=given(rotations)), PLAIN)
        document = results.to_document(out)
        found = {c["metric"]: c["status"] for c in checks.evaluate(limits.CHECKS["density_modify"], document["metrics"])}
        assert found["operators_refused"] == status
        assert ("all 3 operators of the symmetry (4 copies)" in out.summary) == (status == "ok")
        assert any("symmetry" in w for w in out.warnings) == (status == "warn")
        shown_ = next(b for b in SECTION.render({"density_modify": document}) if isinstance(b, Rows))
        assert [r[-1] for r in shown_.rows] == states({"operators": out.operators})


# --- truth -------------------------------------------------------------------------------------------------------------

def even(data, geo, finest):
    ft = fourier.forward(data)
    power, _, count = shells.power_sums(ft, geo)
    gain = np.sqrt(count / np.maximum(power, 1e-30))
    gain[0] = 0
    gain[int(geo.length / finest) + 1:] = 0
    return fourier.inverse(filters.apply_radial(ft, geo, gain), geo.shape)


def against(data, truth, mask):
    """Mean FSC with the truth in a mask from 10 to 2.9 Å, and where it falls to 0.5 (Å)."""
    geo = fourier.geometry(data.shape, truth.voxel_size)
    fsc = shells.fsc(shells.cross_sums(*(fourier.forward(even(m, geo, 2.1) * mask) for m in (data, truth.data)), geo))
    at = fourier.frequencies(geo)
    k = int(np.flatnonzero((fsc < 0.5) & (at > 0.1))[0])
    end = 1 / (at[k - 1] + (fsc[k - 1] - 0.5) / (fsc[k - 1] - fsc[k]) * (at[k] - at[k - 1]))
    return float(fsc[(at >= 1 / 10) & (at <= 1 / 2.9)].mean()), float(end)


def true_gain(out, truth, mask, halves, finest):
    """What ``gain`` estimates: rho_O (rho_X - rho_O) with the truth, mean over shells."""
    geo = fourier.geometry(truth.shape, halves[0].voxel_size)
    maps = [even(m, geo, 2.1) * mask for m in (out, (halves[0].data + halves[1].data) / 2, truth)]
    x, o = (shells.fsc(shells.cross_sums(fourier.forward(m), fourier.forward(maps[2]), geo)) for m in maps[:2])
    at = fourier.frequencies(geo)
    used = (at >= 0.1) & (at <= 1 / finest)
    return float((o * (x - o))[used].mean())


@pytest.mark.heavy
def test_tilted_d2_against_the_truth(sim_case):
    folder = sim_case("d2tilt_160")
    one, two, truth, mask = (read_map(str(folder / f"d2tilt_160_{n}.mrc")) for n in ("half1", "half2", "truth", "mask"))
    tilt = rotation(31, (0, 0, 1)), rotation(47, (0, 1, 0)), rotation(19, (0, 0, 1))
    axes = tilt[2] @ tilt[1] @ tilt[0]                                         # of the simulator: about z, y and z, one after the other
    scores = {}
    tried_ = {"plain": None, "right": tilted("D2", axes), "axis 5 degrees off": tilted("D2", rotation(5, (1, 0, 0)) @ axes),
              "D3": tilted("D3", rotation(20, axes[:, 2]) @ axes)}
    for name, rotations in tried_.items():
        symmetry = None if rotations is None else given(rotations, (80.0, 80.0, 80.0))
        out = compute_density_modify(Study(half1=one, half2=two, symmetry=symmetry), PLAIN)
        scores[name] = against(out.density_modified_map.data, truth, mask.data)
        inside = out.mask_used.data
        true = true_gain(out.density_modified_map.data, truth.data, inside, (one, two), out.dm_resolution)
        assert out.gain == pytest.approx(true, abs=0.006), name
        if rotations is not None:
            assert out.operators_used == (3 if name == "right" else 0), name
    assert scores["plain"][0] >= 0.95 and scores["plain"][1] <= 2.70
    assert scores["right"][0] >= 0.975 and scores["right"][1] <= 2.62
    for name in ("axis 5 degrees off", "D3"):
        assert scores[name][0] == pytest.approx(scores["plain"][0], abs=0.003)
