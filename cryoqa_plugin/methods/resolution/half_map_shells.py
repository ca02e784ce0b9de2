"""Two half-maps summed over shells, and which shells are more than noise."""
from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Tuple

import numpy as np

from ...core import crossing, fourier, pairs, shells, significance
from ...core.fourier import Geometry
from ...core.pairs import PairSums
from ...core.significance import PROCEDURES
from ...params import param
from ...progress import Progress
from ...study import Study


@dataclass(frozen=True)
class HalfMapStatisticsParams:
    """Parameters of the ``half_map_statistics`` capability."""

    rate: float = param(0.01, "Share of shells called signal that may be noise.", label="False discovery rate", min=1e-6, max=0.2)
    procedure: str = param("yekutieli", "How the rate is kept over the shells: yekutieli holds for shells that depend on each other, "
                           "hochberg is a little less strict and asks for independent shells.", label="Procedure", choices=PROCEDURES,
                           expert=True)
    asymmetric_units: Optional[int] = param(None, "Number of copies that an imposed symmetry has made (4 for D2, 60 for I); coefficients "
                                            "that it relates count once. When empty it is found from the noise of the half-maps.",
                                            label="Asymmetric units", min=1, max=10000)
    confidence: float = param(0.95, "Probability that the true value lies inside the bands.", label="Confidence", min=0.5, max=0.999,
                              expert=True)
    fit_from: float = param(10.0, "Lowest resolution of the Guinier fit.", label="Fit from", unit="Å", min=2, max=100, expert=True)
    local_map: bool = param(False, "Write a map of the correlation of the half-maps around every voxel.", label="Local correlation map")
    local_radius: Optional[float] = param(None, "Radius of the soft ball in which the local correlation is computed; 5 voxels when "
                                          "empty.", label="Radius of the ball", unit="Å", min=0.5, max=200,
                                          only_if=("local_map", ("yes",)))


class ShellTest(NamedTuple):
    """Significance of shells 1, 2, ...

    The correlation, the independent coefficients, p-values and adjusted ones, float64 [n_shells - 1] each, and the FSC that counts as
    more than noise. ``last`` is the last shell before the first that is not, None for none, and ``beyond`` the number of shells after
    it that are again.
    """

    fsc: np.ndarray
    coefficients: np.ndarray
    p: np.ndarray
    q: np.ndarray
    limit: np.ndarray
    last: Optional[int]
    beyond: int


class HalfMapShells(NamedTuple):
    """Sums of the half-maps over the shells and their significance: ``whole`` without the mask, ``inside`` in it (the same without a
    mask). ``freq`` is the frequency of the shells in 1/Å, float64 [n_shells]."""

    geo: Geometry
    freq: np.ndarray
    whole_sums: PairSums
    inside_sums: PairSums
    whole: ShellTest
    inside: ShellTest

    def resolution(self, test: ShellTest) -> Optional[float]:
        """Resolution of the last shell that is more than noise.

        Parameters
        ----------
        test
            Significance of the shells.

        Returns
        -------
        float or None
            In Å; None when no shell is.
        """
        return None if test.last is None else float(1 / self.freq[test.last])


def units_of(study: Study, params: HalfMapStatisticsParams) -> int:
    """Coefficients that hold one measurement.

    Parameters
    ----------
    study, params
        The Study of the half-maps, and what the user says.

    Returns
    -------
    int
        The asymmetric units that were given, else the order of the symmetry that the reconstruction imposed.
    """
    return params.asymmetric_units or study.half_maps.imposed_order


def sum_shells(study: Study, params: HalfMapStatisticsParams, progress: Progress) -> HalfMapShells:
    """Sums over the shells and their significance, without and with the mask.

    Parameters
    ----------
    study, params, progress
        The Study of the half-maps; rate, procedure and asymmetric units; called with the fraction done.

    Returns
    -------
    HalfMapShells
        Without a mask ``inside`` is ``whole``.
    """
    geo, freq = study.geometry, study.frequencies
    progress(0.05, "shells of the half-maps")
    whole_sums = pairs.pair_sums(study.transform("half1"), study.transform("half2"), geo)
    units = units_of(study, params)
    whole = _test(params, whole_sums, np.full(geo.n_shells, 1 / units))
    if study.mask is None:
        return HalfMapShells(geo, freq, whole_sums, whole_sums, whole, whole)
    progress(0.3, "shells in the mask")
    mask, profile = study.mask.data, pairs.whitening(whole_sums.sums)
    f1 = _masked(study, "half1", profile, mask)
    inside_sums = pairs.pair_sums(f1, _masked(study, "half2", profile, mask), geo)
    del f1
    progress(0.6, "independent coefficients in the mask")
    inside = _test(params, inside_sums, crossing.independent_fraction(mask, geo) / units)
    return HalfMapShells(geo, freq, whole_sums, inside_sums, whole, inside)


def _masked(study: Study, half: str, profile: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Transform of a whitened half-map times the mask: whitened first, so that the mask carries no strong shells into weak ones."""
    data = pairs.filtered(study.transform(half).copy(), study.geometry, profile, beyond=float(profile[-1]))
    data *= mask
    return fourier.forward(data)


def _test(params: HalfMapStatisticsParams, sums: PairSums, fraction: np.ndarray) -> ShellTest:
    fsc = shells.fsc(sums.sums)[1:]
    count = (sums.sums.count * fraction)[1:]
    probability = significance.noise_probability(fsc, count)
    q = significance.adjusted(probability, params.procedure)
    accepted = significance.largest_accepted(probability, params.rate, params.procedure)
    last, beyond = _first_run(q <= params.rate)
    return ShellTest(fsc, count, probability, q, significance.correlation_limit(accepted, count), last, beyond)


def _first_run(is_signal: np.ndarray) -> Tuple[Optional[int], int]:
    """Shell at the end of the first run of True, ``is_signal[0]`` being shell 1, and how many True follow; (None, 0) for none."""
    if not is_signal.any():
        return None, 0
    first = int(np.argmax(is_signal))
    length = int(np.argmin(is_signal[first:])) if not is_signal[first:].all() else is_signal.size - first
    return first + length, int(np.count_nonzero(is_signal[first + length:]))
