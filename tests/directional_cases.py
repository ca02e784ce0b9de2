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


def with_a_cap(angle, noise=1.0, axis=(0.0, 0.3, 1.0), shape=(64, 64, 64), b=100.0, plateau=300.0, seed=0, signal=1.0, mask=None,
               level=0.0):
    """Isotropic half-maps but for ``noise`` and ``signal`` times the power of both within ``angle`` degrees of ``axis``: missing views
    leave more noise, or nothing. ``level`` is added to both maps; ``mask`` float32 [z, y, x]."""
    rng = np.random.default_rng(seed)
    nz, ny, nx = shape
    z, y, x = np.meshgrid(np.fft.fftfreq(nz), np.fft.fftfreq(ny), np.fft.rfftfreq(nx), indexing="ij")
    v = np.array(axis) / np.linalg.norm(axis)
    inside = np.abs(x * v[0] + y * v[1] + z * v[2]) > np.cos(np.deg2rad(angle)) * np.sqrt(x * x + y * y + z * z)
    noisy, seen = (np.where(inside, np.sqrt(power), 1) for power in (noise, signal))
    common = seen * np.sqrt(plateau) * np.fft.rfftn(rng.standard_normal(shape)) * np.exp(-b * sum(squares(shape)) / 4)
    both = [np.fft.irfftn(common + noisy * np.fft.rfftn(rng.standard_normal(shape)), shape) + level for _ in range(2)]
    maps = {k: Map(a.astype(np.float32), (VOXEL,) * 3) for k, a in zip(("half1", "half2"), both)}
    return Study(**maps, **({} if mask is None else {"mask": Map(mask, (VOXEL,) * 3)}))


def soft_ball(shape=(64, 64, 64), radius=22.0, edge=5.0):
    """A ball with a cosine edge, float32 [z, y, x]."""
    z, y, x = np.meshgrid(*(np.arange(n) - n // 2 for n in shape), indexing="ij")
    t = np.clip((np.sqrt(x * x + y * y + z * z) - radius) / edge, 0, 1)
    return (0.5 + 0.5 * np.cos(np.pi * t)).astype(np.float32)


def inputs(**options):
    """The same as inputs."""
    one, two = halves(**options)
    return Study(half1=one, half2=two)


def expected(b, plateau=300.0, threshold=0.143):
    """Resolution where ``SNR / (1 + SNR)`` is ``threshold`` when the signal falls by ``b`` more than the noise."""
    return float(np.sqrt(b / (2 * np.log(plateau * (1 - threshold) / threshold))))
