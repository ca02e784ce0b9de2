"""Voxel size, shift and hand that fit a model best; the mask around a model without its neighbours."""
from dataclasses import replace

import gemmi
import numpy as np
import pytest

from cryoqa_plugin.core import density, fourier
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.limits import CHECKS
from cryoqa_plugin.study import Study, model_place


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def changed(model, move=lambda xyz: xyz, chains=None):
    """A copy of a model with its atoms moved, or of some of its chains."""
    structure = model.structure.clone()
    for name in [c.name for c in structure[0] if chains and c.name not in chains]:
        structure[0].remove_chain(name)
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                atom.pos = gemmi.Position(*move(np.array(atom.pos.tolist())))
    return Model(structure, "changed.cif")


def placed(map_, model):
    study = Study(full_map=map_, model=model)
    return study.model_place, model_place.notes(study.model_place, map_)


def test_a_right_model_is_in_place(demo):
    found, notes = placed(demo.full_map, demo.model)
    assert found.voxel_off == 0 and found.voxel_size == pytest.approx(1.8) and found.operation == "none"
    assert np.linalg.norm(found.shift) < 0.1 and found.shift_error < 0.1 and notes == []


@pytest.mark.parametrize("factor", [1.01, 0.99, 1.05, 0.95])
def test_a_wrong_voxel_size_is_found(demo, factor):
    wrong = replace(demo.full_map, voxel_size=tuple(v * factor for v in demo.full_map.voxel_size))
    found, notes = placed(wrong, demo.model)
    assert found.voxel_size == pytest.approx(1.8, rel=0.003)
    assert found.voxel_off == pytest.approx(100 * abs(1 / factor - 1), abs=0.3)
    assert len(notes) == 1 and f"A voxel size of {found.voxel_size:.4g} Å fits the model better" in notes[0]


@pytest.mark.parametrize("shift", [(0.58, 0.58, -0.57), (-1.0, 0.0, 0.0), (0.0, 2.5, 1.0)])
def test_a_shift_is_found(demo, shift):
    found, notes = placed(demo.full_map, changed(demo.model, lambda xyz: xyz + shift))
    np.testing.assert_allclose(found.shift, -np.array(shift), atol=0.1)
    assert found.voxel_off == 0 and "The model is shifted against the map" in notes[0] and len(notes) == 1
    fields = model_place.values(found, demo.full_map)
    assert fields["model_shift"] == pytest.approx(np.linalg.norm(shift), abs=0.1) and fields["model_place_words"] == notes[0]


def test_a_wrong_hand_is_found(demo):
    mirrored = demo.full_map.with_data(np.ascontiguousarray(demo.full_map.data[:, :, ::-1]))
    found, notes = placed(mirrored, demo.model)
    assert found.shift is None and "mirror image" in found.operation and "hand" in notes[0]


def test_nothing_is_claimed_of_another_molecule(demo):
    centre = demo.model.xyz.mean(axis=0)
    turn = np.array([[1, 0, 0], [0, 0.6, -0.8], [0, 0.8, 0.6]])
    found, notes = placed(demo.full_map, changed(demo.model, lambda xyz: (xyz - centre) @ turn.T + centre))
    assert found.voxel_size is None and found.shift is None and notes == []


def test_a_model_outside_of_the_box_has_no_place(demo):
    assert Study(full_map=demo.full_map, model=changed(demo.model, lambda xyz: xyz + 500)).model_place is None


def test_the_mask_keeps_clear_of_what_the_model_does_not_explain(demo):
    whole = Study(full_map=demo.full_map, model=demo.model).model_mask
    assert whole.free == 1 and whole.data is whole.around
    first = changed(demo.model, chains=(demo.model.structure[0][0].name,))
    mask = Study(full_map=demo.full_map, model=first).model_mask
    assert 0.5 < mask.free < 0.95 and np.all(mask.data <= mask.around) and 0 <= mask.data.min()
    assert mask.free == pytest.approx(mask.data.sum(dtype=float) / mask.around.sum(dtype=float), rel=1e-5)
    # Where the other chains are the mask is nearly 0, where this one alone is it is left as it was.
    others = demo.model.xyz[len(first.xyz):]
    gap = np.linalg.norm(first.xyz[:, None] - others, axis=2)
    index = np.rint(others[gap.min(axis=0) > 4] / demo.full_map.voxel_size).astype(int)
    assert mask.data[index[:, 2], index[:, 1], index[:, 0]].mean() < 0.1
    index = np.rint(first.xyz[gap.min(axis=1) > 14] / demo.full_map.voxel_size).astype(int)
    assert len(index) > 20 and mask.data[index[:, 2], index[:, 1], index[:, 0]].mean() > 0.9


def test_the_model_transform_is_that_of_the_atoms_that_scatter(demo):
    study = Study(full_map=demo.full_map, model=demo.model)
    m, grid = demo.model, demo.full_map
    wanted = density.model_density_ft(m.elements, m.xyz, m.b_iso, m.occupancy, grid.shape, grid.voxel_size, grid.origin)
    np.testing.assert_allclose(study.model_transform(), wanted, atol=1e-3)
    assert study.model_transform() is study.model_transform()
    np.testing.assert_allclose(study.density_transform(), fourier.forward(grid.data), atol=1e-3)


def test_sentences_and_checks_have_the_same_limits():
    for capability in ("mtriage", "model_fit"):
        found = {c.metric: c.limit for c in CHECKS[capability]}
        assert found["model_voxel_off"] == model_place.OFF and found["model_shift"] == model_place.MOVED
