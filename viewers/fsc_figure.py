"""FSC curves with their crossings, drawn into a matplotlib figure; needs no screen."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure

THRESHOLDS = (0.143, 0.5)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_WORDS = {"fsc_true": "in the mask, corrected", "fsc_masked": "in the mask", "fsc_unmasked": "no mask",
          "fsc_phase_randomised": "in the mask, phases randomised", "fsc_spherical": "spherical mask", "fsc_loose": "loose mask",
          "fsc_half_masked": "half-maps, in the mask", "fsc_half_unmasked": "half-maps, no mask",
          "true_fsc": "processed map and half-maps (band: with the truth)", "signal_fsc": "processed map and the truth",
          "half_fsc": "half-maps, in the mask", "pair_fsc": "the two maps, in the mask", "fsc_entry": "of the entry",
          "fsc_model_masked": "map and model, in the mask", "fsc_model_unmasked": "map and model, no mask"}
_GUIDES = ("half_bit", "one_bit", "three_sigma")
_NO_RESOLUTION = ("random",)                                 # the curve that shows what the mask adds


@dataclass(frozen=True)
class Line:
    """One curve: ``freq`` in 1/Å and ``fsc``, float [n], with an optional confidence band of the same length."""

    label: str
    freq: np.ndarray
    fsc: np.ndarray
    lower: Optional[np.ndarray] = None
    upper: Optional[np.ndarray] = None


def line(label: str, x: Sequence[Any], y: Sequence[Any], lower: Optional[Sequence[Any]] = None,
         upper: Optional[Sequence[Any]] = None) -> Line:
    """A :class:`Line` from lists, in which None stands for a value that is missing."""
    def numbers(values: Optional[Sequence[Any]]) -> Optional[np.ndarray]:
        return None if values is None else np.array([np.nan if v is None else v for v in values], dtype=float)
    return Line(label, numbers(x), numbers(y), numbers(lower), numbers(upper))


def names_of_curves(document: Mapping[str, Any]) -> List[str]:
    """The FSC curves of a saved result by name, the most telling first; thresholds that are curves are none."""
    found = [n for n, c in document.get("curves", {}).items() if c["y_label"] == "FSC" and n not in _GUIDES]
    return [n for n in _WORDS if n in found] + [n for n in found if n not in _WORDS]


def _words_of(name: str, curve: Mapping[str, Any]) -> str:
    if name in _WORDS:
        return _WORDS[name]
    return name[4:].replace("_", " ") if name.startswith("fsc_") else curve["meaning"] or name.replace("_", " ")


def lines_of_document(document: Mapping[str, Any]) -> List[Line]:
    """The FSC curves of a saved result, the most telling first."""
    found = document.get("curves", {})
    return [line(_words_of(n, found[n]), found[n]["x"], found[n]["y"], found[n].get("lower"), found[n].get("upper"))
            for n in names_of_curves(document) if len(found[n]["x"]) > 1]


def crossing(curve: Line, threshold: float) -> Tuple[Optional[float], str]:
    """Resolution in Å where the curve first falls below ``threshold``, None when it does not, and the words for it."""
    from cryoqa_plugin.core.crossing import find_crossings
    found = find_crossings(curve.freq, curve.fsc, threshold, 1 if curve.freq[0] <= 0 else 0)
    if found.state == "below":
        return None, f"never above {threshold:g}"
    if found.state == "never" or not found.first > 0:
        return None, f"above {threshold:g} up to its end"
    return 1 / found.first, f"{1 / found.first:.2f} Å at {threshold:g}"


def thresholds_of(text: str) -> Tuple[float, ...]:
    """The thresholds of a text such as ``0.143, 0.5``; ValueError with a sentence for what is none."""
    found = []
    for word in text.replace(",", " ").replace(";", " ").split():
        try:
            value = float(word)
        except ValueError:
            value = np.nan
        if not 0 < value < 1:
            raise ValueError(f"'{word}' is no threshold: a number between 0 and 1.")
        found.append(value)
    if not found:
        raise ValueError("Give at least one threshold, such as 0.143.")
    return tuple(dict.fromkeys(found))


def draw_fsc(figure: Figure, lines: Sequence[Line], title: str = "Fourier shell correlation",
             thresholds: Sequence[float] = THRESHOLDS) -> Any:
    """Draw the curves, the thresholds and the crossings with each; returns the axes."""
    figure.clear()
    ax = figure.add_axes([0.085, 0.11, 0.885, 0.75])
    for threshold, style in zip(thresholds, ("--", ":", "-.")):
        ax.axhline(threshold, color="0.45", linewidth=0.9, linestyle=style)
        ax.annotate(f"{threshold:g}", (1.0, threshold), xycoords=("axes fraction", "data"), xytext=(-3, 2), textcoords="offset points",
                    ha="right", fontsize=8, color="0.35")
    for i, curve in enumerate(lines):
        _draw_line(ax, curve, COLOURS[i % len(COLOURS)], thresholds)
    ax.axhline(0, color="0.7", linewidth=0.6)
    lowest = min([float(np.nanmin(c.fsc)) for c in lines if np.isfinite(c.fsc).any()], default=0.0)
    ax.set_ylim(min(-0.08, max(-0.2, 1.05 * lowest)), 1.04)
    ax.set_xlim(0, max([float(np.nanmax(c.freq)) for c in lines], default=1.0))
    ax.set_xlabel("spatial frequency (1/Å)")
    ax.set_ylabel("FSC")
    ax.grid(True, color="0.92")
    _resolution_axis(ax)
    if lines:
        ax.legend(fontsize=8, loc="best", framealpha=0.92)
    figure.suptitle(title, fontsize=11, y=0.985)
    return ax


def _resolution_axis(ax: Any) -> None:
    top = ax.secondary_xaxis("top", functions=(lambda f: f, lambda f: f))
    ticks = [t for t in ax.get_xticks() if 0 < t <= ax.get_xlim()[1]]
    top.set_xticks(ticks)
    top.set_xticklabels([f"{1 / t:.3g}" for t in ticks], fontsize=8)
    top.set_xlabel("resolution (Å)", fontsize=8)


def _draw_line(ax: Any, curve: Line, colour: str, thresholds: Sequence[float]) -> None:
    words = []
    for threshold in () if any(w in curve.label.lower() for w in _NO_RESOLUTION) else thresholds:
        resolution, said = crossing(curve, threshold)
        words.append(said)
        if resolution:
            ax.plot([1 / resolution], [threshold], "o", color=colour, markersize=5, zorder=5)
    ax.plot(curve.freq, curve.fsc, color=colour, linewidth=1.6, label=curve.label + (": " if words else "") + "; ".join(words))
    if curve.lower is not None and curve.upper is not None:
        known = (curve.freq > 0) & (curve.upper - curve.lower < 1)      # a band as wide as that says nothing
        ax.fill_between(curve.freq, curve.lower, curve.upper, where=known, color=colour, alpha=0.15, linewidth=0)
