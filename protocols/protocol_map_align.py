"""One map brought onto another."""
from .base import CryoqaProtocol


class CryoqaProtMapAlign(CryoqaProtocol):
    """Bring a map onto another one that may lie anywhere, in any box, by a free search; half-maps, mask and model move with it.

    With a symmetry in place of a target its axes are brought along those of the box, through its centre.

    The new volume lies on the grid of the target and carries the new half-maps. All placements that fit as well are listed, such as
    those on the copies of a symmetric target. Where no placement is better than chance there is no volume, and the summary says so.
    """

    _label = "align map onto map"
    _capability = "map_align"
    _shown = ("aligned", "point_group", "rotation_angle", "shift", "n_placements", "mirror_fits", "correlation", "shared_to", "cut_off")
    _help = {"target_map": "The map that stays; it may have another box, voxel size and origin.",
             "model": "A model of the map, which is moved with it."}
