"""The axes of a symmetry on the map: pictures along and across the main axis, and shapes for ChimeraX."""
from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.ndimage import map_coordinates

from cryoqa_plugin.io.maps import Map

_FOLDS = {2: "#0072b2", 3: "#009e73", 4: "#d55e00", 5: "#cc79a7", 6: "#e69f00", 7: "#56b4e9"}
_OTHER = "#f0e442"
_STYLES = {"exact": "-", "approximate": "--", "pseudo": ":"}
_KINDS = ("exact", "approximate", "pseudo")
_HELIX = "helix"                                             # in the place of a group, and of a fold where there is none
_EDGE = 112                                                  # voxels along an edge of the turned map that the pictures are made of
_REACH = 0.46                                                # of the shortest edge of the box, to either side of the centre
_OUT = 1.16                                                  # of an axis in ChimeraX, which has to stick out of the molecule
_THICK = 0.008                                               # radius of a cylinder, of the shortest edge
_ALONG = 0.9995                                              # cosine from which on an axis is seen from its end


class Axis(NamedTuple):
    """An axis: its fold, direction and a point on it (x, y, z in Å, in the frame of the map), its group, and how well it holds."""

    fold: int
    direction: np.ndarray
    through: np.ndarray
    group: str
    kind: str

    def words(self, count: int = 1) -> str:
        """What the axis is, or ``count`` like it, for a legend."""
        noun = "axis" if count == 1 else "axes"
        folds = f"{self.fold}-fold " if self.fold > 1 else ""
        return f"{folds}{noun} of the helix, {self.kind}" if self.group == _HELIX else f"{folds}{noun}, {self.kind} ({self.group})"

    @property
    def colour(self) -> str:
        """Its colour, by its fold."""
        return _FOLDS.get(self.fold, _OTHER)


def axes_of(document: Mapping[str, Any]) -> List[Axis]:
    """The axes that a saved symmetry lists, exact ones before others, then that of a helix, then by fold; empty when there are none."""
    table = document.get("tables", {}).get("axes", {})
    found = []
    for row in table.get("rows", []) if document.get("capability") == "map_symmetry" else []:
        fold = int(row[0]) if isinstance(row[0], (int, float)) else 1
        found.append(Axis(fold, np.array(row[1:4], dtype=float), np.array(row[4:7], dtype=float), str(row[7]), str(row[8])))
    return sorted(found, key=lambda a: (_KINDS.index(a.kind) if a.kind in _KINDS else len(_KINDS), a.group != _HELIX, -a.fold))


def frame_of(axes: Sequence[Axis]) -> np.ndarray:
    """Directions to the right, upwards and along the main axis, rows of float64 [3, 3]; to the right lies another axis where there is one.

    Of one axis alone, to the right is what of x (of y, when it lies along x) is across it.
    """
    main = axes[0].direction / np.linalg.norm(axes[0].direction)
    others = [a.direction for a in axes[1:]] + [np.eye(3)[0], np.eye(3)[1]]
    flat = next(v - (v @ main) * main for v in others if np.linalg.norm(v - (v @ main) * main) > 0.2)
    right = flat / np.linalg.norm(flat)
    return np.array([right, np.cross(main, right), main])


def reach_of(map_: Map) -> float:
    """How far an axis is drawn to either side of the centre, in Å."""
    return _REACH * min(n * v for n, v in zip(map_.shape[::-1], map_.voxel_size))


def turned(map_: Map, frame: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """The map in a frame about a centre (x, y, z in Å), float32 [n, n, n] by steps along the third, second and first direction."""
    reach = reach_of(map_)
    at = np.linspace(-reach, reach, _EDGE)
    c, b, a = np.meshgrid(at, at, at, indexing="ij")
    places = a[..., None] * frame[0] + b[..., None] * frame[1] + c[..., None] * frame[2] + centre
    voxels = (places - np.array(map_.origin)) / np.array(map_.voxel_size)
    return map_coordinates(map_.data, np.moveaxis(voxels[..., ::-1], -1, 0), order=1, mode="constant")


def draw_axes(figure: Figure, map_: Map, axes: Sequence[Axis], title: str = "") -> List[Any]:
    """Draw the maximum of the map along the main axis and across it, with all axes; returns the three matplotlib axes.

    An axis seen from its end is a polygon of its fold, others are lines with that polygon at both ends. Lines of axes that are approximate
    are dashed, those of a pseudo-symmetry dotted.
    """
    figure.clear()
    frame, centre, reach = frame_of(axes), axes[0].through, reach_of(map_)
    data = turned(map_, frame, centre)
    made = []
    for i, (sight, right, up, words) in enumerate(((2, 0, 1, "along"), (1, 0, 2, "across"), (0, 1, 2, "across, turned by 90°"))):
        ax = figure.add_axes([0.045 + 0.323 * i, 0.2, 0.3, 0.66])
        image = data.max(axis=2 - sight)
        low, high = np.quantile(image, (0.05, 0.999))
        ax.imshow(image, cmap="gray", origin="lower", extent=(-reach, reach) * 2, vmin=low, vmax=high if high > low else low + 1)
        for axis in reversed(axes):                          # the main one on top
            _draw_axis(ax, axis, frame[[right, up, sight]], centre, reach)
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach), title="")
        ax.set_title(f"{words} the {axes[0].fold}-fold axis" if i == 0 and axes[0].fold > 1 else
                     "along the axis" if i == 0 else words, fontsize=10)
        ax.tick_params(labelsize=7)
        ax.set_xlabel("Å from the centre", fontsize=8)
        made.append(ax)
    _legend(figure, axes)
    figure.suptitle(title, fontsize=11, y=0.98)
    return made


