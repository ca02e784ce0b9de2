"""Maps: their headers, their bytes, and compressed ones."""
from __future__ import annotations

import bz2
import gzip
import itertools
import math
import struct
import zlib
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import numpy as np
from fuzz_damage import append, cut, drop, empty, flip, overwrite, pick
from fuzz_harness import Case, Kind, Run, Seeds, Wrong, compute

# Name of a field of the header (MRC2014, Cheng et al. 2015): place in bytes and type.
INTS = {"nx": 0, "ny": 4, "nz": 8, "mode": 12, "nxstart": 16, "nystart": 20, "nzstart": 24, "mx": 28, "my": 32, "mz": 36, "mapc": 64,
        "mapr": 68, "maps": 72, "ispg": 88, "nsymbt": 92, "nversion": 108, "nlabl": 220}
FLOATS = {"xlen": 40, "ylen": 44, "zlen": 48, "alpha": 52, "beta": 56, "gamma": 60, "dmin": 76, "dmax": 80, "dmean": 84, "originx": 196,
          "originy": 200, "originz": 204, "rms": 216}
HARMLESS = ("nversion", "nlabl", "dmin", "dmax", "dmean", "rms")          # nothing that is read hangs on them
MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
WHOLE = (0, 1, -1, 2, 3, 5, 7, 23, 25, 48, 100, 255, 256, 1024, 65535, 65536, 100000, 2 ** 31 - 1, -2 ** 31, 16777216, 402653184)
REAL = (0.0, -1.0, 1.0, 90.0, 89.0, 1e30, -1e30, 1e-30, math.nan, math.inf, -math.inf, 1e10, 3e38, 1e-45, 115.2, 1e5, 0.5, 1152.0)
LEAST_VOXEL, MOST_VOXEL, FARTHEST = 0.01, 200.0, 1e6         # Å; beyond these a voxel size, and a place, is nonsense


def header(content: bytes) -> Dict[str, Any]:
    """Fields of a header, read as little endian."""
    out: Dict[str, Any] = {n: struct.unpack_from("<i", content, at)[0] for n, at in INTS.items()}
    out.update({n: struct.unpack_from("<f", content, at)[0] for n, at in FLOATS.items()})
    return out


def independent(content: bytes) -> Optional[np.ndarray]:
    """Voxels [z, y, x] of a little-endian map, float32, by plain numpy; None when the header asks for more than there is."""
    if len(content) < 1024:
        return None
    h = header(content)
    n, kind = (h["nx"], h["ny"], h["nz"]), MODES.get(h["mode"])
    if kind is None or min(n) < 1 or h["nsymbt"] < 0:
        return None
    size = math.prod(n) * np.dtype(kind).itemsize
    start = 1024 if len(content) == 1024 + size else 1024 + h["nsymbt"]
    if len(content) < start + size:
        return None
    data = np.frombuffer(content, "<" + kind, math.prod(n), start).reshape(n[::-1])
    axes = (h["mapc"], h["mapr"], h["maps"])
    axes = axes if sorted(axes) == [1, 2, 3] else (1, 2, 3)
    return data.transpose([2 - axes.index(axis) for axis in (3, 2, 1)]).astype(np.float32)


def require_voxels(path: Path, content: bytes, voxel_size_known: bool = False) -> None:
    """The reader gives the voxels that plain numpy gives."""
    from cryoqa_plugin.io.maps import read_map
    expected, found = independent(content), read_map(str(path), voxel_size_known).data
    if expected is None:
        raise Wrong("it was read, and plain numpy finds no map in it")
    if expected.shape != found.shape or not np.array_equal(expected, found):
        raise Wrong(f"other voxels than plain numpy reads: {found.shape} for {expected.shape}")


def require_place(run: Run, kind: str = "full_map") -> None:
    """Voxel size and origin are possible, and those of the header unless a note says otherwise."""
    entry = run.document["inputs"][kind]
    content = Path(entry["path"]).read_bytes()
    h = header(content)
    if not all(LEAST_VOXEL <= v <= MOST_VOXEL for v in entry["voxel_size"]):
        raise Wrong(f"a voxel size of {entry['voxel_size']} Å was taken")
    if not all(abs(v) <= FARTHEST for v in entry["origin"]):
        raise Wrong(f"an origin of {entry['origin']} Å was taken")
    said = [h[a + "len"] / h["m" + a] if h["m" + a] > 0 else math.nan for a in "xyz"]
    noted = any(w in run.notes for w in ("voxel size", "sampling interval", "voxels of", "cell"))
    for found, expected in zip(entry["voxel_size"], said):
        if not (abs(found - expected) <= 1e-5 * abs(expected)) and not noted:
            raise Wrong(f"voxels of {found} Å where the header says {expected}, without a word")
    origin = [h["origin" + a] for a in "xyz"]
    axes = (h["mapc"], h["mapr"], h["maps"])                 # NSTART is of columns, rows and sections
    places = [axes.index(i) if sorted(axes) == [1, 2, 3] else i - 1 for i in (1, 2, 3)]
    start = [h[f"n{'xyz'[i]}start"] * v for i, v in zip(places, entry["voxel_size"])]
    expected = origin if any(origin) else start
    if not all(abs(a - b) <= 1e-4 * max(abs(b), 1) for a, b in zip(entry["origin"], expected)):
        if not any(w in run.notes for w in ("ORIGIN", "NSTART", "order of the axes")):
            raise Wrong(f"the origin {entry['origin']} Å where the header says {expected}, without a word")


