"""Q-scores of published maps: an independent program atom by atom, and what is expected at their resolutions; simulated maps with noise."""
from __future__ import annotations

import gzip
import json
from dataclasses import replace

import gemmi
import numpy as np
import pytest

from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.limits import CHECKS, EXPLAINED
from cryoqa_plugin.methods.model.q_score import QScoreParams, compute_q_score
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.q_values import expected

pytestmark = pytest.mark.realdata

# Map, model, resolution (Å), and of jqscore 0.2.0 (mapq_compat off) the mean Q over heavy atoms for 0.4 and 0.6 Å, and single ones by
# chain, residue and atom.
MAPS = {
    "haemoglobin": ("emd3488_5me2/emd_3488.mrc", "emd3488_5me2/5me2.pdb.gz", 3.2, (0.49101, 0.58749), {
        ("A", "1", "N"): (0.3918, 0.4612), ("A", "75", "O"): (0.3256, 0.4033), ("B", "2", "NE2"): (0.4098, 0.4821),
        ("B", "76", "CB"): (0.5634, 0.6777), ("B", "201", "ND"): (0.3947, 0.5143), ("C", "75", "CA"): (0.2467, 0.2953),
        ("D", "2", "CD2"): (-0.3640, -0.3595), ("D", "76", "C"): (0.5227, 0.6437), ("D", "201", "NB"): (0.5342, 0.6597)}),
    "ribosomal": ("emd2566_3j6b_daq/2566_3J6B_9.mrc", "emd2566_3j6b_daq/3J6B_9.pdb", 3.2, (0.46601, 0.56165), {
        ("9", "29", "N"): (0.4482, 0.5297), ("9", "51", "O"): (0.3656, 0.4444), ("9", "77", "C"): (0.3907, 0.4829),
        ("9", "101", "CA"): (0.5670, 0.7022), ("9", "122", "NE2"): (0.2151, 0.2843), ("9", "161", "CA"): (0.6835, 0.7997),
        ("9", "184", "C"): (0.3175, 0.3843), ("9", "209", "CB"): (0.4301, 0.5247), ("9", "241", "CA"): (0.1090, 0.1183)}),
    # Cut out close to the model: atoms at the faces of the box differ.
    "vp6": ("emd6272_3j9s_strudel/6272.mrc", "emd6272_3j9s_strudel/6272.pdb", 2.6, (0.55544, 0.66483), {})}


@pytest.fixture(scope="module", params=MAPS)
def published(shared, tmp_path_factory, request):
    map_path, model_path, *rest = MAPS[request.param]
    top = shared / "data" / "maps"
    path = top / model_path
    if path.suffix == ".gz":
        path = tmp_path_factory.mktemp("model") / path.stem
        path.write_bytes(gzip.decompress((top / model_path).read_bytes()))
    return (Study(full_map=read_map(str(top / map_path)), model=read_model(str(path))), *rest)


def test_atoms_are_those_of_an_independent_program(published):
    study, _, means, single = published
    r = study.residues
    for sigma, mean, which in ((0.4, means[0], 0), (0.6, means[1], 1)):
        q = study.q_values(sigma).atom
        assert np.nanmean(q) == pytest.approx(mean, abs=2e-4)
        at = {(r.chains[r.chain[i]], r.number[i], a): q[k] for k, (i, a) in enumerate(zip(r.residue, r.atom)) if np.isfinite(q[k])}
        for place, wanted in single.items():
            assert at[place] == pytest.approx(wanted[which], abs=1e-4)


def test_the_mean_is_what_is_expected(published):
    study, resolution, _, _ = published
    for sigma in (0.4, 0.6):
        assert np.nanmean(study.q_values(sigma).atom) == pytest.approx(expected(sigma, resolution).mean, abs=0.1)


@pytest.mark.parametrize("case, resolution, q", [("p96", 2.6, 0.551), ("odd97", 3.1, 0.486)])
def test_simulated_maps_are_near_the_line(sim_case, case, resolution, q):
    folder = sim_case(case)
    model = read_model(str(folder / f"{case}_model.pdb"))
    found = {name: np.nanmean(Study(full_map=read_map(str(folder / f"{case}_{name}.mrc")), model=model).q_values(0.4).atom)
             for name in ("full", "truth")}
    assert found["full"] == pytest.approx(q, abs=0.01) and found["full"] == pytest.approx(expected(0.4, resolution).mean, abs=0.06)
    assert found["truth"] > found["full"] + 0.15


@pytest.mark.heavy
@pytest.mark.parametrize("case", ["odd97", "rna128"])
def test_what_is_wrong_with_map_or_model_is_named(sim_case, case):
    folder = sim_case(case)
    resolution = json.loads((folder / f"{case}_truth.json").read_text())["d143"]
    map_, model = read_map(str(folder / f"{case}_full.mrc")), read_model(str(folder / f"{case}_model.pdb"))
    structure = model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                atom.pos = gemmi.Position(atom.pos.x + 0.6, atom.pos.y - 0.6, atom.pos.z + 0.53)
    wrong = {"nothing": (map_, model, 1.0), "model_operation": (map_.with_data(np.ascontiguousarray(map_.data[::-1])), model, 1.0),
             "model_voxel_off": (replace(map_, voxel_size=tuple(1.02 * v for v in map_.voxel_size)), model, 1.0),
             "model_shift": (map_, Model(structure, "moved.pdb"), 1.0), "q_difference": (map_, model, 0.7)}
    for what, (seen, built, claim) in wrong.items():
        document = to_document(compute_q_score(Study(full_map=seen, model=built), QScoreParams(resolution=claim * resolution)))
        said = causes_first(evaluate(CHECKS["q_score"], document["metrics"]), EXPLAINED)
        assert {c["metric"] for c in said if c["status"] in ("warn", "fail")} == ({what} - {"nothing"}), what
