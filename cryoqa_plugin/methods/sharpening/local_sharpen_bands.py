"""The bands of local sharpening: what they say around each point, the gains, and the bands put together again."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import local, local_falloff, local_gains
from ...core.fourier import Geometry
from ...progress import Progress
from ...study import Study
from ...study.mask import INSIDE, UsedMask
from ..local_resolution.local_fsc import coefficients
from .common import OUTPUTS, SharpeningInputs
from .local_sharpen_halves import HalfMapSpectra, Straighten
from .spectrum import usual_bfactor

_WINDOW = 1.5                         # standard deviation of the window over the resolution
_NOISE_WINDOW = 3.0                   # window of the noise over that of the signal
_FLOOR = 1e-7                         # noise over power, at the least: copies have none
_LOST = 0.02                          # half-map signal-to-noise ratio, in the mean, from which on it is extrapolated
_QUIET = 0.04                         # largest local correlation of a band that is noise
_REACH = 2.0                          # frequency at which bands end, times that of the resolution, if they did not end before
_CUT = 0.143                          # FSC of the local resolution
_STEEPEST = 10.0                      # of the local fall-off, in 2 d^2 of B, relative to the overall one
_LEFT_B0 = 1.3                        # B-factor over squared resolution that a map of point atoms is left with
_MOST = 60.0                          # largest exponent of a gain


class LocalSignal(NamedTuple):
    """What is known at the points of ``grid``. Bands lie at ``at`` float64 [n] (1/Å), ``width`` (1/Å) apart, the first at ``width``.

    ``typical`` float64 [n] signal power; ``noise`` float32 [n, v]; ``fall`` the local gain and slope of the signal; ``inside`` bool [v].
    """

    grid: local.Points
    at: np.ndarray
    width: float
    offset: np.ndarray
    typical: np.ndarray
    noise: np.ndarray
    fall: local_falloff.FallOffs
    inside: np.ndarray

    def signal(self, i: int) -> np.ndarray:
        """Power of the signal of a band at the points.

        Parameters
        ----------
        i
            Number of the band.

        Returns
        -------
        ndarray
            float32 [v].
        """
        exponent = self.fall.gain + self.fall.slope * np.float32(self.offset[i])
        return np.float32(self.typical[i]) * np.exp(np.clip(exponent, -20, 20))

    def weight(self, i: int) -> np.ndarray:
        """Part of a band of the mean map that is signal, ``1 / (1 + E^2)``.

        Parameters
        ----------
        i
            Number of the band.

        Returns
        -------
        ndarray
            float32 [v].
        """
        signal = self.signal(i)
        return signal / np.maximum(signal + self.noise[i], np.float32(1e-30))


def choose_window(asked: Optional[float], resolution: float) -> float:
    """Standard deviation of the Gaussian window.

    Parameters
    ----------
    asked
        As asked for, None for 1.5 times the resolution.
    resolution
        Resolution in Å.

    Returns
    -------
    float
        In Å.
    """
    return asked if asked is not None else _WINDOW * resolution


def local_signal(halves: HalfMapSpectra, inputs: SharpeningInputs, used: UsedMask, sigma: float, bands: int,
                 progress: Progress) -> LocalSignal:
    """Local powers of all bands, from coarse to fine, to where nothing is left, and the local fall-off that they show.

    Parameters
    ----------
    halves, inputs
        The half-maps.
    used
        The mask; the typical signal is that in it when it was given, else that of the whole box.
    sigma
        Standard deviation of the window (Å).
    bands
        How many there are up to the resolution.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    LocalSignal
        Of the bands before nothing is left.
    """
    geo, resolution = inputs.geo, inputs.resolution
    nyquist = (geo.n_shells - 1) / geo.length
    width = max(1 / (bands * resolution), 1 / geo.length)
    at = np.arange(1, max(int(min(_REACH / resolution, nyquist) / width + 1e-6), 3) + 1) * width
    grid = local.points(geo.shape, inputs.mean.voxel_size, sigma)
    totals: List[np.ndarray] = []
    noises: List[np.ndarray] = []
    quiet = 0
    for i, centre in enumerate(at):
        progress(0.1 + 0.4 * i / at.size, f"band at {1 / centre:.1f} Å")
        total, noise = _powers(halves, geo, grid, centre, width)
        wide = local.widen(noise, grid, _NOISE_WINDOW)
        signal = np.maximum(local.widen(total, grid, _NOISE_WINDOW) - wide, 0)
        level = float((signal / np.maximum(signal + 2 * wide, 1e-30)).max())
        totals.append(total.ravel())
        noises.append(np.maximum(noise if halves.masked else wide, _FLOOR * max(float(total.max()), 1e-30)).ravel())
        # Twice running, and beyond the resolution: one band may lie in a gap of the spectrum.
        quiet = quiet + 1 if level < _QUIET and centre * resolution > 1 else 0
        if quiet == 2:
            break
    at = at[:len(totals)]
    inside = local.needed(used.data, INSIDE, grid)[0].ravel()
    total, noise = np.array(totals), np.array(noises)
    del totals, noises
    progress(0.5, "local fall-off")
    typical = _typical(at, total, noise, inside if used.source == "given" else np.ones_like(inside))
    offset = (at * resolution) ** 2 - 0.5
    fall = local_falloff.fit(total, noise, typical, coefficients(at, width, sigma), offset)
    np.clip(fall.slope, -_STEEPEST, _STEEPEST, out=fall.slope)
    return LocalSignal(grid, at, width, offset, typical, noise, fall, inside)


def _powers(halves: HalfMapSpectra, geo: Geometry, grid: local.Points, centre: float, width: float) -> np.ndarray:
    shape = local.cropped_shape(geo, (centre + width) * geo.length, grid.sigma)
    a, b = (local.band(f, geo, centre * geo.length, width * geo.length, halves.amplitude, shape) for f in (halves.f1, halves.f2))
    scale = np.float32(np.prod(shape, dtype=np.float64) / np.prod(geo.shape, dtype=np.float64))
    return local.local_powers(a * scale, b * scale, grid)


def _typical(at: np.ndarray, total: np.ndarray, noise: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Mean signal power at the points inside, float64 [n], extrapolated in ``ln SNR`` over frequency squared from where it is lost.

    What is extrapolated is nowhere above what was seen: in noise alone the line may rise.
    """
    level = noise[:, inside].mean(axis=1, dtype=np.float64)
    ratio = total[:, inside].mean(axis=1, dtype=np.float64) / level - 1
    return local_falloff.extrapolated(at, ratio, 2 * _LOST) * level


