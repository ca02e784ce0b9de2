"""Anisotropic fall-off of the signal, and a map without it."""
from __future__ import annotations

from typing import Optional

import numpy as np

from ...core import cones
from ...core.fourier import Geometry
from ...core.shells import CrossSums
from ...core.threads import over_slabs
from ..resolution import directional_tensor as tensor
from ..resolution.directional_tensor import Tensor
from .auto_spectra import MaskedTransforms

_SIGMAS = 4.0                                    # standard errors, and
_LEAST = 0.05                                    # Å², below which an anisotropy is none
COMPONENTS = ("xx", "yy", "zz", "xy", "xz", "yz")


def from_halves(fts: MaskedTransforms, geo: Geometry, last: int) -> Optional[Tensor]:
    """Tensor of the signal from the cross-power of the half-maps in a mask.

    Parameters
    ----------
    fts
        Transforms of both half-maps in the mask.
    geo
        The shells.
    last
        Shells 3 to ``last`` - 1 are fitted.

    Returns
    -------
    Tensor or None
        In Å²; None when it cannot be told.
    """
    return tensor.fit(cones.cell_sums(*fts.inside, geo, tensor.CELLS_PER_EDGE), geo, last)


def from_map(fts: MaskedTransforms, geo: Geometry, last: int, solvent: bool) -> Optional[Tensor]:
    """Tensor of the signal of one map: the power inside the mask less that of the solvent, per voxel, in every shell and direction.

    Parameters
    ----------
    fts
        Transforms of the map in the mask and outside.
    geo
        The shells.
    last
        Shells 3 to ``last`` - 1 are fitted.
    solvent
        Whether the solvent tells the noise; else the power of the map stands for that of its signal, noise and all.

    Returns
    -------
    Tensor or None
        In Å²; None when it cannot be told.
    """
    inside = _cells(fts.inside[0], fts.weight_inside, geo)
    if not solvent:
        # 1e-6: the fit needs some noise to weight by.
        return tensor.fit(CrossSums(inside.power1 * (1 - 1e-6), inside.power1, inside.power1, inside.count), geo, last)
    outside = _cells(fts.outside, fts.weight_outside, geo)
    return tensor.fit(CrossSums(inside.power1 - outside.power1, inside.power1, inside.power1, inside.count), geo, last)


def _cells(ft: np.ndarray, weight: float, geo: Geometry) -> CrossSums:
    sums = cones.cell_sums(ft, ft, geo, tensor.CELLS_PER_EDGE)
    return CrossSums(sums.cross / weight, sums.power1 / weight, sums.power2 / weight, sums.count)


def significant(found: Optional[Tensor]) -> bool:
    """Whether some component is above 0.05 Å² and four of its standard errors.

    Parameters
    ----------
    found
        The tensor, None when it could not be told.

    Returns
    -------
    bool
        False without a tensor.
    """
    return found is not None and bool(np.any(np.abs(found.components) > np.maximum(_LEAST, _SIGMAS * found.errors)))


def remove(ft: np.ndarray, geo: Geometry, components: np.ndarray, resolution: float) -> np.ndarray:
    """A transform with its amplitudes multiplied by ``exp(2 pi^2 s^T U s)``.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1]; not modified.
    geo
        The shells.
    components
        xx, yy, zz, xy, xz, yz of ``U`` (Å²), float64 [6].
    resolution
        Beyond this resolution (Å) the factor of a direction stays what it is there.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1], a new array.
    """
    xx, yy, zz, xy, xz, yz = (float(c) for c in components)
    kz, ky = (np.fft.fftfreq(n) * n * s / geo.length for n, s in zip(geo.shape[:2], geo.steps[:2]))
    kx = np.arange(ft.shape[2]) * geo.steps[2] / geo.length

    out = np.empty_like(ft)

    def fill(start: int, stop: int) -> None:
        for z in range(start, stop):
            a, b, c = kx[None, :], ky[:, None], kz[z]
            r2 = a ** 2 + b ** 2 + c ** 2
            form = xx * a ** 2 + yy * b ** 2 + zz * c ** 2 + 2 * (xy * a * b + xz * a * c + yz * b * c)
            form *= np.minimum(1, 1 / np.maximum(r2 * resolution ** 2, 1e-12))
            out[z] = ft[z] * np.exp(2 * np.pi ** 2 * form).astype(np.float32)

    over_slabs(fill, ft.shape[0])
    return out
