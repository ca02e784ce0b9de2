"""Denoising by a network that learns from the two half-maps."""
from __future__ import annotations

from typing import Any, Dict

from .base import CryoqaProtocol


class CryoqaProtNoise2noise(CryoqaProtocol):
    """Denoise a map by a small network that is trained on its two half-maps, put together with their conditional means.

    Takes a volume with its half-maps or two volumes, and an optional mask. Gives the denoised volume to look at and to build into, what was
    taken away, where noise prevails, and how much of it the half-maps support. Needs PyTorch; without a graphics card it takes minutes.
    The denoised volumes are not for an FSC and not for refinement.
    """

    _label = "denoising by a network"
    _capability = "noise2noise"
    _shown = ("resolution", "steps_made", "foretold", "weight_of_network", "removed_share", "noise_share", "supported_share",
              "halves_state")

    def _values(self) -> Dict[str, Any]:
        """What the user filled in; on the processor where the form asks for no graphics card."""
        values = super()._values()
        return values if self.usesGpu() else dict(values, device="cpu")

    def _compute(self, folder: str, *given: Any) -> Dict[str, Any]:
        """The document of the files of one volume; PyTorch sees the graphics cards of the form only."""
        if self.usesGpu() and self._stepsExecutor.getGpuList():
            self._stepsExecutor.setCudaVisibleDevices()
        return super()._compute(folder, *given)
