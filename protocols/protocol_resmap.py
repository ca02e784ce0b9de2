"""ResMap."""
from .base import CryoqaProtocol


class CryoqaProtResmap(CryoqaProtocol):
    """Local resolution of a map by a test for a local sinusoid (ResMap): from its half-maps, or from the map alone and
    its solvent.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Gives the resolution of every voxel in Å as a volume, to colour the map with.
    """

    _label = "local resolution (resmap)"
    _capability = "resmap"
    _shown = ("median", "p5", "p95", "unresolved_fraction", "nyquist_fraction", "mask_source", "noise_source")
