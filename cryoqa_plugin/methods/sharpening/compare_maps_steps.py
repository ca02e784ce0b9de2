"""The steps of the scoreboard: the common spectrum, the filters found again, the table."""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from ...core import density, filters, fourier, guinier, replay, shells, surface
from ...core.crossing import find_crossings
from ...core.fourier import Geometry
from ...errors import InputError, MissingInputError
from ...io.inputs import Inputs
from ...io.maps import Map
from ...results import Curve, Table
from ..masks.common import molecule
from ..resolution import mtriage_model
from . import common

MOST = 8
_MEAN = "mean of the half-maps"
_BANDS = 12.0                                    # per resolution: the bands are as wide as 1 / (12 d) at least
_EDGE = 0.05                                     # FSC below which a shell is left out of the comparison
_COLUMNS = ("map", "CC of halves", "CC to model", "mean FSC to model", "FSC to model 0.5 (Å)", "adjusted surface area", "regions",
            "kurtosis", "B-factor (Å²)", "filter explained")


@dataclass(frozen=True)
class Work:
    """The maps by label, the input that each was, their grid, what is inside, and the amplitude that each shell is given."""

    maps: Dict[str, Map]
    kinds: Dict[str, str]
    geo: Geometry
    mask: np.ndarray
    halves: Tuple[np.ndarray, ...]
    source: Optional[np.ndarray]
    model: Optional[np.ndarray]
    resolution: float
    spectrum: np.ndarray
    values: Dict[str, Any]
    warnings: List[str]


def prepare(inputs: Inputs, params: Any) -> Work:
    """Check the inputs, and choose resolution, mask and common spectrum."""
    if not inputs.others:
        raise MissingInputError("There is no map to compare with; give one or more other maps of the same data (--others).")
    named = ([inputs.full_map] if inputs.full_map is not None else []) + list(inputs.others)
    if len(named) > MOST:
        raise InputError(f"{len(named)} maps were given and at most {MOST} are compared at a time; leave some out.")
    begun = common.prepare(_with_map(inputs), params.resolution)
    maps = dict(zip(_labels(named), named))
    kinds = dict(zip(maps, (["full_map"] if inputs.full_map is not None else []) + [f"others_{i}" for i in range(1, MOST + 1)]))
    if begun.halves and inputs.full_map is None:
        maps, kinds[_MEAN] = dict({_MEAN: begun.mean}, **maps), _MEAN
    if len(maps) < 2:
        raise MissingInputError(f"There is one map only ({named[0].path}); give another one of the same data to compare it with.")
    if len(maps) > MOST:
        raise InputError(f"{len(maps)} maps with the mean of the half-maps, and at most {MOST} are compared at a time; leave some out.")
    halves = tuple(fourier.forward(m.data) for m in (inputs.half1, inputs.half2)) if begun.halves else ()
    mask = inputs.mask.data if inputs.mask is not None else molecule(begun.mean)
    model = _model(inputs, begun.mean, begun.warnings)
    source = halves[0] + halves[1] if halves else None
    spectrum = _spectrum(begun.geo, begun.resolution, halves, inputs)
    values = {k: v for k, v in begun.values.items() if k != "resolution"}
    return Work(maps, kinds, begun.geo, mask, halves, source, model, begun.resolution, spectrum, values, begun.warnings)


def _with_map(inputs: Inputs) -> Inputs:
    from dataclasses import replace
    halves = inputs.half1 is not None or inputs.half2 is not None
    return inputs if inputs.full_map is not None or halves else replace(inputs, full_map=inputs.others[0])


