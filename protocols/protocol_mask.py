"""Create a mask."""
from __future__ import annotations

from typing import Any

from pwem.objects import VolumeMask

from . import inputs
from .base import CryoqaProtocol


class CryoqaProtMask(CryoqaProtocol):
    """Make a soft mask: from a map as RELION, cryoSPARC or Phenix do, around an atomic structure, or from other masks.

    The threshold is chosen from the data when it is left empty. Look at the mask over the map ("Analyze results") before
    you trust a number computed in it.
    """

    _label = "create mask"
    _capability = "mask"
    _possibleOutputs = {"outputMask": VolumeMask}

    def _defineInputs(self, form: Any) -> None:
        inputs.add_volume(form, optional=True)
        inputs.add_model(form)
        inputs.add_mask(form, help_text="A mask to combine with the one made here, or to start from.")
        inputs.add_mask(form, "mask2", "One more mask to combine.")

    def createOutputStep(self) -> None:
        """Register the mask."""
        self._register_map("mask", "outputMask", mask=True)
