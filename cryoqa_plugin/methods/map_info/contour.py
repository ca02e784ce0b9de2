"""A map at its contour level: the level, masses, centring, connected components, a mask, and the background outside of it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import masks
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...rounding import show_value
from ...study import Study, extent
from ...study.halves import HalfMapFacts
from ...study.masses import PROTEIN, Mass, mass_of_model, mass_of_sequences
from ...study.mask import INSIDE
from ...study.solvent import around_flat
from ..masks import common
from . import contour_background as noise, contour_level as levels, contour_steps as steps, contour_words as words

_SPACE_COLUMNS = ("axis", "left (Å)", "right (Å)", "left (%)", "right (%)", "decentring (%)", "centre of mass (voxels)",
                  "its offset (%)", "of the raw map (voxels)", "its offset (%)")
_COMPONENT_COLUMNS = ("voxels", "volume (Å³)", "share (%)", "cumulated share (%)")
_MASS_COLUMNS = ("threshold", "voxels", "mass (kDa)", "residues")
_BESIDE_COLUMNS = ("what", "volume (Å³)", "mass (kDa)", "residues", "atoms", "over the contour's")
_OUTSIDE = 0.01                                  # part of the atoms that may lie outside without a word


@dataclass(frozen=True)
class ContourParams:
    """Parameters of :func:`compute_contour`."""

    contour: Optional[float] = param(
        None, "Density at and above which a voxel belongs to the molecule. Suggested when it is left out: the lowest level at which at "
        "most 2 % of the voxels above it lie outside of the molecule, and which holds at most the volume of the model or the sequence, or "
        "half of the low-passed molecule when neither is given.",
        label="Contour level")
    molecular_mass: Optional[float] = param(None, "Mass of the whole molecule, which the contour should hold; that of the model or the "
                                            "sequence when empty.", label="Molecular mass", unit="kDa", min=1, max=1e6)
    dilate: float = param(2.0, "How far the large components are grown to make the mask, in whole steps of the 18 neighbours of a voxel.",
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
class ContourResult(HalfMapFacts):
    """Result of :func:`compute_contour`."""

    schema: ClassVar[str] = "cryoqa/contour/1"
    contour: float = metric("", "contour level that was used, in the unit of the map", "none")
    contour_suggested: float = metric("", "contour level suggested from the noise of the map and the volume of the molecule", "none")
    contour_lowest: float = metric("", "lowest level that still shows the molecule alone", "none")
    contour_highest: float = metric("", "highest level that still shows most of the molecule", "none")
    contour_confident: Optional[float] = metric("", "density above which at most 1 % of the voxels are noise, by the half-maps", "none")
    noise_above: Optional[float] = metric("", "part of the voxels above the contour level that are noise, by the half-maps", "lower")
    contour_bound: str = metric("", "what bounds the suggested level: noise, the expected volume (of a model or a sequence), or the "
                                "filling of the low-passed molecule", "none")
    level_verdict: str = metric("", "verdict on the contour level: fits, too high, too low, or drowned in noise where no level shows "
                                "a fifth of the model", "none")
    volume: float = metric("Å³", "volume at and above the contour level", "none")
    mass: float = metric("kDa", "mass that fills this volume: 1.207 Å³ a Da of protein, 0.91 of nucleic acid, in the parts of the model or "
                         "sequence; protein without them", "none")
    residues: float = metric("", "number of residues in this mass: 110 Da of protein, 325 of nucleic acid", "none")
    model_mass: Optional[float] = metric("kDa", "mass of the model with its hydrogens, or with those of average residues", "none")
    model_mass_percent: Optional[float] = metric("%", "mass above the contour level, wherever it is, over that of the model", "none")
    model_ratio: Optional[float] = metric("", "mass above the contour level within 3.5 Å of the model, over that of the model", "none")
    sequence_mass: Optional[float] = metric("kDa", "mass of the sequence, each chain once", "none")
    mask_mass: Optional[float] = metric("kDa", "mass that would fill the mask that was given", "none")
    mask_ratio: Optional[float] = metric("", "volume of the mask that was given over that of the model, else of the contour at the "
                                         "suggested level", "none")
    through: str = metric("", "axes along which the molecule runs through the box from face to face, as a filament does", "none")
    decentring: Optional[float] = metric("%", "difference of the spaces left and right of the mask over the box, of the worst axis that "
                                         "the molecule does not run through", "lower")
    decentring_largest: float = metric("%", "offset of the largest component from the box centre over the box, of the worst of all axes, "
                                            "as the service has it",
                                       "lower")
    space_min: float = metric("Å", "smallest space between this mask and a face of the box, as the service counts it", "higher")
    space_min_percent: Optional[float] = metric("%", "smallest space between the mask and a face, in empty voxels over the box, of the "
                                                "axes that the molecule does not run through", "higher")
    margin: Optional[float] = metric("Å", "smallest empty space between the mask and a face, of the axes that the molecule does not run "
                                     "through: the Validation Report Service asks for 20 Å", "higher")
    margin_axis: Optional[str] = metric("", "axis and side of this space", "none")
    mass_offset: Optional[float] = metric("%", "offset of the centre of mass of the large components over the box, of the worst axis that "
                                          "the molecule does not run through", "lower")
    mass_offset_raw: Optional[float] = metric("%", "offset of the centre of mass of the whole map with its negative values, as the "
                                                   "service has it", "none")
    n_components: int = metric("", "connected components at the contour level", "none")
    components_95: int = metric("", "components that hold 95 % of the voxels", "lower")
    pieces_95: Optional[int] = metric("", "components that hold 95 % of the voxels, where the molecule is whole: none for one that runs "
                                          "through the faces of the box, which cut its neighbours to pieces", "lower")
    largest_percent: float = metric("%", "voxels of the largest component", "higher")
    remaining: int = metric("", "components beyond those that hold 95 %", "none")
    remaining_mean: Optional[float] = metric("voxels", "mean size of these remaining components", "none")
    remaining_volume: Optional[float] = metric("Å³", "mean volume of the remaining components", "none")
    voxel_volume: float = metric("Å³", "volume of a voxel, which the service prints as the mean volume of the remaining components", "none")
    remaining_percent: float = metric("%", "voxels in components smaller than a hundredth of the largest", "lower")
    mask_voxels: int = metric("voxels", "size of the mask: components of a fifth of the largest and more, dilated", "none")
    mask_volume: float = metric("Å³", "volume of this mask", "none")
    mask_overlap: float = metric("", "part of what is above the contour level that lies inside the mask", "higher")
    overlap_largest: float = metric("", "part of the density above the contour level inside a mask of the largest component alone, as the "
                                        "service makes it", "higher")
    background_voxels: int = metric("voxels", "voxels outside of the mask", "none")
    background_raw_mean: Optional[float] = metric("", "mean of the background, in the unit of the map", "none")
    background_sd: Optional[float] = metric("", "standard deviation of the background, in the unit of the map", "none")
    background_t: Optional[float] = metric("", "Student's t of the mean of the background against 0", "none")
    background_p: Optional[float] = metric("", "probability of this t if the mean were 0; near 0 for nearly any map", "none")
    background_mean: Optional[float] = metric("", "distance of the background (its median, away from all density) from 0 over the standard "
                                              "deviation inside the mask", "lower")
    outliers: Optional[int] = metric("voxels", "voxels of the background with an absolute value beyond five standard deviations", "none")
    outlier_ratio: Optional[float] = metric("", "part of the background beyond five standard deviations, over that of a Gaussian; "
                                            "as the service has it", "lower")
    background_robust_sd: Optional[float] = metric("", "standard deviation of the background from its median absolute deviation", "none")
    outliers_robust: Optional[int] = metric("voxels", "voxels of the background beyond five robust standard deviations", "none")
    outlier_ratio_robust: Optional[float] = metric("", "outliers of the background over those of a Gaussian: about the median and by the "
                                                       "robust SD "
                                                   "at the same distance from the box centre, away from the low-passed molecule, "
                                                   "the mask and all pieces of a hundredth of the largest and more", "lower")
    outliers_percent: Optional[float] = metric("%", "part of the background beyond five robust standard deviations; 0.00006 % in a "
                                                    "Gaussian", "lower")
    background_zeros: Optional[float] = metric("%", "voxels of the background that are exactly 0", "lower")
    mass_by_threshold: Optional[Curve] = curve("Mass above a threshold", x_label="threshold", x_unit="", y_label="mass", y_unit="kDa")
    background: Optional[Curve] = curve("Background", x_label="density", x_unit="", y_label="voxels", y_unit="")
    gaussian: Optional[Curve] = curve("Gaussian of the same robust standard deviation", x_label="density", x_unit="", y_label="voxels",
                                      y_unit="")
    spaces: Optional[Table] = table("Space around the mask, and centres of mass")
    components: Optional[Table] = table("Connected components up to 95 % of the voxels, at most 100")
    beside: Optional[Table] = table("Masses of contour, mask, model and sequence")
    masses: Optional[Table] = table("Mass above a threshold")
    raw_mask: Optional[Map] = map_output("", "1 at and above the contour level")
    hard_mask: Optional[Map] = map_output("", "components of a fifth of the largest and more, dilated: 0 or 1")
    soft_mask: Optional[Map] = map_output("", "mask of the molecule with a soft edge, from 0 to 1", output="outputMask", mask=True)


class _Made(NamedTuple):
    raw: np.ndarray
    hard: np.ndarray                                         # of the large components: several copies may lie apart
    largest: np.ndarray                                      # of the largest alone, as the service makes its mask
    pieces: np.ndarray                                       # all components but specks
    sizes: np.ndarray
    offsets: Tuple[Tuple[float, ...], Tuple[float, ...]]     # centre of mass of the large components (x, y, z), in voxels and in %


def compute_contour(study: Study, params: ContourParams, *, progress: Progress = silent) -> ContourResult:
    """What a map holds at its contour level.

    Parameters
    ----------
    study
        ``full_map``, float32 [z, y, x]; ``half1`` and ``half2`` tell its noise; ``model``, ``sequence`` and ``mask`` what the contour
        should hold.
    params
        See :class:`ContourParams`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    ContourResult
        Numbers, tables, and the mask made of the large components.

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
    study.check("full_map", "mask", *(("half1", "half2") if study.has_halves else ()), least=2, what="a contour needs")
    map_, facts = study.full_map, study.half_map_values()
    progress(0.05, "Contour level")
    found, target = levels.levels_of(study, params.lowpass, params.molecular_mass)
    known = study.confident_level if study.has_halves and study.through != "xyz" else None       # a box cut out has no solvent
    found = levels.above_noise(found, known, map_.data)
    level = found.suggested if params.contour is None else params.contour
    of = PROTEIN if target is None else target.mass
    progress(0.3, "Connected components")
    made = _masks(map_, level, params)
    progress(0.6, "Background")
    values = dict(facts, **_centring(map_, made, study.through))
    if known is not None:
        values.update(contour_confident=known.threshold, noise_above=_finite(known.noise_above(map_.data, [level])[0]))
    values.update(_parts(map_, made, of))
    values["pieces_95"] = None if study.through else values["components_95"]
    values.update(_background(study, made, params))
    warnings = list(values.pop("warnings"))
    if study.model is not None and study.atoms_outside > _OUTSIDE:
        warnings.append(f"{100 * study.atoms_outside:.3g} % of the atoms of the model lie outside of the map, and are not counted: check "
                        "the origin of the map and the place of the model.")
    values.update(_level(study, level, found, target, of, values.get("noise_above"), warnings))
    progress(0.8, "Soft edge")
    width = max(5.0, 4 * map_.voxel) if params.soft_edge is None else params.soft_edge
    soft = masks.soft_edge(made.hard, width, map_.voxel_size)
    rows = steps.mass_rows(map_.data, values["voxel_volume"], of)
    if not rows:
        warnings.append("The map has no positive value, so that there is no table of mass by threshold.")
    return ContourResult(
        summary=_summary(level, params.contour is None, values), warnings=tuple(warnings), contour=level, contour_suggested=found.suggested,
        contour_lowest=found.lowest, contour_highest=found.highest, contour_bound=found.source,
        mass_by_threshold=Curve(np.array([r[0] for r in rows]), np.array([r[2] for r in rows])) if rows else None,
        masses=Table(_MASS_COLUMNS, tuple(rows)) if rows else None, raw_mask=map_.with_data(made.raw.astype(np.float32)),
        hard_mask=map_.with_data(made.hard.astype(np.float32)), soft_mask=map_.with_data(soft), **values)


