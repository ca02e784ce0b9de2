"""Where along its sequence each residue of a chain stands: states are offsets of the sequence, and one more for "unknown"."""
from __future__ import annotations

from typing import List, NamedTuple, Tuple

import numpy as np

from .jit import njit

FARTHEST = 10                         # residues by which the sequence is moved along
OFFSETS = np.arange(-FARTHEST, FARTHEST + 1)
UNKNOWN = OFFSETS.size                # the state after the offsets
_OUTSIDE = -0.5                       # log-odds of a letter that is not there, or not known
_SWITCH, _TO_UNKNOWN, _STAYS_UNKNOWN = 1 / 50, 1 / 2000, 0.85
_TAIL = 0.05                          # of the posterior of an end, on either side of its interval
_MANY = 4e7                           # log-odds that are summed at once


class Trace(NamedTuple):
    """A chain of n residues in 22 states.

    ``path`` int64 [n] is the likeliest run of states, ``posterior`` float64 [n, 22] the probability of each. ``forward`` and ``backward``
    float64 [n, 22] sum to 1 for each residue, ``ahead`` and ``behind`` float64 [n] are the logarithms of what they were divided by.
    """

    path: np.ndarray
    posterior: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    ahead: np.ndarray
    behind: np.ndarray


class Segment(NamedTuple):
    """Residues ``start`` to ``stop`` (without it) that fit better ``shift`` residues along.

    ``gain`` is their sum of log-odds there less that of the model, ``z`` that sum against permuted sequences in standard deviations;
    ``first`` and ``last`` are the lowest and highest place of either end with 90 % of the posterior between them.
    """

    start: int
    stop: int
    shift: int
    gain: float
    z: float
    first: Tuple[int, int]
    last: Tuple[int, int]


def transitions() -> Tuple[np.ndarray, np.ndarray]:
    """Probabilities of the first state and of the next one.

    Returns
    -------
    tuple of ndarray
        float64 [22] and [22, 22] (from, to). An offset goes to another one with 1/50 in all and to "unknown" with 1/2000; "unknown" stays
        with 0.85. The first residue follows one that stands where it is built.
    """
    n = UNKNOWN
    move = np.full((n + 1, n + 1), _SWITCH / (n - 1))
    move[np.arange(n), np.arange(n)] = 1 - _SWITCH - _TO_UNKNOWN
    move[:n, n] = _TO_UNKNOWN
    move[n, :n] = (1 - _STAYS_UNKNOWN) / n
    move[n, n] = _STAYS_UNKNOWN
    return move[FARTHEST].copy(), move


