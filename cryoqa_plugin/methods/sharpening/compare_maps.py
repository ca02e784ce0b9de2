"""Which of several maps of the same data is the better one: one table of scores, and the maps with one spectrum side by side."""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import density, fourier, guinier, replay, shells, surface
from ...core.crossing import find_crossings
from ...errors import InputError, MissingInputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.position import Position, compare_position, other_map_note
from ..resolution import mtriage_model
from . import compare_pair
from .common import SharpeningInputs, sharpening_inputs
from .compare_matched import ComparedMaps, masked_correlation, matched

_MOST = 8                                        # maps at a time, as many as the result has fields for
_MEAN = "mean of the half-maps"
_BANDS = 12.0                                    # per resolution: the bands are as wide as 1 / (12 d) at least
_EDGE = 0.05                                     # FSC below which a shell is left out of the comparison
_COLUMNS = ("map", "CC of halves", "CC to model", "mean FSC to model", "FSC to model 0.5 (Å)", "adjusted surface area", "regions",
            "kurtosis", "B-factor (Å²)", "filter explained", "shift (voxels)")


@dataclass(frozen=True)
class CompareMapsParams:
    """Parameters of the ``compare_maps`` capability."""

    resolution: Optional[float] = param(None, "Resolution to compare the maps to; from the half-maps, or from the noise around the "
                                        "molecule, when empty.", label="Resolution", unit="Å", min=0.5, max=100)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian in which the filter that made each map is found again, "
                                    "and in which two maps are correlated; 2.5 times the resolution when empty.", label="Window",
                                    unit="Å", min=1, max=200, expert=True)
    region_weight: float = param(40.0, "Weight of the number of regions in the adjusted surface area, as in Phenix.",
                                 label="Region weight", min=0, max=1000, expert=True)
    pair: bool = param(True, "Give the difference, the local correlation and the radial profiles of the first two maps, in the order in "
                       "which they were given.", label="First two maps")
    volume: float = param(0.2, "Part of the molecule's volume that the contour of the adjusted surface area encloses.",
                          label="Volume in the contour", min=0.01, max=1, expert=True)


@dataclass(frozen=True)
class CompareMapsResult(HalfMapFacts):
    """Result of the ``compare_maps`` capability."""

    schema: ClassVar[str] = "cryoqa/compare_maps/1"
    best: Optional[str] = metric("", "the map with the highest score: full_map, others_1, ..., or mean of the half-maps", "none")
    judged_by: Optional[str] = metric("", "what the score is: model, half-maps or surface", "none")
    best_score: Optional[float] = metric("", "score of the best map", "higher")
    margin: Optional[float] = metric("", "score of the best map less that of the second", "none")
    n_maps: Optional[int] = metric("", "maps compared", "none")
    resolution: Optional[float] = metric("Å", "resolution to which the maps were compared", "none")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, made from the map, or none (the whole box)", "none")
    scoreboard: Optional[Table] = table("scores of each map, the best first")
    common_spectrum: Optional[Curve] = curve("amplitude that every map is given before it is compared", x_label="Frequency", x_unit="1/Å",
                                             y_label="amplitude")
    pair: Optional[str] = metric("", "the first two maps, by their inputs, which the following is about", "none")
    pair_correlation: Optional[float] = metric("", "correlation of the two in the mask, with the common spectrum", "higher")
    pair_shift: Optional[float] = metric("voxels", "by how much the second is moved against the first; none where it is not known",
                                         "target:0")
    pair_shift_vector: Optional[str] = metric("voxels", "that shift along x, y, z", "none")
    pair_operation: Optional[str] = metric("", "rotation, mirror or sign that brings the second onto the first: none, or axes to reverse "
                                           "and swap", "none")
    pair_agree_to: Optional[float] = metric("Å", "resolution at which the FSC of the two in the mask falls below 0.5", "lower")
    difference_share: Optional[float] = metric("", "power of their difference in the mask, amplitudes matched, over that of the first",
                                              "lower")
    local_correlation_median: Optional[float] = metric("", "local correlation of the two, median in the mask", "higher")
    local_correlation_p5: Optional[float] = metric("", "local correlation that 5 % of the mask are below", "higher")
    differences: Optional[Table] = table("Where the two differ most, at least 4 standard deviations of the difference in the mask")
    pair_fsc: Optional[Curve] = curve("FSC of the two in the mask", x_label="Frequency", x_unit="1/Å", y_label="FSC")
    radial_first: Optional[Curve] = curve("the first map", x_label="Distance from the box centre", x_unit="Å", y_label="Mean density")
    radial_second: Optional[Curve] = curve("the second map, with the amplitudes of the first", x_label="Distance from the box centre",
                                           x_unit="Å", y_label="Mean density")
    radial_correlation: Optional[Curve] = curve("correlation of the two with the common spectrum, by distance from the box centre",
                                                x_label="Distance from the box centre", x_unit="Å", y_label="Correlation")
    difference_map: Optional[Map] = map_output("", "the first map less the second with the amplitudes of the first",
                                               output="outputDifference")
    local_correlation_map: Optional[Map] = map_output("", "local correlation of the two in the mask, 0 outside",
                                                      output="outputLocalCorrelation")
    matched_1: Optional[Map] = map_output("", "the first map of the table with the common spectrum", output="outputVolume",
                                          halves="input")
    matched_2: Optional[Map] = map_output("", "the second")
    matched_3: Optional[Map] = map_output("", "the third")
    matched_4: Optional[Map] = map_output("", "the fourth")
    matched_5: Optional[Map] = map_output("", "the fifth")
    matched_6: Optional[Map] = map_output("", "the sixth")
    matched_7: Optional[Map] = map_output("", "the seventh")
    matched_8: Optional[Map] = map_output("", "the eighth")


