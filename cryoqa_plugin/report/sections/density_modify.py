"""Density modification: verdict, predicted correlations, the map before and after."""
from __future__ import annotations

from typing import List

from .. import residue_tracks
from ..before_after import before_after_cards
from ..blocks import Block, Card, Percentiles, Text
from ..draw import curves, resolution_marks, split_values, tables
from ..section import Results, Section
from ..support import support_cards, support_words

_FIRST = ("verdict", "gain", "gain_error", "gain_wiener", "resolution_before", "resolution_after", "resolution_after_error",
          "dm_resolution", "halves_state", "soft_faces", "mass_ratio", "symmetry_name", "operators_used", "gain_copies",
          "model_used", "model_gain", "model_trusted", "model_spread", "supported_share", "unsupported_power", "kept_noise", "data_to")
_MAPS = (("correlation_before", "filtered mean of the half-maps"), ("correlation_wiener", "local Wiener weights"),
         ("correlation_after", "modified map"))
_PREDICTED = ("predicted_cref_before", "predicted_cref_wiener", "predicted_cref_after")


def render(results: Results) -> List[Block]:
    """FSC of the half-maps in the mask, and the values."""
    document = results["density_modify"]
    said = [Text(document["summary"])] if document["metrics"]["verdict"]["value"] is None else []
    return (said + support_words(results, "density_modify") + curves(document, ("half_fsc",)) + tables(document)
            + split_values(document, _FIRST))


def cards(results: Results) -> List[Card]:
    """The verdict with the three maps beside each other, predicted correlations, and slices before and after."""
    document = results["density_modify"]
    if document["metrics"]["verdict"]["value"] is None:
        return []
    rows = [(words, document["metrics"][name]["value"]) for name, words in _MAPS]
    bars = Percentiles("Mean predicted correlation with the signal", tuple((words, 100 * max(value, 0), f"{value:.3f}")
                                                                           for words, value in rows if value is not None),
                       ("0", "0.5", "1"), "From 10 Å to the end of the modification, in the mask.")
    out = [Card("Density modification", (bars, Text(document["summary"])), 5, 6)]
    marks = resolution_marks(document, "resolution_before", "resolution_after")
    plots = curves(document, _PREDICTED, title="Predicted correlation with the signal", marks=marks)
    if plots:
        out.append(Card("Predicted correlation with the signal", tuple(plots), 5, 8))
    if document["metrics"]["model_spread"]["value"] is not None:
        along = residue_tracks.lines(document, "spread", title="Spread of the model", y_range=(0.0, 1.0), levels=(0.5,), worse="higher",
                                     said="Eight times moved into a half-map: how far the atoms of each residue come apart, in Å.")
        out += [Card("Spread of the model", tuple(along), 7, 10)] if along else []
    return (out + before_after_cards(results, "density_modify", 7, "density_modified_map", "modified", before_name="initial_map",
                                     given="initial") + support_cards(results, "density_modify", "density_modified_map", 9))


SECTION = Section(
    id="density_modify", title="Density modification", order=91, capability="density_modify", asks="map",
    how_to_read="The verdict needs no truth: what was made of one half-map is held against the other one. Both slices have the same "
                "spectrum, so that what differs is not sharpening. The predicted correlation is that with the signal: where it falls to "
                "0.5 is the resolution of each map, in the sense of a map against a perfect one. An FSC of the modified half-maps would be "
                "too good, because each saw the other.",
    render=render, cards=cards)
