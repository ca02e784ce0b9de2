"""Half-maps of a made-up molecule repeated by a point group, whose axes and noise are known."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from cryoqa_plugin.core.pose_bands import about
from cryoqa_plugin.core.symmetry_copies import averaged, in_voxels
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.io.symmetry import point_group
from cryoqa_plugin.study import Study

TURN = Rotation.from_euler("zyz", (31, 47, 19), degrees=True).as_matrix()
BOX, VOXEL = 44, 2.6
_SPREAD, _NEAR = 1.9, 9.0             # Å: of an atom, and from the atoms to where the mask ends


class Symmetric(NamedTuple):
    """``half1``, ``half2``, ``mask`` Maps; ``rotations`` of the group as it lies, ``centre`` in Å; ``copy`` and ``xyz`` of each atom."""

    half1: Map
    half2: Map
    mask: Map
    rotations: np.ndarray
    centre: np.ndarray
    copy: np.ndarray
    xyz: np.ndarray

    def study(self, masked=True, **more):
        given = dict(half1=self.half1, half2=self.half2, **more)
        return Study(**given, mask=self.mask) if masked else Study(**given)


def chain(seed, count=150):
    """Atoms of a compact walk, float64 [n, 3] in Å about their middle."""
    rng = np.random.default_rng(seed)
    out = np.zeros((count, 3))
    for i in range(1, count):
        step = rng.standard_normal(3) - 0.03 * out[i - 1]
        out[i] = out[i - 1] + 3.8 * step / np.linalg.norm(step)
    return out - out.mean(axis=0)


def blobs(xyz, weights, shape, voxel):
    """Sum of Gaussians, float32 [z, y, x], and the distance (Å) of each voxel from the nearest atom, up to a few voxels."""
    axes = [np.arange(n) * v for n, v in zip(shape[::-1], voxel)]
    parts = [np.exp(-(a[None] - xyz[:, i, None]) ** 2 / (2 * _SPREAD ** 2)) for i, a in enumerate(axes)]
    return np.einsum("ax,ay,az->zyx", parts[0] * weights[:, None], parts[1], parts[2], optimize=True).astype(np.float32)


def symmetric(name, seed=1, turn=TURN, offset=(0.0, 0.0, 0.0), away=(17.0, 8.0, 11.0), noise=0.25, shape=(BOX,) * 3, voxel=(VOXEL,) * 3,
              occupancy=None, bent=None, imposed=(), origin=(0.0, 0.0, 0.0)):
    """Half-maps under a point group.

    ``offset`` of its centre from the middle of the box; ``away`` of the molecule from it before ``turn``; ``occupancy`` of copies by
    number; ``bent`` degrees by which copies are turned, by number; ``imposed`` operators by which the half-maps are averaged after the
    noise.
    """
    rng = np.random.default_rng(seed + 100)
    one, ideal = chain(seed), point_group(name).operators[:, :, :3]
    rotations = turn @ ideal @ turn.T
    centre = np.array([n * v / 2 for n, v in zip(shape[::-1], voxel)]) + offset
    xyz, copy, weight = [], [], []
    for i, rotation in enumerate(ideal):
        own = one @ Rotation.from_rotvec(np.radians((bent or {}).get(i, 0.0)) * np.array([0.6, 0.8, 0.0])).as_matrix().T
        xyz.append((own + away) @ rotation.T @ turn.T + centre)
        copy += [i] * len(one)
        weight += [(occupancy or {}).get(i, 1.0)] * len(one)
    atoms = np.concatenate(xyz)
    signal = blobs(atoms, np.array(weight), shape, voxel)
    near = blobs(atoms, np.ones(len(atoms)), shape, voxel)
    mask = np.clip(near / np.exp(-_NEAR ** 2 / (2 * 3.5 ** 2)), 0, 1)
    halves = [(signal + noise * signal.std() * rng.standard_normal(shape)).astype(np.float32) for _ in range(2)]
    if imposed:
        operators = in_voxels(about(rotations[list(imposed)], centre), voxel)
        halves = averaged(halves, operators, np.ones(shape, np.float32))
    made = [Map(d.astype(np.float32), voxel, origin) for d in (*halves, mask)]
    return Symmetric(*made, rotations, centre, np.array(copy), atoms)


def axis_error(found, rotations, fold):
    """Smallest angle in degrees between a direction and the axes of a group that have a fold."""
    from cryoqa_plugin.core.symmetry_groups import axes_of
    return min(float(np.degrees(np.arcsin(np.clip(np.linalg.norm(np.cross(a.direction, found)), 0, 1))))
               for a in axes_of(rotations) if a.fold % fold == 0)
