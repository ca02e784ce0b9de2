"""FSC of map and model, after phenix.mtriage."""
from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence, Tuple

from ...study.archive import words
from .. import archive_bars
from ..blocks import Block, Card, Estimate, Percentiles, Plot, Series
from ..draw import curves, paired, resolution_marks, tables, values
from ..section import Results, Section

_TITLE = "FSC of map and model, around the model"
_LABELS = {"fsc_model_near": "map and model", "fsc_model_expected": "expected of a perfect model", "fsc_model_unmasked": "map and model"}
_OF_MODEL = ("model_", "d_model", "b_iso", "b_excess", "atoms_", "reported_", "fsc_model", "d_fsc_expected")


def render(results: Results) -> List[Block]:
    """Resolutions without and in a mask, the other values, the curves that the card leaves out; nothing without a model."""
    document = results["mtriage"]
    shown = _drawn(document)
    if not shown:
        return []
    out = _in_masks(document, True)
    names = [n for n in document["curves"] if "model" in n and n not in shown]
    return out + curves(document, names, title="FSC of map and model without a mask, and in it",
                        marks=resolution_marks(document, *(f"d_fsc_model_05_{n}" for n in ("unmasked", "masked"))))


def render_maps(results: Results) -> List[Block]:
    """Detail of the map and agreement of the half-maps, as Phenix has them."""
    document = results["mtriage"]
    halves = [n for n in document["curves"] if n.startswith("fsc_half")]
    out = _in_masks(document, False) + tables(document, skip=("archive",))
    out += curves(document, halves, title="FSC of the half-maps, not corrected for the mask",
                  marks=resolution_marks(document, "d_fsc_unmasked", "d_fsc_masked"))
    return out + curves(document, [n for n in document["curves"] if "histogram" in n], title="Histogram of the densities", filled=True)


def _in_masks(document: Mapping[str, Any], of_model: bool) -> List[Block]:
    """Values with and without a mask, of the model or of the maps alone."""
    def mine(name: str) -> bool:
        return of_model == (name.startswith(_OF_MODEL) or "_model" in name)

    part = dict(document, metrics={n: m for n, m in document["metrics"].items() if mine(n)})
    table, used = paired(part, "Values with and without the mask")
    return table + values(part, [n for n in part["metrics"] if n not in used and not n.startswith("half_maps_")],
                          title="Other values", folded=bool(used))


def _drawn(document: Mapping[str, Any]) -> Tuple[str, ...]:
    """Names of the curves of the card: near the model, or without a mask where that is all there is."""
    known = document["curves"]
    return tuple(n for n in ("fsc_model_near", "fsc_model_expected") if n in known) or (("fsc_model_unmasked",) * (
        "fsc_model_unmasked" in known))


def cards(results: Results) -> List[Card]:
    """FSC of map and model beside what the half-maps allow, and where it stands in the archive."""
    document = results["mtriage"]
    names = _drawn(document)
    if not names:
        return []
    end = 1 / document["metrics"]["nyquist"]["value"] if document["metrics"].get("nyquist", {}).get("value") else float("inf")
    series = tuple(_series(n, document["curves"][n], end) for n in names)
    lowest = min((v for s in series for v in s.y if v is not None), default=0.0)
    title = _TITLE if "fsc_model_near" in names else "FSC of map and model"
    marks = resolution_marks(document, "d_fsc_model_05_near" if "fsc_model_near" in names else "d_fsc_model_05_unmasked")
    plot = Plot(title, series, "Frequency (1/Å)", "FSC", as_resolution=True, levels=((0.5, "0.5"),),
                marks=tuple((at, said.partition(" Å")[0] + " Å") for at, said in marks), y_range=(max(-1.0, min(-0.1, lowest)), 1.02))
    ranked = _archive(document)
    return [Card(title, (plot, ranked) if ranked else (plot,), 5, 10)]


def _series(name: str, curve: Mapping[str, Any], end: float) -> Series:
    shown = [i for i, x in enumerate(curve["x"]) if x <= end * (1 + 1e-6)]
    return Series(name, _LABELS[name], [curve["x"][i] for i in shown], [curve["y"][i] for i in shown], thin=name == "fsc_model_expected")


def _archive(document: Mapping[str, Any]) -> Optional[Percentiles]:
    """Bars of the mean FSC; what the archive tells of the resolution stands below, for its histogram is coarse."""
    ranks = archive_bars.ranked(document)
    mean = [r for r in ranks if r[0].startswith("mean FSC up")]
    coarse = next((rank for what, _, rank in ranks if what.startswith("resolution")), None)
    said = f"Mean FSC of map and model up to FSC 0.5: {mean[0][1]:.2f}." if mean else ""
    if coarse is not None:
        said += f" Resolution at FSC 0.5: {words(coarse, 'finer')} of all entries; the counts of the archive have wide steps there."
    return archive_bars.bars("Mean FSC among archive entries", mean,
                             f"{said} Counts of CCP-EM Pipeliner 1.6.1 (2026), by Servalcat around the model.")


def estimates(results: Results) -> List[Estimate]:
    """Where the FSC of map and model falls to 0.5."""
    metrics = results["mtriage"]["metrics"]
    choices: Sequence[Tuple[str, str]] = (("d_fsc_model_05_near", "around the model"), ("d_fsc_model_05_unmasked", "no mask"))
    for name, note in choices:
        value = metrics.get(name, {}).get("value")
        if value is not None:
            return [Estimate("model", "FSC 0.5", note, float(value))]
    return []


SECTION = Section(
    id="mtriage_model", title="FSC of map and model", order=67, asks="model", capability="mtriage",
    how_to_read="The curve of map and model should follow the dashed one, which the half-maps allow for a perfect model. Above it the "
                "model is fitted to noise, or its mask is too tight; far below it parts are wrong or missing. The bars place the mean of "
                "the curve among archive entries with a model, all of them and those of similar resolution. They "
                "compare, they do not judge.",
    render=render, cards=cards, estimates=estimates)

SECTIONS = (Section(
    id="mtriage", title="Detail of the map (mtriage)", order=57, asks="fine", capability="mtriage",
    how_to_read="A low-pass at d99 keeps a correlation of 0.99 with the map: how much detail its amplitudes carry. A d99 far finer than "
                "the FSC of the half-maps means a map that was sharpened into noise, or coloured by a mask.",
    render=render_maps), SECTION)
