"""Sums of half-map correlations over shells and cones of directions, or over shells and small cells of direction."""
from __future__ import annotations

import math
from typing import NamedTuple, Optional, Tuple

import numpy as np

from .directions import Lookup
from .fourier import Geometry
from .jit import njit
from .shells import CrossSums
from .threads import over_slabs, slabs

_GAUSS = np.exp(-np.arange(4 * 256 + 2) / 256)        # at the middles of the steps of _gauss


class Cone(NamedTuple):
    """A double cone about a direction: ``angle`` its half-angle in degrees; ``soft`` weights ``exp(-4 (c - 1)^2 / (cos(angle) - 1)^2)``,
    ``c`` the cosine to the axis, in place of 1. Nothing outside the half-angle counts."""

    angle: float
    soft: bool = True

    @property
    def cosine(self) -> float:
        """Cosine of the half-angle."""
        return float(np.cos(np.deg2rad(self.angle)))

    @property
    def fall(self) -> float:
        """Factor of ``(c - 1)^2`` in the exponent of the weight; 0 for a hard cone."""
        return -4 / (self.cosine - 1) ** 2 if self.soft else 0.0

    @property
    def gain(self) -> float:
        """Independent coefficients over the sum of the weights: mean weight over mean squared weight inside the cone."""
        if not self.soft:
            return 1.0
        # Integrals of exp(-4 t^2) and exp(-8 t^2) over t = (1 - c) / (1 - cos(angle)) from 0 to 1: areas of caps go by the cosine.
        return (math.sqrt(math.pi) / 4 * math.erf(2)) / (math.sqrt(math.pi / 8) / 2 * math.erf(math.sqrt(8)))

    def weight(self, cosines: np.ndarray) -> np.ndarray:
        """Weights of directions in the cone.

        Parameters
        ----------
        cosines
            Cosines between the directions and the axis, float of any shape; the sign does not matter.

        Returns
        -------
        ndarray
            float64 of the same shape; 0 outside the half-angle.
        """
        c = np.abs(cosines)
        return np.where(c >= self.cosine, np.exp(self.fall * (c - 1) ** 2), 0.0)


@njit
def _cell(dx, dy, dz, edge):
    """Cell of the cube map that a direction belongs to; see ``core.directions.lookup``."""
    ax, ay, az = abs(dx), abs(dy), abs(dz)
    if ax >= ay and ax >= az:
        face, u, v = 0, dy / dx, dz / dx
    elif ay >= az:
        face, u, v = 1, dz / dy, dx / dy
    else:
        face, u, v = 2, dx / dz, dy / dz
    i = min(int((u + 1) * 0.5 * edge), edge - 1)
    j = min(int((v + 1) * 0.5 * edge), edge - 1)
    return (face * edge + i) * edge + j


