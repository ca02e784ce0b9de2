"""The sweep of MonoRes by cryoqa's rules: amplitudes averaged in the mask, interpolated falls, no edge at Nyquist."""
from __future__ import annotations

from typing import Callable, List, Tuple

import numpy as np

from ...core.monogenic import Monogenic, Region
from ...core.pruned import limits_of
from ...core.threads import slabs
from ...progress import Progress
from .local_noise import unevenness
from .monores_inputs import Level, MonoresInputs, MonoresSweep, threshold_of

_FINEST = 0.49                        # cycles a voxel
_REST = 1e-3                          # part of the voxels with which it is not worth while to go on


class Window:
    """Mean over a Gaussian window of what lies inside a mask: ``G(values mask) / G(mask)``."""

    def __init__(self, inside: np.ndarray, voxel_size: Tuple[float, ...], sigma: float) -> None:
        """``inside`` is bool [z, y, x], ``sigma`` in Å; beyond the box there is nothing."""
        self.inside = inside
        self._halves = [half_gaussian(n, sigma / v) for n, v in zip(inside.shape, voxel_size[::-1])]
        self._weight = self._smooth(inside)

    def _smooth(self, values: np.ndarray) -> np.ndarray:
        """Gaussian mean of what is 0 outside the mask, at its voxels, but for a factor."""
        sizes = [h.shape[0] for h in self._halves]
        (z, y, x), nz = self._halves, values.shape[0]
        planes = np.empty((nz, sizes[1], sizes[2]), np.float32)
        for start, stop in slabs(nz):                        # not side by side: the matrix products have threads of their own
            masked = values[start:stop] * self.inside[start:stop].astype(np.float32)
            np.matmul(y, (masked.reshape(-1, x.shape[1]) @ x.T).reshape(stop - start, y.shape[1], -1), out=planes[start:stop])
        planes = (z.T @ (z @ planes.reshape(nz, -1))).reshape(nz, sizes[1], sizes[2])
        back = [(np.matmul(y.T, planes[start:stop]) @ x)[self.inside[start:stop]] for start, stop in slabs(nz)]
        return np.concatenate(back)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Window means of values at the voxels of the mask.

        Parameters
        ----------
        values
            float32 [z, y, x]; only those inside the mask count.

        Returns
        -------
        ndarray
            float32 [n], in the order of ``array[inside]``.
        """
        return self._smooth(values) / self._weight


def half_gaussian(n: int, sigma: float) -> np.ndarray:
    """Half of the way to a Gaussian mean along an axis.

    Parameters
    ----------
    n
        Voxels of the axis.
    sigma
        Standard deviation of the mean in voxels.

    Returns
    -------
    ndarray
        float32 [m, n]: a matrix A so that ``A.T @ A`` is ``exp(-(i - j)^2 / (2 sigma^2))`` but for a factor. Its rows are Gaussians of
        ``sigma / sqrt 2`` at points ``0.6 sigma`` apart, which make the factor even to 1e-5, and much fewer than the voxels.
    """
    step = 0.6 * sigma
    points = np.arange(-2.5 * sigma, n - 1 + 2.5 * sigma + step, step)
    distance = (points[:, None] - np.arange(n)[None, :]) / sigma
    return np.exp(-distance * distance).astype(np.float32)


def _region(inside: np.ndarray) -> Region:
    """The smallest box that holds the mask."""
    out = []
    for axes in ((1, 2), (0, 2), (0, 1)):
        places = np.flatnonzero(inside.any(axis=axes))
        out.append(slice(int(places[0]), int(places[-1]) + 1))
    return out[0], out[1], out[2]


class Fall:
    """Where the amplitude of each voxel falls below the threshold twice in a row, found as the levels come in."""

    def __init__(self, n: int) -> None:
        self.done = np.zeros(n, bool)
        self.frequency = np.zeros(n, np.float32)              # of the fall; of the last level where there was none
        self._ratio = np.full(n, np.inf, np.float32)          # at the last level that was passed, and its frequency
        self._passed = np.zeros(n, np.float32)
        self._pending = np.zeros(n, bool)

    def add(self, frequency: float, ratio: np.ndarray) -> float:
        """Take in one more level.

        Parameters
        ----------
        frequency
            Frequency of the level in 1/Å, above those before.
        ratio
            Amplitude over threshold, float32 [n].

        Returns
        -------
        float
            Number of the voxels above the threshold, of those in the race.
        """
        f = np.float32(frequency)
        above = ~self.done & (ratio > 1)
        self._pending[above] = False
        self._ratio[above], self._passed[above], self.frequency[above] = ratio[above], f, f
        below = ~self.done & ~above
        self.done |= below & self._pending
        first = below & ~self._pending
        r0, r1, f0 = self._ratio[first], ratio[first], self._passed[first]
        known = np.isfinite(r0)
        part = np.divide(r0 - 1, r0 - r1, out=np.zeros_like(r1), where=known & (r0 > r1))
        self.frequency[first] = np.where(known, f0 + part * (f - f0), f)
        self._pending |= first
        return float(np.count_nonzero(above))


def sweep(inputs: MonoresInputs, progress: Progress) -> MonoresSweep:
    """The sweep over the frequencies by cryoqa's rules.

    Parameters
    ----------
    inputs
        Maps, mask and parameters.
    progress
        Told each frequency.

    Returns
    -------
    MonoresSweep
        A voxel that never fails has the last frequency, one that fails at once the first.
    """
    voxel, params = inputs.voxel, inputs.params
    region = _region(inputs.inside if inputs.halves else inputs.inside | inputs.solvent)
    inside = inputs.inside[region]
    window = Window(inside, inputs.voxel_size, inputs.window)
    noise_where, noise_window = _noise_places(inputs, region, inside, window)
    signal = Monogenic(inputs.signal, inputs.voxel_size, region)
    noise = Monogenic(inputs.study.difference(), inputs.voxel_size, region) if inputs.halves else None
    # Zeros: what lies beyond the limits is multiplied by 0 later, and must be a number.
    limits, amplitude = limits_of(inside | noise_where), np.zeros(inside.shape, np.float32)
    race, levels = Fall(int(np.count_nonzero(inside))), []
    even = _evened(inputs, noise_where is inside)
    frequencies = np.linspace(voxel / inputs.start, _FINEST, params.levels)
    for k, f in enumerate(frequencies):
        progress(0.15 + 0.8 * k / len(frequencies), f"amplitude at {voxel / f:.2f} Å")
        signal.amplitude(float(f), limits=limits, out=amplitude)
        values = even(window.mean(amplitude))
        if noise is not None:
            noise.amplitude(float(f), limits=limits, out=amplitude)
        sample = even(noise_window.mean(amplitude))
        threshold, mean, _ = threshold_of(sample, params.significance or 0.99, params.gaussian_noise)
        active = float(1 - race.done.mean())
        signal_mean = float(values[~race.done].mean(dtype=np.float64))
        above = race.add(f / voxel, values / np.float32(max(threshold, 1e-30)))
        levels.append(Level(voxel / float(f), threshold, signal_mean, mean, active, above / race.done.size))
        if race.done.mean() > 1 - _REST:
            break
    return _finish(inputs, region, inside, window, race, levels)


def _evened(inputs: MonoresInputs, noise_inside: bool) -> Callable[[np.ndarray], np.ndarray]:
    """What divides amplitudes by that of the noise where they are, where the noise of half-maps varies over the mask."""
    power = unevenness(inputs.study, inputs.used.data, inputs.window) if inputs.halves and noise_inside else None
    if power is None:
        return lambda amplitudes: amplitudes
    amplitude = np.sqrt(power)
    return lambda amplitudes: amplitudes / amplitude


def _noise_places(inputs: MonoresInputs, region: Region, inside: np.ndarray, window: Window) -> Tuple[np.ndarray, Window]:
    """Where the noise is looked at, bool over the region, and the window of that."""
    if inputs.solvent is not None:               # a map alone
        where = inputs.solvent[region]
    elif inputs.params.noise_inside:
        return inside, window
    else:
        where = np.ones(inside.shape, bool)
    return where, Window(where, inputs.voxel_size, inputs.window)


def _finish(inputs: MonoresInputs, region: Region, inside: np.ndarray, window: Window, race: Fall, levels: List[Level]) -> MonoresSweep:
    last, first = np.float32(1 / levels[-1].resolution), np.float32(1 / levels[0].resolution)
    beyond = int(np.count_nonzero(~race.done & (race.frequency >= last * np.float32(0.99999))))
    unresolved = int(np.count_nonzero(race.done & (race.frequency <= first * np.float32(1.00001))))
    out = np.zeros(inputs.shape, np.float32)
    out[region][inside] = race.frequency
    out[region][inside] = 1 / window.mean(out[region])
    return MonoresSweep(out, levels, beyond, unresolved)
