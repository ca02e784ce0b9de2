"""What the header and the values of a map say."""
from __future__ import annotations

from typing import List

from ..blocks import Block, Card
from ..draw import curves, tables, values
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Header, percentiles and values of the density, and its curves."""
    document = results["map_info"]
    return tables(document) + values(document) + curves(document, [n for n in document["curves"] if n != "histogram"])


def cards(results: Results) -> List[Card]:
    """The histogram of the densities."""
    plot = curves(results["map_info"], ["histogram"], filled=True)
    return [Card("Histogram of the densities", tuple(plot), 5, 55)] if plot else []


SECTION = Section(
    id="map_info", title="Map", order=30, asks="file", capability="map_info",
    how_to_read="The statistics are those of the values, not those written in the header. A map that is masked (exactly 0 outside) or "
                "filtered below its voxel size shows less of its noise: keep the unmasked, unfiltered map for validation.",
    render=render, cards=cards)
