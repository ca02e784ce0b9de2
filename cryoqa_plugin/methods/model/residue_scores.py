"""What all scores of residues share: their tables, and the model that carries them into other programs."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ...core.fourier import Geometry
from ...io.inputs import require
from ...io.models import Attribute, Model, attribute_text
from ...results import Result, Table, file_output, metric, model_output, table
from ...study import Study, model_place
from ...study.halves import HalfMapFacts
from ...study.model_place import ModelPlaceFacts
from ...study.residues import Residues
from ..resolution.mtriage_model import atoms_of

TRACE = "Most residues have one atom only: such a trace makes less density than the molecule, so that no map agrees with it well."
KEY = ("chain", "number", "residue")             # the columns that say which residue a row is about


@dataclass(frozen=True)
class ResidueTables(Result):
    """What every result with numbers of residues has, of a model with a map or without; the first columns of ``residues`` are ``KEY``."""

    residues: Optional[Table] = table("the scores of every residue")
    chains: Optional[Table] = table("the same by chain")
    scored_model: Optional[Model] = model_output("the model with its scores as attributes, which Scipion and ChimeraX show",
                                                 output="outputAtomStruct")
    attributes: Optional[str] = file_output("the scores of residues and atoms as a ChimeraX attribute file", "attributes.defattr")


@dataclass(frozen=True)
class ResidueScores(ResidueTables, ModelPlaceFacts, HalfMapFacts):
    """What every result with scores of residues in a map has besides its numbers."""


@dataclass(frozen=True)
class AtomCounts(Result):
    """How many atoms of a model take part, and whether they lie in density."""

    atoms_used: Optional[int] = metric("", "atoms inside the box that the model density is made of", "higher")
    atoms_outside: Optional[float] = metric("", "part of the atoms that lie outside the box", "lower")
    model_zscore: Optional[float] = metric("SD", "mean density at the atoms above that of the map, in its standard deviations", "higher")


def check_model_and_map(study: Study, least: int = 2) -> Geometry:
    """Look at a model and its map before any work.

    Parameters
    ----------
    study
        The inputs.
    least
        Voxels along each axis that the map must have.

    Returns
    -------
    Geometry
        The shells of the map.

    Raises
    ------
    MissingInputError
        No model, or no map.
    InputError
        The maps do not fit together, or are too small.
    """
    require(study.inputs, "model")
    return study.check("half1", "half2", "full_map", least=least, what="a comparison with a model needs")


def atom_counts(study: Study, warnings: List[str]) -> Dict[str, Any]:
    """How many atoms lie in the box of the map and scatter, and whether they lie in density.

    Parameters
    ----------
    study
        A model, and a map or half-maps, already checked.
    warnings
        Sentences are added on atoms that are left out, and on a model that lies off the density.

    Returns
    -------
    dict
        By field of :class:`AtomCounts`; :meth:`Study.used_atoms` says which atoms.

    Raises
    ------
    InputError
        No atom lies in the box and scatters.
    """
    atoms = atoms_of(study.model, study.density, "electron", warnings, lambda: study.through, lambda: study.fitting_origin)
    return {n: atoms.values[n] for n in ("atoms_used", "atoms_outside", "model_zscore")}


def require_atoms(study: Study) -> None:
    """Look whether any atom lies in the box of the map and scatters.

    Parameters
    ----------
    study
        A model, and a map or half-maps, already checked.

    Raises
    ------
    InputError
        None does; the sentence says why.
    """
    if not study.used_atoms().any():
        atoms_of(study.model, study.density, "electron", [], None, lambda: study.fitting_origin)


def rows(residues: Residues, columns: Mapping[Any, Sequence[Any]], use: np.ndarray) -> Table:
    """The table of residues.

    Parameters
    ----------
    residues
        The residues of the model.
    columns
        Numbers (NaN where there is none) or texts of each residue, under a :class:`Column` or words that it reads.
    use
        Which residues have a row, bool [n_residues].

    Returns
    -------
    Table
        In the order of the file.
    """
    values = [[_plain(v) for v in column] for column in columns.values()]
    return Table(KEY + tuple(columns), tuple(
        (residues.chains[residues.chain[i]], residues.number[i], residues.name[i], *(column[i] for column in values))
        for i in np.flatnonzero(use)))


def chain_rows(residues: Residues, columns: Mapping[Any, np.ndarray], use: np.ndarray) -> Table:
    """The mean of scores over the residues of each chain.

    Parameters
    ----------
    residues, columns, use
        As of :func:`rows`; numbers alone.

    Returns
    -------
    Table
        Chain, number of residues with a row, and the means.
    """
    out: List[Tuple[Any, ...]] = []
    for c, name in enumerate(residues.chains):
        mine = use & (residues.chain == c)
        if mine.any():
            known = (np.asarray(v, dtype=np.float64)[mine] for v in columns.values())
            out.append((name, int(mine.sum()), *(_plain(np.nanmean(v) if np.isfinite(v).any() else np.nan) for v in known)))
    return Table(("chain", "residues") + tuple(columns), tuple(out))


def carried(model: Model, residues: Residues, of_residues: Mapping[str, np.ndarray],
            of_atoms: Optional[Mapping[str, np.ndarray]] = None) -> Dict[str, Any]:
    """The outputs that carry scores into other programs.

    Parameters
    ----------
    model, residues
        The model and its residues.
    of_residues, of_atoms
        Scores by the name of their attribute, float [n_residues] and [n_atoms]; those that are not finite are left out.

    Returns
    -------
    dict
        ``scored_model`` and ``attributes`` of :class:`ResidueScores`.
    """
    place = [f"{residues.chains[c]}:{n}" for c, n in zip(residues.chain, residues.number)]
    found = [Attribute(name, "residues", _known(place, values)) for name, values in of_residues.items()]
    if of_atoms:
        spots = [f"{place[r]}@{a}" for r, a in zip(residues.residue, residues.atom)]
        found += [Attribute(name, "atoms", _known(spots, np.where(residues.first, values, np.nan))) for name, values in of_atoms.items()]
    return dict(scored_model=replace(model, attributes=tuple(found)), attributes=attribute_text(found))


def _known(places: Sequence[str], values: np.ndarray) -> Dict[str, float]:
    return {place: float(v) for place, v in zip(places, np.asarray(values, dtype=np.float64)) if np.isfinite(v)}


def place_values(study: Study, warnings: List[str]) -> Dict[str, Any]:
    """How the model lies on its map, by field of the result; what is wrong with it becomes a warning.

    Parameters
    ----------
    study
        A model and a map.
    warnings
        A sentence is added when the model is off its map.
    """
    out: Dict[str, Any] = dict(fitting_origin=study.fitting_origin.words)
    place = study.model_place
    if place is not None:
        warnings.extend(model_place.notes(place, study.density))
        out.update(model_place.values(place, study.density))
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
