"""EMRinger: the original program's test, side chains that follow the density and such that do not, models without any."""
from __future__ import annotations

import json

import gemmi
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoqa_plugin.core import density, fourier
from cryoqa_plugin.demo_model import build_model
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.methods.model import emringer
from cryoqa_plugin.methods.model.emringer import EmringerParams, compute_emringer
from cryoqa_plugin.registry import find
from cryoqa_plugin.results import to_document
from cryoqa_plugin.resume import judge
from cryoqa_plugin.study import Study

VOXEL, BOX = (1.1, 1.1, 1.1), 72
SCANNED = "ARG ASN ASP CYS GLN GLU HIS LEU LYS MET PHE SER TRP TYR".split()


@pytest.fixture(autouse=True)
def _no_place(request, monkeypatch):
    """Where a model of a low score lies on the map takes most of the time, and has tests of its own."""
    if "moved" not in request.node.name:
        monkeypatch.setattr(emringer, "place_values", lambda study, warnings: {})


@pytest.fixture(scope="module")
def model():
    return Model(build_model(BOX * VOXEL[0] / 2, BOX * VOXEL[0]), "model.pdb")


def _map(model, noise=0.0, origin=(0.0, 0.0, 0.0), shape=(BOX, BOX, BOX)):
    ft = density.model_density_ft(model.elements, model.xyz, model.b_iso + 40, model.occupancy, shape, VOXEL, origin)
    data = fourier.inverse(ft, shape)
    data = data + noise * data.std() * np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    return Map(data.astype(np.float32), VOXEL, origin, "map.mrc")


@pytest.fixture(scope="module")
def map_(model):
    return _map(model, 0.3)


def _changed(model, change):
    """A copy of a model after ``change`` of each (chain, residue), which returns the names of atoms to keep or None for all."""
    structure = model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            keep = change(chain, residue)
            for i in range(len(residue) - 1, -1, -1):
                if keep is not None and residue[i].name not in keep:
                    del residue[i]
    return Model(structure, "changed.pdb")


def _moved(model, x, y=0.0, z=0.0):
    def change(chain, residue):
        for a in residue:
            a.pos = a.pos + gemmi.Position(x, y, z)

    return _changed(model, change)


def _turned(model, degrees):
    """Every side chain turned about its first bond."""
    def change(chain, residue):
        atoms = {a.name: a for a in residue}
        if "CB" in atoms:
            ca, cb = (np.array(atoms[n].pos.tolist()) for n in ("CA", "CB"))
            turn = Rotation.from_rotvec(np.radians(degrees) * (cb - ca) / np.linalg.norm(cb - ca))
            for a in residue:
                if a.name not in ("N", "CA", "C", "O", "CB", "OXT"):
                    a.pos = gemmi.Position(*(cb + turn.apply(np.array(a.pos.tolist()) - cb)))

    return _changed(model, change)


def _run(map_, model, **values):
    return compute_emringer(Study(full_map=map_, model=model), EmringerParams(**values))


@pytest.fixture(scope="module")
def right(model, map_):
    """The result of the model as it should be."""
    return _run(map_, model, resolution=3.0)


@pytest.mark.realdata
def test_the_original_programs_curves_and_score(shared):
    folder = shared / "data" / "maps" / "emringer_test"
    known = json.loads((folder / "tests_test_json.json").read_text())
    made = _run(read_map(str(folder / "tests_test_map.ccp4")), read_model(str(folder / "tests_test_model.pdb")))
    assert made.emringer_score == pytest.approx(4.1138, abs=1e-4) and made.residues_scanned == 15
    assert made.emringer_score == pytest.approx(known["Final Statistics"]["EMRinger Score"], abs=1e-9)
    assert made.best_threshold == pytest.approx(known["Final Statistics"]["Optimal Threshold"], abs=1e-9)
    curves = {int(n): r for n, r in known["Residues"]["F"].items()}
    peaks = {int(r[1]): r[4] for r in made.residues.rows if r[4] is not None}
    assert {n: p - 5 for n, p in peaks.items()} == {n: r["Peak Angle"] for n, r in curves.items()}


