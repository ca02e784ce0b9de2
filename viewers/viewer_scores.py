"""Scores of residues and atoms on the structure that carries them."""
from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
from matplotlib.figure import Figure
from pwem.viewers.viewer_localres import ChimeraAttributeViewer
from pyworkflow.protocol import params
from pyworkflow.viewer import DESKTOP_TKINTER, ProtocolViewer, View

from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.models import Attribute, read_attributes
from cryoqa_plugin.protocols.base import CryoqaProtocol
from cryoqa_plugin.report.scale import Scale

from .chimerax import write_scores
from .chimerax_view import chimerax_program
from .colours import COLOURS, OTHER, scale_of
from .files import of_volume
from .score_figures import chains_of, draw_along, of_residues
from .value_figures import draw_histogram

_ALL = "all chains"
_BY_SCORE, _LOW_IS_BAD, _HIGH_IS_BAD = "by the score: red is bad", "red to blue", "blue to red"
_COUNTS = ("zone", "emringer_off", "geometry_clashes", "stable_spread", "stable_halves", "stable_moved", "dm_spread",
           "dm_moved")                                           # scores of which high ones are bad
_HELP = {
    "attrName": "The score that is shown; the first is the main one of this run.",
    "displayHistogram": "How often each value occurs, with the median and the range of 5 to 95 %.",
    "chain": "The chain, or all of them one above the other (the first eight).",
    "displaySequence": "The score of each residue along its chain.",
    "displayStruct": "The structure in the colours of its score, in its map. Opens ChimeraX where it is installed; the script "
                     "cryoqa_scores.cxc stays in the folder of the run.",
    "residuesAverages": "Scores of atoms as their mean over each residue.",
    "colours": "From low to high scores.",
    "range": "Scores of the first and of the last colour; empty: 2 % of the residues lie beyond each end."}


