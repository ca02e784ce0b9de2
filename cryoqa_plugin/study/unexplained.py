"""What a model leaves of its map: density that it does not explain, atoms that have none, and peptides that fit better turned over."""
from __future__ import annotations

from typing import TYPE_CHECKING, List, NamedTuple, Tuple

import numpy as np

from ..core import masks, model_map
from ..core.robust import robust_sd
from .coarse_rest import CoarseRest, coarse_rest
from .residues import BACKBONE, Residues, of_all

if TYPE_CHECKING:
    from .study import Study

LEAST, PART = 5.0, 0.4                # a cluster begins at so many σ, and at this part of the density at a backbone
NEAR = 2.0                            # Å from an atom, where it does not
LOW = 5.0                             # Å, or two voxels, where the low-pass of clusters is one half
_BEYOND = 1.3                         # times the frequency of that are computed
_SAMPLE = 2_000_000                   # voxels that tell the noise


class Unexplained(NamedTuple):
    """The map less the model, both with even shells (:class:`~cryoqa_plugin.study.agreement.EvenMaps`).

    ``data`` float32 [z, y, x] in standard deviations of its noise, of which ``sigma`` is one in units of the even map. ``level``: density
    at the backbone, or at all atoms where there is none, in the same. ``atom`` float64 [n_atoms]: its value at the atoms, negative where
    the map has less than the model; ``density`` float64 [n_atoms]: that of the map itself. NaN for atoms that make no density.
    """

    data: np.ndarray
    sigma: float
    level: float
    atom: np.ndarray
    density: np.ndarray


class Clusters(NamedTuple):
    """Connected voxels of density, largest first.

    ``volume`` float64 [n] in Å³, ``height`` float64 [n] of the highest voxel in σ, ``xyz`` float64 [n, 3] where that is, (x, y, z) in Å
    from the centre of the first voxel, ``middle`` float64 [n, 3] the centre of the cluster.
    """

    volume: np.ndarray
    height: np.ndarray
    xyz: np.ndarray
    middle: np.ndarray


