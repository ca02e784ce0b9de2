"""What both rules of MonoRes start from: parameters, maps, mask, overall resolution, and thresholds of noise."""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.special import ndtri

from ...core import filters, fourier
from ...errors import InputError
from ...params import param
from ...study import Study
from ...study.mask import UsedMask
from .local_resolution import usable_mask
from .noise_source import resolution_of_whole, solvent_outside

_LEAST_START, _LEAST_WINDOW = 10.0, 4.0          # Å
_XMIPP_START = 3.0                               # voxels, in place of a resolution that Xmipp does not ask a map alone for
_START, _WINDOW = 5.0, 1.5                       # in overall resolutions


@dataclass(frozen=True)
class MonoresParams:
    """Parameters of the ``monores`` capability."""

    rules: str = param("cryoqa", "cryoqa: the amplitude is averaged over a window inside the mask before it is tested, and the frequency "
                       "at which it falls is interpolated. xmipp: Xmipp's program voxel by voxel, to compare with its maps.",
                       label="Rules", choices=("cryoqa", "xmipp"))
    resolution: Optional[float] = param(None, "Resolution of the whole map; when empty from the unmasked FSC of the half-maps (0.143), of "
                                        "a single map from the noise of its solvent.", label="Overall resolution", unit="Å", min=0.5,
                                        max=200)
    start: Optional[float] = param(None, "Coarsest resolution looked at; when empty five times the overall resolution, at least 10 Å.",
                                   label="Begin at", unit="Å", min=1, max=1000)
    significance: Optional[float] = param(None, "Part of the noise that a voxel must exceed; when empty 0.99 (xmipp: 0.95).",
                                          label="Significance", min=0.5, max=0.9999)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian over which the amplitude is averaged; when empty 1.5 times "
                                    "the overall resolution, at least 4 Å.", label="Window", unit="Å", min=0.5, max=100,
                                    only_if=("rules", ("cryoqa",)))
    levels: int = param(24, "Number of frequencies looked at, evenly spaced up to 0.49 cycles a voxel.", label="Levels", min=4, max=500,
                        expert=True, only_if=("rules", ("cryoqa",)))
    step: float = param(0.5, "Step between resolutions.", label="Step", unit="Å", min=0.05, max=10, only_if=("rules", ("xmipp",)))
    noise_inside: bool = param(True, "With half-maps, take the noise from the mask alone, and not from the whole box.",
                               label="Noise in the mask", expert=True)
    gaussian_noise: bool = param(False, "Take the threshold from mean and standard deviation of the noise, as if it were Gaussian, "
                                 "instead of from its values.", label="Gaussian noise", expert=True)


class Level(NamedTuple):
    """One frequency of the sweep: resolution (Å), threshold, means of signal and noise, parts still in the race and above."""

    resolution: float
    threshold: float
    signal: float
    noise: float
    active: float
    above: float


class MonoresSweep(NamedTuple):
    """Resolution, float32 [z, y, x] in Å, 0 where there is none; the levels; voxels that never failed; voxels that failed at once."""

    resolution: np.ndarray
    levels: List[Level]
    beyond: int
    unresolved: int


@dataclass(frozen=True)
class MonoresInputs:
    """What a sweep works on.

    ``inside`` and, of a map alone, ``solvent`` are bool [z, y, x]; ``overall`` is the resolution of the whole map (Å).
    """

    study: Study
    params: MonoresParams
    used: UsedMask
    inside: np.ndarray
    solvent: Optional[np.ndarray]
    overall: float

    @property
    def halves(self) -> bool:
        """The noise comes from half-maps."""
        return self.study.has_halves

    @property
    def signal(self) -> np.ndarray:
        """The mean of the half-maps or the map, float32 [z, y, x]."""
        return (self.study.average if self.halves else self.study.full_map).data

    @property
    def shape(self) -> Tuple[int, ...]:
        """Of the box, (z, y, x)."""
        return self.inside.shape

    @property
    def voxel_size(self) -> Tuple[float, ...]:
        """Voxel edges (x, y, z), Å."""
        return self.study.grid.voxel_size

    @property
    def voxel(self) -> float:
        """Longest voxel edge, Å."""
        return float(max(self.voxel_size))

    @property
    def window(self) -> float:
        """Standard deviation of the window of the amplitude, Å."""
        return self.params.window or max(_LEAST_WINDOW, _WINDOW * self.overall)

    @property
    def start(self) -> float:
        """Coarsest resolution looked at, Å."""
        return self.params.start or max(_LEAST_START, _START * self.overall)


def monores_inputs(study: Study, params: MonoresParams) -> MonoresInputs:
    """The inputs of a sweep, checked.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, or ``full_map``, and ``mask``.
    params
        Parameters of the capability.

    Returns
    -------
    MonoresInputs
        With the mask of the Study, made when none was given.

    Raises
    ------
    InputError
        The maps do not fit together, a single map has no solvent, or the sweep would begin at what the voxels hold no more.
    """
    study.check("half1", "half2", "full_map", "mask", least=16, what="local resolution needs")
    used = usable_mask(study)
    solvent = None if study.has_halves else solvent_outside(study, used)
    asked = params.resolution
    if asked is None and params.rules == "xmipp" and not study.has_halves:
        asked = _XMIPP_START * max(study.grid.voxel_size)    # where the program's sweep over a map alone begins
    made = MonoresInputs(study, params, used, used.inside, solvent, resolution_of_whole(study, asked))
    finest = 2 * made.voxel
    # A tenth above: a sweep of one level tells nothing.
    if made.start <= 1.1 * finest:
        raise InputError(f"The sweep would begin at {made.start:g} Å, but voxels of {made.voxel:g} Å hold nothing finer than {finest:g} Å "
                         f"({study.grid.place}); begin at a larger number.")
    return made


def real_gaussian(data: np.ndarray, voxel_size: Sequence[float], sigma: float) -> np.ndarray:
    """A map smoothed as Xmipp does: times ``exp(-pi^2 sigma^2 u^2)`` in Fourier space.

    ``u`` is in cycles a voxel, so that the true standard deviation is ``sigma / sqrt 2`` voxels.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    sigma
        What the program calls sigma, in voxels.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    geo = fourier.geometry(data.shape, voxel_size)
    at = np.arange(0, 2.0 * geo.n_shells, 1 / 32)
    profile = np.exp(-(np.pi * sigma * at * max(voxel_size) / geo.length) ** 2)
    ft = fourier.forward(data)
    filters.apply_radial(ft, geo, profile, at=at, out=ft)
    return fourier.inverse(ft, data.shape)


def threshold_of(noise: np.ndarray, significance: float, gaussian: bool) -> Tuple[float, float, float]:
    """Threshold that a part of the noise does not exceed.

    Parameters
    ----------
    noise
        Amplitudes, float32 [n].
    significance
        The part, 0 to 1.
    gaussian
        Take ``mean + z sd`` in place of the value at rank ``int(n significance)``.

    Returns
    -------
    float, float, float
        Threshold, and mean and variance of the amplitudes.
    """
    mean, variance = float(noise.mean(dtype=np.float64)), float(noise.var(dtype=np.float64))
    if gaussian:
        return mean + float(ndtri(significance)) * np.sqrt(variance), mean, variance
    rank = min(int(noise.size * significance), noise.size - 1)
    return float(np.partition(noise, rank)[rank]), mean, variance
