"""Map against model beside cctbx's map_model_cc, known blur, and real maps with their models."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.methods.model.model_fit import ModelFitParams, compute_model_fit
from cryoqa_plugin.study import Study

# mmtbx.maps.map_model_cc of cctbx-base 2025.11, electron table: CC_mask, CC_volume, CC_peaks, CC_box. p96 by direct summation.
P96 = (0.83685, 0.84168, 0.82857, 0.87579)
T160 = (0.77692, 0.79642, 0.76901, 0.84249)
P96_RESIDUES = {"2": 0.86882, "3": 0.91443, "4": 0.89205, "5": 0.85564, "6": 0.85050}
REAL = {"emd3186_5fj6/emd_3186.map": ("5fj6.pdb", 7.9, (0.87792, 0.87106, 0.67016, 0.70195), 0.001),
        "emd6272_3j9s_strudel/6272.mrc": ("6272.pdb", 2.6, (0.81615, 0.81803, 0.45003, 0.46929), 0.005),
        "emd5168_actin_tempy/emd_5168.map": ("3MFP.pdb", 6.6, (0.65221, 0.64071, -0.28739, 0.22089), 0.005),
        "emringer_test/tests_test_map.ccp4": ("tests_test_model.pdb", 4.0, (0.74807, 0.63423, -0.00046, 0.29614), 0.001)}


def _four(made):
    return made.cc_mask, made.cc_volume, made.cc_peaks, made.cc_box


def _case(folder, case, **values):
    map_, model = read_map(str(folder / f"{case}_full.mrc")), read_model(str(folder / f"{case}_model.pdb"))
    return compute_model_fit(Study(full_map=map_, model=model), ModelFitParams(**values))


def test_p96_is_as_by_phenix_and_its_blur_is_found(sim_case):
    made = _case(sim_case("p96"), "p96", resolution=2.6)
    assert _four(made) == pytest.approx(P96, abs=2e-4)
    found = {row[1]: row[3] for row in made.residue_scores.rows}
    for number, value in P96_RESIDUES.items():
        assert found[number] == pytest.approx(value, abs=3e-3)
    assert made.atom_radius == 3 and made.residues == 376
    assert made.b_excess == pytest.approx(101.3, abs=1) and made.guinier_correlation > 0.9
    assert made.inclusion_all > 0.95 and made.residues_low == 0


@pytest.mark.heavy
@pytest.mark.parametrize("case, resolution, blur", [("t160", 3.0, 134.9), ("f2_128", 2.7, 109.3), ("f4_160", 4.2, 264.4)])
def test_other_cases(sim_case, case, resolution, blur):
    made = _case(sim_case(case), case, resolution=resolution)
    assert made.b_excess == pytest.approx(blur, abs=1) and made.inclusion_backbone > 0.98 and made.residues_low == 0
    if case == "t160":
        assert _four(made) == pytest.approx(T160, abs=3e-3)


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("name", sorted(REAL))
def test_real_maps_and_their_models(shared, name):
    model, resolution, wanted, tolerance = REAL[name]
    path = shared / "data" / "maps" / name
    inputs = Study(full_map=read_map(str(path)), model=read_model(str(path.parent / model)))
    made = compute_model_fit(inputs, ModelFitParams(resolution=resolution))
    assert _four(made) == pytest.approx(wanted, abs=tolerance)
    structure = inputs.model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                atom.pos.x += 3.0
                atom.pos.y += 3.0
    worse = compute_model_fit(Study(full_map=inputs.full_map, model=Model(structure)),
                              ModelFitParams(resolution=resolution, contour=made.contour))
    assert worse.cc_mask < made.cc_mask - 0.05 and worse.inclusion_backbone < made.inclusion_backbone
    assert np.isfinite(made.guinier_correlation)
