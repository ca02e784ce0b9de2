"""FSC of two half-maps in cones of directions, and what goes into it: the mask, and cells of direction without views."""
from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Tuple

import numpy as np

from ...core import cones, crossing, directions, fourier, shells
from ...core.cones import Cone
from ...core.directions import Lookup, Sphere
from ...core.fourier import Geometry
from ...core.shells import CrossSums
from ...params import param
from ...study import Study
from ...study.directional_noise import CELLS_PER_EDGE, CONE, DirectionalNoise
from ...study.imposed import copies_around
from ...study.solvent import without_level
from . import directional_shape as shape
from . import directional_tensor as tensor

_BISECTIONS, _FINE_BISECTIONS = 3, 4              # 321 directions, and 1281 for the volume
_SPREAD = 7.0                                     # degrees over which the volume is interpolated between the 1281
_BEYOND = 1.3                                     # times the end of the FSC, up to where cones are looked at first
_FEWEST = 2.0                                     # coefficients in a cone, below which the FSC of the whole shell stands in
_TABLE = 3 * CELLS_PER_EDGE                       # cells along an edge, so that each lies in one cell of the noise


@dataclass(frozen=True)
class DirectionalFscParams:
    """Parameters of the ``directional_fsc`` capability."""

    cone: float = param(17.0, "Half-angle of the double cone around each direction; wider cones scatter less and see less.",
                        label="Cone", unit="degrees", min=5, max=45)
    threshold: float = param(0.143, "FSC at which the resolution of a direction is read, and that a direction must reach to count as "
                             "occupied.", label="Threshold", min=0.01, max=0.99)
    volume: bool = param(True, "Write the 3DFSC, a volume of reciprocal space with the FSC around each direction.", label="3DFSC volume")
    volume_cone: float = param(20.0, "Half-angle of the hard cones of the 3DFSC.", label="Cone of the 3DFSC", unit="degrees", min=5,
                               max=45, expert=True, only_if=("volume", ("yes",)))
    sphericity_threshold: float = param(0.5, "FSC whose surface in reciprocal space the sphericity describes.",
                                        label="Threshold of the sphericity", min=0.01, max=0.99, expert=True)
    soft_cone: bool = param(True, "Weight coefficients by a Gaussian of the cosine to the axis of the cone, as FSO does; else all "
                            "inside count alike.", label="Soft cone", expert=True)
    confidence: float = param(0.95, "Probability that the true value lies inside the bands.", label="Confidence", min=0.5, max=0.999,
                              expert=True)
    rules: str = param("cryoqa", "cryoqa: crossings are linear between shells. xmipp: as xmipp_resolution_fso, first shell from 3 on that "
                       "is not above the threshold, occupancy of the first five shells set to 1, last shell cut at Nyquist; only to "
                       "compare numbers.", label="Rules", choices=("cryoqa", "xmipp"), expert=True)


class DirectionalCurves(NamedTuple):
    """FSC in cones.

    ``freq`` of the shells (1/Å); ``sphere`` and ``cone``: the directions and the cone around each; ``fsc`` of every direction [n_shells,
    n_directions]; ``fsc_xyz`` around x, y, z [n_shells, 3] with their independent coefficients ``count_xyz``; ``everywhere``, the FSC of
    all directions, and its sums in ``cells``; ``at``, the frequency (1/Å) where each direction falls below the threshold. ``noise`` is
    that of the half-maps by direction, None where it is not known. What lies in its empty cells is in no sum, and a direction without
    enough left has NaN for its FSC; ``known`` tells the others, bool [n_directions]. ``edge``: frequency (1/Å) at which the half-maps were
    low-passed, beyond which all curves are NaN; None when they were not. ``order`` directions hold one measurement, under an imposed
    symmetry.
    """

    geo: Geometry
    freq: np.ndarray
    sphere: Sphere
    cone: Cone
    fsc: np.ndarray
    fsc_xyz: np.ndarray
    count_xyz: np.ndarray
    everywhere: np.ndarray
    cells: CrossSums
    at: np.ndarray
    known: np.ndarray
    noise: Optional[DirectionalNoise]
    edge: Optional[float]
    order: int = 1

    @property
    def axes(self) -> np.ndarray:
        """The directions, float64 [321, 3] (x, y, z)."""
        return self.sphere.vertices[self.sphere.half]

    def read(self, curves: np.ndarray, threshold: float) -> np.ndarray:
        """Where curves fall below a threshold, no later than at the edge of a low-pass.

        Parameters
        ----------
        curves
            float64 [n_shells, n].
        threshold
            The threshold.

        Returns
        -------
        ndarray
            As :func:`.directional_shape.crossings`, float64 [n].
        """
        return _read(self.freq, curves, threshold, self.edge)


