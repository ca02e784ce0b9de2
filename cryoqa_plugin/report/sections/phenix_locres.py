"""The local resolution by the correlation in balls."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..local_resolution import blocks
from ..section import Results, Section

_FIRST = ("median", "p5", "p95", "inverted_fraction", "coefficients", "solvent_median", "overall", "radius", "smooth",
          "highest_resolution", "threshold", "rules", "mask_source")


def render(results: Results) -> List[Block]:
    """Coloured slices, histogram, percentiles, mean correlation and values."""
    return blocks(results, "phenix_locres", ["correlation"], _FIRST, by="Phenix")


SECTION = Section(
    id="phenix_locres", title="Local resolution (Phenix)", order=73, question="How do the half-maps correlate around each voxel?",
    capability="phenix_locres",
    how_to_read="A ball as wide as the resolution holds hardly one coefficient of a bin, and what smooths the map is the Gaussian at the "
                "end. Where bins above and below the threshold take turns, the result is the mean of the finest above and the coarsest "
                "below: disordered parts and noise look better than they are. Compare with maps of Phenix; the local resolution by the "
                "filter bank is the surer one.",
    render=render)
