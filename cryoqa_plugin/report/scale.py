"""Scales of colour: one for every resolution of a page, so that a colour means the same wherever it stands."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np

RAMP = ((36, 60, 140), (46, 125, 184), (88, 178, 186), (196, 214, 160), (244, 200, 104), (226, 125, 62), (168, 36, 46))
FINE, COARSE = 0.8, 1.6                          # ends of the scale of resolutions, times the resolution of the map
FAR = 0.3                                        # of the resolution: motion between maps that has the last colour
BINS = 60                                        # of the histogram above a scale
_SPAN = math.log(4.0)                            # the scale of B: the amplitudes differ by this factor to either side of the median


@dataclass(frozen=True)
class Scale:
    """Values from ``low`` (the first colour) to ``high`` (the last), even in the value or, when ``log`` is set, in its logarithm.

    ``low`` may be the greater one where large values are the good ones, so that these have the first colour; not with ``log``.
    """

    low: float
    high: float
    log: bool = False

    def fraction(self, values: np.ndarray) -> np.ndarray:
        """Place of each value on the scale, float64 like ``values``: 0 at and below ``low``, 1 at and above ``high``; NaN stays NaN."""
        values = np.asarray(values, dtype=np.float64)
        if self.log:
            with np.errstate(invalid="ignore", divide="ignore"):
                part = np.log(values / self.low) / math.log(self.high / self.low)
            part = np.where(values <= 0, 0.0, part)
        else:
            part = (values - self.low) / (self.high - self.low)
        return np.clip(part, 0.0, 1.0)

    def widened(self, low: float, high: float) -> "Scale":
        """The same scale with its ends moved out to ``low`` and ``high`` where these lie beyond them; never narrower."""
        return Scale(min(self.low, low), max(self.high, high), self.log)

    def ticks(self, count: int = 5) -> List[Tuple[float, str]]:
        """Round values on the scale, about ``count`` of them, each with its text."""
        if self.log and self.high > 5 * self.low:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            found = [m * 10.0 ** p for p in powers for m in (1, 2, 5)]
            found = [v for v in found if self.low * (1 - 1e-9) <= v <= self.high * (1 + 1e-9)]
            return [(v, f"{v:g}".replace("-", "−")) for v in found]
        low, high = sorted((self.low, self.high))
        return [(v, f"{v:g}".replace("-", "−")) for v in round_values(low, high, count)]

    def counts(self, values: np.ndarray, bins: int = BINS) -> Tuple[float, ...]:
        """Histogram of the values in steps that are even on the scale; what lies beyond an end counts in its last step."""
        part = self.fraction(np.asarray(values, dtype=np.float64).ravel())
        return tuple(float(n) for n in np.histogram(part[np.isfinite(part)], bins=bins, range=(0.0, 1.0))[0])

    def recount(self, x: Sequence[float], counts: Sequence[float], bins: int = BINS) -> Tuple[float, ...]:
        """The same from a histogram: ``counts`` (n,) of values about ``x`` (n,), the middles of its steps.

        Each step is spread evenly over the part of the scale that it covers.
        """
        middles, numbers = np.asarray(x, dtype=np.float64), np.asarray(counts, dtype=np.float64)
        if middles.size < 2 or not numbers.sum() > 0:
            return ()
        between = (middles[1:] + middles[:-1]) / 2
        edges = np.concatenate([[2 * middles[0] - between[0]], between, [2 * middles[-1] - between[-1]]])
        places = self.fraction(edges)
        below = np.concatenate([[0.0], np.cumsum(numbers)])
        # Steps beyond an end have no width on the scale: the first and the last place take all that lies there.
        steps = np.linspace(0.0, 1.0, bins + 1)
        rising = np.maximum.accumulate(places + np.arange(places.size) * 1e-12)
        at = np.interp(steps, rising, below)
        at[0], at[-1] = 0.0, below[-1]
        return tuple(float(n) for n in np.maximum(np.diff(at), 0.0))


OCCUPANCY = Scale(0.0, 1.25)
CONFIDENCE = Scale(1.0, 0.9)                     # sure is blue, at a false discovery rate of 10 % and beyond red
SUPPORT = Scale(1.0, 0.0)                        # of a processed map: supported is blue, unsupported red


def ramp(fraction: np.ndarray) -> np.ndarray:
    """Colours, float64 [..., 3] in 0..255, of places on a scale, 0 (blue, fine) to 1 (red, coarse)."""
    at = np.clip(fraction, 0, 1) * (len(RAMP) - 1)
    return np.stack([np.interp(at, np.arange(len(RAMP)), channel) for channel in np.array(RAMP, dtype=float).T], axis=-1)


def resolution_scale(resolution: Optional[float], values: Optional[np.ndarray] = None) -> Scale:
    """Scale of the resolutions of a page, in Å.

    Parameters
    ----------
    resolution
        Resolution of the map in Å; None takes the median of ``values``.
    values
        Resolutions that are shown, in Å, of any shape; NaN and what is not above 0 has none.

    Returns
    -------
    Scale
        From 0.8 to 1.6 times the resolution, even in log d; wider where the 2 and 98 percentiles of the values lie beyond, never narrower:
        scatter does not look like a finding.
    """
    known = np.zeros(0) if values is None else np.asarray(values, dtype=np.float64).ravel()
    known = known[np.isfinite(known) & (known > 0)]
    if resolution is None or not resolution > 0:
        resolution = float(np.median(known)) if known.size else 3.0
    scale = Scale(FINE * resolution, COARSE * resolution, True)
    return scale.widened(*(float(v) for v in np.quantile(known, (0.02, 0.98)))) if known.size else scale


def amplitude_scale(b_values: np.ndarray, resolution: float) -> Scale:
    """Scale of local B-factors in Å²: their median, and to either side what changes the amplitude at ``resolution`` Å by a factor of 4.

    The amplitude falls as exp(-B / (4 d²)), so that the scale reaches 4 d² ln 4 to either side.
    """
    known = np.asarray(b_values, dtype=np.float64).ravel()
    middle = float(np.median(known[np.isfinite(known)]))
    reach = 4 * resolution ** 2 * _SPAN
    return Scale(middle - reach, middle + reach)


def round_values(low: float, high: float, count: int = 6) -> List[float]:
    """Round values between ``low`` and ``high``, about ``count`` of them."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [float(f"{i * step:.10g}") for i in range(first, int(math.floor(high / step + 1e-9)) + 1)]
