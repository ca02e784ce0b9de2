"""A map against a model: correlations, atom inclusion, Guinier plots."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Optional

from ...progress import Progress, silent
from ...results import Curve, Table, curve, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.model_place import ModelPlaceFacts
from . import model_fit_groups as groups, model_fit_steps as steps
from .model_fit_steps import ModelFitParams
from .residue_scores import place_values


def _inclusion(meaning: str) -> Any:
    return curve(meaning, x_label="Contour level", x_unit="", y_label="Atom inclusion")


def _guinier(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")


def _cc(where: str) -> Any:
    return metric("", "correlation of the map and the density of the model " + where, "higher")


@dataclass(frozen=True)
class ModelFitResult(ModelPlaceFacts, HalfMapFacts):
    """Result of :func:`compute_model_fit`."""

    schema: ClassVar[str] = "cryoqa/model_fit/1"
    cc_mask: Optional[float] = _cc("inside the molecular surface of the model")
    cc_volume: Optional[float] = _cc("in the highest voxels of the model density, as many as the surface holds")
    cc_peaks: Optional[float] = _cc("in the highest voxels of either")
    cc_box: Optional[float] = _cc("in the whole box")
    cc_residues: Optional[float] = metric("", "median of the correlations around the residues", "higher")
    residues_low: Optional[float] = metric("%", "part of the residues with a correlation below 0.5", "lower")
    cc_worst_chain: Optional[float] = metric("", "lowest correlation around a chain", "higher")
    worst_chain: Optional[str] = metric("", "name of that chain", "none")
    inclusion_all: Optional[float] = metric("", "part of the atoms, hydrogens apart, where the map is above the contour level", "higher")
    inclusion_backbone: Optional[float] = metric("", "part of the backbone atoms above the contour level", "higher")
    contour: Optional[float] = metric("", "contour level of the atom inclusion, in units of the map", "none")
    contour_suggested: Optional[bool] = metric("", "the contour level was chosen from the map and not given", "none")
    guinier_correlation: Optional[float] = metric("", "correlation of the Guinier plots of map and model up to the resolution", "higher")
    b_excess: Optional[float] = metric("Å²", "B-factor of the map less that of the model: blur of the map that the model lacks; negative "
                                       "for a map sharper than the model", "none")
    b_excess_error: Optional[float] = metric("Å²", "its standard error", "lower")
    b_map: Optional[float] = metric("Å²", "B-factor of the map: the mean of the model and the excess", "none")
    model_b_mean: Optional[float] = metric("Å²", "mean B-factor of the atoms used", "none")
    model_zscore: Optional[float] = metric("SD", "mean density at the atoms above that of the map, in its standard deviations", "higher")
    atoms_used: Optional[int] = metric("", "atoms inside the box that the model density is made of", "higher")
    atoms_outside: Optional[float] = metric("", "part of the atoms that lie outside the box", "lower")
    hydrogens: Optional[int] = metric("", "hydrogen atoms of the model; they scatter, but do not count in the atom inclusion", "none")
    residues: Optional[int] = metric("", "residues with a correlation; waters are not among them", "none")
    resolution: Optional[float] = metric("Å", "resolution that the density of the model was cut at", "none")
    resolution_from: Optional[str] = metric("", "where the resolution comes from: given, half-maps or d99", "none")
    atom_radius: Optional[float] = metric("Å", "radius around the atoms of the correlations of chains and residues", "none")
    curve_inclusion_all: Optional[Curve] = _inclusion("all atoms without hydrogens")
    curve_inclusion_backbone: Optional[Curve] = _inclusion("atoms of the backbone")
    guinier_map: Optional[Curve] = _guinier("the map as it is")
    guinier_model: Optional[Curve] = _guinier("the model with its B-factors, on the scale of the map")
    guinier_model_blurred: Optional[Curve] = _guinier("the model with the B-factor of the map")
    chains: Optional[Table] = table("chains: correlation with the map, atom inclusion, B-factors")
    worst_residues: Optional[Table] = table("residues with the lowest correlation")
    residue_scores: Optional[Table] = table("all residues but waters")


def compute_model_fit(study: Study, params: ModelFitParams, *, progress: Progress = silent) -> ModelFitResult:
    """How well a model explains a map.

    Parameters
    ----------
    study
        ``model``, and ``full_map``, float32 [z, y, x], or ``half1`` and ``half2``, whose mean stands for it.
    params
        Resolution, contour level, radius of the atoms and scattering factors.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    ModelFitResult
        Of the whole model, its chains and its residues.

    Raises
    ------
    MissingInputError
        No model, or no map.
    InputError
        The inputs do not fit together, or no atom lies in the box.

    References
    ----------
    Afonine et al. (2018), https://doi.org/10.1107/S2059798318009324 (correlations); Wang et al. (2022),
    https://doi.org/10.1107/S205979832200328X (atom inclusion).
    """
    fit = steps.map_and_atoms(study, params)
    progress(0.1, "density of the model")
    values: Dict[str, Any] = dict(fit.values)
    density = steps.model_density(fit, values)
    progress(0.5, "correlations")
    values.update(steps.correlations(fit, density))
    progress(0.7, "chains and residues")
    values.update(groups.scores(fit, density))
    progress(0.85, "place")
    values.update(place_values(study, fit.warnings))
    progress(1.0, "done")
    return ModelFitResult(summary=steps.summary(values), warnings=tuple(fit.warnings), **values)
