"""The B-factor of a map in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtGuinier(CryoqaProtocol):
    """B-factor of a map by its Guinier plot, alone, against a reference map or against a model.

    With half-maps the B-factor is that of the signal. The map with the B-factor taken away, or with the amplitudes of the reference or
    of the model, is registered when it is asked for, with its half-maps.
    """

    _label = "guinier b-factor"
    _capability = "guinier"
    _shown = ("bfactor", "bfactor_error", "r_squared", "bfactor_model", "bfactor_reference")
