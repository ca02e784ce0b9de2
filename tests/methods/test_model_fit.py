"""Map against model: known fits, moved and wrong models, atoms that need care."""
from __future__ import annotations

import gemmi
import naive_model_map as naive
import numpy as np
import pytest

from cryoqa_plugin.core import density, filters, fourier
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.methods.model.model_fit import ModelFitParams, compute_model_fit
from cryoqa_plugin.study import Study

SHAPE, VOXEL, ORIGIN = (40, 44, 42), (1.2, 1.3, 1.25), (3.0, -4.0, 7.0)
NAMES, ELEMENTS = ("N", "CA", "C", "O", "CB"), ("N", "C", "C", "O", "C")


def _walk(n, seed, middle, radius):
    """Positions of a random walk of steps of 1.5 Å in a ball."""
    rng, at, out = np.random.default_rng(seed), np.asarray(middle, dtype=float), []
    while len(out) < n:
        step = rng.standard_normal(3)
        new = at + 1.5 * step / np.linalg.norm(step)
        if np.linalg.norm(new - middle) < radius:
            at = new
            out.append(new)
    return np.array(out)


def _model(chains=("A", "B"), residues=20, b_iso=30.0):
    structure = gemmi.Structure()
    structure.add_model(gemmi.Model("1") if gemmi.__version__ < "0.7" else gemmi.Model(1))
    middle = np.array(ORIGIN) + np.array(VOXEL) * SHAPE[::-1] / 2
    for c, name in enumerate(chains):
        chain = gemmi.Chain(name)
        xyz = _walk(residues * len(NAMES), 10 + c, middle + (-6 + 12 * c, 0, 0), 9.0)
        for i in range(residues):
            residue = gemmi.Residue()
            residue.name, residue.seqid = "ALA", gemmi.SeqId(str(i + 1))
            for k, atom_name in enumerate(NAMES):
                residue.add_atom(_atom(atom_name, ELEMENTS[k], xyz[i * len(NAMES) + k], b_iso))
            chain.add_residue(residue)
        structure[0].add_chain(chain)
    return Model(structure, "model.pdb")


def _atom(name, element, xyz, b_iso=30.0, occupancy=1.0, altloc="\0"):
    atom = gemmi.Atom()
    atom.name, atom.element, atom.pos = name, gemmi.Element(element), gemmi.Position(*map(float, xyz))
    atom.b_iso, atom.occ, atom.altloc = b_iso, occupancy, altloc
    return atom


def _changed(model, change):
    """A copy of a model after ``change`` of each (chain, residue, atom)."""
    structure = model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                change(chain, residue, atom)
    return Model(structure, "changed.pdb")


def _moved(model, by, chains=None):
    def change(chain, residue, atom):
        if chains is None or chain.name in chains:
            atom.pos = atom.pos + gemmi.Position(*by)

    return _changed(model, change)


def _map(model, resolution=None, extra_b=0.0, noise=0.0):
    """The density of a model on the grid, with an additional B-factor and white noise in its standard deviations."""
    ft = density.model_density_ft(model.elements, model.xyz, model.b_iso + extra_b, model.occupancy, SHAPE, VOXEL, ORIGIN)
    if resolution:
        geo = fourier.geometry(SHAPE, VOXEL)
        ft = filters.apply_radial(ft, geo, np.ones(2), at=np.array([0, geo.length / resolution]))
    data = fourier.inverse(ft, SHAPE)
    data = data + noise * data.std() * np.random.default_rng(3).standard_normal(SHAPE)
    return Map(data.astype(np.float32), VOXEL, ORIGIN, "map.mrc")


def _run(map_, model, **values):
    values.setdefault("resolution", 3.5)
    return compute_model_fit(Study(full_map=map_, model=model), ModelFitParams(**values))


@pytest.fixture(scope="module")
def model():
    return _model()


@pytest.fixture(scope="module")
def map_(model):
    return _map(model, noise=0.3)


CORRELATIONS = ("cc_mask", "cc_volume", "cc_peaks", "cc_box", "cc_residues", "cc_worst_chain")


def test_a_model_fits_its_own_density(model):
    made = _run(_map(model, 3.5), model)
    for name in CORRELATIONS:
        assert getattr(made, name) == pytest.approx(1, abs=1e-5), name
    assert made.residues == 40 and made.residues_low == 0
    uncut = _run(_map(model), model)
    assert uncut.guinier_correlation == pytest.approx(1, abs=1e-5) and uncut.b_excess == pytest.approx(0, abs=0.1)
    assert not made.warnings and made.summary.endswith(".")


