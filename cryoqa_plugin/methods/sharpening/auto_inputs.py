"""What ``auto_sharpen`` knows before it tries anything: maps, mask, spectra, anisotropy, and the box in which trials are scored."""
from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Tuple

import numpy as np

from ...core import density, fourier, shells
from ...core.fourier import Geometry
from ...errors import InputError, MissingInputError
from ...io.maps import Map
from ...params import param
from ...study import Study
from ...study.mask import INSIDE
from ..resolution.directional_tensor import Tensor
from . import auto_anisotropy as anisotropy
from . import auto_gains as gains
from . import auto_region, auto_spectra
from .auto_spectra import Spectra
from .auto_trials import Box, Scoring
from .common import OUTPUTS, SharpeningInputs, check_maps, maps_by_output, sharpening_inputs

METHODS = ("half_map", "solvent", "target_b_iso_to_d_cut", "b_iso_to_d_cut", "b_iso", "resolution_dependent", "model", "external",
           "no_sharpening", "best")
_SEARCHED = ("b_iso_to_d_cut", "b_iso", "best")
_SURFACE = ("target", ("adjusted_sa",))


@dataclass(frozen=True)
class AutoSharpenParams:
    """Parameters of the ``auto_sharpen`` capability."""

    method: Optional[str] = param(
        None, "half_map, solvent: to the B-factor usual at the resolution, every frequency weighted by its signal; the noise is that of "
        "the half-maps or the solvent. target_b_iso_to_d_cut: to that B-factor, without weights. b_iso, b_iso_to_d_cut: the B-factor that "
        "makes "
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
                        "pieces; kurtosis: how high the highest density is.", label="Target of searches",
                        choices=("adjusted_sa", "kurtosis"))
    remove_anisotropy: Optional[str] = param(None, "Take out that the signal falls off faster in some directions, as the half-maps or "
                                             "the map itself show, where it is significant.", label="Anisotropy",
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
    signal_min: float = param(3.0, "With best, a search whose best value is higher than the rest by less than this many times its scatter "
                                   "does not "
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
    solvent_fraction: Optional[float] = param(None, "Part of the map that is solvent; from mass, sequence, mask or local variance when "
                                              "empty.", label="Solvent", min=0.02, max=0.99, expert=True)
    molecular_mass: Optional[float] = param(None, "Mass of the whole molecule.", label="Molecular mass", unit="kDa", min=1, max=1e6,
                                            expert=True)
    copies: int = param(1, "Copies of what the mass or the sequence describes.", label="Copies", min=1, max=10000, expert=True)
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


class AutoSharpenInputs(NamedTuple):
    """What is known of the map.

    ``base`` holds the maps, without the anisotropy when it was ``corrected``; ``given`` holds them as they came. ``mask`` float32 [z, y, x]
    of the molecule; ``whole`` power of the map per shell, float64 [n_shells]; ``b_whole`` its fall-off and ``b_signal`` that of the signal
    (Å²); ``weights`` of the shells; ``solvent`` fraction of the box; ``tensor`` of the signal.
    """

    params: AutoSharpenParams
    base: SharpeningInputs
    given: SharpeningInputs
    method: str
    mask: np.ndarray
    spectra: Spectra
    whole: np.ndarray
    b_whole: float
    b_signal: float
    weights: np.ndarray
    solvent: float
    tensor: Optional[Tensor]
    corrected: bool

    @property
    def study(self) -> Study:
        """The maps, without the anisotropy when it was taken out."""
        return self.base.study

    @property
    def d_min(self) -> float:
        """Limit (Å) beyond which nothing is kept."""
        return self.params.d_min_ratio * self.base.resolution

    @property
    def geo(self) -> Geometry:
        """Shells of the box."""
        return self.base.geo


def auto_inputs(study: Study, params: AutoSharpenParams) -> AutoSharpenInputs:
    """Check the inputs and measure what the methods need.

    Parameters
    ----------
    study, params
        As of :func:`.auto_sharpen.compute_auto_sharpen`.

    Returns
    -------
    AutoSharpenInputs
        Spectra and resolution are those inside the mask, given or made.

    Raises
    ------
    MissingInputError
        An input is not there that the choices need.
    InputError
        The choices or the inputs do not fit together.
    """
    _check_choice(study, params)
    check_maps(study)
    used = study.used_mask
    given = sharpening_inputs(study.with_(mask=used.map), params.resolution)
    fts = auto_spectra.masked_transforms(_told_by(given), used.data)
    spectra = auto_spectra.measure(fts, given.geo)
    if params.method == "solvent" and spectra.source != "solvent":
        why = "half-maps are given, choose half_map" if spectra.source == "half-maps" else \
            f"the solvent of the map is masked or does not reach past the mask ({given.mean.place}), choose target_b_iso_to_d_cut"
        raise InputError(f"The solvent does not show the noise: {why}.")
    found, base = _tensor(params, given, used.data, fts, spectra), given
    corrected = params.remove_anisotropy != "none" and anisotropy.significant(found)
    if corrected:
        base = _without_anisotropy(given, found)
        spectra = auto_spectra.measure(auto_spectra.masked_transforms(_told_by(base), used.data), base.geo)
    power, _, count = shells.power_sums(base.mean_transform(), base.geo)
    whole = power / np.maximum(count, 1)
    _model_outside(params, base)
    return AutoSharpenInputs(params, base, given, _method(study, params, spectra), used.data, spectra, whole,
                             auto_spectra.fall_off(whole, count, base.geo, base.resolution),
                             auto_spectra.fall_off(spectra.signal, spectra.count, base.geo, base.resolution),
                             auto_spectra.weights(spectra, base.geo),
                             _solvent(params, base, used.data if used.source == "given" else None), found, corrected)


def _told_by(base: SharpeningInputs) -> Tuple[Map, ...]:
    """The maps that tell signal and noise: the half-maps, else the map."""
    return (base.study.half1, base.study.half2) if base.halves else (base.mean,)


def _check_choice(study: Study, params: AutoSharpenParams) -> None:
    if params.bfactor is not None and params.b_iso is not None:
        raise InputError(f"Both a B-factor ({params.bfactor:g} Å²) and a target B-factor ({params.b_iso:g} Å²) are given; give one "
                         "of them.")
    fixed = params.bfactor is not None or params.b_iso is not None
    if fixed and params.method not in (None, "b_iso", "b_iso_to_d_cut", "half_map", "solvent", "target_b_iso_to_d_cut"):
        raise InputError(f"A B-factor is given but the method is {params.method}, which has no use for it; choose b_iso or "
                         "b_iso_to_d_cut.")
    if params.search_b_max is not None and params.search_b_max <= params.search_b_min:
        raise InputError(f"The search goes from {params.search_b_min:g} to {params.search_b_max:g} Å²; its end must be above its "
                         "beginning.")
    needed = {"model": ("model", "An atomic model"), "external": ("reference_map", "A reference map"), "half_map": ("half1", "Half-maps")}
    if params.method in needed and getattr(study, needed[params.method][0]) is None:
        raise MissingInputError(f"{needed[params.method][1]} is needed for the method {params.method} and was not given; give its file.")
    if params.remove_anisotropy == "half_maps" and study.half1 is None:
        raise MissingInputError("Half-maps are needed to measure the anisotropy and were not given; give their files, or choose 'map'.")


def _tensor(params: AutoSharpenParams, base: SharpeningInputs, mask: np.ndarray, fts: auto_spectra.MaskedTransforms,
            spectra: Spectra) -> Optional[Tensor]:
    last = int(base.geo.length / base.resolution) + 1
    if params.remove_anisotropy == "none":
        return None
    if spectra.source == "half-maps" and params.remove_anisotropy != "map":
        return anisotropy.from_halves(fts, base.geo, last)
    if params.remove_anisotropy is None and spectra.source != "solvent":
        return None                                            # the noise would pass for signal
    of_map = auto_spectra.masked_transforms((base.mean,), mask) if base.halves else fts
    room = of_map.weight_outside > 0.02 * mask.size
    return anisotropy.from_map(of_map, base.geo, last, room and spectra.source != "unknown")


def _without_anisotropy(base: SharpeningInputs, found: Tensor) -> SharpeningInputs:
    """The maps without the anisotropy; their mean is that of the changed half-maps."""
    def change(name: str, map_: Map) -> Map:
        ft = anisotropy.remove(base.study.transform(name), base.geo, found.components, base.resolution)
        return map_.with_data(fourier.inverse(ft, map_.shape))

    study = base.study.with_(**{name: change(name, map_) for name, map_ in base.study.maps().items() if name in OUTPUTS})
    return base._replace(study=study, mean=study.density, maps=maps_by_output(study))


def _method(study: Study, params: AutoSharpenParams, spectra: Spectra) -> str:
    if params.method is not None:
        return params.method
    if params.bfactor is not None or params.b_iso is not None:
        return "b_iso_to_d_cut"
    if params.resolution_dependent_b is not None:
        return "resolution_dependent"
    if study.reference_map is not None:
        return "external"
    return {"half-maps": "half_map", "solvent": "solvent"}.get(spectra.source, "target_b_iso_to_d_cut")


def _model_outside(params: AutoSharpenParams, base: SharpeningInputs) -> None:
    """Say when a model that no method asks for lies outside of the map."""
    atoms = base.study.model
    if atoms is None or params.method in ("model", "best"):
        return
    found = density.atoms_inside(atoms.elements, atoms.xyz, base.mean.shape, base.mean.voxel_size, base.mean.origin)
    if found.outside:
        base.warnings.append(f"{found.outside} of the {atoms.n_atoms} atoms of the model ({atoms.path}) lie outside of the map "
                             f"({base.mean.place}).")


def _solvent(params: AutoSharpenParams, base: SharpeningInputs, mask: Optional[np.ndarray]) -> float:
    if params.solvent_fraction is not None:
        return params.solvent_fraction
    if params.molecular_mass is not None:
        return auto_region.solvent_of_mass(1e3 * params.molecular_mass * params.copies, base.mean, "The molecular mass")
    sequence = base.study.sequence
    if sequence is not None:
        file = f" ({sequence.path})" if sequence.path else ""
        return auto_region.solvent_of_mass(sequence.mass * params.copies, base.mean, f"The sequence{file}")
    if mask is not None:
        return float(np.clip(1 - np.count_nonzero(mask >= INSIDE) / mask.size, 0.02, 0.99))
    return auto_region.solvent_of_map(base.mean, base.resolution)


def bounds(inputs: AutoSharpenInputs) -> auto_region.Bounds:
    """The part of the map in which trials are scored.

    Parameters
    ----------
    inputs
        What is known of the map.

    Returns
    -------
    Bounds
        The whole map where the box would be nearly as large.
    """
    p, grid = inputs.params, inputs.base.mean
    everything = auto_region.Bounds((0, 0, 0), tuple(grid.shape))
    if p.score_region == "map" or p.local:
        return everything
    if p.score_region == "density":
        margin = int(np.ceil(inputs.base.resolution / grid.voxel)) * (2 if p.soft_mask else 1)
        out = auto_region.density_bounds(grid.data, p.density_threshold, margin)
    else:
        out = auto_region.box_around(_centre(inputs), p.box_edge, grid.shape)
    return everything if np.prod(out.shape) > p.max_box_fraction * grid.data.size else out


def _centre(inputs: AutoSharpenInputs) -> Tuple[float, ...]:
    grid = inputs.base.mean
    if inputs.params.box_centre is None:
        return auto_region.representative(grid, inputs.mask >= INSIDE, inputs.base.resolution, inputs.params.weak_density)
    xyz = gains.three_numbers(inputs.params.box_centre, "Centre of the box")
    at = tuple((c - o) / v for c, o, v in zip(xyz, grid.origin, grid.voxel_size))[::-1]
    if any(a < -0.5 or a > n - 0.5 for a, n in zip(at, grid.shape)):
        first, edges = grid.origin, (n * v for n, v in zip(grid.shape[::-1], grid.voxel_size))
        raise InputError(f"The centre of the box, {inputs.params.box_centre} Å, lies outside of the map ({grid.place}); its first voxel is "
                         f"at {' '.join(f'{o:g}' for o in first)} Å, and its edges are {' '.join(f'{e:g}' for e in edges)} Å.")
    return at


def scored_box(inputs: AutoSharpenInputs) -> Box:
    """The box of the trials, on a coarse grid.

    Parameters
    ----------
    inputs
        What is known of the map.

    Returns
    -------
    Box
        Of the map without its anisotropy when that was taken out.
    """
    p, grid, place = inputs.params, inputs.base.mean, bounds(inputs)
    cut = tuple(slice(a, a + n) for a, n in zip(place.start, place.shape))
    data = grid.data[cut]
    if p.soft_mask and place.shape != tuple(grid.shape):
        data = data * auto_region.edge_mask(place.shape, grid.voxel_size, inputs.base.resolution)
    ft, geo, size = auto_region.coarse(data, grid.voxel_size, inputs.base.resolution, gains.lowpass_gain(inputs.d_min))
    total = float(inputs.mask.sum(dtype=np.float64))
    share = float(inputs.mask[cut].sum(dtype=np.float64)) / total if total > 0 else 1.0
    volume = (1 - inputs.solvent) * grid.data.size * float(np.prod(grid.voxel_size)) * share
    n_voxels = int(np.clip(p.fraction_occupied * volume / float(np.prod(size)), 1, np.prod(geo.shape)))
    return Box(ft, geo, n_voxels, Scoring(p.target, p.surface_part, p.max_regions))
