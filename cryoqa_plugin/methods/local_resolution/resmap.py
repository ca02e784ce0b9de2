"""Local resolution by the test for a local sinusoid (ResMap)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.special import gammaincc, gammainccinv

from ...core import filters, fourier, shells, steerable
from ...core.local import along_axes, at_points, window_matrix
from ...errors import InputError
from ...io.maps import Map
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, Table, curve, metric, table
from ...study import Study
from ...study.halves import HalfMapFacts
from ...study.mask import UsedMask
from .local_noise import unevenness
from .local_resolution import LocalResolution, limits_of_halves, local_resolution_values, usable_mask
from .noise_source import copies_words, noise_source, solvent_outside

_COLUMNS = ("resolution (Å)", "signal over noise", "least that passes", "p-value that passes", "part that passes", "part left")
_FLOOR = 1e-6                         # noise over power, at the least: copies have none
_LEAST_LEVEL = 1e-6                   # amplitude of a shell over that of the strongest, at the least
_FINEST = {"cryoqa": 2.3, "resmap": 2.2}             # voxels; the filters cannot be centred on less
_COARSEST, _STEP = 10.0, 0.5                         # voxels
_GRID = 2000                          # values at which the null distribution is worked out
_UNEVEN = 5.0                         # Å, window in which the noise is looked at
_PROGRAM = np.sqrt(2.0)               # the exponent of the original program is twice that of the published window


@dataclass(frozen=True)
class ResmapParams:
    """Parameters of the ``resmap`` capability."""

    rules: str = param("cryoqa", "cryoqa: the map is whitened by its own spectrum and the statistic averaged over a window before it is "
                       "tested. resmap: whitened by the spectrum of the noise and tested voxel by voxel, with the filters of the original "
                       "program.", label="Rules", choices=("cryoqa", "resmap"))
    finest: Optional[float] = param(None, "Finest resolution tested; when empty 2.3 voxels (resmap: 2.2).", label="Finest resolution",
                                    unit="Å", min=0.2, max=100)
    coarsest: Optional[float] = param(None, "Coarsest resolution tested; when empty ten voxels.", label="Coarsest resolution", unit="Å",
                                      min=1, max=500)
    step: Optional[float] = param(None, "Step between resolutions; when empty half a voxel.", label="Step", unit="Å", min=0.05, max=50)
    significance: float = param(0.05, "False-discovery rate: part of the voxels that pass a test although there is noise alone.",
                                label="False-discovery rate", min=0.0001, max=0.5)
    least_signal: float = param(1 / 3, "Signal over noise that a voxel must have as well as being significant; 1/3 is an FSC of "
                                "half-maps of 0.143. With 0 all that is significant counts.", label="Least signal", min=0, max=20,
                                only_if=("rules", ("cryoqa",)))
    window: float = param(1.0, "Standard deviation of the Gaussian over which the statistic is averaged, times the resolution tested.",
                          label="Window", min=0.1, max=5, only_if=("rules", ("cryoqa",)), expert=True)


@dataclass(frozen=True)
class ResmapResult(LocalResolution, HalfMapFacts):
    """Result of the ``resmap`` capability; voxels of the mask that pass no test count at the coarsest resolution."""

    schema: ClassVar[str] = "cryoqa/resmap/1"
    nyquist_fraction: Optional[float] = metric("", "part of the mask that passes at the finest resolution tested", "lower")
    finest_resolution: Optional[float] = metric("Å", "finest resolution tested", "none")
    lowest_resolution: Optional[float] = metric("Å", "coarsest resolution in the range", "none")
    step: Optional[float] = metric("Å", "step between resolutions", "none")
    noise_source: Optional[str] = metric("", "where the noise is taken from", "none")
    spectra: Optional[Curve] = curve("power of the signal and noise over that of the noise alone, in the mask", x_label="Frequency",
                                     x_unit="1/Å", y_label="Power over noise")
    tests: Optional[Table] = table("The test at each resolution, over the voxels that did not pass before")


@dataclass(frozen=True)
class ResmapInputs:
    """What the tests work on.

    ``inside`` and, of a single map, ``solvent`` are bool [z, y, x]; ``levels`` float64 [n], the resolutions to test from fine to coarse, Å;
    ``power`` and ``noise`` float64 [n_shells], spectra in the mask.
    """

    study: Study
    params: ResmapParams
    used: UsedMask
    inside: np.ndarray
    solvent: Optional[np.ndarray]
    levels: np.ndarray
    step: float
    power: np.ndarray
    noise: np.ndarray

    @property
    def averaged(self) -> bool:
        """The statistic is averaged over a window before it is tested."""
        return self.params.rules == "cryoqa"


class ResmapTests(NamedTuple):
    """Resolution of the voxels of the mask, float32 [n]; how many passed none and the first test; a row for each test."""

    resolution: np.ndarray
    unresolved: int
    at_once: int
    rows: List[Tuple[float, ...]]


class MaskBox(NamedTuple):
    """The part of the box around the mask: transforms of the whitened map and noise there; ``index`` int [n, 3] of the mask's
    voxels, where the noise power is ``uneven`` times its mean, float32 [n], None where it is even."""

    geo: fourier.Geometry
    signal: np.ndarray
    noise: Optional[np.ndarray]
    inside: np.ndarray
    solvent: Optional[np.ndarray]
    index: np.ndarray
    uneven: Optional[np.ndarray]


class NullDistribution(NamedTuple):
    """Null distribution of the statistic: its mean, the tail probability of values, and the value of a tail probability."""

    mean: float
    tail: Callable[[np.ndarray], np.ndarray]
    value: Callable[[float], float]


def compute_resmap(study: Study, params: ResmapParams, *, progress: Progress = silent) -> ResmapResult:
    """Finest resolution at which a sinusoid is significant in a Gaussian window around each voxel of the mask.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, with the noise from half their difference, or ``full_map`` with that of its solvent; ``mask``, made when
        not given. All float32 [z, y, x].
    params
        Parameters of the capability.
    progress
        Called with the part that is done and what is being done.

    Returns
    -------
    ResmapResult
        Resolutions in Å.

    Raises
    ------
    InputError
        The inputs do not fit together, a single map has no solvent, or the voxels do not hold the resolutions to test.

    References
    ----------
    Likelihood-ratio test: Kucukelbir, Sigworth & Tagare (2014), https://doi.org/10.1038/nmeth.2727.
    """
    study.check("half1", "half2", "full_map", "mask", least=16, what="local resolution needs")
    levels, step = _levels(params, study.grid)
    used = usable_mask(study)
    solvent = None if study.has_halves else solvent_outside(study, used)
    inputs = ResmapInputs(study, params, used, used.inside, solvent, levels, step, *_spectra(study, used.data))
    found = _test_all(inputs, part(progress, 0.1, 0.85))
    progress(0.95, "statistics")
    values = _metrics(inputs, found)
    progress(1.0, "done")
    return ResmapResult(summary=_summary(study, used, values), warnings=tuple(_warnings(inputs, values)), **values)


def _levels(params: ResmapParams, grid: Map) -> Tuple[np.ndarray, float]:
    """Resolutions to test, float64 [n] from fine to coarse in Å, and their step."""
    voxel = float(max(grid.voxel_size))
    least = _FINEST[params.rules] * voxel
    finest, coarsest, step = params.finest or least, params.coarsest or _COARSEST * voxel, params.step or _STEP * voxel
    if finest < 0.999 * least:
        raise InputError(f"The finest resolution is {finest:g} Å, but with voxels of {voxel:g} Å nothing finer than {least:g} Å can be "
                         f"tested ({grid.place}); give at least that.")
    if coarsest <= finest:
        raise InputError(f"The coarsest resolution, {coarsest:g} Å, is not coarser than the finest, {finest:g} Å ({grid.place}); give a "
                         "larger number for the coarsest.")
    widest = 0.5 * min(n * v for n, v in zip(grid.shape, grid.voxel_size[::-1]))
    if coarsest > widest:
        raise InputError(f"The coarsest resolution is {coarsest:g} Å, more than half the shortest edge of the box, {widest:g} Å "
                         f"({grid.place}); give a smaller number.")
    return np.arange(finest, coarsest + 1e-6, step), float(step)


def _spectra(study: Study, mask: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Spectrum of the map in the mask and that of the noise, float64 [n_shells] each."""
    signal, difference = _transforms(study)
    power = _spectrum(signal, mask, study.geometry)
    noise = _spectrum(signal, 1 - mask, study.geometry) if difference is None else _spectrum(difference, mask, study.geometry)
    tiny = 1e-12 * float(max(power.max(), noise.max()))
    return np.maximum(power, tiny), np.maximum(noise, np.maximum(_FLOOR * power, tiny))


