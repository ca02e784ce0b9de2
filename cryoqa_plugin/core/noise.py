"""The noise of two half-maps: its power in each shell, both made white by it, its strength at each radius, and the solvent alone."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np

from . import shells, tophat
from .filters import apply_radial
from .fourier import Geometry, forward, frequencies, inverse
from .jit import njit
from .shells import CrossSums
from .threads import over_slabs

COARSEST = 20.0                       # Å; coarser shells hold the shape of the molecule and few coefficients
_BLUR, _BLUR_VOXELS = 12.0, 6.0       # Å, voxels: how the half-maps are blurred to see the molecule
_CUT = 3.5                            # where exp(-(s l)^2 / 2) has fallen to 0.002
_SMOOTH_CUT = 1.5                     # where the transform of a Gaussian of sigma l / 2 has fallen to 1e-5
_CONTOUR, _CORE, _TOP = 0.03, 0.3, 99.5    # parts of this percentile


class RadialSums(NamedTuple):
    """Numbers of voxels and sums of the noise power ``(a - b)^2 / 2`` in radial bins, float64 [n] each.

    Bin ``i`` holds the radii from ``i`` to ``i + 1`` bin widths. ``voxels`` and ``power`` are of all voxels, ``voxels_in`` and
    ``power_in`` of the region, ``voxels_out`` and ``power_out`` of what is far from it.
    """

    voxels: np.ndarray
    power: np.ndarray
    voxels_in: np.ndarray
    power_in: np.ndarray
    voxels_out: np.ndarray
    power_out: np.ndarray


@njit
def _radial_kernel(a, b, square, z0, z1, steps, far2, out):
    nz, ny, nx = a.shape
    for z in range(z0, z1):
        dz = (z - nz // 2) * steps[0]
        for y in range(ny):
            dy = (y - ny // 2) * steps[1]
            base = dz * dz + dy * dy
            for x in range(nx):
                dx = (x - nx // 2) * steps[2]
                i = int(np.sqrt(base + dx * dx))
                d = np.float64(a[z, y, x]) - np.float64(b[z, y, x])
                power = 0.5 * d * d
                out[i, 0] += 1
                out[i, 1] += power
                if square[z, y, x] == 0:
                    out[i, 2] += 1
                    out[i, 3] += power
                elif square[z, y, x] > far2:
                    out[i, 4] += 1
                    out[i, 5] += power


def noise_by_radius(a: np.ndarray, b: np.ndarray, square: np.ndarray, voxel_size: Sequence[float], width: float,
                    far: float) -> RadialSums:
    """Noise power ``(a - b)^2 / 2`` of two half-maps in radial bins about the middle of the box.

    Parameters
    ----------
    a, b
        Half-maps on one scale, float32 [z, y, x].
    square
        Squared distance (Å²) to a region, 0 in it, float32 [z, y, x]; see :func:`.distance.squared_distance`.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    width
        Width of the bins in Å.
    far
        Distance from the region (Å) beyond which voxels count as outside.

    Returns
    -------
    RadialSums
        Up to the corners of the box.
    """
    steps = np.array(list(voxel_size)[::-1], dtype=np.float64) / width
    corner = np.sqrt(sum((n // 2 * s) ** 2 for n, s in zip(a.shape, steps)))

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((int(corner) + 1, 6))
        _radial_kernel(a, b, square, start, stop, steps, float(far) ** 2, out)
        return out

    return RadialSums(*(np.ascontiguousarray(c) for c in sum(over_slabs(work, a.shape[0])).T))


@njit
def _solvent_kernel(a, b, square, z0, z1, spacing, gap, ramp, reach, edge, total):
    nz, ny, nx = a.shape
    inner2 = max(reach - edge, 0.0) ** 2
    for z in range(z0, z1):
        dz = (z - nz // 2) * spacing[0]
        for y in range(ny):
            dy = (y - ny // 2) * spacing[1]
            base = dz * dz + dy * dy
            for x in range(nx):
                dx = (x - nx // 2) * spacing[2]
                r2, s2 = base + dx * dx, np.float64(square[z, y, x])
                w = 0.0
                if s2 > gap * gap and r2 < reach * reach:
                    w = 1.0
                    if s2 < (gap + ramp) ** 2:
                        w = 0.5 - 0.5 * np.cos(np.pi * (np.sqrt(s2) - gap) / ramp)
                    if r2 > inner2:
                        w *= 0.5 - 0.5 * np.cos(np.pi * (reach - np.sqrt(r2)) / edge)
                total[0] += w * w
                total[1] += w ** 4
                a[z, y, x] *= np.float32(w)
                b[z, y, x] *= np.float32(w)


def keep_solvent(a: np.ndarray, b: np.ndarray, square: np.ndarray, voxel_size: Sequence[float], gap: float, ramp: float,
                 reach: float = np.inf, edge: float = 1.0) -> Tuple[float, float]:
    """Multiply two half-maps by a soft weight of the solvent, in place.

    The weight rises from 0 at ``gap`` from a region to 1 at ``gap + ramp``, and falls to 0 over ``edge`` before the radius
    ``reach`` about the middle of the box; both as half a cosine.

    Parameters
    ----------
    a, b
        Half-maps, float32 [z, y, x]; overwritten by their product with the weight ``w``.
    square
        Squared distance (Å²) to the region, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    gap, ramp, reach, edge
        Å.

    Returns
    -------
    squares, fourths
        The sums of ``w^2`` and ``w^4``: a shell of ``n`` coefficients has ``n (sum w^2)^2 / (N sum w^4)`` independent ones in the solvent
        of a map of ``N`` voxels.
    """
    spacing = np.array(list(voxel_size)[::-1], dtype=np.float64)
    limit = min(float(reach), 1e30)                          # its square must be finite

    def work(start: int, stop: int) -> np.ndarray:
        total = np.zeros(2)
        _solvent_kernel(a, b, square, start, stop, spacing, float(gap), float(ramp), limit, float(edge), total)
        return total

    square_sum, fourth_sum = sum(over_slabs(work, a.shape[0]))
    return float(square_sum), float(fourth_sum)


def noise_power(sums: CrossSums) -> np.ndarray:
    """Mean noise power of a coefficient of half-map 1 in each shell.

    Parameters
    ----------
    sums
        Cross sums of the unmasked half-maps, float64 [n_shells] each.

    Returns
    -------
    ndarray
        ``mean abs(F1 - k F2)^2 / 2 = P1 (1 - FSC)`` with ``k = sqrt(P1 / P2)``, float64 [n_shells]; 0 where a shell is empty.
    """
    power = np.divide(sums.power1, sums.count, out=np.zeros(sums.count.size), where=sums.count > 0)
    return power * np.maximum(1 - shells.fsc(sums), 0)


def whitened(f1: np.ndarray, f2: np.ndarray, sums: CrossSums, geo: Geometry, highest: float = np.inf) -> Tuple[np.ndarray, np.ndarray]:
    """Two half-maps on one scale, divided by the noise amplitude of each shell from 20 Å on.

    Parameters
    ----------
    f1, f2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1].
    sums
        Cross sums of these, in the shells of ``geo``.
    geo
        Shells of the box, with the voxel size in Å.
    highest
        Frequency (1/Å) of the last shell that is kept.

    Returns
    -------
    a, b
        float32 [z, y, x] each: white noise of variance 1, but for the frequencies that are left out, and what signal there is.
    """
    power, freq = noise_power(sums), frequencies(geo)
    use = (freq >= 1 / COARSEST) & (freq <= highest) & (power > 0) & (sums.power2 > 0)
    # An infinite power makes the gain of a shell that is not used 0. The transform is not normalised: its noise has N times the
    # variance of a voxel.
    gain = np.sqrt(float(np.prod(geo.shape)) / np.where(use, power, np.inf))
    scale = np.sqrt(np.divide(sums.power1, sums.power2, out=np.zeros(freq.size), where=use))
    a = inverse(apply_radial(f1, geo, gain), geo.shape)
    return a, inverse(apply_radial(f2, geo, gain * scale), geo.shape)


def find_molecule(f1: np.ndarray, f2: np.ndarray, geo: Geometry, voxel_size: Sequence[float]) -> Tuple[np.ndarray, np.ndarray]:
    """Where two half-maps agree: the local mean of the product of both, blurred, above 3 % of its 99.5th percentile, and above 30 %.

    Parameters
    ----------
    f1, f2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box, with the voxel size in Å.
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    tuple of ndarray
        bool [z, y, x] each: the molecule, generous, so that next to no signal is outside; and its core, where most of the signal is.
    """
    blur = max(_BLUR, _BLUR_VOXELS * max(voxel_size))
    unit = geo.length / blur                                 # shells to the frequency 1 / blur
    at = np.arange(int(_CUT * unit * 8) + 2) / 8
    profile = np.exp(-(at / unit) ** 2 / 2)
    # A product reaches twice the frequency; only what the last blur passes must not be folded back.
    grid = tophat.grid_for(geo, (_CUT + _SMOOTH_CUT / 2) * unit)
    product, b = (tophat.resample(f, geo, grid, profile, fine=8.0) for f in (f1, f2))
    for image in (product, b):                               # every other voxel tells the median of a smooth image
        image -= np.float32(np.median(image[::2, ::2, ::2]))
    product *= b
    coarse = tophat.geometry_on(geo, grid)
    mean = tophat.resample(forward(product), coarse, geo.shape, tophat.gaussian_profile(coarse, blur / 2))
    top = max(float(np.percentile(mean[::2, ::2, ::2], _TOP)), 0.0)
    return mean > _CONTOUR * top, mean > _CORE * top


def mean_within(a: np.ndarray, b: np.ndarray, region: np.ndarray) -> float:
    """Mean of ``(a - b)^2 / 2`` within a region.

    Parameters
    ----------
    a, b
        Whitened half-maps, float32 [z, y, x].
    region
        bool [z, y, x].

    Returns
    -------
    float
        0 for an empty region. Summed section by section.
    """
    total, count = 0.0, 0
    for p, q, r in zip(a, b, region):
        gap = p[r].astype(np.float64) - q[r]
        total, count = total + float(gap @ gap), count + gap.size
    return total / (2 * count) if count else 0.0
