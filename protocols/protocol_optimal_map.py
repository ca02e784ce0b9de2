"""The optimal map in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtOptimalMap(CryoqaProtocol):
    """Weight the shells of a map by their signal, and with a model make the difference map that shows what the model lacks."""

    _label = "optimal map"
    _capability = "optimal_map"
    _shown = ("resolution", "ends_at", "fsc_average", "fsc_average_model", "peaks_positive", "peaks_negative", "highest_peak")
