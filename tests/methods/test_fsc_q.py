"""Support of atoms by the half-maps: right models, moved helices, atoms in solvent and in the noise of a half-map; FSC-Q by naive boxes."""
from __future__ import annotations

from dataclasses import replace

import gemmi
import naive_blocks
import numpy as np
import pytest
from naive_model_map import positions

from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.core import blocks, fourier
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.limits import CHECKS, EXPLAINED
from cryoqa_plugin.methods.model.fsc_q import FscQParams, compute_fsc_q
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def changed(model, change):
    """A copy of a model after ``change(structure)``."""
    structure = model.structure.clone()
    change(structure[0])
    return Model(structure, "changed.cif")


def move(chain, first, last, step):
    """A change that moves residues ``first`` to ``last`` (places) of a chain by ``step`` (Å)."""
    def change(model):
        for residue in list(model[chain])[first:last]:
            for atom in residue:
                atom.pos = gemmi.Position(*(np.array(atom.pos.tolist()) + step))
    return change


def with_waters(model, spots):
    """A model with a water at each of some places (x, y, z in Å)."""
    def change(first):
        chain = gemmi.Chain("W")
        for i, spot in enumerate(spots):
            residue = gemmi.Residue()
            residue.name, residue.seqid = "HOH", gemmi.SeqId(str(i + 1))
            atom = gemmi.Atom()
            atom.name, atom.element, atom.b_iso, atom.pos = "O", gemmi.Element("O"), 30.0, gemmi.Position(*spot)
            residue.add_atom(atom)
            chain.add_residue(residue)
        first.add_chain(chain)
    return changed(model, change)


def peaks_of_noise(study, number):
    """The highest peaks (x, y, z in Å) of half-map 1, evened out, 8 Å and more from the atoms."""
    from scipy.ndimage import maximum_filter

    from cryoqa_plugin.core import filters, masks
    half = study.half1
    data = fourier.inverse(filters.apply_radial(study.transform("half1"), study.geometry, study.even_maps.weight), half.shape)
    near = masks.atoms_mask(half.shape, half.voxel_size, half.origin, study.model.xyz, np.full(study.model.n_atoms, 8.0))
    inner = np.zeros(half.shape, dtype=bool)
    inner[6:-6, 6:-6, 6:-6] = True
    places = np.argwhere((maximum_filter(data, 5) == data) & ~near & inner)
    best = places[np.argsort(-data[tuple(places.T)])[:number]]
    return best[:, ::-1] * np.asarray(half.voxel_size) + np.asarray(half.origin)


def bad(result):
    """Metrics whose checks are missed, consequences left out."""
    outcomes = causes_first(evaluate(CHECKS["fsc_q"], to_document(result)["metrics"]), EXPLAINED)
    return [c["metric"] for c in outcomes if c["status"] in ("warn", "fail")]


def test_a_right_model_is_supported(demo):
    found = compute_fsc_q(Study(half1=demo.half1, half2=demo.half2, model=demo.model), FscQParams())
    assert abs(found.delta_median) < 0.02 and found.residues_unexplained < 1 and found.overfitted < 2
    assert found.cc_model == pytest.approx(found.cc_map, abs=0.02) and found.fsc_qr_high == 0
    assert bad(found) == [] and f"{found.cc_model:.3f}" in found.summary
    columns = [c.name for c in found.residues.typed]
    assert columns[:4] == ["chain", "number", "residue", "delta"] and len(found.residues.rows) == 4 * 58
    assert "delta" in found.attributes and "fscq" in found.attributes and len(found.chains.rows) == 4
    assert found.box_edge == pytest.approx(20 * 1.8) and found.spacing == pytest.approx(4 * 1.8)


def test_a_moved_helix_is_unexplained_and_nothing_else(demo):
    wrong = changed(demo.model, move("B", 20, 32, (0, 2.0, 2.0)))
    found = compute_fsc_q(Study(half1=demo.half1, half2=demo.half2, model=wrong), FscQParams())
    worst = sorted(found.residues.rows, key=lambda row: row[3])[:10]
    assert {row[0] for row in worst} == {"B"} and all(20 <= int(row[1]) - int(found.residues.rows[58][1]) < 32 for row in worst)
    assert np.median([row[3] for row in found.residues.rows if row[0] in "CD"]) > -0.02
    assert found.residues_unexplained > 4 and found.fsc_q_mean > 0
    most = changed(demo.model, lambda m: [move(c, 20, 40, (0, 2.0, 2.0))(m) for c in "AB"])
    assert bad(compute_fsc_q(Study(half1=demo.half1, half2=demo.half2, model=most), FscQParams())) == ["residues_unexplained"]


@pytest.mark.heavy
def test_atoms_in_the_noise_of_a_half_map_are_overfitted(demo):
    study = Study(half1=demo.half1, half2=demo.half2, model=demo.model)
    noise = with_waters(demo.model, peaks_of_noise(study, 400))
    found = compute_fsc_q(study.with_(model=noise), FscQParams())
    delta = study.with_(model=noise).agreement.delta
    assert np.mean(delta[demo.model.n_atoms:] > 0.15) > 0.5 and np.mean(delta[:demo.model.n_atoms] > 0.15) < 0.02
    assert found.overfitted > 8 and bad(found) == ["overfitted"]


