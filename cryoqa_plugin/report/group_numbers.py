"""What a page of many maps knows of each: its key numbers as numbers, so that maps can be put on common axes."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

from ..validation.headline import local_range, resolution, value_of
from .blocks import KeyRow
from .keys import reported_resolution
from .section import Results

Documents = Mapping[str, Mapping[str, Any]]
Range = Tuple[Optional[float], Optional[float], Optional[float]]
_NOTHING: Range = (None, None, None)
_CURVES = ("fsc_true", "fsc_masked", "fsc_unmasked")
_MOST_POINTS = 120                               # of a curve in the page


@dataclass(frozen=True)
class KeyNumber:
    """One number of one map in its unit, with its range where it has one."""

    title: str
    unit: str
    value: float
    low: Optional[float] = None
    high: Optional[float] = None


@dataclass(frozen=True)
class Number:
    """One value of one map: ``limits`` of its checks, ``status`` their worst outcome."""

    title: str
    value: float
    unit: str = ""
    status: str = "skipped"
    limits: Tuple[float, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One map: ``status`` is a key of ``WORDS`` or ``waiting``; ``link`` leads to its report, ``error`` says why there is none.

    ``verdict`` is the sentence of its report and ``keys`` the key numbers of it, ``places`` these as numbers by their label, ``curve`` the
    FSC as frequencies (1/Å) and values; ``items`` has the verdict of each item of a validation by its number, ``numbers`` what stands in
    the TSV.
    """

    name: str
    status: str
    link: str = ""
    error: str = ""
    score: str = ""
    service: str = ""
    items: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Number] = field(default_factory=dict)
    verdict: str = ""
    keys: Tuple[KeyRow, ...] = ()
    places: Mapping[str, Tuple[KeyNumber, ...]] = field(default_factory=dict)
    curve: Tuple[Tuple[float, float], ...] = ()


def key_numbers(results: Results) -> Dict[str, Tuple[KeyNumber, ...]]:
    """Numbers by the label of the key number that they belong to, as in :func:`cryoqa_plugin.report.keys.key_rows`.

    Some labels have two, the telling one first: the mass in percent of the model, and in kDa where there is no model.
    """
    out: Dict[str, Tuple[KeyNumber, ...]] = {}
    for label, title, unit, read in _READ:
        value, low, high = read(results)
        if value is not None:
            out[label] = out.get(label, ()) + (KeyNumber(title, unit, float(value), low, high),)
    return out


def fsc_curve(documents: Documents) -> Tuple[Tuple[float, float], ...]:
    """Frequency (1/Å) and value of the FSC in the mask, corrected where it is; empty without one. Long ones are thinned."""
    curves = documents.get("fsc", {}).get("curves", {})
    curve = next((curves[name] for name in _CURVES if name in curves), None)
    if curve is None:
        return ()
    points = [(float(x), float(y)) for x, y in zip(curve["x"], curve["y"]) if x is not None and y is not None]
    step = -(-len(points) // _MOST_POINTS)
    return tuple(points[::step]) if points else ()


def _resolution(results: Results) -> Range:
    found = resolution(results.documents)
    return _NOTHING if found is None else (found.value, found.best, found.worst)


def _reported(results: Results) -> Range:
    return reported_resolution(results), None, None


def _local(results: Results) -> Range:
    found = local_range(results.documents)
    return _NOTHING if found is None else (found[2], found[1], found[3])


def _directions(results: Results) -> Range:
    best, worst = (value_of(results.documents, "directional_fsc", n) for n in ("regional_best", "regional_worst"))
    return (worst / best, None, None) if best and worst else _NOTHING


def _spread(value: Any, error: Any, factor: float = 1.0) -> Range:
    if value is None:
        return _NOTHING
    return factor * value, *((factor * value - abs(factor) * error, factor * value + abs(factor) * error) if error else (None, None))


def _halves(results: Results) -> Range:
    documents = results.documents
    holder = next((c for c in documents if value_of(documents, c, "half_maps_shared_noise") is not None), "")
    return _spread(value_of(documents, holder, "half_maps_shared_noise"), value_of(documents, holder, "half_maps_shared_noise_error"))


def _fall_off(results: Results) -> Range:
    return _spread(value_of(results.documents, "guinier", "bfactor"), value_of(results.documents, "guinier", "bfactor_error"), -1.0)


def _voxel(results: Results) -> Range:
    sizes: Sequence[float] = next((e["voxel_size"] for e in results.inputs().values() if e.get("voxel_size")), ())
    return (sizes[0], None, None) if len(sizes) else _NOTHING


def _plain(capability: str, metric: str) -> Callable[[Results], Range]:
    return lambda results: (value_of(results.documents, capability, metric), None, None)


_READ: Tuple[Tuple[str, str, str, Callable[[Results], Range]], ...] = (
    ("Resolution", "Resolution, 95 %", "Å", _resolution),
    ("Reported", "Reported resolution", "Å", _reported),
    ("Local", "Local resolution: median, 5–95 %", "Å", _local),
    ("Directions", "Directions: worst over best resolution", "", _directions),
    ("Half-maps", "Half-maps: FSC of the solvent", "", _halves),
    ("Model", "Map and model, FSC 0.5", "Å", _plain("mtriage", "d_fsc_model_05_near")),
    ("Model", "Map and model, CC in the mask", "", _plain("model_fit", "cc_mask")),
    ("Mass", "Mass, of that of the model", "%", _plain("contour", "model_mass_percent")),
    ("Mass", "Mass above the contour", "kDa", _plain("contour", "mass")),
    ("Fall-off B", "Fall-off B", "Å²", _fall_off),
    ("Hand", "Hand: z of the helices, right above 0", "", _plain("hand", "z_score")),
    ("Voxel size", "Voxel size", "Å", _voxel))
LABELS = tuple(dict.fromkeys(row[0] for row in _READ))
