"""The steps of the ``directional_fsc`` capability."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import numpy as np

from ...core import cones, crossing, directions, fourier, shells
from ...core.cones import Cone
from ...core.directions import Sphere
from ...core.fourier import Geometry
from ...core.shells import CrossSums
from ...errors import InputError
from ...io.inputs import Inputs
from ...results import Curve, Table
from ..map_info.halves_position import position_notes
from . import directional_shape as shape
from . import directional_tensor as tensor
from .fsc_halves import zero_fraction
from .map_or_halves import check_halves

if TYPE_CHECKING:
    from .directional_fsc import DirectionalFscParams

_BISECTIONS, _FINE_BISECTIONS = 3, 4              # 321 directions, and 1281 for the volume
_SPREAD = 7.0                                     # degrees over which the volume is interpolated between the 1281
_FEWEST = 2.0                                     # coefficients in a cone, below which the FSC of the whole shell stands in
_RATIO, _SCATTER = 1.1, 6.5
_COMPONENTS = ("xx", "yy", "zz", "xy", "xz", "yz")


@dataclass
class Work:
    """What the steps hand to each other: ``freq`` of the shells (1/Å), ``fraction`` of the coefficients that a mask leaves independent."""

    inputs: Inputs
    params: DirectionalFscParams
    geo: Geometry
    freq: np.ndarray
    fraction: Optional[np.ndarray]
    sphere: Sphere
    cone: Cone
    warnings: List[str]

    @property
    def axes(self) -> np.ndarray:
        """The directions, float64 [321, 3] (x, y, z)."""
        return self.sphere.vertices[self.sphere.half]


@dataclass
class Found:
    """FSC of every direction [n_shells, n_directions] and of x, y, z [n_shells, 3] with their independent coefficients; the FSC of all
    directions and its sums; ``at`` the frequency (1/Å) where each direction falls below the threshold."""

    fsc: np.ndarray
    fsc_xyz: np.ndarray
    count_xyz: np.ndarray
    everywhere: np.ndarray
    cells: CrossSums
    at: np.ndarray


def prepare(inputs: Inputs, params: DirectionalFscParams) -> Work:
    """Check the inputs; raises :class:`MissingInputError` or :class:`InputError`."""
    geo = check_halves(inputs, 16, "a directional FSC needs")
    if params.rules == "xmipp" and len(set(geo.shape)) > 1:
        box = " x ".join(str(n) for n in geo.shape[::-1])
        raise InputError(f"The half-maps are {box} voxels ({inputs.half1.path}, {inputs.half2.path}); the rules of Xmipp are for cubic "
                         "boxes. Choose the rules 'cryoqa'.")
    fraction = None if inputs.mask is None else crossing.independent_fraction(inputs.mask.data, geo)
    return Work(inputs, params, geo, fourier.frequencies(geo), fraction, directions.icosphere(_BISECTIONS),
                Cone(params.cone, params.soft_cone), position_notes(inputs.half1, inputs.half2))


def transforms(work: Work) -> Tuple[np.ndarray, np.ndarray]:
    """Transforms of the half-maps, in the mask when there is one."""
    one, two, mask = work.inputs.half1.data, work.inputs.half2.data, work.inputs.mask
    if mask is None:
        return fourier.forward(one), fourier.forward(two)
    return fourier.forward(one * mask.data), fourier.forward(two * mask.data)


def correlate(work: Work, ft1: np.ndarray, ft2: np.ndarray) -> Found:
    """Correlations in all cones and in all of the sphere."""
    p, geo = work.params, work.geo
    table = directions.lookup(np.vstack([work.axes, np.eye(3)]), p.cone)
    reach = min(n // 2 * s for n, s in zip(geo.shape, geo.steps)) if p.rules == "xmipp" else None
    sums = cones.cone_sums(ft1, ft2, geo, table, work.cone, reach)
    cells = cones.cell_sums(ft1, ft2, geo, tensor.CELLS_PER_EDGE)
    everywhere = tensor.shell_curve(cells)
    everywhere[0] = 1.0
    fsc = shells.fsc(sums)
    if p.rules == "cryoqa":
        fsc = np.where(sums.count >= _FEWEST, fsc, everywhere[:, None])
    count = sums.count[:, -3:] * work.cone.gain
    if work.fraction is not None:
        count = count * work.fraction[:, None]
    crossings = shape.crossings if p.rules == "cryoqa" else shape.crossings_xmipp
    return Found(fsc[:, :-3], fsc[:, -3:], count, everywhere, cells, crossings(work.freq, fsc[:, :-3], p.threshold))


def numbers(work: Work, found: Found) -> Dict[str, Any]:
    """The metrics by name, and the tables."""
    t = work.params.threshold
    out: Dict[str, Any] = {"resolution_" + n: _inverse(shape.crossings(work.freq, found.fsc_xyz[:, [i]], t)[0])
                           for i, n in enumerate("xyz")}
    known = found.at[np.isfinite(found.at)]
    if known.size:
        out.update(resolution_best=_inverse(known.max()), resolution_median=_inverse(np.median(known)),
                   resolution_worst=_inverse(known.min()))
    out["resolution_global"] = _inverse(shape.crossings(work.freq, found.everywhere[:, None], t)[0])
    out["half_maps_identical"] = bool(found.everywhere[1:].min() > 0.9999)
    out["zero_fraction"] = zero_fraction(work.inputs.half1.data, work.inputs.half2.data)
    out["reach_nyquist"] = float((found.fsc[shape.FIRST_SHELL:] >= t).all(axis=0).mean())
    out["area_ratio"] = shape.area_ratio(found.fsc)
    out["sphericity"] = shape.sphericity(work.sphere, shape.crossings(work.freq, found.fsc, work.params.sphericity_threshold))
    out.update(_occupancy(work, found))
    fitted, regions = shape.smooth_axes(work.axes, found.at), None
    if fitted is not None:
        worst, middle, best = (_inverse(v) for v in fitted.values)
        part = shape.regions(work.axes, found.at, fitted, shape.effective_directions(work.axes, work.cone))
        ratio = part.worst / part.best
        out.update(fitted_worst=worst, fitted_middle=middle, fitted_best=best, resolution_ratio=worst / best, regional_worst=part.worst,
                   regional_best=part.best, regional_ratio=ratio, regional_scatter=part.scatter,
                   isotropic=bool(ratio <= _RATIO or part.scatter <= _SCATTER))
        regions = part
    displacement = _displacement(work, found)
    if displacement is not None:
        out.update({"u_" + n: float(v) for n, v in zip(_COMPONENTS, displacement.components)},
                   u_error=float(displacement.errors.mean()), u_range=float(np.ptp(displacement.axes.values)))
        if out["resolution_global"]:
            out["fall_off_ratio"] = float(np.exp(2 * np.pi ** 2 * out["u_range"] / out["resolution_global"] ** 2))
    out.update(directions=_direction_table(work, found), axes=_axis_table(fitted, regions, displacement))
    return out


def _inverse(freq: float) -> Optional[float]:
    return float(1 / freq) if np.isfinite(freq) and freq > 0 else None


def _part(work: Work, found: Found) -> Tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """FSO and its band, and the number of independent directions that the Bingham test counts."""
    effective = shape.effective_directions(work.axes, work.cone)
    part, lower, upper = shape.fso(found.fsc, work.params.threshold, effective.mean, work.params.confidence)
    if work.params.rules == "xmipp":
        for values in (part, lower, upper):
            values[:shape.FORCED_SHELLS] = 1
    return part, lower, upper, effective.spread


def _occupancy(work: Work, found: Found) -> Dict[str, Any]:
    part, lower, upper, effective = _part(work, found)
    out: Dict[str, Any] = dict(effective_directions=effective, fso=Curve(work.freq[1:], part[1:], lower[1:], upper[1:]))
    for name, level in (("fso_09", 0.9), ("fso_05", 0.5), ("fso_01", 0.1)):
        out[name] = _inverse(crossing.find_crossings(work.freq, part, level, 1).first)
    if out["fso_09"] is not None and out["fso_01"] is not None:
        out["fso_width"] = out["fso_09"] - out["fso_01"]
    tests = [shape.bingham(work.axes, row >= work.params.threshold, effective) for row in found.fsc]
    first = shape.FORCED_SHELLS
    out["bingham"] = Curve(work.freq[first:], np.array([np.nan if b is None else b.p for b in tests[first:]]))
    falls = np.flatnonzero(part[first:] < 0.5)
    near = [b for b in (tests[first:][max(falls[0] - 1, 0):falls[0] + 1] if falls.size else ()) if b is not None]
    if near:
        nearest = min(near, key=lambda b: abs(b.fso - 0.5))
        out.update(bingham_statistic=nearest.statistic, bingham_p=nearest.p, bingham_fso=nearest.fso)
    return out


def _displacement(work: Work, found: Found) -> Optional[tensor.Tensor]:
    """Tensor of the signal, from the shells before the FSC of all directions falls below the threshold."""
    seen = crossing.find_crossings(work.freq, found.everywhere, work.params.threshold, 1)
    displacement = tensor.fit(found.cells, work.geo, seen.last_above + 1)
    if displacement is None:
        work.warnings.append("The half-maps agree over too few coefficients, so that no displacement tensor could be fitted.")
    return displacement


def _direction_table(work: Work, found: Found) -> Table:
    areas = np.clip(found.fsc[1:], 0, None).sum(axis=0)
    areas = areas / max(areas.max(), 1e-30)
    rows = tuple(tuple(round(float(v), 6) + 0.0 for v in d) + (_inverse(f), float(a)) for d, f, a in zip(work.axes, found.at, areas))
    return Table(("x", "y", "z", "resolution", "area"), rows)


def _axis_table(fitted: Optional[shape.Axes], regions: Optional[shape.Regions], displacement: Optional[tensor.Tensor]) -> Table:
    rows: List[Tuple[Any, ...]] = []
    if fitted is not None:
        rows += [("resolution", name) + tuple(float(c) for c in v) + (_inverse(f),)
                 for name, f, v in zip(("worst", "middle", "best"), fitted.values, fitted.vectors)]
    if regions is not None:
        rows += [("region", "worst") + tuple(float(c) for c in regions.worst_axis) + (regions.worst,),
                 ("region", "best") + tuple(float(c) for c in regions.best_axis) + (regions.best,)]
    if displacement is not None:
        rows += [("signal fall-off", name) + tuple(float(c) for c in v) + (float(u),)
                 for name, u, v in zip(("slowest", "middle", "fastest"), displacement.axes.values, displacement.axes.vectors)]
    return Table(("of", "axis", "x", "y", "z", "value"), tuple(rows))


def drawings(work: Work, found: Found) -> Dict[str, Curve]:
    """The curves by result field, those of the occupancy apart."""
    freq, out = work.freq[1:], {}
    for i, name in enumerate("xyz"):
        curve = found.fsc_xyz[:, i]
        lower, upper = crossing.confidence_band(curve, found.count_xyz[:, i], work.params.confidence)
        out["fsc_" + name] = Curve(freq, curve[1:], lower[1:], upper[1:])
    if np.isfinite(found.at).any():
        out["fsc_best"] = Curve(freq, found.fsc[1:, int(np.nanargmax(found.at))])
        out["fsc_worst"] = Curve(freq, found.fsc[1:, int(np.nanargmin(found.at))])
    low, middle, high = np.quantile(found.fsc[1:], (0.05, 0.5, 0.95), axis=1)
    out["fsc_directions"] = Curve(freq, middle, low, high)
    out["fsc_global"] = Curve(freq, found.everywhere[1:])
    return out


def volume(work: Work, found: Found, ft1: np.ndarray, ft2: np.ndarray) -> np.ndarray:
    """The 3DFSC, float32 [z, y, x] with the zero frequency at voxel ``n // 2``: hard cones around 1281 directions, smooth in between."""
    axes = directions.half_directions(_FINE_BISECTIONS)
    cone = Cone(work.params.volume_cone, soft=False)
    sums = cones.cone_sums(ft1, ft2, work.geo, directions.lookup(axes, cone.angle), cone)
    fsc = np.where(sums.count >= _FEWEST, shells.fsc(sums), found.everywhere[:, None])
    fsc[0] = 1.0
    return cones.spread(fsc, work.geo, directions.lookup(axes, _SPREAD), _SPREAD)


