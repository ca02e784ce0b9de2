"""Boxes of a map, with all that belongs to it: cut out, put back, padded, resampled, mirrored, inverted, moved."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...io.maps import Map
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, model_output, table
from ...study import Study
from ...study.halves import DEPENDENT, INDEPENDENT, MarkedHalves
from ...study.mask import EDGE
from . import box_carry, box_fade, box_region, box_unique
from .box_params import MapBoxParams
from .box_region import NewBox, Triple, by, triple
from .box_unique import UniquePart


@dataclass(frozen=True)
class MapBoxResult(MarkedHalves):
    """Result of :func:`compute_map_box`."""

    schema: ClassVar[str] = "cryoqa/map_box/1"
    around: Optional[str] = metric("", "what the new box goes around", "none")
    box: Optional[str] = metric("voxels", "new box along x, y, z", "none")
    first_voxel: Optional[str] = metric("voxels", "place of its first voxel in the map along x, y, z, after a flip", "none")
    voxel_size: Optional[str] = metric("Å", "voxel size along x, y, z", "none")
    origin: Optional[str] = metric("Å", "position of its first voxel (x, y, z)", "none")
    moved_by: Optional[str] = metric("Å", "what is to be added to positions in the map, mirrored where it was flipped, to find them in "
                                     "the new box (x, y, z)", "none")
    cut_off: Optional[float] = metric("", "part of the model, mask or molecule that lies outside of the new box", "lower")
    cut_off_of: Optional[str] = metric("", "whose part that is: model, mask, molecule or unique part", "none")
    n_copies: Optional[int] = metric("", "copies of the molecule by the symmetry that was given", "none")
    copies_likeness: Optional[float] = metric("", "least correlation of the map with its copies, at 6 Å", "higher")
    axes_about: Optional[str] = metric("", "point of the box that the axes go through where it is not the centre voxel, or the origin that "
                                       "positions of operators count from", "none")
    beyond_share: Optional[float] = metric("", "part of the new box that lies beyond the map and was filled with solvent", "lower")
    volume_share: Optional[float] = metric("", "volume of the new box over that of the map", "none")
    voxel_scale: Optional[float] = metric("", "calibrated voxel size over that of the header; none where none was given", "none")
    voxel_change: Optional[float] = metric("", "how far the calibrated voxel size is from that of the header, as a part of it", "lower")
    resampled: Optional[bool] = metric("", "whether values lie between the voxels of the map", "none")
    detail_to: Optional[float] = metric("Å", "finest detail that larger voxels leave: two of them; none where they are not larger", "lower")
    flipped: Optional[bool] = metric("", "whether the hand was flipped", "none")
    inverted: Optional[bool] = metric("", "whether the contrast was inverted", "none")
    dust_parts: Optional[int] = metric("", "separate parts that were removed", "none")
    dust_volume: Optional[float] = metric("Å³", "their volume", "none")
    solvent_value: Optional[float] = metric("", "density that stands for solvent: the median of the faces of the map", "none")
    fsc_boxed: Optional[Curve] = curve("the FSC that was given, its frequencies corrected with the voxel size", x_label="Frequency",
                                       x_unit="1/Å", y_label="FSC", output="outputFSCs")
    what_happened: Optional[Table] = table("What happened to each input")
    boxed_map: Optional[Map] = map_output("", "the map in the new box", output="outputVolume", halves="own", placed=True)
    boxed_map_half1: Optional[Map] = map_output("", "half-map 1 in the new box")
    boxed_map_half2: Optional[Map] = map_output("", "half-map 2 in the new box")
    boxed_mask: Optional[Map] = map_output("", "the mask in the new box", output="outputMask", mask=True, placed=True)
    boxed_mask2: Optional[Map] = map_output("", "the second mask in the new box", output="outputSecondMask", mask=True, placed=True)
    unique_mask: Optional[Map] = map_output("", "the unique part, 3 Å wider with an edge of 6 Å", output="outputUniqueMask", mask=True,
                                            placed=True)
    boxed_resolution_map: Optional[Map] = map_output("Å", "the local resolution in the new box", output="outputResolution", placed=True)
    boxed_model: Optional[Any] = model_output("the model, moved with the map", output="outputAtomStruct", of="boxed_map")

    @property
    def halves_made(self) -> Optional[str]:
        """What the half-maps were that were given: elsewhere they are no more independent."""
        return self.half_maps_denoised if self.half_maps_denoised in (DEPENDENT, INDEPENDENT) else None

    def label(self, name: str) -> str:
        """What the header of an output map says after its name.

        Parameters
        ----------
        name
            Field of the map.

        Returns
        -------
        str
            What happened to it, or the mark of half-maps that were denoised or density-modified.
        """
        marked = super().label(name)
        words = [row[2] for row in self.what_happened.rows if row[0] == name] if self.what_happened is not None and not marked else []
        return f"; {words[0]}" if words else marked


def compute_map_box(study: Study, params: MapBoxParams, *, progress: Progress = silent) -> MapBoxResult:
    """A map and all that belongs to it in a new box.

    Parameters
    ----------
    study
        ``full_map``, or ``half1`` and ``half2``, or all three, float32 [z, y, x]; ``mask``, ``mask2``, ``resolution_map`` (Å), ``model``
        and ``fsc_curve``, which are carried along; ``symmetry``, for the unique part; ``target_map``, the map whose box or grid is taken.
    params
        See :class:`MapBoxParams`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    MapBoxResult
        Each input in the new box, with its place, and what happened to it. Without a map the mean of the half-maps is the map.

    Raises
    ------
    MissingInputError
        What the box should go around was not given.
    InputError
        The inputs do not fit together, or the box cannot be.

    Notes
    -----
    Where no voxel size changes, values are copied. Between voxels a density is the sum of the waves that it consists of: padding or
    cropping its transform gives the same where the sizes allow that (:func:`cryoqa_plugin.core.boxes.wave_weights`), after Shannon (1949),
    https://doi.org/10.1109/JRPROC.1949.232969.
    """
    study.check("half1", "half2", "full_map", "mask", "mask2", "resolution_map", least=4, what="a box needs")
    given = study.density
    scale = 1.0 if params.calibrated is None else params.calibrated / given.voxel
    frame = replace(given, voxel_size=_triple(v * scale for v in given.voxel_size), origin=_triple(o * scale for o in given.origin))
    around = box_region.chosen(study, params)
    progress(0.1, "where the new box lies")
    one = box_unique.unique_part(study) if around == "unique" else None
    unique = None if one is None else one.inside
    box = box_region.new_box(box_region.region(study, params, around, frame, unique), params, around, frame, study.target_map)
    progress(0.3, "maps")
    carried = box_carry.carry_maps(study, params, box, scale)
    matrix, shift = box_carry.placement(params, study, scale)
    atoms = None if study.model is None else study.model.xyz @ matrix.T + shift - np.asarray(box.origin)
    lost, whose = box_fade.cut_off(study, params, around, carried, box, atoms, scale, unique)
    level = box_carry.solvent(given.data) * (-1 if params.invert else 1)
    progress(0.7, "dust and edges")
    values = _changed(study, params, around, carried, box, atoms, level, unique)
    place = _place(params, box)
    move = np.asarray(place) - np.asarray(box.origin)
    detail = _detail(box, frame)
    if one is not None:
        values.update(_of_unique(study, params, box, place, one))
    values.update(_facts(params, box, frame, carried, scale), **box_carry.moved(carried.maps, place), **study.half_map_values())
    words = dict(carried.words)
    values.update(_beside(study, params, box, words, (matrix, shift + move), move, scale, detail))
    progress(1.0, "done")
    return MapBoxResult(
        summary=_summary(params, around, box, place, given, lost, whose),
        warnings=(*box.warnings, *carried.warnings, *_cautions(study, params)), around=around, origin=_exact(place), moved_by=triple(move),
        cut_off=lost, cut_off_of=whose, detail_to=detail, solvent_value=level,
        what_happened=_table(study, words, "" if params.place == "keep" else f"moved by {triple(move)} Å"), **values)


def _of_unique(study: Study, params: MapBoxParams, box: NewBox, place: Triple, one: UniquePart) -> Dict[str, Any]:
    """Numbers and mask of the unique part, by field of the result."""
    mask = box_fade.soft_part(study, params, box, one.inside, EDGE)
    return dict(n_copies=one.copies, copies_likeness=one.likeness, axes_about=one.place or None,
                unique_mask=Map(mask, box.voxel_size, place))


def _place(params: MapBoxParams, box: NewBox) -> Triple:
    """Where the first voxel of the new box is to lie, (x, y, z) in Å."""
    if params.place == "keep":
        return box.origin
    return _triple((0.0 if params.place == "zero" else -(n // 2) * v) for n, v in zip(box.shape[::-1], box.voxel_size))


def _facts(params: MapBoxParams, box: NewBox, frame: Map, carried: box_carry.Carried, scale: float) -> Dict[str, Any]:
    """Numbers of the new box, by field of the result."""
    calibrated = params.calibrated is not None
    return dict(
        box=triple(box.shape[::-1]), first_voxel=triple([p.at[0] for p in box.places]), voxel_size=_exact(box.voxel_size),
        beyond_share=carried.beyond / float(np.prod(box.shape)), resampled=not box.whole, flipped=params.flip, inverted=params.invert,
        volume_share=_volume(box.shape, box.voxel_size) / _volume(frame.shape, frame.voxel_size),
        voxel_scale=scale if calibrated else None, voxel_change=abs(scale - 1) if calibrated else None)


def _beside(study: Study, params: MapBoxParams, box: NewBox, words: Dict[str, List[str]], moves: Tuple[np.ndarray, np.ndarray],
            move: np.ndarray, scale: float, detail: Optional[float]) -> Dict[str, Any]:
    """Model and FSC taken along, by field of the result; what happened to them goes to ``words``."""
    out: Dict[str, Any] = {}
    if study.model is not None:
        edges = [n * v for n, v in zip(box.shape[::-1], box.voxel_size)]
        out["boxed_model"] = box_carry.carry_model(study.model, *moves, edges)
        words["boxed_model"] = _model_words(params, scale, move)
    if study.fsc_curve is not None:
        out["fsc_boxed"] = box_carry.carry_fsc(study.fsc_curve, scale, detail)
        words["fsc_boxed"] = [f"frequencies divided by {scale:.5g}"] * (scale != 1)
        words["fsc_boxed"] += [] if detail is None else [f"ends at {detail:.4g} Å"]
    return out


def _changed(study: Study, params: MapBoxParams, around: str, carried: box_carry.Carried, box: NewBox, atoms: Optional[np.ndarray],
             level: float, unique: Optional[np.ndarray]) -> Dict[str, Any]:
    """Take dust out of the boxed map and fade it, in place; fields of the result."""
    out: Dict[str, Any] = {}
    words = carried.words["boxed_map"]
    if params.dust is not None:
        found = box_fade.clean_dust(carried.maps["boxed_map"], params.dust, params.threshold, level)
        out.update(dust_parts=found.parts, dust_volume=found.volume)
        words.append(f"{found.parts} parts smaller than {params.dust:g} Å³ removed")
    if params.fade != "nothing":
        words.append(box_fade.fade(study, params, around, carried, box, atoms, level, unique))
    return out


def _triple(values: Any) -> Triple:
    x, y, z = (float(v) for v in values)
    return x, y, z


def _exact(values: Any) -> str:
    return ", ".join(f"{v + 0.0:.7g}" for v in values)


def _volume(shape: Any, voxel_size: Any) -> float:
    return float(np.prod(shape, dtype=np.float64) * np.prod(voxel_size))


def _detail(box: NewBox, frame: Map) -> Optional[float]:
    """Finest detail (Å) that the new voxels hold, where that is coarser than that of the old ones."""
    finest, before = 2 * max(box.voxel_size), 2 * max(frame.voxel_size)
    return finest if finest > before * (1 + 1e-6) else None


def _model_words(params: MapBoxParams, scale: float, move: np.ndarray) -> List[str]:
    out = [f"positions scaled by {scale:.5g}"] * (scale != 1) + ["mirrored along x"] * params.flip
    return out or ([] if np.any(move) else ["left where it was"])


def _cautions(study: Study, params: MapBoxParams) -> List[str]:
    """What to know of a model after what was done to it."""
    out = []
    if study.model is not None and params.flip:
        out.append("The model was mirrored with the map, so that its residues have the wrong hand now: use it to find the place, and fit "
                   "and refine the model as it was.")
    if study.model is not None and params.calibrated is not None:
        out.append("The model was scaled with the map, so that its bonds are longer or shorter now: refine it.")
    return out


def _table(study: Study, words: Dict[str, List[str]], last: str) -> Table:
    """What, from which file, and what happened to it, a row for each output."""
    names = dict({v: k for k, v in box_carry.OUTPUTS.items()}, boxed_model="model", fsc_boxed="fsc_curve")
    rows = []
    for name, said in words.items():
        source = getattr(study.inputs, names[name])
        file = getattr(source, "path", None) or ("mean of the half-maps" if source is None else "in memory")
        moved = [last] * bool(last and name != "fsc_boxed")
        rows.append((name, file, "; ".join([*said, *moved]) or "left as it was"))
    return Table(("output", "made of", "what happened"), tuple(rows))


def _summary(params: MapBoxParams, around: str, box: NewBox, place: Any, given: Map, lost: Optional[float], whose: Optional[str]) -> str:
    goes = {"model": "around the model", "mask": "around the mask", "density": "around the density", "bounds": "by its bounds",
            "point": "about a point", "whole": "of the whole map", "unique": "around the unique part", "other_box": "of the other map",
            "other_grid": "on the grid of the other map"}[around]
    done = ["hand flipped"] * params.flip + ["contrast inverted"] * params.invert + ["resampled"] * (not box.whole)
    done += ["faded"] * (params.fade != "nothing") + ["dust removed"] * (params.dust is not None)
    where = "its place is kept" if params.place == "keep" else f"its first voxel lies at {triple(place)} Å"
    cut = f" {100 * lost:.3g} % of the {whose} lies outside of it." if lost else ""
    return (f"New box {goes}: {by(box.shape[::-1])} voxels of {by([round(v, 5) for v in box.voxel_size])} Å, from "
            f"{by(given.shape[::-1])}; {', '.join([*done, where])}.{cut}")
