"""Print what the side-chain check reaches on models, noise and errors that its tables were not made from, and on three real maps.

``CRYOQA_SHARED=FOLDER python bench/side_chain_figures.py``; two minutes.
"""
from __future__ import annotations

import csv
from typing import Dict, Tuple

import numpy as np
import side_chain_cases as cases
from scipy.ndimage import uniform_filter1d
from scipy.stats import spearmanr

from cryoqa_plugin.core import rotamers
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.study.side_chains import SideChainOdds
from cryoqa_plugin.study.study import Study

D143 = (2.6, 3.4, 4.0, 4.5, 5.0)
ASKED = {2.6: 0.75, 3.4: 0.72, 4.0: 0.57, 4.5: 0.48, 5.0: 0.35}
OFF = (0.0, 0.3, 0.5)
DISPLACED_BY = 55
REAL = {"EMD-3488": ("emd3488_5me2", "emd_3488.mrc", "5me2.pdb.gz", 3.2), "EMD-6272": ("emd6272_3j9s_strudel", "6272.mrc", "6272.pdb", 2.6),
        "EMD-2566": ("emd2566_3j6b_daq", "2566_3J6B_9.mrc", "3J6B_9.pdb", 3.2)}
MAPS = cases.MODELS.parent / "maps"


def judged(odds: np.ndarray, types: np.ndarray) -> Tuple[float, float, int]:
    """Part of side chains beyond alanine whose type is among the best three, mean log-odds of the type, and residues."""
    use = (types >= 0) & np.isfinite(odds).all(axis=1)
    odds, types = odds[use], types[use]
    own = odds[np.arange(len(types)), types]
    beyond = types > rotamers.TYPES.index("ALA")
    return float(((odds > own[:, None]).sum(axis=1) < 3)[beyond].mean()), float(own.mean()), len(types)


def simulated(d143: float, uneven: bool = True) -> Dict[float, Tuple[float, float, int]]:
    """What is reached on the judged models, by the error of the backbone."""
    odds, types = {off: [] for off in OFF}, {off: [] for off in OFF}
    for model, seed in cases.all_chains(cases.JUDGED):
        case = cases.simulated(model, cases.voxel_for(d143), np.random.default_rng(seed + 1000) if uneven else None)
        map_, found = cases.noisy(case, d143, seed)
        for off in OFF:
            study = Study(full_map=map_, model=cases.moved(case.model, cases.displaced(case, off, DISPLACED_BY)))
            got = study.side_chain_odds(found)
            odds[off].append(got.raw)
            types[off].append(got.types)
    return {off: judged(np.concatenate(odds[off]), np.concatenate(types[off])) for off in OFF}


def real(name: str) -> Tuple[Study, SideChainOdds]:
    """A real map, and what is found in it at its published resolution."""
    folder, map_, model, resolution = REAL[name]
    study = Study(full_map=read_map(str(MAPS / folder / map_)), model=read_model(str(MAPS / folder / model)))
    return study, study.side_chain_odds(resolution)


def strudel(study: Study, found: SideChainOdds) -> Tuple[float, int]:
    """Rank correlation with 3D-Strudel's scores of all types at the residues of its file, and their number.

    Both are taken less their mean at each residue.
    """
    with open(MAPS / "emd6272_3j9s_strudel" / "incomplete_scores.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    r = study.residues
    place = {(r.chains[c], n): i for i, (c, n) in enumerate(zip(r.chain, r.number))}
    mine, theirs = [], []
    for row in rows:
        best: Dict[int, float] = {}
        for column, value in row.items():
            kind = column[:3].upper()
            if "_rotamer_" in column and value[:1].isdigit() and kind in rotamers.TYPES:
                k = rotamers.TYPES.index(kind)
                best[k] = max(best.get(k, -np.inf), float(value.split("_")[0]))
        odds, values = found.raw[place[row["chain"], row["residue_nr"]], list(best)], np.array(list(best.values()))
        mine.append(odds - odds.mean())
        theirs.append(values - values.mean())
    return float(spearmanr(np.concatenate(mine), np.concatenate(theirs))[0]), len(rows)


def daq(study: Study, found: SideChainOdds, file: str, window: int) -> float:
    """Rank correlation with DAQ's scores of the amino acids, both smoothed over a window."""
    theirs = {}
    for line in (MAPS / "emd2566_3j6b_daq" / file).read_text(encoding="ascii").splitlines():
        if line.startswith("ATOM") and line[12:16].strip() == "CA":
            theirs[line[21], line[22:27].strip()] = float(line[60:66])
    r = study.residues
    pairs = [(found.odds[i, found.types[i]], theirs[r.chains[r.chain[i]], r.number[i]]) for i in range(len(r))
             if found.types[i] >= 0 and np.isfinite(found.odds[i]).all() and (r.chains[r.chain[i]], r.number[i]) in theirs]
    mine, other = np.array(pairs).T
    return float(spearmanr(*(uniform_filter1d(v, window) if window > 1 else v for v in (mine, other)))[0])


def main() -> None:
    """Print all figures."""
    print("d143  off   top 3 (asked)  mean log-odds   residues")
    for d143 in D143:
        for off, (top, nats, n) in simulated(d143).items():
            asked = f"({ASKED[d143]:.2f})" if not off else "      "
            print(f"{d143:4.1f}  {off:3.1f}   {top:.3f} {asked}      {nats:.2f}         {n}", flush=True)
    top, nats, n = simulated(3.4, uneven=False)[0.0]
    print(f" 3.4 even side chains {top:.3f} {nats:.2f} {n}")
    for name in REAL:
        study, found = real(name)
        top, nats, n = judged(found.odds, found.types)
        print(f"{name}: temperature {found.temperature:.2f}, top 3 {top:.2f}, mean log-odds {nats:.2f}, {n} residues")
        if name == "EMD-6272":
            print("  rank correlation with Strudel {:.2f} over the types of {} residues".format(*strudel(study, found)))
        if name == "EMD-2566":
            for file, window in (("dqa_raw_score.pdb", 1), ("dqa_raw_score.pdb", 19), ("dqa_score_w9.pdb", 19)):
                print(f"  rank correlation with DAQ, {file} over {window} residues {daq(study, found, file, window):.2f}")


if __name__ == "__main__":
    main()
