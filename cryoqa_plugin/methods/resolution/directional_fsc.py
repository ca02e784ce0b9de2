"""Resolution by direction: directional FSC, Fourier shell occupancy, 3DFSC volume, and how fast the signal falls off along each axis."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import cones, crossing, directions, fourier, shells
from ...core.cones import Cone
from ...core.directions import Sphere
from ...core.fourier import Geometry
from ...core.shells import CrossSums
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts
from . import directional_shape as shape
from . import directional_tensor as tensor

_BISECTIONS, _FINE_BISECTIONS = 3, 4              # 321 directions, and 1281 for the volume
_SPREAD = 7.0                                     # degrees over which the volume is interpolated between the 1281
_FEWEST = 2.0                                     # coefficients in a cone, below which the FSC of the whole shell stands in
_RATIO, _SCATTER = 1.1, 6.5  # isotropic up to either: 10 %, or above the 3 to 5.5 of equal directions
_COMPONENTS = ("xx", "yy", "zz", "xy", "xz", "yz")


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


def _res(meaning: str) -> Any:
    return metric("Å", meaning, "lower")


def _u(meaning: str) -> Any:
    return metric("Å²", meaning, "target:0")


def _fsc(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC", output="outputFSCs")


@dataclass(frozen=True)
class DirectionalFscResult(HalfMapFacts):
    """Result of the ``directional_fsc`` capability."""

    schema: ClassVar[str] = "cryoqa/directional_fsc/1"
    resolution_global: Optional[float] = _res("FSC over all directions at the threshold")
    resolution_x: Optional[float] = _res("FSC in the cone around x at the threshold")
    resolution_y: Optional[float] = _res("FSC in the cone around y at the threshold")
    resolution_z: Optional[float] = _res("FSC in the cone around z at the threshold")
    resolution_best: Optional[float] = _res("finest of the directional resolutions")
    resolution_median: Optional[float] = _res("median of the directional resolutions")
    resolution_worst: Optional[float] = _res("coarsest of the directional resolutions")
    fitted_best: Optional[float] = _res("resolution along the best principal axis of a smooth fit to all directions")
    fitted_middle: Optional[float] = _res("resolution along the middle principal axis of the fit")
    fitted_worst: Optional[float] = _res("resolution along the worst principal axis of the fit")
    resolution_ratio: Optional[float] = metric("", "worst over best resolution of the fit: 1 is isotropic", "target:1")
    regional_best: Optional[float] = _res("finest median resolution of a region within 25 degrees of a direction")
    regional_worst: Optional[float] = _res("coarsest median resolution of such a region")
    regional_ratio: Optional[float] = metric("", "coarsest over finest of the regions: 1 is isotropic", "target:1")
    regional_scatter: Optional[float] = metric("", "logarithm of the regional ratio over the standard error of a region; 3 to 5.5 when all "
                                               "directions are equally good", "lower")
    isotropic: Optional[bool] = metric("", "the regional ratio is at most 1.1, or its scatter at most 6.5", "none")
    fso_09: Optional[float] = _res("resolution that 0.9 of the directions reach")
    fso_05: Optional[float] = _res("resolution that half of the directions reach")
    fso_01: Optional[float] = _res("resolution that 0.1 of the directions reach")
    fso_width: Optional[float] = metric("Å", "resolution that 0.9 reach less that which 0.1 reach", "lower")
    bingham_statistic: Optional[float] = metric("", "Bingham's statistic at the shell where the FSO is nearest to 0.5", "lower")
    bingham_p: Optional[float] = metric("", "probability of as much unevenness, or more, when all directions are equally good", "none")
    bingham_fso: Optional[float] = metric("", "FSO at the shell of the test", "none")
    effective_directions: Optional[float] = metric("", "number of independent directions that the Bingham test counts", "none")
    area_ratio: Optional[float] = metric("", "smallest over largest area under the directional FSC curves", "higher")
    sphericity: Optional[float] = metric("", "sphericity of the surface of constant FSC in reciprocal space; 1 is a ball", "higher")
    reach_nyquist: Optional[float] = metric("", "part of the directions whose FSC never falls below the threshold", "none")
    u_xx: Optional[float] = _u("xx of the displacement tensor of the signal less its mean; positive falls off faster")
    u_yy: Optional[float] = _u("yy of the tensor")
    u_zz: Optional[float] = _u("zz of the tensor")
    u_xy: Optional[float] = _u("xy of the tensor")
    u_xz: Optional[float] = _u("xz of the tensor")
    u_yz: Optional[float] = _u("yz of the tensor")
    u_error: Optional[float] = metric("Å²", "standard error of a component of the tensor, mean of the six", "lower")
    u_range: Optional[float] = metric("Å²", "largest less smallest principal value of the tensor", "lower")
    fall_off_ratio: Optional[float] = metric("", "signal amplitude along the slowest axis of the tensor over the fastest, at the "
                                             "global resolution", "target:1")
    fsc_x: Optional[Curve] = _fsc("FSC in the cone around x")
    fsc_y: Optional[Curve] = _fsc("FSC in the cone around y")
    fsc_z: Optional[Curve] = _fsc("FSC in the cone around z")
    fsc_best: Optional[Curve] = _fsc("FSC in the best cone")
    fsc_worst: Optional[Curve] = _fsc("FSC in the worst cone")
    fsc_directions: Optional[Curve] = _fsc("median of all directions, with the middle 90 % of them")
    fsc_global: Optional[Curve] = _fsc("FSC over all directions")
    fso: Optional[Curve] = curve("Fourier shell occupancy: part of the directions that reach the threshold", x_label="Frequency",
                                 x_unit="1/Å", y_label="Occupancy")
    bingham: Optional[Curve] = curve("p-value of the Bingham test in each shell", x_label="Frequency", x_unit="1/Å", y_label="p-value")
    directions: Optional[Table] = table("directions (x, y, z), their resolution (Å) and the area under their FSC over that of the best")
    axes: Optional[Table] = table("principal axes (x, y, z): resolution (Å) of the fit, and displacement tensor (Å²) of the signal")
    fsc3d: Optional[Map] = map_output("", "3DFSC: FSC in reciprocal space, zero frequency at voxel n // 2 of each axis, one voxel "
                                      "being 1 / (box edge)")


class DirectionalCurves(NamedTuple):
    """FSC in cones.

    ``freq`` of the shells (1/Å); ``sphere`` and ``cone``: the directions and the cone around each; ``fsc`` of every direction [n_shells,
    n_directions]; ``fsc_xyz`` around x, y, z [n_shells, 3] with their independent coefficients ``count_xyz``; ``everywhere``, the FSC of
    all directions, and its sums in ``cells``; ``at``, the frequency (1/Å) where each direction falls below the threshold.
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

    @property
    def axes(self) -> np.ndarray:
        """The directions, float64 [321, 3] (x, y, z)."""
        return self.sphere.vertices[self.sphere.half]


