"""The steps of the ``model_fit`` capability: inputs, density of the model, correlations, Guinier plots."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import numpy as np

from ...core import density as atom_density, filters, fourier, guinier, masks, model_map, shells, spectra
from ...errors import MissingInputError
from ...io.inputs import Inputs, require, require_same_grid
from ...io.maps import Map
from ...results import Curve
from ..common import check_data
from ..resolution import mtriage_model as placing
from ..resolution.map_or_halves import about_halves
from .contour import ContourParams
from .contour_steps import suggest

if TYPE_CHECKING:
    from .model_fit import ModelFitParams

_FIT_FROM = 10.0                      # Å, lowest resolution of the B-factor
_SHOWN = 1.25                         # Guinier plots reach to the resolution over this
_RADIUS = (3.0, 10.0)                 # Å, of the atoms when none is given
_VDW = {"C": 1.775, "N": 1.5, "O": 1.45, "P": 1.9}                # Å, where Phenix's radii are others than gemmi's


@dataclass
class Work:
    """What the steps share; ``map`` is the full map or the mean of the half-maps, ``values`` fields of the result known already."""

    inputs: Inputs
    params: "ModelFitParams"
    map: Map
    geo: fourier.Geometry
    atoms: placing.Atoms
    resolution: float
    contour: float
    atom_radius: float
    values: Dict[str, Any]
    warnings: List[str]


def prepare(inputs: Inputs, params: "ModelFitParams") -> Work:
    """Checked inputs, the atoms inside the box, and the resolution, contour and radius to use."""
    require(inputs, "model")
    halves = inputs.half1 is not None or inputs.half2 is not None
    if halves:
        require(inputs, "half1", "half2")
    elif inputs.full_map is None:
        raise MissingInputError("A map or two half-maps are needed and none was given; give the file of the map, or those of both "
                                "half-maps.")
    used = {n: m for n, m in inputs.maps().items() if n in ("half1", "half2", "full_map")}
    require_same_grid(used)
    for kind, map_ in used.items():
        check_data(map_, kind)
    warnings: List[str] = []
    values: Dict[str, Any] = dict(half_maps_identical=about_halves(inputs, warnings).identical) if halves else {}
    map_ = inputs.full_map
    if map_ is None:
        map_ = inputs.half1.with_data((inputs.half1.data + inputs.half2.data) * np.float32(0.5))
    geo = fourier.geometry(map_.shape, map_.voxel_size)
    resolution, source = _resolution(inputs, params.resolution, map_, geo, warnings)
    atoms = placing.atoms_of(inputs.model, map_, params.scattering_table, lambda: map_.data, warnings)
    radius = params.atom_radius or atom_radius(atoms.values["model_b_mean"], resolution)
    level = params.contour if params.contour is not None else suggest(map_.data, map_.voxel_size, ContourParams().lowpass)
    values.update(atoms.values, resolution=resolution, resolution_from=source, atom_radius=radius, contour=level,
                  contour_suggested=params.contour is None)
    return Work(inputs, params, map_, geo, atoms, resolution, level, radius, values, warnings)


def _resolution(inputs: Inputs, given: Optional[float], map_: Map, geo: fourier.Geometry, warnings: List[str]) -> Tuple[float, str]:
    """Resolution (Å), not finer than the shells reach, and where it comes from."""
    finest = geo.length / max(geo.n_shells - 1, 1)
    if given is not None:
        if given < finest * (1 - 1e-3):
            warnings.append(f"The resolution of {given:.4g} Å is finer than voxels of {map_.voxel:.4g} Å hold{placing.in_file(map_)}; "
                            f"{finest:.4g} Å is taken.")
        return max(given, finest), "given"
    if inputs.half1 is not None:
        pair = spectra.spectra(*(fourier.forward(m.data) for m in (inputs.half1, inputs.half2)), geo)
        found, source = spectra.crossing(*spectra.smooth_curve(pair), 0.143)[0], "half-maps"
    else:
        ft = fourier.forward(map_.data)
        found, source = spectra.d99(spectra.spectra(ft, ft, geo)), "d99"
    return (max(found, finest) if found == found else finest), source


def atom_radius(b_mean: float, resolution: float) -> float:
    """Radius (Å) around atoms that Phenix uses: the larger of the resolution and of a carbon atom's image, from 3 to 10 Å."""
    return float(np.clip(max(resolution, model_map.image_radius("C", b_mean, resolution)), *_RADIUS))


def model_density(work: Work, values: Dict[str, Any]) -> np.ndarray:
    """Density of the model up to the resolution, float32 [z, y, x]; what the amplitudes tell goes to ``values``."""
    a, grid = work.atoms, work.map
    ft = atom_density.model_density_ft(a.elements, a.xyz, a.b_iso, a.occupancy, grid.shape, grid.voxel_size, grid.origin,
                                       table=work.params.scattering_table)
    values.update(_amplitudes(work, ft))
    at = work.geo.length / work.resolution
    filters.apply_radial(ft, work.geo, np.ones(2), at=np.array([0, at * (1 + 1e-6)]), out=ft)
    return fourier.inverse(ft, grid.shape)


