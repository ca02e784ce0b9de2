"""Create a mask."""
from .base import CryoqaProtocol


class CryoqaProtMask(CryoqaProtocol):
    """Make a soft mask: from a map as RELION, cryoSPARC or Phenix do, around an atomic structure, or from other masks.

    With half-maps, 'confident' takes what is more than their noise and needs no threshold. The others choose theirs from the data when
    it is left empty. Look at the mask over the map ("Analyze results") before you trust a number computed in it.
    """

    _label = "create mask"
    _capability = "mask"
    _help = {"mask": "A mask to combine with the one made here, or to start from.", "mask2": "One more mask to combine."}