# ---------------------------------------------------------------- 1: headers

def map_header(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """One to three fields of a header become something else."""
    block = bytearray(seeds.bytes(str(pick(rng, ("full_map.mrc", "odd.mrc")))))
    said, changed = [], []
    for _ in range(int(pick(rng, (1, 1, 1, 2, 3)))):
        how = rng.random()
        if how < 0.1:
            a, b, c = pick(rng, list(itertools.permutations((1, 2, 3)))) if rng.random() < 0.6 else rng.integers(0, 5, 3)
            for name, value in zip(("mapc", "mapr", "maps"), (a, b, c)):
                struct.pack_into("<i", block, INTS[name], int(value))
            said.append(f"axes {a}, {b}, {c}")
            changed.append("mapc")
        elif how < 0.2:
            at, size = (208, 8) if rng.random() < 0.5 else (96, 100) if rng.random() < 0.5 else (224, 800)
            block[at:at + size] = rng.integers(0, 256, size).astype(np.uint8).tobytes()
            said.append(f"random bytes from {at} to {at + size}")
            changed.append("extra")
        else:
            name = str(pick(rng, [*INTS, *FLOATS]))
            value = pick(rng, WHOLE) if name in INTS else pick(rng, REAL)
            if rng.random() < 0.2:
                value = struct.unpack("<i" if name in INTS else "<f", rng.integers(0, 256, 4).astype(np.uint8).tobytes())[0]
            struct.pack_into("<i" if name in INTS else "<f", block, INTS.get(name, FLOATS.get(name, 0)), value)
            said.append(f"{name} = {value}")
            changed.append(name)
    path = folder / "mutated.mrc"
    path.write_bytes(bytes(block))

    def check(run: Run) -> None:
        require_voxels(path, bytes(block))
        require_place(run)

    must = "accept" if set(changed) <= set(HARMLESS) else "refuse" if independent(bytes(block)) is None and not _swapped(block) else ""
    words = ("--map", path)
    if rng.random() < 0.3:
        words += ("--voxel-size", "1.5")
        return Case("; ".join(said) + ", with a voxel size", compute(folder, "map-info", *words), path.name, must,
                    lambda run: require_voxels(path, bytes(block), True))
    return Case("; ".join(said), compute(folder, "map-info", *words), path.name, must, check)


def _swapped(block: bytes) -> bool:
    """Whether the box makes sense in the other byte order, so that plain numpy does not tell."""
    return all(0 < n < 65536 for n in struct.unpack_from(">3i", block, 0))


# ---------------------------------------------------------------- 2: bytes

def map_bytes(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A map is cut, turned over, scaled, or holds what is no number."""
    content = seeds.bytes(str(pick(rng, ("full_map.mrc", "odd.mrc"))))
    data = np.frombuffer(content, "<f4", offset=1024).copy()
    how = str(pick(rng, ("cut", "flip", "numbers", "scale", "mode", "append", "drop", "overwrite", "constant", "empty")))
    must, scale = "", 1.0
    if how == "flip":
        content, said = flip(rng, content, 1024)
    elif how == "numbers":
        count, value = int(pick(rng, (1, 3, len(data)))), float(pick(rng, (math.nan, math.inf, -math.inf)))
        data[rng.choice(len(data), count, replace=False)] = value
        content, said, must = content[:1024] + data.tobytes(), f"{count} voxels are {value}", "refuse"
    elif how == "scale":
        scale = float(pick(rng, (1e30, 1e-30, 1e10, 1e-10, -1.0, 1e36, 1e-36)))
        content, said, must = content[:1024] + (data * np.float32(scale)).tobytes(), f"times {scale:g}", "accept"
    elif how == "mode":
        mode = int(pick(rng, (0, 1, 6, 12)))
        numbers = (data / np.abs(data).max() * 100).astype(np.int8 if mode == 0 else np.int16)
        packed = np.abs(numbers).astype("u2") if mode == 6 else numbers.astype("<" + MODES[mode])
        content, said, must = content[:12] + struct.pack("<i", mode) + content[16:1024] + packed.tobytes(), f"mode {mode}", "accept"
    elif how == "constant":
        value = float(pick(rng, (0.0, 1.0, -3.5, 1e30)))
        content, said, must = content[:1024] + np.full_like(data, value).tobytes(), f"all voxels are {value}", "refuse"
    else:
        content, said = {"cut": cut, "append": append, "drop": drop, "overwrite": overwrite, "empty": empty}[how](rng, content)
        must = "refuse" if how in ("cut", "drop", "empty") else "accept" if how == "append" else ""
    path = folder / "mutated.mrc"
    path.write_bytes(content)

    def check(run: Run) -> None:
        require_voxels(path, content)
        require_statistics(run, independent(content))
        if how == "append" and "more than its header asks for" not in run.notes:
            raise Wrong("what follows the voxels was not said")

    return Case(said, compute(folder, "map-info", "--map", path), path.name, must, check)


def require_statistics(run: Run, data: np.ndarray) -> None:
    """Least, greatest, mean and standard deviation are those of the voxels, whatever their scale.

    Densities beyond the squares of float32 are multiplied by a power of two, and a note says so.
    """
    data = data.astype(np.float64)
    if not 1e-12 <= np.abs(data).max() <= 1e12:
        scale = float(2.0 ** -math.frexp(float(np.abs(data).max()))[1])
        if f"{scale:.4g} times as high" not in run.notes:
            raise Wrong(f"densities of {np.abs(data).max():g} without a word")
        data *= scale
    spread = float(data.std())
    for name, expected in (("minimum", data.min()), ("maximum", data.max()), ("mean", data.mean()), ("sd", spread)):
        found = run.metric(name)
        if found is None or abs(found - expected) > 1e-4 * max(spread, abs(expected)):
            raise Wrong(f"{name} is {found}, of the voxels {expected}")


# ---------------------------------------------------------------- 3: compressed maps

def compressed(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A map in gz or bz2 is damaged, or written in an unusual way; zlib and bz2 themselves tell whether it is whole."""
    name, kind = str(pick(rng, ("full_map.mrc", "odd.mrc"))), str(pick(rng, ("gz", "gz", "bz2")))
    pack = gzip.compress if kind == "gz" else bz2.compress
    content, plain = seeds.bytes(f"{name}.{kind}"), seeds.bytes(name)
    way = str(pick(rng, ("flip", "flip", "flip", "flip", "cut", "overwrite", "drop", "append", "members", "trailer", "plain cut", "twice")))
    if way == "members":
        at = int(rng.integers(1, len(plain)))
        content, said = pack(plain[:at]) + pack(plain[at:]), f"two members, split at {at}"
    elif way == "trailer":
        block = bytearray(content)
        block[-int(rng.integers(1, 9))] ^= int(rng.integers(1, 256))
        content, said = bytes(block), "the sum at its end is wrong"
    elif way == "plain cut":
        at = int(rng.integers(0, len(plain)))
        content, said = pack(plain[:at]), f"whole, but of a map cut to {at} bytes"
    elif way == "twice":
        content, said = pack(content), "compressed twice"
    else:
        content, said = {"flip": flip, "cut": cut, "overwrite": overwrite, "drop": drop, "append": append}[way](rng, content)
    path = folder / f"mutated.mrc.{kind}"
    path.write_bytes(content)
    unpacked = _unpacked(content)
    whole = unpacked is not None and independent(unpacked) is not None

    def check(run: Run) -> None:
        if unpacked is None:
            raise Wrong("it was read, and its own library finds it damaged")
        require_voxels(path, unpacked)

    return Case(f"{kind}: {said}", compute(folder, "map-info", "--map", path), path.name,
                "accept" if whole and unpacked == plain else "" if whole else "refuse", check)


def _unpacked(content: bytes) -> Optional[bytes]:
    """What is in a compressed file, or None where its own library refuses it; a plain file is itself."""
    try:
        if content[:2] == b"\x1f\x8b":
            return _gunzip(content)
        if content[:3] == b"BZh":
            return _bunzip(content)
    except Exception:
        return None
    return content


def _gunzip(content: bytes) -> bytes:
    """All members by zlib, which compares sums and lengths; zeros may follow."""
    out = b""
    while content.rstrip(b"\0"):
        member = zlib.decompressobj(31)
        out += member.decompress(content.lstrip(b"\0") if out else content)
        if not member.eof:
            raise EOFError
        content = member.unused_data
    return out


def _bunzip(content: bytes) -> bytes:
    """As bz2.open reads it: what follows the last whole stream is not looked at when it is none."""
    import io
    with bz2.open(io.BytesIO(content)) as stream:
        return stream.read()


KINDS: Tuple[Kind, ...] = (
    Kind("map_header", map_header, ("map_info",), 3), Kind("map_bytes", map_bytes, ("map_info",), 2),
    Kind("compressed", compressed, ("map_info",), 3))
