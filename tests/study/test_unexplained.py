"""What a model leaves of its map: values at atoms, turned peptides against a naive twin, clusters of a map made of two models."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.study import Study, unexplained
from planted import Counts, planted, without_chain


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64, resolution=3.6)


@pytest.fixture(scope="module")
def study(demo):
    return Study(half1=demo.half1, half2=demo.half2, model=planted(demo.model, 3, Counts(1, 3, 4, 0, 0, 0), box=115.2).model)


def _at(data, position, voxel):
    return map_coordinates(data, (np.atleast_2d(position) / voxel)[:, ::-1].T, order=1, mode="nearest")


def test_values_at_atoms_are_map_less_model_in_its_noise(study):
    found, even = study.unexplained, study.even_maps
    rest = even.map - even.model
    sigma = 1.4826 * np.median(np.abs(rest - np.median(rest)))
    assert found.sigma == pytest.approx(sigma, rel=1e-4)
    np.testing.assert_allclose(found.atom, _at(rest, study.atom_position, 1.8) / sigma, atol=2e-3)
    np.testing.assert_allclose(found.density, _at(even.map, study.atom_position, 1.8) / sigma, atol=2e-3)


def test_turned_peptides_are_those_of_a_rotation_by_half_a_turn(study):
    r, found = study.residues, study.flips
    ca, o = r.find("CA"), r.find("O")
    for i in range(0, len(r), 7):
        if r.next[i] < 0:
            assert np.isnan(found[i])
            continue
        a, b, at = (study.atom_position[k] for k in (ca[i], ca[r.next[i]], o[i]))
        turned = a + Rotation.from_rotvec(np.pi * (b - a) / np.linalg.norm(b - a)).apply(at - a)
        want = (_at(study.even_maps.map, turned, 1.8) - _at(study.even_maps.map, at, 1.8))[0] / study.unexplained.sigma
        assert found[i] == pytest.approx(want, abs=2e-3)


def test_clusters_are_where_a_chain_is_missing_and_have_its_volume(demo):
    name = demo.model.structure[0][0].name
    found = unexplained.clusters(Study(half1=demo.half1, half2=demo.half2, model=without_chain(demo.model, name)))
    atoms = np.array([a.pos.tolist() for c in demo.model.structure[0] if c.name == name for r in c for a in r])
    assert np.linalg.norm(atoms - found.middle[0], axis=1).min() < 6
    assert np.all(np.diff(found.volume) <= 0) and 5 * len(atoms) < found.volume[0] < 40 * len(atoms) and found.height.min() > 5
    assert unexplained.clusters(Study(half1=demo.half1, half2=demo.half2, model=demo.model)).volume.sum() < 100
