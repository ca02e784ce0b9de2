"""Denoising by a network against known truth, for simulated cases.

    python bench/noise2noise_figures.py FOLDER CASE [...] [--steps 300] [--seed 0]

FOLDER holds the cases of the simulator (CASE/CASE_half1.mrc, _truth, _mask). One line a case: mean correlation with the truth from 10 Å to
the resolution of the case, all maps with an even spectrum, of the conditional means and of the map of the network with them; part of the
weights that the network has; what is foretold; what the half-maps support; CPU seconds; peak memory of the process so far.
"""
from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from cryoqa_plugin.io.maps import read_map  # noqa: E402
from cryoqa_plugin.methods.sharpening.denoise import DenoiseParams, compute_denoise  # noqa: E402
from cryoqa_plugin.methods.sharpening.noise2noise import Noise2noiseParams, compute_noise2noise  # noqa: E402
from cryoqa_plugin.study import Study  # noqa: E402
from density_modify_figures import FINEST  # noqa: E402
from methods.test_denoise import likeness  # noqa: E402


def line(folder: Path, case: str, steps: int, seed: int) -> str:
    """The figures of one case."""
    one, two, truth, mask = (read_map(str(folder / case / f"{case}_{name}.mrc")) for name in ("half1", "half2", "truth", "mask"))

    def score(data):
        return likeness(data, truth.data, mask.data, one.voxel_size, 10.0, FINEST[case])

    means = compute_denoise(Study(half1=one, half2=two), DenoiseParams("conditional"))
    start = time.process_time()
    made = compute_noise2noise(Study(half1=one, half2=two), Noise2noiseParams(steps=steps, seed=seed))
    spent = time.process_time() - start
    return (f"{case} seed {seed}, {made.steps_made} steps: conditional means {score(means.denoised_map.data):.4f}, with the network "
            f"{score(made.denoised_map.data):.4f}; weight {made.weight_of_network:.2f}, foretold {made.foretold:.3f}, supported "
            f"{made.supported_share:.4f}; {spent:.0f} CPU s, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def main() -> None:
    """Read the command line and print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("cases", nargs="+", choices=sorted(FINEST))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for case in given.cases:
        print(line(given.folder, case, given.steps, given.seed), flush=True)


if __name__ == "__main__":
    main()
