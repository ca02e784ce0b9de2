"""Plain numpy versions of the radial filter."""
import numpy as np

from naive_shells import radius


def apply_radial(ft, shape, voxel_size, at, profile, beyond):
    """``ft`` times the profile interpolated at each radius."""
    r, _ = radius(shape, voxel_size)
    return ft * np.where(r > at[-1] * (1 + 1e-12), beyond, np.interp(r, at, profile))
