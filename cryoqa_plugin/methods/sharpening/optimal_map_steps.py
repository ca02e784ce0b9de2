"""Signal and noise of half-maps by shell, and the optimal map."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from ...core import filters, fourier, shells
from ...io.inputs import Inputs
from ...results import Curve
from ..resolution import fsc_steps
from ..resolution.fsc import FscParams
from . import common, spectrum

if TYPE_CHECKING:
    from .optimal_map import OptimalMapParams

Say = Callable[[float, str], None]
_FEW = 30                                        # coefficients of a bin, at least
_FINE = 16                                       # points per shell of the gain applied
_LEFT = 5.9                                      # B-factor of atoms over the squared resolution, as in shell_sharpen


@dataclass
class Work:
    """What the steps hand to each other.

    Over the shells, float64 [n_shells]: ``full`` is the FSC of the map to make with the truth, 0 where there is no weight; ``power``
    the mean of abs(F)^2 and ``noise`` that of its noise, both in the mask when there is one. ``bins`` int [n_shells] joins shells of few
    coefficients. ``mask`` is float32 [z, y, x] or None.
    """

    inputs: Inputs
    params: "OptimalMapParams"
    base: common.Work
    freq: np.ndarray
    bins: np.ndarray
    count: np.ndarray
    full: np.ndarray
    power: np.ndarray
    noise: np.ndarray
    mask: Optional[np.ndarray]
    values: Dict[str, Any]
    warnings: List[str]


def prepare(inputs: Inputs, params: "OptimalMapParams", say: Say) -> Work:
    """Checked inputs, and what of each shell is signal."""
    nyquist = None
    if inputs.half1 is not None:
        geo = fourier.geometry(inputs.half1.shape, inputs.half1.voxel_size)
        nyquist = geo.length / max(geo.n_shells - 1, 1)
    base = common.prepare(inputs, nyquist, need_halves=True)
    fsc = fsc_steps.prepare(inputs, FscParams())
    fsc.warnings.extend(w for w in base.warnings if w not in fsc.warnings)
    found = fsc_steps.compare(fsc, lambda f, m: say(0.1 + 0.7 * f, m))
    mask = None if inputs.mask is None else inputs.mask.data
    say(0.9, "signal and noise")
    a, b = (fourier.forward(m.data if mask is None else m.data * mask) for m in (inputs.half1, inputs.half2))
    sums = shells.cross_sums(a, b, base.geo)
    del a, b
    bins = join(sums.count)
    count, cross, one, two = (np.bincount(bins, v)[bins] for v in (sums.count, sums.cross, sums.power1, sums.power2))
    half, end = _half_map_curve(params, found, (cross, one, two), mask is not None)
    alone = params.half1_only
    full = half if alone else 2 * half / (1 + half)
    noise = (one + two - 2 * cross) / count / (2 if alone else 4)
    power = (one if alone else (one + two + 2 * cross) / 4) / count
    resolution = found.head.resolution or nyquist
    values = dict(resolution=resolution, shells_used=int(np.count_nonzero(full[1:])), ends_at=float(1 / fsc.freq[max(end - 1, 1)]),
                  fsc_full=Curve(fsc.freq, full), fsc_average=float(sums.count[:end] @ full[:end] / sums.count[:end].sum()))
    base = base._replace(resolution=resolution, values=dict(base.values, resolution=resolution))
    if alone:
        base = base._replace(mean=inputs.half1, maps=dict(base.maps, sharpened=inputs.half1))
    return Work(inputs, params, base, fsc.freq, bins, sums.count, full, power, noise, mask, values, fsc.warnings)


def _half_map_curve(params: "OptimalMapParams", found: fsc_steps.Found, sums: Tuple[np.ndarray, ...],
                    masked: bool) -> Tuple[np.ndarray, int]:
    """FSC of the half-maps, float64 [n_shells] from 0 to 1, and the first shell without a weight, from where on it is 0."""
    if params.rules == "servalcat":
        cross, one, two = sums
        curve = np.where(one * two > 0, cross / np.sqrt(np.maximum(one * two, 1e-300)), 0)
        alive = curve > 0
    else:
        chosen = found.curves["masked" if masked and found.name == "unmasked" else found.name]
        curve, alive = chosen.fsc, chosen.lower > 0
    alive[0] = True
    end = alive.size if alive.all() else int(np.argmin(alive))
    return np.where(np.arange(curve.size) < end, np.clip(curve, 0, 1), 0), end


def join(count: np.ndarray) -> np.ndarray:
    """Bin of each shell, int [n]: shells are joined from the centre outwards until a bin has enough coefficients."""
    out = np.zeros(count.size, dtype=int)
    number, held = 0, 0.0
    for i, n in enumerate(count):
        if held >= _FEW:
            number, held = number + 1, 0.0
        out[i] = number
        held += n
    if held < _FEW and number:
        out[out == number] = number - 1
    return out


def gain(work: Work) -> np.ndarray:
    """Gain of each shell, float64 [n_shells]: ``FSC_l / (sd sqrt(FSC) k)``, with ``k = exp(-B s^2 / 4)`` for the local B-factor.

    Times the amplitudes that the signal shall have, when these are not even.
    """
    k = np.exp(-work.params.local_bfactor * work.freq ** 2 / 4)
    full = work.full
    local = k ** 2 * full / (1 + (k ** 2 - 1) * full)
    scale = np.sqrt(np.maximum(work.power * full, 0)) * k
    out = np.divide(local, scale, out=np.zeros_like(full), where=scale > 0)
    return out * np.exp(-work.params.bfactor * work.freq ** 2 / 4) * _amplitudes(work)


def _amplitudes(work: Work) -> np.ndarray:
    """Amplitudes that the signal shall have, float64 [n_shells]: its own without its fall-off where it is known, else protein's.

    For the density they fall off by 5.9 d^2 (Å^2, d the resolution), about what atoms have.
    """
    asked = work.params.amplitudes
    if asked == "auto":
        asked = "even" if work.params.rules == "servalcat" else "density"
    if asked == "even":
        return np.ones_like(work.full)
    signal = work.power * work.full
    fall_off = spectrum.fit_fall_off(work.freq, signal, work.count * work.full, work.values["resolution"])
    if fall_off is not None:
        work.values["bfactor_signal"] = -fall_off.bfactor
    left = _LEFT * work.values["resolution"] ** 2 if asked == "density" else 0.0
    work.values["bfactor_left"] = left
    return np.sqrt(spectrum.ideal_power(work.freq, signal, work.full, fall_off, left))


def sharpen(work: Work) -> Dict[str, np.ndarray]:
    """The maps with the gain applied, by the name of their output."""
    profile = gain(work)
    out = {}
    for name, map_ in work.base.maps.items():
        data = map_.data
        if work.params.rules == "servalcat" and work.mask is not None:
            data = data * work.mask
        out[name] = radial(fourier.forward(data), work, profile)
    sd = float(out["sharpened"].std(dtype=np.float64))
    if sd > 0:
        for data in out.values():
            data /= np.float32(sd)
    return out


def radial(ft: np.ndarray, work: Work, profile: np.ndarray) -> np.ndarray:
    """Map, float32 [z, y, x], of a transform (overwritten) times a gain by shell, 0 past the last one.

    The gain is linear between shells; by the rules of servalcat all coefficients of a shell have the same.
    """
    geo = work.base.geo
    at = np.arange((geo.n_shells - 1) * _FINE + _FINE // 2) / _FINE
    fine = profile[np.floor(at + 0.5).astype(int)] if work.params.rules == "servalcat" else np.interp(at, np.arange(geo.n_shells), profile)
    return fourier.inverse(filters.apply_radial(ft, geo, fine, at=at, out=ft), geo.shape)


def summary(work: Work, values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("half_maps_identical"):
        return "The two half-maps are copies of each other, so that signal and noise cannot be told apart."
    if not values["shells_used"]:
        return "The half-maps agree in no shell, so that there is no map to make."
    what = "half-map 1" if work.params.half1_only else "the map"
    left = values.get("bfactor_left")
    words = f"The amplitudes of {what} were " + (
        "evened" if left is None else "made those of point atoms" if not left else f"made those of atoms with a B-factor of {left:.0f} Å²")
    words += f" up to {values['ends_at']:.2f} Å, each shell weighted by its signal"
    if values.get("peaks_positive") is not None:
        words += (f"; the difference from the model has {values['peaks_positive']} peaks and {values['peaks_negative']} holes of "
                  f"{work.params.peak_height:g} standard deviations or more")
    return words + "."
