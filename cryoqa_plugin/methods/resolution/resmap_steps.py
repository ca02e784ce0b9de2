"""What ResMap needs before its tests: inputs checked, mask, spectra of map and noise."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

import numpy as np

from ...core import fourier, shells
from ...errors import InputError
from ...io.inputs import Inputs
from ...io.maps import Map
from ..masks.common import inside_of
from .map_or_halves import about_halves, check, combined

if TYPE_CHECKING:
    from .resmap import ResmapParams

_FLOOR = 1e-6                         # noise over power, at the least: copies have none
_FINEST = {"cryoqa": 2.3, "resmap": 2.2}             # voxels; the filters cannot be centred on less
_COARSEST, _STEP = 10.0, 0.5                         # voxels


@dataclass
class Work:
    """``inside`` and ``solvent`` are bool [z, y, x]; ``power`` and ``noise`` float64 [n_shells], spectra in the mask, at ``at`` (1/Å)."""

    inputs: Inputs
    params: ResmapParams
    grid: Map
    inside: np.ndarray
    solvent: np.ndarray
    mask_source: str
    levels: np.ndarray
    step: float
    at: np.ndarray
    power: np.ndarray
    noise: np.ndarray
    facts: Dict[str, Any] = field(default_factory=dict)
    warnings: List[str] = field(default_factory=list)

    @property
    def halves(self) -> bool:
        """The noise comes from half-maps."""
        return self.inputs.half1 is not None

    def signal(self) -> np.ndarray:
        """The map, float32 [z, y, x]: that given, or the mean of the half-maps, made anew."""
        return combined(self.inputs, np.add) if self.halves else self.inputs.full_map.data

    def difference(self) -> np.ndarray:
        """Half the difference of the half-maps, float32 [z, y, x], made anew."""
        return combined(self.inputs, np.subtract)


def prepare(inputs: Inputs, params: ResmapParams) -> Work:
    """Check the inputs and make what the tests need."""
    halves = check(inputs)
    grid = inputs.half1 if halves else inputs.full_map
    levels, step = _levels(params, grid)
    warnings: List[str] = []
    facts: Dict[str, Any] = {}
    if halves:
        found = about_halves(inputs, warnings)
        facts.update(half_maps_identical=found.identical, half_maps_masked=found.masked)
    soft, source = _mask(inputs, grid, warnings)
    inside, solvent = soft >= 0.5, soft <= 0.01
    if not halves and np.count_nonzero(solvent) < 0.05 * solvent.size:
        raise InputError(f"The mask leaves less than 5 % of the box as solvent, where the noise of a single map is taken from "
                         f"({grid.path}); give a smaller mask, or the half-maps.")
    at, power, noise = _spectra(inputs, grid, soft, halves)
    return Work(inputs, params, grid, inside, solvent, source, levels, step, at, power, noise, facts, warnings)


def _levels(params: ResmapParams, grid: Map) -> Tuple[np.ndarray, float]:
    """Resolutions to test, float64 [n] from fine to coarse in Å, and their step."""
    voxel = float(max(grid.voxel_size))
    least = _FINEST[params.rules] * voxel
    finest, coarsest, step = params.finest or least, params.coarsest or _COARSEST * voxel, params.step or _STEP * voxel
    if finest < 0.999 * least:
        raise InputError(f"The finest resolution is {finest:g} Å, but with voxels of {voxel:g} Å nothing finer than {least:g} Å can be "
                         f"tested ({grid.path}); give at least that.")
    if coarsest <= finest:
        raise InputError(f"The coarsest resolution, {coarsest:g} Å, is not coarser than the finest, {finest:g} Å ({grid.path}); give a "
                         "larger number for the coarsest.")
    widest = 0.5 * min(n * v for n, v in zip(grid.shape, grid.voxel_size[::-1]))
    if coarsest > widest:
        raise InputError(f"The coarsest resolution is {coarsest:g} Å, more than half the shortest edge of the box, {widest:g} Å "
                         f"({grid.path}); give a smaller number.")
    return np.arange(finest, coarsest + 1e-6, step), float(step)


def _mask(inputs: Inputs, grid: Map, warnings: List[str]) -> Tuple[np.ndarray, str]:
    if inputs.mask is not None:
        inside_of(inputs.mask.data, inputs.mask.path)
        return inputs.mask.data, "given"
    from ..masks.mask import MaskParams, compute_mask
    data = combined(inputs, np.add) if inputs.half1 is not None else grid.data
    soft = compute_mask(Inputs(full_map=grid.with_data(data)), MaskParams()).mask.data
    if soft.max() >= 0.5:
        warnings.append(f"No mask was given ({grid.path}); one was made from the map, look at it before you trust the numbers.")
        return soft, "made"
    warnings.append(f"No mask was given and none could be made ({grid.path}): the numbers are those of the whole box.")
    return np.ones(grid.shape, np.float32), "none"


def _spectra(inputs: Inputs, grid: Map, soft: np.ndarray, halves: bool) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies (1/Å), spectrum of the map in the mask and of the noise, float64 [n_shells] each."""
    geo = fourier.geometry(grid.shape, grid.voxel_size)
    signal = combined(inputs, np.add) if halves else grid.data
    power = _spectrum(signal, soft, geo)
    noise = _spectrum(combined(inputs, np.subtract), soft, geo) if halves else _spectrum(signal, 1 - np.clip(soft, 0, 1), geo)
    tiny = 1e-12 * float(power.max())
    return fourier.frequencies(geo), np.maximum(power, tiny), np.maximum(noise, np.maximum(_FLOOR * power, tiny))


def _spectrum(data: np.ndarray, weight: np.ndarray, geo: fourier.Geometry) -> np.ndarray:
    """Power in the part of the box that has a ``weight``, float64 [n_shells]; that of white noise is its variance in a voxel."""
    total = float(weight.sum(dtype=np.float64))
    mean = float((data * weight).sum(dtype=np.float64)) / total
    power, _, count = shells.power_sums(fourier.forward((data - np.float32(mean)) * weight), geo)
    return power / np.maximum(count, 0.5) / float((weight.astype(np.float64) ** 2).sum())
