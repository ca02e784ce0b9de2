"""Damaged inputs of eleven kinds: the right answer or one sentence, and nothing else.

The cases are the same each time, so that a change is not blamed for what it did not do. Environment: ``CRYOQA_FUZZ_SEED=new`` draws others
and prints their seed, ``CRYOQA_FUZZ_SEED=N`` takes those again, ``CRYOQA_FUZZ_CASE=KIND:SEED`` one case, ``CRYOQA_FUZZ_KEEP=FOLDER`` keeps
what cases leave, ``CRYOQA_FUZZ_CASES=N`` changes how many the heavy test runs.
"""
from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.compiled, pytest.mark.skipif(not hasattr(os, "fork"), reason="cases run in forked processes")]

if hasattr(os, "fork"):
    import fuzz_run
    from fuzz_harness import RIGHT, Case, Kind, compute, reading, run_case, run_cases

QUICK, HEAVY, MOST_SECONDS, CPU_EACH = 60, 2000, 600, 0.25
QUICK_SEED, HEAVY_SEED = 1, 2
KEEP = os.environ.get("CRYOQA_FUZZ_KEEP", "")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """Valid files, with all that cases run loaded before they fork."""
    return fuzz_run.prepare(tmp_path_factory.mktemp("seeds"))


def _seed(usual):
    """The seed of a run by the environment: its own, a new one, or one of before."""
    asked = os.environ.get("CRYOQA_FUZZ_SEED") or usual
    return int.from_bytes(os.urandom(4), "little") // 2 if asked == "new" else int(asked)


def _run(seeds, count, jobs, usual):
    one = os.environ.get("CRYOQA_FUZZ_CASE")
    if one:
        name, number = one.split(":")
        cases, seed = [(fuzz_run.KINDS[name], int(number))], "of one case"
    else:
        seed = _seed(usual)
        cases = fuzz_run.draw(list(fuzz_run.KINDS.values()), count, seed)
    outcomes = list(run_cases(cases, seeds, jobs, KEEP))
    said = f"CRYOQA_FUZZ_SEED={seed}\n{fuzz_run.summary(outcomes)}"
    print(said)
    bad = [o for o in outcomes if not o.good]
    assert not bad, f"{len(bad)} of {len(outcomes)} cases, {said}\n" + "\n".join(str(o) for o in bad[:40])
    return outcomes


def test_sixty_cases(seeds):
    outcomes = _run(seeds, QUICK, jobs=2, usual=QUICK_SEED)
    assert len(outcomes) == 1 or {o.kind for o in outcomes} == set(fuzz_run.KINDS)
    assert len(outcomes) == 1 or sum(o.how == RIGHT for o in outcomes) > 12


@pytest.mark.heavy
def test_two_thousand_cases(seeds):
    begun = time.monotonic()
    outcomes = _run(seeds, int(os.environ.get("CRYOQA_FUZZ_CASES") or HEAVY), len(os.sched_getaffinity(0)), HEAVY_SEED)
    assert time.monotonic() - begun < MOST_SECONDS
    for name in {o.kind for o in outcomes} if len(outcomes) >= HEAVY else ():                # no kind is refused for its seed
        assert sum(o.how == RIGHT for o in outcomes if o.kind == name) > 0.1 * sum(o.kind == name for o in outcomes), name
    assert sum(o.cpu for o in outcomes) < CPU_EACH * len(outcomes)


def test_cases_are_new_only_when_asked_for(monkeypatch):
    monkeypatch.delenv("CRYOQA_FUZZ_SEED", raising=False)
    assert _seed(HEAVY_SEED) == HEAVY_SEED
    monkeypatch.setenv("CRYOQA_FUZZ_SEED", "7")
    assert _seed(HEAVY_SEED) == 7
    monkeypatch.setenv("CRYOQA_FUZZ_SEED", "new")
    assert len({_seed(HEAVY_SEED) for _ in range(20)}) > 10


