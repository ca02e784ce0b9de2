"""Models that set no limit: right ones are left alone, shifted ones and those out of register are found; neighbours; real maps."""
from __future__ import annotations

import gzip
import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest
from out_of_register import out_of_register

from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.core import density, fourier, spectra
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.limits import CHECKS, EXPLAINED
from cryoqa_plugin.methods.model.model_fit import ModelFitParams, compute_model_fit
from cryoqa_plugin.methods.model.side_chain_check import SideChainCheckParams, compute_side_chain_check
from cryoqa_plugin.methods.resolution.mtriage import MtriageParams, compute_mtriage
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study

pytestmark = [pytest.mark.realdata, pytest.mark.heavy]

# Limits were set with 3o21 A and B, 5ni1 A and B, 7pbl A, 3c91 A and the demonstration. Here: file, chains, resolution (Å), seed.
JUDGES = {"polymerase": ("maps/emd3186_5fj6/5fj6.pdb", None, 3.2, 41), "actin": ("maps/emd5168_actin_tempy/3MFP.pdb", None, 3.0, 42),
          "actin_adp": ("maps/emd5168_actin_tempy/1J6Z.pdb", None, 3.8, 43), "vp6": ("maps/emd1461_vp6_gorgon/vp6.pdb", None, 4.0, 44),
          "ribosomal": ("maps/emd2566_3j6b_daq/3J6B_9.pdb", None, 3.4, 45), "ferritin": ("models/7a4m.cif", None, 2.6, 46),
          "proteasome_h": ("models/3c91_T20S.pdb", "H", 3.6, 47), "haemoglobin": ("maps/emd3488_5me2/5me2.pdb.gz", None, 2.8, 48),
          "vp6_part": ("maps/emd6272_3j9s_strudel/6272.pdb", None, 3.0, 49),
          "alphafold": ("maps/emd6824_diffmodeler/Q99J21_alphafold.pdb", None, 3.3, 50)}