def _finite(value: float) -> Optional[float]:
    return float(value) if np.isfinite(value) else None


def _level(study: Study, level: float, found: levels.Levels, target: Optional[levels.Target], of: Mass,
           noise_above: Optional[float], warnings: List[str]) -> Dict[str, Any]:
    """The verdict on the level, and the masses of contour, mask, model and sequence beside each other."""
    map_ = study.full_map
    near = None if target is None else target.near
    shown, right = (words.volume_above(map_, at, near) for at in (level, found.suggested))
    said = words.sentence(level, found, (words.kda(shown, of), words.kda(right, of)), target, noise_above)
    warnings += [said] if said else []
    contour = words.volume_above(map_, level)
    everything = words.kda(contour, of)
    rows: List[Tuple[Any, ...]] = [_row(f"contour at {level:.3g}", contour, of, contour)]
    if level != found.suggested:
        rows.append(_row(f"contour at {found.suggested:.3g}, suggested", words.volume_above(map_, found.suggested), of, contour))
    values: Dict[str, Any] = dict(level_verdict=found.verdict(level))
    expected = right if target is None else target.mass.volume
    if study.mask is not None:
        volume = float(np.count_nonzero(study.mask.data >= INSIDE)) * float(np.prod(map_.voxel_size))
        rows.append(_row("mask", volume, of, contour))
        values.update(mask_mass=words.kda(volume, of), mask_ratio=volume / expected if expected > 0 else None)
    for kind, weigh in (("model", mass_of_model), ("sequence", mass_of_sequences)):
        given = getattr(study, kind)
        if given is not None:
            mass = weigh(given)
            rows.append((kind, mass.volume, mass.total / 1000, mass.residues, mass.atoms, mass.volume / contour))
            values[f"{kind}_mass"] = mass.total / 1000
    if values.get("model_mass"):
        values["model_mass_percent"] = 100 * everything / values["model_mass"]
    if near is not None and target is not None and target.mass.volume > 0:         # 0 for a model that lies elsewhere
        values["model_ratio"] = shown / target.mass.volume
        rows.insert(1, _row("contour near the model", shown, of, contour))
    return dict(values, beside=Table(_BESIDE_COLUMNS, tuple(rows)))


