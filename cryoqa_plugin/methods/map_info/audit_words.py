"""The verdict of an audit in one sentence, with what cannot be known."""
from __future__ import annotations

from typing import Any, Dict, List, Optional

from ...study import Study
from ...study.position import Position

LINEAR, MOST = 0.02, 0.95                        # unsupported power, supported share: limits of what filters and masks make
_SCALE = 2.0                                     # of one half-map over the other: their mean is one of them
_SOME = 0.02                                     # part of the power from which it is named
NO_DATA = ("The half-maps agree on no detail at 10 Å and finer, so that support cannot be measured: nothing is known of what this map "
           "shows.")


def refused(study: Study, place: Optional[Position]) -> Optional[str]:
    """Why support cannot be measured, in a sentence; None where it can.

    Parameters
    ----------
    study
        Half-maps and a processed map.
    place
        How that map lies on the mean of the half-maps; None where it was made of them.

    Returns
    -------
    str or None
        The most upstream cause.
    """
    known = study.independence
    if known.void is not None:
        return f"Support cannot be measured: {known.void}. Give the two half-maps of one refinement."
    if known.shared:
        return ("Support cannot be measured: the half-maps share noise, as after a denoising that saw both, so that their agreement is no "
                "proof. Give the half-maps as the refinement wrote them.")
    if study.half_maps.masked:
        return ("Support cannot be measured: the half-maps were masked, so that their agreement is partly that of the mask. Give the "
                "half-maps as the refinement wrote them.")
    if study.half_maps.scale > _SCALE:
        return (f"Support cannot be measured: the half-maps differ in scale by a factor of {study.half_maps.scale:.2f}. Give the two "
                "half-maps of one refinement.")
    if place is not None and place.operation not in (None, "none"):
        return (f"Support cannot be measured: the processed map differs from its half-maps by a rotation, mirror or sign "
                f"({place.operation}). Turn it back, then audit it again.")
    return None


def summary(values: Dict[str, Any]) -> str:
    """The verdict.

    Parameters
    ----------
    values
        By result field.

    Returns
    -------
    str
        One sentence.
    """
    share, end = values["supported_share"], values["data_end"]
    linear = values["unsupported_power"] <= LINEAR and share >= MOST and not values["unsupported_count"]
    first = f"The half-maps support {100 * share:.1f} % of the power of the map{_reach(values)}: "
    first += ("it behaves as a filtered, masked or sharpened map of the data" if linear
              else "it is not a linear filter of the data, but holds density that they do not have, or was changed by a non-linear rule")
    parts: List[str] = [first]
    if values["unsupported_count"]:
        parts.append(f"{_places(values['unsupported_count'])} with density that the half-maps do not have"
                     + _next(values["unsupported_peaks"]))
    if values["lost_count"]:
        parts.append(f"{_places(values['lost_count'])} where density of the half-maps is gone{_next(values['lost_peaks'])}")
    if values["noise_share"] > _SOME:
        parts.append(f"at least {100 * values['noise_share']:.0f} % of its power is noise of the half-maps")
    if values.get("invented_share") is not None:
        parts.append(f"by its processed half-maps {100 * values['measured_noise']:.0f} % of its power is noise and "
                     f"{100 * values['invented_share']:.0f} % is in both but not in the data")
    beyond = f" ({100 * values['power_beyond']:.0f} % of its power)" if values["power_beyond"] > _SOME else ""
    parts.append(f"what is finer than {end:.2f} Å{beyond} cannot be judged")
    return "; ".join(parts) + "."


def _reach(values: Dict[str, Any]) -> str:
    return "" if values["data_to"] is None else f", with data to {values['data_to']:.2f} Å"


def of_own(values: Dict[str, Any]) -> str:
    """The verdict on a map that was made here, for the end of its summary.

    Parameters
    ----------
    values
        By field of :class:`.audit_own.AuditedResult`; without any where the map was not audited.

    Returns
    -------
    str
        A sentence with a space before it, or nothing.
    """
    share = values.get("supported_share")
    if share is None:
        return ""
    if values["unsupported_power"] <= LINEAR and share >= MOST:
        return f" The half-maps support {100 * share:.1f} % of its power{_reach(values)}."
    return (f" The half-maps support {100 * share:.1f} % of its power{_reach(values)}; at least {100 * values['unsupported_power']:.1f} % "
            "is not the data, as after a rule that is no filter.")


def too_coarse(end: float, finest: float) -> str:
    """Why residues have no verdict.

    Parameters
    ----------
    end, finest
        Where the data end, and where they must reach to, in Å.
    """
    return f"No verdict on residues: the data end at {end:.1f} Å, and single residues are judged to {finest:g} Å only."


def _places(count: int) -> str:
    return f"{count} place{'s' * (count != 1)}"


def _next(peaks: Any) -> str:
    """Where the first row of a table of peaks is, in words."""
    row = peaks.rows[0]
    names = [getattr(c, "name", c) for c in peaks.columns]
    if "residue" in names:
        return f" (the highest at {row[names.index('residue')]} {row[names.index('chain')]} {row[names.index('number')]})"
    return f" (the highest at {row[1]:.0f}, {row[2]:.0f}, {row[3]:.0f} Å)"
