"""Stability of the residues of a structure in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtModelStability(CryoqaProtocol):
    """How steady each residue of a structure is: shaken, and moved into each half-map four times, does it come back to one place, and is
    that where it was given?

    Takes an atomic structure and the half-maps of a volume.
    """

    _label = "stability of residues"
    _capability = "model_stability"
