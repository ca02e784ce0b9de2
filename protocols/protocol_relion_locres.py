"""Local resolution by the FSC of soft spheres, as RELION."""
from .base import CryoqaProtocol


class CryoqaProtRelionLocres(CryoqaProtocol):
    """Local resolution of a map from its half-maps by the corrected FSC of soft spheres, as RELION's --locres does it.

    Takes one volume with its half-maps or two volumes, and an optional mask; without one, a mask is made from the half-maps. Gives
    the resolution of every voxel in Å as a volume, and the mean of the half-maps, filtered in each sphere by its own FSC.
    """

    _label = "local resolution (RELION)"
    _capability = "relion_locres"
    _shown = ("median", "p5", "p95", "unresolved_fraction", "random_fsc", "spheres", "radius", "edge", "shells")
