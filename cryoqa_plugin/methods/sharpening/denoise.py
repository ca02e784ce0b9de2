"""Denoising of half-maps without training: a map to look at, what was taken away for it, and where noise prevails."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Optional, Tuple

import numpy as np

from ...core import filters, fourier, local, local_gains
from ...io.maps import Map
from ...params import param
from ...progress import Progress, part, silent
from ...results import map_output, metric
from ...study import Study
from ...study.halves import DEPENDENT, INDEPENDENT, MarkedHalves
from ..map_info import audit_words
from ..map_info.audit_own import AuditedResult, audited
from .common import sharpening_inputs
from .denoise_methods import WAYS, Denoised, DenoiseInputs
from .local_sharpen_bands import bfactor_left, choose_window
from .local_sharpen_halves import half_map_spectra

_USE = "Use it to look at and to build into; resolution, FSC and refinement need the half-maps that went in"


@dataclass(frozen=True)
class DenoiseParams:
    """Parameters of :func:`compute_denoise`."""

    method: str = param("wiener", "How the half-maps are denoised. wiener: each band by its local share of signal. conditional: by what "
                        "one half-map shows wherever the other shows the same; the least error, and more time. lafter: voxels above all "
                        "noise, after LAFTER. sidesplitter: each half-map by its own local power, after SIDESPLITTER.",
                        label="Method", choices=("wiener", "conditional", "lafter", "sidesplitter"))
    amplitudes: str = param("map", "Amplitudes of the denoised maps. map: those of the half-maps, so that what was taken away is the "
                            "difference. density: the fall-off of the whole map undone, to look at.", label="Amplitudes",
                            choices=("map", "density"))
    write_halves: bool = param(False, "Also write the denoised half-maps. They are marked in their headers, and are not for an FSC.",
                         label="Write half-maps")
    audit: bool = param(True, "Ask the half-maps how much of the denoised map they support, and where, as the audit does. Beside wiener it "
                        "takes as much time again.", label="Audit")
    resolution: Optional[float] = param(None, "Resolution of the map; window and bands go by it. From the data: where the FSC of the "
                                        "half-maps, in the mask when there is one, falls below 0.143.", label="Resolution", unit="Å",
                                        min=0.5, max=100)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window in which signal and noise are separated (wiener, "
                                    "sidesplitter, and the map of the noise). From the data: 1.5 times the resolution.", label="Window",
                                    unit="Å", min=1, max=200, expert=True)


@dataclass(frozen=True)
class DenoiseResult(AuditedResult, MarkedHalves):
    """Result of :func:`compute_denoise`."""

    schema: ClassVar[str] = "cryoqa/denoise/1"
    method: Optional[str] = metric("", "how the half-maps were denoised", "none")
    resolution: Optional[float] = metric("Å", "resolution that the denoising went by", "none")
    window: Optional[float] = metric("Å", "standard deviation of the Gaussian window", "none")
    halves_state: Optional[str] = metric("", "dependent: what was done to a half-map depends on the other; independent: on itself alone, "
                                             "but for one number a band", "none")
    removed_share: Optional[float] = metric("", "part of the power of the map in the mask that was taken away", "none")
    removed_outside: Optional[float] = metric("", "part of the power outside of the mask that was taken away", "none")
    noise_share: Optional[float] = metric("", "part of the power of the map in the mask that is noise, up to the resolution", "lower")
    noise_share_p95: Optional[float] = metric("", "local share of the noise that 95 % of the mask is below", "lower")
    bfactor_left: Optional[float] = metric("Å²", "fall-off that the maps were left with, where it was undone", "none")
    mask_source: Optional[str] = metric("", "where the mask comes from", "none")
    denoised_map: Optional[Map] = map_output("", "the denoised map", output="outputVolume", halves="input")
    denoised_half1: Optional[Map] = map_output("", "half-map 1 denoised; not for an FSC", output="outputDenoisedHalf1")
    denoised_half2: Optional[Map] = map_output("", "half-map 2 denoised; not for an FSC", output="outputDenoisedHalf2")
    removed: Optional[Map] = map_output("", "what was taken away: the mean of the half-maps less the denoised map", output="outputRemoved")
    noise_map: Optional[Map] = map_output("", "local share of the noise in the power of the map, up to the resolution",
                                          output="outputNoiseShare")

    @property
    def halves_made(self) -> Optional[str]:
        """Whether the denoised half-maps depend on each other."""
        return self.halves_state


def compute_denoise(study: Study, params: DenoiseParams, *, progress: Progress = silent) -> DenoiseResult:
    """Denoised map of two half-maps, with what was taken away and the local share of the noise.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, float32 [z, y, x]; ``mask`` when it is there.
    params
        Choices of the user.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    DenoiseResult
        The maps, and how much was taken away inside and outside of the mask.

    Raises
    ------
    MissingInputError
        A half-map is missing.
    InputError
        The inputs do not fit together, or the half-maps share no signal and no resolution was given.

    References
    ----------
    Ramlaul et al. (2019), https://doi.org/10.1016/j.jsb.2018.11.011; Ramlaul et al. (2020), https://doi.org/10.1016/j.jsb.2020.107545.
    """
    inputs = sharpening_inputs(study.with_(full_map=None), params.resolution, need_halves=True)
    used = study.used_mask
    window = choose_window(params.window, inputs.resolution)
    progress(0.05, "noise")
    made = WAYS[params.method](DenoiseInputs(study, inputs, used, window, params.write_halves), progress)
    progress(0.9, "what was taken away")
    average = study.average
    values: Dict[str, Any] = dict(inputs.values, method=params.method, window=window, mask_source=used.source,
                                  removed=average.with_data(average.data - made.mean),
                                  halves_state=DEPENDENT if made.dependent else INDEPENDENT)
    values.update(noise_values(study, inputs.resolution, window, used.inside, values["removed"].data))
    halves = made.halves if params.write_halves else None
    values.update(_with_amplitudes(study, inputs, Denoised(made.mean, halves, made.dependent), params.amplitudes))
    if params.audit:
        values.update(audited(study.with_(full_map=None), made.mean, part(progress, 0.93, 0.07)))
    return DenoiseResult(summary=_summary(study, values), warnings=tuple(inputs.warnings + used.notes()), **values)


def noise_values(study: Study, resolution: float, window: float, inside: np.ndarray, removed: np.ndarray) -> Dict[str, Any]:
    """Local share of the noise, and how much was taken away, up to the resolution, each shell with the same power in the map.

    Parameters
    ----------
    study
        The half-maps.
    resolution, window
        Where the shells end, and the standard deviation of the Gaussian window (Å).
    inside
        The mask, bool [z, y, x].
    removed
        What was taken away, float32 [z, y, x].

    Returns
    -------
    dict
        ``noise_map``, ``noise_share``, ``noise_share_p95``, ``removed_share``, and ``removed_outside`` where there is an outside. The share
        is that of the local power of half the difference of the half-maps in that of half their sum.
    """
    geo = study.geometry
    sums = study.half_sums()
    power = (sums.power1 + sums.power2 + 2 * sums.cross) / 4 / np.maximum(sums.count, 0.5)
    profile = np.where((power > 0) & (np.arange(geo.n_shells) <= geo.length / resolution), 1 / np.sqrt(np.maximum(power, 1e-300)), 0.0)
    # the mean of a map is no signal of the molecule
    profile[0] = 0
    one, two = (fourier.inverse(filters.apply_radial(study.transform(half), geo, profile), geo.shape) for half in ("half1", "half2"))
    grid = local.points(geo.shape, study.grid.voxel_size, window)
    total, noise = local.local_powers(one, two, grid)
    carried = local_gains.carry(np.clip(noise / np.maximum(total, np.float32(1e-30)), 0, 1), geo.shape)
    np.clip(carried, 0, 1, out=carried)
    # in place: half the sum, and half the difference
    one += two
    one *= np.float32(0.5)
    np.subtract(one, two, out=two)
    gap = _powers(two, inside)[0]
    ft = fourier.forward(removed)
    gone, mean = _powers(fourier.inverse(filters.apply_radial(ft, geo, profile, out=ft), geo.shape), inside), _powers(one, inside)
    out = dict(noise_map=study.average.with_data(carried), noise_share=min(gap / mean[0], 1.0),
               noise_share_p95=float(np.percentile(carried[inside], 95)), removed_share=min(gone[0] / mean[0], 1.0))
    if not inside.all():
        out.update(removed_outside=min(gone[1] / mean[1], 1.0))
    return out


def _powers(data: np.ndarray, inside: np.ndarray) -> Tuple[float, float]:
    """Sums of squares inside and outside of a mask, never quite 0, with sums over one section at a time."""
    total = np.zeros(2)
    for section, where in zip(data, inside):
        square = np.square(section, dtype=np.float64)
        there = float(square[where].sum())
        total += (there, float(square.sum()) - there)
    return max(float(total[0]), 1e-300), max(float(total[1]), 1e-300)


def _with_amplitudes(study: Study, inputs: Any, made: Denoised, amplitudes: str) -> Dict[str, Any]:
    """The denoised maps by field, with the fall-off of the whole map undone where that is wanted."""
    maps = {"denoised_map": made.mean}
    if made.halves is not None:
        maps.update(denoised_half1=made.halves[0], denoised_half2=made.halves[1])
    out: Dict[str, Any] = {}
    if amplitudes == "density":
        fall_off = half_map_spectra(study, inputs, None).bfactor or 0.0
        left = bfactor_left(None, "density", inputs.resolution, fall_off)
        profile = filters.bfactor_profile(inputs.geo, left - fall_off)
        maps = {name: fourier.inverse(filters.apply_radial(fourier.forward(data), inputs.geo, profile), inputs.geo.shape)
                for name, data in maps.items()}
        out.update(bfactor_left=left)
    out.update({name: study.average.with_data(data) for name, data in maps.items()})
    return out


_NAMES = {"wiener": "by the local share of signal in each band", "conditional": "by conditional means across the half-maps",
          "lafter": "by the agreement of the half-maps (after LAFTER)",
          "sidesplitter": "by the own local power of each half-map (after SIDESPLITTER)"}


def _summary(study: Study, v: Dict[str, Any]) -> str:
    reason = study.independence.void
    if reason is not None:
        return f"The map was denoised, but what is noise in it is not known: {reason}. Do not use it."
    return (f"The map was denoised {_NAMES[v['method']]}: {100 * v['removed_share']:.1f} % of its power in the molecule up to "
            f"{v['resolution']:.2f} Å was taken away, where {100 * v['noise_share']:.1f} % is noise.{audit_words.of_own(v)} {_USE}.")
