"""What LocScale scales to: an atomic model, pseudo-atoms, both, or the average spectrum of proteins or nucleic acids."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import density, filters, fourier, masks, pseudo_atoms, shells
from ...core.fourier import Geometry
from ...errors import InputError
from ...io.maps import Map
from ...study import Study
from ...study.mask import INSIDE, contour, drop_small
from .locscale_bands import Spectra, smooth_log

PROFILES: Tuple[str, ...] = ("protein", "nucleic_acid", "none")
_FROM = 0.1                                      # 1/Å, where profiles begin to count
_PER_ATOM = 16.2                                 # Å^3 of protein per atom that is not hydrogen: 13.1 Da at 0.81 Da/Å^3
_COVERED = 4.0                                   # Å from an atom within which density is explained, or the resolution where that is more
_THIN = 2.5                                      # Å, half of the thickness of what counts as missing
_ELEMENTS = "CCCCCCNNOO"                         # of ten pseudo-atoms

# ln of the mean power of the atoms of T20S (3c91) and apoferritin (7a4m), and of a ribozyme (7ez0), all at B = 0, over that of as many
# atoms at random; every 0.02 1/Å from there on.
_LN_STRUCTURE = {
    "protein": (5.35, 2.74, 1.50, 1.01, 0.68, 0.42, 0.03, -0.10, 0.09, 0.61, 0.63, 0.43, 0.25, 0.13, -0.06, -0.17, -0.25, -0.27, -0.29,
                -0.21, -0.16, -0.11, -0.07, -0.07, -0.13, -0.21, -0.25, -0.28, -0.30, -0.30),
    "nucleic_acid": (4.82, 3.16, 2.06, 1.77, 0.96, 0.60, 0.43, 0.12, 0.35, 0.31, 0.32, 0.37, 0.31, 0.22, 0.24, 0.02, -0.29, -0.43, -0.45,
                     -0.42, -0.39, -0.39, -0.35, -0.30, -0.24, -0.18, -0.14, -0.11, -0.09, -0.14),
}
_MIXTURE = {"protein": {"C": 0.63, "N": 0.17, "O": 0.19, "S": 0.01}, "nucleic_acid": {"C": 0.45, "N": 0.18, "O": 0.32, "P": 0.05}}


class Atoms(NamedTuple):
    """Atoms of the reference: the ``model``'s first, ``pseudo`` of them last; ``outside`` were left out, ``missing`` is the part of the
    molecule without a model (None where nobody asked)."""

    elements: Tuple[str, ...]
    xyz: np.ndarray
    b_iso: np.ndarray
    occupancy: np.ndarray
    pseudo: int
    outside: int
    missing: Optional[float]


def theory(freq: np.ndarray, profile: str) -> np.ndarray:
    """``ln`` of the mean power of atoms at B = 0 in a molecule.

    Parameters
    ----------
    freq
        Frequencies (1/Å), float64 [n].
    profile
        ``protein``, ``nucleic_acid``, or ``none`` for atoms at random.

    Returns
    -------
    ndarray
        float64 [n].
    """
    import gemmi
    mixture = _MIXTURE["protein" if profile == "none" else profile]
    factors = {e: gemmi.Element(e).c4322 for e in mixture}
    atoms = np.array([sum(part * factors[e].calculate_sf(s * s / 4) ** 2 for e, part in mixture.items()) for s in freq])
    if profile == "none":
        return np.log(atoms)
    values = _LN_STRUCTURE[profile]
    return np.log(atoms) + np.interp(freq, 0.02 * np.arange(1, len(values) + 1), values)


def fall_off(geo: Geometry, power: np.ndarray, weights: np.ndarray, profile: str, last: int) -> Tuple[float, float]:
    """Level and B-factor of shell powers over those of theory: ``ln ratio = level - B s^2 / 2``.

    Weighted least squares over the shells from 10 Å (or from half of the last one) on.

    Parameters
    ----------
    geo
        The shells.
    power, weights
        Mean power of the shells, and their weights, float64 [n_shells] each.
    profile
        As of :func:`theory`.
    last
        Last shell of the fit.

    Returns
    -------
    tuple of float
        Level, and B-factor in Å², positive for a decay; both 0 with fewer than three shells.
    """
    freq = fourier.frequencies(geo)
    first = min(_FROM, freq[last] / 2)
    use = (freq >= first) & (np.arange(freq.size) <= last) & (power > 0) & (weights > 0)
    if np.count_nonzero(use) < 3:
        return 0.0, 0.0
    y = np.log(power[use]) - theory(freq[use], profile)
    slope, level = np.polyfit(freq[use] ** 2, y, 1, w=np.sqrt(weights[use]))
    return float(level), float(-2 * slope)


def to_theory(spectra: Spectra, profile: str, target_b: float, width: float, last: int) -> Tuple[np.ndarray, float]:
    """Amplitude factor per shell that gives a map the fall-off of a target.

    From 10 Å on the spectrum becomes that of theory, unless ``profile`` is none; coarser shells follow the straight line.

    Parameters
    ----------
    spectra
        Spectra of the map.
    profile
        As of :func:`theory`.
    target_b
        Fall-off to give it, in Å².
    width
        Standard deviation of the smoothing over shells in 1/Å.
    last
        Last shell with signal.

    Returns
    -------
    tuple
        The factor, float64 [n_shells], and the B-factor (Å²) that the map had.
    """
    geo = spectra.geo
    freq, weights = fourier.frequencies(geo), _counts(geo) * spectra.trust ** 2
    level, had = fall_off(geo, spectra.signal, weights, profile, last)
    line = (had - target_b) * freq ** 2 / 4
    if profile == "none":
        return np.exp(line), had
    smooth = smooth_log(freq, spectra.signal * np.exp(-theory(freq, profile)), weights, width, last)
    bumps = (level - had * freq ** 2 / 2 - smooth) / 2
    bumps[last + 1:] = bumps[last]
    return np.exp(line + np.clip(bumps, -0.7, 0.7) * _finer(freq)), had


def like_theory(ft: np.ndarray, geo: Geometry, profile: str, bfactor: float, width: float) -> np.ndarray:
    """Transform of pseudo-atoms that has, from 10 Å on, the mean spectrum of theory.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1]; changed in place.
    geo
        Its shells.
    profile
        As of :func:`theory`; ``none`` changes nothing.
    bfactor
        Fall-off of that spectrum, in Å².
    width
        Standard deviation of the smoothing over shells in 1/Å.

    Returns
    -------
    ndarray
        ``ft``.
    """
    if profile == "none":
        return ft
    freq = fourier.frequencies(geo)
    smooth = smooth_log(freq, shell_power(ft, geo) * np.exp(-theory(freq, profile)), _counts(geo), width, geo.n_shells - 1)
    level = float(np.interp(_FROM, freq, smooth)) + bfactor * _FROM ** 2 / 2
    factor = np.exp(np.clip((level - bfactor * freq ** 2 / 2 - smooth) / 2, -4, 4) * _finer(freq))
    return filters.apply_radial(ft, geo, factor, beyond=float(factor[-1]), out=ft)


def to_reference(spectra: Spectra, power: np.ndarray, width: float, last: int) -> np.ndarray:
    """Amplitude factor per shell that takes the signal to the power of a reference.

    Parameters
    ----------
    spectra
        Spectra of the map.
    power
        Mean power of the reference, float64 [n_shells].
    width
        Standard deviation of the smoothing over shells in 1/Å.
    last
        Last shell with signal.

    Returns
    -------
    ndarray
        float64 [n_shells].
    """
    freq = fourier.frequencies(spectra.geo)
    ratio = power / np.maximum(spectra.signal, 1e-30)
    weights = _counts(spectra.geo) * spectra.trust ** 2 * (power > 1e-9 * power.max())
    return np.exp(smooth_log(freq, ratio, weights, width, last) / 2)


def shell_power(ft: np.ndarray, geo: Geometry) -> np.ndarray:
    """Mean power per shell.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Its shells.

    Returns
    -------
    ndarray
        float64 [n_shells].
    """
    total, _, count = shells.power_sums(ft, geo)
    return total / np.maximum(count, 0.5)


def _counts(geo: Geometry) -> np.ndarray:
    return np.maximum(2 * np.pi * np.arange(geo.n_shells) ** 2 / float(np.prod(geo.steps)), 0.5)


def _finer(freq: np.ndarray) -> np.ndarray:
    """0 below 12 Å, 1 above 9 Å."""
    return np.clip((freq - 1 / 12) / (1 / 9 - 1 / 12), 0, 1)


def model_atoms(study: Study, mean: Map, warnings: List[str]) -> Atoms:
    """The atoms of the model that are in the box.

    Parameters
    ----------
    study
        The Study of the model.
    mean
        The map.
    warnings
        Sentences are added on atoms that are left out, and on B-factors that are all the same.

    Returns
    -------
    Atoms
        Those that scatter.

    Raises
    ------
    InputError
        No atom is inside the box.
    """
    model = study.model
    found = density.atoms_inside(model.elements, model.xyz, mean.shape, mean.voxel_size, mean.origin)
    n = int(np.count_nonzero(found.keep))
    if n == 0:
        raise InputError(f"None of the {model.n_atoms} atoms of the model is inside the box of the map ({model.path}, {mean.place}); "
                         "fit the model to this map.")
    if found.outside:
        warnings.append(f"{found.outside} of {model.n_atoms} atoms are outside the box and were left out.")
    if found.unknown:
        warnings.append(f"{found.unknown} atoms are of an element without electron scattering factors and were left out.")
    keep = found.keep
    b_iso = model.b_iso[keep]
    if n > 1 and float(np.ptp(b_iso)) == 0:
        warnings.append(f"All atoms have the same B-factor, {b_iso[0]:g} Å^2: the model says nothing about local fall-off; refine its "
                        "B-factors first.")
    return Atoms(tuple(np.array(model.elements)[keep]), model.xyz[keep], b_iso, model.occupancy[keep], 0, found.outside, None)


def molecule(mean: Map, mask: np.ndarray) -> np.ndarray:
    """Where the molecule is: the map low-passed at 8 Å above a contour, inside the mask.

    Parameters
    ----------
    mean
        The map.
    mask
        The mask, float32 [z, y, x].

    Returns
    -------
    ndarray
        bool [z, y, x]; the mask where nothing in it stands out.
    """
    # 8 Å: coarse enough to close the molecule, fine enough for the gaps that pseudo-atoms must leave.
    low = masks.lowpass(mean.data, mean.voxel_size, max(8.0, 3 * mean.voxel))
    inside = mask >= INSIDE
    found = drop_small((low >= contour(low)) & inside, 0.02)
    return found if found.any() else inside


def missing_part(atoms: Atoms, where: np.ndarray, mean: Map, resolution: float) -> np.ndarray:
    """The molecule farther than 4 Å from any atom of the model.

    Layers thinner than 5 Å are left out: they are the edge of the contour.

    Parameters
    ----------
    atoms
        Atoms of the model.
    where
        The molecule, bool [z, y, x].
    mean
        The map.
    resolution
        Resolution (Å), which takes the place of the 4 Å where it is more.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    reach = np.full(len(atoms.xyz), max(_COVERED, resolution))
    near = masks.atoms_mask(mean.shape, mean.voxel_size, mean.origin, atoms.xyz, reach, 0.0, 0.0)
    thick = masks.extend(where & ~near, -_THIN, mean.voxel_size)
    return where & ~near & masks.extend(thick, _THIN + 0.1, mean.voxel_size) if thick.any() else thick


