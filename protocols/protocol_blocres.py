"""Local resolution by the FSC of boxes."""
from .base import CryoqaProtocol


class CryoqaProtBlocres(CryoqaProtocol):
    """Local resolution of a map from its half-maps by the FSC of tapered boxes cut out around points of a mask, as blocres does.

    Takes one volume with its half-maps or two volumes, and an optional mask; without one, a mask is made from the half-maps. Gives
    the resolution of every voxel in Å as a volume. The rules of Bsoft can be chosen, to compare with its maps.
    """

    _label = "local resolution (blocres)"
    _capability = "blocres"
    _shown = ("median", "p5", "p95", "unresolved_fraction", "several_fraction", "box_edge", "spacing", "boxes", "rules")
