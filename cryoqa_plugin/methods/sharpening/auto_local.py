"""Local B-factor sharpening: every place gets the B-factor that makes it clearest, blended without seams."""
from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ...core import banks, fourier, surface
from ...core.fourier import Geometry
from ...core.threads import over_slabs
from . import auto_gains as gains
from .auto_gains import Gain
from .auto_trials import Box, Scoring

_FEWEST = 40                                     # voxels of contour in a window, below which it takes the B-factor of the whole


class Local(NamedTuple):
    """Place of each voxel in the bank, float32 [z, y, x]; the B-factors of the bank (Å²), rising."""

    position: np.ndarray
    b_values: np.ndarray


def windows(shape: Sequence[int], edge: int) -> List[Tuple[slice, slice, slice]]:
    """Boxes that overlap by half and cover a map.

    Parameters
    ----------
    shape
        Voxels of the map (nz, ny, nx).
    edge
        Edge of the boxes in voxels; the map's where that is less.

    Returns
    -------
    list of tuple of slice
        (z, y, x) of each box.
    """
    axes = []
    for n in shape:
        size = min(edge, n)
        count = max(1, int(np.ceil(2 * (n - size) / size)) + 1)
        axes.append([slice(int(a), int(a) + size) for a in np.linspace(0, n - size, count).round()])
    return [(z, y, x) for z in axes[0] for y in axes[1] for x in axes[2]]


def choose(box: Box, b_values: np.ndarray, make: Callable[[float], Gain], edge: int, smooth: float,
           fallback: float) -> np.ndarray:
    """B-factor of every voxel of the box.

    Every window takes the value with the best score; its contour encloses as many voxels of the window as the contour of the whole box
    before sharpening. A Gaussian carries the values between the windows, each weighted by its voxels.

    Parameters
    ----------
    box
        The box of the trials.
    b_values
        B-factors to try (Å²), float64 [n], rising.
    make
        From a B-factor to its filter.
    edge
        Edge of the windows in voxels.
    smooth
        Standard deviation of the Gaussian, in the unit of the voxel size.
    fallback
        B-factor (Å²) of windows whose contour holds less than 40 voxels.

    Returns
    -------
    ndarray
        In Å², float32 [z, y, x].
    """
    places = windows(box.geo.shape, edge)
    first = box.density(gains.one)
    # The contour of the whole box says how much of each window is molecule.
    level = np.float32(surface.threshold_for(first, box.n_voxels))
    counts = np.array([np.count_nonzero(first[p] >= level) for p in places])
    decides = np.flatnonzero(counts >= _FEWEST)
    scores = np.empty((decides.size, b_values.size))
    for i, b in enumerate(b_values):
        data = box.density(make(float(b)))
        box.n_trials += 1
        for row, j in enumerate(decides):
            scores[row, i] = _score(np.ascontiguousarray(data[places[j]]), int(counts[j]), box.scoring)
    total, weight = (np.zeros(box.geo.shape, np.float32) for _ in range(2))
    for row, j in enumerate(decides):
        at = tuple((s.start + s.stop) // 2 for s in places[j])
        total[at] += counts[j] * b_values[int(np.argmax(scores[row]))]
        weight[at] += counts[j]
    return _carried(total, weight, box.geo, smooth, fallback)


def _score(part: np.ndarray, n_voxels: int, scoring: Scoring) -> float:
    if scoring.target == "kurtosis":
        return surface.kurtosis(part)
    return surface.adjusted(surface.surface(part, n_voxels, scoring.part, scoring.most), scoring.region_weight)


def _carried(total: np.ndarray, weight: np.ndarray, geo: Geometry, smooth: float, fallback: float) -> np.ndarray:
    """Weighted mean under a Gaussian, going over to ``fallback`` where nothing is near."""
    total, weight = banks.gaussian(total, geo, smooth), banks.gaussian(weight, geo, smooth)
    # One hundredth of the largest weight: far from all windows the whole map's B-factor takes over smoothly.
    little = np.float32(0.01 * max(float(weight.max()), 1e-12))
    return (total + little * np.float32(fallback)) / (np.maximum(weight, 0) + little)


def blend(ft: np.ndarray, geo: Geometry, local: Local, make: Callable[[float], Gain]) -> np.ndarray:
    """Map that takes in every voxel the linear mean of the two filters of the bank that enclose its own.

    The weights are continuous and add up to 1, so that there are no seams.

    Parameters
    ----------
    ft
        Transform of the map, complex64 [nz, ny, nx // 2 + 1].
    geo
        Its shells.
    local
        The bank, and the place of each voxel in it.
    make
        From a B-factor to its filter.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    out = np.zeros(geo.shape, dtype=np.float32)
    for i in np.flatnonzero(banks.used(local.position, local.b_values.size)):
        data = fourier.inverse(gains.apply(ft, geo, make(float(local.b_values[i]))), geo.shape)

        def work(start: int, stop: int, data: np.ndarray = data, i: int = int(i)) -> None:
            for z in range(start, stop):
                weight = np.maximum(1 - np.abs(local.position[z] - np.float32(i)), 0)
                out[z] += weight * data[z]

        over_slabs(work, geo.shape[0])
    return out


def statistics(values: np.ndarray, inside: np.ndarray) -> Dict[str, float]:
    """Quantiles of a local B-factor inside a mask.

    Parameters
    ----------
    values
        B-factors (Å²), float32 [z, y, x].
    inside
        The mask, bool [z, y, x]; the whole box where it is empty.

    Returns
    -------
    dict of float
        In Å², by result field.
    """
    low, middle, high = np.quantile(values[inside] if inside.any() else values, (0.05, 0.5, 0.95))
    return dict(local_b_low=float(low), local_b_median=float(middle), local_b_high=float(high))
