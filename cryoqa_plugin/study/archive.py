"""Where a model in its map stands among archive entries, by two numbers of the FSC of map and model.

Entries are those of EMDB and PDB with a model, in classes of the resolution that was reported. Their FSC was made by the program Servalcat
in a mask around the model. The counts are those of the histograms that CCP-EM's Pipeliner 1.6.1 ships (September 2026, Mozilla Public
License 2.0, https://gitlab.com/ccpem/ccpem-pipeliner). Its bins of the resolution at FSC 0.5 are 2 to 5 Å wide and hold nine tenths of the
entries in the first one: the percentile of that number is known within wide bounds only.
"""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

COLUMNS = ("what", "value", "among", "entries", "surely worse (%)", "at most worse (%)")          # of the table made by rows
SOURCE = "histograms of CCP-EM Pipeliner 1.6.1 (September 2026); FSC of map and model by Servalcat in a mask around the model"
CLASSES = ((2.5, "finer than 2.5 Å"), (3.5, "2.5 to 3.5 Å"), (4.5, "3.5 to 4.5 Å"), (6.5, "4.5 to 6.5 Å"), (np.inf, "coarser than 6.5 Å"))


class _Known(NamedTuple):
    """Entries of a class: ascending values, and how many entries lie below each."""

    values: Tuple[float, ...]
    below: Tuple[int, ...]


class Rank(NamedTuple):
    """Where a value stands among ``entries`` (their number) of ``group``: it is better than ``low`` to ``high`` percent of them.

    Both differ by how coarse the bins of the archive's histogram are; :attr:`percent` is None where they differ by more than 10.
    """

    group: str
    entries: int
    low: float
    high: float

    @property
    def percent(self) -> Optional[float]:
        """The middle of both bounds."""
        return (self.low + self.high) / 2 if self.high - self.low <= _SURE else None


_SURE = 10.0                                     # percent between the bounds
_FSC_05: Tuple[_Known, ...] = (
    _Known((1.12, 3.08, 5.03, 8.95, 14.81, 20.68, 22.64, 24.59, 32.42, 38.28, 196.71),
           (0, 940, 979, 986, 993, 1004, 1018, 1027, 1034, 1041, 1065)),
    _Known((2.23, 7.20, 12.16, 17.13, 22.09, 27.06, 32.02, 41.95, 498.66),
           (0, 7160, 7271, 7345, 7415, 7532, 7580, 7642, 7801)),
    _Known((3.03, 6.92, 10.81, 14.70, 18.59, 26.38, 34.16, 41.94, 392.06),
           (0, 3272, 3502, 3548, 3584, 3609, 3643, 3668, 3796)),
    _Known((2.61, 4.93, 7.25, 9.57, 11.89, 14.21, 16.53, 18.85, 21.17, 25.81, 30.44, 35.08, 42.04, 234.57),
           (0, 59, 361, 480, 507, 520, 531, 540, 545, 548, 553, 557, 560, 591)),
    _Known((2.95, 6.55, 10.15, 13.75, 17.34, 20.94, 24.54, 28.14, 31.73, 35.33, 42.53, 362.71),
           (0, 18, 268, 333, 356, 366, 370, 378, 382, 386, 389, 411)))
