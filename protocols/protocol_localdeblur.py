"""LocalDeblur."""
from __future__ import annotations

from typing import Any

from . import inputs
from .base import SharpeningProtocol


class CryoqaProtLocaldeblur(SharpeningProtocol):
    """Sharpen a map by its local resolution (LocalDeblur), and its half-maps alike.

    Takes a volume, with or without half-maps, or two half-maps alone, and the local resolution in Å as a volume of any program. What has no
    local resolution stays as it is.
    """

    _label = "localdeblur"
    _capability = "localdeblur"
    _shown = ("resolution_finest", "resolution_coarsest", "steps", "rounds_done", "bfactor_before", "bfactor_after")

    def _defineInputs(self, form: Any) -> None:
        inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES, inputs.NONE))
        inputs.add_volume(form, optional=True)
        inputs.add_resolution_map(form)