def _row(what: str, volume: float, of: Mass, contour: float) -> Tuple[Any, ...]:
    return what, volume, words.kda(volume, of), volume / (of.per_residue * of.per_da), None, volume / contour


def _masks(map_: Map, level: float, params: ContourParams) -> _Made:
    """What is above the level, its components, and the mask made of the large ones."""
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
    grown = int(np.ceil(params.dilate / map_.voxel - 1e-6))
    large, pieces = (int(np.count_nonzero(sizes >= part * sizes[0])) for part in (steps.PIECE, steps.SPECK))
    main = (labels > 0) & (labels <= large)
    hard = steps.dilate(main, grown)
    largest = hard if large == 1 else steps.dilate(labels == 1, grown)
    # Mass is counted from 0, or from a negative level, so that no voxel of the component weighs less than nothing.
    weight = np.where(main, map_.data - np.float32(min(level, 0.0)), np.float32(0))
    xyz = common.centre_of_mass(weight if weight.any() else main, (1.0, 1.0, 1.0))         # all at a level of 0 or less: alike
    return _Made(raw, hard, largest, (labels > 0) & (labels <= pieces), sizes, (xyz, _offset(xyz, map_.shape)))


def _offset(xyz: Tuple[float, ...], shape: Tuple[int, ...]) -> Tuple[float, ...]:
    """Distances of a point in voxels from the box centre, in percent of its edges."""
    return tuple(100 * abs(c - n // 2) / n for c, n in zip(xyz, shape[::-1]))


def _centring(map_: Map, made: _Made, through: str) -> Dict[str, Any]:
    """The space around the mask; what runs through the box along an axis is neither off centre nor too near to a face along it."""
    found, service = (steps.spaces(m, map_.voxel_size) for m in (made.hard, made.largest))
    raw = steps.centre_raw(map_.data)
    raw_offset = _offset(raw, map_.shape) if raw else (None, None, None)
    centre, offset = made.offsets
    rows = tuple(row + (centre[i], offset[i], raw[i] if raw else None, raw_offset[i]) for i, row in enumerate(found.rows))
    free = [i for i, name in enumerate("xyz") if name not in through]
    margin = steps.margin(found.rows, map_.shape, map_.voxel_size, through)
    return dict(through=through, margin=None if margin is None else margin[0], margin_axis=None if margin is None else margin[1],
                decentring=max((found.rows[i][5] for i in free), default=None), decentring_largest=service.decentring,
                space_min=service.space_min,
                space_min_percent=min((min(found.rows[i][3:5]) for i in free), default=None),
                mass_offset=max((offset[i] for i in free), default=None), mass_offset_raw=max(raw_offset) if raw else None,
                spaces=Table(_SPACE_COLUMNS, rows))


def _parts(map_: Map, made: _Made, of: Mass) -> Dict[str, Any]:
    voxel_volume = float(np.prod(map_.voxel_size))
    found = steps.describe(made.sizes, voxel_volume)
    total, mask_voxels = int(made.sizes.sum()), int(np.count_nonzero(made.hard))
    kda, residues = steps.mass(total, voxel_volume, of)
    return dict(
        volume=total * voxel_volume, mass=kda, residues=residues, n_components=len(made.sizes), components_95=found.to_95,
        largest_percent=100.0 * float(made.sizes[0]) / total, remaining=found.remaining, remaining_mean=found.mean_voxels,
        remaining_volume=None if found.mean_voxels is None else found.mean_voxels * voxel_volume, voxel_volume=voxel_volume,
        remaining_percent=found.speck_percent, mask_voxels=mask_voxels, mask_volume=mask_voxels * voxel_volume,
        mask_overlap=float(np.count_nonzero(made.raw & made.hard)) / total,
        overlap_largest=float(np.count_nonzero(made.raw & made.largest)) / total, components=Table(_COMPONENT_COLUMNS, found.rows))


def _background(study: Study, made: _Made, params: ContourParams) -> Dict[str, Any]:
    map_, hard = study.full_map, made.hard
    found = noise.background(map_.data[~made.largest], params.sigmas)
    margin = max(5.0, 3 * map_.voxel) if params.margin is None else params.margin
    # Density below the level, of the molecule or of a belt around it, is no noise: it would make outliers of a good map.
    near = hard | made.pieces | study.molecule
    near = (masks.extend(near, margin, map_.voxel_size) if margin > 0 else near) | around_flat(study.flat, map_)
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
        background_mean=None if ours.middle is None or density == 0 else abs(ours.middle) / density, outliers=found.outliers,
        outlier_ratio=found.outlier_ratio, background_robust_sd=ours.sd, outliers_robust=ours.outliers, outlier_ratio_robust=ours.ratio,
        outliers_percent=None if ours.outliers is None else 100.0 * ours.outliers / max(ours.voxels, 1),
        background_zeros=found.zero_percent, warnings=warnings, **drawn)


def _summary(level: float, suggested: bool, values: Dict[str, Any]) -> str:
    many = values["n_components"]
    parts = "in one piece" if many == 1 else f"{values['largest_percent']:.0f} % of it in the largest of {many} pieces"
    part = values["outliers_percent"]
    said = "" if part is None else f"; {show_value(part, '%')} of the background are outliers"
    space = values["space_min_percent"]
    room = "" if space is None else f", at least {space:.0f} % of the box away from its faces"
    shape = f" It is {extent.words(values['through'])}." if values["through"] else ""
    return (f"At the {'suggested ' if suggested else ''}contour level {level:.4g} the map encloses {show_value(values['volume'], 'Å³')}, "
            f"{show_value(values['mass'], 'kDa')}, {parts}{room}{said}.{shape}")
