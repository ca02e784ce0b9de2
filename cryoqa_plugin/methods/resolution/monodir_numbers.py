"""The maps, numbers, curves and sentence of the local-directional resolution."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List

import numpy as np

from ...core import local, monodir
from ...results import Curve, Table
from .monodir_steps import LEVEL, Found, Work

if TYPE_CHECKING:
    from .monodir import MonodirParams

_NAMES = ("highest", "lowest", "radial", "tangential")
_PERCENTILES = (5, 25, 50, 75, 95)
_REGION = 25.0                        # degrees
_UNSURE = 0.25                        # part below the threshold from the first band, from which on nothing is said of directions
_SHELL = 3.0                          # Å, of the course over distance
PREFERENCE, RATIO = 0.3, 1.15         # beyond both, some directions are preferred


def values(work: Work, params: MonodirParams, found: Found) -> Dict[str, Any]:
    """Everything the result holds, by name."""
    said = monodir.summarise(found.resolution, work.axes, _radii(work), params.outliers)
    inside = work.mask >= LEVEL
    maps = {n: _voxels(work, getattr(said, part)) for n, part in zip(_NAMES, ("p5", "p95", "radial", "tangential"))}
    maps["doa"] = np.maximum((_voxels(work, said.p83) - _voxels(work, said.p17)) * np.float32(0.5), 0)
    flat = {n: m[inside] for n, m in maps.items()}
    out: Dict[str, Any] = {f"{n}_median": float(np.median(v)) for n, v in flat.items()}
    out.update(_directions(work, found, said), scatter=found.error, beyond=found.beyond, unresolved=found.unresolved,
               tangential_over_radial=float(np.median(flat["tangential"] / flat["radial"])), overall=work.overall,
               outlier_fraction=1 - said.kept, n_directions=len(work.axes), window_used=work.sigma, mask_source=work.mask_source,
               noise_source="solvent of the map" if work.noise is None else "half-maps")
    if work.noise is not None:
        out.update(half_maps_identical=work.identical, half_maps_masked=work.masked)
    out.update(_curves(work, flat, inside))
    rows = [(n, *(float(p) for p in np.percentile(flat[n], _PERCENTILES))) for n in flat]
    out["maps_table"] = Table(("map", *(f"{p} %" for p in _PERCENTILES)), tuple(rows))
    out.update({n: work.grid_map.with_data(m) for n, m in maps.items()})
    return out


def _radii(work: Work) -> np.ndarray:
    """Vectors (x, y, z) from the middle of the box to the points, float64 [v, 3], Å."""
    z, y, x = np.nonzero(work.corners)
    shape, counts, voxel = work.geo.shape, work.points.shape, work.grid_map.voxel_size[::-1]
    at = [(i * n / m - n // 2) * v for i, n, m, v in zip((z, y, x), shape, counts, voxel)]
    return np.stack(at[::-1], axis=1)


def _voxels(work: Work, resolution: np.ndarray) -> np.ndarray:
    frequency = np.ones(work.points.shape)
    frequency[work.corners] = 1 / resolution
    return local.spread(frequency, work.points, work.mask, LEVEL)


def _directions(work: Work, found: Found, said: monodir.Summary) -> Dict[str, Any]:
    """What concerns directions, over the whole mask."""
    axes, inside = work.axes, work.inside[work.corners]
    medians = np.median(found.resolution[:, inside], axis=1)
    close = np.abs(axes @ axes.T) >= np.cos(np.deg2rad(_REGION))
    regions = close @ medians / close.sum(axis=1)
    out = {"resolution_" + n: float(medians[np.abs(axes[:, i]) >= np.cos(np.deg2rad(_REGION))].mean()) for i, n in enumerate("xyz")}
    ratio, preference = float(regions.max() / regions.min()), monodir.cap_distance(said.best, axes)
    out.update(regional_best=float(regions.min()), regional_worst=float(regions.max()), regional_ratio=ratio, preference=preference,
               preferred=bool(preference > PREFERENCE and ratio > RATIO and found.unresolved < _UNSURE))
    rows = tuple((*(float(c) for c in a), float(m), float(b * len(axes))) for a, m, b in zip(axes, medians, said.best))
    return dict(out, directions=Table(("x", "y", "z", "resolution (Å)", "times the even share"), rows))


def _curves(work: Work, flat: Dict[str, np.ndarray], inside: np.ndarray) -> Dict[str, Curve]:
    names = [n for n in _NAMES if n in flat]
    low, high = min(float(flat[n].min()) for n in names), max(float(np.percentile(flat[n], 99.5)) for n in names)
    edges = np.linspace(low * 0.98, high * 1.02 + 0.05, 61)
    out = {}
    for n in names:
        counts = np.histogram(np.minimum(flat[n], edges[-1]), edges)[0]
        out["histogram_" + n] = Curve((edges[1:] + edges[:-1]) / 2, counts / flat[n].size)
    shape, voxel = work.geo.shape, work.grid_map.voxel_size[::-1]
    squares = [((np.arange(m) - m // 2) * v) ** 2 for m, v in zip(shape, voxel)]
    shell = np.concatenate([(np.sqrt((squares[0][z] + squares[1][:, None] + squares[2][None, :])[inside[z]]) / _SHELL).astype(np.int64)
                            for z in range(shape[0])])
    counts = np.bincount(shell)
    kept = np.flatnonzero(counts >= 20)
    for n in names:
        means = np.bincount(shell, flat[n].astype(np.float64))[kept] / counts[kept]
        out["course_" + n] = Curve((kept + 0.5) * _SHELL, means)
    return out


def summary(v: Dict[str, Any]) -> str:
    """One plain sentence."""
    if v.get("half_maps_identical"):
        return "The half-maps are copies of each other and say nothing about the resolution of any direction."
    if v["unresolved"] >= _UNSURE:
        return "Much of the mask does not stand out of the noise in many directions, so that their resolutions mean little."
    if not v["preferred"]:
        return (f"No direction is preferred: a typical voxel has {v['highest_median']:.2f} Å in its best and {v['lowest_median']:.2f} Å in "
                f"its worst directions, and the regions of directions differ by {100 * (v['regional_ratio'] - 1):.0f} %.")
    best, worst = (_axis_words(v["directions"].rows, pick) for pick in (min, max))
    return (f"Some directions are better all over the map: {v['regional_best']:.2f} Å around the direction {best} and "
            f"{v['regional_worst']:.2f} Å around {worst} (x, y, z).")


def _axis_words(rows: Any, pick: Any) -> str:
    """The direction (x, y, z) whose region has the best (``min``) or worst (``max``) mean."""
    axes, medians = np.array([r[:3] for r in rows]), np.array([r[3] for r in rows])
    close = np.abs(axes @ axes.T) >= np.cos(np.deg2rad(_REGION))
    regions = close @ medians / close.sum(axis=1)
    axis = axes[int(np.flatnonzero(regions == pick(regions))[0])]
    return "(" + ", ".join(f"{round(float(c), 2) + 0.0:.2f}" for c in axis) + ")"


def warnings(work: Work, v: Dict[str, Any]) -> List[str]:
    """Sentences about what makes the numbers doubtful."""
    out = []
    if work.mask_source == "made":
        out.append("No mask was given: one was made from the map; look at it, or give a mask.")
    if work.mask_source == "none":
        out.append("No mask was given and none could be made: the numbers are those of the whole box.")
    if work.masked:
        out.append("The half-maps are masked: near the edge of that mask the numbers are those of what it left.")
    if work.noise is None:
        out.append("With a single map the noise is that of the solvent; a map that was masked, filtered or sharpened locally has no such "
                   "noise in the molecule. Half-maps are surer.")
    return out
