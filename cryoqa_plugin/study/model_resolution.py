"""The resolution at which a model is compared with its map, and that of the map in the molecule."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from ..core import crossing, spectra
from ..errors import InputError
from .resolution import THRESHOLD, in_angstrom

if TYPE_CHECKING:
    from .study import Study


class ComparedAt(NamedTuple):
    """The ``resolution`` (Å) at which map and model are compared, where it comes from (``given``, ``half-maps`` or ``d99``), and a sentence
    when the one given could not be had."""

    resolution: float
    source: str
    note: Optional[str]


def compared_at(study: Study, given: Optional[float]) -> ComparedAt:
    """The resolution at which map and model are compared.

    Parameters
    ----------
    study
        Half-maps or a map.
    given
        The one asked for (Å), None for none.

    Returns
    -------
    ComparedAt
        Not finer than the shells reach.
    """
    geo, map_ = study.geometry, study.density
    finest = geo.length / max(geo.n_shells - 1, 1)
    if given is not None:
        if given < finest * (1 - 1e-3):
            file = f" ({map_.path})" if map_.path else ""
            return ComparedAt(finest, "given", f"The resolution of {given:.4g} Å is finer than voxels of {map_.voxel:.4g} Å hold{file}; "
                                               f"{finest:.4g} Å is taken.")
        return ComparedAt(max(given, finest), "given", None)
    if study.has_halves:
        return ComparedAt(study.unmasked_resolution or finest, "half-maps", None)
    # A map alone: d99 tells where its detail ends, noise included.
    ft = study.transform("full_map")
    found = spectra.d99(spectra.spectra(ft, ft, geo))
    return ComparedAt(max(found, finest) if found == found else finest, "d99", None)


def inside_molecule(study: Study, given: Optional[float] = None) -> float:
    """The resolution in the molecule.

    Parameters
    ----------
    study
        A model, and half-maps or a map.
    given
        The one that the user knows (Å), None for none.

    Returns
    -------
    float
        In Å, never finer than the shells reach: the one given; else where the FSC of half-maps in the mask around the model falls below
        0.143; else that of the map alone by its solvent, and where that is masked the end of its detail (d99).
    """
    known = study.compared_at(given)
    if given is not None:
        return known.resolution
    even = study.even_maps if study.has_halves and study.used_atoms().any() else None
    if even is not None and even.from_halves:
        found = crossing.find_crossings(study.frequencies, even.full, 2 * THRESHOLD / (1 + THRESHOLD))
        return in_angstrom(found.first, study.frequencies)
    try:
        return study.resolution
    except InputError:                                       # no noise around the molecule, or no signal in it
        return known.resolution
