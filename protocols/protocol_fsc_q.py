"""Support of each atom by the half-maps in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtFscQ(CryoqaProtocol):
    """Whether each atom of a structure agrees with the map as well as the half-maps agree with each other: the local correlation of map and
    model less the one that the right model would have, and FSC-Q.

    Takes an atomic structure and the half-maps of a volume.
    """

    _label = "support of atoms (FSC-Q)"
    _capability = "fsc_q"
