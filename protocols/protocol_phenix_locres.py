"""Local resolution by the correlation in balls, as Phenix."""
from __future__ import annotations

from pwem.objects import Volume, VolumeMask

from .base import HalfMapProtocol

_SHOWN = ("median", "p5", "p95", "inverted_fraction", "coefficients", "overall", "radius", "smooth", "rules")


class CryoqaProtPhenixLocres(HalfMapProtocol):
    """Local resolution of a map from its half-maps by their correlation in balls, in bins of frequency, as Phenix's local_resolution.

    Takes one volume with its half-maps or two volumes, and an optional mask; without one, a mask is made from the half-maps. Gives
    the resolution of every voxel in Å as a volume, smoothed.
    """

    _label = "local resolution (Phenix)"
    _capability = "phenix_locres"
    _shown = _SHOWN
    _possibleOutputs = {"outputResolution": Volume, "outputMask": VolumeMask}

    def createOutputStep(self) -> None:
        """Register the map of resolutions, and the mask when it was made here."""
        self._register_map("resolution_map", "outputResolution", halves=False)
        self._register_map("mask_used", "outputMask", mask=True)
