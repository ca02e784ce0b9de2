"""The local-directional resolution."""
from __future__ import annotations

from typing import List

from .. import sphere
from ..blocks import Bar, Block, Card, Picture, Pictures
from ..draw import curves, split_values, tables
from ..local import page_scale, value
from ..overlay import value_slices
from ..section import Results, Section

_FIRST = ("median", "highest_median", "lowest_median", "radial_median", "tangential_median", "tangential_over_radial", "doa_median",
          "scatter", "resolution_x", "resolution_y", "resolution_z", "regional_ratio", "preference", "preferred")
_COURSES = tuple("course_" + n for n in ("highest", "radial", "tangential", "lowest"))
_HISTOGRAMS = ("histogram", *("histogram_" + n for n in ("highest", "radial", "tangential", "lowest")))


def cards(results: Results) -> List[Card]:
    """Slices of the worst direction of each place, and the medians of all directions as discs."""
    if value(results["monodir"], "median") is None:          # half-maps that can have no resolution, and so no direction
        return []
    scale = page_scale(results)
    title = "Resolution of the worst direction of each place"
    blocks = value_slices(results, "monodir", "lowest", title, scale, "the mean of the half-maps", "Resolution of the worst direction")
    out = [Card(title, (*blocks, Bar("", "Å", scale.low, scale.high, scale.log)), 8, 70)] if blocks else []
    found = sphere.directions(results["monodir"])
    if found is not None:
        pictures = tuple(Picture(data, f"Resolution of the directions seen {label}", label)
                         for label, data in sphere.hemispheres(*found, scale))
        words = "Median over the mask. Half a sphere in each disc: its axis in the middle, the directions across it on the rim."
        out.append(Card("Local resolution of every direction", (Pictures("", pictures), Bar("", "Å", scale.low, scale.high, scale.log,
                                                                                           caption=words)), 5, 40))
        out.append(Card("Local resolution by distance from the box centre", tuple(curves(results["monodir"], _COURSES)), 7, 41))
    return out


def render(results: Results) -> List[Block]:
    """Histograms and values."""
    document = results["monodir"]
    return (curves(document, _HISTOGRAMS, title="Resolution in the mask") + split_values(document, _FIRST)
            + tables(document, skip=("directions",)))


SECTION = Section(
    id="monodir", title="Local resolution by direction", order=78, asks="dirs", capability="monodir",
    how_to_read="Best and worst directions of a voxel always differ, by noise alone by some three times the scatter. A map whose worst "
                "directions are the same all over has too few views across them. Where tangential resolution gets worse than radial with "
                "the distance from the middle, orientations are in error; a few per cent are due to the surface of the molecule, an edge "
                "that is sharp along the radius.",
    render=render, cards=cards)
