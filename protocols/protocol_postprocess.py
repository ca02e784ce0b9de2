"""Post-processing in Scipion."""
from __future__ import annotations

from typing import Any

from pwem.objects import SetOfFSCs, Volume
from pyworkflow.protocol.params import PointerParam

from .base import SharpeningProtocol


class CryoqaProtPostprocess(SharpeningProtocol):
    """Weight, sharpen and filter a map by what its half-maps say, as RELION's and cryoSPARC's post-processing do.

    The output is the sharpened volume with the half-maps sharpened alike, the FSC curves, and when a local filter was asked for the
    locally filtered volume and the local resolution.
    """

    _label = "postprocess"
    _capability = "postprocess"
    _needs_halves = True
    _possibleOutputs = {"outputVolume": Volume, "outputLocal": Volume, "outputResolution": Volume, "outputFSCs": SetOfFSCs}
    _shown = ("resolution", "bfactor", "bfactor_error", "low_pass", "local_resolution_median")

    def _defineInputs(self, form: Any) -> None:
        super()._defineInputs(form)
        form.addParam("inputResolution", PointerParam, pointerClass="Volume", label="Local resolution", allowsNull=True,
                      help="Local resolution in Å at every voxel, from any program, for the local filter; computed when it is not given.")

    def createOutputStep(self) -> None:
        """Register the sharpened and the locally filtered map, each with its half-maps, the local resolution and the curves."""
        super().createOutputStep()
        self._register_map("locally_filtered", "outputLocal", halves=False,
                           own_halves=("locally_filtered_half1", "locally_filtered_half2"))
        self._register_map("resolution_map", "outputResolution", halves=False)
        self._register_curves()
