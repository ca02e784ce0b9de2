"""Resolution by direction: directional FSC, Fourier shell occupancy, 3DFSC volume, and how fast the signal falls off along each axis."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Optional

from ...io.inputs import Inputs
from ...io.maps import Map
from ...params import param
from ...results import Curve, Result, Table, curve, map_output, metric, table
from . import directional_steps as steps

Progress = Optional[Callable[[float, str], None]]


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
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC")


@dataclass(frozen=True)
class DirectionalFscResult(Result):
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
    half_maps_identical: Optional[bool] = metric("", "the half-maps are copies of each other, up to a factor", "none")
    zero_fraction: Optional[float] = metric("", "part of the voxels of a half-map that are exactly 0", "lower")
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


def compute_directional_fsc(inputs: Inputs, params: DirectionalFscParams, *, progress: Progress = None) -> DirectionalFscResult:
    """Directional FSC of ``half1`` and ``half2``, in ``mask`` when there is one.

    Tan et al. (2017), https://doi.org/10.1038/nmeth.4347 (3DFSC, sphericity); Vilas & Tagare (2023),
    https://doi.org/10.1038/s41592-023-01874-3 (Fourier shell occupancy).
    """
    say = progress or (lambda fraction, message: None)
    work = steps.prepare(inputs, params)
    say(0.1, "Fourier transforms")
    ft1, ft2 = steps.transforms(work)
    say(0.3, "FSC in cones")
    found = steps.correlate(work, ft1, ft2)
    values = steps.numbers(work, found)
    values.update(steps.drawings(work, found))
    if params.volume:
        say(0.6, "3DFSC")
        values["fsc3d"] = inputs.half1.with_data(steps.volume(work, found, ft1, ft2))
    say(1.0, "done")
    return DirectionalFscResult(summary=steps.summary(values, params), warnings=tuple(work.warnings), **values)
