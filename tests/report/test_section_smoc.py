"""The sections of the scores along the chains, on made-up data."""
from __future__ import annotations

from dataclasses import replace

import pytest

from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.methods.model.fsc_q import FscQParams, compute_fsc_q
from cryoqa_plugin.methods.model.smoc import SmocParams, compute_smoc
from cryoqa_plugin.report.blocks import Percentiles, Tracks
from cryoqa_plugin.report.sections import fsc_q, smoc
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study


@pytest.fixture(scope="module")
def study():
    demo = make_demo_data(box=48)
    return Study(half1=demo.half1, half2=demo.half2, model=demo.model)


def test_what_the_residues_lack_is_drawn_along_the_chains(study):
    document = to_document(compute_fsc_q(study, FscQParams()))
    card, = fsc_q.SECTION.cards({"fsc_q": document})
    tracks, = card.blocks
    assert isinstance(tracks, Tracks) and [t.name for t in tracks.tracks] == list("ABCD") and tracks.levels == (-0.15, 0.0, 0.15)
    assert "Lowest: " in tracks.caption and fsc_q.SECTION.render({"fsc_q": document})


def test_half_maps_that_allow_no_answer_leave_the_card_out(study):
    copies = study.with_(half2=replace(study.half1, path="copy.mrc"))
    document = to_document(compute_fsc_q(copies, FscQParams()))
    assert fsc_q.SECTION.cards({"fsc_q": document}) == [] and fsc_q.SECTION.render({"fsc_q": document})


def test_windows_and_the_archive_share_a_card(study):
    document = to_document(compute_smoc(study, SmocParams()))
    card, = smoc.SECTION.cards({"smoc": document})
    tracks, *bars = card.blocks
    mean = document["metrics"]["centred_mean"]["value"]
    assert isinstance(tracks, Tracks) and f"Mean {mean:.2f}. Lowest: " in tracks.caption
    assert all(isinstance(b, Percentiles) for b in bars) and smoc.SECTION.render({"smoc": document})
