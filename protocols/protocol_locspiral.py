"""LocSpiral and LocBSharpen."""
from .base import CryoqaProtocol


class CryoqaProtLocspiral(CryoqaProtocol):
    """Bring every band of a map to the same amplitude everywhere, as far as it is above the noise (LocSpiral, LocBSharpen).

    Takes a volume, with or without half-maps, or two half-maps alone, and a mask; without one, a mask is made from the map. The solvent
    must not be masked off: the noise is measured in it.
    """

    _label = "locspiral"
    _capability = "locspiral"
    _shown = ("lowest_used", "resolution", "n_bands", "fraction_above", "bfactor_before", "bfactor_after", "mask_source")
