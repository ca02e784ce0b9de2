"""The local resolutions: one row a method, drawn alike."""
from __future__ import annotations

from collections import defaultdict
from typing import Any, List, Mapping, NamedTuple, Tuple

from ..blocks import Block, Card, Estimate
from ..draw import curves, resolution_marks, split_values, tables
from ..local import bar, leading, page_scale, value
from ..overlay import value_slices
from ..section import Results, Section


class LocalMethod(NamedTuple):
    """What the section of one method says and shows.

    ``name`` and ``note`` stand on the axis of all estimates; braces take metrics, ``noise`` where the
    noise is from. ``first`` are the values that come before the others,
    ``means`` its curves with the median marked, ``after`` those behind all else; the resolutions colour slices of ``behind``.
    """

    id: str
    title: str
    order: int
    how_to_read: str
    name: str
    note: str
    first: Tuple[str, ...] = ()
    means: Tuple[str, ...] = ()
    after: Tuple[str, ...] = ()
    behind: str = "the mean of the half-maps"


_FIRST = ("median", "p5", "p95")
_CORE = "The core of a rigid molecule is better than its surface"

METHODS = (
    LocalMethod(
        "map_resolution", "Local resolution of the map alone", 69,
        "The noise is that of the solvent, so that this asks for no half-maps. It should agree with the local resolution from half-maps "
        "where there are any. Overfitted noise, which half-maps show, looks like signal here. Where the solvent does not have "
        "the noise of the molecule, no number is given. When the noise was taken from the resolution given, only the differences between "
        "places mean something.",
        "Map alone", "{noise}",
        ("overall", "representative", "noise_source", "finer_percent", "standard_error", "significant_fraction", "unresolved_fraction",
         "nyquist_fraction", "solvent_part", "noise_level", "mask_source"), ("correlation",), behind="the map"),
    LocalMethod(
        "local_fsc", "Local resolution", 70,
        "The core of a rigid molecule is better by some tenths of an Å than its surface, where the window holds solvent too. Parts that "
        "move, are partly there or were aligned less well are red. A map that is uniform to the last digit, or solvent as good "
        "as the molecule, means that the half-maps are not independent.",
        "Local FSC {threshold}", "half-maps",
        ("median_05", "overall", "standard_error", "significant_fraction", "unresolved_fraction", "window", "threshold", "mask_source"),
        ("fsc_local",)),
    LocalMethod(
        "relion_locres", "Local resolution (RELION)", 71,
        "Each sphere is wide, and neighbours overlap by most of it: the map shows trends over tens of Å, and its best and worst values are "
        "means over as much. The curve of random phases should be near 0 where the other one falls. Compare with maps of RELION; the "
        "local resolution by the filter bank is the sharper one.",
        "FSC {threshold} in spheres", "RELION",
        ("unresolved_fraction", "uncovered_fraction", "random_fsc", "spheres", "spacing", "radius", "edge", "threshold", "shells",
         "mask_source"), ("fsc_spheres", "fsc_random")),
    LocalMethod(
        "blocres", "Local resolution (blocres)", 72,
        f"{_CORE}, where the boxes hold solvent. Boxes blur the resolutions over their own size, and their few coefficients scatter: "
        "differences of a tenth of an Å between neighbours mean little. Compare with maps of Bsoft; trust the local resolution by the "
        "filter bank for the number.",
        "Boxes, FSC {threshold}", "blocres, {box_edge} Å",
        ("unresolved_fraction", "several_fraction", "box_over_resolution", "coefficients", "box_edge", "spacing", "threshold", "rules",
         "mask_source"), ("fsc_boxes",)),
    LocalMethod(
        "phenix_locres", "Local resolution (Phenix)", 73,
        "A ball as wide as the resolution holds hardly one coefficient of a bin, and what smooths the map is the Gaussian at the end. "
        "Where bins above and below the threshold take turns, the result is the mean of the finest above and the coarsest below: "
        "disordered parts and noise look better than they are. Compare with maps of Phenix; trust the local resolution by the filter bank "
        "for the number.",
        "Correlation in balls", "Phenix",
        ("inverted_fraction", "coefficients", "solvent_median", "overall", "radius", "smooth", "highest_resolution", "threshold", "rules",
         "mask_source"), ("correlation",)),
    LocalMethod(
        "monores", "Local resolution (MonoRes)", 75,
        f"{_CORE} and its loose ends. The median should lie near the resolution of the FSC; with Xmipp's rules it lies some tenths of an Å "
        "above it. A map that is good up to the last frequency looked at has no noise to compare with: the half-maps are not independent, "
        "or the solvent was masked.",
        "MonoRes", "{noise}",
        ("spread", "overall", "median_over_overall", "unresolved_fraction", "nyquist_fraction", "mask_source", "noise_source"),
        after=("cumulative",), behind="the map"),
    LocalMethod(
        "resmap", "Local resolution (ResMap)", 77,
        f"{_CORE} and its loose ends. Detail that is significant need not be well resolved, and nothing finer than 2.3 voxels is tested: "
        "where many voxels stand at that number, use smaller voxels. Compare with other maps, and trust the local resolution by FSC for "
        "the number.",
        "ResMap", "{noise}",
        ("unresolved_fraction", "nyquist_fraction", "mask_source", "noise_source"), ("spectra",), behind="the map"),
)


def cards(results: Results, method: LocalMethod) -> List[Card]:
    """The slices on the scale of the page with their bar; the method that leads stands open, the others in their folds."""
    document = results[method.id]
    if value(document, "median") is None:        # no voxel has a resolution, and there is nothing to colour
        return []
    scale = page_scale(results)
    title = f"Local resolution on middle slices ({_name(results, method)})"
    blocks = value_slices(results, method.id, "resolution_map", title, scale, method.behind, "Local resolution")
    blocks.append(bar(document, scale, "", "Å", "Grey: the mask; bracket: its 5–95 %."))
    return [Card(title, tuple(blocks), 8, 10 if leading(results) == method.id else 60)]


def draw(results: Results, method: LocalMethod) -> List[Block]:
    """Percentiles, mean curves and values of one method."""
    document = results[method.id]
    return (tables(document) + curves(document, method.means, marks=resolution_marks(document, "median"))
            + split_values(document, _FIRST + method.first) + curves(document, method.after))


def estimates(results: Results, method: LocalMethod) -> List[Estimate]:
    """The median with its 5-95 % on the axis of all estimates."""
    document = results[method.id]
    median = value(document, "median")
    return [] if median is None else [Estimate("local", _name(results, method), _filled(method.note, results[method.id]), median,
                                               value(document, "p5"), value(document, "p95"))]


def _name(results: Results, method: LocalMethod) -> str:
    return _filled(method.name, results[method.id])


def _filled(words: str, document: Mapping[str, Any]) -> str:
    """The words with metrics in place of their braces; nothing stands for one without a value."""
    known = {k: m["value"] for k, m in document["metrics"].items() if m["value"] is not None}
    numbers = {k: f"{v:g}" if isinstance(v, float) else v for k, v in known.items()}
    source = str(known.get("noise_source", ""))
    noise = "half-maps" if source.startswith("half-maps") else f"noise from the {source}" if source else ""
    return words.format_map(defaultdict(str, numbers, noise=noise)).strip()


def _section(method: LocalMethod) -> Section:
    return Section(id=method.id, title=method.title, order=method.order, asks="even", how_to_read=method.how_to_read,
                   render=lambda results: draw(results, method), capability=method.id,
                   cards=lambda results: cards(results, method), estimates=lambda results: estimates(results, method))


SECTIONS = tuple(_section(method) for method in METHODS)
