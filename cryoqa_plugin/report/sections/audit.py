"""The audit of a processed map: verdict, bounds of its FSC, slices coloured by support, peaks, residues."""
from __future__ import annotations

from typing import Any, List, Mapping

from .. import residue_tracks
from ..blocks import Block, Card, Text
from ..draw import curves, resolution_marks, split_values, tables
from ..section import Results, Section
from ..support import TITLE, support_slices

_FIRST = ("supported_share", "unsupported_power", "power_beyond", "noise_share", "measured_noise", "invented_share", "data_to", "data_end",
          "undecided_share", "unsupported_count", "lost_count", "possibly_lost_count", "residues_unsupported", "residues_lost")
_ROWS = 12                                       # of a table of peaks that stands open
_CONCLUDED = ("What is supported is in the half-maps too, at this place and in these bands: it may be built, and shown. What is not "
              "supported was added by the program, or comes from a rule that is no filter; do not build there. What cannot be concluded: "
              "whether what lies beyond the end of the data is right, and whether errors that both half-maps share (alignment, "
              "symmetry, a wrong reference) are in them.")

_ASKED = ("With the same program run on each half-map apart, and both maps given, noise, invention and the FSC with the truth are measured "
          "and not only bounded.")


def render(results: Results) -> List[Block]:
    """What may be concluded, curves, tables and values."""
    document = results["audit"]
    out: List[Block] = [Text(_CONCLUDED)]
    if document["metrics"]["invented_share"]["value"] is None:
        out.append(Text(_ASKED))
    out += curves(document, ("not_data",), title="Least part of the power that is not the data")
    return out + tables(document, skip=("residues",)) + split_values(document, _FIRST)


def cards(results: Results) -> List[Card]:
    """Slices coloured by support, the bounds of the true FSC, and the support of the residues along the chains."""
    document = results["audit"]
    out = []
    slices = support_slices(document["inputs"].get("full_map", {}).get("path"), results.map_file("audit", "support_map"))
    if slices:
        out.append(Card(TITLE, tuple(slices), 8, 3))
    bounds = curves(document, ("true_fsc", "signal_fsc"), title="FSC with the truth lies in the band",
                    marks=resolution_marks(document, "data_end"))
    if bounds:
        out.append(Card("FSC with the truth lies in the band", tuple(bounds), 5, 4))
    along = residue_tracks.lines(document, "support", title="Support of the residues", y_range=(0.0, 1.2), levels=(0.5, 1.0),
                                 said=_said(document))
    return out + ([Card("Support of the residues", tuple(along), 7, 15)] if along else [])


def _said(document: Mapping[str, Any]) -> str:
    worst = residue_tracks.worst_named(document, "support")
    return f"Lowest: {worst}." if worst else ""


SECTION = Section(
    id="audit", title="What the half-maps support", order=98, asks="map", capability="audit",
    how_to_read="The half-maps are asked at each place, in whitened bands, whether they know what the processed map shows. A filter, a "
                "mask or a sharpening passes with 100 %. Red places and the list of unsupported peaks show what was added; the list of "
                "lost peaks shows what is in the half-maps and no longer in the map. The band around the FSC is what can be known of the "
                "agreement with the truth: its upper end holds when the noise was taken away, its lower end when it was kept.",
    render=render, cards=cards)