@pytest.mark.heavy
def test_the_correlations_are_those_of_sums_over_atoms(model, map_):
    made = _run(map_, model)
    twin = naive.model_map(model.elements, model.xyz, model.b_iso, model.occupancy, SHAPE, VOXEL, ORIGIN, 3.5)
    data = map_.data.astype(float)
    radius = {"C": 1.775, "N": 1.5, "O": 1.45}
    inside = naive.surface(SHAPE, VOXEL, ORIGIN, model.xyz, [radius[e] for e in model.elements])
    top = naive.highest(twin, inside.sum())
    wanted = dict(cc_mask=inside, cc_volume=top, cc_peaks=top | naive.highest(data, inside.sum()), cc_box=np.ones(SHAPE, dtype=bool))
    for name, where in wanted.items():
        assert getattr(made, name) == pytest.approx(naive.correlation(data, twin, where), abs=2e-3), name
    at = naive.positions(SHAPE, VOXEL, ORIGIN)
    where = naive.near(at, model.xyz[5:10], made.atom_radius).reshape(SHAPE)
    assert made.residue_scores.rows[1][:3] == ("A", "2", "ALA")
    assert made.residue_scores.rows[1][3] == pytest.approx(naive.correlation(data, twin, where), abs=2e-3)


def test_a_model_moved_by_an_angstrom_fits_worse(model, map_):
    level = 0.5 * float(map_.data.max())
    good, bad = (_run(map_, m, contour=level) for m in (model, _moved(model, (0.6, 0.6, 0.53))))
    for name in CORRELATIONS + ("inclusion_all", "inclusion_backbone", "model_zscore"):
        assert getattr(bad, name) < getattr(good, name) - 0.01, name


def test_a_wrong_chain_and_a_wrong_residue_are_found(model, map_):
    made = _run(map_, _moved(model, (3.0, -3.0, 2.0), chains=("B",)))
    assert made.worst_chain == "B" and made.cc_worst_chain < made.chains.rows[0][3] - 0.2
    assert {row[0] for row in made.worst_residues.rows[:5]} == {"B"} and made.residues_low > 10

    def change(chain, residue, atom):
        if (chain.name, str(residue.seqid)) == ("A", "7"):
            atom.pos = gemmi.Position(*(np.array(ORIGIN) + 4 + 0.3 * len(atom.name)))

    made = _run(map_, _changed(model, change))
    assert made.worst_residues.rows[0][:2] == ("A", "7")
    values = [row[3] for row in made.worst_residues.rows]
    assert len(values) == 20 and values == sorted(values)


def test_atom_inclusion_counts_atoms_above_the_level(model, map_):
    from scipy.ndimage import map_coordinates
    at = (model.xyz - ORIGIN) / VOXEL
    values = map_coordinates(map_.data.astype(float), at[:, ::-1].T, order=1)
    level = float(np.quantile(values, 0.3))
    made = _run(map_, model, contour=level)
    assert made.contour == level and not made.contour_suggested
    assert made.inclusion_all == pytest.approx(np.mean(values > level))
    backbone = np.arange(len(values)) % 5 != 4
    assert made.inclusion_backbone == pytest.approx(np.mean(values[backbone] > level))
    curve = made.curve_inclusion_all
    assert len(curve.x) == 129 and np.all(np.diff(curve.y) <= 0) and curve.y[-1] == 0
    np.testing.assert_allclose(curve.y, [np.mean(values > x) for x in curve.x], atol=1.01 / len(values))
    rows = {row[0]: row for row in made.chains.rows}
    assert rows["B"][4] == pytest.approx(np.mean(values[100:] > level)) and rows["B"][1:3] == (20, 100)
    suggested = _run(map_, model)
    assert suggested.contour_suggested and suggested.inclusion_all > 0.6


def test_hydrogens_scatter_but_are_not_counted(model, map_):
    structure = model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            residue.add_atom(_atom("HA", "H", np.array(residue[1].pos.tolist()) + (0.7, 0.7, 0.4)))
    with_h = Model(structure, "h.pdb")
    plain, made = _run(map_, model, contour=0.5), _run(map_, with_h, contour=0.5)
    assert made.hydrogens == 40 and plain.hydrogens == 0
    assert made.inclusion_all == plain.inclusion_all and made.inclusion_backbone == plain.inclusion_backbone
    assert made.cc_box != plain.cc_box and made.atoms_used == plain.atoms_used + 40


def test_alternative_conformers_are_one_residue_by_their_occupancies(model):
    structure = model.structure.clone()
    residue = structure[0][0][4]
    for atom in list(residue):
        atom_b = _atom(atom.name, atom.element.name, np.array(atom.pos.tolist()) + (1.0, 0.5, 0), atom.b_iso, 0.4, "B")
        residue.add_atom(atom_b)
    for atom in list(residue)[:5]:
        atom.occ, atom.altloc = 0.6, "A"
    both = Model(structure, "alt.pdb")
    made = _run(_map(both, 3.5), both)
    assert made.residues == 40 and made.cc_mask == pytest.approx(1, abs=1e-5)
    one = _run(_map(both, 3.5), model)
    assert one.residue_scores.rows[4][3] < 0.998 < made.residue_scores.rows[4][3]
    assert made.chains.rows[0][7] == pytest.approx((95 + 10 * 0.5) / 105)


