"""Whether the two half-maps are independent: what was tested, in one card, and the FSC of the solvent."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Optional, Tuple

from ..blocks import Block, Card, KeyRow, KeyRows, Plot, Text
from ..draw import curves
from ...validation.headline import first_value
from ..section import Results, Section

_OUTSIDE = "A curve that stays outside the band means that the halves share noise, and that the resolution is too good."
_REACH = 0.05                                    # of the FSC of the solvent that is drawn at the least


def render(results: Results) -> List[Block]:
    """Nothing beyond the cards."""
    return []


def cards(results: Results) -> List[Card]:
    """The FSC of the solvent with the band of independent noise, and what was tested."""
    if first_value(results.documents, "half_maps_identical") is None:
        return []
    out: List[Card] = []
    title = "FSC of the solvent, outside the mask"
    plots = curves(results.documents.get("half_map_statistics", {"curves": {}}), ("fsc_solvent",), title=title)
    if plots:
        drawn = tuple(_near_zero(p) if isinstance(p, Plot) else p for p in plots)
        out.append(Card(title, (*drawn, Text(_OUTSIDE)), 7, 1))
    rows = [row for make in _ROWS for row in (make(results),) if row is not None]
    return out + [Card("What was tested", (KeyRows("", tuple(rows)),), 5, 2)]


def _near_zero(plot: Plot) -> Plot:
    """The FSC of the solvent on a scale on which its band can be seen."""
    series = tuple(replace(s, label="outside the mask (band: ± 3 σ of independent noise)") for s in plot.series)
    ends = [abs(v) for s in series for values in (s.y, s.lower or (), s.upper or ()) for v in values if v is not None]
    reach = min(1.02, max(_REACH, 1.2 * max(ends, default=0.0)))
    return replace(plot, series=series, levels=(), y_range=(-reach, reach), wide=True)


def _number(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")    # + 0.0: no "−0.00"


def _copies(results: Results) -> Optional[KeyRow]:
    same = first_value(results.documents, "half_maps_identical")
    return None if same is None else KeyRow(results.state("half_maps_identical"), "Copies", "yes" if same else "no",
                                            "the same values twice" if same else "the noise of the two differs")


def _solvent(results: Results) -> Optional[KeyRow]:
    share, error = first_value(results.documents, "half_maps_shared_noise"), first_value(results.documents, "half_maps_shared_noise_error")
    if share is None or error is None:
        return None
    return KeyRow(results.state("half_maps_share_noise"), "Solvent", f"{_number(share, 4)} ± {_number(error, 4)}",
                  "mean FSC outside the mask, shells of noise")


def _random(results: Results) -> Optional[KeyRow]:
    value, start = first_value(results.documents, "random_fsc_at_resolution"), first_value(results.documents, "randomised_from")
    if value is None:
        return None
    return KeyRow(results.state("random_fsc_at_resolution"), "Random phases", _number(value, 2),
                  "FSC at the resolution" + (f", phases random beyond {start:.1f} Å" if start else ""))


def _end(results: Results) -> Optional[KeyRow]:
    value = first_value(results.documents, "tail_fsc")
    return None if value is None else KeyRow(results.state("tail_fsc", "rise_at_end", "shares_in_mask"), "End of FSC", _number(value, 3),
                                             "no mask, last tenth of the shells")


def _place(results: Results) -> Optional[KeyRow]:
    shift, operation = first_value(results.documents, "half_maps_shift"), first_value(results.documents, "half_maps_operation")
    if shift is None:
        return None
    turned = "no rotation, no mirror" if operation in (None, "none") else str(operation)
    return KeyRow(results.state("half_maps_shift", "half_maps_operation", "half_maps_likeness"), "Place",
                  f"{shift:.3f} voxel{'s' if shift >= 1 else ''} apart", turned)


def _strength(results: Results) -> Optional[KeyRow]:
    value = first_value(results.documents, "half_maps_scale")
    return None if value is None else KeyRow(results.state("half_maps_scale"), "Strength", f"{value:.3f}",
                                             "amplitude ratio of the half-maps")


def _edge(results: Results) -> Optional[KeyRow]:
    masked, damped, zeros = (first_value(results.documents, n) for n in ("half_maps_masked", "half_maps_damped", "half_maps_zero_fraction"))
    if masked is None:
        return None
    words = "masked" if masked else "damped" if damped else "not masked"
    return KeyRow(results.state("half_maps_masked", "half_maps_damped"), "Solvent noise", words,
                  "" if zeros is None else f"{100 * zeros:.2g} % of the voxels are exactly 0")


def _filter(results: Results) -> Optional[KeyRow]:
    filtered, at = first_value(results.documents, "half_maps_filtered"), first_value(results.documents, "half_maps_filtered_at")
    if filtered is None:
        return None
    found = f"at {at:.1f} Å" if filtered and at else "yes" if filtered else "none"
    return KeyRow(results.state("half_maps_filtered"), "Low-pass", found,
                  "noise reaches the end of the FSC" if not filtered else "nothing finer can be measured")


def _map(results: Results) -> Optional[KeyRow]:
    value = first_value(results.documents, "half_maps_agreement")
    return None if value is None else KeyRow(results.state("half_maps_agreement"), "Map", f"{value:.3f}",
                                             "FSC of map and mean of halves, to 20 Å")


_ROWS: Tuple[Any, ...] = (_copies, _solvent, _random, _end, _place, _strength, _edge, _filter, _map)

SECTION = Section(
    id="independence", title="Independence of the half-maps", order=56, asks="halves",
    how_to_read="The FSC measures resolution only if the two halves share the molecule and nothing else. Shared noise comes from joint "
                "alignment, joint masking or filtering, or from particles that are in both halves.",
    render=render, cards=cards)
