"""Maps on disk: MRC, CCP4 and MAP files, plain or compressed with gzip or bzip2.

The header is read here and not by a library, because real files break the standard in ways that must only warn: wrong
machine stamps, huge extended headers, statistics that are not numbers, any order of axes.
"""
from __future__ import annotations

import bz2
import gzip
import os
import struct
from dataclasses import dataclass, replace
from typing import IO, Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from .. import __version__
from ..errors import FormatError, InputError
from ..files import replacing

HEADER_BYTES = 1024
_DTYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_REFUSED = {3: "complex 16-bit integers", 4: "complex numbers, that is a transform", 101: "4-bit integers"}
_LABEL = 80


@dataclass(frozen=True)
class MapHeader:
    """What a map file says about itself, all of it in the order of ``data[z, y, x]`` after the axes are sorted.

    ``shape`` is (nz, ny, nx); ``voxel_size``, ``origin`` (of voxel [0, 0, 0], from ORIGIN when it is not zero, else from
    NSTART), ``nstart``, ``header_origin`` and ``sampling`` are (x, y, z), lengths in Å. ``axis_order`` is (MAPC, MAPR,
    MAPS); ``header_stats`` (DMIN, DMAX, DMEAN, RMS); ``warnings`` are sentences about what is odd.
    """

    shape: Tuple[int, int, int]
    voxel_size: Tuple[float, float, float]
    origin: Tuple[float, float, float]
    path: Optional[str]
    mode: int
    axis_order: Tuple[int, int, int]
    nstart: Tuple[int, int, int]
    header_origin: Tuple[float, float, float]
    cell: Tuple[float, ...]
    sampling: Tuple[int, int, int]
    ispg: int
    header_stats: Tuple[float, float, float, float]
    labels: Tuple[str, ...]
    nversion: int
    machine_stamp: str
    exttyp: str
    extended_bytes: int
    warnings: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Map:
    """A map: ``data`` float32 [z, y, x] in C order, ``voxel_size`` and ``origin`` (of voxel [0, 0, 0]) as (x, y, z) in Å."""

    data: np.ndarray
    voxel_size: Tuple[float, float, float]
    origin: Tuple[float, float, float] = (0.0, 0.0, 0.0)
    path: Optional[str] = None
    header: Optional[MapHeader] = None

    @property
    def shape(self) -> Tuple[int, int, int]:
        """Number of voxels (nz, ny, nx)."""
        return self.data.shape

    @property
    def voxel(self) -> float:
        """Mean voxel size in Å."""
        return float(sum(self.voxel_size) / 3)

    def with_data(self, data: np.ndarray, path: Optional[str] = None) -> "Map":
        """Another map on this grid."""
        return Map(np.ascontiguousarray(data, dtype=np.float32), self.voxel_size, self.origin, path)


def read_header(path: str) -> MapHeader:
    """The header of a map file; :class:`FormatError` when it is none, in one sentence.

    Reference: Cheng et al. 2015, doi:10.1016/j.jsb.2015.04.002 (MRC2014).
    """
    with _open(path) as stream:
        raw, order = _raw_header(stream, path)
    return _check_size(_interpret(raw, order, path), path)


def read_map(path: str) -> Map:
    """Read a map; its axes are sorted so that ``data[z, y, x]`` is float32 in C order."""
    with _open(path) as stream:
        raw, order = _raw_header(stream, path)
        header = _check_size(_interpret(raw, order, path), path)
        data = _read_data(stream, header, "u1" if raw["mode"] == 0 and raw["unsigned"] else order + _DTYPES[raw["mode"]], path)
    sections = data.reshape(raw["n"][::-1])                 # sections, rows, columns
    data = sections.transpose([2 - header.axis_order.index(axis) for axis in (3, 2, 1)])
    return Map(np.ascontiguousarray(data, dtype=np.float32), header.voxel_size, header.origin, path, header)


