"""Half-maps whose signal-to-noise ratio in every direction is known."""
from __future__ import annotations

import numpy as np

from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.study import Study

VOXEL = 1.0


def squares(shape):
    """Squared frequencies (1/Å²) along x, y, z of the coefficients, each [nz, ny, nx // 2 + 1]."""
    nz, ny, nx = shape
    kz, ky, kx = np.fft.fftfreq(nz, VOXEL), np.fft.fftfreq(ny, VOXEL), np.fft.rfftfreq(nx, VOXEL)
    return np.broadcast_arrays((kx ** 2)[None, None, :], (ky ** 2)[None, :, None], (kz ** 2)[:, None, None])


def halves(shape=(48, 48, 48), bfactors=(60.0, 60.0, 60.0), plateau=300.0, noise=(0.0, 0.0, 0.0), seed=0):
    """Two half-maps: white signal times ``exp(-B s^2 / 4)`` along x, y, z, and white noise times the same with ``noise``.

    In the direction ``d`` the signal-to-noise ratio of a half-map is ``plateau * exp(-(B_d - noise_d) s^2 / 2)``.
    """
    rng = np.random.default_rng(seed)
    s2 = squares(shape)

    def white(b):
        return np.fft.rfftn(rng.standard_normal(shape)) * np.exp(-sum(f * q for f, q in zip(b, s2)) / 4)

    signal = np.sqrt(plateau) * white(bfactors)
    return [Map(np.fft.irfftn(signal + white(noise), shape).astype(np.float32), (VOXEL,) * 3) for _ in range(2)]


def with_a_cap(angle, noise, axis=(0.0, 0.3, 1.0), shape=(64, 64, 64), b=100.0, plateau=300.0, seed=0):
    """Isotropic half-maps but for ``noise`` times the noise power within ``angle`` degrees of ``axis``, as missing views leave it."""
    rng = np.random.default_rng(seed)
    nz, ny, nx = shape
    z, y, x = np.meshgrid(np.fft.fftfreq(nz), np.fft.fftfreq(ny), np.fft.rfftfreq(nx), indexing="ij")
    v = np.array(axis) / np.linalg.norm(axis)
    inside = np.abs(x * v[0] + y * v[1] + z * v[2]) > np.cos(np.deg2rad(angle)) * np.sqrt(x * x + y * y + z * z)
    level = np.where(inside, np.sqrt(noise), 1)
    signal = np.sqrt(plateau) * np.fft.rfftn(rng.standard_normal(shape)) * np.exp(-b * sum(squares(shape)) / 4)
    noisy = [np.fft.irfftn(signal + level * np.fft.rfftn(rng.standard_normal(shape)), shape) for _ in range(2)]
    return Study(**{k: Map(a.astype(np.float32), (VOXEL,) * 3) for k, a in zip(("half1", "half2"), noisy)})


def inputs(**options):
    """The same as inputs."""
    one, two = halves(**options)
    return Study(half1=one, half2=two)


def expected(b, plateau=300.0, threshold=0.143):
    """Resolution where ``SNR / (1 + SNR)`` is ``threshold`` when the signal falls by ``b`` more than the noise."""
    return float(np.sqrt(b / (2 * np.log(plateau * (1 - threshold) / threshold))))
