"""LocScale: a map whose local amplitudes are those of a reference, by a filter bank."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, NamedTuple, Optional, Tuple

import numpy as np

from ...core import filters, fourier, local, local_gains
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, curve, map_output, metric
from ...study import Study
from ...study.halves import is_cut
from ...study.mask import INSIDE, UsedMask
from . import locscale_bands as bands
from . import locscale_reference as ref
from ..map_info import audit_words
from ..map_info.audit_own import AuditedResult, audited
from .common import OUTPUTS, SharpenedResult, SharpeningInputs, finish, sharpening_inputs
from .spectrum import usual_bfactor

REFERENCES = ("model", "pseudo_atoms", "hybrid", "model_free")
_MISSING = 0.1                                   # part of the molecule without a model, from which it is said
_DIFFERS = 1.2                                   # amplitude of a map over that of the mean of its half-maps


@dataclass(frozen=True)
class LocscaleParams:
    """Parameters of :func:`compute_locscale`."""

    reference: Optional[str] = param(None, "What the local amplitudes are taken from. model: the atomic model with its B-factors; "
                                     "pseudo_atoms: atoms put into the density, with B-factors from the map; hybrid: the model, and "
                                     "pseudo-atoms where it is missing; model_free: the same fall-off everywhere. From the data: the model "
                                     "when there is one, else model_free.", label="Reference", choices=REFERENCES)
    window: float = param(25.0, "Edge of the window in which amplitudes are compared.", label="Window", unit="Å", min=8, max=200)
    weighting: str = param("noise", "noise: bands are weighted by their local signal over signal and noise, so that noise is not scaled "
                           "up; none: the plain ratio of amplitudes, as LocScale has it.", label="Weights", choices=("noise", "none"))
    target_b: Optional[float] = param(None, "B-factor that the map has afterwards without a model: everywhere (model_free), or in the "
                                      "median (pseudo_atoms). From the data: 5.9 d^2 at a resolution of d, at most 80.",
                                      label="Target B-factor", unit="Å²", min=0, max=1000)
    profile: str = param("protein", "Average spectrum that stands for atoms without a model.", label="Average spectrum",
                         choices=ref.PROFILES)
    resolution: Optional[float] = param(None, "Resolution of the map. From the data: half-maps at FSC 0.143, else from the noise of the "
                                        "solvent.", label="Resolution", unit="Å", min=1, max=50)
    audit: bool = param(True, "With half-maps: ask them how much of the scaled map they support, and where, as the audit does.",
                        label="Audit")
    seed: int = param(1, "Seed of the random numbers that place pseudo-atoms.", label="Seed", min=0, max=2 ** 31 - 1, expert=True)


@dataclass(frozen=True)
class LocscaleResult(AuditedResult, SharpenedResult):
    """Result of :func:`compute_locscale`."""

    schema: ClassVar[str] = "cryoqa/locscale/1"
    reference_used: str = metric("", "what the amplitudes were taken from", "none")
    noise_from: str = metric("", "where the noise is known from: half_maps, solvent or resolution", "none")
    n_atoms: Optional[int] = metric("", "atoms of the model in the box", "none")
    n_pseudo_atoms: Optional[int] = metric("", "pseudo-atoms that were placed", "none")
    missing_fraction: Optional[float] = metric("", "part of the molecule far from any atom of the model: 4 Å or the resolution", "lower")
    bfactor_removed: Optional[float] = metric("Å²", "B-factor that was taken away, median in the mask", "none")
    bfactor_removed_p5: Optional[float] = metric("Å²", "B-factor that 5 % of the mask lost less than", "none")
    bfactor_removed_p95: Optional[float] = metric("Å²", "B-factor that 95 % of the mask lost less than", "none")
    target_b: Optional[float] = metric("Å²", "B-factor aimed at; none when the model has its own", "none")
    weight_median: Optional[float] = metric("", "median signal over signal and noise in the mask, of the band at the resolution", "higher")
    window: Optional[float] = metric("Å", "edge of the window", "none")
    bands: Optional[int] = metric("", "bands that add up to the map", "none")
    mask_source: str = metric("", "where the mask comes from: given, made from the map, or none", "none")
    weights: Optional[Curve] = curve("signal over signal and noise, mean in the mask", x_label="Frequency", x_unit="1/Å", y_label="Weight")
    gains: Optional[Curve] = curve("amplitude factor, median in the mask, and from 5 to 95 %", x_label="Frequency", x_unit="1/Å",
                                   y_label="Factor")
    local_bfactor: Optional[Map] = map_output("Å²", "B-factor taken away at every voxel of the mask, 0 outside")
    reference_map: Optional[Map] = map_output("", "density of the atoms that the amplitudes were taken from")
    mask_used: Optional[Map] = map_output("", "the mask, when it was made here", output="outputMask", mask=True)


class _Setting(NamedTuple):
    """What all references share: mask, spectra of the map, last shell with signal, width of smoothing (1/Å), parameters."""

    inputs: SharpeningInputs
    mask: np.ndarray
    spectra: bands.Spectra
    last: int
    width: float
    overall: np.ndarray
    target_b: float
    params: LocscaleParams


class _Scaling(NamedTuple):
    """Bands and gains [bands, v]; ``removed`` float64 [v] in Å^2; ``weights`` [bands, v] of the noise."""

    powers: bands.Powers
    gains: np.ndarray
    removed: np.ndarray
    weights: np.ndarray
    local_b: np.ndarray


def compute_locscale(study: Study, params: LocscaleParams, *, progress: Progress = silent) -> LocscaleResult:
    """A map, and its half-maps alike, scaled to the local amplitudes of a reference.

    Parameters
    ----------
    study
        ``full_map``, or ``half1`` and ``half2``, or all three (float32 [z, y, x]); ``mask`` and ``model`` when they are there.
    params
        Choices of the user.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    LocscaleResult
        The scaled maps, and what was taken from their fall-off.

    Raises
    ------
    InputError
        The inputs do not fit together, or the reference needs a model that is not there or lies elsewhere.

    Notes
    -----
    In bands that add up to 1 the power of the map, of its noise and of the reference is averaged in a window around every
    place. The fall-off of the signal against the reference is fitted as ``ln S / R = a - B s^2 / 2`` there, and the band multiplied by
    ``sqrt(R / S) S / (S + N)``.

    References
    ----------
    Jakobi, Wilmanns & Sachse (2017), https://doi.org/10.7554/eLife.27131; Bharadwaj & Jakobi (2022),
    https://doi.org/10.1039/D2FD00078D.
    """
    kind = _kind(study, params)
    progress(0.02, "inputs")
    inputs = sharpening_inputs(study, params.resolution)
    _warn(inputs, kind)
    used = study.used_mask
    inside = used.inside
    spectra, noise_from = _spectra(study, inputs, used)
    last = bands.end_of_signal(spectra)
    target = params.target_b if params.target_b is not None else usual_bfactor(inputs.resolution)
    setting = _Setting(inputs, used.data, spectra, last, 0.5 / params.window, _overall(spectra, inputs.resolution, params), target, params)
    scaling, atoms, density = _scaling(study, kind, setting, progress)
    progress(0.75, "scaling the bands")
    maps = _scaled_maps(study, inputs, scaling)
    values = _values(setting, scaling, used, inside)
    values.update(ref.atom_counts(atoms), reference_used=kind, noise_from=noise_from, target_b=None if kind == "model" else target)
    if density is not None:
        values["reference_map"] = inputs.mean.with_data(density)
    progress(0.95, "B-factors")
    values.update(finish(inputs, maps))
    del scaling, spectra, setting
    if params.audit:
        values.update(audited(study, maps["sharpened"], part(progress, 0.95, 0.05)))
    progress(1.0, "done")
    return LocscaleResult(summary=_summary(values, kind), warnings=(*inputs.warnings, *used.notes()), **values)


def _kind(study: Study, params: LocscaleParams) -> str:
    kind = params.reference or ("model" if study.model is not None else "model_free")
    if kind in ("model", "hybrid") and study.model is None:
        raise InputError(f"The reference '{kind}' needs an atomic model and none was given; give a model, or choose 'pseudo_atoms' or "
                         "'model_free'.")
    return kind


def _warn(inputs: SharpeningInputs, kind: str) -> None:
    study, geo = inputs.study, inputs.geo
    if study.model is not None and kind in ("pseudo_atoms", "model_free"):
        inputs.warnings.append(f"A model was given but the reference is '{kind}': it was not used.")
    if not inputs.halves or study.full_map is None:
        return
    seen = fourier.frequencies(geo) * inputs.resolution <= 1
    one, two = (np.sqrt(ref.shell_power(study.transform(name), geo))[seen][1:] for name in ("full_map", "average"))
    ratio = one / np.maximum(two, 1e-30)
    if ratio.max() > _DIFFERS * np.median(ratio) or ratio.min() * _DIFFERS < np.median(ratio):
        inputs.warnings.append("The map falls off differently than the mean of its half-maps, by which it is scaled; give the map as it "
                               "came out of the refinement, or the half-maps alone.")


def _spectra(study: Study, inputs: SharpeningInputs, used: UsedMask) -> Tuple[bands.Spectra, str]:
    """Spectra of the map, and what told the noise."""
    if inputs.halves:
        return bands.spectra_of_halves(study), "half_maps"
    masked = is_cut(inputs.mean.data)
    if masked:
        inputs.warnings.append("The solvent of the map is masked, so that its noise is not known: everything up to "
                               f"{inputs.resolution:.2f} Å counts as signal.")
    return bands.spectra_of_map(study, used.data, inputs.resolution, masked), "resolution" if masked else "solvent"


def _scaling(study: Study, kind: str, setting: _Setting,
             progress: Progress) -> Tuple[_Scaling, Optional[ref.Atoms], Optional[np.ndarray]]:
    """The scaling, the atoms of the reference and their density."""
    inputs = setting.inputs
    model = ref.model_atoms(study, inputs.mean, inputs.warnings) if kind in ("model", "hybrid") else None
    where = ref.molecule(inputs.mean, setting.mask) if kind != "model_free" else None
    if model is not None and where is not None:
        lacking = ref.missing_part(model, where, inputs.mean, inputs.resolution)
        part = float(np.count_nonzero(lacking)) / np.count_nonzero(where)
        if kind == "model":
            atoms = model._replace(missing=part)
            if part > _MISSING:
                inputs.warnings.append(f"{100 * part:.0f} % of the molecule is far from any atom of the model and fades away there; "
                                       "take the reference 'hybrid', or complete the model.")
            return _by_atoms(atoms, setting, False, progress)
    free = _model_free(setting, progress)
    if kind == "model_free":
        return free, None, None
    progress(0.6, "pseudo-atoms")
    guide = bands.apply(_mean_transform(setting.spectra), free.powers, free.gains, inputs.geo)
    at_points = np.zeros(free.powers.grid.shape)
    at_points[free.powers.there] = free.local_b
    local_b = local_gains.carry(at_points, inputs.geo.shape)
    if model is None:                            # pseudo_atoms
        middle = float(np.median(local_b[where]))
        atoms = ref.pseudo(inputs.mean, guide, where, local_b - middle + setting.target_b, setting.params.seed)
        return _by_atoms(atoms, setting, True, progress)
    added = None
    if part > 0.01:
        known = where & ~lacking
        offset = float(np.median(model.b_iso)) - (float(np.median(local_b[known])) if known.any() else 0.0)
        added = ref.pseudo(inputs.mean, guide, lacking, local_b + offset, setting.params.seed)
    return _by_atoms(ref.joined(model, added, part), setting, False, progress)


def _overall(spectra: bands.Spectra, resolution: float, params: LocscaleParams) -> np.ndarray:
    """Weight per shell that all places share; without weights by noise, a low-pass at the resolution."""
    if params.weighting == "noise":
        return bands.overall_weight(spectra, 0.5 / params.window)
    return np.maximum(filters.raised_cosine(fourier.frequencies(spectra.geo) * resolution, 1.0, 1.15), 1e-9)


def _mean_transform(spectra: bands.Spectra) -> np.ndarray:
    return spectra.f1 if spectra.f2 is None else (spectra.f1 + spectra.f2) * np.float32(0.5)


def _model_free(setting: _Setting, progress: Progress) -> _Scaling:
    """The overall spectrum of theory with the target B-factor, and local B-factors brought to the overall one."""
    inputs, params = setting.inputs, setting.params
    equaliser, had = ref.to_theory(setting.spectra, params.profile, setting.target_b, setting.width, setting.last)
    powers = bands.measure(setting.spectra, equaliser, setting.overall, None, params.window, setting.mask, inputs.mean.voxel_size, progress)
    signal = (powers.total - powers.noise).mean(axis=1, dtype=np.float64)
    shape = np.maximum(signal, 1e-6 * powers.total.mean(axis=1, dtype=np.float64))[:, None]
    found = bands.fit(powers, shape)
    weights = _weights(powers, shape, found, setting)
    gains = np.exp(np.clip(-found.slope * powers.at[:, None] ** 2 / 2, -2, 2)) * _relative(weights, powers, setting)
    return _Scaling(powers, gains.astype(np.float32), had - setting.target_b - 2 * found.slope, weights, -2 * found.slope)


def _by_atoms(atoms: ref.Atoms, setting: _Setting, as_theory: bool, progress: Progress) -> Tuple[_Scaling, ref.Atoms, np.ndarray]:
    """Scaling to the density of atoms; ``as_theory``: with the mean spectrum of theory."""
    inputs, params, spectra = setting.inputs, setting.params, setting.spectra
    progress(0.2, "density of the reference")
    ft = ref.transform(atoms, inputs.mean)
    if as_theory:
        ft = ref.like_theory(ft, inputs.geo, params.profile, float(np.median(atoms.b_iso)), setting.width)
    equaliser = ref.to_reference(spectra, ref.shell_power(ft, inputs.geo), setting.width, setting.last)
    coarse = np.sqrt(float(np.mean(equaliser[1:max(3, int(inputs.geo.length / 15))] ** 2)))
    ft *= np.float32(1 / coarse)
    equaliser /= coarse
    powers = bands.measure(spectra, equaliser, setting.overall, ft, params.window, setting.mask, inputs.mean.voxel_size, progress)
    density = fourier.inverse(ft, inputs.geo.shape)
    del ft
    shape = np.maximum(powers.reference, 1e-9 * float(powers.reference.max()))
    found = bands.fit(powers, shape)
    weights = _weights(powers, shape, found, setting)
    if params.weighting == "none":
        gains = np.sqrt(powers.reference / np.maximum(powers.total, bands.FLOOR * powers.total.max(axis=1, keepdims=True)))
    else:
        gains = np.exp(np.clip(-(found.level + found.slope * powers.at[:, None] ** 2) / 2, -2, 2)) * _relative(weights, powers, setting)
    freq = fourier.frequencies(inputs.geo)
    tail = freq[1:setting.last + 1] ** 2
    overall = 4 * float(np.polyfit(tail, np.log(equaliser[1:setting.last + 1]), 1)[0]) if tail.size > 2 else 0.0
    return _Scaling(powers, gains.astype(np.float32), overall - 2 * found.slope, weights, -2 * found.slope), atoms, density


def _weights(powers: bands.Powers, shape: np.ndarray, found: bands.Fit, setting: _Setting) -> np.ndarray:
    """Signal over signal and noise, float32 [bands, v]; 1 when no weights are asked for."""
    if setting.params.weighting == "none":
        return np.ones(powers.total.shape, np.float32)
    signal = shape * np.exp(np.clip(found.level + found.slope * powers.at[:, None] ** 2, -15, 15))
    return (signal / (signal + powers.noise)).astype(np.float32)


def _relative(weights: np.ndarray, powers: bands.Powers, setting: _Setting) -> np.ndarray:
    """Weights over the overall weight that the bands hold."""
    return weights if setting.params.weighting == "none" else weights / powers.weight[:, None]


def _scaled_maps(study: Study, inputs: SharpeningInputs, scaling: _Scaling) -> Dict[str, np.ndarray]:
    """The scaled maps, by the name of their output; without a map of its own, ``sharpened`` is the mean of the scaled half-maps."""
    out = {name: bands.apply(study.transform(kind), scaling.powers, scaling.gains, inputs.geo)
           for kind, name in OUTPUTS.items() if getattr(study, kind) is not None}
    if "sharpened" not in out:
        out["sharpened"] = (out["sharpened_half1"] + out["sharpened_half2"]) * np.float32(0.5)
    return out


def _values(setting: _Setting, scaling: _Scaling, used: UsedMask, inside: np.ndarray) -> Dict[str, Any]:
    """Metrics, curves and the map of B-factors."""
    inputs, powers = setting.inputs, scaling.powers
    near, _ = local.needed(setting.mask, INSIDE, powers.grid)
    chosen = near[powers.there]
    if not chosen.any():
        chosen[:] = True
    at_points = np.zeros(powers.grid.shape)
    at_points[powers.there] = scaling.removed
    low, middle, high = (float(v) for v in np.percentile(scaling.removed[chosen], (5, 50, 95)))
    gains = np.percentile(scaling.gains[:, chosen], (5, 50, 95), axis=1)
    nearest = int(np.argmin(np.abs(powers.at - 1 / inputs.resolution)))
    out = dict(bfactor_removed=middle, bfactor_removed_p5=low, bfactor_removed_p95=high, window=setting.params.window,
               bands=int(powers.at.size), mask_source=used.source, weight_median=float(np.median(scaling.weights[nearest, chosen])),
               weights=Curve(powers.at, scaling.weights[:, chosen].mean(axis=1, dtype=np.float64)),
               gains=Curve(powers.at, gains[1], gains[0], gains[2]))
    shown = local_gains.carry(at_points, inputs.geo.shape)
    shown[~inside] = 0
    out["local_bfactor"] = inputs.mean.with_data(shown)
    if used.source == "made":
        out["mask_used"] = used.map
    return out


def _summary(v: Dict[str, Any], kind: str) -> str:
    to = {"model": f"of the model ({v['n_atoms']} atoms)", "pseudo_atoms": f"of {v['n_pseudo_atoms']} pseudo-atoms",
          "hybrid": f"of the model ({v['n_atoms']} atoms) and {v['n_pseudo_atoms']} pseudo-atoms",
          "model_free": f"of a B-factor of {v['target_b'] or 0:.0f} Å² everywhere"}[kind]
    return (f"Local amplitudes were scaled to those {to}, up to {v['resolution']:.2f} Å: that took away a B-factor of "
            f"{v['bfactor_removed']:.0f} Å² in the median, {v['bfactor_removed_p5']:.0f} to {v['bfactor_removed_p95']:.0f} Å² over "
            f"5–95 % of the mask.{audit_words.of_own(v)}")
