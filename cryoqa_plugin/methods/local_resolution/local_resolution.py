"""What every local resolution gives, and the one function that finishes it."""
from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

import numpy as np

from ...io.maps import Map
from ...results import Curve, Result, Table, curve, map_output, metric, table
from ...rounding import show_value
from ...study import Study
from ...study.mask import INSIDE, UsedMask, inside_of

BINS = 60
PERCENTILES = (5, 25, 50, 75, 95)
_NAMES = ("p5", "p25", "median", "p75", "p95")
_WITHOUT_AGREEMENT, _COARSEST = 4.0, 8.0         # times Nyquist: overall resolution of half-maps that share nothing, and at the most


def resolution(meaning: str) -> Any:
    """Field of a result that is a resolution in Å: lower is better.

    Parameters
    ----------
    meaning
        What the resolution is of.
    """
    return metric("Å", meaning, "lower")


@dataclass(frozen=True)
class LocalResolution(Result):
    """What every local resolution gives; statistics are over the voxels of the mask (at least 0.5) that have a resolution."""

    median: Optional[float] = resolution("median local resolution in the mask")
    p5: Optional[float] = resolution("local resolution, finer in 5 % of the mask")
    p25: Optional[float] = resolution("local resolution, finer in 25 % of the mask")
    p75: Optional[float] = resolution("local resolution, finer in 75 % of the mask")
    p95: Optional[float] = resolution("local resolution, finer in 95 % of the mask")
    unresolved_fraction: Optional[float] = metric("", "part of the mask without a resolution: no signal even in the coarsest band",
                                                  "lower")
    nyquist_fraction: Optional[float] = metric("", "part of the mask with signal to the finest band", "none")
    filtered_fraction: Optional[float] = metric("", "part of the mask whose resolution was cut off at the low-pass of the half-maps, "
                                                "beyond which they hold no detail; none where they were not low-passed", "lower")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, made from the map, or none (the whole box)", "none")
    mask_fraction: Optional[float] = metric("", "part of the box inside the mask (at least 0.5)", "none")
    histogram: Optional[Curve] = curve("Local resolution in the mask", x_label="Resolution", x_unit="Å", y_label="Part of the mask",
                                       y_unit="%")
    percentiles: Optional[Table] = table("percentiles of the local resolution in the mask, in Å")
    resolution_map: Optional[Map] = map_output("Å", "local resolution in Å inside the mask, 0 outside and where there is none",
                                               output="outputResolution")
    mask_used: Optional[Map] = map_output("", "the mask, when it was made here", output="outputMask", mask=True)


class Falls(NamedTuple):
    """Where curves first fall below ``threshold``.

    ``frequency`` float64 [v] in 1/Å; ``unresolved`` and ``never`` bool [v]: below it as far as is looked, and nowhere below it.
    """

    threshold: float
    frequency: np.ndarray
    unresolved: np.ndarray
    never: np.ndarray


def local_resolution_values(study: Study, used: UsedMask, found: np.ndarray, *, unresolved: float, nyquist: float,
                            label: Any = "", column: str = "", others: Mapping[Any, np.ndarray] = MappingProxyType({})) -> Dict[str, Any]:
    """The fields of :class:`LocalResolution` by name.

    Parameters
    ----------
    study
        The Study whose grid the maps lie on.
    used
        The mask.
    found
        Local resolution in Å, float32 [z, y, x]; 0 where there is none. What is outside the mask does not count.
    unresolved, nyquist
        Parts of the mask, from 0 to 1, without signal even at the coarsest resolution, and with signal up to the finest.
    label
        What the row of the table of percentiles is called, such as the threshold.
    column
        What the column of these labels is called.
    others
        Local resolutions like ``found`` by the label of their row in the table, such as those at other thresholds.

    Returns
    -------
    dict
        Numbers, histogram, table and maps; the percentiles are None where no voxel has a resolution.
    """
    inside, edge = used.data >= INSIDE, filter_edge(study)
    found, others = within_filter(study, found), {name: within_filter(study, data) for name, data in others.items()}
    out: Dict[str, Any] = dict(unresolved_fraction=float(unresolved), nyquist_fraction=float(nyquist), mask_source=used.source,
                               mask_fraction=float(np.count_nonzero(inside) / inside.size), resolution_map=study.grid.with_data(found))
    if edge is not None:
        # What has signal up to the filter ends there, and not at the end of what was looked at.
        out.update(nyquist_fraction=0.0, filtered_fraction=float(np.mean((found[inside] > 0) & (found[inside] <= np.float32(edge)))))
    if used.source == "made":
        out["mask_used"] = used.map
    known = {name: values[inside & (values > 0)] for name, values in {label: found, **others}.items()}
    if known[label].size:
        rows = percentile_table({name: values for name, values in known.items() if values.size}, column)
        out.update(zip(_NAMES, rows.rows[0][1:]))
        out.update(histogram=histogram(known[label]), percentiles=rows)
    return out


def percentile_table(values: Mapping[Any, np.ndarray], first: str = "") -> Table:
    """Percentiles of local resolutions.

    Parameters
    ----------
    values
        Resolutions (Å), float [n], by the label of their row.
    first
        What the column of the labels is called.

    Returns
    -------
    Table
        A row for each label, the percentiles 5, 25, 50, 75 and 95 in Å.
    """
    rows = [(label, *(float(v) for v in np.percentile(some, PERCENTILES))) for label, some in values.items()]
    return Table((first, *(f"{p} %" for p in PERCENTILES)), tuple(rows))


