"""The geometry of a model by itself: clashes, peptide planes, chirality, bonds, breaks, occupancies and B-factors."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...io.inputs import require
from ...io.models import Model
from ...params import param
from ...progress import Progress, silent
from ...results import Column, Table, metric, table
from ...study import Study
from ...study.residues import NUCLEIC, WATER, Residues
from . import model_geometry_chain as chain, model_geometry_contacts as crowding
from .model_geometry_chain import Backbone, Finding
from .model_geometry_contacts import Crowding
from .residue_scores import KEY, ResidueTables, carried, chain_rows, rows

_HIGH = 300.0                         # Å², B-factors beyond are of atoms that no map shows
# Kinds of findings, the gravest first, and from which size on one is wrong and not only unusual.
_ORDER = ("on top", "chirality", "break", "twisted", "clash", "bond", "flat", "cis", "CA distance", "CA angle")
_WRONG = {"on top": -np.inf, "chirality": -np.inf, "break": -np.inf, "twisted": -np.inf, "clash": 0.8, "bond": 0.3, "CA distance": 0.8}
_NAMES = {"on top": "atoms on top of each other", "chirality": "wrong hand", "break": "chain break", "twisted": "twisted peptide",
          "cis": "cis peptide", "bond": "bond length", "flat": "flat centre"}
WELL, LOOK, WRONG = "well", "look", "wrong"


@dataclass(frozen=True)
class ModelGeometryParams:
    """Parameters of :func:`compute_model_geometry`."""

    overlap: float = param(0.4, "Overlap of the van der Waals radii of two atoms from which they clash.", label="Overlap of a clash",
                           unit="Å", min=0.1, max=2, expert=True)


def _count(what: str) -> Any:
    return metric("", what, "lower")


@dataclass(frozen=True)
class ModelGeometryResult(ResidueTables):
    """Result of :func:`compute_model_geometry`."""

    schema: ClassVar[str] = "cryoqa/model_geometry/1"
    mirrored: Optional[bool] = metric("", "more than nine in ten chiral centres have the wrong hand", "none")
    duplicate_atoms: Optional[int] = _count("atoms that are there more than once: the same name in the same residue and conformer")
    atoms_together: Optional[int] = _count("pairs of atoms within 0.5 Å of each other")
    clashes: Optional[int] = _count("pairs of atoms that overlap and are not bonded")
    clashes_per_1000: Optional[float] = _count("clashes per 1,000 atoms; hydrogens that the file lacks are not placed, so that this is not "
                                               "the clashscore of MolProbity")
    worst_overlap: Optional[float] = metric("Å", "largest overlap of a clash", "lower")
    clashing_chains: Optional[str] = metric("", "two chains between which more than half of the clashes are, where there are many", "none")
    chiral_centres: Optional[int] = metric("", "chiral centres: CA, CB of isoleucine and threonine, carbons of the sugars of nucleic acids",
                                           "none")
    chirality_wrong: Optional[int] = _count("chiral centres with the wrong hand")
    chirality_flat: Optional[int] = _count("chiral centres that are nearly flat")
    peptides: Optional[int] = metric("", "peptide bonds", "none")
    twisted_peptides: Optional[int] = _count("peptide bonds more than 30 degrees from both cis and trans")
    twisted_percent: Optional[float] = metric("%", "part of the peptide bonds that are twisted", "lower")
    cis_peptides: Optional[int] = _count("peptide bonds that are cis, those before proline apart")
    cis_percent: Optional[float] = metric("%", "part of the peptide bonds that are cis, those before proline apart", "lower")
    cis_prolines: Optional[int] = metric("", "cis peptide bonds before proline; some 5 % of those are", "none")
    bonds: Optional[int] = metric("", "bonds of the backbone", "none")
    bond_rms: Optional[float] = metric("Å", "root mean square of their deviation from the usual length", "lower")
    bonds_far: Optional[int] = _count("bonds of the backbone more than 0.1 Å from the usual length")
    bonds_far_percent: Optional[float] = metric("%", "part of the bonds of the backbone that are", "lower")
    chain_breaks: Optional[int] = _count("residues with the next number that are not bonded to it")
    chain_gaps: Optional[int] = metric("", "places where numbers of residues are left out", "none")
    ca_steps: Optional[int] = metric("", "CA atoms that are followed by another", "none")
    ca_outliers: Optional[int] = _count("distances of these outside 3.5 to 4.1 Å, cis apart, and angles outside 80 to 150 degrees")
    ca_percent: Optional[float] = metric("%", "part of these distances and angles that are", "lower")
    ca_only: Optional[bool] = metric("", "the chains are traces of CA atoms", "none")
    atoms_counted: Optional[int] = metric("", "atoms that are looked at for clashes; those with occupancy 0 are not", "none")
    hydrogens: Optional[int] = metric("", "hydrogen atoms of the model", "none")
    zero_occupancy_percent: Optional[float] = metric("%", "part of the atoms, hydrogens apart, with an occupancy of 0", "lower")
    b_alike: Optional[bool] = metric("", "all B-factors are the same", "none")
    b_zero: Optional[int] = _count("atoms, hydrogens apart, with a B-factor of 0 or below, where not all are alike")
    b_high: Optional[int] = _count("atoms, hydrogens apart, with a B-factor above 300 Å², where not all are alike")
    findings: Optional[Table] = table("what is unusual or wrong, the gravest first and up to 500 of a kind, with the place to look at")


def compute_model_geometry(study: Study, params: ModelGeometryParams, *, progress: Progress = silent) -> ModelGeometryResult:
    """What is unusual or impossible in a model, whatever map it was built in.

    Parameters
    ----------
    study
        ``model``; nothing else is looked at.
    params
        The overlap from which atoms clash.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    ModelGeometryResult
        Counts, every finding with its place, and the angles of every residue.

    Raises
    ------
    MissingInputError
        No model.

    References
    ----------
    Engh & Huber (1991), https://doi.org/10.1107/S0108767391001071 (bonds); Word et al. (1999),
    https://doi.org/10.1006/jmbi.1998.2400 (radii and overlaps).
    """
    require(study.inputs, "model")
    model, residues = study.model, study.residues
    progress(0.2, "backbone")
    backbone = chain.look_at(model, residues)
    progress(0.5, "contacts")
    crowd = crowding.look_at(model, residues, params.overlap)
    progress(0.8, "tables")
    values: Dict[str, Any] = dict(_of_atoms(model, residues), **backbone.values, **crowd.values)
    values.update(_tables(model, residues, backbone, crowd))
    progress(1.0, "done")
    return ModelGeometryResult(summary=_summary(values), warnings=tuple(_notes(model, values)), **values)


def _of_atoms(model: Model, residues: Residues) -> Dict[str, Any]:
    """Duplicates, occupancies and B-factors, by result field."""
    places = set(zip(residues.residue.tolist(), residues.atom, residues.altloc))
    heavy = residues.heavy if residues.heavy.any() else ~residues.heavy
    b = model.b_iso[heavy]
    alike = b.size > 1 and float(b.max() - b.min()) < 0.005
    return dict(duplicate_atoms=model.n_atoms - len(places), hydrogens=int((~residues.heavy).sum()),
                zero_occupancy_percent=100 * float((model.occupancy[heavy] <= 0).mean()), b_alike=bool(alike),
                b_zero=0 if alike else int((b <= 0).sum()), b_high=0 if alike else int((b > _HIGH).sum()))


def _listed(residues: Residues, found: List[Finding]) -> Table:
    """The findings, the gravest kind first, and the worst of each."""
    chosen: List[Finding] = []
    for kind in _ORDER:
        chosen += sorted((f for f in found if f.kind == kind), key=lambda f: -f.size)[:crowding.MOST]
    return Table(("kind", *KEY, "what", "x (Å)", "y (Å)", "z (Å)"), tuple(
        (_NAMES.get(f.kind, f.kind), residues.chains[residues.chain[f.residue]], residues.number[f.residue], residues.name[f.residue],
         f.words, *(round(float(v), 2) for v in f.xyz)) for f in chosen))


def _states(residues: Residues, backbone: Backbone, crowd: Crowding) -> Tuple[np.ndarray, List[str]]:
    """Whether each residue is well, to be looked at, or wrong, and what was found in it."""
    state = np.full(len(residues), WELL, dtype=object)
    state[crowd.clashes > 0] = LOOK
    state[crowd.on_top | (crowd.overlap >= _WRONG["clash"])] = WRONG
    said: List[List[str]] = [[] for _ in state]
    for i in np.flatnonzero(crowd.on_top):
        said[i].append(_NAMES["on top"])
    for f in sorted(backbone.findings, key=lambda f: _ORDER.index(f.kind)):
        said[f.residue].append(_NAMES.get(f.kind, f.kind))
        state[f.residue] = WRONG if f.size >= _WRONG.get(f.kind, np.inf) or state[f.residue] == WRONG else LOOK
    for i in np.flatnonzero(crowd.clashes > 0):
        said[i].append("clash")
    return state, [", ".join(dict.fromkeys(words)) for words in said]


def _tables(model: Model, residues: Residues, backbone: Backbone, crowd: Crowding) -> Dict[str, Any]:
    """The tables of residues, chains and findings, and the model that carries the numbers."""
    state, said = _states(residues, backbone, crowd)
    use = (residues.kind <= NUCLEIC) | (state != WELL)
    columns: Dict[Any, Any] = {
        Column("state", "", "well, look (unusual) or wrong"): state, Column("findings", "", "what was found"): said,
        Column("phi", "°"): np.round(backbone.phi, 1), Column("psi", "°"): np.round(backbone.psi, 1),
        Column("omega", "°", "of the peptide bond to the residue before"): np.round(backbone.omega, 1),
        Column("chi1 off", "°", "from the nearest staggered position"): np.round(backbone.chi1_off, 1),
        Column("bond off", "Å", "largest deviation of a bond of the backbone"): np.round(backbone.bond_off, 3),
        Column("clashes", "", "of its atoms"): crowd.clashes,
        Column("overlap", "Å", "largest of its clashes"): np.round(crowd.overlap, 2),
        Column("mean B", "Å²"): np.round(residues.mean(model.b_iso, residues.heavy), 2)}
    clashes, unusual = crowd.clashes.astype(np.float64), np.where(state == WELL, 0.0, 100.0)
    return dict(residues=rows(residues, columns, use), findings=_listed(residues, backbone.findings + crowd.findings),
                chains=chain_rows(residues, {"clashes": clashes, "residues with a finding (%)": unusual}, residues.kind < WATER),
                **carried(model, residues, {"geometry_clashes": np.where(use, clashes, np.nan), "geometry_omega": backbone.omega}))


def _notes(model: Model, values: Dict[str, Any]) -> List[str]:
    """What a number cannot say."""
    out = []
    if values.get("ca_only"):
        out.append("The chains are traces of CA atoms: chiral centres, peptide planes and clashes of side chains cannot be looked at.")
    if not (model.occupancy > 0).any():
        out.append("All occupancies are 0; the atoms are looked at all the same.")
    return out


def _summary(values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("mirrored"):
        return f"The model is mirrored: {values['chirality_wrong']} of {values['chiral_centres']} chiral centres have the wrong hand."
    parts: List[Tuple[int, str]] = [(values["clashes"], "clash")]
    parts += [(values[name], word) for name, word in (
        ("atoms_together", "pair of atoms on top of each other"), ("chirality_wrong", "chiral centre of the wrong hand"),
        ("twisted_peptides", "twisted peptide"), ("cis_peptides", "cis peptide"), ("chain_breaks", "chain break"),
        ("bonds_far", "bond of a wrong length")) if values.get(name)]
    words = [f"{n or 'no'} {_plural(word, n)}" for n, word in parts]
    listed = words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
    lone = len(words) == 1 and parts[0][0] == 1
    return f"There {'is' if lone else 'are'} {listed} among {values['atoms_counted']} atoms."


def _plural(word: str, number: int) -> str:
    if number == 1:
        return word
    head, _, tail = word.partition(" of ")
    return head + ("es" if head.endswith("sh") else "s") + (f" of {tail}" if tail else "")
