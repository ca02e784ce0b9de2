"""Density modification."""
from .base import CryoqaProtocol


class CryoqaProtDensityModify(CryoqaProtocol):
    """Density modification of a map by its half-maps, with a verdict: did the map improve, and how fine is it now?

    Takes a volume with its half-maps or two volumes, and where there are any a mask, a sequence and a model. Gives the modified volume to
    look at and to build into, the initial volume with the same amplitudes, the local resolution, and of a model how steady its residues
    are. The resolution after is a prediction; the modified half-maps depend on each other and are not for an FSC.
    """

    _label = "density modification"
    _capability = "density_modify"
    _shown = ("verdict", "gain", "gain_error", "resolution_before", "resolution_after")
