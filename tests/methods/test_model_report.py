"""Zones of a model: planted errors are found, right models are left alone, and the list leads to them."""
from __future__ import annotations

import csv
import io
import importlib
import json

import gemmi
import numpy as np
import pytest

from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.methods.model import model_report_places, model_report_scores, model_report_zones as rules
from cryoqa_plugin.methods.model.model_report import ModelReportParams, compute_model_report
from cryoqa_plugin.limits import CHECKS, EXPLAINED
from cryoqa_plugin.registry import CAPABILITIES
from cryoqa_plugin.results import declared, to_document
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.register import Shift
from planted import BESIDE, Counts, planted, without_chain
from sources import ROOT

ZONES = ModelReportParams(scores=False)


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64, resolution=3.2)


def report(demo, model, params=ZONES, halves=True):
    maps = dict(half1=demo.half1, half2=demo.half2) if halves else dict(full_map=demo.full_map)
    return compute_model_report(Study(model=model, **maps), params)


@pytest.fixture(scope="module")
def wrong(demo):
    """A model with errors, and the report of it."""
    found = planted(demo.model, 1, Counts(1, 6, 4, 1, 0, 0), box=115.2)
    return found, report(demo, found.model)


def warned(result):
    """Metrics whose checks are missed, consequences left out."""
    found = causes_first(evaluate(CHECKS["model_report"], to_document(result)["metrics"]), EXPLAINED)
    return {c["metric"] for c in found if c["status"] in ("warn", "fail")}


def zones_of(result):
    return [row[3] for row in result.residues.rows]


@pytest.mark.parametrize("halves", [True, False])
def test_a_right_model_is_trusted(demo, halves):
    found = report(demo, demo.model, halves=halves)
    assert found.trust > 98 and found.omit == 0 and found.largest_cluster < 50 and found.residues_judged == 232
    assert {row[0] for row in found.missing.rows} == (set() if halves else {"map", "delta"})
    assert found.trust + found.caution + found.omit == pytest.approx(100) and not found.warnings


def test_planted_errors_are_found(wrong):
    truth, found = wrong
    zone = dict(zip(zip(truth.error, range(len(truth.error))), zones_of(found)))
    flagged = {name: np.mean([z != "trust" for (e, _), z in zone.items() if e == name]) for name in set(truth.error)}
    assert all(flagged[name] == 1 for name in ("moved", "rotamer", "flip", "solvent")), flagged
    assert flagged[""] < 0.04
    assert {z for (e, _), z in zone.items() if e == "solvent"} == {"omit"} == {z for (e, _), z in zone.items() if e == "moved"}


def test_each_error_has_its_reason(wrong):
    truth, found = wrong
    said = {(r[0], r[1]): r[4] for r in found.residues.rows}
    of = {}
    for error, row in zip(truth.error, found.residues.rows):
        of.setdefault(error, []).append(said[row[0], row[1]])
    assert all("no density at its backbone" in why for why in of["solvent"])
    assert all("the backbone does not follow the density" in why for why in of["moved"])
    assert all("rotamer" in why or "lacks density" in why for why in of["rotamer"])
    assert all("fits better turned over" in why or "lacks density at O" in why for why in of["flip"])
    assert not any(of[""][i] for i, row in enumerate(r for r, e in zip(found.residues.rows, truth.error) if not e) if row[3] == "trust")


def test_the_list_is_sorted_and_leads_to_the_residues(wrong):
    truth, found = wrong
    rows = found.list.rows
    assert [r[0] for r in rows] == list(range(1, found.places + 1)) and found.list.rows[0][2].startswith("Z 1 to 12")
    assert [r[1] for r in rows] == sorted((r[1] for r in rows), key=["omit", "caution", "density"].index)
    chain = next(c for c in truth.model.structure[0] if c.name == "Z")
    middle = np.mean([r.find_atom("CA", "*").pos.tolist() for r in chain], axis=0)
    assert rows[0][5:] == pytest.approx(middle, abs=0.01)
    assert sum(r[3] for r in rows) == sum(z != "trust" for z in zones_of(found))
    order = [rules.ZONES.index(r[3]) for r in found.zones.rows]
    assert order == sorted(order, reverse=True) and len(order) == len(found.residues.rows)
    assert {(r[0], r[1]) for r in found.zones.rows} == {(r[0], r[1]) for r in found.residues.rows}


