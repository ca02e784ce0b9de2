"""The local B-factor."""
from .base import CryoqaProtocol


class CryoqaProtLocbfactor(CryoqaProtocol):
    """How fast a map falls off with resolution at each place, as a B-factor (LocBFactor): from its half-maps, or from the map alone.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Gives a volume in Å², to colour the map with.
    """

    _label = "local B-factor (locbfactor)"
    _capability = "locbfactor"
    _shown = ("median", "p5", "p95", "spread", "bfactor_map", "median_error", "resolution", "noise_source",
              "mask_source")