def extra_bfactor(field: LocalSignal, resolution: float) -> np.ndarray:
    """Local fall-off less the overall one.

    Parameters
    ----------
    field
        What is known at the points.
    resolution
        Resolution in Å.

    Returns
    -------
    ndarray
        B in Å², float32 [v]; positive falls off faster.
    """
    return -2 * np.float32(resolution ** 2) * field.fall.slope


def bfactor_left(asked: Optional[float], target: str, resolution: float, bfactor: float) -> float:
    """Fall-off that the sharpened map keeps: as asked, else by the target, at most what the map has.

    Point atoms: 1.3 d^2 (amplitudes at the resolution d are 28 % lower than theirs, coarser ones hardly), at most 80. Their density:
    :func:`.spectrum.usual_bfactor`.

    Parameters
    ----------
    asked
        As asked for (Å²), None for the rule.
    target
        ``b0`` for point atoms, else their density.
    resolution
        Resolution in Å.
    bfactor
        Fall-off that the map has, in Å².

    Returns
    -------
    float
        B in Å².
    """
    if asked is not None:
        return asked
    return float(np.clip(usual_bfactor(resolution, _LEFT_B0) if target == "b0" else usual_bfactor(resolution), 0, max(bfactor, 0)))


class Gains(NamedTuple):
    """Factors of the bands: ``radial`` float64 [m] at radii ``i / 8`` (shell units) for all of them; ``local`` gives the rest by band."""

    radial: np.ndarray
    field: LocalSignal
    extra: Optional[np.ndarray]
    filter: Optional[Straighten]

    def local(self, i: int) -> np.ndarray:
        """Weight times local sharpening of a band at the points.

        Parameters
        ----------
        i
            Number of the band from 0, where the first of the field is 1.

        Returns
        -------
        ndarray
            float32 [mz, my, mx].
        """
        if i == 0:
            return np.ones(self.field.grid.shape, dtype=np.float32)
        gain = self.field.weight(max(i - 1, 1) if self.field.at.size > 1 else 0)
        if self.extra is not None:
            gain = gain * np.exp(np.clip(self.extra * np.float32(self.field.at[i - 1] ** 2 / 4), -_MOST, _MOST))
        return gain.reshape(self.field.grid.shape)


