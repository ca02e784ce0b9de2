"""Where scores of a model in its map stand among archive entries, by quantiles of these scores.

Complements :mod:`cryoqa_plugin.study.archive`, which counts in histograms: same :class:`Rank`, same words. A scale holds quantiles of all
entries, and rows of quantiles for entries of similar resolution.

Q-scores: quantiles over the 25,322 entries with a resolution in the table that EMDB's program ``va`` 0.0.1.dev134 (September 2026, Apache
License 2.0, https://pypi.org/project/va) compares with; the table is of 30 June 2025. Each row is over entries within 0.5 Å of its
resolution, as ``va`` compares them; between rows quantiles are interpolated.

SMOC, and the FSC of map and model in a mask around the model: quantiles over 13,821 and 9,975 entries (a quarter of the entries has a mean
FSC below 0.1, and is not among them), computed from the histograms that CCP-EM's Pipeliner 1.6.1 ships (September 2026, Mozilla Public
License 2.0, https://gitlab.com/ccpem/ccpem-pipeliner), whose classes are resolutions rounded to whole Å: "3.0" is from 2.5 to 3.5 Å.
"""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .archive import CLASSES, Rank


class Row(NamedTuple):
    """Quantiles of a score over ``entries`` entries near ``resolution`` (Å)."""

    resolution: float
    entries: int
    values: Tuple[float, ...]


class Scale(NamedTuple):
    """How a score is spread over the archive.

    ``percents`` are those of the quantiles in every row, ``every`` is the row of all entries, ``near`` are rows by ascending resolution.
    ``classes`` names the entries of each row, from the resolution of the one before up to its own, where they are classes; without
    them each row is of the entries within ``reach`` Å, and what lies between is interpolated. ``source`` says where it is from.
    """

    meaning: str
    source: str
    percents: Tuple[float, ...]
    every: Row
    near: Tuple[Row, ...]
    reach: float = 0.5
    classes: Tuple[str, ...] = ()


