"""mtriage."""
from .base import CryoqaProtocol


class CryoqaProtMtriage(CryoqaProtocol):
    """What phenix.mtriage gives: detail of the map (d99), agreement of the half-maps (d_FSC), agreement with a model.

    Takes a volume, with or without its half-maps, or two half-maps alone; an optional mask and an optional atomic structure.
    Gives the curves as a set of FSCs and the mask that the masked numbers belong to.
    """

    _label = "mtriage"
    _capability = "mtriage"