def _transforms(study: Study) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """Transforms of the map, or of the mean of the half-maps and of half their difference; complex64."""
    if not study.has_halves:
        return study.transform("full_map"), None
    one, two = study.transform("half1"), study.transform("half2")
    return (one + two) * np.float32(0.5), (one - two) * np.float32(0.5)


def _spectrum(transform: np.ndarray, weight: np.ndarray, geo: fourier.Geometry) -> np.ndarray:
    """Power in the part of the box that has a ``weight``, float64 [n_shells]; that of white noise is its variance in a voxel.

    The map is divided by its spectrum in the whole box first: without that the edge of the weight would carry power of strong shells into
    weak ones, and the answer would hang on how soft that edge is.
    """
    power, _, count = shells.power_sums(transform, geo)
    level = np.sqrt(power / np.maximum(count, 0.5))
    level = np.maximum(level, max(_LEAST_LEVEL * float(level[1:].max()), 1e-30))
    data = fourier.inverse(_divided(transform, level, geo), geo.shape)
    data -= np.float32((data * weight).sum(dtype=np.float64) / weight.sum(dtype=np.float64))
    data *= weight
    power, _, count = shells.power_sums(fourier.forward(data), geo)
    return level ** 2 * power / np.maximum(count, 0.5) / float((weight.astype(np.float64) ** 2).sum())