def _draw_axis(ax: Any, axis: Axis, view: np.ndarray, centre: np.ndarray, reach: float) -> None:
    """One axis in a view, whose rows are the directions to the right, upwards, and of sight."""
    direction, start = view @ axis.direction, view @ (axis.through - centre)
    marker: Dict[str, Any] = dict(color=axis.colour, markeredgecolor="white", markeredgewidth=0.7, linestyle="none", zorder=4)
    marker.update(marker=(max(axis.fold, 3), 0, 0) if axis.fold != 2 else "d", markersize=13 if axis.fold > 1 else 9)
    if axis.fold < 2:
        marker["marker"] = "o"
    if abs(direction[2]) > _ALONG:
        ax.plot([start[0]], [start[1]], **marker)
        return
    ends = start[:2] + np.array([[-0.94], [0.94]]) * reach * direction[:2]
    ax.plot(ends[:, 0], ends[:, 1], color=axis.colour, linewidth=1.6, linestyle=_STYLES.get(axis.kind, "-"), zorder=3)
    ax.plot(ends[:, 0], ends[:, 1], **dict(marker, markersize=9))


def _legend(figure: Figure, axes: Sequence[Axis]) -> None:
    counts: Dict[str, List[Axis]] = {}
    for axis in axes:
        counts.setdefault(axis.words(), []).append(axis)
    lines = [Line2D([], [], color=found[0].colour, linestyle=_STYLES.get(found[0].kind, "-"), linewidth=2) for found in counts.values()]
    words = [f"{len(found)} {found[0].words(len(found))}" for found in counts.values()]
    figure.legend(lines, words, loc=8, ncol=min(len(lines), 3), fontsize=9, frameon=False)


def ends_of(axis: Axis, reach: float, shift: Optional[np.ndarray] = None) -> np.ndarray:
    """The two ends of an axis in Å, float64 [2, 3] (x, y, z), ``shift`` from where its table has it."""
    middle = axis.through + (np.zeros(3) if shift is None else shift)
    return middle + np.array([[-_OUT], [_OUT]]) * reach * axis.direction / np.linalg.norm(axis.direction)


def write_shapes(path: str, axes: Sequence[Axis], edge: float, reach: float, shift: Optional[np.ndarray] = None) -> str:
    """Write the axes as cylinders in ChimeraX's BILD format, coloured by fold, with a polygon of the fold at both ends; returns the path.

    Parameters
    ----------
    path
        Where to write.
    axes
        The axes.
    edge
        Shortest edge of the box in Å, which the thickness goes by.
    reach
        How far axes are drawn, in Å.
    shift
        Where the map lies against the frame of the table (x, y, z in Å).

    Returns
    -------
    str
        ``path``.
    """
    lines = [".comment Axes of symmetry, written by cryoqa"]
    for axis in axes:
        thick = _THICK * edge * {"exact": 1.0, "approximate": 0.6}.get(axis.kind, 0.4)
        ends = ends_of(axis, reach, shift)
        lines += [f".comment {axis.words()}", ".color " + " ".join(f"{v:.3f}" for v in _rgb(axis.colour)),
                  ".cylinder " + _numbers(ends.ravel()) + f" {thick:.3f}"]
        if axis.fold > 1:
            lines += [".polygon " + _numbers(_corners(axis, end, 5 * thick).ravel()) for end in ends]
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
    return path


def _corners(axis: Axis, end: np.ndarray, radius: float) -> np.ndarray:
    """Corners of the polygon of an axis about its end, float64 [n, 3]; that of a twofold axis is a narrow rhombus."""
    right, up, _ = frame_of([axis])
    count = 4 if axis.fold == 2 else axis.fold
    angles = 2 * np.pi * np.arange(count) / count
    width = 0.45 if axis.fold == 2 else 1.0
    return end + radius * (np.cos(angles)[:, None] * right + width * np.sin(angles)[:, None] * up)


def _rgb(colour: str) -> Tuple[float, ...]:
    return tuple(int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{float(v):.3f}" for v in values)
