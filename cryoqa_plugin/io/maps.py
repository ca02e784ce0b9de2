"""Maps on disk: MRC, CCP4 and MAP files, plain or compressed with gzip or bzip2, read and written by mrcfile; MTZ of map coefficients.

mrcfile knows the header, the types of voxels and the labels. What is done here is what real files need besides: axes in any order,
wrong stamps, damage that is noticed, and no second copy of the voxels.
"""
from __future__ import annotations

import bz2
import gzip
import io
import os
from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np
from mrcfile.mrcinterpreter import MrcInterpreter
from mrcfile.mrcobject import MrcObject

from .. import __version__
from ..errors import FormatError
from ..files import replacing
from .map import Map
from .map_header import HEADER_BYTES, MapHeader, fitted, header_record, holds_unsigned_bytes, interpret, require_voxel_size
from .mtz import read_mtz, read_mtz_header
from .reading import reader, reason

__all__ = ["HEADER_BYTES", "Map", "MapHeader", "read_header", "read_map", "whole_voxels", "write_map"]
_Stream = Union[io.BufferedReader, gzip.GzipFile, bz2.BZ2File]
_BLOCK = 1 << 20                                             # bytes taken from a stream at once
_LABEL = 80
_BETWEEN = 0.01                                              # of a voxel, up to which an origin is whole voxels
_map = reader("map", "copy or fetch it again")


@_map
def read_header(path: str, voxel_size_known: bool = False) -> MapHeader:
    """The header of a map file.

    The size of a compressed file is known when it is read to its end, so that :func:`read_map` may have more notes.

    Parameters
    ----------
    path
        MRC, CCP4 or MAP file, also gz or bz2; or MTZ with map coefficients, as of :func:`.mtz.read_mtz`.
    voxel_size_known
        The caller knows the voxel size, so that a cell that cannot be is only noted.

    Returns
    -------
    MapHeader
        With notes on what is odd about it.

    Raises
    ------
    MissingInputError, InputError
        There is no such file, it is no plain file, cannot be read, or gives a voxel size that cannot be.
    FormatError
        It is no map, damaged, or cut short.

    References
    ----------
    Cheng et al. (2015), https://doi.org/10.1016/j.jsb.2015.04.002 (MRC2014); Burnley et al. (2017),
    https://doi.org/10.1107/S2059798317007859 (mrcfile).
    """
    if _is_mtz(path):
        return read_mtz_header(path, voxel_size_known)
    with _open(path) as stream:
        header = interpret(_Reader(stream, path).header, path)
        require_voxel_size(header, voxel_size_known)
        return header if _compressed(stream) else fitted(header, os.fstat(stream.fileno()).st_size)


@_map
def read_map(path: str, voxel_size_known: bool = False) -> Map:
    """Read a map.

    Parameters
    ----------
    path
        MRC, CCP4 or MAP file, also gz or bz2; a compressed one is read to its end, where its checksum stands. Or MTZ with map
        coefficients, as of :func:`.mtz.read_mtz`.
    voxel_size_known
        As of :func:`read_header`.

    Returns
    -------
    Map
        Axes are sorted so that ``data[z, y, x]`` is float32 in C order.

    Raises
    ------
    MissingInputError, InputError, FormatError
        As of :func:`read_header`.
    """
    if _is_mtz(path):
        return read_mtz(path, voxel_size_known)
    with _open(path) as stream:
        file = _Reader(stream, path)
        header = said = interpret(file.header, path)
        require_voxel_size(said, voxel_size_known)
        if not _compressed(stream):
            header = fitted(said, os.fstat(stream.fileno()).st_size)
        data = file.voxels(header.extended_bytes)
        if _compressed(stream):                              # its size is known, and its checksum compared, at the end only
            header = fitted(said, file.length())
            if header.extended_bytes != said.extended_bytes:
                data = file.voxels(header.extended_bytes)
    if data is None:
        raise FormatError(f"'{path}' became shorter while it was read; read it when the program that writes it is done.")
    sorted_ = data.transpose([2 - header.axis_order.index(axis) for axis in (3, 2, 1)])
    return Map(np.ascontiguousarray(sorted_, dtype=np.float32), header.voxel_size, header.origin, path, header)


def _is_mtz(path: str) -> bool:
    with open(path, "rb") as stream:
        return stream.read(4) == b"MTZ "


def _open(path: str) -> _Stream:
    """A stream of the uncompressed bytes; the first bytes tell whether a file is compressed, not its name."""
    with open(path, "rb") as stream:
        start = stream.read(3)
    if start[:2] == b"\x1f\x8b":
        return gzip.GzipFile(path, "rb")
    return bz2.BZ2File(path) if start == b"BZh" else open(path, "rb")


def _compressed(stream: _Stream) -> bool:
    return isinstance(stream, (gzip.GzipFile, bz2.BZ2File))


