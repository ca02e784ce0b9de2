"""Local agreement of map and model next to that of the half-maps: right models, planted errors, atoms in solvent, atoms in noise."""
from __future__ import annotations

from dataclasses import replace

import gemmi
import numpy as np
import pytest

from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.study import Study


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def moved(model, which, step):
    """A copy of a model with some atoms (bool [n_atoms]) moved by ``step`` (Å)."""
    structure = model.structure.clone()
    atoms = [a for chain in structure[0] for residue in chain for a in residue]
    for i in np.flatnonzero(which):
        atoms[i].pos = gemmi.Position(*(np.array(atoms[i].pos.tolist()) + step))
    return Model(structure, "moved.cif")


def third(model):
    """Every third of the runs of 60 atoms."""
    return (np.arange(model.n_atoms) // 60) % 3 == 1


def test_a_right_model_agrees_as_well_as_the_half_maps(demo):
    found = Study(half1=demo.half1, half2=demo.half2, model=demo.model).agreement
    assert np.isfinite(found.delta).all() and found.sigma == pytest.approx(0.45 * found.resolution)
    assert abs(np.median(found.delta)) < 0.02 and np.percentile(found.delta, 5) > -0.12
    np.testing.assert_allclose(found.delta, found.model - np.sqrt(found.full))


def test_map_and_model_are_on_one_scale(demo):
    even = Study(half1=demo.half1, half2=demo.half2, model=demo.model).even_maps
    inside = np.abs(even.model) > 3 * even.model.std()
    slope = (even.map[inside] * even.model[inside]).sum() / (even.model[inside] ** 2).sum()
    assert slope == pytest.approx(1, abs=0.03) and even.from_halves
    power = np.abs(np.fft.fftn(even.map)) ** 2
    k = np.rint(np.sqrt(sum(g ** 2 for g in np.meshgrid(*[np.fft.fftfreq(64, 1 / 64)] * 3, indexing="ij")))).astype(int)
    shells = np.bincount(k.ravel(), power.ravel())[:even.full.size] / np.bincount(k.ravel())[:even.full.size]
    np.testing.assert_allclose(shells[2:], even.full[2:], rtol=0.4, atol=1e-3)            # weights are linear between shells


def test_moved_atoms_are_unexplained(demo):
    wrong = third(demo.model)
    found = Study(half1=demo.half1, half2=demo.half2, model=moved(demo.model, wrong, (1.5 * demo.half1.voxel, 0, 0))).agreement
    assert np.median(found.delta[wrong]) < -0.3 and np.median(found.delta[~wrong]) > -0.1


def test_numbers_do_not_depend_on_scale_offset_or_origin(demo):
    own = Study(half1=demo.half1, half2=demo.half2, model=demo.model).agreement
    shift = np.array([30.0, -20.0, 5.0])
    halves = {n: replace(m, data=(-3 * m.data + 7 if n == "inverted" else 40 * m.data + 7).astype(np.float32), origin=tuple(shift))
              for n, m in (("half1", demo.half1), ("half2", demo.half2))}
    other = Study(model=moved(demo.model, np.ones(demo.model.n_atoms, bool), shift), **halves).agreement
    np.testing.assert_allclose(other.delta, own.delta, atol=2e-3)


def test_half_maps_of_different_scale_and_sharpness_give_the_same(demo):
    own = Study(half1=demo.half1, half2=demo.half2, model=demo.model).agreement
    square = sum(g ** 2 for g in np.meshgrid(*[np.fft.fftfreq(64, 1.8)] * 3, indexing="ij"))
    blurred = np.fft.ifftn(np.fft.fftn(demo.half2.data) * np.exp(-60 * square / 4)).real.astype(np.float32)
    for other in (30 * demo.half2.data, blurred):
        found = Study(half1=demo.half1, half2=demo.half2.with_data(other), model=demo.model).agreement
        assert np.abs(found.delta - own.delta).max() < 0.05 and abs(np.median(found.delta)) < 0.01


def test_what_a_filter_leaves_beyond_its_edge_does_not_count(demo):
    from cryoqa_plugin.core.masks import lowpass
    halves = {n: getattr(demo, n).with_data(lowpass(getattr(demo, n).data, demo.half1.voxel_size, 7.0)) for n in ("half1", "half2")}
    study = Study(model=demo.model, **halves)
    assert study.independence.end == pytest.approx(1 / 7, rel=0.1)
    assert not study.even_maps.full[study.frequencies > study.independence.end].any()
    assert abs(np.median(study.agreement.delta)) < 0.01 and np.percentile(study.agreement.delta, 2) > -0.1


def test_a_map_alone_has_no_delta(demo):
    found = Study(full_map=demo.full_map, model=demo.model).agreement
    assert found.full is None and found.delta is None and np.median(found.model) > 0.8


def test_copies_tell_nothing_of_noise(demo):
    assert Study(half1=demo.half1, half2=replace(demo.half1, path="copy.mrc"), model=demo.model).agreement.delta is None


def test_atoms_outside_have_no_value(demo):
    away = np.arange(demo.model.n_atoms) < 10
    found = Study(half1=demo.half1, half2=demo.half2, model=moved(demo.model, away, (1000.0, 0, 0))).agreement
    assert np.isnan(found.delta[:10]).all() and np.isfinite(found.delta[10:]).all()


@pytest.mark.realdata
@pytest.mark.parametrize("case, ends", [("p96", 0.12), pytest.param("odd97", 0.12, marks=pytest.mark.heavy),
                                        pytest.param("low96", 0.2, marks=pytest.mark.heavy)])
def test_simulated_models_are_right(sim_case, case, ends):
    folder = sim_case(case)
    halves = {f"half{i}": read_map(str(folder / f"{case}_half{i}.mrc")) for i in (1, 2)}
    found = Study(model=read_model(str(folder / f"{case}_model.pdb")), **halves).agreement
    assert abs(np.median(found.delta)) < 0.01 and np.mean(np.abs(found.delta) < ends) > 0.95
