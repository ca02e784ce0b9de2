"""Notes on half-maps whose cause is a check are known as such, so that a page says it once."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cryoqa_plugin.limits import CHECKS
from cryoqa_plugin.study import Study, notes
from cryoqa_plugin.study.halves import HalfMaps
from cryoqa_plugin.study.noise import Damping, HalfMapNoise, RadialNoise, SharedNoise
from cryoqa_plugin.study.position import Position

IN_PLACE = Position(0.01, "0.00, 0.00, 0.01", 0.001, "none", 0.9)
SOUND = HalfMaps(0, False, False, False, 1.0, 0.5, 0.0, None, IN_PLACE, 90.0)
RADIAL = RadialNoise(*([np.zeros(1)] * 2), *([None] * (len(RadialNoise._fields) - 2)))
NOISE = HalfMapNoise(None, None, None, RADIAL, Damping(1.0, 0.01, True, False), None, None)
SHARED = SharedNoise(0.25, 0.002, 101.0, 1.0, 30, None, True)
FAULTS = [
    ("half_maps_identical", dict(copies=1), {}), ("half_maps_identical", dict(copies=-1, inverted=True), {}),
    ("half_maps_signal", dict(signal=0.1, position=Position(None, None, None, None, 0.01)), {}),
    ("half_maps_likeness", dict(position=Position(None, None, None, None, 0.2)), {}),
    ("half_maps_operation", dict(position=Position(0.1, "0.10, 0.00, 0.00", 0.01, "x reversed", 0.9)), {}),
    ("half_maps_denoised", dict(denoised="dependent"), {}), ("half_maps_denoised", dict(denoised="independent"), {}),
    ("half_maps_shift", dict(position=Position(3.0, (3.0, 0.0, 0.0), 0.01, "none", 0.9)), {}),
    ("half_maps_masked", dict(masked=True), {}), ("half_maps_filtered", dict(filtered_at=5.0), {}),
    ("half_maps_scale", dict(scale=2.5), {}),
    ("half_maps_damped", {}, dict(damping=Damping(70.0, 0.1, True, True))), ("half_maps_share_noise", {}, dict(shared=SHARED)),
    ("half_maps_share_noise", {}, dict(shared=SHARED._replace(share=None)))]


def _halves(tiny_halves):
    return [tiny_halves["half1"].with_data(tiny_halves["half1"].data), tiny_halves["half2"].with_data(tiny_halves["half2"].data)]


@pytest.mark.parametrize("metric, of_halves, of_noise", FAULTS, ids=[f"{m}{i}" for i, (m, _, _) in enumerate(FAULTS)])
def test_the_check_of_each_fault_is_known(tiny_halves, metric, of_halves, of_noise):
    said = notes.of_halves(*_halves(tiny_halves), SOUND._replace(**of_halves), replace(NOISE, **of_noise))
    assert [notes.check_of(s) for s in said] == [metric], said
    assert notes.unsaid(said, [metric]) == [] and notes.unsaid(said, ["resolution"]) == said
    assert notes.unsaid(said + [s.replace("101", "105") for s in said], []) == said, "each cause once"


def test_every_check_of_half_maps_has_its_note():
    checked = {c.metric for c in CHECKS["fsc"] if c.metric.startswith("half_maps_")}
    assert checked == {metric for metric, _, _ in FAULTS}


def test_sound_half_maps_have_none_and_what_no_check_says_is_kept(tiny_halves):
    assert notes.of_halves(*_halves(tiny_halves), SOUND, NOISE) == []
    sphere = notes.of_halves(*_halves(tiny_halves), SOUND._replace(sphere=True), NOISE)
    assert len(sphere) == 1 and notes.check_of(sphere[0]) is None and notes.unsaid(sphere * 2, ["half_maps_masked"]) == sphere


def test_notes_on_several_files_are_one():
    said = ["a.mrc, b.mrc: The voxel size is odd.", "Another note: with a colon.", "c.mrc: The voxel size is odd.", "b.mrc: A note on b.",
            "elsewhere.mrc: The voxel size is odd."]
    assert notes.merged(said, {"a.mrc", "b.mrc", "c.mrc"}) == [
        "a.mrc, b.mrc, c.mrc: The voxel size is odd.", "Another note: with a colon.", "b.mrc: A note on b.",
        "elsewhere.mrc: The voxel size is odd."]
    assert notes.merged(said[:3], {"/here/a.mrc", "/here/b.mrc", "/here/c.mrc"})[0] == "a.mrc, b.mrc, c.mrc: The voxel size is odd."
    assert notes.of_files(said[0], {"a.mrc"}) == ([], said[0]) and notes.of_files(said[3], {"b.mrc"}) == (["b.mrc"], "A note on b.")


def test_real_copies_are_known(tiny_halves):
    said = Study(half1=tiny_halves["half1"], half2=tiny_halves["half1"]).notes()
    assert "half_maps_identical" in [notes.check_of(s) for s in said]