def test_atoms_outside_are_left_out_and_count_as_not_included(model, map_):
    def change(chain, residue, atom):
        if chain.name == "B" and int(str(residue.seqid)) <= 5:
            atom.pos = atom.pos + gemmi.Position(0, 0, 300)

    inside = _run(map_, model, contour=0.3)
    made = _run(map_, _changed(model, change), contour=0.3)
    assert made.atoms_outside == pytest.approx(25 / 200) and made.atoms_used == 175 and made.residues == 35
    assert made.inclusion_all < inside.inclusion_all and "25 of the 200 atoms" in made.warnings[0]
    assert [row[3] for row in made.residue_scores.rows[20:25]] == [None] * 5
    assert [row[4] for row in made.residue_scores.rows[20:25]] == [0.0] * 5
    with pytest.raises(InputError, match="None of the 200 atoms"):
        _run(map_, _moved(model, (0, 0, 300)))


def test_waters_and_ions(model, map_):
    structure = model.structure.clone()
    for name, element, number in (("HOH", "O", "101"), ("CA", "Ca", "102")):
        residue = gemmi.Residue()
        residue.name, residue.seqid = name, gemmi.SeqId(number)
        residue.add_atom(_atom("CA" if element == "Ca" else "O", element, model.xyz[3] + 2))
        structure[0][0].add_residue(residue)
    made = _run(map_, Model(structure, "w.pdb"), contour=0.5)
    names = [row[2] for row in made.residue_scores.rows]
    assert "HOH" not in names and names.count("CA") == 1
    assert made.inclusion_backbone == _run(map_, model, contour=0.5).inclusion_backbone


@pytest.mark.parametrize("extra", [-20.0, 0.0, 80.0])
def test_the_b_factor_of_the_map_is_that_of_the_model_and_its_blur(model, extra):
    made = _run(_map(model, extra_b=extra, noise=0.2), model)
    assert made.b_excess == pytest.approx(extra, abs=max(3.0, 4 * made.b_excess_error)) and made.model_b_mean == pytest.approx(30)
    assert made.b_map == pytest.approx(30 + made.b_excess)


def test_each_option_does_something(model, map_):
    base = _run(map_, model)
    assert _run(map_, model, resolution=6.0).cc_mask != pytest.approx(base.cc_mask, abs=1e-3)
    assert _run(map_, model, atom_radius=1.5).cc_residues != pytest.approx(base.cc_residues, abs=1e-3)
    assert _run(map_, model, contour=1e6).inclusion_all == 0
    assert _run(map_, model, scattering_table="xray").cc_box != pytest.approx(base.cc_box, abs=1e-6)
    assert base.atom_radius == 3.5 and _run(map_, model, resolution=6.0).atom_radius == 6.0


def test_the_resolution_is_taken_from_half_maps_or_from_the_map(model):
    signal = _map(model).data
    halves = [Map(signal + 0.1 * np.random.default_rng(i).standard_normal(SHAPE, dtype=np.float32), VOXEL, ORIGIN, f"{i}.mrc")
              for i in (1, 2)]
    made = compute_model_fit(Study(half1=halves[0], half2=halves[1], model=model), ModelFitParams())
    assert made.resolution_from == "half-maps" and 2.6 <= made.resolution < 6 and made.half_maps_identical is False
    mean = halves[0].with_data((halves[0].data + halves[1].data) / 2)
    same = compute_model_fit(Study(full_map=mean, model=model), ModelFitParams(resolution=made.resolution))
    assert same.cc_mask == pytest.approx(made.cc_mask, abs=1e-6) and same.resolution_from == "given"
    alone = compute_model_fit(Study(full_map=_map(model, 5.0), model=model), ModelFitParams())
    assert alone.resolution_from == "d99" and 4.5 < alone.resolution < 7
    fine = _run(mean, model, resolution=1.0)
    assert "finer than voxels" in fine.warnings[0] and fine.resolution == pytest.approx(2.6, rel=0.05)


def test_what_is_missing_is_named(model, map_):
    with pytest.raises(MissingInputError, match="model"):
        compute_model_fit(Study(full_map=map_), ModelFitParams())
    with pytest.raises(MissingInputError, match="half-maps or a map"):
        compute_model_fit(Study(model=model), ModelFitParams())


def test_too_few_shells_are_said(model, map_):
    made = _run(map_, model, resolution=40.0)
    assert made.guinier_correlation is None and "Fewer than three shells" in " ".join(made.warnings)
