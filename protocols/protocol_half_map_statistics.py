"""Half-map statistics."""
from .base import CryoqaProtocol


class CryoqaProtHalfMapStatistics(CryoqaProtocol):
    """What two half-maps say beyond the FSC: which shells are more than noise, phase residual, signal-to-noise ratio, information,
    detail by direction.

    Takes one volume with its half-maps or two volumes, and an optional mask. Gives the curves as a set of FSCs and, when it is asked
    for, the local correlation of the half-maps as a volume.
    """

    _label = "half-map statistics"
    _capability = "half_map_statistics"
    _shown = ("resolution_fdr", "resolution_fdr_unmasked", "resolution_dpr_45", "resolution_ssnr_1", "information", "bfactor", "d99",
              "d99_best", "d99_worst", "local_correlation_median")