class ScoreRow(NamedTuple):
    """One map: its score, the row of the table, the map with the common spectrum, float32 [z, y, x], and how it lies on the first map."""

    label: str
    score: float
    cells: Tuple[Any, ...]
    matched: np.ndarray
    place: Optional[Position]


def compute_compare_maps(study: Study, params: CompareMapsParams, *, progress: Progress = silent) -> CompareMapsResult:
    """Scores of maps that were all made from the same data.

    Parameters
    ----------
    study
        ``full_map`` and the ``others``; ``half1`` and ``half2``, ``model`` and ``mask`` when there are any.
    params
        See :class:`CompareMapsParams`.
    progress
        Told how far it is.

    Returns
    -------
    CompareMapsResult
        The table, the best map first, and the maps with one spectrum.

    Raises
    ------
    MissingInputError
        There is nothing to compare with.
    InputError
        There are more than eight maps, or they do not fit together.

    Notes
    -----
    With half-maps the filter that made each map is found again, band by band and point by point, as its gain over the mean of the
    half-maps; it is applied to one half-map, and the outcome is correlated with the other half-map, whose noise is independent:
    ``score = CC(filtered half 1, half 2) / sqrt(CC(half 1, half 2))``, all with the common spectrum, inside the mask. It estimates the
    correlation with the map without noise, of half the data; higher is better. With ``model`` the maps are correlated with its density,
    in the common spectrum too.

    References
    ----------
    Terwilliger et al. (2018), https://doi.org/10.1107/S2059798318004655 (adjusted surface area, kurtosis).
    """
    inputs, compared = compared_maps(study, params)
    rows = _score_rows(compared, params, progress)
    places = {row.label: row.place for row in rows if row.place is not None}
    values = dict(study.half_map_values(), mask_source=compared.mask.source, **_result_values(compared, rows, places))
    if params.pair:
        progress(0.95, "the first two maps")
        values.update(compare_pair.pair_values(compared, {row.label: row.matched for row in rows}, params.window),
                      **_pair_place(places[list(compared.maps)[1]]))
    progress(1.0, "done")
    said = (*inputs.warnings, *compared.mask.notes(), *_further(places, compared, params))
    return CompareMapsResult(summary=_summary(values), warnings=said, **values)


def compared_maps(study: Study, params: CompareMapsParams) -> Tuple[SharpeningInputs, ComparedMaps]:
    """Checked inputs with resolution, mask and common spectrum.

    Parameters
    ----------
    study, params
        As for :func:`compute_compare_maps`.

    Returns
    -------
    inputs
        The maps checked, and what to warn of.
    compared
        The maps, and by what they are compared.

    Raises
    ------
    MissingInputError, InputError
        As for :func:`compute_compare_maps`.
    """
    if not study.others:
        raise MissingInputError("There is no map to compare with; give one or more other maps of the same data (--others).")
    named = ([study.full_map] if study.full_map is not None else []) + list(study.others)
    if len(named) > _MOST:
        raise InputError(f"{len(named)} maps were given and at most {_MOST} are compared at a time; leave some out.")
    alone = study.full_map is None and study.half1 is None and study.half2 is None
    study = study.with_(full_map=study.others[0]) if alone else study        # resolution and mask are then those of the first of them
    inputs = sharpening_inputs(study, params.resolution)
    maps = dict(zip(map_labels(named), named))
    kinds = dict(zip(maps, (["full_map"] if len(named) > len(study.others) else []) + [f"others_{i}" for i in range(1, _MOST + 1)]))
    if inputs.halves and study.full_map is None:
        maps, kinds[_MEAN] = dict({_MEAN: inputs.mean}, **maps), _MEAN
    if len(maps) < 2:
        raise MissingInputError(f"There is one map only ({named[0].place}); give another one of the same data to compare it with.")
    if len(maps) > _MOST:
        raise InputError(f"{len(maps)} maps with the mean of the half-maps, and at most {_MOST} are compared at a time; leave some out.")
    halves = (study.transform("half1"), study.transform("half2")) if inputs.halves else ()
    source = halves[0] + halves[1] if halves else None
    judging = inputs.halves and not study.half_maps.identical
    return inputs, ComparedMaps(maps, kinds, inputs.geo, study.used_mask, halves, source, judging, _model_density(inputs),
                                inputs.resolution, _spectrum(inputs))


