"""What a map file holds and what was done to it."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Dict, List, Optional

import numpy as np

from ...core import shells
from ...core.filters import apply_radial, raised_cosine
from ...core.fourier import Geometry, frequencies, inverse
from ...io.inputs import require
from ...io.map_header import UNSET_VOXEL
from ...io.maps import Map
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Table, curve, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts, common_fraction, corner_ratio, cut
from ...study.mask import contour
from ...study.noise import HalfMapNoise
from .header import header_table, placement_notes, statistics_agree, words

_EDGE_CONSTANT = 0.1                                         # of the map's standard deviation, below which faces are flat
_LOWPASS = 10.0                                              # Å, for what concerns the shape of the molecule
_COARSE = 20.0                                               # Å, where half-maps of one molecule agree at any useful resolution
_PERCENT = (0.1, 1, 5, 25, 50, 75, 95, 99, 99.9)


@dataclass(frozen=True)
class MapInfoParams:
    """Parameters of :func:`compute_map_info`."""

    threshold: Optional[float] = param(None, "Density above which a voxel counts for the centre of mass and the enclosed volume. From "
                                       "the data: as for masks, on the map low-passed at 10 Å.", label="Contour")
    bins: int = param(100, "Number of bins of the histogram of densities.", label="Bins of the histogram", min=5, max=10000, expert=True)


@dataclass(frozen=True)
class MapInfoResult(HalfMapFacts):
    """Result of :func:`compute_map_info`."""

    schema: ClassVar[str] = "cryoqa/map_info/1"
    minimum: float = metric("", "smallest density", "none")
    maximum: float = metric("", "largest density", "none")
    mean: float = metric("", "mean density", "none")
    sd: float = metric("", "standard deviation of the density", "none")
    skewness: float = metric("", "skewness of the density; positive for a molecule in flat solvent", "higher")
    kurtosis: float = metric("", "excess kurtosis of the density", "none")
    voxel_size: str = metric("Å", "voxel size along x, y, z", "none")
    box: str = metric("voxels", "part of the map that is present, along x, y, z", "none")
    origin: str = metric("Å", "position of the first voxel (x, y, z)", "none")
    full_cell: bool = metric("", "whether the whole unit cell of the header is present", "none")
    wrapping: str = metric("", "whether the map goes on at the opposite face: yes, no or undecided", "none")
    edge_continuity: Optional[float] = metric("", "correlation across opposite faces over that of neighbouring planes", "none")
    edges_constant: bool = metric("", "whether the six faces are flat", "none")
    nyquist: float = metric("Å", "finest resolution along the coarsest axis: twice the voxel size", "none")
    corner_limit: float = metric("Å", "finest resolution in the corners of the transform", "none")
    filtered_at: Optional[float] = metric("Å", "resolution at which the power spectrum ends, when the map was low-passed", "none")
    filtered: bool = metric("", "whether the power spectrum ends before the voxel size demands", "none")
    constant_fraction: float = metric("", "part of the voxels that have the value of a corner", "none")
    corner_sd_ratio: float = metric("", "standard deviation in the corners of the box over that of the map", "none")
    masked: bool = metric("", "whether the map was multiplied by a mask", "none")
    voxel_size_unset: bool = metric("", "whether a header has voxels of exactly 1 Å, as programs write that do not know the size, and "
                                    "none was given", "none")
    inverted: bool = metric("", "whether the density is negative: particles dark on bright (inverted contrast)", "none")
    contour: float = metric("", "density that the next values refer to", "none")
    volume: float = metric("Å³", "volume above the contour", "none")
    centre_offset: Optional[float] = metric("", "distance of the centre of mass above the contour from the box centre, in parts of the "
                                                "box edge", "lower")
    centre: Optional[str] = metric("Å", "centre of mass above the contour, x, y, z in the frame of the model", "none")
    header_agrees: Optional[bool] = metric("", "whether minimum, maximum, mean and rms of the header are those of the data", "none")
    half_maps_consistency: Optional[float] = metric("", "mean FSC between the half-maps, coarser than 20 Å", "higher")
    half_maps_agreement: Optional[float] = metric("", "mean FSC between the map and the mean of the half-maps, coarser than 20 Å", "higher")
    histogram: Optional[Curve] = curve("Histogram of the densities", x_label="density", x_unit="", y_label="voxels")
    power_spectrum: Optional[Curve] = curve("Mean power of the Fourier coefficients in shells", x_label="spatial frequency",
                                            x_unit="1/Å", y_label="log10 of the power")
    half_maps_curve: Optional[Curve] = curve("FSC between the map and the mean of the half-maps", x_label="spatial frequency",
                                          x_unit="1/Å", y_label="FSC")
    half_maps_noise: Optional[Curve] = curve("Noise power of the half-maps by distance from the box centre", x_label="radius",
                                             x_unit="Å", y_label="noise power over its mean")
    percentiles: Optional[Table] = table("Densities below which a part of the voxels lies")
    header: Optional[Table] = table("What the header says")


def compute_map_info(study: Study, params: MapInfoParams, *, progress: Progress = silent) -> MapInfoResult:
    """Describe a map: header and true statistics, cell, origin, wrapping, edges, masking, filtering, consistency of half-maps.

    Parameters
    ----------
    study
        ``full_map``; ``half1`` and ``half2`` when there are.
    params
        See :class:`MapInfoParams`.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    MapInfoResult
        The fields on half-maps are None without them.

    Raises
    ------
    MissingInputError
        No map was given.
    InputError
        The inputs do not fit together, or a map of one value.
    """
    require(study.inputs, "full_map")
    if not study.has_halves:
        study = study.with_(half1=None, half2=None)          # one half alone says nothing
    geo = study.check("full_map", "half1", "half2", least=2, what="a description needs")
    map_ = study.full_map
    progress(0.1, "Statistics")
    values = _statistics(map_, params.bins)
    values.update(_placement(map_), voxel_size_unset=any(UNSET_VOXEL in note for note in study.notes()))
    progress(0.3, "Power spectrum")
    values.update(_spectrum(study.transform("full_map"), map_, geo))
    if study.has_halves:
        progress(0.4, "Half-maps")
        finest = max(_COARSE, 1.25 * (values["filtered_at"] or 0))
        values.update(study.half_map_values(), **_noise(study.noise), **_agreement(study, geo, finest))
    progress(0.8, "Contour")
    values.update(_density(map_, params.threshold, study.transform("full_map"), geo))
    out = MapInfoResult(warnings=tuple(_notes(map_, values)), **values)
    progress(1.0, "Done")
    return replace(out, summary=_summary(map_, out))


def _agreement(study: Study, geo: Geometry, finest: float) -> Dict[str, Any]:
    """How far half-maps agree with each other and with the map, over the shells coarser than ``finest`` (Å), at least the first four."""
    coarse = max(int(np.count_nonzero(frequencies(geo) <= 1 / finest)), 5)
    both = shells.fsc(shells.cross_sums(study.transform("full_map"), study.transform("average"), geo))
    return dict(half_maps_consistency=float(shells.fsc(study.half_sums())[1:coarse].mean()),
                half_maps_agreement=float(both[1:coarse].mean()), half_maps_curve=Curve(frequencies(geo)[1:], both[1:]))


def _noise(found: Optional[HalfMapNoise]) -> Dict[str, Any]:
    """The noise of the half-maps by radius; nothing for copies and half-maps out of place."""
    if found is None:
        return {}
    return dict(half_maps_noise=Curve(found.radial.radius, found.radial.variance))


def _notes(map_: Map, values: Dict[str, Any]) -> List[str]:
    notes = placement_notes(map_, values["full_cell"])
    if values["volume"] == 0:
        notes.append(f"No voxel lies beyond the contour {values['contour']:g}; give a threshold inside "
                     f"{values['minimum']:g} to {values['maximum']:g}.")
    return notes


def _statistics(map_: Map, bins: int) -> Dict[str, Any]:
    data = map_.data
    mean = float(data.mean(dtype=np.float64))
    moments = np.zeros(3)
    for section in data:
        d = section.ravel().astype(np.float64) - mean
        square = d * d
        moments += (square.sum(), float(square @ d), float(square @ square))
    variance, third, fourth = moments / data.size
    counts, edges = np.histogram(data, bins=bins)
    out = dict(minimum=float(data.min()), maximum=float(data.max()), mean=mean, sd=float(np.sqrt(variance)),
               skewness=third / variance ** 1.5, kurtosis=fourth / variance ** 2 - 3,
               histogram=Curve((edges[1:] + edges[:-1]) / 2, counts.astype(float)))
    levels = np.quantile(data.ravel()[::max(1, data.size // 2_000_000)], np.array(_PERCENT) / 100)
    out["percentiles"] = Table(("percent", "density", "standard deviations from the mean"),
                               tuple((p, float(v), (float(v) - mean) / out["sd"]) for p, v in zip(_PERCENT, levels)))
    if map_.header is not None:
        out["header_agrees"] = statistics_agree(map_.header, *(out[n] for n in ("minimum", "maximum", "mean", "sd")))
        out["header"] = header_table(map_.header)
    return out


def _placement(map_: Map) -> Dict[str, Any]:
    data, header = map_.data, map_.header
    full = header is None or tuple(header.sampling) == tuple(header.shape[::-1])
    faces = [data[0], data[-1], data[:, 0], data[:, -1], data[:, :, 0], data[:, :, -1]]
    constant = max(float(f.std(dtype=np.float64)) for f in faces) < _EDGE_CONSTANT * float(data.std(dtype=np.float64))
    continuity = _continuity(data)
    wrapping = "no" if not full or constant else "undecided"
    if wrapping == "undecided" and continuity is not None:
        # Opposite faces of a crystal's cell correlate like neighbouring planes, those of a single particle not at all; in between neither
        # is sure.
        wrapping = "yes" if continuity > 0.75 else "no" if continuity < 0.25 else "undecided"
    fraction, ratio = common_fraction(data), corner_ratio(data)
    return dict(voxel_size=words(map_.voxel_size), box=words(map_.shape[::-1]), origin=words(map_.origin), full_cell=full,
                edges_constant=constant, edge_continuity=continuity, wrapping=wrapping, constant_fraction=fraction,
                corner_sd_ratio=ratio, masked=cut(data).mask)


def _continuity(data: np.ndarray) -> Optional[float]:
    """Mean correlation of opposite faces over that of neighbouring planes; None when the planes do not correlate."""
    across, along = [], []
    for axis in range(3):
        first, second, last = (np.take(data, i, axis).ravel().astype(np.float64) for i in (0, 1, -1))
        if min(first.std(), second.std(), last.std()) <= 0:
            return None
        across.append(np.corrcoef(first, last)[0, 1])
        along.append(np.corrcoef(first, second)[0, 1])
    # White noise: neighbouring planes do not correlate either, and the ratio says nothing.
    return float(np.mean(across) / np.mean(along)) if np.mean(along) > 0.05 else None


def _spectrum(ft: np.ndarray, map_: Map, geo: Geometry) -> Dict[str, Any]:
    power, _, count = shells.power_sums(ft, geo)
    level = np.log10(np.maximum(power / np.maximum(count, 1) / map_.data.size, 1e-300))
    freq = frequencies(geo)
    end = spectrum_end(level)
    return dict(nyquist=2 * max(map_.voxel_size), corner_limit=2 / float(np.sqrt(sum(v ** -2 for v in map_.voxel_size))),
                filtered=end is not None, filtered_at=None if end is None else float(1 / freq[end]),
                # 16 decades: float32 rounding ends there, and emptied shells would stretch the axis.
                power_spectrum=Curve(freq[1:], np.maximum(level[1:], level[1:].max() - 16)))


def spectrum_end(level: np.ndarray) -> Optional[int]:
    """Shell at which a spectrum falls off a cliff.

    A cliff is a shell after which every shell lies two decades below the median of the five before it. Decay by a B-factor is too gradual
    for that, and a map that was not filtered ends on its noise. The first fifth of the shells (at least ten), where the shape of the
    molecule rules, is not looked at, and an end in the last twentieth is that of the box.

    Parameters
    ----------
    level
        log10 of the power of the shells, float64 [n].

    Returns
    -------
    int or None
        The last shell above the middle of the fall (in decades); None without a cliff.
    """
    best, end = 2.0, None
    for i in range(max(10, len(level) // 5), len(level) - 2):
        before, after = float(np.median(level[i - 6:i - 1])), float(level[i + 2:].max())
        if before - after >= best:
            best = before - after
            end = i - 7 + int(np.argmax(level[i - 6:] < (before + after) / 2))
    return end if end is not None and end < 0.95 * (len(level) - 1) else None


def _density(map_: Map, threshold: Optional[float], ft: np.ndarray, geo: Geometry) -> Dict[str, Any]:
    """Contrast, contour, volume and centre of a map with the transform ``ft``."""
    filtered = map_.data
    # Voxels of 4 Å and more are low-passed by themselves.
    if map_.voxel < 0.4 * _LOWPASS:
        centre = np.floor(geo.length / _LOWPASS + 0.5)       # the filter that masks are made with
        at = np.arange(0, centre + 2, 1 / 256)
        filtered = inverse(apply_radial(ft, geo, raised_cosine(at, centre - 1, centre + 1), at=at), map_.shape)
    sample = filtered.ravel()[::max(1, filtered.size // 2_000_000)]
    low, middle, high = np.quantile(sample, (0.001, 0.5, 0.999))
    # 1.5: noise alone makes both tails alike, a molecule is one of them.
    inverted = bool(middle - low > 1.5 * (high - middle))
    if threshold is None:
        sign, tail = (-1, low) if inverted else (1, high)
        level = sign * contour(sign * filtered)              # past the values where molecules fill the box: half-way up then
        threshold = level if sign * level < sign * tail else (middle + tail) / 2
    inside = (map_.data <= threshold) if inverted else (map_.data >= threshold)
    count = int(np.count_nonzero(inside))
    out = dict(inverted=inverted, contour=float(threshold), volume=count * float(np.prod(map_.voxel_size)))
    if count:
        index = [_mean_index(inside, axis) for axis in (2, 1, 0)]
        box = map_.shape[::-1]
        out["centre_offset"] = float(np.sqrt(sum(((i - n // 2) / n) ** 2 for i, n in zip(index, box))))
        out["centre"] = words(o + i * v for o, i, v in zip(map_.origin, index, map_.voxel_size))
    return out


def _mean_index(inside: np.ndarray, axis: int) -> float:
    profile = np.count_nonzero(inside, axis=tuple(a for a in range(3) if a != axis))
    return float(profile @ np.arange(profile.size) / profile.sum())


def _summary(map_: Map, out: MapInfoResult) -> str:
    state = ["masked" if out.masked else "not masked", f"low-passed at {out.filtered_at:.2f} Å" if out.filtered_at else "not low-passed"]
    if out.inverted:
        state.append("of inverted contrast")
    box = " x ".join(str(n) for n in map_.shape[::-1])
    words = f"A map of {box} voxels of {map_.voxel:.4g} Å (finest resolution {out.nyquist:.2f} Å), {', '.join(state)}"
    if out.half_maps_identical:
        return words + "; one half-map is a copy of the other, so that they show nothing about the map."
    if out.half_maps_masked:
        return words + "; its half-maps are masked, so that their FSC is too good."
    return words + "."
