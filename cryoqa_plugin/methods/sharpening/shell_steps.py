"""The steps of the ``shell_sharpen`` capability."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

import numpy as np

from ...core import anisotropic, filters, fourier, masks, shells
from ...core.fourier import Geometry
from ...errors import InputError, MissingInputError
from ...io.inputs import Inputs
from ...results import Curve, Table
from ..masks.common import molecule
from ..resolution import mtriage_model
from . import common, shell_tensors, spectrum
from .shell_tensors import Tensors
from .spectrum import FallOff, Tidy

if TYPE_CHECKING:
    from .shell_sharpen import ShellSharpenParams

_TENSOR_UNTIL = 0.143                 # correlation of half-maps down to which shells tell about anisotropy
_SMOOTH = 2.0                         # shells, standard deviation of the smoothing of what an ideal from elsewhere is matched by
_AROUND = 6.0                         # Å around the contour that stands for a mask
_EDGE = 0.833, 1.1                    # of the limit: where the cut begins and ends, soft because a hard one rings
_SECOND = {"model": "model", "reference": "reference_map"}


@dataclass
class Work:
    """Checked inputs: ``base`` of all sharpening; ``spectrum`` and ``weights`` as chosen; transforms of the two half-maps, or of the map
    twice; ``ideal`` that of the model (as the target wants it) or of the reference map, complex64 [nz, ny, nx // 2 + 1]; ``placed`` the
    model."""

    inputs: Inputs
    params: "ShellSharpenParams"
    base: common.Work
    spectrum: str
    weights: str
    ft1: np.ndarray
    ft2: np.ndarray
    ideal: Optional[np.ndarray]
    placed: Optional[mtriage_model.Placed]

    @property
    def geo(self) -> Geometry:
        """Shells of the box."""
        return self.base.geo

    @property
    def d_min(self) -> float:
        """Limit (Å) at which the map is cut."""
        finest = self.geo.length / (self.geo.n_shells - 1)
        return max(self.base.resolution * self.params.d_min_ratio, finest)

    def full(self) -> np.ndarray:
        """Transform of the map to sharpen."""
        if self.inputs.full_map is not None and self.base.halves:
            return fourier.forward(self.inputs.full_map.data)
        return (self.ft1 + self.ft2) * np.float32(0.5) if self.base.halves else self.ft1


@dataclass
class Spectra:
    """Per bin, float64 [n]: radius ``at`` in shell units, outer ``edges``, ``freq`` (1/Å), coefficients ``count``, mean ``power`` of the
    map, measured correlation ``cc`` and its ``tidy`` form, part of the power that is signal in the box (``explained``) and where the
    weights look (``weight``), power of the ``signal`` and of the ``ideal`` map."""

    at: np.ndarray
    edges: np.ndarray
    freq: np.ndarray
    count: np.ndarray
    power: np.ndarray
    cc: np.ndarray
    tidy: Tidy
    explained: np.ndarray
    weight: np.ndarray
    signal: np.ndarray
    ideal: np.ndarray
    fall_off: Optional[FallOff]
    gain: Optional[float]
    values: Dict[str, Any]


@dataclass
class Plan:
    """The filter: ``amplitude`` and ``ratio`` per bin (see :func:`core.anisotropic.apply_wiener`), the tensors, whether they are used."""

    amplitude: np.ndarray
    ratio: np.ndarray
    tensors: Optional[Tensors]
    corrected: bool


def prepare(inputs: Inputs, params: "ShellSharpenParams") -> Work:
    """Check the inputs, and transform them; raises :class:`MissingInputError` or :class:`InputError`."""
    base = common.prepare(inputs, params.resolution)
    second = params.spectrum
    if second == "auto":
        second = "reference" if inputs.reference_map is not None else "model" if inputs.model is not None else "data"
    weights = params.weights
    if weights == "auto":
        weights = "halves" if base.halves else "model" if inputs.model is not None else "none"
    for choice, name in ((second, "spectrum"), (weights, "weights")):
        kind = _SECOND.get(choice)
        if kind and getattr(inputs, kind) is None:
            raise MissingInputError(f"The {name} should come from the {choice}, and none was given with the map {_path(base)}; give the "
                                    f"{choice}, or choose other {name}.")
    if not base.halves and (weights == "halves" or (inputs.model is None and inputs.reference_map is None)):
        raise MissingInputError(f"There is only the map {_path(base)}, which does not tell signal from noise; give both half-maps, a model "
                                "or a reference map.")
    placed = None
    if inputs.model is not None:
        placed = mtriage_model.place(inputs.model, base.mean, "electron", lambda: base.mean.data, base.warnings)
    ideal = None
    if second == "reference" or (second != "model" and placed is None and inputs.reference_map is not None):
        ideal = fourier.forward(inputs.reference_map.data)
    elif placed is not None:
        ideal = placed.ft_b0 if params.target == "b0" else placed.ft
    pair = (inputs.half1, inputs.half2) if base.halves else (base.mean,)
    fts = [fourier.forward(m.data) for m in pair]
    return Work(inputs, params, base, second, weights, fts[0], fts[-1], ideal, placed)


def _files(work: Work) -> str:
    given = (work.inputs.half1, work.inputs.half2) if work.weights == "halves" else (work.base.mean, work.inputs.model)
    return ", ".join(str(item.path or "not from a file") for item in given)


def _path(base: common.Work) -> str:
    return base.mean.path or "(not from a file)"


def _bins(work: Work) -> Tuple[np.ndarray, np.ndarray]:
    """Outer edges and middles of the bins, in shell units: a bin for shell 0, then bins of one width up to the last shell."""
    geo = work.geo
    reach = geo.length / work.d_min
    width = 1.0 if work.params.n_bins is None else max(1.0, (reach - 0.5) / work.params.n_bins)
    edges = 0.5 + width * np.arange(int(np.floor((geo.n_shells - 1) / width + 1e-9)) + 1)
    return edges, np.r_[0.0, edges[1:] - width / 2]


def measure(work: Work) -> Spectra:
    """Spectra and correlations of the map, and the ideal spectrum."""
    p, geo = work.params, work.geo
    edges, at = _bins(work)
    freq = at / geo.length
    sums = shells.binned_cross_sums(work.ft1, work.ft2, geo, edges)
    count = np.maximum(sums.count, 1e-9)
    power = (sums.power1 + sums.power2 + 2 * sums.cross) / 4 / count
    if work.base.halves and work.inputs.full_map is not None:
        power = spectrum.mean_power(work.full(), geo, edges)
    cc, smooth, explained, weight, gain, values = _correlations(work, edges, freq, sums)
    if not weight.max() > 0:
        raise InputError(f"There is no resolution at which {'half-maps' if work.weights == 'halves' else 'map and model'} agree "
                         f"({_files(work)}); check that they belong together and stand on each other.")
    signal = explained * power
    fall_off = spectrum.fit_fall_off(freq, signal, sums.count * explained ** 2, work.base.resolution, p.k_sol, p.b_sol)
    ideal = _ideal(work, edges, freq, signal, explained, fall_off)
    return Spectra(at, edges, freq, sums.count, power, cc, smooth, explained, weight, signal, ideal, fall_off, gain, values)


def _correlations(work: Work, edges: np.ndarray, freq: np.ndarray, sums: shells.CrossSums) -> Tuple[Any, ...]:
    """Measured and tidied correlation, part of the power that is signal in the box and where the weights look, SNR gain, metrics."""
    p, ones = work.params, np.ones_like(freq)
    rules = dict(cc_cut=p.cc_cut, max_cc_for_rescale=p.max_cc_for_rescale, last_bins=p.last_bins)
    if work.weights == "halves":
        cc = _first_shell(shells.fsc(sums))
        smooth = spectrum.tidy(freq, cc, sums.count, **rules)
        gain = snr_gain(work.inputs) if p.noise == "molecule" else 1.0
        return cc, smooth, spectrum.part_explained(smooth.cc), spectrum.part_explained(smooth.cc, gain), gain, {}
    if work.weights == "none":
        return ones, Tidy(ones, 0.0, None, None), ones, ones, None, {}
    full = work.full()
    rmsd = p.rmsd if p.rmsd is not None else p.rmsd_ratio * work.base.resolution
    pairs = [(full, work.placed.ft)]
    if p.noise == "molecule":
        pairs.append(_masked(work))
    out = []
    for a, b in pairs:
        cc = _first_shell(shells.fsc(shells.binned_cross_sums(a, b, work.geo, edges)))
        smooth = spectrum.tidy(freq, cc, sums.count, **rules)
        fraction = p.fraction_complete or spectrum.estimate_fraction(smooth.cc, freq, rmsd, work.base.resolution)
        out.append((cc, smooth, spectrum.correlation_with_truth(smooth.cc, freq, rmsd, fraction) ** 2, fraction))
    cc, smooth, weight, fraction = out[-1]
    return cc, smooth, out[0][2], weight, None, dict(model_rmsd=rmsd, model_fraction=fraction)


def _first_shell(cc: np.ndarray) -> np.ndarray:
    cc[0] = cc[1]                                                # the mean of a map says nothing
    return cc


def _masked(work: Work) -> Tuple[np.ndarray, np.ndarray]:
    """Transforms of the map and of the model, in the mask or around the atoms."""
    mean = work.base.mean
    if work.inputs.mask is not None:
        mask = work.inputs.mask.data
    else:
        mask = masks.soft_edge(mtriage_model.around(work.placed, mean, work.params.atom_radius), work.base.resolution, mean.voxel_size)
    model = fourier.inverse(work.placed.ft, work.geo.shape)
    return fourier.forward(mean.data * mask), fourier.forward(model * mask)


def snr_gain(inputs: Inputs) -> float:
    """Signal-to-noise ratio of two half-maps inside ``mask`` over that of the whole box, at least 1.

    Without a mask, it is the region 6 Å around a contour of the low-passed mean, with a fall-off of 6 Å. Inside is weighted by the
    squared mask ``m^2``; the signal is the sum of ``rho1 rho2``, the noise that of ``(rho1 - rho2)^2``.
    """
    one, two = inputs.half1.data, inputs.half2.data
    if inputs.mask is not None:
        mask = inputs.mask.data
    else:
        mask = molecule(inputs.half1.with_data((one + two) / 2), _AROUND)
    mean1, mean2 = (float(h.mean(dtype=np.float64)) for h in (one, two))
    sums = np.zeros(4)
    for a, b, m in zip(one, two, mask):
        a, b, m = (v.ravel().astype(np.float64) for v in (a, b, m))
        a, b, m = a - mean1, b - mean2, m * m
        signal, noise = a * b, (a - b) ** 2
        sums += (m @ signal, signal.sum(), m @ noise, noise.sum())
    if sums[0] <= 0 or sums[1] <= 0 or sums[2] <= 0:
        return 1.0
    return float(max(1.0, sums[0] / sums[1] * sums[3] / sums[2]))


def target_bfactor(work: Work) -> Optional[float]:
    """B-factor (Å²) of the atoms of the target; None when a model or a reference map tells it."""
    p = work.params
    if work.spectrum in ("model", "reference"):
        return None
    if p.target == "b0":
        return 0.0
    return p.bfactor if p.bfactor is not None else p.bfactor_ratio * work.base.resolution ** 2


def _ideal(work: Work, edges: np.ndarray, freq: np.ndarray, signal: np.ndarray, explained: np.ndarray,
           fall_off: Optional[FallOff]) -> np.ndarray:
    p = work.params
    if work.spectrum in ("model", "reference"):
        power = spectrum.mean_power(work.ideal, work.geo, edges)
        if work.spectrum == "model":
            power = power * (1 - p.k_sol * np.exp(-p.b_sol * freq ** 2 / 4)) ** 2
        return power
    own = fall_off if work.spectrum == "data" else None
    if work.spectrum == "data" and own is None:
        work.base.warnings.append("Too few shells agree to tell the fall-off of the signal; the average spectrum of proteins is used.")
    return spectrum.ideal_power(freq, signal, explained, own, target_bfactor(work), p.k_sol, p.b_sol)


def plan(work: Work, spectra: Spectra) -> Plan:
    """The filter, and the tensors behind it."""
    tensors = _tensors(work, spectra)
    corrected = tensors is not None and work.params.anisotropic != "no" and (
        work.params.anisotropic == "yes" or shell_tensors.matters(tensors, work.base.resolution))
    if tensors is None and work.params.anisotropic == "yes":
        work.base.warnings.append("Too few coefficients agree for a tensor, so that anisotropy was not corrected.")
    there = (spectra.signal > 0) & (spectra.weight > 0)
    log_match = np.log(np.where(there, spectra.ideal, 1) / np.where(there, spectra.signal, 1)) / 2
    if work.spectrum != "data" or spectra.fall_off is None:
        log_match = _smooth(log_match, spectra.count * spectra.explained ** 2 * there)
    amplitude = np.where(there, np.exp(np.clip(log_match - log_match[1], -60, 60)), 0)
    amplitude[0] = amplitude[1]
    ratio = spectra.weight / np.maximum(1 - spectra.weight, 1e-12)
    if corrected:
        # both per shell are means over directions; what follows is for the direction in which the exponents are 0
        signal, noise = (_mean_over_directions(u, spectra.freq) for u in (tensors.signal, tensors.noise))
        amplitude = amplitude * np.sqrt(_mean_over_directions(tensors.relative, spectra.freq))
        ratio = ratio * noise / signal
    cut = work.geo.length / work.d_min
    edge = filters.raised_cosine(spectra.at, _EDGE[0] * cut, _EDGE[1] * cut)
    return Plan(amplitude * edge, ratio, tensors, bool(corrected))


def _mean_over_directions(tensor: Optional[np.ndarray], freq: np.ndarray) -> np.ndarray:
    return np.ones_like(freq) if tensor is None else np.exp(-anisotropic.exponents(tensor, freq)).mean(axis=1)


def _smooth(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Straight lines fitted around each bin with Gaussian weights: no shell alone shows, and a steady fall is kept."""
    i = np.arange(values.size, dtype=np.float64)
    d = i - i[:, None]
    w = np.exp(-d ** 2 / (2 * _SMOOTH ** 2)) * np.maximum(weight, 1e-9 * max(float(weight.max()), 1e-30))
    s0, s1, s2 = w.sum(axis=1), (w * d).sum(axis=1), (w * d * d).sum(axis=1)
    y0, y1 = w @ values, (w * d) @ values
    return (s2 * y0 - s1 * y1) / np.maximum(s0 * s2 - s1 * s1, 1e-300)


def _tensors(work: Work, spectra: Spectra) -> Optional[Tensors]:
    below = np.flatnonzero(spectra.tidy.cc[1:] < _TENSOR_UNTIL)
    until = spectra.freq[below[0] + 1] if below.size else spectra.freq[-1]
    last = int(min(until, 1 / work.base.resolution if work.weights == "none" else until) * work.geo.length) + 1
    external = work.ideal is not None and (work.placed is None or work.spectrum == "reference")
    ideal = work.ideal if external or work.placed is None else work.placed.ft     # with its own B: the rest is not the molecule's
    if work.base.halves:
        return shell_tensors.from_halves(work.ft1, work.ft2, work.geo, last, ideal, external)
    return shell_tensors.from_ideal(work.ft1, ideal, work.geo, last)


def apply(work: Work, spectra: Spectra, plan: Plan) -> Dict[str, np.ndarray]:
    """The sharpened maps by the name of their output, float32 [z, y, x]."""
    none = np.zeros(6)
    grow, decay = (plan.tensors.relative, shell_tensors.decay(plan.tensors)) if plan.corrected else (none, none)
    own_full = work.base.halves and work.inputs.full_map is not None
    fts = {"sharpened": work.full()} if own_full or not work.base.halves else {}
    if work.base.halves:
        fts.update(sharpened_half1=work.ft1, sharpened_half2=work.ft2)
    work.ft1 = work.ft2 = work.ideal = work.placed = None        # done with: memory
    maps: Dict[str, np.ndarray] = {}
    for name in list(fts):
        ft = fts.pop(name)
        anisotropic.apply_wiener(ft, work.geo, spectra.at, plan.amplitude, plan.ratio, grow, decay, out=ft)
        maps[name] = fourier.inverse(ft, work.geo.shape)
    if "sharpened" not in maps:
        maps["sharpened"] = (maps["sharpened_half1"] + maps["sharpened_half2"]) * np.float32(0.5)
    plan.amplitude = plan.amplitude * _rescale(work, plan, maps)
    return maps


def _rescale(work: Work, plan: Plan, maps: Dict[str, np.ndarray]) -> float:
    after = float(maps["sharpened"].std(dtype=np.float64))
    before = float(work.base.mean.data.std(dtype=np.float64))
    how = work.params.scale
    largest = float((plan.amplitude * plan.ratio / (1 + plan.ratio)).max())
    factor = 1 / max(largest, 1e-300) if how == "maximum" else (before if how == "power" else 1.0) / after if after > 0 else 1.0
    for data in maps.values():
        data *= np.float32(factor)
    return factor


def numbers(work: Work, spectra: Spectra, plan: Plan, maps: Dict[str, np.ndarray]) -> Dict[str, Any]:
    """Metrics, curves, tables and maps by result field."""
    out = dict(common.finish(work.base, maps), **spectra.values)
    fall, target = spectra.fall_off, target_bfactor(work)
    out.update(d_min=work.d_min, target_bfactor=target, spectrum_used=work.spectrum, weights_used=work.weights, snr_gain=spectra.gain,
               baseline=spectra.tidy.baseline, tail_from=1 / spectra.tidy.tail if spectra.tidy.tail else None,
               anisotropy_corrected=plan.corrected, bfactor_effective=_effective(work, spectra, plan))
    if fall:
        out.update(bfactor_signal=fall.bfactor, bfactor_signal_error=fall.error)
    weight = spectra.weight
    scale_tensor = shell_tensors.of_scale(plan.tensors if plan.corrected else None, spectra.freq, plan.ratio, spectra.count * weight ** 2)
    if plan.tensors is not None:
        out.update({"u_" + n: float(v) for n, v in zip(shell_tensors.COMPONENTS, plan.tensors.relative)},
                   u_error=plan.tensors.error, u_range=shell_tensors.spread(plan.tensors.relative),
                   tensors=shell_tensors.table(plan.tensors, fall.bfactor / (8 * np.pi ** 2) if fall else None, scale_tensor))
    out.update(_curves(work, spectra, plan))
    return out


def _scale(plan: Plan, spectra: Spectra) -> np.ndarray:
    """Mean scale factor of each bin over directions, float64 [n]."""
    if not plan.corrected:
        return plan.amplitude * plan.ratio / (1 + plan.ratio)
    q = plan.ratio[:, None] * np.exp(-anisotropic.exponents(shell_tensors.decay(plan.tensors), spectra.freq))
    return (plan.amplitude[:, None] * np.exp(anisotropic.exponents(plan.tensors.relative, spectra.freq) / 2) * q / (1 + q)).mean(axis=1)


def _effective(work: Work, spectra: Spectra, plan: Plan) -> Optional[float]:
    """B-factor of the amplitudes applied, from 10 Å to the resolution (Å²)."""
    use = (spectra.freq * max(10.0, 2 * work.base.resolution) >= 1) & (spectra.freq * work.base.resolution <= 1) & (plan.amplitude > 0)
    if np.count_nonzero(use) < 3:
        return None
    return float(-4 * np.polyfit(spectra.freq[use] ** 2, np.log(plan.amplitude[use]), 1)[0])


def _curves(work: Work, spectra: Spectra, plan: Plan) -> Dict[str, Any]:
    freq, voxels = spectra.freq[1:], float(np.prod(work.geo.shape))
    fo = np.sqrt(spectra.power) / voxels
    fc = np.sqrt(spectra.ideal * spectra.power[1] / max(float(spectra.ideal[1]), 1e-300)) / voxels
    star, scale = np.sqrt(spectra.weight), _scale(plan, spectra)
    columns = ("d_min", "count", "rms_fo", "rms_fc", "cc", "cc_star", "scale")
    rows = zip(work.geo.length / spectra.edges[1:], spectra.count[1:], fo[1:], fc[1:], spectra.tidy.cc[1:], star[1:], scale[1:])
    inside = work.geo.length / spectra.edges[:-1] > work.d_min * (1 + 1e-9)
    table = Table(columns, tuple(tuple(float(v) for v in row) for row, keep in zip(rows, inside) if keep))
    return dict(correlation=Curve(freq, spectra.cc[1:]), correlation_smooth=Curve(freq, spectra.tidy.cc[1:]), cc_star=Curve(freq, star[1:]),
                scale_factor=Curve(freq, scale[1:]), amplitude=Curve(freq, fo[1:]), amplitude_ideal=Curve(freq, fc[1:]), shells=table)


def summary(values: Dict[str, Any], params: "ShellSharpenParams") -> str:
    """One sentence."""
    aim = {"reference": "the spectrum of the reference map", "model": "the spectrum of the model" + (" at B = 0" * (params.target == "b0"))}
    towards = aim.get(values["spectrum_used"])
    if towards is None:
        towards = "point atoms" if params.target == "b0" else f"atoms with a B-factor of {values['target_bfactor']:.0f} Å²"
    start = f" from a fall-off of {values['bfactor_signal']:.0f} Å²" if values.get("bfactor_signal") is not None else ""
    weighted = {"halves": "weighted by what the half-maps agree on", "model": "weighted by what map and model agree on",
                "none": "without weights"}[values["weights_used"]]
    direction = f"; the fall-off, which differs by {values['u_range']:.2f} Å² (U) between directions, was made even" \
        if values["anisotropy_corrected"] else ""
    return f"The map was sharpened in shells to {values['d_min']:.2f} Å towards {towards}{start}, {weighted}{direction}."
