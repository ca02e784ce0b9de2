"""The hand of a map in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtHand(CryoqaProtocol):
    """Whether a map is the molecule or its mirror image, by the windings of its alpha helices.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Says right, wrong or, where there are too few helices or too little detail, undetermined. When asked for, the mirror image of the
    volume is an output, with the mirror images of its half-maps.
    """

    _label = "hand of the map (hand)"
    _capability = "hand"
    _shown = ("hand", "wrong_probability", "z_score", "top_fraction", "n_helices", "n_pieces", "resolution_used", "mask_source")