@njit
def _order_kernel(nz, ny, nk, z0, z1, steps, reach2, fill, place, order):
    """Coefficients of sections z0 to z1 by shell: counted in ``place``, or with ``fill`` put into ``order`` from ``place[shell]`` on."""
    n = place.shape[0]
    for z in range(z0, z1):
        dz = (z if z <= nz // 2 else z - nz) * steps[0]
        for y in range(ny):
            dy = (y if y <= ny // 2 else y - ny) * steps[1]
            for x in range(nk):
                dx = x * steps[2]
                r2 = dx * dx + dy * dy + dz * dz
                if r2 > reach2:
                    break
                shell = int(np.sqrt(r2) + 0.5)
                if shell >= n or r2 == 0:
                    continue
                if fill:
                    order[place[shell], 0], order[place[shell], 1], order[place[shell], 2] = z, y, x
                place[shell] += 1


def _by_shell(geo: Geometry, reach2: float) -> Tuple[np.ndarray, np.ndarray]:
    """Indices (z, y, x) of the coefficients of each shell, int16 [n, 3], and where those of shell ``s`` start, int64 [n_shells + 1]."""
    nz, ny, nk, steps = geo.shape[0], geo.shape[1], geo.shape[2] // 2 + 1, np.array(geo.steps)
    nothing = np.zeros((0, 3), dtype=np.int16)

    def count(start: int, stop: int) -> np.ndarray:
        out = np.zeros(geo.n_shells, dtype=np.int64)
        _order_kernel(nz, ny, nk, start, stop, steps, reach2, False, out, nothing)
        return out

    counts = np.array(over_slabs(count, nz))
    starts = np.r_[0, np.cumsum(counts.sum(axis=0))].astype(np.int64)
    # Each slab has its own part of each shell.
    places = starts[:-1] + np.cumsum(counts, axis=0) - counts
    first = {start: i for i, (start, _) in enumerate(slabs(nz))}
    order = np.empty((starts[-1], 3), dtype=np.int16)

    def fill(start: int, stop: int) -> None:
        _order_kernel(nz, ny, nk, start, stop, steps, reach2, True, places[first[start]], order)

    over_slabs(fill, nz)
    return order, starts


@njit
def _gauss(u, table):
    """``exp(-4 u^2)`` for u from 0 to 1, to 1e-15; three times as fast as ``exp``."""
    x = 4 * u * u
    i = int(x * 256 + 0.5)
    d = i / 256 - x
    return table[i] * (1 + d * (1 + d * (0.5 + d * (1 / 6 + d * (1 / 24)))))


@njit
def _cone_kernel(f1, f2, order, begin, s0, s1, nx, steps, edge, starts, inner, members, axes, cosine, gauss, cells, out):
    nz, ny = f1.shape[:2]
    soft, scale = gauss.shape[0] > 0, 1 / (1 - cosine)
    for shell in range(s0, s1):
        for i in range(cells.shape[0]):
            for j in range(4):
                cells[i, j] = 0.0
        for i in range(begin[shell], begin[shell + 1]):
            z, y, x = np.int64(order[i, 0]), np.int64(order[i, 1]), np.int64(order[i, 2])
            dz = (z if z <= nz // 2 else z - nz) * steps[0]
            dy = (y if y <= ny // 2 else y - ny) * steps[1]
            dx = x * steps[2]
            r = np.sqrt(dx * dx + dy * dy + dz * dz)
            half = 1.0
            if x == 0 or 2 * x == nx:
                half = 1.0 if (2 * z) % nz == 0 and (2 * y) % ny == 0 else 0.5
            a, b = f1[z, y, x], f2[z, y, x]
            ar, ai, br, bi = np.float64(a.real), np.float64(a.imag), np.float64(b.real), np.float64(b.imag)
            cross, power1, power2 = half * (ar * br + ai * bi), half * (ar * ar + ai * ai), half * (br * br + bi * bi)
            ex, ey, ez = dx / r, dy / r, dz / r
            cell = _cell(ex, ey, ez, edge)
            cells[cell, 0] += cross
            cells[cell, 1] += power1
            cells[cell, 2] += power2
            cells[cell, 3] += half
            for m in range(starts[cell] + inner[cell], starts[cell + 1]):
                d = members[m]
                # the cell lists all that may be near enough; the cosine decides
                c = abs(axes[d, 0] * ex + axes[d, 1] * ey + axes[d, 2] * ez)
                # Half of those of a hard cone pass here: to add nothing is quicker than to guess which.
                w = 1.0 if c >= cosine else 0.0
                if soft:
                    if w == 0:
                        continue
                    w = _gauss(max(1 - c, 0.0) * scale, gauss)
                out[shell, d, 0] += w * cross
                out[shell, d, 1] += w * power1
                out[shell, d, 2] += w * power2
                out[shell, d, 3] += w * half
        for cell in range(cells.shape[0]):
            if cells[cell, 3] > 0:
                for m in range(starts[cell], starts[cell] + inner[cell]):
                    d = members[m]
                    for j in range(4):
                        out[shell, d, j] += cells[cell, j]


def cone_sums(f1: np.ndarray, f2: np.ndarray, geo: Geometry, table: Lookup, cone: Cone, reach: Optional[float] = None) -> CrossSums:
    """Cross sums of two transforms in shells and cones of directions.

    Parameters
    ----------
    f1, f2
        Transforms, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    table
        Axes of the cones, made by :func:`.directions.lookup` with a reach of at least ``cone.angle``.
    cone
        Half-angle and weight.
    reach
        Largest radius in shell units that takes part; the end of the last shell when not given.

    Returns
    -------
    CrossSums
        float64 [n_shells, n_directions] each, weighted by the cone. Each Friedel pair counts once, and the origin does not.
    """
    steps, n = np.array(geo.steps), len(table.axes)
    # 1e-9, so that a radius that equals the reach takes part whatever the rounding.
    reach2 = (geo.n_shells - 0.5 if reach is None else reach) ** 2 * (1 + 1e-9)

    # All of a cell that is wholly in a hard cone goes into it as one sum.
    whole = not cone.soft and table.reach <= cone.angle
    inner = table.inner if whole else np.zeros_like(table.inner)
    order, begin = _by_shell(geo, reach2)
    out = np.zeros((geo.n_shells, n, 4))

    def work(start: int, stop: int) -> None:
        _cone_kernel(f1, f2, order, begin, start, stop, geo.shape[2], steps, table.edge, table.starts, inner, table.members, table.axes,
                     cone.cosine, _GAUSS if cone.soft else _GAUSS[:0], np.empty((inner.size, 4)), out)

    over_slabs(work, geo.n_shells)
    return CrossSums(*(np.ascontiguousarray(out[:, :, i]) for i in range(4)))


@njit
def _cell_kernel(f1, f2, z0, z1, nx, steps, edge, out):
    nz, ny, nk = f1.shape
    n = out.shape[0]
    for z in range(z0, z1):
        dz = (z if z <= nz // 2 else z - nz) * steps[0]
        for y in range(ny):
            dy = (y if y <= ny // 2 else y - ny) * steps[1]
            plane_weight = 1.0 if (2 * z) % nz == 0 and (2 * y) % ny == 0 else 0.5
            for x in range(nk):
                dx = x * steps[2]
                r2 = dx * dx + dy * dy + dz * dz
                shell = int(np.sqrt(r2) + 0.5)
                if shell >= n:                          # the radius only grows along x
                    break
                if r2 == 0:
                    continue
                w = plane_weight if x == 0 or 2 * x == nx else 1.0
                a, b = f1[z, y, x], f2[z, y, x]
                ar, ai, br, bi = np.float64(a.real), np.float64(a.imag), np.float64(b.real), np.float64(b.imag)
                cell = _cell(dx, dy, dz, edge)
                out[shell, cell, 0] += w * (ar * br + ai * bi)
                out[shell, cell, 1] += w * (ar * ar + ai * ai)
                out[shell, cell, 2] += w * (br * br + bi * bi)
                out[shell, cell, 3] += w


def cell_sums(f1: np.ndarray, f2: np.ndarray, geo: Geometry, edge: int = 12) -> CrossSums:
    """Cross sums of two transforms in shells and small cells of direction.

    Parameters
    ----------
    f1, f2
        Transforms, complex64 [nz, ny, nx // 2 + 1].
    geo
        Shells of the box.
    edge
        Cells along the edge of a face of the cube map; see :func:`.directions.cell_centres`.

    Returns
    -------
    CrossSums
        float64 [n_shells, 3 edge^2] each. Each Friedel pair counts once, and the origin does not.
    """
    steps = np.array(geo.steps)

    def work(start: int, stop: int) -> np.ndarray:
        out = np.zeros((geo.n_shells, 3 * edge * edge, 4))
        _cell_kernel(f1, f2, start, stop, geo.shape[2], steps, edge, out)
        return out

    total = sum(over_slabs(work, geo.shape[0]))
    return CrossSums(*(np.ascontiguousarray(total[:, :, i]) for i in range(4)))


@njit
def _volume_kernel(values, z0, z1, steps, edge, starts, members, axes, cosine, out):
    nz, ny, nx = out.shape
    n = values.shape[0]
    for z in range(z0, z1):
        dz, mz = (z - nz // 2) * steps[0], 2 * (nz // 2) - z
        for y in range(ny):
            dy, my = (y - ny // 2) * steps[1], 2 * (ny // 2) - y
            for x in range(nx):
                dx, mx = (x - nx // 2) * steps[2], 2 * (nx // 2) - x
                # the opposite voxel has the same value; an even box lacks that of its first plane along each axis
                mirrored = mz < nz and my < ny and mx < nx
                if mirrored and (mz, my, mx) < (z, y, x):
                    continue
                r = np.sqrt(dx * dx + dy * dy + dz * dz)
                shell = int(r)
                if r > n - 1 + 1e-9:
                    continue
                if r == 0:
                    out[z, y, x] = 1
                    continue
                t = r - shell
                after = min(shell + 1, n - 1)
                ex, ey, ez = dx / r, dy / r, dz / r
                cell = _cell(ex, ey, ez, edge)
                total, weight = 0.0, 0.0
                for m in range(starts[cell], starts[cell + 1]):
                    d = members[m]
                    c = abs(axes[d, 0] * ex + axes[d, 1] * ey + axes[d, 2] * ez)
                    if c > cosine:
                        w = (c - cosine) * (c - cosine)
                        weight += w
                        total += w * (values[shell, d] * (1 - t) + values[after, d] * t)
                value = total / weight if weight > 0 else 0.0
                out[z, y, x] = value
                if mirrored:
                    out[mz, my, mx] = value


def spread(values: np.ndarray, geo: Geometry, table: Lookup, reach: float) -> np.ndarray:
    """Volume of reciprocal space from values in shells and directions.

    Values are linear between shells; between directions the mean of those closer than ``reach`` is taken, weighted by
    ``(c - cos(reach))^2``, c the cosine between the two.

    Parameters
    ----------
    values
        float64 [n_shells, n_directions].
    geo
        Shells of the box.
    table
        The directions, made by :func:`.directions.lookup` with this reach.
    reach
        Degrees.

    Returns
    -------
    ndarray
        float32 of ``geo.shape``, with the origin at voxel ``n // 2`` of each axis: 1 there, and 0 beyond the last shell.
    """
    out = np.zeros(geo.shape, dtype=np.float32)
    steps, values = np.array(geo.steps), np.ascontiguousarray(values, dtype=np.float64)
    cosine = float(np.cos(np.deg2rad(reach)))

    def work(start: int, stop: int) -> None:
        _volume_kernel(values, start, stop, steps, table.edge, table.starts, table.members, table.axes, cosine, out)

    over_slabs(work, geo.shape[0])
    return out
