"""What the numbers of a model and its map are held against: the part of :mod:`cryoqa_plugin.limits` that is about models."""
from __future__ import annotations

from typing import Dict, Tuple

from .checks import Check

ATOMS_OUTSIDE = Check("atoms_outside", "<=", 0.01, "Atoms outside the box", "{value} of the atoms lie outside the box",
                       "Check the origin of the map and the place of the model.", grave=True, share=True)
OFF_DENSITY = Check("model_zscore", ">=", 0.5, "Mean density at the atoms, in σ of the map", "The model does not lie in density",
                     "Check the origin of the map, its hand, and the place of the model.", grave=True)
GUINIER_PAIR = "Correlation of the Guinier plots of map and model"

# the place of a model before all that follows from it
PLACE = (
    Check("fitting_origin", "is", "none", "Origin of the map that fits the model",
          "The model is off the density: it fits with the origin {value}",
          "Correct the origin in the header of the map, or move the model; nothing was moved here.", 3, grave=True),
    Check("model_voxel_off", "<=", 0.5, "Difference from the voxel size that fits the model",
          "Another voxel size fits the model better, by {value}",
          "The voxel size of the map is wrong, or the model was built in a map with "
          "another one: correct it.", 3, grave=True),
    Check("model_shift", "<=", 0.7, "Shift between map and model", "The model is shifted by {value} against the map",
          "Move the model, or correct the origin of the map.", grave=True),
    Check("model_operation", "is", "none", "Rotation or mirror between map and model", "Map and model differ: {value}",
          "One of them has the wrong hand, or was turned: mirror or turn it, and compare again.", grave=True),
    ATOMS_OUTSIDE, OFF_DENSITY)

