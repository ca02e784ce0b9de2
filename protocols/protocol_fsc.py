"""Fourier shell correlation."""
from __future__ import annotations

from typing import Any, Dict

from pwem.objects import SetOfFSCs, Volume

from . import inputs
from .base import CryoqaProtocol

_SHOWN = ("resolution", "resolution_worse", "resolution_better", "resolution_relion", "resolution_unmasked_0143",
          "resolution_unmasked_05", "resolution_masked_0143", "resolution_masked_05", "resolution_corrected_0143",
          "resolution_corrected_05", "bfactor", "mask_fraction", "tail_fsc")


class CryoqaProtFsc(CryoqaProtocol):
    """Resolution from two half-maps: FSC without a mask, in a mask, and corrected for the mask by randomised phases.

    Takes one volume with its half-maps or two volumes, and an optional mask. Gives the curves as a set of FSCs, and the mean of
    the half-maps weighted by the FSC and sharpened by the B-factor of the Guinier plot.
    """

    _label = "fsc and post-processing"
    _capability = "fsc"
    _possibleOutputs = {"outputFSCs": SetOfFSCs, "outputVolume": Volume}

    def _defineInputs(self, form: Any) -> None:
        inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES))
        inputs.add_volume(form, condition="halves == 0")
        inputs.add_mask(form)

    def _files(self) -> inputs.Files:
        files = super()._files()
        for part in files:
            part.pop("full_map", None)
        return files

    @staticmethod
    def _worth_showing(name: str, entry: Dict[str, Any]) -> bool:
        return name in _SHOWN and entry["value"] is not None

    def createOutputStep(self) -> None:
        """Register the curves and the sharpened map."""
        self._register_curves()
        self._register_map("sharpened", "outputVolume")
