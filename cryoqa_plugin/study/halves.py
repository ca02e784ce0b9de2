"""Two half-maps: are they independent, of one scale, cut by a mask or a sphere, and what every result says of them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

from ..core import shells
from ..core.fourier import Geometry
from ..io.maps import Map
from ..results import Result, metric
from .imposed import NOTHING, Imposed
from .noise import HalfMapNoise, find_low_pass
from .position import Position

_COPY = 0.9999                                   # correlation in every shell from which half-maps are copies, or inverted copies
_DUST = 1e-9                                     # of the strongest shell's power; below it rounding rules
_CONSTANT = 0.1                                  # part of the voxels with one value from which a map is cut
_FLAT = 0.01                                     # standard deviation over that of the map below which a region is flat
_RELION_EDGE = 3                                 # voxels over which RELION fades to what it fills the corners with
_COARSE, _LEAST = 12.0, 6                        # Å, shells: where half-maps with any signal agree
_STRONG = 0.9                                    # FSC above which shells tell of the signal, below which of the noise
_NO_SIGNAL = 5.0                                 # standard errors of noise below which they do not
# how the label of a half-map begins that was denoised, density-modified or combined here, or that was boxed or moved after that
_DENOISED = ("cryoqa denoise: denoised_half", "cryoqa noise2noise: denoised_half", "cryoqa density_modify: density_modified_half",
             "cryoqa combine_maps: composite_half", "cryoqa map_box: boxed_map_half1, ", "cryoqa map_box: boxed_map_half2, ",
             "cryoqa map_align: aligned_map_half1, ", "cryoqa map_align: aligned_map_half2, ")
DEPENDENT, INDEPENDENT = "dependent", "independent"
_AS_ONE = 0.05                                   # voxels between half-maps, beyond which strong signal outweighs the noise in a difference
_NEAR = 0.5                                      # voxels between half-maps that are compared as they lie


class Cut(NamedTuple):
    """How a map was cut: by a molecular ``mask``, or only outside the largest ``sphere`` of the box, as RELION does in every
    reconstruction."""

    mask: bool
    sphere: bool


class HalfMaps(NamedTuple):
    """What is known about two half-maps; the fields are those of :class:`HalfMapFacts` without their prefix.

    ``copies`` is 1 for copies up to a factor, -1 for copies of inverted contrast, 0 for two maps; see :func:`copied`. ``signal`` is None
    for half-maps that do not lie on each other; see :func:`signal_strength`. ``denoised`` is none, dependent or independent; see
    :func:`denoised`. ``imposed`` names the symmetry of the reconstruction, by whose order coefficients count less; see
    :func:`cryoqa_plugin.study.imposed.imposed_symmetry`.
    """

    copies: int
    inverted: bool
    masked: bool
    sphere: bool
    scale: float
    correlation: float
    zero_fraction: float
    filtered_at: Optional[float]
    position: Position
    signal: Optional[float]
    denoised: str = "none"
    imposed: str = NOTHING.name
    imposed_order: int = NOTHING.order

    @property
    def no_signal(self) -> bool:
        """The half-maps share nothing that is more than chance, wherever one is put on the other."""
        return self.position.operation is None and self.signal is not None and self.signal < _NO_SIGNAL

    @property
    def identical(self) -> bool:
        """The half-maps are copies of each other, up to a factor above 0."""
        return self.copies > 0


@dataclass(frozen=True)
class HalfMapFacts(Result):
    """What every result of half-maps says of them."""

    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    half_maps_inverted: Optional[bool] = metric("", "a half-map is the other with its contrast inverted", "none")
    half_maps_masked: Optional[bool] = metric("", "a half-map was multiplied by a mask", "none")
    half_maps_sphere: Optional[bool] = metric("", "the half-maps hold no noise outside the largest sphere of the box, as RELION leaves "
                                              "them", "none")
    half_maps_signal: Optional[float] = metric("", "signal that the half-maps share, coarser than 12 Å, over its standard error in pure "
                                                   "noise",
                                               "higher")
    half_maps_scale: Optional[float] = metric("", "larger over smaller standard deviation of the half-maps", "target:1")
    half_maps_correlation: Optional[float] = metric("", "correlation of the voxels of the half-maps", "none")
    half_maps_zero_fraction: Optional[float] = metric("", "part of the voxels of a half-map that are exactly 0", "lower")
    half_maps_filtered: Optional[bool] = metric("", "the half-maps were low-passed", "none")
    half_maps_filtered_at: Optional[float] = metric("Å", "resolution at which the half-maps were low-passed, when they were", "none")
    half_maps_noise_ratio: Optional[float] = metric("", "noise power in the molecule over that in the solvent at the same radius",
                                                    "target:1")
    half_maps_noise_rim: Optional[float] = metric("", "radius at which the noise of the half-maps ends, as a part of the box edge; none "
                                                  "where it reaches the corners", "none")
    half_maps_damped: Optional[bool] = metric("", "the solvent of the half-maps was damped: their noise is weaker there", "none")
    half_maps_shared_noise: Optional[float] = metric("", "part of the noise that the half-maps share in the solvent; none where it cannot "
                                                     "be measured", "target:0")
    half_maps_shared_noise_error: Optional[float] = metric("", "its standard error", "lower")
    half_maps_share_noise: Optional[bool] = metric("", "the half-maps share more noise than chance allows: they are not independent",
                                                   "none")
    half_maps_shift: Optional[float] = metric("voxels", "shift of half-map 2 against half-map 1", "target:0")
    half_maps_shift_vector: Optional[str] = metric("voxels", "shift of half-map 2 against half-map 1 along x, y, z", "none")
    half_maps_shift_error: Optional[float] = metric("voxels", "standard error of the shift", "lower")
    half_maps_operation: Optional[str] = metric("", "rotation, mirror or sign that brings half-map 2 onto half-map 1: none, or axes to "
                                                "reverse and swap", "none")
    half_maps_denoised: Optional[str] = metric("", "a half-map was denoised, density-modified or combined here, by itself (independent) "
                                                   "or together with the other (dependent): none, or which", "none")
    half_maps_imposed: Optional[str] = metric("", "symmetry that the reconstruction imposed, by the noise of the half-maps about the usual "
                                              "axes: none, or its name", "none")
    half_maps_imposed_order: Optional[int] = metric("", "number of its operators: so many coefficients hold one measurement, and errors "
                                                    "count them once", "none")
    half_maps_likeness: Optional[float] = metric("", "mean FSC of the half-maps coarser than 20 Å, rotation, mirror and shift undone",
                                                 "higher")


class MarkedHalves(HalfMapFacts):
    """A result that gives half-maps, whose headers say that they depend on each other: by this they are recognised as inputs."""

    @property
    def halves_made(self) -> Optional[str]:
        """What the half-maps are: dependent or independent; None for those that need no mark."""
        return DEPENDENT

    def label(self, name: str) -> str:
        """What the header of an output map says after its name.

        Parameters
        ----------
        name
            Field of the map.

        Returns
        -------
        str
            For half-maps the mark.
        """
        return f", {self.halves_made}" if self.halves_made and name.endswith(("_half1", "_half2")) else ""


def values(half_maps: HalfMaps, noise: Optional[HalfMapNoise] = None) -> Dict[str, Any]:
    """The fields of :class:`HalfMapFacts` by name.

    Parameters
    ----------
    half_maps
        What is known about the half-maps.
    noise
        What their noise tells; None where it tells nothing.

    Returns
    -------
    dict
        One entry for each field of :class:`HalfMapFacts`.
    """
    known = dict(half_maps._asdict(), identical=half_maps.identical)
    if half_maps.copies == 0:
        known.update(filtered=half_maps.filtered_at is not None)
    del known["copies"]
    known.update(known.pop("position").values())
    if noise is not None:
        shared = noise.shared
        known.update(sphere=half_maps.sphere or noise.radial.largest_sphere and not half_maps.masked, noise_ratio=noise.damping.ratio,
                     noise_rim=noise.radial.rim, damped=noise.damping.found and not half_maps.masked)
        if shared is not None:
            known.update(shared_noise=shared.share, shared_noise_error=shared.error, share_noise=shared.found)
    return {f"half_maps_{name}": value for name, value in known.items()}


def look_at(half1: Map, half2: Map, sums: shells.CrossSums, geo: Geometry, position: Position, imposed: Imposed = NOTHING) -> HalfMaps:
    """What is known about two half-maps.

    Parameters
    ----------
    half1, half2
        The half-maps.
    sums, geo
        Their cross sums in shells, without a mask, and the shells.
    position
        How half-map 2 lies on half-map 1.
    imposed
        The symmetry by which their difference repeats: that of the noise, where it is noise.

    Returns
    -------
    HalfMaps
        Copies are half-maps that correlate by more than 0.9999 in every shell, inverted copies by less than -0.9999: one number over all
        voxels would call every pair with strong low resolution a copy.
    """
    moments = _moments(half1.data, half2.data)
    deviations = np.sqrt(moments[:2])
    copies = copied(sums)
    cuts = cut(half1.data), cut(half2.data)
    masked = any(c.mask for c in cuts)
    edge = find_low_pass(sums, geo) if copies == 0 else None                         # copies have no noise whose end can be seen
    imposed = imposed if copies == 0 and _differ_by_noise(position) else NOTHING
    inverted = copies < 0 or (position.operation or "").startswith("contrast inverted")
    return HalfMaps(copies, inverted, masked, not masked and any(c.sphere for c in cuts), float(deviations.max() / deviations.min()),
                    float(moments[2] / deviations.prod()), _zero_fraction(half1.data, half2.data),
                    None if edge is None else edge.resolution, position,
                    signal_strength(sums, geo, imposed.order) if _comparable(position) else None, denoised(half1, half2), *imposed)


def denoised(half1: Map, half2: Map) -> str:
    """Whether half-maps were denoised, density-modified or combined here, by the labels in their headers.

    Parameters
    ----------
    half1, half2
        The half-maps; those without a header, or rewritten by another program, tell nothing.

    Returns
    -------
    str
        none; independent: each by itself; dependent: together.
    """
    labels = [text for m in (half1, half2) if m.header is not None for text in m.header.labels if text.startswith(_DENOISED)]
    if not labels:
        return "none"
    return INDEPENDENT if all(text.split()[-1] == INDEPENDENT for text in labels) else DEPENDENT


def _comparable(position: Position) -> bool:
    """Whether half-maps lie on each other well enough to ask for their signal, or nowhere at all."""
    return position.operation is None or position.operation == "none" and (position.shift is None or position.shift <= _NEAR)


def _differ_by_noise(position: Position) -> bool:
    """Whether half-maps lie on each other so well that their difference is noise, or share no place at all."""
    return position.operation is None or position.operation == "none" and (position.shift is None or position.shift <= _AS_ONE)


def signal_strength(sums: shells.CrossSums, geo: Geometry, order: int = 1) -> float:
    """Agreement of two half-maps coarser than 12 Å over what pure noise gives.

    Parameters
    ----------
    sums
        Cross sums of the half-maps in the shells of ``geo``, without a mask.
    geo
        The shells.
    order
        Coefficients that hold one measurement, under an imposed symmetry.

    Returns
    -------
    float
        Largest of ``sum(m atanh(FSC)) / sqrt(sum(m))``, ``m = 2 n - 3`` for ``n`` coefficients that are independent, over the first three
        shells, four, up to
        12 Å or six: of pure noise each has the mean 0 and the standard deviation 1.
    """
    last = max(_LEAST, int(geo.length / _COARSE))
    fsc = np.clip(shells.fsc(sums)[1:last + 1], -0.9999, 0.9999)
    weight = np.maximum(2 * sums.count[1:last + 1] / order - 3, 1e-9)
    return float((np.cumsum(weight * np.arctanh(fsc)) / np.sqrt(np.cumsum(weight)))[2:].max())


def unlike_noise(sums: shells.CrossSums) -> float:
    """Noise of the noisier half-map over that of the other one, both on the scale of their signal.

    Parameters
    ----------
    sums
        Cross sums of the half-maps in shells, without a mask.

    Returns
    -------
    float
        Ratio of standard deviations, at least 1: the scale from shells whose FSC is above 0.9, the noise from those below. 1 where there
        are none of either.
    """
    fsc = shells.fsc(sums)
    strong, weak = fsc > _STRONG, fsc <= _STRONG
    strong[0] = weak[0] = False
    if not strong.any() or not weak.any():
        return 1.0
    scale = float(np.sqrt(sums.power2[strong].sum() / sums.power1[strong].sum()))
    one, two = float((sums.power1 - sums.cross / scale)[weak].sum()), float((sums.power2 / scale ** 2 - sums.cross / scale)[weak].sum())
    return float(np.sqrt(max(one, two) / min(one, two))) if min(one, two) > 0 else 1.0


def copied(sums: shells.CrossSums) -> int:
    """Whether half-maps are copies of each other, from their cross sums.

    Parameters
    ----------
    sums
        Cross sums of the half-maps in shells, without a mask.

    Returns
    -------
    int
        1 for copies up to a factor, -1 for copies of inverted contrast, 0 for two maps.
    """
    power = np.minimum(sums.power1 / max(sums.power1[1:].max(), 1e-300), sums.power2 / max(sums.power2[1:].max(), 1e-300))
    used = power / np.maximum(sums.count, 1) > _DUST / max(sums.count[1], 1)
    used[0] = False
    curve = shells.fsc(sums)[used]
    if curve.size == 0:
        return 0
    return 1 if curve.min() > _COPY else -1 if curve.max() < -_COPY else 0


def _moments(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Variances of two maps and their covariance, float64 [3], with sums over one section at a time.

    Each map is divided by its largest value first, so that maps of any scale can be squared."""
    tops = [max(float(np.abs(m).max()), 1e-300) for m in (one, two)]
    means = [float(m.mean(dtype=np.float64)) / t for m, t in zip((one, two), tops)]
    out = np.zeros(3)
    for p, q in zip(one, two):
        a, b = p.ravel() / tops[0] - means[0], q.ravel() / tops[1] - means[1]
        out += (a @ a, b @ b, a @ b)
    return out / one.size * (tops[0] ** 2, tops[1] ** 2, tops[0] * tops[1])


