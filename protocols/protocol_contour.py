"""A map at its contour level in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtContour(CryoqaProtocol):
    """Mass, centring, connected components and background of a map at a contour level, and the mask made at that level.

    The level is suggested from the map when it is left empty. With half-maps it says how much of the density is noise.
    """

    _label = "contour level"
    _capability = "contour"
    _shown = ("contour", "contour_confident", "mass", "decentring", "space_min", "components_95", "mask_overlap", "outlier_ratio_robust")
