"""What is more than the noise of half-maps: the noise of their difference at every place, and the density above which little is noise."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ..core import discovery, filters, fourier, local, masks, shells
from ..core.discovery import EmpiricalTail, Normality, NormalTail
from ..io.maps import Map
from . import notes
from .solvent import around_flat, flat_region, median_level

if TYPE_CHECKING:
    from .study import Study

RATE = 0.01                                      # false discovery rate
WINDOW = 20.0                                    # Å: standard deviation of the window of the local noise
LEAST = 0.01                                     # part of the box that noise is taken from
_RIM = 3                                         # voxels at the sphere that RELION fades over
_THIN = 1e-3                                     # of a window that lies where there is noise: below, the mean of all is taken
_NOT_NORMAL, _HEAVY = 0.01, 1.5                  # distance in the tail, of FDRthresholding; values beyond 3.5 sd over those expected
_ENOUGH = 0.02                                   # part of the voxels that must be found for few values of the noise to tell so
_SAME = 1e-3                                     # of the standard deviation: two maps that differ by less are one
_SAMPLE = 400_000                                # voxels that tell it, and the spread of the noise

Tail = Union[NormalTail, EmpiricalTail]
_Sd = Union[float, np.ndarray]


class Noise(NamedTuple):
    """Where noise is taken from, and what is a sample of it.

    ``image`` float32 [z, y, x]: half the difference of the half-maps, or None where the map itself is looked at; ``region`` and
    ``tested`` bool [z, y, x]: where noise is taken from, and the voxels that are tested; ``window`` (Å): of a local standard deviation,
    None for one of all.
    """

    image: Optional[np.ndarray]
    region: np.ndarray
    tested: np.ndarray
    window: Optional[float]


class ConfidentLevel(NamedTuple):
    """What the noise of the half-maps says of the levels of a map.

    ``threshold``: density above which at most 1 % of the voxels are noise, None where nothing is found; ``solvent``: density of the
    solvent; ``tested`` bool [z, y, x]; ``sd`` float64 [64]: standard deviations of the noise, each of as many voxels; ``tail`` of it.
    """

    threshold: Optional[float]
    solvent: float
    tested: np.ndarray
    sd: np.ndarray
    tail: Tail

    def noise_above(self, data: np.ndarray, levels: Sequence[float]) -> np.ndarray:
        """Which part of the voxels above a level is noise.

        Parameters
        ----------
        data
            The map, float32 [z, y, x].
        levels
            In its unit, [n].

        Returns
        -------
        ndarray
            float64 [n], at most 1; NaN where none is above it.

        Notes
        -----
        Of ``m`` voxels tested ``a`` are above the level. With ``p = mean(P(noise > level))`` those below it, which are noise, are
        ``1 - p`` of all that are noise, so that ``(m - a) p / (1 - p)`` of the ``a`` are.

        References
        ----------
        Storey (2002), https://doi.org/10.1111/1467-9868.00346.
        """
        at = np.asarray(levels, dtype=np.float64)
        high = np.sort(data[self.tested & (data >= np.float32(at.min()))])
        above = high.size - np.searchsorted(high, at.astype(np.float32), side="left")
        p = self.tail(np.maximum(at - self.solvent, 0)[:, None] / self.sd).mean(axis=1)
        expected = (np.count_nonzero(self.tested) - above) * p / (1 - p)
        return np.where(above > 0, np.minimum(expected / np.maximum(above, 1), 1.0), np.nan)


def noise_of_difference(study: "Study", window: float = WINDOW) -> Noise:
    """Where the difference of the half-maps is noise.

    Parameters
    ----------
    study
        Half-maps.
    window
        Standard deviation (Å) of the window of the local noise.

    Returns
    -------
    Noise
        Nothing is tested outside the largest sphere of the box, nor where the half-maps were cut off.
    """
    grid, image = study.grid, study.difference()
    reach = sphere_radius(grid)
    flat = flat_region(image)
    tested = masks.ball(grid.shape, grid.voxel_size, reach) & ~flat
    region = masks.ball(grid.shape, grid.voxel_size, reach - _RIM * grid.voxel) & ~around_flat(flat, grid)
    if np.count_nonzero(region) < LEAST * region.size:
        region = tested
    return Noise(image, region, tested, window)


def sphere_radius(grid: Map) -> float:
    """Radius of the largest sphere in a box.

    Parameters
    ----------
    grid
        Any map of the box.

    Returns
    -------
    float
        In Å.
    """
    return min(n * v for n, v in zip(grid.shape, grid.voxel_size[::-1])) / 2


def noise_sd(image: np.ndarray, noise: Noise, grid: Map) -> _Sd:
    """Standard deviation of noise.

    Parameters
    ----------
    image
        The noise, or the map it is taken from, float32 [z, y, x].
    noise
        Where it is noise.
    grid
        Any map of the grid.

    Returns
    -------
    float or ndarray
        One number, or with a window float64 at the points of :func:`cryoqa_plugin.core.local.points`.
    """
    if noise.window is None:
        return float(image[noise.region].std(dtype=np.float64))
    points = local.points(grid.shape, grid.voxel_size, noise.window)
    along = [local.window_matrix(m, n, part) for m, n, part in zip(points.shape, grid.shape, points.sigma)]
    square = np.where(noise.region, image, np.float32(0))
    square *= square
    share = local.along_axes(noise.region.astype(np.float32), along).astype(np.float64)
    power = local.along_axes(square, along).astype(np.float64)
    # A difference has the mean 0; what lies beyond the windows of all noise is not tested.
    overall = float(square.sum(dtype=np.float64)) / max(np.count_nonzero(noise.region), 1)
    return np.sqrt(np.where(share > _THIN, power / np.maximum(share, _THIN), overall))


def sd_everywhere(sd: _Sd, noise: Noise, grid: Map) -> np.ndarray:
    """The standard deviation of noise at every voxel that is tested or that noise is from.

    Parameters
    ----------
    sd
        Of :func:`noise_sd`.
    noise
        The same.
    grid
        Any map of the grid.

    Returns
    -------
    ndarray
        float32 [z, y, x], 0 elsewhere.
    """
    wanted = (noise.tested | noise.region).astype(np.float32)
    if isinstance(sd, float):
        wanted *= np.float32(sd)
        return wanted
    points = local.points(grid.shape, grid.voxel_size, noise.window)
    inverse = local.spread(np.maximum(sd, 1e-30), points, wanted, 0.5)
    return np.divide(1, inverse, out=wanted, where=inverse > 0)


def choose_tail(sample: np.ndarray, count: int, halves: bool, side: str = "positive",
                distribution: str = "auto") -> Tuple[Tail, Normality, bool]:
    """The distribution that p-values are of.

    Parameters
    ----------
    sample
        Noise in standard deviations, float32 [n].
    count
        How many voxels are tested.
    halves
        It is of a difference, whose sign is chance.
    side
        ``positive``, ``negative`` or ``both``.
    distribution
        ``normal``, ``empirical``, or ``auto``: empirical where the noise is not normal and enough of it is known.

    Returns
    -------
    tail : NormalTail or EmpiricalTail
        What is used.
    found : Normality
        What the tests say.
    fits : bool
        The noise is normal, or its own distribution is used.
    """
    both = side == "both"
    found = discovery.normality(sample, halves)
    # Few values lie so far out in a small box: chance is no failure.
    failed = found.tail > _NOT_NORMAL or found.excess > _HEAVY * (1 + 2 / np.sqrt(max(discovery.BEYOND * sample.size, 1e-30)))
    # The smallest p-value that so many voxels can have must be small enough for a few to be found.
    known = sample.size * (2 if halves and not both else 1)
    able = discovery.harmonic(count) / (1 + known) <= _ENOUGH * RATE
    used = distribution if distribution != "auto" else "empirical" if failed and able else "normal"
    sample = -sample if side == "negative" and not halves else sample
    tail: Tail = NormalTail(both) if used == "normal" else discovery.empirical_tail(sample, halves, both)
    return tail, found, used == "empirical" or not failed


def refused(study: "Study") -> Optional[str]:
    """Why the difference of the half-maps is not the noise of their mean.

    Parameters
    ----------
    study
        Half-maps.

    Returns
    -------
    str or None
        The end of a sentence: copies, half-maps that do not lie on each other, noise that both share. None where it is the noise.
    """
    known = study.independence
    if known.void is not None and not study.half_maps.no_signal:             # of noise alone the difference is as good as any
        return known.void
    return "the half-maps share noise" if known.shared else None


def confident_voxels(study: "Study") -> np.ndarray:
    """Where the mean of the half-maps is more than noise at a false discovery rate of 1 %.

    Parameters
    ----------
    study
        Half-maps that nothing is :func:`refused` of.

    Returns
    -------
    ndarray
        bool [z, y, x]: the voxels of the ``confidence_mask`` of :mod:`cryoqa_plugin.methods.map_info.confidence` by its defaults.
    """
    noise, data = noise_of_difference(study), study.average.data
    height, sd, tail, _ = _heights(data, np.asarray(noise.image), noise, study.grid, None)
    out = np.zeros(data.shape, bool)
    out[noise.tested] = discovery.q_values(height / sd, tail) <= RATE
    return out


def confident_level(study: "Study") -> Optional[ConfidentLevel]:
    """The density of the map to look at above which at most 1 % of the voxels are noise, by the half-maps.

    Parameters
    ----------
    study
        Half-maps; ``full_map``, which may be their mean on any scale, or was filtered or masked.

    Returns
    -------
    ConfidentLevel or None
        None without half-maps, where their difference is not the noise of the map: copies, half-maps that do not lie on each other, that
        share noise or no signal, of two scales, or that were masked; and for a map that does not lie on them.

    Notes
    -----
    The noise in a map ``P`` other than their mean ``M`` is ``g d`` with ``d`` half the difference and, per shell,
    ``g = sum Re(P conj(M)) / sum abs(M)²``: what a filter made of it. Of a masked one ``M`` is taken where ``P`` was not cut off.
    """
    if not study.has_halves or refused(study) is not None:
        return None
    known = study.half_maps
    if known.no_signal or study.independence.cut or not notes.is_of_one_scale(known):
        return None
    noise, map_, solvent = noise_of_difference(study), study.density, None
    same = _as_mean(study)
    if same is not None:
        image = np.asarray(noise.image)
        image *= np.float32(same)
    else:
        if notes.of_place(study.map_position, None):
            return None
        flat = study.flat
        image, noise = _carried(study, flat), noise._replace(tested=noise.tested & ~flat)
        solvent = median_level(map_.data[flat]) if flat.any() else None
    if not noise.tested.any() or not image.any():
        return None
    height, sd, tail, solvent = _heights(map_.data, image, noise, study.grid, solvent)
    found = discovery.even_threshold(height, sd, tail, RATE, "yekutieli")
    spread = np.quantile(sd[::max(1, sd.size // _SAMPLE)], (np.arange(64) + 0.5) / 64)
    return ConfidentLevel(solvent + found if np.isfinite(found) else None, solvent, noise.tested, np.maximum(spread, 1e-30), tail)


def _heights(data: np.ndarray, image: np.ndarray, noise: Noise, grid: Map,
             solvent: Optional[float]) -> Tuple[np.ndarray, np.ndarray, Tail, float]:
    """Density over the solvent and standard deviation of its noise at the voxels tested, float32 [n], the tail, and the solvent."""
    sd = sd_everywhere(noise_sd(image, noise, grid), noise, grid)
    tail = choose_tail(image[noise.region] / sd[noise.region], int(np.count_nonzero(noise.tested)), True)[0]
    height = data[noise.tested]
    solvent = median_level(height) if solvent is None else solvent
    height -= np.float32(solvent)
    return height, sd[noise.tested], tail, solvent


def _as_mean(study: "Study") -> Optional[float]:
    """What the mean of the half-maps is multiplied by in the map to look at; None where that is another map."""
    map_, mean = study.density, study.average
    if map_.data is mean.data:
        return 1.0
    one, two = (m.data.ravel()[::max(1, m.data.size // _SAMPLE)].astype(np.float64) for m in (mean, map_))
    one, two = one - one.mean(), two - two.mean()
    factor = float(one @ two) / max(float(one @ one), 1e-300)
    return factor if factor > 0 and float((two - factor * one).std()) < _SAME * float(two.std()) else None


def _carried(study: "Study", flat: np.ndarray) -> np.ndarray:
    """The noise of the half-maps as it is in the map to look at, float32 [z, y, x]."""
    mean = study.transform("average")
    if flat.any():
        mean = fourier.forward(np.where(flat, np.float32(0), study.average.data))
    sums = shells.cross_sums(mean, study.transform("full_map"), study.geometry)
    gain = np.maximum(sums.cross, 0) / np.maximum(sums.power1, 1e-300)
    ft = fourier.forward(study.difference())
    return fourier.inverse(filters.apply_radial(ft, study.geometry, gain, out=ft), study.grid.shape)
