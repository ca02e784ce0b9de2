"""B-factor sharpening."""
from __future__ import annotations

from typing import Any

from . import inputs
from .base import SharpeningProtocol


class CryoqaProtAutoSharpen(SharpeningProtocol):
    """Sharpen a map by a B-factor: the usual one at its resolution, a given one, or the one that makes it clearest.

    Takes a volume, with or without half-maps, or two half-maps alone. The half-maps, or the solvent, weight the frequencies. A model or a
    reference map can be the target instead. The half-maps of the output are sharpened like the map.
    """

    _label = "auto sharpen"
    _capability = "auto_sharpen"
    _shown = ("method", "resolution", "b_iso_before", "b_iso_after", "bfactor", "adjusted_before", "adjusted_after", "u_range")

    def _defineInputs(self, form: Any) -> None:
        super()._defineInputs(form)
        inputs.add_reference_map(form)
        inputs.add_model(form)
