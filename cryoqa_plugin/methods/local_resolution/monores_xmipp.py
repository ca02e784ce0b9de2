"""MonoRes as Xmipp's program does it, voxel by voxel, with its edge cases."""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.special import ndtri

from ...core.monogenic import WIDTH, Monogenic, low_pass_at
from ...core.pruned import limits_of
from ...progress import Progress
from .monores_inputs import Level, MonoresInputs, MonoresSweep, real_gaussian, threshold_of

_Noise = Tuple[float, float, float]
_EXACT = (0.2,)                       # cycles a voxel: from here on strong low frequencies are left out, for the last float32 digits


class Classes(NamedTuple):
    """Voxels tested and voxels the noise is taken from, bool [z, y, x]; number of voxels of the mask before any was ignored."""

    tested: np.ndarray
    noise: np.ndarray
    n_mask: int


def lattice(length: float, voxel: float, start: float, step: float) -> List[int]:
    """Fourier indices that the program looks at: those nearest to ``start - k step``, each once, up to Nyquist.

    Parameters
    ----------
    length
        Longest edge of the box in Å.
    voxel
        Edge of a voxel in Å.
    start, step
        Coarsest resolution, and step between resolutions, in Å.

    Returns
    -------
    list of int
        Rising.
    """
    out: List[int] = []
    for k in range(int(start / step) + 1):
        resolution = start - k * step
        if resolution <= 0:
            break
        index = int(np.floor(length / resolution + 0.5))
        if out and index == out[-1] or index == 0:
            continue
        if length / index < 2 * voxel - 1e-6:
            break
        out.append(index)
    return out


