"""What the header of a map says, and where it may mislead."""
from __future__ import annotations

from typing import Any, Iterable, List, Optional, Sequence, Tuple

from ...io.maps import Map, MapHeader
from ...results import Table


def words(values: Iterable[Any]) -> str:
    """Numbers as text: ``1.06, 1.06, 1.06``.

    Parameters
    ----------
    values
        The numbers.
    """
    return ", ".join(f"{v:g}" for v in values)


def header_table(h: MapHeader) -> Table:
    """The fields of a header, those of Phenix's show_map_info among them.

    Parameters
    ----------
    h
        The header.

    Returns
    -------
    Table
        Field and value, both text.
    """
    rows: List[Tuple[str, str]] = [
        ("unit cell grid", words(h.sampling)), ("unit cell", words(h.cell)), ("space group", str(h.ispg)),
        ("map grid", words(h.shape[::-1])), ("map cell (Å)", words(n * v for n, v in zip(h.shape[::-1], h.voxel_size))),
        ("start (NSTART)", words(h.nstart)), ("ORIGIN (Å)", words(h.header_origin)),
        ("axis order (MAPC, MAPR, MAPS)", words(h.axis_order)),
        ("mode", str(h.mode)), ("minimum, maximum, mean, rms", words(h.header_stats)), ("machine stamp", h.machine_stamp),
        ("extended header", f"{h.extended_bytes} bytes {h.exttyp}".strip()), ("format version", str(h.nversion))]
    return Table(("field", "value"), tuple(rows + [("label", text) for text in h.labels]))


def statistics_agree(h: MapHeader, minimum: float, maximum: float, mean: float, sd: float) -> Optional[bool]:
    """Whether the statistics of a header are those of the data.

    Minimum, maximum and mean may differ by a thousandth of the range, the rms (when it is above zero) by a hundredth.

    Parameters
    ----------
    h
        The header.
    minimum, maximum, mean, sd
        Those of the data.

    Returns
    -------
    bool or None
        None when the header says that it does not know them.
    """
    low, high, average, rms = h.header_stats
    if not low < high:                                       # NaN too
        return None
    slack = 1e-3 * (maximum - minimum)
    return (abs(low - minimum) <= slack and abs(high - maximum) <= slack and abs(average - mean) <= slack
            and (not rms > 0 or abs(rms - sd) <= 0.01 * sd))


def placement_notes(map_: Map, full_cell: bool) -> List[str]:
    """Sentences about what another program may take wrongly: voxels, axes, a part of a cell.

    Parameters
    ----------
    map_
        The map.
    full_cell
        Whether the box is the whole unit cell.

    Returns
    -------
    list of str
        A sentence each.
    """
    x, y, z = map_.voxel_size
    out = []
    if max(x, y, z) > 1.001 * min(x, y, z):
        out.append(f"The voxels are {words(map_.voxel_size)} Å and not cubes; programs that know one voxel size only will be wrong.")
    if map_.header is None:
        return out
    if map_.header.axis_order != (1, 2, 3):
        out.append(f"The axes of the file are in the order {words(map_.header.axis_order)}; they were sorted here, other programs may "
                   "not do so.")
    return out if full_cell else out + [_cell_note(map_.shape[::-1], map_.header.sampling)]


def _cell_note(box: Sequence[int], cell: Sequence[int]) -> str:
    """What it means that the box (voxels along x, y, z) is not the unit cell."""
    if sorted(box) == sorted(cell):
        return (f"The box is {words(box)} voxels and the unit cell {words(cell)}: the same numbers in another order, so that the axes "
                "may be swapped; look at the map beside a model.")
    if all(b <= c for b, c in zip(box, cell)):
        return f"The map is {words(box)} voxels, a part of a unit cell of {words(cell)}; it does not repeat at its faces."
    return f"The map is {words(box)} voxels, more than its unit cell of {words(cell)}; check its header."
