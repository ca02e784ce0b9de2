"""A map in memory: voxels, and where they lie."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from .map_header import MapHeader


@dataclass(frozen=True)
class Map:
    """A map: ``data`` float32 [z, y, x] in C order, ``voxel_size`` and ``origin`` (of voxel [0, 0, 0]) as (x, y, z) in Å."""

    data: np.ndarray
    voxel_size: Tuple[float, float, float]
    origin: Tuple[float, float, float] = (0.0, 0.0, 0.0)
    path: Optional[str] = None
    header: Optional[MapHeader] = None

    def __repr__(self) -> str:
        nz, ny, nx = self.data.shape
        size, origin = (" x ".join(f"{v:g}" for v in self.voxel_size), ", ".join(f"{v:g}" for v in self.origin))
        return f"Map({nx} x {ny} x {nz} voxels of {size} Å, origin ({origin}) Å, {self.path or 'in memory'})"

    @property
    def shape(self) -> Tuple[int, int, int]:
        """Number of voxels (nz, ny, nx)."""
        return self.data.shape

    @property
    def place(self) -> str:
        """Its file as a sentence names it; the mean of half-maps, for one, has none."""
        return self.path or "not from a file"

    @property
    def voxel(self) -> float:
        """Mean voxel size in Å."""
        return float(sum(self.voxel_size) / 3)

    def with_data(self, data: np.ndarray, path: Optional[str] = None) -> "Map":
        """Another map on this grid.

        Parameters
        ----------
        data
            Its values [z, y, x]; made float32 when they are not.
        path
            Its file, None for a map in memory.

        Returns
        -------
        Map
            Without a header.
        """
        return Map(np.ascontiguousarray(data, dtype=np.float32), self.voxel_size, self.origin, path)