def gains(field: LocalSignal, halves: HalfMapSpectra, geo: Geometry, resolution: float, target: str, left: float) -> Gains:
    """Gains that undo the fall-off and weight each band.

    Parameters
    ----------
    field
        What is known at the points.
    halves
        The overall fall-off, and the filter of the anisotropy.
    geo
        The shells.
    resolution
        Resolution in Å.
    target
        ``b0`` undoes each place's own fall-off.
    left
        Fall-off that is left, B in Å².

    Returns
    -------
    Gains
        For :func:`apply`.
    """
    n = int(np.ceil((field.at[-1] + field.width) * geo.length * local_gains.FINE)) + 2
    freq = np.arange(n) / local_gains.FINE / geo.length
    radial = np.exp(np.clip(((halves.bfactor or 0.0) - left) * freq ** 2 / 4, -_MOST, _MOST))
    return Gains(radial, field, extra_bfactor(field, resolution) if target == "b0" else None, halves.filter)


def apply(ft: np.ndarray, geo: Geometry, gain: Gains) -> np.ndarray:
    """A map multiplied by its gains.

    Parameters
    ----------
    ft
        Its transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Its shells.
    gain
        Factors of the bands.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    field = gain.field
    width = field.width * geo.length
    centres = np.arange(field.at.size + 1) * width
    shapes = local_gains.band_shapes(geo, centres + width, field.grid.sigma)
    parts: Dict[Tuple[int, int, int], np.ndarray] = {}
    for i, (centre, shape) in enumerate(zip(centres, shapes)):
        profile = local_gains.hann_band(centre, width, gain.radial.size) * gain.radial
        image = local_gains.band_image(ft, geo, profile, shape)
        if shape not in parts:
            parts[shape] = np.zeros(shape, dtype=np.float32)
        local_gains.add_scaled(parts[shape], image, gain.local(i))
    return local_gains.join(parts, geo)


def sharpen(study: Study, inputs: SharpeningInputs, gain: Gains, progress: Progress) -> Dict[str, np.ndarray]:
    """The sharpened maps.

    Parameters
    ----------
    study, inputs
        The maps.
    gain
        Factors of the bands.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    dict
        Float32 [z, y, x] by the name of their output; without a map of its own, ``sharpened`` is the mean of the sharpened half-maps.
    """
    out: Dict[str, np.ndarray] = {}
    kinds = [kind for kind in OUTPUTS if getattr(study, kind) is not None]
    for k, kind in enumerate(kinds):
        progress(0.55 + 0.4 * k / len(kinds), f"sharpening map {k + 1} of {len(kinds)}")
        ft = study.transform(kind)
        out[OUTPUTS[kind]] = apply(ft if gain.filter is None else gain.filter.apply(ft, inputs.geo), inputs.geo, gain)
    if "sharpened" not in out:
        out["sharpened"] = (out["sharpened_half1"] + out["sharpened_half2"]) * np.float32(0.5)
    return out


def resolutions(field: LocalSignal) -> np.ndarray:
    """Local resolution: where the FSC of the half-maps, from the local fall-off, falls below 0.143.

    Parameters
    ----------
    field
        What is known at the points.

    Returns
    -------
    ndarray
        In Å, float32 [v]; 0 where it does so in the first bands.
    """
    first = np.full(field.noise.shape[1], field.at[-1], dtype=np.float32)
    open_ = np.ones(first.size, dtype=bool)
    before = np.ones(first.size, dtype=np.float32)
    for i in range(1, field.at.size):
        signal = field.signal(i)
        fsc = signal / np.maximum(signal + 2 * field.noise[i], np.float32(1e-30))
        falls = open_ & (fsc < _CUT)
        t = (before[falls] - _CUT) / np.maximum(before[falls] - fsc[falls], 1e-9)
        first[falls] = 0 if i == 1 else field.at[i - 1] + t * field.width
        open_ &= ~falls
        before = fsc
    return np.divide(1, first, out=np.zeros_like(first), where=first > 0)
