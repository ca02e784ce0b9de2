"""The table of contents: one row a capability. Strings only, so that importing it costs nothing."""
from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Dict, Optional, Tuple


@dataclass(frozen=True)
class Capability:
    """One capability.

    ``run``, ``params`` and ``result`` are ``module:name`` below ``cryoqa_plugin``. ``needs`` are the kinds of input
    without which it does not run; ``takes`` those it uses when they are given; ``any_of`` asks for at least one of
    these groups. ``bytes_per_voxel`` is the measured peak memory for the estimate said before a run.
    """

    id: str
    title: str
    level: str
    needs: Tuple[str, ...]
    takes: Tuple[str, ...]
    run: str
    params: str
    result: str
    protocol: str
    section: str
    viewer: str
    references: Tuple[str, ...]
    bytes_per_voxel: float
    any_of: Tuple[Tuple[str, ...], ...] = ()


CAPABILITIES: Tuple[Capability, ...] = ()

BY_ID: Dict[str, Capability] = {c.id: c for c in CAPABILITIES}


def resolve(target: str) -> Any:
    """The object that a ``module:name`` string of a row points to."""
    module, name = target.split(":")
    return getattr(import_module("cryoqa_plugin." + module), name)


def find(capability_id: str) -> Optional[Capability]:
    """The row of a capability, or None."""
    return BY_ID.get(capability_id)
