"""Q-scores: truth maps, what noise, blur and a wrong place do to them, what is expected, ranks, and models that need care."""
from __future__ import annotations

from dataclasses import replace

import gemmi
import mrcfile
import numpy as np
import pytest

from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.core import density, filters, fourier
from cryoqa_plugin.demo_model import build_model
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.limits import CHECKS, EXPLAINED
from cryoqa_plugin.methods.model.q_score import QScoreParams, compute_q_score
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.q_values import expected, expected_of_kind
from cryoqa_plugin.study.residues import ION, LIGAND, NUCLEIC, PROTEIN, WATER

BOX, D = 56, 2.6


def _extra(structure, residues):
    """A model with residues of (name, number, [(atom, element, (x, y, z))]) in a chain X."""
    structure = structure.clone()
    chain = gemmi.Chain("X")
    for name, number, atoms in residues:
        residue = gemmi.Residue()
        residue.name, residue.seqid, residue.het_flag = name, gemmi.SeqId(str(number)), "H"
        for n, element, xyz in atoms:
            atom = gemmi.Atom()
            atom.name, atom.element, atom.pos, atom.b_iso, atom.occ = n, gemmi.Element(element), gemmi.Position(*map(float, xyz)), 20.0, 1.0
            residue.add_atom(atom)
        chain.add_residue(residue)
    structure[0].add_chain(chain)
    return Model(structure, "model.cif")


def _drawn(model, end=D, b=0.0, box=BOX):
    """The density of a model on voxels of 1 Å up to a resolution, blurred by B."""
    blank = Map(np.zeros((box,) * 3, np.float32), (1.0,) * 3)
    ft = density.model_density_ft(model.elements, model.xyz, model.b_iso, model.occupancy, blank.shape, blank.voxel_size, blank.origin)
    geo = fourier.geometry(blank.shape, blank.voxel_size)
    f = fourier.frequencies(geo)
    return blank.with_data(fourier.inverse(filters.apply_radial(ft, geo, np.exp(-b * f ** 2 / 4) * (f <= 1 / end)), blank.shape))


@pytest.fixture(scope="module")
def model():
    """One chain of the demonstration in the middle of the box."""
    structure = build_model(BOX / 2, float(BOX))
    for name in "BCD":
        structure[0].remove_chain(name)
    whole = Model(structure, "model.cif")
    return _moved(whole, BOX / 2 - (whole.xyz.max(axis=0) + whole.xyz.min(axis=0)) / 2)


@pytest.fixture(scope="module")
def truth(model):
    return _drawn(model)


def _result(map_, model, **params):
    return compute_q_score(Study(full_map=map_, model=model), QScoreParams(**params))


def _said(result):
    """Metrics of the checks that are not met and not explained."""
    found = causes_first(evaluate(CHECKS["q_score"], to_document(result)["metrics"]), EXPLAINED)
    return {c["metric"] for c in found if c["status"] in ("warn", "fail")}


def _moved(model, shift):
    structure = model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                atom.pos = gemmi.Position(*(np.array(atom.pos.tolist()) + shift))
    return Model(structure, "model.cif")


def test_q_falls_with_blur_and_with_noise(model, truth):
    def mean(map_):
        return np.nanmean(Study(full_map=map_, model=model).q_values(0.4).atom)

    blurred = [mean(_drawn(model, b=b)) for b in (0, 20, 50, 100, 200, 400)]
    noise = np.random.default_rng(1).standard_normal(truth.shape).astype(np.float32) * truth.data.std()
    noisy = [mean(truth.with_data(truth.data + k * noise)) for k in (0, 0.5, 1, 2, 4)]
    assert blurred[0] > 0.6 and (np.diff(blurred) < -0.02).all() and blurred[-1] < 0.35
    assert (np.diff(noisy) < -0.001).all() and noisy[-1] < blurred[0] - 0.1


