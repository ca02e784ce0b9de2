"""An entry for EMDB in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtDeposit(CryoqaProtocol):
    """Make the files of an EMDB entry from a map and its half-maps, and list what would be sent back, with what to do about it."""

    _label = "prepare an EMDB entry"
    _capability = "deposit"
    _help = {"primary_map": "The map to deposit, for example after sharpening. Its half-maps are asked for below."}
    _shown = ("ready", "sent_back_count", "resolution", "contour", "primary_box", "bfactor")
