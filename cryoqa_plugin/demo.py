"""Demonstration data: the half-maps of a made-up protein, with their true resolution.

Signal and noise are known, so that every curve has a truth: in each shell the noise of a half-map is Gaussian and has
``SNR = A exp(-k s^2)``, and two half-maps correlate by ``FSC = SNR / (1 + SNR)``.
"""
from __future__ import annotations

import os
from typing import Dict, NamedTuple, Optional

import numpy as np

from .core.crossing import find_crossings
from .core.density import model_density_ft
from .core.fourier import Geometry, forward, frequencies, geometry, inverse
from .core.masks import atoms_mask, soft_edge
from .core.shells import power_sums
from .demo_model import build_model
from .io.maps import Map, write_map
from .io.models import Model, write_model
from .results import write_json

EDGE = 115.2                    # Å, of the box
SNR_AT_ZERO = 300.0             # A
_LABELS = ("cryoqa demonstration data: a made-up protein, not a real map",)
_MASK_RADIUS, _MASK_EDGE = 4.0, 8.0          # Å


class DemoData(NamedTuple):
    """Maps and model of the demonstration, and ``truth``, what is known about them (plain values, see :func:`make_demo_data`)."""

    half1: Map
    half2: Map
    full_map: Map
    mask: Map
    model: Model
    truth: Dict[str, object]


def write_demo_data(folder: str, box: int = 96, resolution: Optional[float] = None, seed: int = 7) -> Dict[str, str]:
    """Write the demonstration data into a folder and return the path of each by kind.

    The kinds are ``half1``, ``half2``, ``full_map``, ``mask``, ``model`` and ``truth`` (a JSON file); the other arguments
    are those of :func:`make_demo_data`.
    """
    data = make_demo_data(box, resolution, seed)
    os.makedirs(folder, exist_ok=True)
    paths = {name: os.path.join(folder, name + ".mrc") for name in ("half1", "half2", "full_map", "mask")}
    for name, path in paths.items():
        write_map(path, getattr(data, name), labels=_LABELS)
    paths.update(model=os.path.join(folder, "model.cif"), truth=os.path.join(folder, "truth.json"))
    write_model(paths["model"], data.model)
    write_json(data.truth, paths["truth"])
    return paths


def make_demo_data(box: int = 96, resolution: Optional[float] = None, seed: int = 7) -> DemoData:
    """Half-maps of the made-up protein in a cubic box with an edge of 115.2 Å.

    Parameters
    ----------
    box
        Number of voxels along an edge; 96 gives voxels of 1.2 Å.
    resolution
        Where the true FSC of the unmasked half-maps is 0.143, in Å; within the mask it is finer by some 0.5 Å. None takes
        3.5 Å, or 2.5 voxels when that is more.
    seed
        Seed of the noise; the same numbers give the same files.

    Returns
    -------
    DemoData
        ``truth`` holds the parameters, ``bfactor_envelope`` (Å², of signal and noise alike), and for ``unmasked`` and
        ``masked`` the expected ``fsc`` per ``freq`` (1/Å) with the ``resolution_0143`` and ``resolution_05`` (Å) where it
        falls below 0.143 and 0.5 (None when it does not before Nyquist).
    """
    voxel = EDGE / box
    resolution = max(3.5, 2.5 * voxel) if resolution is None else float(resolution)
    fall = float(np.log(SNR_AT_ZERO * (1 - 0.143) / 0.143)) * resolution ** 2          # k of the SNR, Å²
    model = Model(build_model((box // 2) * voxel, EDGE))
    blank = Map(np.zeros((box,) * 3, np.float32), (voxel,) * 3)
    geo, square = geometry(blank.shape, blank.voxel_size), _squared_frequency(box, voxel)
    ft = model_density_ft(model.elements, model.xyz, model.b_iso, model.occupancy, blank.shape, blank.voxel_size, blank.origin)
    noise_power = _shell_power(ft, geo, square) / SNR_AT_ZERO                          # with the envelope, see the docstring
    ft *= np.exp(-0.5 * fall * square).astype(np.float32)
    signal = inverse(ft, blank.shape)
    rng = np.random.default_rng(seed)
    half1, half2 = (blank.with_data(signal + _noise(noise_power, rng, blank.shape)) for _ in range(2))
    atoms = atoms_mask(blank.shape, blank.voxel_size, blank.origin, model.xyz, np.full(model.n_atoms, _MASK_RADIUS), probe=0, shrink=0)
    mask = soft_edge(atoms, _MASK_EDGE, blank.voxel_size)
    truth = dict(box=box, voxel_size=voxel, seed=seed, symmetry="C4", n_atoms=model.n_atoms, resolution=resolution,
                 snr_at_zero=SNR_AT_ZERO, bfactor_envelope=2 * fall,
                 unmasked=_expected(ft, noise_power, geo),
                 masked=_expected(forward(signal * mask), _masked_power(noise_power, mask), geo))
    full_map = half1.with_data((half1.data + half2.data) / 2)
    return DemoData(half1, half2, full_map, blank.with_data(mask), model, truth)


def _squared_frequency(box: int, voxel: float) -> np.ndarray:
    """Squared frequency of each coefficient, float64 [box, box, box // 2 + 1], in 1/Å²."""
    k, last = np.fft.fftfreq(box, voxel) ** 2, np.fft.rfftfreq(box, voxel) ** 2
    return k[:, None, None] + k[None, :, None] + last[None, None, :]


def _shell_power(ft: np.ndarray, geo: Geometry, square: np.ndarray) -> np.ndarray:
    """Mean power of the signal at the frequency of each coefficient, interpolated between shells on a log scale."""
    power, _, count = power_sums(ft, geo)
    last = geo.n_shells - 1                             # the shell at Nyquist is cut by the box
    mean = np.log(power[1:last] / count[1:last])
    return np.exp(np.interp(np.sqrt(square), frequencies(geo)[1:last], mean))


def _noise(power: np.ndarray, rng: np.random.Generator, shape: tuple) -> np.ndarray:
    """Gaussian noise, float32 [z, y, x], whose coefficients have the expected ``power``."""
    white = forward(rng.standard_normal(shape, dtype=np.float32))
    return inverse(white * np.sqrt(power / np.prod(shape)).astype(np.float32), shape)


def _masked_power(power: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Expected power of noise times a mask: the autocorrelations multiply."""
    product = inverse(power.astype(np.complex64), mask.shape) * inverse(np.abs(forward(mask)) ** 2 + 0j, mask.shape)
    return forward(product).real / mask.size


def _expected(signal: np.ndarray, noise_power: np.ndarray, geo: Geometry) -> Dict[str, object]:
    """What a perfect estimator finds: FSC per shell and where it crosses."""
    of_signal, _, _ = power_sums(signal, geo)
    of_noise, _, _ = power_sums(np.sqrt(np.maximum(noise_power, 0)).astype(np.complex64), geo)
    fsc = of_signal / np.maximum(of_signal + of_noise, 1e-30)
    freq = frequencies(geo)
    first = {name: find_crossings(freq, fsc, threshold).first for name, threshold in (("0143", 0.143), ("05", 0.5))}
    crossings = {f"resolution_{name}": float(1 / at) if np.isfinite(at) else None for name, at in first.items()}
    return dict(crossings, freq=freq.tolist(), fsc=fsc.tolist())
