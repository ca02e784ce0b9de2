"""Resolution by direction."""
from __future__ import annotations

from typing import Any, List, Mapping

import numpy as np

from .. import sphere
from ..blocks import Block, Picture, Pictures, Text
from ..draw import curves, resolution_marks, split_values, tables
from ..section import Results, Section

_KEY = ("isotropic", "empty_fraction", "noise_ratio", "noise_axis", "noise_axis_error", "fall_off_ratio", "resolution_x", "resolution_y",
        "resolution_z", "resolution_median", "cfar", "resolution_ratio", "fitted_best", "fitted_middle", "fitted_worst", "fso_09", "fso_05",
        "fso_01", "bingham_p", "sphericity", "u_range")
_AXES = ("fsc_x", "fsc_y", "fsc_z", "fsc_directions")
_FINE, _COARSE = 0.8, 1.6                        # times the overall resolution, ends of the scale of the sphere
_NOISE, _NOISE_COLUMN = (0.0, 2.0), 5
_ENDS = ("fsc_best", "fsc_worst", "fsc_global")


def render(results: Results) -> List[Block]:
    """The direction sphere, the curves, the occupancy, the axes and the values."""
    document = results["directional_fsc"]
    out = _spheres(document) + _noise_spheres(document)
    out += curves(document, _AXES, title="FSC along the axes of the box", marks=resolution_marks(document, "resolution_median"))
    out += curves(document, _ENDS, title="FSC of the best and the worst direction")
    out += curves(document, ("fso",), title="Fourier shell occupancy", marks=resolution_marks(document, "fso_05"))
    out += tables(document, skip=("directions",)) + split_values(document, _KEY)
    out += curves(document, ("bingham",), title="Bingham test by shell")
    rows = document["tables"].get("directions", {}).get("rows", [])
    return out + ([Text(f"All {len(rows)} directions are in the table 'directions' of the result file.")] if rows else [])


def _spheres(document: Mapping[str, Any]) -> List[Block]:
    found = sphere.directions(document)
    if found is None:
        return []
    axes, values = found
    overall = document["metrics"]["resolution_global"]["value"] or float(np.nanmedian(values))
    scale = sphere.fixed_limits(values, _FINE * overall, _COARSE * overall)
    pictures = tuple(Picture(data, f"Resolution of the directions seen {label}", label)
                     for label, data in sphere.hemispheres(axes, values, scale))
    return [Pictures("Resolution by direction", pictures,
                     f"Directions of Fourier space, half a sphere in each disc: the axis in the middle, the directions across it on the "
                     f"rim. The bar runs from {scale[0]:.2f} Å (dark, fine) to {scale[1]:.2f} Å (bright, coarse), {_FINE:g} to "
                     f"{_COARSE:g} times the overall resolution or wider; grey has no resolution.")]


def _noise_spheres(document: Mapping[str, Any]) -> List[Block]:
    found = sphere.directions(document, _NOISE_COLUMN)
    if found is None:
        return []
    axes, values = found
    scale = sphere.fixed_limits(values, *_NOISE)
    pictures = tuple(Picture(data, f"Noise of the directions seen {label}", label)
                     for label, data in sphere.hemispheres(axes, values, scale))
    return [Pictures("Noise by direction", pictures,
                     f"Noise power of the half-maps without a mask, over its median. The bar runs from {scale[0]:.2g} (dark) to "
                     f"{scale[1]:.2g} (bright): a bright cap was seen by few views. Grey holds nothing.")]


SECTION = Section(
    id="directional_fsc", title="Resolution by direction", order=58, asks="dirs",
    capability="directional_fsc",
    how_to_read="The noise tells which views are missing, whatever the signal: a bright cap of noise, or a grey one, comes from particles "
                "seen mostly along it. Speckle in the resolutions is the scatter of single cones. The occupancy falls from 1 to 0 over "
                "a narrow range when all directions are equally good. When the signal itself falls off faster along an axis, the tensor "
                "shows it; when only the noise is larger there, it does not.",
    render=render)
