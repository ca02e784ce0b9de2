"""The maps of mtriage: what their values are, and the numbers of one pass over them, as they are or in a mask."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

from ...core import fourier, spectra
from ...core.fourier import Geometry
from ...io.maps import Map
from ...params import param
from ...results import Curve, Table
from ...study import Study
from ...study.resolution import THRESHOLD
from ...study.solvent import without_level
from .mtriage_model import Placed

_BINS = 20                            # of the histograms
_STANDARD_CUTS = ((0.143, "0143"), (0.5, "05"))


@dataclass(frozen=True)
class MtriageParams:
    """Parameters of the ``mtriage`` capability."""

    masking: str = param("both", "Which maps to look at: as they are, inside a mask, or both.", label="Masking",
                         choices=("both", "unmasked", "masked"))
    mask_from: str = param("automatic", "Where the mask comes from. Automatic: the mask given, else made around the model, else none. "
                           "Variance: made from the local variance of the map.", label="Mask from",
                           choices=("automatic", "given", "model", "variance"))
    resolution: Optional[float] = param(None, "Approximate resolution, for the masks made here; when empty that of the half-maps at "
                                        "FSC 0.143, or d99 without half-maps.", label="Resolution", unit="Å", min=0.5, max=200)
    radius_smooth: Optional[float] = param(None, "Distance by which the mask around the model is widened, and standard deviation of "
                                           "the Gaussian that softens a mask made here; when empty, ratio times resolution.",
                                           label="Smoothing radius", unit="Å", min=0, max=200, expert=True)
    radius_smooth_ratio: float = param(2.0, "Smoothing radius over resolution.", label="Smoothing ratio", min=0.1, max=20, expert=True)
    low_resolution: Optional[float] = param(None, "Leave out everything coarser than this; nothing when empty.",
                                            label="Low-resolution limit", unit="Å", min=1, max=1e5, expert=True)
    high_resolution: Optional[float] = param(None, "Leave out everything finer than this; nothing when empty.",
                                             label="High-resolution limit", unit="Å", min=0.1, max=1e3, expert=True)
    scattering_table: str = param("electron", "Scattering factors of the atoms.", label="Scattering factors",
                                  choices=("electron", "xray", "neutron"), expert=True)
    phenix_d99: bool = param(True, "Count coefficients for d99 as Phenix does (one plane of them by half), so that the number can be held "
                             "against published ones; exact counting gives a d99 that is 1 to 2 % larger.",
                             label="d99 as Phenix", expert=True)


@dataclass(frozen=True)
class MtriageInputs:
    """What the passes work on: ``grid`` is the map that stands for the grid and for the origin, ``model`` the atoms on it."""

    study: Study
    params: MtriageParams
    grid: Map
    model: Optional[Placed]

    @property
    def geo(self) -> Geometry:
        """Shells of the grid."""
        return fourier.geometry(self.grid.shape, self.grid.voxel_size)

    @property
    def limits(self) -> Tuple[Optional[float], Optional[float]]:
        """Largest and smallest resolution (Å) to take part, None for no limit."""
        return self.params.low_resolution, self.params.high_resolution

    def last_fall(self, freq: np.ndarray, smooth: np.ndarray, cut: float) -> float:
        """Where a map-model FSC falls below a threshold for good.

        Parameters
        ----------
        freq, smooth
            The smooth curve: frequencies (1/Å) and values, float64 [n].
        cut
            The threshold.

        Returns
        -------
        float
            In Å; NaN where it does not fall. Beyond Nyquist, where a few coefficients make noise, it is looked for only if it does not
            fall before.
        """
        return spectra.last_fall(freq, smooth, cut, 2 * max(self.grid.voxel_size))

    def transform(self, name: str, mask: Optional[np.ndarray]) -> np.ndarray:
        """Transform of a map of the Study.

        Parameters
        ----------
        name
            ``half1``, ``half2`` or ``full_map``.
        mask
            What the map is multiplied by, float32 [z, y, x]; without one the transform is shared.

        Returns
        -------
        ndarray
            complex64 [nz, ny, nx // 2 + 1].
        """
        if mask is None:
            return self.study.transform(name)
        out = without_level(self.study.given()[name].data, mask)
        out *= mask
        return fourier.forward(out)


class MtriagePass(NamedTuple):
    """Numbers and curves of one pass by name, the correlation of the fitted model, and how often the half-map FSC falls below 0.143."""

    values: Dict[str, Any]
    correlation: Optional[float]
    falls: Optional[int]

    def named(self, suffix: str) -> Dict[str, Any]:
        """The values under the names of the result.

        Parameters
        ----------
        suffix
            ``unmasked`` or ``masked``.

        Returns
        -------
        dict
            By result field.
        """
        return {f"{name}_{suffix}": value for name, value in self.values.items()}


def map_values(study: Study, grid: Map) -> Dict[str, Any]:
    """Table of the maps, histograms, and the correlation of the histograms of the half-maps.

    Parameters
    ----------
    study, grid
        The Study of the maps; the map that stands for the grid.

    Returns
    -------
    dict
        By result field.
    """
    named = {"map": study.density.data}
    if study.has_halves:
        named.update(half1=study.half1.data, half2=study.half2.data)
    rows, ranges = [], {}
    # The corner of Fourier space, which mtriage names as the end of a map, is finer than Nyquist.
    corner = 1 / np.sqrt(sum((0.5 / v) ** 2 for v in grid.voxel_size))
    for name, data in named.items():
        ranges[name] = (float(data.min()), float(data.max()))
        mean, sd = _moments(data)
        rows.append((name, *data.shape[::-1], *map(float, grid.origin), *ranges[name], mean, sd, float(corner)))
    columns = ("map", "nx", "ny", "nz", "origin_x", "origin_y", "origin_z", "min", "max", "mean", "sd", "d_min_corner")
    values: Dict[str, Any] = {"map_counts": Table(columns, tuple(rows)), "nyquist": 2 * float(max(grid.voxel_size))}
    if study.has_halves:
        # One range for both half-maps, so that their histograms have the same bins and can be correlated.
        both = (min(ranges["half1"][0], ranges["half2"][0]), max(ranges["half1"][1], ranges["half2"][1]))
        ranges.update(half1=both, half2=both)
    for name, data in named.items():
        values[f"histogram_{name}"] = _histogram(data, *ranges[name])
    if study.has_halves:
        values["histogram_correlation"] = float(np.corrcoef(values["histogram_half1"].y, values["histogram_half2"].y)[0, 1])
    return values


def _moments(data: np.ndarray) -> Tuple[float, float]:
    """Mean and standard deviation, with float64 sums over one section at a time."""
    mean = sum(float(section.sum(dtype=np.float64)) for section in data) / data.size
    square = sum(float(np.square(section - np.float64(mean)).sum()) for section in data)
    return mean, float(np.sqrt(square / data.size))


def _histogram(data: np.ndarray, low: float, high: float) -> Curve:
    if high <= low:                                          # the mean of a half-map and its negative: all voxels are in one bin
        low, high = low - 0.5, low + 0.5
    scale, total = np.float32(_BINS / (high - low)), np.zeros(_BINS, dtype=np.int64)
    for section in data:
        index = ((section - np.float32(low)) * scale).astype(np.int32)
        total += np.bincount(np.clip(index, 0, _BINS - 1).ravel(), minlength=_BINS)
    width = (high - low) / _BINS
    return Curve(low + width * (np.arange(_BINS) + 0.5), total.astype(np.float64))


def measure(inputs: MtriageInputs, mask: Optional[np.ndarray]) -> MtriagePass:
    """All numbers and curves of the maps.

    Parameters
    ----------
    inputs
        The maps, the model and the parameters.
    mask
        What the maps are multiplied by, float32 [z, y, x]; None for the maps as they are.

    Returns
    -------
    MtriagePass
        None in place of numbers that could not be read.
    """
    values: Dict[str, Any] = {}
    halves, full_ft, full = _sums(inputs, mask)
    as_phenix = inputs.params.phenix_d99
    values["d99_map"] = spectra.d99(full, 1, as_phenix)
    falls, correlation = None, None
    if halves is not None:
        values.update(d99_half1=spectra.d99(halves, 1, as_phenix), d99_half2=spectra.d99(halves, 2, as_phenix))
        smooth = spectra.smooth_curve(halves)
        values["d_fsc"], _ = spectra.crossing(*smooth, _level(inputs.study, mask is None))
        before = smooth[0] <= 0.5 / max(inputs.grid.voxel_size)      # in the last corners a few coefficients make noise
        _, falls = spectra.crossing(smooth[0][before], smooth[1][before], 0.143)
        values["d_fsc_05"], _ = spectra.crossing(*smooth, 0.5)
        values["fsc_half"] = Curve(*spectra.shell_curve(halves))
    if inputs.model is not None and full_ft is not None:
        correlation = _measure_model(inputs, inputs.model, full_ft, values)
    return MtriagePass({n: None if isinstance(v, float) and v != v else v for n, v in values.items()}, correlation, falls)


def _level(study: Study, whole: bool) -> float:
    """FSC of the half-maps that stands for 0.143: without what they share as noise, and with the noise of the molecule in the whole box."""
    known = study.independence
    share, level = known.share or 0.0, THRESHOLD
    if whole and known.volume_factor is not None:
        level = level / (level + (1 - level) * known.volume_factor)
    return share + (1 - share) * level


def _sums(inputs: MtriageInputs, mask: Optional[np.ndarray]) -> Tuple[Optional[spectra.Spectra], Optional[np.ndarray], spectra.Spectra]:
    """Sums of the half-maps, the transform of the map when a model needs it, and the sums of the map with itself."""
    halves, full_ft = None, None
    if inputs.study.has_halves:
        f1, f2 = inputs.transform("half1", mask), inputs.transform("half2", mask)
        halves = spectra.spectra(f1, f2, inputs.geo, *inputs.limits)
        if inputs.study.full_map is None:
            if inputs.model is not None:
                full_ft = f1 + f2                                    # of the mean, without another transform
                full_ft *= np.float32(0.5)
            return halves, full_ft, spectra.mean_of(halves)
        del f1, f2
    full_ft = inputs.transform("full_map", mask)
    return halves, full_ft, spectra.spectra(full_ft, full_ft, inputs.geo, *inputs.limits)


def _measure_model(inputs: MtriageInputs, model: Placed, full_ft: np.ndarray, values: Dict[str, Any]) -> Optional[float]:
    """Adds the map-model numbers to ``values``; the correlation of the best fit, None when there is none."""
    pair = spectra.spectra(full_ft, model.ft, inputs.geo, *inputs.limits)
    values["d_fsc_model_0"], _ = spectra.crossing(*spectra.fine_curve(pair), 0.0)
    smooth = spectra.smooth_curve(pair)
    for cut, name in _STANDARD_CUTS:
        values[f"d_fsc_model_{name}"] = inputs.last_fall(*smooth, cut)
    values["fsc_model"] = Curve(*spectra.shell_curve(pair))
    fit = spectra.fit_model(spectra.spectra(full_ft, model.ft_b0, inputs.geo, *inputs.limits), values["d_fsc_model_0"])
    if fit is None:
        return None
    values.update(d_model=fit.d_model, d_model_b0=fit.d_model_b0, b_iso_overall=fit.b_iso)
    return fit.correlation