def unexplained(study: Study) -> Unexplained:
    """What a model leaves of its map.

    Parameters
    ----------
    study
        A model with atoms in the box, and half-maps or a map.

    Returns
    -------
    Unexplained
        Shared, not to be changed in place.

    Notes
    -----
    σ is 1.4826 times the median of the absolute deviations over the box, without what a mask made flat; most of a box is solvent.

    References
    ----------
    Yamashita et al. (2021), https://doi.org/10.1107/S2059798321009475 (the model on the scale of the map by shells).
    """
    even, voxel = study.even_maps, study.density.voxel_size
    rest = even.map - even.model
    step = max(1, rest.size // _SAMPLE)
    sample = rest.ravel()[::step][~study.flat.ravel()[::step]]
    sigma = robust_sd(sample) if sample.size else 0.0
    used, r = study.used_atoms(), study.residues
    position = study.atom_position[used]
    own = r.role[used] == BACKBONE
    at_model = model_map.values_at(even.model, position, voxel, np.nan)
    level = float(np.nanmedian(at_model[own] if own.any() else at_model)) if used.any() else 0.0
    # A map made from the model alone has no noise; then a hundredth of the density counts as one.
    sigma = max(sigma, 1e-2 * level) or 1.0
    rest /= np.float32(sigma)
    at_rest = model_map.values_at(rest, position, voxel, np.nan)
    return Unexplained(rest, sigma, level / sigma, of_all(used, at_rest), of_all(used, at_rest + at_model / sigma))


def clusters(study: Study) -> Clusters:
    """Pieces of density that a model does not explain.

    Parameters
    ----------
    study
        As of :func:`unexplained`.

    Returns
    -------
    Clusters
        Of voxels above 5 σ and above 0.4 times the density at the backbone, at least 2 Å from any atom: nearer to one, B-factors that are
        off leave something too. Voxels that share a corner are one cluster.

    Notes
    -----
    The even maps of map and model are low-passed by a Gaussian that is one half at 5 Å, so that a chain is one piece and not its residues.
    """
    rest, own, voxel = _coarse(study)
    r, used, position = study.residues, study.used_atoms(), study.atom_position
    backbone = used & (r.role == BACKBONE)
    level = float(np.nanmedian(model_map.values_at(own, position[backbone if backbone.any() else used], voxel, np.nan)))
    sigma = max(robust_sd(rest), 1e-2 * level) or 1.0
    high = rest > max(LEAST * sigma, PART * level)
    at = np.argwhere(high)
    _, apart = nearest(r, position, used, at[:, ::-1] * voxel)
    high[tuple(at[apart <= NEAR].T)] = False
    labels, sizes = masks.components(high)
    at = np.argwhere(labels)
    label, value = labels[tuple(at.T)] - 1, rest[tuple(at.T)].astype(np.float64)
    order, n = np.lexsort((-value, label)), len(sizes)
    top = order[np.searchsorted(label[order], np.arange(n))] if n else np.zeros(0, dtype=np.int64)
    middle = np.stack([np.bincount(label, at[:, a], minlength=n) for a in (2, 1, 0)], axis=1) / np.maximum(sizes, 1)[:, None]
    return Clusters(sizes * float(np.prod(voxel)), value[top] / sigma, at[top][:, ::-1] * voxel, middle * voxel)


def _coarse(study: Study) -> CoarseRest:
    """Map less model, both even, low-passed by a Gaussian."""
    even, grid, geo = study.even_maps, study.density, study.geometry
    edges = np.asarray(grid.voxel_size) * grid.shape[::-1]
    low = max(LOW, 2 * max(grid.voxel_size))
    reach = int(np.ceil(_BEYOND * float(edges.max()) / low)) + 1
    fts = (study.transform("average") if even.from_halves else study.density_transform(), study.model_transform())
    return coarse_rest(fts, (even.weight, even.weight * even.scale), geo, edges, reach,
                       lambda radius: np.exp2(-(radius * low / geo.length) ** 2))


def flips(study: Study) -> np.ndarray:
    """How much better the peptides of residues fit turned over.

    Parameters
    ----------
    study
        As of :func:`unexplained`.

    Returns
    -------
    ndarray
        float64 [n_residues]: even density where O would be, turned half about the line from CA to the next CA, less that where it is, in
        σ; of the peptide after the residue. NaN without one.
    """
    r, even, voxel = study.residues, study.even_maps, study.density.voxel_size
    position, used = study.atom_position, study.used_atoms()
    out = np.full(len(r), np.nan)
    ca, o = r.find("CA"), r.find("O")
    own = np.flatnonzero((ca >= 0) & (o >= 0) & (r.next >= 0))
    own = own[(ca[r.next[own]] >= 0) & used[ca[own]] & used[o[own]] & used[ca[r.next[own]]]]
    start, axis = position[ca[own]], position[ca[r.next[own]]] - position[ca[own]]
    axis = axis / np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-9)
    away = position[o[own]] - start
    turned = start + 2 * axis * (away * axis).sum(axis=1, keepdims=True) - away
    values = [model_map.values_at(even.map, p, voxel, np.nan) for p in (turned, position[o[own]])]
    out[own] = (values[0] - values[1]) / study.unexplained.sigma
    return out


def nearest(residues: Residues, position: np.ndarray, used: np.ndarray, xyz: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The residue next to each of some places.

    Parameters
    ----------
    residues, position, used
        Of the model: its residues, positions of its atoms, float64 [n_atoms, 3], and which of them count, bool [n_atoms].
    xyz
        The places, float64 [n, 3].

    Returns
    -------
    residue
        int64 [n].
    distance
        Å to its nearest atom, float64 [n].
    """
    from scipy.spatial import cKDTree
    atoms: List[int] = np.flatnonzero(used & residues.heavy).tolist() or np.flatnonzero(used).tolist()
    apart, which = cKDTree(position[atoms]).query(xyz) if len(xyz) else (np.zeros(0), np.zeros(0, dtype=np.int64))
    return residues.residue[np.asarray(atoms)[which]], apart
