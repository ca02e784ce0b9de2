"""The model in mtriage: which atoms lie in the box, whether they lie on density, and their Fourier coefficients."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from ...core import density, masks
from ...errors import InputError
from ...io.maps import Map
from ...io.models import Model
from ...study.extent import part_outside
from ...study.fitting_origin import MISPLACED, FittingOrigin, fitting_origin, other_origins, triple


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

    ``values`` are ``atoms_used``, ``atoms_outside`` (part of all), ``model_zscore``, ``model_b_mean`` and ``fitting_origin``.
    """

    keep: np.ndarray
    elements: List[str]
    xyz: np.ndarray
    b_iso: np.ndarray
    occupancy: np.ndarray
    values: Dict[str, Any]


def atoms_of(model: Model, grid: Map, table: str, warnings: List[str], through: Optional[Callable[[], str]] = None,
             lies: Optional[Callable[[], FittingOrigin]] = None) -> Atoms:
    """The atoms of a model that can be drawn on a grid.

    Parameters
    ----------
    model
        The atoms.
    grid
        The map whose box and origin they are placed by.
    table
        Scattering factors: ``electron``, ``xray`` or ``neutron``.
    warnings
        Sentences are added on atoms that are left out, and on a model that lies off the density.
    through
        Gives the axes along which the molecule runs through the box; called where atoms lie outside, which along these is no fault.
    lies
        Gives how the model lies in the density where a Study knows it; else it is looked at in ``grid``.

    Returns
    -------
    Atoms
        Those inside the box that scatter.

    Raises
    ------
    InputError
        No atom lies in the box, or the table knows none of their elements.
    """
    lying = lies() if lies is not None else fitting_origin(model, grid)
    found = density.atoms_inside(model.elements, model.xyz, grid.shape, grid.voxel_size, grid.origin, table)
    keep = found.keep & (model.occupancy > 0)
    if found.outside == model.n_atoms:
        raise InputError(f"None of the {model.n_atoms} atoms of the model{in_file(model)} lies in the box of the map{in_file(grid)}, whose "
                         f"corner is at {triple(grid.origin)} Å.{_origin_that_fits(model, grid, lying)} Move the model into the map, or "
                         "correct the map's origin.")
    if not model.occupancy[found.keep].any() and found.keep.any():
        raise InputError(f"The occupancy of all atoms of the model{in_file(model)} that lie in the map is 0, so that they weigh nothing; "
                         "set it to 1 where atoms are present.")
    if not keep.any():
        raise InputError(f"The {table} table knows none of the elements of the model{in_file(model)} that lie in the map{in_file(grid)}; "
                         "correct the element column of the model.")
    if found.outside and through is not None:
        found = found._replace(outside=int(round(part_outside(model.xyz, grid, through()) * model.n_atoms)))
    _warn_about_atoms(model, grid, found, table, warnings)
    _warn_of_place(model, grid, lying, warnings)
    b_iso = model.b_iso[keep]
    values = dict(atoms_used=int(keep.sum()), atoms_outside=found.outside / model.n_atoms, model_zscore=lying.here,
                  model_b_mean=float(b_iso.mean()), fitting_origin=lying.words)
    return Atoms(keep, [e for e, k in zip(model.elements, keep) if k], model.xyz[keep], b_iso, model.occupancy[keep], values)


def place(model: Model, grid: Map, table: str, warnings: List[str], transform: Optional[Callable[[], np.ndarray]] = None,
          through: Optional[Callable[[], str]] = None, lies: Optional[Callable[[], FittingOrigin]] = None) -> Placed:
    """Put a model on a grid, with its B-factors and with all B = 0.

    Parameters
    ----------
    model, grid, table, warnings
        As of :func:`atoms_of`.
    transform
        Gives the transform of the model with its B-factors where it is known already.
    through, lies
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
    atoms = atoms_of(model, grid, table, warnings, through, lies)

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


def _warn_about_atoms(model: Model, grid: Map, found: density.InsideAtoms, table: str, warnings: List[str]) -> None:
    if found.outside:
        warnings.append(f"{found.outside} of the {model.n_atoms} atoms of the model{in_file(model)} lie outside of the map{in_file(grid)} "
                        "and are left out.")
    if found.unknown:
        warnings.append(f"{found.unknown} of the {model.n_atoms} atoms of the model{in_file(model)} are of elements that the {table} table "
                        "does not know and are left out.")


def _warn_of_place(model: Model, grid: Map, found: FittingOrigin, warnings: List[str]) -> None:
    """A warning where the map is low at the atoms, with the origin that would raise it."""
    if found.origin is None and found.here >= MISPLACED:
        return
    hint = "check that model and map belong together and are superposed"
    if found.origin is not None:
        hint = (f"with the map's origin at {triple(found.origin)} Å instead of {triple(grid.origin)} Å it would be {found.there:.2f} SD: "
                f"that is {found.name}")
    warnings.append(f"The map{in_file(grid)} at the atoms of the model{in_file(model)} is only {found.here:.2f} SD above its mean; {hint}.")


def _origin_that_fits(model: Model, grid: Map, found: FittingOrigin) -> str:
    """A sentence about the origin that would bring the atoms into density, or most of them into the box; empty where none does."""
    inside = {o: model.n_atoms - density.atoms_inside(model.elements, model.xyz, grid.shape, grid.voxel_size, o).outside
              for o in other_origins(grid)}
    best = found.origin if found.origin is not None else max(inside, key=lambda o: inside[o], default=None)
    if best is None or inside[best] < model.n_atoms / 2:
        return ""
    return f" With the origin at {triple(best)} Å, {inside[best]} of them would: that is {other_origins(grid)[best]}."


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