def pseudo(mean: Map, guide: np.ndarray, where: np.ndarray, bfactors: np.ndarray, seed: int) -> Atoms:
    """Atoms along a density, as dense as in protein.

    Parameters
    ----------
    mean
        The map.
    guide
        The density, float32 [z, y, x].
    where
        Where to put them, bool [z, y, x].
    bfactors
        B-factor (Å²) that an atom has in each voxel, float32 [z, y, x].
    seed
        Seed of the random numbers.

    Returns
    -------
    Atoms
        All of them pseudo-atoms.
    """
    volume = float(np.prod(mean.voxel_size)) * int(np.count_nonzero(where))
    n = max(int(round(volume / _PER_ATOM)), 1)
    local_xyz = pseudo_atoms.place(guide, where, mean.voxel_size, n, seed)
    rng = np.random.default_rng(seed + 1)
    kinds = np.array(list(_ELEMENTS))[rng.permutation(len(local_xyz)) % len(_ELEMENTS)]
    index = np.rint(local_xyz / np.array(mean.voxel_size)).astype(int)
    x, y, z = (np.clip(index[:, a], 0, n_ - 1) for a, n_ in zip(range(3), mean.shape[::-1]))
    b_iso = np.maximum(bfactors[z, y, x].astype(np.float64), 0)
    return Atoms(tuple(kinds), local_xyz + np.array(mean.origin), b_iso, np.ones(len(local_xyz)), len(local_xyz), 0, None)


