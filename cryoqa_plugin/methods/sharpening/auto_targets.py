"""Filters that aim at the spectrum of something else: an atomic model, or another map."""
from __future__ import annotations

from typing import List, NamedTuple, Optional

import numpy as np

from ...core import fourier, masks, shells
from ...core.fourier import Geometry
from ...io.maps import Map
from ...io.models import Model
from ..resolution.mtriage_model import place
from .auto_gains import Gain, lowpass_gain, product, shells_gain
from .auto_spectra import Spectra, weights

_EDGE = 5.0                                      # Å, of the mask around atoms
_FEWEST_CC = 0.05                                # completeness at the least: with less the weights would be noise


class ModelMatch(NamedTuple):
    """The filter; ``completeness`` of the model (part of the power), and the mask of its atoms, float32 [z, y, x]."""

    gain: Gain
    completeness: float
    mask: np.ndarray


def _smooth(values: np.ndarray) -> np.ndarray:
    """Mean over three shells, float64 [n]."""
    padded = np.concatenate((values[:1], values, values[-1:]))
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


def external(power: np.ndarray, reference_ft: np.ndarray, geo: Geometry, d_min: float) -> Gain:
    """Amplitudes of each shell brought to those of another map, nothing beyond a limit.

    Parameters
    ----------
    power
        Mean power of the shells of the map, float64 [n_shells].
    reference_ft
        Transform of the other map, complex64 [nz, ny, nx // 2 + 1].
    geo, d_min
        Shells of the box, and the limit (Å).
    """
    wanted, _, count = shells.power_sums(reference_ft, geo)
    ratio = _smooth(wanted / np.maximum(count, 1)) / np.maximum(_smooth(power), 1e-12 * power.max())
    ratio[0] = ratio[1]
    return product(shells_gain(np.sqrt(ratio), geo), lowpass_gain(d_min))


def model(full: Map, ft: np.ndarray, atoms: Model, geo: Geometry, resolution: float, *, radius: float, rmsd: float,
          completeness: Optional[float], b_zero: bool, warnings: List[str]) -> ModelMatch:
    """Filter towards the density of a model, weighted by what its correlation with the map says of the noise.

    Parameters
    ----------
    full, ft
        The map and its transform, complex64 [nz, ny, nx // 2 + 1].
    atoms
        The model.
    geo, resolution
        Shells of the box, and resolution of the map (Å).
    radius
        Distance from atoms (Å) within which map and model are compared.
    rmsd
        Error of the coordinates (Å).
    completeness
        Part of the molecule's power that the model holds; the largest that the correlation allows when None.
    b_zero
        Whether the target has point atoms.
    warnings
        Is added to.

    Notes
    -----
    The correlation of map and model is that of the map with the truth times that of model and truth,
    ``sqrt(completeness) exp(-8 pi^2 rmsd^2 / 3 s^2 / 4)``.
    """
    placed = place(atoms, full, "electron", warnings)
    mask = masks.soft_edge(masks.atoms_mask(full.shape, full.voxel_size, full.origin, placed.xyz, np.full(len(placed.xyz), radius), 0, 0),
                           _EDGE, full.voxel_size)
    map_ft = fourier.forward(full.data * mask)
    model_ft = fourier.forward(fourier.inverse(placed.ft, full.shape) * mask)
    sums = shells.cross_sums(map_ft, model_ft, geo)
    del map_ft, model_ft
    cc = np.clip(shells.fsc(sums), 0, 1 - 1e-6)
    wrong = np.exp(-8 * np.pi ** 2 * rmsd ** 2 / 3 * fourier.frequencies(geo) ** 2 / 4)
    if completeness is None:
        reach = fourier.frequencies(geo)[1:] * resolution <= 1
        completeness = max(float(np.max((_smooth(cc)[1:] / wrong[1:])[reach], initial=0.0)) ** 2, _FEWEST_CC)
    c_ref = np.clip(cc / wrong / np.sqrt(min(completeness, 1.0)), 0, 1 - 1e-6)
    weight = weights(Spectra(sums.power1, sums.power1, c_ref ** 2 / (1 - c_ref ** 2), sums.count, "model"), geo)
    target = shells.power_sums(placed.ft_b0 if b_zero else placed.ft, geo)[0]
    own = shells.power_sums(ft, geo)[0]
    signal = np.maximum(_smooth(own) * np.maximum(weight, 1e-6), 1e-12 * own.max())
    gain = np.sqrt(_smooth(target) / signal) * weight
    gain[0] = gain[1]
    return ModelMatch(shells_gain(gain, geo), min(completeness, 1.0), mask)
