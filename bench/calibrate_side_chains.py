"""Make the tables of the side-chain check, ``cryoqa_plugin/study/side_chains_tables.json``, from maps of known models.

``CRYOQA_SHARED=FOLDER python bench/calibrate_side_chains.py [FILE]``; three minutes. The models are PDB entries 5NI1, 7PBL (chains A, C)
and 3C91 (A, H), which are in the public domain (CC0). Their side chains are made as uneven as real ones: B-factors grow along each by a
measure of its own, carboxylates are weak. Each map is scored with the right backbone and with backbones that are off by 0.25 and 0.45 Å.
"""
from __future__ import annotations

import sys
from pathlib import Path
from typing import List

import numpy as np
import side_chain_cases as cases

from cryoqa_plugin.core import rotamers, type_odds
from cryoqa_plugin.study.side_chains import score, types_of
from cryoqa_plugin.study.study import Study
from cryoqa_plugin.study.type_tables import tables_text

RESOLUTION = (1.8, 2.27, 2.97, 3.5, 3.93, 4.36, 5.0)          # in the mask, Å
OFF = (0.0, 0.25, 0.45)
DISPLACED_BY = 77                                             # seed
RUN = 20                                                      # residues in a row that go to one half
MADE_FROM = "5NI1, 7PBL A and C, 3C91 A and H; noise seeds 100, 101, 102; backbones off by 0, 0.25, 0.45 Å"


def table(resolution: float) -> type_odds.TypeTable:
    """The table of one resolution."""
    x: List[np.ndarray] = []
    kind: List[np.ndarray] = []
    fold: List[np.ndarray] = []
    for model, seed in cases.all_chains(cases.CALIBRATION):
        case = cases.simulated(model, cases.voxel_for(resolution), np.random.default_rng(seed + 1000))
        map_, found = cases.noisy(case, resolution / cases.INSIDE, seed)
        print(f"{resolution:.2f} {Path(model.path).name} box {case.box} resolution in the mask {found:.3f}", flush=True)
        for off in OFF:
            study = Study(full_map=map_, model=cases.moved(case.model, cases.displaced(case, off, DISPLACED_BY)))
            scored = score(study, resolution)
            types = types_of(study.residues)[scored.residue]
            x.append(scored.fit.cc[types >= 0, 1:])
            kind.append(types[types >= 0])
            fold.append(scored.residue[types >= 0] // RUN % 2 == 0)
    return type_odds.fit(np.concatenate(x), np.concatenate(kind), np.concatenate(fold), len(rotamers.TYPES))


def main() -> None:
    """Write the tables."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "cryoqa_plugin" / "study" / "side_chains_tables.json"
    text = tables_text(rotamers.TYPES, RESOLUTION, [table(r) for r in RESOLUTION], MADE_FROM)
    out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
