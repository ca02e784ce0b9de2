"""Local-directional resolution."""
from .base import CryoqaProtocol


class CryoqaProtMonodir(CryoqaProtocol):
    """Resolution of a map by place and direction: the best and the worst direction of every voxel, along and across the radius.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Gives volumes of the highest, lowest, radial and tangential resolution, and of their range over the directions, in Å.
    """

    _label = "local resolution by direction"
    _capability = "monodir"
    _shown = ("highest_median", "lowest_median", "radial_median", "tangential_median", "tangential_over_radial", "doa_median", "scatter",
              "regional_ratio", "preference", "preferred")
