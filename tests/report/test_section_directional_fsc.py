"""The directions of the report: discs on the scale of the page, the noise in the open only where a check speaks of it."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core.directions import half_directions
from cryoqa_plugin.report.blocks import Bar, Pictures
from cryoqa_plugin.report.section import Results
from cryoqa_plugin.report.sections import directional_fsc as section
from report_documents import check, curve, document, metric


def result(status):
    axes = half_directions(2)
    rows = [[*map(float, a), 3.0 + 0.1 * float(a[2]) ** 2, 0.9, 1.0] for a in axes]
    f = np.arange(1, 17) / 48
    y = 1 / (1 + np.exp((f - 0.2) * 40))
    judged = dict(check(status, "The noise."), metric="noise_ratio")
    return document("directional_fsc", "Directions", {}, checks=[judged],
                    metrics={"resolution_global": metric(3.0), "regional_best": metric(2.98), "regional_worst": metric(3.08),
                             "resolution_x": metric(3.01), "cfar": metric(0.9, ""), "sphericity": metric(0.99, "")},
                    curves={"fsc_directions": curve(f, y, lower=list(y - 0.05), upper=list(y + 0.05)), "fsc_x": curve(f, y)},
                    tables={"directions": dict(columns=["x", "y", "z", "resolution", "area", "noise"], rows=rows, meaning="m")})


@pytest.mark.parametrize("status, shown", [("ok", 1), ("warn", 2)])
def test_the_noise_stands_open_where_a_check_speaks_of_it(status, shown):
    results = Results({"directional_fsc": result(status)}, {}, {})
    discs, plot = section.cards(results)
    assert sum(isinstance(b, Pictures) for b in discs.blocks) == shown
    assert sum(isinstance(b, Pictures) for b in section.render(results)) == 2 - shown
    assert (discs.width, plot.width) == (5, 7)


def test_scale_bracket_and_curves_are_those_of_the_result():
    discs, plot = section.cards(Results({"directional_fsc": result("ok")}, {}, {}))
    bar = next(b for b in discs.blocks if isinstance(b, Bar))
    assert (bar.low, bar.high, bar.log) == (pytest.approx(2.4), pytest.approx(4.8), True) and bar.bracket == (2.98, 3.08)
    assert "0.90" in bar.caption and "0.99" in bar.caption
    assert [s.label for s in plot.blocks[0].series] == [f"median (band: 5–95 % of {len(half_directions(2))} directions)", "x, 3.01 Å"]
    assert plot.blocks[0].series[0].lower is not None and plot.blocks[0].wide
