"""Local sharpening: what the half-maps say as a whole, and the filter that takes their anisotropy out."""
from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np

from ...core import anisotropic, cones, shells
from ...core.directions import cell_centres
from ...core.fourier import Geometry, frequencies
from ...study import Study
from ..resolution import directional_tensor
from ..resolution.directional_shape import products
from .common import SharpeningInputs
from .spectrum import fit_fall_off, tidy

_ERRORS, _EFFECT = 4.0, 0.2           # anisotropy over its error, and its least effect on ln amplitude at the resolution
_RATIOS = (1e-3, 1e6)                 # least and largest signal-to-noise ratio by direction


class Straighten(NamedTuple):
    """A filter that takes the anisotropy ``tensor`` (Å², xx, yy, zz, xy, xz, yz) out of a map; ``ratio`` float64 [n_shells], its
    signal-to-noise ratio in the molecule, mean of all directions."""

    tensor: np.ndarray
    ratio: np.ndarray

    def apply(self, ft: np.ndarray, geo: Geometry) -> np.ndarray:
        """A transform multiplied by ``exp(2 pi^2 s^T U s) W(s) / W(abs(s))``, ``W = q / (1 + q)``.

        The signal is made isotropic, and directions are weighted by their own ratio ``q(s) = q exp(-4 pi^2 s^T U s)`` in place of the mean
        ``q``.

        Parameters
        ----------
        ft
            Transform, complex64 [nz, ny, nx // 2 + 1]; not modified.
        geo
            Its shells.

        Returns
        -------
        ndarray
            complex64 [nz, ny, nx // 2 + 1], a new array.
        """
        corner = np.sqrt(sum(((n // 2) * s) ** 2 for n, s in zip(geo.shape, geo.steps))) + 1
        at = np.r_[np.arange(self.ratio.size), max(float(corner), self.ratio.size)]
        ratio = np.r_[self.ratio, self.ratio[-1]]
        return anisotropic.apply_wiener(ft, geo, at, (1 + ratio) / ratio, ratio, self.tensor, self.tensor)


class HalfMapSpectra(NamedTuple):
    """Transforms of the half-maps, shared; ``amplitude`` float64 [n_shells] whitens both; ``filter`` takes anisotropy out, None when it
    is left; ``bfactor`` (Å²) is the overall fall-off, positive; ``anisotropy`` (Å²) the range of its tensor. Of half-maps that were
    ``masked`` the noise is not averaged wider than the signal: beyond the mask there is none."""

    f1: np.ndarray
    f2: np.ndarray
    amplitude: np.ndarray
    filter: Optional[Straighten]
    bfactor: Optional[float]
    anisotropy: Optional[float]
    masked: bool


def half_map_spectra(study: Study, inputs: SharpeningInputs, part: Optional[float]) -> HalfMapSpectra:
    """Overall fall-off of the half-maps and their anisotropy, with the filter that takes it out where it is beyond doubt.

    Parameters
    ----------
    study, inputs
        The half-maps.
    part
        How much of the box is molecule, from 0 to 1; None when anisotropy is to be left alone.

    Returns
    -------
    HalfMapSpectra
        Without a filter where anisotropy is not beyond doubt.
    """
    geo, freq = inputs.geo, frequencies(inputs.geo)
    f1, f2 = study.transform("half1"), study.transform("half2")
    sums = study.half_sums()
    count, fsc = np.maximum(sums.count, 0.5), shells.fsc(sums)
    signal, straighten, extent = sums.cross / count, None, None
    if part is not None:
        cells = cones.cell_sums(f1, f2, geo, directional_tensor.CELLS_PER_EDGE)
        tensor, extent = _anisotropy(cells, geo, inputs.resolution)
        if tensor is not None:
            cc = tidy(freq, fsc, sums.count).cc
            straighten = Straighten(tensor, np.clip(2 * cc / np.maximum(1 - cc, 1e-6) / part, *_RATIOS))
            # The fall-off is fitted to the signal as it is after the anisotropy was taken out.
            growth = 4 * np.pi ** 2 * freq[:, None] ** 2 * (products(cell_centres(directional_tensor.CELLS_PER_EDGE)) @ tensor)
            signal = (cells.cross * np.exp(np.clip(growth, -30, 30))).sum(axis=1) / np.maximum(cells.count.sum(axis=1), 0.5)
    fall = fit_fall_off(freq, signal, sums.count * np.clip(fsc, 0, 1) ** 2, inputs.resolution)
    amplitude = np.sqrt((sums.power1 + sums.power2) / 2 / count)
    return HalfMapSpectra(f1, f2, amplitude, straighten, fall.bfactor if fall else None, extent, study.half_maps.masked)


def _anisotropy(cells: shells.CrossSums, geo: Geometry, resolution: float) -> Tuple[Optional[np.ndarray], Optional[float]]:
    """Traceless tensor of the fall-off (Å²) when it matters, and the range of its principal values."""
    found = directional_tensor.fit(cells, geo, int(geo.length / resolution) + 1)
    if found is None:
        return None, None
    size = float(found.axes.values.max() - found.axes.values.min())
    matters = size > _ERRORS * float(found.errors.mean()) and 2 * np.pi ** 2 * size / resolution ** 2 > _EFFECT
    return (found.components if matters else None), size
