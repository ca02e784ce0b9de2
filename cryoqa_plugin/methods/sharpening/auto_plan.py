"""What ``auto_sharpen`` knows before it tries anything: maps, mask, spectra, anisotropy, and the box in which trials are scored."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Optional, Tuple

import numpy as np

from ...core import density, fourier, shells
from ...core.fourier import Geometry
from ...errors import InputError, MissingInputError
from ...io.inputs import Inputs
from ...io.maps import Map
from ..masks.common import molecule
from ..resolution.directional_tensor import Tensor
from . import auto_anisotropy as anisotropy
from . import auto_gains as gains
from . import auto_region, auto_spectra
from .auto_spectra import Spectra
from .auto_trials import Box, Scoring
from .common import Work
from .common import prepare as prepare_work

if TYPE_CHECKING:
    from .auto_sharpen import AutoSharpenParams

_HALF = 0.5                                      # of a soft mask: from there on a voxel is inside


@dataclass
class Plan:
    """What the steps hand to each other.

    ``mask`` float32 [z, y, x] of the molecule; ``whole`` power of the map per shell, float64 [n_shells]; ``b_whole`` its fall-off and
    ``b_signal`` that of the signal (Å²); ``weights`` of the shells; ``solvent`` fraction of the box; ``tensor`` of the signal. Inputs and
    maps are without the anisotropy when it was ``corrected``; ``given`` holds them as they came.
    """

    inputs: Inputs
    params: AutoSharpenParams
    work: Work
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
    given: Work

    @property
    def d_min(self) -> float:
        """Limit (Å) beyond which nothing is kept."""
        return self.params.d_min_ratio * self.work.resolution

    @property
    def geo(self) -> Geometry:
        """Geometry of the shells."""
        return self.work.geo


def prepare(inputs: Inputs, params: AutoSharpenParams) -> Plan:
    """Check the inputs and measure what the methods need; raises :class:`InputError` or :class:`MissingInputError`."""
    _check_choice(inputs, params)
    given = inputs.mask is not None
    inputs, work, mask = _maps(inputs, params)
    original = work
    spectra = auto_spectra.measure(inputs, work.mean, mask, work.geo)
    if params.method == "solvent" and spectra.source != "solvent":
        why = "half-maps are given, choose half_map" if spectra.source == "half-maps" else \
            f"the solvent of the map is masked or does not reach past the mask ({work.mean.path}), choose target_b_iso_to_d_cut"
        raise InputError(f"The solvent cannot tell the noise: {why}.")
    found = _tensor(inputs, params, work, mask, spectra)
    corrected = params.remove_anisotropy != "none" and anisotropy.significant(found)
    if corrected:
        inputs, work = _without_anisotropy(inputs, work, found)
        spectra = auto_spectra.measure(inputs, work.mean, mask, work.geo)
    power, _, count = shells.power_sums(fourier.forward(work.mean.data), work.geo)
    whole = power / np.maximum(count, 1)
    _model_outside(inputs, params, work)
    return Plan(inputs, params, work, _method(inputs, params, spectra), mask, spectra, whole,
                auto_spectra.fall_off(whole, count, work.geo, work.resolution),
                auto_spectra.fall_off(spectra.signal, spectra.count, work.geo, work.resolution),
                auto_spectra.weights(spectra, work.geo), _solvent(params, work, mask if given else None), found, corrected, original)


def _check_choice(inputs: Inputs, params: AutoSharpenParams) -> None:
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
    if params.method in needed and getattr(inputs, needed[params.method][0]) is None:
        raise MissingInputError(f"{needed[params.method][1]} is needed for the method {params.method} and was not given; give its file.")
    if params.remove_anisotropy == "half_maps" and inputs.half1 is None:
        raise MissingInputError("Half-maps are needed to tell the anisotropy and were not given; give their files, or choose 'map'.")


def _maps(inputs: Inputs, params: AutoSharpenParams) -> Tuple[Inputs, Work, np.ndarray]:
    """Checked maps, and a soft mask of the molecule: the one given, else one made from the map."""
    if inputs.mask is not None or params.resolution is not None or inputs.half1 is None or inputs.half2 is None:
        work = prepare_work(inputs, params.resolution)
        mask = inputs.mask.data if inputs.mask is not None else molecule(work.mean)
        return inputs, work, mask
    first = prepare_work(inputs, 1e3)                          # checks come before a mask is made
    mask = molecule(first.mean)
    return inputs, prepare_work(replace(inputs, mask=first.mean.with_data(mask))), mask


def _tensor(inputs: Inputs, params: AutoSharpenParams, work: Work, mask: np.ndarray, spectra: Spectra) -> Optional[Tensor]:
    last = int(work.geo.length / work.resolution) + 1
    if params.remove_anisotropy == "none":
        return None
    if spectra.source == "half-maps" and params.remove_anisotropy != "map":
        return anisotropy.from_halves(inputs, mask, work.geo, last)
    if params.remove_anisotropy is None and spectra.source != "solvent":
        return None                                            # the noise would pass for signal
    room = float(((1 - mask) ** 2).sum(dtype=np.float64)) > 0.02 * mask.size
    return anisotropy.from_map(work.mean, mask, work.geo, last, room and spectra.source != "unknown")


def _without_anisotropy(inputs: Inputs, work: Work, found: Tensor) -> Tuple[Inputs, Work]:
    def change(map_: Map) -> Map:
        ft = anisotropy.remove(fourier.forward(map_.data), work.geo, found.components, work.resolution)
        return map_.with_data(fourier.inverse(ft, map_.shape))

    maps = {name: change(map_) for name, map_ in work.maps.items()}
    if work.halves:
        inputs = replace(inputs, half1=maps["sharpened_half1"], half2=maps["sharpened_half2"])
    return inputs, work._replace(mean=maps["sharpened"], maps=maps)


def _method(inputs: Inputs, params: AutoSharpenParams, spectra: Spectra) -> str:
    if params.method is not None:
        return params.method
    if params.bfactor is not None or params.b_iso is not None:
        return "b_iso_to_d_cut"
    if params.resolution_dependent_b is not None:
        return "resolution_dependent"
    if inputs.reference_map is not None:
        return "external"
    return {"half-maps": "half_map", "solvent": "solvent"}.get(spectra.source, "target_b_iso_to_d_cut")


def _model_outside(inputs: Inputs, params: AutoSharpenParams, work: Work) -> None:
    """Say when a model that no method asks for lies outside of the map."""
    atoms = inputs.model
    if atoms is None or params.method in ("model", "best"):
        return
    found = density.atoms_inside(atoms.elements, atoms.xyz, work.mean.shape, work.mean.voxel_size, work.mean.origin)
    if found.outside:
        work.warnings.append(f"{found.outside} of the {atoms.n_atoms} atoms of the model ({atoms.path}) lie outside of the map "
                             f"({work.mean.path}).")


def _solvent(params: AutoSharpenParams, work: Work, mask: Optional[np.ndarray]) -> float:
    if params.solvent_fraction is not None:
        return params.solvent_fraction
    if params.molecular_mass is not None:
        return auto_region.solvent_of_mass(1e3 * params.molecular_mass * params.copies, work.mean, "The molecular mass")
    if params.sequence is not None:
        mass = auto_region.mass_of_sequence(params.sequence) * params.copies
        return auto_region.solvent_of_mass(mass, work.mean, f"The sequence ({params.sequence})")
    if mask is not None:
        return float(np.clip(1 - np.count_nonzero(mask >= _HALF) / mask.size, 0.02, 0.99))
    return auto_region.solvent_of_map(work.mean, work.resolution)


def bounds(plan: Plan) -> auto_region.Bounds:
    """The part of the map in which trials are scored."""
    p, grid = plan.params, plan.work.mean
    everything = auto_region.Bounds((0, 0, 0), tuple(grid.shape))
    if p.score_region == "map" or p.local:
        return everything
    if p.score_region == "density":
        margin = int(np.ceil(plan.work.resolution / grid.voxel)) * (2 if p.soft_mask else 1)
        out = auto_region.density_bounds(grid.data, p.density_threshold, margin)
    else:
        out = auto_region.box_around(_centre(plan), p.box_edge, grid.shape)
    return everything if np.prod(out.shape) > p.max_box_fraction * grid.data.size else out


def _centre(plan: Plan) -> Tuple[float, ...]:
    grid = plan.work.mean
    if plan.params.box_centre is None:
        return auto_region.representative(grid, plan.mask >= _HALF, plan.work.resolution, plan.params.weak_density)
    xyz = gains.three_numbers(plan.params.box_centre, "Centre of the box")
    at = tuple((c - o) / v for c, o, v in zip(xyz, grid.origin, grid.voxel_size))[::-1]
    if any(a < -0.5 or a > n - 0.5 for a, n in zip(at, grid.shape)):
        raise InputError(f"The centre of the box, {plan.params.box_centre} Å, lies outside of the map ({grid.path}); its first voxel is at "
                         f"{' '.join(f'{o:g}' for o in grid.origin)} Å, and its edges are "
                         f"{' '.join(f'{n * v:g}' for n, v in zip(grid.shape[::-1], grid.voxel_size))} Å.")
    return at


def box(plan: Plan) -> Box:
    """The box of the trials, on a coarse grid."""
    p, grid, place = plan.params, plan.work.mean, bounds(plan)
    cut = tuple(slice(a, a + n) for a, n in zip(place.start, place.shape))
    data = grid.data[cut]
    if p.soft_mask and place.shape != tuple(grid.shape):
        data = data * auto_region.edge_mask(place.shape, grid.voxel_size, plan.work.resolution)
    ft, geo, size = auto_region.coarse(data, grid.voxel_size, plan.work.resolution, gains.lowpass_gain(plan.d_min))
    total = float(plan.mask.sum(dtype=np.float64))
    share = float(plan.mask[cut].sum(dtype=np.float64)) / total if total > 0 else 1.0
    volume = (1 - plan.solvent) * grid.data.size * float(np.prod(grid.voxel_size)) * share
    n_voxels = int(np.clip(p.fraction_occupied * volume / float(np.prod(size)), 1, np.prod(geo.shape)))
    return Box(ft, geo, n_voxels, Scoring(p.target, p.surface_part, p.max_regions))
