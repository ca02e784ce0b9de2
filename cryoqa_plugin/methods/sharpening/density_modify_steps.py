"""The steps of density modification: what it goes by, the estimates, their verdict, and maps of one spectrum."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import conditional, filters, fourier, model_bases, sector_sums, shells
from ...core import density_modification as modification
from ...core.conditional import ConditionalMeans
from ...core.density_modification import Predicted
from ...core.fourier import Geometry
from ...core.sector_sums import SECTORS
from ...errors import InputError
from ...progress import Progress, part, silent
from ...results import Curve
from ...study import Study
from ...study.halves import unlike_noise
from ...study.mask import UsedMask
from ..model.residue_scores import require_atoms
from . import density_modify_model as model_steps
from . import density_modify_symmetry as copies
from . import local_sharpen_bands as bank
from .auto_region import solvent_of_mass
from .common import SharpeningInputs, sharpening_inputs
from .denoise_methods import wiener_gains
from .local_sharpen_halves import half_map_spectra

_WIDER = 1.3                          # volume of the mask that is made, over the part of the box that it is asked for
_AROUND = 2.5                         # volume of the molecule with what is near it, over that of its mass
_USUAL = 0.15                         # that part of the box in which the rules hold: they are those of a box with more solvent less noise
_ROUNDS = 3                           # of a filter that is linear between shells, until the power of each is right
_FACE = 0.01                          # part of a face of the box that is molecule, from which it has no border of solvent


class ModifyInputs(NamedTuple):
    """What goes in: the half-maps, the ``used`` mask of the Study, the ``resolution`` that tables go by (Å), the ``part`` of the box that
    the own mask is asked for, ``crowding``: times that the box is larger than usual, the ``volume`` of the mass over that of the box (None
    when no mass is known), and whether faces are ``soft``."""

    base: SharpeningInputs
    used: UsedMask
    resolution: float
    part: float
    crowding: float
    volume: Optional[float]
    soft: bool


def modify_inputs(study: Study, params: Any) -> ModifyInputs:
    """Inputs of a density modification, looked at before any work is done.

    Parameters
    ----------
    study
        The half-maps; ``mask``, ``sequence`` and ``model`` when they are there.
    params
        :class:`.density_modify.DensityModifyParams`.

    Returns
    -------
    ModifyInputs
        What the steps go by.

    Raises
    ------
    InputError
        No signal, a mask beside the molecule, a mass larger than the box, or a model without atoms in it.
    """
    base, used = sharpening_inputs(study, params.resolution, need_halves=True), study.used_mask
    if study.model is not None:
        require_atoms(study)
    made = study.with_(mask=None).used_mask if used.source == "given" else used
    if used.source == "given" and not (made.inside & used.inside).any():
        raise InputError(f"The mask ({used.map.place}) does not overlap the molecule; give one that covers it, or none.")
    volume = _volume(study, params)
    wanted = float(np.mean(made.inside)) if volume is None else _AROUND * volume
    part = float(np.clip(wanted / _WIDER, 1e-3, 0.95))
    crowding = max(1.0, _USUAL / part)
    resolution = params.resolution or study.resolution_in_box(1 / crowding) or base.resolution
    return ModifyInputs(base, used, resolution, part, crowding, volume, _reaches_faces(study.molecule))


def _volume(study: Study, params: Any) -> Optional[float]:
    """Volume of the molecule over that of the box, by what is given; None when nothing tells."""
    if params.solvent_fraction is not None:
        return 1 - float(params.solvent_fraction)
    if params.molecular_mass is not None:
        return 1 - solvent_of_mass(1e3 * params.molecular_mass * params.copies, study.grid, "The molecular mass")
    sequence = study.sequence
    if sequence is None:
        return None
    file = f" ({sequence.path})" if sequence.path else ""
    return 1 - solvent_of_mass(sequence.mass * params.copies, study.grid, f"The sequence{file}")


def _reaches_faces(molecule: np.ndarray) -> bool:
    """Whether one of the six faces of the box cuts the molecule."""
    faces = (molecule[0], molecule[-1], molecule[:, 0], molecule[:, -1], molecule[:, :, 0], molecule[:, :, -1])
    return any(float(np.mean(face)) > _FACE for face in faces)


def modify(inputs: ModifyInputs, params: Any, warnings: List[str], progress: Progress) -> Dict[str, Any]:
    """The modified map, the initial one, and what is known of both.

    Parameters
    ----------
    inputs
        What goes in.
    params
        :class:`.density_modify.DensityModifyParams`.
    warnings
        Sentences on the model are added.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    dict
        Fields of the result. Verdict, gain and predictions are those of the half-maps alone: a model may hold noise of both.
    """
    study, geo = inputs.base.study, inputs.base.geo
    ft = _transforms(study, geo, inputs.soft)
    found = conditional.conditional_means(
        *ft, geo, study.grid.voxel_size, inputs.resolution, inputs.part, inputs.used.data if inputs.used.source == "given" else None,
        part(progress, 0.0, 0.5), params.dm_resolution, inputs.crowding)
    del ft
    found, symmetry = copies.add_copies(study, found, geo, inputs.resolution, inputs.part, part(progress, 0.5, 0.2))
    progress(0.7, "verdict")
    gain = modification.judged(found, geo)
    noise = unlike_noise(study.half_sums())
    values = dict(verdict=gain.verdict, gain=gain.mean, gain_error=gain.error, resolution=inputs.resolution, dm_resolution=found.finest,
                  soft_faces=inputs.soft, box_excess=inputs.crowding, noise_unlike=noise, **_of_mask(inputs, found.mask),
                  **_predictions(found, geo), **symmetry)
    if params.compare:
        progress(0.75, "local Wiener weights")
        values.update(_wiener(inputs, found))
    if study.model is not None:
        found = model_bases.together(found, geo)
        found, told = model_steps.with_model(study, found, gain, geo, warnings, part(progress, 0.78, 0.12))
        values.update(told)
    progress(0.9, "putting the estimates together")
    values.update(_maps(inputs, found, params, gain.verdict == modification.IMPROVED))
    return values


def _transforms(study: Study, geo: Geometry, soft: bool) -> Tuple[np.ndarray, np.ndarray]:
    """Of the half-maps, with faces that fade out where the molecule reaches them: else opposite faces would act as common signal."""
    if not soft:
        return study.transform("half1"), study.transform("half2")
    edge = modification.border(geo.shape, study.grid.voxel_size)
    return fourier.forward(study.half1.data * edge), fourier.forward(study.half2.data * edge)


def _of_mask(inputs: ModifyInputs, mask: np.ndarray) -> Dict[str, Any]:
    """What the result says of the mask."""
    fraction = float(np.mean(mask >= 0.5))
    out: Dict[str, Any] = dict(mask_source="given" if inputs.used.source == "given" else "made", mask_fraction=fraction)
    if out["mask_source"] == "made":
        out.update(mask_used=inputs.base.study.grid.with_data(np.clip(mask, 0, 1)))
    if inputs.volume is not None:
        out.update(mass_ratio=fraction / max(inputs.volume, 1e-9))
    return out


def _predictions(found: ConditionalMeans, geo: Geometry) -> Dict[str, Any]:
    """Predicted correlations with the signal before and after, where they fall to 0.5, and the errors of that."""
    weights = modification.cross_fitted(found)
    whole = modification.predicted(found.sums, weights, geo, found.finest)
    parts = [modification.predicted(found.sums, weights, geo, found.finest, left_out=k) for k in range(SECTORS)]
    used, at = modification.mean_over(geo, found.finest), fourier.frequencies(geo)
    upto = fourier.shells_to(geo, found.finest)
    out: Dict[str, Any] = dict(half_fsc=Curve(at[upto], whole.fsc[upto]))
    for name in ("before", "after"):
        values = getattr(whole, name)
        ends = [modification.falls_to(getattr(p, name), geo, found.finest) for p in (whole, *parts)]
        out.update({f"predicted_cref_{name}": Curve(at[upto], values[upto]), f"correlation_{name}": float(values[used].mean()),
                    f"resolution_{name}": ends[0]})
        if None not in ends and ends[0] != found.finest:
            out[f"resolution_{name}_error"] = modification.jackknife([e for e in ends[1:] if e is not None])
    return out


def _wiener(inputs: ModifyInputs, found: ConditionalMeans) -> Dict[str, Any]:
    """The gain and the predicted correlation of local Wiener weights on the same half-maps."""
    base, geo = inputs.base, inputs.base.geo
    gains = wiener_gains(base.study, base, inputs.used, bank.choose_window(None, base.resolution), silent)
    even = found.bases[0]
    one, two = (bank.apply(fourier.forward(half), geo, gains) for half in even)
    sums = sector_sums.sums_of((even, (one, two)), found.mask, geo)
    weights = np.broadcast_to(np.array([0.0, 1.0]), (geo.n_shells, SECTORS, 2))
    gain = modification.gain(sums, weights, geo, found.finest)
    curve: Predicted = modification.predicted(sums, weights, geo, found.finest)
    at = fourier.frequencies(geo)
    upto = fourier.shells_to(geo, found.finest)
    return dict(gain_wiener=gain.mean, gain_wiener_error=gain.error, predicted_cref_wiener=Curve(at[upto], curve.after[upto]),
                correlation_wiener=float(curve.after[gain.used].mean()))


def _maps(inputs: ModifyInputs, found: ConditionalMeans, params: Any, improved: bool) -> Dict[str, Any]:
    """The modified map and the mean of the half-maps with the same spectrum; where it is no better, twice the second."""
    study, geo = inputs.base.study, inputs.base.geo
    out: Dict[str, Any] = {}
    found = found._replace(amplitude=np.where(fourier.shells_to(geo, found.finest), found.amplitude, 0))
    if params.amplitudes == "density":
        fall_off = half_map_spectra(study, inputs.base, None).bfactor or 0.0
        out["bfactor_left"] = bank.bfactor_left(None, "density", inputs.base.resolution, fall_off)
        profile = filters.bfactor_profile(geo, out["bfactor_left"] - fall_off)
        found = found._replace(amplitude=found.amplitude * profile)
    halves = conditional.combined(found, geo) if params.write_halves and improved else None
    modified = conditional.combined_mean(found, geo) if halves is None else (halves[0] + halves[1]) * np.float32(0.5)
    initial = _with_spectrum((found.bases[0][0] + found.bases[0][1]) * np.float32(0.5), modified, geo)
    out.update(initial_map=study.grid.with_data(initial), density_modified_map=study.grid.with_data(modified if improved else initial))
    if halves is not None:
        out.update(density_modified_half1=study.grid.with_data(halves[0]), density_modified_half2=study.grid.with_data(halves[1]))
    return out


def _with_spectrum(data: np.ndarray, model: np.ndarray, geo: Geometry) -> np.ndarray:
    """A map with the power of another in every shell, and its mean; float32 [z, y, x]."""
    ft, other = fourier.forward(data), fourier.forward(model)
    for _ in range(_ROUNDS):
        sums = shells.cross_sums(ft, other, geo)
        profile = np.sqrt(np.divide(sums.power2, sums.power1, out=np.zeros_like(sums.power1), where=sums.power1 > 0))
        filters.apply_radial(ft, geo, profile, out=ft)
    ft[0, 0, 0] = other[0, 0, 0]
    return fourier.inverse(ft, geo.shape)
