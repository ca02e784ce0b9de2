"""The noise of a map without half-maps: where its solvent is, how strong it is in each band, and how that changes towards the molecule."""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np
import scipy.ndimage

from ...core import crossing, masks, shells
from ...core.fourier import Geometry, frequencies
from ...core.local import Points
from ...io.maps import Map
from ...study.mask import EDGE, NEAR, contour, filter_resolution
from ...study.solvent import around_flat

_LEAST_PART, _LEAST_WINDOWS = 0.02, 4.0           # solvent that is needed: part of the box, and windows of it
_SURE = 4.0                                       # standard errors of a trend that is believed
LEVEL_RANGE = (0.5, 2.0)                         # how far the noise of the molecule may be from that of the solvent
_SMOOTH = 0.02                                    # 1/Å, over which the spectrum of the solvent is smoothed
_CORNERS, _EMPTY_CORNER = 1.8, 3.0                # shells up to the corners over those up to Nyquist; in ln of amplitudes
_CUT_OFF = 0.03                                   # power over that three shells before, at the most, where a map is cut off
_FLATNESS = 0.6                                   # excess of the last bands over that before them: above it, it is noise
_LEAST_EXCESS = 0.05                              # excess of the last bands that is looked at, of the noise
SNR = 1 / 6                                       # of half-maps that correlate by 0.143
_PLATEAU = 1000.0                                 # SNR of half-maps inside the molecule at the lowest frequencies, where it must be assumed


class Solvent(NamedTuple):
    """Weight of the solvent, float32 [z, y, x], 0..1, its part of the box, and whether this is enough; ``cut_off``: part that is flat."""

    weight: np.ndarray
    part: float
    enough: bool
    cut_off: float


def find_solvent(map_: Map, flat: np.ndarray, mask: np.ndarray, sigma: float) -> Solvent:
    """What is neither in the mask, nor above the contour of the low-passed map, nor cut off; softly ended.

    Within the largest ball of the box when there is enough of it: the corners of reconstructions are not like the rest.

    Parameters
    ----------
    map_
        The map.
    flat
        Where it was cut off, bool [z, y, x].
    mask
        Mask of the molecule, float32 [z, y, x].
    sigma
        Standard deviation (Å) of the window that noise is averaged in.

    Returns
    -------
    Solvent
        Its weight, and whether it is enough.
    """
    voxel = map_.voxel_size
    low = masks.lowpass(map_.data, voxel, filter_resolution(map_))
    taken = masks.extend(low >= contour(low), NEAR, voxel)
    del low
    taken |= mask > 0.01
    cut_off = float(np.count_nonzero(flat)) / flat.size
    taken |= around_flat(flat, map_)
    least = max(_LEAST_PART, _LEAST_WINDOWS * (4 * np.pi * sigma ** 2) ** 1.5 / (map_.data.size * float(np.prod(voxel))))
    reach = min(n * v for n, v in zip(map_.shape, voxel[::-1])) / 2
    round_ = taken | ~masks.ball(map_.shape, voxel, reach)
    for used in (round_, taken):
        weight = 1 - masks.soft_edge(used, EDGE, voxel)
        part = float((weight ** 2).mean(dtype=np.float64))
        if part >= least:
            break
    return Solvent(weight, part, part >= least, cut_off)


def smooth_amplitude(ft: np.ndarray, geo: Geometry, last: float) -> np.ndarray:
    """Root mean square of the shells of a transform, its logarithm smoothed over 0.02 1/Å.

    Shells go on into the corners of the transform.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Its shells.
    last
        Frequency (1/Å) at which the map ends; the amplitude is constant beyond when that is before Nyquist, and in corners that are empty.

    Returns
    -------
    ndarray
        float64 [n], longer than the shells of ``geo``.
    """
    power, _, count = shells.power_sums(ft, geo, np.arange(int(np.ceil(_CORNERS * geo.n_shells))) + 0.5)
    power /= np.maximum(count, 0.5)
    log = 0.5 * np.log(np.maximum(power, max(1e-12 * float(power.max()), 1e-300)))
    log[0] = log[1]
    end = int(last * geo.length + 1e-6)
    level = log[max(1, end - 1)]
    log[end:] = level if end < geo.n_shells - 1 else np.where(log[end:] < level - _EMPTY_CORNER, level, log[end:])
    return np.exp(scipy.ndimage.gaussian_filter1d(log, _SMOOTH * geo.length, mode="nearest"))


def overall_resolution(ft_inside: np.ndarray, ft_solvent: np.ndarray, sizes: Tuple[float, float], geo: Geometry) -> float:
    """Resolution at which the SNR of half-maps inside the mask falls below 1/6.

    Parameters
    ----------
    ft_inside, ft_solvent
        Transforms of the map times mask and times solvent, complex64 [nz, ny, nx // 2 + 1].
    sizes
        Sums of the squares of these two weights.
    geo
        The shells.

    Returns
    -------
    float
        In Å; Nyquist where it never falls so far, 8 times that at the most.
    """
    power = [shells.power_sums(f, geo)[0] / max(n, 1.0) for f, n in zip((ft_inside, ft_solvent), sizes)]
    ratio = (power[0] / np.maximum(power[1], 1e-12 * power[0].max()) - 1) / 2
    first = crossing.find_crossings(frequencies(geo), ratio, SNR, start=2).first
    nyquist = frequencies(geo)[-1]
    return float(1 / min(max(first, nyquist / 8), nyquist)) if np.isfinite(first) else float(1 / nyquist)