@pytest.mark.heavy
def test_the_seed_alone_makes_the_case(seeds):
    kinds = list(fuzz_run.KINDS.values())
    assert fuzz_run.draw(kinds, 40, 5) == fuzz_run.draw(kinds, 40, 5) != fuzz_run.draw(kinds, 40, 6)
    for kind in (fuzz_run.KINDS["map_header"], fuzz_run.KINDS["star"], fuzz_run.KINDS["places"]):
        assert run_case(kind, 11, seeds).said == run_case(kind, 11, seeds).said


# ---------------------------------------------------------------- planted faults: the harness sees each

def _first_bad(kind, seeds, tries=60):
    return next((o for o in run_cases([(fuzz_run.KINDS[kind], seed) for seed in range(tries)], seeds, 2) if not o.good), None)


def test_a_reader_without_the_sum_of_gzip_is_seen(seeds, monkeypatch):
    def unchecked(self):
        self._fp.read(8)

    monkeypatch.setattr(gzip._GzipReader, "_read_eof", unchecked)
    bad = _first_bad("compressed", seeds)
    assert bad is not None and bad.how == "wrong", "nothing was seen"


def test_voxels_of_another_place_are_seen(seeds, monkeypatch):
    from cryoqa_plugin.io import maps
    read = maps._Reader.voxels
    monkeypatch.setattr(maps._Reader, "voxels", lambda self, extended: np.roll(read(self, extended), 1, axis=0))
    bad = _first_bad("map_bytes", seeds)
    assert bad.how == "wrong" and "other voxels than plain numpy" in bad.why


def _kind(act, **fields):
    """A kind with one case, which runs ``act(folder)`` in place of a command."""
    def make(rng, folder, seeds):
        def call():
            return act(folder) or 0
        return Case("planted", call, **fields)
    return Kind("planted", make)


@pytest.mark.heavy
def test_each_way_to_end_badly_has_a_name(seeds, monkeypatch):
    import fuzz_harness
    monkeypatch.setattr(fuzz_harness, "CPU_SECONDS", 1)
    monkeypatch.setattr(fuzz_harness, "WALL_SECONDS", 2)

    def spin(folder):
        while True:
            pass

    def memory(folder):
        bytearray(4 << 30)

    def leave(folder):
        (folder / ".cryoqa_x").write_bytes(b"half")

    def say(*words, code=2):
        def act(folder):
            import sys
            print(*words, sep="\n", file=sys.stderr)
            return code
        return act

    cases = [(lambda folder: 1 / 0, "traceback", "ZeroDivisionError"), (spin, "hang", ""), (lambda folder: time.sleep(60), "hang", ""),
             (memory, "traceback", "MemoryError"), (lambda folder: os.abort(), "died", "signal 6"), (leave, "leftovers", ".cryoqa_x"),
             (say("cryoqa: A sentence.", "and more"), "wrong", "2 lines"), (say("cryoqa: KeyError: 'x'."), "wrong", "words of a program"),
             (say("cryoqa: The value is None."), "wrong", "words of a program"), (say("cryoqa: \x1b[31mred."), "wrong", "control"),
             (say("Traceback (most recent call last):", code=0), "traceback", ""),
             (say("x.py:3: RuntimeWarning: overflow", code=0), "wrong", ""), (say("odd", code=7), "wrong", "exit code 7")]
    for act, how, why in cases:
        outcome = run_case(_kind(act), 0, seeds)
        assert (outcome.how, why in outcome.why) == (how, True), str(outcome)
    refused = run_case(_kind(say("cryoqa: The file 'a' is no map."), file="b.mrc"), 0, seeds)
    assert refused.how == "wrong" and "does not name b.mrc" in refused.why
    assert run_case(_kind(say("cryoqa: The file 'a' is no map."), file="a"), 0, seeds).good
    assert run_case(_kind(lambda folder: 0, must="refuse"), 0, seeds).how == "wrong"


