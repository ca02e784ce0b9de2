"""The scoreboard of maps in Scipion."""
from __future__ import annotations

from typing import Any

from pwem.objects import Volume

from . import inputs
from .base import CryoqaProtocol


class CryoqaProtCompareMaps(CryoqaProtocol):
    """Compare maps of the same data, sharpened or filtered in different ways, and say which is the better one.

    With the half-maps of the data each map is judged by what independent data say, with a model by its density. The volume of the
    refinement takes part when it is given. The output is the best of the maps with the spectrum in which they were compared.
    """

    _label = "compare maps"
    _capability = "compare_maps"
    _possibleOutputs = {"outputVolume": Volume}
    _shown = ("best", "judged_by", "best_score", "margin", "resolution")

    def _defineInputs(self, form: Any) -> None:
        inputs.add_others(form)
        inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES, inputs.NONE))
        inputs.add_volume(form, optional=True)
        inputs.add_mask(form)
        inputs.add_model(form)

    def createOutputStep(self) -> None:
        """Register the best map."""
        self._register_map("matched_1", "outputVolume")

    def _grid_object(self) -> Volume:
        return self.inputOthers[0].get()
