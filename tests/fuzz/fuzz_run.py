"""Many cases at once, from the command line too: ``python tests/fuzz/fuzz_run.py [KIND ...] [--cases N] [--seed N] [--keep FOLDER]``."""
from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import List, Sequence, Tuple

import numpy as np

sys.path += [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent.parent)]

import fuzz_command  # noqa: E402
import fuzz_maps  # noqa: E402
import fuzz_methods  # noqa: E402
import fuzz_texts  # noqa: E402
from fuzz_harness import Kind, Outcome, Seeds, run_cases  # noqa: E402
from fuzz_seeds import make_seeds  # noqa: E402

KINDS = {kind.name: kind for module in (fuzz_maps, fuzz_methods, fuzz_texts, fuzz_command) for kind in module.KINDS}


def prepare(folder: Path, kinds: Sequence[Kind] = tuple(KINDS.values())) -> Seeds:
    """Seed files, with what the kinds run most run once, so that cases pay neither for imports nor for kernels."""
    from cryoqa_plugin import cli, runner  # noqa: F401
    seeds = make_seeds(folder)
    files = {n.split(".")[0]: str(p) for n, p in seeds.files.items() if n.endswith(".mrc")}
    files["model"] = str(seeds.files["model.cif"])
    maps = {"full_map": files["full_map"], "half1": files["half1"], "half2": files["half2"], "mask": files["mask"], "model": files["model"]}
    for name in {*dict.fromkeys(c for kind in kinds for c in kind.warm), "fsc"}:
        row = runner.capability(name)
        known = {k: v for k, v in maps.items() if k in row.needs + row.takes and (k != "mask" or name != "fsc")}
        document = runner.execute(name, known, None, None, threads=1)
        if name == "fsc":
            seeds.facts["fsc"] = {n: document["metrics"][n]["value"] for n in ("resolution", "resolution_unmasked_05")}
    return seeds


def draw(kinds: Sequence[Kind], count: int, seed: int) -> List[Tuple[Kind, int]]:
    """So many cases of some kinds, by their weights, each with a seed of its own."""
    turns = [kind for kind in kinds for _ in range(kind.weight)]
    numbers = np.random.default_rng(seed).integers(0, 2 ** 31, count)
    return [(turns[i % len(turns)], int(n)) for i, n in enumerate(numbers)]


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many ended how, by kind, and the CPU seconds."""
    lines = []
    for name in dict.fromkeys(o.kind for o in outcomes):
        own = [o for o in outcomes if o.kind == name]
        counts = ", ".join(f"{n} {how}" for how, n in Counter(o.how for o in own).most_common())
        lines.append(f"{name}: {counts}; {sum(o.cpu for o in own) / len(own):.3f} CPU s each, at most {max(o.cpu for o in own):.1f}")
    total = sum(o.cpu for o in outcomes)
    return "\n".join([*lines, f"{len(outcomes)} cases, {total:.1f} CPU s, {total / max(len(outcomes), 1):.3f} each"])


def main() -> int:
    """Run cases of some kinds, or one of them as KIND:SEED."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little") // 2)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", default="")
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    single = [(KINDS[k.split(":")[0]], int(k.split(":")[1])) for k in args.kinds if ":" in k]
    kinds = [KINDS[k] for k in args.kinds if ":" not in k] or list(KINDS.values())
    cases = single or draw(kinds, args.cases, args.seed)
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        seeds = prepare(Path(folder), [k for k, _ in cases])
        outcomes = []
        for outcome in run_cases(cases, seeds, args.jobs, args.keep):
            outcomes.append(outcome)
            if single or args.verbose or not outcome.good:
                print(outcome, flush=True)
    print(summary(outcomes))
    return 1 if any(not o.good for o in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
