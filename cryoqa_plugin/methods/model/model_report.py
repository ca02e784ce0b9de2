"""One page about a model: what to trust, what to check and what to leave out of it, and the main number of every score."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ...params import param
from ...progress import Progress, silent
from ...results import Column, Table, file_output, metric, table
from ...rounding import show_value
from ...study import Study, unexplained
from ...study.residues import WATER
from ...study.unexplained import Clusters, nearest
from . import model_report_places as lists, model_report_scores as scores_of, model_report_zones as rules, residue_scores
from .model_report_places import Place
from .model_report_zones import COLUMNS, ZONES, Zones
from .residue_scores import KEY, AtomCounts, ResidueScores

_ROWS = 200                                      # of the table of peaks


@dataclass(frozen=True)
class ModelReportParams:
    """Parameters of :func:`compute_model_report`."""

    scores: bool = param(True, "Join the main numbers of the other scores of a model: FSC with the map, correlations, FSC-Q, Q, EMRinger, "
                         "side chains, overfitting, SMOC, geometry. Without them only the zones are made.", label="Join other scores")
    least_volume: float = param(100.0, "Density that the model does not explain is a place to look at from this volume on; a ligand of 20 "
                                "atoms has about 200 Å³.", label="Volume of unexplained density", unit="Å³", min=5, max=1e6)


@dataclass(frozen=True)
class ModelReportResult(AtomCounts, ResidueScores):
    """Result of :func:`compute_model_report`."""

    schema: ClassVar[str] = "cryoqa/model_report/1"
    trust: Optional[float] = metric("%", "part of the residues that can be trusted: no rule speaks against them", "higher")
    caution: Optional[float] = metric("%", "part of the residues that should be checked", "lower")
    omit: Optional[float] = metric("%", "part of the residues that the map does not support, or whose sequence stands elsewhere", "lower")
    residues_judged: Optional[int] = metric("", "residues with an atom in the box, waters apart", "none")
    residues_outside: Optional[int] = metric("", "residues without an atom in the box, which are not judged", "lower")
    places: Optional[int] = metric("", "places to look at: stretches of residues, and density that the model does not explain", "lower")
    worst_words: Optional[str] = metric("", "the first of these places, in words", "none")
    clusters: Optional[int] = metric("", "pieces of density that the model does not explain, of the volume asked for and more", "lower")
    largest_cluster: Optional[float] = metric("Å³", "volume of the largest piece of density that the model does not explain", "lower")
    unexplained_words: Optional[str] = metric("", "where that is, in words", "none")
    zones: Optional[Table] = table("zone of every residue with the reasons, worst first")
    list: Optional[Table] = table("the places that a modeller works through, worst first")
    peaks: Optional[Table] = table("density that the model does not explain, largest first")
    scores: Optional[Table] = table("the main numbers of the other scores of this model, and why some are missing")
    missing: Optional[Table] = table("rules that could not be asked, and what they lacked")
    list_csv: Optional[str] = file_output("the places as a table of values with commas", "places.csv")
    coot: Optional[str] = file_output("the places as a script for Coot: buttons that lead to each", "places_coot.py")
    chimerax: Optional[str] = file_output("the zones as colours and the places as buttons, for ChimeraX", "places.cxc")


def compute_model_report(study: Study, params: ModelReportParams, *, progress: Progress = silent) -> ModelReportResult:
    """What to trust of a model, what to check and what to leave out, each with its reason; and the main number of every score.

    Parameters
    ----------
    study
        ``model``, and ``full_map`` or ``half1`` and ``half2``.
    params
        See :class:`ModelReportParams`.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    ModelReportResult
        Zones, places and scores; what could not be had is named in ``missing`` and ``scores``.

    Raises
    ------
    MissingInputError
        No model, or no map.
    InputError
        The inputs do not fit together, or no atom lies in the box.

    References
    ----------
    Pintilie et al. (2020), https://doi.org/10.1038/s41592-020-0731-1 (Q-score); Yamashita et al. (2021),
    https://doi.org/10.1107/S2059798321009475 (difference map).
    """
    warnings: List[str] = []
    progress(0.02, "map and model")
    residue_scores.check_model_and_map(study, least=8)
    values: Dict[str, Any] = dict(study.half_map_values(), **residue_scores.atom_counts(study, warnings),
                                  **residue_scores.place_values(study, warnings))
    progress(0.1, "zones")
    zones = rules.zones_of(study)
    progress(0.25, "density that the model does not explain")
    found = unexplained.clusters(study)
    places = lists.places_of(study, zones, found, params.least_volume)
    values.update(_numbers(study, zones, found, places, params.least_volume), **_tables(study, zones, found, places))
    if params.scores:
        values["scores"] = scores_of.joined(study, lambda part, what: progress(0.3 + 0.68 * part, what))
    progress(1.0, "done")
    return ModelReportResult(summary=_summary(values), warnings=tuple(warnings), **values)


def _numbers(study: Study, zones: Zones, found: Clusters, places: Sequence[Place], least: float) -> Dict[str, Any]:
    """The values of the result."""
    r = study.residues
    counted = zones.judged & (r.kind != WATER)
    counted = counted if counted.any() else zones.judged
    zone = np.array(zones.zone, dtype=object)
    out: Dict[str, Any] = {name: 100.0 * float(np.mean(zone[counted] == name)) for name in ZONES}
    out.update(residues_judged=int(counted.sum()), residues_outside=int((~zones.judged).sum()), places=len(places),
               clusters=int(np.count_nonzero(found.volume >= least)),
               largest_cluster=float(found.volume[0]) if found.volume.size else 0.0)
    if places:
        out["worst_words"] = f"{places[0].where}: {places[0].why}"
    if found.volume.size:
        near, apart = nearest(r, study.atom_position, study.used_atoms(), found.xyz[:1])
        out["unexplained_words"] = f"{found.volume[0]:.0f} Å³, {apart[0]:.0f} Å from {r.label(int(near[0]))}"
    return out


def _tables(study: Study, zones: Zones, found: Clusters, places: Sequence[Place]) -> Dict[str, Any]:
    """Tables, scripts and the model with its scores."""
    r = study.residues
    scores = {COLUMNS[name]: values for name, values in zones.scores.items()}
    columns: Mapping[Any, Sequence[Any]] = {"zone": zones.zone, "reasons": zones.reasons, **scores}
    missing = tuple((COLUMNS[name].name, COLUMNS[name].meaning, why) for name, why in zones.missing.items())
    number = np.array([float(ZONES.index(z)) for z in zones.zone])
    attributes = {"zone": np.where(zones.judged, number, np.nan), **{_attribute(n): v for n, v in zones.scores.items()}}
    return dict(residues=residue_scores.rows(r, columns, zones.judged), zones=_sorted(study, zones, columns),
                chains=residue_scores.chain_rows(r, {"not in trust (%)": 100.0 * (number > 0), **scores}, zones.judged),
                list=Table(lists.LIST, lists.list_rows(places)), peaks=_peaks(study, found),
                missing=Table(("rule", "what it compares", "what is missing"), missing),
                list_csv=lists.csv_text(places), coot=lists.coot_script(places), chimerax=lists.chimerax_script(r, zones, places),
                **residue_scores.carried(study.model, r, attributes))


def _attribute(name: str) -> str:
    """Names of attributes, which programs share with other scores."""
    return {"q": "q_even", "map": "map_cc", "backbone": "q_backbone_five"}.get(name, name)


def _sorted(study: Study, zones: Zones, columns: Mapping[Any, Sequence[Any]]) -> Table:
    """Zones with the place of each residue, worst first."""
    r, middle = study.residues, lists.middles(study)
    order = sorted(np.flatnonzero(zones.judged).tolist(), key=lambda i: (-ZONES.index(zones.zone[i]), -zones.badness[i], i))
    places = {f"{axis} (Å)": [round(float(v), 2) for v in middle[:, k]] for k, axis in enumerate("xyz")}
    every = residue_scores.rows(r, {**columns, **places}, np.ones(len(r), dtype=bool))
    head = len(KEY) + 2
    names = every.columns[:head] + every.columns[-3:] + every.columns[head:-3]
    return Table(names, tuple(row[:head] + row[-3:] + row[head:-3] for row in (every.rows[i] for i in order)))


def _peaks(study: Study, found: Clusters) -> Table:
    """Density that the model does not explain: volume, height, place, and the residue next to it."""
    r, origin = study.residues, np.asarray(study.density.origin)
    top = found.xyz[:_ROWS]
    near, apart = nearest(r, study.atom_position, study.used_atoms(), top)
    rows: Tuple[Tuple[Any, ...], ...] = tuple(
        (round(float(found.volume[i]), 1), round(float(found.height[i]), 2), *(round(float(v), 2) for v in top[i] + origin),
         r.label(int(near[i])), round(float(apart[i]), 2)) for i in range(len(top)))
    return Table((Column("volume", "Å³"), Column("height", "σ", "highest value, in standard deviations of the noise"), "x (Å)", "y (Å)",
                  "z (Å)", "nearest residue", "distance (Å)"), rows)


def _summary(values: Mapping[str, Any]) -> str:
    """One sentence."""
    trust, caution, omit = (show_value(values[name], "%") for name in ZONES)
    words = f"Of {values['residues_judged']} residues {trust} can be trusted, {caution} should be checked and {omit} left out"
    if not values["places"]:
        return words + "; no place needs a look."
    return f"{words}; {values['places']} places need a look." if values["places"] > 1 else f"{words}; one place needs a look."
