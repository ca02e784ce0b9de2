"""The steps of the local-directional resolution: check, mask and noise, bands of one direction, fit."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import local, local_fit, monodir
from ...core.directions import half_directions
from ...core.fourier import Geometry, forward, geometry
from ...core.threads import over_slabs
from ...errors import InputError
from ...io.inputs import Inputs
from ...io.maps import Map
from . import local_fsc_steps as shared
from .map_or_halves import check

if TYPE_CHECKING:
    from .monodir import MonodirParams

LEVEL = 0.5                           # a voxel is inside where the mask is at least this
BISECTIONS = {"21": 1, "81": 2, "321": 3}
_BANDS = 16                           # from 0 to the overall resolution, at least one shell apart
_COARSEST = (5.0, 2.5)                # the first band, times the overall resolution: half-maps, single map (coarse waves reach solvent)
_FINEST = 2.0                         # the last band, as a part of the overall frequency
_WINDOW = (5.0, 2.0, 1.5)             # least window in Å; in overall resolutions; in those guessed of a single map
_NOISE_WINDOW = 3.0                   # window of the noise over that of the signal
_FREQUENCY_WINDOW = 0.15              # standard deviation in frequency of the local fit, as a part of the frequency
_CONE_PART = 2 / 3                    # coefficients that a soft cone counts, over those of a hard one
_SOLVENT = (0.02, 0.1)                # the mask around a point of the solvent: wanted, and accepted
_FLOOR = 1e-7                         # noise over power, at the least: copies have none
Say = Callable[[float, str], None]


class Work(NamedTuple):
    """Transforms of the map and, of half-maps, of half their difference (complex64 [nz, ny, nx // 2 + 1]); the mask float32 [z, y, x];
    points: ``inside`` the mask, ``corners`` where resolutions are kept, ``solvent`` where a single map has its noise (bool [mz, my, mx]);
    ``at`` float64 [bands] in 1/Å, ``spacing`` apart; ``axes`` float64 [n, 3] (x, y, z)."""

    grid_map: Map
    geo: Geometry
    signal: np.ndarray
    noise: Optional[np.ndarray]
    mask: np.ndarray
    mask_source: str
    overall: float
    sigma: float
    points: local.Points
    inside: np.ndarray
    corners: np.ndarray
    solvent: np.ndarray
    at: np.ndarray
    spacing: float
    axes: np.ndarray
    identical: bool
    masked: bool

    @property
    def edges(self) -> List[float]:
        """Edges of the box along z, y, x in Å."""
        return [self.geo.length / s for s in self.geo.steps]


class Found(NamedTuple):
    """Resolution (Å) of each direction at each point of ``corners``, float32 [n, v]; the standard error of a typical one (Å); the parts
    of the directions and points inside the mask that are above the threshold up to the last band, and below it from the first."""

    resolution: np.ndarray
    error: Optional[float]
    beyond: float
    unresolved: float


def prepare(inputs: Inputs, params: MonodirParams) -> Work:
    """Check the inputs and make what the bands need."""
    halves = check(inputs)
    if halves:
        begun = shared.start(inputs)
        one, two, geo, grid_map = begun.f1, begun.f2, begun.geo, inputs.half1
        signal, noise = (one + two) * np.float32(0.5), (one - two) * np.float32(0.5)
        overall, identical, masked = params.resolution or begun.overall, begun.identical, begun.masked
        mask, source = shared.make_mask(inputs)
        del begun, one, two
    else:
        grid_map = inputs.full_map
        geo = geometry(grid_map.shape, grid_map.voxel_size)
        signal, noise, identical, masked = forward(grid_map.data), None, False, False
        overall = params.resolution or 3 * float(max(grid_map.voxel_size))
        mask, source = _mask_of_map(inputs)
    guessed = not (halves or params.resolution)
    sigma = params.window or max(_WINDOW[0], _WINDOW[2 if guessed else 1] * overall)
    points = local.points(geo.shape, grid_map.voxel_size, sigma)
    inside, corners = local.needed(mask, LEVEL, points)
    solvent = inside if halves else _solvent(mask, points, grid_map)
    at, spacing = _bands(geo, overall, _COARSEST[0 if halves else 1])
    return Work(grid_map, geo, signal, noise, mask, source, overall, sigma, points, inside, corners, solvent, at, spacing,
                half_directions(BISECTIONS[params.directions]), identical, masked)


def _mask_of_map(inputs: Inputs) -> Tuple[np.ndarray, str]:
    if inputs.mask is not None:
        return shared.make_mask(inputs)
    from ..masks.mask import MaskParams, compute_mask
    made = compute_mask(Inputs(full_map=inputs.full_map), MaskParams()).mask.data
    if made.max() < LEVEL:
        raise InputError(f"No mask could be made from the map ({inputs.full_map.path}), whose molecule does not stand out; give a mask.")
    return made, "made"


def _solvent(mask: np.ndarray, points: local.Points, map_: Map) -> np.ndarray:
    """Points around which there is no molecule, bool [mz, my, mx], but inside the largest ball of the box."""
    cover = monodir.window_mean(np.asarray(mask, dtype=np.float32), points)
    z, y, x = np.meshgrid(*(np.arange(m) / m - 0.5 for m in points.shape), indexing="ij", sparse=True)
    ball = z * z + y * y + x * x <= 0.25
    out = ball & (cover <= _SOLVENT[0])
    if np.count_nonzero(out) < 0.02 * np.count_nonzero(ball):
        cut = float(np.quantile(cover[ball], 0.05))
        if cut > _SOLVENT[1]:
            raise InputError(f"The mask fills the box ({map_.path}): the mean in a window is at least {cut:.2f} nearly everywhere, so that "
                             "a single map has no solvent to take the noise from. Give a smaller mask or window, or the half-maps.")
        out = ball & (cover <= cut)
    return out


def _bands(geo: Geometry, overall: float, coarsest: float) -> Tuple[np.ndarray, float]:
    spacing = max(1 / (_BANDS * overall), 1 / geo.length)
    nyquist = (geo.n_shells - 1) / geo.length
    first = max(2, int(np.ceil(1 / (coarsest * overall) / spacing)))
    last = int(min(nyquist, _FINEST / overall) / spacing + 1e-6)
    return np.arange(first, max(last, first + 3) + 1) * spacing, spacing


def sweep(work: Work, params: MonodirParams, say: Say) -> Found:
    """The resolution of every direction at every point."""
    n, v = len(work.axes), int(np.count_nonzero(work.corners))
    out, inside = np.empty((n, v), np.float32), work.inside[work.corners]
    errors, ends = [], np.zeros(2)
    for i, axis in enumerate(work.axes):
        say(0.1 + 0.8 * i / n, f"direction {i + 1} of {n}")
        total, noise = _powers(work, axis, np.deg2rad(params.cone))
        found = _fit(work, params, total, noise, inside)
        out[i] = 1 / found.first[0]
        state = found.state[0][inside]
        ends += np.mean(state == 1), np.mean(state == -1)
        error = (found.error / found.first[0] ** 2)[inside]
        errors.append(error[np.isfinite(error)])
    known = np.concatenate(errors)
    return Found(out, float(np.median(known)) if known.size else None, float(ends[0] / n), float(ends[1] / n))


def _powers(work: Work, axis: np.ndarray, cone: float) -> Tuple[np.ndarray, np.ndarray]:
    """Local power of the map along ``axis`` and the part that is noise, float32 [bands, v]."""
    def one(ft: np.ndarray, centre: float) -> np.ndarray:
        return monodir.local_power(ft, work.geo.shape[2], work.edges, axis, cone, centre, work.spacing, work.points)

    def some(start: int, stop: int) -> List[Any]:
        pairs = []
        for centre in work.at[start:stop]:
            power = one(work.signal, centre)
            total = power[work.corners]
            if work.noise is None:
                noise = np.full_like(total, power[work.solvent].mean(dtype=np.float64))
            else:
                noise = one(work.noise, centre)
                noise = (noise if work.masked else local.widen(noise, work.points, _NOISE_WINDOW))[work.corners]
            pairs.append((total, np.maximum(noise, np.maximum(_FLOOR * total, np.float32(1e-37)))))
        return pairs

    pairs = [p for part in over_slabs(some, work.at.size) for p in part]
    return np.array([p for p, _ in pairs]), np.array([q for _, q in pairs])


def _fit(work: Work, params: MonodirParams, total: np.ndarray, noise: np.ndarray, inside: np.ndarray) -> local_fit.LocalCrossings:
    bank = shared.Bank(work.points, work.corners, inside, work.at, total, noise, work.spacing)
    signal, _ = shared.typical_signal(bank)
    count = shared.coefficients(work.at, work.spacing, work.sigma) * (1 - np.cos(np.deg2rad(params.cone))) * _CONE_PART
    width = np.maximum(_FREQUENCY_WINDOW * work.at, 2 * work.spacing)
    return local_fit.local_crossings(total, noise, work.at, signal, np.maximum(count, 1e-3), np.array([params.threshold]), width)
