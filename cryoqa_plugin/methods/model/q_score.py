"""Q-score: how well each atom is resolved."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional

from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, metric, table
from ...study import Study, archive_scores
from . import q_score_steps as steps, residue_scores
from .residue_scores import AtomCounts, ResidueScores


_NEAR = 0.06                          # below what is expected; a model 1 Å out of place loses 0.1 at 3 Å


@dataclass(frozen=True)
class QScoreParams:
    """Parameters of :func:`compute_q_score`."""

    resolution: Optional[float] = param(None, "Resolution of the map, for the Q that is expected; when empty that of the half-maps at FSC "
                                        "0.143.", label="Resolution", unit="Å", min=0.5, max=200)
    sigma: float = param(0.4, "Standard deviation of the Gaussian that the density around an atom is compared with: 0.4 as EMDB, wwPDB and "
                         "MapQ use it today, 0.6 as first published. Expected values are known for these two.", label="Sigma", unit="Å",
                         min=0.2, max=2.0, expert=True)


@dataclass(frozen=True)
class QScoreResult(ResidueScores, AtomCounts):
    """Result of :func:`compute_q_score`."""

    schema: ClassVar[str] = "cryoqa/q_score/1"
    q_mean: Optional[float] = metric("", "mean Q of all atoms but hydrogens, waters and ligands too", "higher")
    q_median: Optional[float] = metric("", "median of the residues, each the mean of its atoms", "higher")
    q_backbone: Optional[float] = metric("", "mean Q of the backbones of the residues", "higher")
    q_side: Optional[float] = metric("", "mean Q of the side chains and bases of the residues", "higher")
    q_expected: Optional[float] = metric("", "mean Q of archive entries of this resolution", "none")
    q_low: Optional[float] = metric("", "lower end of the range that holds most of these entries", "none")
    q_high: Optional[float] = metric("", "its upper end", "none")
    q_difference: Optional[float] = metric("", "mean Q less the expected one", "higher")
    q_percentile: Optional[float] = metric("%", "part of all archive entries with a lower mean Q", "higher")
    q_percentile_near: Optional[float] = metric("%", "part of the archive entries within 0.5 Å of this resolution with a lower mean Q",
                                                "higher")
    sigma: Optional[float] = metric("Å", "standard deviation of the Gaussian", "none")
    resolution: Optional[float] = metric("Å", "resolution that the expected Q is of", "none")
    resolution_from: Optional[str] = metric("", "where it comes from: given, half-maps or unknown", "none")
    atoms_scored: Optional[int] = metric("", "atoms with a Q", "higher")
    residues_scored: Optional[int] = metric("", "residues, ligands and waters with a Q", "higher")
    histogram: Optional[Curve] = curve("residues by their Q", x_label="Q", x_unit="", y_label="Residues", y_unit="%")
    profile: Optional[Curve] = curve("mean density around the atoms, at the points that belong to them", x_label="Distance from the atom",
                                     x_unit="Å", y_label="Density")
    profile_expected: Optional[Curve] = curve("the Gaussian that it is compared with", x_label="Distance from the atom", x_unit="Å",
                                              y_label="Density")
    classes: Optional[Table] = table("Q of each part of the model: backbones, side chains, bases, ligands, ions, waters")
    ligands: Optional[Table] = table("ligands, glycans and ions beside all that lies within 5 Å of them")
    archive: Optional[Table] = table("the mean Q among archive entries; " + archive_scores.SCALES["q"].source)


def compute_q_score(study: Study, params: QScoreParams, *, progress: Progress = silent) -> QScoreResult:
    """How well each atom of a model is resolved: the correlation of the density around it with a Gaussian.

    Parameters
    ----------
    study
        ``model``, and ``full_map``, float32 [z, y, x], or ``half1`` and ``half2``, whose mean stands for it.
    params
        Resolution, and width of the Gaussian.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    QScoreResult
        Of atoms, residues, chains, and parts of the model. How the model lies on the map is looked at when Q is more than 0.06 below
        what is expected.

    Raises
    ------
    MissingInputError
        No model, or no map.
    InputError
        The inputs do not fit together, or no atom lies in the box.

    References
    ----------
    Pintilie et al. (2020), https://doi.org/10.1038/s41592-020-0731-1.
    """
    residue_scores.check_model_and_map(study)
    warnings: List[str] = []
    values: Dict[str, Any] = dict(study.half_map_values(), **residue_scores.atom_counts(study, warnings))
    progress(0.2, "density around the atoms")
    q, found = study.q_values(params.sigma), study.atom_shells
    progress(0.7, "residues")
    at, source = steps.resolution(study, params.resolution, warnings)
    values.update(resolution=at, resolution_from=source)
    if study.residues.trace:
        warnings.append("The model has one atom a residue: density of the atoms that it lacks counts against each of them, so that Q is "
                        "low, and is not compared with that of whole models.")
        at = None
    values.update(steps.whole(q, at))
    if not study.residues.trace:
        values.update(steps.ranks(values.get("q_mean"), q.sigma, at))
    if values["atoms_scored"]:
        values.update(steps.tables(study, q, at), **steps.curves(q, found))
        values.update(residue_scores.carried(study.model, study.residues, dict(q_score=q.residue, q_backbone=q.backbone, q_side=q.side),
                                             dict(q_atom=q.atom)))
        # Atoms are resolved only where they lie on their density. To look takes longer than all the rest.
        if values.get("q_difference", -1.0) < -_NEAR:
            progress(0.8, "place of the model")
            values.update(residue_scores.place_values(study, warnings))
    progress(1.0, "done")
    return QScoreResult(summary=steps.summary(values), warnings=tuple(warnings), **values)