@pytest.mark.realdata
def test_all_fifteen_curves_are_the_original_programs(shared):
    folder = shared / "data" / "maps" / "emringer_test"
    known = {int(n): r["Map Values"] for n, r in json.loads((folder / "tests_test_json.json").read_text())["Residues"]["F"].items()}
    study = Study(full_map=read_map(str(folder / "tests_test_map.ccp4")), model=read_model(str(folder / "tests_test_model.pdb")))
    chi = emringer._scanned(study)
    numbers = [int(study.residues.number[i]) for i in np.flatnonzero(chi.done)]
    assert sorted(numbers) == sorted(known) and len(numbers) == 15
    for number, values in zip(numbers, chi.scans.values):
        assert np.corrcoef(values, known[number])[0, 1] > 0.999999, number


def test_side_chains_in_their_density(model, right):
    made = right
    residues = [r for c in model.structure[0] for r in c if r.name in SCANNED]
    assert made.residues_scanned == len(residues) and made.residues_not_scanned == 0
    assert made.emringer_score > 5 and made.rotameric_fraction > 0.9 and made.at_built > 0.9 and made.below_expectation is False
    assert made.max_z == pytest.approx(made.emringer_score * np.sqrt(len(residues)) / 10)
    assert made.summary.startswith(f"The EMRinger score is {made.emringer_score:.2f} ±")
    table = {str(c): i for i, c in enumerate(made.residues.columns)}
    counted = [r for r in made.residues.rows if r[table["counted"]] == "yes"]
    assert len(counted) == made.residues_counted
    assert np.mean([r[table["rotameric"]] == "yes" for r in counted]) == pytest.approx(made.rotameric_fraction)
    assert np.median([r[table["off (°)"]] for r in counted]) < 10
    assert [(r[0], r[1]) for r in made.residues.rows] == [(c.name, str(r.seqid)) for c in model.structure[0] for r in c]
    assert sum(r[table["chi1 (°)"]] is not None for r in made.residues.rows) == len(residues)
    assert len(made.z_by_threshold.x) <= 20 and max(made.z_by_threshold.y) == pytest.approx(made.max_z)


def test_the_side_chains_of_the_model_play_no_part_in_the_score(model, map_, right):
    turned = _run(map_, _turned(model, 60))
    assert turned.emringer_score == pytest.approx(right.emringer_score, abs=1e-6)
    assert right.at_built > 0.9 and turned.at_built < 0.2
    assert np.median([r[5] for r in turned.residues.rows if r[5] is not None]) == pytest.approx(60, abs=10)


def test_a_wrong_backbone_has_no_score(model, map_):
    """N of every residue is turned by 60 degrees about CA-CB, so that the density peaks between the rotamers."""
    def change(chain, residue):
        atoms = {a.name: a for a in residue}
        if "CB" in atoms:
            n, ca, cb = (np.array(atoms[name].pos.tolist()) for name in ("N", "CA", "CB"))
            turn = Rotation.from_rotvec(np.radians(60) * (cb - ca) / np.linalg.norm(cb - ca))
            atoms["N"].pos = gemmi.Position(*(ca + turn.apply(n - ca)))

    wrong = _changed(model, change)
    made = _run(map_, wrong, resolution=3.0)
    assert made.emringer_score < 1 and made.below_expectation is True
    assert _run(map_, wrong).below_expectation is None         # whether that is low depends on the resolution


def test_scale_offset_and_place_of_the_map_play_no_part(model, map_, right):
    for other in (map_.with_data(3 * map_.data - 7), Map(map_.data, VOXEL, (5.5, -11.0, 2.2), "map.mrc")):
        made = _run(other, _moved(model, *other.origin))
        assert made.emringer_score == pytest.approx(right.emringer_score, rel=1e-5)
        assert [r[4] for r in made.residues.rows] == [r[4] for r in right.residues.rows]


def test_what_is_nearby_is_the_part_of_the_peaks_within_ten_residues(right):
    made = right
    table = {str(c): i for i, c in enumerate(made.residues.columns)}
    chain = [r for r in made.residues.rows if r[0] == "A"]
    for row in chain:
        near = [r for r in chain if abs(int(r[1]) - int(row[1])) <= 10 and r[table["counted"]] == "yes"]
        want = 100 * np.mean([r[table["rotameric"]] == "yes" for r in near]) if near else None
        assert row[table["rotameric nearby (%)"]] == (want if want is None else pytest.approx(want, abs=0.05))


