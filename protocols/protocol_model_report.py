"""What of a model to trust in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtModelReport(CryoqaProtocol):
    """What of an atomic structure to trust, what to check and what to leave out, residue by residue, each with its reason; and the main
    number of every score of map and model on one page.

    Takes a volume and an atomic structure; two half-maps may stand for the volume, and those of a volume show where the map itself can be
    trusted. The places to look at come as a list, as a script for Coot and as one for ChimeraX.
    """

    _label = "report of a model"
    _capability = "model_report"
