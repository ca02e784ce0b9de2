"""What is above a contour level, in volume and mass, and what is wrong with it in words."""
from __future__ import annotations

from typing import Optional, Tuple

import numpy as np

from ...io.maps import Map
from ...rounding import show_value
from ...study.masses import PROTEIN, Mass
from .contour_level import DROWNED, FITS, HIGH, NOISY_SHARE, Levels, Target


def volume_above(map_: Map, level: float, near: Optional[np.ndarray] = None) -> float:
    """Volume at and above a level.

    Parameters
    ----------
    map_
        The map.
    level
        In its unit.
    near
        Where to count, bool [z, y, x]; everywhere when None.

    Returns
    -------
    float
        Å³.
    """
    above = map_.data >= np.float32(level)
    return float(np.count_nonzero(above if near is None else above & near)) * float(np.prod(map_.voxel_size))


def kda(volume: float, mass: Mass = PROTEIN) -> float:
    """Mass that fills a volume.

    Parameters
    ----------
    volume
        In Å³.
    mass
        Of what it is made, for the volume of a Da.

    Returns
    -------
    float
        kDa.
    """
    return volume / (1000 * mass.per_da)


def sentence(level: float, levels: Levels, shown: Tuple[float, float], target: Optional[Target],
             noise_above: Optional[float] = None) -> str:
    """What is wrong with a level, with the masses that tell it; empty for one that fits.

    Parameters
    ----------
    level, levels
        The level used, and those that were found.
    shown
        Mass (kDa) above the level used and above the suggested one, near the model where there is one.
    target
        What the contour should hold.
    noise_above
        Part of what is above the level used that is noise by the half-maps; None where they say nothing.

    Returns
    -------
    str
        One sentence that names the direction.
    """
    verdict = levels.verdict(level)
    if verdict == FITS:
        return ""
    right = f"{levels.suggested:.3g} ({levels.lowest:.3g} to {levels.highest:.3g})"
    where = "" if target is None else f" of the {target.mass.total / 1000:.3g} kDa of the {target.source}"
    if verdict == DROWNED and not where:
        return "No contour level shows a molecule: nothing lies above the noise of the map."
    if verdict == DROWNED:
        return (f"Only {shown[0]:.3g} kDa{where} lie above the noise of the map: filter it to its resolution, or look for what hides "
                "the signal.")
    if verdict == HIGH:
        return (f"The contour level is too high, {level:.3g}: above it lie {shown[0]:.3g} kDa{where}; at the suggested level, {right}, "
                f"{shown[1]:.3g} kDa.")
    if noise_above is not None and noise_above > NOISY_SHARE:
        return (f"The contour level is too low, {level:.3g}: {show_value(100 * noise_above, '%')} of the density above it is noise, by the "
                f"half-maps; the suggested level is {right}.")
    return (f"The contour level is too low, {level:.3g}: it shows {shown[0]:.3g} kDa{where}, noise or swollen density; at the "
            f"suggested level, {right}, {shown[1]:.3g} kDa.")
