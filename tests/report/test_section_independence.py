"""The FSC of the solvent is drawn on a scale on which its band can be seen."""
from __future__ import annotations

from cryoqa_plugin.report.blocks import Plot
from cryoqa_plugin.report.section import Results
from cryoqa_plugin.report.sections.independence import SECTION


def _card(values, band):
    n = len(values)
    curve = dict(x=[0.3 + 0.01 * i for i in range(n)], y=values, lower=[-band] * n, upper=[band] * n, x_label="Frequency", x_unit="1/Å",
                 y_label="FSC", y_unit="", meaning="FSC of the solvent")
    metrics = {"half_maps_identical": dict(value=False, unit="", meaning="copies", better="none")}
    document = dict(metrics=metrics, curves={"fsc_solvent": curve}, checks=[], inputs={})
    return SECTION.cards(Results({"half_map_statistics": document}, {}, {}))[0]


def test_a_quiet_solvent_fills_its_plot_and_shared_noise_still_fits():
    plot = _card([0.001, -0.002, 0.001], 0.03).blocks[0]
    assert isinstance(plot, Plot) and plot.y_range == (-0.05, 0.05) and plot.levels == ()
    plot = _card([0.3, 0.31, 0.29], 0.03).blocks[0]
    assert plot.y_range[1] > 0.31 and plot.y_range[0] == -plot.y_range[1]
    assert "3 σ" in plot.series[0].label and plot.series[0].upper == [0.03] * 3