def test_in_solvent_delta_tells_little(demo):
    def copy(model):
        chain = gemmi.Chain("Z")
        here = np.mean([a.pos.tolist() for r in list(model["A"])[:12] for a in r], axis=0)
        for residue in list(model["A"])[:12]:
            clone = residue.clone()
            for atom in clone:
                atom.pos = gemmi.Position(*(np.array(atom.pos.tolist()) - here + 16.0))
            chain.add_residue(clone)
        model.add_chain(chain)

    found = Study(half1=demo.half1, half2=demo.half2, model=changed(demo.model, copy)).agreement
    there = slice(demo.model.n_atoms, None)
    assert np.median(found.model[there]) < 0.3 and np.median(np.sqrt(found.full[there])) < 0.7
    moved = Study(half1=demo.half1, half2=demo.half2, model=changed(demo.model, move("A", 0, 12, (0, 2.0, 2.0)))).agreement
    assert np.median(found.delta[there]) > np.median(moved.delta[:found.delta[there].size])


def test_fsc_q_is_that_of_naive_boxes():
    rng = np.random.default_rng(5)
    demo = make_demo_data(box=48)
    part = slice(12, 36)
    cut = {n: replace(getattr(demo, n), data=np.ascontiguousarray(getattr(demo, n).data[part, part, part]),
                      origin=tuple(12 * v for v in demo.half1.voxel_size)) for n in ("half1", "half2")}
    study = Study(model=demo.model, **cut)
    found = compute_fsc_q(study, FscQParams(box=10, step=1))
    voxel, used, model = study.grid.voxel_size, np.flatnonzero(study.used_atoms()), fourier.inverse(study.model_transform(), (24,) * 3)
    at, finest, checked = positions((24,) * 3, voxel, (0, 0, 0)), 2 * voxel[0], 0
    n_shells, window = blocks.plan(10, 1, "hann", voxel, finest, mates=False).n_shells, blocks.taper(10, "hann")
    for i in rng.permutation(used):
        near = np.flatnonzero(((at - study.atom_position[i]) ** 2).sum(axis=1) <= (0.87 * voxel[0]) ** 2)
        places = [np.unravel_index(j, (24,) * 3) for j in near]
        if not all(5 <= k <= 19 for p in places for k in p):
            continue
        sides = []
        for a, b, cutoff in ((study.density.data, model, 0.67), (study.half1.data, study.half2.data, 0.5)):
            fills = float(a.mean()), float(b.mean())
            curves = np.stack([naive_blocks.curve(a, b, fills, p, window, 20, voxel, n_shells, bsoft=True) for p in places])
            sides.append(np.mean(1 / np.clip(blocks.last_falls(curves, 20 * voxel[0], cutoff), 1 / 200, 1 / finest)))
        atom = f"{study.residues.chains[study.residues.chain[study.residues.residue[i]]]}:" \
               f"{study.residues.number[study.residues.residue[i]]}@{study.residues.atom[i]}"
        line = next(x for x in found.attributes.split("attribute: fscq")[2].splitlines() if f"/{atom}" in x)
        assert float(line.split("\t")[-1]) == pytest.approx(sides[0] - sides[1], abs=2e-3)
        checked += 1
        if checked == 2:
            break
    assert checked == 2


def test_what_is_missing_is_said_in_one_sentence(demo):
    with pytest.raises(MissingInputError):
        compute_fsc_q(Study(full_map=demo.full_map, model=demo.model), FscQParams())
    with pytest.raises(InputError, match="boxes of 80 voxels do not fit"):
        compute_fsc_q(Study(half1=demo.half1, half2=demo.half2, model=demo.model), FscQParams(box=80))
    with pytest.raises(InputError, match="None of the 1760 atoms"):
        away = changed(demo.model, lambda m: [move(c.name, 0, 99, (900, 0, 0))(m) for c in m])
        compute_fsc_q(Study(half1=demo.half1, half2=demo.half2, model=away), FscQParams())
    copies = compute_fsc_q(Study(half1=demo.half1, half2=replace(demo.half1, path="copy.mrc"), model=demo.model), FscQParams())
    assert copies.delta_median is None and "copies" in copies.summary and copies.residues.rows


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("case", ["f2_128", "g1_120", "g2_144", "g3_160", "l160", "odd97"])
def test_right_models_of_simulated_maps_are_supported(sim_case, case):
    folder = sim_case(case)
    halves = {f"half{i}": read_map(str(folder / f"{case}_half{i}.mrc")) for i in (1, 2)}
    found = compute_fsc_q(Study(model=read_model(str(folder / f"{case}_model.pdb")), **halves), FscQParams())
    assert abs(found.delta_median) < 0.01 and found.residues_unexplained < 0.5 and found.overfitted < 1 and bad(found) == []
