"""What the zones of model-report find: errors planted in models, on simulated maps of 2.6, 3.4 and 4.0 Å.

    python bench/zone_figures.py FOLDER [--seeds N ...] [--limits] [--quick]

Makes half-maps with the simulator of the shared folder (CRYOQA_SHARED) in FOLDER, where they are kept; plants errors (tests/planted.py) in
their models; and prints ROC areas of each score and error, and how many planted and how many right residues the union of the rules flags.
``--limits`` prints the limits that the training models give in place of those of the method; ``--quick`` takes one model and seed.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

RESOLUTIONS = (2.6, 3.4, 4.0)
TRAINED, JUDGED = ("a", "b"), ("c", "d", "e", "f")
MODELS = {"a": ("3o21.pdb", "A", 96), "b": ("5ni1.pdb", "", 96), "c": ("7pbl.pdb", "A,C", 128), "d": ("3c91_T20S.pdb", "A,H", 112),
          "e": ("3o21.pdb", "B", 96), "f": ("7a4m.cif", "", 80)}
TAILS = {"q": 0.8, "backbone": 0.5, "delta": 0.8, "rotamer": 1.5, "peptide": 1.5, "gap": 1.5}      # % of right residues below a limit
PLANTED = ("moved", "rotamer", "flip", "solvent", "register")


class Judged(NamedTuple):
    """Residues of protein of one model: ``error`` texts [n], ``good`` bool [n] where the local FSC is above its worst tenth, ``z`` float64
    [n] of each score, low if bad, ``zone`` texts [n], ``held`` bool [n] by rule; ``others``: error and zone of ligands, ions and waters."""

    error: np.ndarray
    good: np.ndarray
    z: Dict[str, np.ndarray]
    zone: np.ndarray
    held: Dict[str, np.ndarray]
    others: Tuple[Tuple[str, str], ...]


def made(folder: Path, name: str, resolution: float) -> Path:
    """The folder of a simulated case, made when it is not there."""
    model, chains, box = MODELS[name]
    case = f"{name}{round(10 * resolution)}"
    if not (folder / case / f"{case}_truth.json").is_file():
        shared = Path(os.environ.get("CRYOQA_SHARED") or ROOT.parent / "shared")
        seed = 900 + 10 * list(MODELS).index(name) + round(10 * resolution)
        options = [f"--name={case}", f"--model={model}", f"--box={box}", f"--d143={resolution}", f"--seed={seed}"]
        options += [f"--chains={chains}"] if chains else []
        command = [sys.executable, str(shared / "tools" / "simulate.py"), "custom", str(folder / case), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / case


def judged(case: Path, seed: int) -> Judged:
    """The zones of a model with planted errors; seed 0 plants none."""
    from planted import Counts, planted
    from cryoqa_plugin.io.maps import read_map
    from cryoqa_plugin.io.models import read_model
    from cryoqa_plugin.methods.model import model_report_zones as rules
    from cryoqa_plugin.study import Study
    from cryoqa_plugin.study.residues import PROTEIN
    halves = [read_map(str(case / f"{case.name}_half{i}.mrc")) for i in (1, 2)]
    model = read_model(str(case / f"{case.name}_model.pdb"))
    found = planted(model, seed or 1, counts=Counts() if seed else Counts(0, 0, 0, 0, 0, 0), box=halves[0].shape[0] * halves[0].voxel)
    study = Study(half1=halves[0], half2=halves[1], model=found.model)
    zones = rules.zones_of(study)
    mine = study.residues.kind == PROTEIN
    z = {name: rules.z_of(name, values, study.residues)[mine] if name in rules.LIMITS else (-values if name == "register" else values)[mine]
         for name, values in zones.scores.items()}
    full = zones.scores["map"][mine]
    error = np.array(found.error, dtype=object)[mine]
    return Judged(error, full > np.nanpercentile(full[error == ""], 10), z, np.array(zones.zone, dtype=object)[mine],
                  {name: held[mine] for name, held in zones.held.items()},
                  tuple((found.error[i], zones.zone[i]) for i in np.flatnonzero(~mine)))


def joined(parts: Sequence[Judged]) -> Judged:
    """The residues of several models."""
    def every(values: List[np.ndarray]) -> np.ndarray:
        return np.concatenate(values)

    names, rules = parts[0].z.keys(), parts[0].held.keys()
    return Judged(every([p.error for p in parts]), every([p.good for p in parts]), {n: every([p.z[n] for p in parts]) for n in names},
                  every([p.zone for p in parts]), {n: every([p.held[n] for p in parts]) for n in rules},
                  tuple(other for p in parts for other in p.others))


def roc(right: np.ndarray, wrong: np.ndarray) -> float:
    """Area under the ROC curve of a score that is low for wrong residues; NaN where one of them has none."""
    right, wrong = right[np.isfinite(right)], wrong[np.isfinite(wrong)]
    if not right.size or not wrong.size:
        return float("nan")
    order = np.sort(right)
    above = right.size - (np.searchsorted(order, wrong, side="left") + np.searchsorted(order, wrong, side="right")) / 2
    return float(above.mean() / right.size)


def figures(found: Judged) -> Dict[str, Any]:
    """Parts of the planted and of the right residues that are in caution or omit."""
    flagged = found.zone != "trust"
    wrong = np.isin(found.error, PLANTED)
    right = found.error == ""
    out: Dict[str, Any] = {name: float(flagged[found.error == name].mean()) for name in PLANTED if (found.error == name).any()}
    out.update(caught=float(flagged[wrong].mean()), without_flips=float(flagged[wrong & (found.error != "flip")].mean()),
               right=float(flagged[right].mean()), right_good=float(flagged[right & found.good].mean()),
               n_right=int(right.sum()), n_wrong=int(wrong.sum()))
    return out


def roc_table(found: Dict[float, Judged]) -> str:
    """ROC areas of each score for each error as a table in reST, resolutions in one cell."""
    names = next(iter(found.values())).z
    rows = [[name] + [" / ".join(f"{roc(f.z[name][f.error == ''], f.z[name][f.error == e]):.2f}" for f in found.values()) for e in PLANTED]
            for name in names]
    return _rst(["score", *PLANTED], rows)


def union_table(found: Dict[float, Judged]) -> str:
    """What the union of the rules flags, as a table in reST."""
    rows = []
    for resolution, part in found.items():
        of = figures(part)
        rows.append([f"{resolution:g}", *(f"{100 * of[n]:.1f}" for n in ("caught", "without_flips", *PLANTED, "right", "right_good"))])
    return _rst(["Å", "caught (%)", "without flips", *PLANTED, "right flagged", "of these good"], rows)


def _rst(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    width = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    line = "  ".join("=" * w for w in width)
    cells = ["  ".join(c.ljust(w) for c, w in zip(row, width)).rstrip() for row in [head, *rows]]
    return "\n".join([line, cells[0], line, *cells[1:], line])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    names = TRAINED if asked.limits else JUDGED
    if asked.quick:
        names, asked.seeds = names[-1:], asked.seeds[:1]
    by_resolution = {r: joined([judged(made(asked.folder, n, r), s) for n in names for s in asked.seeds]) for r in RESOLUTIONS}
    if asked.limits:
        every = joined(list(by_resolution.values()))
        for name, tail in TAILS.items():
            if name in every.z:
                print(name, round(float(np.nanpercentile(every.z[name][every.error == ""], tail)), 2))
        return
    print(roc_table(by_resolution), union_table(by_resolution), sep="\n\n")
    for resolution, found in by_resolution.items():
        good = (found.error == "") & found.good
        for error, name in (("water", "ligands replaced by a water"), ("", "right ligands")):
            zones = [zone for e, zone in found.others if e == error]
            print(resolution, name, "flagged:", sum(zone != "trust" for zone in zones), "of", len(zones))
        print(resolution, "right residues by rule", {k: round(float(v[good].mean()), 4) for k, v in found.held.items()})


if __name__ == "__main__":
    main()
