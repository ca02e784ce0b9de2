"""The B-factor by the Guinier plot."""
from __future__ import annotations

from typing import List

from ..before_after import slices_before_after
from ..blocks import Block
from ..draw import curves, split_values
from ..section import Results, Section

_KEY = ("bfactor", "bfactor_error", "r_squared", "fit_from", "fit_to", "bfactor_model", "correlation_model", "bfactor_reference",
        "correlation_reference")


def render(results: Results) -> List[Block]:
    """The Guinier plot, the values, and the slices when a map was written."""
    document = results["guinier"]
    names = [n for n in document["curves"] if n.startswith("guinier")]
    rest = [n for n in document["curves"] if n not in names]
    return (curves(document, names, title="Guinier plot") + split_values(document, _KEY) + curves(document, rest)
            + slices_before_after(results, "guinier", "sharpened", "B-factor"))


SECTION = Section(
    id="guinier", title="B-factor", order=88, asks="map",
    capability="guinier",
    how_to_read="The plot should be a falling straight line from about 10 Å to the resolution, parallel to that of a model. A plot that "
                "rises is that of an oversharpened map; one that bends up at its end is noise, which the weights take away.",
    render=render)
