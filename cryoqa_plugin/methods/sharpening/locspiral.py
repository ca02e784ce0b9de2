"""Every band of a map brought to the same amplitude everywhere, as far as it stands above the noise (LocSpiral, LocBSharpen)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import spiral
from ...core.fourier import Geometry
from ...core.jit import njit
from ...core.threads import over_slabs
from ...errors import InputError
from ...params import param
from ...progress import Progress, silent
from ...results import Table, metric, table
from ...study import Study
from .common import SharpenedResult, SharpeningInputs, finish, sharpening_inputs, solvent_around

_LOWEST, _NEAR = 25.0, 0.7                # Å, and the part of it that the resolution must not exceed
_KEPT = 15.0                              # Å, where LocBSharpen takes the amplitude of finer bands from
_CONSTANT, _OWN, _IMPOSED = 0, 1, 2       # what amplitude a band gets: the same everywhere, its own, that of another band


@dataclass(frozen=True)
class LocspiralParams:
    """Parameters of the ``locspiral`` capability."""

    rules: str = param("locspiral", "locspiral: only the phase of each band is kept, and a weight by its amplitude over the noise. "
                       "locbsharpen: coarse bands keep their amplitude, and finer ones get that of one coarse band.", label="Rules",
                       choices=("locspiral", "locbsharpen"))
    resolution: Optional[float] = param(None, "Finest resolution used; when empty where the FSC of the half-maps falls below 0.143, or "
                                        "up to the noise of the solvent of a map alone.", label="Resolution", unit="Å", min=0.5, max=50)
    lowest: Optional[float] = param(None, "Coarsest resolution used; what is coarser is left out. 25 Å when empty.", label="Begin at",
                                    unit="Å", min=5, max=500)
    keep_to: float = param(_KEPT, "Bands down to this resolution keep their amplitude, and the amplitude here is that of all finer ones.",
                           label="Keep amplitudes to", unit="Å", min=3, max=200, only_if=("rules", ("locbsharpen",)))
    noise_quantile: float = param(0.9, "The noise of a band is the amplitude that this part of the solvent stays below; a voxel below it "
                                  "does not get that band.", label="Noise quantile", min=0.01, max=0.999)
    bandwidth: float = param(4.5, "Standard deviation of the bands in Fourier voxels; 3.5 to 5 for good maps, 6 to 8 for uneven ones.",
                             label="Bandwidth", min=0.5, max=50)
    spiral: str = param("vector", "vector: the amplitude by three Riesz transforms, alike in all directions. eco: by one transform, an "
                        "approximation that depends on the axes and saves a quarter of the time.", label="Spiral phase transform",
                        choices=("vector", "eco"), expert=True)
    spacing: Optional[float] = param(None, "Distance of neighbouring bands in Fourier voxels. Two thirds of the bandwidth when empty, "
                                     "which gives nearly what 1, the published one, does.", label="Distance of the bands", min=0.5, max=50,
                                     expert=True)
    cut_negative: bool = param(False, "Set negative values to 0 at the end, as the published program does. Maps with and without it look "
                               "alike at a contour level above 0.", label="Cut negative values", expert=True)


@dataclass(frozen=True)
class LocspiralResult(SharpenedResult):
    """Result of the ``locspiral`` capability."""

    schema: ClassVar[str] = "cryoqa/locspiral/1"
    lowest_used: Optional[float] = metric("Å", "coarsest resolution used", "none")
    n_bands: Optional[int] = metric("", "bands of frequency", "none")
    fraction_above: Optional[float] = metric("", "mean part of the mask whose amplitude is above the noise, over the bands", "higher")
    fraction_above_finest: Optional[float] = metric("", "part of the mask whose amplitude is above the noise, in the finest band", "higher")
    mask_source: Optional[str] = metric("", "where the mask comes from: given, made from the map, or none (the whole box)", "none")
    n_solvent: Optional[int] = metric("", "voxels that the noise was taken from", "none")
    bands: Optional[Table] = table("Noise of each band, and how much of the mask is above it")


class BandLayout(NamedTuple):
    """Centres and width (standard deviation) of the bands in shell units, and the shell whose amplitude is imposed, if any."""

    centres: np.ndarray
    width: float
    kept: Optional[float]
    lowest: float


@njit
def _gain_kernel(m, z0, z1, noise, kind, reference, factor, gain):
    """What each voxel's wave is multiplied by: ``factor A / (m + q)`` with A = 1, m or the reference; 0 where m < q."""
    for z in range(z0, z1):
        for y in range(m.shape[1]):
            for x in range(m.shape[2]):
                value = np.float64(m[z, y, x])
                if value < noise or value == 0.0:
                    gain[z, y, x] = 0.0
                    continue
                wanted = 1.0
                if kind == 1:
                    wanted = value
                elif kind == 2:
                    wanted = np.float64(reference[z, y, x])
                gain[z, y, x] = factor * wanted / (value + noise)


