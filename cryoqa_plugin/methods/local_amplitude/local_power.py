"""What the local B-factor and the local occupancy share: inputs, mask, and the fit to the local power."""
from __future__ import annotations

from typing import Any, Dict, Iterator, NamedTuple, Optional

import numpy as np

from ...core import falloff, fourier, local, shells, spiral
from ...core.falloff import Bands, Falloff, Powers
from ...core.local import Points
from ...errors import InputError
from ...progress import Progress
from ...results import Curve, Table
from ...study import Study
from ...study.mask import UsedMask
from ..sharpening.common import SharpeningInputs, sharpening_inputs
from ..sharpening.spectrum import fit_fall_off, protein_power

_WINDOW, _SMALLEST = 2.0, 6.0         # window over resolution, and the least (Å)
_NEAR = 0.7                           # of the coarsest resolution, which the finest must not exceed
_BINS = 60  # of the histograms


class AmplitudeInputs(NamedTuple):
    """Checked maps, the mask, its voxels of at least 0.5 (bool [z, y, x]), and the coarsest resolution (Å) to begin with."""

    maps: SharpeningInputs
    mask: UsedMask
    inside: np.ndarray
    lowest: float

    def values(self) -> Dict[str, Any]:
        """Fields that both results give."""
        return dict(self.maps.values, mask_source=self.mask.source, n_voxels=int(np.count_nonzero(self.inside)))


class LocalPower(NamedTuple):
    """The fit of every point, and what it was made of; ``bfactor`` (Å^2) is that of the whole map, ``window`` in Å."""

    bands: Bands
    grid: Points
    powers: Powers
    fit: Falloff
    bfactor: float
    window: float


def amplitude_inputs(study: Study, resolution: Optional[float], lowest: Optional[float], usual: float) -> AmplitudeInputs:
    """Inputs checked, the mask, and where to begin.

    Parameters
    ----------
    study
        Half-maps or a map, with a mask or without.
    resolution
        Finest resolution (Å); that of the Study when None.
    lowest
        Coarsest resolution (Å) that was asked for.
    usual
        Coarsest resolution (Å) when ``lowest`` is None; twice the finest where that is too near to it.

    Returns
    -------
    AmplitudeInputs
        The notes on the mask are among the warnings of its maps.

    Raises
    ------
    InputError
        Too little lies between the two resolutions, or no voxel of the mask reaches 0.5.
    """
    maps = sharpening_inputs(study, resolution)
    if lowest is not None and maps.resolution > _NEAR * lowest:
        raise InputError(f"The resolution is {maps.resolution:.4g} Å and the first band is at {lowest:.4g} Å ({maps.mean.place}); too "
                         "little lies in between. Begin with a coarser band.")
    begin = lowest or usual
    if maps.resolution > _NEAR * begin:
        begin = 2 * maps.resolution
        maps.warnings.append(f"With a resolution of {maps.resolution:.4g} Å the first band is at {begin:.4g} Å, where the spectrum is that "
                             "of the shape and not of the atoms; compare places, but do not trust the numbers.")
    mask = study.used_mask
    maps.warnings.extend(mask.notes())
    return AmplitudeInputs(maps, mask, mask.inside, begin)


def fit_local_power(inputs: AmplitudeInputs, count: int, window: Optional[float], progress: Progress) -> LocalPower:
    """Scale and fall-off of the local power.

    Parameters
    ----------
    inputs
        Made by :func:`amplitude_inputs`.
    count
        Number of bands between the coarsest resolution and the finest.
    window
        Standard deviation (Å) of the Gaussian window; twice the resolution, at least 6 Å, when None.
    progress
        Told how far it is.

    Returns
    -------
    LocalPower
        The fit of every point from which voxels of the mask are interpolated.
    """
    maps, geo, study = inputs.maps, inputs.maps.geo, inputs.maps.study
    sigma = window or max(_SMALLEST, _WINDOW * maps.resolution)
    overall = _overall(inputs)
    freq = fourier.frequencies(geo)
    # Bands are divided by the course of the whole map, so that within one band its coarse side does not outweigh the fine one.
    amplitude = np.sqrt(protein_power(freq) * np.exp(-overall * freq ** 2 / 2))
    bands = falloff.make_bands(geo, inputs.lowest, maps.resolution, count, amplitude / amplitude.max())
    grid = local.points(geo.shape, maps.mean.voxel_size, sigma)
    progress(0.2, "local powers")
    transforms = (study.transform("half1"), study.transform("half2")) if maps.halves else (maps.mean_transform(), None)
    powers = falloff.powers(*transforms, geo, bands, grid, inputs.mask.data)
    if not maps.halves and not powers.noise_known:
        maps.warnings.append(f"The mask leaves no solvent ({maps.mean.place}), so that noise counts as signal and B-factors come out too "
                             "small; give the half-maps or a tighter mask.")
    progress(0.8, "fit")
    fit = falloff.fit(geo, bands, powers, sigma)
    common = overall + falloff.common_bfactor(geo, bands, fit.reference, powers.noise)
    return LocalPower(bands, grid, powers, fit, common, sigma)


