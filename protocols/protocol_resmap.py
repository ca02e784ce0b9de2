"""ResMap."""
from __future__ import annotations

from typing import Any, Dict

from pwem.objects import Volume

from . import inputs
from .base import CryoqaProtocol

_SHOWN = ("median", "p5", "p95", "assigned_fraction", "finest_fraction", "mask_source", "noise_source")


class CryoqaProtResmap(CryoqaProtocol):
    """Local resolution of a map by a test for a local sinusoid (ResMap): from its half-maps, or from the map alone and
    its solvent.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Gives the resolution of every voxel in Å as a volume, to colour the map with.
    """

    _label = "local resolution (resmap)"
    _capability = "resmap"
    _possibleOutputs = {"outputResolution": Volume}

    def _defineInputs(self, form: Any) -> None:
        inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES, inputs.NONE))
        inputs.add_volume(form, optional=True)
        inputs.add_mask(form)

    @staticmethod
    def _worth_showing(name: str, entry: Dict[str, Any]) -> bool:
        return name in _SHOWN and entry["value"] is not None

    def createOutputStep(self) -> None:
        """Register the map of resolutions."""
        self._register_map("resolution_map", "outputResolution")
