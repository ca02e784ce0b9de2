"""Two maps against each other: difference with matched amplitudes, local correlation, radial profiles."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ...core import blur, fourier, shells
from ...core.crossing import find_crossings
from ...core.filters import apply_radial, cosine_lowpass_profile
from ...core.peaks import find_peaks
from ...core.radial_profile import radial_sums
from ...io.maps import Map
from ...results import Column, Curve, Table
from ...study.mask import INSIDE
from .compare_matched import ComparedMaps, amplitude_inside, masked_correlation, matched

_WINDOW = 2.5                                    # times the resolution: standard deviation of the window of the local correlation
_STRONG, _ROWS = 4.0, 30                         # standard deviations from which a difference is in the table, and its rows
_LEVEL = 0.5                                     # of the FSC


def pair_values(compared: ComparedMaps, same: Dict[str, np.ndarray], window: Optional[float]) -> Dict[str, Any]:
    """What the first two maps have in common, and where they differ.

    Parameters
    ----------
    compared
        The maps, by label in the order in which they were given, with mask and resolution.
    same
        The maps with the common spectrum by label, float32 [z, y, x].
    window
        Standard deviation (Å) of the Gaussian window of the local correlation; 2.5 times the resolution when None.

    Returns
    -------
    dict
        Fields of the result.

    Notes
    -----
    ``difference = A - k(s) B``, both low-passed at the resolution, ``k`` the ratio of their amplitudes in the mask, shell by shell. ``local
    correlation = (G(ab) - G(a) G(b)) / sqrt((G(aa) - G(a)^2) (G(bb) - G(b)^2))`` of the maps with the common spectrum, G a Gaussian
    window: with one amplitude for all shells low resolution does not decide it alone.

    References
    ----------
    Roseman (2000), https://doi.org/10.1107/S0907444900010908 (local correlation).
    """
    names = list(compared.maps)[:2]
    grid, mask, geo = compared.maps[names[0]], compared.mask.data, compared.geo
    low = cosine_lowpass_profile(geo, compared.resolution)
    first, second = (apply_radial(fourier.forward(compared.maps[n].data), geo, low) for n in names)
    a = fourier.inverse(first, geo.shape)
    b = matched(second, compared, amplitude_inside(a, compared))
    out = _fsc(compared, names)
    one, two = same[names[0]], same[names[1]]
    out.update(pair=" and ".join(compared.kinds[n] for n in names), pair_correlation=masked_correlation(one, two, mask),
               **_radial(a, b, one, two, grid))
    difference = a - b
    del b
    out.update(difference_share=_share(difference, a, mask), difference_map=grid.with_data(difference))
    local = local_correlation(one, two, grid, _WINDOW * compared.resolution if window is None else window)
    inside = mask >= INSIDE
    known = local[inside]
    out.update(local_correlation_median=float(np.median(known)), local_correlation_p5=float(np.quantile(known, 0.05)),
               differences=_strongest(difference, local, inside, grid), local_correlation_map=grid.with_data(np.where(inside, local, 0)))
    return out


def local_correlation(a: np.ndarray, b: np.ndarray, grid: Map, sigma: float) -> np.ndarray:
    """Correlation of two maps in a Gaussian window around every voxel.

    Parameters
    ----------
    a, b
        Maps, float32 [z, y, x], with an even spectrum.
    grid
        Their grid.
    sigma
        Standard deviation of the window in Å.

    Returns
    -------
    ndarray
        float32 [z, y, x], -1 to 1; 0 where one of both does not vary.
    """
    def mean(data: np.ndarray) -> np.ndarray:
        return blur.gaussian(data, grid.voxel_size, sigma)

    mean_a, mean_b = mean(a), mean(b)
    both = mean(a * b) - mean_a * mean_b
    power = (mean(a * a) - mean_a ** 2) * (mean(b * b) - mean_b ** 2)
    varies = power > 1e-12 * float(power.max())
    return np.clip(np.where(varies, both / np.sqrt(np.where(varies, power, 1)), 0), -1, 1).astype(np.float32)


def _fsc(compared: ComparedMaps, names: List[str]) -> Dict[str, Any]:
    """FSC of two maps in the mask, and where it falls below 0.5."""
    one, two = (fourier.forward(compared.maps[n].data * compared.mask.data) for n in names)
    fsc, freq = shells.fsc(shells.cross_sums(one, two, compared.geo)), fourier.frequencies(compared.geo)
    first = find_crossings(freq, fsc, _LEVEL).first
    return dict(pair_fsc=Curve(freq[1:], fsc[1:]), pair_agree_to=float(1 / first) if np.isfinite(first) and first > 0 else None)


def _radial(a: np.ndarray, b: np.ndarray, one: np.ndarray, two: np.ndarray, grid: Map) -> Dict[str, Any]:
    """Radial profiles of two maps, and their correlation by radius."""
    sums = radial_sums(a, b, grid.voxel_size)
    count = np.maximum(sums.count, 1)
    return dict(radial_first=Curve(sums.radius, sums.first / count), radial_second=Curve(sums.radius, sums.second / count),
                radial_correlation=Curve(sums.radius[1:], radial_sums(one, two, grid.voxel_size).correlation[1:]))


def _share(difference: np.ndarray, whole: np.ndarray, mask: np.ndarray) -> Optional[float]:
    """Power of a difference over that of a map, in a mask."""
    above, below = (float(np.sum(np.square(m * mask), dtype=np.float64)) for m in (difference, whole))
    return above / below if below > 0 else None


def _strongest(difference: np.ndarray, local: np.ndarray, inside: np.ndarray, grid: Map) -> Table:
    """The strongest peaks of a difference in the mask, of both signs."""
    sd = float(np.std(difference[inside], dtype=np.float64))
    found: List[Tuple[float, np.ndarray]] = []
    for sign in (1, -1):
        places, heights = find_peaks(sign * difference, max(_STRONG * sd, 1e-30), inside)
        found += [(sign * float(h) / sd, p) for p, h in zip(places, heights)]
    rows = []
    for height, place in sorted(found, key=lambda f: -abs(f[0]))[:_ROWS]:
        z, y, x = np.rint(place).astype(int)
        at = [float(o + p * v) for o, p, v in zip(grid.origin, place[::-1], grid.voxel_size)]
        rows.append((round(height, 2), *(round(v, 2) for v in at), round(float(local[z, y, x]), 3)))
    return Table((Column("height", "", "standard deviations; above 0 the first map is denser"), *(Column(c, "Å") for c in "xyz"),
                  Column("local correlation")), tuple(rows))
