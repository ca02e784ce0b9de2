"""What a length or a B-factor in a file can be: beyond these ranges a number is damage, another unit, or was never set.

They are wide, so that nothing real is refused: each says what lies at its ends.
"""
from __future__ import annotations

import math
import re
from typing import Any, Optional, Tuple

import numpy as np

from ..errors import FormatError, InputError
from ..naming import called

VOXEL_SIZE: Tuple[float, float] = (0.02, 200.0)  # Å; crystals at atomic resolution have 0.1 Å, whole cells in tomograms 20 to 60 Å
USUAL_VOXEL_SIZE: Tuple[float, float] = (0.2, 20.0)          # Å, of maps of single particles; what lies outside is noted
ORIGIN = 1e6                                     # Å, 0.1 mm: a box in the tomogram of a whole grid square
POSITION = 1e5                                   # Å, 10 µm: a model placed in the tomogram of a whole cell
B_FACTOR = 1e5                                   # Å²; 500 blurs an atom over 8 Å, programs write 1000 to 9999 for "not known"
OCCUPANCY = 1000.0                               # some programs count in per cent, SHELX adds 10 to what it keeps fixed
RESOLUTION: Tuple[float, float] = (0.5, 200.0)   # Å, that was reported; atoms are no finer, and blobs no coarser
FREQUENCY = 10.0                                 # 1/Å, of a curve; half of that is finer than any atom
FSC: Tuple[float, float] = (-1000.0, 1.5)        # one corrected for its mask runs far below -1 where the masks alone agree
PARTICLE = {                                     # of each image, by its name in Particles: range and unit
    "pixel_size": (VOXEL_SIZE, "Å"), "box": ((1, 65535), "pixels"), "shifts": ((-1e5, 1e5), "Å"), "angles": ((-1e5, 1e5), "degrees"),
    "defocus_u": ((-1e6, 1e6), "Å"), "defocus_v": ((-1e6, 1e6), "Å"), "defocus_angle": ((-1e5, 1e5), "degrees"),
    "phase_shift": ((-1e5, 1e5), "degrees"), "voltage": ((1, 5000), "kV"), "spherical_aberration": ((-100, 100), "mm"),
    "amplitude_contrast": ((-1, 1), ""), "half": ((0, 2), "")}
BOX = 65535                                      # voxels or pixels along an edge


def within(value: float, limits: Tuple[float, float]) -> bool:
    """Whether a number lies in a range, its ends included; NaN lies in none."""
    return limits[0] <= value <= limits[1]


def shown(limits: Tuple[float, float], unit: str = "Å") -> str:
    """A range in words: ``from 0.02 to 200 Å``."""
    return f"from {limits[0]:g} to {limits[1]:g} {unit}".rstrip()


def require_finite(value: Any, label: str, name: str, limits: Optional[Tuple[float, float]] = None, unit: str = "") -> None:
    """Raise an error unless a number that was given can be.

    Parameters
    ----------
    value
        The number; None passes.
    label, name
        What it is called in a form, and as a keyword.
    limits, unit
        Its range, and its unit.

    Raises
    ------
    InputError
        It is no number, not finite, or out of its range.
    """
    if value is None:
        return
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not number or limits is not None and not within(value, limits):
        wanted = "a finite number" if limits is None else shown(limits, unit)
        raise InputError(f"{called(label, name)} is {value}{f' {unit}' * (number and bool(unit))}; it must be {wanted}.")


def three_numbers(text: Optional[str], label: str, name: str, whole: bool = False) -> Optional[np.ndarray]:
    """Three numbers of a text such as ``10, 20, 30``; one stands for all three.

    Parameters
    ----------
    text
        What was given; None stays None.
    label, name
        Of the parameter, for the sentence.
    whole
        They must be whole numbers.

    Returns
    -------
    ndarray or None
        float64 [3], along x, y and z.

    Raises
    ------
    InputError
        It is neither one number nor three, or a number that cannot be.
    """
    if text is None:
        return None
    words = [w for w in re.split(r"[\s,;x\[\]()]+", text.strip()) if w]
    try:
        found = np.array([float(w) for w in words], dtype=np.float64)
    except ValueError:
        found = np.zeros(0)
    if found.size not in (1, 3) or not np.isfinite(found).all() or np.abs(found).max() > POSITION or whole and np.any(found % 1):
        kind = "whole numbers" if whole else "numbers"
        raise InputError(f"{called(label, name)} is '{text[:60]}'; give three {kind} along x, y and z, such as 10, 20, 30, or one for all.")
    return np.broadcast_to(found, 3).copy()


def require_curve(freq: np.ndarray, values: np.ndarray, path: str) -> None:
    """Raise an error unless a correlation over frequency can be one.

    Parameters
    ----------
    freq
        Frequencies in 1/Å, float64 [n].
    values
        Correlations, float64 [n].
    path
        The file.

    Raises
    ------
    FormatError
        A frequency is negative or beyond :data:`FREQUENCY`, or a correlation out of :data:`FSC`.
    """
    for found, limits, what, unit in ((freq, (0.0, FREQUENCY), "frequency", "1/Å"), (values, FSC, "correlation", "")):
        wrong = np.flatnonzero(~((found >= limits[0]) & (found <= limits[1])))
        if wrong.size:
            value = f"{found[wrong[0]]:g} {unit}".rstrip()
            raise FormatError(f"A curve of '{path}' has a {what} of {value} at its point {wrong[0] + 1}; it must be {shown(limits, unit)}. "
                              "Write or copy the file again.")
