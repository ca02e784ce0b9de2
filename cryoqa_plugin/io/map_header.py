"""What the header of a map says: mrcfile's fields with their axes sorted, a voxel size and an origin, and notes on what to check.

Real files break the standard in ways that must only be noted: wrong machine stamps, cells of zero, extended headers that are
not there, statistics that are not numbers, any order of axes. What cannot be read at all gets one sentence.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from mrcfile.utils import dtype_from_mode

from ..errors import FormatError, InputError
from ..naming import called
from . import ranges, spider
from .file_kinds import MAP, kind_of

HEADER_BYTES = HEADER_DTYPE.itemsize
_REFUSED = {3: "complex 16-bit integers", 4: "complex numbers, that is a transform", 101: "4-bit integers"}
_KNOWN = (0, 1, 2, 6, 12) + tuple(_REFUSED)
_SMALL = range(-1, 128)                           # a mode beyond these means another byte order, or a file that is no map
_BOTH_ORDERS = (HEADER_DTYPE.newbyteorder("<"), HEADER_DTYPE.newbyteorder(">"))
UNSET_VOXEL = "The voxel size is exactly 1 Å in all axes, which many programs write when they do not know it; check it."
_UNITS = (("nanometres", 10.0), ("metres", 1e10))  # that cells were written in, and Å in one


@dataclass(frozen=True)
class MapHeader:
    """What a map file says about itself, all of it in the order of ``data[z, y, x]`` after the axes are sorted.

    ``shape`` is (nz, ny, nx); ``voxel_size``, ``origin`` (of voxel [0, 0, 0], from ORIGIN when it is not zero, else from
    NSTART), ``nstart``, ``header_origin`` and ``sampling`` are (x, y, z), lengths in Å. ``axis_order`` is (MAPC, MAPR,
    MAPS); ``header_stats`` (DMIN, DMAX, DMEAN, RMS); ``warnings`` are sentences about what to check, ``voxel_size_warnings``
    those of them that a voxel size given by the user settles; ``voxel_size_fault`` says why the one of the file cannot be, where it cannot.
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
    voxel_size_warnings: Tuple[str, ...] = ()
    voxel_size_fault: str = ""

    @property
    def data_bytes(self) -> int:
        """Bytes that the voxels take in the file."""
        nz, ny, nx = self.shape
        return nz * ny * nx * dtype_from_mode(self.mode).itemsize


def header_record(block: np.ndarray, path: str) -> np.recarray:
    """mrcfile's header record of the first bytes of a file, in the byte order in which its box makes sense.

    mrcfile tells the byte order by the machine stamp, in permissive mode also by the mode. Stamps are wrong in too many files, and
    mode 0 is the same in both orders, so the box decides here and the stamp is only compared.

    Parameters
    ----------
    block
        The first 1024 bytes, uint8, or fewer when the file has no more.
    path
        Name of the file, for sentences.

    Returns
    -------
    numpy.recarray
        A record of ``mrcfile.dtypes.HEADER_DTYPE``; changes go to ``block``.

    Raises
    ------
    FormatError
        The file is no map, or of a mode that does not exist.
    """
    orders = [np.frombuffer(block, dtype).reshape(()) for dtype in _BOTH_ORDERS if len(block) == HEADER_BYTES]
    for record in orders:
        if int(record["mode"]) in _KNOWN and _box_makes_sense(record):
            return record.view(np.recarray)
    volume = spider.as_mrc(block)
    if volume is not None:
        return volume.view(np.recarray)
    raise FormatError(_why_no_map(block, orders, path))


