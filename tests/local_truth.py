"""Half-maps whose noise is uneven, shared, damped or filtered, made from simulated ones, and the local resolution that is true of them."""
from __future__ import annotations

import numpy as np
import scipy.fft as sf
from scipy.ndimage import gaussian_filter

from cryoqa_plugin.io.maps import Map, read_map

WINDOW = 5.0                                                 # Å, of the truth


def radii(map_):
    """Distance of the voxels from the middle of the box, Å."""
    axes = [(np.arange(n) - n // 2) * v for n, v in zip(map_.shape, map_.voxel_size[::-1])]
    return np.sqrt(sum(a ** 2 for a in np.meshgrid(*axes, indexing="ij", sparse=True)))


class Case:
    """One simulated case: signal, noise of both half-maps, mask; every change gives half-maps and the truth."""

    def __init__(self, folder, name):
        read = lambda kind: read_map(str(folder / f"{name}_{kind}.mrc"))             # noqa: E731
        self.signal, self.mask = read("signal"), read("mask")
        self.noises = [read(f"half{i}").data - self.signal.data for i in (1, 2)]
        self.even = read("locres").data
        self.voxel = self.signal.voxel

    def profile(self, kind):
        """Amplitude of the noise by place: ``core`` and ``step`` fall with a soft edge, ``rim`` rises, ``molecule`` is that of the mask."""
        r, box = radii(self.signal), self.signal.shape[0] * self.voxel
        if kind == "rim":
            return 1 + np.clip(2 * r / box, 0, 1)
        if kind == "molecule":
            return 1 + 0.6 * self.mask.data
        return gaussian_filter(1 + (0.4 if kind == "step" else 1.0) * (r < 0.25 * box), 4 / self.voxel)

    def halves(self, profile=1.0, share=0.0, weight=1.0, edge=None, seed=5):
        """Half-maps: noise times ``profile`` and partly shared, all times ``weight``, cut off at ``edge`` (1/Å)."""
        noises = [n * profile for n in self.noises]
        if share:
            white = sf.rfftn(np.random.default_rng(seed).standard_normal(self.signal.shape))
            common = sf.irfftn(white * np.sqrt(self._noise_power() / white.size / 2), s=self.signal.shape)
            common *= np.std(noises[0]) / np.std(common)
            noises = [np.sqrt(1 - share) * n + np.sqrt(share) * common for n in noises]
        out = [(self.signal.data + n) * weight for n in noises]
        if edge is not None:
            out = [sf.irfftn(sf.rfftn(h) * (self._frequency() < edge), s=h.shape) for h in out]
        return [Map(h.astype(np.float32), self.signal.voxel_size) for h in out]

    def _frequency(self):
        k, kr = (f(n, self.voxel) for f, n in ((sf.fftfreq, self.signal.shape[0]), (sf.rfftfreq, self.signal.shape[2])))
        return np.sqrt(k[:, None, None] ** 2 + k[None, :, None] ** 2 + kr[None, None, :] ** 2)

    def _shells(self):
        return np.rint(self._frequency() * self.signal.shape[0] * self.voxel).astype(int)

    def _noise_power(self):
        """Mean power of the noise in its shell, for each coefficient."""
        shell = self._shells()
        weight = np.full(shell.shape, 2.0)
        weight[:, :, 0] = 1
        if self.signal.shape[2] % 2 == 0:
            weight[:, :, -1] = 1
        power = sum(np.abs(sf.rfftn(n.astype(np.float64))) ** 2 for n in self.noises) / 2
        mean = np.bincount(shell.ravel(), (power * weight).ravel()) / np.bincount(shell.ravel(), weight.ravel())
        return mean[shell]

    def truth(self, profile):
        """Where signal over noise, both known and in a Gaussian window, says FSC 0.143; bands of two shells."""
        n, s, noise = self.signal.shape[0], self._frequency(), self._noise_power()
        level = gaussian_filter(np.asarray(profile, dtype=np.float64) ** 2, WINDOW / self.voxel, mode="wrap")
        ft, step = sf.rfftn(self.signal.data.astype(np.float64)), 2.0 / (n * self.voxel)
        weight = np.where(np.arange(s.shape[2]) % (n / 2) == 0, 1.0, 2.0)
        out, left = np.zeros(self.signal.shape, np.float32), self.mask.data >= 0.5
        last, before = np.ones(out.shape), step
        for low in np.arange(step, 0.5 / self.voxel, step):
            band = (s >= low) & (s < low + step)
            if not band.any():
                break
            power = gaussian_filter(sf.irfftn(ft * band, s=out.shape) ** 2, WINDOW / self.voxel, mode="wrap")
            snr = power / (level * float((noise * weight * band).sum()) / n ** 6)
            fsc, middle = snr / (1 + snr), low + step / 2
            falls = left & (fsc < 0.143)
            part = np.clip((last - 0.143) / np.maximum(last - fsc, 1e-9), 0, 1)
            out[falls] = (1 / (before + part * (middle - before)))[falls]
            left &= ~falls
            last, before = fsc, middle
        out[left] = 2 * self.voxel
        return out

    def score(self, found, truth):
        """Median error in Å and correlation in the mask."""
        inside = (self.mask.data >= 0.5) & (truth > 0) & (found > 0)
        return float(np.median(np.abs(found[inside] - truth[inside]))), float(np.corrcoef(found[inside], truth[inside])[0, 1])
