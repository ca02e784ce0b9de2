"""What of a processed map the half-maps that it was made from support, what they do not know, and what it lost."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional

import numpy as np

from ...core.peaks import find_peaks
from ...io.inputs import require
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Column, Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study.unexplained import nearest
from ..model.residue_scores import KEY, ResidueScores, carried, chain_rows, place_values, require_atoms, rows
from . import audit_halves, audit_local, audit_shells, audit_words
from .audit_local import LocalSupport
from .audit_residues import ResidueSupport, residue_support
from .audit_shells import Bounds, ShellFacts

LOST = 0.8                                       # of the usual signal: a part of the molecule is gone
_APART = 6.0                                     # Å between two peaks
_ROWS = 200                                      # of a table of peaks
UNSUPPORTED, MISSING = 0.5, 0.4                  # of the data over the map, and of the map over the data, at a residue
_FINEST = 5.0                                    # Å, where the data must reach to for a verdict on single residues
_ERRORS = 2.0                                    # standard errors that are left to a residue


@dataclass(frozen=True)
class AuditParams:
    """Parameters of :func:`compute_audit`."""

    peak_height: float = param(0.3, "Lowest peak of unsupported or lost density in the tables, over the signal usual there.",
                               label="Height of peaks", min=0.05, max=10, expert=True)


@dataclass(frozen=True)
class AuditResult(ResidueScores):
    """Result of :func:`compute_audit`."""

    schema: ClassVar[str] = "cryoqa/audit/1"
    supported_share: Optional[float] = metric("", "part of the power of the processed map that the half-maps support", "higher")
    unsupported_power: Optional[float] = metric("", "part of its power, shell by shell, that is not the data, at least; local gains "
                                                "do not count", "lower")
    power_beyond: Optional[float] = metric("", "part of its power beyond the end of the data, which nothing can support", "lower")
    noise_share: Optional[float] = metric("", "part of its power that is noise of the half-maps, at least", "lower")
    data_to: Optional[float] = metric("Å", "resolution up to which at least half of its power can be the data", "lower")
    data_end: Optional[float] = metric("Å", "resolution at which the half-maps end: their FSC in the mask falls to 0.05", "lower")
    undecided_share: Optional[float] = metric("", "part of its power where noise hides whether it is supported", "lower")
    unsupported_count: Optional[int] = metric("", "places with density that the half-maps do not have", "lower")
    lost_count: Optional[int] = metric("", "places where density of the half-maps is gone", "lower")
    possibly_lost_count: Optional[int] = metric("", "places where density of the half-maps is weak, or gone", "lower")
    residues_unsupported: Optional[int] = metric("", "residues whose density the half-maps do not have", "lower")
    residues_lost: Optional[int] = metric("", "residues whose density is in the half-maps and not in the processed map", "lower")
    measured_noise: Optional[float] = metric("", "part of its power that is noise of the half-maps, measured with the processed half-maps",
                                             "lower")
    invented_share: Optional[float] = metric("", "part of its power that both processed half-maps have and the data do not, measured with "
                                             "them", "lower")
    map_shift: Optional[float] = metric("voxels", "shift of the processed map against the half-maps, which was moved back", "target:0")
    map_shift_vector: Optional[str] = metric("voxels", "that shift along x, y, z", "none")
    map_operation: Optional[str] = metric("", "rotation, mirror or sign that brings the processed map onto the half-maps: none, or axes "
                                          "to reverse and swap", "none")
    map_likeness: Optional[float] = metric("", "mean FSC of the processed map and the half-maps coarser than 20 Å", "higher")
    true_fsc: Optional[Curve] = curve("agreement of the processed map with the half-maps, and the bounds of its FSC with the truth",
                                      x_label="Frequency", x_unit="1/Å", y_label="FSC")
    not_data: Optional[Curve] = curve("part of the power of each shell that is not the data, at least", x_label="Frequency",
                                      x_unit="1/Å", y_label="part of the power")
    signal_fsc: Optional[Curve] = curve("FSC with the truth, measured with the processed half-maps", x_label="Frequency", x_unit="1/Å",
                                        y_label="FSC")
    unsupported_peaks: Optional[Table] = table("density that the half-maps do not have, highest first")
    lost_peaks: Optional[Table] = table("density of the half-maps that is gone, highest first")
    support_map: Optional[Map] = map_output("", "support of the processed map by the half-maps, 0 to 1", output="outputSupport")
    unsupported_map: Optional[Map] = map_output("", "density that the half-maps do not have, over the signal usual there",
                                                output="outputUnsupported")
    lost_map: Optional[Map] = map_output("", "density of the half-maps that is gone, over the signal usual there",
                                         output="outputLost")


class _Peak(NamedTuple):
    """A place (x, y, z) in Å from the centre of the first voxel, and the height there."""

    xyz: np.ndarray
    height: float


def compute_audit(study: Study, params: AuditParams, *, progress: Progress = silent) -> AuditResult:
    """How much of a processed map its half-maps support, where they do not, and what it lost.

    Parameters
    ----------
    study
        ``full_map``, the processed map, and ``half1`` and ``half2``, from which it was made, float32 [z, y, x] on one grid; ``mask``, else
        one is made; ``model`` of the processed map when there is one; ``enhanced1`` and ``enhanced2``, what the same program made of each
        half-map, when there are any.
    params
        See :class:`AuditParams`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    AuditResult
        Without numbers where the half-maps are not two measurements of one molecule, or where the processed map is turned or mirrored
        against them; the summary says so.

    Raises
    ------
    MissingInputError
        No processed map, or a half-map is missing: without half-maps support cannot be measured.
    InputError
        The inputs do not fit together.

    Notes
    -----
    Invented density does not know the half-maps: the regression of their mean on the processed map, in a small window and in whitened
    bands, is 0 there, and 1 where that map is signal. :func:`.audit_local.local_support`, :func:`.audit_shells.bounds` and
    :func:`.audit_residues.residue_support` have the formulas.

    References
    ----------
    Rosenthal & Rubinstein (2015), https://doi.org/10.1016/j.sbi.2015.07.002 (what half-maps can validate).
    """
    require(study.inputs, "full_map", "half1", "half2")
    study.check("half1", "half2", "full_map", "mask", "enhanced1", "enhanced2", least=16, what="an audit needs")
    with_halves = audit_halves.given(study)
    warnings: List[str] = list(study.used_mask.notes())
    values: Dict[str, Any] = dict(study.half_map_values())
    place = study.map_position
    values.update(map_shift=place.shift, map_shift_vector=place.shift_vector, map_operation=place.operation, map_likeness=place.likeness)
    refused = audit_words.refused(study, place)
    if refused is not None:
        return AuditResult(summary=refused, warnings=tuple(warnings), **values)
    progress(0.1, "whitened maps")
    geo, mask, voxel_size = study.geometry, study.used_mask.data, study.grid.voxel_size
    white = audit_shells.whitened(study, place.vector)
    facts = audit_shells.shell_facts(white, geo, mask, study.independence.end)
    if facts is None:
        return AuditResult(summary=audit_words.NO_DATA, warnings=tuple(warnings), **values)
    if study.model is not None:
        require_atoms(study)
    if with_halves:
        values.update(_measured(study, audit_halves.cross_terms(study, white, facts, mask, warnings), facts))
    weight = audit_local.weights(white, facts)
    progress(0.25, "local gains")
    even, even_cp = audit_local.evened(white, facts, weight, geo, voxel_size, mask)
    found = audit_shells.bounds(facts, even_cp)
    local = audit_local.local_support(white, even, facts, weight, geo, voxel_size, mask, lambda f, m: progress(0.4 + 0.4 * f, m))
    del even
    values.update(_numbers(study, facts, found, local))
    progress(0.85, "peaks and residues")
    values.update(_peaks(study, local, params.peak_height))
    if study.model is not None:
        if values["data_end"] <= _FINEST:
            values.update(_residues(study, residue_support(study, white, facts), local, warnings))
        else:
            warnings.append(audit_words.too_coarse(values["data_end"], _FINEST))
    del white
    values.update(_maps(study, local))
    progress(1.0, "done")
    return AuditResult(summary=audit_words.summary(values), warnings=tuple(warnings), **values)


def _numbers(study: Study, facts: ShellFacts, found: Bounds, local: LocalSupport) -> Dict[str, Any]:
    """Parts of the power and curves, by result field."""
    freq, use = study.frequencies, facts.used
    x = freq[use]
    return dict(
        supported_share=local.share, undecided_share=local.undecided, unsupported_power=found.unsupported, power_beyond=found.beyond,
        noise_share=found.noise, data_end=float(1 / freq[facts.last]),
        data_to=None if found.data_to is None else float(1 / freq[found.data_to]),
        true_fsc=Curve(x, facts.cp[use], found.lower[use], found.upper[use]), not_data=Curve(x, found.not_data[use]))


def _measured(study: Study, found: audit_halves.CrossTerms, facts: ShellFacts) -> Dict[str, Any]:
    """What the processed half-maps add, by result field."""
    return dict(measured_noise=found.noise, invented_share=found.invented,
                signal_fsc=Curve(study.frequencies[facts.used], found.signal[facts.used]))


def _find(data: np.ndarray, least: float, step: np.ndarray) -> List[_Peak]:
    """Peaks at least 6 Å apart, the highest first."""
    places, heights = find_peaks(data, least, np.ones(data.shape, dtype=bool))
    out: List[_Peak] = []
    for place, height in zip(places[:, ::-1] * step, heights):
        if all(np.linalg.norm(place - p.xyz) >= _APART for p in out):
            out.append(_Peak(place, float(height)))
        if len(out) == _ROWS:
            break
    return out


def _peaks(study: Study, local: LocalSupport, least: float) -> Dict[str, Any]:
    """Tables of peaks and their numbers, by result field."""
    step = audit_local.spacing(study, local)
    unsupported, lost = (_find(v, least, step) for v in (local.unsupported, local.lost))
    gone = sum(p.height > LOST for p in lost)
    return dict(unsupported_peaks=_table(study, unsupported, None), lost_peaks=_table(study, lost, LOST),
                unsupported_count=len(unsupported), lost_count=gone, possibly_lost_count=len(lost) - gone)


def _table(study: Study, peaks: List[_Peak], sure: Optional[float]) -> Table:
    """Height and place of peaks, and with a model the residue next to each."""
    origin = np.asarray(study.grid.origin, dtype=np.float64)
    columns: List[Any] = [Column("height", "", "over the signal usual there"), *(Column(a, "Å") for a in "xyz")]
    values: List[List[Any]] = [[p.height, *(float(v) for v in p.xyz + origin)] for p in peaks]
    if sure is not None:
        columns.append(Column("verdict", "", "lost, or possibly lost"))
        values = [[*v, "lost" if v[0] > sure else "possibly lost"] for v in values]
    if study.model is not None:
        columns += [*KEY, Column("distance", "Å", "to its next atom")]
        r = study.residues
        which, apart = nearest(r, study.atom_position, study.used_atoms(), np.array([p.xyz for p in peaks]).reshape(-1, 3))
        values = [[*v, r.chains[r.chain[i]], r.number[i], r.name[i], float(d)] for v, i, d in zip(values, which, apart)]
    return Table(tuple(columns), tuple(tuple(v) for v in values))


def _residues(study: Study, found: ResidueSupport, local: LocalSupport, warnings: List[str]) -> Dict[str, Any]:
    """Support of the residues, their table and their numbers, by result field."""
    out = place_values(study, warnings)
    r = study.residues
    use = np.isfinite(found.data_density)
    unsupported = found.support + _ERRORS * found.error < UNSUPPORTED
    missing = found.presence < MISSING
    around = audit_local.of_residues(study, local)
    words = [("unsupported" if a else "lost" if b else "") for a, b in zip(unsupported, missing)]
    numbers = {Column("support", "", "density of the half-maps at its atoms over that of the processed map"): found.support,
               Column("error", "", "standard error of the support"): found.error,
               Column("presence", "", "density of the processed map at its atoms over that of the half-maps"): found.presence,
               Column("around", "", "support of the map at its atoms, 0 to 1"): around}
    columns = {**numbers, Column("verdict", "", "unsupported, or lost"): words}
    attributes = dict(support=found.support, presence=found.presence, around=around)
    out.update(residues=rows(r, columns, use), chains=chain_rows(r, numbers, use),
               residues_unsupported=int(np.count_nonzero(unsupported & use)), residues_lost=int(np.count_nonzero(missing & use)),
               **carried(study.model, r, attributes))
    return out


def _maps(study: Study, local: LocalSupport) -> Dict[str, Any]:
    """The three maps at the voxels, by result field."""
    geo, grid = study.geometry, study.grid
    unsupported, lost = (np.maximum(audit_local.at_voxels(v, geo), 0) for v in (local.unsupported, local.lost))
    return dict(support_map=audit_local.support_map(study, local), unsupported_map=grid.with_data(unsupported),
                lost_map=grid.with_data(lost))
