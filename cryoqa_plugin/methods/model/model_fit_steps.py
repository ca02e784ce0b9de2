"""The steps of the ``model_fit`` capability: inputs, density of the model, correlations, Guinier plots."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

import numpy as np

from ...core import filters, fourier, guinier, masks, model_map, shells
from ...io.maps import Map
from ...io.models import Model
from ...params import param
from ...results import Curve
from ...rounding import show_value
from ...study import Study
from ..map_info.contour import ContourParams
from ..map_info.contour_level import levels_of
from ..resolution import mtriage_model as placing
from .residue_scores import check_model_and_map

_FIT_FROM = 10.0                      # Å, lowest resolution of the B-factor
_SHOWN = 1.25                         # Guinier plots reach to the resolution over this
_RADIUS = (3.0, 10.0)                 # Å, of the atoms when none is given
_VDW = {"C": 1.775, "N": 1.5, "O": 1.45, "P": 1.9}                # Å, where Phenix's radii are others than gemmi's


@dataclass(frozen=True)
class ModelFitParams:
    """Parameters of :func:`compute_model_fit`."""

    resolution: Optional[float] = param(None, "Resolution that the density of the model is cut at; when empty that of the half-maps at FSC "
                                        "0.143, or d99 of the map without half-maps. Give it: the correlations depend on it.",
                                        label="Resolution", unit="Å", min=0.5, max=200)
    contour: Optional[float] = param(None, "Contour level for the atom inclusion; when empty one is chosen from the map.",
                                     label="Contour level")
    atom_radius: Optional[float] = param(None, "Radius around the atoms of a chain or residue within which map and model are correlated; "
                                         "when empty the larger of the resolution and the radius of the image of a carbon atom, from 3 to "
                                         "10 Å, as Phenix does.", label="Atom radius", unit="Å", min=0.5, max=30, expert=True)
    scattering_table: str = param("electron", "Scattering factors of the atoms.", label="Scattering table",
                                  choices=("electron", "xray", "neutron"), expert=True)


@dataclass
class MapAndAtoms:
    """What the steps share; ``map`` is the full map or the mean of the half-maps, ``values`` fields of the result known already."""

    study: Study
    params: ModelFitParams
    model: Model
    map: Map
    geo: fourier.Geometry
    atoms: placing.Atoms
    resolution: float
    contour: float
    atom_radius: float
    values: Dict[str, Any]
    warnings: List[str]


def map_and_atoms(study: Study, params: ModelFitParams) -> MapAndAtoms:
    """Checked inputs, the atoms inside the box, and the resolution, contour and radius to use.

    Parameters
    ----------
    study
        The model, and a map or half-maps.
    params
        What was asked for.

    Returns
    -------
    MapAndAtoms
        What all steps share.
    """
    geo = check_model_and_map(study)
    warnings: List[str] = []
    map_ = study.density
    resolution, source, note = study.compared_at(params.resolution)
    if note:
        warnings.append(note)
    atoms = placing.atoms_of(study.model, map_, params.scattering_table, warnings, lambda: study.through, lambda: study.fitting_origin)
    radius = params.atom_radius or atom_radius(atoms.values["model_b_mean"], resolution)
    level = params.contour if params.contour is not None else levels_of(study, ContourParams().lowpass)[0].suggested
    values = dict(study.half_map_values(), **atoms.values, resolution=resolution, resolution_from=source, atom_radius=radius,
                  contour=level, contour_suggested=params.contour is None)
    return MapAndAtoms(study, params, study.model, map_, geo, atoms, resolution, level, radius, values, warnings)


def atom_radius(b_mean: float, resolution: float) -> float:
    """Radius around atoms that Phenix uses.

    Parameters
    ----------
    b_mean
        Mean B-factor of the atoms in Å².
    resolution
        Resolution in Å.

    Returns
    -------
    float
        In Å: the larger of the resolution and of a carbon atom's image, from 3 to 10 Å.
    """
    return float(np.clip(max(resolution, model_map.image_radius("C", b_mean, resolution)), *_RADIUS))


def model_density(fit: MapAndAtoms, values: Dict[str, Any]) -> np.ndarray:
    """Density of the model up to the resolution.

    Parameters
    ----------
    fit
        The map and the atoms.
    values
        What the amplitudes tell is added, by result field.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    ft = fit.study.model_transform(fit.params.scattering_table)
    values.update(_amplitudes(fit, ft))
    at = fit.geo.length / fit.resolution
    # 1e-6: a shell at the resolution to the last bit belongs to it.
    return fourier.inverse(filters.apply_radial(ft, fit.geo, np.ones(2), at=np.array([0, at * (1 + 1e-6)])), fit.map.shape)


