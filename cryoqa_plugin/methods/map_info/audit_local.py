"""What the half-maps say of a processed map place by place: the slope of the data on it, and what of the data it lacks."""
from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

import numpy as np

from ...core import fourier, model_map, shells
from ...core.fourier import Geometry
from ...core.local import Points, at_points, points, widen
from ...core.local_gains import FINE, add_scaled, band_image, band_shapes, join, local_product
from ...core.robust import robust_sd
from ...io.maps import Map
from ...progress import Progress
from ...study import Study
from ...study.residues import of_all
from .audit_shells import ShellFacts, Whitened, masked

_BANDS = 5
EPS, _EPS_LOST = 0.3, 0.05                      # of the signal, beside the noise that shells are weighted down by: support, lost list
_WINDOW, _PER_END = 1.5, 0.6                     # Å, and times the end of the data: standard deviation of the window
WIDE = 3.0                                       # Å, window of the maps of peaks
_SPACING = 0.9                                   # of the points, in standard deviations
_EVEN_BANDS, _EVEN_WINDOW, _EVEN_CLIP = 4, 15.0, (0.05, 20.0)
_INSIDE, _OUTSIDE = 0.9, 0.02                    # values of the mask: surely molecule, surely not
_SURE = 5.0                                      # standard deviations of the signal where the two are put on one scale
_LEAST = 1e-3                                    # support that is written: viewers take 0 for no value
_UNDECIDED = 0.25                                # standard error of the slope


class LocalSupport(NamedTuple):
    """Maps at the points of ``grid``, float32 [mz, my, mx].

    ``support`` 0 to 1; ``slope`` T; ``unsupported`` and ``lost`` in units of the signal usual there; ``share``, ``undecided``: parts of
    the power.
    """

    grid: Points
    support: np.ndarray
    slope: np.ndarray
    unsupported: np.ndarray
    lost: np.ndarray
    share: float
    undecided: float


class _Weights(NamedTuple):
    """Profiles that weight the shells, float64 [n_shells]: of the data, and of the processed map; and of the lost list over those."""

    data: np.ndarray
    processed: np.ndarray
    noise: np.ndarray
    lost: np.ndarray


def weights(white: Whitened, facts: ShellFacts) -> _Weights:
    """Profiles of the data, ``1 / sqrt(N + 0.3 S)`` after whitening, and of the processed map, the same over its gain.

    Parameters
    ----------
    white, facts
        Of the maps and of the shells.

    Returns
    -------
    _Weights
        0 outside of the shells that are used.
    """
    level = facts.noise + EPS * facts.signal
    inside = np.zeros(level.size)
    inside[facts.used] = 1
    own = inside / np.sqrt(np.maximum(level, 1e-12))
    return _Weights(own * white.of_data, own * white.of_processed * facts.take, inside * facts.noise / np.maximum(level, 1e-12),
                    level / np.maximum(facts.noise + _EPS_LOST * facts.signal, 1e-12))


def _fine(profile: np.ndarray, end: int) -> np.ndarray:
    """A profile at the radii ``i / 8`` up to a shell."""
    at = np.arange(end * FINE + 1) / FINE
    return np.interp(at, np.arange(profile.size), profile)


