"""LocScale in Scipion."""
from __future__ import annotations

from typing import Any

from . import inputs
from .base import SharpeningProtocol


class CryoqaProtLocscale(SharpeningProtocol):
    """Scale the local amplitudes of a map to those of a model, of pseudo-atoms or of an average spectrum (LocScale)."""

    _label = "locscale"
    _capability = "locscale"
    _shown = ("reference_used", "bfactor_removed", "bfactor_removed_p5", "bfactor_removed_p95", "missing_fraction")

    def _defineInputs(self, form: Any) -> None:
        super()._defineInputs(form)
        inputs.add_model(form)