class CryoqaScoresViewer(ChimeraAttributeViewer):
    """Scores of residues on a structure: histogram, along the sequence, and coloured in ChimeraX. All but the last need no ChimeraX."""

    _label = "scores of residues"
    _targets = [CryoqaProtocol]
    _environments = [DESKTOP_TKINTER]

    def __init__(self, **kwargs: Any) -> None:
        ProtocolViewer.__init__(self, **kwargs)              # Scipion's own says each time that ChimeraX is missing

    @classmethod
    def can_handle_this_instance(cls, instance: Any) -> bool:
        """Whether a run gives a structure with scores."""
        return hasattr(instance, "_OUTNAME")

    @classmethod
    def getClassLabel(cls, prependPackageName: bool = True) -> str:
        """What stands over the form: the name without the package's."""
        return cls._label

    def _defineParams(self, form: Any) -> None:
        names = self._getStructureAttributes()
        form.addSection(label="Scores")
        form.addParam("attrName", params.EnumParam, choices=names, default=self._getAttributeIndex(self.protocol._ATTRNAME), label="Score",
                      help=_HELP["attrName"])
        _eye(form, "displayHistogram", "Histogram")
        group = form.addGroup("Along the sequence")
        group.addParam("chain", params.EnumParam, choices=[_ALL] + self._chains(), default=0, label="Chain", help=_HELP["chain"])
        _eye(group, "displaySequence", "Along the sequence")
        group = form.addGroup("ChimeraX")
        if any(a.recipient == "atoms" for a in self.attributes()):
            group.addParam("residuesAverages", params.BooleanParam, default=True, label="Mean over residues",
                           help=_HELP["residuesAverages"])
        _eye(group, "displayStruct", "Structure in the colours of the score")
        group = form.addGroup("Colours")
        group.addParam("colours", params.EnumParam, choices=[_BY_SCORE, *COLOURS], default=0, label="Colours",
                       help=_HELP["colours"])
        line = group.addLine("Range", help=_HELP["range"])
        line.addParam("lowest", params.FloatParam, default=None, allowsNull=True, label="from")
        line.addParam("highest", params.FloatParam, default=None, allowsNull=True, label="to")

    def _getVisualizeDict(self) -> Dict[str, Callable[..., List[View]]]:
        return {"displayHistogram": self._show_histogram, "displaySequence": self._show_sequence, "displayStruct": self._show_structure}

    # -------------------------- what is shown --------------------------
    def attributes(self) -> Tuple[Attribute, ...]:
        """The scores of the structure, read once for the form."""
        path = self.getAtomStructObject().getFileName()
        if self.__dict__.get("_read") is None or self._read[0] != path:
            object.__setattr__(self, "_read", (path, read_attributes(path)))
        return self._read[1]

    def _getStructureAttributes(self) -> List[str]:
        return [a.name for a in self.attributes()]

    def _chains(self) -> List[str]:
        return list(dict.fromkeys(one.chain for a in self.attributes() for one in chains_of(a)))

    def chosen(self) -> Attribute:
        """The score that is chosen in the form."""
        return self.attributes()[self.attrName.get()]

    def scale(self) -> Scale:
        """The range of the colours: that of the form, else by the values."""
        found = scale_of(OTHER, np.array(list(of_residues(self.chosen()).values())))
        low, high = (own if given is None else float(given)
                     for own, given in ((found.low, self.lowest.get()), (found.high, self.highest.get())))
        if not high > low:
            raise CryoqaError(f"The range of the colours, {low:.4g} to {high:.4g}, does not go from a lower to a higher value.")
        return Scale(low, high)

    def _colours(self) -> str:
        if self.colours.get():
            return COLOURS[self.colours.get() - 1]
        return _HIGH_IS_BAD if self.chosen().name in _COUNTS else _LOW_IS_BAD

    def _drawn(self, draw: Callable[[Figure, Scale], Any], size: Tuple[float, float]) -> List[View]:
        """A window with what ``draw`` draws, or a sentence where the range is none."""
        from .windows import FigureView
        figure = Figure(figsize=size, dpi=100)
        try:
            draw(figure, self.scale())
        except CryoqaError as error:
            return [self.infoMessage(str(error), "cryoqa")]
        return [FigureView(figure, f"cryoqa: {self.protocol.getObjLabel()}", self.formWindow)]

    def _show_histogram(self, name: Optional[str] = None) -> List[View]:
        one = self.chosen()
        values, title = np.array(list(one.values.values())), f"{self.protocol.getObjLabel()}: {one.name}"
        return self._drawn(lambda figure, scale: draw_histogram(figure, values, scale, one.name, title=title, colours=self._colours(),
                                                                of=one.recipient), (8.5, 5))

    def _show_sequence(self, name: Optional[str] = None) -> List[View]:
        one, chain = self.chosen(), self.getEnumText("chain")
        found = [c for c in chains_of(one) if chain in (_ALL, c.chain)]
        if not found:
            return [self.infoMessage(f"Chain {chain} has no residue with the score {one.name}.", "cryoqa")]
        title = f"{self.protocol.getObjLabel()}: {one.name}"
        return self._drawn(lambda figure, scale: draw_along(figure, found, scale, one.name, title, self._colours()),
                           (11, min(2.2 + 1.4 * len(found), 9)))

    def script(self) -> str:
        """Write the ChimeraX script into the folder of the run and return its path: map, structure and the colours of the form."""
        structure, one = self.getAtomStructObject(), self.chosen()
        volume = structure.getVolume()
        mean = bool(hasattr(self, "residuesAverages") and self.residuesAverages.get()) and one.recipient == "atoms"
        return write_scores(self.protocol._getExtraPath("cryoqa_scores.cxc"), of_volume(volume).header() if volume is not None else None,
                            structure.getFileName(), one, self.scale(), self._colours(), mean)

    def _show_structure(self, name: Optional[str] = None) -> List[View]:
        try:
            path = os.path.abspath(self.script())
        except CryoqaError as error:
            return [self.infoMessage(str(error), "cryoqa")]
        if chimerax_program():
            from pwem.viewers import ChimeraView
            return [ChimeraView(path)]
        return [self.infoMessage(f"ChimeraX was not found. The script for it is {path}", "cryoqa")]


def _eye(form: Any, name: str, label: str) -> None:
    form.addParam(name, params.LabelParam, label=label, help=_HELP[name])