def _zero_fraction(half1: np.ndarray, half2: np.ndarray) -> float:
    """Part of the voxels that are exactly 0, the larger of the two half-maps; a ball in a box leaves 0.476."""
    return float(max(1 - np.count_nonzero(h) / h.size for h in (half1, half2)))


def common_fraction(data: np.ndarray, inside: Optional[np.ndarray] = None) -> float:
    """Part of the voxels that have exactly the value of one of the corners.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    inside
        Voxels to look at, bool [z, y, x]; all of them when None.

    Returns
    -------
    float
        0 to 1.
    """
    corners = {float(data[i, j, k]) for i in (0, -1) for j in (0, -1) for k in (0, -1)}
    values_ = data if inside is None else data[inside]
    return max(int(np.count_nonzero(values_ == np.float32(v))) for v in corners) / max(values_.size, 1)


def is_cut(data: np.ndarray) -> bool:
    """Whether a tenth of a map is one value, or its corners are flat: there is no solvent to measure noise in.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    bool
        True for a map that was masked, and for one that holds one value outside the largest sphere of the box.
    """
    return common_fraction(data) > _CONSTANT or corner_ratio(data) < _FLAT


def cut(data: np.ndarray) -> Cut:
    """How a map was cut that has one value in a tenth of its voxels.

    RELION fills what lies beyond the largest sphere of the
    box, over an edge of three voxels: then the rest of the box is untouched and the last voxels inside the sphere still vary. Anything
    else is a mask.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    Cut
        By a mask, by the largest sphere of the box, or neither; never both.
    """
    if common_fraction(data) <= _CONSTANT:           # what is weak but varies is told by the noise: see noise.Damping
        return Cut(False, False)
    half, edge = min(data.shape) / 2, _RELION_EDGE
    radius = _radius(data.shape)
    rim, last = (radius > half - 2 * edge) & (radius < half - edge), (radius > half - edge) & (radius < half - 1)
    masked = (common_fraction(data, radius < half - edge) > _CONSTANT or common_fraction(data, last) > 0.5
              or float(data[rim].std(dtype=np.float64)) < _FLAT * _deviation(data))
    return Cut(masked, not masked)


