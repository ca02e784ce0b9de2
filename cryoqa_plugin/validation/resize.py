"""Maps with coarser voxels for the methods whose time grows with the box, where the voxels are much finer than the resolution."""
from __future__ import annotations

import os
from dataclasses import replace
from typing import Dict, Optional

import numpy as np

from .. import run_folder
from ..core import fourier, local_gains
from ..io.maps import Map, write_map
from ..registry import Capability
from ..resume import RESIZED
from ..study import Study

_PER_RESOLUTION = 3.0                            # voxels to the resolution
_WORTH = 0.85                                    # of the number of voxels along an edge, above which it is not done
_RESIZED = ("full_map", "half1", "half2", "mask")
_FINEST = 1.0                                    # Å; without a resolution voxels are not made coarser than this


class Resizer:
    """Makes the coarser maps once, in ``outdir/resized``, when a method that is slow asks for them.

    ``resolution`` (Å) is the finest that is known of the map so far; None before any is.
    """

    def __init__(self, outdir: str, resolution: Optional[float]) -> None:
        self._folder, self.resolution = os.path.join(outdir, RESIZED), resolution
        self._made: Dict[int, Map] = {}

    def found(self, resolution: Optional[float]) -> None:
        """Mind a resolution that was measured, where it is finer than the one reported."""
        if resolution is not None:
            self.resolution = min(resolution, self.resolution or resolution)

    def study(self, row: Capability, study: Study) -> Study:
        """The Study for a capability: of coarser maps when it is slow and the voxels are much finer than it needs."""
        target = (self.resolution or 0.0) / _PER_RESOLUTION or _FINEST
        if not row.slow or max(study.grid.voxel_size) > _WORTH * target:
            return study
        return study.with_(**{kind: self._coarse(kind, m, target) for kind, m in study.maps().items() if kind in _RESIZED})

    def _coarse(self, kind: str, map_: Map, target: float) -> Map:
        """The map on the coarser grid, also in a file, so that the report can draw it and a later run find it."""
        if id(map_.data) not in self._made:
            made = coarser(map_, target)
            if kind == "mask":
                np.clip(made.data, 0, 1, out=made.data)
            path = run_folder.put(self._folder, kind + ".mrc", lambda path: write_map(
                path, made, labels=("cryoqa: resized by cropping its transform",)))
            self._made[id(map_.data)] = replace(made, path=path)
        return self._made[id(map_.data)]


def coarser(map_: Map, voxel_size: float) -> Map:
    """The map with voxels of about ``voxel_size`` (Å): its transform up to the new Nyquist frequency on a smaller grid, same box."""
    shape = tuple(min(n, 2 * int(np.ceil(n * v / voxel_size / 2))) for n, v in zip(map_.shape, map_.voxel_size[::-1]))
    geo = fourier.geometry(map_.shape, map_.voxel_size)
    reach = min((m // 2) * s for m, s in zip(shape, geo.steps))
    at = np.arange(int(np.ceil((reach + 1) * local_gains.FINE)) + 2) / local_gains.FINE
    profile = np.clip(0.5 + 0.5 * np.cos(np.pi * (at - (reach - 2)) / 2), 0, 1)
    profile[at < reach - 2], profile[at > reach] = 1, 0
    data = local_gains.band_image(fourier.forward(map_.data), geo, profile, shape)
    edges = [n * v for n, v in zip(map_.shape[::-1], map_.voxel_size)]
    return Map(data, tuple(e / m for e, m in zip(edges, shape[::-1])), map_.origin)