_Q = (
    Row(1.5, 263, (0.358, 0.593, 0.628, 0.679, 0.703, 0.729, 0.751, 0.777, 0.806, 0.840, 0.894, 0.915, 0.958)),
    Row(1.75, 656, (0.435, 0.535, 0.581, 0.624, 0.647, 0.670, 0.687, 0.707, 0.725, 0.750, 0.800, 0.843, 0.898)),
    Row(2.0, 1658, (0.327, 0.477, 0.526, 0.564, 0.592, 0.613, 0.634, 0.653, 0.672, 0.696, 0.731, 0.769, 0.844)),
    Row(2.25, 3457, (0.292, 0.432, 0.482, 0.528, 0.553, 0.571, 0.591, 0.609, 0.629, 0.653, 0.690, 0.722, 0.792)),
    Row(2.5, 7114, (0.215, 0.379, 0.435, 0.482, 0.512, 0.532, 0.549, 0.566, 0.585, 0.607, 0.642, 0.675, 0.727)),
    Row(2.75, 10569, (0.216, 0.357, 0.402, 0.451, 0.479, 0.502, 0.521, 0.539, 0.556, 0.576, 0.608, 0.635, 0.681)),
    Row(3.0, 14080, (0.183, 0.324, 0.372, 0.421, 0.450, 0.472, 0.492, 0.513, 0.531, 0.552, 0.581, 0.606, 0.647)),
    Row(3.25, 14598, (0.143, 0.296, 0.345, 0.393, 0.424, 0.448, 0.468, 0.487, 0.509, 0.530, 0.556, 0.575, 0.611)),
    Row(3.5, 13949, (0.117, 0.258, 0.309, 0.360, 0.393, 0.419, 0.440, 0.460, 0.480, 0.503, 0.530, 0.549, 0.581)),
    Row(3.75, 10300, (0.083, 0.224, 0.273, 0.325, 0.358, 0.386, 0.407, 0.428, 0.448, 0.469, 0.496, 0.517, 0.549)),
    Row(4.0, 7586, (0.077, 0.189, 0.233, 0.288, 0.321, 0.347, 0.372, 0.394, 0.416, 0.439, 0.466, 0.485, 0.520)),
    Row(4.25, 4653, (0.039, 0.156, 0.202, 0.247, 0.281, 0.308, 0.332, 0.353, 0.378, 0.402, 0.432, 0.452, 0.490)),
    Row(4.5, 2936, (0.030, 0.133, 0.170, 0.215, 0.243, 0.270, 0.295, 0.315, 0.337, 0.361, 0.396, 0.423, 0.461)),
    Row(5.0, 1056, (0.004, 0.098, 0.131, 0.163, 0.188, 0.208, 0.230, 0.246, 0.268, 0.294, 0.320, 0.340, 0.380)),
    Row(5.5, 519, (0.004, 0.082, 0.105, 0.138, 0.154, 0.171, 0.190, 0.207, 0.223, 0.249, 0.279, 0.304, 0.347)),
    Row(6.0, 524, (0.000, 0.076, 0.096, 0.130, 0.147, 0.161, 0.177, 0.192, 0.213, 0.240, 0.277, 0.300, 0.336)),
    Row(7.0, 482, (0.000, 0.057, 0.089, 0.110, 0.129, 0.144, 0.157, 0.169, 0.191, 0.226, 0.261, 0.283, 0.314)),
    Row(8.0, 360, (-0.001, 0.029, 0.059, 0.084, 0.099, 0.112, 0.128, 0.140, 0.159, 0.190, 0.235, 0.254, 0.296)),
    Row(10.0, 146, (0.008, 0.020, 0.034, 0.059, 0.068, 0.079, 0.085, 0.095, 0.109, 0.125, 0.150, 0.172, 0.221)),
    Row(12.0, 92, (-0.004, 0.008, 0.018, 0.034, 0.042, 0.051, 0.057, 0.064, 0.074, 0.083, 0.098, 0.108, 0.135)),
    Row(15.0, 36, (-0.010, -0.009, -0.004, 0.003, 0.040, 0.046, 0.049, 0.053, 0.065, 0.068, 0.082, 0.084, 0.089)),
    Row(20.0, 27, (-0.014, -0.008, 0.009, 0.017, 0.035, 0.044, 0.046, 0.050, 0.051, 0.057, 0.068, 0.077, 0.180)),
)
_PIPELINER = (1, 2.5, 5, 10, 25, 50, 75, 90, 95, 97.5, 99)
_SMOC = (
    Row(2.5, 1084, (0.491, 0.529, 0.551, 0.569, 0.604, 0.643, 0.681, 0.714, 0.728, 0.739, 0.752)),
    Row(3.5, 7904, (0.527, 0.569, 0.600, 0.634, 0.684, 0.734, 0.775, 0.806, 0.822, 0.833, 0.844)),
    Row(4.5, 3832, (0.555, 0.622, 0.665, 0.707, 0.767, 0.813, 0.845, 0.866, 0.877, 0.886, 0.894)),
    Row(6.5, 594, (0.557, 0.633, 0.710, 0.776, 0.845, 0.881, 0.903, 0.921, 0.931, 0.938, 0.945)),
    Row(np.inf, 407, (0.627, 0.687, 0.765, 0.806, 0.870, 0.913, 0.940, 0.956, 0.964, 0.969, 0.972)),
)
_FSC = (
    Row(2.5, 967, (0.109, 0.127, 0.145, 0.187, 0.258, 0.352, 0.497, 0.612, 0.690, 0.734, 0.791)),
    Row(3.5, 6528, (0.103, 0.106, 0.112, 0.123, 0.160, 0.231, 0.330, 0.443, 0.509, 0.575, 0.667)),
    Row(4.5, 2192, (0.102, 0.104, 0.107, 0.114, 0.135, 0.173, 0.233, 0.345, 0.416, 0.489, 0.593)),
    Row(6.5, 145, (0.101, 0.102, 0.103, 0.105, 0.120, 0.174, 0.254, 0.382, 0.423, 0.528, 0.599)),
    Row(np.inf, 143, (0.102, 0.103, 0.106, 0.116, 0.168, 0.224, 0.353, 0.467, 0.550, 0.640, 0.681)),
)
_NAMES = tuple(name for _, name in CLASSES)
SCALES: Dict[str, Scale] = {
    "q": Scale("mean Q, sigma 0.4 Å", "Q-scores of 25,322 entries as EMDB's program va 0.0.1.dev134 lists them (June 2025)",
               (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99),
               Row(0.0, 25322, (0.018, 0.106, 0.188, 0.300, 0.362, 0.408, 0.443, 0.473, 0.506, 0.538, 0.581, 0.624, 0.718)), _Q),
    "smoc": Scale("mean SMOC", "histograms of CCP-EM Pipeliner 1.6.1 (September 2026)", _PIPELINER,
                  Row(0.0, 13821, (0.527, 0.566, 0.597, 0.632, 0.692, 0.755, 0.812, 0.857, 0.883, 0.908, 0.935)),
                  _SMOC, classes=_NAMES),
    "fsc_average": Scale("mean FSC to Nyquist", "histograms of CCP-EM Pipeliner 1.6.1 (September 2026)", _PIPELINER,
                         Row(0.0, 9975, (0.103, 0.105, 0.110, 0.121, 0.155, 0.223, 0.330, 0.455, 0.533, 0.606, 0.694)),
                         _FSC, classes=_NAMES),
}


