"""Local resolution."""
from __future__ import annotations

from pwem.objects import Volume, VolumeMask

from .base import HalfMapProtocol

_SHOWN = ("median", "p5", "p95", "median_05", "overall", "standard_error", "significant_fraction", "unresolved_fraction", "window")


class CryoqaProtLocalFsc(HalfMapProtocol):
    """Local resolution of a map from its half-maps: the FSC in a Gaussian window around every voxel of a mask.

    Takes one volume with its half-maps or two volumes, and an optional mask; without one, a mask is made from the half-maps. Gives
    the resolution of every voxel in Å as a volume, to colour the map with.
    """

    _label = "local resolution (fsc)"
    _capability = "local_fsc"
    _shown = _SHOWN
    _possibleOutputs = {"outputResolution": Volume, "outputMask": VolumeMask}

    def createOutputStep(self) -> None:
        """Register the map of resolutions, and the mask when it was made here."""
        self._register_map("resolution_map", "outputResolution", halves=False)
        self._register_map("mask_used", "outputMask", mask=True)
