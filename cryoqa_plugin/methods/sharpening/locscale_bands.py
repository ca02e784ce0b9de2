"""LocScale's bands: overall fall-off, local powers of map, noise and reference, their fit, and the gains."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import filters, fourier, local, local_gains, shells
from ...core.fourier import Geometry
from ...progress import Progress
from ...study import Study

_LOST = 0.05                                     # correlation of the whole map with the truth, squared, below which a shell tells nothing
_BEYOND = 0.02                                   # the same, where the bands end
_NOISE_WINDOW = 3.0                              # window of the noise over that of the signal
FLOOR = 1e-6                                     # noise over power, at the least
_MISFIT = 0.3                                    # relative error of a reference's power in a band, besides counting
_SPREAD = (3.0, 60.0)                            # prior standard deviations: of ln power, and of local B-factors in Å^2
_COARSE = 10.0                                   # Å; finer bands tell the B-factor
_CHUNK = 20_000                                  # points that are fitted at a time
_STEPS = 15                                      # of the scoring, at the most


class Spectra(NamedTuple):
    """Transforms, shared, and shells: ``f1`` and ``f2`` of the half-maps, or ``f1`` of the one map and ``f2`` None; per shell, float64
    [n_shells], ``signal`` and ``noise`` power of the mean map, and ``trust``, the part of signal in its power."""

    geo: Geometry
    f1: np.ndarray
    f2: Optional[np.ndarray]
    signal: np.ndarray
    noise: np.ndarray
    trust: np.ndarray


class Powers(NamedTuple):
    """Local powers of equalised bands at the points ``there`` (bool [mz, my, mx], v of them): ``total`` and ``noise`` of the mean map and
    ``reference`` (empty without one), float32 [bands, v]; ``at`` float64 [bands] in 1/Å; ``profiles`` the radial factor of each band;
    ``weight`` float64 [bands], the mean of the overall weight that they hold; ``fitted`` the number of bands up to the last shell with
    signal."""

    grid: local.Points
    there: np.ndarray
    at: np.ndarray
    total: np.ndarray
    noise: np.ndarray
    reference: np.ndarray
    count: np.ndarray
    profiles: List[np.ndarray]
    shapes: Tuple[Tuple[int, int, int], ...]
    weight: np.ndarray
    fitted: int


def spectra_of_halves(study: Study) -> Spectra:
    """Spectra of two half-maps: the cross-power is the signal.

    Parameters
    ----------
    study
        The Study of the half-maps.

    Returns
    -------
    Spectra
        Of their mean.
    """
    sums = study.half_sums()
    n = np.maximum(sums.count, 0.5)
    signal, noise = sums.cross / n, np.maximum(((sums.power1 + sums.power2) / 2 - sums.cross) / 2 / n, 0)
    return _spectra(study.geometry, study.transform("half1"), study.transform("half2"), signal, noise)


def spectra_of_map(study: Study, mask: np.ndarray, resolution: float, masked: bool) -> Spectra:
    """Spectra of a map alone.

    Parameters
    ----------
    study
        The map.
    mask
        Of the molecule, float32 [z, y, x]; the noise is that of the solvent outside.
    resolution
        Up to which all is signal (Å) where the solvent was masked off.
    masked
        Whether it was.

    Returns
    -------
    Spectra
        Of the map, ``f2`` None.
    """
    geo, f1 = study.geometry, study.transform("full_map")
    total, _, count = shells.power_sums(f1, geo)
    total = total / np.maximum(count, 0.5)
    outside = 1 - mask
    part = float((outside.astype(np.float64) ** 2).mean())
    if masked or part < 0.05:
        freq = fourier.frequencies(geo)
        noise = total * (1 - filters.raised_cosine(freq * resolution, 0.95, 1.15))
    else:
        power, _, _ = shells.power_sums(fourier.forward(study.full_map.data * outside), geo)
        noise = np.minimum(power / np.maximum(count, 0.5) / part, total)
    return _spectra(geo, f1, None, total - noise, noise)


def _spectra(geo: Geometry, f1: np.ndarray, f2: Optional[np.ndarray], signal: np.ndarray, noise: np.ndarray) -> Spectra:
    trust = np.clip(signal, 0, None) / np.maximum(signal + noise, 1e-30)
    return Spectra(geo, f1, f2, signal, noise, trust)


def end_of_signal(spectra: Spectra) -> int:
    """Last shell before three in a row that tell nothing.

    Parameters
    ----------
    spectra
        The spectra.

    Returns
    -------
    int
        At least 7; the last shell where there are no such three.
    """
    lost = spectra.trust < _LOST
    run = lost[:-2] & lost[1:-1] & lost[2:]
    run[:8] = False
    found = np.flatnonzero(run)
    return int(found[0]) - 1 if found.size else spectra.geo.n_shells - 1


def smooth_log(freq: np.ndarray, values: np.ndarray, weights: np.ndarray, width: float, last: int) -> np.ndarray:
    """Logarithm of values over the shells, smoothed by straight lines in the square of the frequency under a Gaussian.

    Parameters
    ----------
    freq
        Frequency of the shells (1/Å), float64 [n_shells].
    values
        The values, float64 [n_shells]; those not above 0 are passed over.
    weights
        Their weights, float64 [n_shells].
    width
        Standard deviation of the Gaussian in 1/Å.
    last
        Past this shell it goes on along the line through the shells from 10 Å to there.

    Returns
    -------
    ndarray
        float64 [n_shells].
    """
    good = (values > 0) & (weights > 0) & (np.arange(freq.size) <= last) & (freq > 0)
    x, y, w = freq[good] ** 2, np.log(values[good]), weights[good]
    if x.size < 3:
        return np.zeros(freq.size)
    out = np.empty(freq.size)
    tail = freq[good] * _COARSE >= 1
    if np.count_nonzero(tail) < 3:
        tail = np.ones(x.size, dtype=bool)
    slope, level = np.polyfit(x[tail], y[tail], 1, w=np.sqrt(w[tail]))
    for k, s in enumerate(freq):
        near = w * np.exp(-0.5 * ((freq[good] - s) / width) ** 2)
        out[k] = _line(x, y, near, s * s) if k <= last else np.nan
    step = out[last] - (level + slope * freq[last] ** 2)
    beyond = np.arange(freq.size) > last
    out[beyond] = level + slope * freq[beyond] ** 2 + step
    return out


def _line(x: np.ndarray, y: np.ndarray, w: np.ndarray, at: float) -> float:
    total = w.sum()
    mx, my = (w @ x) / total, (w @ y) / total
    sxx, sxy = w @ (x - mx) ** 2, w @ ((x - mx) * (y - my))
    return float(my + (sxy / sxx if sxx > 1e-12 * total else 0.0) * (at - mx))


def overall_weight(spectra: Spectra, width: float) -> np.ndarray:
    """Signal over signal and noise per shell of the whole box, smooth, falling on past the last shell with signal.

    Parameters
    ----------
    spectra
        The spectra.
    width
        Standard deviation of the smoothing in 1/Å.

    Returns
    -------
    ndarray
        float64 [n_shells], 0 to 1.
    """
    freq, last = fourier.frequencies(spectra.geo), end_of_signal(spectra)
    ratio = spectra.signal / np.maximum(spectra.noise, 1e-9 * np.maximum(spectra.signal, 0) + 1e-30)
    smooth = smooth_log(freq, ratio, np.arange(freq.size) ** 2 * spectra.trust ** 2 + 1e-9, width, last)
    smooth[last + 1:] = np.minimum(smooth[last + 1:], smooth[last])
    return 1 / (1 + np.exp(-np.clip(smooth, -20, 20)))


def measure(spectra: Spectra, equaliser: np.ndarray, weight: np.ndarray, reference_ft: Optional[np.ndarray], window: float,
            near: np.ndarray, voxel_size: Tuple[float, float, float], progress: Progress) -> Powers:
    """Local powers of all bands of a map multiplied by two factors.

    Within a band the overall weight keeps its fine end, where noise is strongest, from standing for all of it; the reference has it too.

    Parameters
    ----------
    spectra
        Transforms and shells of the map.
    equaliser, weight
        The factors, float64 [n_shells] each.
    reference_ft
        Transform of the reference, complex64 [nz, ny, nx // 2 + 1]; None without one.
    window
        Edge (Å) of the box that has the variance of the Gaussian window.
    near
        Points are kept where this is above 0, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    progress
        Called with the fraction done and the band.

    Returns
    -------
    Powers
        Of the bands up to where the signal ends.
    """
    geo = spectra.geo
    sigma = window / np.sqrt(12)
    spacing = max(1 / window, 2 / geo.length)
    last = max(end_of_signal(spectra), 1)
    n_bands = int(np.ceil(min(last * 1.1, geo.n_shells - 1) / geo.length / spacing - 1e-6)) + 1
    at = np.arange(n_bands) * spacing
    fine, plain = _fine(geo, equaliser * weight), _fine(geo, weight)
    hann = [local_gains.hann_band(c * geo.length, spacing * geo.length, fine.size) for c in at]
    profiles = [h * fine for h in hann]
    grid = local.points(geo.shape, voxel_size, sigma)
    shapes = local_gains.band_shapes(geo, [(c + spacing) * geo.length for c in at], grid.sigma)
    _, there = local.needed(near, 1e-3, grid)
    rows: Dict[str, List[np.ndarray]] = dict(total=[], noise=[], reference=[])
    for i, (profile, shape) in enumerate(zip(profiles, shapes)):
        progress(0.25 + 0.35 * i / n_bands, f"band at {1 / at[i]:.1f} Å" if i else "coarsest band")
        total, noise = _band_powers(spectra, profile, shape, grid)
        rows["total"].append(total[there])
        rows["noise"].append(np.maximum(noise[there], FLOOR * max(float(total.max()), 1e-30)))
        if reference_ft is not None:
            image = local_gains.band_image(reference_ft, geo, hann[i] * plain, shape)
            rows["reference"].append(local_gains.local_square(image, grid)[there])
    count = (4 * np.pi * sigma ** 2) ** 1.5 * 2 * np.pi * np.maximum(at, spacing / 4) ** 2 * spacing
    return Powers(grid, there, at, np.array(rows["total"]), np.array(rows["noise"]),
                  np.array(rows["reference"]), count, profiles, shapes, _band_weights(spectra, weight, profiles),
                  max(3, int(last / geo.length / spacing + 1e-6) + 1))


def _fine(geo: Geometry, values: np.ndarray) -> np.ndarray:
    """Values per shell, positive, at every eighth of a shell, as far as whole shells go, and 0 at the end."""
    at = np.arange((geo.n_shells - 1) * local_gains.FINE + local_gains.FINE // 2 + 1) / local_gains.FINE
    out = np.exp(np.interp(at, np.arange(geo.n_shells), np.log(values)))
    out[-1] = 0
    return out


def _band_weights(spectra: Spectra, weight: np.ndarray, profiles: List[np.ndarray]) -> np.ndarray:
    """Signal over signal and noise of each band of the whole box, float64 [bands], for signal over noise of ``weight / (1 - weight)``."""
    at = np.arange(profiles[0].size) / local_gains.FINE
    index = np.arange(spectra.geo.n_shells)
    power = np.interp(at, index, np.maximum(spectra.signal + spectra.noise, 0)) * at ** 2
    fine = np.interp(at, index, weight)
    out = []
    for profile in profiles:
        total = power * profile ** 2
        out.append(float((total * fine).sum() / max(total.sum(), 1e-30)))
    return np.clip(out, 1e-9, 1)


def _band_powers(spectra: Spectra, profile: np.ndarray, shape: Tuple[int, int, int], grid: local.Points) -> Tuple[np.ndarray, np.ndarray]:
    """Local power of a band of the mean map, and of its noise, float32 [mz, my, mx] each."""
    geo = spectra.geo
    a = local_gains.band_image(spectra.f1, geo, profile, shape)
    if spectra.f2 is not None:
        b = local_gains.band_image(spectra.f2, geo, profile, shape)
        total, noise = local.local_powers(a, b, grid)
        return total, local.widen(noise, grid, _NOISE_WINDOW)
    total = local_gains.local_square(a, grid)
    squared = np.interp(np.arange(profile.size) / local_gains.FINE, np.arange(geo.n_shells), spectra.noise) * profile ** 2
    radius = np.arange(profile.size) / local_gains.FINE
    volume = 4 * np.pi * radius ** 2 / local_gains.FINE / np.prod(geo.steps)
    per_voxel = float(squared @ volume) / float(np.prod(geo.shape, dtype=np.float64)) ** 2
    return total, np.full_like(total, per_voxel)


class Fit(NamedTuple):
    """Local fall-off against a shape: ``ln S = ln shape + level + slope s^2``, float64 [v] each; ``slope`` in Å^2; its standard error."""

    level: np.ndarray
    slope: np.ndarray
    error: np.ndarray


def fit(powers: Powers, shape: np.ndarray) -> Fit:
    """Local likelihood of band powers, expected to be ``shape exp(level + slope s^2) + noise``.

    Fisher scoring with Gaussian priors, which hold what noise leaves open at what the whole map has.

    Parameters
    ----------
    powers
        The powers.
    shape
        What the powers are held against, float [bands, v or 1].

    Returns
    -------
    Fit
        At every point.
    """
    v = powers.total.shape[1]
    shape = np.broadcast_to(shape, powers.total.shape)
    out = [_fit_chunk(powers, shape, slice(a, min(a + _CHUNK, v))) for a in range(0, v, _CHUNK)]
    return Fit(*(np.concatenate(parts) for parts in zip(*out)))


def _fit_chunk(powers: Powers, shape: np.ndarray, part: slice) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    use = slice(1 if powers.at.size > 3 else 0, powers.fitted)
    total, noise = powers.total[use, part].astype(np.float64), powers.noise[use, part].astype(np.float64)
    base, s2, n = shape[use, part].astype(np.float64), powers.at[use, None] ** 2, powers.count[use, None]
    middle = float(s2.mean())
    u = s2 - middle
    level, slope = np.zeros(total.shape[1]), np.zeros(total.shape[1])
    ridge = (1 / _SPREAD[0] ** 2, (2 / _SPREAD[1]) ** 2)
    for _ in range(_STEPS):
        signal = base * np.exp(np.clip(level + slope * u, -12, 12))
        expected = signal + noise
        share = signal / expected
        weight = n * share ** 2 / (1 + n * share ** 2 * _MISFIT ** 2)
        residual = np.clip((total - expected) / np.maximum(signal, 1e-30), -0.95, 4)
        residual += share * (np.log1p(residual) - residual)              # where there is little noise, errors are those of the logarithm
        a00, a01, a11 = weight.sum(0) + ridge[0], (weight * u).sum(0), (weight * u * u).sum(0) + ridge[1]
        g0, g1 = (weight * residual).sum(0) - ridge[0] * level, (weight * residual * u).sum(0) - ridge[1] * slope
        det = a00 * a11 - a01 ** 2
        d0, d1 = (a11 * g0 - a01 * g1) / det, (a00 * g1 - a01 * g0) / det
        # Steps of at most 1 in ln power: the model is an exponential, and longer ones overshoot.
        shrink = 1 / np.maximum(1, np.maximum(np.abs(d0), np.abs(d1) * float(np.abs(u).max())))
        level, slope = level + d0 * shrink, slope + d1 * shrink
        if max(np.abs(d0 * shrink).max(initial=0), np.abs(d1 * shrink).max(initial=0) * middle) < 1e-3:
            break
    return level - slope * middle, slope, np.sqrt(a00 / det)


def apply(ft: np.ndarray, powers: Powers, gains: np.ndarray, geo: Geometry) -> np.ndarray:
    """Map whose bands are multiplied by gains.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    powers
        The bands and the points.
    gains
        float32 [bands, v].
    geo
        The shells.

    Returns
    -------
    ndarray
        float32 [z, y, x]; 0 far from the points.
    """
    parts: Dict[Tuple[int, int, int], np.ndarray] = {}
    values = np.zeros(powers.grid.shape, dtype=np.float32)
    for profile, shape, gain in zip(powers.profiles, powers.shapes, gains):
        image = local_gains.band_image(ft, geo, profile, shape)
        if shape not in parts:
            parts[shape] = np.zeros(shape, dtype=np.float32)
        values[powers.there] = gain
        local_gains.add_scaled(parts[shape], image, values)
        del image
    return local_gains.join(parts, geo)
