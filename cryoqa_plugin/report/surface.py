"""The surface of the map as a mesh to turn in the browser, coloured by the local values of a run on the scales of the page."""
from __future__ import annotations

import gzip
from typing import List, NamedTuple, Optional, Tuple

import numpy as np
from scipy import ndimage

from ..core import isosurface, mesh, shading
from ..io.maps import Map, read_map
from .blocks import PLACES, Bar, Colouring, Picture, Surface
from .local import b_scale, bar, leading, page_scale, value
from .pictures import png
from .scale import OCCUPANCY, SUPPORT, Scale, ramp
from .section import Results

SPACING = 1.5                                    # Å between the voxels that the mesh is made of
MOST_POINTS = 45_000                             # of a mesh: about 420 kB in the page
_WIDTH, _HEIGHT = 640, 570                       # pixels of the picture that stands in, at most
_PLAIN, _GREY = (164, 184, 206), (150, 156, 164)
_UNKNOWN, _CODES = 255, 254
_HUES, _SHADES = 24, 10                          # of the palette of the picture
_SUPPORT = {"audit": "support by the half-maps", "denoise": "support of the denoised map", "locscale": "support of the LocScale map",
            "noise2noise": "support of the map denoised by a network", "density_modify": "support of the modified map"}


class _Net(NamedTuple):
    """A mesh: vertices (x, y, z) in Å from the first voxel of the map, float64 [n, 3], quadrilaterals, int32 [m, 4], and voxels in Å."""

    vertices: np.ndarray
    quads: np.ndarray
    spacing: float


class _Local(NamedTuple):
    """What colours a surface: its name for the choice, its map, and its bar."""

    label: str
    path: str
    scale: Scale
    bar: Bar


def surface(map_: Map, results: Results) -> Optional[Surface]:
    """The mesh of a map at its contour level, or at one chosen from it, with a colouring for each of local resolution, B-factor and
    occupancy that covers the same box; None where there is no surface."""
    level = results.contour()
    net = None if level is None else _net(map_, level)
    if net is None:
        level = _chosen_level(map_)
        net = _net(map_, level)
    if net is None or level is None:
        return None
    locals_ = local_maps(results)
    codes = [_codes(net.vertices, map_, local) for local in locals_]
    colourings = tuple(Colouring(local.label, local.bar, c.tobytes()) for local, c in zip(locals_, codes) if c is not None)
    words = f"Surface at {level:.3g}, {{longest:.0f}} Å long"
    words += f", drawn on {net.spacing:.1f} Å." if net.spacing > 1.05 * SPACING else "."
    alt = f"Surface of the map coloured by {colourings[0].label}" if colourings else "Surface of the map"
    return mesh_block("Where", net.vertices, net.quads, colourings, words, alt)


def mesh_block(title: str, vertices: np.ndarray, quads: np.ndarray, colourings: Tuple[Colouring, ...], caption: str, alt: str) -> Surface:
    """A mesh as a block of the report, with the picture of its first view.

    Parameters
    ----------
    title, caption, alt
        Words; ``{longest}`` in the caption is the longest edge of its box in Å.
    vertices
        In Å, float64 [n, 3], at most 65536 of them.
    quads
        Quadrilaterals, int [m, 4].
    colourings
        Colours of the vertices; the first is that of the picture.
    """
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    longest = float(max((high - low).max(), 1e-6))
    extent = (high - low) / longest
    places = np.round((vertices - low) / longest * PLACES).astype("<u2")
    p = (places / PLACES - extent / 2) @ shading.first_view().T
    reach = 1.04 * np.abs(p[:, :2]).max(axis=0)
    first = np.frombuffer(colourings[0].codes, np.uint8) if colourings else None
    return Surface(title, places.tobytes(), quads.astype("<u2").tobytes(), len(places), len(quads),
                   (float(extent[0]), float(extent[1]), float(extent[2])), (float(reach[0]), float(reach[1])), colourings,
                   Picture(_picture(p, quads, first, reach), alt, ""), caption.format(longest=longest))


