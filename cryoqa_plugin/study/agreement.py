"""Local agreement of a model with its map next to that of the half-maps with each other: what is unexplained, what is overfitted."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple

import numpy as np

from ..core import filters, fourier, model_map, shells
from .residues import of_all
from .solvent import median_level

if TYPE_CHECKING:
    from .study import Study

_WINDOW = 0.45                        # standard deviation of the window over the resolution
_ALIKE = 0.02                         # difference in scale of the shells of half-maps, up to which their mean is taken as it is


class Agreement(NamedTuple):
    """How map and model agree around each atom; NaN for atoms that make no density or lie outside the box.

    ``model``: correlation of map and model, float64 [n_atoms]; ``full``: correlation of the map with itself measured once more, which two
    half-maps tell; ``delta``: ``model - sqrt(full)``, 0 for the right model, negative where density is unexplained or atoms have none,
    positive where atoms follow noise. ``full`` and ``delta`` are None without two independent half-maps. ``sigma``: standard deviation of
    the Gaussian window, ``resolution``: what it was made from, both in Å.
    """

    model: np.ndarray
    full: Optional[np.ndarray]
    delta: Optional[np.ndarray]
    sigma: float
    resolution: float


class EvenMaps(NamedTuple):
    """Map and model on one scale, their shells evened out and weighted by what of them is signal.

    ``map`` and ``model`` float32 [z, y, x]; ``weight`` float64 [n_shells] is what the shells of the map were multiplied by; ``full``
    float64 [n_shells] is the FSC of the map with what it measures, squared, ``scale`` float64 [n_shells] what the model was multiplied by
    before that. ``from_halves``: it is that of two independent half-maps, and ``map`` is their mean.
    """

    map: np.ndarray
    model: np.ndarray
    weight: np.ndarray
    full: np.ndarray
    scale: np.ndarray
    from_halves: bool


def even_maps(study: Study) -> EvenMaps:
    """Map and model of a Study on one scale.

    Parameters
    ----------
    study
        A model, and half-maps, whose mean is compared, or else a map.

    Returns
    -------
    EvenMaps
        Shared, not to be changed in place.

    Notes
    -----
    Shells of the map ``F`` and of the model on the scale of the map, ``D = sum Re(F Fc*) / sum abs(Fc)^2``, are weighted by
    ``sqrt(FSC_full / mean abs(F)^2)``. ``FSC_full = 2 FSC / (1 + FSC)`` of the half-maps in the mask around the model, 0 from its first
    fall to 0 on and beyond the edge of a low-pass; without half-maps the square of the FSC of map and model stands for it. Shells of
    half-maps that differ in scale are brought to one before their mean is taken.

    References
    ----------
    Yamashita et al. (2021), https://doi.org/10.1107/S2059798321009475; Rosenthal & Henderson (2003),
    https://doi.org/10.1016/j.jmb.2003.07.013.
    """
    halves = study.has_halves and study.independence.void is None
    geo, model_ft = study.geometry, study.model_transform()
    map_ft = _mean_and_difference(study)[0] if halves else study.density_transform()
    sums = shells.cross_sums(map_ft, model_ft, geo)
    full = _full_fsc(study) if halves else np.maximum(shells.fsc(sums), 0) ** 2
    full, weight = filters.evening_profile(full, sums.power1 / np.maximum(sums.count, 1), study.frequencies,
                                           study.independence.end if halves else None)
    scale = np.maximum(np.divide(sums.cross, sums.power2, out=np.zeros_like(full), where=sums.power2 > 0), 0)
    images = [fourier.inverse(filters.apply_radial(ft, geo, profile), geo.shape)
              for ft, profile in ((map_ft, weight), (model_ft, weight * scale))]
    return EvenMaps(images[0], images[1], weight, full, scale, halves)


def agreement(study: Study) -> Agreement:
    """Local agreement of the model of a Study with its map.

    Parameters
    ----------
    study
        A model, and half-maps, whose mean is compared, or else a map.

    Returns
    -------
    Agreement
        Of every atom.

    Notes
    -----
    Of :func:`even_maps` and of half the difference of the half-maps with the same weights, in a Gaussian window of 0.45 times the
    resolution around an atom: ``model`` is the correlation of map and model, and ``full = 1 - var((h1 - h2) / 2) / var((h1 + h2) / 2)``,
    which is ``2 CC_half / (1 + CC_half)``.

    References
    ----------
    Yamashita et al. (2021), https://doi.org/10.1107/S2059798321009475.
    """
    even, resolution = study.even_maps, study.compared_at().resolution
    geo, used = study.geometry, study.used_atoms()
    difference = even.map
    if even.from_halves:
        difference = fourier.inverse(filters.apply_radial(_mean_and_difference(study)[1], geo, even.weight), geo.shape)
    found = model_map.local_variances(even.map, difference, even.model, study.atom_position[used], study.density.voxel_size,
                                      _WINDOW * resolution)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_model = _known(used, found.covariance / np.sqrt(found.average * found.model))
        if not even.from_halves:
            return Agreement(of_model, None, None, _WINDOW * resolution, resolution)
        of_full = _known(used, np.clip(1 - found.difference / found.average, 0, 1))
    return Agreement(of_model, of_full, of_model - np.sqrt(of_full), _WINDOW * resolution, resolution)


def _mean_and_difference(study: Study) -> Tuple[np.ndarray, np.ndarray]:
    """Transforms of the mean and of half the difference of the half-maps, once their shells are of one scale."""
    sums = study.half_sums()
    known = (sums.power1 > 0) & (sums.power2 > 0)
    ratio = np.sqrt(np.divide(sums.power1, sums.power2, out=np.ones_like(sums.power1), where=known))
    if np.median(np.abs(ratio[1:] - 1)) <= _ALIKE:
        mean = study.transform("average")
        return mean, study.transform("half1") - mean
    one, two = study.transform("half1"), filters.apply_radial(study.transform("half2"), study.geometry, ratio)
    return (one + two) * np.float32(0.5), (one - two) * np.float32(0.5)


def _full_fsc(study: Study) -> np.ndarray:
    """FSC that the mean of the half-maps has with what they measure, squared, in the mask around the model, float64 [n_shells]."""
    # Not without the density that the model does not explain: of a wrong model nothing but solvent would be left.
    mask, transforms = study.model_mask.around, []
    for half in (study.half1, study.half2):
        transforms.append(fourier.forward((half.data - np.float32(median_level(half.data))) * mask))
    curve = np.maximum(shells.fsc(shells.cross_sums(*transforms, study.geometry)), 0)
    return 2 * curve / (1 + curve)


def _known(used: np.ndarray, values: np.ndarray) -> np.ndarray:
    return of_all(used, np.where(np.isfinite(values), values, np.nan))