class _Reader(MrcInterpreter):
    """mrcfile's reader of a stream, which takes the byte order from the box and fills one array block by block.

    mrcfile's own reader of .gz files unpacks them twice to learn their size, and keeps two copies of the voxels.
    """

    def __init__(self, stream: _Stream, path: str) -> None:
        super().__init__()
        self._iostream, self._read_only, self._path = stream, True, path
        self._read_header()

    def _read_header(self) -> None:
        block, count = self._read_bytearray_from_stream(HEADER_BYTES)
        self._header = header_record(block[:count], self._path)

    def voxels(self, extended: int) -> Optional[np.ndarray]:
        """The voxels [section, row, column] behind an extended header of so many bytes, or None when there are not enough of them."""
        self._call(self._iostream.seek, HEADER_BYTES + extended)
        self.header.ispg = 1                                 # one volume, also where the space group says stack
        try:
            self._read_data()
        except ValueError:
            return None
        self._data.flags.writeable = True
        return self._data.view(np.uint8) if holds_unsigned_bytes(self.header) else self._data

    def length(self) -> int:
        """Bytes of the whole stream, read to its end."""
        while self._call(self._iostream.read, _BLOCK):
            pass
        return self._iostream.tell()

    def _read_bytearray_from_stream(self, number_of_bytes: int) -> Tuple[np.ndarray, int]:
        try:
            block = np.empty(number_of_bytes, np.uint8)
        except (MemoryError, ValueError):
            box = " x ".join(str(int(self.header[n])) for n in ("nx", "ny", "nz"))
            raise FormatError(f"'{self._path}' says that it holds {box} voxels ({number_of_bytes / 1e9:.3g} GB), more than there is memory "
                              "for; its header may be damaged.") from None
        filled, view = 0, block.data
        while filled < number_of_bytes:
            count = self._call(self._iostream.readinto, view[filled:filled + _BLOCK] if _compressed(self._iostream) else view[filled:])
            if not count:
                break
            filled += count
        return block, filled

    def _call(self, function: Any, argument: Any) -> Any:
        try:
            return function(argument)
        except Exception as error:                           # zlib, bz2 and gzip have one each for the same damage
            if not _compressed(self._iostream):
                raise
            raise FormatError(f"The compressed map '{self._path}' is damaged ({reason(error)}); fetch or copy it again.") from None


class _Writer(MrcObject):
    """mrcfile's header for a map; the statistics are sums in float64 that take no second copy of the data."""

    def __init__(self, map_: Map, labels: Sequence[str], start: bool) -> None:
        super().__init__()
        self._create_default_attributes()
        nz, ny, nx = map_.data.shape
        self.set_data(np.ascontiguousarray(map_.data, dtype="<f4"))
        self.header.cella = tuple(n * v for n, v in zip((nx, ny, nz), map_.voxel_size))
        self.header.origin = tuple(map_.origin)
        voxels = whole_voxels(map_.origin, map_.voxel_size) if start else None
        if voxels is not None:
            self.header.nxstart, self.header.nystart, self.header.nzstart = voxels
        self.header.nversion = 20140                         # nothing of 20141 (mode 12) is in the file
        lines = [text.encode("ascii", "replace")[:_LABEL] for text in tuple(labels)[:9]] or [f"cryoqa {__version__}".encode()]
        self.header.nlabl = len(lines)
        self.header.label = [line.ljust(_LABEL) for line in lines] + [b""] * (10 - len(lines))

    def update_header_stats(self) -> None:
        """Minimum, maximum, mean and rms; mrcfile sums in float32 and makes an array of differences for the rms."""
        data = self.data
        mean = float(data.mean(dtype=np.float64))
        square = sum(float(np.square(section, dtype=np.float64).sum()) for section in data)
        self.header.dmin, self.header.dmax, self.header.dmean = data.min(), data.max(), mean
        self.header.rms = np.sqrt(max(square / data.size - mean * mean, 0.0))


def whole_voxels(origin: Sequence[float], voxel_size: Sequence[float]) -> Optional[Tuple[int, ...]]:
    """An origin counted in voxels.

    Parameters
    ----------
    origin, voxel_size
        x, y, z in Å.

    Returns
    -------
    tuple of int, or None
        None where it lies more than a hundredth of a voxel between them: NSTART of a header cannot hold it.
    """
    voxels = [o / v for o, v in zip(origin, voxel_size)]
    return tuple(int(round(v)) for v in voxels) if all(abs(v - round(v)) <= _BETWEEN for v in voxels) else None


def write_map(path: str, map_: Map, labels: Sequence[str] = (), start: bool = False) -> None:
    """Write a map as float32 (mode 2), complete or not at all.

    The voxel size, the origin (in ORIGIN, NSTART is zero) and the statistics are written too.

    Parameters
    ----------
    path
        Where to; compressed when the name ends in ``.gz``.
    map_
        The map.
    labels
        Up to nine texts of 80 characters.
    start
        Write an origin of whole voxels into NSTART too, where EMDB and CCP4 programs look for it.
    """
    mrc = _Writer(map_, labels, start)
    with replacing(path) as plain:
        stream: Any = gzip.GzipFile(fileobj=plain, mode="wb", compresslevel=4, mtime=0) if path.endswith(".gz") else plain
        stream.write(mrc.header.tobytes())
        for section in mrc.data:                             # gzip holds all of what it is given at once, packed
            stream.write(section.data.cast("B"))
        if stream is not plain:
            stream.close()
