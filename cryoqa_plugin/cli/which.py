"""``cryoqa which``: from a question in plain words to the commands that answer it, by the words that both have in common."""
from __future__ import annotations

import argparse
import math
import re
import sys
from functools import lru_cache
from typing import Dict, FrozenSet, List, Tuple

from .commands import Command, all_commands
from .questions import QUESTIONS

_SHOWN = 3
_NEAR = 0.55                                     # of the best score: commands below it are not shown
_ASIDE = 0.5                                     # share of the weight of "local" that a local method loses where it is not asked for
_STOP = frozenset("""
a about all am an and any are as at be been by can could cryoqa did do does for from get give has have how i if in into is it its
just like look many map maps me much my need not now of on one only or our out own please really should show so some tell than
that the their them then there these this to too us use want was way we what when where which while who why will with work would
you your""".split())
# A word, and those that mean the same to who asks.
_SAME = """
direction: anisotropic anisotropy directional orientation orientations preferred orientational view views isotropic
    isotropy cones conical
resolution: resolved resolve detail details fine angstrom ångström å
hand: handedness chirality mirror mirrored flipped handed enantiomer
sharpen: sharp sharper sharpest sharpened sharpening sharpener boost unsharp
blur: blurred blurry smeared fuzzy flexible mobile flexibility
local: locally region regions part parts locres somewhere varies vary periphery
model: atomic pdb structure coordinates atoms mmcif cif
fit: fitted fits fitting agree agrees match matches lie lies
download: fetch emdb entry deposited published
overfit: overfitted overfitting overfits overrefined
noise: noisy
snr: signal ssnr spectral
half: halfmap halfmaps halves half1 half2
bfactor: bfactors temperature wilson
mass: weight kda dalton molecular
level: threshold contour isosurface
size: pixel voxel spacing sampling apix
trust: reliable believe good quality valid correct
compare: comparison better best versus vs
ligand: ligands drug cofactor unmodelled unmodeled
without: no alone single lack lacking
folder: job project
batch: list cluster overnight dozens hundreds several
validate: validation validating deposition deposit reviewer referee
filter: lowpass filtered filtering
occupancy: occupied partial composition heterogeneity heterogeneous
residue: residues chain sequence register
clash: clashes clashscore
piece: pieces blobs blob components component dust islands
slow: slowly compile compiled
complete: completion tab
postprocess: postprocessing postprocessed
example: demo demonstration tutorial try
mask: masks masked masking"""
_CANON = {word: canon.strip() for canon, words in re.findall(r"^(\w+): ((?:.*\n?(?:    .*\n?)*))", _SAME, re.M) for word in words.split()}


def tokens(text: str) -> FrozenSet[str]:
    """The words of a text that say what it is about, without endings, those of one meaning as one."""
    plain = re.sub(r"\bhalf[- ]maps?\b", "half", re.sub(r"\b(b|low|post)[- ](factor|pass|process)", r"\1\2", text.lower()))
    words = re.findall(r"[a-zåö0-9]+(?:\.\d+)?", plain)
    return frozenset(_stem(_CANON.get(w, w)) for w in words if w not in _STOP)


def _stem(word: str) -> str:
    for end in ("ations", "ation", "ings", "ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3 and not word.endswith("ss"):
            word = word[:-len(end)]
            break
    return _CANON.get(word, word)


@lru_cache(maxsize=1)
def _index() -> Tuple[Dict[str, List[FrozenSet[str]]], Dict[str, float]]:
    """The phrases of each command as words, and how much each word tells: the fewer commands have it, the more."""
    phrases = {c.name: [tokens(t) for t in (c.name.replace("-", " "), c.title.partition(", as in")[0], *QUESTIONS.get(c.name, ()))]
               for c in all_commands()}
    having: Dict[str, int] = {}
    for found in phrases.values():
        for word in frozenset().union(*found):
            having[word] = having.get(word, 0) + 1
    return phrases, {word: math.log(1 + len(phrases) / n) for word, n in having.items()}


def find(question: str) -> List[Command]:
    """The commands that answer a question, the best first, at most three; empty when none has anything to do with it."""
    asked = tokens(question)
    phrases, weight = _index()
    scores: Dict[str, float] = {}
    for name, its in phrases.items():
        common = sum(weight[w] for w in asked & frozenset().union(*its))
        best = max(sum(weight[w] for w in asked & p) / math.sqrt(sum(weight[w] for w in p) or 1.0) for p in its)
        scores[name] = common + 2 * best - (_ASIDE * weight["local"] if "local" in its[1] and "local" not in asked else 0.0)
    top = max(scores.values())
    if top <= 0:
        return []
    order = {c.name: i for i, c in enumerate(all_commands())}
    named = sorted((n for n, s in scores.items() if s >= _NEAR * top), key=lambda n: (-scores[n], order[n]))[:_SHOWN]
    return [c for n in named for c in all_commands() if c.name == n]


def options_which(sub: argparse.ArgumentParser) -> None:
    """The question."""
    sub.add_argument("question", nargs="+", metavar="QUESTION", help="in plain words, as in: cryoqa which is my map overfitted")


def run_which(args: argparse.Namespace, command: List[str]) -> int:
    """The commands that answer a question are printed, each with its title and how it is called."""
    found = find(" ".join(args.question))
    if not found:
        print("cryoqa: no command has anything to do with these words; 'cryoqa --help' lists all of them by group.", file=sys.stderr)
        return 2
    for one in found:
        print(f"{one.usage.replace(' [OPTIONS]', '')}\n    {one.title}")
    print(f"\n'cryoqa {found[0].name} --help' lists its options.")
    return 0
