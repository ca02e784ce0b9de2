"""Denoising without training."""
from .base import CryoqaProtocol


class CryoqaProtDenoise(CryoqaProtocol):
    """Denoise a map by its half-maps, without a network and without training.

    Takes a volume with its half-maps or two volumes, and an optional mask. Gives the denoised volume to look at and to build into, what was
    taken away, and where noise prevails. The denoised volumes are not for an FSC and not for refinement.
    """

    _label = "denoising"
    _capability = "denoise"
    _shown = ("method", "resolution", "removed_share", "noise_share", "halves_state")