def _amplitudes(work: Work, model_ft: np.ndarray) -> Dict[str, Any]:
    """Guinier plots, their correlation, and the B-factor of the map less that of the model.

    With ``D(s) = sum Re(F Fc*) / sum abs(Fc)^2`` of a shell, which noise does not raise, ``ln D = c - b s^2 / 4``, weighted by
    the number of coefficients and ``r^2 / (1 - r^2)``, ``r`` being the FSC of map and model.
    """
    map_ft = fourier.forward(work.map.data)
    sums, size = shells.cross_sums(map_ft, model_ft, work.geo), work.map.data.size
    ours, theirs = (guinier.log_amplitudes(*shells.power_sums(ft, work.geo)[1:], size) for ft in (map_ft, model_ft))
    del map_ft
    freq = fourier.frequencies(work.geo)
    use = np.isfinite(ours) & np.isfinite(theirs) & (freq > 0) & (freq * work.resolution <= 1 + 1e-9)
    shown = slice(1, max(2, int(np.count_nonzero(freq * work.resolution <= _SHOWN))))
    out: Dict[str, Any] = dict(guinier_map=Curve(freq[shown] ** 2, ours[shown]))
    if np.count_nonzero(use) < 3:
        work.warnings.append(f"Fewer than three shells reach {work.resolution:.4g} Å, so that Guinier plots cannot be compared; give a "
                             "finer resolution.")
        return out
    if np.std(ours[use]) > 0 and np.std(theirs[use]) > 0:
        out["guinier_correlation"] = float(np.corrcoef(ours[use], theirs[use])[0, 1])
    out["guinier_model"] = Curve(freq[shown] ** 2, (theirs + np.mean((ours - theirs)[use]))[shown])
    fit = _b_excess(work, sums, freq)
    if fit is None:
        work.warnings.append(f"The map does not follow the model between {_fit_from(work):.4g} Å and {work.resolution:.4g} Å, so that "
                             "their B-factors cannot be compared.")
        return out
    out.update(b_excess=-fit.bfactor, b_excess_error=fit.bfactor_error, b_map=work.atoms.values["model_b_mean"] - fit.bfactor)
    out["guinier_model_blurred"] = Curve(freq[shown] ** 2, (theirs + fit.intercept + fit.slope * freq ** 2)[shown])
    return out


def _fit_from(work: Work) -> float:
    return max(_FIT_FROM, 1.5 * work.resolution)


def _b_excess(work: Work, sums: shells.CrossSums, freq: np.ndarray) -> Optional[guinier.GuinierFit]:
    used = (sums.cross > 0) & (sums.power2 > 0) & (sums.power1 > 0)
    scale = np.log(np.where(used, sums.cross, np.nan) / np.where(used, sums.power2, 1.0))
    r2 = np.minimum(shells.fsc(sums) ** 2, 1 - 1e-3)
    return guinier.fit(freq, scale, _fit_from(work), work.resolution, weights=np.maximum(sums.count * r2 / (1 - r2), 1e-12))


def correlations(work: Work, density: np.ndarray) -> Dict[str, Any]:
    """The four correlations by result field; ``density`` is that of the model, float32 [z, y, x]."""
    import gemmi
    data, grid, a = work.map.data, work.map, work.atoms
    heavy = np.array([not gemmi.Element(e).is_hydrogen for e in a.elements])
    heavy = heavy if heavy.any() else ~heavy
    radius = {e: _VDW.get(e, gemmi.Element(e).vdw_r) for e in set(a.elements)}
    radii = np.array([radius[e] for e in a.elements])
    inside = masks.atoms_mask(grid.shape, grid.voxel_size, grid.origin, a.xyz[heavy], radii[heavy])
    count = int(np.count_nonzero(inside))
    out = dict(cc_mask=model_map.correlation(data, density, inside))
    top = model_map.highest(density, count)
    out["cc_volume"] = model_map.correlation(data, density, top)
    top |= model_map.highest(data, count)
    out["cc_peaks"] = model_map.correlation(data, density, top)
    out["cc_box"] = model_map.correlation(data, density)
    return {name: value if value == value else None for name, value in out.items()}


def summary(values: Dict[str, Any]) -> str:
    """One sentence."""
    def number(name: str) -> str:
        return "–" if values.get(name) is None else f"{values[name]:.3f}"

    level = "suggested" if values["contour_suggested"] else "given"
    return (f"Map and model correlate by {number('cc_mask')} inside the molecule (CC_mask) at {values['resolution']:.2f} Å; the map is "
            f"above the {level} contour of {values['contour']:.3g} at {100 * (values.get('inclusion_all') or 0):.1f} % of the atoms.")
