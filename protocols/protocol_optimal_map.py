"""The optimal map in Scipion."""
from __future__ import annotations

from typing import Any

from pwem.objects import Volume

from . import inputs
from .base import SharpeningProtocol


class CryoqaProtOptimalMap(SharpeningProtocol):
    """Weight the shells of a map by their signal, and with a model make the difference map that shows what the model lacks."""

    _label = "optimal map"
    _capability = "optimal_map"
    _needs_halves = True
    _possibleOutputs = {"outputVolume": Volume, "outputDifference": Volume, "outputUpdated": Volume}
    _shown = ("resolution", "ends_at", "fsc_average", "fsc_average_model", "peaks_positive", "peaks_negative", "highest_peak")

    def _defineInputs(self, form: Any) -> None:
        super()._defineInputs(form)
        inputs.add_model(form)

    def createOutputStep(self) -> None:
        """Register the optimal map with its half-maps, and with a model the difference map and the updated map."""
        super().createOutputStep()
        self._register_map("difference", "outputDifference", halves=False)
        self._register_map("updated", "outputUpdated", halves=False)
