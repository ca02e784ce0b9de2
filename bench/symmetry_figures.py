"""map-symmetry against known truth: cases with a symmetry or none, seeds of noise, and filaments that are made here.

    python bench/symmetry_figures.py FOLDER [CASE ...] [--seeds N] [--helices] [--maps FILE ...]

FOLDER holds the cases of the simulator (CASE/CASE_half1.mrc, _half2, _mask; _signal for ``--seeds``): each as it is, or with N seeds of
noise, which is that of the case elsewhere in the box. ``--helices`` makes filaments as the tests do; ``--maps`` are maps alone. One line
for each: the groups, rho of the worst operator, noise, the highest correlation and significance that were seen, rise and twist, CPU s.
"""
from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any, Dict

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from cryoqa_plugin.io.maps import Map, read_map  # noqa: E402
from cryoqa_plugin.methods.maps.map_symmetry import MapSymmetryParams, compute_map_symmetry  # noqa: E402
from cryoqa_plugin.study import Study  # noqa: E402
from helical import helical  # noqa: E402

FLAT: Dict[str, Any] = dict(turn=np.eye(3))
FILAMENTS: Dict[str, Dict[str, Any]] = {
    "actin": dict(rise=27.6, twist=-166.6, radius=18.0, copies=7, shape=(64,) * 3),
    "C3": dict(rise=15.0, twist=40.0, fold=3, copies=11, radius=24.0, atoms=80, shape=(64,) * 3),
    "left": dict(rise=12.0, twist=-40.0, copies=11, offset=(4.0, -3.0, 0.0), shape=(64,) * 3, **FLAT),
    "tube": dict(rise=1.41, twist=22.03, copies=110, radius=50.0, atoms=50, shape=(52, 72, 72), voxel=(2.4,) * 3, **FLAT),
    "layers": dict(rise=4.8, twist=-2.4, copies=37, radius=14.0, atoms=90, flat=3.5, shape=(160, 110, 110), voxel=(1.3,) * 3, **FLAT),
    "loose": dict(rise=20.0, twist=70.0, copies=7, wobble=8.0, shape=(64,) * 3),
    "two copies": dict(rise=50.0, twist=70.0, copies=2, shape=(64,) * 3)}


def figures(name: str, study: Study) -> str:
    """One line."""
    start = time.process_time()
    found = compute_map_symmetry(study, MapSymmetryParams())
    spent = time.process_time() - start
    if found.point_group is None:
        return f"{name}: {found.summary}"
    larger = f"; {found.approximate_kind} {found.approximate_group} ({found.approximate_relative:.3f})" if found.approximate_group else ""
    rho = f" (rho {found.relative:.4f})" if found.relative is not None else ""
    noise = f"; noise {found.noise_repeats:.3f}, imposed {found.imposed}" if found.noise_repeats is not None else ""
    best = f"; at best {found.best_correlation:.3f}, {found.best_significance:.1f}; helix {found.helix}"
    if found.rise is not None:
        best += (f": rise {found.rise:.4f} +- {found.rise_error:.4f} A, twist {found.twist:.4f} +- {found.twist_error:.4f} deg, fold "
                 f"{found.helix_fold}, rho {found.helix_relative:.4f}, imposed {found.helix_imposed}")
    return f"{name}: {found.point_group}{rho}{larger}{noise}{best}; {spent:.1f} CPU s"


def noisy(half: Map, signal: Map, rng: np.random.Generator) -> Map:
    """A half-map with its noise elsewhere: that of the simulator is the same everywhere in the box, which repeats itself."""
    return half.with_data(signal.data + np.roll(half.data - signal.data, rng.integers(0, half.shape), axis=(0, 1, 2)))


def main() -> None:
    """All lines that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--helices", action="store_true")
    parser.add_argument("--maps", nargs="+", default=[])
    asked = parser.parse_args()
    for case in asked.cases:
        half1, half2, mask = (read_map(os.path.join(asked.folder, case, f"{case}_{k}.mrc")) for k in ("half1", "half2", "mask"))
        if not asked.seeds:
            print(figures(case, Study(half1=half1, half2=half2, mask=mask)), flush=True)
            continue
        signal = read_map(os.path.join(asked.folder, case, f"{case}_signal.mrc"))
        for seed in range(asked.seeds):
            rng = np.random.default_rng(seed)
            study = Study(half1=noisy(half1, signal, rng), half2=noisy(half2, signal, rng), mask=mask)
            print(figures(f"{case}, noise {seed}", study), flush=True)
    for name, made in FILAMENTS.items() if asked.helices else ():
        filament = helical(**made)
        print(figures(f"{name} ({filament.rise} A, {filament.twist} deg)", filament.study()), flush=True)
    for path in asked.maps:
        print(figures(os.path.basename(path), Study(full_map=read_map(path))), flush=True)


if __name__ == "__main__":
    main()