def _radius(shape: Tuple[int, ...]) -> np.ndarray:
    """Distance of every voxel from the box centre in voxels, float32 [z, y, x]."""
    z, y, x = ((np.arange(n, dtype=np.float32) - n // 2) ** 2 for n in shape)
    return np.sqrt(z[:, None, None] + y[None, :, None] + x[None, None, :])


def _deviation(data: np.ndarray) -> float:
    return max(float(data.std(dtype=np.float64)), 1e-300)


def corner_ratio(data: np.ndarray) -> float:
    """Standard deviation beyond the largest ball of the box over that of the whole map.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].

    Returns
    -------
    float
        1 where the noise is the same everywhere, 0 for corners of one value.
    """
    nz, ny, nx = data.shape
    y = ((np.arange(ny) - ny // 2) / (ny / 2)) ** 2
    x = ((np.arange(nx) - nx // 2) / (nx / 2)) ** 2
    plane = y[:, None] + x[None, :]
    total = np.zeros(3)
    for i, section in enumerate(data):
        values_ = section[plane + ((i - nz // 2) / (nz / 2)) ** 2 > 1].astype(np.float64)
        total += (values_.size, values_.sum(), float(values_ @ values_))
    variance = total[2] / total[0] - (total[1] / total[0]) ** 2
    return float(np.sqrt(max(variance, 0.0)) / _deviation(data))
