"""The audit of a processed map in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtAudit(CryoqaProtocol):
    """Find what of a processed map (deepEMhancer, EMReady, LocScale and the like) its half-maps support, what was added and what lost."""

    _label = "audit a processed map"
    _capability = "audit"
    _shown = ("supported_share", "unsupported_power", "power_beyond", "noise_share", "data_to", "unsupported_count", "lost_count")
