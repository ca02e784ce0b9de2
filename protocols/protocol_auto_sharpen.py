"""B-factor sharpening."""
from .base import CryoqaProtocol


class CryoqaProtAutoSharpen(CryoqaProtocol):
    """Sharpen a map by a B-factor: the usual one at its resolution, a given one, or the one that makes it clearest.

    Takes a volume, with or without half-maps, or two half-maps alone. The half-maps, or the solvent, weight the frequencies. A model or a
    reference map can be the target instead. The half-maps of the output are sharpened like the map.
    """

    _label = "auto sharpen"
    _capability = "auto_sharpen"
    _shown = ("method", "resolution", "b_iso_before", "b_iso_after", "bfactor", "adjusted_before", "adjusted_after", "u_range")
