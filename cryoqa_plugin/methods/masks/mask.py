"""Make a mask: from a map, around a model, from other masks."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, ClassVar, Dict, Optional, Tuple

import numpy as np

from ...core import masks
from ...errors import InputError, MissingInputError
from ...io.inputs import require
from ...io.maps import Map
from ...io.ranges import three_numbers
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...rounding import show_value
from ...study import Study
from ...study.confident import confident_voxels, refused
from ...study.halves import HalfMapFacts
from ...study.mask import EDGE, INSIDE, NEAR, contour, drop_small, filter_resolution
from . import common

METHODS = ("molecule", "confident", "relion", "threshold", "local_variance", "spherical", "cryosparc_dynamic", "cryosparc_loose",
           "cryosparc_tight", "model", "given")
_PRESETS = {"molecule": (NEAR, EDGE), "confident": (2.0, EDGE), "cryosparc_dynamic": (6.0, 8.0), "cryosparc_loose": (3.0, 15.0),
            "cryosparc_tight": (3.0, 6.0)}                   # extension, soft edge in Å
_BY_THRESHOLD = ("relion", "threshold") + tuple(kind for kind in _PRESETS if kind != "confident")
_FROM_MAP = _BY_THRESHOLD + ("local_variance",)
_SMALL = 0.05                                                # of the largest: parts that are dropped where the data choose the threshold
_PART_COLUMNS = ("part", "voxels", "volume (Å³)", "mass (kDa)", "x (Å)", "y (Å)", "z (Å)")


@dataclass(frozen=True)
class MaskParams:
    """Parameters of :func:`compute_mask`."""

    method: Optional[str] = param(
        None, "How the mask begins: 'molecule' is the mask that cryoqa makes wherever one is needed and none was given: the map low-passed "
        "at 12 Å (three voxels where that is coarser), above a contour chosen from its values, 3 Å wider, with an edge of 6 Å; "
        "'confident' is what is more than the noise of the half-maps at a false discovery rate of 1 %, 2 Å wider, with an edge of 6 Å; "
        "'relion' low-passes the map and takes what is above a threshold; 'threshold' takes the map as it is; "
        "'local_variance' is Phenix's; 'cryosparc_dynamic', 'cryosparc_loose' and 'cryosparc_tight' have that program's widths; "
        "'spherical' is a ball about the box centre or a point, as a focus mask; 'model' surrounds the atoms; 'given' starts from a mask. "
        "From the data: spherical with a centre, else molecule with a map, else model, else given.",
        label="Method", choices=METHODS)
    lowpass: Optional[float] = param(None, "Resolution of the low-pass before the threshold; 0 for none. From the method: 15 Å for relion, "
                                     "12 Å or three voxels for molecule.", label="Low-pass", unit="Å", min=0,
                                     only_if=("method", ("molecule", "relion")))
    threshold: Optional[float] = param(
        None, "Density above which a voxel is inside. From the data: the median of the low-passed map plus the larger of a tenth of "
        "its range and four times its noise; for cryosparc_dynamic a fifth of the maximum.", label="Threshold",
        only_if=("method", _BY_THRESHOLD))
    resolution: float = param(8.0, "Resolution for the local variance; the ball that averages it has twice this radius.",
                              label="Resolution", unit="Å", min=1, only_if=("method", ("local_variance",)))
    fraction: float = param(0.05, "Part of the largest local variance above which a voxel is inside.", label="Fraction of the variance",
                            min=0, max=1, expert=True, only_if=("method", ("local_variance",)))
    radius: Optional[float] = param(None, "Radius of the ball, or distance added to the radius of each atom. From the data: 85 % of "
                                    "half the box, or 3 Å.", label="Radius", unit="Å", min=0, only_if=("method", ("spherical", "model")))
    centre: Optional[str] = param(None, "Centre of the ball, x, y, z in Å in the frame of the model, such as 81.5, 60, 102.4: what a "
                                  "viewer shows for an atom or a voxel of this map, whose origin counts. When empty the box centre.",
                                  label="Centre of the ball", unit="Å", only_if=("method", ("spherical",)))
    combine: str = param("and", "How further masks are combined with the first one, before it is extended.", label="Combination",
                         choices=("and", "or", "xor", "and_not", "or_not"), expert=True)
    extend: Optional[float] = param(None, "How far the mask is extended, or shrunk when negative. From the data: 3 for masks of a map, "
                                    "0 for the others (molecule: 3 Å; confident: 2 Å; cryoSPARC's kinds: 6, 3 and 3 Å).", label="Extension")
    soft_edge: Optional[float] = param(None, "Width of the cosine edge outside the extended mask. From the data: 6 (molecule, confident: 6 "
                                       "Å; cryoSPARC's kinds: 8, 15 and 6 Å).", label="Soft edge", min=0)
    edge_unit: str = param("voxels", "Unit of extension and soft edge.", label="Unit of the edge", choices=("voxels", "angstrom"))
    drop_below: Optional[float] = param(None, "Components smaller than this part of the largest are dropped. From the data: 0.05 for "
                                        "confident and when the threshold is chosen from the data too, else nothing is dropped.",
                                        label="Drop small parts", min=0, max=1, expert=True)
    fill: bool = param(False, "Fill cavities that do not reach the edge of the box.", label="Fill cavities", expert=True)
    invert: bool = param(False, "Give 1 minus the mask.", label="Invert", expert=True)


@dataclass(frozen=True)
class MaskResult(HalfMapFacts):
    """Result of :func:`compute_mask`."""

    schema: ClassVar[str] = "cryoqa/mask/1"
    method: str = metric("", "how the mask was begun", "none")
    threshold: Optional[float] = metric("", "density above which a voxel is inside", "none")
    volume: float = metric("Å³", "volume where the mask is at least 0.5", "none")
    mass: float = metric("kDa", "mass of protein that fills this volume, at 0.81 Da/Å³", "none")
    box_fraction: float = metric("", "part of the box where the mask is at least 0.5", "none")
    mean_value: float = metric("", "mean of the mask over the box", "none")
    soft_edge_width: float = metric("Å", "width of the soft edge", "higher")
    n_components: int = metric("", "number of separate parts", "none")
    largest_component: float = metric("", "part of the mask that lies in its largest component", "higher")
    edge_margin: float = metric("Å", "smallest distance from the mask (at least 0.5) to the edge of the box", "higher")
    centre_offset: float = metric("Å", "distance from the centre of the mask to the box centre", "lower")
    mass_by_threshold: Optional[Curve] = curve("Mass enclosed by the map against the threshold", x_label="threshold", x_unit="",
                                               y_label="mass", y_unit="kDa")
    components: Optional[Table] = table("Separate parts of the mask with their centres, largest first, at most 20")
    mask: Optional[Map] = map_output("", "mask, from 0 to 1", output="outputMask", mask=True)


def compute_mask(study: Study, params: MaskParams, *, progress: Progress = silent) -> MaskResult:
    """Make a soft mask.

    Parameters
    ----------
    study
        ``full_map``, ``half1`` and ``half2``, ``model`` or ``mask``, as the method asks; further masks are combined with the first one.
    params
        See :class:`MaskParams`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    MaskResult
        The mask, float32 from 0 to 1, and what it measures.

    Raises
    ------
    MissingInputError
        What the method begins with was not given.
    InputError
        The inputs do not fit together, the difference of the half-maps is not their noise, or the mask comes out empty.

    Notes
    -----
    RELION's mask is that of ``relion_mask_create`` (Scheres 2012, https://doi.org/10.1016/j.jsb.2012.09.006), with exact distances.
    """
    method = _method(study, params)
    grid, facts = _check(study, method), study.half_map_values()
    progress(0.05, "Where the density is")
    binary, threshold, levels = _begin(study, params, method, grid)
    if not binary.any():
        raise InputError(_empty(threshold, levels, study))
    masses = None if levels is None else _mass_curve(levels, float(np.prod(grid.voxel_size)) * common.KDA_PER_A3)
    del levels
    part = params.drop_below if params.drop_below is not None else (_SMALL if _automatic(params, method) else 0.0)
    binary = drop_small(_combined(binary, study, params, method), part)
    if params.fill:
        binary = masks.fill_cavities(binary)
    if not binary.any():
        files = ", ".join(m.place for m in (study.density if _has_map(study) else None, study.mask, study.mask2) if m is not None)
        raise InputError(f"The mask is empty after the combination '{params.combine}' ({files}): the masks do not overlap as it asks. "
                         "Check them, or choose another combination.")
    progress(0.4, "Extension and soft edge")
    extend, width, spacing = _edge(params, method, grid)
    soft = masks.soft_edge(masks.extend(binary, extend, spacing), width, spacing)
    if not soft.any():
        raise InputError(f"The mask is empty after it was shrunk by {-extend:g} {params.edge_unit}; shrink it less.")
    if params.invert:
        soft = 1 - soft
        if not soft.any():
            raise InputError("The inverted mask is empty: the mask fills the whole box; raise the threshold or do not invert it.")
    progress(0.8, "Measuring the mask")
    result = _result(soft, grid, method, threshold, masses, width * (grid.voxel if spacing == (1, 1, 1) else 1.0))
    return replace(result, **facts, summary=_summary(result, _automatic(params, method)))


def _method(study: Study, params: MaskParams) -> str:
    """The method that was asked for, else what fits the inputs."""
    if params.method is not None:
        return params.method
    if params.centre is not None:
        return "spherical"
    return "molecule" if _has_map(study) else "model" if study.model else "given"


def _has_map(study: Study) -> bool:
    return study.full_map is not None or study.has_halves


def _check(study: Study, method: str) -> Map:
    """The map that fixes the grid; a sentence when an input of the method is missing or bad."""
    if method == "confident":
        require(study.inputs, "half1", "half2")
    needed = "full_map" if method in _FROM_MAP else {"model": "model", "given": "mask"}.get(method)
    if needed and getattr(study, needed) is None and not (needed == "full_map" and study.has_halves):
        words = {"full_map": "a map", "model": "an atomic model", "mask": "a mask"}[needed]
        raise MissingInputError(f"The method '{method}' needs {words} and none was given; give it or choose another method.")
    halves = ("half1", "half2") if study.has_halves else ()
    maps = {n: m for n, m in study.maps().items() if n in ("full_map", *halves, "mask", "mask2")}
    if not maps:
        raise MissingInputError("A mask around a model needs a map or a mask for its box and voxel size; give one.")
    study.check("full_map", "mask", "mask2", *halves, least=2, what="a mask needs")
    return next(iter(maps.values()))


def _automatic(params: MaskParams, method: str) -> bool:
    return method == "confident" or params.threshold is None and method in _BY_THRESHOLD


def _begin(study: Study, params: MaskParams, method: str, grid: Map) -> Tuple[np.ndarray, Optional[float], Optional[np.ndarray]]:
    """The binary mask, the threshold that made it, and the map that it was applied to."""
    if method == "given":
        return study.used_mask.data >= INSIDE, None, None
    if method == "model":
        return _around_atoms(study, params, grid), None, None
    if method == "spherical":
        reach = min(n * v for n, v in zip(grid.shape, grid.voxel_size[::-1])) / 2
        radius = 0.85 * reach if params.radius is None else params.radius
        return masks.ball(grid.shape, grid.voxel_size, radius, _centre(params, grid)), None, None
    if method == "confident":
        return _confident(study), None, None
    data, voxel_size = study.density.data, grid.voxel_size
    if method == "local_variance":
        # Two voxels: a smaller ball would hold next to nothing.
        levels = masks.local_variance(data, voxel_size, max(params.resolution, 2 * grid.voxel))
        threshold = params.fraction * float(levels.max())
        return levels >= threshold, threshold, levels
    usual = {"relion": 15.0, "threshold": 0.0, "molecule": filter_resolution(grid)}.get(method, 12.0)
    cut = params.lowpass if params.lowpass is not None and method in ("molecule", "relion") else usual
    # Beyond Nyquist a low-pass takes nothing away.
    levels = masks.lowpass(data, voxel_size, cut) if cut > 2 * grid.voxel else data
    threshold = params.threshold
    if threshold is None:
        threshold = 0.2 * float(levels.max()) if method == "cryosparc_dynamic" else contour(levels)
    return levels >= np.float32(threshold), threshold, levels


def _confident(study: Study) -> np.ndarray:
    """What is more than the noise of the half-maps; a sentence where their difference is not that, or nothing is."""
    why, files = refused(study), ", ".join(m.path for m in (study.half1, study.half2) if m.path) or "in memory"
    if why is not None:
        raise InputError(f"What is more than noise is not known: {why} ({files}). Take another kind of mask, or the half-maps as the "
                         "refinement wrote them.")
    found = confident_voxels(study)
    if not found.any():
        raise InputError(f"Nothing is more than the noise of the half-maps ({files}), so that there is nothing to make a mask of. Check "
                         "that they show a molecule.")
    return found


def _centre(params: MaskParams, grid: Map) -> Optional[np.ndarray]:
    """The centre of the ball, (x, y, z) in Å from the first voxel; None for that of the box."""
    given = three_numbers(params.centre, "Centre of the ball", "centre")
    if given is None:
        return None
    at, edges = given - np.asarray(grid.origin), np.array(grid.shape[::-1]) * np.asarray(grid.voxel_size)
    if np.any(at < 0) or np.any(at > edges):
        raise InputError(f"The centre of the ball ({_point(given)} Å) lies outside the box, which goes from {_point(grid.origin)} to "
                         f"{_point(edges + np.asarray(grid.origin))} Å ({grid.place}). Positions are in the frame of the model: the origin "
                         "of the map counts.")
    return at


def _around_atoms(study: Study, params: MaskParams, grid: Map) -> np.ndarray:
    model = study.model
    radius = common.van_der_waals(model.elements) + (3.0 if params.radius is None else params.radius)
    binary = masks.atoms_mask(grid.shape, grid.voxel_size, grid.origin, model.xyz, radius)
    if not binary.any():
        low, high = model.xyz.min(axis=0), model.xyz.max(axis=0)
        end = [o + n * v for o, n, v in zip(grid.origin, grid.shape[::-1], grid.voxel_size)]
        raise InputError(f"The model lies outside the box: its atoms go from {_point(low)} to {_point(high)} Å and the box from "
                         f"{_point(grid.origin)} to {_point(end)} Å ({model.path}, {grid.place}). Check the origin of the map, or "
                         "place the model in it.")
    return binary


def _point(xyz: Any) -> str:
    return "(" + ", ".join(f"{v:.1f}" for v in xyz) + ")"


def _combined(binary: np.ndarray, study: Study, params: MaskParams, method: str) -> np.ndarray:
    operations: Dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
        "and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor,
        "and_not": lambda a, b: a & ~b, "or_not": lambda a, b: a | ~b}
    # The mask given is the first one already.
    for kind in ("mask2",) if method == "given" else ("mask", "mask2"):
        other = getattr(study, kind)
        if other is not None:
            binary = operations[params.combine](binary, other.data >= 0.5)
    return binary


def _edge(params: MaskParams, method: str, grid: Map) -> Tuple[float, float, Tuple[float, float, float]]:
    """Extension, width of the soft edge, and the spacing that gives them their unit."""
    near, fall = (3.0 if method in _FROM_MAP else 0.0), 6.0
    in_angstrom = params.edge_unit == "angstrom"
    if method in _PRESETS:
        in_angstrom = in_angstrom or (params.extend is None and params.soft_edge is None)
        near, fall = (v if in_angstrom else v / grid.voxel for v in _PRESETS[method])
    extend = near if params.extend is None else params.extend
    width = fall if params.soft_edge is None else params.soft_edge
    return extend, width, grid.voxel_size if in_angstrom else (1.0, 1.0, 1.0)


def _empty(threshold: Optional[float], levels: Optional[np.ndarray], study: Study) -> str:
    if levels is None:
        return f"The mask has no voxel of at least 0.5 ({study.inputs.mask.place}); give another one."
    low, high = float(levels.min()), float(levels.max())
    words = "the map goes" if levels is study.density.data else "the low-passed map goes"
    return (f"No voxel reaches the threshold {threshold:g}: {words} from {low:g} to {high:g} "
            f"({study.density.place}). Lower the threshold, or leave it out to have it chosen.")


def _result(soft: np.ndarray, grid: Map, method: str, threshold: Optional[float], masses: Optional[Curve], width: float) -> MaskResult:
    inside = soft >= 0.5
    voxel_volume = float(np.prod(grid.voxel_size))
    count = int(np.count_nonzero(inside))
    sizes, rows = _parts(inside, grid)
    offset = common.centre(soft, grid.voxel_size)
    return MaskResult(
        method=method, threshold=threshold, volume=count * voxel_volume, mass=count * voxel_volume * common.KDA_PER_A3,
        box_fraction=count / soft.size, mean_value=float(soft.mean(dtype=np.float64)), soft_edge_width=float(width),
        n_components=len(sizes), largest_component=float(sizes[0] / count) if count else 0.0,
        edge_margin=common.margin(inside, grid.voxel_size) if count else 0.0, centre_offset=float(np.sqrt(sum(v * v for v in offset))),
        mass_by_threshold=masses, components=Table(_PART_COLUMNS, rows), mask=grid.with_data(soft))


def _summary(out: MaskResult, automatic: bool) -> str:
    words = {"given": "from the given mask", "model": "around the model", "spherical": "a ball",
             "confident": "of what is more than noise, at a false discovery rate of 1 %"}.get(out.method, "")
    if not words:
        chosen = ", chosen from the data" if automatic else ""
        words = f"{out.method} mask of the map, threshold {out.threshold:.4g}{chosen}"
    parts = "1 part" if out.n_components == 1 else f"{out.n_components} parts"
    return (f"Mask ({words}): {show_value(out.volume, 'Å³')}, room for {show_value(out.mass, 'kDa')} of protein, "
            f"{100 * out.box_fraction:.1f} % of the box, in {parts}, with a soft edge of {out.soft_edge_width:.1f} Å.")


def _parts(inside: np.ndarray, grid: Map) -> Tuple[np.ndarray, Tuple[Tuple[Any, ...], ...]]:
    """Sizes in voxels of the connected parts, largest first, and the rows of the first twenty."""
    labels, sizes = masks.components(inside)
    voxel_volume = float(np.prod(grid.voxel_size))
    rows = []
    for i, (_, centre) in enumerate(common.parts(labels, sizes, grid)):
        volume = float(sizes[i]) * voxel_volume
        rows.append((i + 1, int(sizes[i]), volume, volume * common.KDA_PER_A3, *centre))
    return sizes, tuple(rows)


def _mass_curve(levels: np.ndarray, kda_per_voxel: float) -> Curve:
    counts, edges = np.histogram(levels, bins=400)
    above = np.cumsum(counts[::-1])[::-1]
    # Below the median most of the solvent is enclosed, which is no mass. 97: a part of the voxels is enough for a median.
    start = int(np.searchsorted(edges, max(float(np.median(levels.ravel()[::97])), 0.0)))
    return Curve(edges[start:-1], above[start:] * kda_per_voxel)
