"""What was found in a job folder."""
from __future__ import annotations

from typing import List

from ..blocks import Block
from ..draw import everything
from ..section import Results, Section


def render(results: Results) -> List[Block]:
    """Values, tables and curves of ``import_job``."""
    return everything(results["import_job"])


SECTION = Section(
    id="import_job", title="Imported job", order=15, asks="file", capability="import_job",
    how_to_read="Compare with the program's own log: the half-maps should be the last ones of the final iteration.",
    render=render)
