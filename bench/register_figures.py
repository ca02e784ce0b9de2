"""How surely residues out of register are found, and right ones left alone: the figures of docs/capabilities/side_chain_check.rst.

    CRYOQA_SHARED=../shared python bench/register_figures.py [simulated] [real] [foreign]

A shift is planted in the sequence: the log-odds of a residue do not depend on its side chain, so that no new score is needed. Models and
seeds are not those of the calibration.
"""
from __future__ import annotations

import sys
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import side_chain_cases as cases

from cryoqa_plugin.core.rotamers import LETTERS
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.io.sequences import Sequences
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.chain_sequence import ChainSequence
from cryoqa_plugin.study.register import Register, register_of
from cryoqa_plugin.study.side_chains import composition

RESOLUTIONS, ERRORS = (2.6, 3.4, 4.0, 4.5, 5.0), (0.0, 0.3, 0.5)          # d143 of the whole box, and rms of the backbone, Å
PLANTED, NOISES, LENGTHS, MARGIN, NEAR = 240, 3, (15, 30), 10, 3
REAL = {"EMD-3488": ("emd3488_5me2/emd_3488.mrc", "emd3488_5me2/5me2.pdb.gz", 3.2),
        "EMD-6272": ("emd6272_3j9s_strudel/6272.mrc", "emd6272_3j9s_strudel/6272.pdb", 2.6),
        "EMD-2566": ("emd2566_3j6b_daq/2566_3J6B_9.mrc", "emd2566_3j6b_daq/3J6B_9.pdb", 3.2)}


class Scored(NamedTuple):
    """A model with the log-odds of its residues."""

    study: Any
    sequences: Tuple[ChainSequence, ...]
    raw: np.ndarray
    types: np.ndarray


def scored(study: Any, resolution: float) -> Scored:
    """The log-odds of a model in its map."""
    odds = study.side_chain_odds(resolution)
    return Scored(study, study.chain_sequences, odds.raw, odds.types)


def judged(s: Scored, sequences: Sequence[ChainSequence], types: np.ndarray, given: Any = None) -> Register:
    """The register of a model whose sequence was changed."""
    return register_of(s.study.residues, sequences, s.raw, types, composition(), given)


def planted(s: Scored, rng: np.random.Generator) -> Tuple[Register, int, int, int, int]:
    """The register with one shift by 1 to 3 over 15 to 30 residues of a stretch; the chain, the first and the last residue, and the offset
    that undoes it."""
    long = [r for r in s.study.residues.stretches if len(r) > LENGTHS[1] + 2 * MARGIN and np.isfinite(s.raw[r]).all()]
    stretch = long[int(rng.choice(len(long), p=np.array([len(r) for r in long]) / sum(len(r) for r in long)))]
    length = int(rng.integers(LENGTHS[0], LENGTHS[1] + 1))
    start = int(rng.integers(MARGIN, len(stretch) - length - MARGIN + 1))
    by = int(rng.choice((-3, -2, -1, 1, 2, 3)))
    mine = stretch[start:start + length]
    sequences, types = list(s.sequences), s.types.copy()
    n = next(i for i, q in enumerate(sequences) if q.chain == s.study.residues.chain[mine[0]])
    index = sequences[n].index.copy()
    index[np.searchsorted(sequences[n].residues, mine)] += by
    sequences[n] = sequences[n]._replace(index=index)
    types[sequences[n].residues] = letters_at(sequences[n].letters, index)
    return judged(s, sequences, types), n, int(mine[0]), int(mine[-1]), -by


