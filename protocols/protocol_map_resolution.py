"""Local resolution of a single map."""
from __future__ import annotations

from typing import Any

from pwem.objects import Volume, VolumeMask

from . import inputs
from .base import CryoqaProtocol

_SHOWN = ("median", "p5", "p95", "overall", "noise_source", "finer_percent", "standard_error", "unresolved_fraction", "nyquist_fraction")


class CryoqaProtMapResolution(CryoqaProtocol):
    """Local resolution of a map without its half-maps: its power around every voxel against the noise of the solvent.

    Takes one volume and an optional mask; without one, a mask is made from the map. A map whose solvent was masked off needs its
    resolution too, and the answer is then a relative one. Gives the resolution of every voxel in Å as a volume, to colour the map with.
    """

    _label = "local resolution (single map)"
    _capability = "map_resolution"
    _shown = _SHOWN
    _possibleOutputs = {"outputResolution": Volume, "outputMask": VolumeMask}

    def _defineInputs(self, form: Any) -> None:
        inputs.add_volume(form)
        inputs.add_mask(form)

    def createOutputStep(self) -> None:
        """Register the map of resolutions, and the mask when it was made here."""
        self._register_map("resolution_map", "outputResolution", halves=False)
        self._register_map("mask_used", "outputMask", mask=True)
