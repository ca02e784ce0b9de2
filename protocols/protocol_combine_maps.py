"""The composite of focused maps in Scipion."""
from __future__ import annotations

from typing import Optional

from pwem.objects import Volume

from . import inputs
from .base import CryoqaProtocol
from .inputs import Files, Member


class CryoqaProtCombineMaps(CryoqaProtocol):
    """Combine focused maps of parts of a molecule into one volume, each weighted by what it shows around every place.

    Takes the volumes of focused refinements with their half-maps, their masks and models when there are any, and the volume of the
    consensus refinement, on whose grid the composite lies. Volumes that carry their half-maps need no more. Gives the composite with its
    half-maps, which are not for an FSC, the weights, and where the maps differ because a part has moved.
    """

    _label = "combine focused maps"
    _capability = "combine_maps"
    _shown = ("n_maps", "weighted_by", "resolution", "largest_step", "moved_part", "moved_by", "moved_at", "moved_maps")
    _help = {"full_map": "The volume of the consensus refinement: the composite has its grid, and it fills what no focused map shows.",
             "focused_half1": "Half-maps 1, in the order of the maps. Leave it empty for volumes that carry their half-maps.",
             "focused_half2": "Half-maps 2, in the order of the maps. Leave it empty for volumes that carry their half-maps."}

    def _files(self, member: Optional[Member] = None) -> Files:
        files = super()._files(member)
        if any(name.startswith("focused_half") for name in files.sources):
            return files
        where = member or inputs.members_of(self)[0]
        for i, volume in enumerate(inputs.volumes_of(self.inputFocusedMaps), 1):
            for kind, path in zip(("focused_half1", "focused_half2"), inputs.half_maps(volume)):
                inputs.add_volume(where, files, f"{kind}_{i}", volume, path)
        return files

    def _grid_object(self) -> Volume:
        given = inputs.volumes_of(self.inputFocusedMaps) or inputs.volumes_of(self.inputFocusedHalf1)
        return given[0] if given and not self._two_volumes() else super()._grid_object()
