"""What the processed half-maps tell: run on each half-map apart, a program says itself how much noise it kept and what it invents."""
from __future__ import annotations

from typing import List, NamedTuple

import numpy as np

from ...core import fourier, shells
from ...errors import MissingInputError
from ...study import Study
from .audit_shells import ShellFacts, Whitened, masked, whitening

_FLAT = 1e-12                                    # of the strongest shell


class CrossTerms(NamedTuple):
    """Of the mean of the processed half-maps: its correlation with the ``signal``, float64 [n_shells]; parts of its power, over the shells
    that are used, that are ``noise`` of the data and ``invented``, common to both and not the signal."""

    signal: np.ndarray
    noise: float
    invented: float


def given(study: Study) -> bool:
    """Whether both processed half-maps were given.

    Parameters
    ----------
    study
        The inputs.

    Returns
    -------
    bool
        False without any.

    Raises
    ------
    MissingInputError
        One of them only.
    """
    there = [study.inputs.enhanced1 is not None, study.inputs.enhanced2 is not None]
    if any(there) and not all(there):
        raise MissingInputError("Only one of the two processed half-maps was given; give both, or none.")
    return all(there)


def cross_terms(study: Study, white: Whitened, facts: ShellFacts, mask: np.ndarray, warnings: List[str]) -> CrossTerms:
    """Signal, noise and invention of a program from what it made of each half-map.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, and ``enhanced1`` and ``enhanced2``, made from one each.
    white, facts
        Of the half-maps and their shells.
    mask
        float32 [z, y, x].
    warnings
        A sentence is added when the two were exchanged.

    Returns
    -------
    CrossTerms
        Unbiased: the noise of one half-map is in no map made from the other.

    Notes
    -----
    For ``P_i = a s + b n_i + c + u_i``, with c common to both, ``a = <P1,h2> / S``, ``b = (<P1,h1> - <P1,h2>) / <n,n>``, and ``<c,c> =
    <P1,P2> - a^2 S``; each is the mean over the two half-maps. The correlation of ``P = (P1 + P2) / 2`` with the signal is ``<P1,h2> /
    sqrt(<P,P> S)``.
    """
    geo = study.geometry
    h1, h2 = (masked(study.transform(n), geo, white.of_data, mask) for n in ("half1", "half2"))
    p1, p2 = (fourier.forward(getattr(study.inputs, n).data) for n in ("enhanced1", "enhanced2"))
    profile = whitening(p1, geo)
    p1, p2 = (masked(p, geo, profile, mask) for p in (p1, p2))
    own = [shells.cross_sums(a, b, geo) for a, b in ((p1, h1), (p2, h2))]
    other = [shells.cross_sums(a, b, geo) for a, b in ((p1, h2), (p2, h1))]
    use = facts.used
    if sum(float((o.cross - t.cross)[use].sum()) for o, t in zip(own, other)) < 0:
        warnings.append("The processed half-maps were exchanged: each agrees better with the other half-map. They were put right.")
        own, other = other, own
    between = shells.running_mean(shells.cross_sums(p1, p2, geo).cross, 2)
    signal = np.maximum(shells.running_mean(shells.cross_sums(h1, h2, geo).cross, 2), 0)
    half = shells.running_mean(np.mean([own[0].power2, own[1].power2], axis=0), 2)
    each = shells.running_mean(np.mean([own[0].power1, own[1].power1], axis=0), 2)
    with_own, with_other = (shells.running_mean(np.mean([s.cross for s in pair], axis=0), 2) for pair in (own, other))
    a = np.divide(with_other, signal, out=np.zeros_like(signal), where=signal > 0)
    noise = np.maximum(half - signal, 1e-9 * half)
    b = np.divide(with_own - with_other, noise, out=np.zeros_like(signal), where=noise > 0)
    power = np.maximum((each + between) / 2, _FLAT * max(float(each.max()), 1e-300))
    correlation = np.divide(with_other, np.sqrt(power * signal), out=np.zeros_like(signal), where=signal > 0)
    weight = facts.power[use] / max(float(facts.power[use].sum()), 1e-300)
    share = np.clip(np.stack([b ** 2 * noise / 2, between - a ** 2 * signal]) / power, 0, 1)[:, use] @ weight
    return CrossTerms(np.clip(correlation, -1, 1), float(share[0]), float(share[1]))