def local_maps(results: Results) -> List[_Local]:
    """The support by the half-maps, the local resolution that leads, the local B-factor and the local occupancy, each with the scale that
    the page has for it."""
    out: List[_Local] = []

    def add(capability: str, name: str, label: str, scale: Scale, unit: str, words: str = "Grey: the mask; bracket: its 5–95 %.") -> None:
        path = results.map_file(capability, name)
        if path:
            out.append(_Local(label, path, scale, bar(results[capability], scale, label, unit, words)))

    for one, label in _SUPPORT.items():
        add(one, "support_map", label, SUPPORT, "", "1: the half-maps have the density; 0: they do not.")
    lead = leading(results)
    if lead:
        add(lead, "resolution_map", "local resolution", page_scale(results), "Å")
    if value(results.documents.get("locbfactor", {}), "median") is not None:
        add("locbfactor", "local_bfactor", "local B-factor", b_scale(results), "Å²")
    if "lococcupancy" in results.documents:
        add("lococcupancy", "local_occupancy", "local occupancy", OCCUPANCY, "")
    return out


def _chosen_level(map_: Map) -> float:
    small, _ = isosurface.shrink(map_.data, 96)
    return isosurface.contour_level(isosurface.smooth(small, 0.8))


def _net(map_: Map, level: float) -> Optional[_Net]:
    """The mesh of what is above the level, on voxels of 1.5 Å, or as large as those of the map or as its number of points needs."""
    inside = map_.data > level
    if not inside.any():
        return None
    edges = [np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))[[0, -1]] for axis in range(3)]
    start = np.array([max(0, e[0] - 2) for e in edges])
    part = tuple(slice(s, e[1] + 3) for s, e in zip(start, edges))
    size = np.array(map_.voxel_size, dtype=np.float64)
    data, spacing = map_.data[part], max(SPACING, float(size.max()))
    enclosed = float(np.count_nonzero(inside[part])) / inside[part].size
    for _ in range(6):
        steps = np.maximum(spacing / size[::-1], 1.0)
        vertices, quads = mesh.surface_net(*_resampled(data, steps, level, enclosed))
        if len(vertices) <= MOST_POINTS:
            break
        spacing *= 1.05 * (len(vertices) / MOST_POINTS) ** 0.5
    if not len(quads):
        return None
    return _Net((vertices.astype(np.float64) * steps[::-1] + start[::-1]) * size, _ordered(quads), spacing)


def _ordered(quads: np.ndarray) -> np.ndarray:
    """The quadrilaterals begun at their lowest vertex and sorted by how they lie, so that they differ little from one to the next."""
    turn = (np.argmin(quads, axis=1)[:, None] + np.arange(4)) % 4
    out = np.take_along_axis(quads, turn, axis=1)
    left, right = out[:, 1] - out[:, 0], out[:, 3] - out[:, 0]
    return out[np.lexsort((out[:, 1], out[:, 0], left > right, np.minimum(left, right) > 1))]


def _resampled(data: np.ndarray, steps: np.ndarray, level: float, enclosed: float) -> Tuple[np.ndarray, float]:
    """A map on voxels ``steps`` (z, y, x) times as large, and the level that encloses the same part of it."""
    if steps.max() <= 1.0:
        return np.ascontiguousarray(data, dtype=np.float32), level
    smooth = ndimage.gaussian_filter(data, [0.4 * s if s > 1 else 0.0 for s in steps], mode="nearest", truncate=2.5)
    shape = tuple(int(np.ceil((n - 1) / s)) + 1 for n, s in zip(data.shape, steps))
    small = ndimage.affine_transform(smooth, np.diag(steps), output_shape=shape, order=1, mode="nearest", output=np.float32)
    # What is coarser is flatter: at the level itself thin parts would break off.
    count = int(round(enclosed * data.size / float(np.prod(steps))))
    if not 0 < count < small.size:
        return small, level
    return small, float(np.partition(small, small.size - count - 1, axis=None)[small.size - count - 1])


