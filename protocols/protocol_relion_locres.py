"""Local resolution by the FSC of soft spheres, as RELION."""
from __future__ import annotations

from pwem.objects import Volume, VolumeMask

from .base import HalfMapProtocol

_SHOWN = ("median", "p5", "p95", "unresolved_fraction", "random_fsc", "spheres", "radius", "edge", "shells")


class CryoqaProtRelionLocres(HalfMapProtocol):
    """Local resolution of a map from its half-maps by the corrected FSC of soft spheres, as RELION's --locres does it.

    Takes one volume with its half-maps or two volumes, and an optional mask; without one, a mask is made from the half-maps. Gives
    the resolution of every voxel in Å as a volume, and the mean of the half-maps, filtered in each sphere by its own FSC.
    """

    _label = "local resolution (RELION)"
    _capability = "relion_locres"
    _shown = _SHOWN
    _possibleOutputs = {"outputResolution": Volume, "outputFiltered": Volume, "outputMask": VolumeMask}

    def createOutputStep(self) -> None:
        """Register the map of resolutions, the filtered map, and the mask when it was made here."""
        self._register_map("resolution_map", "outputResolution", halves=False)
        self._register_map("filtered", "outputFiltered", halves=False)
        self._register_map("mask_used", "outputMask", mask=True)
