"""The numbers of a directional FSC: resolutions, occupancy, axes and curves, by result field."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ...core import crossing
from ...results import Curve, Table
from ...study.directional_noise import DirectionalNoise, first_shell
from . import directional_shape as shape
from . import directional_tensor as tensor
from .directional_axes import along, direction
from .directional_curves import DirectionalCurves, DirectionalFscParams, HardCones

FALL_OFF = 2.5                             # amplitude along the slowest axis over the fastest: isotropic half-maps reach 1.6
_BY_FSC = ("resolution_", "fitted_", "regional_", "fso_", "bingham_", "cfar", "area_ratio", "sphericity", "reach_nyquist")
_COMPONENTS = ("xx", "yy", "zz", "xy", "xz", "yz")


def resolution_values(params: DirectionalFscParams, found: DirectionalCurves, hard: HardCones) -> Dict[str, Any]:
    """Resolutions of the directions, and what is read from all curves together, by result field.

    Parameters
    ----------
    params, found, hard
        The threshold; the FSC in the cones, and in hard ones.
    """
    level, out = params.threshold, {}  # type: float, Dict[str, Any]
    known = found.at[np.isfinite(found.at)]
    if known.size:
        out.update(resolution_best=_inverse(known.max()), resolution_median=_inverse(np.median(known)),
                   resolution_worst=_inverse(known.min()))
    out["resolution_global"] = _inverse(found.read(found.everywhere[:, None], level)[0])
    # Near empty directions a mask spills what has no end, and beyond a low-pass there is nothing: both are causes of their own.
    if found.edge is None and found.known.all():
        out["reach_nyquist"] = float((found.fsc[shape.FIRST_SHELL:] >= level).all(axis=0).mean())
    out["area_ratio"] = shape.area_ratio(np.nan_to_num(found.fsc)) if found.known.all() else 0.0
    out["cfar"] = shape.conical_area_ratio(hard.wide, first_shell(found.geo, _last_shell(params, found)))
    out["sphericity"] = shape.sphericity(found.sphere, found.read(found.fsc, params.sphericity_threshold))
    out["directions"] = _direction_table(found)
    return out


def shape_values(params: DirectionalFscParams, found: DirectionalCurves, displacement: Optional[tensor.Tensor]) -> Dict[str, Any]:
    """Principal axes of the resolution and of the fall-off of the signal, by result field.

    Parameters
    ----------
    params, found
        The threshold; the FSC in the cones.
    displacement
        Tensor of the fall-off, None when none could be fitted.
    """
    overall = _inverse(found.read(found.everywhere[:, None], params.threshold)[0])
    out: Dict[str, Any] = {"resolution_" + n: along(params, found, displacement, v).resolution for n, v in zip("xyz", np.eye(3))}
    fitted, regions = shape.smooth_axes(found.axes, found.at), None
    if fitted is not None:
        worst, middle, best = (float(1 / v) for v in fitted.values)
        regions = shape.regions(found.axes, found.at, fitted, shape.effective_directions(found.axes, found.cone).of_copies(found.order))
        ratio = regions.worst / regions.best
        out.update(fitted_worst=worst, fitted_middle=middle, fitted_best=best, resolution_ratio=worst / best, regional_worst=regions.worst,
                   regional_best=regions.best, regional_ratio=ratio, regional_scatter=regions.scatter)
    if displacement is not None:
        out.update({"u_" + n: float(v) for n, v in zip(_COMPONENTS, displacement.components)},
                   u_error=float(displacement.errors.mean()), u_range=float(np.ptp(displacement.axes.values)))
        # 2 pi^2 and not 4 pi^2: the ratio is one of amplitudes, U that of power.
        if overall:
            out["fall_off_ratio"] = float(np.exp(2 * np.pi ** 2 * out["u_range"] / overall ** 2))
    noise = found.noise
    if noise is not None:
        out.update(noise_ratio=noise.ratio if noise.known else None, noise_axis=direction(noise.axis) if noise.uneven else None,
                   noise_axis_error=noise.axis_error if noise.uneven else None, empty_fraction=noise.empty_fraction)
        if noise.known:
            out["isotropic"] = not noise.uneven and out.get("fall_off_ratio", 1.0) <= FALL_OFF
    out["axes"] = _axis_table(fitted, regions, displacement, noise)
    return out


def displacement_of(params: DirectionalFscParams, found: DirectionalCurves) -> Optional[tensor.Tensor]:
    """Tensor of the signal, from the shells before the FSC of all directions falls below the threshold.

    Parameters
    ----------
    params, found
        The threshold; the sums in cells of direction.

    Returns
    -------
    Tensor or None
        None when the half-maps agree over too few coefficients.
    """
    return tensor.fit(found.cells, found.geo, _last_shell(params, found) + 1)


def occupancy_values(params: DirectionalFscParams, found: DirectionalCurves) -> Dict[str, Any]:
    """Fourier shell occupancy and the Bingham test, by result field.

    Parameters
    ----------
    params, found
        Threshold, confidence and rules; the FSC in the cones.
    """
    effective = shape.effective_directions(found.axes, found.cone).of_copies(found.order)
    part, lower, upper = shape.fso(found.fsc, params.threshold, effective.mean, params.confidence)
    if params.rules == "xmipp":
        for values in (part, lower, upper):
            values[:shape.FORCED_SHELLS] = 1
    out: Dict[str, Any] = dict(effective_directions=effective.spread, fso=Curve(found.freq[1:], part[1:], lower[1:], upper[1:]))
    for name, level in (("fso_09", 0.9), ("fso_05", 0.5), ("fso_01", 0.1)):
        falls = crossing.find_crossings(found.freq, part, level, 1).first
        out[name] = _inverse(falls if found.edge is None else np.fmin(falls, found.edge) if np.isfinite(falls) else np.nan)
    if out["fso_09"] is not None and out["fso_01"] is not None:
        out["fso_width"] = out["fso_09"] - out["fso_01"]
    tests = [shape.bingham(found.axes, row >= params.threshold, effective.spread) for row in found.fsc]
    first = shape.FORCED_SHELLS
    out["bingham"] = Curve(found.freq[first:], np.array([np.nan if b is None else b.p for b in tests[first:]]))
    # The test is sharpest where half of the directions pass; of the shells on both sides of 0.5 the nearer one counts.
    falls = np.flatnonzero(part[first:] < 0.5)
    near = [b for b in (tests[first:][max(falls[0] - 1, 0):falls[0] + 1] if falls.size else ()) if b is not None]
    if near:
        nearest = min(near, key=lambda b: abs(b.fso - 0.5))
        out.update(bingham_statistic=nearest.statistic, bingham_p=nearest.p, bingham_fso=nearest.fso)
    return out


def curve_values(params: DirectionalFscParams, found: DirectionalCurves) -> Dict[str, Curve]:
    """The FSC curves, without shell 0, by result field.

    Parameters
    ----------
    params, found
        The confidence of the bands; the FSC in the cones.
    """
    freq, out = found.freq[1:], {}  # type: np.ndarray, Dict[str, Curve]
    for i, name in enumerate("xyz"):
        fsc = found.fsc_xyz[:, i]
        if np.isnan(fsc).all():                               # no views along this axis
            continue
        lower, upper = crossing.confidence_band(fsc, found.count_xyz[:, i], params.confidence)
        out["fsc_" + name] = Curve(freq, fsc[1:], lower[1:], upper[1:])
    if np.isfinite(found.at).any():
        out["fsc_best"] = Curve(freq, found.fsc[1:, int(np.nanargmax(found.at))])
        out["fsc_worst"] = Curve(freq, found.fsc[1:, int(np.nanargmin(found.at))])
    low, middle, high = np.quantile(found.fsc[1:, found.known], (0.05, 0.5, 0.95), axis=1)
    out["fsc_directions"] = Curve(freq, middle, low, high)
    out["fsc_global"] = Curve(freq, found.everywhere[1:])
    return out


def _direction_table(found: DirectionalCurves) -> Table:
    areas = np.where(found.known, np.clip(np.nan_to_num(found.fsc[1:]), 0, None).sum(axis=0), np.nan)
    areas = areas / max(np.nanmax(areas), 1e-30)
    noise = np.full(areas.size, np.nan) if found.noise is None else found.noise.around(found.axes)
    rows = tuple(tuple(round(float(v), 6) + 0.0 for v in d) + (_inverse(f), _number(a), _number(n))
                 for d, f, a, n in zip(found.axes, found.at, areas, noise))
    return Table(("x", "y", "z", "resolution", "area", "noise"), rows)


def _axis_table(fitted: Optional[shape.Axes], regions: Optional[shape.Regions], displacement: Optional[tensor.Tensor],
                noise: Optional[DirectionalNoise]) -> Table:
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
    if noise is not None:
        rows.append(("noise", "lowest" if noise.strength < 0 else "highest") + tuple(float(c) for c in noise.axis)
                    + (_number(noise.around(noise.axis[None])[0]),))
    return Table(("of", "axis", "x", "y", "z", "value"), tuple(rows))


def without_resolutions(values: Dict[str, Any]) -> Dict[str, Any]:
    """What is taken back of half-maps that share noise, which counts as signal in an FSC: the noise by direction and the tensor stay.

    Parameters
    ----------
    values
        Fields of the result.

    Returns
    -------
    dict
        The fields to change.
    """
    out: Dict[str, Any] = {n: None for n in values if n.startswith(_BY_FSC)}
    of, rows = values["directions"], values["directions"].rows
    out["directions"] = Table(of.columns, tuple((*row[:3], None, None, *row[5:]) for row in rows))
    out["axes"] = Table(values["axes"].columns, tuple(r for r in values["axes"].rows if r[0] not in ("resolution", "region")))
    return out


def _inverse(freq: float) -> Optional[float]:
    return float(1 / freq) if np.isfinite(freq) and freq > 0 else None


def _number(value: float) -> Optional[float]:
    return float(value) if np.isfinite(value) else None


def _last_shell(params: DirectionalFscParams, found: DirectionalCurves) -> int:
    """Last shell before the FSC of all directions falls below the threshold."""
    return crossing.find_crossings(found.freq, found.everywhere, params.threshold, 1).last_above
