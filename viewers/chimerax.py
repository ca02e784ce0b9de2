"""Scripts for those who have ChimeraX."""
from __future__ import annotations

import os
from typing import Optional, Sequence

from cryoqa_plugin.io.maps import MapHeader


def write_script(path: str, maps: Sequence[MapHeader], masks: Sequence[MapHeader] = (), model: Optional[str] = None) -> str:
    """Write a ChimeraX command file and return its path.

    It opens the maps with the voxel size and origin given here (which may be better than those of the headers), all but the first
    hidden, the masks as meshes at 0.5, and a model as a cartoon.
    """
    lines = ["# Written by cryoqa. Open it in ChimeraX: File > Open, or drop it into the window."]
    for i, map_ in enumerate(list(maps) + list(masks), start=1):
        size, origin = (",".join(f"{v:.6g}" for v in values) for values in (map_.voxel_size, map_.origin))
        lines += [f'open "{os.path.abspath(map_.path)}"', f"volume #{i} voxelSize {size} origin {origin}"]
        if i > len(maps):
            lines.append(f"volume #{i} style mesh level 0.5 color #e69f0080")
        else:
            lines.append(f"volume #{i} style surface step 1 sdLevel 3")
            lines += [f"hide #{i} models"] if i > 1 else []
    if model:
        lines += [f'open "{os.path.abspath(model)}"', "hide atoms", "show cartoons"]
    lines += ["set bgColor white", "lighting soft", "view"]
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
    return path
