"""Statistics of the half-maps beyond the FSC."""
from __future__ import annotations

from dataclasses import replace
from typing import List

from ...io.maps import read_map
from .. import pictures
from ..blocks import Block, Card, Estimate, Picture, Pictures, Plot, Text
from ..draw import curves, resolution_marks, split_values, tables
from ..section import Results, Section

_KEY = ("resolution_fdr", "resolution_fdr_unmasked", "resolution_ssnr_1", "resolution_dpr_45", "information", "information_density",
        "bfactor", "bfactor_error", "d99", "d99_x", "d99_y", "d99_z", "local_correlation_median")
_FSC = ("fsc_unmasked", "fsc_masked", "fdr_limit")


def render(results: Results) -> List[Block]:
    """The curves, the values, d99 by direction, and slices of the local correlation."""
    document = results["half_map_statistics"]
    out = curves(document, _FSC, title="FSC, and what noise reaches", marks=resolution_marks(document, "resolution_fdr"))
    out += split_values(document, _KEY)
    out += curves(document, ("p_value", "p_adjusted"), title="Probability of the FSC in noise")
    out += curves(document, ("dpr",), marks=resolution_marks(document, "resolution_dpr_45"))
    out += curves(document, ("information_curve",))
    out += curves(document, ("guinier_signal", "guinier_fit"), title="Guinier plot of the signal")
    return out + tables(document, folded=True) + _local(results)


def cards(results: Results) -> List[Card]:
    """Signal over noise, and how much information that is."""
    document = results["half_map_statistics"]
    known = {n: m["value"] for n, m in document["metrics"].items()}
    plots = curves(document, ("log_ssnr",), marks=resolution_marks(document, "resolution_ssnr_1"))
    if not plots or known.get("resolution_ssnr_1") is None:  # what is shared may be noise
        return []
    title = "Signal over noise, power in the mean map"
    equal, limit, bits = (known.get(n) for n in ("resolution_ssnr_1", "resolution_fdr", "information"))
    words = [f"Signal and noise are equal at {equal:.2f} Å."] \
        + ([f"The mean map holds {bits:.0f} kbit of information to {limit:.2f} Å, where the half-maps are last significant."]
           if bits and limit else [])
    drawn = tuple(replace(p, title=title, levels=((0.0, "signal = noise"),)) if isinstance(p, Plot) else p for p in plots)
    return [Card(title, (*drawn, Text(" ".join(words))), 5, 10)]


def estimates(results: Results) -> List[Estimate]:
    """Where signal and noise are equal, where the half-maps are last significant, where their phases are those of noise."""
    metrics = results["half_map_statistics"]["metrics"]
    out = []
    for metric, name, note in (("resolution_ssnr_1", "Signal = noise", "SSNR 1"), ("resolution_fdr", "Significant", "FDR 1 %"),
                               ("resolution_dpr_random", "Phase residual", "that of noise")):
        value = metrics.get(metric, {}).get("value")
        if value is not None:
            rate = results["half_map_statistics"].get("parameters", {}).get("rate")
            note = f"FDR {100 * rate:g} %" if metric == "resolution_fdr" and rate else note
            out.append(Estimate("halves", name, note, float(value)))
    return out


def _local(results: Results) -> List[Block]:
    path = results.map_file("half_map_statistics", "local_correlation")
    if not path:
        return []
    made = tuple(Picture(pictures.grey_png(image, (0.0, 1.0)), f"Slice of the local correlation at {label}", label)
                 for label, image in pictures.slices(read_map(path).data))
    return [Pictures("Middle slices of the local correlation", made, "White is 1, black is 0.")]


SECTION = Section(
    id="half_map_statistics", title="Half-map statistics", order=55, asks="fine",
    capability="half_map_statistics",
    how_to_read="Shells above the limit curve hold more than noise: data are there, be they enough to see by or not, so that this "
                "resolution is finer than that at FSC 0.143. Where log10 SSNR is 0, signal and noise of the mean map are equally strong. "
                "The phase residual rises from 0 to 103.9 degrees, that of unrelated phases. The Guinier plot should be straight beyond "
                "10 Å, and d99 similar in all directions unless the molecule is long or flat, or views are missing.",
    render=render, cards=cards, estimates=estimates)
