"""Scores of sharpened maps of the simulated cases against their truth."""
from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np

from cryoqa_plugin.core import fourier, shells
from cryoqa_plugin.io.maps import read_map


class Score(NamedTuple):
    """Correlation inside the mask to the density and to that of point atoms, and the mean FSC in the mask to the latter."""

    truth: float
    b0: float
    fsc: float


def correlation(a, b, inside):
    """Correlation of two maps over the voxels ``inside``."""
    p, q = a[inside].astype(np.float64), b[inside].astype(np.float64)
    return float(np.corrcoef(p, q)[0, 1])


def score(folder, data):
    """:class:`Score` of ``data``, float32 [z, y, x], for the simulated case in ``folder`` (as the fixture ``sim_case`` gives it)."""
    name = folder.name
    mask, truth, b0 = (read_map(str(folder / f"{name}_{kind}.mrc")) for kind in ("mask", "truth", "truth_b0"))
    inside = mask.data >= 0.5
    geo = fourier.geometry(mask.shape, mask.voxel_size)
    curve = shells.fsc(shells.cross_sums(fourier.forward(data * mask.data), fourier.forward(b0.data * mask.data), geo))
    d143 = json.loads((folder / f"{name}_truth.json").read_text())["d143"]
    used = (fourier.frequencies(geo) * d143 <= 1) & (fourier.frequencies(geo) > 0)
    return Score(correlation(data, truth.data, inside), correlation(data, b0.data, inside), float(curve[used].mean()))