def _labels(maps: List[Map]) -> List[str]:
    """A name for each map: its file, with as much of the folder as tells it from the others."""
    paths = [os.path.normpath(m.path or f"map {i}") for i, m in enumerate(maps, 1)]
    for depth in range(1, 1 + max(p.count(os.sep) + 1 for p in paths)):
        names = [os.sep.join(p.split(os.sep)[-depth:]) for p in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{p} ({i})" for i, p in enumerate(paths, 1)]


def _model(inputs: Inputs, grid: Map, warnings: List[str]) -> Optional[np.ndarray]:
    if inputs.model is None:
        return None
    atoms = mtriage_model.atoms_of(inputs.model, grid, "electron", lambda: grid.data, warnings)
    return density.model_density_ft(atoms.elements, atoms.xyz, atoms.b_iso, atoms.occupancy, grid.shape, grid.voxel_size, grid.origin)


def _amplitude(ft: np.ndarray, geo: Geometry) -> np.ndarray:
    power, _, count = shells.power_sums(ft, geo)
    return np.sqrt(power / np.maximum(count, 1))


def _spectrum(geo: Geometry, resolution: float, halves: Tuple[np.ndarray, ...], inputs: Inputs) -> np.ndarray:
    """The same amplitude in all shells, as of point atoms, times the FSC weight of the full map; float64 [n_shells], 0 past the
    resolution."""
    out = np.ones(geo.n_shells)
    if halves:
        one, two = halves
        if inputs.mask is not None:
            one, two = (fourier.forward(m.data * inputs.mask.data) for m in (inputs.half1, inputs.half2))
        half = shells.fsc(shells.cross_sums(one, two, geo))
        low = np.flatnonzero(half[2:] < _EDGE)
        half[(low[0] + 2 if low.size else half.size):] = 0
        half = np.maximum(half, 0)
        out *= np.sqrt(2 * half / (1 + half))
    past = fourier.frequencies(geo) * resolution > 1.1
    out[past] = 0
    out[0] = 0
    return out


def matched(ft: np.ndarray, work: Work) -> np.ndarray:
    """A transform as a map, float32 [z, y, x], that has the common spectrum inside the mask.

    Twice, because the mask carries power from strong shells to weak ones.
    """
    gain = np.ones(work.geo.n_shells)
    for _ in range(2):
        inside = fourier.inverse(filters.apply_radial(ft, work.geo, gain), work.geo.shape) * work.mask
        amplitude = _amplitude(fourier.forward(inside), work.geo)
        gain *= np.where(amplitude > 1e-6 * amplitude.max(), work.spectrum / np.maximum(amplitude, 1e-30), 0)
    return fourier.inverse(filters.apply_radial(ft, work.geo, gain), work.geo.shape)


def _cc(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> float:
    """Correlation of two maps under the weight of a mask."""
    w = mask.ravel().astype(np.float64)
    p, q = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    total = w.sum()
    p, q = p - (w @ p) / total, q - (w @ q) / total
    norm = np.sqrt((w @ (p * p)) * (w @ (q * q)))
    return float(w @ (p * q) / norm) if norm > 0 else 0.0


@dataclass(frozen=True)
class Row:
    """One map: its score, the row of the table, and the map with the common spectrum."""

    label: str
    score: float
    cells: Tuple[Any, ...]
    map_: np.ndarray


def scores(work: Work, inputs: Inputs, params: Any, say: Callable[[float, str], None]) -> List[Row]:
    """The rows, the best map first."""
    references = [matched(ft, work) for ft in work.halves]
    scale = np.sqrt(max(_cc(*references, work.mask), 1e-6)) if references else 1.0
    model = matched(work.model, work) if work.model is not None else None
    out = []
    for i, (label, map_) in enumerate(work.maps.items()):
        say(0.1 + 0.85 * i / len(work.maps), f"map {i + 1} of {len(work.maps)}: {label}")
        out.append(_row(label, map_, work, references, scale, model, params))
    return sorted(out, key=lambda row: -row.score)


def _row(label: str, map_: Map, work: Work, references: List[np.ndarray], scale: float, model: Optional[np.ndarray], params: Any) -> Row:
    ft = fourier.forward(map_.data)
    same = matched(ft, work)
    crossed = explained = to_model = mean_fsc = at_half = None
    if references and not work.values.get("half_maps_identical"):
        crossed, explained = _crossed(ft, same, work, references, params)
        crossed *= max(explained, 0.0) / scale
    if model is not None:
        to_model = _cc(same, model, work.mask)
        mean_fsc, at_half = _against_model(map_, work)
    found = surface.surface(map_.data, int(params.volume * float((work.mask >= 0.5).sum())))
    area = surface.adjusted(found, params.region_weight)
    _, amplitude, count = shells.power_sums(ft, work.geo)
    fit = guinier.fit(fourier.frequencies(work.geo), guinier.log_amplitudes(amplitude, count, map_.data.size), 10.0, work.resolution)
    cells = (label, crossed, to_model, mean_fsc, at_half, area, found.regions, surface.kurtosis(map_.data), fit.bfactor if fit else None,
             explained)
    score = crossed if crossed is not None else to_model if to_model is not None else area
    return Row(label, score, tuple(round(c, 4) if isinstance(c, float) else c for c in cells), same)


def _crossed(ft: np.ndarray, same: np.ndarray, work: Work, references: List[np.ndarray], params: Any) -> Tuple[float, float]:
    """Correlation of each half-map, filtered as this map was, with the other half-map (their mean); and that of this map with the
    filtered sum of the half-maps, which is 1 when the map is nothing but a filter of it."""
    width = max(work.geo.length / (_BANDS * work.resolution), 2.0)
    last = min(work.geo.length / work.resolution * 1.1 + width, work.geo.n_shells - 1)
    one, two = (fourier.forward(m) for m in replay.replay(ft, work.source, work.halves, work.geo, params.window or 2.5 * work.resolution,
                                                          width, last))
    explained = _cc(same, matched(one + two, work), work.mask)
    return float(np.mean([_cc(matched(f, work), other, work.mask) for f, other in ((one, references[1]), (two, references[0]))])), explained


def _against_model(map_: Map, work: Work) -> Tuple[float, Optional[float]]:
    """Mean FSC to the model in the mask up to the resolution, and the resolution (Å) where it falls below 0.5."""
    model = fourier.inverse(work.model, work.geo.shape) * work.mask
    curve = shells.fsc(shells.cross_sums(fourier.forward(map_.data * work.mask), fourier.forward(model), work.geo))
    freq = fourier.frequencies(work.geo)
    used = (freq > 0) & (freq * work.resolution <= 1)
    first = find_crossings(freq, curve, 0.5).first
    return float(curve[used].mean()), float(1 / first) if np.isfinite(first) and first > 0 else None


def numbers(work: Work, rows: List[Row]) -> Dict[str, Any]:
    """Fields of the result."""
    cells = rows[0].cells
    judged = "half-maps" if cells[1] is not None else "model" if cells[2] is not None else "surface"
    kept = [i for i in range(len(_COLUMNS)) if any(row.cells[i] is not None for row in rows)]
    board = Table(tuple(_COLUMNS[i] for i in kept), tuple(tuple(row.cells[i] for i in kept) for row in rows))
    freq = fourier.frequencies(work.geo)
    grid = next(iter(work.maps.values()))
    maps = {f"matched_{i}": grid.with_data(row.map_) for i, row in enumerate(rows, 1)}
    return dict(work.values, best=work.kinds[rows[0].label], judged_by=judged, best_score=float(rows[0].score),
                margin=float(rows[0].score - rows[1].score), n_maps=len(rows), resolution=work.resolution, scoreboard=board,
                common_spectrum=Curve(freq[1:], work.spectrum[1:]), **maps)


def summary(fields: Dict[str, Any]) -> str:
    """One sentence."""
    name = fields["scoreboard"].rows[0][0]
    by = {"half-maps": "the noise-free map, as far as independent half-maps tell", "model": "the model's density",
          "surface": ""}[fields["judged_by"]]
    if not by:
        return (f"Of {fields['n_maps']} maps {name} has the largest adjusted surface area ({fields['best_score']:.3g}); without "
                "half-maps or a model this says how clear a map looks, not whether it is right.")
    return (f"Of {fields['n_maps']} maps {name} agrees best with {by}: CC {fields['best_score']:.3f}, "
            f"{fields['margin']:.3f} above the next.")