def test_scripts_and_table_hold_every_place(wrong):
    _, found = wrong
    table = list(csv.reader(io.StringIO(found.list_csv)))
    assert len(table) == found.places + 1 and table[1][2] == found.list.rows[0][2]
    shown = {}
    exec(compile(found.coot, "places_coot.py", "exec"), {"interesting_things_gui": lambda title, places: shown.update(places=places)})
    assert len(shown["places"]) == found.places and shown["places"][0][1:] == pytest.approx(list(found.list.rows[0][5:]), abs=0.01)
    lines = found.chimerax.splitlines()
    assert "color /Z:1-12 red" in lines and "alias place1 view /Z:1-12" in lines
    assert sum(line.startswith("alias place") for line in lines) == found.places
    assert found.chimerax.isascii() and found.coot.isascii() and all(line.count('"') % 2 == 0 for line in lines)
    named = {a.name: a for a in found.scored_model.attributes}
    assert named["zone"].values["Z:1"] == 2.0 and set(named["zone"].values.values()) == {0.0, 1.0, 2.0}
    assert "attribute: zone" in found.attributes


def test_a_chain_that_is_missing_is_the_largest_piece_of_density(demo):
    name = demo.model.structure[0][1].name
    gone = next(c for c in demo.model.structure[0] if c.name == name)
    found = report(demo, without_chain(demo.model, name))
    atoms = np.array([a.pos.tolist() for r in gone for a in r])
    assert found.largest_cluster > 2000 and found.peaks.rows[0][0] == pytest.approx(found.largest_cluster, abs=0.1)
    assert np.linalg.norm(atoms - np.array(found.peaks.rows[0][2:5]), axis=1).min() < 2
    assert len(found.peaks.rows) == 1 or found.peaks.rows[1][0] < 0.1 * found.largest_cluster
    last = found.list.rows[-1] if found.places == 1 else next(r for r in found.list.rows if r[1] == "density")
    assert "density that the model does not explain" in last[4] and found.clusters >= 1


def test_a_model_that_is_wrong_everywhere_is_not_its_own_measure(demo):
    turn = gemmi.Transform(gemmi.Mat33([[0, 1, 0], [0, 0, 1], [1, 0, 0]]), gemmi.Vec3(0, 0, 0))
    structure = demo.model.structure.clone()
    middle = gemmi.Position(*demo.model.xyz.mean(axis=0))
    for atom in (a for c in structure[0] for r in c for a in r):
        atom.pos = gemmi.Position(*(np.array(turn.apply(atom.pos - middle).tolist()) + middle.tolist()))
    found = report(demo, Model(structure, "turned.cif"))
    assert found.trust < 10 and found.omit > 40


def test_a_model_off_its_map_is_trusted_nowhere(demo):
    structure = demo.model.structure.clone()
    for atom in (a for c in structure[0] for r in c for a in r):
        atom.pos = atom.pos + gemmi.Position(1.2, 0, 0)
    found = report(demo, Model(structure, "moved.cif"))
    assert warned(found) == {"model_shift"}
    assert found.trust == 0 and "shifted" in found.warnings[0] and "does not lie on its map" in found.residues.rows[0][4]


@pytest.mark.heavy
def test_numbers_do_not_depend_on_scale_and_origin(demo, wrong):
    truth, want = wrong
    move = (8.0, -4.0, 2.0)
    halves = [h.with_data(3 * h.data + 5) for h in (demo.half1, demo.half2)]
    halves = [type(h)(h.data, h.voxel_size, move) for h in halves]
    structure = truth.model.structure.clone()
    for atom in (a for c in structure[0] for r in c for a in r):
        atom.pos = atom.pos + gemmi.Position(*move)
    found = compute_model_report(Study(half1=halves[0], half2=halves[1], model=Model(structure, "moved.cif")), ZONES)
    assert zones_of(found) == zones_of(want)
    assert found.list.rows[0][5:] == pytest.approx([a + b for a, b in zip(want.list.rows[0][5:], move)], abs=0.02)


