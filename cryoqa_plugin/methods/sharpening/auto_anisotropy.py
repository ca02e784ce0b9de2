"""Anisotropic fall-off of the signal, and a map without it."""
from __future__ import annotations

from typing import Optional

import numpy as np

from ...core import cones, fourier
from ...core.fourier import Geometry
from ...core.shells import CrossSums
from ...core.threads import over_slabs
from ...io.inputs import Inputs
from ...io.maps import Map
from ..resolution import directional_tensor as tensor
from ..resolution.directional_tensor import Tensor

_SIGMAS = 4.0                                    # standard errors, and
_LEAST = 0.05                                    # Å², below which an anisotropy is none
COMPONENTS = ("xx", "yy", "zz", "xy", "xz", "yz")


def from_halves(inputs: Inputs, mask: np.ndarray, geo: Geometry, last: int) -> Optional[Tensor]:
    """Tensor of the signal from the cross-power of the half-maps inside ``mask``, shells 3 to ``last`` - 1; None when it cannot be told."""
    one, two = (fourier.forward(m.data * mask) for m in (inputs.half1, inputs.half2))
    return tensor.fit(cones.cell_sums(one, two, geo, tensor.CELLS_PER_EDGE), geo, last)


def from_map(full: Map, mask: np.ndarray, geo: Geometry, last: int, solvent: bool) -> Optional[Tensor]:
    """Tensor of the signal of one map: the power inside ``mask`` less that of the solvent, per voxel, in every shell and direction.

    Without ``solvent`` the power of the map stands for that of its signal, noise and all.
    """
    inside = _cells(full, mask, geo)
    if not solvent:
        return tensor.fit(CrossSums(inside.power1 * (1 - 1e-6), inside.power1, inside.power1, inside.count), geo, last)
    outside = _cells(full, 1 - mask, geo)
    return tensor.fit(CrossSums(inside.power1 - outside.power1, inside.power1, inside.power1, inside.count), geo, last)


def _cells(full: Map, weight: np.ndarray, geo: Geometry) -> CrossSums:
    ft = fourier.forward(full.data * weight)
    sums = cones.cell_sums(ft, ft, geo, tensor.CELLS_PER_EDGE)
    scale = 1 / max(float((weight.astype(np.float64) ** 2).sum()), 1.0)
    return CrossSums(sums.cross * scale, sums.power1 * scale, sums.power2 * scale, sums.count)


def significant(found: Optional[Tensor]) -> bool:
    """Whether some component is above 0.05 Å² and four of its standard errors."""
    return found is not None and bool(np.any(np.abs(found.components) > np.maximum(_LEAST, _SIGMAS * found.errors)))


def remove(ft: np.ndarray, geo: Geometry, components: np.ndarray, resolution: float) -> np.ndarray:
    """A transform, complex64 [nz, ny, nx // 2 + 1], whose amplitudes were multiplied by ``exp(2 pi^2 s^T U s)``; in place.

    ``components`` are xx, yy, zz, xy, xz, yz of U (Å²). Beyond ``resolution`` (Å) the factor of a direction stays what it is there.
    """
    xx, yy, zz, xy, xz, yz = (float(c) for c in components)
    kz, ky = (np.fft.fftfreq(n) * n * s / geo.length for n, s in zip(geo.shape[:2], geo.steps[:2]))
    kx = np.arange(ft.shape[2]) * geo.steps[2] / geo.length

    def work(start: int, stop: int) -> None:
        for z in range(start, stop):
            a, b, c = kx[None, :], ky[:, None], kz[z]
            r2 = a ** 2 + b ** 2 + c ** 2
            form = xx * a ** 2 + yy * b ** 2 + zz * c ** 2 + 2 * (xy * a * b + xz * a * c + yz * b * c)
            form *= np.minimum(1, 1 / np.maximum(r2 * resolution ** 2, 1e-12))
            ft[z] *= np.exp(2 * np.pi ** 2 * form).astype(np.float32)

    over_slabs(work, ft.shape[0])
    return ft
