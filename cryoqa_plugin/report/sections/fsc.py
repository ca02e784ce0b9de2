"""Fourier shell correlation of the half-maps."""
from __future__ import annotations

from typing import List

from ..before_after import before_after_cards
from ..blocks import Block, Card, Estimate
from ..draw import curves, split_values, tables
from ..keys import CURVES, reported_resolution
from ..section import Results, Section

_KEY = ("resolution", "resolution_worse", "resolution_better", "resolution_bound", "resolution_bound_worse", "resolution_bound_better",
        "resolution_curve", "half_maps_shared_noise", "resolution_unmasked_0143", "resolution_volume_0143", "resolution_masked_0143",
        "resolution_corrected_0143", "resolution_corrected_05", "nyquist", "random_fsc_at_resolution", "bfactor", "bfactor_error")
_GUIDES = ("half_bit", "one_bit", "three_sigma")


def render(results: Results) -> List[Block]:
    """Crossings by curve and criterion, the curves of the criteria, the values."""
    document = results["fsc"]
    names = [n for n in document["curves"] if n in _GUIDES or n in ("fsc_unmasked", "fsc_true", "fsc_masked")]
    out = tables(document) + split_values(document, _KEY)
    return out + curves(document, names, title="FSC and the criteria of information") + curves(document, ["fsc_weight"])


def estimates(results: Results) -> List[Estimate]:
    """The headline with its interval, the reported resolution, the other crossings that are quoted."""
    metrics = {n: m["value"] for n, m in results["fsc"]["metrics"].items()}
    out: List[Estimate] = []
    for prefix, name in (("resolution", "FSC 0.143"), ("resolution_bound", "FSC 0.143, at best")):
        if metrics.get(prefix) is not None:
            where = CURVES.get(str(metrics.get("resolution_curve")), "") if prefix == "resolution" else "without the shared noise"
            out.append(Estimate("answer", name, where + (", corrected" if metrics.get("resolution_curve") == "corrected" else ""),
                                metrics[prefix], metrics.get(prefix + "_better"), metrics.get(prefix + "_worse"), "headline"))
            break
    reported = reported_resolution(results)
    if reported is not None:
        out.append(Estimate("answer", "Reported", "given with the run", reported, kind="reported"))
    if out and out[0].kind == "headline":
        headline = metrics["resolution_curve"] if "resolution_curve" in metrics else ""
        for metric, name, note in (("resolution_unmasked_0143", "FSC 0.143", "no mask"),
                                   ("resolution_corrected_05", "FSC 0.5", "in the mask, corrected")):
            if metrics.get(metric) is not None and not (headline == "unmasked" and "unmasked" in metric):
                out.append(Estimate("halves", name, note, metrics[metric]))
    return out


def map_cards(results: Results) -> List[Card]:
    """The map that was sharpened by the FSC beside the given one, and its Guinier plot."""
    document = results["fsc"]
    plot = curves(document, [n for n in document["curves"] if n.startswith("guinier")], title="Guinier plot of the half-maps' mean")
    return (before_after_cards(results, "fsc", 20, "sharpened", "sharpened")
            + ([Card("Guinier plot of the half-maps' mean", tuple(plot), 5, 23)] if plot else []))


SECTIONS = (
    Section(id="fsc", title="FSC of the half-maps", order=50, asks="fine", capability="fsc",
            how_to_read="The FSC in the mask, corrected for the mask by phase randomisation, should stay near 1, fall once and end near 0. "
                        "The resolution is read where it crosses 0.143. The curve of random phases should be near 0 there, or the mask is "
                        "too tight. A curve that does not come down to 0, rises at its end, or dips and returns means that the half-maps "
                        "share more than the molecule. Each further estimate answers a question of its own; they are not averaged.",
            render=render, estimates=estimates),
    Section(id="fsc_map", title="Sharpened by the FSC", order=80, asks="map", capability="fsc",
            how_to_read="A straight Guinier plot means that amplitudes fall as exp(-B s²/4). Sharpening lifts them by the negative of B; "
                        "weighting by the FSC keeps noise from being lifted with them. Half-maps stay unsharpened: give the raw ones to "
                        "every other program.",
            render=lambda results: [], cards=map_cards))
