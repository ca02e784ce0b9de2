"""The steps of the local resolution of a single map: check, mask, noise, bands."""
from __future__ import annotations

from typing import Callable, Dict, NamedTuple, Optional, Tuple, Union

import numpy as np

from ...core import local, shells
from ...core.filters import apply_radial
from ...core.fourier import Geometry, forward, frequencies, geometry, inverse
from ...core.local_gains import local_square
from ...errors import InputError
from ...io.inputs import Inputs, require, require_same_grid
from ..common import check_data, check_mask
from ..resolution.local_fsc_steps import BANDS, LEVEL, Bank
from . import map_resolution_noise as noises

_SMALLEST_BOX = 16
_SMALLEST = 5.0                       # window in Å, unless the overall resolution is coarser
_COARSEST = 5.0                       # the first band, times the overall resolution
_FINEST = 2.0                         # the overall resolution over that of the last band, at most
_FLOOR = 1e-7                         # noise over power, at the least
Say = Callable[[float, str], None]
Facts = Dict[str, Union[float, str, None]]


class Start(NamedTuple):
    """What the bands need: transforms of the map and of its solvent, whitening, resolution and window (Å), and where noise is from."""

    geo: Geometry
    ft: np.ndarray
    ft_solvent: Optional[np.ndarray]
    weight: Optional[np.ndarray]
    amplitude: np.ndarray
    amplitude_solvent: np.ndarray
    trend: Optional[noises.Trend]
    overall: float
    sigma: float
    last: float
    facts: Facts


class _Split(NamedTuple):
    """Transform of the flattened solvent, what it was divided by, float64 [n_shells], overall resolution (Å), course of the noise."""

    ft: np.ndarray
    level: np.ndarray
    overall: float
    trend: noises.Trend


def check(inputs: Inputs) -> None:
    """One sentence when something is wrong with the inputs."""
    require(inputs, "full_map")
    used = {k: m for k, m in inputs.maps().items() if k in ("full_map", "mask")}
    require_same_grid(used)
    for kind, map_ in used.items():
        (check_mask if kind == "mask" else check_data)(map_, kind)
    if min(inputs.full_map.shape) < _SMALLEST_BOX:
        box = " x ".join(str(n) for n in inputs.full_map.shape[::-1])
        raise InputError(f"The map is {box} voxels ({inputs.full_map.path}); local resolution needs at least {_SMALLEST_BOX} along each "
                         "axis. Give the whole map.")


def make_mask(inputs: Inputs) -> Tuple[np.ndarray, str]:
    """The mask, float32 [z, y, x], and where it comes from: ``given``, or ``made`` from the map."""
    if inputs.mask is None:
        from ..masks.mask import MaskParams, compute_mask
        return compute_mask(Inputs(full_map=inputs.full_map), MaskParams()).mask.data, "made"
    if inputs.mask.data.max() < LEVEL:
        raise InputError(f"The mask nowhere reaches {LEVEL:g}, where a voxel counts as inside: its largest value is "
                         f"{inputs.mask.data.max():g} ({inputs.mask.path}); give another one.")
    return inputs.mask.data, "given"


def start(inputs: Inputs, mask: np.ndarray, resolution: Optional[float], window: Optional[float], noise: str) -> Start:
    """Transforms, whitening, resolution and window; ``noise`` is ``auto``, ``solvent`` or ``resolution``."""
    map_ = inputs.full_map
    geo = geometry(map_.shape, map_.voxel_size)
    solvent = noises.find_solvent(map_, mask, window or _SMALLEST)
    facts: Facts = dict(solvent_part=solvent.part, cut_off_part=solvent.cut_off,
                        noise_source="solvent" if noise == "solvent" or noise == "auto" and solvent.enough else "resolution")
    if noise == "solvent" and not solvent.enough:
        raise InputError(f"Only {100 * solvent.part:.2g} % of the box is solvent that was not masked off ({map_.path}), too little to "
                         "measure the noise in; give the map before masking, or its resolution with noise 'resolution'.")
    ft = forward(map_.data)
    power, _, count = shells.power_sums(ft, geo)
    power /= np.maximum(count, 0.5)
    last = noises.last_frequency(power, geo)
    split, overall, amplitude = None, resolution, np.sqrt(power)
    if facts["noise_source"] == "solvent":
        split = _split(map_.data, ft, mask, solvent.weight, geo, last)
        overall = split.overall
    elif overall is None:
        raise InputError(f"The map has no solvent left to measure its noise in ({map_.path}); give the map before masking, or its "
                         "resolution.")
    overall = max(overall, 1 / frequencies(geo)[-1])
    sigma = window or max(_SMALLEST, overall)
    if split is None:
        return Start(geo, ft, None, None, amplitude, amplitude, None, overall, sigma, last, facts)
    return Start(geo, ft, split.ft, solvent.weight, amplitude, amplitude / split.level, split.trend, overall, sigma, last, facts)


