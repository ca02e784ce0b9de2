"""Signal over noise has a card where it has a meaning, and half-maps without a resolution are no answer to how fine a map is."""
from __future__ import annotations

from cryoqa_plugin.report import assemble, content, section
from cryoqa_plugin.report.blocks import Plot, Text
from cryoqa_plugin.report.sections.half_map_statistics import SECTION
from report_documents import curve, metric, write_run


def _document(**values):
    log = curve([0.1, 0.2, 0.3, 0.4], [2.0, 1.0, 0.0, -1.0], "log10 SSNR", "1/Å", meaning="signal over noise")
    return dict(metrics={n: metric(v) for n, v in values.items()}, curves=dict(log_ssnr=log), tables={}, parameters=dict(rate=0.01))


def test_signal_over_noise_is_said_with_its_information():
    results = {"half_map_statistics": _document(resolution_ssnr_1=2.83, resolution_fdr=2.42, information=279.3)}
    card, = SECTION.cards(results)
    plot, words = card.blocks
    assert isinstance(plot, Plot) and plot.levels == ((0.0, "signal = noise"),) and isinstance(words, Text)
    assert words.text.startswith("Signal and noise are equal at 2.83 Å. The mean map holds 279 kbit of information to 2.42 Å")
    assert [(e.value, e.note) for e in SECTION.estimates(results)] == [(2.83, "SSNR 1"), (2.42, "FDR 1 %")]


def test_where_nothing_can_be_said_there_is_no_card():
    results = {"half_map_statistics": _document(resolution_ssnr_1=None, resolution_fdr=None, information=100.0)}
    assert SECTION.cards(results) == [] == SECTION.estimates(results)


def test_half_maps_without_a_resolution_are_no_answer(tmp_path, documents):
    def fine(folder):
        report = content.compose(assemble.read_results(folder), section.discover())
        return next(q for q in report.questions if q.id == "fine")

    assert fine(write_run(tmp_path / "good", documents)).status != "fail"
    documents[0]["metrics"]["resolution"]["value"] = None
    assert fine(write_run(tmp_path / "void", documents)).status == "fail"
