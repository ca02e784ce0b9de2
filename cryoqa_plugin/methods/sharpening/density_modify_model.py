"""A model in density modification: moved into each half-map, judged by the other one, and how steady each of its residues is."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple

import numpy as np

from ...core import density_modification as modification
from ...core import model_bases
from ...core.conditional import ConditionalMeans
from ...core.density_modification import Gain
from ...core.fourier import Geometry
from ...progress import Progress, part
from ...results import Column
from ...study import Study
from ..model import residue_scores
from ..model.model_stability_steps import electrons

_WORTH = 0.003                        # of the gain, or its error, below which a model is left out; one beside the molecule brings less
_TRUSTED = 0.5                        # weight of an atom that the half-maps agree with

SPREAD = Column("spread", "Å", "root mean square over eight models that were moved into the half-maps")
MOVED = Column("moved", "Å", "from where it was given to the mean of the eight")
TRUST = Column("trust", "", "its weight, 0 to 1: how far the half-map agrees to which it was not moved")


class Told(NamedTuple):
    """``found``: the estimates with the model, or those without where it does not help; ``values``: fields of the result."""

    found: ConditionalMeans
    values: Dict[str, Any]


def with_model(study: Study, found: ConditionalMeans, gain: Gain, geo: Geometry, warnings: List[str], progress: Progress) -> Told:
    """Estimates with those of a model, where they gain by it, and what is known of its residues.

    Parameters
    ----------
    study
        The half-maps and a model with atoms in their box.
    found
        What the half-maps alone tell together, of :func:`cryoqa_plugin.core.model_bases.together`.
    gain
        Of that.
    geo
        Shells of the box.
    warnings
        Sentences are added on atoms that are left out.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    Told
        A map that the half-maps alone do not improve is not improved by a model: that could be noise of both, which it was fitted to.
    """
    residues, use = study.residues, study.used_atoms() & study.residues.heavy & study.residues.first
    values: Dict[str, Any] = dict(residue_scores.atom_counts(study, warnings), model_used=False)
    if residues.trace or not use.any():
        warnings.append("The model has one atom a residue; it makes too little of the density to be used.")
        return Told(found, values)
    elements = [e for e, wanted in zip(study.model.elements, use) if wanted]
    position, voxel_size = study.atom_position[use], study.grid.voxel_size
    models = model_bases.move(found.bases[0], found.mask, voxel_size, position, electrons(elements), part(progress, 0.0, 0.6))
    progress(0.7, "density of the model")
    told = model_bases.estimate(found.bases[0], found.mask, geo, voxel_size, found.finest, elements, models)
    progress(0.85, "weights with the model")
    both = model_bases.with_model(found, told, geo)
    more = modification.judged(both, geo).mean - gain.mean
    used = gain.verdict == modification.IMPROVED and more > max(_WORTH, gain.error)
    spread, moved = models.spread(), models.moves(position)
    values.update(model_used=used, model_gain=more, model_trusted=float((told.trust >= _TRUSTED).mean()),
                  model_spread=float(np.sqrt(np.mean(spread ** 2))))
    values.update(_of_residues(study, use, spread, moved, told.trust))
    return Told(both if used else found, values)


def _of_residues(study: Study, use: np.ndarray, spread: np.ndarray, moved: np.ndarray, trust: np.ndarray) -> Dict[str, Any]:
    """The tables of residues and chains, and the model that carries the spread."""
    residues = study.residues

    def of(values: np.ndarray) -> np.ndarray:
        every = np.full(use.size, np.nan)
        every[use] = values
        return residues.mean(every, use)

    columns = {SPREAD: np.sqrt(of(spread ** 2)), MOVED: np.sqrt(of(moved ** 2)), TRUST: of(np.minimum(trust, 1))}
    known = np.isfinite(columns[SPREAD])
    return dict(residues=residue_scores.rows(residues, columns, known), chains=residue_scores.chain_rows(residues, columns, known),
                **residue_scores.carried(study.model, residues, {"dm_spread": columns[SPREAD], "dm_moved": columns[MOVED],
                                                                 "dm_trust": columns[TRUST]}))