def _why_no_map(block: np.ndarray, orders: Sequence[np.ndarray], path: str) -> str:
    kind = kind_of(block.tobytes())
    if kind is not None and kind is not MAP:
        return f"'{path}' is not an MRC, CCP4 or MAP file but {kind.name}; {kind.as_map or kind.remedy or 'give a map'}."
    if not orders:
        return (f"'{path}' has {len(block)} bytes, but the header of a map alone has {HEADER_BYTES}; "
                "it is truncated or not an MRC, CCP4 or MAP file.")
    for record in orders:
        mode = int(record["mode"])
        if mode in _SMALL and _box_makes_sense(record):
            return (f"'{path}' has the mode {mode} (box {_by(_numbers(record, 'nx', 'ny', 'nz'))}), and mode {mode} is no MRC mode; "
                    "give a map of real numbers (mode 0, 1, 2, 6 or 12).")
    return (f"'{path}' is not an MRC, CCP4 or MAP file: its header makes no sense in either byte order "
            f"(box {_numbers(orders[1], 'nx', 'ny', 'nz')}, mode {int(orders[1]['mode'])}); give a map.")


def _box_makes_sense(record: np.ndarray) -> bool:
    return (all(0 < n < 65536 for n in _numbers(record, "nx", "ny", "nz")) and 0 <= int(record["nsymbt"])
            and all(0 <= a <= 3 for a in _numbers(record, "mapc", "mapr", "maps")))


def _numbers(record: Any, *names: str) -> Tuple[Any, ...]:
    return tuple(record[name].item() for name in names)


def interpret(record: np.ndarray, path: str) -> MapHeader:
    """The header of a map from mrcfile's record of it; :class:`FormatError` for what cannot be read as a box of real numbers."""
    record, mode = record.view(np.ndarray), int(record["mode"])
    if mode in _REFUSED:
        raise FormatError(f"'{path}' holds {_REFUSED[mode]} (mode {mode}); give a map of real numbers (mode 0, 1, 2, 6 or 12).")
    warnings: List[str] = []
    axes = _axes(record, warnings)

    def sort(*names: str) -> Tuple[Any, ...]:               # columns, rows, sections -> x, y, z
        values = _numbers(record, *names)
        return tuple(values[axes.index(a)] for a in (1, 2, 3))

    n, nstart = sort("nx", "ny", "nz"), sort("nxstart", "nystart", "nzstart")
    cell, sampling = record["cella"].item() + record["cellb"].item(), _numbers(record, "mx", "my", "mz")
    _refuse_skewed(cell[3:6], path)
    voxel, notes, fault = _voxel_size(cell, sampling, n)
    origin, header_origin = _origin(record["origin"].item(), nstart, voxel, warnings)
    _note_oddities(record, warnings)
    return MapHeader(shape=n[::-1], voxel_size=voxel, origin=origin, path=path, mode=mode, axis_order=axes, nstart=nstart,
                     header_origin=header_origin, cell=cell, sampling=sampling, ispg=int(record["ispg"]),
                     header_stats=_numbers(record, "dmin", "dmax", "dmean", "rms"), labels=_labels(record),
                     nversion=int(record["nversion"]), machine_stamp=_stamp(record), exttyp=_text(record["exttyp"].tobytes()),
                     extended_bytes=int(record["nsymbt"]), warnings=tuple(notes + warnings), voxel_size_warnings=tuple(notes),
                     voxel_size_fault=fault)


def _axes(record: np.ndarray, warnings: List[str]) -> Tuple[int, int, int]:
    axes = _numbers(record, "mapc", "mapr", "maps")
    if sorted(axes) == [1, 2, 3]:
        return axes
    warnings.append(f"The order of the axes in the header is {axes}, which is none; columns, rows, sections are taken as x, y, z.")
    return (1, 2, 3)


def _refuse_skewed(angles: Sequence[float], path: str) -> None:
    if any(abs(a - 90) > 1e-3 for a in angles) and any(angles):
        raise FormatError(f"'{path}' has a unit cell with the angles {angles[0]:g}, {angles[1]:g}, {angles[2]:g} degrees; "
                          "only right angles are supported, resample it onto a box.")


# ---------------------------------------------------------------- voxel size and origin

