"""The section of the stability of residues."""
from __future__ import annotations

import pytest

from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.methods.model.model_stability import ModelStabilityParams, compute_model_stability
from cryoqa_plugin.report.blocks import Text, Tracks
from cryoqa_plugin.report.sections.model_stability import SECTION
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study


@pytest.fixture(scope="module")
def document():
    demo = make_demo_data(box=48)
    return to_document(compute_model_stability(Study(half1=demo.half1, half2=demo.half2, model=demo.model), ModelStabilityParams()))


@pytest.mark.heavy
def test_spread_and_distance_are_drawn_along_the_chains(document):
    card, = SECTION.cards({"model_stability": document})
    spread, moved = card.blocks
    assert isinstance(spread, Tracks) and [t.name for t in spread.tracks] == list("ABCD") and spread.levels == (0.3, 0.6)
    assert "Highest: " in spread.caption and moved.levels == (0.6, 1.2) and spread.y_range[0] == 0.0
    said = document["metrics"]["undetermined_words"]["value"]
    assert said and spread.caption.startswith(said)          # voxels of 2.4 Å resolve too little for verdicts
    last = SECTION.render({"model_stability": document})[-1]
    assert isinstance(last, Text) and "residues" in last.text


def test_half_maps_that_allow_no_answer_leave_the_card_out(document):
    empty = dict(document, tables={})
    assert SECTION.cards({"model_stability": empty}) == []
