"""What ``shell_sharpen`` knows of a map before it filters it: inputs, spectra, correlations and the ideal spectrum."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple

import numpy as np

from ...core import fourier, masks, shells
from ...core.fourier import Geometry
from ...errors import InputError, MissingInputError
from ...params import param
from ...study import Study
from ..resolution import mtriage_model
from . import spectrum
from .common import SharpeningInputs, sharpening_inputs
from .spectrum import FallOff, Tidy

_SECOND = {"model": "model", "reference": "reference_map"}
_LEAST_POWER = 1e-12                             # part of the largest power of a shell; below it is the dust of float32


@dataclass(frozen=True)
class ShellSharpenParams:
    """Parameters of the ``shell_sharpen`` capability."""

    target: str = param("density", "What the map should look like. density: the molecule with atoms as blurred as is usual at this "
                        "resolution (or as in the model), without noise and without the fall-off of the imaging; b0: a molecule of point "
                        "atoms (B = 0), which is sharper, as Phenix does.", label="Target", choices=("density", "b0"))
    anisotropic: str = param("auto", "Correct a fall-off that depends on direction. auto: when it is beyond its error and matters at the "
                             "resolution.", label="Anisotropic", choices=("auto", "yes", "no"))
    resolution: Optional[float] = param(None, "Resolution to go by; from the half-maps when empty.", label="Resolution", unit="Å", min=0.1)
    spectrum: str = param("auto", "Where the ideal spectrum comes from. auto: the reference map if there is one, else the model if there "
                          "is one, else data. data: the map's own, its fall-off replaced. protein: an average of proteins. model: that of "
                          "the model. reference: that of the reference map, whatever the target.", label="Spectrum",
                          choices=("auto", "data", "protein", "model", "reference"))
    weights: str = param("auto", "Where the noise is taken from. auto: the half-maps, else the model, else nothing. halves, model: these. "
                                 "none: "
                         "amplitudes are put right and nothing is weighted down.", label="Weights",
                         choices=("auto", "halves", "model", "none"))
    noise: str = param("molecule", "Noise that the weights are against. molecule: that inside the mask, or around a contour of the map "
                       "when there is none; box: that of the whole box, as Phenix does, which smooths more.", label="Noise",
                       choices=("molecule", "box"))
    bfactor_ratio: float = param(5.9, "B-factor (Å²) of the atoms of the target density, over the square of the resolution (Å); at most "
                                 "80 Å² come of it.", label="B over squared resolution", min=0, max=50, expert=True)
    bfactor: Optional[float] = param(None, "B-factor of the atoms of the target density, in place of the rule; positive, Phenix's b_iso.",
                                     label="B-factor of the target", unit="Å²", min=0, max=2000, expert=True)
    n_bins: Optional[int] = param(None, "Shells up to the limit; one for each step of Fourier space when empty.", label="Shells", min=3,
                                  max=2000, expert=True)
    d_min_ratio: float = param(0.833, "The map is cut, softly, at this times the resolution.", label="Limit over resolution", min=0.1,
                               max=2, expert=True)
    k_sol: float = param(0.0, "Contrast of the solvent in the ideal spectrum, 0 to 0.95: amplitudes times 1 - k exp(-b s^2 / 4). Not for "
                         "the reference map.", label="Solvent k", min=0, max=0.95, expert=True)
    b_sol: float = param(200.0, "B-factor of that solvent.", label="Solvent B", unit="Å²", min=0, max=2000, expert=True)
    cc_cut: float = param(0.2, "From the first correlation below this on, the correlation is a fitted Gaussian; 0 for no fit.",
                          label="Smooth below", min=0, max=0.5, expert=True)
    last_bins: int = param(3, "The mean correlation of as many last shells is taken out as a baseline; 0 for none.",
                           label="Shells of the baseline", min=0, max=50, expert=True)
    max_cc_for_rescale: float = param(0.2, "A baseline above this is believed and left.", label="Largest baseline", min=0, max=1,
                                      expert=True)
    rmsd: Optional[float] = param(None, "Error of the model's atoms; rmsd_ratio times the resolution when empty.",
                                  label="Error of the model", unit="Å", min=0, max=20, expert=True)
    rmsd_ratio: float = param(0.25, "Error of the model's atoms over the resolution.", label="Error over resolution", min=0, max=2,
                              expert=True)
    fraction_complete: Optional[float] = param(None, "Part of the scattering that the model holds; from the best correlation when empty.",
                                               label="Part in the model", min=0.01, max=1, expert=True)
    atom_radius: float = param(3.0, "The map is masked this far around the atoms when the weights come from the model and there is no "
                                    "mask.",
                               label="Mask around atoms", unit="Å", min=0, max=50, expert=True)
    scale: str = param("power", "Scale of the map. power: the variance of the input; unit: variance 1; maximum: the largest scale factor "
                       "is 1.", label="Scale", choices=("power", "unit", "maximum"), expert=True)


class ShellInputs(NamedTuple):
    """Checked inputs: ``base`` of all sharpening; ``spectrum`` and ``weights`` as chosen; ``ft1`` and ``ft2`` transforms of the two
    half-maps, or of the map twice, shared; ``ideal`` that of the model (as the target wants it) or of the reference map, complex64
    [nz, ny, nx // 2 + 1]; ``placed`` the model."""

    study: Study
    params: ShellSharpenParams
    base: SharpeningInputs
    spectrum: str
    weights: str
    ft1: np.ndarray
    ft2: np.ndarray
    ideal: Optional[np.ndarray]
    placed: Optional[mtriage_model.Placed]

    @property
    def geo(self) -> Geometry:
        """Shells of the box."""
        return self.base.geo

    @property
    def d_min(self) -> float:
        """Limit (Å) at which the map is cut."""
        finest = self.geo.length / (self.geo.n_shells - 1)
        return max(self.base.resolution * self.params.d_min_ratio, finest)

    @property
    def own_map(self) -> bool:
        """The map to sharpen is not the mean of the half-maps."""
        return self.study.full_map is not None or not self.base.halves

    def transforms(self) -> Iterator[Tuple[str, np.ndarray]]:
        """The transforms of the maps to sharpen by the name of their output; without that of the mean of the half-maps.

        Yields
        ------
        tuple
            Name and transform, complex64 [nz, ny, nx // 2 + 1].
        """
        if self.base.halves:
            yield "sharpened_half1", self.ft1
            yield "sharpened_half2", self.ft2
        if self.own_map:
            yield "sharpened", self.base.mean_transform()


class ShellSpectra(NamedTuple):
    """Per bin, float64 [n]: radius ``at`` in shell units, outer ``edges``, ``freq`` (1/Å), coefficients ``count``, mean ``power`` of the
    map, measured correlation ``cc`` and its ``tidy`` form, part of the power that is signal in the box (``explained``) and where the
    weights look (``weight``), power of the ``signal`` and of the ``ideal`` map. ``values`` are fields of the result."""

    at: np.ndarray
    edges: np.ndarray
    freq: np.ndarray
    count: np.ndarray
    power: np.ndarray
    cc: np.ndarray
    tidy: Tidy
    explained: np.ndarray
    weight: np.ndarray
    signal: np.ndarray
    ideal: np.ndarray
    fall_off: Optional[FallOff]
    gain: Optional[float]
    values: Dict[str, Any]


def shell_inputs(study: Study, params: ShellSharpenParams) -> ShellInputs:
    """Check the inputs, choose what tells the ideal spectrum and the noise, and transform the maps.

    Parameters
    ----------
    study, params
        As of :func:`.shell_sharpen.compute_shell_sharpen`.

    Returns
    -------
    ShellInputs
        With the choices made.

    Raises
    ------
    MissingInputError
        What was chosen to tell the spectrum or the noise was not given.
    InputError
        The inputs do not fit together.
    """
    base = sharpening_inputs(study, params.resolution)
    second = params.spectrum
    if second == "auto":
        second = "reference" if study.reference_map is not None else "model" if study.model is not None else "data"
    weights = params.weights
    if weights == "auto":
        weights = "halves" if base.halves else "model" if study.model is not None else "none"
    for choice, name in ((second, "spectrum"), (weights, "weights")):
        kind = _SECOND.get(choice)
        if kind and getattr(study, kind) is None:
            raise MissingInputError(f"The {name} should come from the {choice}, and none was given with the map {_path(base)}; give the "
                                    f"{choice}, or choose other {name}.")
    if not base.halves and (weights == "halves" or (study.model is None and study.reference_map is None)):
        raise MissingInputError(f"There is only the map {_path(base)}, which does not separate signal from noise; give both half-maps, a "
                                f"model "
                                "or a reference map.")
    placed = None
    if study.model is not None:
        placed = mtriage_model.place(study.model, base.mean, "electron", base.warnings)
    ideal = None
    if second == "reference" or (second != "model" and placed is None and study.reference_map is not None):
        ideal = study.transform("reference_map")
    elif placed is not None:
        ideal = placed.ft_b0 if params.target == "b0" else placed.ft
    fts = [study.transform(name) for name in (("half1", "half2") if base.halves else ("full_map",))]
    return ShellInputs(study, params, base, second, weights, fts[0], fts[-1], ideal, placed)


def _files(inputs: ShellInputs) -> str:
    given = (inputs.study.half1, inputs.study.half2) if inputs.weights == "halves" else (inputs.base.mean, inputs.study.model)
    return ", ".join(str(item.path or "not from a file") for item in given)


def _path(base: SharpeningInputs) -> str:
    return base.mean.path or "(not from a file)"


def _bins(inputs: ShellInputs) -> Tuple[np.ndarray, np.ndarray]:
    """Outer edges and middles of the bins, in shell units: a bin for shell 0, then bins of one width up to the last shell."""
    geo = inputs.geo
    reach = geo.length / inputs.d_min
    width = 1.0 if inputs.params.n_bins is None else max(1.0, (reach - 0.5) / inputs.params.n_bins)
    edges = 0.5 + width * np.arange(int(np.floor((geo.n_shells - 1) / width + 1e-9)) + 1)
    return edges, np.r_[0.0, edges[1:] - width / 2]


def shell_spectra(inputs: ShellInputs) -> ShellSpectra:
    """Spectra and correlations of the map, and the ideal spectrum.

    Parameters
    ----------
    inputs
        The maps; ``inputs.base.warnings`` is added to.

    Returns
    -------
    ShellSpectra
        Of bins up to the last shell.

    Raises
    ------
    InputError
        What should tell the noise agrees at no resolution, or the reference map has no power where it is laid on the map.
    """
    p, geo = inputs.params, inputs.geo
    edges, at = _bins(inputs)
    freq = at / geo.length
    sums = shells.binned_cross_sums(inputs.ft1, inputs.ft2, geo, edges)
    count = np.maximum(sums.count, 1e-9)
    power = (sums.power1 + sums.power2 + 2 * sums.cross) / 4 / count
    if inputs.base.halves and inputs.own_map:
        power = spectrum.mean_power(inputs.base.mean_transform(), geo, edges)
    cc, smooth, explained, weight, gain, values = _correlations(inputs, edges, freq, sums)
    if not weight.max() > 0:
        raise InputError(f"There is no resolution at which {'half-maps' if inputs.weights == 'halves' else 'map and model'} agree "
                         f"({_files(inputs)}); check that they belong together and stand on each other.")
    signal = explained * power
    fall_off = spectrum.fit_fall_off(freq, signal, sums.count * explained ** 2, inputs.base.resolution, p.k_sol, p.b_sol)
    ideal = _ideal(inputs, edges, freq, signal, explained, fall_off)
    return ShellSpectra(at, edges, freq, sums.count, power, cc, smooth, explained, weight, signal, ideal, fall_off, gain, values)


def _correlations(inputs: ShellInputs, edges: np.ndarray, freq: np.ndarray, sums: shells.CrossSums) -> Tuple[Any, ...]:
    """Measured and tidied correlation, part of the power that is signal in the box and where the weights look, SNR gain, metrics."""
    p, ones = inputs.params, np.ones_like(freq)
    rules = dict(cc_cut=p.cc_cut, max_cc_for_rescale=p.max_cc_for_rescale, last_bins=p.last_bins)
    if inputs.weights == "halves":
        cc = _first_shell(shells.fsc(sums))
        smooth = spectrum.tidy(freq, cc, sums.count, **rules)
        gain = snr_gain(inputs.study) if p.noise == "molecule" else 1.0
        return cc, smooth, spectrum.part_explained(smooth.cc), spectrum.part_explained(smooth.cc, gain), gain, {}
    placed = inputs.placed
    if inputs.weights == "none" or placed is None:
        return ones, Tidy(ones, 0.0, None, None), ones, ones, None, {}
    full = inputs.base.mean_transform()
    rmsd = p.rmsd if p.rmsd is not None else p.rmsd_ratio * inputs.base.resolution
    pairs = [(full, placed.ft)]
    if p.noise == "molecule":
        pairs.append(_masked(inputs, placed))
    out = []
    for a, b in pairs:
        cc = _first_shell(shells.fsc(shells.binned_cross_sums(a, b, inputs.geo, edges)))
        smooth = spectrum.tidy(freq, cc, sums.count, **rules)
        fraction = p.fraction_complete or spectrum.estimate_fraction(smooth.cc, freq, rmsd, inputs.base.resolution)
        out.append((cc, smooth, spectrum.correlation_with_truth(smooth.cc, freq, rmsd, fraction) ** 2, fraction))
    cc, smooth, weight, fraction = out[-1]
    return cc, smooth, out[0][2], weight, None, dict(model_rmsd=rmsd, model_fraction=fraction)


def _first_shell(cc: np.ndarray) -> np.ndarray:
    cc[0] = cc[1]                                                # the mean of a map says nothing
    return cc


def _masked(inputs: ShellInputs, placed: mtriage_model.Placed) -> Tuple[np.ndarray, np.ndarray]:
    """Transforms of the map and of the model, in the mask or around the atoms."""
    mean = inputs.base.mean
    if inputs.study.mask is not None:
        mask = inputs.study.mask.data
    else:
        near = mtriage_model.around(placed, mean, inputs.params.atom_radius)
        mask = masks.soft_edge(near, inputs.base.resolution, mean.voxel_size)
    model = fourier.inverse(placed.ft, inputs.geo.shape)
    return fourier.forward(mean.data * mask), fourier.forward(model * mask)


def snr_gain(study: Study) -> float:
    """Signal-to-noise ratio of two half-maps inside the mask of the Study over that of the whole box.

    Inside is weighted by the squared mask ``m^2``; the signal is the sum of ``rho1 rho2``, the noise that of ``(rho1 - rho2)^2``.

    Parameters
    ----------
    study
        The Study of the half-maps.

    Returns
    -------
    float
        At least 1.
    """
    one, two, mask = study.half1.data, study.half2.data, study.used_mask.data
    mean1, mean2 = (float(h.mean(dtype=np.float64)) for h in (one, two))
    sums = np.zeros(4)
    for a, b, m in zip(one, two, mask):
        a, b, m = (v.ravel().astype(np.float64) for v in (a, b, m))
        a, b, m = a - mean1, b - mean2, m * m
        signal, noise = a * b, (a - b) ** 2
        sums += (m @ signal, signal.sum(), m @ noise, noise.sum())
    # No signal, or no noise inside: there is no ratio, and the box stands for the molecule.
    if sums[0] <= 0 or sums[1] <= 0 or sums[2] <= 0:
        return 1.0
    return float(max(1.0, sums[0] / sums[1] * sums[3] / sums[2]))


def target_bfactor(inputs: ShellInputs) -> Optional[float]:
    """B-factor of the atoms of the target.

    Parameters
    ----------
    inputs
        The choices made.

    Returns
    -------
    float or None
        In Å²; None when a model or a reference map tells it.
    """
    p = inputs.params
    if inputs.spectrum in ("model", "reference"):
        return None
    if p.target == "b0":
        return 0.0
    return p.bfactor if p.bfactor is not None else spectrum.usual_bfactor(inputs.base.resolution, p.bfactor_ratio)


def _ideal(inputs: ShellInputs, edges: np.ndarray, freq: np.ndarray, signal: np.ndarray, explained: np.ndarray,
           fall_off: Optional[FallOff]) -> np.ndarray:
    p = inputs.params
    if inputs.spectrum in ("model", "reference"):
        power = spectrum.mean_power(inputs.ideal, inputs.geo, edges)
        reference = inputs.study.reference_map
        if inputs.spectrum == "reference" and reference is not None and not power[1] > _LEAST_POWER * power.max():
            raise InputError(f"The reference map ({reference.path or 'not from a file'}) has no power at {1 / freq[1]:.3g} Å, where the "
                             "spectra are laid on each other; give the map of a molecule.")
        if inputs.spectrum == "model":
            power = power * (1 - p.k_sol * np.exp(-p.b_sol * freq ** 2 / 4)) ** 2
        return power
    own = fall_off if inputs.spectrum == "data" else None
    if inputs.spectrum == "data" and own is None:
        inputs.base.warnings.append("Too few shells agree to fit the fall-off of the signal; the average spectrum of proteins is used.")
    return spectrum.ideal_power(freq, signal, explained, own, target_bfactor(inputs), p.k_sol, p.b_sol)