def map_labels(maps: List[Map]) -> List[str]:
    """A name for each map: its file, with as much of the folder as tells it from the others.

    Parameters
    ----------
    maps
        The maps.

    Returns
    -------
    list of str
        One for each map, no name twice.
    """
    paths = [os.path.normpath(m.path or f"map {i}") for i, m in enumerate(maps, 1)]
    for depth in range(1, 1 + max(p.count(os.sep) + 1 for p in paths)):
        names = [os.sep.join(p.split(os.sep)[-depth:]) for p in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{p} ({i})" for i, p in enumerate(paths, 1)]


def _pair_place(found: Position) -> Dict[str, Any]:
    return dict(pair_shift=found.shift, pair_shift_vector=found.shift_vector, pair_operation=found.operation)


def _further(places: Dict[str, Position], compared: ComparedMaps, params: CompareMapsParams) -> List[str]:
    """Sentences on maps that do not lie on the first one; checks judge the second where it is compared voxel by voxel."""
    first = next(iter(compared.maps))
    said = [other_map_note(places[label], label, first) for label in list(compared.maps)[2 if params.pair else 1:]]
    return [sentence for sentence in said if sentence]


def _model_density(inputs: SharpeningInputs) -> Optional[np.ndarray]:
    """Transform of the density of the model, complex64 [nz, ny, nx // 2 + 1]; None without one."""
    model, grid = inputs.study.model, inputs.mean
    if model is None:
        return None
    atoms = mtriage_model.atoms_of(model, grid, "electron", inputs.warnings)
    return density.model_density_ft(atoms.elements, atoms.xyz, atoms.b_iso, atoms.occupancy, grid.shape, grid.voxel_size, grid.origin)


def _spectrum(inputs: SharpeningInputs) -> np.ndarray:
    """The same amplitude in all shells, as of point atoms, times the FSC weight of the full map; float64 [n_shells], 0 past the
    resolution."""
    out, study = np.ones(inputs.geo.n_shells), inputs.study
    if inputs.halves:
        # In the mask: the maps are compared there, where there is more signal than in the whole box.
        masked = None if study.mask is None else study.fsc_curves().masked
        half = shells.fsc(study.half_sums()) if masked is None else masked.fsc.copy()
        low = np.flatnonzero(half[2:] < _EDGE)
        half[(low[0] + 2 if low.size else half.size):] = 0
        half = np.maximum(half, 0)
        out *= np.sqrt(2 * half / (1 + half))
    # A tenth beyond the resolution, so that where it lies to a shell does not decide.
    out[study.frequencies * inputs.resolution > 1.1] = 0
    out[0] = 0
    return out


def _score_rows(compared: ComparedMaps, params: CompareMapsParams, progress: Progress) -> List[ScoreRow]:
    """The rows, the best map first."""
    references = [matched(ft, compared) for ft in compared.halves]
    # 1e-6: half-maps that do not correlate must not turn the score into a division by 0.
    scale = np.sqrt(max(masked_correlation(*references, compared.mask.data), 1e-6)) if references else 1.0
    model = matched(compared.model, compared) if compared.model is not None else None
    out, first = [], None
    for i, (label, map_) in enumerate(compared.maps.items()):
        progress(0.1 + 0.85 * i / len(compared.maps), f"map {i + 1} of {len(compared.maps)}: {label}")
        ft = fourier.forward(map_.data)
        place = None if first is None else compare_position(first, ft, compared.geo)
        first = ft if first is None else first
        out.append(_score_row(label, ft, compared, references, scale, model, params)._replace(place=place))
    return sorted(out, key=lambda row: -row.score)


def _score_row(label: str, ft: np.ndarray, compared: ComparedMaps, references: List[np.ndarray], scale: float, model: Optional[np.ndarray],
               params: CompareMapsParams) -> ScoreRow:
    geo, mask, map_ = compared.geo, compared.mask.data, compared.maps[label]
    same = matched(ft, compared)
    crossed = explained = to_model = mean_fsc = at_half = None
    if compared.judging:
        crossed, explained = _crossed(ft, same, compared, references, params)
        # What is no filter of the half-maps was made up, and may not score for the filter beside it.
        crossed *= max(explained, 0.0) / scale
    if model is not None:
        to_model = masked_correlation(same, model, mask)
        mean_fsc, at_half = _against_model(map_, compared)
    found = surface.surface(map_.data, int(params.volume * float((mask >= 0.5).sum())))
    area = surface.adjusted(found, params.region_weight)
    _, amplitude, count = shells.power_sums(ft, geo)
    # From 10 Å on, where the shape of the molecule no longer rules the amplitudes.
    fit = guinier.fit(fourier.frequencies(geo), guinier.log_amplitudes(amplitude, count, map_.data.size), 10.0, compared.resolution)
    cells = (label, crossed, to_model, mean_fsc, at_half, area, found.regions, surface.kurtosis(map_.data), fit.bfactor if fit else None,
             explained)
    score = crossed if crossed is not None else to_model if to_model is not None else area
    return ScoreRow(label, score, tuple(_rounded(c) for c in cells), same, None)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _crossed(ft: np.ndarray, same: np.ndarray, compared: ComparedMaps, references: List[np.ndarray],
             params: CompareMapsParams) -> Tuple[float, float]:
    """Correlation of each half-map, filtered as this map was, with the other half-map (their mean); and that of this map with the
    filtered sum of the half-maps, which is 1 when the map is nothing but a filter of it."""
    geo, mask, resolution = compared.geo, compared.mask.data, compared.resolution
    # Bands narrower than two shells hold too few coefficients for a gain.
    width = max(geo.length / (_BANDS * resolution), 2.0)
    last = min(geo.length / resolution * 1.1 + width, geo.n_shells - 1)
    window = params.window or 2.5 * resolution
    one, two = (fourier.forward(m) for m in replay.replay(ft, compared.source, compared.halves, geo, window, width, last))
    explained = masked_correlation(same, matched(one + two, compared), mask)
    crossed = [masked_correlation(matched(f, compared), other, mask) for f, other in ((one, references[1]), (two, references[0]))]
    return float(np.mean(crossed)), explained


def _against_model(map_: Map, compared: ComparedMaps) -> Tuple[float, Optional[float]]:
    """Mean FSC to the model in the mask up to the resolution, and the resolution (Å) where it falls below 0.5."""
    geo, mask = compared.geo, compared.mask.data
    model = fourier.inverse(compared.model, geo.shape) * mask
    fsc = shells.fsc(shells.cross_sums(fourier.forward(map_.data * mask), fourier.forward(model), geo))
    freq = fourier.frequencies(geo)
    used = (freq > 0) & (freq * compared.resolution <= 1)
    first = find_crossings(freq, fsc, 0.5).first
    return float(fsc[used].mean()), float(1 / first) if np.isfinite(first) and first > 0 else None


def _result_values(compared: ComparedMaps, rows: List[ScoreRow], places: Dict[str, Position]) -> Dict[str, Any]:
    """Fields of the result."""
    rows = [row._replace(cells=(*row.cells, _rounded(places[row.label].shift) if row.label in places else None)) for row in rows]
    cells = rows[0].cells
    judged = "half-maps" if cells[1] is not None else "model" if cells[2] is not None else "surface"
    kept = [i for i in range(len(_COLUMNS)) if any(row.cells[i] is not None for row in rows)]
    board = Table(tuple(_COLUMNS[i] for i in kept), tuple(tuple(row.cells[i] for i in kept) for row in rows))
    freq = fourier.frequencies(compared.geo)
    grid = next(iter(compared.maps.values()))
    maps = {f"matched_{i}": grid.with_data(row.matched) for i, row in enumerate(rows, 1)}
    return dict(best=compared.kinds[rows[0].label], judged_by=judged, best_score=float(rows[0].score),
                margin=float(rows[0].score - rows[1].score), n_maps=len(rows), resolution=compared.resolution, scoreboard=board,
                common_spectrum=Curve(freq[1:], compared.spectrum[1:]), **maps)


def _summary(values: Dict[str, Any]) -> str:
    """One sentence."""
    name = values["scoreboard"].rows[0][0]
    by = {"half-maps": "the noise-free map, estimated from independent half-maps", "model": "the model's density",
          "surface": ""}[values["judged_by"]]
    if not by:
        return (f"Of {values['n_maps']} maps {name} has the largest adjusted surface area ({values['best_score']:.3g}); without "
                "half-maps or a model this says how clear a map looks, not whether it is right.")
    next_one = "as good as the next" if values["margin"] < 5e-4 else f"{values['margin']:.3f} above the next"
    return f"Of {values['n_maps']} maps {name} agrees best with {by}: CC {values['best_score']:.3f}, {next_one}."
