"""Local-directional resolution."""
from __future__ import annotations

from pwem.objects import Volume

from .base import MapOrHalvesProtocol

_SHOWN = ("highest_median", "lowest_median", "radial_median", "tangential_median", "tangential_over_radial", "doa_median", "scatter",
          "regional_ratio", "preference", "preferred")
_MAPS = {"highest": "outputHighest", "lowest": "outputLowest", "doa": "outputDoa", "radial": "outputRadial",
         "tangential": "outputTangential"}


class CryoqaProtMonodir(MapOrHalvesProtocol):
    """Resolution of a map by place and direction: the best and the worst direction of every voxel, along and across the radius.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Gives volumes of the highest, lowest, radial and tangential resolution, and of their range over the directions, in Å.
    """

    _label = "local resolution by direction"
    _capability = "monodir"
    _shown = _SHOWN
    _possibleOutputs = {name: Volume for name in _MAPS.values()}

    def createOutputStep(self) -> None:
        """Register the maps of resolutions."""
        for name, output in _MAPS.items():
            self._register_map(name, output, halves=False)
