"""How steady each residue of a model is when it is shaken and moved into each half-map."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional

from ...io.inputs import require
from ...params import param
from ...progress import Progress, part, silent
from ...results import Table, metric, table
from ...study import Study
from . import model_stability_steps as steps
from . import model_stability_words as words
from .residue_scores import AtomCounts, ResidueScores, atom_counts, place_values


@dataclass(frozen=True)
class ModelStabilityParams:
    """Parameters of :func:`compute_model_stability`."""

    shake: float = param(steps.SHAKEN, "Root mean square distance by which the model is shaken before it is moved into a half-map. With "
                         "less, residues without density come back to one place too; with more, right residues settle beside it.",
                         label="Shake", unit="Å", min=0.2, max=1.5, expert=True)


def _part(meaning: str) -> Any:
    return metric("%", "part of the residues judged " + meaning, "lower")


@dataclass(frozen=True)
class ModelStabilityResult(ResidueScores, AtomCounts):
    """Result of :func:`compute_model_stability`; over the residues of chains, of those with a verdict where that is said."""

    schema: ClassVar[str] = "cryoqa/model_stability/1"
    steady: Optional[float] = metric("%", "part of the residues judged that come back, from all starts and in both half-maps, to where "
                                     "they were given", "higher")
    residues_without: Optional[float] = _part("where the half-map to which they were not moved shows no density")
    residues_unsteady: Optional[float] = _part("that spread more than the local resolution allows")
    residues_moved: Optional[float] = _part("whose backbone is steady, but beside where it was given")
    sides_off: Optional[float] = _part("whose side chain or base moves away, or is in no density, while the backbone stays")
    residues_judged: Optional[int] = metric("", "residues with a verdict", "higher")
    spread_median: Optional[float] = metric("Å", "median over the residues of the spread of four models in one half-map", "lower")
    halves_median: Optional[float] = metric("Å", "median over the residues of the distance between the means in the half-maps", "lower")
    moved_median: Optional[float] = metric("Å", "median over the residues of the distance from where they were given", "lower")
    models_rmsd: Optional[float] = metric("Å", "root mean square distance between two of the eight models, mean over all pairs", "lower")
    resolution: Optional[float] = metric("Å", "resolution of the half-maps without a mask", "none")
    ends: Optional[float] = metric("Å", "finest detail of the half-maps that the model was moved into", "none")
    off_words: Optional[str] = metric("", "which residues are not steady, in words, worst first", "none")
    undetermined_words: Optional[str] = metric("", "why residues have no verdict, in words", "none")
    stretches: Optional[Table] = table("residues in a row that are not steady, worst first")


def compute_model_stability(study: Study, params: ModelStabilityParams, *, progress: Progress = silent) -> ModelStabilityResult:
    """Spread of a model that is shaken and moved into each half-map, four times each.

    Parameters
    ----------
    study
        ``model``, ``half1`` and ``half2``, float32 [z, y, x].
    params
        By how much it is shaken.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    ModelStabilityResult
        Of the whole model, its chains and residues. Without numbers where the half-maps are not two measurements of one molecule, or the
        model has one atom a residue; without verdicts beyond 4.5 Å.

    Raises
    ------
    MissingInputError
        No model, or not both half-maps.
    InputError
        The inputs do not fit together, or no atom lies in the box.

    Notes
    -----
    With x_hk the place of an atom in half-map h (of 2) from start k (of 4), and means over the atoms of a residue, squared:
    spread ``s^2 = <sum_hk |x_hk - x_h.|^2> / 6``, halves ``b^2 = <|x_1. - x_2.|^2>``, moved ``m^2 = <|x_.. - x_0|^2>``; density: the mean
    at its atoms of the half-map to which they were not moved, over the median of the other one.

    References
    ----------
    Liu & Nocedal (1989), https://doi.org/10.1007/BF01589116 (L-BFGS); Tirion (1996), https://doi.org/10.1103/PhysRevLett.77.1905 (atoms on
    springs); Herzik, Fraser & Lander (2019), https://doi.org/10.1016/j.str.2018.10.003 (several models in one map).
    """
    require(study.inputs, "model", "half1", "half2")
    study = study.with_(full_map=None)
    study.check("half1", "half2", least=16, what="moving a model needs")
    warnings: List[str] = []
    progress(0.02, "atoms")
    values: Dict[str, Any] = dict(study.half_map_values(), **atom_counts(study, warnings))
    values.update(place_values(study, warnings))
    why = study.independence.void or (words.TRACE if study.residues.trace else None)
    if why is None:
        found = steps.stability(study, params.shake, part(progress, 0.1, 0.85))
        values.update(steps.numbers(study, found), **steps.outputs(study, found))
    progress(1.0, "done")
    return ModelStabilityResult(summary=words.summary(values, why), warnings=tuple(warnings), **values)
