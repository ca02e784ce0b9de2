"""The filter of ``shell_sharpen``: a factor for every shell, or for every coefficient where the fall-off depends on direction."""
from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

import numpy as np

from ...core import anisotropic, filters, fourier
from . import shell_tensors
from .shell_spectra import ShellInputs, ShellSpectra
from .shell_tensors import Tensors

_TENSOR_UNTIL = 0.143                 # correlation of half-maps down to which shells tell about anisotropy
_SMOOTH = 2.0                         # shells, standard deviation of the smoothing of what an ideal from elsewhere is matched by
_EDGE = 0.833, 1.1                    # of the limit: where the cut begins and ends, soft because a hard one rings


class ShellFilter(NamedTuple):
    """``amplitude`` and ``ratio`` per bin (see :func:`core.anisotropic.apply_wiener`), the tensors, whether they are used."""

    amplitude: np.ndarray
    ratio: np.ndarray
    tensors: Optional[Tensors]
    corrected: bool


def shell_filter(inputs: ShellInputs, spectra: ShellSpectra) -> ShellFilter:
    """The filter that takes the signal to the ideal spectrum and weights by noise, and the tensors behind it.

    Parameters
    ----------
    inputs, spectra
        The maps, whose ``inputs.base.warnings`` is added to, and their spectra.

    Returns
    -------
    ShellFilter
        Not scaled yet: :func:`apply` does that.
    """
    tensors = _tensors(inputs, spectra)
    corrected = tensors is not None and inputs.params.anisotropic != "no" and (
        inputs.params.anisotropic == "yes" or shell_tensors.matters(tensors, inputs.base.resolution))
    if tensors is None and inputs.params.anisotropic == "yes":
        inputs.base.warnings.append("Too few coefficients agree for a tensor, so that anisotropy was not corrected.")
    there = (spectra.signal > 0) & (spectra.weight > 0) & (spectra.ideal > 0)
    log_match = np.log(np.where(there, spectra.ideal, 1) / np.where(there, spectra.signal, 1)) / 2
    if inputs.spectrum != "data" or spectra.fall_off is None:
        log_match = _smooth(log_match, spectra.count * spectra.explained ** 2 * there)
    amplitude = np.where(there, np.exp(np.clip(log_match - log_match[1], -60, 60)), 0)
    amplitude[0] = amplitude[1]
    ratio = spectra.weight / np.maximum(1 - spectra.weight, 1e-12)
    if tensors is not None and corrected:
        # both per shell are means over directions; what follows is for the direction in which the exponents are 0
        signal, noise = (_mean_over_directions(u, spectra.freq) for u in (tensors.signal, tensors.noise))
        amplitude = amplitude * np.sqrt(_mean_over_directions(tensors.relative, spectra.freq))
        ratio = ratio * noise / signal
    cut = inputs.geo.length / inputs.d_min
    edge = filters.raised_cosine(spectra.at, _EDGE[0] * cut, _EDGE[1] * cut)
    return ShellFilter(amplitude * edge, ratio, tensors, bool(corrected))


def _mean_over_directions(tensor: Optional[np.ndarray], freq: np.ndarray) -> np.ndarray:
    return np.ones_like(freq) if tensor is None else np.exp(-anisotropic.exponents(tensor, freq)).mean(axis=1)


def _smooth(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Straight lines fitted around each bin with Gaussian weights: no shell alone shows, and a steady fall is kept."""
    i = np.arange(values.size, dtype=np.float64)
    d = i - i[:, None]
    w = np.exp(-d ** 2 / (2 * _SMOOTH ** 2)) * np.maximum(weight, 1e-9 * max(float(weight.max()), 1e-30))
    s0, s1, s2 = w.sum(axis=1), (w * d).sum(axis=1), (w * d * d).sum(axis=1)
    y0, y1 = w @ values, (w * d) @ values
    return (s2 * y0 - s1 * y1) / np.maximum(s0 * s2 - s1 * s1, 1e-300)


def _tensors(inputs: ShellInputs, spectra: ShellSpectra) -> Optional[Tensors]:
    below = np.flatnonzero(spectra.tidy.cc[1:] < _TENSOR_UNTIL)
    until = spectra.freq[below[0] + 1] if below.size else spectra.freq[-1]
    last = int(min(until, 1 / inputs.base.resolution if inputs.weights == "none" else until) * inputs.geo.length) + 1
    external = inputs.ideal is not None and (inputs.placed is None or inputs.spectrum == "reference")
    ideal = inputs.ideal if external or inputs.placed is None else inputs.placed.ft     # with its own B: the rest is not the molecule's
    if inputs.base.halves:
        return shell_tensors.from_halves(inputs.ft1, inputs.ft2, inputs.geo, last, ideal, external)
    return shell_tensors.from_ideal(inputs.ft1, ideal, inputs.geo, last)


def apply(inputs: ShellInputs, spectra: ShellSpectra, filter_: ShellFilter) -> Tuple[Dict[str, np.ndarray], ShellFilter]:
    """The sharpened maps.

    Parameters
    ----------
    inputs, spectra, filter_
        The maps, their spectra, and what :func:`shell_filter` found.

    Returns
    -------
    maps
        Float32 [z, y, x], by the name of their output.
    filter_
        The filter with the scale of the maps.
    """
    none = np.zeros(6)
    tensors = filter_.tensors if filter_.corrected else None
    grow, decay = (none, none) if tensors is None else (tensors.relative, shell_tensors.decay(tensors))
    maps: Dict[str, np.ndarray] = {}
    for name, ft in inputs.transforms():
        filtered = anisotropic.apply_wiener(ft, inputs.geo, spectra.at, filter_.amplitude, filter_.ratio, grow, decay)
        maps[name] = fourier.inverse(filtered, inputs.geo.shape)
    if "sharpened" not in maps:
        maps["sharpened"] = (maps["sharpened_half1"] + maps["sharpened_half2"]) * np.float32(0.5)
    factor = _scale_factor(inputs, filter_, maps["sharpened"])
    for data in maps.values():
        data *= np.float32(factor)
    return maps, filter_._replace(amplitude=filter_.amplitude * factor)


def _scale_factor(inputs: ShellInputs, filter_: ShellFilter, sharpened: np.ndarray) -> float:
    after = float(sharpened.std(dtype=np.float64))
    if inputs.params.scale == "maximum":
        return 1 / max(float((filter_.amplitude * filter_.ratio / (1 + filter_.ratio)).max()), 1e-300)
    before = float(inputs.base.mean.data.std(dtype=np.float64)) if inputs.params.scale == "power" else 1.0
    return before / after if after > 0 else 1.0
