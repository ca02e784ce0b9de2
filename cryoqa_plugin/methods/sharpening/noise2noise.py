"""Denoising by a small network that learns from the two half-maps alone, beside the conditional means across them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import numpy as np

from ...core import conditional
from ...core.threads import get_threads
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, curve, map_output, metric
from ...study import Study
from ...study.halves import DEPENDENT, MarkedHalves
from ..map_info import audit_words
from ..map_info.audit_own import AuditedResult, audited
from .common import SharpeningInputs, sharpening_inputs
from .denoise import noise_values
from .local_sharpen_bands import choose_window
from .noise2noise_network import Plan, Trained, Training, read_map

_USE = "Use it to look at and to build into; resolution, FSC and refinement need the half-maps that went in"
_FIRST = (0, 11, 22, 37)              # positions of the cube that differ in all axes; the others come after them
_LEAST = 32                           # voxels of the shortest edge


@dataclass(frozen=True)
class Noise2noiseParams:
    """Parameters of :func:`compute_noise2noise`."""

    steps: int = param(300, "Steps of training at most. It ends sooner when the parts of the map that are held out get worse.",
                       label="Steps", min=20, max=100000)
    seed: int = param(0, "Start of the random numbers. The same seed gives the same map on the same machine.", label="Seed", min=0,
                      max=2147483647)
    write_halves: bool = param(False, "Also write the denoised half-maps. They are marked in their headers, and are not for an FSC.",
                         label="Write half-maps")
    checkpoint: Optional[str] = param(None, "File that keeps the training every 50 steps. A run that finds it there goes on from it. "
                                      "None is kept when it is left out.", label="Checkpoint", expert=True)
    resolution: Optional[float] = param(None, "Resolution of the map; windows go by it. From the data: where the FSC of the half-maps, in "
                                        "the mask when there is one, falls below 0.143.", label="Resolution", unit="Å", min=0.5, max=100)
    rate: float = param(0.001, "Rate of training, after the first steps.", label="Rate", min=1e-7, max=0.1, expert=True)
    box: int = param(48, "Edge of the boxes that the network is trained on.", label="Box", unit="voxels", min=32, max=96, expert=True)
    positions: int = param(4, "Positions of the cube, turned and mirrored, that the trained network reads the map in; the mean is taken. "
                           "More are a little better, and each takes its time.", label="Positions", min=1, max=48, expert=True)
    device: str = param("auto", "Where the network runs. auto: on a graphics card where there is one.", label="Device",
                        choices=("auto", "cpu", "cuda"), expert=True)


@dataclass(frozen=True)
class Noise2noiseResult(MarkedHalves, AuditedResult):
    """Result of :func:`compute_noise2noise`."""

    schema: ClassVar[str] = "cryoqa/noise2noise/1"
    resolution: Optional[float] = metric("Å", "resolution that the denoising went by", "none")
    steps_made: Optional[int] = metric("", "steps of training that were made", "none")
    foretold: Optional[float] = metric("", "part of the power of a half-map, with an even spectrum, that the network foretells from the "
                                           "other one, in blocks that it did not learn from", "higher")
    weight_of_network: Optional[float] = metric("", "part of the weights, in the shells from 10 Å to the resolution, that the network has "
                                                    "beside the conditional means", "none")
    halves_state: Optional[str] = metric("", "dependent: what was done to a half-map depends on the other", "none")
    removed_share: Optional[float] = metric("", "part of the power of the map in the mask that was taken away", "none")
    removed_outside: Optional[float] = metric("", "part of the power outside of the mask that was taken away", "none")
    noise_share: Optional[float] = metric("", "part of the power of the map in the mask that is noise, up to the resolution", "lower")
    noise_share_p95: Optional[float] = metric("", "local share of the noise that 95 % of the mask is below", "lower")
    mask_source: Optional[str] = metric("", "where the mask comes from", "none")
    foretold_curve: Optional[Curve] = curve("Part of the power of the other half-map that is foretold in blocks held out, by step",
                                            x_label="Step", x_unit="", y_label="Foretold")
    learned_curve: Optional[Curve] = curve("Part of the power of the other half-map that is foretold where the network learned, by step",
                                           x_label="Step", x_unit="", y_label="Foretold")
    denoised_map: Optional[Map] = map_output("", "the denoised map", output="outputVolume", halves="input")
    denoised_half1: Optional[Map] = map_output("", "half-map 1 denoised; not for an FSC", output="outputDenoisedHalf1")
    denoised_half2: Optional[Map] = map_output("", "half-map 2 denoised; not for an FSC", output="outputDenoisedHalf2")
    removed: Optional[Map] = map_output("", "what was taken away: the mean of the half-maps less the denoised map", output="outputRemoved")
    noise_map: Optional[Map] = map_output("", "local share of the noise in the power of the map, up to the resolution",
                                          output="outputNoiseShare")


def compute_noise2noise(study: Study, params: Noise2noiseParams, *, progress: Progress = silent) -> Noise2noiseResult:
    """Denoised map of two half-maps by a network trained on them, put together with the conditional means in every shell.

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
    Noise2noiseResult
        Without maps where the half-maps are not two measurements of one molecule.

    Raises
    ------
    MissingInputError
        A half-map is missing.
    InputError
        The inputs do not fit together, or PyTorch has no graphics card that it was told to use.
    FormatError
        The checkpoint cannot be read.

    Notes
    -----
    A network that foretells half-map 2 from half-map 1 with the least squared error gives the mean of half-map 2 over all that looks like
    half-map 1 does there: the signal, since noise is independent. Half-maps have an even spectrum and are weighted by the share of
    signal, as for the conditional means; boxes are turned and mirrored, and the half-maps swapped, at random.

    References
    ----------
    Lehtinen et al. (2018), https://doi.org/10.48550/arXiv.1803.04189; Tegunov et al. (2021), https://doi.org/10.1038/s41592-020-01054-7.
    """
    study.check("half1", "half2", "mask", least=_LEAST, what="a network needs")
    inputs = sharpening_inputs(study.with_(full_map=None), params.resolution, need_halves=True)
    void = study.independence.void
    if void is not None:
        return Noise2noiseResult(summary=f"Nothing was denoised: {void}. A network would learn the noise with the signal.",
                                 **study.half_map_values())
    made, trained, weight = _denoise(study, inputs, params, progress)
    progress(0.9, "what was taken away")
    average, used = study.average, study.used_mask
    values: Dict[str, Any] = dict(inputs.values, mask_source=used.source, halves_state=DEPENDENT, steps_made=trained.steps,
                                  weight_of_network=weight, foretold=max(c[2] for c in trained.curve))
    maps = {"denoised_map": (made[0] + made[1]) * np.float32(0.5)}
    if params.write_halves:
        maps.update(denoised_half1=made[0], denoised_half2=made[1])
    maps.update(removed=average.data - maps["denoised_map"])
    window = choose_window(None, inputs.resolution)
    values.update(noise_values(study, inputs.resolution, window, used.inside, maps["removed"]))
    values.update({name: average.with_data(data) for name, data in maps.items()})
    step, there, held = (np.array(c, float) for c in zip(*trained.curve))
    values.update(foretold_curve=Curve(step, held), learned_curve=Curve(step, there))
    values.update(audited(study.with_(full_map=None), maps["denoised_map"], part(progress, 0.92, 0.08)))
    return Noise2noiseResult(summary=_summary(values), warnings=tuple(inputs.warnings + used.notes()), **values)


def _denoise(study: Study, inputs: SharpeningInputs, params: Noise2noiseParams, progress: Progress
             ) -> Tuple[Tuple[np.ndarray, np.ndarray], Trained, float]:
    """The denoised half-maps, the network, and the part of the weights that it has."""
    used, geo = study.used_mask, inputs.geo
    found = conditional.conditional_means(
        study.transform("half1"), study.transform("half2"), geo, study.grid.voxel_size, study.unmasked_resolution or inputs.resolution,
        float(np.mean(used.inside)), used.data if used.source == "given" else None, part(progress, 0.0, 0.05))
    scale = np.float32(1 / max(np.sqrt(np.mean(np.square(found.bases[0][0][found.mask > 0.5], dtype=np.float64))), 1e-30))
    pair = (found.bases[0][0] * scale, found.bases[0][1] * scale)
    device = _device(params.device)
    trained = Training(pair, found.mask, Plan(params.steps, params.rate, params.box, params.seed, params.checkpoint, device)).run(
        part(progress, 0.05, 0.7))
    turns = [*_FIRST, *(k for k in range(48) if k not in _FIRST)][:params.positions]
    told: List[np.ndarray] = []
    for half in (0, 1):
        told.append(read_map(trained.weights, pair[half], turns, device, part(progress, 0.75 + 0.07 * half, 0.07, f"half-map {half + 1}")))
        told[-1] /= scale
    found = conditional.with_bases(found, [(told[0], told[1])], geo)
    shell = np.arange(geo.n_shells)
    seen = (shell >= geo.length / 10) & (shell <= geo.length / inputs.resolution)
    weights = np.abs(found.weights[seen])
    return conditional.combined(found, geo), trained, float(weights[:, -1].sum() / max(weights.sum(), 1e-30))


def _device(wanted: str) -> str:
    """The device of PyTorch, which takes our threads: where there is a graphics card, that one, unless something else is asked for."""
    import torch
    torch.set_num_threads(get_threads())
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise InputError("PyTorch finds no graphics card here; use device auto or cpu.")
    return "cuda" if there and wanted != "cpu" else "cpu"


def _summary(v: Dict[str, Any]) -> str:
    return (f"The map was denoised by a network trained for {v['steps_made']} steps on the half-maps, and by conditional means across "
            f"them: {100 * v['removed_share']:.1f} % of its power in the molecule up to {v['resolution']:.2f} Å was taken away, where "
            f"{100 * v['noise_share']:.1f} % is noise.{audit_words.of_own(v)} {_USE}.")
