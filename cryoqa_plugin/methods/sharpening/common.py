"""What all sharpening shares: the maps that go in, the resolution, and the values that every result gives."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from ...core import fourier, guinier, shells, spiral
from ...core.fourier import Geometry
from ...errors import InputError, MissingInputError
from ...io.inputs import require
from ...io.maps import Map
from ...results import Curve, curve, map_output, metric
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.mask import UsedMask

_FIT_FROM = 10.0                                 # Å, lowest resolution of the Guinier fits
_SMALLEST = 16
OUTPUTS = {"half1": "sharpened_half1", "half2": "sharpened_half2", "full_map": "sharpened"}   # kind of input -> name of its output


def _guinier_curve(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency squared", x_unit="1/Å²", y_label="ln mean amplitude")


@dataclass(frozen=True)
class SharpenedResult(HalfMapFacts):
    """What every sharpening gives."""

    resolution: Optional[float] = metric("Å", "resolution that the sharpening went by", "none")
    bfactor_before: Optional[float] = metric("Å²", "B-factor of the Guinier plot before, from 10 Å on; negative for a fall-off", "none")
    bfactor_after: Optional[float] = metric("Å²", "B-factor of the Guinier plot after, over the same range", "none")
    guinier_before: Optional[Curve] = _guinier_curve("Guinier plot before")
    guinier_after: Optional[Curve] = _guinier_curve("Guinier plot after")
    sharpened: Optional[Map] = map_output("", "the sharpened map", output="outputVolume", halves="input")
    sharpened_half1: Optional[Map] = map_output("", "half-map 1 sharpened alike")
    sharpened_half2: Optional[Map] = map_output("", "half-map 2 sharpened alike")


class SharpeningInputs(NamedTuple):
    """The maps to sharpen by the name of their output, and what is known of them.

    ``maps`` holds ``sharpened`` and, when half-maps are there, ``sharpened_half1`` and ``sharpened_half2``; ``mean`` is the first, the
    full map or the mean of the half-maps. ``values`` are fields of the result that are known already; ``warnings`` is filled on the way.
    """

    mean: Map
    maps: Dict[str, Map]
    halves: bool
    geo: Geometry
    resolution: float
    values: Dict[str, Any]
    warnings: List[str]
    study: Study

    def mean_transform(self) -> np.ndarray:
        """Transform of ``mean``.

        Returns
        -------
        ndarray
            complex64 [nz, ny, nx // 2 + 1]; shared, not to be changed.
        """
        if self.mean is self.study.full_map:
            return self.study.transform("full_map")
        return self.study.transform("average") if self.halves and self.mean is self.study.average else fourier.forward(self.mean.data)


def check_maps(study: Study, *, need_halves: bool = False) -> None:
    """Look at the maps that are to be sharpened before any work.

    Parameters
    ----------
    study
        The inputs: a map, two half-maps or all three.
    need_halves
        Whether a map alone will not do.

    Raises
    ------
    MissingInputError
        There is no map to sharpen, or but one half-map.
    InputError
        The inputs do not fit together, or hold values that no map has.
    """
    if need_halves:
        require(study.inputs, "half1", "half2")
    if study.half1 is None and study.half2 is None and study.full_map is None:
        raise MissingInputError("There is no map to sharpen; give a map, or both half-maps.")
    study.check(least=_SMALLEST, what="sharpening needs")


def sharpening_inputs(study: Study, resolution: Optional[float] = None, *, need_halves: bool = False) -> SharpeningInputs:
    """Checked inputs of a sharpening; ``mask``, ``model`` and ``reference_map`` are left to the caller.

    Parameters
    ----------
    study
        The inputs: a map, two half-maps or all three.
    resolution
        Resolution (Å) to go by; that of the Study when None.
    need_halves
        Whether a map alone will not do.

    Returns
    -------
    SharpeningInputs
        The maps, and what is known of them.

    Raises
    ------
    MissingInputError
        There is no map to sharpen, or but one half-map.
    InputError
        The inputs do not fit together, or the voxels hold nothing as fine as ``resolution``.
    """
    check_maps(study, need_halves=need_halves)
    mean = study.density
    geo = fourier.geometry(mean.shape, mean.voxel_size)
    finest = geo.length / (geo.n_shells - 1)
    if resolution is None:
        resolution = study.resolution
    elif resolution < finest * (1 - 1e-3):
        raise InputError(f"The resolution is {resolution:.4g} Å but voxels of {mean.voxel:.4g} Å ({mean.place}) hold nothing finer than "
                         f"{finest:.4g} Å; give a resolution of at least that.")
    values = dict(study.half_map_values(), resolution=resolution)
    return SharpeningInputs(mean, maps_by_output(study), study.has_halves, geo, resolution, values, [], study)


def maps_by_output(study: Study) -> Dict[str, Map]:
    """The maps to sharpen by the name of their output.

    Parameters
    ----------
    study
        A map, two half-maps or all three.

    Returns
    -------
    dict of Map
        ``sharpened`` is the full map, or the mean of the half-maps.
    """
    return dict({OUTPUTS[n]: m for n, m in study.maps().items() if n in OUTPUTS}, sharpened=study.density)


def guinier_of(data: np.ndarray, geo: Geometry) -> Curve:
    """Guinier plot of a map.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    geo
        Its shells.

    Returns
    -------
    Curve
        ln of the mean amplitude over the square of the frequency (1/Å²), without shell 0.
    """
    return guinier_of_transform(fourier.forward(data), geo)


def guinier_of_transform(ft: np.ndarray, geo: Geometry) -> Curve:
    """Guinier plot of a map given by its transform.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1].
    geo
        Its shells.

    Returns
    -------
    Curve
        ln of the mean amplitude over the square of the frequency (1/Å²), without shell 0.
    """
    _, amplitude, count = shells.power_sums(ft, geo)
    n_voxels = int(np.prod(geo.shape, dtype=np.int64))
    return Curve(fourier.frequencies(geo)[1:] ** 2, guinier.log_amplitudes(amplitude, count, n_voxels)[1:])


def finish(inputs: SharpeningInputs, maps: Dict[str, np.ndarray]) -> Dict[str, Any]:
    """What every sharpening reports of its maps.

    Parameters
    ----------
    inputs
        The maps before.
    maps
        The sharpened maps, float32 [z, y, x], by the name of their output.

    Returns
    -------
    dict
        Fields of :class:`SharpenedResult` by name.
    """
    before, after = guinier_of_transform(inputs.mean_transform(), inputs.geo), guinier_of(maps["sharpened"], inputs.geo)
    out = dict(inputs.values, guinier_before=before, guinier_after=after)
    for name, plot in (("bfactor_before", before), ("bfactor_after", after)):
        fit = guinier.fit(np.sqrt(plot.x), plot.y, _FIT_FROM, inputs.resolution)
        out[name] = fit.bfactor if fit else None
    out.update({name: inputs.mean.with_data(data) for name, data in maps.items()})
    return out


def solvent_around(mask: UsedMask, grid: Map) -> np.ndarray:
    """Voxels that hold the noise of the map: outside of the mask, and within the largest sphere of the box.

    Parameters
    ----------
    mask
        The mask of the molecule.
    grid
        The map that it is of.

    Returns
    -------
    ndarray
        bool [z, y, x]. Corners beyond the sphere are empty in many maps.

    Raises
    ------
    InputError
        There are none.
    """
    solvent = ~mask.inside & spiral.inside_sphere(grid.shape)
    if solvent.any():
        return solvent
    if mask.source == "given":
        raise InputError(f"The mask fills the box ({mask.map.place}), so that there is no solvent to take the noise from; give a smaller "
                         "mask.")
    raise InputError(f"No mask was given, and the map ({grid.place}) shows no molecule with solvent around it to take the noise from; give "
                     "a mask.")
