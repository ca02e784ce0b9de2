"""Agreement of map and model along the chains in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtSmoc(CryoqaProtocol):
    """How well map and model agree in windows of residues along the chains: SMOC, SMOCd, and the correlation in their place.

    Takes a volume and an atomic structure; two half-maps may stand for the volume, and those of a volume give its resolution.
    """

    _label = "agreement along chains (SMOC)"
    _capability = "smoc"