def cliff(data: np.ndarray, inside: np.ndarray) -> float:
    """Radius beyond which the map is empty: where the variance of a shell falls below 1 % of that of the one before.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    inside
        The mask, bool [z, y, x]; shells that it reaches are not looked at.

    Returns
    -------
    float
        In voxels; half the shortest edge of the box for a map that fills it.
    """
    half = min(data.shape) // 2
    y2 = (np.arange(data.shape[1]) - data.shape[1] // 2) ** 2
    x2 = (np.arange(data.shape[2]) - data.shape[2] // 2) ** 2
    plane = (y2[:, None] + x2[None, :]).ravel()
    sums, reach = np.zeros((3, half + 1)), 0
    for z, section in enumerate(data):
        r2 = plane + (z - data.shape[0] // 2) ** 2
        chosen = inside[z].ravel()
        reach = max(reach, int(r2[chosen].max(initial=0)))
        shell = np.minimum(np.sqrt(r2).astype(np.int64), half)
        values = section.ravel().astype(np.float64)
        for row, weights in zip(sums, (None, values, values * values)):
            row += np.bincount(shell, weights, half + 1)
    count, total, square = sums[:, :half]
    variance = square / np.maximum(count, 1) - (total / np.maximum(count, 1)) ** 2
    last = 1e-38
    for radius in range(int(np.sqrt(reach)), half):
        if variance[radius] / last < 0.01:
            return radius - 1
        last = variance[radius] if variance[radius] > 0 else 1e-38
    return half


def _classes(inputs: MonoresInputs, signal: Optional[Monogenic]) -> Classes:
    limit2 = cliff(inputs.signal, inputs.inside) ** 2
    z, y, x = (((np.arange(n) - n // 2) ** 2) for n in inputs.shape)
    near = z[:, None, None] + y[None, :, None] + x[None, None, :] < limit2
    tested, noise = inputs.inside & near, ~inputs.inside & near
    n_mask = int(np.count_nonzero(inputs.inside))
    if signal is None:                                       # half-maps tell the noise inside the mask
        return Classes(tested, tested, n_mask)
    amplitude = signal.amplitude(0.0)                        # what looks like solvent is solvent
    amplitude = real_gaussian(amplitude, inputs.voxel_size, 4)
    if noise.any():
        level = threshold_of(amplitude[noise], 0.95, False)[0]
        weak = tested & (amplitude < level)
        tested, noise = tested & ~weak, noise | weak
        n_mask = int(np.count_nonzero(tested))
    return Classes(tested, tested | noise if inputs.halves else noise, n_mask)


class _Amplitudes:
    """Amplitudes of a map at the voxels of ``where``, at rising frequencies."""

    def __init__(self, source: Monogenic, where: np.ndarray) -> None:
        self._source, self._where, self._limits, self._last = source, where, limits_of(where), 0.0
        self._buffer: Optional[np.ndarray] = None

    def at(self, f: float) -> np.ndarray:
        """Amplitude beyond ``f`` low-passed at ``f``, float32 [n]; all NaN at 0.5, where the width of Xmipp's low-pass is 0."""
        if f >= 0.5:
            return np.full(int(np.count_nonzero(self._where)), np.nan, np.float32)
        if any(self._last < limit <= f for limit in _EXACT):
            self._buffer = None
            self._source.forget_below(f)
        self._last = f
        self._buffer = self._source.amplitude(f, out=self._buffer)
        return low_pass_at(self._buffer, self._source.steps, (f, min(f + WIDTH, 0.5)), self._where, self._limits)


def sweep_xmipp(inputs: MonoresInputs, progress: Progress) -> MonoresSweep:
    """The sweep over frequencies by the rules of Xmipp, and what follows it.

    Parameters
    ----------
    inputs
        Maps, mask and parameters.
    progress
        Told each frequency.

    Returns
    -------
    MonoresSweep
        As the program writes it, smoothed.
    """
    length = max(n * v for n, v in zip(inputs.shape, inputs.voxel_size[::-1]))
    indices = lattice(length, inputs.voxel, inputs.start, inputs.params.step)
    fs = [i / length * inputs.voxel for i in indices]
    significance = inputs.params.significance or 0.95
    noises: List[Optional[_Noise]] = [None] * len(fs)
    classes = None
    if inputs.halves:
        classes = _classes(inputs, None if inputs.params.noise_inside else Monogenic(inputs.signal, inputs.voxel_size))
        source = _Amplitudes(Monogenic(inputs.study.difference(), inputs.voxel_size), classes.noise)
        for k, f in enumerate(fs):
            progress(0.1 + 0.4 * k / len(fs), f"noise at {length / indices[k]:.2f} Å")
            noises[k] = threshold_of(source.at(f), significance, inputs.params.gaussian_noise)
        del source
    signal = Monogenic(inputs.signal, inputs.voxel_size)
    race = _Race(inputs, classes or _classes(inputs, signal))
    source = _Amplitudes(signal, race.where)
    for k, f in enumerate(fs):
        progress(0.5 + 0.45 * k / len(fs), f"map at {length / indices[k]:.2f} Å")
        if not race.step(source, f, length / indices[k], noises[k]):
            break
    del source, signal
    return race.finish()


class _Race:
    """Which voxels are still in the race; ``failed`` counts their failures in a row, of voxels in the order of the mask."""

    def __init__(self, inputs: MonoresInputs, classes: Classes) -> None:
        self.inputs, self.classes = inputs, classes
        n = int(np.count_nonzero(classes.tested))
        self.failed, self.resolution = np.zeros(n, np.uint8), np.zeros(n, np.float32)
        self.seen: List[float] = []
        self.levels: List[Level] = []
        self.best, self.rejected = 0.0, 0
        self.where = classes.tested if inputs.halves else classes.tested | classes.noise
        self.is_tested = classes.tested[self.where]

    def step(self, source: _Amplitudes, f: float, resolution: float, noise: Optional[_Noise]) -> bool:
        """One frequency; False when the sweep ends here."""
        params = self.inputs.params
        significance = params.significance or 0.95
        self.seen.append(resolution)
        values = source.at(f)
        if noise is None:
            noise = threshold_of(values[~self.is_tested], significance, params.gaussian_noise)
            values = values[self.is_tested]
        threshold, noise_mean, noise_variance = noise
        active = self.failed < 2
        signal = values[active]
        mean = float(signal.mean(dtype=np.float64)) if signal.size else 0.0
        if signal.size / self.classes.n_mask < 0.025 or mean < 0.001 * self.best:
            return False
        if mean == mean:
            self.best = max(self.best, mean)
        passed = active & (values > threshold)
        self.failed[passed] = 0
        self.resolution[passed] = resolution
        lost = active & ~passed
        self.failed[lost] += 1
        twice = lost & (self.failed == 2)
        self.resolution[twice] = self.seen[-3] if len(self.seen) > 2 else self.seen[0]
        if len(self.seen) == 2:
            self.rejected = int(np.count_nonzero(twice))
        self.levels.append(Level(resolution, threshold, mean, noise_mean, signal.size / active.size,
                                 np.count_nonzero(passed) / active.size))
        spread = float(signal.var(dtype=np.float64)) / signal.size + noise_variance / np.count_nonzero(self.classes.noise)
        z = (mean - noise_mean) / np.sqrt(spread) if spread > 0 else np.inf
        return not z < ndtri(significance)

    def finish(self) -> MonoresSweep:
        """Fill what has no resolution, smooth, and keep the better of both."""
        inputs, last = self.inputs, np.float32(self.seen[-1] if self.seen else 0)
        whole = np.zeros(inputs.shape, np.float32)
        whole[self.classes.tested] = self.resolution
        valid = (whole >= last) & (whole > 0)
        beyond = int(np.count_nonzero(self.failed == 0))
        if not valid.any():
            return MonoresSweep(np.zeros_like(whole), self.levels, beyond, self.resolution.size)
        filled = np.where(valid, whole, np.float32(np.median(whole[whole > last - np.float32(0.001)])))
        smooth = real_gaussian(filled, inputs.voxel_size, 3)
        kept = (smooth > filled) | (smooth < 2 * inputs.voxel)
        return MonoresSweep(np.where(valid, np.where(kept, filled, smooth), np.float32(0)), self.levels, beyond, self.rejected)
