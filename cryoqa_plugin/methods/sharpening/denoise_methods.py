"""The ways to denoise half-maps: by local Wiener weights, by conditional means, and after LAFTER and SIDESPLITTER."""
from __future__ import annotations

from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.special import erf

from ...core import conditional, filters, fourier, local, local_gains, shells, spiral
from ...core.fourier import Geometry
from ...progress import Progress, part
from ...study import Study
from ...study.mask import INSIDE, UsedMask
from . import local_sharpen_bands as bank
from .common import SharpeningInputs
from .local_sharpen_halves import half_map_spectra

BANDS = 14                            # up to the resolution, as in local sharpening
_BEYOND = 2.0                         # times the resolution's frequency, where the bands of SIDESPLITTER end

Halves = Tuple[np.ndarray, np.ndarray]


class Denoised(NamedTuple):
    """``mean`` float32 [z, y, x] is the denoised map, ``halves`` the denoised half-maps or None.

    ``dependent``: what was done to one half-map depends on the other."""

    mean: np.ndarray
    halves: Optional[Halves]
    dependent: bool


class DenoiseInputs(NamedTuple):
    """Inputs of every way to denoise, the mask, the standard deviation of the window (Å), and whether half-maps are wanted."""

    study: Study
    inputs: SharpeningInputs
    used: UsedMask
    window: float
    halves: bool


def wiener_gains(study: Study, inputs: SharpeningInputs, used: UsedMask, window: float, progress: Progress) -> bank.Gains:
    """Share of signal in each band around every place, without any sharpening.

    Parameters
    ----------
    study, inputs
        The half-maps.
    used
        Where signal is typical.
    window
        Standard deviation of the Gaussian window (Å).
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    Gains
        For :func:`.local_sharpen_bands.apply`.
    """
    spectra = half_map_spectra(study, inputs, None)
    field = bank.local_signal(spectra, inputs, used, window, BANDS, progress)
    return bank.gains(field, spectra, inputs.geo, inputs.resolution, "density", spectra.bfactor or 0.0)


def wiener(work: DenoiseInputs, progress: Progress) -> Denoised:
    """Each band of the mean times the share of signal in it around every place, as local sharpening weights it.

    Parameters
    ----------
    work
        The half-maps.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    Denoised
        The half-maps, where wanted, have the same weights: they are dependent.
    """
    study, geo = work.study, work.inputs.geo
    gain = wiener_gains(study, work.inputs, work.used, work.window, progress)
    progress(0.6, "weighting bands")
    if not work.halves:
        return Denoised(bank.apply(study.transform("average"), geo, gain), None, True)
    one, two = (bank.apply(study.transform(name), geo, gain) for name in ("half1", "half2"))
    return Denoised((one + two) * np.float32(0.5), (one, two), True)


def conditional_means(work: DenoiseInputs, progress: Progress) -> Denoised:
    """What one half-map shows around a place, by what the other one holds there on average.

    Parameters
    ----------
    work
        The half-maps; a mask that was given is where the weights are fitted.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    Denoised
        Both half-maps learned from each other: they are dependent.
    """
    study, geo = work.study, work.inputs.geo
    found = conditional.conditional_means(
        study.transform("half1"), study.transform("half2"), geo, study.grid.voxel_size, study.unmasked_resolution or work.inputs.resolution,
        float(np.mean(work.used.inside)), work.used.data if work.used.source == "given" else None,
        part(progress, 0.1, 0.7))
    progress(0.85, "putting the estimates together")
    halves = conditional.combined(found, geo)
    return Denoised((halves[0] + halves[1]) * np.float32(0.5), halves if work.halves else None, True)


