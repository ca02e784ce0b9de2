"""Local resolution from two half-maps: the corrected FSC of soft spheres, as RELION does it, and the map filtered by it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, Optional

import numpy as np

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Table, curve, map_output, metric, table
from . import blocres_steps, map_or_halves
from . import relion_locres_steps as steps
from .local_fsc_steps import make_mask
from .local_resolution import LocalResolution, histogram

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class RelionLocresParams:
    """Parameters of :func:`compute_relion_locres`."""

    sampling: float = param(25.0, "Distance of the centres of the spheres. Less gives more spheres, and smaller ones unless radius and "
                            "edge are given.", label="Sampling", unit="Å", min=3, max=500)
    radius: Optional[float] = param(None, "Radius up to which a sphere is 1. From the sampling: half of it.", label="Radius", unit="Å",
                                    min=1, max=500)
    edge: Optional[float] = param(None, "Width of the soft edge of a sphere, beyond its radius. From the sampling: as much.", label="Edge",
                                  unit="Å", min=1, max=500)
    threshold: float = param(0.143, "Corrected FSC of a sphere at which its resolution is read. The table gives 0.5 as well.",
                             label="Threshold", min=0.05, max=0.9)
    coarsest: float = param(50.0, "Resolution given to spheres that have none, or a coarser one.", label="Coarsest resolution", unit="Å",
                            min=10, max=1000, expert=True)
    randomise_from: float = param(25.0, "Resolution from which the phases of the whole half-maps are made random, to correct for the "
                                  "spheres.", label="Random phases from", unit="Å", min=5, max=200, expert=True)
    seed: int = param(0, "Seed of the random phases; the same seed gives the same curves.", label="Seed", min=0, max=2 ** 31, expert=True)
    shells: str = param("local", "local: shells of the box that just holds a sphere, many times faster. box: shells of the whole box, with "
                        "the spheres padded to it, as RELION.", label="Shells", choices=("local", "box"))
    interpolate: bool = param(True, "Read the resolution between shells. Without: at the last shell of the whole box above, as RELION.",
                              label="Interpolate", expert=True)
    everywhere: bool = param(False, "Also where the mask is not: all spheres, and resolutions in the whole of them.", label="Everywhere",
                             expert=True)
    bfactor: float = param(0.0, "B-factor applied to the locally filtered map; negative sharpens.", label="B-factor", unit="Å²", min=-1000,
                           max=1000)
    mtf: Optional[str] = param(None, "STAR file with the MTF of the detector, by which the locally filtered map is divided.",
                               label="MTF file", expert=True)
    mtf_voxel_size: Optional[float] = param(None, "Pixel size that the MTF file refers to; that of the maps when empty.",
                                            label="Pixel size of the MTF", unit="Å", min=0.1, max=20, expert=True)


@dataclass(frozen=True)
class RelionLocresResult(LocalResolution):
    """Result of :func:`compute_relion_locres`; percentiles are over the voxels of the mask that a sphere reaches."""

    schema: ClassVar[str] = "cryoqa/relion_locres/1"
    unresolved_fraction: float = metric("", "part of the spheres that have no resolution, or none finer than the coarsest", "lower")
    nyquist_fraction: float = metric("", "part of the spheres whose FSC never falls below the threshold", "lower")
    several_fraction: float = metric("", "part of the spheres whose FSC falls below the threshold more than once", "lower")
    random_fsc: float = metric("", "mean FSC of the spheres with random phases, at their resolution: what the mask alone makes", "lower")
    uncovered_fraction: float = metric("", "part of the mask that no sphere reaches, and that has no resolution", "lower")
    threshold: float = metric("", "FSC at which the resolution is read", "none")
    spacing: float = metric("Å", "distance of the spheres", "none")
    radius: float = metric("Å", "radius up to which a sphere is 1", "none")
    edge: float = metric("Å", "width of the soft edge of a sphere", "none")
    spheres: int = metric("", "spheres that were looked at", "none")
    shell_width: float = metric("1/Å", "width of the shells of the FSC", "none")
    shells: str = metric("", "box that the shells belong to: local or box", "none")
    bfactor: float = metric("Å²", "B-factor applied to the locally filtered map", "none")
    mask_source: str = metric("", "where the mask comes from: given, made from the half-maps, or none", "none")
    mask_fraction: float = metric("", "part of the box where the mask is at least 0.5", "none")
    half_maps_identical: bool = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_masked: bool = metric("", "a half-map was multiplied by a mask before it came here", "none")
    histogram: Optional[Curve] = curve("voxels of the mask by their local resolution", x_label="Local resolution", x_unit="Å",
                                       y_label="Part of the mask", y_unit="%")
    fsc_spheres: Optional[Curve] = curve("mean corrected FSC of the spheres", x_label="Frequency", x_unit="1/Å", y_label="FSC")
    fsc_random: Optional[Curve] = curve("mean FSC of the spheres with random phases", x_label="Frequency", x_unit="1/Å", y_label="FSC")
    percentiles: Optional[Table] = table("percentiles of the local resolution in the mask, in Å")
    resolution_map: Optional[Map] = map_output("Å", "local resolution in Å inside the mask, 0 outside")
    filtered: Optional[Map] = map_output("", "mean of the half-maps, filtered in each sphere by its FSC; 0 where there is none")
    mask_used: Optional[Map] = map_output("", "the mask, when it was made here")


def compute_relion_locres(inputs: Inputs, params: RelionLocresParams, *, progress: Progress = None) -> RelionLocresResult:
    """Local resolution of ``half1`` and ``half2`` (float32 [z, y, x]) in ``mask``, by the FSC of soft spheres a sampling apart.

    In each, ``FSC = (FSC_masked - FSC_random) / (1 - FSC_random)``, where phases were randomised once in the whole half-maps; its first
    fall below ``threshold`` is the resolution, and frequencies are blended by the weights of the spheres. Correction: Chen et al.
    (2013), https://doi.org/10.1016/j.ultramic.2013.06.004.
    """
    say = progress or (lambda fraction, message: None)
    warnings = steps.check(inputs, params)
    about = map_or_halves.about_halves(inputs, warnings)
    say(0.02, "mask")
    mask, source = make_mask(inputs)
    say(0.05, "random phases")
    plan = steps.make_plan(inputs, params, mask)
    found, maps = steps.blend(plan, say)
    first = found.reads[0]
    frequency, filtered = maps[:-1], maps[-1]
    inside = [1 / f[(mask >= blocres_steps.LEVEL) & (f > 0)] for f in frequency]
    values: Dict[str, Any] = dict(zip(blocres_steps.NAMES, (float(v) for v in np.percentile(inside[0], blocres_steps.PERCENTILES))))
    values.update(steps.numbers(plan, found), half_maps_identical=about.identical, half_maps_masked=about.masked, mask_source=source,
                  mask_fraction=float(np.mean(mask >= blocres_steps.LEVEL)), histogram=histogram(inside[0]),
                  uncovered_fraction=1 - inside[0].size / int(np.count_nonzero(mask >= blocres_steps.LEVEL)),
                  percentiles=blocres_steps.percentile_table(found.reads, inside),
                  resolution_map=inputs.half1.with_data(steps.voxels(frequency[0], None if params.everywhere else mask)),
                  filtered=inputs.half1.with_data(filtered), threshold=first.cut)
    if source == "made":
        values["mask_used"] = inputs.half1.with_data(mask)
    say(1.0, "done")
    return RelionLocresResult(summary=steps.summary(values), warnings=tuple(warnings + steps.warnings(values)), **values)
