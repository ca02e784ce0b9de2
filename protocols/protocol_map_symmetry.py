"""The symmetry of a map in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtMapSymmetry(CryoqaProtocol):
    """The symmetry of a map, found without a guess: which group is exact, which is approximate, was it imposed, where do copies differ;
    and of a filament the helix with its rise and twist.

    Takes one volume with its half-maps, two volumes, or a volume without half-maps, and a mask; without one, a mask is made from the
    map. Half-map 1 is compared with the turned half-map 2. Outputs are the mask of one copy, the number of the copy at each voxel and where
    copies differ; when asked for, the volume averaged over the copies, with its half-maps. The name of the symmetry for other protocols is
    in the summary where the axes lie as Scipion expects; the operators are in the folder of the run.
    """

    _label = "map symmetry"
    _capability = "map_symmetry"
    _shown = ("point_group", "relative", "holds_to", "approximate_group", "approximate_kind", "imposed", "helix", "rise", "twist",
              "scipion_name", "differs")
