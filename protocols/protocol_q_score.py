"""Q-scores in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtQScore(CryoqaProtocol):
    """How well atoms, residues and ligands of an atomic structure are resolved in a map (Q-score), beside what is expected at its
    resolution and beside archive entries.

    Takes a volume and an atomic structure; two half-maps may stand for the volume, and those of a volume give its resolution. The scores
    are attributes of the atomic structure that it puts out.
    """

    _label = "Q-score"
    _capability = "q_score"
