"""Half-maps of a known signal with new noise, and models that were fitted to the noise of one of them.

A refinement without restraints goes down the gradient of the sum of squares between the half-map and the model; from the true model it
follows the noise.
"""
from __future__ import annotations

import numpy as np

from cryoqa_plugin.core import filters, fourier, model_map, shells
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.study import Study

_B_ATOM = 40.0                        # Å², of the atoms whose gradient is taken
_STEP = 0.3                           # Å, of the derivatives


def noise_amplitudes(noise):
    """Root mean power of a noise map in each shell, float64 [n_shells], for :func:`halves_of`."""
    power = shells.power_sums(fourier.forward(noise.data), fourier.geometry(noise.shape, noise.voxel_size))
    return np.sqrt(power[0] / np.maximum(power[2], 1))


def halves_of(signal, amplitudes, seed, ratio=1.0, scale=1.0):
    """Two half-maps of a signal map; number 2 has ``ratio`` times the noise power, and values ``scale`` times larger."""
    rng, geo = np.random.default_rng(seed), fourier.geometry(signal.shape, signal.voxel_size)
    out = []
    for power, factor in ((1.0, 1.0), (ratio, scale)):
        white = fourier.forward(rng.standard_normal(signal.shape, dtype=np.float32))
        noise = fourier.inverse(filters.apply_radial(white, geo, amplitudes * np.sqrt(power / signal.data.size)), signal.shape)
        out.append(signal.with_data(np.float32(factor) * (signal.data + noise)))
    return out


def moved(model, xyz):
    """The model with its atoms elsewhere, float64 [n_atoms, 3]."""
    structure = model.structure.clone()
    atoms = (a for chain in structure[0] for residue in chain for a in residue)
    for atom, place in zip(atoms, xyz):
        atom.pos.x, atom.pos.y, atom.pos.z = map(float, place)
    return Model(structure)


def overfitted(model, half, rms=0.25, steps=6):
    """The model after unrestrained steps down the difference to a half-map, its atoms displaced by ``rms`` Å."""
    geo, start = fourier.geometry(half.shape, half.voxel_size), model.xyz
    half_ft, xyz = fourier.forward(half.data), start.copy()
    freq = fourier.frequencies(geo)
    for _ in range(steps):
        model_ft = Study(full_map=half, model=moved(model, xyz)).model_transform()
        sums = shells.cross_sums(half_ft, model_ft, geo)
        scale = np.maximum(np.divide(sums.cross, sums.power2, out=np.zeros(geo.n_shells), where=sums.power2 > 0), 0)
        rest = half_ft - filters.apply_radial(model_ft, geo, scale)
        rest = fourier.inverse(filters.apply_radial(rest, geo, np.exp(-_B_ATOM * freq ** 2 / 4) * (scale > 0)), half.shape)
        gradient = np.stack([_derivative(rest, xyz - np.asarray(half.origin), half.voxel_size, axis) for axis in range(3)], axis=1)
        xyz = xyz + gradient * (2 * rms / (steps * np.sqrt((gradient ** 2).sum(axis=1).mean())))
    away = xyz - start
    return moved(model, start + away * (rms / np.sqrt((away ** 2).sum(axis=1).mean())))


def _derivative(data, position, voxel_size, axis):
    step = _STEP * np.eye(3)[axis]
    return (model_map.values_at(data, position + step, voxel_size, 0.0) - model_map.values_at(data, position - step, voxel_size, 0.0)
            ) / (2 * _STEP)
