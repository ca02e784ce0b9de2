"""Confidence maps in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtConfidence(CryoqaProtocol):
    """Where a map shows more than noise: a map of confidence (1 less the false discovery rate), and a mask of what is sure at 1 %.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, a mask, and a local-resolution map. The noise is that
    of the difference of the half-maps, at every place; without half-maps that of the solvent.
    """

    _label = "confidence map"
    _capability = "confidence"
    _shown = ("threshold_1_percent", "confident_share", "pieces", "largest_share", "noise_source", "noise_unevenness",
              "distribution_used", "weighting_used")
