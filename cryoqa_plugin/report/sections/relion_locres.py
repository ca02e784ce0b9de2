"""The local resolution by the FSC of soft spheres."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..local_resolution import blocks
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "unresolved_fraction", "uncovered_fraction", "random_fsc", "spheres", "spacing", "radius", "edge",
          "threshold", "shells", "mask_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, percentiles, mean curves of the spheres and values."""
    return blocks(results, "relion_locres", ["fsc_spheres", "fsc_random"], _FIRST, by="RELION")


SECTION = Section(
    id="relion_locres", title="Local resolution (RELION)", order=71, question="What does the FSC of soft spheres say?",
    capability="relion_locres",
    how_to_read="Each sphere is wide, and neighbours overlap by most of it: the map shows trends over tens of Å, and its best and worst "
                "values are means over as much. The curve of random phases should be near 0 where the other one falls. Compare with maps "
                "of RELION; the local resolution by the filter bank is the sharper one.",
    render=render)
