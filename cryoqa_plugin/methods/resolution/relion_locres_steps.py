"""The steps of the FSC in soft spheres: points, curves, resolutions, blending, sentences."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import blocks, fourier, phases, shells, spheres
from ...core.filters import apply_radial, raised_cosine
from ...core.fourier import Geometry
from ...errors import InputError
from ...io.inputs import Inputs, require
from ...results import Curve
from . import map_or_halves
from .blocres_steps import LEVEL, Read
from .fsc_sharpen import Mtf, fsc_weights, mtf_profile, read_mtf
from .local_resolution import mask_notes, where

if TYPE_CHECKING:
    from .relion_locres import RelionLocresParams

Say = Callable[[float, str], None]
_CUTS = (0.143, 0.5)                             # of the table, besides the one asked for
_GUARD = 2                                       # shells of the whole box after the first random one that are not corrected
_FINE = 16                                       # points per shell of the filters


class Plan(NamedTuple):
    """What all spheres share.

    ``whole`` and ``own`` are the shells of the map and of the box whose transforms are taken; ``window`` float32, odd; ``points`` int64
    [n, 3] (z, y, x); ``begin`` is the first shell of ``own`` that is corrected; ``halves`` and ``noises`` float32 [z, y, x], two each;
    ``mean_ft`` is the transform of the mean map, for shells of the whole box.
    """

    params: RelionLocresParams
    whole: Geometry
    own: Geometry
    window: np.ndarray
    radius: float
    edge: float
    points: np.ndarray
    begin: int
    halves: Tuple[np.ndarray, np.ndarray]
    noises: Tuple[np.ndarray, np.ndarray]
    mean_ft: Optional[np.ndarray]
    mtf: np.ndarray


class Found(NamedTuple):
    """Resolutions at each threshold, and the curves, float32 [n, shells]: corrected, and of random phases."""

    reads: List[Read]
    curves: np.ndarray
    random: np.ndarray


def check(inputs: Inputs, params: RelionLocresParams) -> List[str]:
    """One sentence when something is wrong with the inputs or with the spheres for these maps; else what is to be warned of."""
    require(inputs, "half1", "half2")
    map_or_halves.check(inputs)
    if params.mtf:
        read_mtf(params.mtf)
    map_ = inputs.half1
    radius, edge = sizes(params, max(map_.voxel_size))
    edges = [n * v for n, v in zip(map_.shape, map_.voxel_size[::-1])]
    if 2 * radius >= min(edges):
        raise InputError(f"Spheres with a radius of {radius:g} Å do not fit into the map, whose shortest edge is {min(edges):.4g} Å "
                         f"({map_.path}); give a smaller sampling or radius.")
    if radius < 2 * max(map_.voxel_size):
        raise InputError(f"Spheres with a radius of {radius:g} Å hold next to nothing in voxels of {max(map_.voxel_size):g} Å "
                         f"({map_.path}); give a larger sampling or radius.")
    if 2 * (radius + edge) > min(edges):
        return [f"The spheres are {2 * (radius + edge):.3g} Å wide and the box {min(edges):.3g} Å: they are cut off at its faces, and a "
                "smaller sampling says more."]
    return []


def sizes(params: RelionLocresParams, voxel: float) -> Tuple[float, float]:
    """Radius and edge (Å) of the spheres, whole numbers of voxels when they follow from the sampling."""
    def whole(length: float) -> float:
        return max(1.0, float(np.floor(length / voxel + 0.5))) * voxel
    return params.radius or whole(params.sampling / 2), params.edge or whole(params.sampling)


def make_plan(inputs: Inputs, params: RelionLocresParams, mask: np.ndarray) -> Plan:
    """Spheres that reach the mask (all of them, when asked for), and the half-maps with random phases."""
    half1, half2 = inputs.half1, inputs.half2
    voxel, shape = half1.voxel_size, half1.shape
    whole = fourier.geometry(shape, voxel)
    radius, edge = sizes(params, max(voxel))
    window = spheres.soft_sphere(radius, edge, voxel)
    along = [max(1, int(np.floor(params.sampling / v + 0.5))) for v in voxel[::-1]]
    points = spheres.grid_points(shape, along, [radius / v for v in voxel[::-1]])
    if points.size == 0:
        points = np.array([[n // 2 for n in shape]])
    if not params.everywhere:
        points = points[[_reaches(mask, p, window) for p in points]]
    if points.size == 0:
        where = inputs.mask.path if inputs.mask else "made from the half-maps"
        raise InputError(f"No sphere reaches the mask, which lies near the faces of the box ({where}, {half1.path}); give a "
                         "smaller sampling, or everywhere.")
    box = shape if params.shells == "box" else spheres.own_box(window.shape, shape)
    own = fourier.geometry(box, voxel)
    first = int(whole.length / params.randomise_from)
    noises = tuple(_random(h.data, whole, first, 2 * params.seed + i) for i, h in enumerate((half1, half2)))
    mean_ft = fourier.forward((half1.data + half2.data) * np.float32(0.5)) if params.shells == "box" else None
    at = fourier.frequencies(own)
    mtf = mtf_profile(Mtf(params.mtf, params.mtf_voxel_size or float(np.mean(voxel))), np.arange(at.size * _FINE) / _FINE / own.length)
    begin = int(np.ceil((first + _GUARD) * own.length / whole.length))
    return Plan(params, whole, own, window, radius, edge, points, begin, (half1.data, half2.data), (noises[0], noises[1]), mean_ft, mtf)


def _reaches(mask: np.ndarray, point: np.ndarray, window: np.ndarray) -> bool:
    where = spheres.place(point, window.shape, mask.shape)
    return bool(((mask[where.map] >= LEVEL) & (window[where.window] > 0)).any())


def _random(data: np.ndarray, geo: Geometry, first: int, seed: int) -> np.ndarray:
    ft = fourier.forward(data)
    return fourier.inverse(phases.randomise_phases(ft, geo, first, seed, out=ft), geo.shape)


def blend(plan: Plan, say: Say) -> Tuple[Found, List[np.ndarray]]:
    """What each sphere gives, and blended over the map: frequency (1/Å) at each threshold and the filtered map, float32 [z, y, x]."""
    cuts = [plan.params.threshold] + [c for c in _CUTS if c != plan.params.threshold]
    total = spheres.Blend(plan.whole.shape, len(cuts) + 1)
    curves, random, reads = [], [], []
    for i, point in enumerate(plan.points):
        say(0.1 + 0.85 * i / len(plan.points), f"sphere {i + 1} of {len(plan.points)}")
        where = spheres.place(point, plan.window.shape, plan.whole.shape)
        weight = plan.window[where.window]
        true, noise = _curves(plan, where.map, weight)
        mine = [read(plan, true[None], cut) for cut in cuts]
        filtered = _filtered(plan, where.map, true, float(mine[0].frequency[0]))
        total.add(where.map, weight, [float(m.frequency[0]) for m in mine] + [filtered])
        curves.append(true)
        random.append(noise)
        reads.append(mine)
    joined = [Read(cut, *(np.concatenate([r[i][field] for r in reads]) for field in (1, 2, 3))) for i, cut in enumerate(cuts)]
    return Found(joined, np.array(curves), np.array(random)), total.means()


def _curves(plan: Plan, part: spheres.Slices, weight: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Corrected FSC of a sphere, and that of random phases, float64 [shells]."""
    def one(pair: Sequence[np.ndarray]) -> np.ndarray:
        f1, f2 = (spheres.transform(data[part] * weight, plan.own.shape) for data in pair)
        out = shells.fsc(shells.cross_sums(f1, f2, plan.own))
        out[0] = 1
        return out
    masked, random = one(plan.halves), one(plan.noises)
    use = (np.arange(masked.size) >= plan.begin) & (random < 1 - 1e-9)
    return np.where(use, (masked - random) / np.where(use, 1 - random, 1), masked), random


