"""An entry for EMDB: what would be sent back, and the files and numbers that its form asks for."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...core import shells
from ...io.emdb_xml import fsc_xml
from ...io.inputs import require
from ...io.maps import Map, whole_voxels
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, Table, curve, file_output, map_output, metric, table
from ...study import Study, box_place
from ...study.box_place import BoxPlace
from ...study.fitting_origin import fitting_origin
from ...study.halves import HalfMapFacts, copied
from ...study.model_place import ModelPlaceFacts
from ...study.notes import is_sharpened, place_is_known
from ..map_info import contour_level
from ..map_info.audit_own import audited
from ..map_info.contour import ContourParams
from ..map_info.header import placement_notes, words
from ..map_info.map_info import spectrum_end
from ..model.residue_scores import atom_counts, place_values
from ..resolution.fsc import FscParams, FscResult, compute_fsc
from . import deposit_rules as rules
from .deposit_form import form_rows, references
from .deposit_picture import picture

_OF_FSC = ("resolution", "bfactor", "reported", "reported_difference", "reported_deviation")
_OF_AUDIT = ("supported_share", "unsupported_power", "kept_noise")
_NOT_OF_COMPOSITES = ("half_maps_masked", "half_maps_damped", "half_maps_filtered", "half_maps_share_noise", "halves_sharpened",
                      "one_filtered")
_EDGE = 3                                        # shells before the end of a low-pass, where its edge may begin
_ENOUGH = 0.4                                    # of the resolution of the half-maps, that a low-passed map must reach to be judged
_CURVES = {                                      # of the FSC that the resolution is read from: its field, and words
    "unmasked": ("fsc_unmasked", "without a mask"), "corrected": ("fsc_true", "in the mask, corrected for the mask"),
    "widened": ("fsc_widened", "in the mask with a wider edge, corrected for the mask"),
    "volume": ("fsc_volume", "without a mask, corrected for noise that is missing around the molecule")}


@dataclass(frozen=True)
class DepositParams:
    """Parameters of :func:`compute_deposit`."""

    pixel_size: Optional[float] = param(None, "Pixel size that you will state, as calibrated; the headers are held against it. Not "
                                        "compared when empty.", label="Stated pixel size", unit="Å", min=0.01, max=100)
    resolution: Optional[float] = param(None, "Resolution that you will state; the FSC is held against it. Not compared when empty.",
                                        label="Stated resolution", unit="Å", min=0.5, max=200)
    contour: Optional[float] = param(None, "Contour level that you will recommend. Suggested when it is left out, as by 'cryoqa contour'.",
                                     label="Contour level")
    bring_back: bool = param(False, "Put a primary map that was cut out of its half-maps, or padded, back into their box: EMDB wants one "
                             "box for all. What is not known there is filled with the mean of its faces.", label="Bring back into the box")
    composite: bool = param(False, "The primary map is a composite of focused maps. Its half-maps are composites too, whose FSC is no "
                            "gold standard: no resolution is read from them, and the entries of its parts are asked for.",
                            label="Composite map")


@dataclass(frozen=True)
class DepositResult(ModelPlaceFacts, HalfMapFacts):
    """Result of :func:`compute_deposit`."""

    schema: ClassVar[str] = "cryoqa/deposit/1"
    ready: Optional[bool] = metric("", "nothing that was checked would be sent back", "none")
    sent_back_count: Optional[int] = metric("", "things that would be sent back", "lower")
    parts_given: Optional[int] = metric("", "entries of the parts of a composite map, which are the consensus map and each focused map",
                                        "higher")
    entries_not_ready: Optional[int] = metric("", "entries that belong to this one and are not ready", "lower")
    halves_sharpened: Optional[bool] = metric("", "the half-maps were sharpened: their noise grows with resolution", "none")
    voxel_size: Optional[str] = metric("Å", "voxel size of the half-maps along x, y, z", "none")
    voxel_off: Optional[float] = metric("%", "difference of the voxel size of the primary map from that of the half-maps", "target:0")
    pixel_off: Optional[float] = metric("%", "difference of the voxel size of the half-maps from the stated pixel size", "target:0")
    one_filtered: Optional[bool] = metric("", "the power of one half-map ends before that of the other: it was low-passed", "none")
    primary_box: Optional[str] = metric("", "box of the primary map beside that of the half-maps: same, cut out, padded, brought back, or "
                                        "not found in it", "none")
    box_differs: Optional[bool] = metric("", "the primary map that is written has another box than the half-maps", "none")
    box_offset: Optional[str] = metric("voxels", "voxel (x, y, z) of the half-maps that the first voxel of the primary map lies on, by its "
                                       "density", "none")
    origin_off: Optional[float] = metric("voxels", "how far the headers put a map from where it lies among the others; put right in the "
                                         "files written", "target:0")
    origin_from: Optional[str] = metric("", "whose origin the files have: that of the primary map, or of the half-maps where the model "
                                        "fits better with it", "none")
    start_whole: Optional[bool] = metric("", "the origin of the maps is a whole number of voxels, as EMDB keeps it", "none")
    is_half: Optional[bool] = metric("", "the primary map is a copy of one of the half-maps", "none")
    map_shift: Optional[float] = metric("voxels", "shift of the primary map against the half-maps", "target:0")
    map_shift_vector: Optional[str] = metric("voxels", "that shift along x, y, z", "none")
    map_operation: Optional[str] = metric("", "rotation, mirror or sign that brings the primary map onto the half-maps: none, or axes to "
                                          "reverse and swap", "none")
    map_likeness: Optional[float] = metric("", "mean FSC of the primary map and the half-maps coarser than 20 Å", "higher")
    supported_share: Optional[float] = metric("", "part of the power of the primary map that the half-maps support", "higher")
    unsupported_power: Optional[float] = metric("", "part of its power, shell by shell, that is not the data, at least; local gains do "
                                                "not count", "lower")
    kept_noise: Optional[float] = metric("", "part of its power that is noise of the half-maps, at least", "lower")
    resolution: Optional[float] = metric("Å", "resolution by the FSC of the half-maps at 0.143, in the mask when there is one", "lower")
    fsc_kind: Optional[str] = metric("", "which FSC the resolution is read from: without a mask, or in it, and corrected for what", "none")
    reported: Optional[float] = metric("Å", "stated resolution", "none")
    reported_difference: Optional[float] = metric("%", "by how much the stated resolution is coarser than the measured one", "target:0")
    reported_deviation: Optional[float] = metric("%", "size of this difference", "lower")
    bfactor: Optional[float] = metric("Å²", "B-factor of the Guinier plot of the half-maps; negative for a fall-off", "none")
    contour: Optional[float] = metric("", "contour level of the primary map: the one given, else the one suggested", "none")
    contour_suggested: Optional[float] = metric("", "contour level that is suggested for it", "none")
    contour_halves: Optional[float] = metric("", "contour level suggested for the half-maps", "none")
    contour_verdict: Optional[str] = metric("", "verdict on the contour level: fits, too high, too low, or drowned in noise", "none")
    atoms_outside: Optional[float] = metric("", "part of the atoms of the model that lie outside the box of the primary map", "lower")
    model_zscore: Optional[float] = metric("SD", "mean density at the atoms above that of the map, in its standard deviations", "higher")
    sent_back: Optional[Table] = table("what would be sent back, the most upstream cause first, and what to do")
    rules: Optional[Table] = table("every rule that was checked")
    form: Optional[Table] = table("numbers and texts that the form of the archive asks for")
    references: Optional[Table] = table("which of the entries that belong together refers to which")
    fsc_entry: Optional[Curve] = curve("FSC that the resolution is read from", x_label="Frequency", x_unit="1/Å", y_label="FSC",
                                 output="outputFSCs")
    fsc_unmasked: Optional[Curve] = curve("FSC without a mask", x_label="Frequency", x_unit="1/Å", y_label="FSC", output="outputFSCs")
    primary: Optional[Map] = map_output("", "primary map of the entry", output="outputVolume", halves="own", placed=True,
                                        file="emd_xxxxx.map")
    primary_half1: Optional[Map] = map_output("", "half-map 1 of the entry", file="emd_xxxxx_half_map_1.map")
    primary_half2: Optional[Map] = map_output("", "half-map 2 of the entry", file="emd_xxxxx_half_map_2.map")
    mask_used: Optional[Map] = map_output("", "mask of the entry", output="outputMask", mask=True, placed=True,
                                          file="emd_xxxxx_msk_1.map")
    fsc_file: Optional[str] = file_output("the FSC that the resolution is read from, as EMDB's XML", "emd_xxxxx_fsc.xml")
    fsc_unmasked_file: Optional[str] = file_output("the FSC without a mask, as EMDB's XML", "emd_xxxxx_fsc_unmasked.xml")
    image: Optional[bytes] = file_output("picture of the primary map at its contour level, 500 x 500 pixels", "emd_xxxxx.png")
    text: Optional[str] = file_output("what would be sent back, and the numbers of the form", "deposition.txt")


def compute_deposit(study: Study, params: DepositParams, *, progress: Progress = silent) -> DepositResult:
    """Check the maps of an entry for EMDB, and make the files that it asks for.

    Parameters
    ----------
    study
        ``primary_map``, float32 [z, y, x], and ``half1`` and ``half2``, from which it was made; ``mask`` of the FSC and ``model`` when
        there are.
    params
        See :class:`DepositParams`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    DepositResult
        Half-maps are written as they were given; all maps with one origin and clean headers, the axes in the order x, y, z.

    Raises
    ------
    MissingInputError
        No primary map, or a half-map is missing.
    InputError
        The half-maps do not lie on one grid, or a map holds no density.

    References
    ----------
    The wwPDB Consortium (2024), https://doi.org/10.1093/nar/gkad1019 (EMDB and what it asks for); Kleywegt et al. (2024),
    https://doi.org/10.1107/S2052252524001246 (what half-maps, contour level and FSC of an entry are for).
    """
    require(study.inputs, "primary_map", "half1", "half2")
    study.check("half1", "half2", "mask", least=16, what="an entry needs")
    study.check("primary_map", least=8, what="an entry needs")
    warnings: List[str] = placement_notes(study.primary_map, True)
    values: Dict[str, Any] = dict(study.half_map_values(), **_of_halves(study))
    values.update(_entries(study, params.composite))
    progress(0.05, "place of the primary map")
    placed = _placed(study, values, params)
    placed, alone = _on_one_origin(study, placed, values)
    inner = study.with_(primary_map=None, full_map=placed.map)
    if placed.map is not None:
        values.update(_beside_halves(inner))
    progress(0.15, "FSC")
    fsc = compute_fsc(study.with_(primary_map=None, model=None), FscParams(sharpen=False, reported=params.resolution))
    values.update(_of_composite(values) if params.composite else {name: getattr(fsc, name) for name in _OF_FSC}, **_curves(fsc, params))
    progress(0.4, "primary map against the half-maps")
    if placed.map is not None and not values["is_half"]:
        values.update(_follows(_seen(inner, study.primary_map, placed), fsc.resolution, part(progress, 0.4, 0.3)))
    progress(0.7, "contour level")
    values.update(_levels(inner if placed.map is not None else alone, study, params))
    if study.model is not None:
        progress(0.8, "place of the model")
        values.update(_model(alone, warnings))
    progress(0.9, "files")
    values.update(_files(study, placed, alone, values))
    result = DepositResult(warnings=(*warnings, *(() if params.composite else fsc.warnings)),
                           form=form_rows(study, values, None if params.composite else fsc),
                           references=references(study, params.composite), **values)
    result = replace(result, **rules.judged(result))
    result = replace(result, summary=rules.in_words(result))
    progress(1.0, "done")
    return replace(result, text=rules.text(result))


def _of_halves(study: Study) -> Dict[str, Any]:
    """What is asked of half-maps beside the facts that every result has, by result field."""
    out: Dict[str, Any] = dict(voxel_size=words(study.half1.voxel_size))
    if not study.half_maps.copies:
        sums = study.half_sums()
        ends = falls_below(sums.power1, sums.power2), falls_below(sums.power2, sums.power1)
        out.update(halves_sharpened=is_sharpened(study.noise), one_filtered=any(end is not None for end in ends))
    return out


def falls_below(power: np.ndarray, other: np.ndarray) -> Optional[int]:
    """Shell at which the power of a map falls off a cliff beside that of another one of the same signal and noise.

    Parameters
    ----------
    power, other
        Sums over shells, float64 [n_shells].

    Returns
    -------
    int or None
        The last shell above the middle of the fall, as :func:`.map_info.spectrum_end` finds it in ``log10(power / other)``; None without
        a low-pass that the other map did not go through.
    """
    least = 1e-16 * max(float(power.max()), 1e-300), 1e-16 * max(float(other.max()), 1e-300)
    return spectrum_end(np.log10(np.maximum(power, least[0]) / np.maximum(other, least[1])))


def _placed(study: Study, values: Dict[str, Any], params: DepositParams) -> BoxPlace:
    """Where the primary map lies in the box of the half-maps, with the values that say so."""
    primary, grid = study.primary_map, study.half1
    off = box_place.voxel_difference(primary, grid)
    values["voxel_off"] = off
    if params.pixel_size is not None:
        values["pixel_off"] = float(100 * max(abs(v / params.pixel_size - 1) for v in grid.voxel_size))
    same = primary.shape == grid.shape
    if off > box_place.SAME_VOXEL and not same:
        values.update(primary_box="not found in it", box_differs=True)
        return BoxPlace(None, None)
    placed = box_place.place_of_box(primary, grid, study.transform("average"))
    inside = all(n <= m for n, m in zip(primary.shape, grid.shape))
    kind = "same" if same else "not found in it" if placed.offset is None else "cut out" if inside else "padded"
    back = params.bring_back and kind in ("cut out", "padded")
    values.update(primary_box="brought back" if back else kind, box_differs=not (same or back))
    if placed.offset is not None:
        values["box_offset"] = words(placed.offset)
        if off <= box_place.SAME_VOXEL:
            told = [box_place.header_offset(primary, grid) - placed.offset]
            told += [box_place.header_offset(m, grid) for m in (study.half2, study.mask) if m is not None]
            values["origin_off"] = float(max(abs(v) for offset in told for v in offset))
    return placed


def _on_one_origin(study: Study, placed: BoxPlace, values: Dict[str, Any]) -> Tuple[BoxPlace, Study]:
    """The primary map in the box of the half-maps, and alone with the model, both with the origin that all files will have."""
    primary, grid = study.primary_map, study.half1
    alone = study.with_(primary_map=None, full_map=primary, half1=None, half2=None, mask=None)
    values["origin_from"] = "primary map"
    if placed.map is None or placed.offset is None or (values.get("origin_off") or 0.0) <= 0.5:
        return placed, alone
    moved = replace(primary, origin=tuple(float(o + n * v) for o, n, v in zip(grid.origin, placed.offset, grid.voxel_size)))
    if study.model is None or fitting_origin(study.model, moved).here <= alone.fitting_origin.here:
        return placed, alone
    values["origin_from"] = "half-maps"
    return BoxPlace(placed.offset, replace(placed.map, origin=grid.origin)), alone.with_(full_map=moved)


def _beside_halves(inner: Study) -> Dict[str, Any]:
    """How the primary map lies on its half-maps, and whether it is one of them, by result field."""
    ours = inner.transform("full_map")
    is_half = any(copied(shells.cross_sums(ours, inner.transform(half), inner.geometry)) == 1 for half in ("half1", "half2"))
    out: Dict[str, Any] = dict(is_half=is_half and not inner.half_maps.copies)
    if place_is_known(inner.half_maps) or inner.half_maps.copies:
        place = inner.map_position
        out.update(map_shift=place.shift, map_shift_vector=place.shift_vector, map_operation=place.operation, map_likeness=place.likeness)
    return out


def _seen(inner: Study, primary: Map, placed: BoxPlace) -> Study:
    """The inputs with a mask of the molecule as far as a primary map with another box knows it."""
    if placed.offset is None or primary.shape == inner.half1.shape:
        return inner
    mask = inner.used_mask.map
    return inner.with_(mask=mask.with_data(mask.data * box_place.known_part(primary, mask, placed.offset)))


def _follows(inner: Study, resolution: Optional[float], progress: Progress) -> Dict[str, Any]:
    """Whether the primary map follows from the half-maps, by result field; nothing of one that was low-passed to a rest."""
    ours, theirs = (shells.power_sums(inner.transform(name), inner.geometry)[0] for name in ("full_map", "average"))
    shell, end = falls_below(ours, theirs), None
    if shell is not None:
        end = (shell - _EDGE) / inner.geometry.length
        if resolution is None or end * resolution < _ENOUGH:
            return {}
    found = audited(inner, inner.full_map.data, progress, end)
    return {name: found.get(name) for name in _OF_AUDIT}


def _entries(study: Study, composite: bool) -> Dict[str, Any]:
    """How many entries belong to this one, and how many of them are not ready, by result field."""
    entries = study.inputs.entries
    out: Dict[str, Any] = dict(entries_not_ready=sum(not e.ready for e in entries)) if entries else {}
    return dict(out, parts_given=sum(not e.composite for e in entries)) if composite else out


def _of_composite(values: Dict[str, Any]) -> Dict[str, Any]:
    """What is not asked of the half-maps of a composite, by result field: they are cut and filtered as its parts were put together."""
    return dict.fromkeys([name for name in values if name in _NOT_OF_COMPOSITES])


def _curves(fsc: FscResult, params: DepositParams) -> Dict[str, Any]:
    """The curves of the entry and their files; none of half-maps that have no resolution, and of those of a composite."""
    if params.composite or fsc.resolution is None or fsc.fsc_unmasked is None:
        return {}
    field, title = _CURVES[fsc.resolution_curve or "unmasked"]
    main = getattr(fsc, field)
    out: Dict[str, Any] = dict(fsc_entry=main, fsc_kind=title, fsc_unmasked=fsc.fsc_unmasked,
                               fsc_file=fsc_xml(f"FSC {title}", main.x, main.y))
    if field != "fsc_unmasked":
        out["fsc_unmasked_file"] = fsc_xml("FSC without a mask", fsc.fsc_unmasked.x, fsc.fsc_unmasked.y)
    return out


def _levels(of: Study, study: Study, params: DepositParams) -> Dict[str, Any]:
    """Contour levels of the primary map and of the half-maps, by result field."""
    lowpass = ContourParams().lowpass
    found, _ = contour_level.levels_of(of, lowpass)
    known = of.confident_level if of.has_halves and of.through != "xyz" else None
    found = contour_level.above_noise(found, known, of.density.data)
    level = found.suggested if params.contour is None else params.contour
    half, _ = contour_level.levels_of(study.with_(primary_map=None, full_map=study.half1, half1=None, half2=None, mask=None), lowpass)
    return dict(contour=level, contour_suggested=found.suggested, contour_verdict=found.verdict(level), contour_halves=half.suggested)


def _model(alone: Study, warnings: List[str]) -> Dict[str, Any]:
    """How the model lies in the primary map, by result field."""
    out: Dict[str, Any] = dict(place_values(alone, warnings), atoms_outside=alone.atoms_outside)
    if alone.used_atoms().any():
        out["model_zscore"] = atom_counts(alone, [])["model_zscore"]
    return out


def _files(study: Study, placed: BoxPlace, alone: Study, values: Dict[str, Any]) -> Dict[str, Any]:
    """The maps of the entry on one origin, and their picture."""
    primary = alone.full_map if placed.map is None or values["box_differs"] else placed.map
    origin = study.half1.origin if placed.map is None else placed.map.origin
    image = picture(primary, values["contour"])
    out: Dict[str, Any] = dict(primary=replace(primary, header=None), image=image,
                               start_whole=whole_voxels(origin, study.half1.voxel_size) is not None)
    for field, map_ in (("primary_half1", study.half1), ("primary_half2", study.half2), ("mask_used", study.mask)):
        if map_ is not None:
            out[field] = replace(map_, origin=origin, header=None)
    return out
