"""Local resolution from two half-maps: the corrected FSC of soft spheres, as RELION does it, and the map filtered by it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import blocks, fourier, phases, shells, spheres
from ...core.filters import apply_radial, raised_cosine
from ...core.fourier import Geometry
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, curve, map_output, metric
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.mask import INSIDE
from ...study.solvent import solvent_level
from ..resolution.fsc_sharpen import DetectorMtf, fsc_weights, mtf_profile
from .local_resolution import (
    Falls, LocalResolution, limits_of_halves, local_resolution_values, several_fraction, summary_of_halves, usable_mask)

_THRESHOLDS = (0.143, 0.5)                       # of the table, besides the one asked for
_GUARD = 2                                       # shells of the whole box after the first random one that are not corrected
_FINE = 16                                       # points per shell of the filters


@dataclass(frozen=True)
class RelionLocresParams:
    """Parameters of :func:`compute_relion_locres`."""

    sampling: float = param(25.0, "Distance of the centres of the spheres. Less gives more spheres, and smaller ones unless radius and "
                            "edge are given.", label="Sampling", unit="Å", min=3, max=500)
    radius: Optional[float] = param(None, "Radius up to which a sphere is 1. From the sampling: half of it.", label="Radius", unit="Å",
                                    min=1, max=500)
    edge: Optional[float] = param(None, "Width of the soft edge of a sphere, beyond its radius. From the sampling: as much.", label="Edge",
                                  unit="Å", min=1, max=500)
    threshold: float = param(0.143, "Corrected FSC of a sphere at which its resolution is read. The table gives 0.5 as well.",
                             label="Threshold", min=0.05, max=0.9)
    coarsest: float = param(50.0, "Resolution given to spheres that have none, or a coarser one.", label="Coarsest resolution", unit="Å",
                            min=10, max=1000, expert=True)
    randomise_from: float = param(25.0, "Resolution from which the phases of the whole half-maps are made random, to correct for the "
                                  "spheres.", label="Random phases from", unit="Å", min=5, max=200, expert=True)
    seed: int = param(0, "Seed of the random phases; the same seed gives the same curves.", label="Seed", min=0, max=2 ** 31, expert=True)
    shells: str = param("local", "local: shells of the box that just holds a sphere, many times faster. box: shells of the whole box, with "
                        "the spheres padded to it, as RELION.", label="Shells", choices=("local", "box"))
    interpolate: bool = param(True, "Read the resolution between shells. Without: at the last shell of the whole box above, as RELION.",
                              label="Interpolate", expert=True)
    everywhere: bool = param(False, "Also where the mask is not: all spheres, and resolutions in the whole of them.", label="Everywhere",
                             expert=True)
    bfactor: float = param(0.0, "B-factor applied to the locally filtered map; negative sharpens.", label="B-factor", unit="Å²", min=-1000,
                           max=1000)
    mtf_voxel_size: Optional[float] = param(None, "Pixel size of the detector that the MTF is of; that of the maps when empty.",
                                            label="Pixel size of the MTF", unit="Å", min=0.1, max=20, expert=True)


@dataclass(frozen=True)
class RelionLocresResult(LocalResolution, HalfMapFacts):
    """Result of :func:`compute_relion_locres`; percentiles are over the voxels of the mask that a sphere reaches."""

    schema: ClassVar[str] = "cryoqa/relion_locres/1"
    unresolved_fraction: Optional[float] = metric("", "part of the spheres that have no resolution, or none finer than the coarsest",
                                                  "lower")
    nyquist_fraction: Optional[float] = metric("", "part of the spheres whose FSC stays above the threshold to Nyquist", "none")
    several_fraction: Optional[float] = metric("", "part of the spheres whose FSC falls below the threshold more than once", "lower")
    random_fsc: Optional[float] = metric("", "mean FSC of the spheres with random phases, at their resolution: what the mask alone makes",
                                         "lower")
    uncovered_fraction: Optional[float] = metric("", "part of the mask that no sphere reaches, and that has no resolution", "lower")
    threshold: Optional[float] = metric("", "FSC at which the resolution is read", "none")
    spacing: Optional[float] = metric("Å", "distance of the spheres", "none")
    radius: Optional[float] = metric("Å", "radius up to which a sphere is 1", "none")
    edge: Optional[float] = metric("Å", "width of the soft edge of a sphere", "none")
    spheres: Optional[int] = metric("", "spheres that were looked at", "none")
    shell_width: Optional[float] = metric("1/Å", "width of the shells of the FSC", "none")
    shells: Optional[str] = metric("", "box that the shells belong to: local or box", "none")
    bfactor: Optional[float] = metric("Å²", "B-factor applied to the locally filtered map", "none")
    fsc_spheres: Optional[Curve] = curve("mean corrected FSC of the spheres", x_label="Frequency", x_unit="1/Å", y_label="FSC")
    fsc_random: Optional[Curve] = curve("mean FSC of the spheres with random phases", x_label="Frequency", x_unit="1/Å", y_label="FSC")
    filtered: Optional[Map] = map_output("", "mean of the half-maps, filtered in each sphere by its FSC; 0 where there is none",
                                         output="outputFiltered")


def compute_relion_locres(study: Study, params: RelionLocresParams, *, progress: Progress = silent) -> RelionLocresResult:
    """Local resolution of two half-maps in a mask, by the FSC of soft spheres a sampling apart, and their mean filtered by it.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, float32 [z, y, x]; ``mask`` if there is one, else one is made; ``mtf`` for the filtered map.
    params
        Spheres, threshold, random phases, and what is done to the filtered map.
    progress
        Called with the part that is done and what is being done.

    Returns
    -------
    RelionLocresResult
        Resolutions in Å where the mask is at least 0.5, and the filtered map.

    Raises
    ------
    InputError
        Inputs that do not fit together, spheres that do not fit the map or reach no voxel of the mask.

    Notes
    -----
    In each sphere ``FSC = (FSC_masked - FSC_random) / (1 - FSC_random)``, where phases were randomised once in the whole half-maps; its
    first fall below ``threshold`` is the resolution, and frequencies are blended by the weights of the spheres.

    References
    ----------
    Correction: Chen et al. (2013), https://doi.org/10.1016/j.ultramic.2013.06.004.
    """
    study.check("half1", "half2", "mask", least=16, what="local resolution needs")
    warnings = _check_spheres(study, params)
    progress(0.02, "mask")
    used = usable_mask(study)
    progress(0.05, "random phases")
    setup = set_up(study, params, used.data)
    curves, blended = blend(setup, part(progress, 0.1, 0.85))
    falls, inside = curves.falls, used.data >= INSIDE
    first, *others = [_resolution_of(f, None if params.everywhere else inside) for f in blended[:-1]]
    values: Dict[str, Any] = dict(study.half_map_values(), **local_resolution_values(
        study, used, first, unresolved=falls[0].unresolved.mean(), nyquist=falls[0].never.mean(), label=params.threshold, column="FSC",
        others={f.threshold: other for f, other in zip(falls[1:], others)}))
    values.update(_numbers(setup, curves), filtered=study.grid.with_data(blended[-1]),
                  uncovered_fraction=1 - np.count_nonzero(first[inside]) / np.count_nonzero(inside))
    if values["uncovered_fraction"] > 0:
        warnings.append(f"{100 * values['uncovered_fraction']:.2g} % of the mask lies near the faces of the box, where no sphere reaches, "
                        "and has no resolution.")
    progress(1.0, "done")
    words = summary_of_halves(values, used, curves="the FSC of their spheres", at=f"FSC {params.threshold:g}",
                              how=f"{values['spheres']} soft spheres, {2 * (setup.radius + setup.edge):.3g} Å wide")
    return RelionLocresResult(summary=words, warnings=(*used.notes(), *limits_of_halves(study, values), *warnings), **values)


class SphereSetup(NamedTuple):
    """What all spheres share.

    ``whole`` and ``own`` are the shells of the map and of the box whose transforms are taken; ``window`` float32, odd; ``points`` int64
    [n, 3] (z, y, x); ``begin`` is the first shell of ``own`` that is corrected; ``halves`` and ``noises`` float32 [z, y, x], two each, with
    the ``levels`` of their solvent, which are taken off before a sphere is laid on; ``mean`` float32 [z, y, x] is what is filtered,
    ``mean_ft`` its transform, for shells of the whole box; ``mtf`` float64 [n].
    """

    params: RelionLocresParams
    whole: Geometry
    own: Geometry
    window: np.ndarray
    radius: float
    edge: float
    points: np.ndarray
    begin: int
    halves: Sequence[np.ndarray]
    noises: Sequence[np.ndarray]
    levels: Sequence[float]
    mean: np.ndarray
    mean_ft: Optional[np.ndarray]
    mtf: np.ndarray


class SphereCurves(NamedTuple):
    """Where the curves of spheres fall, for each threshold, and the curves, float32 [n, shells]: corrected, and of random phases."""

    falls: List[Falls]
    corrected: np.ndarray
    random: np.ndarray


def _check_spheres(study: Study, params: RelionLocresParams) -> List[str]:
    """One sentence when something is wrong with the spheres for these maps; else what is to be warned of."""
    map_ = study.grid
    radius, edge = sizes(params, max(map_.voxel_size))
    shortest = min(n * v for n, v in zip(map_.shape, map_.voxel_size[::-1]))
    # A sphere as wide as the box sees all of the map wherever it is.
    if 2 * radius >= shortest:
        raise InputError(f"Spheres with a radius of {radius:g} Å do not fit into the map, whose shortest edge is {shortest:.4g} Å "
                         f"({map_.place}); give a smaller sampling or radius.")
    if radius < 2 * max(map_.voxel_size):
        raise InputError(f"Spheres with a radius of {radius:g} Å hold next to nothing in voxels of {max(map_.voxel_size):g} Å "
                         f"({map_.place}); give a larger sampling or radius.")
    if 2 * (radius + edge) > shortest:
        return [f"The spheres are {2 * (radius + edge):.3g} Å wide and the box {shortest:.3g} Å: they are cut off at its faces, and a "
                "smaller sampling says more."]
    return []


def sizes(params: RelionLocresParams, voxel: float) -> Tuple[float, float]:
    """Radius and edge of the spheres.

    Parameters
    ----------
    params
        The sampling, and radius and edge where they were asked for.
    voxel
        Edge of a voxel in Å.

    Returns
    -------
    tuple of float
        In Å; whole numbers of voxels where they follow from the sampling.
    """
    def whole(length: float) -> float:
        return max(1.0, float(np.floor(length / voxel + 0.5))) * voxel
    return params.radius or whole(params.sampling / 2), params.edge or whole(params.sampling)


def set_up(study: Study, params: RelionLocresParams, mask: np.ndarray) -> SphereSetup:
    """Spheres that reach a mask (all of them, when asked for), and the half-maps with random phases.

    Parameters
    ----------
    study
        The half-maps.
    params
        Spheres and random phases.
    mask
        float32 [z, y, x]; voxels of at least 0.5 are looked at.

    Returns
    -------
    SphereSetup
        What all spheres share.

    Raises
    ------
    InputError
        No sphere reaches the mask.
    """
    voxel, shape, whole = study.grid.voxel_size, study.grid.shape, study.geometry
    radius, edge = sizes(params, max(voxel))
    window = spheres.soft_sphere(radius, edge, voxel)
    points = _points(study, params, mask, window, radius)
    box = shape if params.shells == "box" else spheres.own_box(window.shape, shape)
    own = fourier.geometry(box, voxel)
    first = int(whole.length / params.randomise_from)
    noises = [fourier.inverse(phases.randomise_phases(study.transform(half), whole, first, 2 * params.seed + i), shape)
              for i, half in enumerate(("half1", "half2"))]
    mean_ft = study.transform("average") if params.shells == "box" else None
    mtf = mtf_profile(DetectorMtf(study.mtf, params.mtf_voxel_size or float(np.mean(voxel))),
                      np.arange(own.n_shells * _FINE) / _FINE / own.length)
    begin = int(np.ceil((first + _GUARD) * own.length / whole.length))
    return SphereSetup(params, whole, own, window, radius, edge, points, begin, (study.half1.data, study.half2.data), noises,
                       [solvent_level(half.data, mask) for half in (study.half1, study.half2)], study.average.data, mean_ft, mtf)


def _points(study: Study, params: RelionLocresParams, mask: np.ndarray, window: np.ndarray, radius: float) -> np.ndarray:
    """Centres of the spheres, int64 [n, 3] (z, y, x)."""
    grid, voxel = study.grid, study.grid.voxel_size[::-1]
    along = [max(1, int(np.floor(params.sampling / v + 0.5))) for v in voxel]
    points = spheres.grid_points(grid.shape, along, [radius / v for v in voxel])
    if points.size == 0:
        # The spheres of the lattice all stick out of a small box; one in its middle is left.
        points = np.array([[n // 2 for n in grid.shape]])
    if not params.everywhere:
        points = points[[_reaches(mask, p, window) for p in points]]
    if points.size == 0:
        which = study.mask.path if study.mask else "made from the half-maps"
        raise InputError(f"No sphere reaches the mask, which lies near the faces of the box ({which}, {grid.place}); give a "
                         "smaller sampling, or everywhere.")
    return points


def _reaches(mask: np.ndarray, point: Sequence[int], window: np.ndarray) -> bool:
    where = spheres.place(point, window.shape, mask.shape)
    return bool(((mask[where.map] >= INSIDE) & (window[where.window] > 0)).any())


def blend(setup: SphereSetup, progress: Progress) -> Tuple[SphereCurves, List[np.ndarray]]:
    """What each sphere gives, and blended over the map.

    Parameters
    ----------
    setup
        What all spheres share.
    progress
        Called with the part that is done and the sphere.

    Returns
    -------
    curves : SphereCurves
        Of each sphere.
    blended : list of float32 [z, y, x]
        Frequency (1/Å) at each threshold, and the filtered map.
    """
    thresholds = list(dict.fromkeys((setup.params.threshold, *_THRESHOLDS)))
    total = spheres.Blend(setup.whole.shape, len(thresholds) + 1)
    corrected, random, falls = [], [], []
    for i, point in enumerate(setup.points):
        progress(i / len(setup.points), f"sphere {i + 1} of {len(setup.points)}")
        where = spheres.place(point, setup.window.shape, setup.whole.shape)
        weight = setup.window[where.window]
        true, noise = _curves(setup, where.map, weight)
        mine = [read_curves(setup, true[None], threshold) for threshold in thresholds]
        filtered = _filtered(setup, where.map, true, float(mine[0].frequency[0]))
        total.add(where.map, weight, [float(m.frequency[0]) for m in mine] + [filtered])
        corrected.append(true)
        random.append(noise)
        falls.append(mine)
    joined = [Falls(t, *(np.concatenate([f[i][field] for f in falls]) for field in (1, 2, 3))) for i, t in enumerate(thresholds)]
    return SphereCurves(joined, np.array(corrected), np.array(random)), total.means()


def _curves(setup: SphereSetup, where: spheres.Slices, weight: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Corrected FSC of a sphere, and that of random phases, float64 [shells]."""
    def one(pair: Sequence[np.ndarray]) -> np.ndarray:
        cut = ((data[where] - np.float32(level)) * weight for data, level in zip(pair, setup.levels))
        f1, f2 = (spheres.transform(part, setup.own.shape) for part in cut)
        out = shells.fsc(shells.cross_sums(f1, f2, setup.own))
        out[0] = 1
        return out
    masked, random = one(setup.halves), one(setup.noises)
    # 1e-9: where random phases correlate fully there is nothing left to correct.
    use = (np.arange(masked.size) >= setup.begin) & (random < 1 - 1e-9)
    return np.where(use, (masked - random) / np.where(use, 1 - random, 1), masked), random