def test_traces_and_small_models_name_what_is_missing(demo):
    structure = demo.model.structure.clone()
    for chain in structure[0]:
        for residue in chain:
            for name in [a.name for a in residue if a.name != "CA"]:
                residue.remove_atom(name, "\0")
    found = report(demo, Model(structure, "trace.cif"))
    assert {"turned peptide", "other rotamer"} <= {row[0] for row in found.missing.rows}
    few = demo.model.structure.clone()
    for name in [c.name for c in few[0]][1:]:
        few[0].remove_chain(name)
    while len(few[0][0]) > 8:
        del few[0][0][8]
    found = report(demo, Model(few, "few.cif"))
    assert found.residues_judged == 8 and found.trust == 100


@pytest.mark.heavy
def test_where_half_maps_do_not_agree_the_map_is_the_reason(demo):
    """Noise in one half of the box: nothing can be checked there, whatever the model."""
    rng, halves = np.random.default_rng(9), []
    noise_before = float((demo.half1.data - demo.half2.data).std()) / np.sqrt(2)
    for half in (demo.half1, demo.half2):
        noise = 200 * noise_before * rng.standard_normal(half.data.shape).astype(np.float32)
        noise[:, :, :32] = 0
        halves.append(half.with_data((half.data + noise).astype(np.float32)))
    study = Study(half1=halves[0], half2=halves[1], model=demo.model)
    zones = rules.zones_of(study)
    x = study.atom_position[study.residues.find("CA"), 0]
    there, away = x > 32 * 1.8 + 6, x < 32 * 1.8 - 6
    said = np.array(["the map shows too little" in why or "no density" in why for why in zones.reasons])
    assert said[there].mean() > 0.9 and said[away].mean() < 0.1


def test_robust_z_is_that_of_median_and_mad(demo):
    residues = Study(full_map=demo.full_map, model=demo.model).residues
    values = np.random.default_rng(3).standard_normal(len(residues))
    values[5] = np.nan
    known = values[np.isfinite(values)]
    mad = np.median(np.abs(known - np.median(known)))
    z = rules.robust_z(values, residues)
    np.testing.assert_allclose(z[np.isfinite(values)], (known - np.median(known)) / (1.4826 * mad), rtol=1e-12)
    assert np.isnan(z[5]) and np.nanmax(np.abs(rules.robust_z(values, residues, 100.0))) < 0.1


def test_a_mean_over_five_stays_in_its_stretch(demo):
    residues = Study(full_map=demo.full_map, model=demo.model).residues
    values = np.random.default_rng(4).standard_normal(len(residues))
    values[10] = np.nan
    found = rules.over_five(residues, values)
    for run in residues.stretches:
        for k, i in enumerate(run):
            assert found[i] == pytest.approx(np.nanmean(values[run[max(0, k - 2):k + 3]]), abs=1e-12)


def test_ranges_of_residues_in_the_words_of_chimerax():
    assert model_report_places._ranges(["-2", "-1", "3", "4", "5", "5A", "9"]) == ["-2--1", "3-5", "5A", "9"]


def test_the_numbers_of_other_scores_exist():
    rows = {c.id: c for c in CAPABILITIES}
    for name, numbers in model_report_scores.NUMBERS:
        if name in rows:
            module, result = rows[name].result.split(":")
            assert set(numbers) <= set(declared(getattr(importlib.import_module(f"cryoqa_plugin.{module}"), result), "metric")), name


@pytest.mark.heavy
def test_the_main_numbers_of_other_scores_are_theirs(demo):
    from cryoqa_plugin.methods.model.model_fit import ModelFitParams, compute_model_fit
    found = report(demo, demo.model, ModelReportParams())
    numbers = {(row[0], row[1]): row for row in found.scores.rows}
    study = Study(half1=demo.half1, half2=demo.half2, model=demo.model)
    assert numbers["model-fit", "cc_mask"][2] == pytest.approx(compute_model_fit(study, ModelFitParams()).cc_mask, abs=1e-9)
    alone = report(demo, demo.model, ModelReportParams(), halves=False)
    lacking = {row[0]: row for row in alone.scores.rows if row[1] is None}
    assert all(row[5] and row[2] is None for row in lacking.values())
    json.dumps(alone.document)


@pytest.mark.heavy
def test_single_residues_raise_no_alarm_and_many_do(demo, wrong):
    single = planted(demo.model, 4, Counts(0, 3, 2, 0, 0, 0), box=115.2).model
    found = report(demo, single)
    assert found.places >= 5 and found.caution > 0 and warned(found) == set()
    assert warned(report(demo, demo.model)) == set() and warned(wrong[1]) == {"omit"}
    assert warned(report(demo, without_chain(demo.model, demo.model.structure[0][1].name))) == {"largest_cluster"}


