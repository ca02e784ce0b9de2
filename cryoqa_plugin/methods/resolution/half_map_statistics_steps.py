"""The steps of the ``half_map_statistics`` capability."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import crossing, fourier, guinier, pairs, shells, significance
from ...core.fourier import Geometry
from ...core.pairs import PairSums
from ...errors import InputError
from ...io.inputs import Inputs
from ...results import Curve, Table
from ..map_info.halves_position import position_notes
from . import fsc_halves as halves
from .map_or_halves import check_halves

if TYPE_CHECKING:
    from .half_map_statistics import HalfMapStatisticsParams

Say = Callable[[float, str], None]
_KEPT = 0.99 ** 2                                # of the power, for a correlation of 0.99
_RANDOM_PHASES = 103.9                           # degrees, 180 / sqrt(3)
_LOWEST_LOG = -20.0                              # smaller probabilities are drawn here
_BALL_VOXELS, _EDGE_VOXELS = 5.0, 2.0


class Tested(NamedTuple):
    """Significance of shells 1, 2, ...: correlation, independent coefficients, p-values, adjusted ones, float64 [n_shells - 1]
    each, and the FSC that counts as more than noise; ``last`` is the last shell before the first that is not, None for none,
    and ``beyond`` the number of shells after it that are again."""

    fsc: np.ndarray
    count: np.ndarray
    p: np.ndarray
    q: np.ndarray
    limit: np.ndarray
    last: Optional[int]
    beyond: int


@dataclass
class Work:
    """What the steps hand to each other; ``whole`` is without the mask, ``inside`` in it (the same without a mask)."""

    inputs: Inputs
    params: HalfMapStatisticsParams
    geo: Geometry
    freq: np.ndarray
    warnings: List[str] = field(default_factory=list)
    sums_whole: Any = None
    sums_inside: Any = None
    whole: Any = None
    inside: Any = None


def prepare(inputs: Inputs, params: HalfMapStatisticsParams) -> Work:
    """Check the inputs; raises :class:`MissingInputError` or :class:`InputError`."""
    geo = check_halves(inputs, 8, "shells need")
    if params.local_map:
        _check_radius(inputs, _radius(inputs, params))
    return Work(inputs, params, geo, fourier.frequencies(geo), position_notes(inputs.half1, inputs.half2))


def _radius(inputs: Inputs, params: HalfMapStatisticsParams) -> float:
    return params.local_radius or _BALL_VOXELS * float(np.mean(inputs.half1.voxel_size))


def _check_radius(inputs: Inputs, radius: float) -> None:
    voxel, edges = max(inputs.half1.voxel_size), [n * v for n, v in zip(inputs.half1.shape[::-1], inputs.half1.voxel_size)]
    if not 2 * voxel <= radius <= min(edges) / 2:
        raise InputError(f"The ball of the local correlation has a radius of {radius:g} Å; with the voxels and the box of "
                         f"{inputs.half1.path} it must lie between {2 * voxel:g} and {min(edges) / 2:g} Å. Give another radius.")


def compare(work: Work, say: Say) -> None:
    """Fill in the sums over the shells and their significance, without and with the mask."""
    half1, half2, geo = work.inputs.half1.data, work.inputs.half2.data, work.geo
    say(0.05, "shells of the half-maps")
    f1 = fourier.forward(half1)
    f2 = fourier.forward(half2)
    sums = pairs.pair_sums(f1, f2, geo)
    work.sums_whole = work.sums_inside = sums
    work.whole = work.inside = _test(work, sums, np.ones(geo.n_shells))
    if work.inputs.mask is None:
        return
    say(0.3, "shells in the mask")
    mask, profile = work.inputs.mask.data, pairs.whitening(sums.sums)
    f1 = _masked(f1, geo, profile, mask)
    f2 = _masked(f2, geo, profile, mask)
    work.sums_inside = pairs.pair_sums(f1, f2, geo)
    del f1, f2
    say(0.6, "independent coefficients in the mask")
    work.inside = _test(work, work.sums_inside, crossing.independent_fraction(mask, geo))


def _masked(ft: np.ndarray, geo: Geometry, profile: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Transform of the whitened map times the mask; ``ft`` is overwritten."""
    data = pairs.filtered(ft, geo, profile, beyond=float(profile[-1]))
    data *= mask
    return fourier.forward(data)


def _test(work: Work, sums: PairSums, fraction: np.ndarray) -> Tested:
    p = work.params
    fsc = shells.fsc(sums.sums)[1:]
    count = (sums.sums.count * fraction)[1:] / p.asymmetric_units
    probability = significance.noise_probability(fsc, count)
    q = significance.adjusted(probability, p.procedure)
    limit = significance.correlation_limit(significance.largest_accepted(probability, p.rate, p.procedure), count)
    last, beyond = _first_run(q <= p.rate)
    return Tested(fsc, count, probability, q, limit, last, beyond)


