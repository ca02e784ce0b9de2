"""The noise of a map, for its confidence map: from the difference of its half-maps, from the solvent, or from four boxes."""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import banks, filters, fourier, masks, shells
from ...errors import InputError
from ...progress import Progress
from ...study import Study
from ...study.confident import LEAST, Noise, noise_of_difference, noise_sd, sd_everywhere, sphere_radius
from ...study.solvent import median_level
from ..local_resolution.noise_source import solvent_outside
from ..sharpening.local_filter import LocalFilterParams, resolution_bank

_BOX_PART, _BOX_LEAST, _BOX_OFF = 0.05, 10, 0.02    # of FDRthresholding's boxes: edge, least voxels, and how far off the face


class Tested(NamedTuple):
    """What is tested: ``values`` float32 [z, y, x], the map less its level; ``sd`` float32 [z, y, x] of its noise, 0 where nothing is
    tested; ``sample`` float32 [n], the noise in these units; ``level`` of the solvent; ``notes``."""

    values: np.ndarray
    sd: np.ndarray
    sample: np.ndarray
    level: float
    notes: Tuple[str, ...]


def noise_of(study: Study, source: str, window: float, box: Optional[int]) -> Noise:
    """Where the noise is.

    Parameters
    ----------
    study
        Half-maps, a map, or both.
    source
        ``difference``, ``solvent`` or ``boxes``.
    window
        Standard deviation (Å) of the window of the local noise, of a difference.
    box
        Edge of the boxes in voxels; as FDRthresholding chooses it when None.

    Returns
    -------
    Noise
        Nothing is tested outside the largest sphere of the box, nor where the map was cut off.

    Raises
    ------
    InputError
        There is no noise there: the map was masked.
    """
    if source == "difference":
        return noise_of_difference(study, window)
    grid = study.grid
    tested = masks.ball(grid.shape, grid.voxel_size, sphere_radius(grid)) & ~study.flat
    if source == "boxes":
        return Noise(None, _boxes(study, box), tested, None)
    alone = study.with_(half1=None, half2=None, full_map=study.density)
    region = solvent_outside(alone, study.used_mask) & tested
    if np.count_nonzero(region) < LEAST * region.size:
        raise InputError(f"Only {100 * float(region.mean()):.2g} % of the box is solvent inside of its largest sphere "
                         f"({study.density.place}), which is too little to take the noise from; give the half-maps, or a larger box.")
    return Noise(None, region, tested, None)


def _boxes(study: Study, edge: Optional[int]) -> np.ndarray:
    """FDRthresholding's four cubes on the middle axes y and x, 2 % off the faces, bool [z, y, x]."""
    shape = study.grid.shape
    n = max(int(_BOX_PART * shape[0]), _BOX_LEAST) if edge is None else edge
    if n > min(shape) // 2:
        raise InputError(f"Boxes of {n} voxels are too large for a map of {' x '.join(str(k) for k in shape[::-1])} "
                         f"({study.density.place}); give smaller ones.")
    cube = [slice(int(0.5 * k - 0.5 * n), int(0.5 * k - 0.5 * n) + n) for k in shape]
    out = np.zeros(shape, dtype=bool)
    for axis in (1, 2):
        for first in (int(_BOX_OFF * shape[axis]), int((1 - _BOX_OFF) * shape[axis]) - n):
            part = list(cube)
            part[axis] = slice(first, first + n)
            out[tuple(part)] = True
            if study.density.data[tuple(part)].std(dtype=np.float64) == 0:
                raise InputError(f"The map has one value in a box that noise is to be taken from ({study.density.place}): it was masked. "
                                 "Give the map before masking, or the half-maps.")
    return out


