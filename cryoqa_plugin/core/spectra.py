"""What mtriage reads off radial sums: all of it comes from bins much finer than a shell, made in one pass over a transform.

The set of coefficients is Phenix's: out to the corners of Fourier space, without the one at the origin and without the Nyquist
planes of even axes. Each independent coefficient counts once.
"""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np

from .fourier import Geometry
from .jit import njit
from .shells import CrossSums, fsc
from .threads import over_slabs

BINS_PER_SHELL = 100                  # even, so that a nearest-integer shell is a whole number of bins
_FIT_STEP = 25                        # bins to a point of the smooth curve: a quarter of a shell
_FIT_REACH = 12                       # points on each side in the smooth curve: three shells
_GROUP = 500                          # coefficients to a point of the fine curve, and
_GROUP_REACH = 10                     # points on each side in it
_KEEP = 0.99                          # correlation that d99 keeps
_B_RANGE = (-500.0, 2000.0)         # Å²


class Spectra(NamedTuple):
    """Radial sums of two transforms in fine bins.

    ``freq`` float64 [n], frequency of the middle of each bin, in reciprocal units of the voxel size; ``step`` the width of a
    bin; ``sums`` the :class:`CrossSums`, float64 [n] each; ``plane`` those of the plane ``kz = 0`` alone.
    """

    freq: np.ndarray
    step: float
    sums: CrossSums
    plane: CrossSums


class ModelFit(NamedTuple):
    """``d_model_b0`` and ``d_model``: cut-offs (Å) of the model that fits best with all atoms at B = 0 and at ``b_iso`` (Å²).

    ``correlation`` is that of the map with the model at ``b_iso``, cut off at ``d_model``.
    """

    d_model_b0: float
    d_model: float
    b_iso: float
    correlation: float


@njit
def _fine_kernel(f1, f2, z0, z1, nx, steps, bins, out):
    nz, ny, nk = f1.shape
    for z in range(z0, z1):
        # The index n / 2 has no sign; Phenix leaves its planes out.
        if 2 * z == nz:
            continue
        kz = z if 2 * z < nz else z - nz
        for y in range(ny):
            if 2 * y == ny:
                continue
            ky = y if 2 * y < ny else y - ny
            base = (kz * steps[0]) ** 2 + (ky * steps[1]) ** 2
            for x in range(nk):
                if 2 * x == nx or (x == 0 and base == 0):
                    continue
                w = 0.5 if x == 0 else 1.0
                i = int(np.sqrt(base + (x * steps[2]) ** 2) * bins)
                a, b = f1[z, y, x], f2[z, y, x]
                ar, ai, br, bi = np.float64(a.real), np.float64(a.imag), np.float64(b.real), np.float64(b.imag)
                out[i, 0] += w * (ar * br + ai * bi)
                out[i, 1] += w * (ar * ar + ai * ai)
                out[i, 2] += w * (br * br + bi * bi)
                out[i, 3] += w


