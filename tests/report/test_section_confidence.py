"""The report of a confidence map: what may be concluded, and where the noise was taken from."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin import run
from cryoqa_plugin.core.masks import ball
from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.report.assemble import write_report
from cryoqa_plugin.report.blocks import Bar, KeyRows, Pictures
from cryoqa_plugin.report.section import Results
from cryoqa_plugin.report.sections import confidence
from cryoqa_plugin.results import read_json


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A ball with a smaller one beside it, in noise."""
    folder = tmp_path_factory.mktemp("confidence")
    shape, voxel = (52,) * 3, (2.0,) * 3
    truth = 6 * ball(shape, voxel, 14.0) + np.roll(8 * ball(shape, voxel, 5.0), 13, 0)
    for seed, name in enumerate(("half1", "half2")):
        noisy = truth + np.random.default_rng(seed).standard_normal(shape)
        write_map(str(folder / f"{name}.mrc"), Map(noisy.astype(np.float32), voxel))
    out = folder / "out"
    document = run("confidence", half1=str(folder / "half1.mrc"), half2=str(folder / "half2.mrc"), outdir=str(out))
    return out, document


def _results(made):
    folder, _ = made
    return Results({"confidence": read_json(str(folder / "result.json"))}, {}, {"confidence": str(folder)}, str(folder))


def test_what_may_be_concluded_stands_beside_the_pictures(made):
    pictures, said = confidence.cards(_results(made))
    assert [type(b) for b in pictures.blocks] == [Pictures, Pictures, Bar] and said.title == "What may be concluded"
    rows = {row.label: row for row in next(b for b in said.blocks if isinstance(b, KeyRows)).rows}
    metrics = _results(made)["confidence"]["metrics"]
    assert float(rows["Draw it at"].value) == pytest.approx(metrics["threshold_1_percent"]["value"], rel=1e-3)
    assert "of the mean of the half-maps" in rows["Draw it at"].note
    assert rows["Pieces"].value == str(metrics["pieces"]["value"]) and "beside the largest 1 of density" in rows["Pieces"].note
    assert rows["Noise"].value == "normal distribution"
    assert {row.label: row.status for row in rows.values()} == dict.fromkeys(rows, "ok")


def test_the_page_names_the_pieces(made):
    folder, _ = made
    write_report(str(folder))
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "What may be concluded" in page and "from the largest (Å)" in page and "Standard deviation of the noise over its median" in page
