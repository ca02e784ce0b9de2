"""What the noise of two half-maps tells about them: filters, masks, scale, and noise that both share.

Half-map 2 is brought to the scale of half-map 1 shell by shell, and both are divided by the noise amplitude of the shell. What is
then left of their difference has the same strength everywhere, unless something was done to the half-maps: a mask takes noise
away at some places, a low-pass at some frequencies. In the solvent there is nothing but noise, so that half-maps that correlate
there share some of it, and their FSC is too good by that.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ..core import noise, shells
from ..core.distance import squared_distance
from ..core.fourier import Geometry, forward, frequencies
from ..core.noise import COARSEST, RadialSums, find_molecule, noise_power, whitened
from ..core.shells import CrossSums

# Filter edge
_FIRST_SHELL = 8                      # from which edges are looked for
_STEP = 0.02                          # 1/Å over which the noise must fall
_FALL = 2.3                           # in ln of power, more than its course before; natural falls reach 1.1
_NEARLY, _STEEP = 0.8, 5.0            # the edge is where the fall is nearly the steepest, or steep enough for any edge
_SHARPENED_FROM = 12.0                # Å
# Molecule and solvent
_IN_MASK, _CORE = 0.01, 0.99          # the core holds the signal, and none of the soft edge of a mask
_RAMP, _RAMP_VOXELS = 6.0, 3.0        # Å, voxels
_MASK_GAP = 2.0                       # Å off a given mask, which has a soft edge already
# Noise by radius
_BIN = 3                              # voxels
_RIM_RANGE = (0.2, 0.6)               # of the box
_RIM_FALL, _RIM_LEVEL = np.log(8.0), np.log(4.0)
LARGEST_SPHERE = 0.49                 # of the box, from which a rim is that of the largest sphere
_INSET = 3.0                          # voxels that are kept off a rim
# Solvent against molecule
_LEAST_VOXELS = 12                    # of a radius, on both sides
_LEAST_WEIGHT = 100.0                 # voxels
_DAMPED, _DAMPED_BY = 2.0, 6.0        # ratio, and its ln times the root of the voxels: 3 standard errors of white noise
# Shared noise
_NOISY = 0.5                          # FSC below which shells are noise for the most part
_LEAST_SHELLS = 5
_SHARED, _SHARED_Z = 0.015, 4.0


class LowPass(NamedTuple):
    """Edge of a filter: its ``frequency`` (1/Å) and ``resolution`` (Å), and the ``fall`` of ln of the noise power beyond its course."""

    frequency: float
    resolution: float
    fall: float


class Scale(NamedTuple):
    """Scale of half-map 2 over half-map 1, and by how much more half-map 2 is blurred (B-factor, Å²), with standard errors."""

    scale: float
    scale_error: float
    bfactor: float
    bfactor_error: float


class RadialNoise(NamedTuple):
    """Noise power by distance from the box centre, in bins of 3 voxels.

    ``radius`` float64 [n], middle of each bin (Å); ``variance`` float64 [n], over its mean in the box; ``rim``: the radius at which the
    noise ends, as a part of the shortest edge of the box, None when it reaches the corners.
    """

    radius: np.ndarray
    variance: np.ndarray
    rim: Optional[float]

    @property
    def largest_sphere(self) -> bool:
        """Whether the half-maps are filled with one value outside the largest sphere of the box, as RELION does."""
        return self.rim is not None and self.rim >= LARGEST_SPHERE

    @property
    def soft_sphere(self) -> bool:
        """Whether the half-maps were cut by a sphere smaller than that."""
        return self.rim is not None and self.rim < LARGEST_SPHERE


class Damping(NamedTuple):
    """Noise power of the molecule over that of the solvent at equal radius: ``ratio``, about 1 when nothing was done to the solvent.

    ``error`` is the standard error of ln of it; ``testable`` is false where too few radii hold enough of both, and ``ratio`` None
    where none does; ``found`` tells that the solvent was damped: a ratio above 2, and surely above 1. Noise that varies with the radius
    alone does no harm.
    """

    ratio: Optional[float]
    error: Optional[float]
    testable: bool
    found: bool


class SharedNoise(NamedTuple):
    """Part of the noise power that two half-maps share in the solvent.

    ``share`` with its standard ``error``, ``z`` standard errors above 0, from ``n_shells`` shells; ``scatter`` is that of the shells over
    what independent coefficients give. All None where it cannot be tested.
    ``mixture`` is given where the FSC stays above 0.5 up to the last shell: the odds of what is shared in the solvent over those of the
    unmasked FSC, near 0 for half-maps that agree by their signal, near 1 when they are mixtures of each other.
    ``found``: the share is above 0.015 with z above 4, or the mixture above 0.5.
    """

    share: Optional[float]
    error: Optional[float]
    z: Optional[float]
    scatter: Optional[float]
    n_shells: int
    mixture: Optional[float]
    found: bool

    @property
    def widened_error(self) -> Optional[float]:
        """The error as the scatter of the shells widens it."""
        return None if self.error is None else self.error * max(1.0, self.scatter or 1.0)


class SolventFsc(NamedTuple):
    """FSC of the half-maps in the solvent, over the shells that are noise for the most part.

    ``frequency`` float64 [n] in 1/Å; ``fsc`` float64 [n], of the whitened half-maps times a weight of the solvent; ``sigma`` float64 [n],
    the standard error of independent noise about 0. Their mean, weighted by coefficients, is :attr:`SharedNoise.share`.
    """

    frequency: np.ndarray
    fsc: np.ndarray
    sigma: np.ndarray


@dataclass(frozen=True)
class HalfMapNoise:
    """All that the noise of two half-maps tells; see :func:`half_map_noise`.

    ``bfactor`` is that of the noise amplitudes finer than 12 Å (Å²): 20 to 75 as a rule, below -40 after sharpening; None with too few
    shells. ``volume_factor`` is the noise power of the whole box over that where the signal is, None where the molecule is not found; see
    :func:`volume_corrected`. ``shared`` is None where the solvent was damped, since what is left there says nothing about the noise of
    the molecule, and where there is no solvent; ``solvent`` is the curve behind it.
    """

    scale: Optional[Scale]
    low_pass: Optional[LowPass]
    bfactor: Optional[float]
    radial: RadialNoise
    damping: Damping
    volume_factor: Optional[float]
    shared: Optional[SharedNoise]
    solvent: Optional[SolventFsc] = None


def find_low_pass(sums: CrossSums, geo: Geometry) -> Optional[LowPass]:
    """Edge of a low-pass filter that both half-maps went through, None when there is none.

    Noise falls off slowly. A filter is where ln of its power falls by 2.3 more over 0.02 1/Å than a line through the shells before leads
    to expect; its edge is where a quarter of that line is left, half the amplitude. Wide filters without an edge (Gaussian, Butterworth)
    are not found; they do not change the FSC.

    Parameters
    ----------
    sums
        Cross sums of the unmasked half-maps in the shells of ``geo``.
    geo
        The shells, with the voxel size in Å.

    Returns
    -------
    LowPass or None
        Its edge in 1/Å and Å.
    """
    power = noise_power(sums)
    if not power.max() > 0:
        return None
    log, square = np.log(np.maximum(power, 1e-30 * power.max())), frequencies(geo) ** 2
    step = max(2, int(round(_STEP * geo.length)))
    first, last = max(_FIRST_SHELL, int(np.ceil(geo.length / COARSEST))), geo.n_shells - step
    falls = np.array([log[i] - log[i + step] + _course(square, log, i, 3 * step)[1] * (square[i + step] - square[i])
                      for i in range(first, last)])
    if falls.size == 0 or falls.max() <= _FALL:
        return None
    # The edge lies in the step from here. The line before a soft edge bends already: it is taken a step earlier, and shorter.
    start = first + int(np.flatnonzero(falls >= max(_FALL, _NEARLY * min(falls.max(), _STEEP)))[0])
    intercept, slope = _course(square, log, max(start - step, 2) + 1, 2 * step)
    rest = log - (intercept + slope * square) + np.log(4.0)
    at = start + step
    while at > first and rest[at - 1] < 0:
        at -= 1
    while at < geo.n_shells - 1 and rest[at] >= 0:
        at += 1
    part = rest[at - 1] / (rest[at - 1] - rest[at]) if rest[at] < 0 < rest[at - 1] else 1.0
    frequency = float(at - 1 + part) / geo.length
    return LowPass(frequency, 1 / frequency, float(falls.max()))


def _course(square: np.ndarray, log: np.ndarray, end: int, count: int) -> Tuple[float, float]:
    """Intercept and slope, not above 0, of ``log`` against ``square`` over the ``count`` shells before ``end``, shell 0 left out."""
    use = slice(max(1, end - count), end)
    x, y = square[use], log[use]
    # By hand: polyfit takes thirty times as long, and this is asked for every shell.
    middle, off = x.mean(), x - x.mean()
    slope = min(float(off @ y / (off @ off)), 0.0)
    return float(y.mean() - slope * middle), slope


def compare_scale(sums: CrossSums, geo: Geometry, low_pass: Optional[LowPass] = None) -> Optional[Scale]:
    """Scale and B-factor of half-map 2 relative to half-map 1, from ``ln(P2 / P1) = 2 ln(scale) - B s^2 / 2`` over the shells.

    Parameters
    ----------
    sums
        Cross sums of the unmasked half-maps in the shells of ``geo``.
    geo
        The shells, with the voxel size in Å.
    low_pass
        Shells beyond its edge are left out; none when None.

    Returns
    -------
    Scale or None
        None with fewer than three shells.

    Notes
    -----
    Of ``n`` coefficients with the correlation FSC, ``ln(P2 / P1)`` has the variance ``2 (1 - FSC^2) / n``.
    """
    freq = frequencies(geo)
    use = (freq > 0) & (freq <= (low_pass.frequency if low_pass else np.inf)) & (sums.power1 > 0) & (sums.power2 > 0)
    if np.count_nonzero(use) < 3:
        return None
    x, y = freq[use] ** 2, np.log(sums.power2[use] / sums.power1[use])
    w = sums.count[use] / np.maximum(2 * (1 - shells.fsc(sums)[use] ** 2), 1e-6)
    x0, y0 = np.average(x, weights=w), np.average(y, weights=w)
    sxx = float((w * (x - x0) ** 2).sum())
    slope = float((w * (x - x0) * (y - y0)).sum()) / sxx
    scale = float(np.exp((y0 - slope * x0) / 2))
    return Scale(scale, scale / 2 * float(np.sqrt(1 / w.sum() + x0 ** 2 / sxx)), -2 * slope, 2 / float(np.sqrt(sxx)))


def noise_bfactor(sums: CrossSums, geo: Geometry, low_pass: Optional[LowPass] = None) -> Optional[float]:
    """B-factor of the noise of two half-maps, from ``ln D = a - B s^2 / 2`` over the shells finer than 12 Å.

    Parameters
    ----------
    sums
        Cross sums of the unmasked half-maps in the shells of ``geo``.
    geo
        The shells, with the voxel size in Å.
    low_pass
        Shells beyond its edge are left out; none when None.

    Returns
    -------
    float or None
        In Å², below 0 for noise that grows with resolution; None with fewer than six shells.
    """
    freq, power = frequencies(geo), noise_power(sums)
    use = (freq >= 1 / _SHARPENED_FROM) & (freq <= (low_pass.frequency if low_pass else np.inf)) & (power > 0)
    if np.count_nonzero(use) < _LEAST_SHELLS + 1:
        return None
    return float(-np.polyfit(freq[use] ** 2 / 2, np.log(power[use]), 1, w=np.sqrt(sums.count[use]))[0])


def _radial_noise(sums: RadialSums, voxel: float, box: float) -> RadialNoise:
    """Noise by radius from sums in bins of one ``voxel`` (Å); ``box`` is the shortest edge (Å)."""
    starts = np.arange(0, sums.voxels.size, _BIN)
    count, power = np.add.reduceat(sums.voxels, starts), np.add.reduceat(sums.power, starts)
    radius, mean = (starts + _BIN / 2) * voxel, float(power.sum() / count.sum())
    variance = power / np.maximum(count, 1) / (mean or 1.0)
    log = np.log(np.maximum(variance, 1e-12))
    at = np.flatnonzero((radius[:-2] >= _RIM_RANGE[0] * box) & (radius[2:] <= _RIM_RANGE[1] * box))
    if at.size == 0:
        return RadialNoise(radius, variance, None)
    i = int(at[np.argmax(log[at] - log[at + 2])])
    if log[i] - log[i + 2] <= _RIM_FALL:
        return RadialNoise(radius, variance, None)
    level = log[i] - _RIM_LEVEL
    j = i if log[i + 1] < level else i + 1
    rim = radius[j] + (log[j] - level) / (log[j] - log[j + 1]) * (radius[j + 1] - radius[j])
    return RadialNoise(radius, variance, float(rim / box))


def _damping(sums: RadialSums, voxel: float, box: float) -> Damping:
    """Noise of the molecule over that of the solvent, by the weighted mean of its logarithm over the radii within the box."""
    use = (sums.voxels_in > _LEAST_VOXELS) & (sums.voxels_out > _LEAST_VOXELS) & (sums.power_in > 0) & (sums.power_out > 0)
    use &= (np.arange(sums.voxels.size) + 1) * voxel <= box / 2 - _INSET * voxel
    if not use.any():
        return Damping(None, None, False, False)
    n_in, p_in, n_out, p_out = (v[use] for v in (sums.voxels_in, sums.power_in, sums.voxels_out, sums.power_out))
    weight = 1 / (1 / n_in + 1 / n_out)
    log = float(np.average(np.log((p_in / n_in) / (p_out / n_out)), weights=weight))
    total = float(weight.sum())
    # White noise up to a radius of Fourier space has as many independent voxels as coefficients there, which is its mean power.
    independent = total * float(sums.power.sum() / sums.voxels.sum())
    testable = total >= _LEAST_WEIGHT
    found = testable and bool(log > max(np.log(_DAMPED), _DAMPED_BY / np.sqrt(total)))
    return Damping(float(np.exp(log)), float(np.sqrt(2 / independent)), testable, found)


def _noisy_shells(unmasked: np.ndarray, geo: Geometry, low_pass: Optional[LowPass]) -> np.ndarray:
    """Shells from the first with an FSC below 0.5 to the last but one, or to the edge of a filter."""
    end = geo.n_shells - 1 if low_pass is None else min(geo.n_shells - 1, int(low_pass.frequency * geo.length))
    start = int(np.ceil(geo.length / COARSEST)) + 1
    below = np.flatnonzero(unmasked[start:end] < _NOISY)
    return np.arange(start + int(below[0]), end) if below.size else np.arange(0)


def shared_noise(solvent: CrossSums, unmasked: CrossSums, independent: float, geo: Geometry,
                 low_pass: Optional[LowPass] = None) -> SharedNoise:
    """Part of the noise that two half-maps share, from their correlation in the solvent.

    Parameters
    ----------
    solvent
        Cross sums of the whitened half-maps times a weight of the solvent.
    unmasked
        Cross sums of the half-maps.
    independent
        Part of the coefficients of a shell that are independent in the solvent.
    geo
        The shells, with the voxel size in Å.
    low_pass
        Shells beyond its edge are left out; none when None.

    Returns
    -------
    SharedNoise
        The share with its error; None for both where fewer than five shells are noise for the most part.

    Notes
    -----
    The correlation of ``n`` independent coefficients has the standard error ``1 / sqrt(2 n)``; more scatter of the shells widens the error
    that ``z`` is held against. Noise that is shared in the molecule alone is not seen.
    """
    rho, fsc = shells.fsc(solvent), shells.fsc(unmasked)
    use = _noisy_shells(fsc, geo, low_pass)
    if use.size < _LEAST_SHELLS:
        mixture = None if low_pass else _mixture(rho, fsc, solvent.count)
        return SharedNoise(None, None, None, None, int(use.size), mixture, mixture is not None and mixture > _NOISY)
    count = solvent.count[use] * independent
    share, error = float(np.average(rho[use], weights=count)), float(1 / np.sqrt(2 * count.sum()))
    scatter = float(np.sqrt((2 * count * (rho[use] - share) ** 2).sum() / (use.size - 1)))
    z = share / (error * max(1.0, scatter))
    return SharedNoise(share, error, z, scatter, int(use.size), None, share > _SHARED and z > _SHARED_Z)


def _mixture(rho: np.ndarray, fsc: np.ndarray, count: np.ndarray) -> Optional[float]:
    """Odds of the correlation in the solvent over those of the FSC, in the last third of the shells."""
    last = slice(2 * fsc.size // 3, fsc.size - 1)
    shared, agreed = (float(np.clip(np.average(v[last], weights=count[last]), 0, 1 - 1e-9)) for v in (rho, fsc))
    return shared / (1 - shared) * (1 - agreed) / agreed if agreed > 0 else None


def bounded_fsc(fsc: Union[float, np.ndarray], share: float) -> np.ndarray:
    """FSC that is left when the noise that both half-maps share is taken off: ``(FSC - share) / (1 - share)``.

    Parameters
    ----------
    fsc
        FSC, float64 [n], unmasked, or corrected for the mask by random phases, which do not see what is shared.
    share
        Part of the noise power that is shared; with 2 standard errors more or less it gives the limits.

    Returns
    -------
    ndarray
        float64 [n]. Right when molecule and solvent share the same part of their noise.
    """
    return (np.asarray(fsc, dtype=np.float64) - share) / (1 - share)


def volume_corrected(fsc: Union[float, np.ndarray], volume_factor: float) -> np.ndarray:
    """Unmasked FSC of half-maps whose noise was taken away in a part of the box, as it would be with the noise of the molecule everywhere.

    Parameters
    ----------
    fsc
        Unmasked FSC, float64 [n].
    volume_factor
        Noise power of the whole box over that of the molecule.

    Returns
    -------
    ndarray
        float64 [n], ``SNR / (1 + SNR)`` with ``SNR = volume_factor FSC / (1 - FSC)``. For masks and spheres only: noise that varies by
        itself is no reason to correct.
    """
    curve = np.asarray(fsc, dtype=np.float64)
    return volume_factor * curve / (1 - curve + volume_factor * curve)


def half_map_noise(f1: np.ndarray, f2: np.ndarray, sums: CrossSums, geo: Geometry, voxel_size: Sequence[float],
                   mask: Optional[np.ndarray] = None, order: int = 1) -> HalfMapNoise:
    """All that the noise of two half-maps tells about them.

    Half-maps that are copies, or do not lie on each other, must be told before: they have no noise, or their signal counts as such.

    Parameters
    ----------
    f1, f2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1]; not modified.
    sums
        Cross sums of these, in the shells of ``geo``.
    geo
        The shells, with the voxel size in Å.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    mask, order
        Mask of the molecule, float32 [z, y, x], where the half-maps agree when None; of an imposed symmetry.

    Returns
    -------
    HalfMapNoise
        What could be told; None for what could not.

    Notes
    -----
    Four transforms of the whole box; without a mask one more, and three on a coarser grid.
    """
    voxel, box = float(np.prod(voxel_size)) ** (1 / 3), geo.length / max(geo.steps)
    low_pass = find_low_pass(sums, geo)
    ramp = max(_RAMP, _RAMP_VOXELS * max(voxel_size))
    gap = ramp if mask is None else _MASK_GAP
    molecule, core = find_molecule(f1, f2, geo, voxel_size) if mask is None else (mask > _IN_MASK, mask >= _CORE * mask.max())
    square = squared_distance(molecule, voxel_size, gap + ramp)
    del molecule
    a, b = whitened(f1, f2, sums, geo, low_pass.frequency if low_pass else np.inf)
    profile = noise.noise_by_radius(a, b, square, voxel_size, voxel, gap + ramp / 2)
    radial, damping = _radial_noise(profile, voxel, box), _damping(profile, voxel, box)
    inside = noise.mean_within(a, b, core)
    del core
    factor = float(profile.power.sum() / profile.voxels.sum() / inside) if inside > 0 else None
    shared = curve = None
    if not damping.found:
        reach = np.inf if radial.rim is None else max(min(radial.rim, 0.5) * box - _INSET * voxel, 0.0)
        square_sum, fourth_sum = noise.keep_solvent(a, b, square, voxel_size, gap, ramp, reach, _RAMP)
        independent = square_sum ** 2 / (a.size * fourth_sum * order) if fourth_sum > 0 else 0.0
        del square
        solvent = shells.cross_sums(forward(a), forward(b), geo)
        if independent > 0:
            shared = shared_noise(solvent, sums, independent, geo, low_pass)
            use = _noisy_shells(shells.fsc(sums), geo, low_pass)
            if use.size:
                curve = SolventFsc(frequencies(geo)[use], shells.fsc(solvent)[use], 1 / np.sqrt(2 * solvent.count[use] * independent))
    return HalfMapNoise(compare_scale(sums, geo, low_pass), low_pass, noise_bfactor(sums, geo, low_pass), radial, damping, factor, shared,
                        curve)