def compute_directional_fsc(study: Study, params: DirectionalFscParams, *, progress: Progress = silent) -> DirectionalFscResult:
    """Directional FSC of two half-maps, in a mask when there is one.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, float32 [z, y, x], and ``mask``, 0 to 1, when there is one.
    params
        Cones, thresholds, and whether to make the volume.
    progress
        Called with the fraction done and what is being done.

    Raises
    ------
    MissingInputError
        A half-map is not there.
    InputError
        The inputs do not fit together, a box of fewer than 16 voxels, or Xmipp's rules and a box that is no cube.

    References
    ----------
    Tan et al. (2017), https://doi.org/10.1038/nmeth.4347 (3DFSC, sphericity); Vilas & Tagare (2023),
    https://doi.org/10.1038/s41592-023-01874-3 (Fourier shell occupancy).
    """
    geo = study.check("half1", "half2", "mask", least=16, what="a directional FSC needs")
    if params.rules == "xmipp" and len(set(geo.shape)) > 1:
        box = " x ".join(str(n) for n in geo.shape[::-1])
        raise InputError(f"The half-maps are {box} voxels ({study.half1.path}, {study.half2.path}); the rules of Xmipp are for cubic "
                         "boxes. Choose the rules 'cryoqa'.")
    progress(0.1, "Fourier transforms")
    ft1, ft2 = _transforms(study)
    progress(0.3, "FSC in cones")
    found = correlate_cones(study, params, ft1, ft2)
    displacement = _displacement(params, found)
    warnings: List[str] = []
    if displacement is None:
        warnings.append("The half-maps agree over too few coefficients, so that no displacement tensor could be fitted.")
    values = dict(study.half_map_values(), **resolution_values(params, found), **occupancy_values(params, found),
                  **curve_values(params, found))
    values.update(shape_values(found, displacement, values["resolution_global"]))
    if params.volume:
        progress(0.6, "3DFSC")
        values["fsc3d"] = study.half1.with_data(volume(params, found, ft1, ft2))
    progress(1.0, "done")
    return DirectionalFscResult(summary=_summary(values, params), warnings=tuple(warnings), **values)


