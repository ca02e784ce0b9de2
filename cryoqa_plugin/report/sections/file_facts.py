"""What the file holds, in one card: voxel size, margin, mass, mask, background, hand, density, header."""
from __future__ import annotations

import math
from typing import Any, List, Mapping, Optional, Sequence

from ...rounding import show_value
from ..blocks import Block, Card, KeyRow, KeyRows
from ..keys import level_from_model
from ..section import Results, Section

_OF_MASK = ("edge_margin", "mean_value", "box_fraction", "largest_component", "soft_edge_width", "mask_ratio")
_MINUS = "−"


def render(results: Results) -> List[Block]:
    """Nothing beyond the card."""
    return []


def cards(results: Results) -> List[Card]:
    """One row a fact, each with the state of its checks."""
    known = {c: {n: m["value"] for n, m in d.get("metrics", {}).items()} for c, d in results.documents.items()}
    rows = [_voxel(results)]
    for capability, makers in _ROWS.items():
        if capability in known:
            rows += [make(results, known[capability]) for make in makers]
    made = tuple(row for row in rows if row is not None)
    return [Card("Facts", (KeyRows("", made),), 5, 20)] if len(made) > 1 else []


def _voxel(results: Results) -> Optional[KeyRow]:
    sizes = next((e["voxel_size"] for e in results.inputs().values() if e.get("voxel_size")), None)
    if not sizes:
        return None
    same = max(sizes) - min(sizes) < 1e-6
    exact = all(s == 1.0 for s in sizes)
    value = "exactly 1 Å" if exact else f"{sizes[0]:.4g} Å" if same else " × ".join(f"{s:.4g}" for s in sizes) + " Å"
    note = "check it; every length scales with it" if exact else "every length scales with it"
    return KeyRow(results.state("voxel_size_unset", "model_voxel_off"), "Voxel size", value, note)


def _margin(results: Results, m: Mapping[str, Any]) -> Optional[KeyRow]:
    if m.get("margin") is None:
        through = m.get("through")
        return KeyRow("ok", "Margin", "none", f"the molecule runs through the box along {' and '.join(through)}") if through else None
    part = "" if m.get("space_min_percent") is None else f", {m['space_min_percent']:.0f} % of the box"
    axis = str(m["margin_axis"]).partition(",")[0]
    return KeyRow(results.state("margin", "space_min_percent"), "Margin", show_value(m["margin"], "Å") + part,
                  f"smallest, along {axis}; the Service asks for 20 Å")


def _mass(results: Results, m: Mapping[str, Any]) -> KeyRow:
    set_by_model = level_from_model(m)
    part = f", {m['model_mass_percent']:.0f} % of the model" if m.get("model_mass_percent") is not None and not set_by_model else ""
    pieces = m["pieces_95"] if m.get("pieces_95") is not None else m["components_95"]
    named = "suggested contour" if m["contour"] == m["contour_suggested"] else "contour"
    said = f"above {m['contour']:.3g}, set by the model" if set_by_model else f"above the {named} {m['contour']:.3g}"
    where = "in one piece" if pieces == 1 else f"95 % of it in {pieces} pieces"
    return KeyRow(results.state("level_verdict", "pieces_95", "remaining_percent"), "Mass", f"{m['mass']:.0f} kDa{part}",
                  f"{m['volume'] / 1000:.0f} nm³ {where}, {said}")


def _background(results: Results, m: Mapping[str, Any]) -> Optional[KeyRow]:
    count = m.get("outliers_robust")
    if count is None:
        return None
    mean, document = m.get("background_mean"), results["contour"]
    sigmas = float(document.get("parameters", {}).get("sigmas") or 5.0)
    voxels = sum(v or 0.0 for v in document.get("curves", {}).get("background", {}).get("y", ()))
    words = [f"{voxels * math.erfc(sigmas / math.sqrt(2)):.1f} expected"] if voxels else []
    words += [f"level {mean:.3f} σ of the molecule off 0"] if mean is not None else []
    return KeyRow(results.state("outliers_percent", "background_mean"), "Background",
                  f"{count} voxel{'' if count == 1 else 's'} beyond {sigmas:g} σ", "; ".join(words))


def _mask(results: Results, m: Mapping[str, Any]) -> Optional[KeyRow]:
    if m.get("volume") is None:
        return None
    made = "made from the map" if "full_map" in results["mask"].get("inputs", {}) else "made here"
    parts = "one piece" if m.get("n_components") == 1 else f"{m.get('n_components')} pieces"
    edge = f", soft edge {m['soft_edge_width']:.0f} Å" if m.get("soft_edge_width") else ""
    return KeyRow(results.state(*_OF_MASK), "Mask", f"{m['volume'] / 1000:.0f} nm³, {100 * m['box_fraction']:.1f} % of the box",
                  f"{made}, {parts}{edge}")


def _hand(results: Results, m: Mapping[str, Any]) -> KeyRow:
    if m.get("hand") not in ("right", "left") or m.get("wrong_probability") is None:
        return KeyRow("ok", "Hand", "not known", "no helices to see it by")
    part = m.get("top_fraction")
    share = "all" if part == 1 else f"{100 * part:.0f} %" if part is not None else ""
    wound = f"; {share} of the best pieces wind to the {m['hand']}" if part is not None and part >= 0.5 else ""
    return KeyRow(results.state("wrong_probability"), "Hand", f"{m['hand']}, z = {m['z_score']:.1f}", f"{m['n_helices']} helices{wound}")


def _density(results: Results, m: Mapping[str, Any]) -> KeyRow:
    ends = f"{m['minimum']:.3g} to {m['maximum']:.3g}".replace("-", _MINUS)
    filtered = f"low-passed at {m['filtered_at']:.1f} Å" if m.get("filtered") and m.get("filtered_at") else "not low-passed"
    return KeyRow(results.state("inverted"), "Density", f"{'negative' if m['inverted'] else 'positive'}, {ends}",
                  f"{'masked' if m['masked'] else 'not masked'}, {filtered}")


def _header(results: Results, m: Mapping[str, Any]) -> Optional[KeyRow]:
    if m.get("header_agrees") is None:
        return None
    fields = {row[0]: str(row[1]) for row in results["map_info"]["tables"].get("header", {}).get("rows", ())}
    order = next((v for n, v in fields.items() if n.startswith("axis order")), "")
    axes = "axis order " + " ".join("xyz"[int(i) - 1] for i in order.split(",")) if order.replace(" ", "") in _ORDERS else ""
    origin = "origin 0" if all(float(v) == 0 for v in str(m["origin"]).split(",")) else f"origin {m['origin']} Å"
    words = [w for w in (axes, origin, "whole cell" if m.get("full_cell") else "part of a cell") if w]
    return KeyRow(results.state("header_agrees"), "Header", "matches the data" if m["header_agrees"] else "does not match the data",
                  ", ".join(words))


_ORDERS = ("1,2,3", "1,3,2", "2,1,3", "2,3,1", "3,1,2", "3,2,1")
_ROWS: Mapping[str, Sequence[Any]] = {"contour": (_margin, _mass, _background), "mask": (_mask,), "hand": (_hand,),
                                      "map_info": (_density, _header)}

SECTION = Section(
    id="facts", title="Facts", order=25, asks="file",
    how_to_read="Every length scales with the voxel size: 1 Å exactly is what programs write when they do not know it. The mass above the "
                "contour should be that of the model or the sequence, in few pieces, with room to the faces of the box for signal that "
                "the CTF spreads. The background should be noise about 0.",
    render=render, cards=cards)
