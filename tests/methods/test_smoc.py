"""SMOC and its kin: naive twins, breaks of chains, what depends on the zero of the map, what is found."""
from __future__ import annotations

from dataclasses import replace

import gemmi
import naive_smoc
import numpy as np
import pytest
from test_fsc_q import changed, move

from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.core import atom_grid
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.limits import CHECKS, EXPLAINED
from cryoqa_plugin.methods.model.smoc import SmocParams, compute_smoc, members
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def column(result, name):
    """A column of the table of residues."""
    place = [c.name for c in result.residues.typed].index(name)
    return np.array([np.nan if row[place] is None else row[place] for row in result.residues.rows])


def bad(result):
    """Metrics whose checks are missed, consequences left out."""
    outcomes = causes_first(evaluate(CHECKS["smoc"], to_document(result)["metrics"]), EXPLAINED)
    return [c["metric"] for c in outcomes if c["status"] in ("warn", "fail")]


def small(demo, length=7):
    """The first residues of a chain in the middle of a box of noise and signal."""
    def change(model):
        for name in "BCD":
            model.remove_chain(name)
        while len(model["A"]) > length:
            del model["A"][length]
        middle = np.mean([a.pos.tolist() for r in model["A"] for a in r], axis=0)
        for residue in model["A"]:
            for atom in residue:
                atom.pos = gemmi.Position(*(np.array(atom.pos.tolist()) - middle + (14.0, 13.0, 15.0)))

    model = changed(demo.model, change)
    rng = np.random.default_rng(3)
    shape, voxel = (24, 25, 26), (1.15, 1.05, 1.2)
    data = rng.standard_normal(shape) + 0.2 * atom_grid.gaussians(model.xyz, np.full(model.n_atoms, 9.0), shape, voxel, 0.9)
    return model, Map(data.astype(np.float32), voxel)


