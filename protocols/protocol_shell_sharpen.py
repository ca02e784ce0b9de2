"""Sharpening in shells."""
from .base import CryoqaProtocol


class CryoqaProtShellSharpen(CryoqaProtocol):
    """Sharpen a map and its half-maps in shells of resolution, towards an ideal spectrum and weighted by the noise.

    Takes a volume with its half-maps, two volumes, or a volume with a model or a reference volume. A fall-off that depends on direction
    is corrected when there is one. For a local-resolution map of the result, run local resolution (fsc) on the same half-maps.
    """

    _label = "shell sharpening"
    _capability = "shell_sharpen"
    _shown = ("resolution", "d_min", "target_bfactor", "bfactor_signal", "bfactor_effective", "anisotropy_corrected", "u_range")
