"""A map at its contour level in Scipion."""
from __future__ import annotations

from typing import Any

from pwem.objects import VolumeMask

from . import inputs
from .base import CryoqaProtocol


class CryoqaProtContour(CryoqaProtocol):
    """Mass, centring, connected components and background of a map at a contour level, and the mask made at that level.

    The level is suggested from the map when it is left empty.
    """

    _label = "contour level"
    _capability = "contour"
    _possibleOutputs = {"outputMask": VolumeMask}
    _shown = ("contour", "mass", "decentring", "space_min", "components_95", "mask_overlap", "outlier_ratio_robust")

    def _defineInputs(self, form: Any) -> None:
        inputs.add_volume(form)

    def createOutputStep(self) -> None:
        """Register the soft mask."""
        self._register_map("soft_mask", "outputMask", mask=True)