@pytest.fixture(scope="module")
def judge(shared, tmp_path_factory):
    """Function from the name of a judge and a seed to its map and its model, simulated once."""
    spec = importlib.util.spec_from_file_location("simulate", shared / "tools" / "simulate.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    top, made = tmp_path_factory.mktemp("judges"), {}

    def get(name, again=0):
        if (name, again) in made:
            return made[name, again]
        file, chains, resolution, seed = JUDGES[name]
        path = shared / "data" / file
        if path.suffix == ".gz":
            plain = top / path.stem
            plain.write_bytes(gzip.decompress(path.read_bytes()))
            path = plain
        atoms = np.array([a.pos.tolist() for c in tool.read_atoms(str(path), chains, 0.0)[0] for r in c for a in r])
        voxel = 1.0 if resolution < 3.2 else 1.2 if np.ptp(atoms, axis=0).max() < 130 else 1.3
        box = int(np.ceil((np.ptp(atoms, axis=0).max() + 24) / voxel / 8)) * 8
        stem = f"{name}_{again}"
        tool.simulate(str(top), stem, str(path), box, resolution + 0.2 * again, voxel=voxel, chains=chains, seed=seed + 100 * again,
                      locres=False)
        model = next(top.glob(f"{stem}_model.*"))
        made[name, again] = read_map(str(top / f"{stem}_full.mrc")), read_model(str(model)), resolution
        return made[name, again]

    return get


def verdicts(map_, model, resolution):
    """Metrics of model-fit checks that are not met."""
    return _not_met("model_fit", compute_model_fit(Study(full_map=map_, model=model), ModelFitParams(resolution=resolution)))


def register(map_, model, resolution):
    """Metrics of side-chain checks that are not met, at the resolution in the molecule that goes with one of the whole box."""
    study = Study(full_map=map_, model=model)
    return _not_met("side_chain_check", compute_side_chain_check(study, SideChainCheckParams(resolution=0.873 * resolution)))


def _not_met(capability, result):
    document = to_document(result)
    return {c["metric"] for c in causes_first(evaluate(CHECKS[capability], document["metrics"]), EXPLAINED)
            if c["status"] in ("warn", "fail")}, document


@pytest.mark.parametrize("again", [0, 1])
@pytest.mark.parametrize("name", JUDGES)
def test_a_right_model_raises_no_alarm(judge, name, again):
    map_, model, resolution = judge(name, again)
    found, document = verdicts(map_, model, resolution)
    assert not found & {"model_voxel_off", "model_shift", "model_operation", "model_zscore"}
    found, document = register(map_, model, resolution)
    assert not found and document["metrics"]["residues_shifted"]["value"] == 0


@pytest.mark.parametrize("name", JUDGES)
def test_a_shift_of_an_angstrom_is_found(judge, name):
    map_, model, resolution = judge(name)
    found, document = verdicts(replace(map_, origin=(0.58, -0.58, 0.57)), model, resolution)
    assert found == {"model_shift"}
    assert document["metrics"]["model_shift"]["value"] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("name", JUDGES)
def test_a_register_shift_by_one_residue_is_found(judge, name):
    map_, model, resolution = judge(name)
    found, document = register(map_, out_of_register(model), resolution)
    assert found == {"residues_shifted"}
    rows = [row for row in document["tables"]["register_shifts"]["rows"] if row[9] == "alarm"]
    assert document["metrics"]["residues_shifted"]["value"] > 80 and all(row[6] == 1 for row in rows)


def test_most_stretches_of_forty_residues_are_found(judge):
    told = 0
    for name in JUDGES:
        map_, model, resolution = judge(name)
        numbers = [r.seqid.num for r in model.structure[0][0]]
        wrong = out_of_register(model, (model.structure[0][0].name,), numbers[40], numbers[79])
        told += "residues_shifted" in register(map_, wrong, resolution)[0]
    assert told >= 9


@pytest.mark.parametrize("factor", [1.01, 0.99, 1.05, 0.95])
@pytest.mark.parametrize("name", ["actin_adp", "ferritin", "haemoglobin", "vp6_part"])
def test_the_voxel_size_is_the_cause_that_is_named(judge, name, factor):
    map_, model, resolution = judge(name)
    found, document = verdicts(replace(map_, voxel_size=tuple(v * factor for v in map_.voxel_size)), model, resolution)
    assert "model_voxel_off" in found and not found & {"model_shift", "cc_mask", "residues_low", "model_zscore"}
    assert document["metrics"]["model_voxel_size"]["value"] == pytest.approx(map_.voxel, rel=0.002)


def cut(map_, low, high):
    low, high = np.maximum(low, 0), np.minimum(high, map_.shape)
    data = np.ascontiguousarray(map_.data[tuple(slice(a, b) for a, b in zip(low, high))])
    return Map(data, map_.voxel_size, tuple(np.array(map_.origin) + low[::-1] * map_.voxel), "crop.mrc")


@pytest.mark.parametrize("case, chain", [("t160", "A"), ("t160", "D"), ("g1_120", "H"), ("h256", "A")])
def test_neighbours_do_not_change_the_number_near_the_model(sim_case, case, chain):
    """The truth: the same place of the mask on a map in which that chain alone exists, with the same noise."""
    folder = sim_case(case)
    full, signal = (read_map(str(folder / f"{case}_{n}.mrc")) for n in ("full", "signal"))
    model = read_model(str(folder / f"{case}_model.pdb"))
    b_env = json.loads((folder / f"{case}_truth.json").read_text())["b_env"]
    structure = model.structure.clone()
    for name in [c.name for c in structure[0] if c.name != chain]:
        structure[0].remove_chain(name)
    one = Model(structure, "one.pdb")
    ft = density.model_density_ft(one.elements, one.xyz, one.b_iso + b_env, one.occupancy, full.shape, full.voxel_size, full.origin)
    alone = full.with_data(full.data - signal.data + fourier.inverse(ft, full.shape))
    index = one.xyz[:, ::-1] / full.voxel
    low, high = np.floor(index.min(axis=0) - 8 / full.voxel).astype(int), np.ceil(index.max(axis=0) + 8 / full.voxel).astype(int)
    crop, truth = Study(full_map=cut(full, low, high), model=one), Study(full_map=cut(alone, low, high), model=one)
    found = compute_mtriage(crop, MtriageParams())
    assert found.model_free < 0.95 and found.model_place_words is None
    same = crop.model_mask
    geo = fourier.geometry(truth.density.shape, full.voxel_size)
    inside = fourier.inverse(truth.model_transform(), truth.density.shape) * same.data
    freq, smooth = spectra.smooth_curve(spectra.spectra(fourier.forward(truth.density.data * same.data), fourier.forward(inside), geo))
    before = freq <= 0.5 / full.voxel
    wanted = spectra.crossing(freq[before], smooth[before], 0.5)[0]
    assert found.d_fsc_model_05_near == pytest.approx(wanted, abs=0.1)


# What is right of the real maps: origin where the header's is not that of the model, resolution published, and how far they agree.
def test_vp6_agrees_to_4_4_angstrom(shared):
    folder = shared / "data" / "maps" / "emd1461_vp6_gorgon"
    map_ = replace(read_map(str(folder / "vp6-96o.mrc")), origin=(45.512, -55.357, 226.28))
    model = read_model(str(folder / "vp6.pdb"))
    found = compute_mtriage(Study(full_map=map_, model=model), MtriageParams(resolution=3.8))
    assert found.d_fsc_model_05_near == pytest.approx(4.4, abs=0.1) and found.reported_gap < 1.25
    fit = compute_model_fit(Study(full_map=map_, model=model), ModelFitParams(resolution=3.8))
    assert fit.model_shift < 0.2
    right, wrong = (compute_side_chain_check(Study(full_map=map_, model=m), SideChainCheckParams(resolution=4.0))
                    for m in (model, out_of_register(model)))
    assert right.residues_shifted == 0 and wrong.residues_shifted > 80
    far = compute_mtriage(Study(full_map=map_, model=model), MtriageParams(resolution=3.0))
    outcomes = evaluate(CHECKS["mtriage"], to_document(far)["metrics"])
    assert next(c["status"] for c in outcomes if c["metric"] == "reported_gap") == "warn"


@pytest.mark.parametrize("map_file, model_file, resolution", [
    ("emd3488_5me2/emd_3488.mrc", "emd3488_5me2/5me2.pdb.gz", 3.2),
    ("emd2566_3j6b_daq/2566_3J6B_9.mrc", "emd2566_3j6b_daq/3J6B_9.pdb", 3.2),
    ("emd6272_3j9s_strudel/6272.mrc", "emd6272_3j9s_strudel/6272.pdb", 2.6), ("emd3186_5fj6/emd_3186.map", "emd3186_5fj6/5fj6.pdb", 7.9)])
def test_published_models_are_in_place_and_in_register(shared, map_file, model_file, resolution):
    folder = shared / "data" / "maps"
    map_, model = read_map(str(folder / map_file)), read_model(str(folder / model_file))
    found = compute_model_fit(Study(full_map=map_, model=model), ModelFitParams(resolution=resolution))
    assert found.model_place_words is None
    found = compute_side_chain_check(Study(full_map=map_, model=model), SideChainCheckParams(resolution=resolution))
    assert found.register_words is None and found.foreign_words is None
    if resolution < 4:
        wrong = compute_side_chain_check(Study(full_map=map_, model=out_of_register(model)), SideChainCheckParams(resolution=resolution))
        assert wrong.residues_shifted > 60


def test_a_filament_of_which_one_subunit_is_built_makes_no_claim(shared):
    folder = shared / "data" / "maps" / "emd5168_actin_tempy"
    map_ = read_map(str(folder / "emd_5168.map"))
    map_ = replace(map_, origin=tuple(float(n * v) for n, v in zip(map_.header.nstart, map_.voxel_size)))
    found = compute_model_fit(Study(full_map=map_, model=read_model(str(folder / "3MFP.pdb"))), ModelFitParams(resolution=6.6))
    assert found.model_place_words is None
    check = compute_side_chain_check(Study(full_map=map_, model=read_model(str(folder / "3MFP.pdb"))), SideChainCheckParams(resolution=6.6))
    assert check.register_words is None and check.foreign_words is None