def _divided(transform: np.ndarray, level: np.ndarray, geo: fourier.Geometry) -> np.ndarray:
    """The transform, complex64, without its mean and divided by the ``level`` of each shell, float64 [n_shells]."""
    out = filters.apply_radial(transform, geo, 1 / level, beyond=1 / level[-1])
    out[0, 0, 0] = 0
    return out


def _test_all(inputs: ResmapInputs, progress: Progress) -> ResmapTests:
    """Test all resolutions; a voxel has the one at which it passes first, by cryoqa's rules interpolated from the one before."""
    box, levels = _mask_box(inputs), inputs.levels
    n = len(box.index)
    resolution = np.full(n, levels[-1], np.float32)
    left, before = np.arange(n), np.zeros(n, np.float32)
    rows: List[Tuple[float, ...]] = []
    at_once = 0
    for i, d in enumerate(levels):
        progress(i / levels.size, f"test at {d:.2f} Å")
        values, null = (_averaged if inputs.averaged else _single)(inputs, box, d, left)
        level, p = _passes(values, null, inputs.params.significance)
        if inputs.averaged:
            level = max(level, null.mean * (1 + inputs.params.least_signal))
        ratio = values / np.float32(max(level, 1e-30))
        hit = ratio >= 1
        resolution[left[hit]] = _between(levels[i - 1], d, before[left[hit]], ratio[hit]) if i and inputs.averaged else d
        rows.append((float(d), float(values.mean(dtype=np.float64)) / max(null.mean, 1e-30), level / max(null.mean, 1e-30), p,
                     float(hit.mean()), float(np.count_nonzero(~hit)) / n))
        at_once = at_once or (int(np.count_nonzero(hit)) if i == 0 else 0)
        before[left] = ratio
        # From fine to coarse: a voxel that passed keeps the finest resolution.
        left = left[~hit]
        if not left.size:
            break
    return ResmapTests(resolution, int(left.size), at_once, rows)


