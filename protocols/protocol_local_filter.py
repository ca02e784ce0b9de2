"""Local low-pass filter."""
from __future__ import annotations

from typing import Any

from pwem.objects import Volume

from . import inputs
from .base import CryoqaProtocol


class CryoqaProtLocalFilter(CryoqaProtocol):
    """Low-pass a map in every voxel at its local resolution, with its half-maps.

    Takes a volume, with or without half-maps, or two half-maps alone, and the local resolution in Å as a volume of any program:
    MonoRes, blocres, ResMap, RELION, cryoSPARC or cryoqa. There are no seams where the resolution changes.
    """

    _label = "local filter"
    _capability = "local_filter"
    _possibleOutputs = {"outputVolume": Volume, "outputHalf1": Volume, "outputHalf2": Volume}

    def _defineInputs(self, form: Any) -> None:
        inputs.add_halves(form, (inputs.OF_VOLUME, inputs.TWO_VOLUMES, inputs.NONE))
        inputs.add_volume(form, optional=True)
        inputs.add_resolution_map(form)

    def createOutputStep(self) -> None:
        """Register the filtered map and the filtered half-maps."""
        self._register_map("filtered", "outputVolume")
        for number in ("1", "2"):
            self._register_half("filtered_half" + number, "outputHalf" + number)

    def _register_half(self, name: str, output: str) -> None:
        """Register a filtered half-map: a volume with the grid of the input, and without half-maps of its own."""
        path = self._map_path(name)
        if path is None:
            return
        template, made = self._grid_object(), Volume()
        made.setFileName(path)
        made.setSamplingRate(template.getSamplingRate())
        if template.hasOrigin():
            made.setOrigin(template.getOrigin())
        self._define(output, made)
