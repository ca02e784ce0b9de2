"""Half-maps of a made-up molecule repeated along a helix, whose rise, twist, axis and noise are known."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from cryoqa_plugin.core.pose_bands import about
from cryoqa_plugin.core.symmetry_copies import averaged, in_voxels
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.study import Study
from symmetric import TURN, blobs, chain


class Helical(NamedTuple):
    """``half1``, ``half2``, ``mask`` Maps; ``direction`` of the axis, a ``point`` on it (Å), ``rise`` (Å) and ``twist`` (degrees)."""

    half1: Map
    half2: Map
    mask: Map
    direction: np.ndarray
    point: np.ndarray
    rise: float
    twist: float

    def study(self, masked=True, **more):
        given = dict(half1=self.half1, half2=self.half2, **more)
        return Study(**given, mask=self.mask) if masked else Study(**given)


def operators(rise, twist, fold, direction, point, steps):
    """Of the copies after so many steps, with those about the axis: x' = R x + t, float64 [n, 3, 4]."""
    out = []
    for k in steps:
        for j in range(fold):
            angle = np.radians(k * twist + j * 360.0 / fold)
            turn = Rotation.from_rotvec(angle * np.asarray(direction)).as_matrix()
            out.append(about(turn, point, k * rise * np.asarray(direction)))
    return np.array(out)


def helical(rise, twist, fold=1, seed=1, turn=TURN, offset=(0.0, 0.0, 0.0), radius=16.0, atoms=120, copies=9, noise=0.25,
            shape=(56, 56, 56), voxel=(2.6,) * 3, imposed=False, flat=None, origin=(0.0, 0.0, 0.0), wobble=0.0, near=9.0):
    """Half-maps of a filament.

    ``copies`` along the axis, the middle one at the middle of the box; ``radius`` of the molecule from the axis (Å); ``flat`` thickness
    (Å) to which each molecule is pressed along the axis; ``offset`` of the axis from the middle of the box and ``turn`` of it from z;
    ``wobble`` standard deviation (degrees) by which each copy is turned at random about the axis; ``imposed``: half-maps are averaged over
    copies after the noise.
    """
    rng = np.random.default_rng(seed + 300)
    one = chain(seed, atoms)
    if flat is not None:
        one[:, 2] *= flat / max(np.ptp(one[:, 2]), 1e-9)
    one = one + np.array([radius, 0.0, 0.0])
    point = np.array([n * v / 2 for n, v in zip(shape[::-1], voxel)]) + offset
    direction = turn @ np.array([0.0, 0.0, 1.0])
    steps = np.arange(copies) - copies // 2
    here = one @ turn.T + point
    ops = operators(rise, twist, fold, direction, point, steps)
    if wobble:
        odd = [Rotation.from_rotvec(np.radians(a) * direction).as_matrix() for a in rng.normal(0, wobble, len(ops))]
        ops = np.array([about(w @ o[:, :3], np.zeros(3), w @ (o[:, 3] - point) + point) for w, o in zip(odd, ops)])
    xyz = np.concatenate([here @ o[:, :3].T + o[:, 3] for o in ops])
    signal = blobs(xyz, np.ones(len(xyz)), shape, voxel)
    mask = np.clip(signal / signal.max() / np.exp(-near ** 2 / (2 * 3.5 ** 2)), 0, 1)
    halves = [(signal + noise * signal.std() * rng.standard_normal(shape)).astype(np.float32) for _ in range(2)]
    if imposed:
        more = operators(rise, twist, fold, direction, point, [k for k in range(-4, 5)])
        more = [o for o in more if np.abs(o - np.eye(3, 4)).max() > 1e-6]
        halves = averaged(halves, in_voxels(np.array(more), voxel), np.ones(shape, np.float32))
    made = [Map(d.astype(np.float32), voxel, origin) for d in (*halves, mask)]
    return Helical(*made, direction, point, rise, twist)
