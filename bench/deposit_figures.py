"""deposit on right sets and on sets with one known fault each: what would be sent back, and CPU seconds.

    python bench/deposit_figures.py FOLDER CASE [...] [--other CASE] [--faults NAME ...]

FOLDER holds the cases of the simulator (CASE/CASE_full.mrc, _half1, _half2, _mask, _model.pdb). Without ``--faults`` the set as it is, then
every fault of this file; ``--other`` is a case of another molecule. One line for each.
"""
from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cryoqa_plugin.core import filters, fourier  # noqa: E402
from cryoqa_plugin.core.masks import lowpass  # noqa: E402
from cryoqa_plugin.errors import CryoqaError  # noqa: E402
from cryoqa_plugin.io.maps import Map, read_map  # noqa: E402
from cryoqa_plugin.io.models import read_model  # noqa: E402
from cryoqa_plugin.methods.depositing.deposit import DepositParams, compute_deposit  # noqa: E402
from cryoqa_plugin.study import Study  # noqa: E402

MAPS = {"primary_map": "full", "half1": "half1", "half2": "half2", "mask": "mask"}
Given = Dict[str, Any]
Change = Callable[[Map], Map]


def of_halves(change: Change, *which: str) -> Callable[[Given], Given]:
    """A change of maps of a set."""
    return lambda given: {kind: change(given[kind]) for kind in which}


def masked(given: Given) -> Given:
    """Half-maps times their mask."""
    return {k: given[k].with_data(given[k].data * given["mask"].data) for k in ("half1", "half2")}


def scaled(bfactor: float) -> Change:
    """Amplitudes times ``exp(-B s^2 / 4)``."""
    def change(map_: Map) -> Map:
        geo = fourier.geometry(map_.shape, map_.voxel_size)
        ft = filters.apply_radial(fourier.forward(map_.data), geo, filters.bfactor_profile(geo, bfactor))
        return map_.with_data(fourier.inverse(ft, map_.shape))
    return change


def low_passed(map_: Map) -> Map:
    """A map low-passed at 5 Å."""
    return map_.with_data(lowpass(map_.data, map_.voxel_size, 5.0))


def rolled(map_: Map) -> Map:
    """A map shifted by one voxel along x."""
    return map_.with_data(np.roll(map_.data, 1, axis=2))


def mirrored(map_: Map) -> Map:
    """The mirror image along x."""
    return map_.with_data(map_.data[:, :, ::-1])


def cut_out(map_: Map) -> Map:
    """The inner three quarters, where they lie."""
    first = [n // 8 for n in map_.shape]
    data = map_.data[tuple(slice(a, n - a) for a, n in zip(first, map_.shape))]
    origin = tuple(o + a * v for o, a, v in zip(map_.origin, first[::-1], map_.voxel_size))
    return Map(np.ascontiguousarray(data), map_.voxel_size, origin)


def resized(factor: float) -> Change:
    """Another voxel size in the header."""
    return lambda map_: replace(map_, voxel_size=tuple(v * factor for v in map_.voxel_size))


HALVES = ("half1", "half2")
FAULTS: Dict[str, Callable[[Given], Given]] = {
    "right": lambda given: {}, "without mask and model": lambda given: dict(mask=None, model=None),
    "masked": masked, "one masked": lambda given: dict(half2=masked(given)["half2"]),
    "low-passed": of_halves(low_passed, *HALVES), "one low-passed": of_halves(low_passed, "half2"),
    "sharpened": of_halves(scaled(-120), *HALVES), "one sharpened": of_halves(scaled(-120), "half1"),
    "copies": lambda given: dict(half2=given["half1"]), "half shifted": of_halves(rolled, "half2"),
    "half mirrored": of_halves(mirrored, "half2"), "half boxed": of_halves(cut_out, "half1"),
    "half of 1.04 voxels": of_halves(resized(1.04), "half2"),
    "boxed": of_halves(cut_out, "primary_map"), "primary shifted": of_halves(rolled, "primary_map"),
    "primary mirrored": of_halves(mirrored, "primary_map"), "primary of 1.04 voxels": of_halves(resized(1.04), "primary_map"),
    "primary inverted": of_halves(lambda m: m.with_data(-m.data), "primary_map"),
    "primary is a half": lambda given: dict(primary_map=given["half1"]),
    "all of 1.03 voxels": of_halves(resized(1.03), *MAPS),
    "primary low-passed": of_halves(low_passed, "primary_map"), "primary sharpened": of_halves(scaled(-60), "primary_map"),
}


def of_another(given: Given, other: Given) -> Given:
    """Half-maps of another molecule in this box."""
    out = {}
    for kind in HALVES:
        mine, theirs = given[kind], other[kind].data
        size = [min(a, b) for a, b in zip(mine.shape, theirs.shape)]
        to, of = ([slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(shape, size)] for shape in (mine.shape, theirs.shape))
        data = np.random.default_rng(1).standard_normal(mine.shape).astype(np.float32) * np.float32(theirs.std() / 3)
        data[tuple(to)] = theirs[tuple(of)]
        out[kind] = mine.with_data(data)
    return out


def figures(name: str, given: Given) -> str:
    """One line."""
    start = time.process_time()
    try:
        result = compute_deposit(Study(**given), DepositParams(pixel_size=given["half1"].voxel / 1.03 if "1.03" in name else None))
    except CryoqaError as refused:
        return f"{name}: refused: {refused}"
    back = "; ".join(str(row[0]) for row in result.sent_back.rows) or "ready"
    return f"{name}: {back}; {time.process_time() - start:.1f} CPU s"


def read(folder: str, case: str) -> Given:
    """The set of a case."""
    given: Given = {kind: read_map(os.path.join(folder, case, f"{case}_{name}.mrc")) for kind, name in MAPS.items()}
    model = os.path.join(folder, case, f"{case}_model.pdb")
    return dict(given, model=read_model(model) if os.path.exists(model) else None)


def main() -> None:
    """All lines that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--other")
    parser.add_argument("--faults", nargs="+", default=list(FAULTS), choices=list(FAULTS))
    asked = parser.parse_args()
    for case in asked.cases:
        given = read(asked.folder, case)
        for name in asked.faults:
            print(f"{case}, {figures(name, dict(given, **FAULTS[name](given)))}", flush=True)
        if asked.other:
            changed = dict(given, **of_another(given, read(asked.folder, asked.other)))
            print(f"{case}, {figures(f'half-maps of {asked.other}', changed)}", flush=True)


if __name__ == "__main__":
    main()