@njit
def _add_kernel(wave, gain, z0, z1, total):
    """Add the wave times its gain to the total."""
    for z in range(z0, z1):
        for y in range(wave.shape[1]):
            for x in range(wave.shape[2]):
                total[z, y, x] += wave[z, y, x] * gain[z, y, x]


def compute_locspiral(study: Study, params: LocspiralParams, *, progress: Progress = silent) -> LocspiralResult:
    """A map with its local amplitudes evened out band by band.

    Parameters
    ----------
    study
        ``full_map``, or ``half1`` and ``half2``, or all three, with ``mask`` or without.
    params
        See :class:`LocspiralParams`.
    progress
        Told how far it is.

    Returns
    -------
    LocspiralResult
        The maps in standard deviations of the solvent.

    Raises
    ------
    InputError
        The inputs do not fit together, too little lies between the resolutions, or the mask leaves no solvent.

    Notes
    -----
    With wave ``c``, amplitude ``m`` and noise ``q`` of a band the map is the sum of ``(c / m) m / (m + q)`` over the bands, where
    ``m >= q``. The half-maps' waves get the gains of the map: the mean of the sharpened half-maps is the sharpened mean.

    References
    ----------
    Kaur et al. (2021), https://doi.org/10.1038/s41467-021-21509-5.
    """
    inputs = sharpening_inputs(study, params.resolution)
    layout = _layout(inputs, params)
    mask = study.used_mask
    inside = mask.inside
    inputs.warnings.extend(mask.notes())
    solvent = solvent_around(mask, study.grid)
    maps, rows = _sum_bands(inputs, inside, solvent, layout, params, progress)
    _standardise(maps, solvent, inputs)
    if params.cut_negative:
        for data in maps.values():
            np.maximum(data, 0, out=data)
    progress(0.95, "Guinier plots")
    above = float(np.mean([row[2] for row in rows]))
    values = dict(finish(inputs, maps), lowest_used=layout.lowest, n_bands=len(rows), fraction_above=above,
                  fraction_above_finest=rows[-1][2], mask_source=mask.source, n_solvent=int(np.count_nonzero(solvent)),
                  bands=Table(("Resolution Å", "Noise over median amplitude", "Part above the noise"), tuple(rows)))
    name = "LocSpiral" if params.rules == "locspiral" else "LocBSharpen"
    summary = (f"The local amplitudes were evened out by {name} in {len(rows)} bands from {layout.lowest:.3g} to "
               f"{inputs.resolution:.2f} Å; {100 * above:.0f} % of the mask is above the noise, averaged over the bands.")
    return LocspiralResult(summary=summary, warnings=tuple(inputs.warnings), **values)


def _layout(inputs: SharpeningInputs, params: LocspiralParams) -> BandLayout:
    """Where the bands are; raises :class:`InputError` where there is too little room."""
    geo, resolution = inputs.geo, inputs.resolution
    lowest = params.lowest or _LOWEST
    if resolution > _NEAR * lowest:
        if params.lowest:
            raise InputError(f"The resolution is {resolution:.4g} Å and the first band is at {lowest:.4g} Å ({inputs.mean.place}); too "
                             "little lies in between. Begin with a coarser band.")
        lowest = 2 * resolution
        inputs.warnings.append(f"With a resolution of {resolution:.4g} Å the first band is at {lowest:.4g} Å.")
    first = max(1, int(geo.length / lowest))
    last = max(first, min(int(geo.length / resolution), geo.n_shells - 1))
    # 1e-9: a whole number of bands must not become one more by rounding.
    count = max(1, int(np.ceil((last - first + 1) / (params.spacing or params.bandwidth / 1.5) - 1e-9)))
    centres = first - 0.5 + (np.arange(count) + 0.5) * (last - first + 1) / count
    kept = None
    if params.rules == "locbsharpen":
        kept = geo.length / params.keep_to
        if kept >= last:
            inputs.warnings.append(f"The resolution of {resolution:.4g} Å is coarser than {params.keep_to:.4g} Å, to which all bands keep "
                                   "their amplitude; nothing is sharpened.")
    return BandLayout(centres, params.bandwidth, kept, float(lowest))


