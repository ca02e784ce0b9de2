"""Denoising by a network that learns from the two half-maps."""
from __future__ import annotations

from typing import List

from ..before_after import before_after_cards
from ..blocks import Block, Card
from ..draw import curves, split_values, tables
from ..section import Results, Section
from ..support import support_cards, support_words

_FIRST = ("steps_made", "foretold", "weight_of_network", "removed_share", "removed_outside", "noise_share", "noise_share_p95",
          "halves_state", "supported_share", "unsupported_power", "kept_noise", "data_to", "resolution")
_TRAINING = ("foretold_curve", "learned_curve")


def render(results: Results) -> List[Block]:
    """What may be concluded, and values."""
    document = results["noise2noise"]
    return support_words(results, "noise2noise") + tables(document) + split_values(document, _FIRST)


def cards(results: Results) -> List[Card]:
    """The denoised map and what was taken away, each beside the given map, its support, and the training."""
    plots = curves(results["noise2noise"], _TRAINING, title="Training")
    return (before_after_cards(results, "noise2noise", 12, "denoised_map", "denoised")
            + before_after_cards(results, "noise2noise", 14, "removed", "taken away")
            + support_cards(results, "noise2noise", "denoised_map", 16)
            + ([Card("Training", tuple(plots), 5, 18)] if plots else []))


SECTION = Section(
    id="noise2noise", title="Denoising by a network", order=91, capability="noise2noise", asks="map",
    how_to_read="What was taken away should look like noise: where it shows the molecule, signal was lost. The network saw these two "
                "half-maps and nothing else: it cannot bring in what other molecules look like, but it learns any error that both have. "
                "The curve of the training has levelled off where more steps gain nothing; the part foretold is never 1, because the other "
                "half-map has noise of its own. The denoised map is the most likely density, not new evidence. Its half-maps saw each "
                "other, so that no FSC, no resolution and no refinement may use them.",
    render=render, cards=cards)
