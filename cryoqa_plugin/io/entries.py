"""Entries for EMDB that were prepared before, to which another one refers."""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional, Tuple

from ..errors import InputError
from ..results import read_json
from .reading import reader


@dataclass(frozen=True)
class Entry:
    """An entry that ``deposit`` prepared.

    Parameters
    ----------
    path
        Its folder.
    primary
        Name of the file that its primary map was.
    ready, composite
        Its verdict; whether it is that of a composite map.
    resolution
        In Å, None where it has none.
    warnings
        Sentences about what to check; none.
    """

    path: str
    primary: str
    ready: bool
    composite: bool
    resolution: Optional[float]
    warnings: Tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its folder without those above, by which other entries call it."""
        return os.path.basename(os.path.abspath(self.path))


@reader("entry", "give the folder of a run of 'cryoqa deposit'", folder=True)
def read_entry(folder: str) -> Entry:
    """An entry for EMDB.

    Parameters
    ----------
    folder
        Folder of a run of ``deposit``, or its ``result.json``.

    Raises
    ------
    InputError
        It holds no result of ``deposit``.
    """
    place = os.path.dirname(os.path.abspath(folder)) if os.path.isfile(folder) else folder
    path = os.path.join(place, "result.json")
    document = read_json(path) if os.path.isfile(path) else {}
    if document.get("capability") != "deposit":
        raise InputError(f"'{folder}' holds no entry (looked for result.json of 'cryoqa deposit'); give the folder of such a run.")
    values = {name: document["metrics"][name]["value"] for name in ("ready", "resolution")}
    primary = os.path.basename(document["inputs"]["primary_map"]["path"] or "in memory")
    return Entry(place, primary, bool(values["ready"]), bool(document["parameters"].get("composite")), values["resolution"])
