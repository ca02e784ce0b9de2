"""Local resolution."""
from .base import CryoqaProtocol


class CryoqaProtLocalFsc(CryoqaProtocol):
    """Local resolution of a map from its half-maps: the FSC in a Gaussian window around every voxel of a mask.

    Takes one volume with its half-maps or two volumes, and an optional mask; without one, a mask is made from the half-maps. Gives
    the resolution of every voxel in Å as a volume, to colour the map with.
    """

    _label = "local resolution (fsc)"
    _capability = "local_fsc"
    _shown = ("median", "p5", "p95", "median_05", "overall", "standard_error", "significant_fraction", "unresolved_fraction", "window")
