"""Local resolution of a single map."""
from .base import CryoqaProtocol


class CryoqaProtMapResolution(CryoqaProtocol):
    """Local resolution of a map without its half-maps: its power around every voxel against the noise of the solvent.

    Takes one volume and an optional mask; without one, a mask is made from the map. A map whose solvent was masked off needs its
    resolution too, and the answer is then a relative one. Gives the resolution of every voxel in Å as a volume, to colour the map with.
    """

    _label = "local resolution (single map)"
    _capability = "map_resolution"
    _shown = ("median", "p5", "p95", "overall", "noise_source", "finer_percent", "standard_error", "unresolved_fraction",
              "nyquist_fraction")