def _voxel_size(cell: Sequence[float], sampling: Sequence[int], n: Sequence[int]) -> Tuple[Tuple[float, float, float], List[str], str]:
    """Voxel size (x, y, z) in Å; notes on where it is not what the header seems to say, or unlikely; why it cannot be, where it cannot."""
    notes, sizes = [], []
    for name, length, count, size in zip("xyz", cell, sampling, n):
        if count <= 0:
            notes.append(f"The header gives {count} sampling intervals along {name}; the {size} voxels of the box are taken.")
        sizes.append(_tidy(length / (count if count > 0 else size)))
    x, y, z = sizes
    if sampling[2] == 1 < n[2] and abs(x - y) <= 0.01 * x < abs(z - x) and ranges.within(x, ranges.VOXEL_SIZE) and z > 0:
        # MZ = 1 is the mark of a stack of images; as a volume its cell along z would be one voxel
        notes.append(f"The header says 1 sampling interval along z for {n[2]} sections (a stack written as a volume), that is voxels of "
                     f"{z:g} Å along z; {x:g} Å is taken, as along x.")
        sizes[2] = x
    wrong = [v for v in sizes if v != 0 and not ranges.within(v, ranges.VOXEL_SIZE)]         # NaN too
    unknown = [name for name, v in zip("xyz", sizes) if v == 0]                              # how headers say that it was never set
    x, y, z = (v if ranges.within(v, ranges.VOXEL_SIZE) else 1.0 for v in sizes)
    if wrong:
        said = f"The header gives a cell of {_by(cell[:3])} Å, that is voxels of {wrong[0]:.4g} Å{_in_other_units(wrong)}"
        return (x, y, z), [*notes, f"{said}, which cannot be."], f"{said}; a voxel is {ranges.shown(ranges.VOXEL_SIZE)}"
    if unknown:
        along = "" if len(unknown) == 3 else f" along {' and '.join(unknown)}"
        return (x, y, z), [*notes, f"The header gives a cell of {_by(cell[:3])} Å, so that the voxel size{along} is unknown; 1 Å is taken, "
                           "give the voxel size."], ""
    return (x, y, z), notes + _unlikely((x, y, z)), ""


def _unlikely(voxel: Sequence[float]) -> List[str]:
    if all(v == 1 for v in voxel):
        return [UNSET_VOXEL]
    low, high = ranges.USUAL_VOXEL_SIZE
    if all(low <= v <= high for v in voxel):
        return []
    return [f"The voxel size of {_by(voxel)} Å is outside {low:g} to {high:g} Å{_in_other_units(voxel)}; "
            "give the voxel size if the header is wrong."]


def _in_other_units(voxel: Sequence[float]) -> str:
    others = [f" ({voxel[0] * factor:g} Å if it is in {unit})" for unit, factor in _UNITS
              if all(ranges.within(v * factor, ranges.USUAL_VOXEL_SIZE) for v in voxel)]
    return "".join(others)


def require_voxel_size(header: MapHeader, known: bool = False) -> None:
    """Raise :class:`InputError` when the voxel size of a header cannot be, unless another one is ``known``."""
    if header.voxel_size_fault and not known:
        file = f" ({header.path})" if header.path else ""
        raise InputError(f"{header.voxel_size_fault}{file}. {called('Give the voxel size', 'voxel_size')}, or correct the header.")


def _tidy(value: float) -> float:
    """Take off the dust of float32: 1.0599999 -> 1.06."""
    short = float(f"{value:.6g}")
    return short if abs(short - value) <= 2e-7 * abs(value) else value


