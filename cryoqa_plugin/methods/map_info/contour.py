"""A map at its contour level: mass, centring, connected components, a mask, and the background outside of it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import masks
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Result, Table, curve, map_output, metric, table
from ...study import Study
from ..masks import common
from . import contour_background as noise, contour_steps as steps

_SPACE_COLUMNS = ("axis", "left (Å)", "right (Å)", "left (%)", "right (%)", "decentring (%)", "centre of mass (voxels)",
                  "its offset (%)", "of the raw map (voxels)", "its offset (%)")
_COMPONENT_COLUMNS = ("voxels", "volume (Å³)", "share (%)", "cumulated share (%)")
_MASS_COLUMNS = ("threshold", "voxels", "mass (kDa)", "residues")


@dataclass(frozen=True)
class ContourParams:
    """Parameters of :func:`compute_contour`."""

    contour: Optional[float] = param(
        None, "Density at and above which a voxel belongs to the molecule. Suggested from the map when it is left out: the lowest level "
        "at which at most 2 % of the voxels above it lie outside of the low-passed molecule and at most half of that is filled.",
        label="Contour level")
    dilate: float = param(2.0, "How far the largest component is grown to make the mask, in whole steps of the 18 neighbours of a voxel.",
                          label="Dilation", unit="Å", min=0, max=100)
    soft_edge: Optional[float] = param(None, "Width of the cosine edge of the soft mask, outside of the hard one. From the data: 5 Å, at "
                                       "least 4 voxels.", label="Soft edge", unit="Å", min=0, max=200)
    sigmas: float = param(5.0, "Standard deviations beyond which a voxel of the background is an outlier.", label="Outliers beyond",
                          min=1, max=8, expert=True)
    margin: Optional[float] = param(None, "Distance from the mask at which the background begins for cryoqa's outliers: near the mask "
                                    "there is density of the molecule below the contour level. From the data: 5 Å, at least 3 voxels.",
                                    label="Margin", unit="Å", min=0, max=100, expert=True)
    lowpass: float = param(15.0, "Resolution of the low-pass that finds the molecule when the contour level is suggested.",
                           label="Low-pass", unit="Å", min=1, max=200, expert=True)


@dataclass(frozen=True)
class ContourResult(Result):
    """Result of :func:`compute_contour`."""

    schema: ClassVar[str] = "cryoqa/contour/1"
    contour: float = metric("", "contour level that was used, in the unit of the map", "none")
    contour_suggested: float = metric("", "contour level suggested from the map", "none")
    volume: float = metric("Å³", "volume at and above the contour level", "none")
    mass: float = metric("kDa", "mass of protein that fills this volume, at 1.207 Å³ a Da", "none")
    residues: float = metric("", "number of residues of 110 Da in this mass", "none")
    decentring: float = metric("%", "difference of the spaces left and right of the mask over the box, of the worst axis", "lower")
    space_min: float = metric("Å", "smallest space between the mask and a face of the box, as the service counts it", "higher")
    space_min_percent: float = metric("%", "smallest space between the mask and a face, in empty voxels over the box", "higher")
    mass_offset: float = metric("%", "offset of the centre of mass of the largest component over the box, of the worst axis", "lower")
    mass_offset_raw: Optional[float] = metric("%", "the same of the whole map with its negative values, as the service has it", "none")
    n_components: int = metric("", "connected components at the contour level", "none")
    components_95: int = metric("", "components that hold 95 % of the voxels", "lower")
    largest_percent: float = metric("%", "voxels of the largest component", "higher")
    remaining: int = metric("", "components beyond those that hold 95 %", "none")
    remaining_mean: Optional[float] = metric("voxels", "mean size of these remaining components", "none")
    remaining_volume: Optional[float] = metric("Å³", "mean volume of the remaining components", "none")
    voxel_volume: float = metric("Å³", "volume of a voxel, which the service prints as the mean volume of the remaining components", "none")
    remaining_percent: float = metric("%", "voxels in components smaller than a hundredth of the largest", "lower")
    mask_voxels: int = metric("voxels", "size of the mask: largest component, dilated", "none")
    mask_volume: float = metric("Å³", "volume of this mask", "none")
    mask_overlap: float = metric("", "part of what is above the contour level that lies inside the mask", "higher")
    background_voxels: int = metric("voxels", "voxels outside of the mask", "none")
    background_raw_mean: Optional[float] = metric("", "mean of the background, in the unit of the map", "none")
    background_sd: Optional[float] = metric("", "standard deviation of the background, in the unit of the map", "none")
    background_t: Optional[float] = metric("", "Student's t of the mean of the background against 0", "none")
    background_p: Optional[float] = metric("", "probability of this t if the mean were 0; near 0 for nearly any map", "none")
    background_mean: Optional[float] = metric("", "distance of the mean of the background from 0 over the standard deviation inside the "
                                              "mask", "lower")
    outliers: Optional[int] = metric("voxels", "voxels of the background with an absolute value beyond five standard deviations", "none")
    outlier_ratio: Optional[float] = metric("", "part of the background beyond five standard deviations, over that of a Gaussian; "
                                            "as the service has it", "lower")
    background_robust_sd: Optional[float] = metric("", "standard deviation of the background from its median absolute deviation", "none")
    outliers_robust: Optional[int] = metric("voxels", "voxels beyond five robust standard deviations, in outlier_ratio_robust", "none")
    outlier_ratio_robust: Optional[float] = metric("", "the same by cryoqa: about the median and by the robust standard deviation "
                                                   "at the same distance from the middle of the box, away from the mask and from all "
                                                   "pieces of a hundredth of the largest and more", "lower")
    outliers_percent: Optional[float] = metric("%", "part of this background that is outliers; 0.00006 in a Gaussian", "lower")
    background_zeros: Optional[float] = metric("%", "voxels of the background that are exactly 0", "lower")
    mass_by_threshold: Optional[Curve] = curve("Mass above a threshold", x_label="threshold", x_unit="", y_label="mass", y_unit="kDa")
    background: Optional[Curve] = curve("Background", x_label="density", x_unit="", y_label="voxels", y_unit="")
    gaussian: Optional[Curve] = curve("Gaussian of the same robust standard deviation", x_label="density", x_unit="", y_label="voxels",
                                      y_unit="")
    spaces: Optional[Table] = table("Space around the mask, and centres of mass")
    components: Optional[Table] = table("Connected components up to 95 % of the voxels, at most 100")
    masses: Optional[Table] = table("Mass above a threshold, at 1.207 Å³ a Da and 110 Da a residue")
    raw_mask: Optional[Map] = map_output("", "1 at and above the contour level")
    hard_mask: Optional[Map] = map_output("", "largest component, dilated: 0 or 1")
    soft_mask: Optional[Map] = map_output("", "the same with a soft edge, from 0 to 1", output="outputMask", mask=True)


class _Made(NamedTuple):
    raw: np.ndarray
    hard: np.ndarray
    pieces: np.ndarray                                       # all components but specks
    sizes: np.ndarray
    offsets: Tuple[Tuple[float, ...], Tuple[float, ...]]     # centre of mass of the largest component (x, y, z), in voxels and in %


def compute_contour(study: Study, params: ContourParams, *, progress: Progress = silent) -> ContourResult:
    """What a map holds at its contour level.

    Parameters
    ----------
    study
        ``full_map``, float32 [z, y, x].
    params
        See :class:`ContourParams`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    ContourResult
        Numbers, tables, and the mask made of the largest component.

    Raises
    ------
    MissingInputError
        No map was given.
    InputError
        No voxel reaches the contour level, or all do.

    References
    ----------
    Sorzano et al. (2022), https://doi.org/10.1039/D2FD00059H: items 0.a, 0.b and 0.c of the Validation Report Service.
    """
    study.check("full_map", least=2, what="a contour needs")
    map_ = study.full_map
    progress(0.05, "Contour level")
    suggested = steps.suggest(map_.data, map_.voxel_size, params.lowpass)
    level = suggested if params.contour is None else params.contour
    progress(0.3, "Connected components")
    made = _masks(map_, level, params)
    progress(0.6, "Background")
    values = _centring(map_, made)
    values.update(_parts(map_, made))
    values.update(_background(map_, made, params))
    progress(0.8, "Soft edge")
    width = max(5.0, 4 * map_.voxel) if params.soft_edge is None else params.soft_edge
    soft = masks.soft_edge(made.hard, width, map_.voxel_size)
    rows = steps.mass_rows(map_.data, values["voxel_volume"])
    warnings = list(values.pop("warnings"))
    if not rows:
        warnings.append("The map has no positive value, so that there is no table of mass by threshold.")
    return ContourResult(
        summary=_summary(level, params.contour is None, values), warnings=tuple(warnings), contour=level, contour_suggested=suggested,
        mass_by_threshold=Curve(np.array([r[0] for r in rows]), np.array([r[2] for r in rows])) if rows else None,
        masses=Table(_MASS_COLUMNS, tuple(rows)) if rows else None, raw_mask=map_.with_data(made.raw.astype(np.float32)),
        hard_mask=map_.with_data(made.hard.astype(np.float32)), soft_mask=map_.with_data(soft), **values)


def _masks(map_: Map, level: float, params: ContourParams) -> _Made:
    """What is above the level, its components, and the mask made of the largest."""
    raw = map_.data >= np.float32(level)
    count = int(np.count_nonzero(raw))
    low, high, file = float(map_.data.min()), float(map_.data.max()), f" ({map_.path})" if map_.path else ""
    if count == 0:
        raise InputError(f"No voxel reaches the contour level {level:g}: the map goes from {low:g} to {high:g}{file}. Lower the level, or "
                         "leave it out to have it suggested.")
    if count == raw.size:
        raise InputError(f"Every voxel lies above the contour level {level:g}: the map goes from {low:g} to {high:g}{file}. Raise the "
                         "level, or leave it out to have it suggested.")
    labels, sizes = masks.components(raw)
    largest = labels == 1
    pieces = (labels > 0) & (labels <= np.count_nonzero(sizes >= steps.SPECK * sizes[0]))
    del labels
    # Mass is counted from 0, or from a negative level, so that no voxel of the component weighs less than nothing.
    xyz = common.centre_of_mass(np.where(largest, map_.data - np.float32(min(level, 0.0)), np.float32(0)), (1.0, 1.0, 1.0))
    hard = steps.dilate(largest, int(np.ceil(params.dilate / map_.voxel - 1e-6)))
    return _Made(raw, hard, pieces, sizes, (xyz, _offset(xyz, map_.shape)))


def _offset(xyz: Tuple[float, ...], shape: Tuple[int, ...]) -> Tuple[float, ...]:
    """Distances of a point in voxels from the middle of the box, in percent of its edges."""
    return tuple(100 * abs(c - n // 2) / n for c, n in zip(xyz, shape[::-1]))


def _centring(map_: Map, made: _Made) -> Dict[str, Any]:
    found = steps.spaces(made.hard, map_.voxel_size)
    raw = steps.centre_raw(map_.data)
    raw_offset = _offset(raw, map_.shape) if raw else (None, None, None)
    centre, offset = made.offsets
    rows = tuple(row + (centre[i], offset[i], raw[i] if raw else None, raw_offset[i]) for i, row in enumerate(found.rows))
    return dict(decentring=found.decentring, space_min=found.space_min, space_min_percent=found.space_min_percent,
                mass_offset=max(offset), mass_offset_raw=max(raw_offset) if raw else None, spaces=Table(_SPACE_COLUMNS, rows))


def _parts(map_: Map, made: _Made) -> Dict[str, Any]:
    voxel_volume = float(np.prod(map_.voxel_size))
    found = steps.describe(made.sizes, voxel_volume)
    total, mask_voxels = int(made.sizes.sum()), int(np.count_nonzero(made.hard))
    kda, residues = steps.mass(total, voxel_volume)
    return dict(
        volume=total * voxel_volume, mass=kda, residues=residues, n_components=len(made.sizes), components_95=found.to_95,
        largest_percent=100.0 * float(made.sizes[0]) / total, remaining=found.remaining, remaining_mean=found.mean_voxels,
        remaining_volume=None if found.mean_voxels is None else found.mean_voxels * voxel_volume, voxel_volume=voxel_volume,
        remaining_percent=found.speck_percent, mask_voxels=mask_voxels, mask_volume=mask_voxels * voxel_volume,
        mask_overlap=float(np.count_nonzero(made.raw & made.hard)) / total, components=Table(_COMPONENT_COLUMNS, found.rows))


def _background(map_: Map, made: _Made, params: ContourParams) -> Dict[str, Any]:
    hard = made.hard
    outside = map_.data[~hard]
    found = noise.background(outside, params.sigmas)
    margin = max(5.0, 3 * map_.voxel) if params.margin is None else params.margin
    # Density of the molecule below the level is no noise: it would make outliers of a good map.
    near = masks.extend(hard | made.pieces, margin, map_.voxel_size) if margin > 0 else hard | made.pieces
    ours = noise.robust(map_.data, near, params.sigmas)
    drawn = {name: Curve(x, y) for name, (x, y) in noise.histograms(map_.data[~near], ours).items()}
    density = float(map_.data[hard].std(dtype=np.float64))
    warnings: List[str] = []
    if found.voxels < 2:
        warnings.append("The mask fills the box: there is no background to judge.")
    elif ours.ratio is None:
        warnings.append("The background is constant, or hardly there: there is no noise to judge. The map may be masked.")
    elif (found.zero_percent or 0) > 50:
        warnings.append(f"{found.zero_percent:.0f} % of the background is exactly 0: the map was masked; outliers are those of the rest.")
    return dict(
        background_voxels=found.voxels, background_raw_mean=found.mean, background_sd=found.sd, background_t=found.t, background_p=found.p,
        background_mean=None if found.mean is None or density == 0 else abs(found.mean) / density, outliers=found.outliers,
        outlier_ratio=found.outlier_ratio, background_robust_sd=ours.sd, outliers_robust=ours.outliers, outlier_ratio_robust=ours.ratio,
        outliers_percent=None if ours.outliers is None else 100.0 * ours.outliers / max(ours.voxels, 1),
        background_zeros=found.zero_percent, warnings=warnings, **drawn)


def _summary(level: float, suggested: bool, values: Dict[str, Any]) -> str:
    many = values["n_components"]
    parts = "in one piece" if many == 1 else f"{values['largest_percent']:.0f} % of it in the largest of {many} pieces"
    part = values["outliers_percent"]
    said = "" if part is None else f"; {part:.2g} % of the background are outliers"
    return (f"At the {'suggested ' if suggested else ''}contour level {level:.4g} the map encloses {values['volume']:.0f} Å³, "
            f"{values['mass']:.0f} kDa of protein, {parts}, at least {values['space_min_percent']:.0f} % of the box from its faces{said}.")