def read(plan: Plan, curves: np.ndarray, cut: float) -> Read:
    """Where curves, float64 [n, shells], first fall below ``cut``: frequency (1/Å), between the coarsest resolution and Nyquist."""
    at, falls = blocks.first_falls(curves, plan.own.length, cut)
    top, bottom = (plan.own.n_shells - 1) / plan.own.length, 1 / plan.params.coarsest
    if not plan.params.interpolate:
        at = np.where(falls, np.floor(at * plan.whole.length + 1e-6) / plan.whole.length, at)
    return Read(cut, np.clip(at, bottom, top), falls & (at <= bottom), ~falls)


def _filtered(plan: Plan, part: spheres.Slices, curve: np.ndarray, frequency: float) -> np.ndarray:
    """The mean map in ``part``, float32, by FSC weight, low-pass at ``frequency`` (1/Å), B-factor and MTF."""
    at = np.arange((plan.own.n_shells - 1) * _FINE + _FINE // 2) / _FINE
    s = at / plan.own.length
    profile = fsc_weights(curve)[np.floor(at + 0.5).astype(int)] * np.exp(-plan.params.bfactor * s ** 2 / 4) / plan.mtf[:at.size]
    middle = np.floor(plan.whole.length * frequency + 0.5)
    profile *= raised_cosine(s * plan.whole.length, middle - 1, middle + 1)
    if plan.mean_ft is not None:
        return fourier.inverse(apply_radial(plan.mean_ft, plan.own, profile, at=at), plan.own.shape)[part]
    outer, within = spheres.box_around(part, plan.own.shape, plan.whole.shape)
    ft = fourier.forward((plan.halves[0][outer] + plan.halves[1][outer]) * np.float32(0.5))
    return fourier.inverse(apply_radial(ft, plan.own, profile, at=at, out=ft), plan.own.shape)[within]


def voxels(frequency: np.ndarray, mask: Optional[np.ndarray]) -> np.ndarray:
    """Resolution (Å) where there is a frequency, and the mask reaches 0.5, float32 [z, y, x]; 0 elsewhere."""
    known = frequency > 0 if mask is None else (frequency > 0) & (mask >= LEVEL)
    return np.divide(1, frequency, out=np.zeros_like(frequency), where=known)


def numbers(plan: Plan, found: Found) -> Dict[str, Any]:
    """Values about the spheres and their curves."""
    first = found.reads[0]
    falls = np.count_nonzero((found.curves[:, :-1] >= first.cut) & (found.curves[:, 1:] < first.cut), axis=1)
    at = fourier.frequencies(plan.own)
    shell = np.minimum((first.frequency * plan.own.length + 0.5).astype(int), at.size - 1)
    return dict(unresolved_fraction=float(first.unresolved.mean()), nyquist_fraction=float(first.never.mean()),
                several_fraction=float(np.mean(falls > 1)), random_fsc=float(found.random[np.arange(shell.size), shell].mean()),
                spacing=plan.params.sampling, radius=plan.radius, edge=plan.edge, spheres=len(plan.points),
                shell_width=1 / plan.own.length, shells=plan.params.shells, bfactor=plan.params.bfactor,
                fsc_spheres=Curve(at[1:], found.curves.mean(axis=0)[1:]), fsc_random=Curve(at[1:], found.random.mean(axis=0)[1:]))


def summary(v: Dict[str, Any]) -> str:
    """One sentence."""
    if v["half_maps_identical"]:
        return "The half-maps are copies of each other: the FSC of their spheres is 1 everywhere and says nothing about resolution."
    width = 2 * (v["radius"] + v["edge"])
    return (f"The local resolution at FSC {v['threshold']:g} is {v['median']:.2f} Å in the median and from {v['p5']:.2f} to "
            f"{v['p95']:.2f} Å for nine tenths of the voxels, {where(v['mask_source'])} ({v['spheres']} soft spheres, {width:.3g} Å wide).")


def warnings(v: Dict[str, Any]) -> List[str]:
    """What is odd about mask and spheres."""
    out: List[Optional[str]] = [
        *mask_notes(v["mask_source"]),
        f"{100 * v['uncovered_fraction']:.2g} % of the mask lies near the faces of the box, where no sphere reaches, and has no resolution."
        if v["uncovered_fraction"] > 0 else None]
    return [w for w in out if w]
