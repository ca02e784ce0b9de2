"""Map coefficients as MTZ files, for programs that work on Fourier coefficients."""
from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import numpy as np

from ..errors import FormatError, InputError
from ..files import replacing
from .file_kinds import told
from . import ranges
from .map import Map
from .map_header import MapHeader
from .reading import reader, reason

_BOX = "cryoqa: box"                             # begins the line of the history that tells the box: x, y, z in voxels
_COLUMNS = ("FWT", "PHWT")
_mtz = reader("map coefficients", "give an MTZ file", "an MTZ")
NO_ORIGIN = "Map coefficients know no origin: the first voxel of their map is taken to lie at 0, 0, 0; check that a model fits it."
_SPARSE = 1e4                                    # voxels a reflection; a whole sphere has 13, its asymmetric part up to 96 times as many
_SAMPLING = 3                                    # voxels to the resolution of coefficients whose box nobody tells


def write_mtz(path: str, map_: Map) -> None:
    """Write the Fourier coefficients of a map up to Nyquist: columns H, K, L, FWT (amplitude) and PHWT (degrees), space group P 1.

    ``F(h) = V / n sum_x rho(x) exp(2 pi i h x)`` with V the volume of the box (Å^3) and n its voxels. MTZ knows no origin: the
    coefficients are those of a map whose first voxel lies at 0. The box stands in the history, for :func:`read_mtz`.

    Parameters
    ----------
    path
        Where to.
    map_
        The map.
    """
    import gemmi
    hkl, f = coefficients(map_)
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = gemmi.SpaceGroup("P 1")
    nz, ny, nx = map_.shape
    cell = [n * v for n, v in zip((nx, ny, nz), map_.voxel_size)]
    mtz.set_cell_for_all(gemmi.UnitCell(*cell, 90, 90, 90))
    mtz.title = "cryoqa map coefficients"
    mtz.history = [f"{_BOX} {nx} {ny} {nz}"]
    mtz.add_dataset("cryoqa")
    for label, sort in zip(_COLUMNS, "FP"):
        mtz.add_column(label, sort)
    table = np.empty((f.size, 5), dtype=np.float32)
    table[:, :3] = hkl
    table[:, 3] = np.abs(f)
    table[:, 4] = np.degrees(np.angle(f))
    mtz.set_data(table)
    with replacing(path) as stream:
        stream.write(mtz.write_to_bytes())