def test_side_chains_that_are_not_built_or_not_in_the_map_are_counted(model, map_, right):
    cut = _run(map_, _changed(model, lambda c, r: ("N", "CA", "C", "O", "CB") if c.name == "A" else None))
    assert cut.residues_scanned == 3 * right.residues_scanned // 4
    assert cut.residues_not_scanned == right.residues_scanned // 4
    half = Map(np.ascontiguousarray(map_.data[:, :, :BOX // 2]), VOXEL, map_.origin, "map.mrc")
    made = _run(half, model)
    assert 0 < made.residues_scanned < right.residues_scanned
    assert made.residues_scanned + made.residues_not_scanned == right.residues_scanned


@pytest.mark.parametrize("keep, words", [(("CA",), "none has its side chain built inside the map"),
                                         (("N", "CA", "C", "O"), "none has its side chain built inside the map")])
def test_a_trace_has_no_score_and_that_is_said(model, map_, keep, words):
    made = _run(map_, _changed(model, lambda c, r: keep))
    assert made.emringer_score is None and made.residues_scanned == 0 and words in made.summary and made.residues is None


def test_a_model_without_chi1_has_no_score_and_that_is_said(model, map_):
    def change(chain, residue):
        residue.name = "ALA"
        return ("N", "CA", "C", "O", "CB")

    made = _run(map_, _changed(model, change))
    assert made.emringer_score is None and made.summary == "There is no EMRinger score: the model has no side chains with a chi1 to scan."


def test_the_conformer_of_the_largest_occupancy_is_scanned(model, map_, right):
    def change(chain, residue):
        for atom in list(residue):
            if atom.name in ("CG", "OG"):
                other = atom.clone()
                other.altloc, other.occ, atom.altloc, atom.occ = "B", 0.3, "A", 0.7
                other.pos = other.pos + gemmi.Position(0.5, 0.5, 0.5)
                residue.add_atom(other)

    assert _run(map_, _changed(model, change)).emringer_score == pytest.approx(right.emringer_score)


def test_what_is_missing_is_said(model, map_):
    with pytest.raises(MissingInputError, match="model"):
        compute_emringer(Study(full_map=map_), EmringerParams())
    with pytest.raises(MissingInputError):
        compute_emringer(Study(model=model), EmringerParams())
    with pytest.raises(InputError, match="origin|outside"):
        _run(map_, _moved(model, 500.0))


def test_a_model_that_is_moved_is_named_before_its_score(model, map_):
    made = _run(map_, _moved(model, 1.5), resolution=3.0)
    checks = judge(find("emringer"), False, to_document(made)["metrics"], None)
    states = {c["metric"]: c["status"] for c in checks}
    assert states["model_shift"] == "warn" and states["below_expectation"] in ("ok", "skipped")
    assert made.emringer_score < 3 and made.model_shift == pytest.approx(1.5, abs=0.1)


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("case, score", [("p96", 6.2), ("f3_144", 3.7)])
def test_a_backbone_out_of_place_has_no_score(sim_case, case, score):
    folder = sim_case(case)
    map_, model = read_map(str(folder / f"{case}_full.mrc")), read_model(str(folder / f"{case}_model.pdb"))
    rng = np.random.default_rng(0)

    def shaken(chain, residue):
        for a in residue:
            a.pos = a.pos + gemmi.Position(*(0.6 * rng.standard_normal(3)))

    right, moved, noisy = (_run(map_, m, resolution=3.0) for m in (model, _moved(model, 1.5), _changed(model, shaken)))
    assert right.emringer_score == pytest.approx(score, abs=0.1) and right.below_expectation is False
    assert moved.emringer_score < 1 and noisy.emringer_score < 1


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("case, score", [("p96", 6.223854), ("t160", 3.986897), ("h256", 2.181051)])
def test_the_score_is_that_of_cctbx(sim_case, case, score):
    """Scores of mmtbx.ringer of cctbx-base 2025.11 on the same files."""
    folder = sim_case(case)
    made = _run(read_map(str(folder / f"{case}_full.mrc")), read_model(str(folder / f"{case}_model.pdb")))
    assert made.emringer_score == pytest.approx(score, abs=2e-6)
