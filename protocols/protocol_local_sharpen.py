"""Local sharpening."""
from __future__ import annotations

from pwem.objects import Volume

from .base import SharpeningProtocol

_SHOWN = ("resolution", "fall_off", "fall_off_p5", "fall_off_median", "fall_off_p95", "bfactor_left", "median",
          "anisotropy_removed", "window")


class CryoqaProtLocalSharpen(SharpeningProtocol):
    """Sharpen a map and its half-maps differently from place to place, by what the half-maps say of signal and noise there.

    Takes a volume with its half-maps or two volumes, and an optional mask. Gives the sharpened volume with its half-maps, and the
    local resolution. For a volume without half-maps take the B-factor sharpening.
    """

    _label = "local sharpening"
    _capability = "local_sharpen"
    _needs_halves = True
    _shown = _SHOWN
    _possibleOutputs = {"outputVolume": Volume, "outputResolution": Volume}

    def createOutputStep(self) -> None:
        """Register the sharpened map with its half-maps, and the map of resolutions."""
        super().createOutputStep()
        self._register_map("resolution_map", "outputResolution", halves=False)
