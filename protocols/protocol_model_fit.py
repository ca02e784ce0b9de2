"""A map against a model in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtModelFit(CryoqaProtocol):
    """How well an atomic structure explains a map: correlations as by Phenix, of the whole, of chains and of residues; atom inclusion as
    at EMDB; Guinier plots.

    Takes a volume and an atomic structure; two half-maps may stand for the volume, and those of a volume give its resolution.
    """

    _label = "map against model"
    _capability = "model_fit"