def _codes(vertices: np.ndarray, map_: Map, local: _Local) -> Optional[np.ndarray]:
    """Places of a local map's values on its scale, uint8 [n]; None when it lies on another box or has no values there."""
    other = read_map(local.path)
    ours, its = (np.array(m.shape[::-1]) * np.array(m.voxel_size) for m in (map_, other))
    if np.abs(ours / its - 1).max() > 0.01:
        return None
    values = mesh.values_at(other.data, vertices, 1 / np.array(other.voxel_size, dtype=np.float64))
    return coded(values, local.scale) if np.isfinite(values).any() else None


def coded(values: np.ndarray, scale: Scale) -> np.ndarray:
    """Places of values, float [n], on a scale, uint8 [n]; 255 of those that are not finite."""
    known = np.isfinite(values)
    part = scale.fraction(np.where(known, values, scale.low))
    return np.where(known, np.round(part * _CODES), _UNKNOWN).astype(np.uint8)


def _picture(p: np.ndarray, quads: np.ndarray, codes: Optional[np.ndarray], reach: np.ndarray) -> bytes:
    """PNG of the first view, as the page draws it; ``p`` float64 [n, 3] are the vertices in the frame of the viewer."""
    scale = min(_WIDTH / 2 / reach[0], _HEIGHT / 2 / reach[1])
    width, height = (int(round(2 * scale * r)) for r in reach)
    known = np.zeros(len(p)) if codes is None else (codes != _UNKNOWN).astype(float)
    place = known * (0.0 if codes is None else codes / _CODES)
    seen, drawn = shading.draw(p, quads, np.stack([place, known], axis=1), scale, (height, width))
    return _painted(seen, *np.moveaxis(drawn, 2, 0), _PLAIN if codes is None else _GREY)


def _painted(seen: np.ndarray, shade: np.ndarray, place: np.ndarray, known: np.ndarray, grey: Tuple[int, int, int]) -> bytes:
    """PNG with a palette of shades of the colours that are there, and of one grey."""
    has = seen & (known >= 0.5)
    place = place / np.maximum(known, 0.5)
    low, high = (float(place[has].min()), float(place[has].max())) if has.any() else (0.0, 1.0)
    dark, bright = (float(shade[seen].min()), float(shade[seen].max())) if seen.any() else (0.0, 1.0)
    colours = np.vstack([ramp(np.linspace(low, high, _HUES)), [grey]])
    palette = np.clip(colours[:, None] * np.linspace(dark, bright, _SHADES)[None, :, None], 0, 255).reshape(-1, 3)
    hue = np.where(has, np.round((place - low) / max(high - low, 1e-9) * (_HUES - 1)), _HUES)
    light = np.round((shade - dark) / max(bright - dark, 1e-9) * (_SHADES - 1))
    clear = len(palette)
    indices = np.where(seen, hue * _SHADES + light, clear).astype(np.uint8)
    return png(indices, np.round(np.vstack([palette, (255, 255, 255)])), clear=clear)


def packed(block: Surface) -> bytes:
    """The arrays of a surface as the page unpacks them: few bytes.

    Vertices stand as differences to the one before, x, y and z after each other. Of a quadrilateral a, b, c, d stand the difference of a
    to that of the one before, b - a, d - a, and what c is off from b + d - a. Each column has its low bytes before its high bytes. Codes
    of the colourings follow, as differences too. All is compressed by gzip.
    """
    places = np.frombuffer(block.vertices, "<u2").reshape(-1, 3).astype(np.int64)
    a, b, c, d = np.frombuffer(block.quads, "<u2").reshape(-1, 4).astype(np.int64).T
    columns = [np.diff(places, axis=0, prepend=0), np.column_stack([np.diff(a, prepend=0), b - a, d - a, c + a - b - d])]
    codes = [np.diff(np.frombuffer(k.codes, np.uint8), prepend=np.uint8(0)).tobytes() for k in block.colourings]
    return gzip.compress(b"".join([_bytes_of(part) for part in columns] + codes), 9, mtime=0)


def _bytes_of(columns: np.ndarray) -> bytes:
    """All low bytes column by column, then all high bytes, of numbers modulo 65536."""
    whole = (columns % 65536).astype("<u2").T
    return (whole & 255).astype(np.uint8).tobytes() + (whole >> 8).astype(np.uint8).tobytes()
