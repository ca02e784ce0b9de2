"""The map with the least error at even amplitudes, and with a model the weighted difference map: servalcat's weights."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np
from scipy.spatial import cKDTree

from ...core import filters, fourier, shells
from ...core.peaks import find_peaks
from ...io.maps import Map
from ...io.models import Model
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study.fsc_criteria import estimate
from ...study.fsc_curves import FscCurves
from ...study.resolution import THRESHOLD
from ..resolution import mtriage_model
from . import spectrum
from .common import SharpenedResult, SharpeningInputs, finish, sharpening_inputs
from .fsc_weighting import finest, half_map_curves, transform_of

_FEW = 30                                        # coefficients of a bin, at least
_FINE = 16                                       # points per shell of the gain applied
_LEFT = 5.9                                      # B-factor of atoms over the squared resolution, as in shell_sharpen
_ROWS = 200                                      # of the table of peaks
_AROUND = 3.0                                    # Å around the surface of the atoms, where peaks are looked for without a mask


@dataclass(frozen=True)
class OptimalMapParams:
    """Parameters of :func:`compute_optimal_map`."""

    rules: str = param("cryoqa", "How signal and noise are separated. cryoqa: in the mask, by the FSC corrected for it, up to where it is "
                       "surely above 0. servalcat: half-maps are multiplied by the mask first, up to where their FSC is 0.", label="Rules",
                       choices=("cryoqa", "servalcat"))
    amplitudes: str = param("auto", "Amplitudes that the signal gets. density: those of the molecule with the B-factor usual at the "
                            "resolution, its own spectrum with that fall-off in place of the map's. protein: the same at B = 0, sharper. "
                            "even: alike in all shells. auto: density by the rules of cryoqa, even by those of servalcat.",
                            label="Amplitudes", choices=("auto", "density", "protein", "even"))
    local_bfactor: float = param(0.0, "Make the map for a part whose B-factor differs from the average by this much: a positive one for a "
                                 "blurred part, which is sharpened more and weighted down earlier.", label="Local B-factor", unit="Å²",
                                 min=-1000, max=1000)
    bfactor: float = param(0.0, "B-factor applied on top; a positive one makes the amplitudes fall off.",
                           label="B-factor on top", unit="Å²", min=-1000, max=1000)
    half1_only: bool = param(False, "Make the map of half-map 1 alone, with the weights that it needs, to keep half-map 2 for a test.",
                             label="Half-map 1 only", expert=True)
    peak_height: float = param(4.0, "Lowest height of the peaks of the difference map in the table, in its standard deviations inside the "
                               "mask.", label="Height of peaks", min=2, max=50, expert=True)
    model_b_zero: bool = param(False, "Compare with the model's atoms at B = 0 instead of their own B-factors.", label="Model at B = 0",
                               expert=True)


@dataclass(frozen=True)
class OptimalMapResult(SharpenedResult):
    """Result of :func:`compute_optimal_map`."""

    schema: ClassVar[str] = "cryoqa/optimal_map/1"
    shells_used: Optional[int] = metric("", "shells that have a weight", "higher")
    bfactor_signal: Optional[float] = metric("Å²", "B-factor of the signal against protein at B = 0, which was taken out", "none")
    bfactor_left: Optional[float] = metric("Å²", "fall-off that the signal was given; positive, like that of atoms", "none")
    ends_at: Optional[float] = metric("Å", "resolution of the last shell that has a weight", "lower")
    fsc_average: Optional[float] = metric("", "mean of the FSC of the full map with the truth over all coefficients used", "higher")
    fsc_average_model: Optional[float] = metric("", "mean FSC of map and model over the same coefficients", "higher")
    peaks_positive: Optional[int] = metric("", "peaks of the difference map: density without atoms", "lower")
    peaks_negative: Optional[int] = metric("", "holes of the difference map: atoms without density", "lower")
    highest_peak: Optional[float] = metric("sd", "highest peak of the difference map", "lower")
    deepest_hole: Optional[float] = metric("sd", "deepest hole of the difference map, as a positive number", "lower")
    model_zscore: Optional[float] = metric("SD", "mean density at the atoms above that of the map, in its standard deviations", "higher")
    atoms_outside: Optional[float] = metric("", "part of the atoms outside of the box", "lower")
    fsc_full: Optional[Curve] = curve("FSC of the full map with the truth, 2 FSC / (1 + FSC)", x_label="Frequency", x_unit="1/Å",
                                      y_label="FSC")
    fsc_model: Optional[Curve] = curve("FSC of map and model", x_label="Frequency", x_unit="1/Å", y_label="FSC")
    weight: Optional[Curve] = curve("weight of the map against the model", x_label="Frequency", x_unit="1/Å", y_label="weight")
    peaks: Optional[Table] = table("peaks and holes of the difference map, highest first, with the atom next to each")
    difference: Optional[Map] = map_output("sd", "weighted difference map, map less model (Fo - D Fc)", output="outputDifference")
    updated: Optional[Map] = map_output("", "map with what the model adds (2 w Fo + (1 - 2 w) D Fc)", output="outputUpdated")


@dataclass(frozen=True)
class SignalAndNoise:
    """What of each shell is signal.

    Over the shells, float64 [n_shells]: ``full`` is the FSC of the map to make with the truth, 0 where there is no weight; ``power``
    the mean of abs(F)^2 and ``noise`` that of its noise, both in the mask when there is one; ``count`` their coefficients. ``bins`` int
    [n_shells] joins shells of few coefficients. ``mask`` is float32 [z, y, x] or None.
    """

    inputs: SharpeningInputs
    params: OptimalMapParams
    bins: np.ndarray
    count: np.ndarray
    full: np.ndarray
    power: np.ndarray
    noise: np.ndarray
    mask: Optional[np.ndarray]

    @property
    def freq(self) -> np.ndarray:
        """Frequency of the shells in 1/Å, float64 [n_shells]."""
        return self.inputs.study.frequencies


def compute_optimal_map(study: Study, params: OptimalMapParams, *, progress: Progress = silent) -> OptimalMapResult:
    """The map of least error at the amplitudes wanted, and with a model the maps that show what it lacks.

    Parameters
    ----------
    study
        ``half1`` and ``half2``; ``full_map`` when it is not their mean; ``mask`` and ``model`` when there are any.
    params
        See :class:`OptimalMapParams`.
    progress
        Told how far it is.

    Returns
    -------
    OptimalMapResult
        The maps, scaled to a standard deviation of 1, and the peaks of the difference map.

    Raises
    ------
    MissingInputError
        A half-map was not given.
    InputError
        The inputs do not fit together.

    Notes
    -----
    The gain of each shell is ``sqrt(FSC_full) / sd(F)``: that of the estimate of least error, ``FSC_full F``, over the standard deviation
    of the signal.

    References
    ----------
    Yamashita et al. (2021), https://doi.org/10.1107/S2059798321009475.
    """
    progress(0.05, "signal and noise")
    signal, values = _signal_and_noise(study, params)
    progress(0.55, "optimal map")
    sharpened = _sharpen(signal, values)
    values.update(finish(signal.inputs, sharpened))
    if study.model is not None:
        progress(0.7, "difference map")
        values.update(_compare_with_model(signal, study.model))
    progress(1.0, "done")
    return OptimalMapResult(summary=_summary(params, values), warnings=tuple(signal.inputs.warnings), **values)


def _signal_and_noise(study: Study, params: OptimalMapParams) -> Tuple[SignalAndNoise, Dict[str, Any]]:
    """Checked inputs, and what of each shell is signal; and the fields of the result that are known by then."""
    inputs = sharpening_inputs(study, finest(study), need_halves=True)
    curves, freq, halves = half_map_curves(inputs), study.frequencies, ("half1", "half2")
    mask = None if study.mask is None else study.mask.data
    if mask is None:
        sums = study.half_sums()
    else:
        sums = shells.cross_sums(*(fourier.forward(getattr(study, h).data * mask) for h in halves), inputs.geo)
    bins = join(sums.count)
    count, cross, one, two = (np.bincount(bins, v)[bins] for v in (sums.count, sums.cross, sums.power1, sums.power2))
    half, end = _half_map_curve(params, curves, (cross, one, two))
    alone = params.half1_only
    full = half if alone else 2 * half / (1 + half)
    # Power of the difference: twice the noise of a half-map, four times that of the mean.
    noise = (one + two - 2 * cross) / count / (2 if alone else 4)
    power = (one if alone else (one + two + 2 * cross) / 4) / count
    resolution = estimate(freq, curves.judged()[curves.headline], THRESHOLD).resolution or inputs.resolution
    inputs = inputs._replace(resolution=resolution, values=dict(inputs.values, resolution=resolution))
    if alone:
        inputs = inputs._replace(mean=study.half1, maps=dict(inputs.maps, sharpened=study.half1))
    values = dict(resolution=resolution, shells_used=int(np.count_nonzero(full[1:])), ends_at=float(1 / freq[max(end - 1, 1)]),
                  fsc_full=Curve(freq, full), fsc_average=float(sums.count[:end] @ full[:end] / sums.count[:end].sum()))
    return SignalAndNoise(inputs, params, bins, sums.count, full, power, noise, mask), values


def _half_map_curve(params: OptimalMapParams, curves: FscCurves, sums: Tuple[np.ndarray, ...]) -> Tuple[np.ndarray, int]:
    """FSC of the half-maps, float64 [n_shells] from 0 to 1, and the first shell without a weight, from where on it is 0."""
    if params.rules == "servalcat":
        cross, one, two = sums
        curve_ = np.where(one * two > 0, cross / np.sqrt(np.maximum(one * two, 1e-300)), 0)
        alive = curve_ > 0
    else:
        chosen = curves.corrected or curves.masked or curves.unmasked
        curve_, alive = chosen.fsc, chosen.lower > 0
    # Shell 0 is the mean of the map, whose sign says nothing about the signal.
    alive[0] = True
    end = alive.size if alive.all() else int(np.argmin(alive))
    return np.where(np.arange(curve_.size) < end, np.clip(curve_, 0, 1), 0), end


def join(count: np.ndarray) -> np.ndarray:
    """Bins of enough coefficients: shells are joined from the centre outwards until a bin has 30.

    Parameters
    ----------
    count
        Coefficients of the shells, float64 [n].

    Returns
    -------
    ndarray
        Bin of each shell, int64 [n].
    """
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


def _gain(signal: SignalAndNoise, values: Dict[str, Any]) -> np.ndarray:
    """Gain of each shell, float64 [n_shells]: ``FSC_l / (sd sqrt(FSC) k)``, with ``k = exp(-B s^2 / 4)`` for the local B-factor.

    Times the amplitudes that the signal shall have, when these are not even.
    """
    k = np.exp(-signal.params.local_bfactor * signal.freq ** 2 / 4)
    full = signal.full
    local = k ** 2 * full / (1 + (k ** 2 - 1) * full)
    # Power times the FSC of the map with the truth is the power of its signal.
    scale = np.sqrt(np.maximum(signal.power * full, 0)) * k
    out = np.divide(local, scale, out=np.zeros_like(full), where=scale > 0)
    return out * np.exp(-signal.params.bfactor * signal.freq ** 2 / 4) * _amplitudes(signal, values)


def _amplitudes(signal: SignalAndNoise, values: Dict[str, Any]) -> np.ndarray:
    """Amplitudes that the signal shall have, float64 [n_shells]: its own without its fall-off where it is known, else protein's.

    For the density they fall off by 5.9 d^2 (Å^2, d the resolution), about what atoms have. The B-factors go to ``values``.
    """
    asked, resolution = signal.params.amplitudes, signal.inputs.resolution
    if asked == "auto":
        asked = "even" if signal.params.rules == "servalcat" else "density"
    if asked == "even":
        return np.ones_like(signal.full)
    power = signal.power * signal.full
    fall_off = spectrum.fit_fall_off(signal.freq, power, signal.count * signal.full, resolution)
    if fall_off is not None:
        values["bfactor_signal"] = -fall_off.bfactor
    left = values["bfactor_left"] = _LEFT * resolution ** 2 if asked == "density" else 0.0
    return np.sqrt(spectrum.ideal_power(signal.freq, power, signal.full, fall_off, left))


def _sharpen(signal: SignalAndNoise, values: Dict[str, Any]) -> Dict[str, np.ndarray]:
    """The maps with the gain applied, by the name of their output."""
    profile, inputs = _gain(signal, values), signal.inputs
    masked = signal.params.rules == "servalcat" and signal.mask is not None
    out = {}
    for name, map_ in inputs.maps.items():
        out[name] = _filtered(fourier.forward(map_.data * signal.mask) if masked else transform_of(inputs, name), signal, profile)
    # One scale for all maps: the half-maps stay comparable with the map.
    sd = float(out["sharpened"].std(dtype=np.float64))
    if sd > 0:
        for data in out.values():
            data /= np.float32(sd)
    return out


def _filtered(ft: np.ndarray, signal: SignalAndNoise, profile: np.ndarray) -> np.ndarray:
    """Map, float32 [z, y, x], of a transform times a gain by shell, 0 past the last one.

    The gain is linear between shells; by the rules of servalcat all coefficients of a shell have the same.
    """
    geo = signal.inputs.geo
    at = np.arange((geo.n_shells - 1) * _FINE + _FINE // 2) / _FINE
    stepped = signal.params.rules == "servalcat"
    fine = profile[np.floor(at + 0.5).astype(int)] if stepped else np.interp(at, np.arange(geo.n_shells), profile)
    return fourier.inverse(filters.apply_radial(ft, geo, fine, at=at), geo.shape)


def _compare_with_model(signal: SignalAndNoise, model: Model) -> Dict[str, Any]:
    """Difference map in its standard deviations, updated map, peaks and curves, by result field.

    ``D = sum Re(F Fc*) / sum abs(Fc)^2``; ``S = mean abs(F - D Fc)^2 - noise`` is what the model lacks, ``w = S / (S + noise)``;
    difference ``(F - D Fc) w / sqrt(S)``, update ``2 w F + (1 - 2 w) D Fc``. Yamashita et al. (2021),
    https://doi.org/10.1107/S2059798321009475.
    """
    inputs, mask, bins = signal.inputs, signal.mask, signal.bins
    mean = inputs.mean
    placed = mtriage_model.place(model, mean, "electron", inputs.warnings)
    fc = placed.ft_b0 if signal.params.model_b_zero else placed.ft
    fo = inputs.mean_transform() if mask is None else fourier.forward(mean.data * mask)
    sums = shells.cross_sums(fo, fc, inputs.geo)
    cross, one, two, count = (np.bincount(bins, v)[bins] for v in (sums.cross, sums.power1, sums.power2, sums.count))
    d = np.divide(cross, two, out=np.zeros_like(cross), where=two > 0)
    lacks = np.maximum((one - 2 * d * cross + d ** 2 * two) / count - signal.noise, 0)
    used = signal.full > 0
    lacks[~used] = 0
    w = np.divide(lacks, lacks + signal.noise, out=np.zeros_like(lacks), where=lacks + signal.noise > 0)
    g = np.divide(w, np.sqrt(lacks), out=np.zeros_like(w), where=lacks > 0)
    difference = _filtered(fo, signal, g) - _filtered(fc, signal, g * d)
    updated = _filtered(fo, signal, np.where(used, 2 * w, 0))
    updated += _filtered(fc, signal, np.where(used, (1 - 2 * w) * d, 0))
    del fo, fc
    inside = mask >= 0.5 if mask is not None else mtriage_model.around(placed, mean, _AROUND) > 0
    sd = float(difference[inside].std(dtype=np.float64)) if inside.any() else 0.0
    if sd > 0:
        difference /= np.float32(sd)
    fsc, end = shells.fsc(sums), int(np.flatnonzero(used).max(initial=0)) + 1
    values = dict(model_zscore=placed.values["model_zscore"], atoms_outside=placed.values["atoms_outside"],
                  fsc_model=Curve(signal.freq, fsc), fsc_average_model=float(sums.count[:end] @ fsc[:end] / sums.count[:end].sum()),
                  weight=Curve(signal.freq, w), updated=mean.with_data(updated), difference=mean.with_data(difference))
    values.update(_peaks(signal, model, difference, inside))
    return values


def _peaks(signal: SignalAndNoise, model: Model, difference: np.ndarray, inside: np.ndarray) -> Dict[str, Any]:
    """The table of peaks, and how many and how high."""
    mean, rows = signal.inputs.mean, []
    tree, names = cKDTree(model.xyz), atom_names(model)
    out: Dict[str, Any] = {}
    for sign, count, top in ((1, "peaks_positive", "highest_peak"), (-1, "peaks_negative", "deepest_hole")):
        place, height = find_peaks(difference * np.float32(sign), signal.params.peak_height, inside)
        out[count] = len(height)
        out[top] = float(height[0]) if len(height) else float((sign * difference[inside]).max(initial=0.0))
        xyz = np.asarray(mean.origin) + place[:, ::-1] * np.asarray(mean.voxel_size)
        apart, nearest = tree.query(xyz) if len(xyz) else ((), ())
        rows += [(sign * float(h), float(p[0]), float(p[1]), float(p[2]), names[int(i)], float(r))
                 for h, p, i, r in zip(height, xyz, nearest, apart)]
    rows.sort(key=lambda row: -abs(row[0]))
    out["peaks"] = Table(("height (sd)", "x (Å)", "y (Å)", "z (Å)", "nearest atom", "distance (Å)"), tuple(rows[:_ROWS]))
    if len(rows) > _ROWS:
        signal.inputs.warnings.append(f"The difference map has {len(rows)} peaks and holes; the table holds the {_ROWS} highest.")
    return out


def atom_names(model: Model) -> List[str]:
    """Names of atoms for a table.

    Parameters
    ----------
    model
        The model.

    Returns
    -------
    list of str
        ``chain/residue number and name/atom`` of every atom, in the order of the file.
    """
    return [f"{chain.name}/{residue.seqid} {residue.name}/{atom.name}" for chain in model.structure[0] for residue in chain
            for atom in residue]


def _summary(params: OptimalMapParams, values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("half_maps_identical"):
        return "The two half-maps are copies of each other, so that signal and noise cannot be separated."
    if not values["shells_used"]:
        return "The half-maps agree in no shell, so that there is no map to make."
    what = "half-map 1" if params.half1_only else "the map"
    left = values.get("bfactor_left")
    words = f"The amplitudes of {what} were " + (
        "evened" if left is None else "made those of point atoms" if not left else f"made those of atoms with a B-factor of {left:.0f} Å²")
    words += f" up to {values['ends_at']:.2f} Å, each shell weighted by its signal"
    if values.get("peaks_positive") is not None:
        words += (f"; the difference from the model has {values['peaks_positive']} peaks and {values['peaks_negative']} holes of "
                  f"{params.peak_height:g} standard deviations or more")
    return words + "."