def _read(freq: np.ndarray, curves: np.ndarray, threshold: float, edge: Optional[float]) -> np.ndarray:
    at = shape.crossings(freq, np.nan_to_num(curves), threshold)
    return at if edge is None else np.fmin(at, np.where(np.isfinite(at), edge, np.nan))


def transforms(study: Study, params: DirectionalFscParams) -> Tuple[np.ndarray, np.ndarray]:
    """Transforms of the half-maps, in the mask when there is one.

    Parameters
    ----------
    study, params
        The half-maps and their mask; Xmipp lays the mask on the maps as they are, else their solvent is brought to 0 first.

    Returns
    -------
    tuple of ndarray
        complex64 [nz, ny, nx // 2 + 1] each.
    """
    given = study.mask
    if given is None:
        return study.transform("half1"), study.transform("half2")
    both = (study.half1.data, study.half2.data)
    one, two = (fourier.forward((h if params.rules == "xmipp" else without_level(h, given.data)) * given.data) for h in both)
    return one, two


def correlate_cones(study: Study, params: DirectionalFscParams, ft1: np.ndarray, ft2: np.ndarray) -> DirectionalCurves:
    """Correlations of the half-maps in all cones and in all of the sphere.

    Parameters
    ----------
    study, params
        The Study of the half-maps; cones, threshold and rules. Xmipp's rules leave nothing out.
    ft1, ft2
        Transforms of the half-maps, in the mask when there is one, complex64 [nz, ny, nx // 2 + 1].

    Returns
    -------
    DirectionalCurves
        Where a cone holds fewer than two coefficients, its FSC is that of the whole shell. Nothing goes beyond the edge of a low-pass.
    """
    geo, freq, ours = study.geometry, study.frequencies, params.rules == "cryoqa"
    sphere, cone = directions.icosphere(_BISECTIONS), Cone(params.cone, params.soft_cone)
    noise = study.directional_noise
    # x, y and z go along as three more directions, so that one pass over the coefficients does for all.
    axes = np.vstack([sphere.vertices[sphere.half], np.eye(3)])
    # Xmipp cuts the last shell at Nyquist, so that half of it is left.
    reach = None if ours else min(n // 2 * s for n, s in zip(geo.shape, geo.steps))
    left = noise if ours else None
    sums = cones.cone_sums(ft1, ft2, geo, _around(axes, params.cone, left), cone, reach)
    cells = study.half_cells if study.mask is None else cones.cell_sums(ft1, ft2, geo, CELLS_PER_EDGE)
    cells = CrossSums(*(v * left.kept for v in cells)) if left is not None and left.empty else cells
    everywhere = tensor.shell_curve(cells)
    # One coefficient, the mean of the map, correlates with itself by +1 or -1 and says nothing.
    everywhere[0] = 1.0
    fsc = shells.fsc(sums)
    if ours:
        fsc = np.where(sums.count >= _FEWEST, fsc, everywhere[:, None])
    known = np.ones(len(axes), dtype=bool) if left is None else np.isfinite(left.around(axes))
    fsc[:, ~known] = np.nan
    edge = 1 / study.half_maps.filtered_at if ours and study.half_maps.filtered_at else None
    if edge is not None:
        fsc[freq > edge] = everywhere[freq > edge] = np.nan
    # The sum of soft weights is smaller by the gain than the number of independent coefficients.
    count = sums.count[:, -3:] * cone.gain / copies_around(study.half_maps.imposed, np.eye(3))
    if study.mask is not None:
        count = count * crossing.independent_fraction(study.mask.data, geo)[:, None]
    at = _read(freq, fsc, params.threshold, edge) if ours else shape.crossings_xmipp(freq, fsc, params.threshold)
    return DirectionalCurves(geo, freq, sphere, cone, fsc[:, :-3], fsc[:, -3:], count, everywhere, cells, at[:-3],
                             known[:-3], noise, edge, study.half_maps.imposed_order)


def _around(axes: np.ndarray, angle: float, noise: Optional[DirectionalNoise]) -> Lookup:
    """Table of the directions near each cell, none near empty ones."""
    if noise is None or not noise.empty:
        return directions.lookup(axes, angle)
    return directions.without(directions.lookup(axes, angle, _TABLE), ~noise.kept)


class HardCones(NamedTuple):
    """FSC in hard cones, float64 [n_shells, n_directions]: ``wide`` of 20 degrees around the 321 directions, NaN where no coefficient is
    left; ``fine`` around 1281 for the volume, where that of the whole shell stands in for fewer than two coefficients, None without one."""

    wide: np.ndarray
    fine: Optional[np.ndarray]


def hard_cones(params: DirectionalFscParams, found: DirectionalCurves, ft1: np.ndarray, ft2: np.ndarray) -> HardCones:
    """FSC in hard cones, for the ratio of areas and for the volume.

    Parameters
    ----------
    params
        Whether there is a volume, and the angle of its cones.
    found
        The FSC in the cones, with the noise whose empty cells are left out.
    ft1, ft2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1].

    Returns
    -------
    HardCones
        One pass over the coefficients does for both where their cones are equal.
    """
    left = found.noise if params.rules == "cryoqa" else None

    def sums(axes: np.ndarray, angle: float, last: Optional[int] = None) -> CrossSums:
        reach = None if last is None else last + 0.5
        return cones.cone_sums(ft1, ft2, found.geo, _around(axes, angle, left), Cone(angle, soft=False), reach)

    def wide_sums() -> CrossSums:
        # Most cones end long before Nyquist, and two thirds of the coefficients lie beyond.
        falls = shape.crossings(np.arange(found.geo.n_shells), np.nan_to_num(found.everywhere[:, None]), shape.FAR_LEVEL)[0]
        last = found.geo.n_shells - 1 if np.isnan(falls) else min(int(_BEYOND * falls), found.geo.n_shells - 1)
        near = sums(found.axes, CONE, last)
        ended = (shells.fsc(near)[max(last // 2, shape.FIRST_SHELL):last + 1] < shape.FAR_LEVEL).any(axis=0)
        return near if ended[found.known].all() else sums(found.axes, CONE)

    fine = sums(directions.half_directions(_FINE_BISECTIONS), params.volume_cone) if params.volume else None
    # Bisection keeps the vertices before it: the first of the 1281 are the 321.
    wide = wide_sums() if fine is None or params.volume_cone != CONE else CrossSums(*(v[:, :len(found.axes)] for v in fine))
    there = found.known & (np.ones(found.geo.n_shells) > 0 if found.edge is None else found.freq <= found.edge)[:, None]
    return HardCones(np.where((wide.count > 0) & there, shells.fsc(wide), np.nan),
                     None if fine is None else np.where(fine.count >= _FEWEST, shells.fsc(fine), found.everywhere[:, None]))


def volume(params: DirectionalFscParams, found: DirectionalCurves, fine: np.ndarray) -> np.ndarray:
    """The 3DFSC: hard cones around 1281 directions, smooth in between.

    Parameters
    ----------
    params, found
        The rules; the FSC in the cones, with the noise whose empty cells are left out.
    fine
        FSC in the 1281 hard cones, float64 [n_shells, 1281].

    Returns
    -------
    ndarray
        float32 [z, y, x] with the zero frequency at voxel ``n // 2``; 0 in directions without a number and beyond a low-pass.
    """
    axes, fsc = directions.half_directions(_FINE_BISECTIONS), fine.copy()
    if found.edge is not None:
        fsc[found.freq > found.edge] = 0.0
    fsc[0] = 1.0
    if found.noise is not None and params.rules == "cryoqa":
        fsc[:, np.isnan(found.noise.around(axes))] = 0.0
    return cones.spread(fsc, found.geo, directions.lookup(axes, _SPREAD), _SPREAD)