def test_the_table_and_the_parts_come_to_the_mean(model, truth):
    found = _result(truth, model, resolution=D)
    columns = {str(c): [row[i] for row in found.residues.rows] for i, c in enumerate(found.residues.columns)}
    assert list(columns)[:3] == ["chain", "number", "residue"] and "q" in columns and "q around" in columns
    assert found.q_median == pytest.approx(np.median(columns["q"])) and found.residues_scored == len(found.residues.rows)
    n, mean = np.array([row[1] for row in found.classes.rows]), np.array([row[2] for row in found.classes.rows])
    assert n.sum() == found.atoms_scored == model.n_atoms and (n * mean).sum() / n.sum() == pytest.approx(found.q_mean)
    assert [row[0] for row in found.classes.rows] == ["protein backbone", "protein side chains"]
    assert sum(row[1] for row in found.chains.rows) == len(found.residues.rows)
    assert found.q_backbone == pytest.approx(np.mean([v for v in columns["backbone"] if v is not None]))
    assert sum(found.histogram.y) == pytest.approx(100)
    assert found.profile.y[0] == 1 and found.profile.y[-1] == 0 and (np.diff(found.profile.y[:12]) < 0).all()
    named = {a.name: a for a in found.scored_model.attributes}
    assert set(named) == {"q_score", "q_backbone", "q_side", "q_atom"} and len(named["q_atom"].values) == model.n_atoms
    first = found.residues.rows[0]
    assert named["q_score"].values[f"{first[0]}:{first[1]}"] == pytest.approx(first[4])
    assert found.attributes.count("\n") > model.n_atoms and "attribute: q_score" in found.attributes


def test_scale_offset_origin_and_axis_order_do_not_matter(model, truth, tmp_path):
    wanted = _result(truth, model, resolution=D)
    path = str(tmp_path / "swapped.mrc")
    with mrcfile.new(path) as file:                          # sections along x, columns along z
        file.set_data(np.ascontiguousarray(truth.data.transpose(2, 1, 0)))
        file.header.mapc, file.header.mapr, file.header.maps = 3, 2, 1
        file.voxel_size = 1.0
    away = (10.25, -7.5, 31.0)
    for map_, other in ((truth.with_data(truth.data * np.float32(37) - np.float32(5)), model), (read_map(path), model),
                        (replace(truth, origin=away), _moved(model, np.array(away)))):
        found = _result(map_, other, resolution=D)
        assert np.array([r[4] for r in found.residues.rows]) == pytest.approx(np.array([r[4] for r in wanted.residues.rows]), abs=1e-4)
    assert np.std([r[4] for r in wanted.residues.rows]) > 0.01


def test_what_is_expected():
    assert expected(0.4, 3.0).mean == pytest.approx(0.5212) and expected(0.6, 3.0).mean == pytest.approx(0.5804, abs=1e-4)
    one = expected(0.4, 3.0)
    assert one.low == pytest.approx(one.mean - 0.15) and one.high == pytest.approx(one.mean + 0.085)
    assert expected(0.5, 3.0) is expected(0.4, None) is expected(0.4, 0.9) is expected(0.4, 12.0) is None
    assert expected_of_kind(0.4, 3.0, PROTEIN) == pytest.approx(0.5644) and expected_of_kind(0.4, 3.0, NUCLEIC) == pytest.approx(0.5041)
    assert expected_of_kind(0.6, 2.0, WATER) == pytest.approx(0.8211) and expected_of_kind(0.6, 2.0, ION) == pytest.approx(0.8589)
    assert np.isnan([expected_of_kind(0.4, 3.0, LIGAND), expected_of_kind(0.4, 3.0, WATER), expected_of_kind(0.4, 6.0, PROTEIN)]).all()


def test_a_right_model_is_left_alone_and_a_wrong_resolution_is_not(model, truth):
    assert _said(_result(truth, model, resolution=D)) == set()
    blurred = _drawn(model, end=5.0, b=100)
    assert _said(_result(blurred, model, resolution=5.0)) == set()
    found = _result(blurred, model, resolution=2.0)
    assert _said(found) == {"q_difference"} and found.q_difference < -0.25 and found.model_operation == "none"


def test_a_model_out_of_place_is_said_to_be_so(model, truth):
    found = _result(truth, _moved(model, np.array([1.2, -0.9, 0.6])), resolution=D)
    assert found.q_mean < found.q_low and _said(found) == {"model_shift"}
    assert found.model_shift == pytest.approx(np.linalg.norm([1.2, 0.9, 0.6]), abs=0.2)


