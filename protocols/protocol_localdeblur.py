"""LocalDeblur."""
from .base import CryoqaProtocol


class CryoqaProtLocaldeblur(CryoqaProtocol):
    """Sharpen a map by its local resolution (LocalDeblur), and its half-maps alike.

    Takes a volume, with or without half-maps, or two half-maps alone, and the local resolution in Å as a volume of any program. What has no
    local resolution stays as it is.
    """

    _label = "localdeblur"
    _capability = "localdeblur"
    _shown = ("resolution_finest", "resolution_coarsest", "steps", "rounds_done", "bfactor_before", "bfactor_after")