def standardise(study: Study, noise: Noise, weighting: str, progress: Progress) -> Tested:
    """The map that is tested, and the standard deviation of its noise at every voxel.

    Parameters
    ----------
    study
        Half-maps, a map, or both.
    noise
        Where the noise is.
    weighting
        ``none``: the map as it is; ``fsc``: shells evened out and weighted by their FSC; ``local``: low-passed at its local resolution.
    progress
        Told how far it is.

    Returns
    -------
    Tested
        Of the mean of the half-maps where the noise is their difference, else of the map to look at.
    """
    source = study.average if noise.image is not None else study.density
    data, image, notes = source.data, noise.image, ()
    if weighting == "fsc":
        profile = fsc_profile(study)
        data = _weighted(fourier.forward(data), study, profile)
        image = None if image is None else _weighted(fourier.forward(image), study, profile)
    if weighting == "local":
        values, sd, image, notes = _locally_filtered(study, data, noise, progress)
    else:
        values = data.copy()
        sd = sd_everywhere(noise_sd(values if image is None else image, noise, study.grid), noise, study.grid)
    # The level of the solvent: of a difference it is not known, and most of the sphere is solvent.
    level = float(values[noise.region].mean(dtype=np.float64)) if image is None else median_level(values[noise.tested])
    values -= np.float32(level)
    chosen = values[noise.region] if image is None else image[noise.region]
    if image is None:
        chosen = chosen - chosen.mean(dtype=np.float64).astype(np.float32)
    return Tested(values, sd, chosen / sd[noise.region], level, tuple(notes))


def fsc_profile(study: Study) -> np.ndarray:
    """Weights of the shells, ``sqrt(FSC_full / power)`` with ``FSC_full = 2 FSC / (1 + FSC)`` of the half-maps.

    Parameters
    ----------
    study
        Half-maps; in their mask when one was given.

    Returns
    -------
    ndarray
        float64 [n_shells]: 0 for shell 0, from the first fall of the FSC to 0 on, and past the edge of a low-pass.

    Raises
    ------
    InputError
        The half-maps share no signal.
    """
    half = np.clip(study.fsc_curves().judged_by.fsc, 0, 1)
    power, _, count = shells.power_sums(study.transform("average"), study.geometry)
    _, out = filters.evening_profile(2 * half / (1 + half), power / np.maximum(count, 1), study.frequencies, study.independence.end)
    if study.half_maps.no_signal or not out.any():
        raise InputError(f"The half-maps share no signal ({study.half1.place}), so that there is nothing to weight their shells by; test "
                         "the map as it is.")
    return out


def _weighted(ft: np.ndarray, study: Study, profile: np.ndarray) -> np.ndarray:
    return fourier.inverse(filters.apply_radial(ft, study.geometry, profile, out=ft), study.grid.shape)


def _locally_filtered(study: Study, data: np.ndarray, noise: Noise,
                      progress: Progress) -> Tuple[np.ndarray, np.ndarray, Optional[np.ndarray], List[str]]:
    """The map low-passed at its local resolution, the standard deviation of its noise, the noise itself, and notes.

    A voxel is the mean of two filters; its noise is at most the same mean of their standard deviations, which is taken.
    """
    found = resolution_bank(study.resolution_map, LocalFilterParams())
    bank, geo = found.bank, study.geometry
    needed = np.flatnonzero(banks.used(bank.position, bank.cutoffs.size))
    ft, ft_noise = fourier.forward(data), None if noise.image is None else fourier.forward(noise.image)
    values, sd = np.zeros(data.shape, np.float32), np.zeros(data.shape, np.float32)
    image = None if noise.image is None else np.zeros(data.shape, np.float32)
    for done, i in enumerate(needed):
        progress(0.2 + 0.6 * done / needed.size, f"filter {done + 1} of {needed.size}")
        at, gain = banks.smooth_lowpass(geo, bank.cutoffs[i], LocalFilterParams().edge)
        part = fourier.inverse(filters.apply_radial(ft, geo, gain, at=at), geo.shape)
        banks.add_filtered(values, bank.position, i, part)
        if image is not None:
            part = fourier.inverse(filters.apply_radial(ft_noise, geo, gain, at=at), geo.shape)
            banks.add_filtered(image, bank.position, i, part)
        banks.add_filtered(sd, bank.position, i, sd_everywhere(noise_sd(part, noise, study.grid), noise, study.grid))
    return values, sd, image, list(found.warnings)