def _overall(inputs: AmplitudeInputs) -> float:
    """B-factor (Å^2) of the whole map relative to protein, by which the bands are made flat; what it misses the fit finds."""
    maps, mask = inputs.maps, inputs.mask.data
    geo, freq = maps.geo, fourier.frequencies(maps.geo)
    if maps.halves:
        sums = shells.cross_sums(*(fourier.forward(m.data * mask) for m in (maps.study.half1, maps.study.half2)), geo)
        signal = sums.cross / np.maximum(sums.count, 1)
        # By FSC^2: shells in which noise prevails do not bend the line.
        weight = sums.count * np.clip(sums.cross / np.sqrt(np.maximum(sums.power1 * sums.power2, 1e-300)), 0, 1) ** 2
    else:
        power = []
        for part in (mask, 1 - mask):
            total, _, count = shells.power_sums(fourier.forward(maps.mean.data * part), geo)
            power.append(total / np.maximum(count, 1) / max(float((part.astype(np.float64) ** 2).sum()), 1.0))
        signal = power[0] - power[1]
        weight = count * np.clip(signal / np.maximum(power[0], 1e-300), 0, 1) ** 2
    line = fit_fall_off(freq, signal, weight, maps.resolution)
    # Beyond these limits a B-factor is a failed fit, and the division by its course would overflow.
    return float(np.clip(line.bfactor, -200, 2000)) if line else 0.0


def noise_source(inputs: AmplitudeInputs, found: LocalPower) -> str:
    """What told the noise.

    Parameters
    ----------
    inputs
        Made by :func:`amplitude_inputs`.
    found
        The fit.

    Returns
    -------
    str
        ``half-maps``, ``solvent`` or ``none``.
    """
    return "half-maps" if inputs.maps.halves else "solvent" if found.powers.noise_known else "none"


def band_table(found: LocalPower, inputs: AmplitudeInputs) -> Table:
    """Resolution, mean power, noise and common power of each band.

    Parameters
    ----------
    found
        The fit.
    inputs
        Made by :func:`amplitude_inputs`.

    Returns
    -------
    Table
        A row a band.
    """
    rows = [(float(inputs.maps.geo.length / c), float(found.powers.signal[i].mean()), float(found.powers.noise[i]),
             float(found.fit.reference[i])) for i, c in enumerate(found.bands.centres)]
    return Table(("Resolution Å", "Mean power", "Noise power", "Common power"), tuple(rows))


def original_amplitudes(inputs: AmplitudeInputs, frequencies: np.ndarray, width: float, progress: Progress) -> Iterator[np.ndarray]:
    """Amplitude of each band of the original programs, one after the other.

    Parameters
    ----------
    inputs
        Made by :func:`amplitude_inputs`.
    frequencies
        Centres of the bands in 1/Å, float64 [n].
    width
        Standard deviation of the bands in Fourier voxels.
    progress
        Told how far it is.

    Yields
    ------
    ndarray
        float32 [z, y, x], anew for each band.
    """
    geo, mean = inputs.maps.geo, inputs.maps.mean
    ft = inputs.maps.mean_transform()
    scratch = np.empty_like(ft)
    for i, freq in enumerate(frequencies):
        progress(0.1 + 0.8 * i / len(frequencies), f"band {i + 1} of {len(frequencies)}")
        centre = float(freq) * geo.length
        _, found = spiral.amplitude(ft, geo, centre, width, scratch)
        found *= np.float32(mean.data.size / spiral.band_norm(geo, centre, width))
        yield found


def percentiles(values: np.ndarray) -> Dict[str, float]:
    """Percentiles of values by field of the result, under the names of local resolutions.

    Parameters
    ----------
    values
        Values in the mask, float [n].

    Returns
    -------
    dict of float
        ``p5``, ``p25``, ``median``, ``p75`` and ``p95``, in the unit of the values.
    """
    numbers = np.percentile(values.astype(np.float64), (5, 25, 50, 75, 95))
    return {name: float(v) for name, v in zip(("p5", "p25", "median", "p75", "p95"), numbers)}


def histogram(values: np.ndarray) -> Curve:
    """Part of the values in each of 60 bins from their 0.5th to their 99.5th percentile.

    Parameters
    ----------
    values
        Values in the mask, float [n].

    Returns
    -------
    Curve
        Middle of each bin and its part; what lies beyond the bins counts in the outer ones.
    """
    values = values.astype(np.float64)
    low, high = np.percentile(values, (0.5, 99.5))
    edges = np.linspace(low, max(high, low + max(abs(low), 1) * 1e-6), _BINS + 1)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return Curve((edges[1:] + edges[:-1]) / 2, counts / values.size)