def _origin(origin: Tuple[float, float, float], nstart: Sequence[int], voxel: Sequence[float],
            warnings: List[str]) -> Tuple[Tuple[float, float, float], Tuple[float, float, float]]:
    """Position of voxel [0, 0, 0] in Å, and ORIGIN as it stands in the header; (x, y, z)."""
    from_nstart = (nstart[0] * voxel[0], nstart[1] * voxel[1], nstart[2] * voxel[2])
    if not all(abs(v) < ranges.ORIGIN for v in origin):      # NaN too
        warnings.append(f"The ORIGIN {origin} of the header makes no sense and is not used.")
        origin = (0.0, 0.0, 0.0)
    if not all(abs(v) < ranges.ORIGIN for v in from_nstart):
        warnings.append(f"The NSTART {tuple(nstart)} of the header makes no sense and is not used.")
        from_nstart = (0.0, 0.0, 0.0)
    if any(origin) and any(from_nstart) and any(abs(a - b) > 0.5 * v for a, b, v in zip(origin, from_nstart, voxel)):
        warnings.append(f"ORIGIN says {_triple(origin)} Å and NSTART {_triple(from_nstart)} Å; ORIGIN is used.")
    return (origin if any(origin) else from_nstart), origin


def _triple(values: Sequence[float]) -> str:
    return "(" + ", ".join(f"{v:g}" for v in values) + ")"


def _by(values: Sequence[float]) -> str:
    return " x ".join(f"{v:g}" for v in values)


# ---------------------------------------------------------------- texts, stamps, space groups

def holds_unsigned_bytes(record: np.ndarray) -> bool:
    """Whether bytes have no sign: old IMOD wrote them so, and says it by a stamp and a flag in the extra words."""
    stamp, flags = np.frombuffer(record["extra2"].tobytes(), record["mode"].dtype, count=2, offset=40)
    return int(record["mode"]) == 0 and int(stamp) == 1146047817 and not int(flags) & 1


def _text(raw: bytes) -> str:
    return raw.decode("latin-1").strip(" \0")


def _labels(record: np.ndarray) -> Tuple[str, ...]:
    count = min(max(int(record["nlabl"]), 0), 10)
    return tuple(t for t in (_text(label) for label in record["label"][:count].tolist()) if t)


def _stamp(record: np.ndarray) -> str:
    return " ".join(f"{b:02x}" for b in record["machst"].tolist())


def _note_oddities(record: np.ndarray, warnings: List[str]) -> None:
    big = record["mode"].dtype.byteorder == ">"
    if bytes(record["machst"][:2].tolist()) not in ((b"\x11\x11",) if big else (b"\x44\x44", b"\x44\x41")):
        warnings.append(f"The machine stamp {_stamp(record)} is wrong; the byte order ({'big' if big else 'little'} endian) was taken "
                        "from the box.")
    if record["map"].item() != b"MAP ":
        warnings.append("The word 'MAP' is missing from the header (an old or careless writer).")
    n, ispg = _numbers(record, "nx", "ny", "nz"), int(record["ispg"])
    cubic = len(set(n)) == 1                                 # many programs write space group 0 for a volume
    if ispg == 0 and n[2] > 1 and (int(record["mz"]) == 1 or not cubic):
        warnings.append("The header says stack of images (space group 0); it is read as one volume.")
    elif ispg >= 401:
        warnings.append(f"The header says stack of volumes (space group {ispg}); it is read as one volume.")


# ---------------------------------------------------------------- the size of the file

def fitted(header: MapHeader, found: int) -> MapHeader:
    """The header of a file of ``found`` bytes (not compressed): refused when too short, noted when it is not as long as it says."""
    needed = HEADER_BYTES + header.extended_bytes + header.data_bytes
    if found == needed:
        return header
    if found == HEADER_BYTES + header.data_bytes:
        return replace(header, extended_bytes=0, warnings=header.warnings + (
            f"The header says that {header.extended_bytes} bytes of an extended header follow, but the file has just room for the voxels; "
            f"they are read from byte {HEADER_BYTES} on.",))
    if found < needed:
        raise FormatError(f"'{header.path}' is truncated: its header ({_by(header.shape[::-1])} voxels, mode {header.mode}) "
                          f"asks for {needed} bytes and there are {found}; fetch or copy it again.")
    return replace(header, warnings=header.warnings + (
        f"The file has {found - needed} bytes more than its header asks for; they are not read.",))
