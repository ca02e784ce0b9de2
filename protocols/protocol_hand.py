"""The hand of a map in Scipion."""
from __future__ import annotations

from pwem.objects import Volume

from .base import MapOrHalvesProtocol

_SHOWN = ("hand", "wrong_probability", "z_score", "top_fraction", "n_helices", "n_pieces", "resolution_used", "mask_source")


class CryoqaProtHand(MapOrHalvesProtocol):
    """Whether a map is the molecule or its mirror image, told by the windings of its alpha helices.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Says right, wrong or, where there are too few helices or too little detail, undetermined. When asked for, the mirror image of the
    volume is an output, with the mirror images of its half-maps.
    """

    _label = "hand of the map (hand)"
    _capability = "hand"
    _shown = _SHOWN
    _possibleOutputs = {"outputVolume": Volume}

    def createOutputStep(self) -> None:
        """Register the mirror image, when there is one."""
        self._register_map("mirrored", "outputVolume", halves=False, own_halves=("mirrored_half1", "mirrored_half2"))