def _amplitudes(fit: MapAndAtoms, model_ft: np.ndarray) -> Dict[str, Any]:
    """Guinier plots, their correlation, and the B-factor of the map less that of the model.

    With ``D(s) = sum Re(F Fc*) / sum abs(Fc)^2`` of a shell, which noise does not raise, ``ln D = c - b s^2 / 4``, weighted by
    the number of coefficients and ``r^2 / (1 - r^2)``, ``r`` being the FSC of map and model.
    """
    map_ft = fit.study.density_transform()
    sums, size = shells.cross_sums(map_ft, model_ft, fit.geo), fit.map.data.size
    ours, theirs = (guinier.log_amplitudes(*shells.power_sums(ft, fit.geo)[1:], size) for ft in (map_ft, model_ft))
    freq = fourier.frequencies(fit.geo)
    use = np.isfinite(ours) & np.isfinite(theirs) & (freq > 0) & (freq * fit.resolution <= 1 + 1e-9)
    shown = slice(1, max(2, int(np.count_nonzero(freq * fit.resolution <= _SHOWN))))
    out: Dict[str, Any] = dict(guinier_map=Curve(freq[shown] ** 2, ours[shown]))
    if np.count_nonzero(use) < 3:
        fit.warnings.append(f"Fewer than three shells reach {fit.resolution:.4g} Å, so that Guinier plots cannot be compared; give a "
                             "finer resolution.")
        return out
    if np.std(ours[use]) > 0 and np.std(theirs[use]) > 0:
        out["guinier_correlation"] = float(np.corrcoef(ours[use], theirs[use])[0, 1])
    out["guinier_model"] = Curve(freq[shown] ** 2, (theirs + np.mean((ours - theirs)[use]))[shown])
    blur = _b_excess(fit, sums, freq)
    if blur is None:
        fit.warnings.append(f"The map does not follow the model between {_fit_from(fit):.4g} Å and {fit.resolution:.4g} Å, so that "
                             "their B-factors cannot be compared.")
        return out
    out.update(b_excess=-blur.bfactor, b_excess_error=blur.bfactor_error, b_map=fit.atoms.values["model_b_mean"] - blur.bfactor)
    out["guinier_model_blurred"] = Curve(freq[shown] ** 2, (theirs + blur.intercept + blur.slope * freq ** 2)[shown])
    return out


def _fit_from(fit: MapAndAtoms) -> float:
    return max(_FIT_FROM, 1.5 * fit.resolution)


def _b_excess(fit: MapAndAtoms, sums: shells.CrossSums, freq: np.ndarray) -> Optional[guinier.GuinierFit]:
    used = (sums.cross > 0) & (sums.power2 > 0) & (sums.power1 > 0)
    scale = np.log(np.where(used, sums.cross, np.nan) / np.where(used, sums.power2, 1.0))
    # A shell of perfect agreement would have all the weight.
    r2 = np.minimum(shells.fsc(sums) ** 2, 1 - 1e-3)
    return guinier.fit(freq, scale, _fit_from(fit), fit.resolution, weights=np.maximum(sums.count * r2 / (1 - r2), 1e-12))


def correlations(fit: MapAndAtoms, density: np.ndarray) -> Dict[str, Any]:
    """The four correlations of map and model.

    Parameters
    ----------
    fit
        The map and the atoms.
    density
        Density of the model, float32 [z, y, x].

    Returns
    -------
    dict
        By result field; None where one of both does not vary.
    """
    import gemmi
    data, grid, a = fit.map.data, fit.map, fit.atoms
    # Hydrogens barely widen the surface, and most models lack them: numbers stay comparable.
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
    """One sentence.

    Parameters
    ----------
    values
        Fields of the result by name.
    """
    def number(name: str) -> str:
        return "–" if values.get(name) is None else f"{values[name]:.3f}"

    level = "suggested" if values["contour_suggested"] else "given"
    return (f"Map and model correlate by {number('cc_mask')} inside the molecule (CC_mask) at {values['resolution']:.2f} Å; "
            f"{show_value(100 * (values.get('inclusion_all') or 0.0), '%')} of the atoms lie above the {level} contour of "
            f"{values['contour']:.3g}.")
