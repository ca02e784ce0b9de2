"""Fourier shell correlation."""
from __future__ import annotations

from pwem.objects import SetOfFSCs, Volume

from .base import HalfMapProtocol

_SHOWN = ("resolution", "resolution_worse", "resolution_better", "resolution_relion", "resolution_unmasked_0143",
          "resolution_unmasked_05", "resolution_masked_0143", "resolution_masked_05", "resolution_corrected_0143",
          "resolution_corrected_05", "bfactor", "mask_fraction", "tail_fsc")


class CryoqaProtFsc(HalfMapProtocol):
    """Resolution from two half-maps: FSC without a mask, in a mask, and corrected for the mask by randomised phases.

    Takes one volume with its half-maps or two volumes, and an optional mask. Gives the curves as a set of FSCs, and the mean of
    the half-maps weighted by the FSC and sharpened by the B-factor of the Guinier plot.
    """

    _label = "fsc and post-processing"
    _capability = "fsc"
    _shown = _SHOWN
    _possibleOutputs = {"outputFSCs": SetOfFSCs, "outputVolume": Volume}

    def createOutputStep(self) -> None:
        """Register the curves and the sharpened map."""
        self._register_curves()
        self._register_map("sharpened", "outputVolume")
