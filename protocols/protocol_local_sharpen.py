"""Local sharpening."""
from .base import CryoqaProtocol


class CryoqaProtLocalSharpen(CryoqaProtocol):
    """Sharpen a map and its half-maps differently from place to place, by what the half-maps say of signal and noise there.

    Takes a volume with its half-maps or two volumes, and an optional mask. Gives the sharpened volume with its half-maps, and the
    local resolution. For a volume without half-maps take the B-factor sharpening.
    """

    _label = "local sharpening"
    _capability = "local_sharpen"
    _shown = ("resolution", "fall_off", "fall_off_p5", "fall_off_median", "fall_off_p95", "bfactor_left", "median", "anisotropy_removed",
              "window")
