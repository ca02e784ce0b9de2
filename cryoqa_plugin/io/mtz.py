"""Map coefficients as MTZ files, for programs that work on Fourier coefficients."""
from __future__ import annotations

from typing import Tuple

import numpy as np

from ..files import replacing
from .maps import Map


def write_mtz(path: str, map_: Map) -> None:
    """Write the Fourier coefficients of a map up to Nyquist: columns H, K, L, FWT (amplitude) and PHWT (degrees), space group P 1.

    ``F(h) = V / n sum_x rho(x) exp(2 pi i h x)`` with V the volume of the box (Å^3) and n its voxels. MTZ knows no origin: the
    coefficients are those of a map whose first voxel lies at 0.
    """
    import gemmi
    hkl, f = coefficients(map_)
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = gemmi.SpaceGroup("P 1")
    nz, ny, nx = map_.shape
    cell = [n * v for n, v in zip((nx, ny, nz), map_.voxel_size)]
    mtz.set_cell_for_all(gemmi.UnitCell(*cell, 90, 90, 90))
    mtz.title = "cryoqa map coefficients"
    mtz.add_dataset("cryoqa")
    mtz.add_column("FWT", "F")
    mtz.add_column("PHWT", "P")
    table = np.empty((f.size, 5), dtype=np.float32)
    table[:, :3] = hkl
    table[:, 3] = np.abs(f)
    table[:, 4] = np.degrees(np.angle(f))
    mtz.set_data(table)
    with replacing(path) as stream:
        stream.write(mtz.write_to_bytes())


def coefficients(map_: Map) -> Tuple[np.ndarray, np.ndarray]:
    """Indices, int32 [n, 3] (h, k, l), and coefficients, complex64 [n], of a map: one of each Friedel pair, those up to Nyquist."""
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