MODEL_CHECKS: Dict[str, Tuple[Check, ...]] = {
    "side_chain_check": (
        *PLACE,
        Check("chains_foreign", "<=", 0, "Chains with the sequence of another molecule",
              "The side chains of {value} of the chains are those of another sequence",
              "Look at the table of chains: the chain is another molecule's, or does not lie in its density.", grave=True),
        Check("residues_shifted", "<=", 0.0, "Residues out of register", "{value} of the residues are out of register",
              "Look at the table of register shifts, and at the density of large side chains there.", grave=True),
    ),
    "model_fit": (
        *PLACE,
        Check("cc_mask", ">=", 0.5, "Correlation around the atoms (CC_mask)", "Map and model correlate by only {value} around the atoms",
              "Check the place of the model and its B-factors, and sharpen the map.", 2, "https://doi.org/10.1107/S2059798318009324"),
        Check("residues_low", "<=", 10, "Residues with a correlation below 0.5", "{value} of the residues have a correlation below 0.5",
              "Look at the worst residues, and build them again."),
        Check("inclusion_backbone", ">=", 0.5, "Backbone atoms above the contour",
              "Only {value} of the backbone atoms lie above the contour",
              "Give the recommended contour level; if it is right, parts of the model lie outside density.", 1,
              "https://doi.org/10.1107/S205979832200328X", share=True),
        Check("guinier_correlation", ">=", 0.5, GUINIER_PAIR, "The Guinier plots of map and model correlate by only {value}",
              "Sharpen the map less or more, or look at the B-factors of the model.", 1, "https://doi.org/10.1039/D2FD00059H"),
    ),
    "model_overfitting": (
        *PLACE,
        Check("gap_sigma", "<=", 3.0, "Gap of the FSCs with the half-maps, in errors",
              "The model is fitted to the noise of half-map {work}",
              "Refine it with tighter restraints or a lower weight of the map, and look at the residues that agree better with that "
              "half-map.", 2, "https://doi.org/10.1107/S1399004714021683"),
    ),
    "q_score": (
        *PLACE,
        # 0.2 and 0.35 less are the lowest twentieth and hundredth of the archive, at 2 to 5 Å.
        Check("q_difference", ">=", -0.2, "Mean Q less the expected one",
              "Q is {q_mean}, where {q_expected} is expected at the resolution",
              "Check the resolution and sharpen the map; if both are right, the model does not follow it: look at the residues with the "
              "lowest Q.", 2, "https://doi.org/10.1038/s41592-020-0731-1", fails_at=-0.35),
    ),
    "emringer": (
        *PLACE,
        Check("below_expectation", "is", False, "EMRinger score below 1 to 3.6 Å",
              "The EMRinger score is only {emringer_score}", "The density should show these side chains, and does not where they stand: "
              "refine the backbone where few peaks are rotameric.", 2, "https://doi.org/10.1038/nmeth.3541"),
    ),
    "model_geometry": (
        Check("ca_only", "is", False, "Model is a trace of CA atoms", "The model is a trace of CA atoms",
              "Scores of residues need all atoms: build the others before you judge it by them.", 1),
        Check("mirrored", "is", False, "Model is mirrored", "The model is mirrored",
              "Proteins and nucleic acids have one hand: mirror the model, and the map that it was built in.", 3, grave=True),
        Check("duplicate_atoms", "==", 0, "Atoms that are there more than once", "Atoms are there more than once ({value})",
              "A chain may have been written twice: take the copies out.", 3),
        Check("atoms_together", "==", 0, "Pairs of atoms on top of each other", "Atoms lie on top of each other ({value} pairs)",
              "Take out what was built twice, or build it again."),
        Check("chirality_wrong", "==", 0, "Chiral centres of the wrong hand", "Chiral centres have the wrong hand ({value})",
              "Build these residues again; D-amino acids have names of their own.", 2),
        Check("chain_breaks", "==", 0, "Chain breaks", "Residues with consecutive numbers are not bonded ({value})",
              "Join them, or look whether residues are missing between them.", 1),
        Check("bonds_far_percent", "<=", 1.0, "Backbone bonds of unusual length", "{value} of the backbone bonds have an unusual length",
              "Refine the model with restraints of its geometry.", 2, "https://doi.org/10.1107/S0108767391001071"),
        Check("twisted_percent", "<=", 1.0, "Twisted peptides", "{value} of the peptide bonds are twisted",
              "Peptide bonds are flat: look at these, and refine with restraints of their planes."),
        Check("cis_percent", "<=", 1.0, "Cis peptides not before proline", "{value} of the peptide bonds are cis, not before proline",
              "One in 3,000 is: keep those alone that the density shows."),
        Check("clashes_per_1000", "<=", 10.0, "Clashes per 1,000 atoms", "{value} pairs of atoms clash per 1,000 atoms",
              "Look at the worst, and refine with restraints of contacts.", 2, "https://doi.org/10.1006/jmbi.1998.2400"),
        Check("ca_percent", "<=", 2.0, "Unusual distances and angles of CA atoms", "{value} of the CA distances and angles are unusual",
              "The trace may run through density that is none of its own: look at these places."),
        Check("zero_occupancy_percent", "<=", 5.0, "Atoms with an occupancy of 0", "{value} of the atoms have an occupancy of 0",
              "They make no density: take them out, or set their occupancy.", 1),
        Check("b_alike", "is", False, "All B-factors are the same", "All B-factors are the same",
              "Refine them: what compares map and model goes by them.", 1),
    ),
    "fsc_q": (
        *PLACE,
        Check("residues_unexplained", "<=", 5.0, "Residues that agree with the map clearly less than it allows",
              "{value} of the residues agree less than the map allows",
              "Look at the lowest residues of the table: they are built wrong, or not in density.", 2,
              "https://doi.org/10.1107/S2059798321009475"),
        Check("overfitted", "<=", 8.0, "Atoms that agree with the map better than its signal allows",
              "{value} of the atoms follow noise of the map",
              "Refine the model with tighter restraints or less weight of the map, and take out what is not in density.", 2,
              "https://doi.org/10.1107/S2059798321009475"),
    ),
    "model_stability": (
        *PLACE,
        # Of right models up to 0.3 %, 2 %, 0.4 % and 0.7 %, at 1.9 to 4.5 Å; of one with errors of 0.45 Å rms 1 to 6 % are moved.
        Check("residues_without", "<=", 1.0, "Residues without density in the half-map to which they were not moved",
              "{value} of the residues are in no density that both half-maps show",
              "Look at them in the table of stretches: they are built into noise, or belong elsewhere. Leave them out.", 2),
        Check("residues_unsteady", "<=", 4.0, "Residues that spread more than the local resolution allows",
              "{value} of the residues do not come back to one place",
              "The map does not hold them where they are built: build them again, or leave them out.", 2),
        Check("residues_moved", "<=", 2.0, "Residues whose backbone moves away from where it was given",
              "{value} of the residues move into density beside them",
              "Refine the model in this map; where a stretch moves by more than 1 Å, build it again.", 2),
        Check("sides_off", "<=", 5.0, "Side chains and bases that move away, or are in no density",
              "{value} of the side chains and bases are not in their density",
              "Look at their rotamers; where there is no density, none is sure.", 1),
    ),
    "smoc": (
        *PLACE,
        Check("centred_low", "<=", 1.0, "Residues whose window correlates with the map by less than 0.3",
              "{value} of the residues are in stretches out of density",
              "Look at the lowest residues along the chains.", 2,
              "https://doi.org/10.1016/j.ymeth.2016.03.007"),
        Check("centred_dips", "<=", 4.0, "Residues with less than three quarters of the median correlation in their window",
              "{value} of the residues agree much less than the rest",
              "Look at the dips along the chains: the model is wrong there, or the density weaker.", 2,
              "https://doi.org/10.1016/j.ymeth.2016.03.007"),
    ),
    "model_report": (
        *PLACE,
        # Of right models up to 2 % are in omit and 5 % in caution, at 2.6 to 4 Å; of four deposited ones up to 2 % and 16 %.
        Check("omit", "<=", 5.0, "Residues that the map does not support", "{value} of the residues should be left out of the model",
              "Work through the list of places, worst first: rebuild these residues, or leave them out.", 2),
        Check("trust", ">=", 75.0, "Residues that can be trusted", "Only {value} of the residues can be trusted",
              "Work through the list of places, worst first.", 2),
        Check("largest_cluster", "<=", 1000.0, "Largest piece of density without a model",
              "{value} of density in one piece are not explained by the model",
              "Look there: a ligand, domain or chain may be missing; density of neighbours that were left out on purpose is fine.", 1),
    ),
}
