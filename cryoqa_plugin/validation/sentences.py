"""What each item of a validation found, in one sentence with its numbers."""
from __future__ import annotations

from typing import Any, Dict, Mapping

# By item, the pieces of its sentence: a capability and words with that capability's metrics. A piece whose metrics are missing is left
# out; an item without pieces says what its capabilities say.
SENTENCES: Dict[str, Any] = {
    "0.a": (("contour", "{mass:.0f} kDa ({residues:.0f} residues) fill the {volume:.0f} Å³ above the contour level {contour:.4g}."),
            ("contour", "The model has {model_mass:.0f} kDa; {model_ratio:.2f} of that lies above the level."),
            ("contour", "The molecule is {decentring:.1f} % out of the middle of the box and at least {space_min:.1f} Å from its faces; "
                        "its centre of mass is {mass_offset:.1f} % out of the middle.")),
    "0.b": (("contour", "Connected components above the contour level: {n_components}; 95 % lie in {components_95} of them, "
                        "{largest_percent:.1f} % in the largest."),
            ("contour", "Suggested is the level {contour_suggested:.3g} ({contour_lowest:.3g} to {contour_highest:.3g}); the one used: "
                        "{level_verdict}."),
            ("contour", "The mask made of it holds {mask_volume:.0f} Å³ and {mask_overlap:.2f} of what is above the level.")),
    "0.c": (("contour", "The background is {background_mean:.3f} standard deviations of the density away from 0."),
            ("contour", "{outliers_percent:.2g} % of the background are outliers, farther than {sigmas:g} standard deviations from it.")),
    "1.a": (("fsc", "The FSC falls below {threshold:g} at {resolution:.2f} Å."),
            ("half_map_statistics", "The phase residual reaches that of noise at {resolution_dpr_random:.2f} Å."),
            ("half_map_statistics", "Signal and noise are equally strong at {resolution_ssnr_1:.2f} Å.")),
    "1.b": (("half_map_statistics", "The half-maps share more than noise up to {resolution_fdr:.2f} Å, at a false discovery rate of "
                                   "{rate:.0%}."),),
    "1.g": (("directional_fsc", "Half of the directions reach {fso_05:.2f} Å, nine tenths {fso_09:.2f} Å and one tenth {fso_01:.2f} Å."),
            ("directional_fsc", "Noise differs by a factor of {noise_ratio:.2f} between directions, and {empty_fraction:.0%} of Fourier "
                                "space holds nothing.")),
    "1.h": (("directional_fsc", "Along x, y and z the resolution is {resolution_x:.2f}, {resolution_y:.2f} and {resolution_z:.2f} Å."),
            ("directional_fsc", "The cFAR is {cfar:.2f} (isotropic half-maps: 0.70 to 0.94) and the sphericity {sphericity:.3f}.")),
    "A.a": (("mtriage", "{model_place_words:s}"),
            ("mtriage", "Near the atoms of the model, the map agrees with it to {d_fsc_model_05_near:.2f} Å (FSC 0.5)."),
            ("mtriage", "Without a mask that is {d_fsc_model_05_unmasked:.2f} Å, in the mask {d_fsc_model_05_masked:.2f} Å.")),
    "A.b": (("model_fit", "{model_place_words:s}"), ("model_fit", "{register_words:s}"),
            ("model_fit", "Map and model correlate by {cc_mask:.3f} around the atoms, {cc_residues:.3f} in the median residue."),
            ("model_fit", "Above the contour level lie {inclusion_all:.0%} of the atoms and {inclusion_backbone:.0%} of the backbone.")),
    "A.d": (("model_fit", "The Guinier plots of map and model correlate by {guinier_correlation:.3f}."),
            ("model_fit", "The map is blurred by {b_excess:.0f} Å² more than the model.")),
}


def sentence(item: str, documents: Mapping[str, Mapping[str, Any]]) -> str:
    """What item ``item`` found, from the result documents by capability; empty where there is nothing to say."""
    out = []
    for capability, words in SENTENCES.get(item, ()):
        document = documents.get(capability, {})
        if "error" in document:
            continue
        values = dict(document.get("parameters", {}))
        values.update({n: m["value"] for n, m in document.get("metrics", {}).items()})
        try:
            out.append(words.format(**values))
        except (KeyError, TypeError):                        # a metric that this run does not have
            continue
    return " ".join(out)
