"""Resolution by direction."""
from __future__ import annotations

from typing import Any, Dict

from pwem.objects import SetOfFSCs

from . import inputs
from .base import CryoqaProtocol

_SHOWN = ("resolution_ratio", "fitted_best", "fitted_worst", "regional_ratio", "regional_scatter", "resolution_x", "resolution_y",
          "resolution_z", "resolution_median", "fso_09", "fso_05", "fso_01", "bingham_p", "area_ratio", "sphericity", "u_range")


class CryoqaProtDirectionalFsc(CryoqaProtocol):
    """Is the resolution the same in all directions? Directional FSC, Fourier shell occupancy, 3DFSC and anisotropy of the signal.

    Takes one volume with its half-maps or two volumes, and an optional mask. Gives the curves as a set of FSCs; the 3DFSC is a volume
    of reciprocal space and stays in the folder of the run.
    """

    _label = "directional fsc"
    _capability = "directional_fsc"
    _possibleOutputs = {"outputFSCs": SetOfFSCs}

    def _defineInputs(self, form: Any) -> None:
        inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES))
        inputs.add_volume(form, condition="halves == 0")
        inputs.add_mask(form)

    def _files(self) -> inputs.Files:
        files = super()._files()
        for part in files:
            part.pop("full_map", None)
        return files

    @staticmethod
    def _worth_showing(name: str, entry: Dict[str, Any]) -> bool:
        return name in _SHOWN and entry["value"] is not None

    def createOutputStep(self) -> None:
        """Register the curves."""
        self._register_curves()
