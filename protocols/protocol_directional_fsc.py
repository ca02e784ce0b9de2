"""Resolution by direction."""
from .base import CryoqaProtocol


class CryoqaProtDirectionalFsc(CryoqaProtocol):
    """Is the resolution the same in all directions? Directional FSC, Fourier shell occupancy, 3DFSC and anisotropy of the signal.

    Takes one volume with its half-maps or two volumes, and an optional mask. Gives the curves as a set of FSCs; the 3DFSC is a volume
    of reciprocal space and stays in the folder of the run.
    """

    _label = "directional fsc"
    _capability = "directional_fsc"
    _shown = ("isotropic", "empty_fraction", "noise_ratio", "noise_axis", "fall_off_ratio", "resolution_x", "resolution_y", "resolution_z",
              "resolution_median", "cfar", "fso_09", "fso_05", "fso_01", "bingham_p", "sphericity", "u_range")
