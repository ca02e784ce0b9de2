"""The ten key numbers of the head: what a reader quotes, or what would overturn the verdict."""
from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional, Sequence, Tuple

from ..rounding import show_error
from ..validation.headline import first_value, local_range, near_axis, region, resolution, value_of
from .blocks import KeyRow
from .findings import Found
from .section import Results

Parts = Optional[Tuple[str, str]]                # value and note
_ALIKE = 2.0                                     # percent between the masses of a contour and of the model that set it
_RANK = ("fail", "warn", "ok")
_NONE = "none"
_EXACT = "exactly 1 Å"                           # a voxel size that is often a default


def key_rows(results: Results, found: Found) -> Tuple[KeyRow, ...]:
    """The key numbers of a run, each with its state; of those without a value what was not asked, where a run asked for many things."""
    many = len(results.documents) > 3
    out: List[KeyRow] = []
    for label, anchor, make, metrics in _KEYS:
        parts = make(results, found)
        if parts is not None:
            state = _status(found, metrics)
            if state == "ok":                    # no check says it of a run that did not ask what is in the map
                state = {_NONE: "skipped", _EXACT: "warn"}.get(parts[0], state)
            out.append(KeyRow(state, label, parts[0], parts[1], anchor))
        elif many:
            out.append(KeyRow("skipped", label, "–", _needs(results, label), anchor))
    return tuple(out)


def _status(found: Found, metrics: Sequence[str]) -> str:
    """The worst state of the checks on one of the metrics; a name that ends in ``*`` stands for all that begin so."""
    states = [f.status for f in found.findings if any(f.metric == m or m.endswith("*") and f.metric.startswith(m[:-1]) for m in metrics)]
    return next((s for s in _RANK if s in states), "ok")


def _needs(results: Results, label: str) -> str:
    kinds = set(results.inputs())
    if label in ("Model", "Mass") and "model" not in kinds:
        return "needs a model"
    if label in ("Resolution", "Directions", "Half-maps") and not {"half1", "half2"} <= kinds:
        return "needs two half-maps"
    return "needs the reported resolution" if label == "Reported" else "not asked for"


def _resolution(results: Results, found: Found) -> Parts:
    answer = resolution(results.documents)
    if answer is None:
        return (_NONE, "the half-maps cannot have one") if "fsc" in results.documents else None
    if answer.kind == "map":
        return f"{answer.value:.2f} Å", "median of the map alone, no half-maps"
    interval = f" ({answer.best:.2f}–{answer.worst:.2f})" if answer.best is not None and answer.worst is not None else ""
    if answer.kind == "bound":
        return f"{answer.value:.2f} Å{interval} at best", "FSC 0.143 without the shared noise"
    where = str(value_of(results.documents, "fsc", "resolution_curve") or "")
    return f"{answer.value:.2f} Å{interval}", f"FSC 0.143 {CURVES.get(where, where)}".rstrip() + ("; 95 %" if interval else "")


CURVES = {"corrected": "in the mask", "masked": "in the mask, not corrected", "unmasked": "without a mask",
          "volume": "by the volume of the mask", "widened": "in the widened mask"}


def _reported(results: Results, found: Found) -> Parts:
    reported = reported_resolution(results)
    answer = resolution(results.documents)
    if reported is None:
        return None
    if answer is None:
        return f"{reported:.2f} Å", "nothing to compare it with"
    off = reported - answer.value
    words = "the same" if abs(off) < 0.005 else f"{abs(off):.2f} Å {'coarser' if off > 0 else 'finer'}"
    same = curve_like(results)
    return f"{reported:.2f} Å, {words}", f"equals {same}" if same else f"measured: {answer.value:.2f} Å"


def reported_resolution(results: Results) -> Optional[float]:
    """The resolution that was given with the run (Å), None without one."""
    value = (results.validation or {}).get("reported") or value_of(results.documents, "fsc", "reported")
    return None if value is None else float(value)


def curve_like(results: Results) -> str:
    """Curve and criterion that give the reported resolution, where it is not that of the headline; empty where none does."""
    return str(value_of(results.documents, "fsc", "reported_equals") or "")


def _local(results: Results, found: Found) -> Parts:
    local = local_range(results.documents)
    if local is None:
        return None
    name, low, median, high = local
    how = {"local_fsc": "FSC 0.143", "map_resolution": "map alone", "monores": "MonoRes", "relion_locres": "RELION", "blocres": "blocres",
           "phenix_locres": "Phenix", "resmap": "ResMap"}[name]
    return f"{low:.2f}–{high:.2f} Å, median {median:.2f}", f"5–95 % of the mask, {how}"


def _directions(results: Results, found: Found) -> Parts:
    best, worst = (value_of(results.documents, "directional_fsc", n) for n in ("regional_best", "regional_worst"))
    if best is None or worst is None:
        return (_NONE, "needs independent half-maps") if "directional_fsc" in results.documents else None
    near = [region(results.documents, which) for which in ("best", "worst")]
    words = ", ".join(f"{w} {near_axis(d)}" for w, d in zip(("best", "worst"), near) if d)
    return f"{best:.2f}–{worst:.2f} Å", words


def _halves(results: Results, found: Found) -> Parts:
    documents = results.documents
    if first_value(documents, "half_maps_identical") is None:
        return None
    against = next((f for f in found.of("halves") if f.status in ("fail", "warn")), None)
    shared, error = (first_value(documents, n) for n in ("half_maps_shared_noise", "half_maps_shared_noise_error"))
    note = "" if shared is None else f"solvent FSC {show_error(shared, error)}"
    return ("independent" if against is None else "not independent" if against.status == "fail" else "look at them"), \
        note or (against.title if against else "")


