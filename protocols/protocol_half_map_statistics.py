"""Half-map statistics."""
from __future__ import annotations

from typing import Any, Dict

from pwem.objects import SetOfFSCs, Volume

from . import inputs
from .base import CryoqaProtocol

_SHOWN = ("resolution_fdr", "resolution_fdr_unmasked", "resolution_dpr_45", "resolution_ssnr_1", "information", "bfactor", "d99",
          "d99_best", "d99_worst", "local_correlation_median")


class CryoqaProtHalfMapStatistics(CryoqaProtocol):
    """What two half-maps say beyond the FSC: which shells are more than noise, phase residual, signal-to-noise ratio, information,
    detail by direction.

    Takes one volume with its half-maps or two volumes, and an optional mask. Gives the curves as a set of FSCs and, when it is asked
    for, the local correlation of the half-maps as a volume.
    """

    _label = "half-map statistics"
    _capability = "half_map_statistics"
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
        """Register the curves and the local correlation map."""
        self._register_curves()
        self._register_map("local_correlation", "outputVolume")