def histogram(values: np.ndarray, total: float = 100.0) -> Curve:
    """Histogram of local resolutions in 60 bins that reach a little beyond them.

    Parameters
    ----------
    values
        Resolutions (Å), float [n].
    total
        What the bins add up to.

    Returns
    -------
    Curve
        Middle of each bin (Å), and its part of the values.
    """
    low, high = float(values.min()), float(values.max())
    # A map of one resolution would have bins of no width: 1 % of it stands in.
    margin = max(0.05 * (high - low), 0.01 * low)
    counts, edges = np.histogram(values, bins=BINS, range=(low - margin, high + margin))
    return Curve((edges[1:] + edges[:-1]) / 2, total * counts / values.size)


def filter_edge(study: Study) -> Optional[float]:
    """The resolution (Å) at which half-maps were low-passed.

    Parameters
    ----------
    study
        The Study of half-maps, or of a map alone.

    Returns
    -------
    float or None
        None of half-maps that were not, and of a map alone.
    """
    return study.half_maps.filtered_at if study.has_halves else None


def within_filter(study: Study, found: np.ndarray) -> np.ndarray:
    """Local resolutions, none finer than the low-pass that the half-maps went through.

    Parameters
    ----------
    study
        The Study of half-maps, or of a map alone.
    found
        Resolution in Å, float32 [z, y, x]; 0 where there is none.

    Returns
    -------
    ndarray
        ``found`` itself where there was no filter.
    """
    edge = filter_edge(study)
    return found if edge is None else np.where((found > 0) & (found < edge), np.float32(edge), found)


def limits_of_halves(study: Study, values: Mapping[str, Any], mended: bool = False) -> List[str]:
    """What was done to the half-maps, as far as local resolutions suffer from it.

    Parameters
    ----------
    study
        The Study of half-maps, or of a map alone.
    values
        Fields of :class:`LocalResolution` by name.
    mended
        The method takes the noise of the molecule where the solvent was damped, and the resolution without the noise that is shared.

    Returns
    -------
    list of str
        A sentence each on the part of the mask that was cut off at their low-pass, on a damped solvent, and on noise that is shared.
    """
    out = []
    if values.get("filtered_fraction"):
        out.append(f"{100 * values['filtered_fraction']:.0f} % of the mask is resolved up to the edge of the low-pass filter of the "
                   f"half-maps, {filter_edge(study):.3g} Å, and is given as that; it may be finer.")
    noise = study.noise if study.has_halves else None
    if noise is not None and noise.damping.found:
        what = ("There the noise of the molecule was taken in its place, and the local resolutions are less certain." if mended else
                "There the local resolutions come out too fine.")
        out.append("Near the surface of the molecule windows reach into solvent that was damped, or cut off by a mask: the noise of the "
                   f"half-maps is {noise.damping.ratio:.2g} times as strong in the molecule. {what}")
    if noise is not None and noise.shared is not None and noise.shared.found:
        share = noise.shared.share
        what = ("The local resolutions here are without it, as far as the molecule shares as much." if mended and share else
                "Local resolutions come out too fine by it.")
        how = f"share {show_value(100 * share, '%')} of their noise" if share else "share their noise"
        out.append(f"The half-maps {how}. {what}")
    return out


def overall_resolution(study: Study) -> float:
    """The resolution (Å) that windows and bands of half-maps are chosen from.

    Parameters
    ----------
    study
        The Study of the half-maps.

    Returns
    -------
    float
        Where their unmasked FSC falls below 0.143, or at the edge of a low-pass that they went through if that is coarser, 8 times Nyquist
        at the most; 4 times Nyquist where they share nothing, because a window has to have some size.
    """
    nyquist = float(1 / study.frequencies[-1])
    known, edge = study.unmasked_resolution, filter_edge(study)
    return min(_WITHOUT_AGREEMENT * nyquist if known is None else max(known, edge or 0.0), _COARSEST * nyquist)


def usable_mask(study: Study) -> UsedMask:
    """The mask of a Study, looked at before any work is done.

    Parameters
    ----------
    study
        The Study.

    Returns
    -------
    UsedMask
        The mask given, else one made from the map.

    Raises
    ------
    InputError
        No voxel of it reaches 0.5.
    """
    used = study.used_mask
    inside_of(used.data, used.map.path)
    return used


def several_fraction(curves: np.ndarray, threshold: float) -> float:
    """Part of the curves that fall below a threshold more than once.

    Parameters
    ----------
    curves
        Curves, float32 [v, shells].
    threshold
        The threshold.

    Returns
    -------
    float
        0 to 1.
    """
    falls = np.count_nonzero((curves[:, :-1] >= threshold) & (curves[:, 1:] < threshold), axis=1)
    return float(np.mean(falls > 1))


def summary_of_halves(values: Mapping[str, Any], used: UsedMask, *, curves: str, at: str, how: str) -> str:
    """One sentence on the local resolution of half-maps.

    Parameters
    ----------
    values
        Fields of :class:`LocalResolution` and of ``HalfMapFacts`` by name.
    used
        The mask.
    curves
        What is 1 everywhere for copies, such as ``their local FSC``.
    at
        Where the resolution is read, such as ``FSC 0.143``.
    how
        What it was read in, such as ``window of 5 Å``.
    """
    if values["half_maps_identical"]:
        return f"The half-maps are copies of each other: {curves} is 1 everywhere and measures no resolution."
    return (f"Local resolution at {at}: median {values['median']:.2f} Å, {values['p5']:.2f}–{values['p95']:.2f} Å over 5–95 % of the "
            f"voxels "
            f"{used.words} ({how}).")