def _between(fine: float, coarse: float, before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Resolution at which the ratio to the threshold is 1, linear in frequency between two tests."""
    part = np.clip((1 - before) / np.maximum(now - before, 1e-6), 0, 1)
    return 1 / (1 / fine + part * (1 / coarse - 1 / fine))


def _mask_box(inputs: ResmapInputs) -> MaskBox:
    """Cut to the mask and a margin; the whole box for a single map, whose solvent is needed."""
    study, halves = inputs.study, inputs.study.has_halves
    places = [np.flatnonzero(inputs.inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    edges = []
    for n, place, voxel in zip(inputs.inside.shape, places, study.grid.voxel_size[::-1]):
        margin = int(np.ceil(inputs.levels[-1] / voxel)) + 2
        edges.append((max(0, place[0] - margin), min(n, place[-1] + margin + 1)) if halves else (0, n))
    cut = tuple(slice(a, b) for a, b in edges)

    def in_box(transform: np.ndarray) -> np.ndarray:
        level = np.sqrt(inputs.power if inputs.averaged else inputs.noise)
        return fourier.forward(fourier.inverse(_divided(transform, level, study.geometry), inputs.inside.shape)[cut])

    signal, noise = _transforms(study)
    signal, noise = in_box(signal), None if noise is None or not inputs.averaged else in_box(noise)
    inside = np.ascontiguousarray(inputs.inside[cut])
    return MaskBox(fourier.geometry(inside.shape, study.grid.voxel_size), signal, noise, inside, inputs.solvent,
                   np.ascontiguousarray(np.argwhere(inside)),
                   unevenness(study, inputs.used.data, _UNEVEN) if halves and inputs.averaged else None)


def _window(inputs: ResmapInputs, d: float) -> steerable.Window:
    nyquist = 0.5 / max(inputs.study.grid.voxel_size)
    return steerable.window_centred(d, nyquist) if inputs.averaged else steerable.window_for(d, _PROGRAM, nyquist)


def _single(inputs: ResmapInputs, box: MaskBox, d: float, left: np.ndarray) -> Tuple[np.ndarray, NullDistribution]:
    """Statistic of the voxels ``left`` and its null distribution, that of the noise's spectrum."""
    window = _window(inputs, d)
    values = steerable.sample(steerable.explained(box.signal, box.geo, window), box.index[left], box.geo.shape)
    volume = float(np.prod(inputs.study.grid.voxel_size))
    weights = steerable.null_weights(window, inputs.study.frequencies, np.ones_like(inputs.noise), volume)
    grid = np.linspace(0, float(weights.sum() + 60 * weights.max()), _GRID)
    tail = steerable.tail(weights, grid)
    null = NullDistribution(float(weights.sum()), lambda x: np.interp(x, grid, tail), lambda p: float(np.interp(-p, -tail, grid)))
    return values, null


def _averaged(inputs: ResmapInputs, box: MaskBox, d: float, left: np.ndarray) -> Tuple[np.ndarray, NullDistribution]:
    """Averaged statistic of the voxels ``left``, and the gamma distribution with mean and variance of that of the noise."""
    window, sigma = _window(inputs, d), inputs.params.window * d
    where = box.inside if box.solvent is None else None
    total = steerable.explained(box.signal, box.geo, window, where)
    within = MeanWithin(box.inside, total.shape, box.geo, sigma)
    values = steerable.sample(within.of(total), box.index[left], box.geo.shape)
    if box.noise is not None:
        noise = within.of(steerable.explained(box.noise, box.geo, window, where))
        # All voxels of the mask, also those that passed: the noise is that of all.
        null = steerable.sample(noise, box.index, box.geo.shape)
        if box.uneven is not None:
            values, null = values / box.uneven[left], null / box.uneven
    else:
        null = MeanWithin(box.solvent, total.shape, box.geo, sigma).of(total)[at_points(box.solvent, total.shape)]
    mean = max(float(null.mean(dtype=np.float64)), 1e-6 * float(values.mean(dtype=np.float64)), 1e-30)
    shape = mean ** 2 / max(float(null.var(dtype=np.float64)), 1e-6 * mean ** 2)
    scale = mean / shape
    return values, NullDistribution(mean, lambda x: gammaincc(shape, x / scale), lambda p: float(gammainccinv(shape, p) * scale))


class MeanWithin:
    """Means over the part of a Gaussian of ``sigma`` (Å) that lies inside a mask, bool [z, y, x], on a grid of ``shape`` over its cell."""

    def __init__(self, inside: np.ndarray, shape: Tuple[int, ...], geo: fourier.Geometry, sigma: float) -> None:
        """Average the mask once, for all that is averaged within it."""
        chosen = at_points(inside, shape).astype(np.float32)
        places = [np.flatnonzero(chosen.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
        # One point more on each side: voxels at the edge of the mask are interpolated from it.
        self._part = tuple(slice(p[0] - 1, p[-1] + 2) if p.size and p[0] > 0 and p[-1] < n - 1 else slice(0, n)
                           for p, n in zip(places, shape))
        self._chosen, self._shape = chosen[self._part], shape
        self._along = [np.ascontiguousarray(window_matrix(n, n, sigma * step / geo.length)[part, part])
                       for n, step, part in zip(shape, geo.steps, self._part)]
        self._share = np.maximum(self._smooth(self._chosen), 1e-3)

    def _smooth(self, values: np.ndarray) -> np.ndarray:
        return along_axes(values, self._along)

    def of(self, values: np.ndarray) -> np.ndarray:
        """The means of some values.

        Parameters
        ----------
        values
            float32 [mz, my, mx].

        Returns
        -------
        ndarray
            float32 [mz, my, mx]; 0 further than a point away from the box that holds the mask.
        """
        out = np.zeros(self._shape, np.float32)
        np.divide(self._smooth(values[self._part] * self._chosen), self._share, out=out[self._part])
        return out


def _passes(values: np.ndarray, null: NullDistribution, rate: float) -> Tuple[float, float]:
    """Least value that passes and its p-value: Benjamini & Yekutieli (2001), https://doi.org/10.1214/aos/1013699998."""
    ordered = np.sort(null.tail(values))
    n = ordered.size
    # The sum of 1 / k up to n: what it costs that windows overlap, and so depend on each other.
    harmonic = np.log(n) + np.euler_gamma + 0.5 / n
    passing = np.flatnonzero(ordered <= rate * np.arange(1, n + 1) / (n * harmonic))
    p = rate * (int(passing[-1]) + 1 if passing.size else 1) / (n * harmonic)
    return null.value(p), float(p)


def _metrics(inputs: ResmapInputs, found: ResmapTests) -> Dict[str, Any]:
    """Everything the result holds, by name."""
    study, n = inputs.study, found.resolution.size
    data = np.zeros(inputs.inside.shape, np.float32)
    data[inputs.inside] = found.resolution
    values = local_resolution_values(study, inputs.used, data, unresolved=found.unresolved / n, nyquist=found.at_once / n)
    values.update(
        study.half_map_values(), finest_resolution=float(inputs.levels[0]), lowest_resolution=float(inputs.levels[-1]), step=inputs.step,
        noise_source=noise_source(study), spectra=Curve(study.frequencies[1:], (inputs.power / inputs.noise)[1:]),
        tests=Table(_COLUMNS, tuple(found.rows)))
    return values


def _warnings(inputs: ResmapInputs, values: Dict[str, Any]) -> List[str]:
    notes, study = inputs.used.notes() + limits_of_halves(inputs.study, values), inputs.study
    assigned = 1 - values["unresolved_fraction"]
    if assigned < 0.5 and copies_words(study) is None:
        notes.append(f"Only {100 * assigned:.0f} % of the mask is above the noise at {inputs.levels[-1]:g} Å or finer "
                     f"({study.grid.place}); the rest is given that number. Check the mask, or test coarser resolutions.")
    return notes


def _summary(study: Study, used: UsedMask, v: Dict[str, Any]) -> str:
    copies = copies_words(study)
    if copies:
        return f"{copies} the local resolution."
    return (f"Local resolution (ResMap): median {v['median']:.2f} Å, {v['p5']:.2f}–{v['p95']:.2f} Å over 5–95 % of the voxels "
            f"{used.words} (noise from the {v['noise_source']}).")
