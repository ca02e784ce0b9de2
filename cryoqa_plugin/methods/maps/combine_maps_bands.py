"""What each map says around each point, band by band: its signal, its noise, and the weights that follow."""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import fourier, local, local_falloff, local_gains, shells
from ...core.fourier import Geometry
from ...progress import Progress
from ..local_resolution.local_fsc import coefficients
from .combine_maps_inputs import Member

BANDS = 14                            # up to the resolution, as in local sharpening
_REACH = 1.6                          # frequency at which bands end, times that of the resolution, or where the box ends
_NOISE_WINDOW = 3.0                   # window of the noise over that of the signal: noise changes slowly
_FLOOR = 1e-7                         # noise over power at the least
_LEAST = 1e-3                         # signal-to-noise ratio that every map has where it has data: shares what is noise in all
_LOST = 0.04                          # signal-to-noise ratio in the molecule from which on it is extrapolated
_STEEPEST = 10.0                      # of the local fall-off, in 2 d^2 of B
_HELD = 0.1                           # signal-to-noise ratio at which half of a local difference in amplitude is believed
_MOST_GAIN = 8.0                      # largest local gain


class Bands(NamedTuple):
    """Bands at ``at`` float64 [n] (1/Å), ``width`` (1/Å) apart, and the points where local averages are kept.

    ``grid``: points of a Gaussian window of standard deviation ``sigma`` (Å); ``count`` float64 [n]: independent coefficients of a band in
    such a window; ``shapes``: grids for the images of band 0 (all that is coarser than the first) and of the others.
    """

    geo: Geometry
    grid: local.Points
    sigma: float
    at: np.ndarray
    width: float
    count: np.ndarray

    def in_shells(self, i: int) -> Tuple[float, float]:
        """Where a band lies.

        Parameters
        ----------
        i
            Number of the band.

        Returns
        -------
        tuple of float
            Its centre and width in shell units.
        """
        return float(self.at[i] * self.geo.length), float(self.width * self.geo.length)


class MemberSignal(NamedTuple):
    """What is known of one map at the points: ``signal`` and ``noise`` power of each band in units of the whitened map, float32 [n, v];
    ``raw`` float32 [n, v]: measured power less noise; ``level`` float64 [n]: typical noise of each band; ``inside`` bool [v]: where it
    has data; ``cover`` float32 [v]: how much of the window it covers."""

    signal: np.ndarray
    noise: np.ndarray
    raw: np.ndarray
    level: np.ndarray
    inside: np.ndarray
    cover: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        """Signal-to-noise ratio, float32 [n, v]: CC^2 / (1 - CC^2) of the map and the truth."""
        return self.signal / np.maximum(self.noise, np.float32(1e-30))


def bands_for(geo: Geometry, voxel_size: Sequence[float], resolution: float, sigma: float) -> Bands:
    """The bands that maps are combined in.

    Parameters
    ----------
    geo
        Shells of the box.
    voxel_size
        (x, y, z) in Å.
    resolution
        Of the best map, in Å.
    sigma
        Standard deviation of the Gaussian window in Å.

    Returns
    -------
    Bands
        Fourteen up to the resolution, and on to 1.6 times its frequency or to Nyquist.
    """
    nyquist = (geo.n_shells - 1) / geo.length
    width = max(1 / (BANDS * resolution), 1 / geo.length)
    at = np.arange(1, max(int(min(_REACH / resolution, nyquist) / width + 1e-6), 3) + 1) * width
    return Bands(geo, local.points(geo.shape, voxel_size, sigma), sigma, at, width, np.maximum(coefficients(at, width, sigma), 1.0))


def amplitude_of(ft: np.ndarray, geo: Geometry) -> np.ndarray:
    """Root of the mean power of each shell.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of its box.

    Returns
    -------
    ndarray
        float64 [n_shells]; 0 where it is rounding noise.
    """
    power, _, count = shells.power_sums(ft, geo)
    out = np.sqrt(power / np.maximum(count, 1))
    out[out < 1e-6 * out.max()] = 0
    return out


def member_signal(member: Member, bands: Bands, model: Optional[np.ndarray], progress: Progress) -> MemberSignal:
    """Signal and noise of one map in each band around each point.

    Parameters
    ----------
    member
        The map, with half-maps unless there is a model.
    bands
        The bands.
    model
        Transform of the model's density, complex64 [nz, ny, nx // 2 + 1]; None to go by the half-maps.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    MemberSignal
        By the local fall-off that the measured powers show, so that no band depends on its own few coefficients.
    """
    geo, grid = bands.geo, bands.grid
    cover = member.support
    if model is None:
        first, second = (fourier.forward(member.measured(n)) for n in ("half1", "half2"))
    else:
        first, second = fourier.forward(member.measured("data")), model
        if float(cover.min()) < 1:                            # the model is looked at where the map is
            second = fourier.forward(fourier.inverse(model, geo.shape) * cover)
    white = [amplitude_of(first, geo), amplitude_of(second, geo)]
    if model is None:
        white = [amplitude_of(first + second, geo) / 2] * 2
    share = np.maximum(local_gains.local_product(cover, cover, grid).ravel(), 1e-6)
    inside = local.at_points(cover, grid.shape).ravel() >= 0.5
    totals, noises = [], []
    for i, at in enumerate(bands.at):
        progress(i / bands.at.size, f"band at {1 / at:.1f} Å")
        centre, width = bands.in_shells(i)
        shape = local.cropped_shape(geo, centre + width, grid.sigma)
        scale = np.float32(np.prod(shape, dtype=np.float64) / np.prod(geo.shape, dtype=np.float64))
        a, b = (local.band(f, geo, centre, width, w, shape) * scale for f, w in zip((first, second), white))
        total, noise = _by_halves(a, b, grid, share) if model is None else _by_model(a, b, grid, bands.count[i])
        totals.append((total.ravel() / share).astype(np.float32))
        noises.append(np.maximum(noise.ravel() / share, _FLOOR * max(float(total.max()), 1e-30)).astype(np.float32))
    return _fitted(np.array(totals), np.array(noises), inside, share.astype(np.float32), bands)


