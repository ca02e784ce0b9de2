"""What the header and the values of a map say."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import curves, tables, values
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Values, tables and curves of ``map_info``."""
    document = results["map_info"]
    return curves(document) + values(document) + tables(document)


SECTION = Section(
    id="map_info", title="Map", order=30, asks="file", capability="map_info",
    how_to_read="The statistics are those of the values, not those written in the header. A map that is masked (exactly 0 outside) or "
                "filtered below its voxel size tells less about its noise: keep the unmasked, unfiltered map for validation.",
    render=render)
