"""Resolution by direction."""
from __future__ import annotations

from typing import Any, List, Mapping, Tuple

from .. import sphere
from ..blocks import Bar, Block, Card, Picture, Pictures, Plot, Series, Text
from ..draw import curves, split_values, tables
from ..local import page_scale, value
from ..scale import Scale
from ..section import Results, Section

_KEY = ("isotropic", "regional_best", "regional_worst", "regional_ratio", "empty_fraction", "noise_ratio", "noise_axis",
        "noise_axis_error", "fall_off_ratio", "resolution_x", "resolution_y", "resolution_z", "resolution_median", "cfar",
        "resolution_ratio", "fitted_best", "fitted_middle", "fitted_worst", "fso_09", "fso_05", "fso_01", "bingham_p", "sphericity",
        "u_range")
_NOISE, _NOISE_COLUMN = Scale(0.0, 2.0), 5
_ENDS = ("fsc_best", "fsc_worst", "fsc_global")
_AXES = (("x", "t s2"), ("y", "t s3 dd"), ("z", "t s1 d"))


def cards(results: Results) -> List[Card]:
    """The directions as discs on the scale of the page, and the FSC along the axes."""
    document = results["directional_fsc"]
    discs, plot = _discs(results), _plot(document, "FSC by direction" + (", in the mask" if "mask" in document.get("inputs", {}) else ""))
    discs += _noise(document) if discs and _noisy(document) else []
    return (([Card("Resolution of every direction, averaged over 20°", tuple(discs), 5, 10)] if discs else [])
            + ([Card(plot.title, (plot,), 7, 11)] if plot.series else []))


def render(results: Results) -> List[Block]:
    """The noise by direction, the best and the worst curve, the axes and the values."""
    document = results["directional_fsc"]
    out = [] if _noisy(document) else _noise(document)
    out += curves(document, _ENDS, title="FSC of the best and the worst direction")
    out += tables(document, skip=("directions",)) + split_values(document, _KEY)
    out += curves(document, ("bingham",), title="Bingham test by shell")
    rows = document["tables"].get("directions", {}).get("rows", [])
    return out + ([Text(f"All {len(rows)} directions are in the table 'directions' of the result file.")] if rows else [])


def _noisy(document: Mapping[str, Any]) -> bool:
    """Whether a check says that the noise differs between directions, or that some have none: then it stands open."""
    return any(c["metric"] in ("noise_ratio", "empty_fraction") and c["status"] in ("warn", "fail") for c in document["checks"])


def _discs(results: Results) -> List[Block]:
    document = results["directional_fsc"]
    found = sphere.directions(document)
    if found is None:
        return []
    scale = page_scale(results)
    made = tuple(Picture(data, f"Resolution of the directions seen {label}", label) for label, data in sphere.hemispheres(*found, scale))
    best, worst = value(document, "regional_best"), value(document, "regional_worst")
    bracket = (best, worst) if best is not None and worst is not None else None
    words = ["Half a sphere in each disc: its axis in the middle, the directions across it on the rim."]
    words += ["Bracket: best and worst region."] if bracket else []
    cfar, even, fall = (value(document, n) for n in ("cfar", "sphericity", "fall_off_ratio"))
    words += [f"FSC area, worst over best direction (cFAR): {cfar:.2f}; below 0.5 speaks of preferred orientations."] if cfar else []
    words += [f"Sphericity {even:.2f}."] if even else []
    words += [f"Amplitude ratio of the axes {fall:.2f}: by how much the signal falls off faster along one of them."] if fall else []
    return [Pictures("", made), Bar("", "Å", scale.low, scale.high, scale.log, (), bracket, " ".join(words))]


def _plot(document: Mapping[str, Any], title: str) -> Plot:
    """Median and spread of all directions, the three axes, and the part of the directions that reach the threshold."""
    known = document["curves"]
    series: List[Series] = []

    def add(name: str, label: str, style: str, band: bool = False) -> None:
        c = known.get(name)
        if c and len(c["x"]) > 1:
            lower, upper = (c.get("lower"), c.get("upper")) if band else (None, None)
            series.append(Series(name, label, c["x"], c["y"], lower, upper, style=style))

    n = len(document["tables"].get("directions", {}).get("rows", []))
    add("fsc_directions", f"median (band: 5–95 % of {n} directions)", "w s0", True)
    for axis, style in _AXES:
        d = value(document, f"resolution_{axis}")
        add(f"fsc_{axis}", axis if d is None else f"{axis}, {d:.2f} Å", style)
    add("fso", "part of the directions above 0.143", "s4 d")
    lowest = min([v for s in series for v in s.y if v is not None] + [-0.08])
    return Plot(title, tuple(series), "", "FSC", as_resolution=True, levels=((0.143, "0.143"),),
                y_range=(max(-1.0, lowest), 1.02), wide=True)


def _noise(document: Mapping[str, Any]) -> List[Block]:
    found = sphere.directions(document, _NOISE_COLUMN)
    if found is None:
        return []
    pictures: Tuple[Picture, ...] = tuple(Picture(data, f"Noise of the directions seen {label}", label)
                                          for label, data in sphere.hemispheres(*found, _NOISE))
    words = "Noise power of the half-maps without a mask, over its median. A red cap was seen by few views; grey holds nothing."
    return [Pictures("Noise by direction", pictures), Bar("", "", _NOISE.low, _NOISE.high, caption=words)]


SECTION = Section(
    id="directional_fsc", title="Resolution by direction", order=58, asks="dirs", capability="directional_fsc",
    how_to_read="A cap or a belt in another colour is a direction in which the map is worse; single cones scatter by more than regions do, "
                "so best and worst are given for regions. The noise shows which views are missing, whatever the signal: a red cap of "
                "noise, or a grey one, comes from particles seen mostly along it. The part of the directions falls from 1 to 0 over a "
                "narrow range when all are equally good. When the signal itself falls off faster along an axis, the tensor shows it; when "
                "only the noise is larger there, it does not.",
    render=render, cards=cards)
