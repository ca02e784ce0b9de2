"""Denoising without training."""
from __future__ import annotations

from typing import List

from ..before_after import before_after_cards, sharpening_blocks
from ..blocks import Block, Card
from ..section import Results, Section
from ..support import support_cards, support_words

_FIRST = ("method", "removed_share", "removed_outside", "noise_share", "noise_share_p95", "halves_state", "supported_share",
          "unsupported_power", "kept_noise", "data_to")


def render(results: Results) -> List[Block]:
    """What may be concluded, and values."""
    return support_words(results, "denoise") + sharpening_blocks(results, "denoise", _FIRST)


def cards(results: Results) -> List[Card]:
    """The denoised map and what was taken away, each beside the given map, and its support."""
    return (before_after_cards(results, "denoise", 12, "denoised_map", "denoised", matched=_rescaled(results))
            + before_after_cards(results, "denoise", 14, "removed", "taken away")
            + support_cards(results, "denoise", "denoised_map", 16))


def _rescaled(results: Results) -> bool:
    """Whether the given and the denoised map differ in scale: their fall-off was undone.

    Parameters
    ----------
    results
        Of the run.

    Returns
    -------
    bool
        True where each needs grey levels of its own.
    """
    return results["denoise"]["metrics"]["bfactor_left"]["value"] is not None


SECTION = Section(
    id="denoise", title="Denoising", order=90, capability="denoise", asks="map",
    how_to_read="What was taken away should look like noise: where it shows the molecule, signal was lost. What is left is the most "
                "likely density, not new evidence: detail that is missing in the given map is not proven by the denoised one. It is a "
                "map to look at and to build into. Its half-maps were filtered by their own noise, so that no FSC, no resolution and no "
                "refinement may use them.",
    render=render, cards=cards)
