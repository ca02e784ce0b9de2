"""The steps of the ``guinier`` capability."""
from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional

import numpy as np

from ...core import filters, fourier, guinier, shells
from ...core.fourier import Geometry
from ...core.guinier import GuinierFit
from ...errors import FormatError, InputError, MissingInputError
from ...io.emdb_xml import read_fsc_xml
from ...io.inputs import Inputs
from ...io.star import read_star
from ...results import Curve
from ..resolution import fsc_sharpen, fsc_steps, mtriage_model
from ..resolution.fsc import FscParams
from . import common

if TYPE_CHECKING:
    from .guinier import GuinierParams

_STAR_COLUMNS = ("rlnResolution", "rlnFourierShellCorrelationCorrected")
_XML_CURVES = ("corrected", "masked", "unmasked")
_FINE = 16                                       # points per shell of the filter applied
_REACH = 1.5                                     # by cryoqa's rules the fit begins at least this many times coarser than it ends


class Rules(NamedTuple):
    """Lowest resolution of the fit (Å), whether it ends at the resolution, weights by default, the mask, weight of a stored mate."""

    fit_from: float
    to_resolution: bool
    weights: bool
    in_mask: bool
    mate_weight: float


RULES: Dict[str, Rules] = {"cryoqa": Rules(10.0, True, True, True, 0.5), "relion": Rules(10.0, False, True, False, 1.0),
                           "xmipp": Rules(15.0, True, False, False, 1.0)}


@dataclass
class Work:
    """What the steps hand to each other; ``weights`` float64 [n_shells] or None, ``fit_from`` and ``fit_to`` in Å (0: no limit)."""

    inputs: Inputs
    params: "GuinierParams"
    base: common.Work
    rules: Rules
    weights: Optional[np.ndarray]
    fit_from: float
    fit_to: float
    in_mask: bool
    values: Dict[str, Any]
    warnings: List[str]


@dataclass
class Plots:
    """Frequencies of the shells (1/Å) and ln of the mean amplitudes by ``map``, ``weighted``, ``reference``, ``model`` and ``points``."""

    freq: np.ndarray
    log: Dict[str, np.ndarray] = field(default_factory=dict)


def prepare(inputs: Inputs, params: "GuinierParams") -> Work:
    """Checked inputs, the range of the fit and the weights."""
    rules = RULES[params.rules]
    if params.write in ("reference", "model"):
        kind = "reference_map" if params.write == "reference" else "model"
        if getattr(inputs, kind) is None:
            raise MissingInputError(f"The amplitudes of the {kind.replace('_', ' ')} are asked for but none was given; give its file.")
    if params.weighting == "fsc" and not params.fsc_file and inputs.half1 is None:
        raise MissingInputError("Weights by the FSC are asked for but there are no half-maps; give both, or a file with their FSC.")
    halves = inputs.half1 is not None or inputs.half2 is not None
    ends_at_resolution = params.fit_to is None and rules.to_resolution and not halves
    base = common.prepare(inputs, None if ends_at_resolution else _known(inputs, params.fit_to))
    values = {k: v for k, v in base.values.items() if k != "resolution"}
    fsc, resolution, corrected = _fsc(inputs, params, rules, base)
    weights = None if fsc is None else _weights(fsc, params.rules)
    fit_to = params.fit_to or (resolution if rules.to_resolution else 0.0)
    in_mask = rules.in_mask and inputs.mask is not None and (weights is None or corrected)
    coarse = _REACH * fit_to if params.rules == "cryoqa" else 0.0
    values.update(weighted=weights is not None, fit_from=params.fit_from or max(rules.fit_from, coarse))
    return Work(inputs, params, base, rules, weights, values["fit_from"], fit_to, in_mask, values, base.warnings)


def _known(inputs: Inputs, fit_to: Optional[float]) -> float:
    """A resolution that is not below Nyquist (Å), so that none is estimated."""
    map_ = inputs.full_map if inputs.full_map is not None else inputs.half1 if inputs.half1 is not None else inputs.half2
    geo = fourier.geometry(map_.shape, map_.voxel_size) if map_ is not None else None
    return fit_to or (1.0 if geo is None else geo.length / max(geo.n_shells - 1, 1))


def _fsc(inputs: Inputs, params: "GuinierParams", rules: Rules, base: common.Work) -> Any:
    """The FSC to weight by (float64 [n_shells]) or None, the resolution of the data (Å), whether the FSC is one in the mask."""
    use = params.weighting == "fsc" or (params.weighting == "auto" and rules.weights)
    if params.fsc_file:
        curve = read_fsc(params.fsc_file)
        freq = fourier.frequencies(base.geo)
        found = np.interp(freq, curve.x, curve.y, right=0.0)
        below = np.flatnonzero(found < 0.143)
        resolution = float(1 / freq[max(int(below[0]) - 1, 1)]) if below.size else base.resolution
        return (found if use else None), resolution, True
    if not base.halves:
        return None, base.resolution, False
    work = fsc_steps.prepare(inputs, FscParams(rules="cryoqa" if params.rules == "xmipp" else params.rules, sharpen=False,
                                               relion_counting=params.rules == "relion"))
    found = fsc_steps.compare(work, lambda fraction, message: None)
    base.warnings.extend(work.warnings)
    resolution = found.head.resolution or base.resolution
    return (found.curves[found.name].fsc if use else None), resolution, found.name == "corrected"


