"""What the local B-factor and the local occupancy share: inputs, mask, and the fit to the local power."""
from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Tuple

import numpy as np

from ...core import falloff, fourier, local, shells, spiral
from ...core.falloff import Bands, Falloff, Powers
from ...core.local import Points
from ...errors import InputError
from ...io.inputs import Inputs
from ...io.maps import Map
from ...results import Curve, Table
from ..masks.common import inside_of
from .common import Work, prepare
from .spectrum import fit_fall_off, protein_power

_WINDOW, _SMALLEST = 2.0, 6.0         # window over resolution, and the least (Å)
_NEAR = 0.7                           # of the coarsest resolution, which the finest must not exceed
_BINS = 60
Say = Callable[[float, str], None]


class Start(NamedTuple):
    """Checked inputs, the mask as float32 [z, y, x], where it comes from, and the voxels inside, bool."""

    work: Work
    mask: np.ndarray
    source: str
    inside: np.ndarray


class Local(NamedTuple):
    """The fit of every point, and what it was made of; ``bfactor`` (Å^2) is that of the whole map, ``window`` in Å."""

    bands: Bands
    grid: Points
    powers: Powers
    fit: Falloff
    bfactor: float
    window: float


def start(inputs: Inputs, resolution: Optional[float], lowest: Optional[float], usual: float) -> Tuple[Start, float]:
    """Inputs checked, a mask made when there is none, and the coarsest resolution (Å) to begin with.

    ``usual`` is where to begin when ``lowest`` is None, unless the resolution is too near to it. Raises :class:`InputError` where there is
    nothing to fit.
    """
    work = prepare(inputs, resolution)
    if lowest is not None and work.resolution > _NEAR * lowest:
        raise InputError(f"The resolution is {work.resolution:.4g} Å and the first band is at {lowest:.4g} Å ({work.mean.path}); too "
                         "little lies in between. Begin with a coarser band.")
    begin = lowest or usual
    if work.resolution > _NEAR * begin:
        begin = 2 * work.resolution
        work.warnings.append(f"With a resolution of {work.resolution:.4g} Å the first band is at {begin:.4g} Å, where the spectrum is that "
                             "of the shape and not of the atoms; compare places, but do not trust the numbers.")
    return with_mask(inputs, work), begin


def with_mask(inputs: Inputs, work: Work) -> Start:
    """The mask that was given, or one made from the map; raises :class:`InputError` where it is empty."""
    if inputs.mask is not None:
        mask, source = np.clip(inputs.mask.data, 0, 1), "given"
    else:
        from ..masks.mask import MaskParams, compute_mask
        mask, source = compute_mask(Inputs(full_map=work.mean), MaskParams()).mask.data, "made here from the map"
        work.warnings.append("No mask was given; one was made from the map, look at it before you trust the numbers.")
    return Start(work, mask, source, inside_of(mask, (inputs.mask or work.mean).path))


def fit_power(begun: Start, inputs: Inputs, lowest: float, count: int, window: Optional[float], say: Say) -> Local:
    """Scale and fall-off of the local power between ``lowest`` (Å) and the resolution in ``count`` bands."""
    work = begun.work
    geo, mean = work.geo, work.mean
    sigma = window or max(_SMALLEST, _WINDOW * work.resolution)
    pair = (inputs.half1, inputs.half2) if work.halves else (mean,)
    overall = _overall(pair, begun.mask, work)
    freq = fourier.frequencies(geo)
    amplitude = np.sqrt(protein_power(freq) * np.exp(-overall * freq ** 2 / 2))
    bands = falloff.make_bands(geo, lowest, work.resolution, count, amplitude / amplitude.max())
    grid = local.points(geo.shape, mean.voxel_size, sigma)
    say(0.2, "local powers")
    transforms = [fourier.forward(m.data) for m in pair]
    found = falloff.powers(transforms[0], transforms[1] if work.halves else None, geo, bands, grid, begun.mask)
    del transforms
    if not work.halves and not found.noise_known:
        work.warnings.append(f"The mask leaves no solvent ({mean.path}), so that noise counts as signal and B-factors come out too small; "
                             "give the half-maps or a tighter mask.")
    say(0.8, "fit")
    result = falloff.fit(geo, bands, found, sigma)
    common = overall + falloff.common_bfactor(geo, bands, result.reference, found.noise)
    return Local(bands, grid, found, result, common, sigma)