@pytest.mark.parametrize("shape, voxel", [((12, 13, 11), (1.1, 0.9, 1.3)), ((10, 10, 10), (1.0, 1.0, 1.0))])
def test_gaussians_are_those_of_numpy(shape, voxel):
    position = np.random.default_rng(1).uniform(-1, 13, (9, 3))
    weight = np.arange(1.0, 10.0)
    made = atom_grid.gaussians(position, weight, shape, voxel, 0.8)
    np.testing.assert_allclose(made, naive_smoc.gaussians(position, weight, shape, voxel, 0.8), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("window", [1, 5])
def test_scores_are_those_of_loops(demo, window):
    model, map_ = small(demo)
    found = compute_smoc(Study(full_map=map_, model=model), SmocParams(resolution=3.2, window=window))
    wanted = naive_smoc.scores(model, map_.data, map_.voxel_size, 3.2, window)
    np.testing.assert_allclose(column(found, "SMOC"), wanted[:, 0], atol=1e-5)
    np.testing.assert_allclose(column(found, "centred"), wanted[:, 1], atol=1e-5)
    alone = naive_smoc.scores(model, map_.data, map_.voxel_size, 3.2, 1)
    np.testing.assert_allclose(column(found, "SMOCd"), alone[:, 0], atol=1e-5)
    assert found.radius == 2.5 and found.smoc_mean == pytest.approx(wanted[:, 0].mean(), abs=1e-5)


def test_coarser_maps_are_compared_in_spheres_around_ca(demo):
    model, map_ = small(demo)
    found = compute_smoc(Study(full_map=map_, model=model), SmocParams(resolution=5.0))
    at = naive_smoc.positions(map_.shape, map_.voxel_size, (0, 0, 0))
    mass = [gemmi.Element(e).weight for e in model.elements]
    sim = naive_smoc.gaussians(model.xyz, mass, map_.shape, map_.voxel_size, 0.225 * 5).ravel()
    for residue, value in zip(model.structure[0]["A"], column(found, "SMOCd")):
        here = naive_smoc.near(at, np.array([residue.find_atom("CA", "*").pos.tolist()]), 5.0)
        x, y = map_.data.ravel()[here].astype(float), sim[here]
        assert value == pytest.approx((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()), abs=1e-5)


def test_windows_end_where_a_chain_is_broken(demo):
    whole = Study(full_map=demo.full_map, model=demo.model)
    broken = Study(full_map=demo.full_map, model=changed(demo.model, lambda m: m["A"].__delitem__(20)))
    for study, wanted in ((whole, 11), (broken, 6)):
        atom, window = members(study.residues, study.used_atoms(), 5)
        inside = np.unique(study.residues.residue[atom[window == 19]])
        assert len(inside) == wanted and inside.min() == 14 and inside.max() == (24 if wanted == 11 else 19)
    assert len(np.unique(whole.residues.residue[atom[window == 0]])) == 6


@pytest.mark.heavy
def test_only_the_correlation_does_not_depend_on_the_zero_of_the_map(demo):
    own, moved = (compute_smoc(Study(full_map=demo.full_map.with_data(demo.full_map.data * np.float32(7) + np.float32(level)),
                                     model=demo.model), SmocParams(resolution=4.5)) for level in (0, 3 * 7 * demo.full_map.data.std()))
    np.testing.assert_allclose(column(moved, "centred"), column(own, "centred"), atol=1e-4)
    assert abs(moved.smoc_mean - own.smoc_mean) > 0.02


def test_a_right_model_agrees_and_a_chain_out_of_density_is_named(demo):
    right = compute_smoc(Study(half1=demo.half1, half2=demo.half2, model=demo.model), SmocParams())
    assert right.resolution_from == "half-maps" and right.centred_mean > 0.6 and right.centred_low == 0 and bad(right) == []
    wrong = compute_smoc(Study(full_map=demo.full_map, model=changed(demo.model, move("C", 10, 30, (0, 0, -30.0)))),
                         SmocParams(resolution=4.5))
    assert bad(wrong) == ["centred_low"]
    lowest = np.argsort(column(wrong, "centred"))[:8]
    assert all(2 * 58 + 9 <= i <= 2 * 58 + 30 for i in lowest)
    ranks = {row[2]: row for row in wrong.archive.rows}
    assert "4.5 to 6.5 Å" in ranks and wrong.smoc_better == pytest.approx(ranks["4.5 to 6.5 Å"][4])


def test_odd_models_give_what_can_be_had(demo):
    def ca_only(model):
        for chain in model:
            for residue in chain:
                for i in range(len(residue) - 1, -1, -1):
                    if residue[i].name != "CA":
                        del residue[i]

    found = compute_smoc(Study(full_map=demo.full_map, model=changed(demo.model, ca_only)), SmocParams(resolution=4.5))
    assert len(found.residues.rows) == 4 * 58 and found.centred_mean > 0.3 and any("one atom only" in w for w in found.warnings)
    fine = compute_smoc(Study(full_map=demo.full_map, model=demo.model), SmocParams(resolution=1.0))
    assert fine.resolution == pytest.approx(3.6, rel=0.02) and any("finer than voxels" in w for w in fine.warnings)
    with pytest.raises(MissingInputError):
        compute_smoc(Study(full_map=demo.full_map), SmocParams())
    with pytest.raises(InputError, match="None of the 1760 atoms"):
        compute_smoc(Study(full_map=replace(demo.full_map, origin=(900.0, 0, 0)), model=demo.model), SmocParams(resolution=4.5))


def test_ligands_have_a_row_and_waters_none(demo):
    def add(model):
        chain = gemmi.Chain("L")
        for number, name in (("1", "HOH"), ("2", "ZN")):
            residue = gemmi.Residue()
            residue.name, residue.seqid = name, gemmi.SeqId(number)
            atom = gemmi.Atom()
            atom.name, atom.element = ("O", gemmi.Element("O")) if name == "HOH" else ("ZN", gemmi.Element("Zn"))
            atom.pos = model["A"][10][0].pos
            residue.add_atom(atom)
            chain.add_residue(residue)
        model.add_chain(chain)

    found = compute_smoc(Study(full_map=demo.full_map, model=changed(demo.model, add)), SmocParams(resolution=4.5))
    assert [row[:3] for row in found.residues.rows if row[0] == "L"] == [("L", "2", "ZN")]


@pytest.mark.realdata
@pytest.mark.parametrize("map_, model, resolution, centred", [
    ("emd3488_5me2/emd_3488.mrc", "emd3488_5me2/5me2.pdb.gz", 3.2, 0.66),
    ("emd3186_5fj6/emd_3186.map", "emd3186_5fj6/5fj6.pdb", 7.9, 0.88)])
@pytest.mark.heavy
def test_deposited_models_lie_in_density(shared, map_, model, resolution, centred):
    top = shared / "data" / "maps"
    found = compute_smoc(Study(full_map=read_map(str(top / map_)), model=read_model(str(top / model))), SmocParams(resolution=resolution))
    assert found.centred_mean == pytest.approx(centred, abs=0.02) and bad(found) == []


@pytest.mark.heavy
@pytest.mark.realdata
def test_rna_has_scores(sim_case):
    folder = sim_case("rna128")
    model = read_model(str(folder / "rna128_model.pdb"))
    found = compute_smoc(Study(full_map=read_map(str(folder / "rna128_full.mrc")), model=Model(model.structure, "rna.pdb")),
                         SmocParams(resolution=3.2))
    assert found.centred_mean == pytest.approx(0.60, abs=0.02) and bad(found) == []


@pytest.mark.heavy
@pytest.mark.realdata
def test_stretches_that_were_moved_are_dips(sim_case):
    folder = sim_case("g2_144")                              # set no limit
    model, map_ = read_model(str(folder / "g2_144_model.pdb")), read_map(str(folder / "g2_144_full.mrc"))
    right = compute_smoc(Study(full_map=map_, model=model), SmocParams(resolution=2.5))
    assert right.centred_dips < 1 and bad(right) == []
    rng = np.random.default_rng(8)

    def change(first):
        for start in range(10, len(first["A"]) - 12, 50):
            step = rng.standard_normal(3)
            move("A", start, start + 12, 1.5 * step / np.linalg.norm(step))(first)

    wrong = compute_smoc(Study(full_map=map_, model=changed(model, change)), SmocParams(resolution=2.5))
    assert wrong.centred_dips > 5 and bad(wrong) == ["centred_dips"]
