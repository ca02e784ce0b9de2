"""Density modification against known truth: simulated cases, solvents that are not ideal, faults, noise alone, and bad modifications.

    python bench/density_modify_figures.py FOLDER CASE [...] [--inputs given solvents faults boxes weak noise bad symmetry]

FOLDER holds the cases of the simulator (CASE/CASE_half1.mrc, _signal, _truth, _mask); the faults are made in a temporary folder by its
companion; ``symmetry`` takes the operators that the case was made with, wrong ones, and half-maps on which they were imposed. One line for
each input: mean correlation with the truth from 10 Å to the resolution of the case, and where it falls to 0.5, of the filtered mean of the
half-maps and of the modified map; mean of local Wiener weights; gain T with its error beside the true one; the error of the predicted
correlation; the predicted resolution beside the true one; CPU seconds.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial.transform import Rotation

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cryoqa_plugin.core import conditional, filters, fourier, shells, symmetry_copies  # noqa: E402
from cryoqa_plugin.core import density_modification as modification  # noqa: E402
from cryoqa_plugin.io.maps import Map, read_map  # noqa: E402
from cryoqa_plugin.io.symmetry import Symmetry, point_group  # noqa: E402
from cryoqa_plugin.methods.sharpening.denoise import DenoiseParams, compute_denoise  # noqa: E402
from cryoqa_plugin.methods.sharpening.density_modify import DensityModifyParams, compute_density_modify  # noqa: E402
from cryoqa_plugin.study import Study  # noqa: E402

FINEST = dict(p96=2.05, a96=2.05, odd97=2.6, t160=2.6, l160=2.6, low96=6.5, fine128=1.6, d2tilt_160=2.9, rna128=2.8, h256=3.0,
              d2_160=2.9, c5_200=2.9)
FAULTS = ("corr05", "corr10", "weakened", "softmask", "tightmask", "lowpass", "corners", "noiserim", "noisecore", "oversharp")
Halves = Tuple[Map, Map]


class Truth(NamedTuple):
    """What a result is held against: maps float32 [z, y, x], the resolution of the case (Å)."""

    data: np.ndarray
    mask: np.ndarray
    finest: float


def even(data: np.ndarray, geo: fourier.Geometry, finest: float) -> np.ndarray:
    """A map with the same power in every shell, up to a resolution, float32 [z, y, x]."""
    ft = fourier.forward(data)
    power, _, count = shells.power_sums(ft, geo)
    gain = np.sqrt(count / np.maximum(power, 1e-30))
    gain[0] = 0
    gain[int(geo.length / finest) + 1:] = 0
    return fourier.inverse(filters.apply_radial(ft, geo, gain), geo.shape)


def correlation(data: np.ndarray, truth: Truth, geo: fourier.Geometry, finest: float) -> np.ndarray:
    """Correlation with the truth in its mask by shell, float64 [n_shells]."""
    one, two = (fourier.forward(even(m, geo, finest) * truth.mask) for m in (data, truth.data))
    return shells.fsc(shells.cross_sums(one, two, geo))


def fall(curve: np.ndarray, geo: fourier.Geometry, finest: float) -> float:
    """Where a curve falls to 0.5 (Å)."""
    return modification.falls_to(curve, geo, finest) or float("nan")


def solvents(halves: Halves, signal: np.ndarray, mask: np.ndarray) -> Iterator[Tuple[str, Halves]]:
    """Half-maps whose noise grows or falls two-fold to the faces, with a belt of half protein density, and with six blobs."""
    shape = signal.shape
    r = np.max(np.meshgrid(*(np.abs(np.arange(n) - (n - 1) / 2) / (n / 2) for n in shape), indexing="ij"), axis=0)
    for name, factor in (("noise grows", 1 + r), ("noise falls", 1 - r / 2)):
        yield name, tuple(h.with_data((signal + (h.data - signal) * factor).astype(np.float32)) for h in halves)
    voxel = halves[0].voxel
    away = distance_transform_edt(mask < 0.5) * voxel
    level = float(signal[mask > 0.5].mean())
    z = (np.arange(shape[0]) - (shape[0] - 1) / 2)[:, None, None] * voxel
    belt = gaussian_filter(((away > 3) & (away < 18) & (np.abs(z) < 15)).astype(np.float32), 2 / voxel) * np.float32(level / 2)
    yield "belt", tuple(h.with_data(h.data + belt) for h in halves)
    rng = np.random.default_rng(11)
    far = np.argwhere((away > 12) & (r < 0.85))
    blobs = np.zeros(shape, np.float32)
    for place in far[rng.choice(len(far), 6, replace=False)]:
        blobs[tuple(place)] = 1
    blobs = gaussian_filter(blobs, 4 / voxel)
    blobs *= np.float32(3 * level / blobs.max())
    yield "blobs", tuple(h.with_data(h.data + blobs) for h in halves)


def boxes(halves: Halves, signal: np.ndarray, truth: Truth) -> Iterator[Tuple[str, Halves, Truth]]:
    """Half-maps in boxes of 2 times the edge, filled with noise of the same spectrum, and cut to where no solvent is left."""
    n = signal.shape[0]
    big, low = 2 * n, n - n // 2
    geo, wide = fourier.geometry(signal.shape), fourier.geometry((big,) * 3)
    made = []
    for k, half in enumerate(halves):
        power, _, count = shells.power_sums(fourier.forward(half.data - signal), geo)
        level = np.sqrt(power / np.maximum(count, 1) / signal.size)
        white = fourier.forward(np.random.default_rng(70 + k).standard_normal(wide.shape).astype(np.float32))
        filters.apply_radial(white, wide, level, at=np.arange(level.size) * 2.0, beyond=float(level[-1]), out=white)
        noise = fourier.inverse(white, wide.shape)
        noise[low:low + n, low:low + n, low:low + n] = half.data
        made.append(Map(noise, half.voxel_size))
    pads = [np.pad(m, [(low, big - n - low)] * 3) for m in (truth.data, truth.mask)]
    yield "box x2", tuple(made), Truth(*pads, truth.finest)
    m = 2 * (n // 5)
    cut = tuple(slice((n - m) // 2, (n - m) // 2 + m) for _ in range(3))
    yield "no solvent", tuple(h.with_data(np.ascontiguousarray(h.data[cut])) for h in halves), Truth(
        np.ascontiguousarray(truth.data[cut]), _inner(m, halves[0].voxel_size), truth.finest)


def _inner(n: int, voxel_size: Tuple[float, ...]) -> np.ndarray:
    """A soft box 5 A within the faces of a box of n voxels, where nothing fades out."""
    gap = int(np.ceil(5 / min(voxel_size)))
    return np.pad(modification.border((n - 2 * gap,) * 3, voxel_size), gap)


def faults(folder: str, case: str) -> Iterator[Tuple[str, Halves]]:
    """Half-maps with a known fault, made by the companion of the simulator."""
    tool = os.path.join(os.environ["CRYOQA_SHARED"], "tools", "simulate_bad.py")
    with tempfile.TemporaryDirectory() as scratch:
        for kind in FAULTS:
            subprocess.run([sys.executable, tool, os.path.join(folder, case, case), scratch, kind], check=True, stdout=subprocess.DEVNULL)
            yield kind, tuple(read_map(os.path.join(scratch, f"{kind}_half{i}.mrc")) for i in (1, 2))


def weak(halves: Halves, signal: np.ndarray) -> Iterator[Tuple[str, Halves]]:
    """Half-maps of which one has 1.5 times the noise."""
    yield "noise x1.5", (halves[0], halves[1].with_data((signal + 1.5 * (halves[1].data - signal)).astype(np.float32)))


def symmetries(folder: str, case: str, halves: Halves) -> Iterator[Tuple[str, Halves, Symmetry]]:
    """Half-maps with the operators of their case, with wrong ones, and with half-maps on which the right ones were imposed."""
    known = json.loads(Path(folder, case, f"{case}_truth.json").read_text(encoding="utf-8"))
    tilt = Rotation.from_euler("zyz", known["tilt"], degrees=True).as_matrix() if known["tilt"] else np.eye(3)
    turn = {k: Rotation.from_euler(k[0], float(k[1:]), degrees=True).as_matrix() for k in ("x5", "z20")}

    def turned(name: str, by: np.ndarray) -> Symmetry:
        operators = point_group(name).operators.copy()
        operators[:, :, :3] = by @ operators[:, :, :3] @ by.T
        return Symmetry(operators, name, True)

    name = known["symmetry"]
    yield f"{name}", halves, turned(name, tilt)
    yield f"{name}, axis 5 degrees off", halves, turned(name, turn["x5"] @ tilt)
    yield "D3 about the main axis", halves, turned("D3", tilt @ turn["z20"])
    centre = np.array(halves[0].shape[::-1]) // 2
    operators = turned(name, tilt).operators[1:]
    operators[:, :, 3] = centre - operators[:, :, :3] @ centre
    imposed = symmetry_copies.averaged((halves[0].data, halves[1].data), operators, np.ones(halves[0].shape, np.float32))
    yield f"{name} imposed", (halves[0].with_data(imposed[0]), halves[1].with_data(imposed[1])), turned(name, tilt)


def figures(name: str, halves: Halves, truth: Truth, symmetry: Optional[Symmetry] = None) -> str:
    """One line."""
    start = time.process_time()
    study = Study(half1=halves[0], half2=halves[1], symmetry=symmetry)
    out = compute_density_modify(study, DensityModifyParams())
    spent = time.process_time() - start
    if out.verdict is None:
        return f"{name}: {out.summary}"
    geo, at = study.geometry, study.frequencies
    band, ended = (at >= 0.1) & (at <= 1 / truth.finest), modification.mean_over(geo, out.dm_resolution)
    wiener = compute_denoise(study, DenoiseParams()).denoised_map.data
    maps = out.initial_map.data, out.density_modified_map.data, wiener
    last = max(0.85 * truth.finest, out.dm_resolution)
    curves = [correlation(m, truth, geo, last) for m in maps]
    means = [float(c[band].mean()) for c in curves]
    ends = [fall(c, geo, last) for c in curves]
    true = float((curves[0] * (curves[1] - curves[0]))[ended & (at <= 1 / last)].mean())
    seen = out.predicted_cref_after.y
    use = (ended & (curves[1] > 0.5) & (at <= 1 / last))[:seen.size]
    error = seen[use] - curves[1][:seen.size][use]
    if symmetry is not None:
        name += f" (used {out.operators_used}, refused {out.operators_refused}, imposed {out.operators_imposed})"
    return (f"{name}: mean {means[0]:.3f} -> {means[1]:.3f} (Wiener {means[2]:.3f}), {ends[0]:.2f} -> {ends[1]:.2f} A; T {out.gain:.4f} "
            f"+- {out.gain_error:.4f} (true {true:.4f}), Wiener {out.gain_wiener:.3f}; {out.verdict}; Cref error mean {error.mean():.3f} "
            f"median {np.median(np.abs(error)):.3f} max {np.abs(error).max():.2f}; predicted {out.resolution_before} -> "
            f"{out.resolution_after} +- {out.resolution_after_error}; soft {out.soft_faces}; {spent:.1f} CPU s; notes {len(out.warnings)}")


def bad_modifications(case: str, halves: Halves, truth: Truth) -> List[str]:
    """T of modifications that lose information beside the true one."""
    study = Study(half1=halves[0], half2=halves[1])
    geo = study.geometry
    found = conditional.conditional_means(study.transform("half1"), study.transform("half2"), geo, study.grid.voxel_size,
                                          study.unmasked_resolution, float(np.mean(study.used_mask.inside)) / 1.3)
    even_halves, out = found.bases[0], []
    sd, hard = float(even_halves[0].std()), found.mask > 0.5
    ways = {"hard mask": lambda d: d * hard, "soft threshold 1": lambda d: np.sign(d) * np.maximum(np.abs(d) - sd, 0),
            "soft threshold 3": lambda d: np.sign(d) * np.maximum(np.abs(d) - 3 * sd, 0), "clip": lambda d: np.clip(d, -sd, 2 * sd),
            "positivity": lambda d: np.maximum(d, 0), "x|x|": lambda d: d * np.abs(d)}
    unit = np.broadcast_to(np.array([0.0, 1.0]), (geo.n_shells, 12, 2))
    before = correlation((even_halves[0] + even_halves[1]) / 2, truth, geo, found.finest)
    used = modification.mean_over(geo, found.finest)
    for name, way in ways.items():
        pair = tuple(way(h).astype(np.float32) for h in even_halves)
        gain = modification.gain(conditional.sector_sums.sums_of((even_halves, pair), found.mask, geo), unit, geo, found.finest)
        after = correlation((pair[0] + pair[1]) / 2, truth, geo, found.finest)
        true = float((before * (after - before))[used].mean())
        right = abs(true) <= 0.01 or (gain.verdict == modification.IMPROVED) == (true > 0)
        out.append(f"{case} {name}: T {gain.mean:.4f} +- {gain.error:.4f} (true {true:.4f}) {gain.verdict} {'right' if right else 'WRONG'}")
    return out


def noise_alone(seeds: range, n: int = 64) -> List[str]:
    """T of estimates from noise."""
    out = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        ft = [fourier.forward(rng.standard_normal((n,) * 3).astype(np.float32)) for _ in range(2)]
        geo = fourier.geometry((n,) * 3, (1.0,) * 3)
        gain = modification.judged(conditional.conditional_means(*ft, geo, (1.0,) * 3, 4.0, 0.1), geo)
        out.append(f"noise {seed}: T {gain.mean:.4f} +- {gain.error:.4f} {gain.verdict}")
    return out


def main() -> None:
    """All lines that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--inputs", nargs="+", default=["given"])
    asked = parser.parse_args()
    if "noise" in asked.inputs:
        print("\n".join(noise_alone(range(8))), flush=True)
    for case in asked.cases:
        maps: Dict[str, Map] = {k: read_map(os.path.join(asked.folder, case, f"{case}_{k}.mrc"))
                                for k in ("half1", "half2", "truth", "mask", "signal")}
        halves, signal = (maps["half1"], maps["half2"]), maps["signal"].data
        truth = Truth(maps["truth"].data, maps["mask"].data, FINEST.get(case, 3.0))
        for kind in asked.inputs:
            made: Iterator[Tuple[str, Halves]] = iter({"given": [("as given", halves)]}.get(kind, []))
            if kind == "solvents":
                made = solvents(halves, signal, truth.mask)
            elif kind == "faults":
                made = faults(asked.folder, case)
            elif kind == "weak":
                made = weak(halves, signal)
            elif kind == "bad":
                print("\n".join(bad_modifications(case, halves, truth)), flush=True)
            elif kind == "symmetry":
                for name, pair, symmetry in symmetries(asked.folder, case, halves):
                    print(f"{case} {figures(name, pair, truth, symmetry)}", flush=True)
            elif kind == "boxes":
                for name, pair, held in boxes(halves, signal, truth):
                    print(f"{case} {figures(name, pair, held)}", flush=True)
            for name, pair in made:
                print(f"{case} {figures(name, pair, truth)}", flush=True)


if __name__ == "__main__":
    main()
