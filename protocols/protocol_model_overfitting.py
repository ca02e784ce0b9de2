"""Whether a model is fitted to noise, in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtModelOverfitting(CryoqaProtocol):
    """Whether an atomic structure is fitted to the noise of a half-map: its FSC with both half-maps, and the gap between them with
    its error.

    Takes the half-maps of a volume and an atomic structure.
    """

    _label = "overfitting of a model"
    _capability = "model_overfitting"