def summary(values: Dict[str, Any], params: DirectionalFscParams) -> str:
    """One sentence for the user."""
    if values["half_maps_identical"]:
        return "The two half-maps are copies of each other, so that their FSC says nothing about resolution or direction."
    if values.get("resolution_ratio") is None:
        return f"The half-maps agree at FSC = {params.threshold:g} in too few directions to say how the resolution depends on direction."
    if values["reach_nyquist"] > 0.5:
        return (f"In {100 * values['reach_nyquist']:.0f} % of the directions the FSC stays above {params.threshold:g} up to the last "
                "shell: the sampling, not the data, sets the limit there, and a difference between directions may be hidden.")
    ratio = max(values["resolution_ratio"], values["regional_ratio"])
    if values["isotropic"]:
        rest = "" if ratio <= _RATIO else ", which is within the scatter of the cones"
        return (f"The resolution is about the same in all directions, {values['resolution_median']:.2f} Å at FSC = {params.threshold:g}; "
                f"the best and the worst differ by {100 * (ratio - 1):.0f} %{rest}: no sign of preferred orientations.")
    by_fit = values["resolution_ratio"] >= values["regional_ratio"]
    kind = "fitted" if by_fit else "regional"
    axis = np.array(values["axes"].rows[0 if by_fit else 3][2:5])
    return (f"The resolution depends on direction: {values[kind + '_worst']:.2f} Å {'along' if by_fit else 'about'} {_words(axis)} against "
            f"{values[kind + '_best']:.2f} Å in the best direction, a ratio of {ratio:.2f}; {_cause(values, axis)}.")


def _words(axis: np.ndarray) -> str:
    """A direction in words: the axis it lies near, or its components."""
    i = int(np.argmax(np.abs(axis)))
    angle = np.rad2deg(np.arccos(min(abs(axis[i]), 1.0)))
    if angle < 5:
        return "xyz"[i]
    vector = ", ".join(f"{c:.2f}" for c in axis)
    return f"({vector}), {angle:.0f} degrees from {'xyz'[i]}," if angle < 30 else f"({vector})"


def _cause(values: Dict[str, Any], axis: np.ndarray) -> str:
    """What may be behind it: the signal falls off faster, or there are too few views."""
    components = [values.get("u_" + n) for n in _COMPONENTS]
    if None not in components:
        along = float(axis @ shape.matrix(np.array(components)) @ axis)
        if values["fall_off_ratio"] > 1.5 and along > 0.4 * values["u_range"]:
            return (f"the signal itself falls off faster there (U {along:+.2f} Å² against the mean), as by "
                    "uncorrected motion, flexibility, or few views in a regularised reconstruction")
    return "this is what particles seen mostly along that direction do: look at the distribution of orientations"