def _first_run(is_signal: np.ndarray) -> Tuple[Optional[int], int]:
    """Shell at the end of the first run of True, ``is_signal[0]`` being shell 1, and how many True follow; (None, 0) for none."""
    if not is_signal.any():
        return None, 0
    first = int(np.argmax(is_signal))
    length = int(np.argmin(is_signal[first:])) if not is_signal[first:].all() else is_signal.size - first
    return first + length, int(np.count_nonzero(is_signal[first + length:]))


def _resolution(work: Work, tested: Tested) -> Optional[float]:
    return None if tested.last is None else float(1 / work.freq[tested.last])


def significance_values(work: Work) -> Dict[str, Any]:
    """FSC, its p-values, and the resolution up to which shells are more than noise, by result field."""
    inside, whole, x = work.inside, work.whole, work.freq[1:]
    out: Dict[str, Any] = dict(
        resolution_fdr=_resolution(work, inside), resolution_fdr_unmasked=_resolution(work, whole), nyquist=float(1 / work.freq[-1]),
        reaches_nyquist=inside.last == work.geo.n_shells - 1, shells_beyond=inside.beyond, fsc_unmasked=Curve(x, whole.fsc),
        fdr_limit=Curve(x, inside.limit), p_value=Curve(x, _log(inside.p)), p_adjusted=Curve(x, _log(inside.q)))
    if work.inputs.mask is not None:
        out["fsc_masked"] = Curve(x, inside.fsc)
    return out


def _log(p: np.ndarray) -> np.ndarray:
    return np.log10(np.maximum(p, 10 ** _LOWEST_LOG))


def strengths(work: Work) -> Dict[str, Any]:
    """Phase residual, SSNR and information, by result field."""
    inside, x = work.inside, work.freq[1:]
    dpr = work.sums_inside.dpr[1:]
    with np.errstate(invalid="ignore"):
        ssnr = significance.ssnr(inside.fsc)
        low, high = significance.ssnr_band(ssnr, inside.count, work.params.confidence)
    bits = significance.information(inside.fsc)
    return dict(resolution_dpr_45=_crossing(x, -dpr, -45.0), resolution_dpr_random=_crossing(x, -dpr, -_RANDOM_PHASES),
                resolution_ssnr_1=_crossing(x, np.maximum(_log10(ssnr), -3), 0.0), dpr=Curve(x, dpr),
                log_ssnr=Curve(x, _log10(ssnr), _log10(low), _log10(high)), information_curve=Curve(x, bits),
                **_information(work, bits), **_guinier(work))


def _log10(ratio: np.ndarray) -> np.ndarray:
    """log10, NaN where the ratio is not positive or not finite."""
    good = np.isfinite(ratio) & (ratio > 0)
    return np.log10(np.where(good, ratio, 1.0), out=np.full(ratio.shape, np.nan), where=good)


def _crossing(x: np.ndarray, y: np.ndarray, level: float) -> Optional[float]:
    """Resolution of the first fall below ``level``; that of the last shell when there is none, None when it never is above."""
    found = crossing.find_crossings(x, y, level, 0)
    if found.state == "below":
        return None
    return float(1 / (x[-1] if found.state == "never" else found.first))


def _information(work: Work, bits: np.ndarray) -> Dict[str, Any]:
    """Information (kbit) and its density (bit/nm^3).

    A mask m leaves ``(sum m^2)^2 / sum m^4`` independent values of the voxels of the box: that part of all coefficients counts.
    """
    size, part, volume = work.inputs.half1.data.size, 1.0, float(work.inputs.half1.data.size)
    if work.inputs.mask is not None:
        squares = work.inputs.mask.data ** 2
        part = float(squares.sum(dtype=np.float64) ** 2 / np.sum(squares * squares, dtype=np.float64) / size)
        volume = float(work.inputs.mask.data.sum(dtype=np.float64))
    count = work.sums_whole.sums.count[1:] * part / work.params.asymmetric_units
    total = float(np.sum((count * bits)[:work.inside.last or 0]))
    nm3 = volume * float(np.prod(work.inputs.half1.voxel_size)) / 1000
    return dict(information=total / 1000, information_density=total * work.params.asymmetric_units / nm3)


