"""Resolution by direction."""
from __future__ import annotations

from typing import Any, List, Mapping

from .. import sphere
from ..blocks import Block, Picture, Pictures, Text
from ..draw import curves, resolution_marks, split_values, tables
from ..section import Results, Section

_KEY = ("isotropic", "resolution_ratio", "fitted_best", "fitted_middle", "fitted_worst", "regional_ratio", "regional_scatter",
        "resolution_x", "resolution_y", "resolution_z", "resolution_median", "fso_09", "fso_05", "fso_01", "bingham_p",
        "area_ratio", "sphericity", "u_range", "fall_off_ratio")
_AXES = ("fsc_x", "fsc_y", "fsc_z", "fsc_directions")
_ENDS = ("fsc_best", "fsc_worst", "fsc_global")


def render(results: Results) -> List[Block]:
    """The direction sphere, the curves, the occupancy, the axes and the values."""
    document = results["directional_fsc"]
    out = _spheres(document)
    out += curves(document, _AXES, title="FSC along the axes of the box", marks=resolution_marks(document, "resolution_median"))
    out += curves(document, _ENDS, title="FSC of the best and the worst direction")
    out += curves(document, ("fso",), title="Fourier shell occupancy", marks=resolution_marks(document, "fso_05"))
    out += tables(document, skip=("directions",)) + split_values(document, _KEY)
    out += curves(document, ("bingham",), title="Bingham test by shell")
    return out + [Text(f"All {len(document['tables']['directions']['rows'])} directions are in the table 'directions' of the result file.")]


def _spheres(document: Mapping[str, Any]) -> List[Block]:
    found = sphere.directions(document)
    if found is None:
        return []
    axes, values = found
    scale = sphere.limits(values)
    pictures = tuple(Picture(data, f"Resolution of the directions seen {label}", label)
                     for label, data in sphere.hemispheres(axes, values, scale))
    return [Pictures("Resolution by direction", pictures,
                     f"Directions of Fourier space, half a sphere in each disc: the axis in the middle, the directions across it on the "
                     f"rim. The bar runs from {scale[0]:.2f} Å (dark, fine) to {scale[1]:.2f} Å (bright, coarse); grey is not known.")]


SECTION = Section(
    id="directional_fsc", title="Resolution by direction", order=58, question="Is the resolution the same in all directions?",
    capability="directional_fsc",
    how_to_read="Speckle is the scatter of single cones; a bright cap or belt is a direction in which the map is worse. A bright cap with "
                "the rest dark comes from particles seen mostly along that direction. The occupancy falls from 1 to 0 over a narrow range "
                "when all directions are equally good. When the signal itself falls off faster along an axis, the tensor shows it; "
                "when only the noise is larger there, it does not.",
    render=render)
