"""What the side chains of a map say of the sequence, in sentences."""
from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence

from ...study.register import UNDETERMINED, ChainFit, Shift
from ...study.residues import Residues

# Sentences that become warnings, in this order; what the map does not show is no fault, and stands in the summary.
SAID = ("outside_words", "foreign_words", "register_words", "unsure_words")
VERDICTS = {"own": "fits", "shifted": "out of register", "foreign": "another sequence", "outside": "not in density",
            "undetermined": "not known"}
_NAMED = 3                                       # stretches or chains that are named


def undetermined(temperature: float) -> str:
    """Why nothing is said about the sequence.

    Parameters
    ----------
    temperature
        Of the map.
    """
    why = f"less than {UNDETERMINED:g}" if temperature < UNDETERMINED else "and no chain fits its sequence better than a shuffled one"
    return (f"The map does not show whether the sequence is right: the temperature of its side chains is {temperature:.2f}, {why}. It may "
            "not resolve side chains, or the model may not lie in it, or have the sequence of another molecule.")


def shifted(residues: Residues, shifts: Sequence[Shift]) -> Optional[str]:
    """Which residues are out of register; None without any.

    Parameters
    ----------
    residues
        Of the model.
    shifts
        The alarms.
    """
    if not shifts:
        return None
    ordered = sorted(shifts, key=lambda s: -s.gain)
    said = ", ".join(f"{_where(residues, s)} by {s.shift:+d}" for s in ordered[:_NAMED])
    one = ordered[0]
    return (f"The sequence is out of register: {said}{_more(len(shifts), 'stretch', 'stretches')}. {one.shift:+d} means that the map shows "
            f"the side chains that come {_along(one)} in the sequence.")


def unsure(residues: Residues, shifts: Sequence[Shift]) -> Optional[str]:
    """Where another register fits somewhat better; None where nowhere.

    Parameters
    ----------
    residues
        Of the model.
    shifts
        Those that are no alarm.
    """
    if not shifts:
        return None
    ordered = sorted(shifts, key=lambda s: -s.gain)
    said = ", ".join(f"{_where(residues, s)} (by {s.shift:+d}, gain {s.gain:.0f})" for s in ordered[:_NAMED])
    return (f"The sequence is unsure at {said}{_more(len(shifts), 'stretch', 'stretches')}: another register fits somewhat better, which "
            "happens in right models too. Look at the large side chains there.")


def foreign(residues: Residues, chains: Sequence[ChainFit]) -> Optional[str]:
    """Which chains have another sequence; None without any.

    Parameters
    ----------
    residues
        Of the model.
    chains
        All chains.
    """
    found = [c for c in chains if c.verdict == "foreign"]
    if not found:
        return None
    said: List[str] = []
    for c in found[:_NAMED]:
        name = residues.chains[c.chain]
        said.append(f"chain {name} fits {c.fits} (z {c.fits_z:.1f}, its own {c.z:.1f})" if c.fits
                    else f"the side chains of chain {name} are not those of its sequence (score {c.own:.1f})")
    end = "" if all(c.fits for c in found[:_NAMED]) else " The map may show another molecule there."
    return f"A chain may have the sequence of another molecule: {', '.join(said)}{_more(len(found), 'chain', 'chains')}.{end}"


def outside(residues: Residues, chains: Sequence[ChainFit]) -> Optional[str]:
    """Which chains lie in no density; None without any.

    Parameters
    ----------
    residues
        Of the model.
    chains
        All chains.
    """
    found = [residues.chains[c.chain] for c in chains if c.verdict == "outside"]
    if not found:
        return None
    which = f"Chain {found[0]} has" if len(found) == 1 else f"Chains {', '.join(found[:_NAMED])}{_more(len(found), 'chain', 'chains')} have"
    return f"{which} much less density at the backbone than the chains that fit, and no sequence is judged there."


def summary(values: Mapping[str, Any]) -> str:
    """The sentence of the result.

    Parameters
    ----------
    values
        Its fields.
    """
    scored, bases = values.get("residues_scored") or 0, values.get("bases_right")
    also = "" if bases is None else f" {bases:.0f} % of the nucleotides look like what they are, purine or pyrimidine."
    if not scored:
        return f"The model has no residue of protein with a backbone in the map.{also}"
    if values.get("top3") is None:
        has = "1 residue of protein has" if scored == 1 else f"{scored} residues of protein have"
        return f"{has} a backbone in the map, none with a side chain beyond alanine.{also}"
    out = f"Of the side chains beyond alanine {values['top3']:.0f} % are of a type that is among the three that fit best"
    if values.get("undetermined"):
        return f"{out}; that is too little to judge the sequence.{also}"
    shift, strange = values.get("residues_shifted"), values.get("chains_foreign")
    if shift is None:
        return f"{out}; the register is not judged, because the model does not lie on the map.{also}"
    end = f"{shift:.1f} % of the residues are out of register" if shift else "no residue is out of register"
    if strange:
        end += f", and {strange} {'chain has' if strange == 1 else 'chains have'} the sequence of another molecule"
    return f"{out}; {end}.{also}"


def _where(residues: Residues, shift: Shift) -> str:
    first, last = (residues.number[i] for i in (shift.residues[0], shift.residues[-1]))
    return f"residues {first} to {last} of chain {residues.chains[shift.chain]}"


def _along(shift: Shift) -> str:
    return f"{abs(shift.shift)} residue{'s' * (abs(shift.shift) > 1)} {'later' if shift.shift > 0 else 'earlier'}"


def _more(count: int, one: str, several: str) -> str:
    more = count - _NAMED
    return f", and {more} {one if more == 1 else several} more" if more > 0 else ""
