"""B-factor sharpening: one smooth filter for the whole map, or one that varies smoothly from place to place (Phenix's auto_sharpen)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...io.inputs import Inputs
from ...params import param
from ...results import Curve, Table, curve, metric, table
from . import auto_steps as steps
from .common import SharpenedResult, finish

Progress = Optional[Callable[[float, str], None]]
METHODS = ("half_map", "solvent", "target_b_iso_to_d_cut", "b_iso_to_d_cut", "b_iso", "resolution_dependent", "model", "external",
           "no_sharpening", "best")
_SEARCHED = ("b_iso_to_d_cut", "b_iso", "best")
_SURFACE = ("target", ("adjusted_sa",))


@dataclass(frozen=True)
class AutoSharpenParams:
    """Parameters of the ``auto_sharpen`` capability."""

    method: Optional[str] = param(
        None, "half_map, solvent: to the B-factor usual at the resolution, every frequency weighted by its signal; the half-maps or the "
        "solvent tell the noise. target_b_iso_to_d_cut: to that B-factor, without weights. b_iso, b_iso_to_d_cut: the B-factor that makes "
        "the map clearest, everywhere or up to the resolution. resolution_dependent: three numbers that do. model, external: to the "
        "spectrum of a model or of the reference map. best: all that the inputs allow, the clearest is taken.", label="Method",
        choices=METHODS)
    resolution: Optional[float] = param(None, "Resolution of the map.", label="Resolution", unit="Å", min=0.5, max=50)
    bfactor: Optional[float] = param(None, "B-factor to apply instead of a search; negative sharpens (Phenix: b_sharpen with the other "
                                     "sign).", label="B-factor", unit="Å²", min=-2000, max=2000)
    b_iso: Optional[float] = param(None, "Fall-off that the map is to have afterwards, instead of a search.", label="Target B-factor",
                                   unit="Å²", min=-500, max=2000)
    target_b_ratio: Optional[float] = param(None, "The B-factor usual at a resolution d is this times d squared. 8 with weights, 5.9 "
                                            "without, when empty.", label="Target ratio", min=0, max=50, expert=True)
    target: str = param("adjusted_sa", "What a search makes as large as it can. adjusted_sa: surface of a contour less the number of its "
                        "pieces; kurtosis: how far the highest density stands out.", label="Target of searches",
                        choices=("adjusted_sa", "kurtosis"))
    remove_anisotropy: Optional[str] = param(None, "Take out that the signal falls off faster in some directions, told by the half-maps or "
                                             "by the map itself, where it is significant.", label="Anisotropy",
                                             choices=("half_maps", "map", "none"))
    local: bool = param(False, "Let the B-factor vary from place to place: that which makes each window clearest. Not for model, external, "
                        "resolution_dependent and no_sharpening.", label="Local")
    local_window: Optional[float] = param(None, "Edge of the windows, 12 times the resolution when empty.", label="Window", unit="Å", min=5,
                                          max=500, expert=True, only_if=("local", ("yes",)))
    local_smoothing: Optional[float] = param(None, "Standard deviation of the Gaussian between windows, a third of their edge when empty.",
                                             label="Smoothing of local B-factors", unit="Å", min=1, max=500, expert=True,
                                             only_if=("local", ("yes",)))
    d_cut: Optional[float] = param(None, "Resolution at which sharpening ends, that of the map when empty.", label="End of sharpening",
                                   unit="Å", min=0.5, max=50, expert=True)
    k_sharpen: float = param(10.0, "How abruptly sharpening ends at d_cut; 0 for no end.", label="Steepness of the end", unit="1/Å", min=0,
                             max=1000, expert=True)
    b_blur_hires: Optional[float] = param(200.0, "B-factor added beyond d_cut; what lies there stays as it is when empty.",
                                          label="B-factor beyond the end", unit="Å²", min=0, max=5000, expert=True)
    d_min_ratio: float = param(0.833, "Nothing finer than this times the resolution is kept.", label="Limit", min=0.2, max=1, expert=True)
    search_b_min: float = param(-100.0, "Lowest b_iso of a search.", label="Search from", unit="Å²", min=-1000, max=2000, expert=True)
    search_b_max: Optional[float] = param(None, "Highest b_iso of a search; 300, or the B-factor of the map when that is higher, when "
                                          "empty.", label="Search to", unit="Å²", min=-1000, max=5000, expert=True)
    search_b_n: int = param(21, "Values of a search.", label="Values", min=5, max=201, expert=True)
    optimise_d_cut: bool = param(False, "Refine d_cut after the search, with b_iso.", label="Refine the end", expert=True,
                                 only_if=("method", _SEARCHED))
    optimise_b_blur_hires: bool = param(False, "Refine b_blur_hires after the search, with b_iso.", label="Refine the B-factor beyond",
                                        expert=True, only_if=("method", _SEARCHED))
    signal_min: float = param(3.0, "With best, a search whose best value stands out by less than this many times its scatter does not "
                              "count.", label="Least signal of a search", min=0, max=100, expert=True)
    require_improvement: bool = param(True, "Leave the map as it is when a search finds nothing clearer.", label="Only if clearer",
                                      expert=True)
    resolution_dependent_b: Optional[str] = param(None, "Three numbers for resolution_dependent instead of a search: logarithm of the "
                                                  "factor at half of the squared frequency, at the resolution, and its change from there "
                                                  "to the limit.", label="Resolution-dependent factors", expert=True)
    normalise_amplitudes: bool = param(False, "resolution_dependent: bring the amplitudes of all frequencies to one height first.",
                                       label="Normalise amplitudes", expert=True, only_if=("method", ("resolution_dependent",)))
    region_weight: Optional[float] = param(None, "Weight of the pieces of a contour; less sharpens more.", label="Weight of pieces", min=0,
                                           max=1e6, expert=True, only_if=_SURFACE)
    region_weight_method: str = param("delta_ratio", "How the weight is found. delta_ratio: surface and pieces change by as much over the "
                                      "search; initial_ratio: they are equal at its beginning; b_iso: by the B-factor usual at the "
                                      "resolution, without a search.", label="Weight by",
                                      choices=("delta_ratio", "initial_ratio", "b_iso"), expert=True, only_if=_SURFACE)
    region_weight_factor: float = param(1.0, "Factor of the weight that was found.", label="Factor of the weight", min=0.01, max=100,
                                        expert=True, only_if=_SURFACE)
    region_weight_buffer: float = param(0.1, "How far inside of the range in which the best is not at an end the weight is kept.",
                                        label="Margin of the weight", min=0, max=0.49, expert=True, only_if=_SURFACE)
    fraction_occupied: float = param(0.2, "Part of the molecule's volume inside the contour.", label="Volume inside", min=0.01, max=1,
                                     expert=True)
    surface_part: float = param(0.3, "The largest pieces are looked at until they hold this part of the volume.", label="Part looked at",
                                min=0.01, max=1, expert=True, only_if=_SURFACE)
    max_regions: int = param(31, "Most pieces that are looked at.", label="Pieces looked at", min=1, max=10000, expert=True,
                             only_if=_SURFACE)
    score_region: str = param("density", "Where trials are scored. density: the box that holds the density; box: a box of density; map: "
                              "everywhere.", label="Scored in", choices=("density", "box", "map"), expert=True)
    density_threshold: float = param(0.05, "Slabs whose highest value reaches this part of the range hold density.",
                                     label="Threshold of density", min=0.001, max=0.9, expert=True, only_if=("score_region", ("density",)))
    box_edge: int = param(60, "Edge of the box in voxels.", label="Edge of the box", min=8, max=1000, expert=True,
                          only_if=("score_region", ("box",)))
    box_centre: Optional[str] = param(None, "Centre of the box, x y z in Å, where the density varies most when empty.",
                                      label="Centre of the box", expert=True, only_if=("score_region", ("box",)))
    weak_density: bool = param(False, "Put the box where the density of the molecule is weak.", label="Weak density", expert=True,
                               only_if=("score_region", ("box",)))
    max_box_fraction: float = param(0.95, "A box larger than this part of the map gives way to the map.", label="Largest box", min=0.01,
                                    max=1, expert=True)
    soft_mask: bool = param(True, "Let the density fall to 0 at the faces of the box, over one resolution.", label="Soft faces",
                            expert=True)
    solvent_fraction: Optional[float] = param(None, "Part of the map that is solvent; told by mass, sequence, mask or local variance when "
                                              "empty.", label="Solvent", min=0.02, max=0.99, expert=True)
    molecular_mass: Optional[float] = param(None, "Mass of the whole molecule.", label="Molecular mass", unit="kDa", min=1, max=1e6,
                                            expert=True)
    sequence: Optional[str] = param(None, "FASTA file with all chains, for the mass.", label="Sequence file", expert=True)
    copies: int = param(1, "Copies of what the mass or sequence file describes.", label="Copies", min=1, max=10000, expert=True)
    rmsd: Optional[float] = param(None, "Coordinate error of the model, a quarter of the resolution when empty.", label="Model error",
                                  unit="Å", min=0, max=20, expert=True, only_if=("method", ("model", "best")))
    fraction_complete: Optional[float] = param(None, "Part of the molecule's scattering that the model holds.", label="Completeness",
                                               min=0.01, max=1, expert=True, only_if=("method", ("model", "best")))
    atom_radius: float = param(3.0, "Distance from atoms within which map and model are compared.", label="Radius around atoms", unit="Å",
                               min=1, max=20, expert=True, only_if=("method", ("model", "best")))
    model_b_zero: bool = param(False, "Sharpen towards point atoms instead of atoms with the B-factors of the model.",
                               label="Point atoms", expert=True, only_if=("method", ("model", "best")))
    output_sd: Optional[float] = param(None, "Give the output a mean of 0 and this standard deviation; it keeps its height when empty.",
                                       label="Standard deviation", min=1e-6, max=1e6, expert=True)


def _value(unit: str, meaning: str, better: str = "none") -> Any:
    return metric(unit, meaning, better)


@dataclass(frozen=True)
class AutoSharpenResult(SharpenedResult):
    """Result of the ``auto_sharpen`` capability."""

    schema: ClassVar[str] = "cryoqa/auto_sharpen/1"
    method: Optional[str] = _value("", "method whose filter was applied")
    b_iso_before: Optional[float] = _value("Å²", "fall-off of the map, or with weights of its signal; positive")
    b_iso_after: Optional[float] = _value("Å²", "fall-off that was aimed at")
    bfactor: Optional[float] = _value("Å²", "B-factor applied up to d_cut; negative sharpens")
    d_cut: Optional[float] = _value("Å", "resolution at which sharpening ended")
    b_blur_hires: Optional[float] = _value("Å²", "B-factor added beyond d_cut")
    area_before: Optional[float] = _value("", "surface of the contour, voxels over voxels enclosed, before")
    area_after: Optional[float] = _value("", "the same after", "higher")
    adjusted_before: Optional[float] = _value("", "adjusted surface area before")
    adjusted_after: Optional[float] = _value("", "adjusted surface area after", "higher")
    kurtosis_before: Optional[float] = _value("", "kurtosis of the density in the box before")
    kurtosis_after: Optional[float] = _value("", "kurtosis of the density in the box after", "higher")
    region_weight: Optional[float] = _value("", "weight of the pieces of a contour in the adjusted surface area")
    search_signal: Optional[float] = _value("", "how far the best of a search stands out above the ends of its range, over its scatter",
                                            "higher")
    improved: Optional[bool] = _value("", "the target of searches is higher afterwards than before")
    n_trials: Optional[int] = _value("", "filters tried")
    solvent_fraction: Optional[float] = _value("", "part of the map that is solvent")
    noise_from: Optional[str] = _value("", "what told the noise: half-maps, solvent or unknown")
    anisotropy_removed: Optional[bool] = _value("", "an anisotropic fall-off was taken out")
    u_range: Optional[float] = _value("Å²", "largest less smallest principal value of the displacement tensor of the signal", "lower")
    u_error: Optional[float] = _value("Å²", "standard error of a component of the tensor, mean of the six", "lower")
    model_completeness: Optional[float] = _value("", "part of the molecule's scattering that the model holds")
    local_b_low: Optional[float] = _value("Å²", "fall-off aimed at locally, that 5 % of the molecule stay below")
    local_b_median: Optional[float] = _value("Å²", "fall-off aimed at locally, median over the molecule")
    local_b_high: Optional[float] = _value("Å²", "fall-off aimed at locally, that 5 % of the molecule exceed")
    trials: Optional[Table] = table("filters tried, best of each method first; b_iso, bfactor, b_blur in Å², d_cut in Å")
    anisotropy: Optional[Table] = table("displacement tensor of the signal less its mean, and its standard errors (Å²)")
    search: Optional[Curve] = curve("score of a search", x_label="b_iso", x_unit="Å²", y_label="Score")
    filter: Optional[Curve] = curve("factor of the amplitudes", x_label="Frequency", x_unit="1/Å", y_label="Factor")
    weight: Optional[Curve] = curve("weight of the frequencies, by their signal-to-noise ratio", x_label="Frequency", x_unit="1/Å",
                                    y_label="Weight")


def compute_auto_sharpen(inputs: Inputs, params: AutoSharpenParams, *, progress: Progress = None) -> AutoSharpenResult:
    """Sharpen ``full_map`` (or the mean of the half-maps), float32 [z, y, x], and the half-maps alike.

    The amplitude at frequency ``s`` is multiplied by ``exp(-b(s) s^2 / 4)``. Terwilliger et al. (2018),
    https://doi.org/10.1107/S2059798318004655; Rosenthal & Henderson (2003), https://doi.org/10.1016/j.jmb.2003.07.013 (weights).
    """
    say = progress or (lambda fraction, message: None)
    say(0.02, "signal and noise")
    plan = steps.prepare(inputs, params)
    say(0.3, "trials")
    found = steps.decide(plan, say)
    say(0.75, "applying the filter")
    maps = steps.apply(plan, found)
    values = dict(steps.numbers(plan, found), **finish(plan.given, maps))
    say(1.0, "done")
    return AutoSharpenResult(summary=steps.summary(values), warnings=tuple(plan.work.warnings), **values)