_FSC_MEAN: Tuple[_Known, ...] = (
    _Known((0.537, 0.643, 0.667, 0.698, 0.715, 0.729, 0.739, 0.750, 0.760, 0.767, 0.774, 0.777, 0.784, 0.791, 0.798, 0.805, 0.811,
            0.818, 0.829, 0.853, 0.880),
           (0, 45, 89, 134, 178, 226, 282, 329, 393, 450, 518, 561, 632, 707, 766, 833, 892, 946, 998, 1043, 1065)),
    _Known((0.522, 0.627, 0.658, 0.681, 0.697, 0.713, 0.724, 0.736, 0.744, 0.752, 0.759, 0.767, 0.775, 0.783, 0.790, 0.798, 0.806,
            0.814, 0.825, 0.872, 0.911),
           (0, 334, 701, 1057, 1394, 1734, 2111, 2511, 2834, 3240, 3673, 4174, 4628, 5191, 5736, 6285, 6727, 7087, 7474,
            7788, 7805)),
    _Known((0.505, 0.609, 0.629, 0.645, 0.657, 0.669, 0.681, 0.693, 0.701, 0.712, 0.720, 0.728, 0.736, 0.744, 0.752, 0.760, 0.768,
            0.776, 0.788, 0.800, 0.824, 0.904),
           (0, 175, 345, 527, 683, 867, 1081, 1278, 1442, 1664, 1868, 2042, 2201, 2418, 2634, 2840, 3031, 3191, 3410, 3604,
            3763, 3796)),
    _Known((0.527, 0.608, 0.631, 0.651, 0.662, 0.674, 0.685, 0.693, 0.701, 0.708, 0.716, 0.724, 0.732, 0.739, 0.747, 0.755, 0.766,
            0.782, 0.797, 0.824, 0.913),
           (0, 24, 53, 86, 116, 141, 174, 208, 244, 282, 312, 344, 390, 416, 443, 468, 501, 525, 550, 576, 591)),
    _Known((0.539, 0.599, 0.625, 0.644, 0.655, 0.670, 0.681, 0.689, 0.697, 0.712, 0.723, 0.730, 0.745, 0.757, 0.768, 0.779, 0.790,
            0.802, 0.813, 0.828, 0.843, 0.899, 0.914),
           (0, 17, 38, 57, 75, 93, 113, 130, 148, 166, 185, 210, 234, 258, 279, 297, 315, 332, 349, 373, 391, 410, 412)))
_TABLES: Dict[str, Tuple[Tuple[_Known, ...], bool, str]] = {
    "fsc_05": (_FSC_05, True, "resolution at FSC 0.5 (Å)"), "fsc_mean": (_FSC_MEAN, False, "mean FSC up to FSC 0.5")}


def ranks(name: str, value: float, resolution: Optional[float]) -> List[Rank]:
    """Percentiles of a number among all entries, and among those of similar resolution.

    Parameters
    ----------
    name
        ``fsc_05``: resolution (Å) at which the FSC of map and model falls to 0.5 for the last time; ``fsc_mean``: mean of this FSC over all
        coefficients up to there.
    value
        The number.
    resolution
        Resolution of the map in Å, by which its class is found; without one there is one rank, among all.

    Returns
    -------
    list of Rank
        In percent of the entries that are worse: a coarser resolution, a smaller mean.
    """
    classes, fewer, _ = _TABLES[name]
    bounds = [_bounds(known, value, fewer) for known in classes]
    total = sum(known.below[-1] for known in classes)
    low, high = (100 * sum(b[i] for b in bounds) / total for i in (0, 1))
    out = [Rank("all entries", total, low, high)]
    if resolution is not None:
        i = next(k for k, (end, _) in enumerate(CLASSES) if resolution < end)
        size = classes[i].below[-1]
        out.append(Rank(CLASSES[i][1], size, 100 * bounds[i][0] / size, 100 * bounds[i][1] / size))
    return out


def _bounds(known: _Known, value: float, fewer: bool) -> Tuple[int, int]:
    """Fewest and most entries that are surely and perhaps worse than a value: above it with ``fewer``, else below it."""
    i = int(np.searchsorted(known.values, value, side="right"))
    below = known.below[max(i - 1, 0)] if i else 0
    most = known.below[min(i, len(known.below) - 1)] if i else 0
    total = known.below[-1]
    return (total - most, total - below) if fewer else (below, most)


def rows(numbers: Sequence[Tuple[str, Optional[float]]], resolution: Optional[float]) -> Tuple[Tuple[Any, ...], ...]:
    """Rows of a table of ranks.

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
    return tuple((_TABLES[name][2], value, rank.group, rank.entries, rank.low, rank.high)
                 for name, value in numbers if value is not None for rank in ranks(name, value, resolution))


def words(rank: Rank, better: str) -> str:
    """A rank in words.

    Parameters
    ----------
    rank
        The rank.
    better
        What is good: ``finer`` or ``higher``.

    Returns
    -------
    str
        ``finer than 74 %``, ``finer than at least 40 %`` where the histogram is too coarse to tell more; never all of them.
    """
    if rank.percent is not None:
        return f"{better} than {'< 1' if rank.percent < 1 else format(min(rank.percent, 99.0), '.0f')} %"
    return f"{better} than at least {rank.low:.0f} %" if rank.high > 99 else f"{better} than {rank.low:.0f} to {rank.high:.0f} %"
