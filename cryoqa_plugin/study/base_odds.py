"""Purine or pyrimidine: what the map shows at each nucleotide."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple

import numpy as np

from ..core import bases, conformer_fit
from ..core.conformer_fit import BestFit
from ..core.type_odds import temperature_of
from .chain_sequence import letter_of, letter_types
from .residues import BACKBONE, NUCLEIC, Residues
from .side_chains import prepared
from .type_tables import read_tables

if TYPE_CHECKING:
    from .study import Study

_ALIKE = {"T": "U"}
_FEWEST = 150                                    # points that must count


class BaseOdds(NamedTuple):
    """What the map says of the bases.

    ``odds`` float64 [n_residues] is the log-odds (nats) of the class of each nucleotide as built, purine or pyrimidine, against the other,
    times the ``temperature``; NaN where it is not known. ``purine`` float64 [n_residues] is that of purine against pyrimidine before.
    ``types`` int64 [n_residues] counts in ``bases.LETTERS``, -1 for none. ``resolution`` (Å) is that of the calibration.
    """

    odds: np.ndarray
    purine: np.ndarray
    temperature: float
    types: np.ndarray
    resolution: float


def base_types(residues: Residues) -> np.ndarray:
    """The base of each nucleotide.

    Parameters
    ----------
    residues
        The residues of the model.

    Returns
    -------
    ndarray
        int64 [n_residues] in ``bases.LETTERS``, T as U; -1 for all else.
    """
    letters = [letter_of(n)[-1] if k == NUCLEIC else "X" for n, k in zip(residues.name, residues.kind)]
    return letter_types("".join(_ALIKE.get(c, c) for c in letters), bases.LETTERS)


def correlations(study: Study, resolution: float) -> Tuple[np.ndarray, BestFit]:
    """How well bases of the four types, turned any way, fit on each nucleotide.

    Parameters
    ----------
    study
        A model and a map; the mean of the half-maps when they are there and share signal.
    resolution
        In Å, where the FSC of half-maps in a mask falls below 0.143.

    Returns
    -------
    tuple
        Which nucleotides have a sugar and the atom that holds a base, int64 [n], and their fits. Points at the backbones of other
        residues do not count; bases of neighbours do, because they are what is asked about.
    """
    residues, xyz = study.residues, study.atom_position
    types = base_types(residues)
    purine = (types >= 0) & (types < bases.PURINES)
    holds = np.where(purine, residues.find("N9"), residues.find("N1"))
    sugar, ring = residues.find("C1'"), residues.find("O4'")
    which = np.flatnonzero((types >= 0) & (holds >= 0) & (sugar >= 0) & (ring >= 0))
    turn = bases.frames(xyz[sugar[which]], xyz[holds[which]], xyz[ring[which]])
    known = residues.first & residues.heavy & (residues.role == BACKBONE)
    place = np.full(len(residues), -1, dtype=np.int64)
    place[which] = np.arange(which.size)
    atoms, charge, starts, kind = bases.turned_bases()
    shapes = conformer_fit.templates(atoms, charge, starts, kind, len(bases.LETTERS), conformer_fit.grid_points(atoms), resolution)
    coefficients = prepared(study, xyz[known & (residues.kind[residues.residue] == NUCLEIC)], resolution)
    return which, conformer_fit.best_fit(coefficients, study.density.voxel_size, xyz[holds[which]], turn, shapes, xyz[known],
                                         place[residues.residue[known]])


def purine_odds(odds: np.ndarray, composition: np.ndarray) -> np.ndarray:
    """Log-odds of purine and of pyrimidine from those of the four bases.

    Parameters
    ----------
    odds
        float64 [n, 4] in nats.
    composition
        Of the four, float64 [4].

    Returns
    -------
    ndarray
        float64 [n, 2]: ``log(sum c exp(odds) / sum c)`` over the bases of either class.
    """
    weight = composition * np.exp(odds)
    return np.stack([np.log(weight[:, part].sum(axis=1) / composition[part].sum())
                     for part in (slice(0, bases.PURINES), slice(bases.PURINES, None))], axis=1)


def odds_of(residues: Residues, which: np.ndarray, cc: np.ndarray, resolution: float) -> BaseOdds:
    """What the correlations say of the bases.

    Parameters
    ----------
    residues, which, cc
        The residues, the nucleotides, int64 [n], and their best correlations, float64 [n, 4].
    resolution
        In Å.

    Returns
    -------
    BaseOdds
        With the temperature at which the classes as built are most likely.
    """
    table, types = read_tables("bases").at(resolution), base_types(residues)
    pair = purine_odds(table.odds(cc), table.composition)
    built = np.where(types[which] < bases.PURINES, 0, 1)
    temperature = temperature_of(pair, built)
    purine, odds = np.full(len(residues), np.nan), np.full(len(residues), np.nan)
    purine[which] = pair[:, 0] - pair[:, 1]
    odds[which] = temperature * np.where(built == 0, purine[which], -purine[which])
    return BaseOdds(odds, purine, temperature, types, resolution)


def base_odds(study: Study, resolution: float) -> Optional[BaseOdds]:
    """Purine against pyrimidine at every nucleotide.

    Parameters
    ----------
    study
        A model and a map; the mean of the half-maps when they are there and share signal.
    resolution
        In Å, where the FSC of half-maps in a mask falls below 0.143.

    Returns
    -------
    BaseOdds
        None for a model without a nucleotide that has a sugar and a base.
    """
    if not (base_types(study.residues) >= 0).any():
        return None
    which, found = correlations(study, resolution)
    use = found.counted >= _FEWEST
    return odds_of(study.residues, which[use], found.cc[use], resolution) if use.any() else None
