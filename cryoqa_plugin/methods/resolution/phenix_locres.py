"""Local resolution from two half-maps: their correlation in balls, bin by bin of frequency, as Phenix's local_resolution_map."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, List, Optional

import numpy as np

from ...io.inputs import Inputs, require
from ...io.maps import Map
from ...params import param
from ...results import Curve, Table, curve, map_output, metric, table
from . import blocres_steps, map_or_halves
from . import phenix_locres_steps as steps
from .local_fsc_steps import make_mask
from .local_resolution import LocalResolution, histogram

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class PhenixLocresParams:
    """Parameters of :func:`compute_phenix_locres`."""

    resolution: Optional[float] = param(None, "Overall resolution: balls, smoothing and the finest bin follow from it. From the data: "
                                        "FSC of 0.143 of the half-maps, without a mask.", label="Resolution", unit="Å",
                                        min=0.5, max=100)
    threshold: float = param(0.143, "Correlation at which the resolution is read.", label="Threshold", min=0.02, max=0.9)
    bins: int = param(20, "Bins of frequency, each of as many coefficients.", label="Bins", min=5, max=100)
    highest_resolution: Optional[float] = param(None, "Resolution at which the bins end, the best there can be. From the resolution: "
                                                "0.833 of it.", label="Highest resolution", unit="Å", min=0.2, max=100, expert=True)
    radius: Optional[float] = param(None, "Radius of the balls. From the resolution: as much. Larger ones are surer, and blur.",
                                    label="Radius", unit="Å", min=1, max=200)
    smooth: Optional[float] = param(None, "Standard deviation of the Gaussian that smooths the map of resolutions, 0 for none. From "
                                    "the resolution: as much.", label="Smoothing", unit="Å", min=0, max=200)
    rules: str = param("phenix", "phenix: between the finest bin above the threshold and the coarsest below it, their mean when they are "
                       "in the wrong order. first_fall: the first fall below the threshold, from coarse to fine.", label="Rules",
                       choices=("phenix", "first_fall"))


@dataclass(frozen=True)
class PhenixLocresResult(LocalResolution):
    """Result of :func:`compute_phenix_locres`; percentiles are over the voxels of the mask."""

    schema: ClassVar[str] = "cryoqa/phenix_locres/1"
    solvent_median: Optional[float] = metric("Å", "median outside the mask, where there is none: what noise alone gives", "none")
    inverted_fraction: float = metric("", "part of the mask where a finer bin is above the threshold again, so that it means less", "lower")
    nyquist_fraction: float = metric("", "part of the mask where all bins are above the threshold", "lower")
    unresolved_fraction: float = metric("", "part of the mask where no bin is above the threshold", "lower")
    coefficients: float = metric("", "independent coefficients of a bin in a ball, from which a correlation is taken", "higher")
    resolution: float = metric("Å", "overall resolution used", "none")
    threshold: float = metric("", "correlation at which the resolution is read", "none")
    radius: float = metric("Å", "radius of the balls", "none")
    smooth: float = metric("Å", "standard deviation of the Gaussian that smooths the map of resolutions", "none")
    highest_resolution: float = metric("Å", "resolution at which the bins end", "none")
    bins: int = metric("", "bins of frequency", "none")
    rules: str = metric("", "rules by which the resolution is read", "none")
    mask_source: str = metric("", "where the mask comes from: given, made from the half-maps, or none", "none")
    mask_fraction: float = metric("", "part of the box where the mask is at least 0.5", "none")
    half_maps_identical: bool = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_masked: bool = metric("", "a half-map was multiplied by a mask before it came here", "none")
    histogram: Optional[Curve] = curve("voxels of the mask by their local resolution", x_label="Local resolution", x_unit="Å",
                                       y_label="Part of the mask", y_unit="%")
    correlation: Optional[Curve] = curve("mean correlation in the mask", x_label="Frequency", x_unit="1/Å", y_label="Correlation")
    percentiles: Optional[Table] = table("percentiles of the local resolution in the mask, in Å")
    resolution_map: Optional[Map] = map_output("Å", "local resolution in Å inside the mask, 0 outside")
    mask_used: Optional[Map] = map_output("", "the mask, when it was made here")


def compute_phenix_locres(inputs: Inputs, params: PhenixLocresParams, *, progress: Progress = None) -> PhenixLocresResult:
    """Local resolution of ``half1`` and ``half2`` (float32 [z, y, x]) in ``mask``, by their correlation in balls in bins of frequency.

    Each bin holds as many coefficients as the others. Where the correlation passes ``threshold``, linear between bins, is the resolution,
    which a Gaussian smooths. Program: Liebschner et al. (2019), https://doi.org/10.1107/S2059798319011471.
    """
    say = progress or (lambda fraction, message: None)
    require(inputs, "half1", "half2")
    map_or_halves.check(inputs)
    warnings: List[str] = []
    about = map_or_halves.about_halves(inputs, warnings)
    say(0.02, "mask")
    mask, source = make_mask(inputs)
    say(0.05, "Fourier transforms")
    plan = steps.make_plan(inputs, params, mask)
    found = steps.sweep(plan, say)
    everywhere = steps.smoothed(plan, found)
    inside = mask >= blocres_steps.LEVEL
    known = everywhere[inside]
    values: Dict[str, Any] = dict(zip(blocres_steps.NAMES, (float(v) for v in np.percentile(known, blocres_steps.PERCENTILES))))
    values.update(steps.numbers(plan, found), half_maps_identical=about.identical, half_maps_masked=about.masked, mask_source=source,
                  mask_fraction=known.size / mask.size, solvent_median=steps.median_of(everywhere[~inside]),
                  histogram=histogram(known),
                  percentiles=Table(("Correlation", *(f"{p} %" for p in blocres_steps.PERCENTILES)),
                                    ((params.threshold, *(values[n] for n in blocres_steps.NAMES)),)))
    everywhere[~inside] = 0
    values["resolution_map"] = inputs.half1.with_data(everywhere)
    if source == "made":
        values["mask_used"] = inputs.half1.with_data(mask)
    say(1.0, "done")
    return PhenixLocresResult(summary=steps.summary(values), warnings=tuple(warnings + steps.warnings(values)), **values)
