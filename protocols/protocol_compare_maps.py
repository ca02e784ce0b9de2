"""The scoreboard of maps in Scipion."""
from __future__ import annotations

from pwem.objects import Volume

from .base import CryoqaProtocol
from .inputs import volumes_of


class CryoqaProtCompareMaps(CryoqaProtocol):
    """Compare maps of the same data, sharpened or filtered in different ways, and say which is the better one.

    With the half-maps of the data each map is judged by what independent data say, with a model by its density. The volume of the
    refinement takes part when it is given. The output is the best of the maps with the spectrum in which they were compared.
    """

    _label = "compare maps"
    _capability = "compare_maps"
    _shown = ("best", "judged_by", "best_score", "margin", "resolution")

    def _grid_object(self) -> Volume:
        return volumes_of(self.inputOthers)[0]
