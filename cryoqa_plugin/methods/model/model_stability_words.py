"""What the stability of a model says, in sentences."""
from __future__ import annotations

from typing import Any, List, Mapping, Optional

from ...rounding import show_value
from ...study.residues import Residues

TRACE = "the model has one atom a residue, and nothing would hold its atoms together"
NO_CHAINS = "The model has no chain of protein or nucleic acid: only the numbers of its residues are given."
_NAMED = 3                                       # stretches
_LOST = 20.0                                     # % of the residues steady, below which the model may lie beside the map


def coarse(resolution: float, coarsest: float) -> str:
    """Why residues have no verdict.

    Parameters
    ----------
    resolution
        Of the half-maps (Å).
    coarsest
        Up to which there are verdicts (Å).
    """
    return (f"At {resolution:.1f} Å right residues spread and move as far as wrong ones, so that no residue is judged; verdicts are given "
            f"to {coarsest:g} Å.")


def named(residues: Residues, runs: List[List[int]]) -> Optional[str]:
    """The worst stretches of residues; None without any.

    Parameters
    ----------
    residues
        Of the model.
    runs
        Their numbers, worst first.
    """
    if not runs:
        return None
    said = ", ".join(residues.label(r[0]) + (f" to {residues.number[r[-1]]}" if len(r) > 1 else "") for r in runs[:_NAMED])
    more = len(runs) - _NAMED
    return f"{said}, and {more} more" if more > 0 else said


def summary(values: Mapping[str, Any], why: Optional[str]) -> str:
    """The sentence of the result.

    Parameters
    ----------
    values
        Its fields.
    why
        Why there are no numbers; None when there are.
    """
    if why is not None:
        return f"How steady the residues are is not known: {why}."
    if values.get("spread_median") is None:
        return str(values["undetermined_words"])
    spread = f"the models spread by {values['spread_median']:.2f} Å in the median residue"
    if values.get("undetermined_words"):
        return f"Moved into the half-maps, {spread}. {values['undetermined_words']}"
    parts = [(values["residues_without"], "have no density"), (values["residues_unsteady"], "are unsteady"),
             (values["residues_moved"], "move away from where they were given"),
             (values["sides_off"], "have a side chain or base off its density")]
    said = [f"{show_value(v, '%')} {what}" for v, what in parts if v]
    rest = f"; {', '.join(said)}" if said else ""
    if values["steady"] < _LOST:
        rest += ". Check first whether the model lies on this map"
    return f"Of the residues {show_value(values['steady'], '%')} are steady, and {spread}{rest}."
