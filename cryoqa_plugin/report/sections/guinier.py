"""The B-factor by the Guinier plot."""
from __future__ import annotations

from typing import List

from ..before_after import before_after_cards
from ..blocks import Block, Card, Text
from ..draw import curves, split_values
from ..section import Results, Section

_KEY = ("bfactor", "bfactor_error", "r_squared", "fit_from", "fit_to", "bfactor_model", "correlation_model", "bfactor_reference",
        "correlation_reference")


def render(results: Results) -> List[Block]:
    """The values, and the curves beside the Guinier plot."""
    document = results["guinier"]
    return split_values(document, _KEY) + curves(document, [n for n in document["curves"] if not n.startswith("guinier")])


def cards(results: Results) -> List[Card]:
    """The Guinier plot, and the map when one was written."""
    document = results["guinier"]
    metrics = document["metrics"]
    plot = curves(document, [n for n in document["curves"] if n.startswith("guinier")], title="Guinier plot")
    b, error = metrics["bfactor"]["value"], metrics["bfactor_error"]["value"]
    words = [] if b is None or error is None else [Text(f"Amplitudes fall off with B = {-b:.0f} ± {error:.0f} Å² from "
                                                        f"{metrics['fit_from']['value']:.0f} to {metrics['fit_to']['value']:.2f} Å.")]
    out = [Card("Guinier plot", (*plot, *words), 5, 21)] if plot else []
    return out + before_after_cards(results, "guinier", 22, "sharpened", "sharpened")


SECTION = Section(
    id="guinier", title="B-factor", order=88, asks="map",
    capability="guinier",
    how_to_read="The plot should be a falling straight line from about 10 Å to the resolution, parallel to that of a model. A plot that "
                "rises is that of an over-sharpened map; one that bends up at its end is noise, which the weights take away.",
    render=render, cards=cards)
