"""The answer to each question of the report in one sentence."""
from __future__ import annotations

from typing import Callable, Dict

from ..checks import lowered
from ..rounding import show_value
from ..validation.headline import EVEN, first_value, local_range, near_axis, region, resolution, value_of
from .findings import Finding, Found
from .keys import CURVES, curve_like, reported_resolution
from .section import Results


def answer(question: str, results: Results, found: Found) -> str:
    """The answer to a question, from what was measured; what argues against it comes first."""
    against = [f for f in found.of(question) if f.status in ("fail", "warn")]
    said = _ANSWERS[question](results, found)
    if against and against[0].status == "fail":
        return f"No: {_claim(against[0])}."
    if not against or question == "fine":
        return said
    return f"{said} But {_claim(against[0])}" + (f", and {_claim(against[1])}." if len(against) > 1 else ".")


def _claim(finding: Finding) -> str:
    return lowered(finding.claim).rstrip(".")


def _fine(results: Results, found: Found) -> str:
    documents, known = results.documents, resolution(results.documents)
    reported = reported_resolution(results)
    if known is None:
        cause = next((f for f in found.findings if f.status == "fail"), None)
        return f"No resolution can be given: {_claim(cause)}." if cause and "fsc" in documents else ""
    if known.kind == "map":
        out = f"To about {known.value:.2f} Å, by the map alone; half-maps would say it better."
    else:
        interval = f" (95 %: {known.best:.2f}–{known.worst:.2f})" if known.best is not None and known.worst is not None else ""
        out = f"To {known.words()}{interval}, FSC 0.143 {CURVES.get(str(value_of(documents, 'fsc', 'resolution_curve')), 'in the mask')}."
    if reported is not None:
        off = reported / known.value - 1
        same = curve_like(results)
        words = "agrees" if abs(off) <= 0.05 else "is coarser" if off > 0 else "is finer"
        out += f" The reported {reported:.2f} Å {words}" + (f" and matches {same}." if same else ".")
    return out


def _even(results: Results, found: Found) -> str:
    local = local_range(results.documents)
    parts = []
    if local is not None:
        _, low, _, high = local
        parts.append(f"{'Yes' if high <= EVEN * low else 'No'}: {low:.2f}–{high:.2f} Å over 5–95 % of the mask, a factor of "
                     f"{high / low:.2f}.")
    uneven, part = value_of(results.documents, "locbfactor", "unevenness"), value_of(results.documents, "lococcupancy", "fraction_partial")
    words = ([f"amplitudes at the resolution differ by a factor of {uneven:.1f}"] if uneven is not None else []) \
        + ([f"{100 * part:.1f} % of the mask is occupied by less than half"] if part is not None else [])
    if words:
        joined = " and ".join(words)
        parts.append(joined[:1].upper() + joined[1:] + ".")
    return " ".join(parts)


def _dirs(results: Results, found: Found) -> str:
    documents = results.documents
    best, worst = (value_of(documents, "directional_fsc", n) for n in ("regional_best", "regional_worst"))
    if best is None or worst is None:
        ratio, median = (value_of(documents, "monodir", n) for n in ("regional_ratio", "median"))
        return "" if ratio is None or median is None else f"Local resolutions differ between directions by a factor of {ratio:.2f}."
    places = [f" {near_axis(d)}" if d else "" for d in (region(documents, "best"), region(documents, "worst"))]
    same = value_of(documents, "directional_fsc", "isotropic")
    views = "" if any(f.metric in ("noise_ratio", "empty_fraction") and f.status != "ok" for f in found.of("dirs")) \
        else "; no preferred orientations"
    return f"{'Yes' if same else 'No'}: {best:.2f} Å{places[0]} to {worst:.2f} Å{places[1]}, a factor of {worst / best:.2f}{views}."


def _halves(results: Results, found: Found) -> str:
    documents = results.documents
    shared = first_value(documents, "half_maps_shared_noise")
    if first_value(documents, "half_maps_identical") is None:
        return ""
    if shared is None:
        return "Whether their noise is independent cannot be measured here." if found.of("halves") else ""
    return "Yes: the noise of the two half-maps does not correlate, in the solvent or at the end of the FSC."


def _model(results: Results, found: Found) -> str:
    documents = results.documents
    fsc, gap = value_of(documents, "mtriage", "d_fsc_model_05_near"), value_of(documents, "mtriage", "model_gap")
    cc, low = value_of(documents, "model_fit", "cc_mask"), value_of(documents, "model_fit", "residues_low")
    parts = []
    if fsc is not None:
        parts.append(f"map and model agree to {fsc:.2f} Å (FSC 0.5)" + (", as far as the half-maps allow" if gap and gap <= 1.1 else ""))
    if cc is not None:
        parts.append(f"they correlate by {cc:.2f} (CC_mask)")
    trust = value_of(documents, "model_report", "trust")
    if low is not None and trust is None:
        parts.append("no residue correlates by less than 0.5" if low == 0 else f"{low:.1f} % of the residues correlate by less than 0.5")
    q, wanted = (value_of(documents, "q_score", n) for n in ("q_mean", "q_expected"))
    if q is not None:
        parts.append(f"Q is {q:.2f}" + ("" if wanted is None else f" ({wanted:.2f} expected)"))
    if trust is not None:
        parts.append(f"{show_value(trust, '%')} of the residues can be trusted")
    return f"Yes: {'; '.join(parts)}." if parts else ""


# The maps to build in, in the order in which their cards stand open, and how each was made.
_MADE = (("local_sharpen", "sharpened by the signal and noise of every place"), ("postprocess", "post-processed"),
         ("fsc", "FSC-weighted"), ("guinier", "sharpened by its fall-off"), ("auto_sharpen", "sharpened by one B-factor"),
         ("shell_sharpen", "sharpened in shells of resolution"))


def _map(results: Results, found: Found) -> str:
    """The map to build in, and what the given one is."""
    out = ""
    for capability, how in _MADE:
        if results.map_file(capability, "sharpened"):
            applied = value_of(results.documents, "fsc", "bfactor") if capability == "fsc" else None
            b = f"sharpened by B {show_value(applied, 'Å²')}, " if applied is not None else ""
            out = f"To build: {capability}/sharpened.mrc, {b}{how}."
            break
    b = value_of(results.documents, "guinier", "bfactor")
    if b is not None:
        out += " The given map is not sharpened." if b < -30 else " The given map is sharpened."
    return out.strip() or next((str(d.get("summary", "")) for c, d in results.documents.items() if d.get("maps")), "")


def _file(results: Results, found: Found) -> str:
    entry = next((e for e in results.inputs().values() if e.get("shape")), None)
    if entry is None:
        return ""
    n = entry["shape"][::-1]
    size = f"{n[0]}³" if len(set(n)) == 1 else " × ".join(str(v) for v in n)
    documents = results.documents
    parts = [f"A map of {size} voxels"]
    if value_of(documents, "contour", "pieces_95") == 1:
        parts.append("one molecule")
    if value_of(documents, "hand", "hand") in ("right", "left"):
        parts.append(f"{value_of(documents, 'hand', 'hand')} hand")
    return ", ".join(parts) + "."


_ANSWERS: Dict[str, Callable[[Results, Found], str]] = {
    "fine": _fine, "even": _even, "dirs": _dirs, "halves": _halves, "model": _model, "map": _map, "file": _file}