def _sum_bands(inputs: SharpeningInputs, inside: np.ndarray, solvent: np.ndarray, layout: BandLayout, params: LocspiralParams,
               progress: Progress) -> Tuple[Dict[str, np.ndarray], List[Tuple[float, ...]]]:
    """Sum of the bands of each map by the gains of the first one; and resolution, noise over signal, part above the noise by band."""
    geo = inputs.geo
    transforms = dict(sharpened=_without_mean(inputs.mean_transform()))
    if inputs.halves:
        transforms.update({f"sharpened_{half}": _without_mean(inputs.study.transform(half)) for half in ("half1", "half2")})
    main = transforms["sharpened"]
    scratch = np.empty_like(main)
    totals = {name: np.zeros(geo.shape, dtype=np.float32) for name in transforms}
    reference = _reference(main, geo, layout, params, scratch)
    rows: List[Tuple[float, ...]] = []
    for i, centre in enumerate(float(c) for c in layout.centres):
        progress(0.05 + 0.9 * i / len(layout.centres), f"band {i + 1} of {len(layout.centres)}")
        # Half-maps get the gains of the map: gains of their own would follow their noise.
        wave, m = spiral.amplitude(main, geo, centre, layout.width, scratch, eco=params.spiral == "eco")
        noise = float(np.quantile(m[solvent], params.noise_quantile))
        there = m[inside]
        rows.append((float(geo.length / centre), noise / max(float(np.median(there)), 1e-30),
                     float(np.count_nonzero(there >= noise) / there.size)))
        kind = _CONSTANT if layout.kept is None else _OWN if centre <= layout.kept else _IMPOSED
        _gain(m, noise, kind, reference, 1 / spiral.band_norm(geo, centre, layout.width) if kind == _OWN else 1.0)
        for name, ft in transforms.items():
            if name != "sharpened":
                wave = spiral.wave(ft, geo, centre, layout.width, scratch)
            _add(wave, m, totals[name])
    return totals, rows


def _without_mean(ft: np.ndarray) -> np.ndarray:
    """A transform, complex64 [nz, ny, nx // 2 + 1], without the mean of its map; ``ft`` stays as it is."""
    out = ft.copy()
    out[0, 0, 0] = 0
    return out


def _reference(ft: np.ndarray, geo: Geometry, layout: BandLayout, params: LocspiralParams, scratch: np.ndarray) -> np.ndarray:
    """Amplitude that finer bands get, float32 [z, y, x]; one voxel where none is imposed."""
    if layout.kept is None or layout.kept >= layout.centres[-1]:
        return np.ones((1, 1, 1), dtype=np.float32)
    m = spiral.amplitude(ft, geo, layout.kept, layout.width, scratch, eco=params.spiral == "eco")[1]
    m *= np.float32(1 / spiral.band_norm(geo, layout.kept, layout.width))
    return m


def _gain(m: np.ndarray, noise: float, kind: int, reference: np.ndarray, factor: float) -> None:
    """Put the gains in the place of the amplitudes ``m``, float32 [z, y, x]."""
    over_slabs(lambda a, b: _gain_kernel(m, a, b, noise, kind, reference, factor, m), len(m))


def _add(wave: np.ndarray, gain: np.ndarray, total: np.ndarray) -> None:
    over_slabs(lambda a, b: _add_kernel(wave, gain, a, b, total), len(wave))


def _standardise(maps: Dict[str, np.ndarray], solvent: np.ndarray, inputs: SharpeningInputs) -> None:
    """Solvent of the map brought to mean 0 and standard deviation 1, and the half-maps by the same two numbers."""
    values = maps["sharpened"][solvent].astype(np.float64)
    mean, spread = float(values.mean()), float(values.std())
    if spread <= 1e-6 * float(maps["sharpened"].std(dtype=np.float64)):
        inputs.warnings.append(f"The solvent of the map is flat ({inputs.mean.place}), so that nothing counts as noise and all bands go in "
                               "at full strength; give the map as it was reconstructed.")
        mean, spread = 0.0, float(maps["sharpened"].std(dtype=np.float64)) or 1.0
    for data in maps.values():
        data -= np.float32(mean)
        data /= np.float32(spread)
