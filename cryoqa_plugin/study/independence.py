"""Are two half-maps two independent measurements of one molecule, and what is left of their FSC when they are not?

Causes in their order: copies, half-maps that do not lie on each other, no signal; then noise that was taken away around the molecule, a
low-pass, and noise that both share. The first three leave no resolution; of the others the FSC can be corrected.
"""
from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence

from .halves import DEPENDENT, HalfMaps
from .noise import HalfMapNoise

_FAR = 0.5                                       # voxels between the half-maps from which their FSC says nothing


class Independence(NamedTuple):
    """What stands between the FSC of two half-maps and a resolution.

    ``void``: why there is none at all, in a few words; None as a rule. ``cut``: noise was taken away around the molecule, by a mask or by
    a filter of the solvent, so that an unmasked FSC is none. ``volume_factor``: noise power of the whole box over that where the signal
    is, None where the box is whole; see :func:`volume_corrected`. ``end``: frequency (1/Å) of the edge of a low-pass. ``shared``: both
    half-maps share noise; ``share``: which part of it, with its standard ``share_error``, None where that cannot be told. ``order``
    coefficients hold one measurement, under an imposed symmetry.
    """

    void: Optional[str]
    cut: bool
    volume_factor: Optional[float]
    end: Optional[float]
    shared: bool
    share: Optional[float]
    share_error: Optional[float]
    order: int = 1

    @property
    def holds(self) -> bool:
        """A resolution can be given."""
        return self.void is None and not self.shared


def judge_independence(half_maps: HalfMaps, noise: Optional[HalfMapNoise]) -> Independence:
    """What stands between the FSC of two half-maps and a resolution.

    Parameters
    ----------
    half_maps
        What is known about them.
    noise
        What their noise tells; None where it tells nothing.

    Returns
    -------
    Independence
        The most upstream cause only where it voids the rest.
    """
    reason = void_reason(half_maps)
    if reason is not None or noise is None:
        return Independence(reason, half_maps.masked, None, None, False, None, None, half_maps.imposed_order)
    cut = half_maps.masked or noise.damping.found or noise.radial.soft_sphere
    factor = noise.volume_factor if cut or half_maps.sphere or noise.radial.largest_sphere else None
    shared = noise.shared if noise.shared is not None and noise.shared.found else None
    return Independence(None, cut, factor, noise.low_pass.frequency if noise.low_pass else None, shared is not None,
                        shared.share if shared else None, shared.widened_error if shared else None, half_maps.imposed_order)


def limited(independence: Independence, values: Mapping[str, Any], names: Sequence[str], takes_shared: bool = False) -> Dict[str, Any]:
    """Resolutions as far as two half-maps are independent.

    Parameters
    ----------
    independence
        What stands between the half-maps and a resolution.
    values
        What was measured, by name.
    names
        Those of the resolutions (Å); those without a value are passed over.
    takes_shared
        The method takes for signal what the half-maps share as noise.

    Returns
    -------
    dict
        What changes: None where there is no resolution, and none finer than the edge of a low-pass.
    """
    known = [n for n in names if values.get(n) is not None]
    if independence.void is not None or takes_shared and independence.shared:
        return dict.fromkeys(known)
    return {} if independence.end is None else {n: max(values[n], 1 / independence.end) for n in known}


def void_reason(half_maps: HalfMaps) -> Optional[str]:
    """Why two half-maps have no resolution, the end of a sentence; None where they may have one.

    Parameters
    ----------
    half_maps
        What is known about them.

    Returns
    -------
    str or None
        Copies; no signal; denoised together; not the same way round; more than half a voxel apart.
    """
    if half_maps.copies:
        return "the half-maps are copies of each other" + ("" if half_maps.identical else ", one with its contrast inverted")
    if half_maps.no_signal:
        return "the half-maps share no signal"
    if half_maps.denoised == DEPENDENT:
        return "the half-maps were denoised, density-modified or combined together, so that they are not independent"
    placed = half_maps.position
    if placed.operation not in (None, "none"):
        return f"half-map 2 differs from half-map 1 by a rotation, mirror or sign: {placed.operation}"
    if placed.shift is not None and placed.shift > _FAR:
        return f"half-map 2 is shifted by {placed.shift_vector} voxels (x, y, z) against half-map 1"
    return None
