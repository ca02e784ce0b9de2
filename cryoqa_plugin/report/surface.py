"""The surface of the map as a mesh to turn in the browser, coloured by the local maps that a run made."""
from __future__ import annotations

from typing import List, Optional, Tuple

import numpy as np

from ..core import isosurface, mesh
from ..io.maps import Map, read_map
from .blocks import Colouring, Surface, show
from .section import Results

EDGE = 96                                        # voxels along the longest edge of the map that the mesh is made of
MOST_BYTES = 2_200_000                           # of the arrays, which take a third more in the page
_UNITS = ("Å", "Å²")
_UNKNOWN = 255
_CODES = 254


def surface(map_: Map, results: Results) -> Optional[Surface]:
    """The mesh of a map at its contour level, or at one chosen from it, with a colouring for each local map of the results that covers
    the same box; None where there is no surface."""
    found = local_maps(results)
    small = _small_mesh(map_, len(found), results.contour()) or _small_mesh(map_, len(found), None)
    if small is None:
        return None
    vertices, quads, level, edge = small
    colourings = [c for c in (_colouring(vertices, map_, *entry) for entry in found) if c is not None]
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    scale = float(max((high - low).max(), 1e-6))
    places = np.round((vertices - low) / scale * 65535).astype("<u2")
    smoothed = "" if level == results.contour() else " and smoothed a little"
    words = f"The map is shrunk to at most {edge} voxels an edge{smoothed} for this view only; level {show(float(level))}."
    if colourings:
        words += " The colours go from the 2 to the 98 percentile of the values on the surface; grey is where there is none."
    return Surface("The surface to turn", places.tobytes(), quads.astype("<u4" if len(vertices) > 65535 else "<u2").tobytes(),
                   len(vertices), len(quads), tuple(float(v) for v in (high - low) / scale), tuple(colourings), words)


def local_maps(results: Results) -> List[Tuple[str, str, str]]:
    """Label, unit and path of each map of local values (in Å or Å², or ``local_...``) of the results, which is 0 where it has none."""
    out = []
    for capability, document in results.documents.items():
        names = [n for n, m in document.get("maps", {}).items() if m.get("unit") in _UNITS or n.startswith("local_")]
        for name in names:
            path = results.map_file(capability, name)
            if path:
                entry = document["maps"][name]
                title = str(document.get("title", capability))
                out.append((title if len(names) == 1 else f"{title}: {name.replace('_', ' ')}", str(entry.get("unit", "")), path))
    return out


def _small_mesh(map_: Map, n_colourings: int, given: Optional[float]) -> Optional[Tuple[np.ndarray, np.ndarray, float, int]]:
    """Vertices (x, y, z) in Å from the first voxel, quadrilaterals, level, and the edge at which they are few enough for a page.

    Without a level ``given`` the map is smoothed and the level chosen from it.
    """
    edge = EDGE
    while edge >= 24:
        small, step = isosurface.shrink(map_.data, edge)
        level = given
        if level is None:
            small = isosurface.smooth(small, 0.8)
            level = isosurface.contour_level(small)
        vertices, quads = mesh.surface_net(small, level)
        if len(vertices) * (6 + n_colourings) + len(quads) * 4 * (4 if len(vertices) > 65535 else 2) <= MOST_BYTES:
            size = np.array(map_.voxel_size, dtype=np.float64)
            return ((vertices * step + (step - 1) / 2) * size, quads, level, max(small.shape)) if len(quads) else None
        edge = int(min(edge, max(small.shape)) * 0.8)
    return None


def _colouring(vertices: np.ndarray, map_: Map, label: str, unit: str, path: str) -> Optional[Colouring]:
    """The values of a local map on the surface; None when it lies on another box or has no values there."""
    local = read_map(path)
    ours, its = (np.array(m.shape[::-1]) * np.array(m.voxel_size) for m in (map_, local))
    if np.abs(ours / its - 1).max() > 0.01:
        return None
    values = mesh.values_at(local.data, vertices, 1 / np.array(local.voxel_size, dtype=np.float64))
    known = np.isfinite(values)
    if not known.any():
        return None
    low, high = (float(v) for v in np.quantile(values[known], [0.02, 0.98]))
    part = np.clip((np.where(known, values, low) - low) / (high - low if high > low else 1.0), 0, 1)
    codes = np.where(known, np.round(part * _CODES), _UNKNOWN).astype(np.uint8)
    return Colouring(label, unit, low, high, codes.tobytes())
