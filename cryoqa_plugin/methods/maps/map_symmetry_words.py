"""Sentences of map_symmetry."""
from __future__ import annotations

from typing import Any, Dict, List

from ...study import Study


def summary(v: Dict[str, Any]) -> str:
    """What symmetry the map has.

    Parameters
    ----------
    v
        Fields of the result.

    Returns
    -------
    str
        Three sentences at most.
    """
    if v.get("helix") == "exact" and v["point_group"] == f"C{v['helix_fold']}":          # that group is a part of the helix
        said = [_helix(v), _larger(v)]
    else:
        said = [_helix(v), _exact(v), _larger(v), _imposed(v)]
    return " ".join(s for s in said if s)


def _helix(v: Dict[str, Any]) -> str:
    kind = v.get("helix")
    if kind in (None, "none"):
        return ""
    if kind == "pseudo":
        return "Its outline repeats along a helix, which its detail does not follow."
    fold = f", with C{v['helix_fold']} about its axis" if v["helix_fold"] > 1 else ""
    to = f" to {v['helix_to']:.1f} Å" if v["helix_to"] is not None else ""
    steps = (f"rise {v['rise']:.3f} ± {v['rise_error']:.3f} Å, twist {v['twist']:.3f} ± {v['twist_error']:.3f}°"
             f" ({'right' if v['twist'] > 0 else 'left'}-handed){fold}")
    imposed = {True: " The reconstruction imposed it: the noise repeats along it.",
               False: " The reconstruction did not impose it."}.get(v.get("helix_imposed"), "")
    if kind == "exact":
        return f"The map is a helix: {steps}, exact{to}.{imposed}"
    return f"The map repeats approximately along a helix: {steps}; {v['helix_relative']:.2f} of 1 over all detail.{imposed}"


def _exact(v: Dict[str, Any]) -> str:
    if v["point_group"] == "C1":
        return "The map has no exact symmetry (C1)."
    to = f" to {v['holds_to']:.1f} Å" if v["holds_to"] is not None else ""
    what = "half-map 1 correlates with turned half-map 2" if v["two_maps"] else "it correlates with its turned copies"
    return f"The map has the symmetry {v['point_group']}, exact{to}: {what} by {v['relative']:.3f} of what is there unturned."


def _larger(v: Dict[str, Any]) -> str:
    name = v.get("approximate_group")
    if name is None:
        return ""
    if v["approximate_kind"] == "pseudo":
        return f"Its outline has a pseudo-symmetry {name}, which its detail does not follow."
    to = v.get("approximate_to")
    end = f" to {to:.1f} Å" if to is not None else ""
    return f"Its copies follow {name} approximately{end} ({v['approximate_relative']:.2f} of 1 over all detail)."


def _imposed(v: Dict[str, Any]) -> str:
    if v["point_group"] == "C1" and v.get("approximate_group") is None:
        return ""
    noise, where = v.get("imposed"), "half-maps" if v["two_maps"] else "map"
    if noise is None:
        return f"The noise of the {where} does not show whether the reconstruction imposed it."
    if noise == "none":
        return f"The reconstruction did not impose it: the noise of the {where} does not repeat."
    return f"The reconstruction imposed {noise}: the noise of the {where} repeats by it."


def warnings(v: Dict[str, Any], study: Study) -> List[str]:
    """What to know before the symmetry is used.

    Parameters
    ----------
    v
        Fields of the result.
    study
        The inputs.

    Returns
    -------
    list of str
        A sentence each.
    """
    out: List[str] = []
    if not v["two_maps"]:
        out.append("This is one map: its noise counts as detail, so that an exact symmetry that was not imposed may look approximate.")
    order = v.get("imposed_order") or 1
    rest = order / (v.get("half_maps_imposed_order") or 1)
    if rest > 1:
        out.append(f"{v['imposed']} was imposed about other axes than the usual ones, which alone fsc and the like know: their errors are "
                   f"too small by a factor of {rest ** 0.5:.1f}.")
    if v.get("helix") in ("exact", "approximate") and (v["helix_tilt"] > 0.5 or v["helix_off"] > 1.0):
        out.append(f"The axis of the helix is {v['helix_tilt']:.1f}° off z and {v['helix_off']:.1f} Å off the centre of the box, where "
                   "helical refinements want it.")
    if v["point_group"] != "C1" and v.get("scipion_name") is None:
        out.append(f"The axes do not lie as programs expect of the name {v['point_group']}: give them the operators, or turn the map.")
    return out


def too_coarse(radius: float, resolution: float) -> str:
    """Why nothing was looked for.

    Parameters
    ----------
    radius
        Of the molecule (Å).
    resolution
        Where detail ends (Å).

    Returns
    -------
    str
        One sentence.
    """
    return (f"No symmetry can be looked for: at {resolution:.3g} Å the map is too coarse for a molecule of "
            f"{2 * radius:.0f} Å.")