def ranks(name: str, value: float, resolution: Optional[float]) -> List[Rank]:
    """Percentiles of a score among all entries, and among those of similar resolution.

    Parameters
    ----------
    name
        A key of ``SCALES``, such as ``q``.
    value
        The score.
    resolution
        Resolution of the map in Å; without one, or where no row is near it, there is one rank, among all.

    Returns
    -------
    list of Rank
        In percent of the entries with a lower score. Outside of the outermost quantiles only bounds are known.
    """
    scale = SCALES[name]
    out = [_rank("all entries", scale.every.entries, scale.every.values, scale.percents, value)]
    near = None if resolution is None else _near(scale, resolution)
    if near is not None:
        group, row = near
        out.append(_rank(group, row.entries, row.values, scale.percents, value))
    return out


def _near(scale: Scale, resolution: float) -> Optional[Tuple[str, Row]]:
    """The entries of similar resolution, in words, and their quantiles; None beyond the rows."""
    at = np.array([row.resolution for row in scale.near])
    if scale.classes:
        i = min(int(np.searchsorted(at, resolution, side="right")), len(at) - 1)
        return scale.classes[i], scale.near[i]
    if not at[0] <= resolution <= at[-1]:
        return None
    values = tuple(float(np.interp(resolution, at, column)) for column in zip(*(row.values for row in scale.near)))
    entries = int(round(np.interp(resolution, at, [row.entries for row in scale.near])))
    return f"{max(resolution - scale.reach, 0):.1f} to {resolution + scale.reach:.1f} Å", Row(resolution, entries, values)


def _rank(group: str, entries: int, values: Sequence[float], percents: Sequence[float], value: float) -> Rank:
    if value < values[0]:
        return Rank(group, entries, 0.0, float(percents[0]))
    if value > values[-1]:
        return Rank(group, entries, float(percents[-1]), 100.0)
    at = float(np.interp(value, values, percents))
    return Rank(group, entries, at, at)


def rows(numbers: Sequence[Tuple[str, Optional[float]]], resolution: Optional[float]) -> Tuple[Tuple[Any, ...], ...]:
    """Rows of a table of ranks, as of :func:`cryoqa_plugin.study.archive.rows`.

    Parameters
    ----------
    numbers
        Names and values as of :func:`ranks`; those without a value are left out.
    resolution
        As of :func:`ranks`.

    Returns
    -------
    tuple
        What is compared, the value, the group, its entries, and the percentages that are surely and perhaps worse.
    """
    return tuple((SCALES[name].meaning, value, rank.group, rank.entries, rank.low, rank.high)
                 for name, value in numbers if value is not None for rank in ranks(name, value, resolution))
