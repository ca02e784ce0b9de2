"""The unique part of a symmetric map: one copy, its copies make the molecule, and a symmetry that is none is warned about."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.io.symmetry import point_group
from cryoqa_plugin.methods.maps.box_unique import unique_part
from cryoqa_plugin.methods.maps.map_box import MapBoxParams, compute_map_box
from cryoqa_plugin.registry import find
from cryoqa_plugin.study import Study

VOXEL, ORIGIN, N = 2.0, (10.0, 20.0, -30.0), 48
CENTRE = np.array(ORIGIN) + N // 2 * VOXEL
# Atoms of one copy, in Å from the axis: an arm that reaches towards the next copy.
COPY = np.array([[18.0, 4.0, 8.0], [20.0, 2.0, 14.0], [24.0, -1.0, 22.0], [19.0, 8.0, 20.0], [14.0, 12.0, 16.0]])


def symmetric(name="C4"):
    """A map of all copies of the atoms, noise of 1 %, and the positions by copy, float [n, 5, 3]."""
    copies = np.einsum("gij,aj->gai", point_group(name).operators[:, :, :3], COPY) + CENTRE
    z, y, x = np.meshgrid(*(o + VOXEL * np.arange(N) for o in ORIGIN[::-1]), indexing="ij")
    data = 0.01 * np.random.default_rng(5).standard_normal((N,) * 3)
    for place in copies.reshape(-1, 3):
        data += np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2) / 18)
    return Map(data.astype(np.float32), (VOXEL,) * 3, ORIGIN), copies


def held(inside, places, origin=ORIGIN):
    """Which positions lie in a part of the box, bool of the shape of the positions."""
    at = np.floor((places - np.array(origin)) / VOXEL + 0.5).astype(int)               # half a voxel is rounded alike from any origin
    return inside[at[..., 2], at[..., 1], at[..., 0]]


@pytest.mark.parametrize("name", ["C4", "D2", "C3"])
def test_it_is_one_copy_and_its_copies_are_the_molecule(name):
    map_, copies = symmetric(name)
    study = Study(full_map=map_, symmetry=point_group(name))
    found = unique_part(study)
    share = held(found.inside, copies).mean(axis=1)
    assert sorted(share) == [0.0] * (len(copies) - 1) + [1.0]
    assert found.likeness > 0.95 and found.copies == len(copies) and found.place == ""
    assert found.inside.sum() == pytest.approx(study.molecule.sum() / len(copies), rel=0.1)


def test_a_box_around_it_holds_it_and_fades_to_it():
    map_, copies = symmetric()
    found = compute_map_box(Study(full_map=map_, symmetry=point_group("C4")), MapBoxParams(fade="outside"))
    which = int(np.argmax([_within(found, c) and held(found.unique_mask.data >= 0.5, c, found.boxed_map.origin).all() for c in copies]))
    assert found.around == "unique" and found.n_copies == 4 and found.cut_off == 0 and found.cut_off_of == "unique part"
    assert found.boxed_map.data.size < 0.5 * map_.data.size and found.unique_mask.origin == found.boxed_map.origin
    np.testing.assert_allclose(held(found.boxed_map.data, copies[which], found.boxed_map.origin), held(map_.data, copies[which]), atol=1e-6)
    outside = found.unique_mask.data == 0
    assert np.allclose(found.boxed_map.data[outside], found.solvent_value)


def _within(found, places):
    at = np.rint((places - np.array(found.boxed_map.origin)) / VOXEL)
    return bool(np.all((at >= 0) & (at < np.array(found.boxed_map.shape[::-1]))))


@pytest.mark.parametrize("name, status", [("C4", "ok"), ("C2", "ok"), ("C3", "warn"), ("D4", "warn")])
def test_a_symmetry_that_the_map_does_not_have_is_warned_about(name, status):
    map_, _ = symmetric("C4")
    document = runner.answer(find("map_box"), Study(full_map=map_, symmetry=point_group(name)), {})[1]
    assert {c["metric"]: c["status"] for c in document["checks"]}["copies_likeness"] == status


def test_without_a_symmetry_there_is_no_unique_part():
    map_, _ = symmetric()
    with pytest.raises(MissingInputError, match="needs a symmetry"):
        compute_map_box(Study(full_map=map_), MapBoxParams(around="unique"))
    with pytest.raises(InputError, match="one operator only"):
        compute_map_box(Study(full_map=map_, symmetry=point_group("C1")), MapBoxParams())


@pytest.mark.realdata
@pytest.mark.parametrize("case, name, least, most", [("d2_160", "D2", 0.99, 0.01), ("c5_200", "C5", 0.92, 0.08)])
def test_it_is_one_chain_of_a_real_molecule(sim_case, case, name, least, most):
    folder = sim_case(case)
    map_, model = read_map(str(folder / f"{case}_full.mrc")), read_model(str(folder / f"{case}_model.pdb"))
    found = unique_part(Study(full_map=map_, symmetry=point_group(name)))
    at = np.rint((model.xyz - np.array(map_.origin)) / np.array(map_.voxel_size)).astype(int)
    inside = found.inside[at[:, 2], at[:, 1], at[:, 0]]
    chain = np.array([c.name for c in model.structure[0] for r in c for _ in r])
    share = sorted(float(inside[chain == k].mean()) for k in set(chain))
    assert share[-1] > least and share[-2] < most and found.likeness > 0.99
