"""Local low-pass filter."""
from .base import CryoqaProtocol


class CryoqaProtLocalFilter(CryoqaProtocol):
    """Low-pass a map in every voxel at its local resolution, with its half-maps.

    Takes a volume, with or without half-maps, or two half-maps alone, and the local resolution in Å as a volume of any program:
    MonoRes, blocres, ResMap, RELION, cryoSPARC or cryoqa. There are no seams where the resolution changes.
    """

    _label = "local filter"
    _capability = "local_filter"