def _split(data: np.ndarray, ft: np.ndarray, mask: np.ndarray, weight: np.ndarray, geo: Geometry, last: float) -> _Split:
    """The solvent, once its spectrum was made flat.

    Without flattening, the edge of the weight would carry the strong noise of coarse shells into the weak one of fine shells.
    """
    mean = np.float32((data * weight).sum(dtype=np.float64) / weight.sum(dtype=np.float64))
    sizes = [float(np.vdot(w, w)) for w in (mask, weight)]
    level = noises.smooth_amplitude(forward((data - mean) * weight), geo, last)
    level /= level.max()
    flat = ft.copy()
    flat[0, 0, 0] -= mean * data.size
    apply_radial(flat, geo, 1 / level, beyond=1 / level[-1], out=flat)
    image = inverse(flat, data.shape)
    del flat
    inside = forward(image * mask)
    image *= weight
    trend = _trend(image, weight, geo)
    solvent = forward(image)
    return _Split(solvent, level[:geo.n_shells], noises.overall_resolution(inside, solvent, (sizes[0], sizes[1]), geo), trend)


def _trend(solvent: np.ndarray, weight: np.ndarray, geo: Geometry) -> noises.Trend:
    voxel = [geo.length / (n * s) for n, s in zip(geo.shape, geo.steps)]
    sigma = max(_SMALLEST, 2 * max(voxel))
    grid = local.points(geo.shape, voxel[::-1], sigma)
    cell = float(np.prod([geo.length / (s * m) for s, m in zip(geo.steps, grid.shape)]))
    return noises.radial_trend(local_square(solvent, grid), local_square(weight, grid), noises.radius2(grid, geo),
                               (4 * np.pi * sigma ** 2) ** 1.5 / cell)


def measure_bands(begun: Start, mask: np.ndarray, say: Say) -> Bank:
    """Local powers of all bands and the noise in them, from coarse to fine, up to Nyquist or where the map ends."""
    geo, sigma = begun.geo, begun.sigma
    spacing = max(1 / (BANDS * begun.overall), 1 / geo.length)
    end = min(begun.last - spacing, _FINEST / begun.overall)          # a band that straddles the end is short of solvent
    first = max(2, int(np.ceil(1 / (_COARSEST * begun.overall) / spacing)))
    at = np.arange(first, max(int(end / spacing + 1e-6), first + 2) + 1) * spacing
    grid = local.points(geo.shape, [geo.length / (n * s) for n, s in zip(geo.shape, geo.steps)][::-1], sigma)
    cells, corners = local.needed(mask, LEVEL, grid)
    totals = np.empty((at.size, int(np.count_nonzero(corners))), dtype=np.float32)
    level = np.empty(at.size)
    share = None if begun.weight is None else float(local_square(begun.weight, grid).sum(dtype=np.float64))
    for i, centre in enumerate(at):
        say(0.15 + 0.65 * i / at.size, f"band at {1 / centre:.1f} Å")
        powers = _one_band(begun, grid, centre, spacing)
        totals[i] = powers[0][corners]
        if share is not None:
            level[i] = float(powers[1].sum(dtype=np.float64)) / share
    inside = cells[corners]
    mean = totals[:, inside].mean(axis=1, dtype=np.float64)
    if share is None:
        noise = np.repeat(noises.assumed_noise(mean, at, begun.overall)[:, None], totals.shape[1], axis=1)
    else:
        noise = level[:, None] * _noise_inside(begun, noises.radius2(grid, geo)[corners], mean / level, inside)[None, :]
    return Bank(grid, corners, inside, at, totals, np.maximum(noise.astype(np.float32), _FLOOR * totals), spacing)


def _one_band(begun: Start, grid: local.Points, centre: float, spacing: float) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    geo = begun.geo
    shape = local.cropped_shape(geo, (centre + spacing) * geo.length, grid.sigma)
    out = []
    for ft, amplitude in ((begun.ft, begun.amplitude), (begun.ft_solvent, begun.amplitude_solvent)):
        image = None if ft is None else local.band(ft, geo, centre * geo.length, spacing * geo.length, amplitude, shape)
        out.append(None if image is None else local_square(image, grid))
    return out[0], out[1]


def _noise_inside(begun: Start, squares: np.ndarray, ratio: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Noise at the points over that of the solvent, float64 [v]: its course along the radius and its level inside the mask."""
    factor = begun.trend.at(squares)
    mean = float(factor[inside].mean())
    level = noises.level_inside(ratio / mean)
    begun.facts.update(noise_trend=float(begun.trend.at(np.zeros(1))[0]), noise_spread=begun.trend.spread, noise_level=level * mean)
    return factor * level