def test_ligands_are_judged_with_what_surrounds_them(model, truth):
    xyz = model.xyz
    centre = xyz[np.argmin(np.linalg.norm(xyz - xyz.mean(axis=0), axis=1))]
    far = xyz[np.argmax(np.linalg.norm(xyz - xyz.mean(axis=0), axis=1))]
    away = far + 3.5 * (far - xyz.mean(axis=0)) / np.linalg.norm(far - xyz.mean(axis=0))
    right = _extra(model.structure, [("LIG", 1, [("C1", "C", away), ("C2", "C", away + (1.5, 0, 0))]),
                                     ("MG", 2, [("MG", "MG", centre + 2.2)]), ("HOH", 3, [("O", "O", far - 3)])])
    found = _result(_drawn(right), right, resolution=D)
    empty = _result(truth, right, resolution=D)
    rows, lost = ({row[2]: row for row in r.ligands.rows} for r in (found, empty))
    assert set(rows) == {"LIG", "MG"} and rows["LIG"][3:5] == ("ligand", 2) and rows["MG"][3] == "ion"
    assert rows["LIG"][7] > -0.2 and lost["LIG"][7] < -0.3 and lost["LIG"][5] < 0.3 < lost["LIG"][6]
    assert {row[0] for row in found.classes.rows} >= {"ligands", "ions", "waters"}


def test_ranks_are_of_the_sigma_that_the_archive_has(model, truth):
    one, other = (_result(truth, model, resolution=3.0, sigma=s) for s in (0.4, 0.6))
    assert one.q_percentile > 50 and one.archive.rows[1][2] == "2.5 to 3.5 Å" and other.archive is other.q_percentile is None
    assert other.q_mean > one.q_mean and other.q_expected == expected(0.6, 3.0).mean
    free = _result(truth, model, resolution=3.0, sigma=0.5)
    assert free.q_expected is None and one.q_mean < free.q_mean < other.q_mean


def test_the_resolution_is_given_or_that_of_the_half_maps(model, truth):
    alone = _result(truth, model)
    assert alone.resolution is None and alone.resolution_from == "unknown" and alone.q_expected is None and len(alone.archive.rows) == 1
    assert any("give it" in w for w in alone.warnings) and alone.model_shift is not None
    rng = np.random.default_rng(3)
    halves = [truth.with_data(truth.data + rng.standard_normal(truth.shape).astype(np.float32) * truth.data.std()) for _ in range(2)]
    found = compute_q_score(Study(half1=halves[0], half2=halves[1], model=model), QScoreParams())
    assert found.resolution_from == "half-maps" and found.resolution == pytest.approx(D, abs=0.2) and found.q_expected is not None
    beyond = _result(truth, model, resolution=1.0)
    assert beyond.resolution == pytest.approx(2.0) and any("finer than voxels" in w for w in beyond.warnings)


def test_models_and_inputs_that_cannot_be_scored(model, truth):
    with pytest.raises(MissingInputError, match="model"):
        compute_q_score(Study(full_map=truth), QScoreParams())
    with pytest.raises(MissingInputError):
        compute_q_score(Study(model=model), QScoreParams())
    with pytest.raises(InputError, match="lies in the box"):
        _result(truth, _moved(model, np.array([500.0, 0, 0])))
    cut = _moved(model, np.array([25.0, 0, 0]))
    partly = _result(truth, cut, resolution=D)
    assert partly.atoms_scored == np.count_nonzero(cut.xyz[:, 0] <= BOX - 1) and 0.4 < partly.atoms_outside < 0.6
    assert any(f"of the {model.n_atoms} atoms" in w for w in partly.warnings) and "q_difference" not in _said(partly)


def test_a_trace_is_scored_and_not_compared(model, truth):
    structure = model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for name in [a.name for a in residue if a.name != "CA"]:
                residue.remove_atom(name, "\0")
    found = _result(truth, Model(structure, "trace.cif"), resolution=D)
    assert found.q_mean is not None and found.q_expected is None and found.archive is None
    assert any("one atom a residue" in w for w in found.warnings) and found.q_mean < _result(truth, model).q_mean


def test_hydrogens_change_nothing(model, truth):
    structure = model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            at = residue["CA"][0].pos
            atom = gemmi.Atom()
            atom.name, atom.element, atom.occ = "HA", gemmi.Element("H"), 1.0
            atom.pos = gemmi.Position(at.x + 0.6, at.y + 0.6, at.z + 0.6)
            residue.add_atom(atom)
    assert _result(truth, Model(structure, "h.cif"), resolution=D).q_mean == pytest.approx(_result(truth, model, resolution=D).q_mean)
