"""Local resolution by the monogenic amplitude (MonoRes)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Result, Table, curve, map_output, metric, table
from . import monores_numbers as numbers, monores_steps as steps
from .monores_sweep import sweep
from .monores_xmipp import sweep_xmipp

Progress = Optional[Callable[[float, str], None]]


@dataclass(frozen=True)
class MonoresParams:
    """Parameters of the ``monores`` capability."""

    rules: str = param("cryoqa", "cryoqa: the amplitude is averaged over a window inside the mask before it is tested, and the frequency "
                       "at which it falls is interpolated. xmipp: Xmipp's program voxel by voxel, to compare with its maps.",
                       label="Rules", choices=("cryoqa", "xmipp"))
    resolution: Optional[float] = param(None, "Resolution of the whole map; from the FSC of the half-maps (0.143) when empty, three "
                                        "voxels with a single map.", label="Global resolution", unit="Å", min=0.5, max=200)
    start: Optional[float] = param(None, "Coarsest resolution looked at; when empty five times the global resolution, at least 10 Å.",
                                   label="Begin at", unit="Å", min=1, max=1000)
    significance: Optional[float] = param(None, "Part of the noise that a voxel must exceed; when empty 0.99 (xmipp: 0.95).",
                                          label="Significance", min=0.5, max=0.9999)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian over which the amplitude is averaged; when empty 1.5 times "
                                    "the global resolution, at least 4 Å.", label="Window", unit="Å", min=0.5, max=100,
                                    only_if=("rules", ("cryoqa",)))
    levels: int = param(24, "Number of frequencies looked at, evenly spaced up to 0.49 cycles a voxel.", label="Levels", min=4, max=500,
                        expert=True, only_if=("rules", ("cryoqa",)))
    step: float = param(0.5, "Step between resolutions.", label="Step", unit="Å", min=0.05, max=10, only_if=("rules", ("xmipp",)))
    noise_inside: bool = param(True, "With half-maps, take the noise from the mask alone, and not from the whole box.",
                               label="Noise in the mask", expert=True)
    gaussian_noise: bool = param(False, "Take the threshold from mean and standard deviation of the noise, as if it were Gaussian, "
                                 "instead of from its values.", label="Gaussian noise", expert=True)


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "lower")


@dataclass(frozen=True)
class MonoresResult(Result):
    """Result of the ``monores`` capability. Statistics are over the voxels of the mask that have a resolution."""

    schema: ClassVar[str] = "cryoqa/monores/1"
    median_resolution: Optional[float] = _res("median local resolution in the mask")
    mean_resolution: Optional[float] = _res("mean local resolution in the mask")
    resolution_p2_5: Optional[float] = _res("2.5 % of the voxels are better than this")
    resolution_p25: Optional[float] = _res("25 % of the voxels are better than this")
    resolution_p75: Optional[float] = _res("75 % of the voxels are better than this")
    resolution_p97_5: Optional[float] = _res("97.5 % of the voxels are better than this")
    spread: Optional[float] = metric("Å", "97.5th less 2.5th percentile: how much the resolution varies over the map", "none")
    median_over_global: Optional[float] = metric("", "median local resolution over the global resolution", "target:1")
    global_resolution: Optional[float] = metric("Å", "resolution of the whole map, given, or unmasked FSC of the half-maps at 0.143",
                                                "none")
    beyond_sweep: Optional[float] = metric("", "part of the voxels that exceed the noise up to the last frequency looked at", "none")
    unresolved: Optional[float] = metric("", "part of the mask that does not exceed the noise even at the first frequencies", "lower")
    n_voxels: Optional[int] = metric("", "voxels of the mask (at least 0.5)", "none")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, or made here", "none")
    noise_source: Optional[str] = metric("", "where the noise is taken from", "none")
    window_used: Optional[float] = metric("Å", "standard deviation of the window the amplitude was averaged over", "none")
    start_used: Optional[float] = metric("Å", "coarsest resolution looked at", "none")
    stopped_at: Optional[float] = metric("Å", "finest resolution looked at", "none")
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_masked: Optional[bool] = metric("", "a half-map was multiplied by a mask before it came here", "none")
    half_maps_scale: Optional[float] = metric("", "larger over smaller standard deviation of the half-maps", "target:1")
    histogram: Optional[Curve] = curve("local resolution in the mask", x_label="Resolution", x_unit="Å", y_label="Part of the mask")
    cumulative: Optional[Curve] = curve("part of the mask that is at least as good", x_label="Resolution", x_unit="Å",
                                        y_label="Part of the mask up to here")
    sweep: Optional[Table] = table("Signal and noise at each frequency looked at")
    local_resolution: Optional[Map] = map_output("Å", "local resolution, 0 outside the mask")


def compute_monores(inputs: Inputs, params: MonoresParams, *, progress: Progress = None) -> MonoresResult:
    """Local resolution of ``half1`` and ``half2``, or of ``full_map``, in ``mask``: where detail stands out of noise.

    Vilas et al. (2018), https://doi.org/10.1016/j.str.2017.12.018. A voxel has the finest resolution at which the monogenic amplitude
    of the map beyond it exceeds that of the noise: half the difference of the half-maps, or the solvent of a single map.
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params)
    say(0.1, "sweep over the frequencies")
    found = (sweep_xmipp if params.rules == "xmipp" else sweep)(work, say)
    say(0.95, "statistics")
    values = numbers.values(work, found)
    say(1.0, "done")
    return MonoresResult(summary=numbers.summary(work, values), warnings=tuple(work.warnings), **values)
