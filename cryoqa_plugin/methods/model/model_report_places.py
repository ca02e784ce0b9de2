"""The places of a model that are to be looked at, as a list and as scripts of ChimeraX and Coot."""
from __future__ import annotations

import csv
import io
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ...plain_text import cell
from ...study import Study
from ...study.residues import NUCLEIC, Residues
from ...study.unexplained import Clusters, nearest
from .model_report_zones import OMIT, RULES, TRUST, Zones

LIST = ("place", "zone", "where", "residues", "why", "x (Å)", "y (Å)", "z (Å)")
_SAID = 3                             # reasons of a stretch of residues
_BUTTONS = 60                         # in ChimeraX; what comes behind them has an alias alone
_COLOURS = {"trust": "cornflower blue", "caution": "orange", "omit": "red"}
_DENSITY = "density"                  # in place of a zone
# What the reasons of a stretch of residues have in common.
_SHORT = {"place": "the model does not lie on its map", "foreign": "side chains of another sequence",
          "empty": "no density at the backbone",
          "register": "the sequence fits better moved along",
          "backbone": "the backbone does not follow the density", "map": "the map shows too little here to check any model",
          "unsure": "the sequence is unsure", "delta": "the map shows something else than the model",
          "peptide": "a peptide fits better turned over",
          "rotamer": "another rotamer fits better", "gap": "the map lacks density at atoms", "q": "atoms are not resolved (Q)",
          "more": "more density than one atom explains"}


class Place(NamedTuple):
    """A stretch of residues that follow each other, or density without a model: ``zone`` is then ``density``.

    ``members`` int64 [n] are its residues, for density the one next to it; ``xyz`` is its middle in the frame of the model, in Å.
    """

    zone: str
    where: str
    members: np.ndarray
    why: str
    xyz: Tuple[float, float, float]
    badness: float


def places_of(study: Study, zones: Zones, found: Clusters, least: float) -> List[Place]:
    """What a modeller works through.

    Parameters
    ----------
    study
        The model.
    zones
        Of its residues.
    found
        Density that it does not explain.
    least
        Volume (Å³) from which that is a place.

    Returns
    -------
    list of Place
        Stretches to leave out, then those to check, then density; each worst first.
    """
    r, middle = study.residues, middles(study)
    out = []
    for run in _runs(r, zones):
        zone = OMIT if any(zones.zone[i] == OMIT for i in run) else zones.zone[run[0]]
        out.append(Place(zone, _where(r, run), run, _why(zones, run), _triple(np.nanmean(middle[run], axis=0)),
                         float(zones.badness[run].sum())))
    out.sort(key=lambda p: (p.zone != OMIT, -p.badness))
    large = np.flatnonzero(found.volume >= least)
    near, apart = nearest(r, study.atom_position, study.used_atoms(), found.xyz[large])
    for i, residue, distance in zip(large, near, apart):
        why = f"{found.volume[i]:.0f} Å³ of density that the model does not explain, up to {found.height[i]:.0f} σ"
        out.append(Place(_DENSITY, f"{distance:.0f} Å from {r.label(int(residue))}", np.array([residue]), why,
                         _triple(found.xyz[i] + np.asarray(study.density.origin)), float(found.volume[i])))
    return out


def list_rows(places: Sequence[Place]) -> Tuple[Tuple[Any, ...], ...]:
    """The rows of the list.

    Parameters
    ----------
    places
        In their order.

    Returns
    -------
    tuple
        Under the columns ``LIST``.
    """
    return tuple((i, p.zone, p.where, 0 if p.zone == _DENSITY else len(p.members), p.why, *(round(v, 2) for v in p.xyz))
                 for i, p in enumerate(places, 1))


def csv_text(places: Sequence[Place]) -> str:
    """The list as a table of values with commas.

    Parameters
    ----------
    places
        In their order.

    Returns
    -------
    str
        A line for each place under one of names.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(LIST)
    writer.writerows([[cell(v) for v in row] for row in list_rows(places)])
    return out.getvalue()


def coot_script(places: Sequence[Place]) -> str:
    """The list as a script for Coot, which shows it as buttons that lead to the places.

    Parameters
    ----------
    places
        In their order.

    Returns
    -------
    str
        Python for Coot 0.9 and 1.
    """
    rows = ",\n".join(f"    [{_ascii(_label(i, p, 90))!r}, {', '.join(f'{v:.2f}' for v in p.xyz)}]" for i, p in enumerate(places, 1))
    return f"""# Places of a model to look at, worst first: open the model and the map in Coot, then run this script there.
places = [
{rows}
]
try:
    from coot_gui import interesting_things_gui      # Coot 1
except ImportError:
    pass                                             # Coot 0.9 has it at hand
