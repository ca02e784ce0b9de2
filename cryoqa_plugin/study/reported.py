"""A reported resolution held against the measured one: one rule for a single FSC and for a validation."""
from __future__ import annotations

from typing import Mapping, NamedTuple, Optional

SLACK = 0.05                                     # of the resolution: rounding, and masks that differ between programs
_SAME = 0.01                                     # of the resolution, within which a reported number is that of a curve


class Reported(NamedTuple):
    """``difference``: by how many percent the reported resolution is coarser than the measured one, below 0 for a finer one; ``equals``:
    the curve and criterion that it is read from, None where it is that of no other curve; ``words``: a sentence."""

    difference: float
    equals: Optional[str]
    words: str


def compare(reported: float, measured: float, readings: Mapping[str, Optional[float]]) -> Reported:
    """A reported resolution against the measured one, and against what other curves and criteria give.

    Parameters
    ----------
    reported, measured
        Resolutions in Å.
    readings
        Resolutions (Å) by what they are read from, such as ``the FSC without a mask``; None for what is not known.

    Returns
    -------
    Reported
        Its curve is named where the reported number is within 1 % of that of a reading, the nearest one, and not within 5 % of the measured
        one.
    """
    difference = 100 * (reported / measured - 1)
    if abs(difference) <= 100 * SLACK:
        return Reported(difference, None, f"The reported {reported:.2f} Å agrees with the measured {measured:.2f} Å.")
    near = {name: abs(value / reported - 1) for name, value in readings.items() if value and abs(value / reported - 1) <= _SAME}
    equals = min(near, key=lambda name: near[name]) if near else None
    way = "coarser" if difference > 0 else "finer"
    found = f" and equals {equals}" if equals else ""
    return Reported(difference, equals, f"The reported {reported:.2f} Å is {abs(difference):.0f} % {way} than the measured {measured:.2f} Å"
                    f"{found}: report the measured number, or name the curve and the mask.")
