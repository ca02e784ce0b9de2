"""What a directional FSC says in words: which views are missing, else where the signal falls off, else that all directions are alike."""
from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import numpy as np

from ...study import Study
from ...study.directional_noise import STRONG, DirectionalNoise
from ...study.independence import void_reason
from ...study.notes import place_is_known
from .directional_axes import Along, along, direction, is_damped
from .directional_curves import DirectionalCurves, DirectionalFscParams
from .directional_tensor import Tensor
from .directional_values import FALL_OFF


def no_direction(study: Study) -> str:
    """Why two half-maps have no resolution, and so none by direction; empty where they may have one.

    Parameters
    ----------
    study
        The half-maps.

    Returns
    -------
    str
        Of copies, of half-maps that do not lie on each other, and of half-maps that share nothing.
    """
    known = study.half_maps
    reason = void_reason(known)
    if reason is None and not place_is_known(known):
        reason = "the half-maps are not aligned"
    return f"There is no resolution in any direction: {reason}." if reason else ""


def notes(found: DirectionalCurves, displacement: Optional[Tensor]) -> Tuple[str, ...]:
    """What could not be found.

    Parameters
    ----------
    found, displacement
        The FSC in cones, and the tensor of the fall-off.

    Returns
    -------
    tuple of str
        A sentence each.
    """
    out = []
    if displacement is None and found.edge is None:
        out.append("The half-maps agree over too few coefficients, so that no displacement tensor could be fitted.")
    if found.noise is None or not found.noise.known:
        out.append("The half-maps hold too few coefficients to judge whether the particles were seen evenly from all sides.")
    return tuple(out)


def summary(study: Study, params: DirectionalFscParams, found: DirectionalCurves, displacement: Optional[Tensor],
            values: Dict[str, Any]) -> str:
    """One sentence for the user; what missing views explain is not said again.

    Parameters
    ----------
    study
        The half-maps; of those that share noise no resolution is given.
    params, found, displacement
        The threshold; the FSC in cones with the noise by direction; the tensor of the fall-off.
    values
        Fields of the result.

    Returns
    -------
    str
        Ends with a full stop.
    """
    noise = found.noise
    if study.independence.shared:
        return "No resolution by direction is given: the half-maps share noise." + _views(noise)
    if noise is not None and noise.empty:
        return _missing(params, noise, values)
    if noise is not None and noise.uneven:
        return _uneven(noise, *(along(params, found, displacement, noise.axis, across) for across in (False, True)))
    if values.get("resolution_median") is None:
        return f"The half-maps agree at FSC = {params.threshold:g} in too few directions to say how the resolution depends on direction."
    if displacement is not None and values.get("fall_off_ratio", 1.0) > FALL_OFF:
        return _falling(displacement, *(along(params, found, displacement, v).resolution for v in displacement.axes.vectors[[2, 0]]))
    # Curves that never fall all get the last shell: their resolutions agree for want of data, not by isotropy.
    if found.edge is not None and np.mean(found.at[found.known] >= found.freq[found.freq <= found.edge].max()) > 0.5:
        return (f"The half-maps agree up to the edge of their low-pass, {1 / found.edge:.2f} Å, in most directions, so that the filter and "
                f"not the data sets the limit there.{_even(noise)}")
    if values.get("reach_nyquist", 0.0) > 0.5:
        return (f"In {100 * values['reach_nyquist']:.0f} % of the directions the FSC stays above {params.threshold:g} up to the last "
                f"shell: the sampling, not the data, sets the limit there.{_even(noise)}")
    return (f"The resolution is about the same in all directions, {values['resolution_median']:.2f} Å at FSC = {params.threshold:g}."
            f"{_even(noise)}")


def _views(noise: Optional[DirectionalNoise]) -> str:
    """What the noise alone tells of the views."""
    if noise is None or not noise.uneven:
        return _even(noise)
    of = "the coefficients around it are empty" if noise.empty else f"noise differs by a factor of {noise.ratio:.1f}"
    return f" Preferred orientation: views are uneven about {direction(noise.axis)} (± {noise.axis_error:.1f}°), {of}."


def _even(noise: Optional[DirectionalNoise]) -> str:
    if noise is None or not noise.known:
        return ""
    return f" Noise differs by at most {100 * (noise.ratio - 1):.0f} % between directions: no sign of preferred orientation."


def _missing(params: DirectionalFscParams, noise: DirectionalNoise, values: Dict[str, Any]) -> str:
    axis, rest = direction(noise.axis), values.get("resolution_median")
    there = f"; elsewhere it is {rest:.2f} Å at FSC = {params.threshold:g}" if rest else ""
    return (f"Preferred orientation: side views, with the beam across {axis} (± {noise.axis_error:.1f}°), are missing, or what lies around "
            f"{axis} was suppressed. {100 * noise.empty_fraction:.0f} % of Fourier space are empty, and no resolution is given "
            f"there{there}.")


def _uneven(noise: DirectionalNoise, on_axis: Along, belt: Along) -> str:
    axis = direction(noise.axis)
    named = f"{axis} (± {noise.axis_error:.1f}°)"
    ends = f" The resolution is {_angstrom(on_axis.resolution)} along {axis} and {_angstrom(belt.resolution)} across it."
    noisy, signal = (on_axis.noise or 1.0) / (belt.noise or 1.0), (on_axis.signal or 1.0) / (belt.signal or 1.0)
    if noise.strength < 0 and is_damped(signal, noisy):
        return (f"Fourier space was suppressed around {named}: noise and signal have {noisy:.2g} and {signal:.2g} times the power there "
                f"that they have across it.{ends}")
    degree = "Preferred orientation" if noise.ratio > STRONG else "Views are spread unevenly"
    few = "are few" if noise.strength > 0 else "are most of all"
    return f"{degree}: side views, with the beam across {named}, {few}. Noise along {axis} is {noisy:.2g} times that across it.{ends}"


def _falling(displacement: Tensor, slow: Optional[float], fast: Optional[float]) -> str:
    axis = direction(displacement.axes.vectors[2])
    return (f"The resolution depends on direction: {_angstrom(slow)} along {axis} against {_angstrom(fast)} in the best direction. The "
            f"signal falls off faster along {axis} (U {displacement.axes.values[2]:+.2f} Å² against the mean) while the noise is even, so "
            "that motion or flexibility of the molecule may be behind it, and not the views.")


def _angstrom(value: Optional[float]) -> str:
    return "none" if value is None else f"{value:.2f} Å"