def spectra(f1: np.ndarray, f2: np.ndarray, geo: Geometry, lowest: Optional[float] = None,
            highest: Optional[float] = None) -> Spectra:
    """Radial sums of two transforms in bins of a hundredth of a shell.

    Parameters
    ----------
    f1, f2
        Transforms, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    lowest, highest
        Largest and smallest resolution that take part, in the unit of the voxel size; no limit when not given. The sums of bins outside
        are 0.

    Returns
    -------
    Spectra
        Out to the corners of Fourier space.
    """
    corner = np.sqrt(sum((n // 2 * s) ** 2 for n, s in zip(geo.shape, geo.steps)))
    n, steps = int(corner * BINS_PER_SHELL) + 1, np.array(geo.steps)

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((n, 4))
        _fine_kernel(f1, f2, start, stop, geo.shape[2], steps, BINS_PER_SHELL, out)
        return out

    step = 1 / (BINS_PER_SHELL * geo.length)
    freq = (np.arange(n) + 0.5) * step
    outside = (freq < (1 / lowest if lowest else 0)) | (freq > (1 / highest if highest else np.inf))
    # The plane kz = 0 is summed once more by itself, for the counting of d99.
    total, plane = sum(over_slabs(work, geo.shape[0])), work(0, 1)
    total[outside], plane[outside] = 0, 0
    return Spectra(freq, step, CrossSums(*total.T.copy()), CrossSums(*plane.T.copy()))


def mean_of(halves: Spectra) -> Spectra:
    """Sums of the mean of two transforms with itself.

    Parameters
    ----------
    halves
        Sums of two half-maps.

    Returns
    -------
    Spectra
        ``abs((F1 + F2) / 2)^2`` as both powers and as the cross term, from the cross sums: nothing is transformed.
    """
    def mean(s: CrossSums) -> CrossSums:
        power = (s.power1 + s.power2 + 2 * s.cross) / 4
        return CrossSums(power, power, power, s.count)

    return halves._replace(sums=mean(halves.sums), plane=mean(halves.plane))


def d99(spectrum: Spectra, which: int = 1, phenix_counting: bool = False) -> float:
    """Resolution cut-off that keeps a correlation of 0.99 with the uncut map.

    Parameters
    ----------
    spectrum
        Radial sums of one or two maps.
    which
        Which of the two, 1 or 2.
    phenix_counting
        Give the plane ``kz = 0`` half its weight, as in cctbx, which takes the weights of a half-complex array for its list of unique
        coefficients: the answer is 1 to 2 % smaller.

    Returns
    -------
    float
        Å; NaN for no power. Lower is finer.

    Notes
    -----
    The correlation of a map with itself cut at ``s`` is ``sqrt(sum_{< s} abs(F)^2 / sum abs(F)^2)``.
    Afonine et al. (2018), https://doi.org/10.1107/S2059798318009324.
    """
    power = spectrum.sums[which] - (0.5 * spectrum.plane[which] if phenix_counting else 0)
    total = np.cumsum(power)
    if not total[-1] > 0:
        return float("nan")
    goal = _KEEP ** 2 * total[-1]
    i = int(np.searchsorted(total, goal))
    # The goal is met somewhere inside bin i: its power is taken as even over its width.
    before = total[i - 1] if i else 0.0
    return float(1 / ((i + (goal - before) / power[i]) * spectrum.step))


def shell_curve(spectrum: Spectra) -> Tuple[np.ndarray, np.ndarray]:
    """FSC in nearest-integer shells out to the corner.

    Parameters
    ----------
    spectrum
        Radial sums of two maps.

    Returns
    -------
    freq, value
        float64 [m] each; empty shells are left out.
    """
    half = BINS_PER_SHELL // 2
    sums = _grouped(spectrum.sums, BINS_PER_SHELL, half)
    curve = fsc(sums)
    use = (sums.count > 0) & (np.arange(curve.size) > 0)
    return (np.arange(curve.size) * BINS_PER_SHELL * spectrum.step)[use], curve[use]


def smooth_curve(spectrum: Spectra) -> Tuple[np.ndarray, np.ndarray]:
    """FSC every quarter of a shell, smoothed.

    Each value is that of a parabola fitted to the quarter shells within 3 shells, weighted by their numbers of coefficients and a tricube
    window.

    Parameters
    ----------
    spectrum
        Radial sums of two maps.

    Returns
    -------
    freq, value
        float64 [m] each.

    References
    ----------
    Cleveland (1979), https://doi.org/10.1080/01621459.1979.10481038.
    """
    sums = _grouped(spectrum.sums, _FIT_STEP, 0)
    freq = (np.arange(sums.count.size) + 0.5) * _FIT_STEP * spectrum.step
    use = (sums.count > 0) & (sums.power1 > 0) & (sums.power2 > 0)
    return freq[use], _local_parabola(fsc(sums)[use], sums.count[use], _FIT_REACH)


def fine_curve(spectrum: Spectra) -> Tuple[np.ndarray, np.ndarray]:
    """FSC of runs of about 500 coefficients, smoothed.

    Where a curve first touches 0 is decided by how far noise is averaged; this curve averages as Phenix does, by a parabola through 21
    runs of 500 coefficients.

    Parameters
    ----------
    spectrum
        Radial sums of two maps.

    Returns
    -------
    freq, value
        float64 [m] each.

    References
    ----------
    Savitzky & Golay (1964), https://doi.org/10.1021/ac60214a047.
    """
    sums = spectrum.sums
    # Runs are counted from the high end, where coefficients are many: only the first run is short.
    from_end = np.cumsum(sums.count[::-1])[::-1] - sums.count / 2
    use = (sums.count > 0) & (sums.power1 > 0) & (sums.power2 > 0)
    group = np.unique(-(from_end[use] // _GROUP), return_inverse=True)[1].ravel()
    run = CrossSums(*(np.bincount(group, v[use]) for v in sums))
    freq = np.bincount(group, (sums.count * spectrum.freq)[use]) / run.count
    return freq, _local_parabola(fsc(run), np.ones(freq.size), _GROUP_REACH, flat=True)


def _grouped(sums: CrossSums, size: int, shift: int) -> CrossSums:
    """Sums of runs of ``size`` bins; the first run holds only ``size - shift`` of them."""
    starts = np.r_[0, np.arange(size - shift, sums.count.size, size)]
    return CrossSums(*(np.add.reduceat(v, starts) for v in sums))


def _local_parabola(y: np.ndarray, weight: np.ndarray, reach: int, flat: bool = False) -> np.ndarray:
    """Values at each point of the parabolas fitted to ``reach`` neighbours on each side; the window is tricube or flat."""
    offset = np.arange(-reach, reach + 1)
    t = offset / (reach + 1)
    window = np.ones(t.size) if flat else (1 - np.abs(t) ** 3) ** 3
    index = np.arange(y.size)[:, None] + offset
    inside = (index >= 0) & (index < y.size)
    index = np.clip(index, 0, y.size - 1)
    w = np.where(inside, weight[index], 0) * window
    moments = np.stack([w @ t ** k for k in range(5)], axis=1)
    right = np.stack([(w * y[index]) @ t ** k for k in range(3)], axis=1)
    left = moments[:, np.arange(3)[:, None] + np.arange(3)]
    # A window with fewer than three points has no parabola: the ridge makes it a line or a constant.
    left = left + 1e-9 * moments[:, :1, None] * np.eye(3)
    return np.linalg.solve(left, right[..., None])[:, 0, 0]


def crossing(freq: np.ndarray, curve: np.ndarray, threshold: float, weight: Optional[np.ndarray] = None) -> Tuple[float, int]:
    """Resolution at which a curve falls below a threshold.

    Among several falls the one is taken that leaves the fewest points on the wrong side of the threshold, so that a dip at low resolution
    does not count; at a threshold of 0, about which noise wavers for ever, the first one is taken.

    Parameters
    ----------
    freq, curve
        Frequencies, rising, and values, float64 [n].
    threshold
        Of the values.
    weight
        Of each point when points on the wrong side are counted, float64 [n]; 1 when not given. With the number of coefficients (the square
        of the frequency) a dip that comes back for good does not count, however long it looks on a plot.

    Returns
    -------
    resolution
        One over the frequency of the fall, linear between points; NaN when the curve does not fall below the threshold.
    falls
        How often it falls.
    """
    above = curve >= threshold
    falls = np.flatnonzero(above[:-1] & ~above[1:])
    if falls.size == 0:
        return float("nan"), 0
    right_side = np.cumsum(np.where(above, 1.0, -1.0) * (1.0 if weight is None else weight))
    i = int(falls[0] if threshold <= 0 else falls[np.argmax(right_side[falls])])
    t = (curve[i] - threshold) / (curve[i] - curve[i + 1])
    return float(1 / (freq[i] + t * (freq[i + 1] - freq[i]))), int(falls.size)


def last_fall(freq: np.ndarray, smooth: np.ndarray, threshold: float, nyquist: float) -> float:
    """Resolution at which the FSC of a map and a model falls below a threshold for good.

    Parameters
    ----------
    freq, smooth
        The smooth curve: frequencies and values, float64 [n].
    threshold
        Of the values.
    nyquist
        End of the map, in the unit of the resolution. Beyond, where a few coefficients make noise, a fall is looked for only if there is
        none before.

    Returns
    -------
    float
        In the unit of the voxel size; NaN where it does not fall.
    """
    before = freq <= 1 / nyquist
    found = crossing(freq[before], smooth[before], threshold, weight=freq[before] ** 2)[0]
    return found if found == found else crossing(freq, smooth, threshold)[0]


def fit_model(spectrum: Spectra, d_fsc_0: float) -> Optional[ModelFit]:
    """The cut-off and the overall B-factor at which a model fits a map best.

    Parameters
    ----------
    spectrum
        Sums of the map (first) and of the model with all atoms at B = 0 (second).
    d_fsc_0
        Resolution (Å) at which the map-model FSC reaches 0; everything beyond is cut off, nothing when it is NaN.

    Returns
    -------
    ModelFit or None
        None when no B between -500 and 2000 Å² makes the model correlate best with the map.

    Notes
    -----
    With ``CC(d, B) = sum_{s < 1/d} cross e^(-B s^2 / 4) / sqrt(sum power1 sum_{s < 1/d} power2 e^(-B s^2 / 2))``, the first sum of the
    root over all frequencies, ``d_model_b0`` maximises ``CC(d, 0)``. Then, with what lies beyond ``d_fsc_0`` cut off, ``b_iso`` maximises
    the correlation over B and ``d_model`` maximises ``CC(d, b_iso)``. Afonine et al. (2018), https://doi.org/10.1107/S2059798318009324.
    """
    d_model_b0, _ = _best_cut(spectrum, 0.0)
    if d_fsc_0 == d_fsc_0:               # not NaN
        inside = spectrum.freq <= 1 / d_fsc_0
        spectrum = spectrum._replace(sums=CrossSums(*(np.where(inside, v, 0.0) for v in spectrum.sums)))
    b_iso = _best_b(spectrum)
    d_model, correlation = _best_cut(spectrum, b_iso) if b_iso is not None else (None, 0.0)
    return ModelFit(d_model_b0, d_model, b_iso, correlation) if d_model_b0 and d_model else None


def _falloff(spectrum: Spectra, b: float) -> np.ndarray:
    """``exp(-b s^2 / 4)``, at most 1 over the frequencies that are there: a common factor changes no correlation."""
    exponent = -b * spectrum.freq ** 2 / 4
    used = spectrum.sums.power2 > 0
    return np.where(used, np.exp(exponent - exponent[used].max()), 0.0) if used.any() else np.zeros_like(exponent)


def _best_cut(spectrum: Spectra, b: float) -> Tuple[Optional[float], float]:
    """The cut-off that maximises ``CC(d, b)``, None when nowhere positive, and the correlation there."""
    fall = _falloff(spectrum, b)
    cross, power = np.cumsum(spectrum.sums.cross * fall), np.cumsum(spectrum.sums.power2 * fall ** 2)
    norm = np.sqrt(power * spectrum.sums.power1.sum())
    cc = np.divide(cross, norm, out=np.zeros_like(cross), where=norm > 0)
    best = int(np.argmax(cc))
    return (float(1 / ((best + 1) * spectrum.step)), float(cc[best])) if cc[best] > 0 else (None, 0.0)


def _best_b(spectrum: Spectra) -> Optional[float]:
    def score(b: float) -> float:
        fall = _falloff(spectrum, b)
        power = float(np.sum(spectrum.sums.power2 * fall ** 2))
        return float(np.sum(spectrum.sums.cross * fall)) / np.sqrt(power) if power > 0 else 0.0

    # Steps of 5 Å² and a parabola through the best three: the score is smooth on that scale.
    grid = np.arange(_B_RANGE[0], _B_RANGE[1] + 1, 5.0)
    scores = np.array([score(b) for b in grid])
    i = int(np.argmax(scores))
    if not scores[i] > 0 or i in (0, grid.size - 1):
        return None
    down, here, up = scores[i - 1:i + 2]
    bend = down - 2 * here + up
    return float(grid[i] + 5.0 * (0.5 * (down - up) / bend if bend < 0 else 0.0))