def last_frequency(power: np.ndarray, geo: Geometry) -> float:
    """Frequency beyond which a map holds nothing.

    Parameters
    ----------
    power
        Mean power of the shells, float64 [n_shells].
    geo
        The shells.

    Returns
    -------
    float
        In 1/Å: where the power is below 1e-5 of that half-way there, and before the steep fall to it; Nyquist for a map that was not cut.
    """
    n = power.size
    end = n - 1
    while end > n // 4 and power[end] < 1e-5 * power[end // 2]:
        end -= 1
    if end == n - 1 or power[min(end + 3, n - 1)] > _CUT_OFF * power[end]:
        return float(frequencies(geo)[-1])                   # the fall of a strong B-factor, which goes on
    while end > n // 4 and power[end] < 0.1 * power[end - 3]:
        end -= 1
    return float(frequencies(geo)[end])


class Trend(NamedTuple):
    """Course of the noise along the radius, ``exp(slope (r^2 - middle))`` of its mean in the solvent, 1 when that is not significant.

    ``r`` as in :func:`radius2`; ``spread`` is the relative standard deviation over windows of the solvent, the course taken off.
    """

    slope: float
    middle: float
    spread: Optional[float]

    def at(self, squares: np.ndarray) -> np.ndarray:
        """Noise over its mean in the solvent.

        Parameters
        ----------
        squares
            Squared radii as :func:`radius2` gives them, float64 of any shape.

        Returns
        -------
        ndarray
            float64 of that shape, kept within 0.5 and 2.
        """
        low, high = np.log(LEVEL_RANGE)
        return np.exp(np.clip(self.slope * (squares - self.middle), low, high))


def radius2(grid: Points, geo: Geometry) -> np.ndarray:
    """Square of the distance from the box centre over half its shortest edge.

    Parameters
    ----------
    grid
        Points.
    geo
        Shells of the box.

    Returns
    -------
    ndarray
        float64 [mz, my, mx].
    """
    edges = np.array([geo.length / s for s in geo.steps])
    axes = [(np.arange(m) / m - 0.5) * e / (edges.min() / 2) for m, e in zip(grid.shape, edges)]
    return sum(a ** 2 for a in np.meshgrid(*axes, indexing="ij", sparse=True))


def radial_trend(power: np.ndarray, share: np.ndarray, squares: np.ndarray, volume: float) -> Trend:
    """Course of the noise over the solvent, fitted to the logarithm of local powers.

    Parameters
    ----------
    power, share
        Local means of the squares of solvent (flat spectrum) and of its weight, float32 [mz, my, mx].
    squares
        Squared radii there, float64 [mz, my, mx].
    volume
        Points per independent window.

    Returns
    -------
    Trend
        Of slope 0 unless that is four standard errors from it.
    """
    # Windows that hold little solvent tell little of its noise.
    used = share > 0.3
    points = int(np.count_nonzero(used))
    if points < 8:
        return Trend(0.0, 0.0, None)
    weights = share[used].astype(np.float64)
    weights /= weights.sum()
    x, y = squares[used], np.log(np.maximum(power[used] / share[used], 1e-30))
    x, y, middle = x - float(weights @ x), y - float(weights @ y), float(weights @ x)
    var = max(float(weights @ x ** 2), 1e-12)
    slope = float(weights @ (x * y)) / var
    spread = float(np.sqrt(weights @ (y - slope * x) ** 2))
    error = spread / np.sqrt(var * max(points / volume, 1.0))
    return Trend(slope if abs(slope) > _SURE * error else 0.0, middle, spread)


def level_inside(ratio: np.ndarray) -> float:
    """Noise of the molecule over that of the solvent.

    In the last bands a signal falls off; an excess that stays is noise, and so is all of it where the ratio is below 1.

    Parameters
    ----------
    ratio
        Power inside the mask over that of the solvent, float64 [bands].

    Returns
    -------
    float
        At least 0.5; 1 when neither is seen.
    """
    few = max(2, ratio.size // 8)
    if ratio.size < 3 * few:
        return 1.0
    last, before = float(ratio[-few:].mean()), float(ratio[-2 * few:-few].mean())
    if last < 1:
        return max(last, LEVEL_RANGE[0])
    flat = last - 1 > max(_FLATNESS * (before - 1), _LEAST_EXCESS) and abs(last / before - 1) < 0.05
    return last if flat else 1.0


def assumed_noise(power: np.ndarray, at: np.ndarray, resolution: float) -> np.ndarray:
    """Noise of bands when the resolution is all that is known.

    The SNR of the half-maps is taken to fall as ``1000 exp(-k s^2)`` to 1/6 at the resolution.

    Parameters
    ----------
    power
        Mean power of the bands inside the mask, float64 [bands].
    at
        Their frequencies (1/Å), float64 [bands].
    resolution
        Resolution in Å.

    Returns
    -------
    ndarray
        float64 [bands].
    """
    snr = _PLATEAU * np.exp(-np.log(_PLATEAU / SNR) * (at * resolution) ** 2)
    return power / (1 + 2 * snr)