def _model(results: Results, found: Found) -> Parts:
    documents = results.documents
    fsc, cc = value_of(documents, "mtriage", "d_fsc_model_05_near"), value_of(documents, "model_fit", "cc_mask")
    q, wanted = (value_of(documents, "q_score", n) for n in ("q_mean", "q_expected"))
    words = ([f"{fsc:.2f} Å (FSC 0.5)"] if fsc else []) + [f"{n} {v:.2f}" for n, v in (("CC", cc), ("Q", q)) if v is not None]
    inside = value_of(documents, "model_fit", "inclusion_all")
    note = f"{min(99.9, round(100 * inside, 1)) if inside < 1 else 100:g} % of the atoms in density" if inside is not None \
        else f"a Q of {wanted:.2f} is expected" if wanted is not None and not (fsc or cc) else "correlation and FSC around the model"
    return (", ".join(words), note) if words else None


def _mass(results: Results, found: Found) -> Parts:
    documents = results.documents
    mass, model, level, percent = (value_of(documents, "contour", n) for n in ("mass", "model_mass", "contour", "model_mass_percent"))
    if mass is None:
        return None
    set_by_model = level_from_model({n: value_of(documents, "contour", n) for n in _LEVEL})
    part = f", {percent:.0f} % of the model" if percent and not set_by_model else ""
    return f"{mass:.0f} kDa{part}", (f"above {level:.3g}, " + ("set by the model" if set_by_model else f"model {model:.0f} kDa")
                                     if model else f"above {level:.3g}")


_LEVEL = ("contour", "contour_suggested", "contour_bound", "model_mass_percent")


def level_from_model(contour: Mapping[str, Any]) -> bool:
    """Whether the contour was set to hold the volume of the model, so that both masses are alike by construction.

    Parameters
    ----------
    contour
        Values of ``contour`` by name.

    Returns
    -------
    bool
        False where density beside the model makes the mass another one.
    """
    percent = contour.get("model_mass_percent")
    return bool(percent is not None and contour.get("contour_bound") == "expected volume"
                and contour.get("contour") == contour.get("contour_suggested") and abs(percent - 100) < _ALIKE)


def _fall_off(results: Results, found: Found) -> Parts:
    documents = results.documents
    b, error, start, end = (value_of(documents, "guinier", n) for n in ("bfactor", "bfactor_error", "fit_from", "fit_to"))
    if b is None:
        return None
    off = f" ± {error:.0f}" if error is not None else ""
    return f"{-b:.0f}{off} Å²".replace("-", "−"), f"{start:.0f} to {end:.1f} Å; " + ("map not sharpened" if b < -30 else "map is sharpened")


def _hand(results: Results, found: Found) -> Parts:
    documents = results.documents
    wrong, z = (value_of(documents, "hand", n) for n in ("wrong_probability", "z_score"))
    if wrong is None:
        return ("not known", "no helices to see it by") if "hand" in documents else None
    return (f"{'right' if wrong < 0.5 else 'wrong'}" + (f" (z = {z:.1f})" if z is not None else ""),
            "by the helices of the map")


def _voxel(results: Results, found: Found) -> Parts:
    sizes = next((e["voxel_size"] for e in results.inputs().values() if e.get("voxel_size")), None)
    if not sizes:
        return None
    exact = all(s == 1.0 for s in sizes)
    words = f"{sizes[0]:.4g}" if max(sizes) - min(sizes) < 1e-6 else " × ".join(f"{s:.4g}" for s in sizes)
    other = value_of(results.documents, "mtriage", "model_voxel_size")
    note = "often a default: check" if exact else "every length scales with it"
    if other and abs(other / sizes[0] - 1) > 0.005:
        note = f"the model asks for {other:.3f} Å"
    return (_EXACT if exact else f"{words} Å"), note


Make = Callable[[Results, Found], Parts]
_KEYS: Tuple[Tuple[str, str, Make, Tuple[str, ...]], ...] = (
    ("Resolution", "fine", _resolution, ("reaches_nyquist", "returns_above", "unmasked_reaches_further", "half_maps_*", "shares_in_mask")),
    ("Reported", "fine", _reported, ("reported_resolution", "reported_deviation", "reported_gap")),
    ("Local", "even", _local, ("unresolved_fraction", "significant_fraction", "nyquist_fraction")),
    ("Directions", "dirs", _directions, ("empty_fraction", "noise_ratio", "fall_off_ratio", "preferred", "reach_nyquist")),
    ("Half-maps", "halves", _halves, ("half_maps_*", "shares_in_mask")),
    ("Model", "model", _model, ("model_*", "cc_mask", "residues_low", "residues_shifted", "chains_foreign", "inclusion_backbone",
                                "atoms_outside", "q_difference", "residues_unexplained", "residues_without", "residues_moved", "mirrored",
                                "gap_sigma")),
    ("Mass", "file", _mass, ("level_verdict", "mass_offset")),
    ("Fall-off B", "map", _fall_off, ("bfactor", "fall", "b_excess")),
    ("Hand", "file", _hand, ("wrong_probability",)),
    ("Voxel size", "file", _voxel, ("voxel_size_unset", "model_voxel_off")))