def letters_at(letters: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Types at places of a sequence, -1 beyond its ends."""
    inside = (at >= 0) & (at < len(letters))
    return np.where(inside, letters[np.clip(at, 0, len(letters) - 1)], -1)


def figures(models: Sequence[Scored], count: int, seed: int) -> Dict[str, float]:
    """Parts of planted shifts that are found, by any gain and by the rule of an alarm, and whose ends are near."""
    rng = np.random.default_rng(seed)
    any_gain = alarms = near = second = inside = 0
    for n in range(count):
        s = models[n % len(models)]
        found, _, first, last, offset = planted(s, rng)
        hits = [f for f in found.shifts if f.shift == offset and f.residues[0] <= last and f.residues[-1] >= first]
        if hits:
            best = max(hits, key=lambda f: f.gain)
            any_gain += 1
            alarms += best.alarm
            near += abs(int(best.residues[0]) - first) <= NEAR and abs(int(best.residues[-1]) - last) <= NEAR
            inside += (best.first[0] <= first <= best.first[1]) + (best.last[0] <= last <= best.last[1])
        second += len(found.shifts) > 1
    return dict(found=any_gain / count, alarm=alarms / count, ends=near / max(any_gain, 1), interval=inside / max(2 * any_gain, 1),
                second=second / count)


def right(models: Sequence[Scored]) -> Tuple[int, int, int]:
    """Residues, alarms and unsure stretches of models as they are."""
    shifts = [f for s in models for f in judged(s, s.sequences, s.types).shifts]
    alarms = sum(f.alarm for f in shifts)
    return sum(int(np.isfinite(s.raw).all(axis=1).sum()) for s in models), alarms, len(shifts) - alarms


def simulated() -> None:
    """Found, ends and false alarms by resolution and error of the backbone."""
    print("d143  dm    rms  found  alarm  ends<=3  in interval  second  residues  false alarms  unsure")
    total: List[Tuple[int, int, int]] = []
    for resolution in RESOLUTIONS:
        made = []
        for name, chains, seed in cases.JUDGED:
            for again in range(NOISES):
                rng = np.random.default_rng(seed + 7 * again + 1000)
                case = cases.simulated(cases.load(name, chains), cases.voxel_for(resolution * cases.INSIDE), rng)
                made.append((case, again, *cases.noisy(case, resolution, seed + 7 * again)))
        for error in ERRORS:
            models = []
            for case, again, map_, inside in made:
                model = cases.moved(case.model, cases.displaced(case, error, 55 + again)) if error else case.model
                models.append(scored(Study(full_map=map_, model=model), inside))
            total.append(line(models, f"{resolution:.1f}  {made[0][3]:.2f}  {error:.1f}"))
    n, alarms, unsure = np.sum(total, axis=0)
    print(f"right models: {n} residues, {alarms} alarms ({1000 * alarms / n:.2f} a thousand), {unsure} unsure stretches")


def line(models: Sequence[Scored], head: str) -> Tuple[int, int, int]:
    """One cell of the table, printed; what :func:`right` counts."""
    f, r = figures(models, PLANTED, 7), right(models)
    parts = "  ".join(f"{f[n]:.3f}" for n in ("found", "alarm", "ends", "interval", "second"))
    print(f"{head}  {parts}  {r[0]}  {r[1]}  {r[2]}", flush=True)
    return r


def real_models() -> Dict[str, Scored]:
    """The three published maps with their models."""
    folder = cases.MODELS.parent / "maps"
    return {name: scored(Study(full_map=read_map(str(folder / m)), model=read_model(str(folder / p))), r)
            for name, (m, p, r) in REAL.items()}


def said(s: Scored, x: Any) -> str:
    """A stretch in words."""
    first, last = (s.study.residues.number[i] for i in (x.residues[0], x.residues[-1]))
    return f"{first} to {last} by {x.shift:+d}, gain {x.gain:.1f}, z {x.z:.1f}{', alarm' if x.alarm else ''}"


def real() -> None:
    """Planted shifts in published models, and what is said of them as they are."""
    for name, s in real_models().items():
        as_built = judged(s, s.sequences, s.types)
        f = figures([s], PLANTED, 7)
        print(f"{name}: T {as_built.temperature:.2f}, found {f['found']:.2f}, alarm {f['alarm']:.2f}, ends {f['ends']:.2f}, "
              f"in interval {f['interval']:.2f}, second {f['second']:.2f}; as deposited "
              f"{[said(s, x) for x in as_built.shifts]}", flush=True)


def shuffled(s: Scored, rng: np.random.Generator) -> Tuple[List[ChainSequence], np.ndarray]:
    """The sequences of a model with their letters in another order, the same for all copies of a chain."""
    order: Dict[bytes, np.ndarray] = {}
    sequences, types = [], s.types.copy()
    for q in s.sequences:
        permuted = order.setdefault(q.letters.tobytes(), rng.permutation(q.letters))
        sequences.append(q._replace(letters=permuted))
        types[q.residues] = permuted[q.index]
    return sequences, types


def foreign() -> None:
    """Temperatures of shuffled sequences; the chains of haemoglobin with each other's sequence."""
    rng = np.random.default_rng(3)
    for name, s in real_models().items():
        found = [judged(s, *shuffled(s, rng)) for _ in range(20)]
        print(f"{name}: shuffled, T at most {max(f.temperature for f in found):.3f}, shifts {sum(len(f.shifts) for f in found)}")
    s = real_models()["EMD-3488"]
    letters = {s.study.residues.chains[q.chain]: q.letters for q in s.sequences}
    other = {"A": "B", "B": "A", "C": "D", "D": "C"}
    for wrong in ("A", "AC", "ABCD"):
        sequences, types = [], s.types.copy()
        for q in s.sequences:
            name = s.study.residues.chains[q.chain]
            new = letters[other[name]] if name in wrong else q.letters
            sequences.append(q._replace(letters=new))
            types[q.residues] = letters_at(new, q.index)
        fasta = Sequences(tuple("".join(LETTERS[t] for t in letters[c]) for c in "AB"), ("alpha", "beta"))
        found = judged(s, sequences, types, fasta)
        print(f"homologue in {wrong}: T {found.temperature:.2f}")
        for c in found.chains:
            name = s.study.residues.chains[c.chain]
            print(f"   chain {name}: own {c.own:.1f}, z {c.z:.1f}, T {c.temperature:.2f}, {c.verdict} {c.fits} {c.fits_z}")


def main() -> None:
    """Those that are named, or all."""
    for name, work in (("simulated", simulated), ("real", real), ("foreign", foreign)):
        if name in sys.argv[1:] or len(sys.argv) == 1:
            work()


if __name__ == "__main__":
    main()
