"""The overall resolution of the inputs: of half-maps by their FSC, of a map alone by the noise of its solvent."""
from __future__ import annotations

from typing import Optional

import numpy as np

from ..core import crossing, fourier, shells
from ..errors import InputError
from ..io.maps import Map
from .halves import is_cut
from .mask import molecule

THRESHOLD = 0.143                                # of two half-maps: Rosenthal & Henderson (2003), doi:10.1016/j.jmb.2003.07.013
_SNR = 1 / 3                                     # of a full map whose half-maps correlate by 0.143
_AGREE = 4                                       # least number of shells in which half-maps must agree for a crossing to be one


def overall(curve: np.ndarray, freq: np.ndarray, end: Optional[float] = None) -> float:
    """The overall resolution of two half-maps.

    Parameters
    ----------
    curve
        Their FSC, float64 [n_shells]: in the mask and corrected for it when a mask was given, else as they are.
    freq
        Frequencies of the shells in 1/Å, float64 [n_shells].
    end
        Edge of a low-pass (1/Å), None for none.

    Returns
    -------
    float
        In Å: where the FSC first falls below 0.143, no finer than the edge; Nyquist where it never does or is nowhere above.
    """
    found = in_angstrom(crossing.find_crossings(freq, curve, THRESHOLD).first, freq)
    return found if end is None else max(found, 1 / end)


def unmasked(curve: np.ndarray, freq: np.ndarray) -> Optional[float]:
    """Where the unmasked FSC of two half-maps first falls below 0.143.

    Parameters
    ----------
    curve, freq
        As for :func:`overall`.

    Returns
    -------
    float or None
        In Å; Nyquist where the FSC never falls so far. None where the half-maps do not agree in the mean of the first eighth of the
        shells: what crosses is then noise.
    """
    found = crossing.find_crossings(freq, curve, THRESHOLD)
    if found.state == "below" or curve[1:max(_AGREE, curve.size // 8)].mean() < THRESHOLD:
        return None
    return in_angstrom(found.first, freq)


def of_map(map_: Map, mask: Optional[np.ndarray] = None) -> float:
    """Resolution of a map without half-maps, from the noise of the solvent around the molecule.

    A soft mask ``m`` of the molecule is made from the map. Where the solvent is not masked off, the power of ``(1 - m) rho`` per voxel is
    that of the noise, and that of ``m rho`` is noise and signal; the resolution is where signal over noise falls below 1/3, which is what
    two half-maps with a correlation of 0.143 come to.

    Parameters
    ----------
    map_
        The map, not masked.
    mask
        Soft mask of the molecule, float32 [z, y, x]; made from the map when None.

    Returns
    -------
    float
        In Å; Nyquist where the signal never falls so far.

    Raises
    ------
    InputError
        The solvent of the map is masked.
    """
    if is_cut(map_.data):
        raise InputError(f"The resolution cannot be measured from this map, whose solvent is masked ({map_.place}); give the resolution.")
    geo = fourier.geometry(map_.shape, map_.voxel_size)
    if mask is None:
        mask = molecule(map_)
    power = []
    for weight in (mask, 1 - mask):
        total, _, count = shells.power_sums(fourier.forward(map_.data * weight), geo)
        power.append(total / np.maximum(count, 1) / max(float((weight.astype(np.float64) ** 2).sum()), 1.0))
    ratio = power[0] / np.maximum(power[1], 1e-12 * power[0].max()) - 1
    freq = fourier.frequencies(geo)
    return in_angstrom(crossing.find_crossings(freq, ratio, _SNR, start=2).first, freq)


def in_angstrom(freq: float, shells_: np.ndarray) -> float:
    """A frequency at which a curve crosses, as a resolution.

    Parameters
    ----------
    freq
        In 1/Å; NaN where there is no crossing.
    shells_
        Frequencies of the shells in 1/Å, float64 [n_shells].

    Returns
    -------
    float
        In Å; that of the last shell where there is no crossing.
    """
    return float(1 / freq) if np.isfinite(freq) and freq > 0 else float(1 / shells_[-1])
