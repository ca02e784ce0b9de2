"""What MonoRes needs before its sweep: inputs checked, mask, mean and difference of the half-maps, global resolution."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Tuple

import numpy as np
from scipy.special import ndtri

from ...core import crossing, filters, fourier, shells
from ...errors import InputError
from ...io.inputs import Inputs
from ...io.maps import Map
from ..masks.common import inside_of
from .map_or_halves import about_halves, check, combined

if TYPE_CHECKING:
    from .monores import MonoresParams


class Level(NamedTuple):
    """One frequency of the sweep: resolution (Å), threshold, means of signal and noise, parts still in the race and above."""

    resolution: float
    threshold: float
    signal: float
    noise: float
    active: float
    above: float


class Found(NamedTuple):
    """Resolution, float32 [z, y, x] in Å, 0 where there is none; the levels; voxels that never failed; voxels that failed at once."""

    resolution: np.ndarray
    levels: List[Level]
    beyond: int
    unresolved: int


@dataclass
class Work:
    """``inside`` and ``solvent`` (of a single map) are bool [z, y, x], ``resolution`` is that of the whole map (Å)."""

    inputs: Inputs
    params: MonoresParams
    grid: Map
    inside: np.ndarray
    solvent: np.ndarray
    mask_source: str
    resolution: float
    facts: Dict[str, Any] = field(default_factory=dict)
    warnings: List[str] = field(default_factory=list)

    @property
    def halves(self) -> bool:
        """The noise comes from half-maps."""
        return self.inputs.half1 is not None

    def signal(self) -> np.ndarray:
        """The map, float32 [z, y, x]; the mean of the half-maps is made anew at each call, so that it need not be kept."""
        return combined(self.inputs, np.add) if self.halves else self.inputs.full_map.data

    def noise(self) -> np.ndarray:
        """Half the difference of the half-maps, float32 [z, y, x], made anew."""
        return combined(self.inputs, np.subtract)

    @property
    def voxel(self) -> float:
        """Longest voxel edge, Å."""
        return float(max(self.grid.voxel_size))

    @property
    def window(self) -> float:
        """Standard deviation of the window of the amplitude, Å."""
        return self.params.window or max(4.0, 1.5 * self.resolution)

    @property
    def start(self) -> float:
        """Coarsest resolution looked at, Å."""
        return self.params.start or max(10.0, 5 * self.resolution)


def prepare(inputs: Inputs, params: MonoresParams) -> Work:
    """Check the inputs and make what the sweep needs."""
    halves = check(inputs)
    grid = inputs.half1 if halves else inputs.full_map
    warnings: List[str] = []
    facts: Dict[str, Any] = {}
    if halves:
        found = about_halves(inputs, warnings)
        facts.update(half_maps_identical=found.identical, half_maps_masked=found.masked, half_maps_scale=found.scale)
    resolution = params.resolution or (_global(inputs, warnings) if halves else 3 * float(max(grid.voxel_size)))
    signal = combined(inputs, np.add) if halves else inputs.full_map.data
    inside, solvent, source = _masks(inputs, params, grid, signal, warnings)
    work = Work(inputs, params, grid, inside, solvent, source, resolution, facts, warnings)
    _check_start(work)
    return work


def _global(inputs: Inputs, warnings: List[str]) -> float:
    """Resolution in Å at which the unmasked FSC of the half-maps falls below 0.143."""
    geo = fourier.geometry(inputs.half1.shape, inputs.half1.voxel_size)
    first = fourier.forward(inputs.half1.data)
    sums = shells.cross_sums(first, fourier.forward(inputs.half2.data), geo)
    found = crossing.find_crossings(fourier.frequencies(geo), shells.fsc(sums), 0.143)
    nyquist = 2 * float(max(inputs.half1.voxel_size))
    if found.state == "below":
        warnings.append(f"The FSC of the half-maps is below 0.143 everywhere ({inputs.half1.path}, {inputs.half2.path}); a global "
                        f"resolution of {5 * nyquist:.1f} Å was taken.")
        return 5 * nyquist
    return nyquist if found.state == "never" else max(nyquist, 1 / found.first)


def _masks(inputs: Inputs, params: MonoresParams, grid: Map, signal: np.ndarray,
           warnings: List[str]) -> Tuple[np.ndarray, np.ndarray, str]:
    """Inside, bool [z, y, x]; the solvent of a single map; and where the mask comes from."""
    path = (inputs.mask or grid).path
    file = f" ({path})" if path else ""
    if inputs.mask is not None:
        soft, source = inputs.mask.data, "given"
    elif params.rules == "xmipp":
        soft, source = _xmipp_mask(signal, grid.voxel_size), "made here by Xmipp's rule"
    else:
        from ..masks.mask import MaskParams, compute_mask
        soft, source = compute_mask(Inputs(full_map=grid.with_data(signal)), MaskParams()).mask.data, "made here from the map"
    if inputs.mask is None:
        warnings.append(f"No mask was given{file}; one was made from the map, look at it before you trust the numbers.")
    inside = inside_of(soft, path)
    solvent = soft <= 0.01 if params.rules == "cryoqa" else ~inside
    if not solvent.any():
        solvent = ~inside
    if inputs.half1 is None and not solvent.any():
        raise InputError(f"The mask fills the box{file}, so that a single map has no solvent to take the noise from; give a smaller mask, "
                         "or the half-maps.")
    return inside, solvent, source


def _xmipp_mask(data: np.ndarray, voxel_size: Any) -> np.ndarray:
    smooth = real_gaussian(data, voxel_size, 0.02 * data.shape[2])
    return (smooth >= 0.05 * float(smooth.max())).astype(np.float32)


def real_gaussian(data: np.ndarray, voxel_size: Any, sigma: float) -> np.ndarray:
    """Map times ``exp(-pi^2 sigma^2 u^2)`` in Fourier space, u in cycles a voxel: true standard deviation ``sigma / sqrt 2`` voxels."""
    geo = fourier.geometry(data.shape, voxel_size)
    at = np.arange(0, 2.0 * geo.n_shells, 1 / 32)
    profile = np.exp(-(np.pi * sigma * at * max(voxel_size) / geo.length) ** 2)
    ft = fourier.forward(data)
    filters.apply_radial(ft, geo, profile, at=at, out=ft)
    return fourier.inverse(ft, data.shape)


def _check_start(work: Work) -> None:
    finest = 2 * work.voxel
    if work.start <= 1.1 * finest:
        raise InputError(f"The sweep would begin at {work.start:g} Å, but voxels of {work.voxel:g} Å hold nothing finer than {finest:g} Å "
                         f"({work.grid.path}); begin at a larger number.")


def threshold_of(noise: np.ndarray, significance: float, gaussian: bool) -> Tuple[float, float, float]:
    """Threshold, mean and variance of noise amplitudes, float32 [n]: the value at rank ``int(n significance)``, or mean + z sd."""
    mean, variance = float(noise.mean(dtype=np.float64)), float(noise.var(dtype=np.float64))
    if gaussian:
        return mean + float(ndtri(significance)) * np.sqrt(variance), mean, variance
    rank = min(int(noise.size * significance), noise.size - 1)
    return float(np.partition(noise, rank)[rank]), mean, variance
