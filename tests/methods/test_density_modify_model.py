"""A model in density modification: truth of simulated maps, models that are wrong, and models of which nothing can be made."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from cryoqa_plugin import checks, limits, results
from cryoqa_plugin.core import elastic_fit, filters, fourier, shells
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.methods.sharpening.density_modify import DensityModifyParams, compute_density_modify
from cryoqa_plugin.report.section import Results
from cryoqa_plugin.report.sections.density_modify import SECTION
from cryoqa_plugin.study import Study

# case: last resolution, and the gains by the right model and by the faulty one that are asked for beyond the map without
CASES = {"p96": (2.05, 0.03, 0.025), "odd97": (2.6, 0.03, 0.025), "t160": (2.6, 0.015, 0.015)}
RUN, TURNED = 12, 12                  # residues of a helix or a loop, and side chains that are turned


def run(half1, half2, model, **values):
    return compute_density_modify(Study(half1=half1, half2=half2, model=model),
                                  DensityModifyParams(**{"audit": False, "compare": False, **values}))


def with_positions(model, xyz):
    structure = model.structure.clone()
    for atom, place in zip((a for chain in structure[0] for residue in chain for a in residue), xyz):
        atom.pos.fromlist(list(place))
    return Model(structure, model.path)


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=48)


@pytest.fixture(scope="module")
def plain(demo):
    return run(demo.half1, demo.half2, None)


@pytest.fixture(scope="module")
def modelled(demo):
    return run(demo.half1, demo.half2, demo.model)


def test_a_right_model_is_used_and_its_residues_are_told(demo, plain, modelled):
    assert plain.model_used is None and plain.residues is None and plain.atoms_used is None
    assert modelled.model_used and modelled.model_gain > 0.003 and modelled.model_trusted > 0.8
    assert modelled.verdict == plain.verdict == "improved" and modelled.gain == plain.gain
    assert modelled.resolution_after == plain.resolution_after and modelled.correlation_after == plain.correlation_after
    assert "The predicted resolution is that without the model" in modelled.summary
    assert not np.allclose(modelled.density_modified_map.data, plain.density_modified_map.data)
    names = [str(c) for c in modelled.residues.columns]
    assert names == ["chain", "number", "residue", "spread (Å)", "moved (Å)", "trust"]
    spread = np.array([row[3] for row in modelled.residues.rows])
    assert len(spread) > 10 and 0 < np.median(spread) < 0.5
    assert modelled.model_spread == pytest.approx(np.sqrt(np.mean(spread ** 2)), rel=0.3)
    assert {a.name for a in modelled.scored_model.attributes} == {"dm_spread", "dm_moved", "dm_trust"}


def test_the_report_draws_the_spread_along_the_chains(plain, modelled):
    drawn = [[c.title for c in SECTION.cards(Results({"density_modify": results.to_document(r)}, {}, {}))] for r in (plain, modelled)]
    assert "Spread of the model" in drawn[1] and "Spread of the model" not in drawn[0]


@pytest.mark.heavy
def test_a_model_beside_the_molecule_is_left_out(demo, plain):
    off = run(demo.half1, demo.half2, with_positions(demo.model, demo.model.xyz + np.array([5.0, -6.0, 4.0])))
    assert off.model_used is False and off.model_trusted < 0.5 and "left out" in off.summary
    likeness = np.corrcoef(off.density_modified_map.data.ravel(), plain.density_modified_map.data.ravel())[0, 1]
    assert likeness > 0.999
    found = {c["metric"]: c["status"] for c in checks.evaluate(limits.CHECKS["density_modify"], results.to_document(off)["metrics"])}
    assert found["model_trusted"] == "warn"


def test_models_of_which_nothing_can_be_made(demo, plain):
    structure = demo.model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for name in [a.name for a in residue if a.name != "CA"]:
                residue.remove_atom(name, "\0")
    trace = run(demo.half1, demo.half2, Model(structure, "trace.cif"))
    assert trace.model_used is False and trace.residues is None and any("one atom a residue" in w for w in trace.warnings)
    np.testing.assert_array_equal(trace.initial_map.data.shape, plain.initial_map.data.shape)
    with pytest.raises(InputError):
        run(demo.half1, demo.half2, with_positions(demo.model, demo.model.xyz + 500))


# --- truth -------------------------------------------------------------------------------------------------------------

def even(data, geo, fine):
    """A map with the same power in every shell, up to a little beyond a resolution."""
    ft = fourier.forward(data)
    power, _, count = shells.power_sums(ft, geo)
    gain = np.where(fourier.frequencies(geo) <= 1 / (0.85 * fine), np.sqrt(count / np.maximum(power, 1e-30)), 0)
    gain[0] = 0
    return fourier.inverse(filters.apply_radial(ft, geo, gain), geo.shape)


def likeness(one, two, mask, geo, fine):
    """Mean correlation from 10 Å on of two even maps in a mask."""
    at = fourier.frequencies(geo)
    curve = shells.fsc(shells.cross_sums(fourier.forward(one * mask), fourier.forward(two * mask), geo))
    return float(curve[(at >= 0.1) & (at <= 1 / fine)].mean())


def spoiled(model, rng):
    """A model with a helix moved by 1.5 Å, turned side chains, a loop that lacks and one that is invented.

    The model; where its right atoms, those that are wrong beside true ones by 1.5 Å and more, and those of the invented loop are; where the
    atoms that it lacks are.
    """
    atoms = [(a.name, r, c.name) for c in model.structure[0] for r in c for a in r]
    residue = np.cumsum([i > 0 and (atoms[i][1].seqid != atoms[i - 1][1].seqid or atoms[i][2] != atoms[i - 1][2])
                         for i in range(len(atoms))])
    names, true = np.array([a[0] for a in atoms]), model.xyz.copy()
    xyz, n = true.copy(), residue.max() + 1
    ca = np.full((n, 3), np.nan)
    ca[residue[names == "CA"]] = true[names == "CA"]
    rise = np.linalg.norm(ca[4:] - ca[:-4], axis=1)
    coiled = np.convolve((rise > 5.5) & (rise < 6.9), np.ones(RUN), "valid") == RUN
    first = rng.choice(np.flatnonzero(coiled))
    helix = (residue >= first) & (residue < first + RUN)
    axis = ca[first + RUN - 1] - ca[first]
    way = np.cross(axis, rng.standard_normal(3))
    xyz[helix] += 1.5 * way / np.linalg.norm(way)
    turned = np.zeros(len(xyz), bool)
    for r in rng.permutation(n):
        mine = np.flatnonzero((residue == r) & ~helix)
        side = [i for i in mine if names[i] not in ("N", "CA", "C", "O", "CB", "OXT")]
        if len(side) >= 3 and {"CA", "CB"} <= set(names[mine]) and turned.sum() < 4 * TURNED:
            start, end = (true[mine[names[mine] == name][0]] for name in ("CA", "CB"))
            u, v = (end - start) / np.linalg.norm(end - start), true[side] - start
            xyz[side] = start + np.cos(2.1) * v + np.sin(2.1) * np.cross(u, v) + np.outer(v @ u, u) * (1 - np.cos(2.1))
            turned[side] = True
    wanting = [r for r in range(5, n - RUN) if not (helix | turned)[(residue >= r) & (residue < r + 8)].any()
               and not coiled[max(r - RUN, 0):r + 8].any()]
    lost = rng.choice(wanting)
    gone = (residue >= lost) & (residue < lost + 8)
    tree, loop = cKDTree(true), true[(residue >= 20) & (residue < 28)]
    best = None
    for _ in range(3000):
        turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        place = (loop - loop.mean(axis=0)) @ turn + true[rng.integers(len(true))] + 10 * rng.standard_normal(3)
        apart = tree.query(place)[0]
        if 3 < apart.min() < 4 and (best is None or apart.mean() < best[0]):
            best = (apart.mean(), place)
    structure = with_positions(model, xyz).structure
    invented = [r.clone() for c in model.structure[0] for r in c][20:28]
    for k, r in enumerate(r for c in structure[0] for r in c):
        if lost <= k < lost + 8:
            while len(r):
                del r[0]
    chain = structure[0].add_chain("z")
    for r in invented:
        chain.add_residue(r)
    for a, place in zip((a for r in structure[0]["z"] for a in r), best[1]):
        a.pos.fromlist(list(place))
    structure.remove_empty_chains()
    wrong = (helix | turned) & (tree.query(xyz)[0] > 1.5)
    return replace(model, structure=structure), xyz[~(helix | turned | gone)], xyz[wrong], best[1], true[gone]


@pytest.mark.heavy
@pytest.mark.parametrize("case", sorted(CASES))
def test_a_model_brings_the_map_nearer_to_the_truth_and_invents_nothing(sim_case, case):
    folder, (fine, right, faulty) = sim_case(case), CASES[case]
    one, two, truth, mask = (read_map(str(folder / f"{case}_{name}.mrc")) for name in ("half1", "half2", "truth", "mask"))
    model = read_model(str(folder / f"{case}_model.pdb"))
    geo = fourier.geometry(truth.data.shape, one.voxel_size)
    bad, kept, wrong, invented, gone = spoiled(model, np.random.default_rng(8))
    made = [run(one, two, m) for m in (None, model, bad)]
    maps = [even(m.density_modified_map.data, geo, fine) for m in made]
    means = [likeness(m, even(truth.data, geo, fine), mask.data, geo, fine) for m in maps]
    assert means[1] >= means[0] + right and means[2] >= means[0] + faulty, means
    assert made[1].model_used and made[2].model_used

    def density(data, places):
        return float(elastic_fit.values(elastic_fit.spline(data), one.voxel_size, places).mean())

    assert density(maps[2], invented) < 0.15 * density(maps[2], kept)
    assert density(maps[2], wrong) < 0.15 * density(maps[2], kept)
    # What lacks is looked at in the maps as they are: shells made even by the power of the model would count against it.
    assert density(made[2].density_modified_map.data, gone) > 0.9 * density(made[0].density_modified_map.data, gone)
    rows = {(row[0], row[1]): row for row in made[2].residues.rows}
    loop = [row for key, row in rows.items() if key[0] == "z"]
    assert min(row[3] for row in loop) > 2 * np.median([row[3] for row in rows.values()]) and max(row[5] for row in loop) < 0.3
