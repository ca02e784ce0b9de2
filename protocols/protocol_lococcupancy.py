"""The local occupancy."""
from .base import CryoqaProtocol


class CryoqaProtLococcupancy(CryoqaProtocol):
    """How much of the molecule is there at each place (LocOccupancy): from the half-maps, or from the map alone.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Gives a volume from 0 to about 1, to colour the map with.
    """

    _label = "local occupancy (lococcupancy)"
    _capability = "lococcupancy"
    _shown = ("median", "p5", "p95", "fraction_low", "resolution", "noise_source", "mask_source")
