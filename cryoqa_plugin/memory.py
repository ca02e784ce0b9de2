"""The memory that a run is expected to take, and the sentence where the machine has less."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Sequence

from . import machine
from .registry import Capability, resolve

if TYPE_CHECKING:
    from .study import Study

KEPT_PER_VOXEL = 9.0                             # bytes: the transforms of both half-maps, which nearly all that runs on them asks for
KEPT_WITH_MODEL = 13.0                           # bytes more: the transforms of model and map, and the mask around the model
_BASE_BYTES = 200e6                              # interpreter and libraries
_FILLED = 0.3                                    # of the box, by a mask that is to be made: few molecules fill more
_FULL = 1.0


def bytes_needed(row: Capability, values: Optional[Mapping[str, Any]], voxels: int, filled: float, many: int = 0,
                 halves: bool = False) -> int:
    """Expected peak memory of a run.

    Parameters
    ----------
    row
        The capability, whose row holds the measured bytes a voxel.
    values
        Parameters by name; some cost more.
    voxels
        Of the largest map.
    filled
        Part of the box that the mask fills.
    many
        Number of maps of a kind of which there may be many.
    halves
        Half-maps are given.

    Returns
    -------
    int
        Bytes.
    """
    defaults = resolve(row.params)() if row.costly else None
    each = [row.memory] + [more for name, value, more in row.costly if (values or {}).get(name, getattr(defaults, name)) == value]
    of_voxel = max(each) + row.memory_in_mask * filled + row.memory_each * many + row.memory_of_halves * halves
    return int(_BASE_BYTES + row.memory_apart + of_voxel * voxels)


def of_files(row: Capability, sources: Mapping[str, str], values: Optional[Mapping[str, Any]] = None) -> int:
    """Expected peak memory (bytes) of a run on files, from their headers and the parameters; the base alone when no map is given."""
    from .io.inputs import read_headers
    headers = read_headers(sources, sources)
    sizes = [h.shape[0] * h.shape[1] * h.shape[2] for h in headers.values()]
    filled = _filled(headers["mask"].header_stats) if "mask" in headers else _FILLED
    return bytes_needed(row, values, max(sizes, default=0), filled, _of_many(headers), "half1" in headers)


def of_study(row: Capability, study: Study, values: Optional[Mapping[str, Any]] = None) -> int:
    """Expected peak memory (bytes) of a run on a Study."""
    sizes = [one.data.size for one in study.maps().values()]
    filled = _FILLED if study.mask is None else float(study.mask.data.mean())
    filled = filled if 0 <= filled <= _FULL else _FULL       # a map in its place, or voxels that are no number
    return bytes_needed(row, values, max(sizes, default=0), filled, _of_many(study.maps()), study.has_halves)


def _of_many(names: Iterable[str]) -> int:
    from .io.inputs import base_kind
    return sum(base_kind(name) != name for name in names)


def too_large(row: Capability, needed: int) -> Optional[str]:
    """A sentence where a run needs more memory (bytes) than this process may use, else None."""
    there = machine.memory()
    if there is None or needed <= there:
        return None
    return (f"{row.title} is expected to need {needed / 1e9:.1f} GB of memory and this machine has {there / 1e9:.1f} GB; crop or bin the "
            "maps, or use a larger machine.")


def _filled(statistics: Sequence[float]) -> float:
    """The part of the box inside a mask, by minimum, maximum and mean of its header; all of it where they are not those of a mask."""
    low, high, mean = statistics[:3]
    return mean if -0.01 <= low <= mean <= high <= 1.01 and mean > 0 else _FULL
