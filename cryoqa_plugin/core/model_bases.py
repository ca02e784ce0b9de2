"""A model as one more estimate of the signal: moved into each half-map, and believed where the other half-map agrees.

One weight a shell cannot tell an invented loop from a right one. Each atom therefore gets its own, by the density that the half-map
shows to which the model was not moved; and where there is no model, what the half-maps tell alone is kept.
"""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np
import scipy.sparse
import scipy.spatial

from ..progress import Progress, silent
from . import atom_grid, conditional, density, elastic_fit, filters, shells
from .conditional import ConditionalMeans, Pair
from .fourier import Geometry, forward, inverse, shells_to

SHAKEN, SEEDS = 0.7, 4                # Å rms by which a model is shaken, and how many models are moved into each half-map
_B_FACTOR = 30.0                      # Å² of all atoms: the regression finds the fall-off
_AROUND = 1.8                         # Å, window around an atom in which the other half-map is asked
_NOISE = 1.5                          # by which the noise of a slope exceeds that of independent voxels
_NONE, _FULL, _MOST = 0.2, 0.6, 1.15  # slopes: below the first an atom counts nothing, above the second fully; the largest that is used
_COVER, _STEEP = 1.2, 2.0             # Å, reach of an atom over the map, and how soon it is covered
_ALONE = (0.0, 1.0)                   # weights of R and of what the half-maps tell together
_PRIOR = (0.0, 1.0, 0.0, 0.5, 0.5)    # weights before any data: R, the estimates beside the model, R and the estimates at it, the model
_HELD = 2                             # of them, which keep these: else what the model lacks would fade where most of it is right
_LEAST = 1e-3                         # share of the signal near the model, at the least


class MovedModels(NamedTuple):
    """Models moved into half-maps: ``places`` float64 [2, 4, n, 3], (x, y, z) in Å from the centre of the first voxel."""

    places: np.ndarray

    def spread(self) -> np.ndarray:
        """Root mean square distance of the eight positions of each atom from their mean.

        Returns
        -------
        ndarray
            Å, float64 [n].
        """
        every = self.places.reshape(-1, *self.places.shape[2:])
        return np.sqrt(np.sum((every - every.mean(axis=0)) ** 2, axis=2).sum(axis=0) / (len(every) - 1))

    def moves(self, position: np.ndarray) -> np.ndarray:
        """How far the mean of the eight is from where the atoms were given, in Å.

        Parameters
        ----------
        position
            Where they were given, float64 [n, 3].

        Returns
        -------
        ndarray
            float64 [n].
        """
        return np.linalg.norm(self.places.mean(axis=(0, 1)) - position, axis=1)


class ModelEstimate(NamedTuple):
    """``maps``: density of the model where it is believed, for each half-map, float32 [z, y, x] with the spectrum of R; ``cover``: where
    that is, 0 to 1; ``trust``: weight of each atom, float64 [n]."""

    maps: Pair
    cover: Pair
    trust: np.ndarray


def move(even: Pair, mask: np.ndarray, voxel_size: Sequence[float], position: np.ndarray, weight: np.ndarray,
         progress: Progress = silent, shake: float = SHAKEN) -> MovedModels:
    """A model shaken and moved into each half-map, four times.

    Parameters
    ----------
    even
        Half-maps with an even spectrum, float32 [z, y, x] each.
    mask
        Where the molecule is, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    position
        Atoms of the model, (x, y, z) in Å from the centre of the first voxel, float64 [n, 3].
    weight
        How strongly each scatters, float64 [n].
    progress
        ``progress(share, words)``.
    shake
        Å rms by which it is shaken.

    Returns
    -------
    MovedModels
        The same at every run.
    """
    inside, out = mask >= 0.5, np.empty((2, SEEDS, len(position), 3))
    for half in (0, 1):
        maps = elastic_fit.prepared(even[half], voxel_size, float(even[half][inside].std()) if inside.any() else 1.0)
        for seed in range(SEEDS):
            progress((half * SEEDS + seed) / (2 * SEEDS), f"moving the model, {half * SEEDS + seed + 1} of {2 * SEEDS}")
            start = elastic_fit.shaken(position, shake, np.random.default_rng([half, seed]))
            out[half, seed] = elastic_fit.moved(maps, voxel_size, start, weight, elastic_fit.springs(position, start))
    return MovedModels(out)


