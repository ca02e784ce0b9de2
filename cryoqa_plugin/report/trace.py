"""The chains of a model as tubes to turn in the browser, coloured by the scores of its residues."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from ..core.tube import tube
from ..errors import CryoqaError
from ..io.models import Model, read_model
from ..results import Column
from ..study.residues import NUCLEIC, Residues, residues_of
from .blocks import Bar, Colouring, Surface
from .residue_tracks import ZONES
from .scale import Scale
from .section import Results
from .surface import coded, mesh_block

_MOST = 30_000                                   # vertices; the finest tubes that have fewer are drawn
_FINENESS = ((8, 4), (6, 3), (6, 2), (4, 2), (4, 1), (3, 1))             # vertices around, steps from residue to residue
_RADIUS, _SHARE = 0.8, 1 / 110                   # Å, and of the longest edge of the model where that is more
_ZONES = (0.0, 0.67, 1.0)                        # blue, yellow, red
_ATOMS = ("CA", "P", "C4'")                      # that the line goes through, the first that a residue has


class Score(NamedTuple):
    """A score of residues: the result, table and column that it stands in, its name, its unit, and its good and its bad end."""

    capability: str
    table: str
    column: str
    label: str
    unit: str
    good: float
    bad: float


_SCORES = (
    Score("model_report", "residues", "zone", "zone", "", 0.0, 1.0),
    Score("q_score", "residues", "q", "Q-score", "", 0.8, 0.2),
    Score("fsc_q", "residues", "delta", "support (delta)", "", 0.0, -0.3),
    Score("smoc", "residues", "centred", "SMOC, centred", "", 0.8, 0.2),
    Score("model_stability", "residues", "spread", "spread of models", "Å", 0.1, 0.6),
    Score("side_chain_check", "residues", "log-odds", "side chain, log-odds", "", 3.0, -3.0),
    Score("emringer", "residues", "rotameric nearby", "EMRinger", "%", 100.0, 30.0),
    Score("model_geometry", "residues", "clashes", "clashes", "", 0.0, 3.0),
    Score("model_fit", "residue_scores", "CC", "CC", "", 1.0, 0.2))


def trace(results: Results) -> Optional[Surface]:
    """The chains of the model of a run, coloured by each score of residues that the run has; None without model or scores.

    Parameters
    ----------
    results
        The saved results of a run.
    """
    scores = [s for s in _SCORES if _column(results, s)]
    model = _model(results) if scores else None
    if model is None:
        return None
    residues = residues_of(model)
    drawn = _tubes(model, residues)
    if drawn is None:
        return None
    vertices, quads, of_residue = drawn
    colourings = tuple(_colouring(results, s, residues, of_residue) for s in scores)
    words = "Chains as lines through CA or P, {longest:.0f} Å long; blue is good, red is bad, grey has no value."
    return mesh_block("Scores on the model", vertices, quads, colourings, words, f"Model coloured by {colourings[0].label}")


def _model(results: Results) -> Optional[Model]:
    """The model of a run: the file that was given, else one that a result keeps with its scores; None where they are gone."""
    paths = [str(results.inputs().get("model", {}).get("path", ""))]
    for capability, document in results.documents.items():
        entry = document.get("models", {}).get("scored_model")
        paths += [os.path.join(results.folders.get(capability, ""), entry["path"])] if entry else []
    for path in filter(os.path.isfile, paths):
        try:
            return read_model(path)
        except CryoqaError:                                  # it was changed since
            continue
    return None


def _column(results: Results, score: Score) -> Dict[Tuple[str, str, str], Any]:
    """The values of a score by chain, number and name of the residue; none where the run does not have it."""
    table: Mapping[str, Any] = results.documents.get(score.capability, {}).get("tables", {}).get(score.table, {})
    names = [Column.of(c).name for c in table.get("columns", ())]
    if score.column not in names:
        return {}
    place = [names.index(n) for n in ("chain", "number", "residue", score.column)]
    rows = [[row[i] for i in place] for row in table["rows"]]
    return {(str(c), str(n), str(r)): v for c, n, r, v in rows if v is not None}


def _colouring(results: Results, score: Score, residues: Residues, of_residue: np.ndarray) -> Colouring:
    found, scale = _column(results, score), Scale(score.good, score.bad)
    words = dict(zip((zone for zone, _ in ZONES), _ZONES))
    keys = [(residues.chains[c], n, r) for c, n, r in zip(residues.chain, residues.number, residues.name)]
    raw = [found.get(key) for key in keys]
    values = np.array([words.get(v, np.nan) if isinstance(v, str) else np.nan if v is None else float(v) for v in raw])
    known = values[np.isfinite(values)]
    ends = (float(np.quantile(known, 0.05)), float(np.quantile(known, 0.95))) if known.size else None
    ticks = tuple((value, zone) for zone, value in words.items()) if score.column == "zone" else ()
    bar = Bar(score.label, score.unit, scale.low, scale.high, False, scale.counts(known), None if ticks else ends,
              "" if ticks else "Grey columns: the residues; bracket: their 5–95 %.", ticks)
    return Colouring(score.label, bar, coded(values[of_residue], scale).tobytes())


def _tubes(model: Model, residues: Residues) -> Optional[Tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Vertices in Å, quadrilaterals, and the residue of each vertex; None where no chain has two residues in a row."""
    through = np.full(len(residues), -1, dtype=np.int64)
    for atom in _ATOMS[::-1]:
        found = residues.find(atom)
        through = np.where((found >= 0) & (residues.kind <= NUCLEIC), found, through)
    lines = [line for stretch in residues.stretches for line in [stretch[through[stretch] >= 0]] if len(line) > 1]
    if not lines:
        return None
    points = sum(len(line) for line in lines)
    step = max(1, -(-3 * points // _MOST))                   # of very large models every second residue, or fewer
    lines = [line[::step] if len(line) > 2 * step else line[[0, -1]] for line in lines]
    sides, between = next((f for f in _FINENESS if sum(f[0] * f[1] * len(line) + 2 for line in lines) <= _MOST), _FINENESS[-1])
    places = [model.xyz[through[line]] for line in lines]
    every = np.concatenate(places)
    radius = max(_RADIUS, _SHARE * float((every.max(axis=0) - every.min(axis=0)).max()))
    parts: List[Tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    begun = 0
    for line, at in zip(lines, places):
        vertices, quads, place = tube(at, radius, sides, between)
        parts.append((vertices, quads + begun, line[np.round(place).astype(np.int64)]))
        begun += len(vertices)
    if begun > 65_535:                                       # what the page can count
        return None
    vertices, quads, of_residue = (np.concatenate(part) for part in zip(*parts))
    return vertices, quads, of_residue
