"""What each item of a validation found, in one sentence with its numbers."""
from __future__ import annotations

from typing import Any, Dict, Mapping

from ..rounding import Shown

# By item, the pieces of its sentence: a capability and words with that capability's metrics, rounded as everywhere, or as the words ask;
# ``share`` is a part of 1 in %. A piece whose metrics are missing is left out; an item without pieces says what its capabilities say.
SENTENCES: Dict[str, Any] = {
    "0.a": (("contour", "{mass} ({residues:.0f} residues of protein) fill the {volume} above the contour level {contour:.4g}."),
            ("contour", "The model has {model_mass}; {model_ratio:share} of its volume lies above the level."),
            ("contour", "The molecule is {decentring} off the box centre and at least {space_min} from the faces; its centre of mass is "
                        "{mass_offset} off.")),
    "0.b": (("contour", "Connected components above the contour level: {n_components}; 95 % lie in {components_95} of them, "
                        "{largest_percent} in the largest."),
            ("contour", "Suggested is the level {contour_suggested:.3g} ({contour_lowest:.3g} to {contour_highest:.3g}); the one used: "
                        "{level_verdict}."),
            ("contour", "By the half-maps {noise_above:share} of the density above it is noise."),
            ("contour", "Above {contour_confident:.3g} its false discovery rate is at most 1 %."),
            ("contour", "The mask made of it holds {mask_volume} and {mask_overlap:share} of the density above the level.")),
    "0.c": (("contour", "The background is {background_mean} standard deviations of the density off 0."),
            ("contour", "{outliers_robust} of the background lie beyond {sigmas:g} σ ({outliers_percent}).")),
    "1.a": (("fsc", "The FSC falls below {threshold:g} at {resolution}."),
            ("half_map_statistics", "The phase residual is that of noise at {resolution_dpr_random}."),
            ("half_map_statistics", "Signal and noise are equal at {resolution_ssnr_1}.")),
    "1.b": (("half_map_statistics", "The FSC is significant to {resolution_fdr} (false discovery rate {rate:share})."),),
    "1.g": (("directional_fsc", "Half of the directions reach {fso_05}, 90 % reach {fso_09} and 10 % reach {fso_01}."),
            ("directional_fsc", "Noise differs by a factor of {noise_ratio:.2f} between directions, and {empty_fraction:share} of Fourier "
                                "space are empty.")),
    "1.h": (("directional_fsc", "Along x, y and z the resolution is {resolution_x:.2f}, {resolution_y:.2f} and {resolution_z:.2f} Å."),
            ("directional_fsc", "The cFAR is {cfar:.2f} (isotropic half-maps: 0.70 to 0.94) and the sphericity {sphericity:.3f}.")),
    "A.a": (("mtriage", "The model is off the density, and fits with the origin {fitting_origin:s}."), ("mtriage", "{model_place_words:s}"),
            ("mtriage", "Map and model agree to {d_fsc_model_05_near} around the atoms (FSC 0.5)."),
            ("mtriage", "Without a mask that is {d_fsc_model_05_unmasked}, in the mask {d_fsc_model_05_masked}."),
            ("model_fit", "Map and model correlate by {cc_mask} around the atoms, {cc_residues} in the median residue."),
            ("model_fit", "Above the contour level lie {inclusion_all:share} of the atoms and {inclusion_backbone:share} of the "
                          "backbone.")),
    "A.b": (("fsc_q", "Map and model correlate by {cc_model} around the atoms, where the right model would reach {cc_map}."),
            ("fsc_q", "{residues_unexplained} of the residues agree clearly less than the map allows, and {overfitted} of the atoms follow "
                      "noise."),
            ("fsc_q", "FSC-Q is {fsc_q_median} in the median, and above 0.5 Å for {fsc_q_above} of the atoms.")),
    "A.c": (("model_stability", "{undetermined_words:s}"),
            ("model_stability", "Of the residues {steady} come back, from all starts and in both half-maps, to where they were given."),
            ("model_stability", "{residues_without} are in no density, {residues_unsteady} unsteady and {residues_moved} move away."),
            ("model_stability", "The models spread by {spread_median} in the median residue.")),
    "A.d": (("model_fit", "The Guinier plots of map and model correlate by {guinier_correlation}."),
            ("model_fit", "The B-factor of the map less that of the model is {b_excess}.")),
    "A.e": (("q_score", "The mean Q of the atoms is {q_mean}; {q_expected} is usual at {resolution}."),
            ("q_score", "It is higher than that of {q_percentile_near} of the archive entries of similar resolution.")),
    "A.f": (("emringer", "The EMRinger score is {emringer_score:.2f} ± {emringer_error:.2f}, of {residues_scanned} side chains."),
            ("emringer", "Of {residues_counted} peaks above the threshold {rotameric_fraction:share} are rotameric.")),
    "A.g": (("side_chain_check", "{undetermined_words:s}"), ("side_chain_check", "{foreign_words:s}"),
            ("side_chain_check", "{register_words:s}"),
            ("side_chain_check", "Of the side chains beyond alanine {top3} are of a type that is among the three that fit best."),
            ("side_chain_check", "Of the residues {residues_shifted} are out of register, and {residues_unsure} unsure."),
            ("side_chain_check", "Of {bases_scored:.0f} nucleotides {bases_right} look like what they are, purine or pyrimidine.")),
    "A.h": (("model_overfitting", "The mean FSC of the model with half-map {work:s} is {gap:.3f} ± {gap_error:.3f} above that with "
                                  "the other."),),
    "A.i": (("smoc", "Map and model correlate by {centred_mean} in windows along the chains."),
            ("smoc", "The mean SMOC is {smoc_mean}, higher than that of {smoc_better} of the archive entries of similar resolution.")),
    "A.k": (("model_report", "Of the residues {trust} can be trusted, {caution} should be checked and {omit} left out."),
            ("model_report", "First place to look at: {worst_words:s}.")),
}
OFF_ITS_MAP = "Not judged, because the model does not lie on its map (A.a)."


def sentence(item: str, documents: Mapping[str, Mapping[str, Any]]) -> str:
    """What item ``item`` found, from the result documents by capability; empty where there is nothing to say."""
    out = []
    for capability, words in SENTENCES.get(item, ()):
        document = documents.get(capability, {})
        if "error" in document:
            continue
        values = {n: Shown(v) for n, v in document.get("parameters", {}).items()}
        values.update({n: Shown(m["value"], m.get("unit", "")) for n, m in document.get("metrics", {}).items() if m["value"] != "none"})
        try:
            out.append(words.format(**values))
        except (KeyError, TypeError):                        # a metric that this run does not have
            continue
    return " ".join(out)


def off_its_map(documents: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a result found that the model lies beside its map, has the other hand, or is of another voxel size."""
    found = [{n: m["value"] for n, m in d.get("metrics", {}).items()} for d in documents.values()]
    return any(m.get("model_place_words") or m.get("fitting_origin", "none") not in (None, "none") for m in found)
