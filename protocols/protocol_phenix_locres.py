"""Local resolution by the correlation in balls, as Phenix."""
from .base import CryoqaProtocol


class CryoqaProtPhenixLocres(CryoqaProtocol):
    """Local resolution of a map from its half-maps by their correlation in balls, in bins of frequency, as Phenix's local_resolution.

    Takes one volume with its half-maps or two volumes, and an optional mask; without one, a mask is made from the half-maps. Gives
    the resolution of every voxel in Å as a volume, smoothed.
    """

    _label = "local resolution (Phenix)"
    _capability = "phenix_locres"
    _shown = ("median", "p5", "p95", "inverted_fraction", "coefficients", "overall", "radius", "smooth", "rules")