def test_another_register_and_another_sequence_have_their_reasons(demo):
    """The posterior and the verdicts of side-chain-check, of a study that knows them: what the zones make of them."""
    study = Study(half1=demo.half1, half2=demo.half2, model=demo.model)
    n = len(study.residues)
    shifted = np.full(n, 0.01)
    shifted[10:30] = 0.9
    shifted[40:45] = 0.8
    shift = Shift(0, np.arange(10, 30), (10, 10), (29, 29), 2, 50.0, 6.0, True)
    chains = tuple(c._replace(verdict="foreign" if c.chain == 2 else "own") for c in study.register().chains)
    known = study.register()._replace(shifted=shifted, shifts=(shift,), chains=chains)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Study, "register", lambda self, given=None: known)
        found = rules.zones_of(study)
    assert set(found.zone[10:30]) == {"omit"} and "moved by +2" in found.reasons[10]
    assert set(found.zone[40:45]) == {"caution"} and "unsure" in found.reasons[41]
    foreign = study.residues.chain == 2
    assert set(np.array(found.zone)[foreign]) == {"caution"} and "another sequence" in found.reasons[np.flatnonzero(foreign)[0]]


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("name, resolution, caught, right", [("d", 3.4, 0.95, 0.06), ("e", 2.6, 0.95, 0.06)])
def test_planted_errors_on_simulated_maps(shared, sim_case, tmp_path, monkeypatch, name, resolution, caught, right):
    """A smaller bench/zone_figures.py: models, noise and places that set no limit."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    monkeypatch.setenv("CRYOQA_SHARED", str(shared))
    bench = importlib.import_module("zone_figures")
    case = bench.made(tmp_path, name, resolution)
    found = bench.figures(bench.joined([bench.judged(case, seed) for seed in (11, 12)]))
    assert found["caught"] >= caught and found["right_good"] <= right, found


@pytest.mark.heavy
@pytest.mark.realdata
def test_a_chain_in_a_blurred_part_is_the_largest_piece(sim_case):
    """l160 has B-factors that grow by 150 Å² across the box: at the resolution of the map its end shows little."""
    from cryoqa_plugin.io.maps import read_map
    from cryoqa_plugin.io.models import read_model
    from cryoqa_plugin.study import unexplained
    folder = sim_case("l160")
    halves = {f"half{i}": read_map(str(folder / f"l160_half{i}.mrc")) for i in (1, 2)}
    model = read_model(str(folder / "l160_model.pdb"))
    for name in ("A", "B"):
        found = unexplained.clusters(Study(model=without_chain(planted(model, 3, box=160.0).model, name), **halves))
        atoms = np.array([a.pos.tolist() for c in model.structure[0] if c.name == name for r in c for a in r])
        assert np.linalg.norm(atoms - found.xyz[0], axis=1).min() < 2 and found.volume[0] > 20 * found.volume[1]


def test_errors_are_planted_as_said(demo):
    found = planted(demo.model, 2, Counts(1, 3, 2, 1, 12, 0), rms=0.0, box=115.2)
    old = {(c.name, str(r.seqid)): r for c in demo.model.structure[0] for r in c}
    new = [(c.name, r) for c in found.model.structure[0] for r in c]
    assert len(new) == len(found.error) and found.error.count("solvent") == 12 and found.error.count("register") == 12
    for (chain, residue), error in zip(new, found.error):
        if error == "solvent":
            continue
        before = old[chain, str(residue.seqid)]
        moved = {a.name: a.pos.dist(before.find_atom(a.name, "*").pos) for a in residue if before.find_atom(a.name, "*")}
        if not error or error == "register":
            assert max(v for n, v in moved.items() if error == "" or n in ("N", "CA", "C", "O")) < 1e-6
        elif error == "moved":
            assert list(moved.values()) == pytest.approx([1.5] * len(moved), abs=1e-3)
        elif error == "flip":
            assert moved["O"] > 3 and moved["CA"] < 1e-6
        elif error == BESIDE:
            assert moved["N"] > 0.3 and moved["C"] < 1e-6
        else:
            assert error == "rotamer" and moved["CB"] < 1e-6 and max(moved.values()) > 1.5
