"""Post-processing in Scipion."""
from .base import CryoqaProtocol


class CryoqaProtPostprocess(CryoqaProtocol):
    """Weight, sharpen and filter a map by what its half-maps say, as RELION's and cryoSPARC's post-processing do.

    The output is the sharpened volume with the half-maps sharpened alike, the FSC curves, and when a local filter was asked for the
    locally filtered volume and the local resolution.
    """

    _label = "postprocess"
    _capability = "postprocess"
    _help = {"resolution_map": "Local resolution in Å at every voxel, from any program, for the local filter; computed when not given."}
    _shown = ("resolution", "bfactor", "bfactor_error", "low_pass", "local_resolution_median")
