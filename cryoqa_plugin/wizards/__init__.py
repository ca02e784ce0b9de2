"""The wands of the forms: a level and a radius on the sections of the map, and resolutions that the project knows already."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from pyworkflow.gui import dialog
from pyworkflow.gui.tree import ListTreeProviderString
from pyworkflow.object import String
from pyworkflow.wizard import Wizard

from cryoqa_plugin import protocols
from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.protocols import documents
from cryoqa_plugin.registry import find
from cryoqa_plugin.rounding import show_value

_LEVELS = ("threshold", "contour")               # densities at which a map is looked at
_BALLS = {"mask": "radius", "relion_locres": "radius", "phenix_locres": "radius", "half_map_statistics": "local_radius"}
_CLASSES = [getattr(protocols, name) for name in protocols.__all__]


def _with(names: Tuple[str, ...], of_the_map: bool = False) -> List[Tuple[type, List[str]]]:
    """The protocols that have one of some parameters, each with it; with ``of_the_map`` only where it is a density of the map."""
    found = []
    for cls in _CLASSES:
        form = cls().getDefinition()
        for name in names:
            shown = form.getParam(name)
            if shown is not None and not (of_the_map and name == "threshold" and cls._capability not in ("map_info", "mask")):
                found.append((cls, [name]))
    return found


class Known(NamedTuple):
    """A resolution (Å) that a finished run of the project found, and where it is from."""

    value: float
    words: str


def resolutions(project: Any) -> List[Known]:
    """What the finished runs of cryoqa in a project say of the resolution, the latest run first."""
    out: List[Known] = []
    for run in reversed(list(project.getRuns())):
        row = find(getattr(run, "_capability", None) or "")
        if row is None:
            continue
        metrics = (documents.document(run._getExtraPath()) or {}).get("metrics", {})
        for entry in (metrics.get(metric) for _, metric in row.estimates):
            if entry and isinstance(entry["value"], (int, float)) and entry["unit"] == "Å":
                label = f"{run.getObjLabel() or row.title} ({run.getObjId()})"
                out.append(Known(float(entry["value"]), f"{show_value(entry['value'], 'Å')}   {label}: {entry['meaning']}"))
    return out


def density(protocol: Any) -> Tuple[Optional[Map], str]:
    """The map that a form is about, else its first half-map; or None and why there is none."""
    from cryoqa_plugin.viewers.files import MapFile
    files = protocol._files()
    for kind in ("full_map", "half1"):
        if kind in files.there():
            try:
                return MapFile(files.sources[kind], files.voxel_sizes.get(kind), files.origins.get(kind)).read(), ""
            except CryoqaError as error:
                return None, str(error)
    return None, "Choose the volume first." if not files.convert else "The volume is not an MRC file; it is converted when the run starts."


class _OnSections(Wizard):
    """A value that is set on the sections of the map."""

    _mark = ""

    def show(self, form: Any, *params: str) -> None:
        """Open the sections, and put what was chosen into the form."""
        from .sections import SectionsDialog
        map_, why = density(form.protocol)
        if map_ is None:
            dialog.showWarning("cryoqa", why, form.root)
            return
        name = params[0]
        shown = form.protocol.getParam(name)
        chosen = SectionsDialog(form.root, shown.getLabel(), map_, self._mark, getattr(form.protocol, name).get())
        if chosen.resultYes():
            form.setVar(name, f"{chosen.value:.4g}")


class CryoqaLevelWizard(_OnSections):
    """The contour of a map at a level, on three sections."""

    _targets = _with(_LEVELS, of_the_map=True)
    _mark = "level"


class CryoqaRadiusWizard(_OnSections):
    """A ball of a radius in Å about the middle of the box, on three sections."""

    _targets = [(cls, [_BALLS[cls._capability]]) for cls in _CLASSES
                if cls._capability in _BALLS and cls is not protocols.CryoqaProtValidate]
    _mark = "radius"


class CryoqaResolutionWizard(Wizard):
    """A resolution that a run of the project found."""

    _targets = _with(("resolution",))

    def show(self, form: Any, *params: str) -> None:
        """List the resolutions, and put the chosen one into the form."""
        found: Dict[str, float] = {known.words: known.value for known in resolutions(form.protocol.getProject())}
        if not found:
            dialog.showWarning("cryoqa", "No run of this project has found a resolution yet; run 'fsc and post-processing' first.",
                               form.root)
            return
        chosen = dialog.ListDialog(form.root, "Resolutions in this project", ListTreeProviderString([String(w) for w in found]),
                                   "Choose the resolution to take over.", selectmode="browse")
        if chosen.values:
            form.setVar(params[0], f"{found[chosen.values[0].get()]:.4g}")
