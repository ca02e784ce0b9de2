"""mtriage."""
from __future__ import annotations

from typing import Any

from pwem.objects import SetOfFSCs, VolumeMask

from . import inputs
from .base import CryoqaProtocol


class CryoqaProtMtriage(CryoqaProtocol):
    """What phenix.mtriage tells: detail of the map (d99), agreement of the half-maps (d_FSC), agreement with a model.

    Takes a volume, with or without its half-maps, or two half-maps alone; an optional mask and an optional atomic structure.
    Gives the curves as a set of FSCs and the mask that the masked numbers belong to.
    """

    _label = "mtriage"
    _capability = "mtriage"
    _possibleOutputs = {"outputFSCs": SetOfFSCs, "outputMask": VolumeMask}

    def _defineInputs(self, form: Any) -> None:
        inputs.add_volume(form, optional=True)
        inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES, inputs.NONE))
        inputs.add_mask(form)
        inputs.add_model(form)

    def createOutputStep(self) -> None:
        """Register the curves, and the mask when it was made here."""
        self._register_curves()
        if (self.result() or {})["metrics"]["mask_source"]["value"] != "given":
            self._register_map("mask_used", "outputMask", mask=True)