def read_curves(setup: SphereSetup, curves: np.ndarray, threshold: float) -> Falls:
    """Where curves of spheres first fall below a threshold.

    Parameters
    ----------
    setup
        What all spheres share.
    curves
        Corrected FSC, float64 [n, shells].
    threshold
        The threshold.

    Returns
    -------
    Falls
        Frequencies (1/Å) between the coarsest resolution and Nyquist.
    """
    at, falls = blocks.first_falls(curves, setup.own.length, threshold)
    top, bottom = (setup.own.n_shells - 1) / setup.own.length, 1 / setup.params.coarsest
    if not setup.params.interpolate:
        at = np.where(falls, np.floor(at * setup.whole.length + 1e-6) / setup.whole.length, at)
    return Falls(threshold, np.clip(at, bottom, top), falls & (at <= bottom), ~falls)


def _filtered(setup: SphereSetup, where: spheres.Slices, fsc: np.ndarray, frequency: float) -> np.ndarray:
    """The mean map in the part ``where``, float32, by FSC weight, low-pass at ``frequency`` (1/Å), B-factor and MTF."""
    at = np.arange((setup.own.n_shells - 1) * _FINE + _FINE // 2) / _FINE
    s = at / setup.own.length
    profile = fsc_weights(fsc)[np.floor(at + 0.5).astype(int)] * np.exp(-setup.params.bfactor * s ** 2 / 4) / setup.mtf[:at.size]
    # RELION's low-pass: two shells of the whole box wide around the shell nearest to the frequency.
    middle = np.floor(setup.whole.length * frequency + 0.5)
    profile *= raised_cosine(s * setup.whole.length, middle - 1, middle + 1)
    if setup.mean_ft is not None:
        return fourier.inverse(apply_radial(setup.mean_ft, setup.own, profile, at=at), setup.own.shape)[where]
    # The part is filtered together with the map around it, as far as the small box reaches.
    outer, within = spheres.box_around(where, setup.own.shape, setup.whole.shape)
    ft = fourier.forward(setup.mean[outer])
    return fourier.inverse(apply_radial(ft, setup.own, profile, at=at, out=ft), setup.own.shape)[within]


def _resolution_of(frequency: np.ndarray, inside: Optional[np.ndarray]) -> np.ndarray:
    """Resolution (Å) where there is a frequency, and ``inside`` if given, float32 [z, y, x]; 0 elsewhere."""
    known = frequency > 0 if inside is None else (frequency > 0) & inside
    return np.divide(1, frequency, out=np.zeros_like(frequency), where=known)


def _numbers(setup: SphereSetup, found: SphereCurves) -> Dict[str, Any]:
    """Values about the spheres and their curves."""
    first, params, at = found.falls[0], setup.params, fourier.frequencies(setup.own)
    shell = np.minimum((first.frequency * setup.own.length + 0.5).astype(int), at.size - 1)
    return dict(several_fraction=several_fraction(found.corrected, first.threshold), threshold=first.threshold,
                random_fsc=float(found.random[np.arange(shell.size), shell].mean()), spacing=params.sampling, radius=setup.radius,
                edge=setup.edge, spheres=len(setup.points), shell_width=1 / setup.own.length, shells=params.shells,
                bfactor=params.bfactor, fsc_spheres=Curve(at[1:], found.corrected.mean(axis=0)[1:]),
                fsc_random=Curve(at[1:], found.random.mean(axis=0)[1:]))
