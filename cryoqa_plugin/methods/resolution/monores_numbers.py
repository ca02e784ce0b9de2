"""The numbers, curves and sentence of MonoRes."""
from __future__ import annotations

from typing import Any, Dict

import numpy as np

from ...results import Curve, Table
from .monores_steps import Found, Work

_BIN = 0.05                           # Å
_PERCENTILES = (2.5, 25.0, 50.0, 75.0, 97.5)
_COLUMNS = ("resolution (Å)", "threshold", "mean signal", "mean noise", "part looked at", "part above")


def values(work: Work, found: Found) -> Dict[str, Any]:
    """Everything the result holds, by name."""
    n = int(np.count_nonzero(work.inside))
    assigned = found.resolution[found.resolution > 0]
    out: Dict[str, Any] = dict(work.facts)
    out.update(
        global_resolution=work.resolution, n_voxels=n, mask_source=work.mask_source, noise_source=_noise_words(work),
        window_used=work.window if work.params.rules == "cryoqa" else None, start_used=work.start,
        beyond_sweep=found.beyond / n, unresolved=found.unresolved / n,
        sweep=Table(_COLUMNS, tuple(tuple(float(v) for v in level) for level in found.levels)),
        stopped_at=found.levels[-1].resolution if found.levels else None, local_resolution=work.grid.with_data(found.resolution))
    if assigned.size:
        out.update(_statistics(assigned, work.resolution))
        out.update(_curves(assigned, n))
    else:
        work.warnings.append(f"No voxel of the mask stands out of the noise ({work.grid.path}); check that the maps are not masked and "
                             "that the mask lies on the molecule.")
    return out


def _noise_words(work: Work) -> str:
    if not work.halves:
        return "solvent of the map"
    return "half-maps, in the mask" if work.params.noise_inside else "half-maps, whole box"


def _statistics(assigned: np.ndarray, resolution: float) -> Dict[str, float]:
    low, q1, median, q3, high = (float(v) for v in np.percentile(assigned, _PERCENTILES))
    return dict(median_resolution=median, mean_resolution=float(assigned.mean(dtype=np.float64)), resolution_p2_5=low, resolution_p25=q1,
                resolution_p75=q3, resolution_p97_5=high, spread=high - low, median_over_global=median / resolution)


def _curves(assigned: np.ndarray, n: int) -> Dict[str, Curve]:
    low, high = float(assigned.min()), float(assigned.max())
    width = max(_BIN, (high - low) / 200)
    edges = np.floor(low / width) * width + width * np.arange(int((high - low) / width) + 3)
    counts = np.histogram(assigned, edges)[0]
    return dict(histogram=Curve((edges[:-1] + edges[1:]) / 2, counts / n), cumulative=Curve(edges[1:], np.cumsum(counts) / n))


def summary(work: Work, out: Dict[str, Any]) -> str:
    """One plain sentence."""
    if out.get("half_maps_identical"):
        return "The half-maps are copies of each other and say nothing about the local resolution."
    if "median_resolution" not in out:
        return "No voxel of the mask stands out of the noise, so that there is no local resolution."
    return (f"Local resolution in the mask: median {out['median_resolution']:.2f} Å, from {out['resolution_p2_5']:.2f} to "
            f"{out['resolution_p97_5']:.2f} Å for 95 % of it (noise from the {out['noise_source']}).")
