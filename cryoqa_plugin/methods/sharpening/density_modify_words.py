"""What density modification says of its result."""
from __future__ import annotations

from typing import Any, Dict, List

from ...core.density_modification import HARMED, IMPROVED
from ...study import Study
from ...study.independence import Independence
from ..map_info import audit_words
from . import density_modify_symmetry as copies

_TOO_SMALL, _TOO_LARGE = 1.2, 6.0     # volume of the mask over that of the mass
_LARGE, _UNLIKE = 2.0, 1.2           # times the usual box, and noise over noise, from which they are said
_USE = "It is a map to look at and to build into; resolution, FSC and refinement need the half-maps that went in"


def refused(reason: str) -> str:
    """Why nothing was modified.

    Parameters
    ----------
    reason
        Why the half-maps have no resolution.

    Returns
    -------
    str
        One sentence and what to do.
    """
    return (f"Nothing was modified: {reason}, and density modification learns from their independent noise. Give the two half-maps of one "
            "refinement as it wrote them.")


def summary(v: Dict[str, Any], known: Independence) -> str:
    """The verdict, and the predicted resolution before and after.

    Parameters
    ----------
    v
        Fields of the result.
    known
        What stands between the half-maps and a resolution.

    Returns
    -------
    str
        A few sentences.
    """
    gain = f"gain {v['gain']:.3f} ± {v['gain_error']:.3f}"
    if v["verdict"] == IMPROVED:
        return (f"Density modification improved the map ({gain}). {copies.sentence(v)}{_resolutions(v, known)}{_of_model(v)}"
                f"{audit_words.of_own(v)} {_USE}.")
    why = "made the map worse" if v["verdict"] == HARMED else "brought no improvement that is beyond doubt"
    return f"Density modification {why} ({gain}): the mean of the half-maps, filtered by shells, is given as the result."


def _of_model(v: Dict[str, Any]) -> str:
    """What became of the model, where one was given."""
    if v.get("model_gain") is None:
        return ""
    if not v["model_used"]:
        return " The model is left out: the map does not gain by it."
    return (f" The model adds {v['model_gain']:.3f} to the gain, less where it was fitted to noise of these half-maps; they agree with "
            f"{100 * v['model_trusted']:.0f} % of its atoms. The predicted resolution is that without the model.")


def _resolutions(v: Dict[str, Any], known: Independence) -> str:
    """The predicted resolutions, or why there are none."""
    before, after = v["resolution_before"], v["resolution_after"]
    if known.shared:
        return "No resolution is predicted: the half-maps share noise, which counts as signal here, in the gain too."
    if after is None or before is None:
        return "Its resolution cannot be predicted."
    error = v.get("resolution_after_error")
    if error is None:
        end = f"at least {after:.2f} Å, where the modification ends or a low-pass begins,"
    else:
        end = f"{after:.2f} ± {error:.2f} Å"
    return f"Its predicted resolution (correlation with the signal of 0.5) is {end} after {before:.2f} Å before."


def warnings(study: Study, v: Dict[str, Any], params: Any) -> List[str]:
    """What to know before the map is used.

    Parameters
    ----------
    study
        The half-maps.
    v
        Fields of the result.
    params
        :class:`.density_modify.DensityModifyParams`.

    Returns
    -------
    list of str
        A sentence each.
    """
    out, known = [], study.independence
    if v["soft_faces"]:
        out.append("The molecule reaches the faces of the box: the outer 5 Å fade out in the maps. Give the whole map where you have it.")
    if v["box_excess"] > _LARGE:
        out.append(f"The box is {v['box_excess']:.1f} times larger than the molecule needs: noise was counted as that of a smaller one.")
    if v["noise_unlike"] > _UNLIKE:
        out.append(f"The noise of one half-map is {v['noise_unlike']:.2f} times that of the other: check that both have as many particles. "
                   "Each was used as it is, and the verdict holds.")
    if known.cut:
        out.append("Noise around the molecule was taken away before: what is learned there is too good, and predicted resolutions are too "
                   "fine. Give the half-maps as the refinement wrote them.")
    ratio = v.get("mass_ratio")
    if ratio is not None and v["mask_source"] == "given" and not _TOO_SMALL <= ratio <= _TOO_LARGE:
        out.append(f"The mask has {ratio:.1f} times the volume of the mass; 2 to 3 times is usual. Check mass, copies and mask.")
    if params.write_halves and v["verdict"] != IMPROVED:
        out.append("No modified half-maps were written: the map was not improved.")
    return out
