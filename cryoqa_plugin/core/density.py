"""Fourier coefficients of an atomic model on the grid of a map."""
from __future__ import annotations

from typing import Any, NamedTuple, Sequence, Tuple

import numpy as np
import scipy.fft

from .threads import get_threads

TABLES = ("electron", "xray", "neutron")
_OVERSAMPLING = 1.5           # of the grid on which the density is drawn, so that little folds back below Nyquist
_BLUR = 80.0                  # B (Å²) over the squared step of that grid: what folds back is 0.1 % at Nyquist
_CUTOFF = 1e-7                # density below which an atom is cut off
_SLAB_BYTES = 32e6            # of grid per slab of the first two passes


class InsideAtoms(NamedTuple):
    """Which atoms take part: ``keep`` bool [n_atoms]; numbers ``outside`` the box and ``unknown`` to the table."""

    keep: np.ndarray
    outside: int
    unknown: int


def atoms_inside(elements: Sequence[str], xyz: np.ndarray, shape: Sequence[int], voxel_size: Sequence[float],
                 origin: Sequence[float], table: str = "electron") -> InsideAtoms:
    """Atoms whose centre lies in the box and whose element the scattering table knows.

    Parameters
    ----------
    elements
        Symbol of each atom.
    xyz
        Positions (x, y, z) in Å, float [n_atoms, 3].
    shape
        Voxels of the box (nz, ny, nx); it reaches half a voxel beyond its outer voxel centres.
    voxel_size, origin
        Edges of a voxel and place of voxel [0, 0, 0], (x, y, z) in Å.
    table
        As in :func:`model_density_ft`.

    Returns
    -------
    InsideAtoms
        Which take part, and how many do not.
    """
    voxel = np.asarray(voxel_size, dtype=np.float64)
    cell = voxel * np.asarray(shape[::-1])
    position = np.asarray(xyz, dtype=np.float64).reshape(-1, 3) - np.asarray(origin)
    within = np.all((position >= -voxel / 2) & (position <= cell - voxel / 2), axis=1)
    known_elements = {e for e in set(elements) if _scatters(e, table)}
    known = np.array([e in known_elements for e in elements], dtype=bool)
    return InsideAtoms(within & known, int(np.count_nonzero(~within)), int(np.count_nonzero(within & ~known)))


def _scatters(element: str, table: str) -> bool:
    import gemmi
    found = gemmi.Element(element)
    if found.atomic_number == 0:
        return False
    return {"electron": found.c4322, "xray": found.it92, "neutron": found.neutron92}[table] is not None


def model_density_ft(elements: Sequence[str], xyz: np.ndarray, b_iso: np.ndarray, occupancy: np.ndarray, shape: Sequence[int],
                     voxel_size: Sequence[float], origin: Sequence[float], *, b_zero: bool = False,
                     table: str = "electron") -> np.ndarray:
    """Fourier coefficients of a model, as :func:`.fourier.forward` would give them.

    The density of each atom, blurred by an extra B-factor, is drawn by gemmi on a grid 1.5 times finer than the map's; the transform of
    that grid is cut down to the map's coefficients and the blur divided out. Every atom is drawn where it is, also between voxels; one
    outside of the box would wrap round, so that the caller leaves it out (:func:`atoms_inside`).

    Parameters
    ----------
    elements
        Symbol of each atom.
    xyz
        Positions (x, y, z) in Å, float [n_atoms, 3], in the frame in which ``origin`` is voxel [0, 0, 0].
    b_iso, occupancy
        B-factor in Å² and occupancy, float [n_atoms].
    shape
        Voxels of the map (nz, ny, nx).
    voxel_size, origin
        (x, y, z) in Å.
    b_zero
        Every atom at B = 0.
    table
        ``electron`` (c4322 of the International Tables), ``xray`` (IT92) or ``neutron``.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1]; 0 on the Nyquist planes of even axes.

    References
    ----------
    Wojdyr (2022), https://doi.org/10.21105/joss.04200 (gemmi); Ten Eyck (1977), https://doi.org/10.1107/S0567739477001211 (blur).
    """
    fine = tuple(int(scipy.fft.next_fast_len(int(np.ceil(_OVERSAMPLING * n)), real=True)) for n in shape)
    cell = np.asarray(voxel_size, dtype=np.float64) * np.asarray(shape[::-1])
    b_iso = np.zeros(len(elements)) if b_zero else np.asarray(b_iso, dtype=np.float64)
    step = float(np.max(cell / np.asarray(fine[::-1])))
    # Atoms that are broad already need no more: the smallest B-factor counts towards the blur.
    blur = max(0.0, _BLUR * step ** 2 - (float(b_iso.min()) if b_iso.size else 0.0))
    grid = _draw(elements, np.asarray(xyz) - np.asarray(origin), b_iso, occupancy, fine, cell, blur, table)
    return _cut_transform(grid, tuple(shape), tuple(cell[::-1]), blur)


