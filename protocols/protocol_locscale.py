"""LocScale in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtLocscale(CryoqaProtocol):
    """Scale the local amplitudes of a map to those of a model, of pseudo-atoms or of an average spectrum (LocScale)."""

    _label = "locscale"
    _capability = "locscale"
    _shown = ("reference_used", "bfactor_removed", "bfactor_removed_p5", "bfactor_removed_p95", "missing_fraction")