def coefficients(map_: Map) -> Tuple[np.ndarray, np.ndarray]:
    """Fourier coefficients of a map up to Nyquist, one of each Friedel pair.

    Parameters
    ----------
    map_
        The map.

    Returns
    -------
    hkl
        Indices (h, k, l), int32 [n, 3].
    f
        Coefficients, complex64 [n], with the sign and the scale of crystallography.
    """
    import scipy.fft
    nz, ny, nx = map_.shape
    ft = scipy.fft.rfftn(map_.data, workers=-1)
    h, k, l = np.arange(nx // 2 + 1), np.fft.fftfreq(ny, 1 / ny), np.fft.fftfreq(nz, 1 / nz)
    edge = np.array([n * v for n, v in zip((nx, ny, nz), map_.voxel_size)])
    finest = min(n // 2 / e for n, e in zip((nx, ny, nz), edge))
    s2 = (h[None, None, :] / edge[0]) ** 2 + (k[None, :, None] / edge[1]) ** 2 + (l[:, None, None] / edge[2]) ** 2
    there = s2 <= finest ** 2 * (1 + 1e-9)
    there &= (h[None, None, :] > 0) | (l[:, None, None] > 0) | (l[:, None, None] == 0) & (k[None, :, None] >= 0)
    at = np.nonzero(there)
    hkl = np.stack([h[at[2]], k[at[1]], l[at[0]]], axis=1).astype(np.int32)
    f = np.conj(ft[at]) * np.float32(np.prod(map_.voxel_size))          # crystallography's sign, and its volume element
    mate = (hkl[:, 2] < 0) | (hkl[:, 2] == 0) & ((hkl[:, 0] < 0) | (hkl[:, 0] == 0) & (hkl[:, 1] < 0))
    hkl[mate] *= -1
    f[mate] = np.conj(f[mate])
    return hkl, f


class _Coefficients(NamedTuple):
    """A file of gemmi, the labels of amplitude and phase in it, and what its map is like."""

    mtz: Any
    labels: Tuple[str, str]
    header: MapHeader


@_mtz
def read_mtz(path: str, voxel_size_known: bool = False) -> Map:
    """The map of the coefficients in an MTZ file, on a grid of its own: the inverse of :func:`write_mtz`.

    Parameters
    ----------
    path
        A file with the columns FWT and PHWT, else the first amplitudes (type F) that phases (type P) stand beside. The box is the one
        that cryoqa wrote, else has at least three voxels to the resolution, with edges that transform well.

    Returns
    -------
    Map
        Its first voxel lies at 0; voxels with coefficients that the file does not hold are those of zeros.

    Raises
    ------
    InputError
        The file cannot be read, or its cell has angles other than 90 degrees.
    FormatError
        It is no MTZ file, or holds no amplitudes with phases.

    Notes
    -----
    ``rho(x) = 1 / V sum_h F(h) exp(-2 pi i h x)`` over both mates of each pair, with all copies of the space group.

    References
    ----------
    Wojdyr (2022), https://doi.org/10.21105/joss.04200 (gemmi).
    """
    import scipy.fft
    mtz, labels, header = _look_at(path, voxel_size_known)
    mtz.expand_to_p1()
    nz, ny, nx = header.shape
    amplitude, phase = (np.asarray(mtz.column_with_label(label).array) for label in labels)
    if np.isinf(amplitude).any() or np.isinf(phase).any():
        raise FormatError(f"The map coefficients '{path}' have {int((np.isinf(amplitude) | np.isinf(phase)).sum())} amplitudes or phases "
                          "that are infinite; the file is damaged, write it again.")
    f = amplitude * np.exp(-1j * np.radians(phase))          # conjugate: crystallography's sign is the other one
    f[np.isnan(f)] = 0                                       # reflections that were not measured
    ft = np.zeros((nz, ny, nx // 2 + 1), dtype=np.complex64)
    for sign, values in ((1, f), (-1, np.conj(f))):          # both mates, since a file holds either; gemmi's grid leaves Nyquist out
        h, k, l = (sign * mtz.make_miller_array().T) % np.array([[nx], [ny], [nz]])
        kept = h <= nx // 2
        ft[l[kept], k[kept], h[kept]] = values[kept]
    data = scipy.fft.irfftn(ft, header.shape, workers=-1) / np.float32(np.prod(header.voxel_size))
    return Map(np.ascontiguousarray(data, dtype=np.float32), header.voxel_size, path=path, header=header)


@_mtz
def read_mtz_header(path: str, voxel_size_known: bool = False) -> MapHeader:
    """Box and voxel size of the map that :func:`read_mtz` makes of a file; errors as there."""
    return _look_at(path, voxel_size_known).header


def _look_at(path: str, voxel_size_known: bool) -> _Coefficients:
    import gemmi
    with open(path, "rb") as stream:
        begin = stream.read(4)
    try:
        mtz = gemmi.read_mtz_file(path)
    except Exception as error:                               # gemmi raises RuntimeError and others for files cut short
        why = reason(error) if begin == b"MTZ " else "it does not begin with 'MTZ '"
        raise FormatError(f"The map coefficients '{path}' cannot be read as MTZ ({why}); give an MTZ file."
                          + told(path, "an MTZ")) from None
    cell = mtz.cell
    if any(abs(angle - 90) > 1e-3 for angle in (cell.alpha, cell.beta, cell.gamma)):
        angles = f"{cell.alpha:g}, {cell.beta:g} and {cell.gamma:g} degrees"
        raise InputError(f"The map coefficients '{path}' have a cell with angles of {angles}; only right-angled ones, as those of cryo-EM, "
                         "are read.")
    labels, edges = _labels(mtz, path), (cell.a, cell.b, cell.c)
    _require_possible(mtz, path)
    box = _box_of(mtz)
    voxel_size = tuple(float(f"{e / n:.7g}") for e, n in zip(edges, box))
    notes = (*(() if labels == _COLUMNS else (f"The map is made of the columns {labels[0]} and {labels[1]}.",)), NO_ORIGIN)
    header = MapHeader(
        shape=box[::-1], voxel_size=voxel_size, origin=(0.0, 0.0, 0.0), path=path, mode=2, axis_order=(1, 2, 3), nstart=(0, 0, 0),
        header_origin=(0.0, 0.0, 0.0), cell=(*edges, 90.0, 90.0, 90.0), sampling=box, ispg=1, header_stats=(0.0, -1.0, -2.0, -1.0),
        labels=(mtz.title,), nversion=0, machine_stamp="", exttyp="", extended_bytes=0, warnings=notes)
    if not voxel_size_known and not all(ranges.within(v, ranges.VOXEL_SIZE) for v in voxel_size):
        raise InputError(f"The map coefficients '{path}' have a cell of {_by(edges)} Å for {_by(box)} voxels, that is voxels of "
                         f"{_by(voxel_size)} Å; a voxel is {ranges.shown(ranges.VOXEL_SIZE)}. Write the file again.")
    return _Coefficients(mtz, labels, header)


def _require_possible(mtz: Any, path: str) -> None:
    """Raise :class:`FormatError` when cell and indices ask for a box that the reflections cannot fill."""
    edges, finest = (mtz.cell.a, mtz.cell.b, mtz.cell.c), mtz.resolution_high()
    box = [_SAMPLING * e / finest if finest > 0 else np.inf for e in edges]
    if not (all(0 < n <= ranges.BOX for n in box) and np.prod(box) <= _SPARSE * mtz.nreflections + 1e6):
        raise FormatError(f"The map coefficients '{path}' have a cell of {_by(edges)} Å and reflections to {finest:.4g} Å, for which "
                          f"{mtz.nreflections} reflections are too few; the file is damaged, write it again.")


def _by(values: Any) -> str:
    return " x ".join(f"{v:.4g}" for v in values)


def _labels(mtz: Any, path: str) -> Tuple[str, str]:
    columns = [(c.label, c.type) for c in mtz.columns]
    pairs = [(a, b) for (a, sort), (b, other) in zip(columns, columns[1:]) if sort == "F" and other == "P"]
    if not pairs or not mtz.nreflections:
        names = ", ".join(label for label, _ in columns) or "none"
        raise FormatError(f"The MTZ file '{path}' has no amplitudes (type F) beside phases (type P); its columns are {names}. Give map "
                          "coefficients.")
    return _COLUMNS if _COLUMNS in pairs else pairs[0]


def _box_of(mtz: Any) -> Tuple[int, int, int]:
    """Box (x, y, z) of the map of a file."""
    import gemmi
    most = np.abs(mtz.make_miller_array()).max(axis=0)
    for line in mtz.history:
        words = line[len(_BOX):].split()[:3] if line.startswith(_BOX) else []
        if len(words) == 3 and all(w.isdigit() and int(w) >= 2 * n for w, n in zip(words, most)):
            return int(words[0]), int(words[1]), int(words[2])
    grid = gemmi.FloatGrid()
    grid.set_unit_cell(mtz.cell)
    grid.spacegroup = mtz.spacegroup
    grid.set_size_from_spacing(mtz.resolution_high() / _SAMPLING, gemmi.GridSizeRounding.Up)
    return grid.nu, grid.nv, grid.nw
