"""The symmetry of a map: found by a free search, exact or not, imposed or not, and where copies differ."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Optional

import numpy as np

from ...core.helical import HelicalVerdict
from ...io.maps import Map
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, Table, curve, file_output, map_output, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts
from . import map_symmetry_fields as fields
from . import map_symmetry_helix as helical
from . import map_symmetry_steps as steps
from . import map_symmetry_words as words


@dataclass(frozen=True)
class MapSymmetryParams:
    """Parameters of :func:`compute_map_symmetry`."""

    resolution: Optional[float] = param(None, "Where the detail of the map ends. When empty that of the half-maps in the mask; that of a "
                                        "map alone is estimated from its solvent.", label="Resolution", unit="Å", min=0.5, max=100)
    write_maps: bool = param(False, "Write the map and the half-maps averaged over the copies of an exact symmetry.",
                             label="Write symmetrised maps")
    compare_copies: bool = param(True, "Look for places where a copy differs from the others.", label="Compare copies")


@dataclass(frozen=True)
class MapSymmetryResult(HalfMapFacts):
    """Result of :func:`compute_map_symmetry`."""

    schema: ClassVar[str] = "cryoqa/map_symmetry/1"
    point_group: Optional[str] = metric("", "the largest group of rotations that is exact: C1 where none is", "none")
    order: Optional[int] = metric("", "number of copies by it", "none")
    relative: Optional[float] = metric("", "correlation of half-map 1 with turned half-map 2 over that of the half-maps, lowest of the "
                                           "operators, mean over bands beyond that of the search", "higher")
    holds_to: Optional[float] = metric("Å", "end of the last band in which it holds", "lower")
    chance: Optional[float] = metric("", "probability that one of the axes that were tried correlates so by chance", "lower")
    approximate_group: Optional[str] = metric("", "a larger group that is not exact", "none")
    approximate_kind: Optional[str] = metric("", "approximate: its copies are alike at the detail of the search; pseudo: they share an "
                                                 "outline", "none")
    approximate_relative: Optional[float] = metric("", "relative correlation of those of its operators that are not exact", "higher")
    approximate_to: Optional[float] = metric("Å", "end of the last band in which they keep half of the correlation", "lower")
    imposed: Optional[str] = metric("", "the group by which the noise repeats: the reconstruction imposed it; none where it repeats by "
                                        "no operator", "none")
    imposed_order: Optional[int] = metric("", "number of its operators: so many coefficients hold one measurement", "none")
    noise_repeats: Optional[float] = metric("", "highest correlation of the noise with its copy by an operator", "none")
    differs: Optional[float] = metric("", "part of the mask in which a copy differs from the others", "lower")
    most_different_copy: Optional[int] = metric("", "the copy that differs most from the mean of the others", "none")
    most_difference: Optional[float] = metric("", "its difference, part of the local power, median over the copy", "lower")
    usual_difference: Optional[float] = metric("", "median of this over the other copies", "lower")
    difference_resolution: Optional[float] = metric("Å", "finest detail in which copies are compared", "none")
    helix: Optional[str] = metric("", "whether the map repeats along a helix: exact, approximate, pseudo (an outline alone) or none; no "
                                      "value where it is not long enough to be one", "none")
    rise: Optional[float] = metric("Å", "shift along the axis of the helix from a copy to the next", "none")
    rise_error: Optional[float] = metric("Å", "its standard error", "lower")
    twist: Optional[float] = metric("°", "turn about the axis from a copy to the next: above 0 for a right-handed helix", "none")
    twist_error: Optional[float] = metric("°", "its standard error", "lower")
    helix_fold: Optional[int] = metric("", "fold of the axis of the helix: 1 where no turn alone lays it on itself", "none")
    helix_relative: Optional[float] = metric("", "correlation of half-map 1 with half-map 2 moved along the helix over that of the "
                                             "half-maps, lowest of the steps, mean over bands beyond that of the search", "higher")
    helix_to: Optional[float] = metric("Å", "end of the last band in which the helix holds", "lower")
    helix_imposed: Optional[bool] = metric("", "the noise repeats along the helix: the reconstruction imposed it", "none")
    helix_copies: Optional[int] = metric("", "copies that the filament in the mask holds, its ends left out", "none")
    helix_tilt: Optional[float] = metric("°", "angle of the axis of the helix to z", "none")
    helix_off: Optional[float] = metric("Å", "distance of that axis from the centre of the box (voxel n // 2)", "none")
    centre_x: Optional[float] = metric("Å", "point where the axes meet, in the frame of the map; of a single axis a point on it", "none")
    centre_y: Optional[float] = metric("Å", "the same, y", "none")
    centre_z: Optional[float] = metric("Å", "the same, z", "none")
    off_centre: Optional[float] = metric("Å", "distance of the axes from the centre of the box (voxel n // 2)", "none")
    scipion_name: Optional[str] = metric("", "name of the symmetry in Scipion; none where the axes lie as no name says", "none")
    relion_name: Optional[str] = metric("", "name of the symmetry in RELION and Xmipp", "none")
    best_correlation: Optional[float] = metric("", "highest correlation of a turned map that was found, over that of the half-maps", "none")
    best_significance: Optional[float] = metric("", "highest correlation of a turned map in deviations above all directions", "none")
    tried: Optional[int] = metric("", "axes that were refined", "none")
    search_resolution: Optional[float] = metric("Å", "finest detail of the search for axes", "none")
    resolution_used: Optional[float] = metric("Å", "where detail ends", "none")
    two_maps: Optional[bool] = metric("", "half-map 1 was compared with turned half-map 2, not a map with itself", "none")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, made, or none", "none")
    axes: Optional[Table] = table("Axes of the exact group, and of a larger one that is not")
    operators: Optional[Table] = table("What bands and noise say of each operator")
    helix_steps: Optional[Table] = table("Copies along the helix: what bands and noise say of each step")
    copies: Optional[Table] = table("Copies, and how far each differs from the mean of the others")
    places: Optional[Table] = table("Places where a copy differs from the others, the largest first")
    by_band: Optional[Curve] = curve("Relative correlation of the exact group", x_label="Frequency", x_unit="1/Å", y_label="Relative")
    by_band_approximate: Optional[Curve] = curve("The same of operators of the larger group that are not exact", x_label="Frequency",
                                                 x_unit="1/Å", y_label="Relative")
    by_band_helix: Optional[Curve] = curve("Relative correlation along the helix", x_label="Frequency", x_unit="1/Å", y_label="Relative")
    symmetrised_map: Optional[Map] = map_output("", "mean of the map over its copies", output="outputVolume", halves="own")
    symmetrised_map_half1: Optional[Map] = map_output("", "mean of half-map 1 over its copies")
    symmetrised_map_half2: Optional[Map] = map_output("", "mean of half-map 2 over its copies")
    unique_mask: Optional[Map] = map_output("", "the mask of one copy", output="outputUniqueMask", mask=True)
    copy_numbers: Optional[Map] = map_output("", "number of the copy that each voxel is of, 0 outside of the mask", output="outputCopies")
    difference_map: Optional[Map] = map_output("", "difference of each copy from the mean of the others, part of the local power",
                                               output="outputDifference")
    ncs_file: Optional[str] = file_output("the operators for Phenix", "operators.ncs_spec")
    biomt_file: Optional[str] = file_output("the operators as BIOMT records of a PDB file", "operators.biomt")


def compute_map_symmetry(study: Study, params: MapSymmetryParams, *, progress: Progress = silent) -> MapSymmetryResult:
    """Rotations that lay a map on itself, whether they are exact, whether they were imposed, and where copies differ.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, or ``full_map`` alone, float32 [z, y, x]; ``mask`` when there is one.
    params
        Choices of the user.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    MapSymmetryResult
        Without a group where the half-maps are not two measurements of one molecule, or too coarse for it.

    Raises
    ------
    MissingInputError
        No map, or one half-map only.
    InputError
        The inputs do not fit together, or a box of fewer than 16 voxels.

    Notes
    -----
    ``T(g)`` is the correlation, in a band of resolution, of half-map 1 at places in the mask with half-map 2 at the places that ``g`` takes
    them to; their noise is independent. ``rho = (T(g) - T0) / (T(1) - T0)``, ``T0`` the mean over false rotations about the same centre.
    A group is exact where the mean of ``rho`` over bands, with weights ``T(1)^2``, is 0.985 or more for each operator; only bands finer
    than that of the search count.

    References
    ----------
    Nelder & Mead (1965), https://doi.org/10.1093/comjnl/7.4.308, for the refinement.
    """
    study.check("half1", "half2", "full_map", "mask", least=16, what="the search for symmetry needs")
    known = study.half_map_values()
    void = study.independence.void if study.has_halves and not study.half_maps.identical else None
    if void is not None:
        return MapSymmetryResult(summary=f"No symmetry can be looked for: {void}.", **known)
    made, two = steps.prepared_maps(study, params.resolution)
    if steps.too_coarse(made):
        return MapSymmetryResult(summary=words.too_coarse(made.radius, made.resolution), resolution_used=made.resolution, two_maps=two,
                                 mask_source=study.used_mask.source, **known)
    found = steps.groups(made, part(progress, 0.05, 0.6))
    progress(0.7, "noise")
    noise = steps.repeats(study, made, two, found)
    values: Dict[str, Any] = dict(known, two_maps=two, mask_source=study.used_mask.source, resolution_used=made.resolution)
    values.update(_verdicts(found))
    if noise is not None and found.widest is not None:
        name, order = steps.imposed_group(found.widest.pose, noise)
        values.update(imposed=name, imposed_order=order, noise_repeats=steps.highest(noise))
    progress(0.72, "helix")
    spiral = helical.helix_of(study, made, two)
    values.update(fields.tables(found, noise, study, spiral))
    values.update(helical.helix_fields(spiral, study) if spiral is not None else dict(helix=helical.none_where_long(study, made)))
    progress(0.75, "copies")
    if found.alike is not None and params.compare_copies:
        values.update(fields.copy_fields(study, made, found.alike.pose, two))
    if found.exact is not None:
        values.update(fields.place_fields(found.exact.pose, study, _first(values, made.middle + np.array(study.grid.origin))))
    if spiral is not None and spiral.kind == "exact":
        values.update(helical.operator_files(spiral, study))
    operators = _to_average(found, spiral)
    if operators is not None and params.write_maps:
        progress(0.9, "mean over copies")
        values.update(fields.symmetrised(study, operators, two))
    progress(1.0, "done")
    notes = [*study.used_mask.notes(), *words.warnings(values, study)]
    said = words.summary(values)
    return MapSymmetryResult(summary=said, warnings=tuple(notes), **values)


def _to_average(found: steps.Found, spiral: Optional[HelicalVerdict]) -> Optional[np.ndarray]:
    """Operators of what is exact, without the identity: those of the helix where there is one, float64 [n, 3, 4]."""
    if spiral is not None and spiral.kind == "exact":
        return helical.copies(spiral.helix, helical.AVERAGED)[1:]
    return None if found.exact is None else found.exact.pose.operators[1:]


def _first(values: Dict[str, Any], otherwise: np.ndarray) -> np.ndarray:
    """Centre of the first copy, where copies were looked at (x, y, z in Å)."""
    return np.array(values["copies"].rows[0][1:4]) if "copies" in values else otherwise


def _verdicts(found: steps.Found) -> Dict[str, Any]:
    """What the search and the bands found."""
    out: Dict[str, Any] = dict(point_group="C1", order=1, best_correlation=found.search.best, best_significance=found.search.highest,
                               tried=found.search.tried, search_resolution=found.search.band.fine)
    exact, larger = found.exact, found.larger
    if exact is not None:
        out.update(point_group=exact.pose.name, order=exact.pose.order, relative=float(exact.mean.min()), holds_to=exact.holds_to,
                   chance=exact.chance(found.search.tried), by_band=fields.by_band(exact))
    if larger is not None:
        out.update(approximate_group=larger.pose.name, approximate_kind=larger.kind, approximate_to=larger.holds_to,
                   approximate_relative=float(larger.mean[larger.rest].mean()), by_band_approximate=fields.by_band(larger))
    return out