def estimate(even: Pair, mask: np.ndarray, geo: Geometry, voxel_size: Sequence[float], finest: float, elements: Sequence[str],
             models: MovedModels) -> ModelEstimate:
    """What moved models tell of the signal, where the other half-map agrees.

    Parameters
    ----------
    even
        Half-maps with an even spectrum, float32 [z, y, x] each.
    mask
        Where the molecule is, float32 [z, y, x].
    geo
        Their shells.
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    finest
        Resolution where they end (Å).
    elements
        Symbol of each atom.
    models
        Of :func:`move`.

    Returns
    -------
    ModelEstimate
        Atoms whose slope of the half-map on the model is below 0.2 and a standard error make no density.
    """
    at, n = models.places.mean(axis=1), len(elements)
    blurred = [_B_FACTOR + 8 * np.pi ** 2 / 3 * np.sum((p - p.mean(axis=0)) ** 2, axis=2).sum(axis=0) / (SEEDS - 1) for p in models.places]

    def draw(half: int, occupancy: np.ndarray) -> np.ndarray:
        return density.model_density_ft(elements, at[half], blurred[half], occupancy, geo.shape, voxel_size, (0.0, 0.0, 0.0))

    signal = np.maximum(shells.cross_sums(*(forward(e) for e in even), geo).cross, 0)
    whole = [covered(at[half], np.ones(n), geo.shape, voxel_size) for half in (0, 1)]
    share = np.sqrt(max(np.vdot(whole[0] * even[0], whole[1] * even[1]) / max(np.vdot(*even), 1e-30), _LEAST))
    gains, slopes = [], []
    for half in (0, 1):
        ft = draw(half, np.ones(n))
        gains.append(_like_signal(signal, ft, geo, finest) * share)
        slopes.append(_slopes(elastic_fit.spline(inverse(filters.apply_radial(ft, geo, gains[half]), geo.shape)),
                              elastic_fit.spline(even[1 - half]), at[half], voxel_size))
    inside = mask >= 0.5
    noise = float((even[0] - even[1])[inside].std()) / np.sqrt(2) if inside.any() else 0.0
    trust = _trust(np.mean([s[0] for s in slopes], axis=0), _NOISE * noise * np.mean([s[1] for s in slopes], axis=0) / np.sqrt(2))
    maps = [inverse(filters.apply_radial(draw(half, trust), geo, gains[half]), geo.shape) for half in (0, 1)]
    cover = [covered(at[half], np.minimum(trust, 1), geo.shape, voxel_size) for half in (0, 1)]
    return ModelEstimate((maps[0], maps[1]), (cover[0], cover[1]), trust)


def together(found: ConditionalMeans, geo: Geometry) -> ConditionalMeans:
    """Estimates of two half-maps as one, which takes half the memory.

    Parameters
    ----------
    found
        The estimates.
    geo
        Their shells.

    Returns
    -------
    ConditionalMeans
        R, which gets no weight, and what the estimates are put together to, with an even spectrum.
    """
    return conditional.rebased(found, (found.bases[0], conditional.combined_even(found, geo)), _ALONE, geo, _HELD)


def with_model(found: ConditionalMeans, told: ModelEstimate, geo: Geometry) -> ConditionalMeans:
    """Estimates of two half-maps put together with those of a model.

    Parameters
    ----------
    found
        Of :func:`together`.
    told
        What the model tells.
    geo
        Their shells.

    Returns
    -------
    ConditionalMeans
        R, which gets no weight, what the half-maps tell beside the model, kept as it is, R and that at the model, and the model.
    """
    even, whole = found.bases
    beside = tuple((1 - c) * x for c, x in zip(told.cover, whole))
    at = tuple(c * x for c, x in zip(told.cover, whole))
    bases = (even, beside, tuple(c * e for c, e in zip(told.cover, even)), at, told.maps)
    return conditional.rebased(found, bases, _PRIOR, geo, _HELD)


def covered(position: np.ndarray, weight: np.ndarray, shape: Sequence[int], voxel_size: Sequence[float]) -> np.ndarray:
    """Where atoms are.

    Parameters
    ----------
    position
        (x, y, z) in Å from the centre of the first voxel, float64 [n, 3].
    weight
        Of each atom, float64 [n].
    shape
        Voxels (nz, ny, nx).
    voxel_size
        Edges of a voxel (x, y, z) in Å.

    Returns
    -------
    ndarray
        float32 [z, y, x], 0 to 1: ``1 - exp(-2 sum w exp(-r^2 / 2 1.2^2))``.
    """
    return -np.expm1(-np.float32(_STEEP) * atom_grid.gaussians(position, weight, shape, voxel_size, _COVER))


def _like_signal(signal: np.ndarray, ft: np.ndarray, geo: Geometry, finest: float) -> np.ndarray:
    """Gain by shell that gives a model the power of the signal, up to the resolution where the half-maps end."""
    power = shells.running_mean(shells.power_sums(ft, geo)[0], 2)
    gain = np.sqrt(np.divide(shells.running_mean(signal, 2), power, out=np.zeros_like(power), where=power > 0))
    gain[~shells_to(geo, finest)] = 0
    gain[0] = 0
    return gain


def _slopes(model: np.ndarray, other: np.ndarray, position: np.ndarray, voxel_size: Sequence[float]) -> Tuple[np.ndarray, np.ndarray]:
    """Slope of the other half-map on the model around each atom, by the values at atoms, and its error for noise of 1; float64 [n] each."""
    m, v = (elastic_fit.values(c, voxel_size, position) for c in (model, other))
    tree = scipy.spatial.cKDTree(position)
    near = tree.sparse_distance_matrix(tree, 3 * _AROUND, output_type="coo_matrix").tocsr()
    near.data = np.exp(-0.5 * (near.data / _AROUND) ** 2)
    near = (near + scipy.sparse.identity(len(position), format="csr")).tocsr()
    power = np.maximum(near @ (m * m), 1e-30)
    return (near @ (m * v)) / power, np.sqrt(near.multiply(near) @ (m * m)) / power


def _trust(slope: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Weight of atoms: their slope, from 0 at 0.2 and a standard error to all of it at 0.6 and one."""
    rise = np.clip((slope - error - _NONE) / (_FULL - _NONE), 0, 1)
    return rise * rise * (3 - 2 * rise) * np.clip(slope, 0, _MOST)