def sidesplitter(work: DenoiseInputs, progress: Progress) -> Denoised:
    """Each half-map by the signal-to-noise ratio that its own local power shows, as SIDESPLITTER does.

    Parameters
    ----------
    work
        The half-maps.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    Denoised
        One number a band, the noise in the largest sphere of the box, is from both half-maps; all that varies from place to place is from
        the half-map alone.
        Where the solvent was taken away the noise is that in the mask, and the half-maps are dependent.
    """
    f1, f2 = work.study.transform("half1"), work.study.transform("half2")
    # Of the noise in the mask alone the result would depend on how the half-maps happen to agree there; but a solvent that was taken
    # away tells nothing.
    cut = work.study.independence.cut
    mask = work.used.data if cut else spiral.inside_sphere(work.inputs.geo.shape).astype(np.float32)
    halves = split_by_own_power(f1, f2, work.inputs.geo, work.study.grid.voxel_size, work.inputs.resolution, work.window, mask,
                                progress)
    return Denoised((halves[0] + halves[1]) * np.float32(0.5), halves, cut)


def lafter(work: DenoiseInputs, progress: Progress) -> Denoised:
    """Voxels weighted by how sure they are no noise, then low-passed where the half-maps stop to agree, as LAFTER does.

    Parameters
    ----------
    work
        The half-maps.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    Denoised
        The map is made of both half-maps; the half-maps are those of the first step, each weighted by its own values.
    """
    geo, sums, study = work.inputs.geo, work.study.half_sums(), work.study
    amplitude = np.sqrt((sums.power1 + sums.power2) / 2 / np.maximum(sums.count, 0.5))
    amplitude[0] = 0                                         # the mean of a map is no signal, and is put back at the end
    even = np.divide(1, amplitude, out=np.zeros_like(amplitude), where=amplitude > 0)
    f1, f2 = (filters.apply_radial(study.transform(name), geo, even) for name in ("half1", "half2"))
    inside = work.used.data >= INSIDE
    halves = suppress_noise(f1, f2, geo, work.inputs.resolution, inside, progress)
    kept = tuple(_like(half, study.transform(name), geo) for half, name in zip(halves, ("half1", "half2"))) if work.halves else None
    mean = _to_agreement(halves, f1, f2, geo, work.inputs.resolution, inside, progress)
    return Denoised(_like(mean, study.transform("average"), geo), kept, False)


def _like(data: np.ndarray, given: np.ndarray, geo: Geometry) -> np.ndarray:
    """A map with each shell scaled to fit that of a given transform best, and with its mean; float32 [z, y, x]."""
    ft = fourier.forward(data)
    sums = shells.cross_sums(ft, given, geo)
    scale = np.divide(sums.cross, sums.power1, out=np.zeros_like(sums.cross), where=sums.power1 > 0)
    filters.apply_radial(ft, geo, np.maximum(scale, 0), out=ft)
    ft[0, 0, 0] = given[0, 0, 0]
    return fourier.inverse(ft, geo.shape)


WAYS: Dict[str, Callable[[DenoiseInputs, Progress], Denoised]] = {
    "wiener": wiener, "conditional": conditional_means, "lafter": lafter, "sidesplitter": sidesplitter}


def _profiles(geo: Geometry, resolution: float, reach: float) -> Iterator[Tuple[float, float, np.ndarray]]:
    """Centre and width in shells and radial profile of bands that add up to 1 as far as ``reach`` times the resolution's frequency."""
    width = max(geo.length / (BANDS * resolution), 1.0)
    last = max(int(min(reach * geo.length / resolution, geo.n_shells - 1) / width + 1e-6), 3)
    size = int(np.ceil((last + 1) * width * local_gains.FINE)) + 2
    for i in range(last + 1):
        yield i * width, width, local_gains.hann_band(i * width, width, size)


