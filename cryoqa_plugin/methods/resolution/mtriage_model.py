"""The model in mtriage: which atoms lie in the box, whether they lie on density, and their Fourier coefficients."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from ...core import alignment, atom_grid, density, fourier, masks
from ...errors import InputError
from ...io.maps import Map
from ...io.models import Model
from ...study.extent import part_outside

_MISPLACED = 0.5                      # mean map value at the atoms, in SD, below which another origin is looked for
_COARSE, _COARSE_VOXELS = 8.0, 3.0    # low-pass of that map: Å, or voxels where that is coarser
Triple = Tuple[float, ...]


@dataclass(frozen=True)
class Placed:
    """The atoms used and the model's transforms, complex64 [nz, ny, nx // 2 + 1]: with the atoms' B-factors, and with all B = 0."""

    elements: List[str]
    xyz: np.ndarray
    ft: np.ndarray
    ft_b0: np.ndarray
    values: Dict[str, Any]


@dataclass(frozen=True)
class Atoms:
    """Atoms of a model that lie in the box and scatter: ``keep`` bool [n_atoms] of the model, the rest for those kept.

    ``values`` are ``atoms_used``, ``atoms_outside`` (part of all), ``model_zscore`` and ``model_b_mean``.
    """

    keep: np.ndarray
    elements: List[str]
    xyz: np.ndarray
    b_iso: np.ndarray
    occupancy: np.ndarray
    values: Dict[str, Any]


def atoms_of(model: Model, grid: Map, table: str, map_data: Callable[[], np.ndarray], warnings: List[str],
             through: Optional[Callable[[], str]] = None) -> Atoms:
    """The atoms of a model that can be drawn on a grid.

    Parameters
    ----------
    model
        The atoms.
    grid
        The map whose box and origin they are placed by.
    table
        Scattering factors: ``electron``, ``xray`` or ``neutron``.
    map_data
        Gives the map, float32 [z, y, x]; called here, so that it need not be kept.
    warnings
        Sentences are added on atoms that are left out, and on a model that lies off the density.
    through
        Gives the axes along which the molecule runs through the box; called where atoms lie outside, which along these is no fault.

    Returns
    -------
    Atoms
        Those inside the box that scatter.

    Raises
    ------
    InputError
        No atom lies in the box, or the table knows none of their elements.
    """
    found = density.atoms_inside(model.elements, model.xyz, grid.shape, grid.voxel_size, grid.origin, table)
    keep = found.keep & (model.occupancy > 0)
    if found.outside == model.n_atoms:
        raise InputError(f"None of the {model.n_atoms} atoms of the model{in_file(model)} lies in the box of the map{in_file(grid)}, whose "
                         f"corner is at {_triple(grid.origin)} Å.{_origin_that_fits(model, grid)} Move the model into the map, or correct "
                         "the map's origin.")
    if not model.occupancy[found.keep].any() and found.keep.any():
        raise InputError(f"The occupancy of all atoms of the model{in_file(model)} that lie in the map is 0, so that they weigh nothing; "
                         "set it to 1 where atoms are present.")
    if not keep.any():
        raise InputError(f"The {table} table knows none of the elements of the model{in_file(model)} that lie in the map{in_file(grid)}; "
                         "correct the element column of the model.")
    if found.outside and through is not None:
        found = found._replace(outside=int(round(part_outside(model.xyz, grid, through()) * model.n_atoms)))
    _warn_about_atoms(model, grid, found, table, warnings)
    zscore = _check_place(model, grid, map_data(), warnings)
    b_iso = model.b_iso[keep]
    values = dict(atoms_used=int(keep.sum()), atoms_outside=found.outside / model.n_atoms, model_zscore=zscore,
                  model_b_mean=float(b_iso.mean()))
    return Atoms(keep, [e for e, k in zip(model.elements, keep) if k], model.xyz[keep], b_iso, model.occupancy[keep], values)


def place(model: Model, grid: Map, table: str, map_data: Callable[[], np.ndarray], warnings: List[str],
          transform: Optional[Callable[[], np.ndarray]] = None, through: Optional[Callable[[], str]] = None) -> Placed:
    """Put a model on a grid, with its B-factors and with all B = 0.

    Parameters
    ----------
    model, grid, table, map_data, warnings
        As of :func:`atoms_of`.
    transform
        Gives the transform of the model with its B-factors where it is known already.
    through
        As of :func:`atoms_of`.

    Returns
    -------
    Placed
        Its atoms and transforms.

    Raises
    ------
    InputError
        As of :func:`atoms_of`.
    """
    atoms = atoms_of(model, grid, table, map_data, warnings, through)

    def draw(b_zero: bool) -> np.ndarray:
        return density.model_density_ft(atoms.elements, atoms.xyz, atoms.b_iso, atoms.occupancy, grid.shape, grid.voxel_size, grid.origin,
                                        b_zero=b_zero, table=table)

    return Placed(atoms.elements, atoms.xyz, draw(False) if transform is None else transform(), draw(True), atoms.values)


def in_file(item: Any) -> str:
    """`` (path)`` of a map or model that has one, for use in a sentence.

    Parameters
    ----------
    item
        The map or model.
    """
    return f" ({item.path})" if item.path else ""


def _triple(values: Triple) -> str:
    return ", ".join(f"{v:.4g}" for v in values)


def _warn_about_atoms(model: Model, grid: Map, found: density.InsideAtoms, table: str, warnings: List[str]) -> None:
    if found.outside:
        warnings.append(f"{found.outside} of the {model.n_atoms} atoms of the model{in_file(model)} lie outside of the map{in_file(grid)} "
                        "and are left out.")
    if found.unknown:
        warnings.append(f"{found.unknown} of the {model.n_atoms} atoms of the model{in_file(model)} are of elements that the {table} table "
                        "does not know and are left out.")


def _check_place(model: Model, grid: Map, data: np.ndarray, warnings: List[str]) -> float:
    """Mean of the low-passed map at the atoms in its standard deviations; a warning when it is low, with an origin that would raise it.

    The low-pass takes away the noise that sharpening raises, which hides any model.
    """
    coarse, voxel = _low_passed(grid, data)
    mean, sd = float(coarse.mean(dtype=np.float64)), float(coarse.std(dtype=np.float64))
    scores = {origin: _score(model, grid, origin, (coarse - mean) / sd if sd > 0 else coarse * 0, voxel)
              for origin in [tuple(grid.origin)] + _other_origins(grid)}
    here = scores[tuple(grid.origin)]
    best = max(scores, key=lambda o: scores[o])
    # Twice as good elsewhere is no accident, even where the score here is fair.
    if here < _MISPLACED or scores[best] > 2 * here:
        hint = (f"with the map's origin at {_triple(best)} Å instead of {_triple(grid.origin)} Å it would be {scores[best]:.2f} SD"
                if scores[best] > max(2 * here, _MISPLACED) else "check that model and map belong together and are superposed")
        warnings.append(f"The map{in_file(grid)} at the atoms of the model{in_file(model)} is only {here:.2f} SD above its mean; {hint}.")
    return here


def _low_passed(grid: Map, data: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The map low-passed at 8 Å (three voxels where that is coarser), float32 [z, y, x] on a coarse grid, and its voxels (x, y, z) in Å."""
    edges = np.asarray(grid.voxel_size) * grid.shape[::-1]
    resolution = max(_COARSE, _COARSE_VOXELS * float(max(grid.voxel_size)))
    cube = alignment.centred(fourier.forward(data), grid.shape, int(np.ceil(max(edges) / resolution)))
    indices = [(np.arange(m) - m // 2) / e for m, e in zip(cube.shape, edges[::-1])]
    squares = indices[0][:, None, None] ** 2 + indices[1][None, :, None] ** 2 + indices[2][None, None, :] ** 2
    shape = [2 * m for m in cube.shape]
    return atom_grid.coarse_map(cube * (squares <= 1 / resolution ** 2), shape, data.size), edges / shape[::-1]


def _score(model: Model, grid: Map, origin: Triple, data: np.ndarray, voxel: np.ndarray) -> float:
    """Mean over all atoms of a map at the nearest point of its grid; an atom outside of the box counts 0."""
    at, size = model.xyz - np.asarray(origin), np.asarray(grid.voxel_size)
    inside = np.all((at >= -size / 2) & (at < size * (np.array(grid.shape[::-1]) - 0.5)), axis=1)
    index = np.rint(at[inside] / voxel).astype(int) % np.array(data.shape[::-1])
    return float(data[index[:, 2], index[:, 1], index[:, 0]].sum(dtype=np.float64) / model.n_atoms)


def _other_origins(grid: Map) -> List[Triple]:
    """Origins that the map may have been meant to have: ORIGIN and NSTART of its header, zero, minus half the box."""
    out = [(0.0, 0.0, 0.0), tuple(-v * (n // 2) for v, n in zip(grid.voxel_size, grid.shape[::-1]))]
    if grid.header is not None:
        out.insert(0, tuple(float(v) for v in grid.header.header_origin))
        out.insert(1, tuple(float(n * v) for n, v in zip(grid.header.nstart, grid.voxel_size)))
    # 0.1 Å: origins that differ by rounding in a header are one.
    return [o for o in dict.fromkeys(out) if max(abs(a - b) for a, b in zip(o, grid.origin)) > 0.1]


def _origin_that_fits(model: Model, grid: Map) -> str:
    """A sentence about the origin that would bring most atoms into the box; empty when none brings half of them."""
    inside = {}
    for origin in _other_origins(grid):
        inside[origin] = model.n_atoms - density.atoms_inside(model.elements, model.xyz, grid.shape, grid.voxel_size, origin).outside
    best = max(inside, key=lambda o: inside[o], default=None)
    if best is None or inside[best] < model.n_atoms / 2:
        return ""
    return f" With the origin at {_triple(best)} Å, {inside[best]} of them would."


def around(placed: Placed, grid: Map, radius: float) -> np.ndarray:
    """Inside of the surface of atoms that were made larger.

    Parameters
    ----------
    placed
        The atoms.
    grid
        The map whose grid the mask lies on.
    radius
        Distance (Å) that is added to the van der Waals radii.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    import gemmi
    vdw = {e: gemmi.Element(e).vdw_r for e in set(placed.elements)}
    return masks.atoms_mask(grid.shape, grid.voxel_size, grid.origin, placed.xyz, np.array([vdw[e] for e in placed.elements]) + radius)
