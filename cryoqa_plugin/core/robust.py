"""The spread of values that outliers do not widen."""
from __future__ import annotations

from typing import Optional

import numpy as np

GAUSSIAN = 1.4826                     # standard deviation over the median of the absolute deviations, of a Gaussian


def robust_sd(values: np.ndarray, middle: Optional[float] = None) -> float:
    """Standard deviation from the median absolute deviation.

    Parameters
    ----------
    values
        Any values, float [n], one at least.
    middle
        What they deviate from; their median when None.

    Returns
    -------
    float
        ``1.4826 median abs(values - middle)``, that of a Gaussian whatever a few outliers are; in the unit of the values.

    References
    ----------
    Hampel (1974), https://doi.org/10.1080/01621459.1974.10482962.
    """
    middle = float(np.median(values)) if middle is None else middle
    return GAUSSIAN * float(np.median(np.abs(values - middle)))