def split_by_own_power(f1: np.ndarray, f2: np.ndarray, geo: Geometry, voxel_size: Tuple[float, ...], resolution: float, window: float,
                       mask: np.ndarray, progress: Progress) -> Halves:
    """Half-maps filtered by their own local power.

    Parameters
    ----------
    f1, f2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1].
    geo
        Their shells.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    resolution, window
        Bands go by the resolution; standard deviation of the window of local power; both in Å.
    mask
        Where the noise is measured, float32 [z, y, x].
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    tuple of ndarray
        Sum of the bands, each times ``max(1 - noise / power, 0)``: power in the window of this half-map, noise the mean one of the band;
        float32 [z, y, x] each.
    """
    grid = local.points(geo.shape, voxel_size, window)
    inside = local.needed(mask, INSIDE, grid)[0]
    bands = list(_profiles(geo, resolution, _BEYOND))
    shapes = local_gains.band_shapes(geo, [centre + width for centre, width, _ in bands], grid.sigma)
    parts: List[Dict[Tuple[int, int, int], np.ndarray]] = [{}, {}]
    for i, ((_, _, profile), shape) in enumerate(zip(bands, shapes)):
        progress(0.1 + 0.7 * i / len(bands), f"band {i + 1} of {len(bands)}")
        images = [local_gains.band_image(f, geo, profile, shape) for f in (f1, f2)]
        noise = local_gains.local_square(images[0] - images[1], grid)[inside].mean(dtype=np.float64) / 2
        for image, by_shape in zip(images, parts):
            power = local_gains.local_square(image, grid)
            gain = np.maximum(1 - np.float32(noise) / np.maximum(power, np.float32(1e-30)), 0) if i else np.ones_like(power)
            local_gains.add_scaled(by_shape.setdefault(shape, np.zeros(shape, np.float32)), image, gain)
    return local_gains.join(parts[0], geo), local_gains.join(parts[1], geo)


def suppress_noise(f1: np.ndarray, f2: np.ndarray, geo: Geometry, resolution: float, inside: np.ndarray, progress: Progress) -> Halves:
    """Half-maps whose voxels are weighted, band by band, by how unlikely noise is to reach them.

    Parameters
    ----------
    f1, f2
        Transforms of the half-maps with an even spectrum, complex64 [nz, ny, nx // 2 + 1].
    geo
        Their shells.
    resolution
        Where the bands end (Å).
    inside
        Where the noise is measured, bool [z, y, x].
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    tuple of ndarray
        Sum of the bands, a voxel ``v`` times ``erf(abs(v) / sqrt(2) sigma)``, with the standard deviation of the noise of the band in the
        mask; float32 [z, y, x] each.
    """
    out = np.zeros(geo.shape, np.float32), np.zeros(geo.shape, np.float32)
    for i, (_, _, profile) in enumerate(_profiles(geo, resolution, 1.0)):
        progress(0.1 + 0.35 * i / BANDS, f"noise of band {i + 1}")
        for total, band in zip(out, _weighted(f1, f2, geo, profile, inside, i == 0)):
            total += band
    return out


def _weighted(f1: np.ndarray, f2: np.ndarray, geo: Geometry, profile: np.ndarray, inside: np.ndarray, first: bool) -> Halves:
    """A band of both half-maps, its voxels weighted; the first, which is coarse, as it is."""
    a, b = (local_gains.band_image(f, geo, profile, geo.shape) for f in (f1, f2))
    if not first:
        sigma = float(np.sqrt(np.square(a - b)[inside].mean(dtype=np.float64) / 2))
        for band in (a, b):
            band *= erf(np.abs(band) * np.float32(1 / max(np.sqrt(2) * sigma, 1e-30)))
    return a, b


def _to_agreement(halves: Halves, f1: np.ndarray, f2: np.ndarray, geo: Geometry, resolution: float, inside: np.ndarray,
                  progress: Progress) -> np.ndarray:
    """Mean of the half-maps with every voxel at the finest low-pass at which it exceeds all noise, float32 [z, y, x].

    The noise is half the difference of the half-maps at that low-pass, its largest value in the mask; ``halves`` is used up. What exceeds
    it nowhere stays with the coarsest band."""
    bands = list(_profiles(geo, resolution, 1.0))
    one, two = halves
    out = np.zeros(geo.shape, np.float32)
    left = np.ones(geo.shape, bool)
    for i in range(len(bands) - 1, -1, -1):
        progress(0.45 + 0.4 * (1 - i / len(bands)), f"agreement in band {i + 1}")
        mean = (one + two) * np.float32(0.5)
        largest = float(np.abs(one - two)[inside].max()) / 2
        taken = left & (np.abs(mean) > largest) if i else left
        out[taken] = mean[taken]
        left &= ~taken
        if i:
            for total, band in zip((one, two), _weighted(f1, f2, geo, bands[i][2], inside, False)):
                total -= band
    return out
