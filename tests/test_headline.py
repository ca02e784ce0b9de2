"""The verdict in one sentence: what it says of resolution, place, direction, premise and cause."""
from __future__ import annotations

import pytest

from cryoqa_plugin.validation import headline
from cryoqa_plugin.validation.arguments import FAIL, REMARK, STRONG, WEAK, Argument

AXES = dict(rows=[["region", "worst", 0.1, 0.0, 0.995, 3.4], ["region", "best", 0.0, 1.0, 0.0, 2.5]])


def run(fsc=2.66, low=2.57, high=2.96, isotropic=True, **more):
    documents = {"fsc": dict(metrics=dict(resolution=dict(value=fsc), **{n: dict(value=v) for n, v in more.items()})),
                 "local_fsc": dict(metrics={n: dict(value=v) for n, v in zip(("p5", "median", "p95"), (low, (low + high) / 2, high))}),
                 "directional_fsc": dict(metrics=dict(isotropic=dict(value=isotropic)), tables=dict(axes=AXES))}
    return documents


def against(metric, claim, strength):
    return Argument(claim, strength, ("1.a",), claim + ".", dict(metric=metric, claim=claim))


@pytest.mark.parametrize("documents, found, sentence", [
    (run(), [], "Trust this map to 2.66 Å, evenly in place and direction."),
    (run(high=4.0), [], "Trust this map to 2.66 Å, from 2.57 Å in the core to 4.00 Å at the rim, evenly in direction."),
    (run(isotropic=False), [], "Trust this map to 2.66 Å, evenly in place, worse along z."),
    (run(), [against("voxel_size_unset", "The voxel size is exactly 1 Å", REMARK)],
     "Trust this map to 2.66 Å, evenly in place and direction, if its voxel size of exactly 1 Å is right."),
    (run(), [against("residues_low", "12 % of the residues do not fit", WEAK)],
     "Trust this map to 2.66 Å, evenly in place and direction, with care: 12 % of the residues do not fit."),
    (run(fsc=None, resolution_bound=2.8), [], "Trust this map to 2.80 Å at best, evenly in place and direction."),
    (run(fsc=None, resolution_bound=2.8), [against("half_maps_share_noise", "The half-maps share noise", FAIL)],
     "Do not trust the resolution of this map yet: the half-maps share noise."),
    (run(), [against("model_shift", "FSC and model are 3 Å apart", STRONG)], "Do not trust the model yet: FSC and model are 3 Å apart."),
    (run(), [against("wrong_probability", "The hand is wrong", FAIL)], "Do not trust the hand of this map yet: the hand is wrong."),
    ({"map_resolution": dict(metrics=dict(median=dict(value=4.123)))}, [], "4.12 Å is an estimate from the map alone."),
    ({"mask": dict(metrics={}, summary="The mask holds 14.5 % of the box. It is soft.")}, [], "The mask holds 14.5 % of the box."),
    ({"mtriage": dict(metrics=dict(d_fsc_model_05_near=dict(value=2.917))), "model_fit": dict(metrics={})},
     [against("residues_unexplained", "9 % of the residues agree less than the map allows", WEAK)],
     "Map and model agree to 2.92 Å (FSC 0.5), with care: 9 % of the residues agree less than the map allows."),
    ({"mask": dict(metrics={}, summary=""), "contour": dict(metrics={})}, [], "No problem was found in the files.")])
def test_the_sentence(documents, found, sentence):
    assert headline.headline(documents, found, 5) == sentence


def test_nothing_evaluated_has_no_verdict():
    assert headline.headline(run(), [], 0) == ""


def test_half_maps_without_a_resolution_take_none_from_the_map():
    documents = dict(run(fsc=None), map_resolution=dict(metrics=dict(median=dict(value=4.0))))
    assert headline.resolution(documents) is None
    assert headline.resolution({"map_resolution": documents["map_resolution"]}) == headline.Resolution(4.0, "map")


@pytest.mark.parametrize("direction, words", [((0, 1, 0), "near y"), ((0.3, 0, 0.954), "near z"), ((0.6, 0, 0.8), "37° from z"),
                                              ((-1, 0.01, 0), "near x")])
def test_directions_are_named_by_the_nearest_axis(direction, words):
    assert headline.near_axis(direction) == words
