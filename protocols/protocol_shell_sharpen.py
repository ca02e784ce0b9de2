"""Sharpening in shells."""
from __future__ import annotations

from typing import Any

from . import inputs
from .base import SharpeningProtocol


class CryoqaProtShellSharpen(SharpeningProtocol):
    """Sharpen a map and its half-maps in shells of resolution, towards an ideal spectrum and weighted by the noise.

    Takes a volume with its half-maps, two volumes, or a volume with a model or a reference volume. A fall-off that depends on direction
    is corrected when there is one. For a local-resolution map of the result, run local resolution (fsc) on the same half-maps.
    """

    _label = "shell sharpening"
    _capability = "shell_sharpen"
    _shown = ("resolution", "d_min", "target_bfactor", "bfactor_signal", "bfactor_effective", "anisotropy_corrected", "u_range")

    def _defineInputs(self, form: Any) -> None:
        super()._defineInputs(form)
        inputs.add_model(form)
        inputs.add_reference_map(form)