interesting_things_gui("Places to look at", places)
"""


def chimerax_script(residues: Residues, zones: Zones, places: Sequence[Place]) -> str:
    """The zones as colours, and the list as buttons, for ChimeraX.

    Parameters
    ----------
    residues, zones
        The residues of the model and their zones.
    places
        In their order.

    Returns
    -------
    str
        Commands of ChimeraX.
    """
    out = ["# Places of a model to look at, worst first: open the model and the map in ChimeraX, then this file."]
    for zone, colour in _COLOURS.items():
        mine = [i for i in range(len(residues)) if zones.judged[i] and zones.zone[i] == zone]
        out += [f"color {spec} {colour}" for spec in _specs(residues, mine)]
    buttons = places[:_BUTTONS]
    if buttons:
        out.append(f'buttonpanel "Places to look at" rows {-(-len(buttons) // 2)} columns 2')
    for i, p in enumerate(places, 1):
        if p.zone == _DENSITY:
            at = ",".join(f"{v:.2f}" for v in p.xyz)
            out += [f"marker #99 position {at} color magenta radius 1.5",
                    f"alias place{i} view #99:{sum(q.zone == _DENSITY for q in places[:i])}"]
        else:
            out.append(f"alias place{i} view {' '.join(_specs(residues, p.members.tolist()))}")
        if i <= _BUTTONS:
            out.append(f'buttonpanel "Places to look at" add "{_ascii(_label(i, p, 40))}" command place{i}')
    return "\n".join(out) + "\n"


def _runs(residues: Residues, zones: Zones) -> List[np.ndarray]:
    """Residues that are not trusted and follow each other, int64 [n] for each run."""
    flagged = np.array([z != TRUST for z in zones.zone], dtype=bool) & zones.judged
    out = [[i] for i in np.flatnonzero(flagged & (residues.kind > NUCLEIC))]
    for stretch in residues.stretches:
        last = -2
        for at in np.flatnonzero(flagged[stretch]):
            if at == last + 1:
                out[-1].append(int(stretch[at]))
            else:
                out.append([int(stretch[at])])
            last = int(at)
    return [np.array(run, dtype=np.int64) for run in out]


def _why(zones: Zones, run: np.ndarray) -> str:
    """The reasons of a stretch: of one residue its own, of several what they share, the most frequent first."""
    if len(run) == 1:
        return zones.reasons[run[0]]
    count: Dict[str, int] = {name: int(zones.held[name][run].sum()) for name, _ in RULES if name in zones.held}
    said = sorted((name for name, n in count.items() if n), key=lambda name: -count[name])
    return "; ".join(f"{_SHORT[name]} ({count[name]} of {len(run)})" for name in said[:_SAID])


def _where(residues: Residues, run: np.ndarray) -> str:
    first, last = int(run[0]), int(run[-1])
    if first == last:
        return residues.label(first)
    return f"{residues.chains[residues.chain[first]]} {residues.number[first]} to {residues.number[last]}"


def _label(number: int, place: Place, longest: int) -> str:
    text = f"{number} {place.zone}: {place.where}: {place.why}"
    return text if len(text) <= longest else text[:longest - 3] + "..."


def _ascii(text: str) -> str:
    """Words that both programs read on any system."""
    return text.replace("Å³", "A^3").replace("Å", "A").replace("σ", "sigma").replace('"', "'").encode("ascii", "replace").decode()


def _specs(residues: Residues, members: Sequence[int]) -> List[str]:
    """Residues in the words of ChimeraX, ``/A:1-3,7``, one for each chain."""
    out: List[str] = []
    for c, name in enumerate(residues.chains):
        numbers = [residues.number[i] for i in members if residues.chain[i] == c]
        if numbers:
            out.append(f"/{name}:{','.join(_ranges(numbers))}")
    return out


def _ranges(numbers: Sequence[str]) -> List[str]:
    """Numbers of residues with runs of them joined; those with insertion codes stand alone."""
    out: List[List[str]] = []
    for number in numbers:
        plain = number.lstrip("-").isdigit()
        if out and plain and out[-1][-1].lstrip("-").isdigit() and int(number) == int(out[-1][-1]) + 1:
            out[-1] = [out[-1][0], number]
        else:
            out.append([number])
    return [run[0] if len(run) == 1 else f"{run[0]}-{run[1]}" for run in out]


def middles(study: Study) -> np.ndarray:
    """Where each residue is.

    Parameters
    ----------
    study
        The model, and a map for its box.

    Returns
    -------
    ndarray
        CA, C1' or else the mean of its atoms in the box, in the frame of the model in Å, float64 [n_residues, 3].
    """
    r, xyz, used = study.residues, study.model.xyz, study.used_atoms()
    out = np.stack([r.mean(xyz[:, axis], used) for axis in range(3)], axis=1)
    for name in ("C1'", "CA"):
        at = r.find(name)
        known = (at >= 0) & (r.kind <= NUCLEIC)
        out[known] = xyz[at[known]]
    return out


def _triple(values: np.ndarray) -> Tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))
