"""Does a model lie in the density of its map, and if not: which origin of the map would bring it there.

The origins that a map may have been meant to have are those of the Validation Report Service (ORIGIN of the header, minus that, 0, the
centre of the box, minus that), and NSTART, in which older programs keep it. One that fits is proposed, never applied.
"""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ..core import alignment, atom_grid, fourier
from ..io.maps import Map
from ..io.models import Model

MISPLACED = 0.5                       # mean map value at the atoms, in SD, below which another origin is looked for
_BETTER = 2.0                         # times the value here, which is no accident elsewhere, even where the value here is fair
_COARSE, _COARSE_VOXELS = 8.0, 3.0    # low-pass of that map: Å, or voxels where that is coarser
_SAME = 0.1                           # Å: origins that differ by rounding in a header are one
Triple = Tuple[float, ...]


class FittingOrigin(NamedTuple):
    """How a model lies in the density of its map.

    ``here``: mean of the map, low-passed at 8 Å, at the atoms by their occupancy, in its standard deviations above its mean; atoms outside
    count 0.
    ``origin`` (x, y, z in Å): the one with which the model would lie in density, None where there is none or the one of the map is right;
    ``there`` is the mean with it, and ``name`` says where it comes from.
    """

    here: float
    origin: Optional[Triple]
    there: float
    name: str

    @property
    def words(self) -> str:
        """The origin that fits and where it comes from; ``none`` where there is none."""
        return "none" if self.origin is None else f"{triple(self.origin)} Å ({self.name})"


def triple(values: Triple) -> str:
    """Three numbers in a sentence.

    Parameters
    ----------
    values
        x, y, z.
    """
    return ", ".join(f"{v + 0.0:.4g}" for v in values)


def fitting_origin(model: Model, grid: Map) -> FittingOrigin:
    """How a model lies in the density of a map, and with which origin it would.

    Parameters
    ----------
    model
        The atoms.
    grid
        The map.

    Returns
    -------
    FittingOrigin
        The low-pass takes away the noise that sharpening raises, which hides any model.
    """
    coarse, voxel = _low_passed(grid)
    mean, sd = float(coarse.mean(dtype=np.float64)), float(coarse.std(dtype=np.float64))
    coarse = (coarse - mean) / sd if sd > 0 else coarse * 0
    here = _score(model, grid, tuple(grid.origin), coarse, voxel)
    others = other_origins(grid)
    scores = {origin: _score(model, grid, origin, coarse, voxel) for origin in others}
    best = max(scores, key=lambda o: scores[o], default=None)
    if best is None or scores[best] <= max(_BETTER * here, MISPLACED):
        return FittingOrigin(here, None, here, "")
    return FittingOrigin(here, best, scores[best], others[best])


def other_origins(grid: Map) -> Dict[Triple, str]:
    """Origins that a map may have been meant to have.

    Parameters
    ----------
    grid
        The map.

    Returns
    -------
    dict
        What each is, by origin (x, y, z in Å), the likeliest first; none within 0.1 Å of that of the map.
    """
    centre = tuple(v * (n // 2) for v, n in zip(grid.voxel_size, grid.shape[::-1]))
    found: List[Tuple[Triple, str]] = []
    if grid.header is not None:
        kept = tuple(float(v) for v in grid.header.header_origin)
        start = tuple(float(n * v) for n, v in zip(grid.header.nstart, grid.voxel_size))
        found += [(kept, "ORIGIN of the header"), (start, "NSTART of the header"), (_minus(kept), "minus ORIGIN of the header"),
                  (_minus(start), "minus NSTART of the header")]
    found += [((0.0, 0.0, 0.0), "no origin"), (_minus(centre), "minus the centre of the box"), (centre, "the centre of the box"),
              (_minus(tuple(grid.origin)), "minus the origin that the map has")]
    out: Dict[Triple, str] = {}
    for origin, name in found:
        if all(max(abs(a - b) for a, b in zip(origin, o)) > _SAME for o in (tuple(grid.origin), *out)):
            out[origin] = name
    return out


def _minus(origin: Triple) -> Triple:
    return tuple(0.0 - v for v in origin)


def _low_passed(grid: Map) -> Tuple[np.ndarray, np.ndarray]:
    """The map low-passed at 8 Å (three voxels where that is coarser), float32 [z, y, x] on a coarse grid, and its voxels (x, y, z) in Å."""
    edges = np.asarray(grid.voxel_size) * grid.shape[::-1]
    resolution = max(_COARSE, _COARSE_VOXELS * float(max(grid.voxel_size)))
    cube = alignment.centred(fourier.forward(grid.data), grid.shape, int(np.ceil(max(edges) / resolution)))
    indices = [(np.arange(m) - m // 2) / e for m, e in zip(cube.shape, edges[::-1])]
    squares = indices[0][:, None, None] ** 2 + indices[1][None, :, None] ** 2 + indices[2][None, None, :] ** 2
    shape = [2 * m for m in cube.shape]
    return atom_grid.coarse_map(cube * (squares <= 1 / resolution ** 2), shape, grid.data.size), edges / shape[::-1]


def _score(model: Model, grid: Map, origin: Triple, data: np.ndarray, voxel: np.ndarray) -> float:
    """Mean over all atoms of a map at the nearest point of its grid, by occupancy; an atom outside of the box counts 0."""
    at, size = model.xyz - np.asarray(origin), np.asarray(grid.voxel_size)
    inside = np.all((at >= -size / 2) & (at < size * (np.array(grid.shape[::-1]) - 0.5)), axis=1)
    index = np.rint(at[inside] / voxel).astype(int) % np.array(data.shape[::-1])
    weight = model.occupancy if model.occupancy.sum() > 0 else np.ones(model.n_atoms)
    return float(data[index[:, 2], index[:, 1], index[:, 0]].astype(np.float64) @ weight[inside] / weight.sum())
