"""EMRinger: do the side chains of a model stand where the density around their first torsion peaks?"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import chi_scan
from ...core.chi_scan import Scans, Score
from ...params import param
from ...progress import Progress, silent
from ...results import Column, Curve, curve, metric
from ...study import Study
from ...study.residues import PROTEIN, Residues, of_all
from .residue_scores import AtomCounts, ResidueScores, atom_counts, carried, chain_rows, check_model_and_map, place_values, rows

_GAMMA = {"CYS": "SG", "SEC": "SE", "SER": "OG", **dict.fromkeys(
    "ARG ASN ASP GLN GLU HIS LEU LYS MET MSE PHE PYL TRP TYR".split(), "CG")}
_GOOD = 1.0                           # score that the authors ask for
_REACHED = 3.6                        # Å, to which deposited models reach it; beyond, half of those that they list do not
_NEAR = 2.0                           # score below which it is asked whether the model is out of place: moved by 1 Å it has 0.6 to 1.5
_WINDOW = 10                          # residues to either side
_SAME = 30                            # degrees between the peak and the built side chain


@dataclass(frozen=True)
class EmringerParams:
    """Parameters of :func:`compute_emringer`."""

    resolution: Optional[float] = param(None, "Resolution of the map, which says whether a score below 1 is low; when empty that of the "
                                        "half-maps at FSC 0.143, and without them the score is not judged.", label="Resolution", unit="Å",
                                        min=0.5, max=200)


def _of_threshold(y_label: str, meaning: str) -> Any:
    return curve(meaning, x_label="Threshold", x_unit="", y_label=y_label)


@dataclass(frozen=True)
class EmringerResult(AtomCounts, ResidueScores):
    """Result of :func:`compute_emringer`."""

    schema: ClassVar[str] = "cryoqa/emringer/1"
    emringer_score: Optional[float] = metric("", "EMRinger score: 10 times the largest z over the root of the number of scans; about 0 "
                                             "for side chains that do not follow the density", "higher")
    emringer_error: Optional[float] = metric("", "standard error of the score, from the number of peaks", "lower")
    below_expectation: Optional[bool] = metric("", "the score is below 1 by more than its error, in a map of 3.6 Å or better", "none")
    max_z: Optional[float] = metric("", "largest z: how many standard deviations more peaks are rotameric than by chance", "higher")
    best_threshold: Optional[float] = metric("", "threshold with that z, in units of the map", "none")
    rotameric_fraction: Optional[float] = metric("", "part of the peaks above that threshold that are rotameric; 0.54 by chance", "higher")
    residues_counted: Optional[int] = metric("", "residues whose peak is above that threshold", "higher")
    residues_scanned: Optional[int] = metric("", "residues that were scanned", "none")
    residues_not_scanned: Optional[int] = metric("", "residues with a chi1 to scan whose side chain is not built, or not inside the map",
                                                 "lower")
    at_built: Optional[float] = metric("", "part of the peaks above that threshold within 30 degrees of the side chain as built", "higher")
    resolution: Optional[float] = metric("Å", "resolution that the score is judged for", "none")
    z_by_threshold: Optional[Curve] = _of_threshold("z", "rotameric peaks beyond those by chance, in standard deviations")
    rotameric_by_threshold: Optional[Curve] = _of_threshold("Part", "part of the peaks that are rotameric")
    counted_by_threshold: Optional[Curve] = _of_threshold("Part", "part of the residues whose peak is above the threshold")


class _Chi(NamedTuple):
    """Residues with a chi1 to scan: which have one by their type, and which were scanned, bool [n_residues] each; ``scans`` of these."""

    asked: np.ndarray
    done: np.ndarray
    scans: Scans


def compute_emringer(study: Study, params: EmringerParams, *, progress: Progress = silent) -> EmringerResult:
    """How often the density around the first torsion of side chains peaks at a rotamer.

    Parameters
    ----------
    study
        ``model``, and ``full_map``, float32 [z, y, x], or ``half1`` and ``half2``, whose mean stands for it. The map is taken as it is.
    params
        The resolution that the score is judged for.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    EmringerResult
        Of the whole model, its chains and its residues; without a score where no residue can be scanned.

    Raises
    ------
    MissingInputError
        No model, or no map.
    InputError
        The inputs do not fit together, or no atom lies in the box.

    References
    ----------
    Barad et al. (2015), https://doi.org/10.1038/nmeth.3541.
    """
    check_model_and_map(study)
    warnings: List[str] = []
    atoms = atom_counts(study, warnings)
    progress(0.2, "density around the side chains")
    chi = _scanned(study)
    score = chi_scan.emringer(chi.scans.values)
    # That of a map alone is made too fine by its noise, and would ask too much of the side chains.
    known = study.compared_at(params.resolution) if params.resolution or study.has_halves else None
    values: Dict[str, Any] = dict(
        study.half_map_values(), **atoms, residues_scanned=int(chi.done.sum()), residues_not_scanned=int((chi.asked & ~chi.done).sum()),
        resolution=known and known.resolution)
    warnings.extend([known.note] if known and known.note else [])
    values.update(_values(chi, score, values["resolution"]))
    values.update(_tables(study, chi, score))
    # Side chains stand in their density only where the model lies on it. To look takes longer than all the rest.
    if values.get("emringer_score", np.inf) < _NEAR:
        progress(0.6, "place of the model")
        values.update(place_values(study, warnings))
    progress(1.0, "done")
    return EmringerResult(summary=_summary(values), warnings=tuple(warnings), **values)


def _scanned(study: Study) -> _Chi:
    """The density around the first torsion of every side chain that has one and is built."""
    residues, position = study.residues, study.atom_position
    kinds = np.array([_GAMMA.get(name, "") for name in residues.name])
    asked = (residues.kind == PROTEIN) & (kinds != "")
    gamma = np.full(len(residues), -1, dtype=np.int64)
    for name in sorted(set(_GAMMA.values())):
        gamma = np.where(asked & (kinds == name), residues.find(name), gamma)
    atoms = np.stack([residues.find("N"), residues.find("CA"), residues.find("CB"), gamma])
    there = np.flatnonzero(asked & (atoms >= 0).all(axis=0))
    n, ca, cb, turned = (position[row[there]] for row in atoms)
    scans = chi_scan.scan(study.density.data, n, ca, cb, turned, study.density.voxel_size)
    inside = np.isfinite(scans.values).all(axis=1)
    done = np.zeros(len(residues), dtype=bool)
    done[there[inside]] = True
    return _Chi(asked, done, Scans(scans.built[inside], scans.values[inside]))


def _values(chi: _Chi, score: Score, resolution: Optional[float]) -> Dict[str, Any]:
    """What the scans come to, by result field."""
    if score.best < 0:
        return {}
    best, n = score.best, len(chi.scans.values)
    ratio = score.rotameric[best] / score.counted[best]
    # The binomial variance of the peaks as they are, one more of each kind: a handful that are all rotameric is not without error.
    k, m = score.rotameric[best] + 1, score.counted[best] + 2
    spread = np.sqrt((k / m) * (1 - k / m) / (chi_scan.BY_CHANCE * (1 - chi_scan.BY_CHANCE)))
    error = float(10 * spread / np.sqrt(n))
    above = chi.scans.values.max(axis=1) > score.thresholds[best]
    known = score.counted > 0
    x = score.thresholds[known]
    used = np.isfinite(score.z)
    judged = resolution is not None and resolution <= _REACHED
    return dict(emringer_score=score.score, emringer_error=error, max_z=float(score.z[best]), best_threshold=float(score.thresholds[best]),
                rotameric_fraction=float(ratio), residues_counted=int(score.counted[best]),
                at_built=float((_off(chi.scans)[above] <= _SAME).mean()),
                below_expectation=bool(score.score + error < _GOOD) if judged else None,
                z_by_threshold=Curve(score.thresholds[used], score.z[used]),
                rotameric_by_threshold=Curve(x, score.rotameric[known] / score.counted[known]),
                counted_by_threshold=Curve(x, score.counted[known] / n))


def _off(scans: Scans) -> np.ndarray:
    """Degrees between the peak and the side chain as built, float64 [n], from 0 to 180."""
    return np.abs((chi_scan.peaks(scans.values) - scans.built + 180) % 360 - 180)


def _tables(study: Study, chi: _Chi, score: Score) -> Dict[str, Any]:
    """The tables of residues and chains, and the model that carries them."""
    residues, scans = study.residues, chi.scans
    if not chi.done.any():
        return {}
    peak, highest = chi_scan.peaks(scans.values), scans.values.max(axis=1)
    scatter = scans.values.std(axis=1)
    height = np.divide(highest - scans.values.mean(axis=1), scatter, out=np.full(len(highest), np.nan), where=scatter > 0)
    counted = highest > score.thresholds[max(score.best, 0)]
    right = chi_scan.is_rotameric(peak)
    spread = {"chi1": scans.built, "peak": peak, "off": _off(scans), "height": height, "counted": counted, "right": right}
    whole = {name: np.round(of_all(chi.done, column), 2) for name, column in spread.items()}
    near = _along(residues, of_all(chi.done, counted & right) == 1, of_all(chi.done, counted) == 1)
    columns: Dict[Any, Any] = {
        Column("chi1", "°", "of the side chain as built"): whole["chi1"],
        Column("peak chi1", "°", "where the density around the torsion is highest"): whole["peak"],
        Column("off", "°", "between the peak and the side chain as built"): whole["off"],
        Column("peak height", "SD", "of the peak above the mean of the scan, in its standard deviations"): whole["height"],
        Column("rotameric", "", "the peak is at a rotamer"): _words(whole["right"]),
        Column("counted", "", "the peak is above the threshold of the score"): _words(whole["counted"]),
        Column("rotameric nearby", "%", "of the peaks above the threshold within 10 residues along the chain"): near}
    means = {"rotameric (%)": 100 * np.where(whole["counted"] == 1, whole["right"], np.nan), "peak height (SD)": whole["height"]}
    # Residues without a scan have what is nearby too.
    return dict(residues=rows(residues, columns, residues.kind == PROTEIN), chains=chain_rows(residues, means, chi.done),
                **carried(study.model, residues, {"emringer_off": whole["off"], "emringer_nearby": near}))


def _words(values: np.ndarray) -> Tuple[Optional[str], ...]:
    return tuple(None if np.isnan(v) else "yes" if v == 1 else "no" for v in values)


def _along(residues: Residues, right: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Part (%) of the counted peaks that are rotameric within ten residues along the chain, float64 [n_residues]; NaN where none counts."""
    out = np.full(len(residues), np.nan)
    for c in range(len(residues.chains)):
        mine = np.flatnonzero((residues.chain == c) & (residues.kind == PROTEIN))
        at = np.arange(mine.size)
        low, high = np.maximum(at - _WINDOW, 0), np.minimum(at + _WINDOW + 1, mine.size)
        k, n = (np.diff(np.concatenate(([0], np.cumsum(v[mine])))[np.stack((low, high))], axis=0)[0] for v in (right, counted))
        out[mine] = np.round(np.divide(100.0 * k, n, out=np.full(mine.size, np.nan), where=n > 0), 1)
    return out


def _summary(values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("emringer_score") is None:
        lacking = values["residues_not_scanned"]
        if values["residues_scanned"]:
            return "There is no EMRinger score: no side chain has its density at a rotamer."
        return (f"There is no EMRinger score: of {lacking} residues with a chi1 none has its side chain built inside the map." if lacking
                else "There is no EMRinger score: the model has no side chains with a chi1 to scan.")
    return (f"The EMRinger score is {values['emringer_score']:.2f} ± {values['emringer_error']:.2f}: around "
            f"{values['residues_scanned']} side chains {100 * values['rotameric_fraction']:.0f} % of the peaks above "
            f"{values['best_threshold']:.3g} are rotameric, 54 % by chance.")
