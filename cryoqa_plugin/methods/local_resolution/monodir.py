"""Local-directional resolution: how far detail reaches at each voxel, direction by direction."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import local, local_fit, monodir
from ...core.directions import half_directions
from ...core.fourier import Geometry
from ...core.threads import over_slabs
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.mask import INSIDE, UsedMask
from .local_fsc import BandPowers, coefficients, typical_signal
from .local_noise import WIDE, BandNoise, coefficients_between, local_noise, noise_of_all, pooling_width
from .local_resolution import LocalResolution, filter_edge, limits_of_halves, local_resolution_values, usable_mask, within_filter
from .local_resolution import resolution as _resolution
from .noise_source import copies_words, noise_source, resolution_of_whole, solvent_outside, unknown_notes

_BISECTIONS = {"21": 1, "81": 2, "321": 3}
_BANDS = 16                           # from 0 to the overall resolution, at least one shell apart
_COARSEST = (5.0, 2.5)                # the first band, times the overall resolution: half-maps, single map (coarse waves reach solvent)
_FINEST = 2.0                         # the last band, as a part of the overall frequency
_WINDOW = (5.0, 2.0)                  # least window in Å; in overall resolutions
_SPACING = 0.85                       # of the points, in standard deviations of the window: maps move by less than 0.005 Å against 0.6
_CONE_PART = 2 / 3                    # coefficients that a soft cone counts, over those of a hard one
_SOLVENT = (0.02, 0.1)                # the mask around a point of the solvent: wanted, and accepted
_FLOOR = 1e-7                         # noise over power, at the least: copies have none
_NAMES = ("highest", "lowest", "radial", "tangential")
_REGION = 25.0                        # degrees
_UNSURE = 0.25                        # part below the threshold from the first band, from which on nothing is said of directions
_SHELL = 3.0                          # Å, of the course over distance
_PREFERENCE, _RATIO = 0.3, 1.15       # beyond both, some directions are preferred


@dataclass(frozen=True)
class MonodirParams:
    """Parameters of the ``monodir`` capability."""

    directions: str = param("81", "Number of directions, evenly over half the sphere. More take longer and hardly add: their cones "
                            "overlap.", label="Directions", choices=("21", "81", "321"))
    cone: float = param(20.0, "Half-angle of the soft double cone around each direction.", label="Cone", unit="degrees", min=8, max=45)
    threshold: float = param(0.143, "Local FSC of half-maps at which the resolution is read; with a single map, the FSC that "
                             "half-maps with its noise would have.", label="Threshold", min=0.05, max=0.9)
    window: Optional[float] = param(None, "Standard deviation of the Gaussian window. From the data: 5 Å, or twice the overall resolution "
                                    "where that is more.", label="Window", unit="Å", min=1, max=200)
    resolution: Optional[float] = param(None, "Resolution of the whole map, from which window and bands are chosen; when empty from the "
                                        "unmasked FSC of the half-maps (0.143), of a single map from the noise of its solvent.",
                                        label="Overall resolution", unit="Å", min=0.5, max=200)
    outliers: float = param(3.0, "Leave out, at each point, directions that differ from their neighbours by more than this many standard "
                            "deviations; 0 keeps all.", label="Outliers beyond", min=0, max=20, expert=True)


def _part(meaning: str) -> Any:
    return curve(meaning, x_label="Resolution", x_unit="Å", y_label="Part of the mask", y_unit="%")


def _course(meaning: str) -> Any:
    return curve(meaning, x_label="Distance from the box centre", x_unit="Å", y_label="Mean resolution", y_unit="Å")


@dataclass(frozen=True)
class MonodirResult(LocalResolution, HalfMapFacts):
    """Result of the ``monodir`` capability.

    Medians are over the voxels of the mask; the resolution of a voxel as such is the median over its directions.
    """

    schema: ClassVar[str] = "cryoqa/monodir/1"
    highest_median: Optional[float] = _resolution("median resolution of the best directions (5th percentile over directions)")
    lowest_median: Optional[float] = _resolution("median resolution of the worst directions (95th percentile over directions)")
    radial_median: Optional[float] = _resolution("median resolution along the radius (directions within 45 degrees of it)")
    tangential_median: Optional[float] = _resolution("median resolution across the radius (directions at least 70 degrees from it)")
    doa_median: Optional[float] = _resolution("median of half the range of the middle two thirds of the directions")
    scatter: Optional[float] = _resolution("what that half range would be from noise alone: standard error of a direction at a voxel")
    tangential_over_radial: Optional[float] = metric("", "median of tangential over radial resolution; above 1 detail is blurred around "
                                                         "the centre, as by errors of orientation", "target:1")
    resolution_x: Optional[float] = _resolution("median resolution of the directions within 25 degrees of x")
    resolution_y: Optional[float] = _resolution("median resolution of the directions within 25 degrees of y")
    resolution_z: Optional[float] = _resolution("median resolution of the directions within 25 degrees of z")
    regional_best: Optional[float] = _resolution("finest mean resolution of a region within 25 degrees of a direction, median over the "
                                                 "mask")
    regional_worst: Optional[float] = _resolution("coarsest mean resolution of such a region")
    regional_ratio: Optional[float] = metric("", "coarsest over finest of the regions: 1 is isotropic", "target:1")
    preference: Optional[float] = metric("", "largest difference, over all caps, between the share of the best directions inside and that "
                                         "of all directions (a Kolmogorov-Smirnov distance on the sphere); 0 where no direction is "
                                         "preferred", "lower")
    preferred: Optional[bool] = metric("", "some directions are better than others all over the map: the preference is above 0.3 and the "
                                       "regional ratio above 1.15", "none")
    overall: Optional[float] = metric("Å", "resolution of the whole map, given, or from the unmasked FSC of the half-maps (0.143), or of a "
                                      "single map from the noise of its solvent", "none")
    nyquist_fraction: Optional[float] = metric("", "part of directions and places where the local FSC is above the threshold up to the "
                                               "last band", "none")
    unresolved_fraction: Optional[float] = metric("", "part of directions and places whose local FSC is below the threshold from the "
                                                      "first band", "lower")
    outlier_fraction: Optional[float] = metric("", "part of the directions left out as outliers", "none")
    n_directions: Optional[int] = metric("", "number of directions", "none")
    window: Optional[float] = metric("Å", "standard deviation of the Gaussian window", "none")
    noise_source: Optional[str] = metric("", "where the noise is taken from", "none")
    histogram_highest: Optional[Curve] = _part("resolution of the best directions")
    histogram_lowest: Optional[Curve] = _part("resolution of the worst directions")
    histogram_radial: Optional[Curve] = _part("radial resolution")
    histogram_tangential: Optional[Curve] = _part("tangential resolution")
    course_highest: Optional[Curve] = _course("resolution of the best directions by distance")
    course_lowest: Optional[Curve] = _course("resolution of the worst directions by distance")
    course_radial: Optional[Curve] = _course("radial resolution by distance")
    course_tangential: Optional[Curve] = _course("tangential resolution by distance")
    percentiles: Optional[Table] = table("percentiles over the mask of each map, in Å; all: the median over the directions")
    directions: Optional[Table] = table("directions (x, y, z), median resolution in the mask (Å), and how many times more often than "
                                        "evenly the direction is among the best twentieth of a voxel")
    resolution_map: Optional[Map] = map_output("Å", "median resolution of the directions, 0 outside the mask", output="outputResolution")
    highest: Optional[Map] = map_output("Å", "resolution of the best directions, 0 outside the mask", output="outputHighest")
    lowest: Optional[Map] = map_output("Å", "resolution of the worst directions, 0 outside the mask", output="outputLowest")
    doa: Optional[Map] = map_output("Å", "half the range of the middle two thirds of the directions, 0 outside the mask",
                                    output="outputDoa")
    radial: Optional[Map] = map_output("Å", "resolution along the radius, 0 outside the mask", output="outputRadial")
    tangential: Optional[Map] = map_output("Å", "resolution across the radius, 0 outside the mask", output="outputTangential")


@dataclass(frozen=True)
class MonodirInputs:
    """What the bands of a direction are made of.

    ``signal`` and, of half-maps, ``noise`` are transforms, complex64 [nz, ny, nx // 2 + 1]; ``overall`` and ``sigma`` (the window) are in
    Å; ``voxels`` bool [z, y, x], those of the mask. Points bool [mz, my, mx]: ``inside`` the mask, ``corners`` where resolutions are kept,
    ``solvent`` where a single map has its noise. ``at`` float64 [bands] in 1/Å, ``spacing`` apart; ``axes`` float64 [n, 3] (x, y, z).
    """

    study: Study
    params: MonodirParams
    geo: Geometry
    signal: np.ndarray
    noise: Optional[np.ndarray]
    used: UsedMask
    voxels: np.ndarray
    overall: float
    sigma: float
    points: local.Points
    inside: np.ndarray
    corners: np.ndarray
    solvent: np.ndarray
    at: np.ndarray
    spacing: float
    axes: np.ndarray

    @property
    def edges(self) -> List[float]:
        """Edges of the box along z, y, x in Å."""
        return [self.geo.length / s for s in self.geo.steps]


class DirectionalResolutions(NamedTuple):
    """Resolution (Å) of each direction at each point of ``corners``, float32 [n, v]; the standard error of a typical one (Å); the parts
    of the directions and points inside the mask that are above the threshold up to the last band, and below it from the first."""

    resolution: np.ndarray
    error: Optional[float]
    beyond: float
    unresolved: float


def compute_monodir(study: Study, params: MonodirParams, *, progress: Progress = silent) -> MonodirResult:
    """Resolution by place and direction.

    In a cone around each direction and a band of frequencies the local power of the map is compared with that of its noise: half the
    difference of the half-maps, or the solvent of a single map.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, or ``full_map``; ``mask``, made when not given. All float32 [z, y, x].
    params
        Parameters of the capability.
    progress
        Called with the part that is done and what is being done.

    Returns
    -------
    MonodirResult
        Resolutions in Å.

    Raises
    ------
    InputError
        The inputs do not fit together, or a single map has no solvent.

    References
    ----------
    The idea, and the maps made from it, are those of MonoDir: Vilas, Tagare, Vargas, Carazo & Sorzano (2020),
    https://doi.org/10.1038/s41467-019-13742-w.
    """
    progress(0.02, "mask and Fourier transforms")
    inputs = _monodir_inputs(study, params)
    found = _all_directions(inputs, progress)
    progress(0.9, "maps")
    values = _metrics(inputs, found)
    progress(1.0, "done")
    return MonodirResult(summary=_summary(study, values), warnings=tuple(_warnings(inputs, values)), **values)


def _monodir_inputs(study: Study, params: MonodirParams) -> MonodirInputs:
    """The inputs, checked, and what the bands need."""
    geo = study.check("half1", "half2", "full_map", "mask", least=16, what="local resolution needs")
    halves, used = study.has_halves, usable_mask(study)
    voxels = used.inside
    if halves:
        one, two = study.transform("half1"), study.transform("half2")
        signal, noise = (one + two) * np.float32(0.5), (one - two) * np.float32(0.5)
    else:
        solvent_outside(study, used)
        signal, noise = study.transform("full_map"), None
    overall = resolution_of_whole(study, params.resolution)
    sigma = params.window or max(_WINDOW[0], _WINDOW[1] * overall)
    points = local.points(geo.shape, study.grid.voxel_size, sigma, _SPACING)
    cells, corners = local.needed(used.data, INSIDE, points)
    # Points in the mask, not those of its cells: these reach beyond it, the further the wider the points are apart.
    inside = local.at_points(used.data, points.shape) >= INSIDE
    inside = inside if inside.any() else cells
    solvent = inside if halves else _solvent_points(used.data, points, study.full_map)
    at, spacing = _bands(geo, overall, _COARSEST[0 if halves else 1], filter_edge(study))
    return MonodirInputs(study, params, geo, signal, noise, used, voxels, overall, sigma, points, inside, corners, solvent, at, spacing,
                         half_directions(_BISECTIONS[params.directions]))


def _solvent_points(mask: np.ndarray, points: local.Points, map_: Map) -> np.ndarray:
    """Points around which there is no molecule, bool [mz, my, mx], but inside the largest ball of the box."""
    cover = monodir.window_mean(np.asarray(mask, dtype=np.float32), points)
    z, y, x = np.meshgrid(*(np.arange(m) / m - 0.5 for m in points.shape), indexing="ij", sparse=True)
    ball = z * z + y * y + x * x <= 0.25
    if not ball.any():                                       # one point along an axis, at the edge of the box
        raise InputError(f"The window is as wide as the box ({map_.place}), so that there is no solvent apart from the molecule to "
                         "take the noise from. Give a finer resolution or a smaller window, or the half-maps.")
    out = ball & (cover <= _SOLVENT[0])
    # A mask that leaves hardly any such point: then the emptiest twentieth stands for solvent, unless molecule is there too.
    if np.count_nonzero(out) < 0.02 * np.count_nonzero(ball):
        cut = float(np.quantile(cover[ball], 0.05))
        if cut > _SOLVENT[1]:
            raise InputError(f"The mask fills the box ({map_.place}): the mean in a window is at least {cut:.2f} nearly everywhere, so "
                             "that a single map has no solvent to take the noise from. Give a smaller mask or window, or the half-maps.")
        out = ball & (cover <= cut)
    return out


def _bands(geo: Geometry, overall: float, coarsest: float, edge: Optional[float]) -> Tuple[np.ndarray, float]:
    """Middles of the bands, float64 [bands], and their distance, 1/Å; up to the ``edge`` of a low-pass (Å), if there is one."""
    spacing = max(1 / (_BANDS * overall), 1 / geo.length)
    nyquist = (geo.n_shells - 1) / geo.length
    first = max(2, int(np.ceil(1 / (coarsest * overall) / spacing)))
    last = int(min(nyquist, _FINEST / overall) / spacing + 1e-6)
    if edge is not None:
        last = min(last, int(np.ceil(1 / edge / spacing)))
    return np.arange(first, max(last, first + 3) + 1) * spacing, spacing


def _all_directions(inputs: MonodirInputs, progress: Progress) -> DirectionalResolutions:
    """The resolution of every direction at every point."""
    n, v = len(inputs.axes), int(np.count_nonzero(inputs.corners))
    out, inside = np.empty((n, v), np.float32), inputs.inside[inputs.corners]
    errors, ends = [], np.zeros(2)
    together = None if inputs.noise is None else noise_of_all(inputs.study, inputs.points, inputs.at[0] - inputs.spacing,
                                                              inputs.at[-1] + inputs.spacing)
    for i, axis in enumerate(inputs.axes):
        progress(0.1 + 0.8 * i / n, f"direction {i + 1} of {n}")
        found = _fit(inputs, _powers(inputs, axis, together))
        out[i] = 1 / found.first[0]
        state = found.state[0][inside]
        ends += np.mean(state == 1), np.mean(state == -1)
        error = (found.error / found.first[0] ** 2)[inside]
        errors.append(error[np.isfinite(error)])
    known = np.concatenate(errors)
    return DirectionalResolutions(out, float(np.median(known)) if known.size else None, float(ends[0] / n), float(ends[1] / n))


def _powers(inputs: MonodirInputs, axis: np.ndarray, together: Optional[np.ndarray]) -> BandPowers:
    """Local power of the map along ``axis`` and the part that is noise; ``together`` is that of the half-maps in all directions."""
    cone = np.deg2rad(inputs.params.cone)
    maps = [m for m in (inputs.signal, inputs.noise) if m is not None]

    def some(start: int, stop: int) -> List[Any]:
        rows = []
        for centre in inputs.at[start:stop]:
            power, *noises = monodir.local_power(maps, inputs.geo.shape[2], inputs.edges, axis, cone, centre, inputs.spacing, inputs.points)
            total = power[inputs.corners]
            least = np.maximum(_FLOOR * total, np.float32(1e-37))
            if not noises:
                narrow = wide = np.maximum(np.full_like(total, power[inputs.solvent].mean(dtype=np.float64)), least)
                mean = 1.0
            else:
                narrow, wide = (np.maximum(n[inputs.corners], least) for n in (noises[0], local.widen(noises[0], inputs.points, WIDE)))
                mean = max(float(noises[0].mean(dtype=np.float64)), 1e-37)
            rows.append((total, narrow, wide, mean))
        return rows

    totals, narrow, wide, mean = (np.array(part) for part in zip(*(r for some_rows in over_slabs(some, inputs.at.size) for r in some_rows)))
    inside = inputs.inside[inputs.corners]
    noise, factor = wide, np.ones(inside.size, dtype=np.float32)
    if inputs.noise is not None:
        count = coefficients_between(inputs.at[0], inputs.at[-1], inputs.sigma) * (1 - np.cos(cone)) * _CONE_PART
        bands = BandNoise(inputs.points, inputs.corners, inside, inputs.at, inputs.spacing, count, narrow, wide, mean)
        noise, factor = local_noise(inputs.study, bands, inputs.used.data, together)
    return BandPowers(inputs.points, inputs.corners, inside, inputs.at, totals, noise, inputs.spacing, factor)


def _fit(inputs: MonodirInputs, powers: BandPowers) -> local_fit.LocalCrossings:
    signal, _ = typical_signal(powers)
    cone = np.deg2rad(inputs.params.cone)
    count = coefficients(inputs.at, inputs.spacing, inputs.sigma) * (1 - np.cos(cone)) * _CONE_PART
    return local_fit.local_crossings(powers.total, powers.noise, inputs.at, signal, np.maximum(count, 1e-3),
                                     np.array([inputs.params.threshold]), pooling_width(inputs.at, inputs.spacing), powers.factor)


def _metrics(inputs: MonodirInputs, found: DirectionalResolutions) -> Dict[str, Any]:
    """Everything the result holds, by name."""
    study, inside = inputs.study, inputs.voxels
    said = monodir.summarise(found.resolution, inputs.axes, _radii(inputs), inputs.params.outliers)
    maps = {n: _voxels(inputs, getattr(said, part)) for n, part in zip(_NAMES, ("p5", "p95", "radial", "tangential"))}
    maps["doa"] = np.maximum((_voxels(inputs, said.p83) - _voxels(inputs, said.p17)) * np.float32(0.5), 0)
    middle = _voxels(inputs, np.median(found.resolution, axis=0))
    flat = {n: m[inside] for n, m in maps.items()}
    out = local_resolution_values(study, inputs.used, middle, unresolved=found.unresolved, nyquist=found.beyond, label="all",
                                  column="map", others=maps)
    out.update(study.half_map_values(), **{f"{n}_median": float(np.median(v)) for n, v in flat.items()})
    out.update(_by_direction(inputs, found, said), scatter=found.error, overall=inputs.overall, outlier_fraction=1 - said.kept,
               tangential_over_radial=float(np.median(flat["tangential"] / flat["radial"])), n_directions=len(inputs.axes),
               window=inputs.sigma, noise_source=noise_source(study))
    out.update(_curves(inputs, {n: flat[n] for n in _NAMES}, inside), **{n: study.grid.with_data(m) for n, m in maps.items()})
    return out


def _radii(inputs: MonodirInputs) -> np.ndarray:
    """Vectors (x, y, z) from the box centre to the points, float64 [v, 3], Å."""
    z, y, x = np.nonzero(inputs.corners)
    shape, counts, voxel = inputs.geo.shape, inputs.points.shape, inputs.study.grid.voxel_size[::-1]
    at = [(i * n / m - n // 2) * v for i, n, m, v in zip((z, y, x), shape, counts, voxel)]
    return np.stack(at[::-1], axis=1)


def _voxels(inputs: MonodirInputs, resolution: np.ndarray) -> np.ndarray:
    """Resolution at the voxels of the mask, float32 [z, y, x], from that at the points, [v]."""
    frequency = np.ones(inputs.points.shape)
    frequency[inputs.corners] = 1 / resolution
    return within_filter(inputs.study, local.spread(frequency, inputs.points, inputs.used.data, INSIDE))


def _regions(axes: np.ndarray, medians: np.ndarray) -> np.ndarray:
    """Mean over the neighbours of each direction, float64 [n]."""
    close = np.abs(axes @ axes.T) >= np.cos(np.deg2rad(_REGION))
    return close @ medians / close.sum(axis=1)


def _by_direction(inputs: MonodirInputs, found: DirectionalResolutions, said: monodir.Summary) -> Dict[str, Any]:
    """What concerns directions, over the whole mask."""
    axes, inside = inputs.axes, inputs.inside[inputs.corners]
    medians = np.median(found.resolution[:, inside], axis=1)
    regions = _regions(axes, medians)
    out = {"resolution_" + n: float(medians[np.abs(axes[:, i]) >= np.cos(np.deg2rad(_REGION))].mean()) for i, n in enumerate("xyz")}
    ratio, preference = float(regions.max() / regions.min()), monodir.cap_distance(said.best, axes)
    out.update(regional_best=float(regions.min()), regional_worst=float(regions.max()), regional_ratio=ratio, preference=preference,
               preferred=bool(preference > _PREFERENCE and ratio > _RATIO and found.unresolved < _UNSURE))
    rows = tuple((*(float(c) for c in a), float(m), float(b * len(axes))) for a, m, b in zip(axes, medians, said.best))
    return dict(out, directions=Table(("x", "y", "z", "resolution (Å)", "times the even share"), rows))


def _curves(inputs: MonodirInputs, flat: Dict[str, np.ndarray], inside: np.ndarray) -> Dict[str, Curve]:
    """Histogram of each map, and its mean with the distance from the box centre."""
    low, high = min(float(v.min()) for v in flat.values()), max(float(np.percentile(v, 99.5)) for v in flat.values())
    edges = np.linspace(low * 0.98, high * 1.02 + 0.05, 61)
    out = {}
    for n, v in flat.items():
        counts = np.histogram(np.minimum(v, edges[-1]), edges)[0]
        out["histogram_" + n] = Curve((edges[1:] + edges[:-1]) / 2, 100 * counts / v.size)
    shape, voxel = inputs.geo.shape, inputs.study.grid.voxel_size[::-1]
    squares = [((np.arange(m) - m // 2) * v) ** 2 for m, v in zip(shape, voxel)]
    shell = np.concatenate([(np.sqrt((squares[0][z] + squares[1][:, None] + squares[2][None, :])[inside[z]]) / _SHELL).astype(np.int64)
                            for z in range(shape[0])])
    counts = np.bincount(shell)
    # Fewer voxels at a distance give a mean that says nothing.
    kept = np.flatnonzero(counts >= 20)
    for n, v in flat.items():
        out["course_" + n] = Curve((kept + 0.5) * _SHELL, np.bincount(shell, v.astype(np.float64))[kept] / counts[kept])
    return out


def _summary(study: Study, v: Dict[str, Any]) -> str:
    """One plain sentence."""
    copies = copies_words(study)
    if copies:
        return f"{copies} the resolution of any direction."
    if v["unresolved_fraction"] >= _UNSURE:
        return "Much of the mask is at the noise level in many directions, so that their resolutions mean little."
    if not v["preferred"]:
        return (f"No direction is preferred: a typical voxel has {v['highest_median']:.2f} Å in its best and {v['lowest_median']:.2f} Å in "
                f"its worst directions, and the regions of directions differ by {100 * (v['regional_ratio'] - 1):.0f} %.")
    axes, medians = np.array([r[:3] for r in v["directions"].rows]), np.array([r[3] for r in v["directions"].rows])
    regions = _regions(axes, medians)
    best, worst = (_axis_words(axes[int(pick(regions))]) for pick in (np.argmin, np.argmax))
    return (f"Some directions are better all over the map: {v['regional_best']:.2f} Å around the direction {best} and "
            f"{v['regional_worst']:.2f} Å around {worst} (x, y, z).")


def _axis_words(axis: np.ndarray) -> str:
    return "(" + ", ".join(f"{round(float(c), 2) + 0.0:.2f}" for c in axis) + ")"


def _warnings(inputs: MonodirInputs, values: Dict[str, Any]) -> List[str]:
    """What makes the numbers doubtful."""
    out = inputs.used.notes() + unknown_notes(inputs.study, inputs.params.resolution) + limits_of_halves(inputs.study, values, mended=True)
    if not inputs.study.has_halves:
        out.append("With a single map the noise is that of the solvent; a map that was masked, filtered or sharpened locally has no such "
                   "noise in the molecule. Half-maps are better.")
    return out