def _weights(fsc: np.ndarray, rules: str) -> np.ndarray:
    if rules == "xmipp":
        return np.sqrt(np.maximum(2 * fsc / np.maximum(1 + fsc, 1e-6), 0))
    return fsc_sharpen.fsc_weights(fsc)


def read_fsc(path: str) -> Curve:
    """FSC over the frequency (1/Å) from RELION's post-processing STAR file or from EMDB's XML."""
    if not os.path.isfile(path):
        raise MissingInputError(f"The FSC file '{path}' does not exist; check the path.")
    try:
        if path.lower().endswith(".xml"):
            curves = read_fsc_xml(path)
            x, y = next((curves[n] for n in _XML_CURVES if n in curves), next(iter(curves.values())))
        else:
            table = next(t for t in read_star(path).values() if all(c in t.columns for c in _STAR_COLUMNS))
            x, y = (np.asarray(table.columns[c], dtype=np.float64) for c in _STAR_COLUMNS)
    except (StopIteration, KeyError, ValueError, FormatError):
        raise FormatError(f"The file {path} holds no FSC: neither a STAR table with _{_STAR_COLUMNS[0]} and _{_STAR_COLUMNS[1]} nor EMDB's "
                          "XML; give the postprocess.star of RELION.") from None
    order = np.argsort(x)
    return Curve(np.asarray(x)[order], np.asarray(y)[order])


def edges(geo: Geometry, nx: int, rules: str) -> np.ndarray:
    """Outer radii of the shells in steps of 1 / L, float64 [n]; Xmipp's are steps of the x edge, up to half a cycle per voxel."""
    if rules != "xmipp":
        return shells.shell_edges(geo)
    voxel = geo.length / max(geo.shape)
    at = (np.arange(int(np.floor(nx / 2 + 0.5)) + 1) + 0.5) * geo.length / (nx * voxel)
    at[-1] = min(at[-1], 0.5 * geo.length / voxel * (1 + 1e-6))
    return at


def plots(work: Work) -> Plots:
    """Guinier plots of the map, of the reference and of the model."""
    geo, data, p = work.base.geo, work.base.mean.data, work.params
    nx = data.shape[2]
    at = edges(geo, nx, p.rules)
    step = work.base.mean.voxel_size[0] * nx if p.rules == "xmipp" else geo.length
    out = Plots(np.arange(at.size) / step)
    mask = work.inputs.mask.data if work.in_mask else None

    def logs(ft: np.ndarray) -> np.ndarray:
        _, amplitude, count = shells.power_sums(ft, geo, at, work.rules.mate_weight)
        return guinier.log_amplitudes(amplitude, count, data.size)

    out.log["map"] = logs(fourier.forward(data if mask is None else data * mask))
    out.log["weighted"] = out.log["map"] + _log(work.weights, at.size)
    if work.inputs.reference_map is not None:
        other = work.inputs.reference_map.data
        out.log["reference"] = logs(fourier.forward(other if mask is None else other * mask))
    if work.inputs.model is not None:
        placed = mtriage_model.place(work.inputs.model, work.base.mean, "electron", lambda: data, work.warnings)
        out.log["model"], out.log["points"] = logs(placed.ft), logs(placed.ft_b0)
        work.values.update(model_zscore=placed.values["model_zscore"], atoms_outside=placed.values["atoms_outside"])
    return out


def _log(weights: Optional[np.ndarray], n: int) -> np.ndarray:
    """ln of the weights, float64 [n]; NaN where there is none."""
    if weights is None:
        return np.zeros(n)
    known = np.zeros(n)
    known[:min(n, weights.size)] = weights[:n]
    return np.log(np.where(known > 0, known, np.nan))


def fit_map(work: Work, made: Plots, values: Dict[str, Any]) -> Optional[GuinierFit]:
    """The line through the weighted plot; its numbers and the curves go to ``values``."""
    s2, end = made.freq ** 2, work.fit_to
    fit = guinier.fit(made.freq, made.log["weighted"], work.fit_from, end)
    for name in ("map", "weighted", "reference"):
        if name in made.log:
            values["guinier_" + name] = Curve(s2[1:], made.log[name][1:])
    if work.weights is not None:
        values["fsc_weight"] = Curve(fourier.frequencies(work.base.geo), work.weights)
    values["fit_to"] = end or float(1 / made.freq[np.flatnonzero(np.isfinite(made.log["weighted"]))[-1]])
    if fit is None:
        work.warnings.append(f"Fewer than three shells lie between {work.fit_from:g} Å and {values['fit_to']:.4g} Å, so that no B-factor "
                             "could be fitted; fit from a lower resolution.")
        return None
    line = np.where(made.freq * work.fit_from >= 1 - 1e-9, fit.intercept + fit.slope * s2, np.nan)
    values.update(bfactor=fit.bfactor, bfactor_error=fit.bfactor_error, r_squared=fit.r_squared, slope=fit.slope, intercept=fit.intercept,
                  shells=fit.n_shells, oversharpened=fit.bfactor > 0,
                  fall=float(np.exp(min(-fit.bfactor / (4 * values["fit_to"] ** 2), 50.0))), guinier_fit=Curve(s2[1:], line[1:]))
    return fit


