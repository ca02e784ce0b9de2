"""Resolution by direction: directional FSC, Fourier shell occupancy, 3DFSC volume, and how fast the signal falls off along each axis."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Optional

from ...errors import InputError
from ...io.maps import Map
from ...progress import Progress, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts
from .directional_curves import DirectionalFscParams, correlate_cones, hard_cones, transforms, volume
from .directional_values import curve_values, displacement_of, occupancy_values, resolution_values, shape_values, without_resolutions
from .directional_words import no_direction, notes, summary


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
    resolution_x: Optional[float] = _res("resolution along x, from the signal and the noise within 20 degrees of it; none where there are "
                                         "no views")
    resolution_y: Optional[float] = _res("resolution along y")
    resolution_z: Optional[float] = _res("resolution along z")
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
    isotropic: Optional[bool] = metric("", "no direction is without views, the noise ratio is at most 1.3, and the fall-off ratio at most "
                                       "2.5", "none")
    empty_fraction: Optional[float] = metric("", "part of Fourier space that is empty, for want of views or because it was damped",
                                             "lower")
    noise_ratio: Optional[float] = metric("", "noise of the noisiest over that of the quietest direction, empty ones left out; 1.02 to "
                                          "1.16 when views are spread evenly", "lower")
    noise_axis: Optional[str] = metric("", "axis along which the noise differs most from the rest; none when it is even", "none")
    noise_axis_error: Optional[float] = metric("degrees", "standard error of this axis", "lower")
    cfar: Optional[float] = metric("", "conical FSC area ratio; isotropic half-maps have 0.70 to 0.94, in a mask 0.45 to 0.95", "higher")
    fso_09: Optional[float] = _res("resolution that 90 % of the directions reach")
    fso_05: Optional[float] = _res("resolution that half of the directions reach")
    fso_01: Optional[float] = _res("resolution that 10 % of the directions reach")
    fso_width: Optional[float] = metric("Å", "resolution that 90 % of the directions reach less that which 10 % reach", "lower")
    bingham_statistic: Optional[float] = metric("", "Bingham's statistic at the shell where the FSO is nearest to 0.5", "lower")
    bingham_p: Optional[float] = metric("", "probability of as much unevenness, or more, when all directions are equally good", "none")
    bingham_fso: Optional[float] = metric("", "FSO at the shell of the test", "none")
    effective_directions: Optional[float] = metric("", "number of independent directions that the Bingham test counts", "none")
    area_ratio: Optional[float] = metric("", "smallest over largest area under the directional FSC curves", "higher")
    sphericity: Optional[float] = metric("", "sphericity of the surface of constant FSC in reciprocal space; 1 is a ball", "higher")
    reach_nyquist: Optional[float] = metric("", "part of the directions resolved to Nyquist", "none")
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
    directions: Optional[Table] = table("directions (x, y, z), their resolution (Å), the area under their FSC over that of the best, and "
                                        "their noise over the median")
    axes: Optional[Table] = table("principal axes (x, y, z): resolution (Å) of the fit, displacement tensor (Å²) of the signal, and noise "
                                  "over the median")
    fsc3d: Optional[Map] = map_output("", "3DFSC: FSC in reciprocal space, zero frequency at voxel n // 2 of each axis, one voxel "
                                      "being 1 / (box edge)")


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
        raise InputError(f"The half-maps are {box} voxels ({study.half1.place}, {study.half2.place}); the rules of Xmipp are for cubic "
                         "boxes. Choose the rules 'cryoqa'.")
    progress(0.1, "Fourier transforms")
    ft1, ft2 = transforms(study, params)
    progress(0.3, "FSC in cones")
    found = correlate_cones(study, params, ft1, ft2)
    hard = hard_cones(params, found, ft1, ft2)
    values = dict(study.half_map_values(), **curve_values(params, found))
    if params.volume and hard.fine is not None:
        progress(0.6, "3DFSC")
        values["fsc3d"] = study.half1.with_data(volume(params, found, hard.fine))
    withheld = no_direction(study)
    if withheld:
        return DirectionalFscResult(summary=withheld, **values)
    displacement = displacement_of(params, found)
    values.update(resolution_values(params, found, hard), **occupancy_values(params, found), **shape_values(params, found, displacement))
    if study.independence.shared:
        values.update(without_resolutions(values))
    progress(1.0, "done")
    return DirectionalFscResult(summary=summary(study, params, found, displacement, values), warnings=notes(found, displacement), **values)