def letters_at(letters: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Letters at places along a sequence.

    Parameters
    ----------
    letters
        Types along the sequence, int64 [m]; -1 where the type is not known.
    at
        Places, int64 [n].

    Returns
    -------
    ndarray
        int64 [n]; -1 for places before its beginning and past its end.
    """
    inside = (at >= 0) & (at < len(letters))
    return np.where(inside, letters[np.clip(at, 0, len(letters) - 1)], -1)


def emissions(odds: np.ndarray, letters: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Log-odds of each state.

    Parameters
    ----------
    odds
        Log-odds of the types of each residue, float64 [n, n_types]; NaN where they are not known.
    letters
        Types along the sequence, int64 [m]; -1 where the type is not known.
    index
        Where in the sequence each residue is built, int64 [n].

    Returns
    -------
    ndarray
        float64 [n, 22]: of the letter at ``index + offset``; -0.5 where there is none, but 0 for a residue of unknown type where it is
        built; 0 for "unknown", and in all states of a residue without log-odds.
    """
    out = np.zeros((len(index), UNKNOWN + 1))
    known = np.isfinite(odds).all(axis=1)
    for s, k in enumerate(OFFSETS):
        kind = letters_at(letters, index + k)
        out[:, s] = np.where(kind >= 0, odds[np.arange(len(index)), np.maximum(kind, 0)], _OUTSIDE if k else 0.0)
    out[~known] = 0.0
    return out


@njit
def _trace_kernel(emission, start, move, path, back, forward, backward, ahead, behind):
    n, states = emission.shape
    best = np.empty(states)
    last = np.empty(states)
    for i in range(n):
        total = 0.0
        for s in range(states):
            if i == 0:
                into, high, come = start[s], np.log(start[s]), s
            else:
                into, high, come = 0.0, -np.inf, 0
                for r in range(states):
                    into += forward[i - 1, r] * move[r, s]
                    value = last[r] + np.log(move[r, s])
                    if value > high:
                        high, come = value, r
            best[s] = high + emission[i, s]
            back[i, s] = come
            forward[i, s] = into * np.exp(emission[i, s])
            total += forward[i, s]
        ahead[i] = np.log(total)
        for s in range(states):
            forward[i, s] /= total
            last[s] = best[s]
    at = 0
    for s in range(states):
        if last[s] > last[at]:
            at = s
    for j in range(n):
        i = n - 1 - j
        path[i] = at
        at = back[i, at]
        total = 0.0
        for s in range(states):
            value = 1.0
            if j > 0:
                value = 0.0
                for r in range(states):
                    value += move[s, r] * np.exp(emission[i + 1, r]) * backward[i + 1, r]
            backward[i, s] = value
            total += value
        behind[i] = np.log(total)
        for s in range(states):
            backward[i, s] /= total


def trace(emission: np.ndarray) -> Trace:
    """The likeliest states of a chain (Viterbi) and the probability of each (forward and backward).

    Parameters
    ----------
    emission
        Log-odds of each state, float64 [n, 22], n > 0.

    Returns
    -------
    Trace
        Of the n residues.

    References
    ----------
    Rabiner (1989), https://doi.org/10.1109/5.18626.
    """
    emission = np.ascontiguousarray(emission, dtype=np.float64)
    start, move = transitions()
    path, back = np.empty(len(emission), np.int64), np.empty(emission.shape, np.int64)
    forward, backward = np.empty(emission.shape), np.empty(emission.shape)
    ahead, behind = np.empty(len(emission)), np.empty(len(emission))
    _trace_kernel(emission, start, move, path, back, forward, backward, ahead, behind)
    posterior = forward * backward
    return Trace(path, posterior / posterior.sum(axis=1, keepdims=True), forward, backward, ahead, behind)


def against_permuted(odds: np.ndarray, frequency: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the log-odds of a residue when its letter is drawn from the sequence.

    Parameters
    ----------
    odds
        float64 [n, n_types], no NaN.
    frequency
        How often the sequence has each type, float64 [n_types]; its sum is 1.

    Returns
    -------
    tuple of ndarray
        float64 [n] each: ``sum p_a o_a`` and ``sum p_a o_a^2 - (sum p_a o_a)^2``.
    """
    mean = odds @ frequency
    return mean, np.maximum((odds ** 2) @ frequency - mean ** 2, 0.0)


def segments(found: Trace, emission: np.ndarray, odds: np.ndarray, frequency: np.ndarray) -> List[Segment]:
    """Runs of residues whose likeliest state is another offset than that of the model.

    Parameters
    ----------
    found, emission
        Of the chain.
    odds
        Log-odds of the types, float64 [n, n_types]; NaN where they are not known.
    frequency
        How often the sequence has each type, float64 [n_types]; its sum is 1.

    Returns
    -------
    list of Segment
        In the order of the chain.
    """
    edges = np.flatnonzero(np.diff(found.path)) + 1
    out: List[Segment] = []
    for start, stop in zip([0, *edges], [*edges, len(found.path)]):
        state = int(found.path[start])
        if state in (FARTHEST, UNKNOWN):
            continue
        mine = slice(int(start), int(stop))
        known = np.isfinite(odds[mine]).all(axis=1)
        total = float(emission[mine, state].sum())
        mean, variance = against_permuted(odds[mine][known], frequency)
        spread = np.sqrt(variance.sum())
        first, last = _ends(found, emission, state, mine)
        out.append(Segment(mine.start, mine.stop, int(OFFSETS[state]), total - float(emission[mine, FARTHEST].sum()),
                           float((total - mean.sum()) / spread) if spread > 0 else 0.0, first, last))
    return out


def _ends(found: Trace, emission: np.ndarray, state: int, mine: slice) -> Tuple[Tuple[int, int], Tuple[int, int]]:
    """Intervals of the first and the last residue of the run of a state around its surest residue."""
    start, move = transitions()
    middle = mine.start + int(np.argmax(found.posterior[mine, state]))
    others = np.arange(len(start)) != state
    n, log_stay = len(emission), np.log(move[state, state])
    into = np.log(np.concatenate(([start[state]], found.forward[:middle][:, others] @ move[others, state])))
    into[1:] += np.cumsum(found.ahead)[:middle]
    run = np.cumsum(emission[:middle + 1, state][::-1])[::-1] + log_stay * np.arange(middle, -1, -1)
    first = _interval(into + run)
    leave = np.zeros(n - middle)
    beyond = found.backward[middle + 1:, others] * np.exp(emission[middle + 1:][:, others]) @ move[state, others]
    leave[:-1] = np.log(beyond) + np.cumsum(found.behind[::-1])[::-1][middle + 1:]
    run = np.cumsum(emission[middle:, state]) + log_stay * np.arange(n - middle)
    last = _interval(leave + run)
    return first, (middle + last[0], middle + last[1])


def _interval(log_weight: np.ndarray) -> Tuple[int, int]:
    total = np.cumsum(np.exp(log_weight - log_weight.max()))
    total /= total[-1]
    return int(np.searchsorted(total, _TAIL)), int(min(np.searchsorted(total, 1 - _TAIL), total.size - 1))


def along(odds: np.ndarray, letters: np.ndarray, index: np.ndarray, least: int = 20) -> Tuple[int, float]:
    """Where a sequence fits a chain best, moved along it as a whole.

    Parameters
    ----------
    odds
        Log-odds of the types, float64 [n, n_types], no NaN.
    letters
        Types along the sequence, int64 [m]; -1 where the type is not known.
    index
        Places of the residues along the chain, int64 [n], rising.
    least
        Fewest residues that must lie in the sequence.

    Returns
    -------
    tuple
        What is added to ``index`` to stand in the sequence, and how far the log-odds there stand above letters drawn from the sequence, in
        standard deviations. Residues beyond its ends do not count; where fewer than ``least`` are left, it is not tried.
    """
    lowest, highest = -int(index.max()), len(letters) - 1 - int(index.min())
    places = np.arange(lowest, highest + 1)
    frequency = np.bincount(letters[letters >= 0], minlength=odds.shape[1]).astype(np.float64)
    mean, variance = against_permuted(odds, frequency / max(frequency.sum(), 1.0))
    padded = np.concatenate((letters, [-1]))
    z = np.full(places.size, -np.inf)
    step = max(1, int(_MANY / 8 / len(index)))
    for start in range(0, places.size, step):
        at = places[start:start + step, None] + index
        kind = padded[np.where((at >= 0) & (at < len(letters)), at, len(letters))]
        known = kind >= 0
        gain = np.where(known, odds[np.arange(len(index)), np.maximum(kind, 0)] - mean, 0.0).sum(axis=1)
        spread = np.sqrt(known @ variance)
        use = (known.sum(axis=1) >= least) & (spread > 0)
        z[start:start + step][use] = gain[use] / spread[use]
    best = int(np.argmax(z)) if z.size else 0
    return (int(places[best]), float(z[best])) if z.size and np.isfinite(z[best]) else (0, 0.0)
