"""Is the model fitted to the noise of a half-map."""
from __future__ import annotations

from typing import Any, List, Mapping, Tuple

from ..blocks import Block, Card, Plot, Series, Text
from ..draw import curves, split_values
from ..section import Results, Section

_TITLE = "FSC of the model with each half-map"
_FIRST = ("gap", "gap_error", "gap_sigma", "work", "fsc_average_work", "fsc_average_free", "d_fsc_work_05", "d_fsc_free_05",
          "fsc_work_beyond", "fsc_free_beyond", "gap_beyond", "gap_beyond_error", "resolution")
_DRAWN = ("fsc_work", "fsc_free", "fsc_perfect")


def render(results: Results) -> List[Block]:
    """Values, and the curves that the card leaves out."""
    document = results["model_overfitting"]
    rest = [n for n in document["curves"] if n not in _DRAWN]
    return split_values(document, _FIRST) + curves(document, rest, title="FSC of model and map, and of the half-maps, around the model")


def cards(results: Results) -> List[Card]:
    """The FSC of the model with both half-maps beside that of a perfect model, and what it comes to."""
    document = results["model_overfitting"]
    if not set(_DRAWN) <= set(document["curves"]):
        return []
    known = {n: m["value"] for n, m in document["metrics"].items()}
    series = tuple(_series(n, label, document["curves"][n]) for n, label in zip(_DRAWN, _labels(known)))
    lowest = min((v for s in series for v in s.y if v is not None), default=0.0)
    marks: Tuple[Any, ...] = ((1 / known["resolution"], f"{known['resolution']:.2f} Å"),) if known.get("resolution") else ()
    plot = Plot(_TITLE, series, "Frequency (1/Å)", "FSC", as_resolution=True, levels=((0.5, "0.5"),), marks=marks,
                y_range=(max(-1.0, min(-0.1, lowest)), 1.02))
    return [Card(_TITLE, (plot, Text(document["summary"])), 5, 12)]


def _labels(known: Mapping[str, Any]) -> Tuple[str, str, str]:
    work = str(known.get("work") or "1")
    return f"half-map {work}", f"half-map {'2' if work == '1' else '1'}", "a perfect model"


def _series(name: str, label: str, drawn: Mapping[str, Any]) -> Series:
    return Series(name, label, list(drawn["x"]), list(drawn["y"]), thin=name == "fsc_perfect")


SECTION = Section(
    id="model_overfitting", title="Is the model fitted to noise", order=68, asks="model", capability="model_overfitting",
    how_to_read="A model that was refined against one half-map follows its noise where the restraints allow it, and agrees less well with "
                "the other. The two curves should coincide, and not rise above that of a perfect model. A gap below three standard errors "
                "is no sign of fitted noise. A model that was refined against both half-maps, or against the full map, follows the noise "
                "of both alike and shows no gap: to measure how much a refinement fits to noise, move the atoms at random and refine them "
                "against one half-map.",
    render=render, cards=cards)
