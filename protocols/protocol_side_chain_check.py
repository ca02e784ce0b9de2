"""The side chains of a map against the sequence of a model in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtSideChainCheck(CryoqaProtocol):
    """Whether the map shows the sequence that is built: every residue against side chains of all types, stretches that are out of
    register, chains with the sequence of another molecule, and purines against pyrimidines.

    Takes a volume and an atomic structure; two half-maps may stand for the volume, and those of a volume give its resolution. The side
    chains of the structure take no part in the scores.
    """

    _label = "side-chain check"
    _capability = "side_chain_check"