def evened(white: Whitened, facts: ShellFacts, weight: _Weights, geo: Geometry, voxel_size: Tuple[float, ...],
           mask: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The processed map with its local gains evened out.

    Parameters
    ----------
    white, facts, weight
        Of the maps and the shells.
    geo, voxel_size
        The box.
    mask
        float32 [z, y, x].

    Returns
    -------
    transform
        Of the weighted map, complex64.
    cp
        Its correlation with the data in the mask, float64 [n_shells].

    Notes
    -----
    Four triangular bands q of the processed map and f of the data, each times ``G(q f) / G(q^2)`` (Gaussian of 15 Å, 0.05 to 20).
    """
    grid = points(geo.shape, voxel_size, _EVEN_WINDOW)
    nodes = np.linspace(facts.first, facts.last, _EVEN_BANDS)
    step, end = nodes[1] - nodes[0], facts.last
    shapes = band_shapes(geo, [min(n + step, end) + 1 for n in nodes], grid.sigma)
    at = np.arange((end + 1) * FINE + 1) / FINE
    parts: Dict[Tuple[int, int, int], np.ndarray] = {}
    for node, shape in zip(nodes, shapes):
        band = np.clip(1 - np.abs(at - node) / step, 0, 1)
        q, f = (band_image(ft, geo, _fine(p, end + 1) * band, shape) for ft, p in ((white.processed, weight.processed),
                                                                                  (white.mean, weight.data)))
        power = local_product(q, q, grid)
        gain = np.clip(local_product(q, f, grid) / np.maximum(power, 1e-6 * power.max() + 1e-30), *_EVEN_CLIP)
        add_scaled(parts.setdefault(shape, np.zeros(shape, np.float32)), q, gain)
    ft = fourier.forward(join(parts, geo))
    back = np.divide(1.0, weight.processed, out=np.zeros_like(weight.processed), where=weight.processed > 0) * white.of_processed
    sums = shells.cross_sums(masked(ft, geo, back, mask), masked(white.mean, geo, white.of_data, mask), geo)
    pf, pp, ff = (shells.running_mean(v, 2) for v in (sums.cross, sums.power1, sums.power2))
    return ft, np.divide(pf, np.sqrt(pp * ff), out=np.zeros_like(ff), where=pp * ff > 0)


class _Sums(NamedTuple):
    """Local averages summed over the bands, float32 [mz, my, mx] each.

    ``qf``, ``qq``, ``signal`` (``ff - dd``), ``present`` (``e f``) of processed map, data, evened map; ``lin`` and ``lin_wide``, what
    local linear filters explain in the narrow and the wide window; ``variance`` of the slope; ``signal_lost`` and ``present_lost`` with
    the weights of the lost list.
    """

    qf: np.ndarray
    qq: np.ndarray
    signal: np.ndarray
    present: np.ndarray
    lin: np.ndarray
    lin_wide: np.ndarray
    variance: np.ndarray
    signal_lost: np.ndarray
    present_lost: np.ndarray


def local_support(white: Whitened, even: np.ndarray, facts: ShellFacts, weight: _Weights, geo: Geometry, voxel_size: Tuple[float, ...],
                  mask: np.ndarray, progress: Progress) -> LocalSupport:
    """Slope of the data on the processed map around every point, and what follows from it.

    Parameters
    ----------
    white, facts, weight
        Of the maps and the shells.
    even
        Transform of the evened map (:func:`evened`), complex64.
    geo, voxel_size
        The box.
    mask
        float32 [z, y, x].
    progress
        Told at each band.

    Returns
    -------
    LocalSupport
        At points 0.9 standard deviations of the window apart, or at the voxels.

    Notes
    -----
    Five bands, equally wide in frequency; q of the processed map, f of the mean of the half-maps, d of half their difference; G a
    Gaussian of ``max(1.5 Å, 0.6 d_end)``. Slope ``T = G(q f) / G(q^2)`` over all bands; the part that a local linear filter explains,
    ``sum_b (G(q f) abs(G(q f)) / G(f^2))_b / G(q^2)``; support the larger of the two within 0 and 1. Presence ``V = G(q' f) / (G(f^2) -
    G(d^2))`` of the evened map q'.
    """
    sigma = max(_WINDOW, _PER_END * geo.length / facts.last)
    grid = points(geo.shape, voxel_size, sigma, _SPACING)
    factor = max(WIDE / sigma, 1.0)
    edges = np.linspace(facts.first, facts.last, _BANDS + 1)
    total = _Sums(*(np.zeros(grid.shape, np.float32) for _ in _Sums._fields))
    shapes, shell, plain = band_shapes(geo, [e + 1 for e in edges[1:]], grid.sigma), np.arange(geo.n_shells), np.ones(geo.n_shells)
    for i, shape in enumerate(shapes):
        progress(i / _BANDS, f"band at {2 * geo.length / (edges[i] + edges[i + 1]):.1f} Å")
        profile, here = _band(edges, i), (shell >= edges[i]) & (shell <= edges[i + 1])

        def image(ft: np.ndarray, each: np.ndarray, profile: np.ndarray = profile,
                  shape: Tuple[int, int, int] = shape) -> np.ndarray:
            return band_image(ft, geo, _fine(each, facts.last + 1) * profile, shape)

        noise, times = np.float32(weight.noise[here].mean()), np.float32(weight.lost[here].mean())
        f, d = image(white.mean, weight.data), image(white.half, weight.data)
        d -= f
        ff = local_product(f, f, grid)
        _add(total, ("signal", "signal_lost"), ff - local_product(d, d, grid), times)
        del d
        _add(total, ("present", "present_lost"), local_product(image(even, plain), f, grid), times)
        q = image(white.processed, weight.processed)
        _add(total, ("qq", "variance"), local_product(q, q, grid), noise)
        qf = local_product(q, f, grid)
        del f, q
        total.qf[...] += qf
        total.lin[...] += _linear(qf, ff)
        total.lin_wide[...] += _linear(*(widen(v, grid, factor) for v in (qf, ff)))
        del qf, ff
    # a whitened coefficient has a power of 1, so that a voxel has a variance of one over their number
    independent = (4 * np.pi * sigma ** 2) ** 1.5 / float(np.prod(voxel_size)) * float(np.prod(geo.shape, dtype=np.float64))
    return _judge(grid, total, at_points(mask, grid.shape), independent, factor, sigma)


def _band(edges: np.ndarray, i: int) -> np.ndarray:
    """Band ``i`` at the radii ``i / 8``: cosines, whose powers add up to 1 with their neighbours'; the first and the last end flat."""
    width = edges[1] - edges[0]
    at = np.arange((int(edges[-1]) + 1) * FINE + 1) / FINE
    off = (at - 0.5 * (edges[i] + edges[i + 1])) / width
    out = np.cos(0.5 * np.pi * np.clip(off, -1, 1))
    if i == 0:
        out[off < 0] = 1
    if i == _BANDS - 1:
        out[off > 0] = 1
    return out


def _add(total: _Sums, names: Tuple[str, str], value: np.ndarray, factor: np.float32) -> None:
    """Add a band to the first sum, and times a factor to the second."""
    getattr(total, names[0])[...] += value
    value *= factor
    getattr(total, names[1])[...] += value


def _linear(qf: np.ndarray, ff: np.ndarray) -> np.ndarray:
    return qf * np.abs(qf) / np.maximum(ff, np.float32(1e-30))


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``a / b``, 0 where b is next to nothing."""
    tiny = np.float32(1e-6 * max(float(b.max()), 0.0) + 1e-30)
    return np.where(b > tiny, a / np.maximum(b, tiny), np.float32(0))


def _scale(present: np.ndarray, signal: np.ndarray, mask: np.ndarray) -> float:
    """Median presence where the signal is sure: what puts processed map and data on one scale."""
    outside = signal[mask < _OUTSIDE]
    noise = robust_sd(outside, 0.0) if outside.size > 1000 else 0.0
    sure = (mask > _INSIDE) & (signal > _SURE * noise) & (signal > 0)
    found = float(np.median(present[sure] / signal[sure])) if sure.any() else 1.0
    return found if found > 0 else 1.0


def _usual(signal: np.ndarray, mask: np.ndarray, inside: np.ndarray, grid: Points, sigma: float) -> np.ndarray:
    """Signal that is usual at each point: the median in the molecule, or the local mean (Gaussian of 15 Å) where that is more."""
    median = max(float(np.median(signal[inside])) if inside.any() else 0.0, 1e-30)
    factor = float(np.hypot(1.0, _EVEN_WINDOW / sigma))
    around = widen(mask, grid, factor)
    mean = np.where(around > 0.05, widen(np.maximum(signal, 0) * mask, grid, factor) / np.maximum(around, 0.05), 0)
    return np.maximum(mean, np.float32(median)).astype(np.float32)


def _judge(grid: Points, total: _Sums, mask: np.ndarray, independent: float, factor: float, sigma: float) -> LocalSupport:
    k, k_even = (np.float32(_scale(p, total.signal, mask)) for p in (total.qf, total.present))
    slope = k * _ratio(total.qf, total.qq)
    support = np.clip(np.maximum(slope, _ratio(total.lin, total.qq)), 0, 1)
    error = k * _ratio(np.sqrt(total.variance / np.float32(independent)), total.qq)
    weight = total.qq * mask
    whole = max(float(weight.sum(dtype=np.float64)), 1e-300)
    share = float((support * weight).sum(dtype=np.float64)) / whole
    undecided = float(weight[error > _UNDECIDED].sum(dtype=np.float64)) / whole
    del weight, error
    inside = mask > _INSIDE
    qq, signal = widen(total.qq, grid, factor), widen(total.signal, grid, factor)
    unsupported = k * _ratio(widen(total.qf, grid, factor), qq)
    unsupported = qq * (1 - np.clip(np.maximum(unsupported, _ratio(total.lin_wide, qq)), 0, 1))
    unsupported /= _usual(signal, mask, inside, grid, sigma)
    # what is gone is gone in all shells: a filter may be weak in those that weigh most in one of the two sums
    lost = widen(total.signal_lost, grid, factor)
    there = np.maximum(_ratio(widen(total.present_lost, grid, factor), lost), _ratio(widen(total.present, grid, factor), signal))
    there /= k_even
    gone = np.maximum(lost, 0) * np.clip(1 - there, 0, 1) / _usual(lost, mask, inside, grid, sigma)
    return LocalSupport(grid, support, slope, unsupported, gone, share, undecided)


def at_voxels(values: np.ndarray, geo: Geometry) -> np.ndarray:
    """Values of the points at every voxel, by their Fourier coefficients.

    Parameters
    ----------
    values
        float32 [mz, my, mx].
    geo
        The box.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    return join({values.shape: values}, geo)


def support_map(study: Study, local: LocalSupport) -> Map:
    """The support at every voxel.

    Parameters
    ----------
    study
        The maps.
    local
        The support at the points.

    Returns
    -------
    Map
        From 0.001, which viewers do not take for no value, to 1.
    """
    return study.grid.with_data(np.clip(at_voxels(local.support, study.geometry), _LEAST, 1))


def spacing(study: Study, local: LocalSupport) -> np.ndarray:
    """Distance of the points (x, y, z) in Å, float64 [3].

    Parameters
    ----------
    study
        The maps.
    local
        The support at the points.

    Returns
    -------
    ndarray
        The box over their number along each axis.
    """
    grid = study.grid
    return np.array([n * v / m for n, v, m in zip(grid.shape[::-1], grid.voxel_size, local.grid.shape[::-1])])


def of_residues(study: Study, local: LocalSupport) -> np.ndarray:
    """Mean support at the heavy atoms of each residue.

    Parameters
    ----------
    study
        A model with atoms in the box.
    local
        The support at the points.

    Returns
    -------
    ndarray
        float64 [n_residues]; NaN without an atom.
    """
    use = study.used_atoms() & study.residues.heavy
    at_atoms = model_map.values_at(local.support, study.atom_position[use], spacing(study, local), 0.0)
    return study.residues.mean(of_all(use, at_atoms), use)
