"""The memory that a validation is expected to take, from the headers of its maps."""
from __future__ import annotations

from typing import Mapping, Sequence

from .. import runner
from ..io.inputs import KINDS, read_headers
from ..memory import KEPT_PER_VOXEL
from .items import ITEMS
from .run import LEVELS

_LOADED = 70e6                                   # bytes: the libraries and kernels of all methods, beyond those of one
_MAP_BYTES = 4                                   # of a voxel of an input


def memory_estimate(sources: Mapping[str, str], levels: Sequence[str] = LEVELS) -> int:
    """Expected peak memory of :func:`cryoqa_plugin.validation.run.validate`.

    The most that one of its capabilities takes, and what the Study keeps between them: the maps themselves and a bounded number of
    transforms.

    Parameters
    ----------
    sources
        Path of each input by kind.
    levels
        Of ``0``, ``1``, ``A``.

    Returns
    -------
    int
        Bytes.
    """
    ready = {k: p for k, p in runner.clean(sources).items() if p}
    if ready.get("half1") and ready.get("half2"):
        ready.setdefault("full_map", ready["half1"])         # their mean has their size
    masked = dict(ready, mask=ready.get("mask") or "to be made")
    wanted = {"map_info", "mask"} | {c for item in ITEMS if item.level in levels for c in item.capabilities}
    rows = [row for row in runner.applicable(masked, on_request=True) if row.id in wanted]
    maps = {k: p for k, p in ready.items() if KINDS[k].is_map}
    sizes = [h.shape[0] * h.shape[1] * h.shape[2] for h in read_headers(maps, maps).values()]
    most = max((runner.memory_estimate(row.id, {k: p for k, p in maps.items() if k in row.needs + row.takes}) for row in rows), default=0)
    return int(most + _LOADED + (KEPT_PER_VOXEL + _MAP_BYTES * len({*maps, "mask"})) * max(sizes, default=0))
