"""Fourier shell correlation."""
from .base import CryoqaProtocol


class CryoqaProtFsc(CryoqaProtocol):
    """Resolution from two half-maps: FSC without a mask, in a mask, and corrected for the mask by randomised phases.

    Takes one volume with its half-maps or two volumes, and an optional mask. Gives the curves as a set of FSCs, and the mean of
    the half-maps weighted by the FSC and sharpened by the B-factor of the Guinier plot.
    """

    _label = "fsc and post-processing"
    _capability = "fsc"
    _shown = ("resolution", "resolution_worse", "resolution_better", "resolution_relion", "resolution_unmasked_0143",
              "resolution_unmasked_05", "resolution_masked_0143", "resolution_masked_05", "resolution_corrected_0143",
              "resolution_corrected_05", "bfactor", "mask_fraction", "tail_fsc")
