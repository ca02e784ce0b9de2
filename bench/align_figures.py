"""map-align against known moves: half-maps turned at random, other maps of a molecule, mirror images, other molecules, noise.

    python bench/align_figures.py FOLDER MOVING TARGET [--turns N] [--seeds N] [--mirror]

FOLDER holds the cases of the simulator (CASE/CASE_half1.mrc, _half2, _mask, _signal). Half-map 1 of MOVING is brought onto half-map 2
of TARGET. With ``--turns`` it is first turned at random and shifted by up to 8 Å, N times, and the move must be undone; with ``--seeds``
both have new noise, N times, and the scatter of the six numbers is held against their errors. One line for each: what was found, how far
the angle (°) and the middle of the mask (Å) are off where both cases lie in one frame, z and correlation in the test band, CPU seconds.
"""
from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import List, Tuple

import numpy as np
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cryoqa_plugin.core import pose_fit  # noqa: E402
from cryoqa_plugin.io.maps import Map, read_map  # noqa: E402
from cryoqa_plugin.methods.maps.map_align import MapAlignParams, MapAlignResult, compute_map_align  # noqa: E402
from cryoqa_plugin.study import Study  # noqa: E402

FARTHEST = 8.0                        # Å
NAMES = [f"{what}_{axis}" for what in ("rotation", "shift") for axis in "xyz"]
Operator = Tuple[np.ndarray, np.ndarray]          # x' = R x + t, in Å


def turned(map_: Map, seed: int) -> Tuple[Map, Operator]:
    """A map after a random rotation about the centre of its box and a random shift, by splines of the fifth order."""
    rng = np.random.default_rng(seed)
    turn = Rotation.random(random_state=rng).as_matrix()
    middle = np.array(map_.origin) + (np.array(map_.shape[::-1]) // 2) * np.array(map_.voxel_size)
    shift = middle + rng.uniform(-FARTHEST, FARTHEST, 3) - turn @ middle
    voxel, origin = np.diag(map_.voxel_size), np.array(map_.origin)
    back = np.linalg.inv(voxel) @ turn.T                     # from places in Å to voxels (x, y, z) of the map as it was
    matrix, offset = back @ voxel, back @ (origin - shift) - origin / np.array(map_.voxel_size)
    data = affine_transform(map_.data, matrix[::-1, ::-1], offset[::-1], order=5, mode="grid-wrap")
    return map_.with_data(data), (turn, shift)


def found_move(result: MapAlignResult) -> Operator:
    """The move of a result."""
    numbers = np.array([getattr(result, name) for name in NAMES])
    turn = pose_fit.turn_by(np.radians(numbers[:3]))
    centre = np.array([float(v) for v in str(result.centre).split(",")])
    return turn, centre + numbers[3:] - turn @ centre


def off_by(found: Operator, first: Operator, middle: np.ndarray) -> Tuple[float, float]:
    """How far a move after another one is from doing nothing: the angle in degrees, and the shift of a point in Å."""
    turn = found[0] @ first[0]
    there = found[0] @ (first[0] @ middle + first[1]) + found[1]
    return float(np.degrees(np.linalg.norm(pose_fit.vector_of(turn)))), float(np.linalg.norm(there - middle))


def noisy(half: Map, signal: Map, rng: np.random.Generator) -> Map:
    """A half-map with its noise elsewhere: that of the simulator is the same everywhere in the box, which repeats itself."""
    noise = np.roll(half.data - signal.data, rng.integers(0, half.shape), axis=(0, 1, 2))
    return half.with_data(signal.data + noise)


def figures(name: str, given: Study, first: Operator, middle: np.ndarray, mirror: bool) -> Tuple[str, MapAlignResult]:
    """One line, and the result."""
    start = time.process_time()
    result = compute_map_align(given, MapAlignParams(mirror=mirror))
    spent = time.process_time() - start
    if not result.aligned:
        return f"{name}: no alignment; z {result.z_score:.1f}, T {result.test_correlation or 0:.2f}; {spent:.1f} CPU s", result
    angle, shift = off_by(found_move(result), first, middle)
    return (f"{name}: {angle:.4f} deg, {shift:.4f} A off; {result.n_placements} placements, mirror fits: {result.mirror_fits}; "
            f"z {result.z_score:.1f}, T {result.test_correlation:.3f}; {spent:.1f} CPU s"), result


def main() -> None:
    """All lines that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("moving")
    parser.add_argument("target")
    parser.add_argument("--turns", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--mirror", action="store_true")
    asked = parser.parse_args()

    def read(case: str, kind: str) -> Map:
        return read_map(os.path.join(asked.folder, case, f"{case}_{kind}.mrc"))

    moving, target, mask = read(asked.moving, "half1"), read(asked.target, "half2"), read(asked.moving, "mask")
    inside = np.argwhere(mask.data > 0.5)[:, ::-1].mean(axis=0)
    middle = np.array(mask.origin) + inside * np.array(mask.voxel_size)
    nothing, name = (np.eye(3), np.zeros(3)), f"{asked.moving} on {asked.target}"
    for seed in range(asked.turns):
        map_, move = turned(moving, seed)
        print(figures(f"{name}, turn {seed}", Study(full_map=map_, target_map=target), move, middle, asked.mirror)[0], flush=True)
    over: List[np.ndarray] = []
    numbers: List[np.ndarray] = []
    for seed in range(asked.seeds):
        rng = np.random.default_rng(seed)
        pair = [noisy(m, read(case, "signal"), rng) for m, case in ((moving, asked.moving), (target, asked.target))]
        study = Study(full_map=pair[0], target_map=pair[1], mask=mask)
        line, result = figures(f"{name}, noise {seed}", study, nothing, middle, asked.mirror)
        print(line, flush=True)
        if result.aligned:
            over.append(np.array([getattr(result, f"{n}_error") for n in NAMES]))
            numbers.append(np.array([getattr(result, n) for n in NAMES]))
    if len(numbers) > 2:
        scatter = np.sqrt(np.mean(np.square(numbers), axis=0) / np.mean(np.square(over), axis=0))
        print(f"{name}: scatter over error, rms of the six numbers: {np.sqrt(np.mean(scatter ** 2)):.2f}")
    if not asked.turns and not asked.seeds:
        study = Study(full_map=moving, target_map=target, mask=mask)
        print(figures(name, study, nothing, middle, asked.mirror)[0], flush=True)


if __name__ == "__main__":
    main()
