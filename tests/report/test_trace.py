"""The chains of a model as a mesh, coloured by the scores of residues."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.report import trace
from cryoqa_plugin.report.blocks import PLACES, Card, Text
from cryoqa_plugin.report.content import compose
from cryoqa_plugin.report.html import environment
from cryoqa_plugin.report.section import Results, Section
from cryoqa_plugin.report.sections import model_view
from cryoqa_plugin.report.svg import bar_svg
from report_documents import document

PLACE = np.array([[2.3 * np.cos(1.745 * i), 2.3 * np.sin(1.745 * i), 1.5 * i] for i in range(20)])


def _pdb(folder, places=PLACE, chains="A"):
    lines, n = [], 0
    for k, chain in enumerate(chains):
        for i, (x, y, z) in enumerate(places + [30.0 * k, 0, 0]):
            n += 1
            lines.append(f"ATOM  {n:5d}  CA  ALA {chain}{i + 1:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 30.00           C")
        lines.append("TER")
    path = folder / "model.pdb"
    path.write_text("\n".join([*lines, "END"]) + "\n")
    return str(path)


def _results(path, rows, **tables):
    columns = ["chain", "number", "residue", "q"]
    document = dict(inputs=dict(model=dict(path=path)), models=dict(scored_model=dict(path="scored_model.cif")),
                    tables=dict(residues=dict(columns=columns, rows=rows)))
    documents = {"q_score": document}
    if tables:
        documents["model_report"] = dict(document, tables=tables)
    return Results(documents, {}, {c: "" for c in documents})


def _rows(values, chain="A"):
    return [[chain, str(i + 1), "ALA", v] for i, v in enumerate(values)]


def test_each_residue_has_the_colour_of_its_score_and_lies_on_its_chain(tmp_path):
    values = np.linspace(0.1, 0.9, 20)
    block = trace.trace(_results(_pdb(tmp_path), _rows([None if i == 5 else v for i, v in enumerate(values)])))
    vertices = np.frombuffer(block.vertices, "<u2").reshape(-1, 3) / PLACES
    codes = np.frombuffer(block.colourings[0].codes, np.uint8).astype(float)
    assert [c.label for c in block.colourings] == ["Q-score"] and len(codes) == len(vertices) == block.n_vertices
    # Along z the codes fall from 254 (bad: red) to 0 (good: blue), and the residue without a value is grey.
    z = vertices[:, 2] * max(PLACE.max(axis=0) - PLACE.min(axis=0)) / 1.0
    assert codes[np.argmin(z)] == 254 and codes[np.argmax(z)] == 0 and (codes == 255).any()
    known = codes < 255
    assert np.corrcoef(z[known], codes[known])[0, 1] < -0.98
    assert "30 Å long" in block.caption or "29 Å long" in block.caption
    assert block.picture.png[:4] == b"\x89PNG"


def test_zones_come_first_and_are_named(tmp_path):
    zones = dict(columns=["chain", "number", "residue", "zone"], rows=_rows(["trust"] * 10 + ["caution"] * 5 + ["omit"] * 5))
    results = _results(_pdb(tmp_path), _rows([0.5] * 20), residues=zones)
    block = trace.trace(results)
    assert [c.label for c in block.colourings] == ["zone", "Q-score"]
    assert set(np.frombuffer(block.colourings[0].codes, np.uint8)) == {0, 170, 254}
    drawn = bar_svg(block.colourings[0].bar)
    assert all(f">{word}<" in drawn for word in ("trust", "caution", "omit")) and ">0.67<" not in drawn
    card, = model_view.SECTION.cards(results)
    assert "Scores on the model" in environment().get_template("blocks.html").module.card(card)


def test_good_is_at_the_left_of_the_bar(tmp_path):
    bar = trace.trace(_results(_pdb(tmp_path), _rows([0.5] * 20))).colourings[0].bar
    drawn = bar_svg(bar)
    at = {float(t.split(">")[1].split("<")[0]): float(t.split('x="')[1].split('"')[0]) for t in drawn.split("<text")[1:]}
    assert at[0.8] < at[0.4] and sum(bar.counts) == 20


def test_without_scores_or_model_there_is_nothing(tmp_path):
    assert trace.trace(Results({}, {}, {})) is None
    assert trace.trace(_results(str(tmp_path / "gone.pdb"), _rows([0.5] * 20))) is None
    assert trace.trace(_results(_pdb(tmp_path, PLACE[:1]), _rows([0.5]))) is None
    assert model_view.SECTION.cards(Results({"model_fit": dict(models={})}, {}, {})) == []


@pytest.mark.parametrize("chains, fewest", [("A", 300), ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij", 1000)])
def test_large_models_are_drawn_coarser(tmp_path, monkeypatch, chains, fewest):
    monkeypatch.setattr(trace, "_MOST", 3000)
    rows = [row for chain in chains for row in _rows([0.5] * 20, chain)]
    block = trace.trace(_results(_pdb(tmp_path, chains=chains), rows))
    assert fewest < block.n_vertices <= 3000 + 3 * len(chains)


@pytest.mark.parametrize("widths, open_", [((7, 5), 2), ((7, 5, 7, 5), 4), ((7, 5, 7), 3)])
def test_the_cards_of_a_model_have_a_second_row_where_they_are_many(tmp_path, widths, open_):
    path = _pdb(tmp_path)
    documents = {"model_fit": document("model_fit", "It fits.", dict(model=dict(path=path, sha256="0")))}
    cards = [Card(f"Card {i}", (Text("Words."),), width, i) for i, width in enumerate(widths)]
    sections = tuple(Section(f"s{i}", f"S{i}", i, "model", "", lambda results: [], "model_fit", cards=lambda results, c=c: [c])
                     for i, c in enumerate(cards))
    report = compose(Results(documents, {}, {"model_fit": str(tmp_path)}), sections)
    question, = [q for q in report.questions if q.id == "model"]
    assert [c.title for c in question.cards] == [f"Card {i}" for i in range(open_)]