def _open(path: str) -> IO[bytes]:
    """A stream of the uncompressed bytes; what a file is compressed with is told by its first bytes, not by its name."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(3)
        if start[:2] == b"\x1f\x8b":
            return gzip.open(path, "rb")
        return bz2.open(path, "rb") if start == b"BZh" else open(path, "rb")
    except OSError as error:
        raise InputError(f"The map '{path}' cannot be read ({error.strerror or error}); check the path and its permissions.") from None


def _read(stream: IO[bytes], count: int, path: str) -> bytes:
    try:
        return stream.read(count)
    except (OSError, EOFError, ValueError) as error:
        raise FormatError(f"The compressed map '{path}' is damaged ({error}); fetch or copy it again.") from None


def _raw_header(stream: IO[bytes], path: str) -> Tuple[Dict[str, Any], str]:
    block = _read(stream, HEADER_BYTES, path)
    if len(block) < HEADER_BYTES:
        raise FormatError(f"'{path}' has {len(block)} bytes, but the header of a map alone has {HEADER_BYTES}; "
                          "it is truncated or not an MRC, CCP4 or MAP file.")
    for order in ("<", ">"):
        raw = _unpack(block, order)
        if _plausible(raw):
            return raw, order
    raise FormatError(f"'{path}' is not an MRC, CCP4 or MAP file: its header makes no sense in either byte order "
                      f"(box {raw['n']}, mode {raw['mode']}); give a map.")


def _unpack(block: bytes, order: str) -> Dict[str, Any]:
    words = struct.unpack(order + "10i6f3i3f2i", block[:96])
    origin = struct.unpack(order + "3f", block[196:208])
    rms, count = struct.unpack(order + "fi", block[216:224])
    labels = [block[224 + _LABEL * i:224 + _LABEL * (i + 1)].decode("latin-1").strip(" \0") for i in range(min(max(count, 0), 10))]
    return dict(n=words[0:3], mode=words[3], nstart=words[4:7], sampling=words[7:10], cell=words[10:16], axes=words[16:19],
                stats=words[19:22] + (rms,), ispg=words[22], extended=words[23], origin=origin, labels=tuple(s for s in labels if s),
                exttyp=block[104:108].decode("latin-1").strip(" \0"), nversion=struct.unpack(order + "i", block[108:112])[0],
                map=block[208:212], stamp=block[212:216], unsigned=_unsigned_bytes(block, order))


def _unsigned_bytes(block: bytes, order: str) -> bool:
    """Old IMOD wrote bytes without sign and says so by a stamp and a flag."""
    stamp, flags = struct.unpack(order + "2i", block[152:160])
    return stamp == 1146047817 and not flags & 1


def _plausible(raw: Dict[str, Any]) -> bool:
    return (all(0 < n < 65536 for n in raw["n"]) and (raw["mode"] in _DTYPES or raw["mode"] in _REFUSED)
            and 0 <= raw["extended"] < 2 ** 31 and all(0 <= a <= 3 for a in raw["axes"]))


def _interpret(raw: Dict[str, Any], order: str, path: str) -> MapHeader:
    if raw["mode"] in _REFUSED:
        raise FormatError(f"'{path}' holds {_REFUSED[raw['mode']]} (mode {raw['mode']}); give a map of real numbers "
                          "(mode 0, 1, 2, 6 or 12).")
    warnings: List[str] = []
    axes = tuple(raw["axes"])
    if sorted(axes) != [1, 2, 3]:
        warnings.append(f"The order of the axes in the header is {axes}, which is none; columns, rows, sections are taken as x, y, z.")
        axes = (1, 2, 3)

    def sort(values: Sequence[Any]) -> Tuple[Any, ...]:     # columns, rows, sections -> x, y, z
        return tuple(values[axes.index(a)] for a in (1, 2, 3))

    n, nstart, cell = sort(raw["n"]), sort(raw["nstart"]), tuple(float(v) for v in raw["cell"])
    sampling = tuple(raw["sampling"])
    voxel = _voxel_size(cell, sampling, n, warnings)
    if any(abs(a - 90) > 1e-3 for a in cell[3:6]) and any(cell[3:6]):
        raise FormatError(f"'{path}' has a unit cell with the angles {cell[3]:g}, {cell[4]:g}, {cell[5]:g} degrees; "
                          "only right angles are supported, resample it onto a box.")
    origin, header_origin = _origin(raw["origin"], nstart, voxel, warnings)
    _oddities(raw, order, warnings)
    return MapHeader(shape=n[::-1], voxel_size=voxel, origin=origin, path=path, mode=raw["mode"], axis_order=axes, nstart=nstart,
                     header_origin=header_origin, cell=cell, sampling=sampling, ispg=raw["ispg"],
                     header_stats=tuple(float(v) for v in raw["stats"]), labels=raw["labels"], nversion=raw["nversion"],
                     machine_stamp=" ".join(f"{b:02x}" for b in raw["stamp"]), exttyp=raw["exttyp"],
                     extended_bytes=raw["extended"], warnings=tuple(warnings))


def _voxel_size(cell: Sequence[float], sampling: Sequence[int], n: Sequence[int], warnings: List[str]) -> Tuple[float, float, float]:
    out = []
    for name, length, count, size in zip("xyz", cell, sampling, n):
        if count <= 0:
            warnings.append(f"The header gives {count} sampling intervals along {name}; the {size} voxels of the box are taken.")
            count = size
        if not (np.isfinite(length) and length > 0):
            warnings.append(f"The header gives a cell of {length:g} Å along {name}; voxels of 1 Å are taken, give the voxel size.")
            length = float(count)
        out.append(float(np.float32(length)) / count)
    return tuple(_tidy(v) for v in out)


def _tidy(value: float) -> float:
    """Take off the dust of float32: 1.0599999 -> 1.06."""
    short = float(f"{value:.6g}")
    return short if abs(short - value) <= 2e-7 * abs(value) else value


def _origin(words: Sequence[float], nstart: Sequence[int], voxel: Sequence[float],
            warnings: List[str]) -> Tuple[Tuple[float, float, float], Tuple[float, float, float]]:
    origin = tuple(float(v) for v in words)
    if not all(np.isfinite(v) and abs(v) < 1e7 for v in origin):
        warnings.append(f"The ORIGIN {origin} of the header makes no sense and is not used.")
        origin = (0.0, 0.0, 0.0)
    from_nstart = tuple(s * v for s, v in zip(nstart, voxel))
    if any(origin) and any(nstart) and any(abs(a - b) > 0.5 * v for a, b, v in zip(origin, from_nstart, voxel)):
        warnings.append(f"ORIGIN says {_triple(origin)} Å and NSTART {_triple(from_nstart)} Å; ORIGIN is used.")
    return (origin if any(origin) else from_nstart), origin


def _triple(values: Sequence[float]) -> str:
    return "(" + ", ".join(f"{v:g}" for v in values) + ")"


def _oddities(raw: Dict[str, Any], order: str, warnings: List[str]) -> None:
    expected = {"<": (b"\x44\x44", b"\x44\x41"), ">": (b"\x11\x11",)}[order]
    if raw["stamp"][:2] not in expected:
        stamp = " ".join(f"{b:02x}" for b in raw["stamp"])
        warnings.append(f"The machine stamp {stamp} is wrong; the byte order "
                        f"({'little' if order == '<' else 'big'} endian) was told from the box.")
    if raw["map"] != b"MAP ":
        warnings.append("The word 'MAP' is missing from the header (an old or careless writer).")
    n, cubic = raw["n"], len(set(raw["n"])) == 1             # many programs write space group 0 for a volume
    if raw["ispg"] == 0 and n[2] > 1 and (raw["sampling"][2] == 1 or not cubic):
        warnings.append("The header says stack of images (space group 0); it is read as one volume.")
    elif raw["ispg"] >= 401:
        warnings.append(f"The header says stack of volumes (space group {raw['ispg']}); it is read as one volume.")


def _data_bytes(header: MapHeader) -> int:
    nz, ny, nx = header.shape
    return nz * ny * nx * np.dtype(_DTYPES[header.mode]).itemsize


def _check_size(header: MapHeader, path: str) -> MapHeader:
    """Refuse an uncompressed file that is shorter than its header says; note when it is longer."""
    with open(path, "rb") as stream:
        start = stream.read(3)
    if start[:2] == b"\x1f\x8b" or start == b"BZh":
        return header
    found = os.path.getsize(path)
    needed = HEADER_BYTES + header.extended_bytes + _data_bytes(header)
    if found < needed:
        raise _truncated(path, header, needed, found)
    if found == needed:
        return header
    return replace(header, warnings=header.warnings + (f"The file has {found - needed} bytes more than its header asks for; "
                                                       "they are not read.",))


def _truncated(path: str, header: MapHeader, needed: int, found: int) -> FormatError:
    return FormatError(f"'{path}' is truncated: its header ({' x '.join(str(n) for n in header.shape[::-1])} voxels, mode {header.mode}) "
                       f"asks for {needed} bytes and there are {found}; fetch or copy it again.")


def _read_data(stream: IO[bytes], header: MapHeader, kind: str, path: str) -> np.ndarray:
    left = header.extended_bytes
    while left > 0:
        block = _read(stream, min(left, 1 << 24), path)
        if not block:
            break
        left -= len(block)
    dtype = np.dtype(kind)
    wanted = _data_bytes(header)
    if isinstance(stream, (gzip.GzipFile, bz2.BZ2File)):
        data = _inflate(stream, header, wanted, path).view(dtype)
    else:
        data = np.fromfile(stream, dtype, count=wanted // dtype.itemsize)
    return data if data.dtype == np.dtype("<f4") else data.astype(np.float32)


def _inflate(stream: IO[bytes], header: MapHeader, wanted: int, path: str) -> np.ndarray:
    """The next ``wanted`` bytes of a compressed stream, uint8, in memory that can be written to and is not copied again."""
    try:
        data = np.empty(wanted, np.uint8)
    except MemoryError:
        box = " x ".join(str(n) for n in header.shape[::-1])
        raise FormatError(f"'{path}' says that it holds {box} voxels ({wanted / 1e9:.3g} GB), more than there is memory for; "
                          "its header may be damaged.") from None
    filled = 0
    while filled < wanted:
        block = _read(stream, min(wanted - filled, 1 << 24), path)
        if not block:
            before = HEADER_BYTES + header.extended_bytes
            raise _truncated(path, header, before + wanted, before + filled)
        data[filled:filled + len(block)] = np.frombuffer(block, np.uint8)
        filled += len(block)
    return data


def write_map(path: str, map_: Map, labels: Sequence[str] = ()) -> None:
    """Write a map as float32 (mode 2), complete or not at all; compressed when the name ends in ``.gz``.

    ``labels`` are up to nine texts of 80 characters; the voxel size, the origin (in ORIGIN, NSTART is zero) and the
    statistics are written too.
    """
    data = np.ascontiguousarray(map_.data, dtype="<f4")
    with replacing(path) as plain:
        stream: Any = gzip.GzipFile(fileobj=plain, mode="wb", compresslevel=4, mtime=0) if path.endswith(".gz") else plain
        stream.write(_header_bytes(data, map_, labels))
        stream.write(memoryview(data).cast("B"))
        if stream is not plain:
            stream.close()


def _header_bytes(data: np.ndarray, map_: Map, labels: Sequence[str]) -> bytes:
    nz, ny, nx = data.shape
    mean = float(data.mean(dtype=np.float64))
    square = sum(float(np.square(section, dtype=np.float64).sum()) for section in data)
    rms = float(np.sqrt(max(square / data.size - mean * mean, 0.0)))
    cell = [n * v for n, v in zip((nx, ny, nz), map_.voxel_size)]
    lines = [t.encode("ascii", "replace")[:_LABEL].decode("ascii") for t in tuple(labels)[:9]] or [f"cryoqa {__version__}"]
    block = bytearray(HEADER_BYTES)
    struct.pack_into("<10i6f3i3f2i", block, 0, nx, ny, nz, 2, 0, 0, 0, nx, ny, nz, *cell, 90, 90, 90, 1, 2, 3,
                     float(data.min()), float(data.max()), mean, 1, 0)
    struct.pack_into("<i", block, 108, 20140)
    struct.pack_into("<3f", block, 196, *map_.origin)
    block[208:216] = b"MAP \x44\x44\x00\x00"
    struct.pack_into("<fi", block, 216, rms, len(lines))
    for i, text in enumerate(lines):
        block[224 + _LABEL * i:224 + _LABEL * (i + 1)] = text.encode("ascii").ljust(_LABEL)
    return bytes(block)
