"""The local occupancy."""
from __future__ import annotations

from pwem.objects import Volume

from .base import MapOrHalvesProtocol

_SHOWN = ("median_occupancy", "occupancy_p2_5", "occupancy_p97_5", "fraction_low", "resolution", "noise_source", "mask_source")


class CryoqaProtLococcupancy(MapOrHalvesProtocol):
    """How much of the molecule is there at each place (LocOccupancy): from the half-maps, or from the map alone.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Gives a volume from 0 to about 1, to colour the map with.
    """

    _label = "local occupancy (lococcupancy)"
    _capability = "lococcupancy"
    _shown = _SHOWN
    _possibleOutputs = {"outputOccupancy": Volume}

    def createOutputStep(self) -> None:
        """Register the map of occupancies."""
        self._register_map("local_occupancy", "outputOccupancy", halves=False)
