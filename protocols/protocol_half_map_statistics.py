"""Half-map statistics."""
from __future__ import annotations

from pwem.objects import SetOfFSCs, Volume

from .base import HalfMapProtocol

_SHOWN = ("resolution_fdr", "resolution_fdr_unmasked", "resolution_dpr_45", "resolution_ssnr_1", "information", "bfactor", "d99",
          "d99_best", "d99_worst", "local_correlation_median")


class CryoqaProtHalfMapStatistics(HalfMapProtocol):
    """What two half-maps say beyond the FSC: which shells are more than noise, phase residual, signal-to-noise ratio, information,
    detail by direction.

    Takes one volume with its half-maps or two volumes, and an optional mask. Gives the curves as a set of FSCs and, when it is asked
    for, the local correlation of the half-maps as a volume.
    """

    _label = "half-map statistics"
    _capability = "half_map_statistics"
    _shown = _SHOWN
    _possibleOutputs = {"outputFSCs": SetOfFSCs, "outputVolume": Volume}

    def createOutputStep(self) -> None:
        """Register the curves and the local correlation map."""
        self._register_curves()
        self._register_map("local_correlation", "outputVolume")
