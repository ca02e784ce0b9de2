"""EMRinger in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtEmringer(CryoqaProtocol):
    """EMRinger: whether the side chains of an atomic structure stand where the density around them says, as one score and for each residue.

    Takes a volume and an atomic structure; two half-maps may stand for the volume, and those of a volume give its resolution.
    """

    _label = "side chains (EMRinger)"
    _capability = "emringer"
