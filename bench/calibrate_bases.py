"""Makes the tables of the bases, cryoqa_plugin/study/bases_tables.json, and says how often purines are told from pyrimidines.

    CRYOQA_SHARED=../shared python bench/calibrate_bases.py [--write]

The model is PDB 7EZ0 (CC0). Of its nucleotides the first half makes the tables that are shipped, from maps with three errors of the
positions; the other half and maps of other noise judge them, and the other way round.
"""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from side_chain_cases import displaced, load, moved, noisy, simulated

from cryoqa_plugin.core import bases, type_odds
from cryoqa_plugin.study.base_odds import base_types, correlations, purine_odds
from cryoqa_plugin.study.study import Study
from cryoqa_plugin.study.type_tables import tables_text

MODEL, RESOLUTIONS = "7ez0_TRibozyme_RNA.pdb", (2.6, 3.2, 4.0, 5.0)
ERRORS, SEED, JUDGED, JUDGED_SEED = (0.0, 0.25, 0.45), 100, (0.0, 0.5), 200
TARGET = Path(__file__).resolve().parents[1] / "cryoqa_plugin" / "study" / "bases_tables.json"


def fits(case, resolution, error, seed):
    """Resolution in the mask, nucleotides, and correlations float64 [n, 4]."""
    map_, dm = noisy(case, resolution, seed)
    xyz = displaced(case, error, 55 + int(100 * error)) if error else case.model.xyz
    which, found = correlations(Study(full_map=map_, model=moved(case.model, xyz)), dm)
    return dm, which, found.cc


def right(table, cc, types):
    """Part of the nucleotides whose class, and whose base, is the likelier one."""
    odds = table.odds(cc)
    pair = purine_odds(odds, table.composition) + np.log([table.composition[:2].sum(), table.composition[2:].sum()])
    base = (odds + np.log(table.composition)).argmax(axis=1)
    return np.mean((pair[:, 0] > pair[:, 1]) == (types < bases.PURINES)), np.mean(base == types)


def main():
    """Calibrate, judge, and write when asked to."""
    case = simulated(load(MODEL, None), 1.0, None)
    out = []
    print("d143  dm    class right, exact / rms .5   base right, exact / rms .5   (both ways round)")
    for resolution in RESOLUTIONS:
        made = [fits(case, resolution, e, SEED) for e in ERRORS]
        dm, which = made[0][:2]
        types = base_types(case.residues)[which]
        first = np.arange(which.size) < which.size // 2
        score = []
        for mine in (first, ~first):
            kind = np.tile(types[mine], len(ERRORS))
            fold = np.tile(np.arange(mine.sum()) % 2 == 0, len(ERRORS))
            table = type_odds.fit(np.concatenate([m[2][mine] for m in made]), kind, fold, len(bases.LETTERS))
            if mine is first:
                kept = table
            score.append([right(table, fits(case, resolution, e, JUDGED_SEED)[2][~mine], types[~mine]) for e in JUDGED])
        (r0, b0), (r5, b5) = np.mean(score, axis=0)
        print(f"{resolution:.1f}  {dm:.2f}   {r0:.2f} / {r5:.2f}   {b0:.2f} / {b5:.2f}   {np.round(score, 2).tolist()}", flush=True)
        out.append((dm, kept))
    if "--write" in sys.argv:
        made_from = "PDB 7EZ0 (CC0), the first half of its nucleotides; bench/calibrate_bases.py"
        TARGET.write_text(tables_text(list(bases.LETTERS), [d for d, _ in out], [t for _, t in out], made_from))


if __name__ == "__main__":
    main()
