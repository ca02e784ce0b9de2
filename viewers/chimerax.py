"""Scripts for those who have ChimeraX."""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from cryoqa_plugin.io.maps import MapHeader
from cryoqa_plugin.io.models import Attribute, attribute_text
from cryoqa_plugin.report.scale import Scale

from .colours import FIRST, STEPS, stops

_GREY = "#b4b4b4"                                            # of what has no value
_HEAD = "# Written by cryoqa. Open it in ChimeraX: File > Open, or drop it into the window."
_OUTLINE = "#3ee08ab0"
_KEY = "pos 0.3,0.07 size 0.4,0.03 fontSize 16 numericLabelSpacing equal"


@dataclass(frozen=True)
class Colouring:
    """What colours the first map: ``map`` is the header of the map of values and ``lowest`` its least value that counts."""

    map: MapHeader
    name: str
    unit: str
    scale: Scale
    lowest: float
    colours: str = FIRST
    steps: int = STEPS

    def palette(self) -> str:
        """Values and colours as ChimeraX reads them. Around the mask the values fall to 0: what is below the lowest value is grey."""
        found = sorted(stops(self.scale, self.colours, self.steps))
        parts = [(value, colour) for value, colour in found if value > self.lowest]
        if self.lowest > 0:
            first = next((colour for value, colour in reversed(found) if value <= self.lowest), found[0][1])
            parts = [(0.0, _GREY), (0.98 * self.lowest, _GREY), (self.lowest, first)] + parts
        else:
            parts = list(found)
        return ":".join(f"{value:.5g},{colour}" for value, colour in parts)

    def key(self) -> str:
        """The key of the colours, in even steps of the scale, with the values below it."""
        digits = ".2f" if self.unit == "Å" else ".3g"
        return " ".join(f"{colour}:{value:{digits}}" for value, colour in stops(self.scale, self.colours, self.steps))


class Outline(NamedTuple):
    """A map shown as a mesh over the first one: its header, and the density of the mesh."""

    map: MapHeader
    level: float


def lowest_of(values: np.ndarray) -> float:
    """The least value that counts, of the values of a map, float [n]."""
    return float(values.min()) if values.size else 0.0


def write_script(path: str, maps: Sequence[MapHeader], masks: Sequence[MapHeader] = (), model: Optional[str] = None,
                 colouring: Optional[Colouring] = None, level: Optional[float] = None, outline: Optional[Outline] = None,
                 shapes: str = "") -> str:
    """Write a ChimeraX command file and return its path.

    It opens the maps with the voxel size and origin given here (which may be better than those of the headers), all but the first
    hidden, the masks as meshes at 0.5, and a model as a cartoon. ``level`` is the density of the first surface. With a ``colouring``
    the first surface is coloured by its map, which stays hidden, as the masks do, and the key of the colours is shown. ``outline`` is a
    mesh over it, and ``shapes`` a file of shapes (``.bild``) such as the axes of a symmetry.

    Files of the project (the working directory) are named relative to the script, as ChimeraX goes to the folder of a script that it
    runs: the project may be moved or copied.
    """
    lines = [_HEAD]
    volumes = list(maps) + ([colouring.map] if colouring else []) + list(masks)
    n_maps = len(volumes) - len(masks)
    for i, map_ in enumerate(volumes, start=1):
        lines += _opened(map_, i, path)
        if i > n_maps:
            lines.append(f"volume #{i} style mesh level 0.5 color #e69f0080")
        else:
            lines.append(f"volume #{i} style surface step 1 " + (f"level {level:.6g}" if level is not None and i == 1 else "sdLevel 3"))
        lines += [f"hide #{i} models"] if 1 < i <= n_maps or (colouring and i > 1) else []
    if model:
        lines += [f'open "{_named(model, path)}"', "hide atoms", "show cartoons"]
    if outline is not None:
        number = len(volumes) + 1 + bool(model)
        lines += [*_opened(outline.map, number, path), f"volume #{number} style mesh step 1 level {outline.level:.6g} color {_OUTLINE}"]
    lines += [f'open "{_named(shapes, path)}"'] if shapes else []
    lines += ["set bgColor white", "lighting soft"] + _colour_lines(colouring, len(maps) + 1) + ["view"]
    return _written(path, lines)


def write_scores(path: str, map_: Optional[MapHeader], model: str, attribute: Attribute, scale: Scale, colours: str = FIRST,
                 mean: bool = False) -> str:
    """Write a ChimeraX command file that shows a model in the colours of a score, in its map, and return its path.

    The score is opened as an attribute from a file beside the script; ``mean`` averages that of atoms over each residue. What has no score
    is grey. Files are named as by :func:`write_script`.
    """
    beside = os.path.splitext(path)[0] + ".defattr"
    with open(beside, "w", encoding="utf-8") as stream:
        stream.write(attribute_text((attribute,)))
    number = 1 if map_ is None else 2
    lines = [_HEAD]
    if map_ is not None:
        lines += [*_opened(map_, 1, path), "volume #1 style surface step 1 sdLevel 3 color #b4b4b460"]
    lines += [f'open "{_named(model, path)}"', f'open "{_named(beside, path)}"', "set bgColor white", "lighting soft",
              f"show #{number} cartoons", f"hide #{number} atoms",
              f"color byattribute {attribute.recipient[0]}:{attribute.name} #{number} palette "
              + ":".join(f"{value:.5g},{colour}" for value, colour in stops(scale, colours))
              + (" average residues" if mean else "") + f" noValueColor {_GREY}",
              f"key {' '.join(f'{colour}:{value:.3g}' for value, colour in stops(scale, colours))} {_KEY}",
              _titled(attribute.name), "view"]
    return _written(path, lines)


def _opened(map_: MapHeader, number: int, script: str) -> List[str]:
    size, origin = (",".join(f"{v:.6g}" for v in values) for values in (map_.voxel_size, map_.origin))
    return [f'open "{_named(map_.path, script)}"', f"volume #{number} voxelSize {size} origin {origin}"]


def _written(path: str, lines: Sequence[str]) -> str:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
    return path


def _titled(words: str) -> str:
    words = words.replace('"', "'")
    return f'2dlabels text "{words}" xpos 0.3 ypos 0.12 size 18 color black'


def _named(path: str, script: str) -> str:
    here = os.path.join(os.getcwd(), "")
    path, script = os.path.abspath(path), os.path.abspath(script)
    return os.path.relpath(path, os.path.dirname(script)) if path.startswith(here) and script.startswith(here) else path


def _colour_lines(colouring: Optional[Colouring], number: int) -> List[str]:
    if colouring is None:
        return []
    title = f"{colouring.name} ({colouring.unit})" if colouring.unit else colouring.name
    return [f"color sample #1 map #{number} palette {colouring.palette()}",
            f"key {colouring.key()} {_KEY}", _titled(title)]