def joined(model: Atoms, added: Optional[Atoms], missing: float) -> Atoms:
    """The model's atoms and those that fill what is missing.

    Parameters
    ----------
    model
        Atoms of the model.
    added
        Atoms that fill; None for none.
    missing
        Part of the molecule without a model, 0 to 1.

    Returns
    -------
    Atoms
        The model's first.
    """
    if added is None:
        return model._replace(missing=missing)
    return Atoms(model.elements + added.elements, np.concatenate((model.xyz, added.xyz)), np.concatenate((model.b_iso, added.b_iso)),
                 np.concatenate((model.occupancy, added.occupancy)), added.pseudo, model.outside, missing)


def transform(atoms: Atoms, mean: Map) -> np.ndarray:
    """Fourier coefficients of atoms on the grid of a map.

    Parameters
    ----------
    atoms
        The atoms.
    mean
        The map.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1].
    """
    return density.model_density_ft(atoms.elements, atoms.xyz, atoms.b_iso, atoms.occupancy, mean.shape, mean.voxel_size, mean.origin)


def atom_counts(atoms: Optional[Atoms]) -> Dict[str, Any]:
    """Fields of the result that tell of the atoms.

    Parameters
    ----------
    atoms
        The atoms, None for none.

    Returns
    -------
    dict
        By result field.
    """
    if atoms is None:
        return dict(n_atoms=0, n_pseudo_atoms=0)
    return dict(n_atoms=len(atoms.elements) - atoms.pseudo, n_pseudo_atoms=atoms.pseudo, missing_fraction=atoms.missing)