def _overall(pair: Tuple[Map, ...], mask: np.ndarray, work: Work) -> float:
    """B-factor (Å^2) of the whole map relative to protein, by which the bands are made flat; what it misses the fit finds."""
    geo, freq = work.geo, fourier.frequencies(work.geo)
    if len(pair) == 2:
        sums = shells.cross_sums(*(fourier.forward(m.data * mask) for m in pair), geo)
        signal = sums.cross / np.maximum(sums.count, 1)
        weight = sums.count * np.clip(sums.cross / np.sqrt(np.maximum(sums.power1 * sums.power2, 1e-300)), 0, 1) ** 2
    else:
        power = []
        for part in (mask, 1 - mask):
            total, _, count = shells.power_sums(fourier.forward(pair[0].data * part), geo)
            power.append(total / np.maximum(count, 1) / max(float((part.astype(np.float64) ** 2).sum()), 1.0))
        signal = power[0] - power[1]
        weight = count * np.clip(signal / np.maximum(power[0], 1e-300), 0, 1) ** 2
    line = fit_fall_off(freq, signal, weight, work.resolution)
    return float(np.clip(line.bfactor, -200, 2000)) if line else 0.0


def band_table(found: Local, work: Work) -> Table:
    """Resolution, mean power, noise and common power of each band."""
    rows = [(float(work.geo.length / c), float(found.powers.signal[i].mean()), float(found.powers.noise[i]),
             float(found.fit.reference[i])) for i, c in enumerate(found.bands.centres)]
    return Table(("Resolution Å", "Mean power", "Noise power", "Common power"), tuple(rows))


def original_amplitudes(begun: Start, frequencies: np.ndarray, width: float, say: Say) -> Iterator[np.ndarray]:
    """Amplitude of each band of the original programs, float32 [z, y, x], one after the other; ``frequencies`` in 1/Å."""
    geo = begun.work.geo
    ft = fourier.forward(begun.work.mean.data)
    scratch = np.empty_like(ft)
    for i, freq in enumerate(frequencies):
        say(0.1 + 0.8 * i / len(frequencies), f"band {i + 1} of {len(frequencies)}")
        centre = float(freq) * geo.length
        _, found = spiral.amplitude(ft, geo, centre, width, scratch)
        found *= np.float32(begun.work.mean.data.size / spiral.band_norm(geo, centre, width))
        yield found


def percentiles(values: np.ndarray, prefix: str) -> Dict[str, float]:
    """Percentiles of values by field of the result."""
    numbers = np.percentile(values.astype(np.float64), (2.5, 25, 50, 75, 97.5))
    names = (f"{prefix}_p2_5", f"{prefix}_p25", f"median_{prefix}", f"{prefix}_p75", f"{prefix}_p97_5")
    return {name: float(v) for name, v in zip(names, numbers)}


def histogram(values: np.ndarray) -> Curve:
    """Part of the values in each of 60 bins from their 0.5th to their 99.5th percentile; what lies beyond counts in the outer bins."""
    values = values.astype(np.float64)
    low, high = np.percentile(values, (0.5, 99.5))
    edges = np.linspace(low, max(high, low + max(abs(low), 1) * 1e-6), _BINS + 1)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return Curve((edges[1:] + edges[:-1]) / 2, counts / values.size)


def common_values(begun: Start) -> Dict[str, Any]:
    """Fields that both results give."""
    values = dict(begun.work.values)
    values.update(mask_source=begun.source, n_voxels=int(np.count_nonzero(begun.inside)))
    return values