def test_an_input_that_is_changed_is_seen(seeds):
    def make(rng, folder, seeds):
        path = seeds.copy("odd.mrc", folder)
        return Case("planted", lambda: path.write_bytes(b"over") * 0)

    outcome = run_case(Kind("planted", make), 0, seeds)
    assert outcome.how == "leftovers" and "odd.mrc" in outcome.why


def test_numbers_that_are_none_are_seen_in_the_result(seeds, monkeypatch):
    def act(folder):
        (folder / "out").mkdir()
        (folder / "out" / "result.json").write_text('{"metrics": {"a": {"value": NaN}}}')

    outcome = run_case(_kind(act), 0, seeds)
    assert outcome.how == "wrong" and "holds NaN" in outcome.why


@pytest.mark.heavy
def test_what_is_read_is_judged(seeds, tmp_path):
    path = tmp_path / "x.mrc"
    path.write_bytes(seeds.bytes("odd.mrc")[:-1])

    def make(rng, folder, seeds):
        from cryoqa_plugin.io.maps import read_map
        return Case("cut", reading(lambda: read_map(str(path))), "x.mrc", "refuse")

    assert run_case(Kind("planted", make), 0, seeds).how == "refused for size"

    def whole(rng, folder, seeds):
        return Case("whole", compute(folder, "map-info", "--map", seeds.files["odd.mrc"]), "odd.mrc", "accept")

    assert run_case(Kind("planted", whole), 0, seeds).how == RIGHT


def test_seeds_are_read_as_they_are(seeds):
    """Undamaged, every seed file gives an answer: what a case is refused for is its damage."""
    from cryoqa_plugin.io.inputs import KINDS
    for kind, name in (("model", "small.pdb"), ("model", "small.cif"), ("mtf", "mtf.star"), ("fsc_curve", "postprocess.star"),
                       ("fsc_curve", "fsc.txt"), ("fsc_curve", "fsc.xml"), ("particles", "particles.star"), ("sequence", "seq.fasta"),
                       ("particles", "J42_particles.cs"), ("map_coefficients", "map.mtz"), ("symmetry", "c4.sym"),
                       ("symmetry", "biomt.pdb"), ("full_map", "full_map.mrc.gz"), ("full_map", "odd.mrc.bz2")):
        found = KINDS[kind].read(str(seeds.files[name]))
        assert Path(found.path).name == name
        if kind == "model":
            np.testing.assert_allclose(found.xyz, seeds.facts["xyz"], atol=1e-3)
        if kind == "fsc_curve":
            np.testing.assert_allclose(found.values[1:], np.clip(seeds.facts["fsc_y"], 0, 1)[1:], atol=1e-5)


def test_folders_lists_and_limits_are_read_as_they_are(seeds, tmp_path):
    from cryoqa_plugin.batch.lists import read_list
    from cryoqa_plugin.checks import override
    from cryoqa_plugin.io.emdb_xml import read_header_xml
    from cryoqa_plugin.io.jobs import read_job
    from cryoqa_plugin.limits import CHECKS
    from fuzz_seeds import LIMITS, cryosparc_job, relion_project
    job = read_job(str(relion_project(seeds, tmp_path / "project") / "Refine3D" / "job019"))
    assert (job.warnings, job.voxel_size, job.resolution, set(job.sources())) == ((), 4.8, 12.2, {"full_map", "half1", "half2", "mask"})
    job = read_job(str(cryosparc_job(seeds, tmp_path / "P3")))
    assert (job.warnings, job.voxel_size, job.resolution, "tight" in job.fsc) == ((), 4.8, 12.21, True)
    header = read_header_xml(str(seeds.files["header.xml"]))
    assert (header.resolution, header.contour, header.voxel_size, header.shape) == (3.4, 0.018, (1.5, 1.5, 1.5), (8, 8, 8))
    for name in ("list.csv", "list.tsv"):
        assert [j.name for j in read_list(str(seeds.files[name]), str(tmp_path))] == ["one", "two"]
    try:
        import tomllib
    except ImportError:
        import tomli as tomllib
    assert override(CHECKS, tomllib.loads(LIMITS)) != CHECKS
