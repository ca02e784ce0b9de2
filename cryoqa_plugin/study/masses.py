"""Mass and volume of a model or of sequences: what a contour of the map should hold."""
from __future__ import annotations

from typing import NamedTuple

from ..io.models import Model
from ..io.sequences import Sequences

A3_PER_DA = 1.207                                # protein, as the Validation Report Service takes it
A3_PER_DA_NUCLEIC = 0.91                         # a partial specific volume of 0.55 ml/g
_A3_PER_DA_MOST = 1.1
DA_PER_RESIDUE, DA_PER_NUCLEOTIDE = 110.0, 325.0
_HYDROGENS, _HYDROGENS_NUCLEIC = 1.076, 1.036    # mass with hydrogens over that without, of an average residue
_WITHOUT = 0.05                                  # of the atoms; a model with fewer hydrogens has none to speak of


class Mass(NamedTuple):
    """Mass of ``protein`` (with all that is no nucleic acid) and ``nucleic`` acid in Da, hydrogens counted; ``residues`` and ``atoms``
    that the input lists, ``atoms`` None for sequences."""

    protein: float
    nucleic: float
    residues: int
    atoms: "int | None" = None

    @property
    def total(self) -> float:
        """Mass in Da."""
        return self.protein + self.nucleic

    @property
    def volume(self) -> float:
        """Volume in Å³: 1.207 Å³ a Da of protein, 0.91 of nucleic acid (partial specific volumes of 0.73 and 0.55 ml/g)."""
        return A3_PER_DA * self.protein + A3_PER_DA_NUCLEIC * self.nucleic

    @property
    def volume_most(self) -> float:
        """The largest volume (Å³) that is none too large: how tightly nucleic acid is packed is known less well, up to 1.1 Å³ a Da."""
        return A3_PER_DA * self.protein + _A3_PER_DA_MOST * self.nucleic

    @property
    def per_da(self) -> float:
        """Volume of a Da in Å³; that of protein for nothing."""
        return self.volume / self.total if self.total > 0 else A3_PER_DA

    @property
    def per_residue(self) -> float:
        """Mean mass of a residue in Da: 110 of protein, 325 of nucleic acid, by their part of the residues that these masses come to."""
        units = self.protein / DA_PER_RESIDUE + self.nucleic / DA_PER_NUCLEOTIDE
        return self.total / units if units > 0 else DA_PER_RESIDUE


PROTEIN = Mass(0.0, 0.0, 0)                      # what is taken where nothing tells what the molecule is made of


def mass_of_model(model: Model) -> Mass:
    """Mass of a model.

    Parameters
    ----------
    model
        The model; its waters are left out, its occupancies count.

    Returns
    -------
    Mass
        A model without hydrogens (fewer than 5 % of its atoms) gets those of average residues: 7.6 % of the mass of protein, 3.6 % of
        that of nucleic acid.
    """
    import gemmi
    protein = nucleic = 0.0
    residues = atoms = hydrogens = 0
    for chain in model.structure[0]:
        for residue in chain:
            if residue.is_water():
                continue
            residues += 1
            weight = sum(a.element.weight * min(max(a.occ, 0.0), 1.0) for a in residue)
            atoms += len(residue)
            hydrogens += sum(a.is_hydrogen() and a.occ > 0 for a in residue)    # some programs write them with an occupancy of 0
            if gemmi.find_tabulated_residue(residue.name).is_nucleic_acid():
                nucleic += weight
            else:
                protein += weight
    if hydrogens < _WITHOUT * atoms:
        protein, nucleic = protein * _HYDROGENS, nucleic * _HYDROGENS_NUCLEIC
    return Mass(protein, nucleic, residues, atoms)


def mass_of_sequences(sequences: Sequences) -> Mass:
    """Mass of all chains of a FASTA file, each once.

    Parameters
    ----------
    sequences
        The chains.

    Returns
    -------
    Mass
        Without atoms.
    """
    nucleic = sum(mass for mass, is_nucleic in sequences.masses if is_nucleic)
    return Mass(sequences.mass - nucleic, nucleic, sum(len(c) for c in sequences.chains))