def _by_halves(a: np.ndarray, b: np.ndarray, grid: local.Points, share: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Local power of half the sum of two bands, and the part of it that is noise, averaged wider."""
    total, noise = local.local_powers(a, b, grid)
    cover = local.widen(share.reshape(grid.shape).astype(np.float32), grid, _NOISE_WINDOW)
    wide = local.widen(noise, grid, _NOISE_WINDOW) / np.maximum(cover, 1e-6) * share.reshape(grid.shape)
    return total, wide


def _by_model(a: np.ndarray, b: np.ndarray, grid: local.Points, count: float) -> Tuple[np.ndarray, np.ndarray]:
    """Local power of a band of the map, and the part of it that the model does not explain.

    ``CC^2 - 1 / n`` of ``n`` coefficients is what chance does not explain."""
    total, of_model, cross = (local_gains.local_product(p, q, grid) for p, q in ((a, a), (b, b), (a, b)))
    agreed = np.maximum(cross, 0) ** 2 / np.maximum(total * of_model, 1e-30)
    agreed = np.clip((agreed - 1 / count) / (1 - 1 / count) if count > 1.5 else agreed, 0, 0.9999)
    return total, total * (1 - agreed)


def _fitted(total: np.ndarray, noise: np.ndarray, inside: np.ndarray, cover: np.ndarray, bands: Bands) -> MemberSignal:
    """Signal by its local gain and fall-off, from measured powers."""
    where = inside if inside.any() else np.ones_like(inside)
    raw = total - noise
    level = noise[:, where].mean(axis=1, dtype=np.float64)
    typical = local_falloff.extrapolated(bands.at, raw[:, where].mean(axis=1, dtype=np.float64) / level, _LOST) * level
    offset = (bands.at / bands.at[min(BANDS, bands.at.size) - 1]) ** 2 - 0.5
    fall = local_falloff.fit(total, noise, typical, bands.count, offset)
    np.clip(fall.slope, -_STEEPEST, _STEEPEST, out=fall.slope)
    exponent = fall.gain[None] + fall.slope[None] * offset[:, None].astype(np.float32)
    return MemberSignal(typical[:, None].astype(np.float32) * np.exp(np.clip(exponent, -20, 20)), noise, raw, level,
                        inside, cover)


def weights(signals: List[MemberSignal], supports: List[np.ndarray], bands: Bands, smoothing: float) -> np.ndarray:
    """Share of each map in each band around each point.

    Parameters
    ----------
    signals
        What is known of each map.
    supports
        Where each map may be used, float32 [v], 0 to 1.
    bands
        The bands.
    smoothing
        Standard deviation (Å) of the Gaussian that smooths the shares.

    Returns
    -------
    ndarray
        float32 [maps, n, mz, my, mx], the sum over maps is 1: ``q_m / sum q_m``, ``q = CC^2 / (1 - CC^2)`` the signal-to-noise ratio of the
        map, which is one over the error variance of maps of one signal.
    """
    out = np.stack([(np.minimum(s.ratio, 1e4) + _LEAST) * support[None] for s, support in zip(signals, supports)])
    total = out.sum(axis=0, keepdims=True)
    # Where no map has data all have one share: it is multiplied by nothing.
    out = np.where(total > 0, out / np.where(total > 0, total, 1), 1 / len(signals)).astype(np.float32)
    out = out.reshape(len(signals), bands.at.size, *bands.grid.shape)
    factor = float(np.hypot(smoothing / bands.sigma, 1.0))
    for maps in out:
        for i, band in enumerate(maps):
            maps[i] = local.widen(band, bands.grid, factor)
    out /= out.sum(axis=0, keepdims=True)
    return out


def matching_gains(signals: List[MemberSignal], supports: List[np.ndarray], scales: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """What brings the local amplitude of each map to that of the composite.

    Parameters
    ----------
    signals, supports
        What is known of each map, and where it may be used, float32 [v].
    scales
        What brings each band of each map onto the scale of the first, float64 [maps, n].
    shares
        The weights, float32 [maps, n, mz, my, mx].

    Returns
    -------
    ndarray
        float32 of the same shape: ``scale (T / (scale s))^r``, ``s`` the local amplitude of the signal and ``T^2`` the weighted mean of
        their squares; ``r = q / (q + 0.1)``, so that what is noise keeps its amplitude.
    """
    amplitude = np.stack([c[:, None].astype(np.float32) * np.sqrt(s.signal) for s, c in zip(signals, scales)]).reshape(shares.shape)
    use = [np.maximum(support, 1e-3).astype(np.float32).reshape(shares.shape[2:]) for support in supports]
    # Weights are smooth and reach beyond the masks, where nothing is known of a map: that has no say in the amplitude.
    spoken = shares * np.stack(use)[:, None]
    target = np.sqrt((spoken * amplitude ** 2).sum(axis=0) / spoken.sum(axis=0))
    out = np.empty_like(shares)
    for m, s in enumerate(signals):
        held = (s.ratio / (s.ratio + np.float32(_HELD))).reshape(shares.shape[1:]) * use[m]
        wanted = np.log(np.maximum(target, 1e-30) / np.maximum(amplitude[m], 1e-30)) * held
        out[m] = scales[m][:, None, None, None] * np.exp(np.clip(wanted, -np.log(_MOST_GAIN), np.log(_MOST_GAIN)))
    return out
