"""Boxes of a map, with all that belongs to it."""
from .base import CryoqaProtocol


class CryoqaProtMapBox(CryoqaProtocol):
    """Cut a box out of a map, pad, resample, mirror or invert it, with all that belongs to it.

    The half-maps that the volume carries, masks, the local resolution and a model are carried along; the new volume carries the new
    half-maps. The place is kept unless it is asked to move, so that models still fit. To put a box back, give the whole map as target.
    """

    _label = "map box"
    _capability = "map_box"
    _shown = ("around", "box", "voxel_size", "origin", "moved_by", "cut_off", "cut_off_of", "flipped", "inverted")
    _help = {"mask": "A mask to put the box around, or to carry along.", "model": "A model to put the box around, or to carry along.",
             "target_map": "A map whose box or grid is taken."}
