"""The steps of the ``q_score`` capability: what is expected, tables of residues, classes and ligands, curves."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ...core import q_score
from ...results import Column, Curve, Table
from ...rounding import show_value
from ...study import Study, archive, archive_scores
from ...study.q_values import AROUND, QValues, Shells, around, expected, expected_of_kind
from ...study.residues import BACKBONE, BASE, GLYCAN, ION, KINDS, LIGAND, NUCLEIC, PROTEIN, SIDE_CHAIN, WATER, Residues
from . import residue_scores

_CLASSES = (("protein backbone", PROTEIN, BACKBONE), ("protein side chains", PROTEIN, SIDE_CHAIN),
            ("sugar and phosphate", NUCLEIC, BACKBONE), ("bases", NUCLEIC, BASE), ("glycans", GLYCAN, None),
            ("ligands", LIGAND, None), ("ions", ION, None), ("waters", WATER, None))
_LONE = (GLYCAN, LIGAND, ION)                    # what is judged with its surroundings
_STEP = 0.05                                     # of the histogram


def resolution(study: Study, given: Optional[float], warnings: List[str]) -> Tuple[Optional[float], str]:
    """The resolution by which an expected Q is known, and where it comes from.

    Parameters
    ----------
    study
        The map or half-maps.
    given
        The one asked for in Å.
    warnings
        A sentence is added when it is not known, or could not be had.

    Returns
    -------
    tuple
        Å and ``given`` or ``half-maps``; None and ``unknown`` for a map alone, where the detail ends with that of its noise, and for
        half-maps whose FSC does not fall below 0.143.
    """
    at = study.compared_at(given)
    if at.source == "d99" or at.source == "half-maps" and not study.unmasked_resolution:
        warnings.append("The resolution of a map alone is not known, so that no Q is expected; give it." if at.source == "d99" else
                        "The FSC of the half-maps does not fall below 0.143, so that no Q is expected; give the resolution.")
        return None, "unknown"
    warnings.extend([at.note] if at.note else [])
    return at.resolution, at.source


def whole(q: QValues, at: Optional[float]) -> Dict[str, Any]:
    """The Q of the whole model, beside what is expected and what the archive has.

    Parameters
    ----------
    q
        Of all atoms and residues.
    at
        Resolution (Å) by which the expected Q is known, or None.

    Returns
    -------
    dict
        By result field.
    """
    known = np.isfinite(q.atom)
    out: Dict[str, Any] = dict(sigma=q.sigma, atoms_scored=int(known.sum()), residues_scored=int(np.isfinite(q.residue).sum()))
    if not known.any():
        return out
    out.update(q_mean=float(q.atom[known].mean()), q_median=float(np.nanmedian(q.residue)))
    out.update({name: float(np.nanmean(values)) for name, values in (("q_backbone", q.backbone), ("q_side", q.side))
                if np.isfinite(values).any()})
    wanted = expected(q.sigma, at)
    if wanted is not None:
        out.update(q_expected=wanted.mean, q_low=wanted.low, q_high=wanted.high, q_difference=out["q_mean"] - wanted.mean)
    return out


def ranks(mean: Optional[float], sigma: float, at: Optional[float]) -> Dict[str, Any]:
    """Where the mean Q stands among archive entries, whose Q is of a sigma of 0.4 Å.

    Parameters
    ----------
    mean
        Mean Q over the atoms.
    sigma
        Standard deviation of the Gaussian in Å.
    at
        Resolution in Å, or None.

    Returns
    -------
    dict
        Table and percentiles by result field; empty for another sigma.
    """
    if mean is None or sigma != 0.4:
        return {}
    found = archive_scores.ranks("q", mean, at)
    out: Dict[str, Any] = {name: rank.percent for name, rank in zip(("q_percentile", "q_percentile_near"), found)}
    return dict(out, archive=Table(archive.COLUMNS, archive_scores.rows((("q", mean),), at)))


def tables(study: Study, q: QValues, at: Optional[float]) -> Dict[str, Any]:
    """The tables of residues, chains, classes and ligands.

    Parameters
    ----------
    study
        The model and its map.
    q
        Of all atoms and residues.
    at
        Resolution in Å, or None.

    Returns
    -------
    dict
        By result field.
    """
    r = study.residues
    use = np.isfinite(q.residue)
    near = around(r, study.atom_position, q.atom, np.flatnonzero(use))
    line = np.array([expected_of_kind(q.sigma, at, kind) for kind in range(len(KINDS))])[r.kind]
    columns = {Column("kind"): [KINDS[k] for k in r.kind], Column("q", "", "mean over its atoms"): q.residue,
               Column("backbone", "", "Q of its backbone"): q.backbone, Column("side", "", "Q of its side chain or base"): q.side,
               Column("q around", "", f"Q of all atoms within {AROUND:g} Å of it, its own among them"): near,
               Column("expected", "", "Q of such residues at this resolution"): line}
    means = {Column(name): values for name, values in (("q", q.residue), ("backbone", q.backbone), ("side", q.side))}
    lone = use & np.isin(r.kind, _LONE)
    count = np.bincount(r.residue[np.isfinite(q.atom)], minlength=len(r))
    out = dict(residues=residue_scores.rows(r, columns, use), chains=residue_scores.chain_rows(r, means, use), classes=_classes(r, q, line))
    if lone.any():
        out["ligands"] = residue_scores.rows(r, {
            Column("kind"): [KINDS[k] for k in r.kind], Column("atoms"): count, Column("q"): q.residue, Column("q around"): near,
            Column("difference", "", "its Q less that of all around it"): q.residue - near}, lone)
    return out


def _classes(r: Residues, q: QValues, line: np.ndarray) -> Table:
    """Number of atoms, mean, median and what is expected of each part of the model."""
    rows: List[Tuple[Any, ...]] = []
    for name, kind, role in _CLASSES:
        mine = np.isfinite(q.atom) & (r.kind[r.residue] == kind) & (True if role is None else r.role == role)
        if mine.any():
            wanted = float(line[r.kind == kind][0])
            rows.append((name, int(mine.sum()), float(q.atom[mine].mean()), float(np.median(q.atom[mine])),
                         wanted if np.isfinite(wanted) else None))
    return Table((Column("class"), Column("atoms"), Column("mean Q"), Column("median Q"),
                  Column("expected", "", "mean Q of such residues at this resolution")), tuple(rows))


def curves(q: QValues, found: Shells) -> Dict[str, Any]:
    """Histogram of the residues, and the mean density around the atoms beside the Gaussian.

    Parameters
    ----------
    q
        Of all atoms and residues.
    found
        The density around the atoms.

    Returns
    -------
    dict
        By result field; the density is on a scale on which it falls from 1 at the atom to 0 at 2 Å.
    """
    known = q.residue[np.isfinite(q.residue)]
    low = min(0.0, np.floor(known.min() / _STEP) * _STEP)
    edges = np.arange(int(round(low / _STEP)), int(round(1 / _STEP)) + 1) * _STEP
    part = 100 * np.histogram(known, edges)[0] / len(known)
    out = dict(histogram=Curve(edges[:-1] + _STEP / 2, part))
    s = found.sums
    mean = np.divide(s.total, s.count, out=np.full(s.total.shape, np.nan), where=s.count > 0)
    fall = np.array([column[np.isfinite(column)].mean() if np.isfinite(column).any() else np.nan for column in mean.T])
    use = np.isfinite(fall)
    if use[-1] and fall[0] > fall[-1]:
        out.update(profile=Curve(q_score.RADII[use], (fall[use] - fall[-1]) / (fall[0] - fall[-1])),
                   profile_expected=Curve(q_score.RADII, np.exp(-q_score.RADII ** 2 / (2 * q.sigma ** 2))))
    return out


def summary(values: Dict[str, Any]) -> str:
    """One sentence.

    Parameters
    ----------
    values
        Fields of the result by name.
    """
    if values.get("q_mean") is None:
        return "No atom of the model has a Q-score."
    said = f"Q is {values['q_mean']:.3f} over {show_value(values['atoms_scored'])} atoms (sigma {values['sigma']:g} Å)"
    if values.get("q_expected") is None:
        return said + "."
    return f"{said}; at {values['resolution']:.2f} Å {values['q_expected']:.3f} is expected, from {values['q_low']:.3f} to " \
           f"{values['q_high']:.3f}."
