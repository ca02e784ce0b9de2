"""Resolution by direction."""
from .base import CryoqaProtocol


class CryoqaProtDirectionalFsc(CryoqaProtocol):
    """Is the resolution the same in all directions? Directional FSC, Fourier shell occupancy, 3DFSC and anisotropy of the signal.

    Takes one volume with its half-maps or two volumes, and an optional mask. Gives the curves as a set of FSCs; the 3DFSC is a volume
    of reciprocal space and stays in the folder of the run.
    """

    _label = "directional fsc"
    _capability = "directional_fsc"
    _shown = ("resolution_ratio", "fitted_best", "fitted_worst", "regional_ratio", "regional_scatter", "resolution_x", "resolution_y",
              "resolution_z", "resolution_median", "fso_09", "fso_05", "fso_01", "bingham_p", "area_ratio", "sphericity", "u_range")
