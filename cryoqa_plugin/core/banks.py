"""Banks of low-pass filters: a map filtered at another frequency in every voxel."""
from __future__ import annotations

from typing import Tuple

import numpy as np

from .filters import apply_radial, gaussian_profile, raised_cosine
from .fourier import Geometry, forward, inverse
from .threads import over_slabs


def bank(lowest: float, highest: float, ratio: float) -> np.ndarray:
    """Cut-off frequencies of a bank of low-pass filters.

    Parameters
    ----------
    lowest, highest
        The first and the last frequency; one frequency when both are equal.
    ratio
        Neighbours are at most a factor ``1 + ratio`` apart.

    Returns
    -------
    ndarray
        Rising float64 [n], in the unit of ``lowest``.
    """
    if highest <= lowest * (1 + 1e-6):
        return np.array([float(highest)])
    steps = int(np.ceil(np.log(highest / lowest) / np.log1p(ratio)))
    out = lowest * (highest / lowest) ** (np.arange(steps + 1) / steps)
    out[-1] = highest
    return out


def smooth_lowpass(geo: Geometry, frequency: float, edge: float, bfactor: float = 0.0) -> Tuple[np.ndarray, np.ndarray]:
    """Low-pass with a raised-cosine edge, as :func:`.filters.apply_radial` takes it.

    Parameters
    ----------
    geo
        Shells of the box.
    frequency
        1/Å.
    edge
        Width of the edge as a part of ``frequency``: 1 up to ``frequency (1 - edge / 2)``, 0 from ``frequency (1 + edge / 2)`` on.
    bfactor
        The gain is times ``exp(-bfactor s^2 / 4)``, Å^2.

    Returns
    -------
    at, gain
        Radii in shell units and the factor there, float64 [n] each.
    """
    inner, outer = (frequency * geo.length * (1 + sign * edge / 2) for sign in (-1, 1))
    # The gain is linear between the radii: sixteen a shell for the B-factor, and 512 steps over the edge.
    at = np.unique(np.concatenate((np.arange(0, inner, 1 / 16), np.linspace(inner, outer, 513))))
    return at, raised_cosine(at, inner, outer) * np.exp(-bfactor * (at / geo.length) ** 2 / 4)


def positions(frequency: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
    """Place of each voxel in a bank.

    Parameters
    ----------
    frequency
        Cut-off wanted in each voxel, float [z, y, x].
    cutoffs
        Those of the bank, rising float64 [n].

    Returns
    -------
    ndarray
        float32 [z, y, x]: 2.25 is three quarters of filter 2 and a quarter of filter 3.
    """
    out = np.empty(frequency.shape, dtype=np.float32)
    places = np.arange(cutoffs.size, dtype=np.float64)
    for z in range(frequency.shape[0]):
        out[z] = np.interp(frequency[z], cutoffs, places)
    return out


def used(position: np.ndarray, n: int) -> np.ndarray:
    """Which filters of a bank have a weight anywhere.

    Parameters
    ----------
    position
        Place of each voxel, float32 [z, y, x], of :func:`positions`.
    n
        Number of filters.

    Returns
    -------
    ndarray
        bool [n].
    """
    below = np.zeros(n + 1, dtype=bool)
    for plane in position:
        low = np.floor(plane).astype(np.int64)
        below[np.unique(low)] = True
        below[np.unique(low[plane > low]) + 1] = True
    return below[:n]


def filter_locally(data: np.ndarray, geo: Geometry, position: np.ndarray, cutoffs: np.ndarray, edge: float,
                   bfactor: float = 0.0) -> np.ndarray:
    """Map low-passed at another frequency in every voxel.

    Each filter is applied to the whole map; a voxel takes the linear mean of the two whose cut-offs enclose its own. The weights are
    continuous and their sum is 1, so that there are no seams where the frequency changes.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    geo
        Shells of the box.
    position
        Place of each voxel in the bank, float32 [z, y, x], of :func:`positions`.
    cutoffs
        Frequencies of the bank in 1/Å, rising float64 [n].
    edge, bfactor
        As in :func:`smooth_lowpass`.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    # A filter costs a transform of the whole map: those without weight are left out.
    needed = used(position, cutoffs.size)
    ft = forward(data)
    low = np.empty_like(ft)
    out = np.zeros(data.shape, dtype=np.float32)
    for i in np.flatnonzero(needed):
        at, gain = smooth_lowpass(geo, cutoffs[i], edge, bfactor)
        filtered = inverse(apply_radial(ft, geo, gain, at=at, out=low), data.shape)
        add_filtered(out, position, i, filtered)
        del filtered
    return out


def add_filtered(out: np.ndarray, position: np.ndarray, i: int, filtered: np.ndarray) -> None:
    """Add what one filter of a bank gives, with its weight in each voxel.

    Parameters
    ----------
    out
        float32 [z, y, x], changed in place.
    position
        Place of each voxel, float32 [z, y, x], of :func:`positions`.
    i
        Number of the filter.
    filtered
        Its image, float32 [z, y, x].
    """
    def work(start: int, stop: int) -> None:
        for z in range(start, stop):
            weight = np.abs(position[z] - np.float32(i))
            np.subtract(1, weight, out=weight)
            np.maximum(weight, 0, out=weight)
            weight *= filtered[z]
            out[z] += weight

    over_slabs(work, out.shape[0])


def gaussian(data: np.ndarray, geo: Geometry, sigma: float) -> np.ndarray:
    """Map smoothed by a Gaussian.

    Parameters
    ----------
    data
        Map [z, y, x], float32 or bool.
    geo
        Shells of the box.
    sigma
        Standard deviation in the unit of the voxel size.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    ft = forward(data)
    return inverse(apply_radial(ft, geo, gaussian_profile(geo, sigma), out=ft), data.shape)


def fill_outside(frequency: np.ndarray, inside: np.ndarray, geo: Geometry, sigma: float, far: float) -> Tuple[np.ndarray, np.ndarray]:
    """Frequencies carried on from a region into its holes and over its border, and a soft mask of it.

    Parameters
    ----------
    frequency
        float32 [z, y, x]; only its values inside count.
    inside
        The region, bool [z, y, x].
    geo
        Shells of the box.
    sigma
        Standard deviation of a Gaussian, in the unit of the voxel size: outside, the mean of the frequencies under it is taken.
    far
        Frequency that it goes over to where less than half of the Gaussian lies inside.

    Returns
    -------
    frequency
        float32 [z, y, x].
    mask
        float32 [z, y, x]: 1 inside, falling to 0 outside in the same way.
    """
    share = gaussian(inside, geo, sigma)
    np.clip(share, 0, 1, out=share)
    out = gaussian(np.where(inside, frequency, 0).astype(np.float32), geo, sigma)
    # Where next to nothing of the Gaussian lies inside, the mean means nothing; ``far`` takes its place below.
    out /= np.maximum(share, 1e-3)
    low, high = float(frequency[inside].min()), float(frequency[inside].max())
    np.clip(out, low, high, out=out)                     # of what rounding makes far away
    near = np.minimum(2 * share, 1, out=share)
    near[near < 0.01] = 0
    out *= near
    out += (1 - near) * np.float32(far)
    out[inside] = frequency[inside]
    near[inside] = 1
    return out, near