def _transforms(study: Study) -> Tuple[np.ndarray, np.ndarray]:
    """Transforms of the half-maps, in the mask when there is one."""
    if study.mask is None:
        return study.transform("half1"), study.transform("half2")
    return fourier.forward(study.half1.data * study.mask.data), fourier.forward(study.half2.data * study.mask.data)


def correlate_cones(study: Study, params: DirectionalFscParams, ft1: np.ndarray, ft2: np.ndarray) -> DirectionalCurves:
    """Correlations of the half-maps in all cones and in all of the sphere.

    Parameters
    ----------
    study, params
        The Study of the half-maps; cones, threshold and rules.
    ft1, ft2
        Transforms of the half-maps, in the mask when there is one, complex64 [nz, ny, nx // 2 + 1].

    Returns
    -------
    DirectionalCurves
        Where a cone holds fewer than two coefficients, its FSC is that of the whole shell.
    """
    geo, freq = study.geometry, study.frequencies
    sphere, cone = directions.icosphere(_BISECTIONS), Cone(params.cone, params.soft_cone)
    # x, y and z go along as three more directions, so that one pass over the coefficients does for all.
    around = directions.lookup(np.vstack([sphere.vertices[sphere.half], np.eye(3)]), params.cone)
    # Xmipp cuts the last shell at Nyquist, so that half of it is left.
    reach = min(n // 2 * s for n, s in zip(geo.shape, geo.steps)) if params.rules == "xmipp" else None
    sums = cones.cone_sums(ft1, ft2, geo, around, cone, reach)
    cells = cones.cell_sums(ft1, ft2, geo, tensor.CELLS_PER_EDGE)
    everywhere = tensor.shell_curve(cells)
    # One coefficient, the mean of the map, correlates with itself by +1 or -1 and says nothing.
    everywhere[0] = 1.0
    fsc = shells.fsc(sums)
    if params.rules == "cryoqa":
        fsc = np.where(sums.count >= _FEWEST, fsc, everywhere[:, None])
    # The sum of soft weights is smaller by the gain than the number of independent coefficients.
    count = sums.count[:, -3:] * cone.gain
    if study.mask is not None:
        count = count * crossing.independent_fraction(study.mask.data, geo)[:, None]
    crossings = shape.crossings if params.rules == "cryoqa" else shape.crossings_xmipp
    return DirectionalCurves(geo, freq, sphere, cone, fsc[:, :-3], fsc[:, -3:], count, everywhere, cells,
                             crossings(freq, fsc[:, :-3], params.threshold))


def resolution_values(params: DirectionalFscParams, found: DirectionalCurves) -> Dict[str, Any]:
    """Resolutions of the directions, and what is read from all curves together, by result field.

    Parameters
    ----------
    params, found
        The threshold; the FSC in the cones.
    """
    level = params.threshold
    out: Dict[str, Any] = {"resolution_" + n: _inverse(shape.crossings(found.freq, found.fsc_xyz[:, [i]], level)[0])
                           for i, n in enumerate("xyz")}
    known = found.at[np.isfinite(found.at)]
    if known.size:
        out.update(resolution_best=_inverse(known.max()), resolution_median=_inverse(np.median(known)),
                   resolution_worst=_inverse(known.min()))
    out["resolution_global"] = _inverse(shape.crossings(found.freq, found.everywhere[:, None], level)[0])
    out["reach_nyquist"] = float((found.fsc[shape.FIRST_SHELL:] >= level).all(axis=0).mean())
    out["area_ratio"] = shape.area_ratio(found.fsc)
    out["sphericity"] = shape.sphericity(found.sphere, shape.crossings(found.freq, found.fsc, params.sphericity_threshold))
    out["directions"] = _direction_table(found)
    return out


def shape_values(found: DirectionalCurves, displacement: Optional[tensor.Tensor], overall: Optional[float]) -> Dict[str, Any]:
    """Principal axes of the resolution and of the fall-off of the signal, by result field.

    Parameters
    ----------
    found
        The FSC in the cones.
    displacement
        Tensor of the fall-off, None when none could be fitted.
    overall
        Resolution (Å) over all directions, None when there is none.
    """
    out: Dict[str, Any] = {}
    fitted, regions = shape.smooth_axes(found.axes, found.at), None
    if fitted is not None:
        worst, middle, best = (float(1 / v) for v in fitted.values)
        regions = shape.regions(found.axes, found.at, fitted, shape.effective_directions(found.axes, found.cone))
        ratio = regions.worst / regions.best
        out.update(fitted_worst=worst, fitted_middle=middle, fitted_best=best, resolution_ratio=worst / best, regional_worst=regions.worst,
                   regional_best=regions.best, regional_ratio=ratio, regional_scatter=regions.scatter,
                   isotropic=bool(ratio <= _RATIO or regions.scatter <= _SCATTER))
    if displacement is not None:
        out.update({"u_" + n: float(v) for n, v in zip(_COMPONENTS, displacement.components)},
                   u_error=float(displacement.errors.mean()), u_range=float(np.ptp(displacement.axes.values)))
        # 2 pi^2 and not 4 pi^2: the ratio is one of amplitudes, U that of power.
        if overall:
            out["fall_off_ratio"] = float(np.exp(2 * np.pi ** 2 * out["u_range"] / overall ** 2))
    out["axes"] = _axis_table(fitted, regions, displacement)
    return out


def _inverse(freq: float) -> Optional[float]:
    return float(1 / freq) if np.isfinite(freq) and freq > 0 else None


def occupancy_values(params: DirectionalFscParams, found: DirectionalCurves) -> Dict[str, Any]:
    """Fourier shell occupancy and the Bingham test, by result field.

    Parameters
    ----------
    params, found
        Threshold, confidence and rules; the FSC in the cones.
    """
    effective = shape.effective_directions(found.axes, found.cone)
    part, lower, upper = shape.fso(found.fsc, params.threshold, effective.mean, params.confidence)
    if params.rules == "xmipp":
        for values in (part, lower, upper):
            values[:shape.FORCED_SHELLS] = 1
    out: Dict[str, Any] = dict(effective_directions=effective.spread, fso=Curve(found.freq[1:], part[1:], lower[1:], upper[1:]))
    for name, level in (("fso_09", 0.9), ("fso_05", 0.5), ("fso_01", 0.1)):
        out[name] = _inverse(crossing.find_crossings(found.freq, part, level, 1).first)
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


def _displacement(params: DirectionalFscParams, found: DirectionalCurves) -> Optional[tensor.Tensor]:
    """Tensor of the signal, from the shells before the FSC of all directions falls below the threshold."""
    seen = crossing.find_crossings(found.freq, found.everywhere, params.threshold, 1)
    return tensor.fit(found.cells, found.geo, seen.last_above + 1)


def _direction_table(found: DirectionalCurves) -> Table:
    areas = np.clip(found.fsc[1:], 0, None).sum(axis=0)
    areas = areas / max(areas.max(), 1e-30)
    rows = tuple(tuple(round(float(v), 6) + 0.0 for v in d) + (_inverse(f), float(a)) for d, f, a in zip(found.axes, found.at, areas))
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


def curve_values(params: DirectionalFscParams, found: DirectionalCurves) -> Dict[str, Curve]:
    """The FSC curves, without shell 0, by result field.

    Parameters
    ----------
    params, found
        The confidence of the bands; the FSC in the cones.
    """
    freq, out = found.freq[1:], {}
    for i, name in enumerate("xyz"):
        fsc = found.fsc_xyz[:, i]
        lower, upper = crossing.confidence_band(fsc, found.count_xyz[:, i], params.confidence)
        out["fsc_" + name] = Curve(freq, fsc[1:], lower[1:], upper[1:])
    if np.isfinite(found.at).any():
        out["fsc_best"] = Curve(freq, found.fsc[1:, int(np.nanargmax(found.at))])
        out["fsc_worst"] = Curve(freq, found.fsc[1:, int(np.nanargmin(found.at))])
    low, middle, high = np.quantile(found.fsc[1:], (0.05, 0.5, 0.95), axis=1)
    out["fsc_directions"] = Curve(freq, middle, low, high)
    out["fsc_global"] = Curve(freq, found.everywhere[1:])
    return out


def volume(params: DirectionalFscParams, found: DirectionalCurves, ft1: np.ndarray, ft2: np.ndarray) -> np.ndarray:
    """The 3DFSC: hard cones around 1281 directions, smooth in between.

    Parameters
    ----------
    params
        Angle of the cones.
    found
        The FSC over all directions, which stands in for cones with too few coefficients.
    ft1, ft2
        Transforms of the half-maps, complex64 [nz, ny, nx // 2 + 1].

    Returns
    -------
    ndarray
        float32 [z, y, x] with the zero frequency at voxel ``n // 2``.
    """
    axes = directions.half_directions(_FINE_BISECTIONS)
    cone = Cone(params.volume_cone, soft=False)
    sums = cones.cone_sums(ft1, ft2, found.geo, directions.lookup(axes, cone.angle), cone)
    fsc = np.where(sums.count >= _FEWEST, shells.fsc(sums), found.everywhere[:, None])
    fsc[0] = 1.0
    return cones.spread(fsc, found.geo, directions.lookup(axes, _SPREAD), _SPREAD)


def _summary(values: Dict[str, Any], params: DirectionalFscParams) -> str:
    """One sentence for the user."""
    if values["half_maps_identical"]:
        return "The two half-maps are copies of each other, so that their FSC says nothing about resolution or direction."
    if values.get("resolution_ratio") is None:
        return f"The half-maps agree at FSC = {params.threshold:g} in too few directions to say how the resolution depends on direction."
    # Curves that never fall all get the last shell: their resolutions agree for want of data, not by isotropy.
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
        # The worst axis must also be the one of the strongest fall-off, else the tensor explains nothing.
        if values["fall_off_ratio"] > 1.5 and along > 0.4 * values["u_range"]:
            return (f"the signal itself falls off faster there (U {along:+.2f} Å² against the mean), as by "
                    "uncorrected motion, flexibility, or few views in a regularised reconstruction")
    return "this is what particles seen mostly along that direction do: look at the distribution of orientations"