def _guinier(work: Work) -> Dict[str, Any]:
    """B-factor of the signal: of the root of the mean cross-power of the whole half-maps, whose noise averages out."""
    sums, x = work.sums_whole.sums, work.freq[1:]
    mean = (sums.cross / np.maximum(sums.count, 1e-9))[1:]
    good = mean > 0
    ln = np.where(good, 0.5 * np.log(np.where(good, mean, 1.0)) - np.log(work.inputs.half1.data.size), np.nan)
    ln[work.whole.last or 0:] = np.nan
    out: Dict[str, Any] = dict(guinier_signal=Curve(x ** 2, ln))
    fit = guinier.fit(x, ln, work.params.fit_from)
    if fit is None:
        work.warnings.append(f"Fewer than three shells lie between {work.params.fit_from:g} Å and the last one that is more than noise, "
                             "so that no B-factor could be fitted; fit from a lower resolution.")
        return out
    line = np.where(np.isfinite(ln) & (x * work.params.fit_from >= 1 - 1e-9), fit.intercept + fit.slope * x ** 2, np.nan)
    return dict(out, bfactor=fit.bfactor, bfactor_error=fit.bfactor_error, guinier_fit=Curve(x ** 2, line))


def directions(work: Work) -> Dict[str, Any]:
    """d99 of the shared signal, over all and by direction, by result field."""
    end = (work.whole.last or 0) + 1
    shared = work.sums_whole.shared[:end]
    cuts = [_cut(work, shared[:, i]) for i in range(shared.shape[1])]
    known = [c for c in cuts if c is not None]
    rows = tuple((round(float(x), 4), round(float(y), 4), round(float(z), 4), c) for (x, y, z), c in zip(pairs.DIRECTIONS, cuts))
    return dict(d99=_cut(work, shared.sum(axis=1)), d99_x=cuts[0], d99_y=cuts[1], d99_z=cuts[2], d99_best=min(known, default=None),
                d99_worst=max(known, default=None), d99_directions=Table(("x", "y", "z", "d99 (Å)"), rows))


def _cut(work: Work, power: np.ndarray) -> Optional[float]:
    """Resolution up to which ``power``, float64 [n] from shell 0 on, holds the part ``_KEPT`` of it all; the mean left out."""
    if power.size < 2:
        return None
    total = np.concatenate(([0.0], np.cumsum(power[1:])))
    goal = _KEPT * total[-1]
    if not total[-1] > 0:
        return None
    i = int(np.argmax(total >= goal))
    outer = i - 0.5 + (goal - total[i - 1]) / (total[i] - total[i - 1])
    return float(work.geo.length / outer)


def state(work: Work) -> Dict[str, Any]:
    """What is unusual about the half-maps, by result field."""
    half1, half2, sums = work.inputs.half1.data, work.inputs.half2.data, work.sums_whole.sums
    identical = bool(work.whole.fsc.min() > 0.9999)
    ratio = float(np.sqrt(sums.power1[1:].sum() / sums.power2[1:].sum()))
    return dict(half_maps_identical=identical, zero_fraction=halves.zero_fraction(half1, half2), scale_ratio=max(ratio, 1 / ratio),
                solvent_noise_ratio=None if identical else halves.solvent_noise_ratio(half1, half2),
                mask_fraction=None if work.inputs.mask is None else float(work.inputs.mask.data.mean(dtype=np.float64)))


def local(work: Work) -> Dict[str, Any]:
    """Local correlation of the whitened half-maps up to the last shell that is more than noise, as a map."""
    if work.inside.last is None:
        work.warnings.append("No shell of the half-maps is more than noise, so that no local correlation map was made.")
        return {}
    half, mask = work.inputs.half1, work.inputs.mask
    profile = pairs.whitening(work.sums_whole.sums, work.inside.last)
    a, b = (pairs.filtered(fourier.forward(h.data), work.geo, profile) for h in (half, work.inputs.half2))
    kernel = pairs.soft_ball(half.shape, half.voxel_size, _radius(work.inputs, work.params), _EDGE_VOXELS * max(half.voxel_size))
    data = pairs.local_correlation(a, b, kernel)
    del a, b, kernel
    np.maximum(data, 0, out=data)
    data *= 2 / (1 + data)                               # of the halves -> of their mean with the signal, squared
    if mask is not None:
        data[mask.data <= 0] = 0
    inside = data if mask is None else data[mask.data >= 0.5 * float(mask.data.max())]
    return dict(local_correlation=half.with_data(data), local_correlation_median=float(np.median(inside)))


def summary(work: Work, values: Dict[str, Any]) -> str:
    """One sentence for the user."""
    if values["half_maps_identical"]:
        return "The two half-maps are copies of each other, so that their agreement says nothing."
    where, rate = " in the mask" if work.inputs.mask is not None else "", f"{100 * work.params.rate:g} %"
    if values["resolution_fdr"] is None:
        return f"No shell of the half-maps{where} is more than noise at a false discovery rate of {rate}: they share no signal."
    limit = ", the last shell" if values["reaches_nyquist"] else ""
    equal = values["resolution_ssnr_1"]
    beside = "" if equal is None else f"; signal and noise of their mean are equally strong at {equal:.2f} Å"
    return (f"The half-maps share more than noise to {values['resolution_fdr']:.2f} Å{where}{limit} (false discovery rate {rate}){beside}, "
            f"and it holds {values['information']:.3g} kbit.")
