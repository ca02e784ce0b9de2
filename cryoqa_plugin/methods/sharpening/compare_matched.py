"""Maps with one spectrum inside a mask, and their correlation there."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Optional, Sequence, Tuple

import numpy as np

from ...core import filters, fourier, shells
from ...core.fourier import Geometry
from ...core.threads import slabs
from ...io.maps import Map
from ...study.mask import UsedMask


@dataclass(frozen=True)
class ComparedMaps:
    """The maps by label and the input that each was, and by what they are compared.

    ``halves``, their sum ``source`` and ``model`` are transforms, complex64 [nz, ny, nx // 2 + 1] (no ``halves`` and None when there are
    none); ``judging`` says that the half-maps are there and no copies. ``spectrum`` is the amplitude that each shell is given, float64
    [n_shells].
    """

    maps: Dict[str, Map]
    kinds: Dict[str, str]
    geo: Geometry
    mask: UsedMask
    halves: Tuple[np.ndarray, ...]
    source: Optional[np.ndarray]
    judging: bool
    model: Optional[np.ndarray]
    resolution: float
    spectrum: np.ndarray


def _amplitude(ft: np.ndarray, geo: Geometry) -> np.ndarray:
    """Root of the mean power of each shell, float64 [n_shells]."""
    power, _, count = shells.power_sums(ft, geo)
    return np.sqrt(power / np.maximum(count, 1))


def matched(ft: np.ndarray, compared: ComparedMaps, target: Optional[np.ndarray] = None) -> np.ndarray:
    """A transform as a map that has a given spectrum inside the mask.

    Parameters
    ----------
    ft
        Transform, complex64 [nz, ny, nx // 2 + 1]; not modified.
    compared
        The common spectrum and the mask.
    target
        Amplitude of each shell inside the mask, float64 [n_shells]; the common spectrum when not given.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    wanted = compared.spectrum if target is None else target
    gain = np.ones(compared.geo.n_shells)
    for _ in range(2):
        amplitude = amplitude_inside(fourier.inverse(filters.apply_radial(ft, compared.geo, gain), compared.geo.shape), compared)
        gain *= np.where(amplitude > 1e-6 * amplitude.max(), wanted / np.maximum(amplitude, 1e-30), 0)
    return fourier.inverse(filters.apply_radial(ft, compared.geo, gain), compared.geo.shape)


def amplitude_inside(data: np.ndarray, compared: ComparedMaps) -> np.ndarray:
    """Amplitude of a map inside the mask, by shell.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    compared
        The mask.

    Returns
    -------
    ndarray
        Root of the mean power, float64 [n_shells].
    """
    return _amplitude(fourier.forward(data * compared.mask.data), compared.geo)


def masked_correlation(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> float:
    """Correlation of two maps under the weight of a mask.

    Parameters
    ----------
    a, b
        Maps, float32 [z, y, x].
    mask
        Their weight, 0 to 1, float32 [z, y, x].

    Returns
    -------
    float
        0 where one of both does not vary.
    """
    def sums(of: Callable[[np.ndarray, np.ndarray, np.ndarray], Sequence[float]]) -> np.ndarray:
        # In float64, a slab at a time: whole copies would be the most memory that comparing takes.
        return np.sum([of(*(m[i:j].ravel().astype(np.float64) for m in (mask, a, b))) for i, j in slabs(len(mask))], axis=0)

    total, mean_a, mean_b = sums(lambda w, p, q: (w.sum(), w @ p, w @ q))
    mean_a, mean_b = mean_a / total, mean_b / total
    aa, bb, ab = sums(lambda w, p, q: (w @ (p - mean_a) ** 2, w @ (q - mean_b) ** 2, (w * (p - mean_a)) @ (q - mean_b)))
    return float(ab / np.sqrt(aa * bb)) if aa * bb > 0 else 0.0
