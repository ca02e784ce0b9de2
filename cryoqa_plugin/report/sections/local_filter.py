"""The locally filtered map."""
from __future__ import annotations

from typing import List

from ..before_after import slices_before_after
from ..blocks import Block
from ..draw import curves, values
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Slices before and after with one scale of grey, the histogram of the resolution, the values."""
    document = results["local_filter"]
    pictures = slices_before_after(results, "local_filter", "filtered", "filter", matched=False)
    return pictures + curves(document, filled=True) + values(document)


SECTION = Section(
    id="local_filter", title="Local filter", order=85, asks="map",
    capability="local_filter",
    how_to_read="Noise should be gone where the resolution is coarse, and detail be there where it is fine, without steps between them. "
                "The map before and after should agree in everything that you build into.",
    render=render)
