"""What mtriage concludes from its two passes, and the one sentence for the user."""
from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np

from ...io.maps import Map
from ..map_info.halves import is_masked
from ..map_info.halves_position import position_notes
from . import mtriage_steps as steps
from .mtriage_model import in_file

_IDENTICAL = 0.99999                  # FSC above which, in every shell, half-maps are copies


def mask_facts(work: steps.Work, mask: Map, unmasked: steps.Measured) -> Dict[str, Any]:
    """Numbers about the mask."""
    source = steps.mask_source(work)
    return dict(mask_source=source, mask_fraction=float(mask.data.mean(dtype=np.float64)),
                radius_smooth=None if source == "given" else float(steps.smoothing_radius(work, unmasked)))


def verdict(work: steps.Work, unmasked: steps.Measured, masked: Optional[steps.Measured]) -> Dict[str, Any]:
    """Numbers that are held against limits, and warnings about curves."""
    out: Dict[str, Any] = {}
    best = (masked or unmasked).values
    if work.has_halves:
        out.update(_about_halves(work, unmasked))
    if work.model is not None:
        b_iso = best.get("b_iso_overall")
        out["model_correlation"] = (masked or unmasked).correlation
        out["b_excess"] = None if b_iso is None else b_iso - work.model.values["model_b_mean"]
        if best.get("d_fsc_model_05") and best.get("d_fsc"):
            out["model_gap"] = best["d_fsc_model_05"] / best["d_fsc"]
            out["model_lead"] = 1 / out["model_gap"]
        if b_iso is None:
            work.warnings.append(f"The model{in_file(work.inputs.model)} does not correlate with the map{in_file(work.grid)} at any "
                                 "cut-off or B-factor; check that they belong together and lie on each other.")
    for name, measured in (("", unmasked), (" in the mask", masked)):
        if measured is not None and (name or work.params.masking != "masked"):
            work.warnings += _missing_crossings(measured, name)
    return out


def _about_halves(work: steps.Work, unmasked: steps.Measured) -> Dict[str, Any]:
    curve, d_fsc = unmasked.values["fsc_half"], unmasked.values["d_fsc"]
    nyquist = 2 * max(work.grid.voxel_size)
    identical = bool(np.min(curve.y, initial=1.0) > _IDENTICAL)
    if identical:
        work.warnings.append(f"Half-map 1{in_file(work.inputs.half1)} and half-map 2{in_file(work.inputs.half2)} are copies of each other; "
                             "give the two independent ones.")
    work.warnings.extend(position_notes(work.inputs.half1, work.inputs.half2))
    if unmasked.falls > 1:
        work.warnings.append(f"The half-map FSC falls below 0.143 {unmasked.falls} times; the resolution given is the fall that most of "
                             "the curve speaks for.")
    above = bool(unmasked.values["fsc_half"].y[0] >= 0.143) if d_fsc is None else d_fsc < nyquist
    masked = is_masked(work.inputs.half1.data) or is_masked(work.inputs.half2.data)
    return dict(half_maps_identical=identical, half_maps_masked=masked, d_fsc_falls=unmasked.falls, reaches_nyquist=above)


def _missing_crossings(measured: steps.Measured, where: str) -> List[str]:
    out = []
    for key, label in (("d_fsc", "half-map FSC"), ("d_fsc_model_0143", "map-model FSC")):
        if key in measured.values and measured.values[key] is None:
            out.append(f"The {label}{where} never falls through 0.143, so that no resolution can be read from it.")
    return out


def summary(values: Dict[str, Any]) -> str:
    """One plain sentence."""
    parts = []
    for start, key, criterion in (("the half-maps agree to", "d_fsc", "FSC 0.143"),
                                  ("the model agrees with the map to", "d_fsc_model_05", "FSC 0.5"),
                                  ("the map holds detail to", "d99_map", "d99")):
        plain, masked = values.get(f"{key}_unmasked"), values.get(f"{key}_masked")
        if key == "d_fsc" and values.get("half_maps_identical"):
            parts.append("the half-maps are copies of each other and say nothing")
        elif plain and masked:
            parts.append(f"{start} {plain:.2f} Å ({criterion}; {masked:.2f} Å in the mask)")
        elif plain or masked:
            parts.append(f"{start} {plain or masked:.2f} Å ({criterion}{'' if plain else ' in the mask'})")
    text = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else "no resolution could be read from the maps"
    return text[0].upper() + text[1:] + "."
