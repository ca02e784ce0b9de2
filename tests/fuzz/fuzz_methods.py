"""What methods are given: pairs of half-maps, maps, masks and local resolutions, degenerate ones among them."""
from __future__ import annotations

import itertools
import math
import struct
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
from fuzz_damage import pick
from fuzz_harness import Case, Kind, Run, Seeds, Wrong, compute
from fuzz_maps import independent

VOXEL = 4.8                                                  # Å, of the seeds
USUAL = ("fsc", "half_map_statistics", "map_info", "local_fsc", "directional_fsc")


def takers(*kinds: str) -> List[str]:
    """Capabilities that work on some kinds alone."""
    from cryoqa_plugin.registry import CAPABILITIES
    return [row.id for row in CAPABILITIES if not row.extras and set(kinds) <= set(row.needs + row.takes) and set(row.needs) <= set(kinds)
            and (not row.any_of or any(set(group) <= set(kinds) for group in row.any_of))]


# ---------------------------------------------------------------- 4: pairs of half-maps

def half_maps(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """Two half-maps that are swapped, scaled, mixed, moved, of other boxes, or hardly maps."""
    one, two = _voxels(seeds, "half1.mrc"), _voxels(seeds, "half2.mrc")
    rows, row = [VOXEL] * 3, str(pick(rng, USUAL if rng.random() < 0.5 else takers("half1", "half2")))
    how = str(pick(rng, ("swapped", "scaled", "one scaled", "mixed", "box", "shifted", "tiny", "thin", "constant", "same", "inverted",
                         "offset", "voxels", "noise", "nan")))
    said, must, other_rows = how, "", rows
    if how == "swapped":
        one, two, must = two, one, "accept"
    elif how in ("scaled", "one scaled"):
        factor = np.float32(pick(rng, (1e30, 1e-30, 1e10, 1e-10, 1e37, 1e-38, 1e3)))
        one, two, said = one * factor, two * factor if how == "scaled" else two, f"{how} by {factor:g}"
        must = "accept" if how == "scaled" and 1e-31 < factor < 1e31 else ""
    elif how == "mixed":
        part = float(pick(rng, (0.1, 0.5, 0.9, 0.99)))
        two, said = np.float32(part) * one + np.float32(1 - part) * two, f"half 2 is {part:g} of half 1 and the rest of itself"
    elif how == "box":
        size = [int(n) for n in rng.integers(1, 30, 3)]
        two, must = rng.standard_normal(size).astype(np.float32), "" if size == [24] * 3 else "refuse"
        said = f"half 2 has the box {size}"
    elif how == "shifted":
        shift = [int(n) for n in rng.integers(-23, 24, 3)]
        two, said = np.roll(two, shift, (0, 1, 2)), f"half 2 rolled by {shift}"
    elif how in ("tiny", "thin"):
        size = [int(n) for n in rng.integers(1, 5, 3)] if how == "tiny" else list(rng.permutation([1, *rng.integers(1, 40, 2)]))
        one, two = (rng.standard_normal(size).astype(np.float32) for _ in range(2))
        said = f"noise in the box {[int(n) for n in size]}"
    elif how == "constant":
        two = np.full_like(two, float(pick(rng, (0, 1, 1e30))))
        must = "refuse"
    elif how == "same":
        two = one
    elif how == "inverted":
        two = -two if rng.random() < 0.5 else -one
    elif how == "offset":
        one, two = (v + np.float32(pick(rng, (1e3, -1e6, 1e20, 5))) for v in (one, two))
    elif how == "voxels":
        other_rows = [float(v) for v in rng.choice([4.8, 4.81, 5.0, 1e-3, 480.0, 4.8001], 3)]
        said, must = f"half 2 has voxels of {other_rows} Å", "refuse" if any(abs(v - 4.8) > 0.0096 for v in other_rows) else ""
    elif how == "noise":
        one, two = (rng.standard_normal(one.shape).astype(np.float32) for _ in range(2))
    elif how == "nan":
        two = two.copy()
        two[tuple(rng.integers(0, 24, 3))] = float(pick(rng, (math.nan, math.inf)))
        must = "refuse"
    files = [_write(folder / n, v, r) for n, v, r in (("mutated1.mrc", one, rows), ("mutated2.mrc", two, other_rows))]
    words = ["--half1", files[0], "--half2", files[1]] + (["--map", files[0]] if row == "map_info" else [])

    def check(run: Run) -> None:
        _check_pair(run, row, how)
        if row == "fsc" and (how == "swapped" or how == "scaled" and must):
            _require_same(run, seeds)

    return Case(f"{row}: {said}", compute(folder, row.replace("_", "-"), *words), "mutated", must, check)


def _voxels(seeds: Seeds, name: str) -> np.ndarray:
    return independent(seeds.bytes(name)).copy()


def _write(path: Path, data: np.ndarray, voxel: Sequence[float]) -> Path:
    """A map of mode 2, written by hand."""
    block = bytearray(1024)
    nz, ny, nx = (int(n) for n in data.shape)
    struct.pack_into("<10i", block, 0, nx, ny, nz, 2, 0, 0, 0, nx, ny, nz)
    struct.pack_into("<6f3i", block, 40, nx * voxel[0], ny * voxel[1], nz * voxel[2], 90, 90, 90, 1, 2, 3)
    struct.pack_into("<i", block, 88, 1)
    struct.pack_into("<4s4s", block, 208, b"MAP ", b"\x44\x44\0\0")
    path.write_bytes(bytes(block) + np.ascontiguousarray(data, "<f4").tobytes())
    return path


def _check_pair(run: Run, row: str, how: str) -> None:
    """Copies and noise are said, and what holds for any result."""
    require_possible(run, "half1")
    metrics = {n: e["value"] for n, e in run.document["metrics"].items()}
    expected = {"same": "half_maps_identical", "inverted": "half_maps_inverted"}.get(how)
    if expected in metrics and not (metrics[expected] or metrics["half_maps_identical"]):
        raise Wrong(f"{expected} is {metrics[expected]}")
    if how == "noise" and metrics.get("resolution") is not None and row == "fsc":
        raise Wrong(f"a resolution of {metrics['resolution']} Å from noise")


def require_possible(run: Run, kind: str) -> None:
    """What holds for any result: correlations within 1, parts from 0 to 1, no resolution beyond the corner of the box, maps that are finite
    and lie on the grid of the input."""
    entry = run.document["inputs"][kind]
    finest = 2 * min(entry["voxel_size"]) / math.sqrt(3) * 0.99
    for name, metric in run.document["metrics"].items():
        value = metric["value"]
        a_resolution = metric["unit"] == "Å" and name.startswith(("resolution", "median", "p5", "p95"))
        if a_resolution and value is not None and not finest <= value <= 1e4:
            raise Wrong(f"{name} is {value} at voxels of {min(entry['voxel_size'])}")
        if name in ("half_maps_correlation", "half_maps_likeness") and value is not None and not -1.0001 <= value <= 1.0001:
            raise Wrong(f"{name} is {value}")
        if name.endswith("_fraction") and value is not None and not -1e-6 <= value <= 1 + 1e-6:
            raise Wrong(f"{name} is {value}")
    for name, curve in run.document.get("curves", {}).items():
        values = [abs(v) for v in _numbers(curve["y"]) if v is not None]
        if name.startswith("fsc") and values and max(values) > 1.001:
            raise Wrong(f"the curve {name} runs to {max(values)}")
    for name, written in run.document["maps"].items():
        data = independent((run.folder / "out" / written["path"]).read_bytes())
        own_box = name.startswith(("boxed_", "aligned_"))                  # what these are for
        if list(data.shape) != entry["shape"] and not own_box or not np.isfinite(data).all():
            raise Wrong(f"the map {name} has the box {data.shape} and {np.count_nonzero(~np.isfinite(data))} voxels that are no number")


def _numbers(values: Any) -> List[Optional[float]]:
    return list(itertools.chain.from_iterable(_numbers(v) for v in values)) if isinstance(values, list) else [values]


def _require_same(run: Run, seeds: Seeds) -> None:
    """Swapping and scaling change no resolution."""
    for name, expected in seeds.facts["fsc"].items():
        found = run.metric(name)
        if (found is None) != (expected is None) or found is not None and abs(found - expected) > 2e-3 * expected:
            raise Wrong(f"{name} is {found}, of the untouched half-maps {expected}")


# ---------------------------------------------------------------- maps, masks and local resolutions

def _strange(rng: np.random.Generator, data: np.ndarray, how: str) -> np.ndarray:
    """A map that is hardly one."""
    z, y, x = np.indices(data.shape, sparse=True)
    if how in ("tiny", "thin"):
        size = rng.integers(1, 5, 3) if how == "tiny" else rng.permutation([1, *rng.integers(1, 40, 2)])
        return rng.standard_normal(size).astype(np.float32)
    if how == "spike":
        out = np.zeros_like(data)
        out[tuple(rng.integers(0, n) for n in data.shape)] = float(pick(rng, (1, -1, 1e30, 1e-30)))
        return out
    makers = {
        "chess": lambda: (z + y + x) % 2, "planes": lambda: np.broadcast_to(z % 3, data.shape), "ramp": lambda: z + 0.0 * y + 0.0 * x,
        "two values": lambda: data > data.mean(), "zero": lambda: np.zeros_like(data), "one": lambda: np.ones_like(data),
        "minus": lambda: -data, "scaled": lambda: data * np.float32(pick(rng, (1e30, 1e-30, 1e-38))),
        "noise": lambda: rng.standard_normal(data.shape), "cut out": lambda: np.where(data > np.quantile(data, 0.9), data, 0),
        "offset": lambda: data + np.float32(pick(rng, (1e6, -1e3))), "no number": lambda: np.where(data > data.mean(), np.nan, data),
        "itself": lambda: data, "blurred": lambda: data.mean() + 1e-7 * rng.standard_normal(data.shape)}
    return makers[how]().astype(np.float32)


STRANGE = ("tiny", "thin", "spike", "chess", "planes", "ramp", "two values", "zero", "one", "minus", "scaled", "noise", "cut out", "offset",
           "no number", "itself", "blurred")


def one_map(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A map that is hardly one, given to every method that takes a map alone."""
    how, row = str(pick(rng, STRANGE)), str(pick(rng, takers("full_map")))
    path = _write(folder / "mutated.mrc", _strange(rng, _voxels(seeds, "full_map.mrc"), how), [VOXEL] * 3)
    must = "accept" if how == "itself" else "refuse" if how in ("zero", "one", "no number") else ""
    return Case(f"{row}: {how}", compute(folder, row.replace("_", "-"), "--map", path), path.name, must,
                lambda run: require_possible(run, "full_map"))


def beside_map(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A mask or a local resolution that is hardly one, beside good maps."""
    kind, how = str(pick(rng, ("mask", "mask", "resolution_map", "reference_map", "others"))), str(pick(rng, STRANGE))
    halves = rng.random() < 0.5
    kinds = ("half1", "half2") if halves else ("full_map",)
    row = str(pick(rng, sorted(set(takers(*kinds, kind)) & set(takers(kind, *kinds)) & _with(kind))))
    data = _voxels(seeds, "mask.mrc" if kind == "mask" else "full_map.mrc")
    data = data * 20 + 8 if kind == "resolution_map" else data
    path = _write(folder / "mutated.mrc", _strange(rng, data, how), [VOXEL] * 3)
    words: List[Any] = list(itertools.chain.from_iterable(
        ("--map" if k == "full_map" else "--" + k, seeds.files[k + ".mrc"]) for k in kinds))
    must = "refuse" if kind == "mask" and how in ("zero", "no number") else ""
    option = "--" + kind.replace("_", "-")
    return Case(f"{row}, {kind}: {how}", compute(folder, row.replace("_", "-"), *words, option, path), ".mrc", must,
                lambda run: require_possible(run, kinds[0]))


def _with(kind: str) -> set:
    from cryoqa_plugin.registry import CAPABILITIES
    return {row.id for row in CAPABILITIES if not row.extras and kind in row.needs + row.takes}


KINDS: Tuple[Kind, ...] = (Kind("half_maps", half_maps, USUAL, 3), Kind("one_map", one_map, ("map_info",), 2),
                           Kind("beside_map", beside_map, ("fsc", "postprocess"), 2))
