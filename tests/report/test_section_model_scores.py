"""The sections of EMRinger and of the geometry of a model."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import density, fourier
from cryoqa_plugin.demo_model import build_model
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.methods.model.emringer import EmringerParams, compute_emringer
from cryoqa_plugin.methods.model.model_geometry import ModelGeometryParams, compute_model_geometry
from cryoqa_plugin.report.blocks import Bands, Plot, Rows, Tracks
from cryoqa_plugin.report.sections import emringer, model_geometry
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study


@pytest.fixture(scope="module")
def model():
    return Model(build_model(36.0, 72.0))


def test_side_chains_along_the_chains(model):
    shape, voxel = (48,) * 3, (1.5,) * 3
    ft = density.model_density_ft(model.elements, model.xyz, model.b_iso + 40, model.occupancy, shape, voxel, (0.0,) * 3)
    study = Study(full_map=Map(fourier.inverse(ft, shape).astype(np.float32), voxel), model=model)
    documents = {"emringer": to_document(compute_emringer(study, EmringerParams()))}
    card, = emringer.SECTION.cards(documents)
    tracks, = card.blocks
    assert isinstance(tracks, Tracks) and [t.name for t in tracks.tracks] == list("ABCD")
    assert all(len(t.values) == 58 for t in tracks.tracks)
    column = [str(c) for c in documents["emringer"]["tables"]["residues"]["columns"]].index("rotameric nearby (%)")
    known = [r[column] for r in documents["emringer"]["tables"]["residues"]["rows"] if r[0] == "B"]
    assert list(tracks.tracks[1].values) == known and "The EMRinger score is" in tracks.caption
    blocks = emringer.SECTION.render(documents)
    assert sum(isinstance(b, Plot) for b in blocks) == 2
    nothing = dict(documents["emringer"], tables={}, curves={})
    assert list(emringer.SECTION.cards({"emringer": nothing})) == []


def test_the_gravest_findings_of_many_are_shown(model):
    structure = model.structure.clone()
    copy = structure[0]["A"].clone()
    copy.name = "Z"
    structure[0].add_chain(copy)
    documents = {"model_geometry": to_document(compute_model_geometry(Study(model=Model(structure)), ModelGeometryParams()))}
    card, = model_geometry.SECTION.cards(documents)
    bands, = card.blocks
    states = {b.name: set(b.states) for b in bands.bands}
    assert isinstance(bands, Bands) and states["A"] == states["Z"] == {"fail"} and states["B"] == {"ok"}
    first = model_geometry.SECTION.render(documents)[0]
    assert isinstance(first, Rows) and first.title == f"The gravest of {len(copy_atoms(copy))} findings" and len(first.rows) == 30
    assert {row[0] for row in first.rows} == {"atoms on top of each other"}


def test_a_model_that_is_well_has_no_table_of_findings(model):
    documents = {"model_geometry": to_document(compute_model_geometry(Study(model=model), ModelGeometryParams()))}
    blocks = model_geometry.SECTION.render(documents)
    assert not any(isinstance(b, Rows) and "inding" in b.title and "residues with" not in b.title for b in blocks)
    assert model_geometry.SECTION.cards(documents)[0].title == "Geometry along the chains"


def copy_atoms(chain):
    """The atoms of a chain, each of which lies on another."""
    return [atom for residue in chain for atom in residue]