def compare(work: Work, made: Plots, kind: str, values: Dict[str, Any]) -> None:
    """B-factor of the map less that of the reference map, or of the atoms as points, and the correlation of the plots."""
    if kind not in made.log:
        return
    use = np.isfinite(made.log["weighted"]) & (made.freq * work.fit_from >= 1) & (made.freq * values["fit_to"] <= 1 + 1e-9)
    use &= np.isfinite(made.log[kind])
    if np.count_nonzero(use) < 3:
        return
    base = made.log["points" if kind == "model" else kind]
    fit = guinier.fit(made.freq, made.log["weighted"] - base, work.fit_from, work.fit_to)
    if fit:
        values.update({f"bfactor_{kind}": fit.bfactor, f"bfactor_{kind}_error": fit.bfactor_error})
    values["correlation_" + kind] = float(np.corrcoef(made.log["weighted"][use], made.log[kind][use])[0, 1])
    if kind == "model":
        scale = float(np.mean((made.log["weighted"] - made.log["model"])[use]))
        values["guinier_model"] = Curve(made.freq[1:] ** 2, made.log["model"][1:] + scale)


def write(work: Work, made: Plots, fit: Optional[GuinierFit], values: Dict[str, Any]) -> None:
    """The maps that were asked for, by result field."""
    p = work.params
    if p.write == "nothing":
        return
    bfactor = p.bfactor if p.bfactor is not None else fit.bfactor if fit else None
    if p.write == "bfactor" and bfactor is None:
        work.warnings.append("There is no B-factor to apply, so that no map was written; give one.")
        return
    geo, reach = work.base.geo, 1 / values["fit_to"]
    at = np.arange(int(np.floor(reach * geo.length * _FINE)) + 1) / _FINE
    freq = at / geo.length
    if p.write == "bfactor":
        gain = np.exp(-bfactor * freq ** 2 / 4)
        values["bfactor_applied"] = bfactor
    else:
        gain = _matched(made, p.write, freq)
    if work.weights is not None:
        gain = gain * np.interp(freq, fourier.frequencies(geo), work.weights)
    at, gain, beyond = _ending(at, gain, reach, geo, p.rules == "xmipp")
    for name, map_ in work.base.maps.items():
        ft = fourier.forward(map_.data)
        values[name] = map_.with_data(fourier.inverse(filters.apply_radial(ft, geo, gain, at=at, beyond=beyond, out=ft), geo.shape))


def _matched(made: Plots, kind: str, freq: np.ndarray) -> np.ndarray:
    """Gain at ``freq`` (1/Å) that gives the weighted map the amplitudes of another, linear in the logarithm between shells."""
    log = made.log[kind] - made.log["weighted"]
    known = np.isfinite(log)
    if not known.any():
        raise InputError("No shell has both a map and amplitudes to match; give another reference.")
    return np.exp(np.interp(freq, made.freq[known], log[known]))


def _ending(at: np.ndarray, gain: np.ndarray, reach: float, geo: Geometry, untouched: bool) -> Any:
    """Radii, gain and the gain beyond: Xmipp leaves what is finer as it is, else it goes to 0 within two shells."""
    end = reach * geo.length
    if untouched:
        return np.append(at, (end + 1e-6, end + 2e-6)), np.append(gain, (gain[-1], 1.0)), 1.0
    edge = np.linspace(0, 2, 33)[1:]
    return np.append(at, at[-1] + edge), np.append(gain, gain[-1] * filters.raised_cosine(edge, 0, 2)), 0.0


def summary(work: Work, values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("bfactor") is None:
        return "No B-factor could be fitted: too few shells lie in the range of the fit."
    b, error = values["bfactor"], values["bfactor_error"]
    what = "the signal of the map" if values["weighted"] else "the map"
    verdict = "amplitudes rise with resolution, it is oversharpened" if b > 0 else "amplitudes fall with resolution"
    out = (f"The B-factor of {what} is {b:.1f} ± {error:.1f} Å² from {work.fit_from:g} to {values['fit_to']:.2f} Å "
           f"(r² {values['r_squared']:.3f}): {verdict}")
    if values.get("bfactor_model") is not None:
        out += f"; against the model as points it is {values['bfactor_model']:.1f} Å²"
    if values.get("bfactor_reference") is not None:
        out += f"; against the reference map it is {values['bfactor_reference']:.1f} Å²"
    return out + "."
