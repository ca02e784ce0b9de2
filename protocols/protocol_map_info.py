"""Map information."""
from .base import CryoqaProtocol


class CryoqaProtMapInfo(CryoqaProtocol):
    """What is in a map, and what was done to it: statistics, cell, origin, edges, masked or filtered, contrast, half-maps.

    Run it first on any map that comes from somewhere else. The numbers stand in the summary, the pictures and curves in the
    report ("Analyze results").
    """

    _label = "map information"
    _capability = "map_info"