def _draw(elements: Sequence[str], position: np.ndarray, b_iso: np.ndarray, occupancy: np.ndarray, shape: Tuple[int, ...],
          cell: np.ndarray, blur: float, table: str) -> Any:
    """The gemmi calculator that holds the density on a grid of ``shape`` (nz, ny, nx) over a box of edges ``cell`` (x, y, z)."""
    import gemmi
    classes = {"electron": gemmi.DensityCalculatorE, "xray": gemmi.DensityCalculatorX, "neutron": gemmi.DensityCalculatorN}
    calculator = classes[table]()
    calculator.blur, calculator.cutoff = blur, _CUTOFF
    calculator.grid.set_unit_cell(gemmi.UnitCell(*cell, 90, 90, 90))
    calculator.grid.spacegroup = gemmi.SpaceGroup("P 1")
    calculator.grid.set_size(*shape[::-1])
    # One atom is used over and over: making one for each costs more than drawing it.
    symbols = {e: gemmi.Element(e) for e in set(elements)}
    atom = gemmi.Atom()
    for element, (x, y, z), b, occ in zip(elements, position.tolist(), b_iso.tolist(), np.asarray(occupancy).tolist()):
        atom.element, atom.pos, atom.b_iso, atom.occ = symbols[element], gemmi.Position(x, y, z), b, occ
        calculator.add_atom_density_to_grid(atom)
    return calculator


def _cut_transform(calculator: Any, shape: Tuple[int, int, int], edges: Tuple[float, ...], blur: float) -> np.ndarray:
    """Transform of the drawn grid, axis by axis, cut to the coefficients of ``shape`` after each axis, without the blur.

    ``edges`` are the edges (z, y, x) of the box in Å.
    """
    density = np.asarray(calculator.grid.array).T                # a view [z, y, x]
    fine_z, fine_y, fine_x = density.shape
    nz, ny, nx = shape
    picks = [_pick(n, f, edge, blur) for n, f, edge in zip(shape, density.shape, edges)]
    (iz, wz), (iy, wy), (_, wx) = picks
    wx = (wx[:nx // 2 + 1] * (nz * ny * nx / density.size)).astype(np.float32)
    part = np.empty((fine_z, ny, nx // 2 + 1), dtype=np.complex64)
    # In slabs, so that the fine grid never has a whole transform of its own beside it.
    thick = max(1, int(_SLAB_BYTES // (4 * fine_y * fine_x)))
    for z in range(0, fine_z, thick):
        rows = scipy.fft.rfft(density[z:z + thick], axis=2, workers=get_threads())[:, :, :nx // 2 + 1] * wx
        part[z:z + thick] = scipy.fft.fft(rows, axis=1, workers=get_threads())[:, iy] * wy[:, None]
    part = scipy.fft.fft(part, axis=0, workers=get_threads(), overwrite_x=True)[iz]
    part *= wz[:, None, None]
    return part


def _pick(n: int, fine: int, edge: float, blur: float) -> Tuple[np.ndarray, np.ndarray]:
    """Where the ``n`` frequencies of an axis stand in its finer transform, and the factor that takes away the blur."""
    k = np.rint(np.fft.fftfreq(n) * n).astype(int)
    factor = np.exp(blur * (k / edge) ** 2 / 4)
    # The index n / 2 stands for both signs in the map and for one in the finer grid: it is left out.
    if n % 2 == 0:
        factor[n // 2] = 0
    return k % fine, factor.astype(np.float32)
