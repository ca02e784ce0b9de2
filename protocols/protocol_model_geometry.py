"""The geometry of a model in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtModelGeometry(CryoqaProtocol):
    """What is unusual or impossible in an atomic structure: clashes, twisted and cis peptides, wrong hand, bonds, chain breaks,
    atoms that are there twice.

    Takes an atomic structure and nothing else.
    """

    _label = "model geometry"
    _capability = "model_geometry"
